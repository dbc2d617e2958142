// Reads XML 1.0 with namespaces into elements, byte by byte and once; no DTD is processed, no entity but the five is known.
import { type Characters, characters } from './charset.ts'
import type { Vocabulary } from './element.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import { knownName } from './names.ts'
import { dropSpace, type Findings, NO_CHILDREN, type Node, type Recorder, type TokenKind } from './reading.ts'
import { isXmlName, latin1Text, utf8Lossy, utf8Text } from './text.ts'
import { BIT, type KnownName } from './tokens.ts'

/** Classes of octets in character data; several may be true of one text. */
const STOP = 1
const AMP = 2
const ODD = 4
const HIGH = 8
const WORD = 16
const CLASS = new Uint8Array(256)
for (let c = 0; c < 256; c++) CLASS[c] = c >= 0x80 ? HIGH | WORD : c > 0x20 ? WORD : c === 0x20 || c === 0x09 || c === 0x0a ? 0 : ODD
CLASS[0x3c] = STOP
CLASS[0x26] = AMP | WORD

/** Octets that end a name. */
const NAME_END = new Uint8Array(256)
for (const c of ' \t\r\n/>=<&"\'\0') NAME_END[c.charCodeAt(0)] = 1

const sourceText = new TextDecoder('windows-1252')
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const NO_NAME: KnownName = { name: '', bytes: new Uint8Array(), in: 0, container: 0 }

/** What a namespace name means: one of our vocabularies, `none` for the absence of any, or something foreign. */
interface Scope {
  readonly vocabulary: Vocabulary
  /** The name as declared where it is foreign, else undefined. */
  readonly foreign: string | undefined
}

const SCOPES: Readonly<Record<Vocabulary, Scope>> = {
  syncml: { vocabulary: 'syncml', foreign: undefined },
  metinf: { vocabulary: 'metinf', foreign: undefined },
  dmddf: { vocabulary: 'dmddf', foreign: undefined },
  devinf: { vocabulary: 'devinf', foreign: undefined },
  prov: { vocabulary: 'prov', foreign: undefined },
  other: { vocabulary: 'other', foreign: undefined },
}
/** No namespace declared anywhere: the root's name decides. */
const UNDECLARED: Scope = { vocabulary: 'other', foreign: undefined }

function scopeOf(uri: string): Scope {
  const low = uri.trim().toLowerCase()
  if (low === '') return UNDECLARED
  if (low.startsWith('syncml:syncml')) return SCOPES.syncml
  if (low.startsWith('syncml:metinf')) return SCOPES.metinf
  if (low.startsWith('syncml:dmddf')) return SCOPES.dmddf
  if (low.startsWith('syncml:devinf')) return SCOPES.devinf
  return { vocabulary: 'other', foreign: uri }
}

/** An open element: its node, where its name stands in the start tag, and what holds again once it ends. */
interface Open {
  node: Node
  nameStart: number
  nameEnd: number
  scope: Scope
  prefixes: number
}

export class XmlReader {
  readonly limits: Limits
  readonly findings: Findings
  readonly recorder: Recorder | null
  private readonly length: number
  private readonly bytes: Uint8Array
  private readonly map: Uint32Array | null
  private readonly latin1: boolean
  private readonly source: string
  private readonly end: number
  private pos: number
  private elementsLeft: number
  private treeAllowed = false
  private referencesLeft: number
  private readonly open: Open[] = []
  private depth = 0
  private scope: Scope = UNDECLARED
  /** Declared prefixes, innermost last. */
  private readonly prefixes: { prefix: string; scope: Scope }[] = []
  private root: Node | null = null
  private lastUri = 0
  private lastUriEnd = 0
  private lastScope: Scope | null = null

