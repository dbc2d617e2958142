// What a draft is written on: it says how long the message would be with CmdIDs as long as they may get, and takes the last command back.
import { encode, EncodeError, growing } from '../syncml/codec.ts'
import type { Wire } from '../syncml/codec.ts'
import type { Growing } from '../syncml/growing.ts'
import type { Element } from '../syncml/element.ts'
import type { Command, SyncHdr } from '../syncml/message.ts'

/** One message in the making. */
export interface Sheet {
  /** Octets with Final, were all CmdIDs as long as they may get. Throws EncodeError where that was not told before. */
  measure(): number
  /** Adds a command with its CmdIDs. Throws EncodeError, at the latest when it is measured. */
  add(command: Command): void
  /** Takes back the command that was added last; only once for each. */
  undo(): void
  /** The bytes; the last call. `plain`: reading them would tell nothing that the message does not; false where that is not known. */
  finish(final: boolean): { readonly bytes: Uint8Array; readonly plain: boolean }
}

/** An empty message; `longest` is the longest CmdID. A header that cannot be written is told when it is measured or finished. */
export function sheetOf(header: SyncHdr, wire: Wire, longest: string): Sheet {
  try {
    const message = growing(header, wire)
    if (message !== null) return new Written(message, longest)
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error
  }
  return new Listed(header, wire, longest)
}

/** Octets of a message with these commands and Final, all with this CmdID. Throws EncodeError. */
export function lengthOf(header: SyncHdr, wire: Wire, commands: readonly Command[], cmdId: string): number {
  return encode({ header, commands: commands.map((command) => numbered(command, () => cmdId)), final: true }, wire).length
}

/** A command with new CmdIDs, its own first, then those of its children in order (SML CmdID). */
export function numbered(command: Command, next: () => string): Command {
  const cmdId = next()
  if (command.kind === 'Other') return { ...command, cmdId, element: renumbered(command.element, cmdId) }
  if (command.kind !== 'Atomic' && command.kind !== 'Sequence') return { ...command, cmdId }
  return { ...command, cmdId, commands: command.commands.map((child) => numbered(child, next)) }
}

function renumbered(element: Element, cmdId: string): Element {
  return { ...element, children: element.children.map((child) => (child.name === 'CmdID' ? { ...child, text: cmdId } : child)) }
}

/** The usual wire: every command is written once. */
class Written implements Sheet {
  readonly #message: Growing
  readonly #longest: number
  /** Characters that the CmdIDs are short of the longest ones, in all and those of the last command. */
  #short = 0
  #last = 0

  constructor(message: Growing, longest: string) {
    this.#message = message
    this.#longest = longest.length
  }

  measure(): number {
    return this.#message.length + this.#short
  }

  add(command: Command): void {
    this.#message.add(command)
    this.#last = shortOf(command, this.#longest)
    this.#short += this.#last
  }

  undo(): void {
    this.#message.undo()
    this.#short -= this.#last
  }

  finish(final: boolean): ReturnType<Sheet['finish']> {
    return { bytes: this.#message.finish(final), plain: this.#message.plain }
  }
}

function shortOf(command: Command, longest: number): number {
  if (command.kind === 'Other')
    return command.element.children.reduce((short, { name, text }) => (name === 'CmdID' ? short + longest - text.length : short), 0)
  const own = longest - command.cmdId.length
  return 'commands' in command ? command.commands.reduce((short, child) => short + shortOf(child, longest), own) : own
}

/** A wire on which a message is no sum of its commands: each is measured by itself, which is never less, and written with all others. */
class Listed implements Sheet {
  readonly #header: SyncHdr
  readonly #wire: Wire
  readonly #longest: string
  readonly #commands: Command[] = []
  /** Octets of the first commands; the others were not asked for yet. */
  readonly #lengths: number[] = []
  #empty = 0

  constructor(header: SyncHdr, wire: Wire, longest: string) {
    this.#header = header
    this.#wire = wire
    this.#longest = longest
  }

  measure(): number {
    if (this.#empty === 0) this.#empty = this.#of([])
    for (const command of this.#commands.slice(this.#lengths.length)) this.#lengths.push(this.#of([command]) - this.#empty)
    return this.#lengths.reduce((sum, length) => sum + length, this.#empty)
  }

  add(command: Command): void {
    this.#commands.push(command)
  }

  undo(): void {
    this.#commands.pop()
    this.#lengths.length = Math.min(this.#lengths.length, this.#commands.length)
  }

  finish(final: boolean): ReturnType<Sheet['finish']> {
    return { bytes: encode({ header: this.#header, commands: this.#commands, final }, this.#wire), plain: false }
  }

  #of(commands: readonly Command[]): number {
    return lengthOf(this.#header, this.#wire, commands, this.#longest)
  }
}
