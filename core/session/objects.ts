// Large objects (PRO large objects, dm-protocol 4.3): chunks are gathered until the last one came; what is incomplete is never handed on.
import { concat, dataBytes, utf8Text } from '../syncml/text.ts'
import type { Data, Exec, Item, ItemCommand, Results } from '../syncml/message.ts'
import type { Finding } from '../syncml/finding.ts'
import { finding } from './rules.ts'

/** Commands whose Data may come in chunks. */
export type Carrier = ItemCommand | Exec | Results

/** What a carrier gave. `code` is the Status due for it where it is not executed. */
export type Taken<C extends Carrier> =
  /** Nothing was chunked: the command as it came. */
  | { readonly next: 'whole'; readonly command: C }
  /** The last chunk came: the command with the joined Data, CmdID of the last chunk. */
  | { readonly next: 'complete'; readonly command: C }
  /** A chunk was put aside: 213. */
  | { readonly next: 'more' }
  | { readonly next: 'refused'; readonly code: 411 | 413 | 416 | 424; readonly finding: Finding }

interface Open {
  readonly kind: string
  readonly key: string
  readonly first: Carrier
  readonly size: number
  readonly parts: Data[]
  length: number
}

/** Octets of an Item's Data as Meta Size counts them: as they stand in the message. */
export function objectSize(data: Data | undefined): number {
  return dataBytes(data).length
}

/** Gathers the chunks of one large object at a time. */
export class Objects {
  readonly #maxObjSize: () => number | undefined
  #open: Open | null = null

  constructor(maxObjSize: () => number | undefined) {
    this.#maxObjSize = maxObjSize
  }

  /** True while an object is incomplete. */
  get open(): boolean {
    return this.#open !== null
  }

  /** Takes one carrier in order. Call `broken` first: it tells whether this one interrupts an open object. */
  take<C extends Carrier>(command: C): Taken<C> {
    const last = command.items.at(-1)
    if (this.#open !== null && last !== undefined) return this.#continue(this.#open, command, last)
    if (last?.moreData !== true) return { next: 'whole', command }
    const size = last.meta?.size ?? command.meta?.size
    const limit = this.#maxObjSize()
    if (size === undefined) return { next: 'refused', code: 411, finding: finding('obj.size.missing', last) }
    if (limit !== undefined && size > limit)
      return { next: 'refused', code: 416, finding: finding('obj.large', last, `${String(size)} > ${String(limit)}`) }
    const data = last.data ?? ''
    this.#open = { kind: command.kind, key: keyOf(command, last), first: command, size, parts: [data], length: objectSize(data) }
    return { next: 'more' }
  }

  /** The Item of the open object where `command` is something else, so that nothing of it is committed; null where all is well. Closes the object. */
  broken(command: { readonly kind: string; readonly items?: readonly Item[] }): Item | null {
    const open = this.#open
    if (open === null) return null
    const last = command.items?.at(-1)
    if (last !== undefined && open.kind === command.kind && open.key === keyOf(command as Carrier, last)) return null
    this.#open = null
    return open.first.items.at(-1) ?? null
  }

  #continue<C extends Carrier>(open: Open, command: C, last: Item): Taken<C> {
    const data = last.data ?? ''
    open.length += objectSize(data)
    if (open.length <= open.size) open.parts.push(data)
    if (last.moreData === true) return { next: 'more' }
    this.#open = null
    if (open.length !== open.size) {
      const more = `${String(open.length)} instead of ${String(open.size)}`
      return { next: 'refused', code: 424, finding: finding('obj.size.mismatch', last, more) }
    }
    const first = open.first.items.at(-1) ?? {}
    const meta = { ...open.first.meta, ...first.meta, ...last.meta }
    const joined = join(open.parts, meta.format)
    const whole: { -readonly [K in keyof Item]: Item[K] } = { ...first, ...last, ...(Object.keys(meta).length > 0 ? { meta } : {}), data: joined }
    delete whole.moreData
    return { next: 'complete', command: { ...open.first, ...command, items: [...open.first.items.slice(0, -1), whole] } }
  }
}

function keyOf(command: Carrier, item: Item): string {
  const ref = command.kind === 'Results' ? command.cmdRef : ''
  return `${ref} ${item.target?.locUri ?? ''} ${item.source?.locUri ?? ''}`
}

/** Text stays text; octets that are text after all (UTF-8, Format not bin) become it, since a chunk may end inside a character. */
function join(parts: readonly Data[], format: string | undefined): Data {
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  const octets = concat(parts.map(dataBytes))
  return format === 'bin' ? octets : (utf8Text(octets) ?? octets)
}
