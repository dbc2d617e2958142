// A simulated device that lives on between sessions: its software works, its reports find their servers, it can be switched off and on. One session at a time.
import type { SoftwareRequest } from '../api.ts'
import type { Client } from '../device/client.ts'
import type { Awaited, ClientInput, ClientRecord } from '../device/device.ts'
import { RETRY_MINUTES } from '../device/reports.ts'
import type { Effect, Note } from '../machine.ts'
import type { SoftwareAgent, SoftwareInput } from '../software/agent.ts'
import type { SoftwareRecord } from '../software/desk.ts'
import type { LogWhat, SoftwareHost } from '../software/ports.ts'
import type { Clock } from './ports.ts'
import { runClient } from './runner.ts'
import type { ClientParts, Post, SessionOutcome } from './runner.ts'
import { Works } from './works.ts'

/** One life of a device, from being switched on until it is switched off. */
export interface Life {
  readonly client: Client
  readonly agent: SoftwareAgent
}

export interface LivingParts {
  /** Makes the device from what was kept; undefined: from the factory. */
  readonly make: (state: unknown) => Life
  /** What `keep` was given last. */
  readonly load: () => unknown
  /** Makes the state durable before it returns, or at least before anything leaves or is asked for that was not under way yet. */
  readonly keep: (state: () => unknown) => void
  readonly host: SoftwareHost
  readonly post: Post
  readonly clock: Clock
  /** Who answers questions of the server and of the device itself. */
  readonly ask?: ClientParts['ask']
  readonly note?: (note: Note) => void
  readonly told?: (end: SessionOutcome) => void
  /** What it does now, in words. */
  readonly activity?: (text: string) => void
  /** A line of its own log was written. */
  readonly logged?: (what: LogWhat, text: string) => void
  /** A report that could not be delivered is tried again later; otherwise it waits for the next session. Default true. */
  readonly retries?: boolean
}

/** A device with software. `on` first. */
export class LivingDevice {
  readonly #parts: LivingParts
  readonly #works: Works
  #life: Life
  #generation = 0
  #stopper = new Stop()
  /** Sessions, one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  #sessions = 0
  #woken = false
  #failures = 0
  #reporting: (() => void) | null = null
  #restarting: Promise<void> | null = null
  readonly #waits = new Map<string, (code: number) => void>()
  readonly #idlers: (() => void)[] = []

  constructor(parts: LivingParts) {
    this.#parts = parts
    const { host, clock, ask, activity } = parts
    this.#works = new Works({ host, clock, ask, activity, feed: (input) => this.#feed(input) })
    this.#life = parts.make(parts.load())
  }

  get client(): Client {
    return this.#life.client
  }

  get agent(): SoftwareAgent {
    return this.#life.agent
  }

  get busy(): boolean {
    return this.#sessions > 0
  }

  /** Switched on: the software goes on where it was, owed reports leave. */
  on(): void {
    const { agent } = this.#life
    const mine = this.#generation
    agent.wake = () => {
      if (this.#woken) return
      this.#woken = true
      this.#parts.clock.soon(() => {
        this.#woken = false
        if (mine === this.#generation) this.#feed({ type: 'go' })
      })
    }
    this.#feed({ type: 'start', installed: this.#parts.host.boot() })
    this.#resume()
    this.#report()
  }

