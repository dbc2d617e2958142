// The characters of an XML document: octets to text, references resolved, line ends and control characters as XML 1.0 has them.
import type { Characters } from './charset.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Findings } from './reading.ts'
import { latin1Text, utf8Lossy, utf8Text } from './text.ts'
import { LONGEST, word } from './words.ts'

/** Classes of octets in character data; several may be true of one text. */
export const STOP = 1
const AMP = 2
export const ODD = 4
export const HIGH = 8
export const WORD = 16
export const CLASS = new Uint8Array(256)
for (let c = 0; c < 256; c++) CLASS[c] = c >= 0x80 ? HIGH | WORD : c > 0x20 ? WORD : c === 0x20 || c === 0x09 || c === 0x0a ? 0 : ODD
CLASS[0x3c] = STOP
CLASS[0x26] = AMP | WORD

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const sourceText = new TextDecoder('windows-1252')

/** One document's octets. Indices count its ASCII-compatible octets; `at` leads back to the original ones. */
export class XmlText {
  readonly bytes: Uint8Array
  readonly end: number
  private readonly map: Uint32Array | null
  private readonly latin1: boolean
  private readonly findings: Findings
  private readonly limits: Limits
  private referencesLeft: number
  private whole: string | null = null

  constructor(characters: Characters, limits: Limits, findings: Findings) {
    this.bytes = characters.bytes
    this.end = characters.bytes.length
    this.map = characters.map
    this.latin1 = characters.latin1
    this.findings = findings
    this.limits = limits
    this.referencesLeft = limits.references
  }

  /** The octets one character each; right wherever an octet is ASCII. Most documents are read without it. */
  get source(): string {
    return (this.whole ??= sourceText.decode(this.bytes))
  }

  /** Octets that are ASCII, as text. */
  ascii(start: number, end: number): string {
    return end - start <= LONGEST ? word(this.bytes, start, end) : this.source.slice(start, end)
  }

  /** Original offset of an index. */
  at(index: number): number {
    return this.map === null ? index : (this.map[index] as number)
  }

  fail(reason: string, index: number): never {
    throw new CodecError(reason, this.at(Math.min(index, this.end)))
  }

  /** Octets as characters: no reference is resolved. */
  decode(start: number, end: number, what: 'name' | 'text'): string {
    const { bytes } = this
    let all = 0
    for (let p = start; p < end; p++) all |= bytes[p] as number
    if (all < 0x80) return this.ascii(start, end)
    const octets = bytes.subarray(start, end)
    if (this.latin1) return latin1Text(octets)
    const text = utf8Text(octets)
    if (text !== null) return text
    if (what === 'name') return utf8Lossy(octets)
    this.findings.add(
      'xml.utf8',
      'warn',
      'XML',
      '4.3.3',
      'octets that are not UTF-8; read as ISO-8859-1',
      this.at(start),
      this.at(end) - this.at(start),
    )
    return latin1Text(octets)
  }

  /** Characters as they stand, of CDATA: no reference is resolved, but line ends and control characters are treated. */
  literal(start: number, end: number, flags: number): string {
    return this.odd(this.decode(start, end, 'text'), start, end, flags)
  }

  /** Character data or an attribute value with everything in it that needs work: references, line ends, control characters. */
  text(start: number, end: number, flags: number): string {
    if ((flags & AMP) === 0) return this.literal(start, end, flags)
    const { bytes } = this
    let text = ''
    let from = start
    for (let p = start; p < end; p++) {
      if (bytes[p] !== 0x26) continue
      if (p > from) text += this.literal(from, p, flags)
      const stop = this.referenceEnd(p, end)
      text += this.reference(p, stop)
      p = stop
      from = stop + 1
    }
    return from < end ? text + this.literal(from, end, flags) : text
  }

  /** Line ends become LF (XML 2.11); NUL, which XML does not have, is left out and told; other controls are kept and told. */
  private odd(text: string, start: number, end: number, flags: number): string {
    if ((flags & ODD) === 0) return text
    for (let p = start; p < end; p++) {
      const c = this.bytes[p] as number
      if ((CLASS[c] as number) !== ODD || c === 0x0d) continue
      const what = c === 0 ? 'NUL inside text; left out' : `control character ${String(c)} inside text`
      this.findings.add(c === 0 ? 'xml.nul' : 'xml.char', 'warn', 'XML', '2.2', what, this.at(p), this.at(p + 1) - this.at(p))
    }
    return text.replaceAll('\0', '').replace(/\r\n?/g, '\n')
  }

  private referenceEnd(start: number, end: number): number {
    const last = Math.min(end, start + 16)
    for (let p = start + 1; p < last; p++) if (this.bytes[p] === 0x3b) return p
    return this.fail('"&" does not begin a reference', start)
  }

  private reference(start: number, semicolon: number): string {
    const name = this.source.slice(start + 1, semicolon)
    const entity = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
    if (entity !== undefined) return entity
    if (!/^#(?:[0-9]{1,10}|x[0-9A-Fa-f]{1,8})$/.test(name)) this.fail(`the entity &${name}; is not known; only the five predefined ones are`, start)
    if (--this.referencesLeft < 0) this.fail(`more than ${String(this.limits.references)} numeric references`, start)
    const point = name.startsWith('#x') ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10)
    if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) this.fail(`&${name}; is no character`, start)
    if (point < 0x20 && point !== 9 && point !== 10 && point !== 13) {
      this.findings.add(
        'xml.char',
        'warn',
        'XML',
        '4.1',
        `&${name}; is a character XML 1.0 does not allow`,
        this.at(start),
        this.at(semicolon + 1) - this.at(start),
      )
    }
    return String.fromCodePoint(point)
  }
}
