// What the server wants of a device: a question asked again and again - given the last outcomes, what are the next commands?
import type { AuthName } from '../auth/credentials.ts'
import type { Peer, SessionEnd } from '../session/desk.ts'
import type { Command } from '../syncml/message.ts'
import type { AlertRecord, Order, OrderOutcome, ServerLedger } from './records.ts'

/** What a policy may know of the session at hand. */
export interface SessionView {
  readonly device: string
  readonly sessionId: string
  /** False where the device is served without credentials. */
  readonly authenticated: boolean
  /** How the device proved itself; null where it did not. */
  readonly auth: AuthName | null
  /** ./DevInfo by URI, with what this very message brought. */
  readonly devInfo: Readonly<Record<string, string>>
  /** Limits of the device; null where the question is none about commands. */
  readonly peer: Peer | null
  /** How often the question was asked in this session before. */
  readonly round: number
  /** True for an order that this or another open session works on, or that this one has worked on. */
  taken(orderId: string): boolean
}

/** Commands to send, and the order they come from (null: the policy's own idea). */
export interface Work {
  readonly order: Order | null
  readonly commands: readonly Command[]
}

/** What came of one command sent since the question was asked last. */
export interface CommandOutcome {
  readonly order: string | null
  readonly command: Command
  readonly outcomes: readonly OrderOutcome[]
}

/** Asked whenever the server may send commands. An empty answer ends the session. */
export interface Policy {
  next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[]
  /** True where something waits for the device's next session, as far as that can be told without one. */
  waits?(device: string): boolean
  /** An alert of the device, before `next` of the same message. Gives the Status for it; undefined: it does not concern this policy. */
  alert?(view: SessionView, alert: AlertRecord): number | undefined
  /** The session is over; `outcomes`: what came of commands since the question was asked last. */
  ended?(view: SessionView, end: SessionEnd, outcomes: readonly CommandOutcome[]): void
}

const NOTHING: readonly Work[] = []

/** Several policies as one; what they want is sent in their order. */
export function together(...policies: readonly Policy[]): Policy {
  return {
    // Asked with every message, and mostly nobody wants anything: that costs no list.
    next: (view, outcomes) => {
      let works: readonly Work[] = NOTHING
      for (const policy of policies) {
        const wanted = policy.next(view, outcomes)
        if (wanted.length > 0) works = works.length === 0 ? wanted : [...works, ...wanted]
      }
      return works
    },
    waits: (device) => policies.some((policy) => policy.waits?.(device) === true),
    alert: (view, alert) => {
      const codes = policies.map((policy) => policy.alert?.(view, alert))
      return codes.find((code) => code !== undefined)
    },
    ended: (view, end, outcomes) => {
      for (const policy of policies) policy.ended?.(view, end, outcomes)
    },
  }
}

/** Leaves of ./DevDetail worth knowing of every device (STD DevDetail). */
const GREETING = ['FwV', 'SwV', 'HwV', 'DevTyp', 'OEM', 'LrgObj'].map((name) => `./DevDetail/${name}`)

/** The queued orders of the device, oldest first; and, with `greet`, ./DevDetail of a device that was never read. */
export function ordersFirst(ledger: ServerLedger, greet: boolean): Policy {
  return {
    waits: (device) => ledger.orders(device).some(({ state }) => state === 'queued'),
    next: (view) => {
      const queued = ledger.orders(view.device).filter((order) => order.state === 'queued' && !view.taken(order.id))
      const works: Work[] = queued.map((order) => ({ order, commands: order.commands }))
      const unread = greet && view.round === 0 && GREETING.every((uri) => ledger.value(view.device, uri) === undefined)
      if (unread) works.unshift({ order: null, commands: GREETING.map((locUri) => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri } }] })) })
      return works
    },
  }
}
