// Combined delivery (download sheet 3.1): descriptor and object as two parts of one body, read piece by piece; nothing of the object is kept here.
import { concat, latin1Text, utf8Bytes } from '../syncml/text.ts'

/** How the parts are told apart: MIME text (RFC 2046 clause 5.1), or the binary form WSP makes of it (WAP-230 clause 8.5). JSON. */
export type Form = { readonly kind: 'mime'; readonly boundary: string } | { readonly kind: 'wsp' }

/** What comes out of a body, in order. `at`: offset in the body where the part's own bytes begin. */
export type PartEvent =
  | { readonly what: 'part'; readonly contentType: string; readonly at: number }
  | { readonly what: 'data'; readonly bytes: Uint8Array }
  /** The part is whole. */
  | { readonly what: 'end' }

/** Takes pieces of the body in order. Throws CombinedError for what is no such body. */
export interface PartReader {
  read(piece: Uint8Array): PartEvent[]
}

/** The body is not what its content type says. */
export class CombinedError extends Error {
  constructor(offset: number, reason: string) {
    super(`multipart body, byte ${String(offset)}: ${reason}`)
    this.name = 'CombinedError'
  }
}

const MIME = /^multipart\/(related|mixed)$/
const WSP = /^application\/vnd\.wap\.multipart\.(related|mixed)$/
/** Bytes of a preamble, or of one part's header fields. Product decision, INFERRED. */
const MOST = 16 * 1024

/** True for the media type of a body of parts. */
export const isCombined = (type: string): boolean => MIME.test(type) || WSP.test(type)

/** Reads a Content-Type field; null where it is no body of parts, or names no boundary. */
export function formOf(field: string): Form | null {
  const type = (field.split(';')[0] ?? '').trim().toLowerCase()
  if (WSP.test(type)) return { kind: 'wsp' }
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(field) ?? []
  const boundary = quoted ?? plain
  return MIME.test(type) && boundary !== undefined ? { kind: 'mime', boundary } : null
}

/** A reader from the body's first byte; with `inside` from the middle of the object, of which so many bytes are to come. */
export function partReader(form: Form, inside: { readonly at: number; readonly left: number } | null = null): PartReader {
  return form.kind === 'wsp' ? new WspParts(inside) : new MimeParts(form.boundary, inside?.at ?? null)
}

const NONE = new Uint8Array(0)

/** Where `wanted` stands first, from `from` on; -1 nowhere. */
function find(bytes: Uint8Array, wanted: Uint8Array, from = 0): number {
  for (let at = bytes.indexOf(wanted[0] ?? 0, from); at >= 0 && at + wanted.length <= bytes.length; at = bytes.indexOf(wanted[0] ?? 0, at + 1))
    if (wanted.every((octet, i) => bytes[at + i] === octet)) return at
  return -1
}

const BLANK = utf8Bytes('\r\n\r\n')

/** MIME text: parts between lines that begin with the boundary. */
class MimeParts implements PartReader {
  readonly #delimiter: Uint8Array
  #state: 'preamble' | 'line' | 'fields' | 'body' | 'over'
  #held: Uint8Array
  /** Offset in the body of the first byte held. */
  #at: number

  constructor(boundary: string, inside: number | null) {
    this.#delimiter = utf8Bytes(`\r\n--${boundary}`)
    this.#state = inside === null ? 'preamble' : 'body'
    // The first delimiter may stand at the very beginning, where no line ends before it.
    this.#held = inside === null ? utf8Bytes('\r\n') : NONE
    this.#at = inside ?? -2
  }

  read(piece: Uint8Array): PartEvent[] {
    this.#held = this.#held.length === 0 ? piece : concat([this.#held, piece])
    const events: PartEvent[] = []
    while (this.#step(events));
    return events
  }

  #drop(count: number): Uint8Array {
    const gone = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    this.#at += count
    return gone
  }

