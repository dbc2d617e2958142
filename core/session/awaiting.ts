// What we sent and still await: pairs Status and Results with our commands by (MsgRef, CmdRef) (SML Status; dm-protocol 2). Unknown refs are told and ignored.
import type { Command, Message, Request, Results, Status } from '../syncml/message.ts'
import type { Finding } from '../syncml/finding.ts'
import type { SentCommand } from './entry.ts'
import { finding } from './rules.ts'

/** What a Status is about. */
export type Paired =
  | { readonly what: 'header' }
  | { readonly what: 'command'; readonly sent: SentCommand }
  /** One of our Results, an Alert 1222, 1223 or 1225 of ours, or something nobody sent. */
  | { readonly what: 'results' }
  | { readonly what: 'alert' }
  | { readonly what: 'unknown' }

const HEADER = { paired: { what: 'header' }, place: -1 } as const
const RESULTS = { paired: { what: 'results' }, place: -1 } as const
const ALERT = { paired: { what: 'alert' }, place: -1 } as const
const UNKNOWN = { paired: { what: 'unknown' }, place: -1 } as const

/** What left and awaits its Status, as JSON; Items are left out: only names and places are looked at. */
export interface KeptAwaiting {
  readonly slots: readonly (readonly [string, SentCommand, number, boolean])[]
  readonly loose: readonly (readonly [string, string])[]
  readonly place: number
  readonly lastMsgId: string
}

interface Slot {
  readonly paired: { readonly what: 'command'; readonly sent: SentCommand }
  readonly place: number
  answered: boolean
}

const slotOf = (sent: SentCommand, place: number, answered = false): Slot => ({ paired: { what: 'command', sent }, place, answered })

/** Name of a command as `Cmd` of a Status has it. */
export function nameOf(command: Command): string {
  return command.kind === 'Other' ? command.name : command.kind
}

/** The commands of one side that await their Status. */
export class Awaiting {
  readonly #slots = new Map<string, Slot>()
  /** Results and Alerts of the session itself: their Status may come or not. */
  readonly #loose = new Map<string, string>()
  #place = 0
  #lastMsgId = ''

