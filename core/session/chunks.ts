// Cuts the Data of one command into chunks (PRO large objects): Size in the first, MoreData in all but the last; text is never cut inside a character, base64 only between groups.
import { EncodeError, encodeTree } from '../syncml/codec.ts'
import { badXmlChar, base64, utf8Bytes, utf8Lossy } from '../syncml/text.ts'
import type { Data, Encoding, Exec, Item, ItemCommand, Meta, Request } from '../syncml/message.ts'
import { base64Length, holdsBulk, sliceable } from './bulk.ts'
import type { Sliceable } from './bulk.ts'
import type { Entry } from './entry.ts'
import { objectSize } from './objects.ts'

/** What is left of an object in transit. */
export interface Rest {
  /** The entry it belongs to. */
  readonly entry: Entry
  readonly begun: boolean
  /** True where the Data is a handle: it is read piece by piece, never whole. */
  readonly bulk: boolean
  /** Octets left, at least. */
  readonly left: number
  /** An entry with at most `octets` of the Data; without MoreData only where that is all there is. */
  next(octets: number): { readonly entry: Entry; readonly taken: number; readonly rest: Rest }
}

/**
 * The entry as this encoding can carry it: in XML octets become base64 with Format b64 (META, dm-protocol 3.2), and so does text with characters
 * that XML does not know.
 */
export function suit(entry: Entry, encoding: Encoding): Entry {
  if (encoding === 'wbxml' || entry.kind === 'status' || entry.kind === 'alert') return entry
  if (entry.kind === 'results') return entry.results.items.every(plain) ? entry : { ...entry, results: suitItems(entry.results) }
  return { ...entry, command: suitCommand(entry.command) }
}

function suitCommand(command: Request): Request {
  if (command.kind === 'Other') return command
  if ('commands' in command) return { ...command, commands: command.commands.map((child) => (isRequest(child) ? suitCommand(child) : child)) }
  return command.items.every(plain) ? command : suitItems(command)
}

function isRequest(command: { readonly kind: string }): command is Request {
  return command.kind !== 'Status' && command.kind !== 'Results'
}

const plain = (item: Item): boolean =>
  item.data === undefined ? item.bulk === undefined : typeof item.data === 'string' ? badXmlChar(item.data) < 0 : !(item.data instanceof Uint8Array)

function suitItems<C extends { readonly items: readonly Item[]; readonly meta?: Meta }>(carrier: C): C {
  const items = carrier.items.map((item) => {
    if (item.bulk !== undefined) return { ...item, meta: { ...carrier.meta, ...item.meta, format: 'b64' } }
    if (plain(item) || (typeof item.data !== 'string' && !(item.data instanceof Uint8Array))) return item
    const octets = typeof item.data === 'string' ? utf8Bytes(item.data) : item.data
    const data = base64(octets)
    const { size, ...meta } = { ...carrier.meta, ...item.meta }
    return { ...item, meta: { ...meta, format: 'b64', ...(size === undefined ? {} : { size: data.length }) }, data }
  })
  return { ...carrier, items }
}

/** Length of the longest Data among an entry's own Items: its octets are that many at least. A handle is longer than any message. */
export function longest(entry: Entry): number {
  const items = carrierOf(entry)?.items
  if (items === undefined) return holdsBulk(entry) ? Infinity : 0
  let most = 0
  for (const { data, bulk } of items) {
    if (bulk !== undefined) return Infinity
    if (typeof data === 'string' || data instanceof Uint8Array) most = Math.max(most, data.length)
  }
  return most
}

/** Size of the largest object in a suited entry, as Meta Size counts it. */
export function sizeOfObjects(entry: Entry, encoding: Encoding): number {
  const sizeOf = ({ data, bulk }: Item): number =>
    bulk !== undefined ? (encoding === 'xml' ? base64Length(bulk.size) : bulk.size) : data === undefined ? 0 : objectSize(data)
  const largest = (items: readonly Item[]): number => items.reduce((most, item) => Math.max(most, sizeOf(item)), 0)
  const inside = (command: Request): number => {
    if (command.kind === 'Other') return 0
    if ('commands' in command) return command.commands.reduce((most, child) => Math.max(most, isRequest(child) ? inside(child) : 0), 0)
    return largest(command.items)
  }
  if (entry.kind === 'status' || entry.kind === 'alert') return 0
  return entry.kind === 'results' ? largest(entry.results.items) : inside(entry.command)
}

