// One message in the making: measures what fits under the peer's MaxMsgSize and gives CmdIDs; it knows nothing of order or packages.
import type { Alert, Command, Status } from '../syncml/message.ts'
import type { Entry, Packed, Packing, SentCommand } from './entry.ts'
import { lengthOf, numbered, sheetOf } from './sheet.ts'
import type { Sheet } from './sheet.ts'

/** Asks for the peer's next message (PRO multiple messages). */
const NEXT: Alert = { kind: 'Alert', cmdId: '', code: 1222, items: [] }

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
  readonly #sheet: Sheet
  readonly #commands: { readonly command: Command; readonly tag: number | null; part: SentCommand['part'] }[] = []
  readonly #limit: number
  readonly #id: string
  /** Octets put on top of each command's. */
  readonly #slack: number
  /** What `#keep` found. */
  #kept: number | null = null
  /** Last CmdID given, and the one before the last command. */
  #last = 0
  #before = 0
  /** Why a command that had to go along cannot be written. */
  #fault: Error | null = null
  /** Status elements that every message needs. */
  forced = 0
  says = false
  answers = false

  constructor(packing: Packing) {
    this.#packing = packing
    this.#limit = packing.maxMsgSize ?? Infinity
    this.#id = this.#limit < TIGHT ? SHORT_ID : MEASURING_ID
    this.#slack = this.#limit < TIGHT ? 0 : 2
    this.#sheet = sheetOf(packing.header, packing.wire, this.#id)
  }

  /** Adds without asking whether it fits: the Status elements that every message needs. */
  force(entry: Entry): true {
    this.forced += 1
    this.#blindly(commandOf(entry), null)
    return true
  }

  /** The same where it fits; false where it does not. */
  forceFitting(entry: Entry): boolean {
    this.#used()
    this.#write(commandOf(entry), null)
    if (this.#used() > this.#limit) {
      this.#undo()
      return false
    }
    this.forced += 1
    return true
  }

  /** Adds where it fits. False: no room. A text: it can never be written in this encoding, and why. `bare`: the room kept for NEXT is used up, too. */
  tryAdd(entry: Entry, bare = false): boolean | string {
    this.#used()
    const reason = this.#written(entry)
    if (reason !== null) return reason
    if (this.#used() - (bare ? this.#keep() : 0) > this.#limit) {
      this.#undo()
      return false
    }
    this.#count(entry)
    return true
  }

  /** Asks for the peer's next message where that fits; where it does not, a peer that hears no Final asks by itself. */
  next(): void {
    if (this.#limit >= TIGHT || this.#lengthOf([...this.#commands.map(({ command }) => command), NEXT]) <= this.#limit) this.#blindly(NEXT, null)
  }

  /** Octets that a session takes at least: one message with what every message needs and one Status, and any later one, without credentials. */
  least(): number {
    const { verDtd, verProto, sessionId, msgId, target, source } = this.#packing.header
    const later = { verDtd, verProto, sessionId, msgId, target, source }
    const now = this.#lengthOf([...this.#commands.slice(0, this.forced).map(({ command }) => command), LEAST[2] as Command])
    return Math.max(now, this.#lengthOf(LEAST, later))
  }

  /** Why an entry can never be written in this encoding; null where it can. */
  why(entry: Entry): string | null {
    const reason = this.#written(entry)
    if (reason === null) this.#undo()
    return reason
  }

  /** Adds without measuring. */
  take(entry: Entry): void {
    this.#blindly(commandOf(entry), entry.kind === 'command' ? entry.tag : null)
    this.#count(entry)
  }

  /** A Status too big because of its Items or references: without them. */
  shrink(entry: Extract<Entry, { kind: 'status' }>): boolean {
    const status: Status = { ...entry.status, targetRefs: [], sourceRefs: [], items: [] }
    return this.tryAdd({ kind: 'status', status }) === true
  }

  /** Octets left beside this entry. */
  room(entry: Entry): number {
    if (this.#limit === Infinity) return 1 << 20
    this.#used()
    this.#write(commandOf(entry), null)
    const room = this.#limit - this.#used()
    this.#undo()
    return room
  }

  markLast(part: 'chunk' | 'last'): void {
    const last = this.#commands.at(-1)
    if (last !== undefined) last.part = part
  }

  finish(final: boolean): Pick<Packed, 'bytes' | 'plain' | 'message' | 'sent'> {
    if (this.#fault !== null) throw this.#fault
    const { bytes, plain } = this.#sheet.finish(final)
    if (bytes.length > this.#limit) {
      const least = Math.max(bytes.length, this.least())
      throw new Error(
        `the message of ${String(bytes.length)} octets exceeds the peer's MaxMsgSize of ${String(this.#limit)}; a session takes ${String(least)} here`,
      )
    }
    const commands: Command[] = []
    const sent: SentCommand[] = []
    for (const { command, tag, part } of this.#commands) {
      commands.push(command)
      if (tag !== null) leave(command, tag, part, NOWHERE, sent)
    }
    return { bytes, plain, message: { header: this.#packing.header, commands, final }, sent }
  }

  #count({ kind }: Entry): void {
    if (kind === 'results' || kind === 'command') this.says = true
    else this.answers = true
  }

  /** Octets of the message on the safe side; room for NEXT is kept where it may be needed. Throws why it cannot be written. */
  #used(): number {
    if (this.#fault !== null) throw this.#fault
    return this.#sheet.measure() + this.#slack * this.#commands.length + this.#keep()
  }

  /** Octets kept for NEXT. It is measured by being written, so before anything that may be taken back. */
  #keep(): number {
    if (!this.#packing.ask) return 0
    if (this.#kept === null) {
      const before = this.#sheet.measure()
      this.#write(NEXT, null)
      this.#kept = this.#sheet.measure() - before + this.#slack
      this.#undo()
    }
    return this.#kept
  }

  /** Writes an entry and measures it; null, or why it cannot be written: nothing of it is, then. */
  #written(entry: Entry): string | null {
    const { length } = this.#commands
    try {
      this.#keep()
      this.#write(commandOf(entry), entry.kind === 'command' ? entry.tag : null)
      this.#sheet.measure()
      return null
    } catch (error) {
      if (this.#commands.length > length) this.#undo()
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Writes a command that has to go along: what is wrong with it is told when the message is asked for. */
  #blindly(command: Command, tag: number | null): void {
    try {
      this.#write(command, tag)
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Writes a command with the next CmdIDs. Throws EncodeError; nothing of it is written then. */
  #write(command: Command, tag: number | null): void {
    const before = this.#last
    const own = numbered(command, this.#nextId)
    try {
      this.#sheet.add(own)
    } catch (error) {
      this.#last = before
      throw error
    }
    this.#before = before
    this.#commands.push({ command: own, tag, part: 'whole' })
  }

  /** Takes back what was written last; only once for each. */
  #undo(): void {
    this.#sheet.undo()
    this.#commands.pop()
    this.#last = this.#before
  }

  readonly #nextId = (): string => String(++this.#last)

  #lengthOf(commands: readonly Command[], header = this.#packing.header): number {
    return lengthOf(header, this.#packing.wire, commands, this.#id)
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

/** What awaits a Status: a command and, behind it, those of its children. */
function leave(command: Command, tag: number, part: SentCommand['part'], path: readonly number[], sent: SentCommand[]): void {
  sent.push({ tag, cmdId: command.cmdId, command, path, part })
  if ('commands' in command) command.commands.forEach((child, i) => leave(child, tag, 'whole', [...path, i], sent))
}
