// The octets of one WBXML document and its header: integers, strings, the string table; every read is checked against the end.
import type { Range } from './element.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import { type Findings, hex, type Recorder } from './reading.ts'
import { latin1Text, utf8Text } from './text.ts'
import { type Language, LANGUAGES, PUBLIC_IDS } from './tokens.ts'
import { LONGEST, word } from './words.ts'

/** How a WBXML document was written, as far as a reply in kind needs it. */
export interface WbxmlForm {
  /** Version octet: 0 = WBXML 1.0 … 3 = WBXML 1.3. */
  readonly version: number
  /** Numeric public identifier; 0 where it is textual. */
  readonly publicId: number
  /** The identifier as text: from the string table, or the registered text of the number; '' where unknown. */
  readonly publicText: string
  /** Language the tables were taken from. */
  readonly language: Language['name']
  /** IANA MIBenum: 106 is UTF-8. */
  readonly charset: number
  /** String table, without its length field. */
  readonly table: Range
  /** Count of text tokens by kind, attributes not counted. */
  readonly inline: number
  readonly tableRefs: number
  readonly opaques: number
}

const singleOctets = new TextDecoder('windows-1252')
const ascii = new TextDecoder()
const masked = new Uint8Array(8192)

/** One character an octet, right where the octet is ASCII. Clearing the top bit of a short document first is the faster way. */
function sourceText(bytes: Uint8Array): string {
  const { length } = bytes
  if (length > masked.length) return singleOctets.decode(bytes)
  for (let i = 0; i < length; i++) masked[i] = (bytes[i] as number) & 0x7f
  return ascii.decode(masked.subarray(0, length))
}

const MAX = 0xffffffff

/** A document being read; `pos` is the next octet. */
export class WbxmlCursor {
  readonly bytes: Uint8Array
  readonly end: number
  readonly limits: Limits
  readonly findings: Findings
  pos: number
  /** The whole of `bytes` read one character an octet; right wherever the octets are ASCII. */
  readonly source: string
  language: Language = LANGUAGES.unknown
  charset = 106
  /** Counted by the reader of the body. */
  inline = 0
  tableRefs = 0
  opaques = 0
  publicId = 0
  private outputLeft: number
  private version = 0
  private publicText = ''
  private tableStart = 0
  private tableEnd = 0

  /** `source` is handed on to a document inside the same octets. Throws CodecError for a bad header. */
  constructor(bytes: Uint8Array, start: number, end: number, limits: Limits, findings: Findings, recorder: Recorder | null, source?: string) {
    this.bytes = bytes
    this.pos = start
    this.end = end
    this.limits = limits
    this.findings = findings
    this.outputLeft = Math.max(limits.outputFloor, limits.outputRatio * (end - start))
    if (end - start > limits.bytes) this.fail(`the document is longer than ${String(limits.bytes)} octets`, start)
    this.source = source ?? sourceText(bytes)
    this.header(recorder)
  }

  form(): WbxmlForm {
    const { version, publicId, publicText, charset, inline, tableRefs, opaques } = this
    const table = { start: this.tableStart, end: this.tableEnd }
    return { version, publicId, publicText, language: this.language.name, charset, table, inline, tableRefs, opaques }
  }

  private header(recorder: Recorder | null): void {
    const { bytes } = this
    const start = this.pos
    if (start >= this.end) this.fail('empty document: no version octet')
    this.version = bytes[this.pos++] as number
    if (this.version > 3) this.fail(`version octet ${hex(this.version)} is no WBXML 1.0 to 1.3`, start)
    if (this.version === 0) this.findings.add('wbxml.version', 'note', 'REP', 'WBXML usage', 'WBXML 1.0: a peer must send 1.1, 1.2 or 1.3', start, 1)
    recorder?.add('version', start, this.pos, `WBXML 1.${String(this.version)}`)
    const publicAt = this.pos
    this.publicId = this.mb('public identifier')
    let publicIndex = this.publicId === 0 ? this.mb('public identifier index') : -1
    const publicEnd = this.pos
    this.charset = this.mb('charset')
    this.checkCharset(publicEnd)
    const charsetEnd = this.pos
    const length = this.mb('string table length')
    if (length > this.end - this.pos) this.fail(`the string table of ${String(length)} octets is longer than the rest of the document`, charsetEnd)
    this.tableStart = this.pos
    this.tableEnd = this.pos = this.pos + length
    // The first string of a table without any: some encoders say so that they name none.
    if (publicIndex === 0 && length === 0) {
      this.publicId = 1
      publicIndex = -1
    }
    this.identify(publicIndex, publicAt, publicEnd - publicAt)
    if (recorder !== null) {
      const label = this.publicText === '' ? hex(this.publicId) : this.publicText
      recorder.add('publicId', publicAt, publicEnd, label, undefined, publicIndex < 0 ? undefined : this.tableRange(publicIndex, publicAt))
      recorder.add('charset', publicEnd, charsetEnd, this.charset === 106 ? 'UTF-8' : `charset ${String(this.charset)}`)
      recorder.add('stringTable', charsetEnd, this.pos, `string table, ${String(length)} octets`)
    }
  }

