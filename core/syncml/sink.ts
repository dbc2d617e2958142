// What a writer takes: start, text, octets, end. Tags are looked up once, so that writing a known element copies bytes.
import type { Element, Vocabulary } from './element.ts'
import { DEVINF11, DEVINF12, DMDDF, METINF, PROV0, SYNCML } from './tokens.ts'

/** A known element as both encodings write it. */
export interface Tag {
  readonly vocabulary: Vocabulary
  readonly name: string
  /** Code page in a document of its own language, and its six-bit code there. */
  readonly page: number
  readonly code: number
  /** `<Name` and `</Name>`. */
  readonly open: Uint8Array
  readonly close: Uint8Array
}

/** Takes one document in order. */
export interface Sink {
  start(tag: Tag): void
  /** Character data; '' writes nothing. */
  text(text: string): void
  octets(octets: Uint8Array): void
  end(): void
  /** start, text and end in one; the way most elements go. */
  leaf(tag: Tag, text: string): void
  /** A whole element as it was kept, of any vocabulary. */
  tree(element: Element): void
}

/** A sink that makes a document, and can take its end back. */
export interface Roll extends Sink {
  /** False once it met a character that no plain text has (see plain.ts). True where it does not look at each: whoever writes looks then. */
  readonly clean: boolean
  /** Octets of the document were it closed behind this empty element. */
  lengthWith(tag: Tag): number
  /** Remembers where it stands, in place of what it remembered before. */
  mark(): void
  /** Takes back what came since `mark`, however far that got. */
  back(): void
  /** The document; nothing more can be written. */
  result(): Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()

/** Known tags of a vocabulary by name. */
export const TAGS: Readonly<Record<Vocabulary, ReadonlyMap<string, Tag>>> = {
  syncml: tags('syncml', 0, SYNCML.codes),
  metinf: tags('metinf', 1, METINF.codes),
  dmddf: tags('dmddf', 2, DMDDF.codes),
  devinf: tags('devinf', 0, new Map([...DEVINF11.codes, ...DEVINF12.codes])),
  prov: tags('prov', 0, PROV0.codes),
  other: new Map(),
}

function tags(vocabulary: Vocabulary, page: number, codes: ReadonlyMap<string, number>): ReadonlyMap<string, Tag> {
  return new Map(
    [...codes].map(([name, code]) => [name, { vocabulary, name, page, code, open: encoder.encode(`<${name}`), close: encoder.encode(`</${name}>`) }]),
  )
}

/** A tag that is certain to exist; a wrong name is a mistake of ours and stops the program at its start. */
export function tag(vocabulary: Vocabulary, name: string): Tag {
  const found = TAGS[vocabulary].get(name)
  if (found === undefined) throw new Error(`no tag ${name} in ${vocabulary}`)
  return found
}

const MAX_SPARE = 1 << 18
const EMPTY = new Uint8Array(0)

/** A buffer that the next writer takes over: making one costs more than writing a small message. */
let spare: Uint8Array<ArrayBuffer> | null = null

/** Results of at most so many octets share a block: one of their own would cost more than to write them. */
const SHARED = 1 << 12
const BLOCK = 1 << 14
let block = new Uint8Array(BLOCK)
let taken = 0

/** Octets of one's own; a few are part of a block, so what is to be kept for long is better copied once more. */
function fresh(length: number): Uint8Array<ArrayBuffer> {
  if (length > SHARED) return new Uint8Array(length)
  if (taken + length > BLOCK) {
    block = new Uint8Array(BLOCK)
    taken = 0
  }
  return block.subarray(taken, (taken += length))
}

/** Bytes being written; grows as needed. */
export class Out {
  bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor() {
    this.bytes = spare ?? new Uint8Array(8192)
    spare = null
  }

  /** Makes room for `count` more octets. */
  room(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  octet(value: number): void {
    if (this.length === this.bytes.length) this.room(1)
    this.bytes[this.length++] = value
  }

  /** Copies short octets, such as a tag. */
  short(octets: Uint8Array): void {
    const count = octets.length
    this.room(count)
    const { bytes } = this
    let to = this.length
    for (let i = 0; i < count; i++) bytes[to++] = octets[i] as number
    this.length = to
  }

  /** Copies as much of a text as there is room for, without counting it in; gives the octets. */
  utf8(text: string): number {
    return encoder.encodeInto(text, this.bytes.subarray(this.length)).written
  }

  octets(octets: Uint8Array): void {
    this.room(octets.length)
    this.bytes.set(octets, this.length)
    this.length += octets.length
  }

  /** UTF-8 of one code point (or of a lone surrogate, in the same pattern). */
  point(point: number): void {
    this.room(4)
    if (point < 0x80) this.octet(point)
    else if (point < 0x800) {
      this.octet(0xc0 | (point >> 6))
      this.octet(0x80 | (point & 63))
    } else if (point < 0x10000) {
      this.octet(0xe0 | (point >> 12))
      this.octet(0x80 | ((point >> 6) & 63))
      this.octet(0x80 | (point & 63))
    } else {
      this.octet(0xf0 | (point >> 18))
      this.octet(0x80 | ((point >> 12) & 63))
      this.octet(0x80 | ((point >> 6) & 63))
      this.octet(0x80 | (point & 63))
    }
  }

  /** Multi-byte integer (WBXML 5.1), shortest form. */
  mb(value: number): void {
    if (value >= 128) {
      let shift = 128
      while (value >= shift * 128) shift *= 128
      for (; shift >= 128; shift /= 128) this.octet(0x80 | (Math.floor(value / shift) & 0x7f))
    }
    this.octet(value & 0x7f)
  }

  /** A copy of what was written, what stands behind `first` octets before those; the writer is at its end. */
  result(first = 0): Uint8Array<ArrayBuffer> {
    const result = fresh(this.length)
    result.set(this.bytes.subarray(first, this.length))
    if (first > 0) result.set(this.bytes.subarray(0, first), this.length - first)
    this.end()
    return result
  }

  /** Gives the buffer to the next writer. */
  end(): void {
    if (this.bytes.length <= MAX_SPARE) spare = this.bytes
    this.bytes = EMPTY
    this.length = 0
  }
}
