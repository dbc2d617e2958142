// What the server wants of a device: a question asked again and again - given the last outcomes, what are the next commands?
import type { Command } from '../syncml/message.ts'
import type { Order, OrderOutcome, ServerLedger } from './records.ts'

/** What a policy may know of the session at hand. */
export interface SessionView {
  readonly device: string
  readonly sessionId: string
  /** False where the device is served without credentials. */
  readonly authenticated: boolean
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
}

/** Leaves of ./DevDetail worth knowing of every device (STD DevDetail). */
const GREETING = ['FwV', 'SwV', 'HwV', 'DevTyp', 'OEM', 'LrgObj'].map((name) => `./DevDetail/${name}`)

/** The queued orders of the device, oldest first; and, with `greet`, ./DevDetail of a device that was never read. */
export function ordersFirst(ledger: ServerLedger, greet: boolean): Policy {
  return {
    next: (view) => {
      const queued = ledger.orders(view.device).filter((order) => order.state === 'queued' && !view.taken(order.id))
      const works: Work[] = queued.map((order) => ({ order, commands: order.commands }))
      const unread = greet && view.round === 0 && GREETING.every((uri) => ledger.value(view.device, uri) === undefined)
      if (unread) works.unshift({ order: null, commands: GREETING.map((locUri) => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri } }] })) })
      return works
    },
  }
}
