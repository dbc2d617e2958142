// One message in the making: measures what fits under the peer's MaxMsgSize and gives CmdIDs; it knows nothing of order or packages.
import { encode, lengthOf } from '../syncml/codec.ts'
import { renumbered } from '../syncml/compose.ts'
import type { Alert, Command, Message, Status } from '../syncml/message.ts'
import type { Entry, Packed, Packing, SentCommand } from './entry.ts'

/** Asks for the peer's next message (PRO multiple messages). */
export const NEXT: Alert = { kind: 'Alert', cmdId: '', code: 1222, items: [] }

/** CmdIDs as long as they may get; in a message of few octets there are never many. */
const MEASURING_ID = '99999'
const SHORT_ID = '99'

/** Below this MaxMsgSize every octet counts (a first answer with all there is has up to about 1,200): RespURI, Meta, names and the XML declaration stay out (INFERRED; each may be left out, REP). */
export const TIGHT = 1280

/** The Status elements that one message of a session has to hold: of SyncHdr, of a request for more, and one of what was asked. */
const LEAST: readonly Command[] = (['SyncHdr', 'Alert', 'Replace'] as const).map((cmd) => ({
  ...{ kind: 'Status', cmdId: '', msgRef: '99', cmdRef: '9', cmd, code: 200 },
  ...{ targetRefs: [], sourceRefs: [], items: [] },
}))

/** One message in the making. */
export class Draft {
  readonly #packing: Packing
  readonly #commands: { command: Command; tag: number | null; part: SentCommand['part'] }[] = []
  readonly #limit: number
  readonly #id: string
  /** Octets put on top of each command's. */
  readonly #slack: number
  /** Octets without any command; 0 until somebody asks. */
  #empty = 0
  /** Octets used so far; measured only once somebody asks. */
  #size: number | null = null
  /** Status elements that every message needs. */
  forced = 0
  says = false
  answers = false

  constructor(packing: Packing) {
    this.#packing = packing
    this.#limit = packing.maxMsgSize ?? Infinity
    this.#id = this.#limit < TIGHT ? SHORT_ID : MEASURING_ID
    this.#slack = this.#limit < TIGHT ? 0 : 2
  }

  /** Adds without asking whether it fits: the Status elements that every message needs. */
  force(entry: Entry): true {
    this.forced += 1
    this.#commands.push({ command: commandOf(entry), tag: null, part: 'whole' })
    this.#size = null
    return true
  }

