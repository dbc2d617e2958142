// Reads WBXML 1.0 to 1.3 into elements; every step takes at least one byte, every offset is checked, and CodecError is the only way to fail.
import type { Range, Vocabulary } from './element.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import { provAttribute, provValue } from './prov.ts'
import { Findings, dropSpace, hex, NO_CHILDREN, type Node, type Recorder } from './reading.ts'
import { concat, isXmlText, latin1Text, utf8Bytes, utf8Text } from './text.ts'
import { type CodePage, KNOWN_NAMES, type Language, LANGUAGES, PUBLIC_IDS } from './tokens.ts'

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

export class WbxmlReader {
  readonly bytes: Uint8Array
  readonly end: number
  readonly limits: Limits
  readonly findings: Findings
  readonly recorder: Recorder | null
  pos: number
  /** The whole of `bytes` read one character an octet; right wherever the octets are ASCII. */
  private source = ''
  private outputLeft: number
  private elementsLeft: number
  private treeAllowed = false
  private maxDepth: number
  private nested: boolean
  private version = 0
  private publicId = 0
  private publicText = ''
  private language: Language = LANGUAGES.unknown
  private charset = 106
  private tableStart = 0
  private tableEnd = 0
  private inline = 0
  private tableRefs = 0
  private opaques = 0
  private page = 0
  private attributePage = 0
  private root: Node | null = null
  private open: Node[] = []
  /** Per depth: the octets of a text that has pieces that are no text. */
  private pieces: (Uint8Array[] | null)[] = []

  constructor(bytes: Uint8Array, start: number, end: number, limits: Limits, findings: Findings, recorder: Recorder | null, nested = false) {
    this.bytes = bytes
    this.pos = start
    this.end = end
    this.limits = limits
    this.findings = findings
    this.recorder = recorder
    this.nested = nested
    this.outputLeft = Math.max(limits.outputFloor, limits.outputRatio * (end - start))
    this.elementsLeft = limits.elements
    this.maxDepth = limits.depth
  }

  /** Reads header and body. Throws CodecError. */
  read(source?: string): Node {
    if (this.end - this.pos > this.limits.bytes) throw new CodecError(`the document is longer than ${String(this.limits.bytes)} octets`, this.pos)
    this.source = source ?? sourceText(this.bytes)
    this.header()
    const root = this.body()
    if (this.pos < this.end) this.trailing()
    return root
  }

  form(): WbxmlForm {
    const { version, publicId, publicText, charset, inline, tableRefs, opaques } = this
    const table = { start: this.tableStart, end: this.tableEnd }
    return { version, publicId, publicText, language: this.language.name, charset, table, inline, tableRefs, opaques }
  }

  private fail(reason: string, at = this.pos): never {
    throw new CodecError(reason, at)
  }

