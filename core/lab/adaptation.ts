// Adaptation mode at work: commands of fan-outs on devices of other protocols, one device after the other's own order; a long operation's end comes as a late alert. Nothing is done twice.
import { command, finish } from '../adapters/command.ts'
import type { Answer, Later, Place } from '../adapters/command.ts'
import { Kept, resumeAt } from '../adapters/perform.ts'
import { AdapterError } from '../adapters/port.ts'
import type { Adapted, Adapter, AdapterFact } from '../adapters/port.ts'
import { rowFor } from '../adapters/rows.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { escapeXml } from '../gateway/payloads.ts'
import type { DeviceRecord } from '../gateway/ports.ts'
import { FUMO_ALERTS } from '../mo/fumo.ts'
import { SCOMO_COMPLETE, completeText } from '../mo/scomo.ts'
import type { Docs } from '../store/docs.ts'
import type { Request } from '../syncml/message.ts'
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
  /** Octets behind a URL. */
  readonly fetch: (url: string) => Promise<Uint8Array>
}

/** A device that was woken and does not come makes room for another try after this time, ms. */
const COMES_WITHIN = 30_000
const NODES = 'gateway.nodes'
const OPERATION = 'gateway.operation'

/** A long operation as it is kept. */
interface Operation extends Later {
  readonly deviceId: string
  readonly at: number
  /** Index of the act under way; -1 before the first. */
  readonly step: number
}

interface Desk {
  readonly adapter: Adapter
  readonly kept: Kept
  busy: boolean
  again: boolean
  /** Woken; the call ends the wait. */
  woken: (() => void) | null
}

/** Runs the adapters of one gateway. */
export class Adaptation {
  readonly #parts: AdaptationParts
  readonly #desks = new Map<string, Desk>()
  readonly #ends: (() => void)[] = []
  readonly #stopping = new Set<(why: AdapterError) => void>()
  #stopped = false

  constructor(parts: AdaptationParts) {
    this.#parts = parts
  }

  /** Long operations that the last process began go on; then the adapters tell who is there. */
  start(): void {
    const { adapters, docs } = this.#parts
    for (const adapter of adapters) this.#ends.push(adapter.discover((fact) => this.#fact(adapter, fact)))
    for (const { value } of docs.all(OPERATION)) this.#resume(value as Operation)
  }

  stop(): void {
    this.#stopped = true
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
    if (!adapter.wakes || desk.busy) return clock.soon(() => void this.#work(record.deviceId, desk))
    if (desk.woken !== null) return
    desk.woken = clock.after(COMES_WITHIN, () => (desk.woken = null))
    adapter.wake(record.deviceId).then(
      () => this.#parts.happened(`${record.deviceId} was woken by ${adapter.protocol}`),
      (error: unknown) => {
        desk.woken?.()
        desk.woken = null
        this.#parts.happened(`${record.deviceId} could not be woken: ${wordsOf(error)}`)
      },
    )
  }

  #unserved(record: DeviceRecord): void {
    const { gateway, settle } = this.#parts
    for (const job of gateway.fanouts.jobs()) if (job.state === 20) gateway.fanouts.refusedDevice(job.name, record.localId, 406)
    settle()
  }

