// Large objects (PRO large objects, dm-protocol 4.3): chunks are gathered until the last one came; what is incomplete is never handed on.
import { concat, dataBytes, utf8Length, utf8Text } from '../syncml/text.ts'
import type { Bulk, Data, Exec, Item, ItemCommand, Results } from '../syncml/message.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Spool } from './ports.ts'
import { finding } from './rules.ts'
import type { RuleId } from './rules.ts'
import { Unwrap } from './unwrap.ts'

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
  | { readonly next: 'refused'; readonly code: number; readonly finding: Finding }

interface Open {
  readonly kind: string
  readonly key: string
  readonly first: Carrier
  readonly size: number
  readonly parts: Data[]
  /** Where it goes instead of `parts`. */
  readonly spool: { readonly to: Spool; readonly unwrap: Unwrap } | null
  length: number
}

/** Says where the content of an object that begins goes; as Performer's. */
export type Spooler = (item: Item, size: number) => Spool | number | null

/** Octets of an Item's Data as Meta Size counts them: as they stand in the message. */
export function objectSize(data: Data | undefined): number {
  return typeof data === 'string' ? utf8Length(data) : dataBytes(data).length
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
  take<C extends Carrier>(command: C, spooler?: Spooler): Taken<C> {
    const last = command.items.at(-1)
    if (this.#open !== null && last !== undefined) return this.#continue(this.#open, command, last)
    if (last?.moreData !== true) return { next: 'whole', command }
    const size = last.meta?.size ?? command.meta?.size
    const limit = this.#maxObjSize()
    if (size === undefined) return refused(411, 'obj.size.missing', last)
    if (limit !== undefined && size > limit) return refused(416, 'obj.large', last, `${String(size)} > ${String(limit)}`)
    const to = spooler?.(last, size) ?? null
    if (typeof to === 'number') return refused(to, to === 420 ? 'obj.full' : 'obj.refused', last, `Status ${String(to)}`)
    const spool = to === null ? null : { to, unwrap: new Unwrap((last.meta?.format ?? command.meta?.format) === 'b64') }
    this.#open = { kind: command.kind, key: keyOf(command, last), first: command, size, parts: [], spool, length: 0 }
    return this.#put(this.#open, last) ?? { next: 'more' }
  }

  /** The Item of the open object where `command` is something else, so that nothing of it is committed; null where all is well. Closes the object. */
  broken(command: { readonly kind: string; readonly items?: readonly Item[] }): Item | null {
    const open = this.#open
    if (open === null) return null
    const last = command.items?.at(-1)
    if (last !== undefined && open.kind === command.kind && open.key === keyOf(command as Carrier, last)) return null
    this.abandon()
    return open.first.items.at(-1) ?? null
  }

  /** The session is over: what is incomplete is given up, and nothing of it stays. */
  abandon(): void {
    this.#open?.spool?.to.drop()
    this.#open = null
  }

  /** Puts one chunk where it goes; a refusal where it cannot go there, and the object is closed. What is more than Size said is counted only. */
  #put(open: Open, last: Item): Extract<Taken<Carrier>, { next: 'refused' }> | null {
    const data = last.data ?? ''
    const octets = dataBytes(data)
    open.length += octets.length
    if (open.length > open.size) return null
    if (open.spool === null) {
      open.parts.push(data)
      return null
    }
    const content = open.spool.unwrap.take(octets)
    if (content === null) return this.#refuse(415, 'obj.form', last)
    try {
      open.spool.to.append(content)
      return null
    } catch (error) {
      return this.#refuse(420, 'obj.full', last, error instanceof Error ? error.message : String(error))
    }
  }

  #refuse(code: number, rule: RuleId, item: Item, more = ''): Extract<Taken<Carrier>, { next: 'refused' }> {
    this.abandon()
    return refused(code, rule, item, more)
  }

  #continue<C extends Carrier>(open: Open, command: C, last: Item): Taken<C> {
    const bad = this.#put(open, last)
    if (bad !== null) return bad
    if (last.moreData === true) return { next: 'more' }
    if (open.length !== open.size) return this.#refuse(424, 'obj.size.mismatch', last, `${String(open.length)} instead of ${String(open.size)}`)
    const first = open.first.items.at(-1) ?? {}
    const meta = { ...open.first.meta, ...first.meta, ...last.meta }
    const content = open.spool === null ? { data: join(open.parts, meta.format) } : this.#spooled(open.spool, last)
    if ('next' in content) return content
    this.#open = null
    const whole: { -readonly [K in keyof Item]: Item[K] } = { ...first, ...last, ...(Object.keys(meta).length > 0 ? { meta } : {}), ...content }
    delete whole.moreData
    return { next: 'complete', command: { ...open.first, ...command, items: [...open.first.items.slice(0, -1), whole] } }
  }

  #spooled(
    { to, unwrap }: NonNullable<Open['spool']>,
    last: Item,
  ): { readonly data: Data; readonly bulk: Bulk } | Extract<Taken<Carrier>, { next: 'refused' }> {
    const rest = unwrap.rest()
    if (rest === null) return this.#refuse(415, 'obj.form', last)
    try {
      if (rest.length > 0) to.append(rest)
      return { data: new Uint8Array(0), bulk: to.close() }
    } catch (error) {
      return this.#refuse(420, 'obj.full', last, error instanceof Error ? error.message : String(error))
    }
  }
}

function refused(code: number, rule: RuleId, item: Item, more = ''): Extract<Taken<Carrier>, { next: 'refused' }> {
  return { next: 'refused', code, finding: finding(rule, item, more) }
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
