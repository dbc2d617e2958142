// Byte ranges and conditions of HTTP on both sides (RFC 9110 clauses 13 and 14): one range at a time; who asks for several gets the whole.
import { hexOf } from '../syncml/text.ts'

/** What a Range field asks of an object of `size` bytes. `whole`: there is none, or it is one that HTTP lets a server pass over. */
export type Wanted =
  | { readonly what: 'whole' }
  | { readonly what: 'part'; readonly from: number; /** Last byte, inclusive. */ readonly to: number }
  | { readonly what: 'unsatisfiable'; readonly reason: string }

/** Reads a Range field; '' where there is none. Of several ranges those that can be satisfied count: one is served, more are passed over (clause 14.2: a server may). */
export function wantedRange(field: string, size: number): Wanted {
  if (field === '') return { what: 'whole' }
  const unit = /^\s*([A-Za-z0-9-]+)\s*=\s*(.*)$/.exec(field)
  if (unit === null || unit[1]?.toLowerCase() !== 'bytes') return { what: 'whole' }
  const specs = (unit[2] ?? '').split(',').map((each) => each.trim())
  const each = specs.filter((spec) => spec !== '').map((spec) => oneRange(spec, size))
  if (each.length === 0 || each.some(({ what }) => what === 'whole')) return { what: 'whole' }
  const parts = each.filter(({ what }) => what === 'part')
  return parts.length > 1 ? { what: 'whole' } : (parts[0] ?? each[0] ?? { what: 'whole' })
}

function oneRange(spec: string, size: number): Wanted {
  const match = /^(\d{0,15})\s*-\s*(\d{0,15})$/.exec(spec)
  const [, first = '', last = ''] = match ?? []
  if (match === null || (first === '' && last === '')) return { what: 'whole' }
  if (first === '') return suffix(Number(last), size)
  const from = Number(first)
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < from) return { what: 'whole' }
  return from >= size ? { what: 'unsatisfiable', reason: `byte ${first} is beyond the ${String(size)} bytes` } : { what: 'part', from, to }
}

function suffix(count: number, size: number): Wanted {
  if (count === 0 || size === 0) return { what: 'unsatisfiable', reason: 'the last 0 bytes are no range' }
  return { what: 'part', from: Math.max(0, size - count), to: size - 1 }
}

/** True where If-Range lets the range stand: no field, the same strong ETag, or exactly the Last-Modified date. */
export function ifRangeHolds(field: string, etag: string, lastModified: string): boolean {
  const said = field.trim()
  return said === '' || (said.startsWith('W/') ? false : said.startsWith('"') ? said === etag : said === lastModified)
}

/** Conditions of a GET or HEAD: fields are '' where there are none; dates in ms, NaN where there is none or it cannot be read. */
export interface Conditions {
  readonly ifMatch: string
  readonly ifUnmodifiedSince: number
  readonly ifNoneMatch: string
  readonly ifModifiedSince: number
}

/** 412 where a condition does not hold, 304 where the asker has it already, null where the answer is wanted (RFC 9110 clause 13.2.2). `modified`: ms, whole seconds. */
export function conditionOf(asked: Conditions, etag: string, modified: number): 304 | 412 | null {
  const tags = (field: string): readonly string[] => field.match(/(?:W\/)?"[^"]*"|\*/g) ?? []
  if (asked.ifMatch !== '') {
    if (!tags(asked.ifMatch).some((tag) => tag === '*' || tag === etag)) return 412
  } else if (asked.ifUnmodifiedSince < modified) return 412
  // A weak comparison is enough to know that nothing need be sent.
  if (asked.ifNoneMatch !== '') return tags(asked.ifNoneMatch).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag) ? 304 : null
  return asked.ifModifiedSince >= modified ? 304 : null
}

/** `bytes 65537-149999/150000`. */
export function contentRange(from: number, to: number, size: number): string {
  return `bytes ${String(from)}-${String(to)}/${String(size)}`
}

/** `bytes * /150000` without the blank: what stands in a 416. */
export function contentRangeOf(size: number): string {
  return `bytes */${String(size)}`
}

/** A Content-Range field. `from` null with `*`; `size` null where the server does not tell it. Null where the field cannot be read. */
export function readContentRange(field: string): { readonly from: number | null; readonly to: number | null; readonly size: number | null } | null {
  const match = /^\s*bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\s*\/\s*(\d{1,15}|\*)\s*$/i.exec(field)
  if (match === null) return null
  const number = (text: string | undefined): number | null => (text === undefined || text === '*' ? null : Number(text))
  const [, first, last, total] = match
  const from = number(first)
  const to = number(last)
  const size = number(total)
  if (from !== null && to !== null && (to < from || (size !== null && to >= size))) return null
  return { from, to, size }
}

/** The ETag where it is a strong one; '' for a weak one or none: a weak one says nothing of bytes. */
export function strongEtag(field: string): string {
  const said = field.trim()
  return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(said) ? said : ''
}

/** SHA-256 in lower-case hexadecimal from Repr-Digest (RFC 9530) or Digest (RFC 3230); '' where neither tells one. */
export function toldSha256(reprDigest: string, digest: string, decode: (base64: string) => Uint8Array | null): string {
  const text =
    /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/i.exec(reprDigest)?.[1] ??
    /(?:^|,)\s*sha-256=([A-Za-z0-9+/]+={0,2})(?:\s*(?:,|$))/i.exec(digest)?.[1] ??
    ''
  const bytes = text === '' ? null : decode(text)
  return bytes?.length === 32 ? hexOf(bytes) : ''
}
