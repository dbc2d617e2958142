// Reads XML 1.0 with namespaces into elements, byte by byte and once; no DTD is processed, no entity but the five is known.
import { characters } from './charset.ts'
import { skipDoctype } from './doctype.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import { knownName } from './names.ts'
import { dropSpace, type Findings, NO_CHILDREN, type Node, type Recorder, type TokenKind } from './reading.ts'
import { isXmlName } from './text.ts'
import type { KnownName } from './tokens.ts'
import { Namespaces, type Scope } from './xmlscope.ts'
import { CLASS, ODD, STOP, WORD, XmlText } from './xmltext.ts'

/** Octets that end a name. */
const NAME_END = new Uint8Array(256)
for (const c of ' \t\r\n/>=<&"\'\0') NAME_END[c.charCodeAt(0)] = 1

const NO_NAME: KnownName = { name: '', bytes: new Uint8Array(), in: 0, container: 0 }

/** An open element: its node, where its name stands in the start tag, and what holds again once it ends. */
interface Open {
  node: Node
  /** Where its children begin among those that wait. */
  first: number
  nameStart: number
  nameEnd: number
  scope: Scope
  prefixes: number
}

export class XmlReader {
  readonly limits: Limits
  readonly findings: Findings
  readonly recorder: Recorder | null
  private readonly chars: XmlText
  private readonly bytes: Uint8Array
  private readonly end: number
  private readonly names: Namespaces
  private pos: number
  private elementsLeft: number
  private treeAllowed = false
  private readonly open: Open[] = []
  private depth = 0
  /** Children of the open elements so far, those of the innermost last; an element takes its own when it ends. */
  private readonly children: Node[] = []
  private root: Node | null = null

  constructor(bytes: Uint8Array, limits: Limits, findings: Findings, recorder: Recorder | null) {
    if (bytes.length > limits.bytes) throw new CodecError(`the document is longer than ${String(limits.bytes)} octets`, 0)
    this.limits = limits
    this.findings = findings
    this.recorder = recorder
    this.elementsLeft = limits.elements
    const found = characters(bytes, findings)
    this.chars = new XmlText(found, limits, findings)
    this.names = new Namespaces(this.chars, limits, findings)
    this.bytes = this.chars.bytes
    this.end = this.chars.end
    this.pos = found.start
    if (recorder !== null && this.at(found.start) > 0) recorder.add('markup', 0, this.at(found.start), 'byte order mark')
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
    return this.chars.at(index)
  }

  private fail(reason: string, index = this.pos): never {
    return this.chars.fail(reason, index)
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
    const saved = this.names.scope
    const prefixes = this.names.count
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
        this.names.restore(saved, prefixes)
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
    this.names.restore(saved, prefixes)
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
    if (textEnd > pos) node.text = this.chars.ascii(pos, textEnd)
    this.pos = p + 1
    node.end = this.at(p + 1)
    return true
  }