/** The object of a suited entry, ready to be cut; null where it has none that may be (several Items, no Data, a group, an Alert). */
export function cut(entry: Entry, encoding: Encoding): Rest | null {
  const carrier = carrierOf(entry)
  const [item, second] = carrier?.items ?? []
  if (carrier === null || item === undefined || second !== undefined || item.moreData === true) return null
  if (item.bulk !== undefined) {
    const { bulk, ...bare } = item
    const whole = sliceable(bulk, encoding)
    return begun(entry, bare, whole, whole.length)
  }
  if (item.data === undefined) return null
  const whole = typeof item.data === 'string' || item.data instanceof Uint8Array ? item.data : treeText(item.data)
  return whole === null || whole.length === 0 ? null : begun(entry, item, whole, objectSize(whole))
}

/** An object that is cut: what all its chunks have in common. */
interface Whole {
  readonly entry: Entry
  readonly content: string | Uint8Array | Sliceable
  /** Octets, which are as many as the characters where the object is octets or ASCII. */
  readonly size: number
  /** Whoever decodes each chunk by itself shall be able to (META b64: groups of four characters). */
  readonly group: number
  /** The Item without Meta and Data. */
  readonly bare: Item
  /** Meta of the Item as it is, that of the first of several chunks, and that of later ones; undefined where there is none. */
  readonly meta: Meta | undefined
  readonly first: Meta
  readonly later: Meta | undefined
}

function begun(entry: Entry, item: Item, content: Whole['content'], size: number): Rest {
  const { meta, data, ...bare } = item
  void data
  const { size: own, ...kept }: Meta = meta ?? {}
  const later = Object.keys(kept).length > 0 ? kept : undefined
  const known = own === undefined && later === undefined ? undefined : meta
  return rest({ entry, content, size, group: kept.format === 'b64' ? 4 : 1, bare, meta: known, first: { ...kept, size }, later }, 0)
}

function rest(whole: Whole, from: number): Rest {
  const { entry, content, size, group } = whole
  const { length } = content
  return {
    entry,
    begun: from > 0,
    bulk: typeof content !== 'string' && !(content instanceof Uint8Array),
    left: length - from,
    next: (octets) => {
      const to = Math.min(length, size === length ? from + (octets - (octets % group || 0)) : endOf(content as string, from, octets))
      const last = to >= length
      const meta = from > 0 ? whole.later : last ? whole.meta : whole.first
      const chunk: { -readonly [K in keyof Item]: Item[K] } = { ...whole.bare, data: content.slice(from, to) }
      if (meta !== undefined) chunk.meta = meta
      if (!last) chunk.moreData = true
      return { entry: withItem(entry, chunk), taken: to - from, rest: rest(whole, to) }
    },
  }
}

/** Index after at most `octets` octets from `from`; a character of text stays whole. */
function endOf(whole: string, from: number, octets: number): number {
  if (octets === Infinity) return whole.length
  let used = 0
  let at = from
  while (at < whole.length) {
    const point = whole.codePointAt(at) ?? 0
    used += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (used > octets) break
    at += point < 0x10000 ? 1 : 2
  }
  return at
}

type Carrying = ItemCommand | Exec | Extract<Entry, { kind: 'results' }>['results']

function carrierOf(entry: Entry): Carrying | null {
  if (entry.kind === 'results') return entry.results
  if (entry.kind !== 'command' || !('items' in entry.command) || entry.command.kind === 'Alert') return null
  return entry.command
}

function withItem(entry: Entry, item: Item): Entry {
  if (entry.kind === 'results') return { ...entry, results: { ...entry.results, items: [item] } }
  if (entry.kind !== 'command') return entry
  return { ...entry, command: { ...entry.command, items: [item] } as Request }
}

/** Nested elements (inline TNDS) as XML text, since only text can be cut; null where XML cannot hold them. */
function treeText(data: Exclude<Data, string | Uint8Array>): string | null {
  try {
    return data.map((element) => utf8Lossy(encodeTree(element, { encoding: 'xml', prolog: false }))).join('')
  } catch (error) {
    if (error instanceof EncodeError) return null
    throw error
  }
}