  /** One move; false where more bytes are needed. */
  #step(events: PartEvent[]): boolean {
    switch (this.#state) {
      case 'preamble':
      case 'body':
        return this.#content(events)
      case 'line':
        return this.#line()
      case 'fields':
        return this.#fields(events)
      case 'over':
        this.#drop(this.#held.length)
        return false
      default:
        return this.#state satisfies never
    }
  }

  #content(events: PartEvent[]): boolean {
    const body = this.#state === 'body'
    const end = find(this.#held, this.#delimiter)
    const safe = end >= 0 ? end : Math.max(0, this.#held.length - this.#delimiter.length + 1)
    const bytes = this.#drop(safe)
    if (body && bytes.length > 0) events.push({ what: 'data', bytes: bytes.slice() })
    if (!body && this.#at > MOST) throw new CombinedError(this.#at, `no part begins within ${String(MOST)} bytes`)
    if (end < 0) return false
    if (body) events.push({ what: 'end' })
    this.#drop(this.#delimiter.length)
    this.#state = 'line'
    return true
  }

  /** The rest of a delimiter's line: `--` where it was the last. */
  #line(): boolean {
    const end = find(this.#held, BLANK.subarray(0, 2))
    if (this.#held[0] === 0x2d && this.#held[1] === 0x2d) {
      this.#state = 'over'
      return true
    }
    if (end < 0) {
      if (this.#held.length > 200) throw new CombinedError(this.#at, 'the line of a boundary does not end')
      return false
    }
    if (latin1Text(this.#drop(end)).trim() !== '') throw new CombinedError(this.#at, 'a boundary is followed by other text')
    this.#state = 'fields'
    return true
  }

  /** The line's end still stands before the fields: a part without any begins with an empty line. */
  #fields(events: PartEvent[]): boolean {
    const end = find(this.#held, BLANK)
    if (end < 0) {
      if (this.#held.length > MOST) throw new CombinedError(this.#at, 'the header fields of a part do not end')
      return false
    }
    const fields = latin1Text(this.#drop(end + BLANK.length)).replace(/\r\n[ \t]+/g, ' ')
    const value = (name: string): string => new RegExp(`^${name}\\s*:(.*)$`, 'im').exec(fields)?.[1]?.trim() ?? ''
    const coding = value('Content-Transfer-Encoding').toLowerCase()
    if (!['', 'binary', '8bit', '7bit'].includes(coding)) throw new CombinedError(this.#at, `a part comes in ${coding}, which HTTP does not need`)
    events.push({ what: 'part', contentType: value('Content-Type'), at: this.#at })
    this.#state = 'body'
    return true
  }
}

/** The binary form: a count, then for each part two lengths, its content type with fields, its bytes. */
class WspParts implements PartReader {
  #state: 'count' | 'lengths' | 'fields' | 'body' | 'over'
  #held: Uint8Array = NONE
  #at: number
  #entries = 1
  #fields = 0
  #left: number

  constructor(inside: { readonly at: number; readonly left: number } | null) {
    this.#state = inside === null ? 'count' : 'body'
    this.#at = inside?.at ?? 0
    this.#left = inside?.left ?? 0
  }

  read(piece: Uint8Array): PartEvent[] {
    this.#held = this.#held.length === 0 ? piece : concat([this.#held, piece])
    const events: PartEvent[] = []
    while (this.#step(events));
    return events
  }

  #drop(count: number): Uint8Array {
    const gone = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    this.#at += count
    return gone
  }

  #step(events: PartEvent[]): boolean {
    switch (this.#state) {
      case 'count': {
        const count = this.#numbers(1)
        if (count === null) return false
        this.#entries = count[0] ?? 0
        this.#state = this.#entries === 0 ? 'over' : 'lengths'
        return true
      }
      case 'lengths': {
        const lengths = this.#numbers(2)
        if (lengths === null) return false
        ;[this.#fields = 0, this.#left = 0] = lengths
        if (this.#fields > MOST) throw new CombinedError(this.#at, `a part has ${String(this.#fields)} bytes of header fields`)
        this.#state = 'fields'
        return true
      }
      case 'fields': {
        if (this.#held.length < this.#fields) return false
        const contentType = wspType(this.#drop(this.#fields))
        events.push({ what: 'part', contentType, at: this.#at })
        this.#state = 'body'
        return true
      }
      case 'body': {
        const bytes = this.#drop(Math.min(this.#left, this.#held.length))
        if (bytes.length > 0) events.push({ what: 'data', bytes: bytes.slice() })
        this.#left -= bytes.length
        if (this.#left > 0) return false
        events.push({ what: 'end' })
        this.#entries -= 1
        this.#state = this.#entries > 0 ? 'lengths' : 'over'
        return true
      }
      case 'over':
        this.#drop(this.#held.length)
        return false
      default:
        return this.#state satisfies never
    }
  }

  /** So many uintvars (WAP-230 clause 8.1.2), all or none. */
  #numbers(count: number): number[] | null {
    const numbers: number[] = []
    let at = 0
    while (numbers.length < count) {
      let value = 0
      for (let octets = 0; ; octets++) {
        if (octets === 5) throw new CombinedError(this.#at + at, 'a length of more than five octets')
        const octet = this.#held[at]
        if (octet === undefined) return null
        at += 1
        value = value * 128 + (octet & 0x7f)
        if (octet < 0x80) break
      }
      numbers.push(value)
    }
    this.#drop(at)
    return numbers
  }
}

/** Content type of a part in WSP's form, where it is spelled out; '' for a number of the WSP table (WAP-230 clause 8.4.2.24). */
function wspType(fields: Uint8Array): string {
  const [first = 0] = fields
  // General form: a length before it, of one octet or as a uintvar behind 31.
  const rest = first < 31 ? fields.subarray(1) : first === 31 ? fields.subarray(2) : fields
  const end = rest.indexOf(0)
  return (rest[0] ?? 0x80) >= 0x80 || end < 0 ? '' : latin1Text(rest.subarray(0, end)).replace(/^\x7f/, '')
}

/** What stands around an object of `size` bytes so that it travels together with its descriptor. */
export interface Wrapping {
  readonly contentType: string
  readonly head: Uint8Array
  readonly tail: Uint8Array
}

/** Address by which a descriptor names the object that comes with it (RFC 2392). */
export const WITH_IT = 'cid:object@dm-lab'

/** Builds the body around the object: `boundary` must not stand in it (a digest of the object does not). */
export function wrapped(
  form: Form,
  descriptor: { readonly type: string; readonly text: string },
  object: { readonly type: string; readonly size: number },
): Wrapping {
  const text = utf8Bytes(descriptor.text)
  if (form.kind === 'wsp') {
    const entry = (type: string, size: number): number[] => {
      const name = [...utf8Bytes(type), 0]
      return [...uintvar(name.length), ...uintvar(size), ...name]
    }
    const head = concat([new Uint8Array([2, ...entry(descriptor.type, text.length)]), text, new Uint8Array(entry(object.type, object.size))])
    return { contentType: 'application/vnd.wap.multipart.related', head, tail: NONE }
  }
  const line = `--${form.boundary}`
  const first = `${line}\r\nContent-Type: ${descriptor.type}\r\n\r\n`
  const second = `\r\n${line}\r\nContent-Type: ${object.type}\r\nContent-ID: <${WITH_IT.slice(4)}>\r\nContent-Transfer-Encoding: binary\r\n\r\n`
  return {
    contentType: `multipart/related; type="${descriptor.type}"; boundary="${form.boundary}"`,
    head: concat([utf8Bytes(first), text, utf8Bytes(second)]),
    tail: utf8Bytes(`\r\n${line}--\r\n`),
  }
}

function uintvar(value: number): number[] {
  const octets = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 + (rest % 128))
  return octets
}