  /** The same where it fits; false where it does not. */
  forceFitting(entry: Entry): boolean {
    const command = commandOf(entry)
    const size = this.#used() + this.#measure(command)
    if (size > this.#limit) return false
    this.forced += 1
    this.#commands.push({ command, tag: null, part: 'whole' })
    this.#size = size
    return true
  }

  add(command: Command, tag: number | null): void {
    this.#commands.push({ command, tag, part: 'whole' })
  }

  /** Adds where it fits. False: no room. A text: it can never be written in this encoding, and why. `bare`: the room kept for NEXT is used up, too. */
  tryAdd(entry: Entry, bare = false): boolean | string {
    const command = commandOf(entry)
    const used = this.#used()
    let size = 0
    try {
      size = this.#measure(command)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    const kept = bare && this.#packing.ask ? this.#measure(NEXT) : 0
    if (used + size - kept > this.#limit) return false
    this.#size = used + size
    this.#note(entry, command)
    return true
  }

  /** Asks for the peer's next message where that fits; where it does not, a peer that hears no Final asks by itself. */
  next(): void {
    const all = [...this.#commands.map(({ command }) => command), NEXT]
    if (this.#limit >= TIGHT || this.#length(all) <= this.#limit) this.add(NEXT, null)
  }

  /** Octets that a session takes at least: one message with what every message needs and one Status, and any later one, without credentials. */
  least(): number {
    const { verDtd, verProto, sessionId, msgId, target, source } = this.#packing.header
    const later = { verDtd, verProto, sessionId, msgId, target, source }
    const now = this.#length([...this.#commands.slice(0, this.forced).map(({ command }) => command), LEAST[2] as Command])
    return Math.max(now, this.#length(LEAST, later))
  }

  /** Why an entry can never be written in this encoding; null where it can. */
  why(entry: Entry): string | null {
    try {
      this.#measure(commandOf(entry))
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Adds without measuring. */
  take(entry: Entry): void {
    this.#note(entry, commandOf(entry))
    this.#size = null
  }

  /** A Status too big because of its Items or references: without them. */
  shrink(entry: Extract<Entry, { kind: 'status' }>): boolean {
    const status: Status = { ...entry.status, targetRefs: [], sourceRefs: [], items: [] }
    return this.tryAdd({ kind: 'status', status }) === true
  }

  /** Octets left beside this entry. */
  room(entry: Entry): number {
    return this.#limit === Infinity ? 1 << 20 : this.#limit - this.#sum([...this.#commands.map(({ command }) => command), commandOf(entry)])
  }

  markLast(part: 'chunk' | 'last'): void {
    const last = this.#commands.at(-1)
    if (last !== undefined) last.part = part
  }

  finish(final: boolean): Pick<Packed, 'bytes' | 'message' | 'sent'> {
    const sent: SentCommand[] = []
    const ids = { last: 0 }
    const commands = this.#commands.map(({ command, tag, part }) => number(command, ids, tag ?? -1, part, tag === null ? null : sent, NOWHERE))
    const message: Message = { header: this.#packing.header, commands, final }
    const bytes = encode(message, this.#packing.wire)
    if (bytes.length > this.#limit) {
      const least = Math.max(bytes.length, this.least())
      throw new Error(
        `the message of ${String(bytes.length)} octets exceeds the peer's MaxMsgSize of ${String(this.#limit)}; a session takes ${String(least)} here`,
      )
    }
    return { bytes, message, sent }
  }

  #note(entry: Entry, command: Command): void {
    this.#commands.push({ command, tag: entry.kind === 'command' ? entry.tag : null, part: 'whole' })
    if (entry.kind === 'results' || entry.kind === 'command') this.says = true
    else this.answers = true
  }

  #used(): number {
    this.#size ??= this.#sum(this.#commands.map(({ command }) => command))
    return this.#size
  }

  /** Octets of a message with these commands, on the safe side; room for NEXT is kept where it may be needed. */
  #sum(commands: readonly Command[]): number {
    const all = this.#packing.ask ? [...commands, NEXT] : commands
    // Where strings move into a table, a message is no sum of its commands: each is measured by itself then, which is more.
    if (this.#packing.wire.strings === 'table') return all.reduce((sum, command) => sum + this.#measure(command), this.#length([]))
    return this.#length(all) + this.#slack * all.length
  }

  #measure(command: Command): number {
    if (this.#empty === 0) this.#empty = this.#length([])
    return this.#length([command]) - this.#empty + this.#slack
  }

  /** Octets of a message with these commands and Final. */
  #length(commands: readonly Command[], header = this.#packing.header): number {
    return lengthOf({ header, commands, final: true }, this.#packing.wire, this.#id)
  }
}

function commandOf(entry: Entry): Command {
  switch (entry.kind) {
    case 'status':
      return entry.status
    case 'results':
      return entry.results
    case 'alert':
      return entry.alert
    case 'command':
      return entry.command
    default:
      return entry satisfies never
  }
}

/** The path of a command that is in no group. */
const NOWHERE: readonly number[] = []

/** A command with its CmdIDs, children included (SML CmdID); what left is written into `sent`. */
function number(
  command: Command,
  ids: { last: number },
  tag: number,
  part: SentCommand['part'],
  sent: SentCommand[] | null,
  path: readonly number[],
): Command {
  const cmdId = String(++ids.last)
  const bare: Command = { ...command, cmdId }
  // A group stands before its children among what left.
  const place = sent === null ? -1 : sent.push({ tag, cmdId, command: bare, path, part }) - 1
  if (bare.kind !== 'Atomic' && bare.kind !== 'Sequence' && bare.kind !== 'Other') return bare
  const numbered: Command =
    bare.kind === 'Other'
      ? { ...bare, element: renumbered(bare.element, cmdId) }
      : { ...bare, commands: bare.commands.map((child, i) => number(child, ids, tag, 'whole', sent, [...path, i])) }
  if (sent !== null) sent[place] = { tag, cmdId, command: numbered, path, part }
  return numbered
}