  /** A session that was under way when the device went off goes on, where it can. */
  #resume(): void {
    const { client } = this.#life
    const { interrupted } = client
    if (interrupted === null) return
    if (interrupted !== client.serverId && client.servers().includes(interrupted)) client.adopt(interrupted)
    if (client.machine.interrupted) void this.session({ type: 'resume' })
  }

  /** Off: what is under way stops where it stands; sessions under way fail. Resolves when nothing of it runs any more. */
  async off(): Promise<void> {
    this.#generation += 1
    this.#stopper.abort()
    this.#stopper = new Stop()
    this.#reporting?.()
    this.#reporting = null
    this.#works.stop()
    this.#waits.clear()
    await this.#parts.host.off?.()
    await this.#works.done()
    await this.#queue
  }

  /** Off and on again, from what was kept. */
  restart(): Promise<void> {
    this.#restarting ??= this.off()
      .then(() => {
        this.#life = this.#parts.make(this.#parts.load())
        this.on()
      })
      .finally(() => (this.#restarting = null))
    return this.#restarting
  }

  /** The software wants it: when no session is under way. */
  async #reboot(): Promise<void> {
    const mine = this.#generation
    while (this.#sessions > 0) await this.#queue
    if (mine !== this.#generation) return
    this.#parts.activity?.('restarts')
    await this.restart()
  }

  /** Holds a session when those before it are over. Never rejects. */
  session(start: ClientInput): Promise<SessionOutcome> {
    return this.meet(() => start).then((end) => end ?? OFF)
  }

  /** The same; how it starts is asked when no session is under way (a push is looked at then). Null: none is held. */
  meet(start: () => ClientInput | null): Promise<SessionOutcome | null> {
    const mine = this.#generation
    this.#sessions += 1
    const held = this.#queue.then(async (): Promise<SessionOutcome | null> => {
      const input = mine === this.#generation ? start() : null
      return input === null ? null : this.#hold(input)
    })
    this.#queue = held.then((end) => this.#over(end, mine))
    return held
  }

  /** Asks the server for something, in a session of its own. Throws an Error in words where the device may not. */
  request(request: SoftwareRequest): Promise<SessionOutcome> {
    const alert = this.#life.agent.request(request)
    this.#feed({ type: 'go' })
    return this.session({ type: 'start', initiated: 'client', alerts: [alert] })
  }

  /** Resolves when no session is under way, no order open and no report left that could be delivered now. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve)
      this.#settle()
    })
  }

  #settle(): void {
    if (this.#idlers.length === 0 || this.#sessions > 0 || this.#reporting !== null || this.#woken || this.#life.agent.open.length > 0) return
    for (const resolve of this.#idlers.splice(0)) resolve()
  }

  async #hold(start: ClientInput): Promise<SessionOutcome> {
    const { client, agent } = this.#life
    const { post, clock, ask, note, activity } = this.#parts
    const mine = this.#generation
    this.#reporting?.()
    this.#reporting = null
    activity?.('in a session')
    const parts: ClientParts = {
      machine: client.machine,
      post,
      clock,
      save: (record) => {
        if (mine === this.#generation) this.#remember(record)
      },
      ...(note === undefined ? {} : { note }),
      ...(ask === undefined ? {} : { ask }),
      work: (awaited: Awaited, answer: (code: number) => void) => void this.#waits.set(awaited.pending, answer),
      signal: this.#stopper,
    }
    const { serverId } = client
    const end = await runClient(parts, start)
    if (mine === this.#generation && agent === this.#life.agent) this.#feed({ type: 'session', serverId, completed: end.outcome === 'completed' })
    return end
  }

  #over(end: SessionOutcome | null, mine: number): void {
    this.#sessions -= 1
    if (mine !== this.#generation || end === null) return this.#settle()
    this.#failures = end.outcome === 'failed' ? this.#failures + 1 : 0
    this.#parts.activity?.(
      end.outcome === 'completed' ? `session ${end.sessionId} completed` : `session ${end.sessionId} failed: ${end.reason ?? ''}`,
    )
    this.#parts.told?.(end)
    this.#report()
  }

  #remember(record: ClientRecord): void {
    const { client } = this.#life
    client.remember(record)
    if (record.kind !== 'answered') return this.#parts.keep(() => client.state())
    this.#feed({ type: 'acknowledged', serverId: client.serverId, alert: record.alert })
  }

  /** Reports that are due leave in a session of the device's own, to the server that ordered (scomo sheet 7.3). */
  #report(): void {
    if (this.#sessions > 0 || this.#reporting !== null) return this.#settle()
    const { clock, retries = true } = this.#parts
    const [first] = [...this.#life.client.owed()].sort((a, b) => a.due - b.due)
    if (first === undefined || (this.#failures > 0 && (!retries || this.#failures > RETRY_MINUTES.length))) return this.#settle()
    const pause = this.#failures === 0 ? 0 : (RETRY_MINUTES[this.#failures - 1] ?? 0) * 60_000
    const mine = this.#generation
    this.#reporting = clock.after(Math.max(pause, first.due - clock.now(), 0), () => {
      this.#reporting = null
      if (mine !== this.#generation) return
      if (this.#sessions > 0) return
      const { client } = this.#life
      const known = client.servers().includes(first.serverId)
      if (first.serverId !== client.serverId && known) client.adopt(first.serverId)
      // An account that is gone can be told nothing.
      if (first.serverId !== client.serverId) return this.#settle()
      void this.session({ type: 'start', initiated: 'client' })
    })
  }

  // ---- software

  #feed(input: SoftwareInput): void {
    for (const effect of this.#life.agent.input(input)) this.#perform(effect)
    this.#report()
  }

  #perform(effect: Effect<SoftwareRecord>): void {
    switch (effect.type) {
      case 'save':
        return this.#save(effect.record)
      case 'timer':
        return this.#works.timer(effect.id, effect.ms)
      case 'ask':
        if (effect.topic === 'restart') return this.#parts.clock.soon(() => void this.#reboot())
        return this.#works.ask(effect.id, effect.topic, effect.question)
      case 'note':
        return this.#parts.note?.(effect.note)
      case 'send':
      case 'close':
        throw new Error(`software of a device has no link to ${effect.type}`)
      default:
        effect satisfies never
    }
  }

  #save(record: SoftwareRecord): void {
    const { client } = this.#life
    switch (record.kind) {
      case 'report':
        return client.owe(record.serverId, record.alert)
      case 'state':
        return this.#parts.keep(() => client.state())
      case 'outcome': {
        const answer = this.#waits.get(record.key)
        this.#waits.delete(record.key)
        return answer?.(record.code)
      }
      case 'log':
        this.#parts.host.note(record.what, record.text)
        return this.#parts.logged?.(record.what, record.text)
      default:
        record satisfies never
    }
  }
}

const OFF: SessionOutcome = { sessionId: '', outcome: 'failed', reason: 'stopped', messages: 0, authentication: 'unknown' }

/** An AbortSignal of our own: the pure core has none. */
class Stop {
  aborted = false
  readonly #calls = new Set<() => void>()

  abort(): void {
    this.aborted = true
    for (const call of [...this.#calls]) call()
  }

  addEventListener(_event: 'abort', call: () => void): void {
    this.#calls.add(call)
  }

  removeEventListener(_event: 'abort', call: () => void): void {
    this.#calls.delete(call)
  }
}