  private push(node: Node, nameStart: number, nameEnd: number, scope: Scope, prefixes: number): void {
    const slot = this.open[this.depth]
    const first = this.children.length
    if (slot === undefined) this.open[this.depth] = { node, first, nameStart, nameEnd, scope, prefixes }
    else {
      slot.node = node
      slot.first = first
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
    const scope = this.names.scopeFor(known ?? NO_NAME, start, colon)
    const vocabulary = this.names.vocabulary(known ?? NO_NAME, scope, parent, start, nameEnd)
    const name = known === undefined ? this.chars.decode(local, nameEnd, 'name') : known.name
    if (known === undefined && !isXmlName(name)) this.fail(`${JSON.stringify(name)} is no name`, start)
    const node: Node = { start: this.at(start), end: 0, vocabulary, name, children: NO_CHILDREN, text: '' }
    if (scope.foreign !== undefined && vocabulary === 'other') node.namespace = scope.foreign
    if (attributes !== null) node.attributes = attributes
    if (parent === null) this.root = node
    else this.children.push(node)
    if (!this.treeAllowed && (name === 'MgmtTree' || name === 'DevInf')) {
      this.treeAllowed = true
      this.elementsLeft += this.limits.treeElements
    }
    return node
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
    if (this.names.declares(start, nameEnd, from, p, flags)) return null
    const value = this.chars.text(from, p, flags).replace(/[\t\n]/g, ' ')
    return [this.chars.decode(start, nameEnd, 'name'), value]
  }

  private endTag(): void {
    const { bytes } = this
    const start = this.pos
    if (this.depth === 0) this.fail('an end tag without an open element')
    const open = this.open[this.depth - 1] as Open
    const { node, first, nameStart, nameEnd } = open
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
    if (this.children.length > first) node.children = this.children.splice(first)
    dropSpace(node)
    this.depth--
    this.names.restore(open.scope, open.prefixes)
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
    const { node, first } = this.open[this.depth - 1] as Open
    const blank = (flags & WORD) === 0
    if (!blank || this.children.length === first || node.text !== '') {
      const text = flags === WORD ? this.chars.ascii(start, p) : this.chars.text(start, p, flags)
      node.text = node.text === '' ? text : node.text + text
    } else if ((flags & ODD) !== 0) this.chars.text(start, p, flags)
    if (this.recorder !== null) this.note(blank ? 'space' : 'text', start, p, blank ? 'white space' : this.chars.decode(start, p, 'text'))
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

  /** `<!--`, `<![CDATA[` or `<!DOCTYPE`. */
  private declaration(): void {
    const start = this.pos
    if (this.chars.source.startsWith('<!--', start)) {
      const close = this.chars.source.indexOf('-->', start + 4)
      if (close < 0) this.fail('the document ends inside a comment')
      this.pos = close + 3
      this.note('markup', start, this.pos, 'comment')
    } else if (this.chars.source.startsWith('<![CDATA[', start)) this.cdata(start)
    else if (this.chars.source.startsWith('<!DOCTYPE', start)) this.doctype(start)
    else this.fail(this.end - start < 9 ? 'the document ends inside a declaration' : 'a declaration that is not allowed here')
  }

  private cdata(start: number): void {
    if (this.depth === 0) this.fail('CDATA outside the root element')
    const from = start + 9
    const close = this.chars.source.indexOf(']]>', from)
    if (close < 0) this.fail('the document ends inside CDATA')
    this.pos = close + 3
    let flags = 0
    for (let p = from; p < close; p++) flags |= CLASS[this.bytes[p] as number] as number
    const node = (this.open[this.depth - 1] as Open).node
    node.text += this.chars.literal(from, close, flags)
    if (this.recorder === null) return
    this.note('markup', start, from, '<![CDATA[')
    if (close > from) this.note('text', from, close, this.chars.decode(from, close, 'text'))
    this.note('markup', close, this.pos, ']]>')
  }

  private doctype(start: number): void {
    if (this.root !== null) this.fail('DOCTYPE behind the start of the root element')
    this.pos = skipDoctype(this.chars, start)
    const shown = this.chars.source.slice(start, Math.min(this.pos, start + 120))
    this.findings.add('xml.doctype', 'chat', 'XML', '2.8', `DOCTYPE skipped: ${shown}`, this.at(start), this.at(this.pos) - this.at(start))
    this.note('markup', start, this.pos, 'DOCTYPE')
  }

  private instruction(): void {
    const { bytes, end } = this
    const start = this.pos
    let close = start + 2
    while (close < end && !(bytes[close] === 0x3f && bytes[close + 1] === 0x3e)) close++
    if (close + 1 >= end) this.fail('the document ends inside a processing instruction')
    this.pos = close + 2
    if (this.recorder === null) return
    const declaration = this.chars.source.startsWith('<?xml', start) && NAME_END[bytes[start + 5] as number] === 1
    this.note('markup', start, this.pos, declaration ? 'XML declaration' : 'processing instruction')
  }
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}