  constructor(bytes: Uint8Array, limits: Limits, findings: Findings, recorder: Recorder | null) {
    if (bytes.length > limits.bytes) throw new CodecError(`the document is longer than ${String(limits.bytes)} octets`, 0)
    this.limits = limits
    this.findings = findings
    this.recorder = recorder
    this.length = bytes.length
    this.elementsLeft = limits.elements
    this.referencesLeft = limits.references
    const chars: Characters = characters(bytes, findings)
    this.bytes = chars.bytes
    this.map = chars.map
    this.latin1 = chars.latin1
    this.source = sourceText.decode(chars.bytes)
    this.end = chars.bytes.length
    this.pos = chars.start
    if (recorder !== null && this.at(chars.start) > 0) recorder.add('markup', 0, this.at(chars.start), 'byte order mark')
  }

  /** Reads the whole document. Throws CodecError. */
  read(): Node {
    const { bytes, end } = this
    while (this.pos < end) {
      if (bytes[this.pos] === 0x3c) this.markup()
      else this.characterData()
    }
    if (this.depth > 0) this.fail(`the document ends inside ${(this.open[this.depth - 1] as Open).node.name}`, end)
    if (this.root === null) this.fail('the document has no element', end)
    return this.root
  }

  /** Original offset of an index. */
  private at(index: number): number {
    return this.map === null ? index : (this.map[index] as number)
  }

  private fail(reason: string, index = this.pos): never {
    throw new CodecError(reason, this.map === null ? Math.min(index, this.length) : this.at(Math.min(index, this.end)))
  }

  private note(kind: TokenKind, start: number, end: number, label: string): void {
    this.recorder?.add(kind, this.at(start), this.at(end), label)
  }

  private markup(): void {
    const next = this.bytes[this.pos + 1]
    if (next === 0x2f) this.endTag()
    else if (next === 0x21) this.declaration()
    else if (next === 0x3f) this.instruction()
    else this.startTag()
  }

  private startTag(): void {
    const { bytes } = this
    const start = this.pos
    let p = start + 1
    let colon = -1
    let c = bytes[p] as number
    while (NAME_END[c] === 0) {
      if (c === 0x3a) colon = p
      c = bytes[++p] as number
    }
    if (p === start + 1 || p - start - 1 > this.limits.nameBytes) this.badName(start, p)
    if (--this.elementsLeft < 0) this.fail('too many elements', start)
    if (this.depth >= this.limits.depth) this.fail(`elements are nested deeper than ${String(this.limits.depth)}`, start)
    if (this.depth === 0 && this.root !== null) this.fail('a second root element', start)
    this.pos = p
    const saved = this.scope
    const prefixes = this.prefixes.length
    let attributes: [string, string][] | null = null
    if (c !== 0x3e) {
      attributes = this.attributes(c)
      c = bytes[this.pos] as number
    }
    const node = this.element(start, p, colon, attributes)
    if (this.recorder !== null) this.recorder.enter()
    if (c === 0x3e) {
      this.pos++
      if (this.recorder !== null) this.note('markup', start, this.pos, `<${node.name}>`)
      else if (this.leaf(node, start + 1, p)) {
        this.scope = saved
        this.prefixes.length = prefixes
        return
      }
      this.push(node, start + 1, p, saved, prefixes)
      return
    }
    if (bytes[this.pos + 1] !== 0x3e) this.fail('"/" in a start tag is not followed by ">"')
    this.pos += 2
    node.end = this.at(this.pos)
    this.note('markup', start, this.pos, `<${node.name}/>`)
    this.recorder?.leave()
    this.scope = saved
    this.prefixes.length = prefixes
  }

  /** Most elements are plain text and the end tag: taken in one go. False where it is anything else; nothing is consumed then. */
  private leaf(node: Node, nameStart: number, nameEnd: number): boolean {
    const { bytes, pos } = this
    let p = pos
    while ((CLASS[bytes[p] as number] as number) === WORD) p++
    if (bytes[p] !== 0x3c || bytes[p + 1] !== 0x2f) return false
    const textEnd = p
    p += 2
    let i = nameStart
    while (i < nameEnd && bytes[p] === bytes[i]) {
      p++
      i++
    }
    if (i < nameEnd || bytes[p] !== 0x3e) return false
    if (textEnd > pos) node.text = this.source.slice(pos, textEnd)
    this.pos = p + 1
    node.end = this.at(p + 1)
    return true
  }

