// The client's work on one message of the server: executes its commands in document order, standing still wherever a person is asked (dm-protocol 6, 7.2).
import type { Effect } from '../machine.ts'
import type { Item, Message, Request } from '../syncml/message.ts'
import type { Exchange } from './exchange.ts'
import { objectSize } from './objects.ts'
import type { Carrier } from './objects.ts'
import type { Entry } from './entry.ts'
import type { Outcome, Performance, Performer, Requester } from './ports.ts'
import { formCode, isRequest, outcomeEntries, refsOf, statusFor } from './replies.ts'

/** Steps of the work on one message: yields what a person is asked, is resumed with the answer. */
export type Steps = Generator<unknown, void, unknown>

/** Performs messages of the server; Status and Results go to the outbox of the exchange. */
export class Work {
  readonly #x: Exchange
  readonly #performer: Performer
  readonly #by: Requester
  #effects: Effect[] = []

  constructor(x: Exchange, performer: Performer, by: Requester) {
    this.#x = x
    this.#performer = performer
    this.#by = by
  }

  /** Notes of the steps made since the last call. */
  takeEffects(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** Every command in document order; after a cancelled question (214) the rest is 215. */
  *perform(message: Message): Steps {
    const x = this.#x
    let cancelled = false
    for (const command of message.commands.filter(isRequest)) {
      const broken = x.interrupted(command)
      if (broken !== null) this.#effects.push(x.problem(broken))
      const entries: readonly Entry[] = cancelled ? this.#code(message, command, 215) : yield* this.#execute(message, command)
      x.outbox.answer(...entries)
      cancelled ||= entries.some((entry) => entry.kind === 'status' && entry.status.cmd === 'Alert' && entry.status.code === 214)
    }
  }

  *#execute(message: Message, command: Request): Generator<unknown, readonly Entry[], unknown> {
    const form = formCode(command)
    if (form !== 0) return this.#code(message, command, form)
    if (command.kind === 'Alert') {
      if (command.code === 1222) {
        this.#x.outbox.front(statusFor(message, command, { code: 200 }))
        return []
      }
      if (command.code === 1225) return this.#code(message, command, 200)
      return yield* this.#outcome(message, command)
    }
    if ('commands' in command || command.kind === 'Other') return yield* this.#outcome(message, command)
    const carrier = command as Exclude<Carrier, { kind: 'Results' }>
    const taken = this.#x.objects.take(carrier, (item, size) =>
      carrier.kind === 'Exec' ? null : (this.#performer.spool?.(carrier, item, size, this.#by) ?? null),
    )
    switch (taken.next) {
      case 'more':
        return this.#code(message, command, 213)
      case 'refused':
        this.#effects.push(this.#x.problem(taken.finding))
        return this.#code(message, command, taken.code)
      case 'whole':
      case 'complete':
        return yield* this.#outcome(message, taken.command)
      default:
        return taken satisfies never
    }
  }

  #code(message: Message, command: Request, code: number): Entry[] {
    return [{ kind: 'status', status: statusFor(message, command, { ...(command.kind === 'Alert' ? {} : refsOf(command)), code }) }]
  }

  *#outcome(message: Message, command: Request): Generator<unknown, readonly Entry[], unknown> {
    const performer = this.#performer
    const by = this.#by
    const asks = command.kind === 'Alert' || command.kind === 'Exec' || 'commands' in command
    const performance: Performance | undefined = asks ? performer.begin?.(command, by) : undefined
    const outcome = this.#within(performance === undefined ? performer.perform(command, by) : yield* performance)
    for (const change of changesOf(outcome)) this.#effects.push(this.#x.note('tree', change))
    return outcomeEntries(message, command, outcome)
  }

  /** Results larger than the server takes, or than a device without chunks can send, are not sent: 413 (PRO MaxObjSize). */
  #within(outcome: Outcome): Outcome {
    const limit = this.#x.room
    const xml = this.#x.options.wire.encoding === 'xml'
    const size = ({ data }: Item): number => (xml && data instanceof Uint8Array ? Math.ceil(data.length / 3) * 4 : objectSize(data))
    const children = outcome.children?.map((child) => this.#within(child))
    const kept = outcome.results?.filter((item) => size(item) <= limit)
    if (kept === undefined || kept.length === outcome.results?.length) return children === undefined ? outcome : { ...outcome, children }
    return {
      ...outcome,
      statuses: outcome.statuses.map((part) => ({ ...part, code: 413 })),
      results: kept,
      ...(children === undefined ? {} : { children }),
    }
  }
}

function changesOf(outcome: Outcome): string[] {
  return [...(outcome.changes ?? []), ...(outcome.children ?? []).flatMap(changesOf)]
}
