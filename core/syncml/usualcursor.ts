// Goes over the octets of an XML document that has nothing unusual in it: known names, plain text, no attributes but namespaces. It stops at anything else.
import { codeOf } from './parts.ts'
import { knownName } from './names.ts'
import { utf8Text } from './text.ts'
import { LONGEST, mixed, word } from './words.ts'

/** Thrown where the document is not of the usual form. */
export const UNUSUAL = new Error('not a document of the usual form')

/** 1 for octets that stand for themselves in text. */
const PLAIN = new Uint8Array(256).fill(1, 0x20)
PLAIN.set([1, 1], 0x09)
for (const special of '<&') PLAIN[special.charCodeAt(0)] = 0

const XMLNS = new TextEncoder().encode(' xmlns=')

/** A place in the octets. What reads an element begins behind its name and ends behind its end tag; all throw UNUSUAL. */
export class UsualCursor {
  protected readonly bytes: Uint8Array
  protected pos = 0
  /** Where the name of the element read last stands. */
  protected start = 0
  private end = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Goes to the next child and behind its name, which is given; '' where the end tag comes instead. */
  protected child(): string {
    const { bytes } = this
    this.blanks()
    const start = this.pos + 1
    if (bytes[start - 1] !== 0x3c) throw UNUSUAL
    if (bytes[start] === 0x2f) return ''
    let p = start
    while (isLetter(bytes[p])) p += 1
    this.start = start
    this.end = this.pos = p
    return knownName(bytes, start, p)?.name ?? '?'
  }

  /** Where its name begins. */
  protected enter(): number {
    if (this.bytes[this.pos] !== 0x3e) throw UNUSUAL
    this.pos += 1
    return this.start
  }

  /** Takes the end tag of the element whose name begins there, and gives where it ends. */
  protected leave(start: number): number {
    const { bytes } = this
    let p = this.pos + 2
    for (let i = start; isLetter(bytes[i]); i += 1) if (bytes[p++] !== bytes[i]) throw UNUSUAL
    if (bytes[p] !== 0x3e) throw UNUSUAL
    return (this.pos = p + 1)
  }

  protected empty(): true {
    if (this.text() !== '') throw UNUSUAL
    return true
  }

  protected number(): number {
    const value = codeOf(this.text())
    if (Number.isNaN(value)) throw UNUSUAL
    return value
  }

  /** Text without anything around it. */
  protected word(): string {
    const text = this.text()
    if (text !== '' && (text.charCodeAt(0) <= 0x20 || text.charCodeAt(text.length - 1) <= 0x20)) throw UNUSUAL
    return text
  }

  protected text(): string {
    const { bytes, pos } = this
    if (bytes[pos] === 0x2f && bytes[pos + 1] === 0x3e) {
      this.pos = pos + 2
      return ''
    }
    if (bytes[pos] !== 0x3e) throw UNUSUAL
    const { length } = bytes
    const from = pos + 1
    let to = from
    let hash = 0
    let all = 0
    for (; to < length; to += 1) {
      const c = bytes[to] as number
      if (PLAIN[c] === 0) break
      hash = mixed(hash, c)
      all |= c
    }
    if (bytes[to] !== 0x3c || bytes[to + 1] !== 0x2f) throw UNUSUAL
    let p = to + 2
    for (let i = this.start; i < this.end; i += 1) if (bytes[p++] !== bytes[i]) throw UNUSUAL
    if (bytes[p] !== 0x3e) throw UNUSUAL
    this.pos = p + 1
    if (all < 0x80 && to - from <= LONGEST) return word(bytes, from, to, hash)
    const text = utf8Text(bytes.subarray(from, to))
    if (text === null) throw UNUSUAL
    return text
  }

  protected blanks(): void {
    const { bytes } = this
    let c = bytes[this.pos]
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++this.pos]
  }

  /** Takes the one attribute there may be: a default namespace, one of these. */
  protected namespace(names: readonly Uint8Array[]): void {
    if (!this.has(XMLNS)) throw UNUSUAL
    const quote = this.bytes[this.pos + XMLNS.length]
    if (quote !== 0x22 && quote !== 0x27) throw UNUSUAL
    this.pos += XMLNS.length + 1
    for (const name of names) {
      if (!this.has(name)) continue
      this.pos += name.length
      if (this.bytes[this.pos++] !== quote) throw UNUSUAL
      return
    }
    throw UNUSUAL
  }

  /** True where these octets come next. */
  protected has(expected: Uint8Array): boolean {
    const { bytes, pos } = this
    for (let i = 0; i < expected.length; i += 1) if (bytes[pos + i] !== expected[i]) return false
    return true
  }
}

function isLetter(c: number | undefined): boolean {
  const low = (c ?? 0) | 0x20
  return low >= 0x61 && low <= 0x7a
}