  private push(node: Node, nameStart: number, nameEnd: number, scope: Scope, prefixes: number): void {
    const slot = this.open[this.depth]
    if (slot === undefined) this.open[this.depth] = { node, nameStart, nameEnd, scope, prefixes }
    else {
      slot.node = node
      slot.nameStart = nameStart
      slot.nameEnd = nameEnd
      slot.scope = scope
      slot.prefixes = prefixes
    }
    this.depth++
  }

  private badName(start: number, end: number): never {
    if (end > this.end) this.fail('the document ends inside a tag', start)
    if (end === start + 1) this.fail('"<" is not followed by a name', start)
    return this.fail(`a name is longer than ${String(this.limits.nameBytes)} octets`, start)
  }

  /** Makes the element of a start tag and hangs it under its parent. */
  private element(start: number, nameEnd: number, colon: number, attributes: [string, string][] | null): Node {
    const local = colon < 0 ? start + 1 : colon + 1
    const known = knownName(this.bytes, local, nameEnd)
    const parent = this.depth > 0 ? (this.open[this.depth - 1] as Open).node : null
    let scope = this.scope
    if (colon >= 0) scope = this.prefixScope(start + 1, colon)
    else if (scope === UNDECLARED) scope = this.scope = this.undeclared(known ?? NO_NAME, start)
    const vocabulary = this.vocabulary(known ?? NO_NAME, scope, parent, start, nameEnd)
    const name = known === undefined ? this.decode(local, nameEnd, 'name') : known.name
    if (known === undefined && !isXmlName(name)) this.fail(`${JSON.stringify(name)} is no name`, start)
    const node: Node = { start: this.at(start), end: 0, vocabulary, name, children: NO_CHILDREN, text: '' }
    if (scope.foreign !== undefined && vocabulary === 'other') node.namespace = scope.foreign
    if (attributes !== null) node.attributes = attributes
    if (parent === null) this.root = node
    else if (parent.children === NO_CHILDREN) parent.children = [node]
    else parent.children.push(node)
    if (!this.treeAllowed && (name === 'MgmtTree' || name === 'DevInf')) {
      this.treeAllowed = true
      this.elementsLeft += this.limits.treeElements
    }
    return node
  }

  /** No default namespace in scope: the vocabulary follows from the first name that a table has. */
  private undeclared(known: KnownName, start: number): Scope {
    const order: Vocabulary[] = ['syncml', 'dmddf', 'metinf', 'devinf', 'prov']
    const vocabulary = order.find((candidate) => (known.in & BIT[candidate]) !== 0)
    if (vocabulary === undefined) return UNDECLARED
    if (vocabulary !== 'prov') {
      this.findings.add(
        'xml.namespace.missing',
        'note',
        'SML',
        '4.3',
        `no namespace declared; ${known.name} is read as ${vocabulary}`,
        this.at(start),
        known.name.length + 1,
      )
    }
    return SCOPES[vocabulary]
  }

  /** The vocabulary of a name: that of its namespace where it has the name, else what its place makes certain, else `other`. */
  private vocabulary(known: KnownName, scope: Scope, parent: Node | null, start: number, end: number): Vocabulary {
    const own = scope.vocabulary
    if ((known.in & BIT[own]) !== 0) return own
    if (own === 'other' || known.in === 0) return 'other'
    let meant: Vocabulary = 'other'
    if ((known.in & BIT.metinf) !== 0 && parent !== null && (parent.name === 'Meta' || parent.vocabulary === 'metinf')) meant = 'metinf'
    else if ((known.in & BIT.syncml) !== 0 && own !== 'syncml' && parent !== null && parent.vocabulary === 'syncml') meant = 'syncml'
    else if (known.name === 'MgmtTree' || known.name === 'DevInf') {
      meant = known.name === 'MgmtTree' ? 'dmddf' : 'devinf'
      this.scope = SCOPES[meant]
    }
    if (meant !== 'other') {
      const what = `${known.name} is no element of the namespace it stands in; read as ${meant}`
      this.findings.add('xml.namespace.wrong', 'note', 'SML', '4.3', what, this.at(start), this.at(end) - this.at(start))
    }
    return meant
  }