  private checkCharset(at: number): void {
    const charset = this.charset
    if (charset === 106) return
    if (charset !== 0 && charset !== 3 && charset !== 4) this.fail(`charset ${String(charset)} is not supported (106, 3, 4 and 0 are)`, at)
    const as = charset === 4 ? 'read as ISO-8859-1' : 'read as UTF-8'
    this.findings.add('wbxml.charset', 'note', 'WBXML', '5.6', `charset ${String(charset)} ${as}; 106 (UTF-8) is usual`, at, this.pos - at)
  }

  /** Finds the language the public identifier announces. */
  private identify(index: number, at: number, length: number): void {
    if (index < 0) {
      const known = PUBLIC_IDS.find((id) => id.number === this.publicId)
      this.publicText = known?.text ?? ''
      this.language = known?.language ?? (this.publicId === 1 ? LANGUAGES.syncml : LANGUAGES.unknown)
    } else {
      const range = this.tableRange(index, at)
      this.publicText = this.decode(range.start, range.end, false)
      this.language = PUBLIC_IDS.find((id) => id.text.toLowerCase() === this.publicText.toLowerCase())?.language ?? LANGUAGES.unknown
    }
    if (this.publicId === 1 || this.language === LANGUAGES.unknown) {
      const what =
        this.publicId === 1
          ? 'no public identifier; read with the SyncML code pages'
          : `public identifier ${this.publicText || hex(this.publicId)} is not known here`
      this.findings.add('wbxml.publicid.unknown', 'warn', 'WBXML', '5.5', what, at, length)
    }
  }

  fail(reason: string, at = this.pos): never {
    throw new CodecError(reason, at)
  }

  /** Multi-byte integer (WBXML 5.1): at most five octets, at most 2^32-1. */
  mb(what: string): number {
    const start = this.pos
    let value = 0
    for (let i = 0; i < 5; i++) {
      if (this.pos >= this.end) this.fail(`the document ends inside the ${what}`, start)
      const octet = this.bytes[this.pos++] as number
      value = value * 128 + (octet & 0x7f)
      if (octet < 0x80) {
        if (value > MAX) this.fail(`the ${what} is above 2^32-1`, start)
        return value
      }
    }
    return this.fail(`the ${what} is a multi-byte integer of more than 5 octets`, start)
  }

  /** True where the document has no string table. */
  get tableless(): boolean {
    return this.tableEnd === this.tableStart
  }

  /** Refuses an index that lies outside the string table. `at` is the token. */
  checkIndex(index: number, at: number): void {
    const length = this.tableEnd - this.tableStart
    if (index >= length) this.fail(`offset ${String(index)} lies outside the string table of ${String(length)} octets`, at)
  }

  /** The string that starts at `index` of the string table, without its NUL (a last string may lack it). */
  tableRange(index: number, at: number): Range {
    this.checkIndex(index, at)
    const start = this.tableStart + index
    let end = start
    while (end < this.tableEnd && this.bytes[end] !== 0) end++
    return { start, end }
  }

  /** Position of the NUL of an inline string; moves behind it. `at` is the token. */
  inlineEnd(at: number): number {
    const { bytes, end } = this
    let p = this.pos
    while (p < end && bytes[p] !== 0) p++
    if (p >= end) this.fail('inline string without its NUL', at)
    this.pos = p + 1
    return p
  }

  spend(octets: number, at: number): void {
    this.outputLeft -= octets
    if (this.outputLeft < 0) this.fail(`the text is more than ${String(this.limits.outputRatio)} times the document`, at)
  }

  /** Octets as text; what is no UTF-8 is read as ISO-8859-1, with a finding. */
  decode(start: number, end: number, tell: boolean): string {
    const { bytes } = this
    let all = 0
    for (let p = start; p < end; p++) all |= bytes[p] as number
    if (all < 0x80) return end - start <= LONGEST ? word(bytes, start, end) : this.source.slice(start, end)
    const octets = bytes.subarray(start, end)
    if (this.charset === 4) return latin1Text(octets)
    const text = utf8Text(octets)
    if (text !== null) return text
    if (tell) this.findings.add('wbxml.utf8', 'warn', 'WBXML', '5.8.4.1', 'the string is not UTF-8; read as ISO-8859-1', start, end - start)
    return latin1Text(octets)
  }

  tableText(range: Range, at: number): string {
    this.spend(range.end - range.start, at)
    return this.decode(range.start, range.end, true)
  }

  skipExtension(octet: number, at: number): void {
    if (octet >= 0x40 && octet <= 0x42) this.inlineEnd(at)
    else if (octet >= 0x80 && octet <= 0x82) this.mb('extension')
    else if (octet < 0xc0 || octet > 0xc2) this.fail(`token ${hex(octet)} is not allowed here`, at)
  }
}