  #desk(adapter: Adapter, deviceId: string): Desk {
    let desk = this.#desks.get(deviceId)
    if (desk === undefined) {
      const { docs } = this.#parts
      const nodes = (docs.get(NODES, deviceId) ?? {}) as Readonly<Record<string, string>>
      desk = { adapter, kept: new Kept(nodes, (now) => docs.put(NODES, deviceId, now)), busy: false, again: false, woken: null }
      this.#desks.set(deviceId, desk)
    }
    return desk
  }

  #fact(adapter: Adapter, fact: AdapterFact): void {
    if (this.#stopped) return
    const { gateway, happened, settle } = this.#parts
    switch (fact.type) {
      case 'found':
        this.#found(adapter, fact.device)
        return settle()
      case 'gone':
        gateway.devices.detached(fact.deviceId, fact.reason)
        return settle()
      case 'awake': {
        const desk = this.#desk(adapter, fact.deviceId)
        desk.woken?.()
        desk.woken = null
        return void this.#work(fact.deviceId, desk)
      }
      case 'told':
        return happened(fact.text)
      default:
        fact satisfies never
    }
  }

  /** X.1 in adaptation mode: discovered, or registered by its own protocol. */
  #found(adapter: Adapter, { deviceId, address, devInfo, name }: Adapted): void {
    const { gateway, happened } = this.#parts
    if (gateway.part.asked.config('Modes/Adaptation') !== 'true') return happened(`${name} is not taken in: adaptation mode is off`)
    const known = gateway.devices.recordOf(deviceId)
    if (known !== undefined && known.mode !== 2)
      return happened(`${name} calls itself ${deviceId}, which is registered in another mode: not taken in`)
    gateway.devices.registered({ deviceId, mode: 2, address, devInfo, protocol: adapter.protocol })
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
      for (;;) {
        const given = gateway.fanouts.next(localId)
        settle()
        if (given.length === 0) break
        for (const { job, index, command: request } of given) {
          const { answer, data } = await this.#run(request, deviceId, desk)
          if (this.#stopped) return
          if (answer.later !== undefined) this.#keep({ ...answer.later, deviceId, at: this.#parts.clock.now(), step: -1 })
          if (answer.text !== '') this.#parts.happened(`${deviceId}: ${answer.code} to ${request.kind}: ${answer.text}`)
          gateway.fanouts.status(job, localId, index, answer.code, data)
          settle()
          if (answer.later !== undefined) void this.#operate({ ...answer.later, deviceId, at: 0, step: -1 }, desk, 0)
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

  async #run(request: Request, deviceId: string, desk: Desk): Promise<{ readonly answer: Answer; readonly data: string }> {
    const place = this.#place(deviceId, desk)
    if (request.kind !== 'Sequence') {
      const answer = await command(request, place)
      return { answer, data: dataOf(request, request.cmdId, answer) }
    }
    // The children of a Sequence have no record of their own: a long operation among them is run to its end, which is its Status.
    let whole: Answer = { code: 200, text: '', results: [] }
    let data = ''
    for (const child of request.commands as readonly Request[]) {
      let answer = await command(child, place)
      if (answer.later !== undefined) {
        const { code, text } = await finish(answer.later, place)
        answer = { code, text, results: [] }
      }
      data += dataOf(child, `${request.cmdId}/${child.cmdId}`, answer)
      if (whole.code === 200 && answer.code !== 200) whole = answer
    }
    return { answer: whole, data: `<Status cmd="${escapeXml(request.cmdId)}" name="Sequence">${whole.code}</Status>${data}` }
  }

  #place(deviceId: string, desk: Desk): Place {
    const { clock, fetch } = this.#parts
    const stopped = (call: (why: AdapterError) => void): (() => void) => {
      this.#stopping.add(call)
      return () => void this.#stopping.delete(call)
    }
    return { adapter: desk.adapter, deviceId, kept: desk.kept, fetch, after: (ms, call) => clock.after(ms, call), stopped }
  }

  // Long operations.

  #keep(operation: Operation): void {
    this.#parts.docs.put(OPERATION, keyOf(operation), operation)
  }

  /** Runs an operation from an act on, then tells its end as the device's own alert would. */
  async #operate(operation: Operation, desk: Desk, from: number): Promise<void> {
    const step = (index: number): void => {
      this.#keep({ ...operation, step: index })
      this.#parts.settle()
    }
    const outcome = await finish(operation, { ...this.#place(operation.deviceId, desk), step }, from)
    if (!this.#stopped) this.#tell(operation, outcome.code, outcome.text)
  }

  #resume(operation: Operation): void {
    const { gateway, adapters, clock, happened } = this.#parts
    const record = gateway.devices.recordOf(operation.deviceId)
    const adapter = adapters.find(({ protocol }) => protocol === record?.protocol)
    const row = adapter === undefined ? undefined : rowFor(adapter.rows, 'Exec', operation.uri)?.row
    const from = row === undefined ? null : operation.step < 0 ? 0 : resumeAt(row.acts, operation.step)
    if (adapter === undefined || from === null) {
      const unknown = /^\.\/SCOMO\//.test(operation.uri) ? 1412 : 409
      return this.#tell(operation, unknown, 'the gateway ended in the middle of it, and nothing tells what became of it')
    }
    happened(`${operation.deviceId}: ${operation.uri} goes on after the restart`)
    // The device itself may come a little later.
    clock.soon(() => void this.#operate(operation, this.#desk(adapter, operation.deviceId), from))
  }

  /** Late, as 4.9 has it: stored and relayed like the alert of a DM device. */
  #tell(operation: Operation, code: number, text: string): void {
    const { gateway, docs, settle, happened } = this.#parts
    const { deviceId, uri, correlator } = operation
    const at = uri.lastIndexOf('/Operations/')
    const scomo = at > 0
    const object = scomo ? uri.slice(0, at) : uri.split('/').slice(0, 3).join('/')
    const name = object.slice(object.lastIndexOf('/') + 1)
    const primitive = uri.slice(uri.lastIndexOf('/') + 1) as keyof typeof FUMO_ALERTS
    const alert = scomo
      ? { type: SCOMO_COMPLETE, source: uri, target: object, data: completeText(code, name) }
      : { type: FUMO_ALERTS[primitive], source: object, target: '', data: String(code) }
    const good = (code >= 200 && code < 300) || (code >= 1200 && code < 1300)
    happened(`${deviceId}: ${uri} ended with ${code}${text === '' ? '' : `: ${text}`}`)
    gateway.fanouts.lateAlert(deviceId, correlator, alert, good ? 'informational' : 'critical')
    docs.drop(OPERATION, keyOf(operation))
    settle()
  }
}

const keyOf = ({ deviceId, uri, correlator }: Operation): string => `${deviceId} ${correlator} ${uri}`
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Status and Results as the record keeps them: XML of our own, labels in place of CmdIDs. */
function dataOf(request: Request, label: string, { code, results }: Answer): string {
  const name = request.kind === 'Other' ? request.name : request.kind
  const found = results.map(({ uri, value }) => `<Results><Source>${escapeXml(uri)}</Source><Data>${escapeXml(value)}</Data></Results>`)
  return `<Status cmd="${escapeXml(label)}" name="${name}">${code}</Status>${found.join('')}`
}