  /** Remembers what a message of ours carried. */
  left(message: Message, sent: readonly SentCommand[]): void {
    this.#lastMsgId = message.header.msgId
    for (const one of sent) this.#slots.set(`${message.header.msgId}/${one.cmdId}`, slotOf(light(one), this.#place++))
    for (const command of message.commands) {
      if (command.kind !== 'Results' && command.kind !== 'Alert') continue
      const key = `${message.header.msgId}/${command.cmdId}`
      if (command.kind === 'Results' || !this.#slots.has(key)) this.#loose.set(key, command.kind)
    }
  }

  /** Pairs the Status elements of one message, in order; findings go to `findings`. */
  pair(message: Message, findings: Finding[]): { readonly status: Status; readonly paired: Paired }[] {
    const pairs: { readonly status: Status; readonly paired: Paired }[] = []
    let header = -1
    // Of each message the answers keep its order; those to a later message may overtake what waits behind a large object.
    let answered = ''
    let reached = -1
    let others: Map<string, number> | null = null
    for (const status of message.commands) {
      if (status.kind !== 'Status') continue
      const { paired, place: at } = this.#find(status, findings)
      if (paired.what === 'command') {
        if (status.msgRef !== answered) {
          if (reached >= 0) (others ??= new Map()).set(answered, reached)
          answered = status.msgRef
          reached = others?.get(answered) ?? -1
        }
        if (at < reached) findings.push(finding('status.order', status))
        else reached = at
      } else if (paired.what === 'header' && header < 0) header = pairs.length
      pairs.push({ status, paired })
    }
    if (header > 0) findings.push(finding('status.first', pairs[header]?.status))
    if (header < 0 && this.#lastMsgId !== '' && pairs.length > 0) findings.push(finding('status.header', message.header))
    return pairs
  }

  /** The command that Results answer; null where none of ours is meant. */
  results(results: Results, findings: Finding[]): SentCommand | null {
    const slot = this.#slots.get(`${results.msgRef}/${results.cmdRef}`) ?? this.#slots.get(`${this.#lastMsgId}/${results.cmdRef}`)
    if (slot === undefined) findings.push(finding('results.unknown', results, `MsgRef ${results.msgRef}, CmdRef ${results.cmdRef}`))
    else if (!slot.answered) findings.push(finding('results.order', results))
    return slot?.paired.sent ?? null
  }

  /** Commands without a Status, in the order they left; children of groups not counted. */
  open(): readonly SentCommand[] {
    const open: SentCommand[] = []
    for (const { paired, answered } of this.#slots.values()) if (!answered && paired.sent.path.length === 0) open.push(paired.sent)
    return open
  }

  /** Forgets what was sent; the next package begins anew. Answers to old commands are still known as such. */
  settle(): void {
    for (const slot of this.#slots.values()) slot.answered = true
    if (this.#slots.size + this.#loose.size >= 1024) this.clear()
  }

  kept(): KeptAwaiting {
    const bare = ({ command, ...sent }: SentCommand): SentCommand => ({
      ...sent,
      command: { ...command, ...('items' in command ? { items: [] } : {}), ...('commands' in command ? { commands: [] } : {}) } as Request,
    })
    const slots = [...this.#slots].map(([key, { paired, place, answered }]) => [key, bare(paired.sent), place, answered] as const)
    return { slots, loose: [...this.#loose], place: this.#place, lastMsgId: this.#lastMsgId }
  }

  restore({ slots, loose, place, lastMsgId }: KeptAwaiting): void {
    this.clear()
    for (const [key, sent, at, answered] of slots) this.#slots.set(key, slotOf(sent, at, answered))
    for (const [key, kind] of loose) this.#loose.set(key, kind)
    this.#place = place
    this.#lastMsgId = lastMsgId
  }

  /** Forgets everything: the session is over. */
  clear(): void {
    this.#slots.clear()
    this.#loose.clear()
  }

  /**
   * A message of ours was changed before it left. Commands are told apart by place: the n-th that asks for something is the n-th that was
   * sent; where there are fewer now, the rest counts as never sent. Returns those.
   */
  edited(before: string, message: Message): readonly SentCommand[] {
    const slots = [...this.#slots.entries()].filter(([key, slot]) => key.startsWith(`${before}/`) && !slot.answered)
    const now = flat(message.commands)
    for (const [key] of slots) this.#slots.delete(key)
    const gone: SentCommand[] = []
    const used = new Set<number>()
    for (const [, slot] of slots) {
      const { sent } = slot.paired
      const alike = now.findIndex((command, i) => !used.has(i) && nameOf(command) === nameOf(sent.command))
      const command = now[alike]
      if (command === undefined) {
        if (sent.path.length === 0) gone.push(sent)
        continue
      }
      used.add(alike)
      this.#slots.set(`${message.header.msgId}/${command.cmdId}`, slotOf({ ...sent, cmdId: command.cmdId, command }, slot.place, slot.answered))
    }
    this.#lastMsgId = message.header.msgId
    return gone
  }

  /** What a Status is about, and the place of the command where it is one. */
  #find(status: Status, findings: Finding[]): { readonly paired: Paired; readonly place: number } {
    if (status.cmdRef === '0' || (status.cmdRef === '' && status.cmd === 'SyncHdr')) return HEADER
    if (status.cmd === 'Status') {
      findings.push(finding('status.of.status', status))
      return UNKNOWN
    }
    const key = `${status.msgRef || this.#lastMsgId}/${status.cmdRef}`
    const slot = this.#slots.get(key)
    if (slot !== undefined) {
      const name = nameOf(slot.paired.sent.command)
      if (status.cmd !== '' && status.cmd !== name) findings.push(finding('status.cmd', status, `${status.cmd} instead of ${name}`))
      slot.answered = true
      return slot
    }
    const loose = this.#loose.get(key)
    if (loose !== undefined) {
      if (loose === 'Alert') return ALERT
      if (status.code === 200) findings.push(finding('status.of.results', status))
      return RESULTS
    }
    findings.push(finding('status.unknown', status, `MsgRef ${status.msgRef}, CmdRef ${status.cmdRef}`))
    return UNKNOWN
  }
}

/** A chunk without its Data: thousands of them are remembered while an object is in transit. */
function light(sent: SentCommand): SentCommand {
  const { command, part } = sent
  if (part === 'whole' || !('items' in command)) return sent
  return { ...sent, command: { ...command, items: command.items.map(({ target }) => (target === undefined ? {} : { target })) } as Command }
}

/** Requests in document order, children of groups after their group. */
function flat(commands: readonly Command[]): Command[] {
  return commands.flatMap((command) => {
    if (command.kind === 'Status' || command.kind === 'Results') return []
    return 'commands' in command ? [command, ...flat(command.commands)] : [command]
  })
}
