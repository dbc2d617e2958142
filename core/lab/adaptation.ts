// Adaptation mode at work: commands of fan-outs on devices of other protocols, one device after the other's own order; a long operation's end comes as a late alert. Nothing is done twice.
import { command, finish } from '../adapters/command.ts'
import type { Answer, Place } from '../adapters/command.ts'
import { verdictOf } from '../adapters/doubt.ts'
import { Kept } from '../adapters/perform.ts'
import { AdapterError } from '../adapters/port.ts'
import type { Adapted, Adapter, AdapterFact } from '../adapters/port.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { escapeXml } from '../gateway/payloads.ts'
import type { DeviceRecord } from '../gateway/ports.ts'
import type { HappeningFacts } from '../mo/events.ts'
import type { Docs } from '../store/docs.ts'
import type { Request } from '../syncml/message.ts'
import { wordsOf } from '../syncml/text.ts'
import { dataOf } from './adapted.ts'
import { Operations } from './operations.ts'
import type { Clock } from './ports.ts'

export interface AdaptationParts {
  readonly gateway: Gateway
  readonly adapters: readonly Adapter[]
  readonly clock: Clock
  readonly docs: Docs
  /** Performs what the gateway wants and makes it durable. */
  readonly settle: () => void
  /** Records what happened, for people. */
  readonly happened: (text: string) => void
  /** Records what adapter and device did with each other (`gateway.adapter` of the table of events). */
  readonly acted: (deviceId: string, text: string, facts: HappeningFacts) => void
  /** Octets behind a URL. */
  readonly fetch: (url: string) => Promise<Uint8Array>
}

/** A device that was woken and does not come makes room for another try after this time, ms. */
const COMES_WITHIN = 30_000
const NODES = 'gateway.nodes'

interface Desk {
  readonly adapter: Adapter
  readonly kept: Kept
  /** The adapter sees it now. */
  there: boolean
  busy: boolean
  again: boolean
  /** Woken; the call ends the wait. */
  woken: (() => void) | null
  /** Operations of the last process that go on when it is seen. */
  readonly resumes: (() => void)[]
}

/** Runs the adapters of one gateway. */
export class Adaptation {
  readonly #parts: AdaptationParts
  readonly #desks = new Map<string, Desk>()
  readonly #ends: (() => void)[] = []
  readonly #stopping = new Set<(why: AdapterError) => void>()
  readonly #operations: Operations
  #stopped = false

  constructor(parts: AdaptationParts) {
    this.#parts = parts
    this.#operations = new Operations({ ...parts, place: (adapter, deviceId) => this.#place(deviceId, this.#desk(adapter, deviceId)) })
  }

