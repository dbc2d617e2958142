// The orders one session works on: which command belongs to which, what came of each, and what becomes of an order when the session ends.
import { isGroup, itemsOf } from '../syncml/holds.ts'
import type { Command, Request, Results, Status } from '../syncml/message.ts'
import type { Entry, SentCommand } from '../session/entry.ts'
import { isRequest } from '../session/replies.ts'
import type { CommandOutcome, Work } from './policy.ts'
import type { Order, OrderOutcome } from './records.ts'
import { textOfData } from './values.ts'

interface Task {
  readonly order: string | null
  readonly index: number
  readonly command: Request
  outcomes: OrderOutcome[]
  left: boolean
  answered: boolean
}

interface Open {
  order: Order
  readonly tasks: Task[]
}

/** Orders in the hands of one session. `save` is called with every new state, before the message that depends on it leaves. */
export class Orders {
  readonly #sessionId: string
  readonly #save: (order: Order) => void
  readonly #tasks: Task[] = []
  readonly #open = new Map<string, Open>()
  readonly #held: Set<string>
  readonly #seen = new Set<string>()
  #round: Task[] = []

  /** `held` is shared by the sessions of the device: no two of them work on the same order. */
  constructor(sessionId: string, save: (order: Order) => void, held: Set<string>) {
    this.#sessionId = sessionId
    this.#held = held
    this.#save = save
  }

  /** True for an order this session has or had. */
  has(id: string): boolean {
    return this.#seen.has(id)
  }

  /** Takes work on; gives the entries to send. */
  take(works: readonly Work[]): Entry[] {
    this.#round = []
    for (const { order, commands } of works) {
      const tasks = commands
        .filter(isRequest)
        .map((command, index): Task => ({ order: order?.id ?? null, index, command, outcomes: [], left: false, answered: false }))
      if (order !== null) {
        this.#open.set(order.id, { order, tasks })
        this.#held.add(order.id)
        this.#seen.add(order.id)
      }
      this.#round.push(...tasks)
    }
    return this.#round.map((task): Entry => ({ kind: 'command', command: task.command, tag: this.#tasks.push(task) - 1 }))
  }

  /** These leave now: their orders are `sent`, and saved as such. */
  leaving(sent: readonly SentCommand[]): void {
    for (const { tag } of sent) {
      const task = this.#tasks[tag]
      if (task === undefined || task.left) continue
      task.left = true
      const open = task.order === null ? undefined : this.#open.get(task.order)
      if (open !== undefined && open.order.state !== 'sent') this.#move(open, { state: 'sent', sessionId: this.#sessionId })
    }
  }

  /** A Status for a command; gives the command it is about where it was its own. */
  status(sent: SentCommand, status: Status): Request | null {
    const task = this.#tasks[sent.tag]
    if (task === undefined) return null
    const uri = status.targetRefs[0] ?? targetOf(sent.command)
    const path = sent.path.length > 0 ? { path: sent.path } : {}
    task.outcomes.push({ command: task.index, code: status.code, uri, data: sent.path.length > 0 ? '' : answerOf(status), ...path })
    if (sent.path.length > 0) return isRequest(sent.command) ? sent.command : null
    task.answered = true
    return task.command
  }

  results(sent: SentCommand, results: Results): void {
    const task = this.#tasks[sent.tag]
    if (task === undefined) return
    const code = task.outcomes.at(-1)?.code ?? 200
    for (const item of results.items) {
      const uri = item.source?.locUri ?? results.sourceRef ?? ''
      const place = sent.path.join()
      const at = task.outcomes.findIndex(
        (outcome) => outcome.data === '' && (outcome.path ?? []).join() === place && (outcome.uri === uri || outcome.uri === ''),
      )
      const format = item.meta?.format ?? results.meta?.format
      const outcome: OrderOutcome = {
        command: task.index,
        code: task.outcomes[at]?.code ?? code,
        uri,
        data: textOfData(item.data, format),
        ...(format === undefined ? {} : { format }),
        ...(sent.path.length > 0 ? { path: sent.path } : {}),
      }
      if (at < 0) task.outcomes.push(outcome)
      else task.outcomes[at] = outcome
    }
  }

  /** A command that will never get a Status; code 0 stands for that, `reason` for why. `left` false: it surely never reached the device. */
  unanswered(tag: number, reason: string, left = true): void {
    const task = this.#tasks[tag]
    if (task === undefined || task.answered) return
    task.left &&= left
    task.outcomes.push({ command: task.index, code: 0, uri: targetOf(task.command), data: reason })
    task.answered = true
  }

  /** Closes the orders whose commands are all answered; gives what came of the last round. */
  settle(): CommandOutcome[] {
    for (const open of this.#open.values()) {
      if (!open.tasks.every((task) => task.answered)) continue
      const outcomes = open.tasks.flatMap((task) => task.outcomes)
      const lost = open.tasks.some((task) => task.left && holdsExec(task.command) && task.outcomes.some((outcome) => outcome.code === 0))
      const good = outcomes.every((outcome) => outcome.code >= 200 && outcome.code < 300 && outcome.code !== 215 && outcome.code !== 216)
      this.#move(open, { state: lost ? 'unknown' : good ? 'done' : 'failed', outcomes })
      this.#open.delete(open.order.id)
      this.#held.delete(open.order.id)
    }
    return this.#round.map(({ order, command, outcomes }) => ({ order, command, outcomes }))
  }

  /** The session is over: what left with an Exec and got no Status is `unknown`, everything else unfinished is queued again. */
  end(): void {
    this.settle()
    for (const open of this.#open.values()) {
      const unknown = open.tasks.some((task) => task.left && !task.answered && holdsExec(task.command))
      if (unknown) this.#move(open, { state: 'unknown', outcomes: open.tasks.flatMap((task) => task.outcomes) })
      else if (open.order.state !== 'queued') this.#move(open, { state: 'queued', sessionId: '', outcomes: [] })
    }
    for (const id of this.#open.keys()) this.#held.delete(id)
    this.#open.clear()
    this.#tasks.length = 0
    this.#round = []
  }

  #move(open: Open, change: Partial<Order>): void {
    open.order = { ...open.order, ...change }
    this.#save(open.order)
  }
}

/** What becomes of an order that a lab before this one had sent and never heard of again. */
export function afterLoss(order: Order): Order {
  return order.commands.some(holdsExec) ? { ...order, state: 'unknown' } : { ...order, state: 'queued', sessionId: '', outcomes: [] }
}

function holdsExec(command: Command): boolean {
  return command.kind === 'Exec' || (isGroup(command) && command.commands.some(holdsExec))
}

function targetOf(command: Command): string {
  const items = itemsOf(command)
  return items.length === 1 ? (items[0]?.target?.locUri ?? '') : ''
}

/** Text that a Status itself brings back (UI alerts). */
function answerOf(status: Status): string {
  return status.items.map((item) => textOfData(item.data)).join('\n')
}
