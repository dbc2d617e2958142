// Objects by handle on their way out: what a file looks like as the text or the octets that travel. Nothing here ever reads a file whole that is longer than one message.
import type { Bulk, Command, Encoding, Item, Request } from '../syncml/message.ts'
import { base64 } from '../syncml/text.ts'
import type { Entry } from './entry.ts'

/** Characters of the base64 text of so many octets, padded. */
export function base64Length(octets: number): number {
  return Math.ceil(octets / 3) * 4
}

/** Octets in memory as a handle. */
export function bulkOf(name: string, octets: Uint8Array, sha256 = ''): Bulk {
  return { name, size: octets.length, sha256, read: (offset, length) => octets.subarray(offset, offset + length) }
}

/** What can be cut: `length` octets on the wire, any piece of which is made when it is asked for. */
export interface Sliceable {
  readonly length: number
  slice(from: number, to: number): string | Uint8Array
}

/** A handle as this encoding carries it: base64 text in XML, octets in WBXML. In XML pieces begin at a multiple of four characters, which is three octets. */
export function sliceable(bulk: Bulk, encoding: Encoding): Sliceable {
  const { size } = bulk
  if (encoding === 'wbxml') return { length: size, slice: (from, to) => (to > from ? piece(bulk, from, to - from) : new Uint8Array(0)) }
  return {
    length: base64Length(size),
    slice: (from, to) => {
      const first = (from / 4) * 3
      const last = Math.min(size, Math.ceil(to / 4) * 3)
      return last > first ? base64(piece(bulk, first, last - first)).slice(0, to - from) : ''
    },
  }
}

/** Octets of the file. What a ledger gave back is the reference alone: nothing can be read by it. */
function piece(bulk: Bulk, offset: number, length: number): Uint8Array {
  if (typeof (bulk as Partial<Bulk>).read !== 'function') throw new Error(`the file ${bulk.name} is not at hand any more`)
  const octets = bulk.read(offset, length)
  if (octets.length !== length) throw new Error(`the file ${bulk.name} gave ${String(octets.length)} octets instead of ${String(length)}`)
  return octets
}

const inside = (command: Command): boolean =>
  'commands' in command ? command.commands.some(inside) : 'items' in command && command.items.some(({ bulk }) => bulk !== undefined)

/** True where a command, or one inside its group, carries a handle. */
export function holdsBulk(entry: Entry): boolean {
  return entry.kind === 'command' && inside(entry.command)
}

/** The entry with every handle of at most `most` octets read: such a one is Data like any other. Throws what `read` throws. */
export function inlined(entry: Entry, most: number): Entry {
  if (entry.kind !== 'command' || !inside(entry.command)) return entry
  const of = (item: Item): Item => {
    if (item.bulk === undefined || item.bulk.size > most) return item
    const { bulk, ...bare } = item
    return { ...bare, data: piece(bulk, 0, bulk.size) }
  }
  const all = (command: Command): Command => {
    if (!inside(command)) return command
    if ('commands' in command) return { ...command, commands: command.commands.map(all) }
    return 'items' in command ? { ...command, items: command.items.map(of) } : command
  }
  return { ...entry, command: all(entry.command) as Request }
}