  /** Long operations that the last process began go on; then the adapters tell who is there. */
  start(): void {
    this.#operations.resume((adapter, deviceId, go) => {
      const desk = this.#desk(adapter, deviceId)
      if (desk.there) go()
      else desk.resumes.push(go)
    })
    for (const adapter of this.#parts.adapters) this.#ends.push(adapter.discover((fact) => this.#fact(adapter, fact)))
  }

  stop(): void {
    this.#stopped = true
    this.#operations.stop()
    for (const end of this.#ends.splice(0)) end()
    for (const stop of [...this.#stopping]) stop(new AdapterError(503, 'the gateway stops'))
    for (const { woken } of this.#desks.values()) woken?.()
  }

  /** The gateway wants the open commands of a device run. */
  wanted(record: DeviceRecord): void {
    const { clock } = this.#parts
    const adapter = this.#parts.adapters.find(({ protocol }) => protocol === record.protocol)
    // What is settled now was asked for in the middle of another turn.
    if (adapter === undefined) return clock.soon(() => this.#unserved(record))
    const desk = this.#desk(adapter, record.deviceId)
    // One that is not seen now is worked on when it is found.
    if (!adapter.wakes && !desk.there) return
    if (!adapter.wakes || desk.busy) return clock.soon(() => void this.#work(record.deviceId, desk))
    this.#wake(record.deviceId, desk)
  }

  /** Its own notification (S4 Y.2): what is open runs when it comes. */
  #wake(deviceId: string, desk: Desk): void {
    if (desk.woken !== null) return
    const { protocol } = desk.adapter
    desk.woken = this.#parts.clock.after(COMES_WITHIN, () => (desk.woken = null))
    this.#parts.acted(deviceId, `${deviceId} is woken by ${protocol}`, { protocol, act: 'wake' })
    desk.adapter.wake(deviceId).catch((error: unknown) => {
      desk.woken?.()
      desk.woken = null
      if (!this.#stopped) this.#parts.happened(`${deviceId} could not be woken: ${wordsOf(error)}`)
    })
  }

  #unserved(record: DeviceRecord): void {
    const { gateway, settle } = this.#parts
    for (const job of gateway.fanouts.jobs()) if (job.state === 20) gateway.fanouts.refusedDevice(job.name, record.localId, 406)
    settle()
  }

  #desk(adapter: Adapter, deviceId: string): Desk {
    const key = `${adapter.protocol} ${deviceId}`
    let desk = this.#desks.get(key)
    if (desk === undefined) {
      const { docs } = this.#parts
      const nodes = (docs.get(NODES, deviceId) ?? {}) as Readonly<Record<string, string>>
      desk = {
        adapter,
        kept: new Kept(nodes, (now) => docs.put(NODES, deviceId, now)),
        there: false,
        busy: false,
        again: false,
        woken: null,
        resumes: [],
      }
      this.#desks.set(key, desk)
    }
    return desk
  }

  #fact(adapter: Adapter, fact: AdapterFact): void {
    if (this.#stopped) return
    const { gateway, happened, settle } = this.#parts
    if (fact.type === 'told') return happened(fact.text)
    if (fact.type === 'found') return this.#found(adapter, fact.device)
    const record = gateway.devices.recordOf(fact.deviceId)
    if (record?.mode !== 2 || record.protocol !== adapter.protocol) return
    const desk = this.#desk(adapter, fact.deviceId)
    if (fact.type === 'gone') {
      desk.there = false
      gateway.devices.detached(fact.deviceId, fact.reason)
      return settle()
    }
    desk.woken?.()
    desk.woken = null
    void this.#work(fact.deviceId, desk)
  }

  /** X.1 in adaptation mode: discovered, or registered by its own protocol. A name that belongs to another device is not given away. */
  #found(adapter: Adapter, { deviceId, address, devInfo, name }: Adapted): void {
    const { gateway, happened, settle } = this.#parts
    if (gateway.part.asked.config('Modes/Adaptation') !== 'true') return happened(`${name} is not taken in: adaptation mode is off`)
    const known = gateway.devices.recordOf(deviceId)
    if (known !== undefined && (known.mode !== 2 || known.protocol !== adapter.protocol))
      return happened(`${name} calls itself ${deviceId} by ${adapter.protocol}, which is another device here: not taken in`)
    const desk = this.#desk(adapter, deviceId)
    desk.there = true
    gateway.devices.registered({ deviceId, mode: 2, address, devInfo, protocol: adapter.protocol })
    settle()
    for (const resume of desk.resumes.splice(0)) resume()
  }

  /** Runs what is open for a device until nothing is. */
  async #work(deviceId: string, desk: Desk): Promise<void> {
    const { gateway, settle } = this.#parts
    if (desk.busy) {
      desk.again = true
      return
    }
    const localId = gateway.devices.recordOf(deviceId)?.localId
    if (localId === undefined || this.#stopped) return
    desk.busy = true
    try {
      await this.#resolve(localId, deviceId, desk)
      // One that has left meanwhile is given nothing: what is open waits until it is back.
      while (gateway.devices.recordOf(deviceId)?.state === 30) {
        const given = gateway.fanouts.next(localId)
        settle()
        if (given.length === 0) break
        for (const { job, index, command: request } of given) {
          const { answer, data } = await this.#run(request, deviceId, desk)
          if (this.#stopped) return
          const begin = answer.later === undefined ? null : this.#operations.kept(answer.later, desk.adapter, deviceId)
          gateway.fanouts.status(job, localId, index, answer.code, data)
          settle()
          begin?.()
        }
      }
    } finally {
      desk.busy = false
      if (!this.#stopped) {
        gateway.fanouts.sessionEnded(localId)
        settle()
        if (desk.again) {
          desk.again = false
          void this.#work(deviceId, desk)
        }
      }
    }
  }

  /** What left for the device in an earlier process and has no Status: nothing is done again unread. */
  async #resolve(localId: string, deviceId: string, desk: Desk): Promise<void> {
    const { gateway, settle } = this.#parts
    for (const { job, index, command: request } of gateway.fanouts.doubts(localId)) {
      const running = request.kind === 'Exec' && this.#operations.running(deviceId, request.correlator ?? '')
      const verdict = running ? 'taken' : await verdictOf(request, this.#place(deviceId, desk))
      if (this.#stopped) return
      gateway.fanouts.resolved(job, localId, index, verdict)
      settle()
    }
  }

  async #run(request: Request, deviceId: string, desk: Desk): Promise<{ readonly answer: Answer; readonly data: string }> {
    const place = this.#place(deviceId, desk)
    if (request.kind !== 'Sequence') {
      const answer = await this.#one(request, place)
      return { answer, data: dataOf(request, request.cmdId, answer) }
    }
    // The children of a Sequence have no record of their own: a long operation among them is run to its end, which is its Status.
    let whole: Answer = { code: 200, text: '', results: [] }
    let data = ''
    for (const child of request.commands as readonly Request[]) {
      let answer = await this.#one(child, place)
      if (answer.later !== undefined) {
        const { code, text } = await finish(answer.later, place)
        answer = { code, text, results: [] }
      }
      data += dataOf(child, `${request.cmdId}/${child.cmdId}`, answer)
      if (whole.code === 200 && answer.code !== 200) whole = answer
    }
    return { answer: whole, data: `<Status cmd="${escapeXml(request.cmdId)}" name="Sequence">${whole.code}</Status>${data}` }
  }

  async #one(request: Request, place: Place): Promise<Answer> {
    const { deviceId, adapter } = place
    const kind = request.kind === 'Other' ? request.name : request.kind
    const path = 'items' in request ? (request.items[0]?.target?.locUri ?? '') : ''
    const { protocol } = adapter
    this.#parts.acted(deviceId, `${kind} ${path} for ${deviceId} by ${protocol}`, { protocol, act: 'command', path })
    const answer = await command(request, place)
    const { code, text } = answer
    if (!this.#stopped) this.#parts.acted(deviceId, `${deviceId}: ${code}${text === '' ? '' : `: ${text}`}`, { protocol, act: 'answer', path, code })
    return answer
  }

  #place(deviceId: string, desk: Desk): Place {
    const { clock, fetch } = this.#parts
    const stopped = (call: (why: AdapterError) => void): (() => void) => {
      this.#stopping.add(call)
      return () => void this.#stopping.delete(call)
    }
    return { adapter: desk.adapter, deviceId, kept: desk.kept, fetch, after: (ms, call) => clock.after(ms, call), stopped }
  }
}