  private prefixScope(start: number, colon: number): Scope {
    const prefix = this.decode(start, colon, 'name')
    for (let i = this.prefixes.length - 1; i >= 0; i--) {
      const declared = this.prefixes[i] as { prefix: string; scope: Scope }
      if (declared.prefix === prefix) return declared.scope
    }
    this.findings.add(
      'xml.prefix',
      'warn',
      'XML',
      'Namespaces 5',
      `the prefix ${prefix} is not declared`,
      this.at(start),
      this.at(colon) - this.at(start),
    )
    return SCOPES.other
  }

  /** Attributes up to `>` or `/`; namespace declarations go into the scope, the rest is returned. */
  private attributes(first: number): [string, string][] | null {
    const { bytes, end } = this
    let found: [string, string][] | null = null
    let count = 0
    let c = first
    for (;;) {
      const before = this.pos
      while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++this.pos] as number
      if (this.pos >= end) this.fail('the document ends inside a tag')
      if (c === 0x3e || c === 0x2f) return found
      if (this.pos === before) this.fail('white space is missing between attributes')
      if (++count > this.limits.attributes) this.fail(`more than ${String(this.limits.attributes)} attributes`)
      const pair = this.attribute()
      if (pair !== null) {
        found ??= []
        found.push(pair)
      }
      c = bytes[this.pos] as number
    }
  }

  private attribute(): [string, string] | null {
    const { bytes, end } = this
    const start = this.pos
    let p = start
    while (NAME_END[bytes[p] as number] === 0) p++
    const nameEnd = p
    if (nameEnd === start || nameEnd - start > this.limits.nameBytes)
      this.fail(nameEnd === start ? 'an attribute without a name' : 'an attribute name is too long', start)
    while (isBlank(bytes[p])) p++
    if (bytes[p] !== 0x3d) this.fail('an attribute without "="', p < end ? p : end)
    p++
    while (isBlank(bytes[p])) p++
    const quote = bytes[p]
    if (quote !== 0x22 && quote !== 0x27) this.fail('an attribute value without quotes', p < end ? p : end)
    const from = ++p
    let flags = 0
    while (p < end && bytes[p] !== quote) flags |= CLASS[bytes[p++] as number] as number
    if (p >= end) this.fail('the document ends inside an attribute value', start)
    if ((flags & STOP) !== 0) this.fail('"<" inside an attribute value', from)
    this.pos = p + 1
    if (this.isXmlns(start)) {
      if (nameEnd === start + 5) {
        this.scope = this.namespace(from, p, flags)
        return null
      }
      if (bytes[start + 5] === 0x3a) {
        if (this.prefixes.length >= this.limits.attributes)
          this.fail(`more than ${String(this.limits.attributes)} namespace prefixes in scope`, start)
        this.prefixes.push({ prefix: this.decode(start + 6, nameEnd, 'name'), scope: this.namespace(from, p, flags) })
        return null
      }
    }
    const value = this.text(from, p, flags).replace(/[\t\n]/g, ' ')
    return [this.decode(start, nameEnd, 'name'), value]
  }

  private isXmlns(p: number): boolean {
    const { bytes } = this
    return bytes[p] === 0x78 && bytes[p + 1] === 0x6d && bytes[p + 2] === 0x6c && bytes[p + 3] === 0x6e && bytes[p + 4] === 0x73
  }

  /** The scope of a namespace name; the same name as last time is found by its bytes. */
  private namespace(start: number, end: number, flags: number): Scope {
    const { bytes } = this
    if (this.lastScope !== null && end - start === this.lastUriEnd - this.lastUri) {
      let i = start
      const shift = this.lastUri - start
      while (i < end && bytes[i] === bytes[i + shift]) i++
      if (i === end) return this.lastScope
    }
    this.lastUri = start
    this.lastUriEnd = end
    this.lastScope = scopeOf(flags === WORD ? this.decode(start, end, 'text') : this.text(start, end, flags))
    return this.lastScope
  }

  private endTag(): void {
    const { bytes } = this
    const start = this.pos
    if (this.depth === 0) this.fail('an end tag without an open element')
    const open = this.open[this.depth - 1] as Open
    const { node, nameStart, nameEnd } = open
    let p = start + 2
    let i = nameStart
    while (i < nameEnd && bytes[p] === bytes[i]) {
      p++
      i++
    }
    if (i < nameEnd || NAME_END[bytes[p] as number] === 0)
      this.fail(this.pos + 2 >= this.end ? 'the document ends inside a tag' : `the end tag does not match ${node.name}`)
    while (isBlank(bytes[p])) p++
    if (bytes[p] !== 0x3e) this.fail('an end tag without ">"', start)
    this.pos = p + 1
    node.end = this.at(this.pos)
    dropSpace(node)
    this.depth--
    this.scope = open.scope
    this.prefixes.length = open.prefixes
    if (this.recorder !== null) {
      this.note('markup', start, this.pos, `</${node.name}>`)
      this.recorder.leave()
    }
  }

  private characterData(): void {
    const { bytes, end } = this
    const start = this.pos
    let flags = 0
    let p = start
    while (p < end) {
      const k = CLASS[bytes[p] as number] as number
      if (k === STOP) break
      flags |= k
      p++
    }
    this.pos = p
    if (this.depth === 0) {
      this.outside(start, p, flags)
      return
    }
    const node = (this.open[this.depth - 1] as Open).node
    const blank = (flags & WORD) === 0
    if (!blank || node.children === NO_CHILDREN || node.text !== '') {
      const text = flags === WORD ? this.source.slice(start, p) : this.text(start, p, flags)
      node.text = node.text === '' ? text : node.text + text
    } else if ((flags & ODD) !== 0) this.text(start, p, flags)
    if (this.recorder !== null) this.note(blank ? 'space' : 'text', start, p, blank ? 'white space' : this.decode(start, p, 'text'))
  }

  /** Before and behind the root: white space is fine, NULs are told, anything else is an error. */
  private outside(start: number, end: number, flags: number): void {
    if ((flags & WORD) !== 0) this.fail('text outside the root element', start)
    let nul = -1
    for (let p = start; p < end && nul < 0; p++) if (this.bytes[p] === 0) nul = p
    if (nul >= 0) {
      if (this.root === null) this.fail('NUL before the root element', nul)
      this.findings.add('xml.trailing', 'note', 'XML', '2.1', 'NUL octets behind the root element', this.at(nul), this.at(end) - this.at(nul))
    } else if (this.root !== null && end === this.end && this.bytes[start] !== 0x0a && this.bytes[start] !== 0x0d) {
      this.findings.add('xml.trailing', 'chat', 'XML', '2.1', 'white space behind the root element', this.at(start), this.at(end) - this.at(start))
    }
    this.note(this.root === null ? 'space' : 'trailing', start, end, nul < 0 ? 'white space' : 'NUL')
  }

  /** Octets as characters: no reference is resolved. */
  private decode(start: number, end: number, what: 'name' | 'text'): string {
    const { bytes } = this
    let all = 0
    for (let p = start; p < end; p++) all |= bytes[p] as number
    if (all < 0x80) return this.source.slice(start, end)
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

  /** Character data or an attribute value with everything in it that needs work: references, line ends, control characters. */
  private text(start: number, end: number, flags: number): string {
    if ((flags & AMP) === 0) return this.odd(this.decode(start, end, 'text'), start, end, flags)
    const { bytes } = this
    let text = ''
    let from = start
    for (let p = start; p < end; p++) {
      if (bytes[p] !== 0x26) continue
      if (p > from) text += this.odd(this.decode(from, p, 'text'), from, p, flags)
      const stop = this.referenceEnd(p, end)
      text += this.reference(p, stop)
      p = stop
      from = stop + 1
    }
    return from < end ? text + this.odd(this.decode(from, end, 'text'), from, end, flags) : text
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

  /** `<!--`, `<![CDATA[` or `<!DOCTYPE`. */
  private declaration(): void {
    const start = this.pos
    if (this.source.startsWith('<!--', start)) {
      const close = this.source.indexOf('-->', start + 4)
      if (close < 0) this.fail('the document ends inside a comment')
      this.pos = close + 3
      this.note('markup', start, this.pos, 'comment')
    } else if (this.source.startsWith('<![CDATA[', start)) this.cdata(start)
    else if (this.source.startsWith('<!DOCTYPE', start)) this.doctype(start)
    else this.fail(this.end - start < 9 ? 'the document ends inside a declaration' : 'a declaration that is not allowed here')
  }

  private cdata(start: number): void {
    if (this.depth === 0) this.fail('CDATA outside the root element')
    const from = start + 9
    const close = this.source.indexOf(']]>', from)
    if (close < 0) this.fail('the document ends inside CDATA')
    this.pos = close + 3
    let flags = 0
    for (let p = from; p < close; p++) flags |= CLASS[this.bytes[p] as number] as number
    const node = (this.open[this.depth - 1] as Open).node
    node.text += this.odd(this.decode(from, close, 'text'), from, close, flags)
    if (this.recorder === null) return
    this.note('markup', start, from, '<![CDATA[')
    if (close > from) this.note('text', from, close, this.decode(from, close, 'text'))
    this.note('markup', close, this.pos, ']]>')
  }

  private instruction(): void {
    const start = this.pos
    const close = this.source.indexOf('?>', start + 2)
    if (close < 0) this.fail('the document ends inside a processing instruction')
    this.pos = close + 2
    const declaration = this.source.startsWith('<?xml', start) && NAME_END[this.bytes[start + 5] as number] === 1
    this.note('markup', start, this.pos, declaration ? 'XML declaration' : 'processing instruction')
  }

  /** Skipped, never processed. An internal subset may hold only instructions, comments and white space. */
  private doctype(start: number): void {
    if (this.root !== null) this.fail('DOCTYPE behind the start of the root element')
    const { bytes, end, source } = this
    let p = start + 9
    while (p < end) {
      const c = bytes[p] as number
      if (c === 0x3e) break
      if (c === 0x22 || c === 0x27) {
        p = this.skipTo(String.fromCharCode(c), p + 1, start)
      } else if (c === 0x5b) p = this.subset(p, start)
      else if (c === 0x3c) this.fail('"<" inside DOCTYPE', p)
      p++
    }
    if (p >= end) this.fail('the document ends inside DOCTYPE', start)
    this.pos = p + 1
    this.findings.add(
      'xml.doctype',
      'chat',
      'XML',
      '2.8',
      `DOCTYPE skipped: ${source.slice(start, Math.min(p + 1, start + 120))}`,
      this.at(start),
      this.at(p + 1) - this.at(start),
    )
    this.note('markup', start, this.pos, 'DOCTYPE')
  }

  private skipTo(mark: string, from: number, start: number): number {
    const at = this.source.indexOf(mark, from)
    if (at < 0) this.fail('the document ends inside DOCTYPE', start)
    return at + mark.length - 1
  }

  /** Index of the `]` that ends the internal subset which begins at `from`. */
  private subset(from: number, start: number): number {
    const { bytes, end, source } = this
    let p = from + 1
    while (p < end && bytes[p] !== 0x5d) {
      if (source.startsWith('<?', p)) p = this.skipTo('?>', p + 2, start)
      else if (source.startsWith('<!--', p)) p = this.skipTo('-->', p + 4, start)
      else if (!isBlank(bytes[p])) this.fail('DOCTYPE declares something (entities, elements or a reference): not accepted', p)
      p++
    }
    if (p >= end) this.fail('the document ends inside DOCTYPE', start)
    return p
  }
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}
