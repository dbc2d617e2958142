// Reads WBXML 1.0 to 1.3 into elements; every step takes at least one byte, every offset is checked, and CodecError is the only way to fail.
import type { Vocabulary } from './element.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import { dropSpace, Findings, hex, NO_CHILDREN, type Node, type Recorder } from './reading.ts'
import { concat, isXmlText, latin1Text, utf8Bytes, utf8Text } from './text.ts'
import { type CodePage, KNOWN_NAMES, LANGUAGES } from './tokens.ts'
import { WbxmlAttributes } from './wbxmlattributes.ts'
import { WbxmlCursor, type WbxmlForm } from './wbxmlcursor.ts'

export class WbxmlReader {
  private readonly cursor: WbxmlCursor
  private readonly attributeLists: WbxmlAttributes
  private readonly recorder: Recorder | null
  /** Set for a document inside a document: what is inside that is left as octets. */
  private readonly nested: boolean
  private readonly maxDepth: number
  private elementsLeft: number
  private treeAllowed = false
  private page = 0
  private root: Node | null = null
  private readonly open: Node[] = []
  /** Per depth: the octets of a text that has pieces that are no text. */
  private readonly pieces: (Uint8Array[] | null)[] = []

  /** Reads the header. Throws CodecError. */
  constructor(
    bytes: Uint8Array,
    limits: Limits,
    findings: Findings,
    recorder: Recorder | null,
    inner?: { start: number; end: number; source: string },
  ) {
    this.cursor = new WbxmlCursor(bytes, inner?.start ?? 0, inner?.end ?? bytes.length, limits, findings, recorder, inner?.source)
    this.attributeLists = new WbxmlAttributes(this.cursor, recorder)
    this.recorder = recorder
    this.nested = inner !== undefined
    this.elementsLeft = limits.elements
    this.maxDepth = limits.depth
  }

  /** Reads the body. Throws CodecError. */
  read(): Node {
    const { cursor } = this
    const root = this.body()
    if (cursor.pos < cursor.end) this.trailing()
    return root
  }

  form(): WbxmlForm {
    return this.cursor.form()
  }

  private body(): Node {
    const { bytes, end } = this.cursor
    for (;;) {
      if (this.cursor.pos >= end) {
        const last = this.open.at(-1)
        this.cursor.fail(last === undefined ? 'the document has no element' : `the document ends inside ${last.name}`, this.cursor.pos)
      }
      const octet = bytes[this.cursor.pos] as number
      if ((octet & 0x3f) > 4) this.tag(octet)
      else if (octet === 0x01) this.endTag()
      else this.global(octet)
      if (this.open.length === 0 && this.root !== null) return this.root
    }
  }

  private tag(octet: number): void {
    const { cursor } = this
    const at = cursor.pos++
    const page = cursor.language.pages[this.page]
    const name = page === undefined ? '' : (page.names[octet & 0x3f] as string)
    if (page === undefined || name === '') this.unknownTag(octet, at)
    else this.start(octet, at, page.vocabulary, name)
  }

  private unknownTag(octet: number, at: number): void {
    const code = octet & 0x3f
    const name = `?${String(this.page)}:${hex(code)}`
    this.cursor.findings.add('wbxml.token.unknown', 'warn', 'WBXML', '5.8.2', `page ${String(this.page)} has no tag ${hex(code)}`, at, 1)
    const node = this.start(octet, at, 'other', name)
    node.token = { page: this.page, code }
  }

