// A gateway's sessions with its DM Server: one after the other, begun by reports that are due or by a notification, kept before a message leaves.
import type { Client } from '../device/client.ts'
import type { ClientInput } from '../device/device.ts'
import { accountsOf } from '../device/profile.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Alert } from '../syncml/message.ts'
import type { Docs } from '../store/docs.ts'
import { NorthHold } from './northhold.ts'
import type { Clock } from './ports.ts'
import { runClient } from './runner.ts'
import type { Post, SessionOutcome } from './runner.ts'

/** A session that a notification asked for waits so long for the answers of devices (flow Y), ms; the job's own time-out comes first. */
const HOLD_MS = 600_000
const STATE = 'gateway.client'

export type Start = Extract<ClientInput, { type: 'start' }>

export interface NorthSessionsParts {
  readonly clock: Clock
  readonly gateway: Gateway
  /** In the same database as the gateway's ledger, so that both are committed together. */
  readonly docs: Docs
  /** Makes the client of the DM Server from what was kept. */
  readonly client: (state: unknown) => Client
  readonly post: Post
  readonly commit: () => void
  /** The client moved the gateway: its wishes are performed. */
  readonly settle: () => void
  /** The session is kept open while devices answer, or no longer. */
  readonly held: (held: boolean) => void
  /** A session is over. */
  readonly ended?: ((end: SessionOutcome) => void) | undefined
}

export class NorthSessions {
  readonly client: Client
  readonly hold: NorthHold
  readonly #parts: NorthSessionsParts
  #reporting: (() => void) | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #sessions = 0
  #failures = 0
  /** Back after a restart, and not heard by the DM Server yet. */
  #returning = false
  /** Flow Y: the session that a notification asked for, begun when the answers are there. */
  #awaited: { readonly start: Start; readonly cancel: () => void } | null = null
  #stopped = false

  constructor(parts: NorthSessionsParts) {
    this.#parts = parts
    const { clock, gateway, docs } = parts
    this.hold = new NorthHold({ clock, gateway, told: parts.held })
    const kept = docs.get(STATE, 'north')
    this.client = parts.client(kept)
    // Who was here before may have lost a session or a notification: it comes by itself.
    this.#returning = kept !== undefined
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#reporting?.()
    this.#awaited?.cancel()
    this.hold.end()
    await this.#queue
  }

  /** A session is under way, or waits for its turn. */
  get busy(): boolean {
    return this.#sessions > 0
  }

  /** Once no session is under way; never where the gateway was stopped before. */
  idle(then: () => void): void {
    void this.#queue.then(() => {
      if (this.#stopped) return
      if (this.busy) this.idle(then)
      else then()
    })
  }

  owe(server: string, alert: Alert): void {
    this.client.owe(server, alert)
    this.#keep()
    this.report()
  }

  /** A job is over: what waited for it goes on. */
  moved(): void {
    this.hold.moved()
    if (this.#awaited === null) this.report()
    else this.#parts.clock.soon(() => this.#begin())
  }

  /** Flow Y: the session waits for the answers of devices. */
  wait(start: Start): void {
    this.#awaited?.cancel()
    const cancel = this.#parts.clock.after(HOLD_MS, () => this.#begin())
    this.#awaited = { start, cancel }
  }

  /** The session that waited begins now. */
  #begin(): void {
    const awaited = this.#awaited
    if (awaited === null) return
    awaited.cancel()
    this.#awaited = null
    this.begin(awaited.start)
  }

  /** Reports that are due leave in a session of the gateway's own. */
  report(): void {
    if (this.busy || this.#reporting !== null || this.#awaited !== null || this.#stopped) return
    // Before M.3 there is nobody to report to: what is owed waits.
    if (accountsOf(this.client.device.tree).length === 0) return
    const { clock } = this.#parts
    const owed = this.client.owed().map(({ due }) => due)
    const due = this.#returning ? clock.now() : Math.min(...owed)
    if (due === Infinity) return
    const pause = this.#failures === 0 ? 0 : Math.min(300_000, 1000 * 2 ** Math.min(this.#failures, 10))
    this.#reporting = clock.after(Math.max(pause, due - clock.now(), 0), () => {
      this.#reporting = null
      if (!this.busy) this.begin({ type: 'start', initiated: 'client' })
    })
  }

  /** A session begins when those before it are over. */
  begin(start: Start): void {
    this.#sessions += 1
    this.#reporting?.()
    this.#reporting = null
    const held = this.#queue.then(() => this.#run(start))
    this.#queue = held.then((end) => {
      this.#parts.ended?.(end)
      this.#sessions -= 1
      this.#failures = end.outcome === 'failed' ? this.#failures + 1 : 0
      if (end.outcome === 'completed') this.#returning = false
      this.report()
    })
  }

  async #run(start: Start): Promise<SessionOutcome> {
    const { clock, post, gateway, settle } = this.#parts
    this.hold.begin()
    const end = await runClient(
      {
        machine: { input: (input) => this.#input(input) },
        post: async (frame) => {
          this.#keep()
          this.#parts.commit()
          const answer = await post(frame).finally(() => this.hold.left())
          await this.hold.kept()
          return answer
        },
        clock,
        work: (_awaited, answer) => this.hold.work(() => answer(202)),
        save: (record) => {
          if (record.kind === 'answered') gateway.answered(this.client.serverId, record.alert, record.code)
          else this.client.remember(record)
          settle()
        },
      },
      start,
    )
    this.hold.end()
    this.#keep()
    this.#parts.commit()
    return end
  }

  #input(input: ClientInput): ReturnType<Client['machine']['input']> {
    this.#parts.gateway.refresh()
    return this.hold.within(() => {
      const effects = this.client.machine.input(input)
      // What is owed is remembered before more is owed: the older list must not come after the newer one.
      const owed = effects.filter((effect) => effect.type === 'save' && effect.record.kind === 'reports')
      for (const effect of owed) if (effect.type === 'save') this.client.remember(effect.record)
      this.#parts.settle()
      return effects.filter((effect) => !owed.includes(effect))
    })
  }

  /** Nonces, accounts and owed reports; ./GwMO is made again from its own records. */
  #keep(): void {
    this.#parts.docs.put(STATE, 'north', this.client.state())
  }
}