  private header(): void {
    const { bytes, recorder } = this
    const start = this.pos
    if (start >= this.end) this.fail('empty document: no version octet')
    this.version = bytes[this.pos++] as number
    if (this.version > 3) this.fail(`version octet ${hex(this.version)} is no WBXML 1.0 to 1.3`, start)
    if (this.version === 0) this.findings.add('wbxml.version', 'note', 'REP', '7', 'WBXML 1.0: a peer must send 1.1, 1.2 or 1.3', start, 1)
    recorder?.add('version', start, this.pos, `WBXML 1.${String(this.version)}`)
    const publicAt = this.pos
    this.publicId = this.mb('public identifier')
    const publicIndex = this.publicId === 0 ? this.mb('public identifier index') : -1
    const publicEnd = this.pos
    this.charset = this.mb('charset')
    this.checkCharset(publicEnd)
    const charsetEnd = this.pos
    const length = this.mb('string table length')
    if (length > this.end - this.pos) this.fail(`the string table of ${String(length)} octets is longer than the rest of the document`, charsetEnd)
    this.tableStart = this.pos
    this.tableEnd = this.pos = this.pos + length
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

  /** Multi-byte integer (WBXML 5.1): at most five octets, at most 2^32-1. */
  private mb(what: string): number {
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

  /** The string that starts at `index` of the string table, without its NUL (a last string may lack it). */
  private tableRange(index: number, at: number): Range {
    const start = this.tableStart + index
    if (start >= this.tableEnd)
      this.fail(`offset ${String(index)} lies outside the string table of ${String(this.tableEnd - this.tableStart)} octets`, at)
    let end = start
    while (end < this.tableEnd && this.bytes[end] !== 0) end++
    return { start, end }
  }

  private body(): Node {
    const { bytes, end } = this
    for (;;) {
      if (this.pos >= end) {
        const last = this.open.at(-1)
        this.fail(last === undefined ? 'the document has no element' : `the document ends inside ${last.name}`, this.pos)
      }
      const octet = bytes[this.pos] as number
      if ((octet & 0x3f) > 4) this.tag(octet)
      else if (octet === 0x01) this.endTag()
      else this.global(octet)
      if (this.open.length === 0 && this.root !== null) return this.root
    }
  }

  private tag(octet: number): void {
    const at = this.pos++
    const page = this.language.pages[this.page]
    const name = page === undefined ? '' : (page.names[octet & 0x3f] as string)
    if (page === undefined || name === '') this.unknownTag(octet, at)
    else this.start(octet, at, page.vocabulary, name)
  }

  private unknownTag(octet: number, at: number): void {
    const code = octet & 0x3f
    const name = `?${String(this.page)}:${hex(code)}`
    this.findings.add('wbxml.token.unknown', 'warn', 'WBXML', '5.8.4', `page ${String(this.page)} has no tag ${hex(code)}`, at, 1)
    const node = this.start(octet, at, 'other', name)
    node.token = { page: this.page, code }
  }

  private start(octet: number, at: number, vocabulary: Vocabulary, name: string): Node {
    if (--this.elementsLeft < 0) this.fail('too many elements', at)
    const node: Node = { start: at, end: 0, vocabulary, name, children: NO_CHILDREN, text: '' }
    const depth = this.open.length
    if (depth >= this.maxDepth) this.fail(`elements are nested deeper than ${String(this.maxDepth)}`, at)
    if (depth > 0) {
      const parent = this.open[depth - 1] as Node
      if (parent.children === NO_CHILDREN) parent.children = [node]
      else parent.children.push(node)
    } else this.root = node
    if (name === 'MgmtTree' || name === 'DevInf') this.allowTree()
    if (this.recorder !== null) {
      this.recorder.enter()
      this.recorder.add((octet & 0x3f) === 4 ? 'literal' : 'tag', at, this.pos, (octet & 0x40) === 0 ? `<${name}/>` : `<${name}>`, this.page)
    }
    if (octet >= 0x80) this.attributes(node)
    if ((octet & 0x40) === 0) {
      node.end = this.pos
      this.recorder?.leave()
    } else {
      this.open.push(node)
      this.pieces.push(null)
    }
    return node
  }

  /** A management tree may be larger than a message; granted once a document. */
  private allowTree(): void {
    if (this.treeAllowed) return
    this.treeAllowed = true
    this.elementsLeft += this.limits.treeElements
  }

  private endTag(): void {
    const node = this.open.pop()
    if (node === undefined) this.fail('END without an open element')
    const pieces = this.pieces.pop()
    if (pieces !== null && pieces !== undefined) this.settle(node, pieces)
    dropSpace(node)
    node.end = ++this.pos
    if (this.recorder !== null) {
      this.recorder.add('end', this.pos - 1, this.pos, `</${node.name}>`)
      this.recorder.leave()
    }
  }

  private settle(node: Node, pieces: Uint8Array[]): void {
    const octets = pieces.length === 1 ? (pieces[0] as Uint8Array) : concat(pieces)
    const text = this.opaqueText(octets)
    if (text === null) node.opaque = octets
    else node.text = text
    if (text !== null || this.nested) return
    const solid = pieces.filter((piece) => !isBlank(piece))
    if (solid.length === 1 && solid[0] !== undefined) this.embed(node, solid[0])
  }

  /** A complete WBXML document in an OPAQUE (WBXML sheet 7.1): decoded too, where it is one that we know. */
  private embed(node: Node, octets: Uint8Array): void {
    const start = octets.byteOffset - this.bytes.byteOffset
    if (octets.buffer !== this.bytes.buffer || (octets[0] as number) > 3) return
    const limits = { ...this.limits, depth: this.maxDepth - this.open.length - 1 }
    const findings = new Findings(this.limits.findings)
    const inner = new WbxmlReader(this.bytes, start, start + octets.length, limits, findings, null, true)
    this.allowTree()
    inner.treeAllowed = true
    inner.elementsLeft = this.elementsLeft
    try {
      const root = inner.read(this.source)
      if (inner.language.name === 'unknown' || inner.publicId === 1 || root.token !== undefined || inner.pos < start + octets.length) return
      node.embedded = root
      node.opaque = octets
      this.findings.take(findings)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
    } finally {
      this.elementsLeft = inner.elementsLeft
    }
  }

  /** Global tokens inside content (WBXML 7.1), and code page switches before the root. */
  private global(octet: number): void {
    const at = this.pos++
    if (octet === 0x00) return this.switchPage(at)
    if ((octet & 0x3f) === 4) return this.literal(octet, at)
    if (octet === 0x43) return this.instruction(at)
    const node = this.open.at(-1)
    if (node === undefined) this.fail(`token ${hex(octet)} stands before the root element`, at)
    if (octet === 0x03) {
      const start = this.pos
      this.text(node, start, this.inlineEnd(at))
      this.inline++
      this.recorder?.add('string', at, this.pos, this.decode(start, this.pos - 1, false), this.page)
    } else if (octet === 0xc3) this.opaque(node, at)
    else if (octet === 0x83) {
      const range = this.tableRange(this.mb('string table offset'), at)
      this.text(node, range.start, range.end)
      this.tableRefs++
      this.recorder?.add('tableRef', at, this.pos, this.decode(range.start, range.end, false), this.page, range)
    } else if (octet === 0x02) this.entity(node, at)
    else this.extension(octet, at)
  }

  private switchPage(at: number): void {
    if (this.pos >= this.end) this.fail('the document ends inside SWITCH_PAGE', at)
    const page = this.bytes[this.pos++] as number
    if (this.language.pages[page] === undefined && this.language !== LANGUAGES.unknown) this.fail(`code page ${String(page)} is not known`, at)
    this.page = page
    this.recorder?.add('switchPage', at, this.pos, `page ${String(page)}`, page)
  }

  /** Position of the NUL of an inline string; moves behind it. `at` is the token. */
  private inlineEnd(at: number): number {
    const { bytes, end } = this
    let p = this.pos
    while (p < end && bytes[p] !== 0) p++
    if (p >= end) this.fail('inline string without its NUL', at)
    this.pos = p + 1
    return p
  }

  private spend(octets: number, at: number): void {
    this.outputLeft -= octets
    if (this.outputLeft < 0) this.fail(`the text is more than ${String(this.limits.outputRatio)} times the document`, at)
  }

  private text(node: Node, start: number, end: number): void {
    this.spend(end - start, start)
    const depth = this.open.length - 1
    const pieces = this.pieces[depth] as Uint8Array[] | null
    if (pieces !== null) pieces.push(this.charset === 4 ? utf8Bytes(latin1Text(this.bytes.subarray(start, end))) : this.bytes.subarray(start, end))
    else {
      const text = this.decode(start, end, true)
      node.text = node.text === '' ? text : node.text + text
    }
  }

  /** Octets as text; what is no UTF-8 is read as ISO-8859-1, with a finding. */
  private decode(start: number, end: number, tell: boolean): string {
    const { bytes } = this
    let all = 0
    for (let p = start; p < end; p++) all |= bytes[p] as number
    if (all < 0x80) return this.source.slice(start, end)
    const octets = bytes.subarray(start, end)
    if (this.charset === 4) return latin1Text(octets)
    const text = utf8Text(octets)
    if (text !== null) return text
    if (tell) this.findings.add('wbxml.utf8', 'warn', 'WBXML', '5.8.4.1', 'the string is not UTF-8; read as ISO-8859-1', start, end - start)
    return latin1Text(octets)
  }

  private opaqueText(octets: Uint8Array): string | null {
    const text = utf8Text(octets)
    return text === null || !isXmlText(text) ? null : text
  }

  private opaque(node: Node, at: number): void {
    const length = this.mb('OPAQUE length')
    const start = this.pos
    if (length > this.end - start) this.fail(`OPAQUE of ${String(length)} octets is longer than the rest of the document`, at)
    this.pos = start + length
    this.opaques++
    this.spend(length, at)
    const octets = this.bytes.subarray(start, this.pos)
    const depth = this.open.length - 1
    const pieces = this.pieces[depth] as Uint8Array[] | null
    const text = pieces === null ? this.opaqueText(octets) : null
    if (pieces !== null) pieces.push(octets)
    else if (text !== null) node.text += text
    else if (node.text === '') this.pieces[depth] = [octets]
    else {
      this.pieces[depth] = [utf8Bytes(node.text), octets]
      node.text = ''
    }
    if (node.name === 'NextNonce' && text !== null) node.opaque = octets
    this.recorder?.add('opaque', at, this.pos, text ?? `${String(length)} octets`, this.page)
  }

  private entity(node: Node, at: number): void {
    const point = this.mb('ENTITY')
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) this.fail(`ENTITY ${hex(point)} is no character`, at)
    this.spend(4, at)
    const text = String.fromCodePoint(point)
    const pieces = this.pieces[this.open.length - 1] as Uint8Array[] | null
    if (pieces !== null) pieces.push(utf8Bytes(text))
    else node.text += text
    this.recorder?.add('entity', at, this.pos, text, this.page)
  }

  private literal(octet: number, at: number): void {
    const range = this.tableRange(this.mb('LITERAL index'), at)
    const length = range.end - range.start
    if (length > this.limits.nameBytes) this.fail(`the name of ${String(length)} octets is longer than ${String(this.limits.nameBytes)}`, at)
    if (length === 0) this.fail('LITERAL with an empty name', at)
    this.spend(length, at)
    const name = this.decode(range.start, range.end, true)
    const page: CodePage | undefined = this.language.pages[this.page]
    const known = page?.codes.has(name) === true ? (KNOWN_NAMES.get(name)?.name ?? name) : name
    this.start(octet, at, page?.codes.has(name) === true ? page.vocabulary : 'other', known)
  }

  /** EXT tokens have no meaning in these languages: skipped, told, and left out of the text. */
  private extension(octet: number, at: number): void {
    this.skipExtension(octet, at)
    this.findings.add('wbxml.extension', 'warn', 'WBXML', '5.8.4.2', `extension token ${hex(octet)} has no meaning here; skipped`, at, this.pos - at)
    this.recorder?.add('extension', at, this.pos, `EXT ${hex(octet)}`, this.page)
  }

  private skipExtension(octet: number, at: number): void {
    if (octet >= 0x40 && octet <= 0x42) this.inlineEnd(at)
    else if (octet >= 0x80 && octet <= 0x82) this.mb('extension')
    else if (octet < 0xc0 || octet > 0xc2) this.fail(`token ${hex(octet)} is not allowed here`, at)
  }

  private instruction(at: number): void {
    this.attributeList(at, null, 'instruction')
    this.findings.add('wbxml.instruction', 'note', 'WBXML', '5.8.4.3', 'processing instruction skipped', at, this.pos - at)
  }

  /** Attribute list of a tag. Only client provisioning has attribute tables; elsewhere the list is skipped (WBXML sheet 2). */
  private attributes(node: Node): void {
    const at = this.pos
    const prov = this.language === LANGUAGES.prov
    this.attributeList(at, prov ? node : null, 'attribute')
    if (!prov) this.findings.add('wbxml.attributes', 'note', 'WBXML', '5.8.3', `${node.name} has attributes; skipped`, at, this.pos - at)
  }

  /** Reads up to and with END. `node` takes the attributes; null skips them. */
  private attributeList(at: number, node: Node | null, kind: 'attribute' | 'instruction'): void {
    let current: [string, string] | null = null
    let count = 0
    for (;;) {
      if (this.pos >= this.end) this.fail(`the document ends inside the ${kind} list`, at)
      const from = this.pos
      const octet = this.bytes[this.pos++] as number
      if (octet === 0x01) break
      if (octet === 0x00) {
        if (this.pos >= this.end) this.fail('the document ends inside SWITCH_PAGE', from)
        this.attributePage = this.bytes[this.pos++] as number
      } else if (octet < 0x80 && octet !== 0x02 && octet !== 0x03 && (octet < 0x40 || octet > 0x43)) {
        if (++count > this.limits.attributes) this.fail(`more than ${String(this.limits.attributes)} attributes`, from)
        current = this.attributeStart(octet, from, node)
      } else {
        const value = this.attributeValue(octet, from, node !== null)
        if (current !== null) current[1] += value
        else if (node !== null) this.fail('attribute value before any attribute name', from)
      }
    }
    this.recorder?.add(kind, at, this.pos, kind === 'attribute' ? 'attributes' : 'processing instruction', this.attributePage)
  }

  private attributeStart(octet: number, at: number, node: Node | null): [string, string] | null {
    let pair: readonly [string, string]
    if (octet === 0x04) {
      const index = this.mb('LITERAL index')
      if (this.tableStart + index >= this.tableEnd) this.fail(`offset ${String(index)} lies outside the string table`, at)
      pair = node === null ? ['', ''] : [this.tableText(this.tableRange(index, at), at), '']
    } else pair = provAttribute(this.attributePage, octet)
    if (node === null) return null
    this.spend(pair[1].length, at)
    const attribute: [string, string] = [pair[0], pair[1]]
    node.attributes ??= []
    node.attributes.push(attribute)
    return attribute
  }

  private tableText(range: Range, at: number): string {
    this.spend(range.end - range.start, at)
    return this.decode(range.start, range.end, true)
  }

  private attributeValue(octet: number, at: number, wanted: boolean): string {
    if (octet === 0x03) {
      const start = this.pos
      const end = this.inlineEnd(at)
      return wanted ? this.tableText({ start, end }, at) : ''
    }
    if (octet === 0x83) {
      const index = this.mb('string table offset')
      if (this.tableStart + index >= this.tableEnd) this.fail(`offset ${String(index)} lies outside the string table`, at)
      return wanted ? this.tableText(this.tableRange(index, at), at) : ''
    }
    if (octet === 0x02) {
      const point = this.mb('ENTITY')
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) this.fail(`ENTITY ${hex(point)} is no character`, at)
      return String.fromCodePoint(point)
    }
    if (octet === 0xc3) {
      const length = this.mb('OPAQUE length')
      if (length > this.end - this.pos) this.fail(`OPAQUE of ${String(length)} octets is longer than the rest of the document`, at)
      this.pos += length
      return wanted ? this.tableText({ start: this.pos - length, end: this.pos }, at) : ''
    }
    if ((octet & 0x3f) > 4) return provValue(this.attributePage, octet)
    this.skipExtension(octet, at)
    return ''
  }

  /** Bytes behind the root: told, and not read. */
  private trailing(): void {
    let padding = true
    for (let p = this.pos; p < this.end && padding; p++) padding = this.bytes[p] === 0
    const count = this.end - this.pos
    const what = padding ? `${String(count)} NUL octets behind the root element` : `${String(count)} octets behind the root element`
    this.findings.add('wbxml.trailing', padding ? 'note' : 'warn', 'WBXML', '5.3', what, this.pos, count)
    this.recorder?.add('trailing', this.pos, this.end, what)
  }
}

/** Only white space: what a pretty-printed document leaves around an embedded one. */
function isBlank(octets: Uint8Array): boolean {
  return octets.every((octet) => octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09)
}