  private start(octet: number, at: number, vocabulary: Vocabulary, name: string): Node {
    const { cursor } = this
    if (--this.elementsLeft < 0) cursor.fail('too many elements', at)
    const node: Node = { start: at, end: 0, vocabulary, name, children: NO_CHILDREN, text: '' }
    const depth = this.open.length
    if (depth >= this.maxDepth) cursor.fail(`elements are nested deeper than ${String(this.maxDepth)}`, at)
    if (depth > 0) {
      const parent = this.open[depth - 1] as Node
      if (parent.children === NO_CHILDREN) parent.children = [node]
      else parent.children.push(node)
    } else this.root = node
    if (name === 'MgmtTree' || name === 'DevInf') this.allowTree()
    if (this.recorder !== null) {
      this.recorder.enter()
      this.recorder.add((octet & 0x3f) === 4 ? 'literal' : 'tag', at, cursor.pos, (octet & 0x40) === 0 ? `<${name}/>` : `<${name}>`, this.page)
    }
    if (octet >= 0x80) this.attributes(node)
    if ((octet & 0x40) === 0) {
      node.end = cursor.pos
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
    this.elementsLeft += this.cursor.limits.treeElements
  }

  private endTag(): void {
    const { cursor } = this
    const node = this.open.pop()
    if (node === undefined) return cursor.fail('END without an open element')
    const pieces = this.pieces.pop()
    if (pieces !== null && pieces !== undefined) this.settle(node, pieces)
    dropSpace(node)
    node.end = ++cursor.pos
    if (this.recorder !== null) {
      this.recorder.add('end', cursor.pos - 1, cursor.pos, `</${node.name}>`)
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
    const { cursor } = this
    const start = octets.byteOffset - cursor.bytes.byteOffset
    if (octets.buffer !== cursor.bytes.buffer || (octets[0] as number) > 3) return
    const limits = { ...cursor.limits, depth: this.maxDepth - this.open.length - 1 }
    const findings = new Findings(cursor.limits.findings)
    const end = start + octets.length
    this.allowTree()
    let inner: WbxmlReader | undefined
    try {
      inner = new WbxmlReader(cursor.bytes, limits, findings, null, { start, end, source: cursor.source })
      inner.treeAllowed = true
      inner.elementsLeft = this.elementsLeft
      const root = inner.read()
      const { language, publicId, pos } = inner.cursor
      if (language === LANGUAGES.unknown || publicId === 1 || root.token !== undefined || pos < end) return
      node.embedded = root
      node.opaque = octets
      cursor.findings.take(findings)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
    } finally {
      if (inner !== undefined) this.elementsLeft = inner.elementsLeft
    }
  }

  /** Global tokens inside content (WBXML 7.1), and code page switches before the root. */
  private global(octet: number): void {
    const { cursor } = this
    const at = cursor.pos++
    if (octet === 0x00) return this.switchPage(at)
    if ((octet & 0x3f) === 4) return this.literal(octet, at)
    if (octet === 0x43) return this.instruction(at)
    const node = this.open.at(-1)
    if (node === undefined) return cursor.fail(`token ${hex(octet)} stands before the root element`, at)
    if (octet === 0x03) {
      const start = cursor.pos
      this.text(node, start, cursor.inlineEnd(at))
      cursor.inline++
      this.recorder?.add('string', at, cursor.pos, cursor.decode(start, cursor.pos - 1, false), this.page)
    } else if (octet === 0xc3) this.opaque(node, at)
    else if (octet === 0x83) {
      const range = cursor.tableRange(cursor.mb('string table offset'), at)
      this.text(node, range.start, range.end)
      cursor.tableRefs++
      this.recorder?.add('tableRef', at, cursor.pos, cursor.decode(range.start, range.end, false), this.page, range)
    } else if (octet === 0x02) this.entity(node, at)
    else this.extension(octet, at)
  }

  private switchPage(at: number): void {
    const { cursor } = this
    if (cursor.pos >= cursor.end) cursor.fail('the document ends inside SWITCH_PAGE', at)
    const page = cursor.bytes[cursor.pos++] as number
    if (cursor.language.pages[page] === undefined && cursor.language !== LANGUAGES.unknown) cursor.fail(`code page ${String(page)} is not known`, at)
    this.page = page
    this.recorder?.add('switchPage', at, cursor.pos, `page ${String(page)}`, page)
  }

  private text(node: Node, start: number, end: number): void {
    const { cursor } = this
    cursor.spend(end - start, start)
    const depth = this.open.length - 1
    const pieces = this.pieces[depth] as Uint8Array[] | null
    if (pieces !== null)
      pieces.push(cursor.charset === 4 ? utf8Bytes(latin1Text(cursor.bytes.subarray(start, end))) : cursor.bytes.subarray(start, end))
    else {
      const text = cursor.decode(start, end, true)
      node.text = node.text === '' ? text : node.text + text
    }
  }

  private opaqueText(octets: Uint8Array): string | null {
    const text = utf8Text(octets)
    return text === null || !isXmlText(text) ? null : text
  }

  private opaque(node: Node, at: number): void {
    const { cursor } = this
    const length = cursor.mb('OPAQUE length')
    const start = cursor.pos
    if (length > cursor.end - start) cursor.fail(`OPAQUE of ${String(length)} octets is longer than the rest of the document`, at)
    cursor.pos = start + length
    cursor.opaques++
    cursor.spend(length, at)
    const octets = cursor.bytes.subarray(start, cursor.pos)
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
    this.recorder?.add('opaque', at, cursor.pos, text ?? `${String(length)} octets`, this.page)
  }

  private entity(node: Node, at: number): void {
    const { cursor } = this
    const point = cursor.mb('ENTITY')
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) cursor.fail(`ENTITY ${hex(point)} is no character`, at)
    cursor.spend(4, at)
    const text = String.fromCodePoint(point)
    const pieces = this.pieces[this.open.length - 1] as Uint8Array[] | null
    if (pieces !== null) pieces.push(utf8Bytes(text))
    else node.text += text
    this.recorder?.add('entity', at, cursor.pos, text, this.page)
  }

  private literal(octet: number, at: number): void {
    const { cursor } = this
    const range = cursor.tableRange(cursor.mb('LITERAL index'), at)
    const length = range.end - range.start
    if (length > cursor.limits.nameBytes) cursor.fail(`the name of ${String(length)} octets is longer than ${String(cursor.limits.nameBytes)}`, at)
    if (length === 0) cursor.fail('LITERAL with an empty name', at)
    cursor.spend(length, at)
    const name = cursor.decode(range.start, range.end, true)
    const page: CodePage | undefined = cursor.language.pages[this.page]
    const known = page?.codes.has(name) === true ? (KNOWN_NAMES.get(name)?.name ?? name) : name
    this.start(octet, at, page?.codes.has(name) === true ? page.vocabulary : 'other', known)
  }

  /** EXT tokens have no meaning in these languages: skipped, told, and left out of the text. */
  private extension(octet: number, at: number): void {
    const { cursor } = this
    cursor.skipExtension(octet, at)
    cursor.findings.add(
      'wbxml.extension',
      'warn',
      'WBXML',
      '5.8.4.2',
      `extension token ${hex(octet)} has no meaning here; skipped`,
      at,
      cursor.pos - at,
    )
    this.recorder?.add('extension', at, cursor.pos, `EXT ${hex(octet)}`, this.page)
  }

  private instruction(at: number): void {
    const { cursor } = this
    this.attributeLists.list(at, null, 'instruction')
    cursor.findings.add('wbxml.instruction', 'note', 'WBXML', '5.8.4.4', 'processing instruction skipped', at, cursor.pos - at)
  }

  /** Attribute list of a tag. Only client provisioning has attribute tables; elsewhere the list is skipped (WBXML sheet 2). */
  private attributes(node: Node): void {
    const { cursor } = this
    const at = cursor.pos
    const prov = cursor.language === LANGUAGES.prov
    this.attributeLists.list(at, prov ? node : null, 'attribute')
    if (!prov) cursor.findings.add('wbxml.attributes', 'note', 'WBXML', '5.8.3', `${node.name} has attributes; skipped`, at, cursor.pos - at)
  }

  /** Bytes behind the root: told, and not read. */
  private trailing(): void {
    const { cursor } = this
    let padding = true
    for (let p = cursor.pos; p < cursor.end && padding; p++) padding = cursor.bytes[p] === 0
    const count = cursor.end - cursor.pos
    const what = padding ? `${String(count)} NUL octets behind the root element` : `${String(count)} octets behind the root element`
    cursor.findings.add('wbxml.trailing', padding ? 'note' : 'warn', 'WBXML', '5.3', what, cursor.pos, count)
    this.recorder?.add('trailing', cursor.pos, cursor.end, what)
  }
}

/** Only white space: what a pretty-printed document leaves around an embedded one. */
function isBlank(octets: Uint8Array): boolean {
  return octets.every((octet) => octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09)
}
