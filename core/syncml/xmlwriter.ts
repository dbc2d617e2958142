// Writes XML 1.0 in UTF-8: no white space of its own, a namespace where it changes, an error naming the element for what XML cannot say.
import type { Element, Vocabulary } from './element.ts'
import { EncodeError } from './error.ts'
import { Out, type Roll, type Tag, TAGS } from './sink.ts'
import { isXmlName, isXmlText, needsNoEscape, utf8Bytes, utf8Text } from './text.ts'
import { NAMESPACES } from './tokens.ts'

const PROLOG = utf8Bytes('<?xml version="1.0" encoding="UTF-8"?>')
const GT = 0x3e

/** From this length on a text is looked at and copied as a whole. */
const LONG = 48
/** Octets that text may hold as they are. */
const PLAIN = new Uint8Array(256).fill(1, 0, 128)
PLAIN.fill(0, 0, 0x20)
for (const c of '&<>') PLAIN[c.charCodeAt(0)] = 0
PLAIN[0x09] = PLAIN[0x0a] = 1

const ESCAPES: Readonly<Record<number, Uint8Array>> = {
  0x26: utf8Bytes('&amp;'),
  0x3c: utf8Bytes('&lt;'),
  0x3e: utf8Bytes('&gt;'),
  0x0d: utf8Bytes('&#13;'),
}

/** Namespaces of the attribute prefixes seen in the field; any other prefix is declared as `urn:prefix:NAME`. */
const PREFIXES: Readonly<Record<string, string>> = {
  msft: 'http://schemas.microsoft.com/MobileDevice/MDM',
  MSFT: 'http://schemas.microsoft.com/MobileDevice/DM',
}

const XMLNS = new Map<string, Uint8Array>()
/** ` xmlns="…"`. */
export function declaration(uri: string): Uint8Array {
  let bytes = XMLNS.get(uri)
  if (bytes === undefined) {
    bytes = utf8Bytes(` xmlns="${uri.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}"`)
    if (XMLNS.size < 100) XMLNS.set(uri, bytes)
  }
  return bytes
}

const BY_SYNCML = new Map<string, Readonly<Record<Vocabulary, string>>>()
/** Namespaces of the vocabularies where that of SyncML is this one. */
function namespacesOf(syncml: string): Readonly<Record<Vocabulary, string>> {
  let names = BY_SYNCML.get(syncml)
  if (names === undefined) BY_SYNCML.set(syncml, (names = { ...NAMESPACES, syncml }))
  return names
}

/** An open element: its closing tag, and the namespaces that hold again behind it. */
interface Open {
  close: Uint8Array
  name: string
  scope: string
  home: string
}

export class XmlWriter implements Roll {
  clean = true
  private readonly out = new Out()
  private readonly namespaces: Readonly<Record<Vocabulary, string>>
  private readonly syncml: string
  /** The open elements are the first `depth` of these. */
  private readonly open: Open[] = []
  private depth = 0
  private scope = ''
  /** Innermost namespace of our own: what an element without one of its own belongs to. */
  private home = ''
  private leafName = ''
  /** True while the start tag last written still lacks its `>`. */
  private pending = false
  /** What `mark` remembered. */
  private readonly marked = { length: 0, depth: 0, scope: '', home: '', pending: false }

  constructor(prolog: boolean, syncmlNamespace: string) {
    this.namespaces = namespacesOf(syncmlNamespace)
    this.syncml = syncmlNamespace
    if (prolog) this.out.short(PROLOG)
  }

  /** Most elements are of SyncML itself. */
  private namespaceOf(vocabulary: Vocabulary): string {
    return vocabulary === 'syncml' ? this.syncml : this.namespaces[vocabulary]
  }

  start(tag: Tag): void {
    this.begin(tag.open, tag.close, tag.name, this.namespaceOf(tag.vocabulary), false)
  }

  private begin(open: Uint8Array, close: Uint8Array, name: string, namespace: string, foreign: boolean): void {
    const { out } = this
    if (this.pending) out.octet(GT)
    out.short(open)
    const slot = this.open[this.depth++]
    if (slot === undefined) this.open.push({ close, name, scope: this.scope, home: this.home })
    else {
      slot.close = close
      slot.name = name
      slot.scope = this.scope
      slot.home = this.home
    }
    if (namespace !== this.scope) {
      out.short(declaration(namespace))
      this.scope = namespace
    }
    if (!foreign) this.home = namespace
    this.pending = true
  }

  end(): void {
    const { out } = this
    const { close, scope, home } = this.open[--this.depth] as Open
    this.scope = scope
    this.home = home
    if (this.pending) {
      out.octet(0x2f)
      out.octet(GT)
      this.pending = false
    } else out.short(close)
  }

  leaf(tag: Tag, text: string): void {
    const { out } = this
    if (this.pending) out.octet(GT)
    out.short(tag.open)
    const namespace = this.namespaceOf(tag.vocabulary)
    if (namespace !== this.scope) out.short(declaration(namespace))
    this.pending = false
    if (text.length === 0) {
      out.octet(0x2f)
      out.octet(GT)
      return
    }
    out.octet(GT)
    this.leafName = tag.name
    this.text(text)
    this.leafName = ''
    out.short(tag.close)
  }

  text(text: string): void {
    const length = text.length
    if (length === 0) return
    const { out } = this
    if (this.pending) {
      out.octet(GT)
      this.pending = false
    }
    out.room(length)
    const plain = length >= LONG ? this.long(text) : this.brief(text)
    out.length += plain
    if (plain < length) this.hard(text, plain)
  }

  /** Writes a text up to its first character that needs work; gives how many there were before. */
  private brief(text: string): number {
    const { bytes, length } = this.out
    let i = 0
    for (; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c >= 0x80 || PLAIN[c] === 0) break
      bytes[length + i] = c
    }
    return i
  }

  /** The same for a long text, which is copied as a whole and looked at as octets: up to the first that is not ASCII they are its characters. */
  private long(text: string): number {
    const { bytes, length } = this.out
    const written = this.out.utf8(text)
    if (written === text.length && needsNoEscape(text)) return written
    const end = length + written
    let at = length
    while (at < end && PLAIN[bytes[at] as number] === 1) at++
    return at - length
  }

  /** The rest of a text from its first character that needs work. */
  private hard(text: string, from: number): void {
    const { out } = this
    for (let i = from; i < text.length; i++) {
      const point = text.codePointAt(i) as number
      if (point === 0x0d || point >= 0xd800) this.clean = false
      if (point < 0x80) {
        if (PLAIN[point] === 1) out.octet(point)
        else out.short(ESCAPES[point] ?? this.refuse(point))
      } else {
        if ((point >= 0xd800 && point <= 0xdfff) || point === 0xfffe || point === 0xffff) this.refuse(point)
        if (point > 0xffff) i++
        out.point(point)
      }
    }
  }

  private refuse(point: number): never {
    throw new EncodeError(
      `the character U+${point.toString(16).toUpperCase().padStart(4, '0')} is not allowed in XML 1.0; binary data needs Format b64`,
      this.where(),
    )
  }

  private where(): string {
    const names = this.open.slice(0, this.depth).map(({ name }) => name)
    if (this.leafName !== '') names.push(this.leafName)
    return names.slice(-2).join('/')
  }

  octets(octets: Uint8Array): void {
    const text = utf8Text(octets)
    if (text === null || !isXmlText(text)) {
      throw new EncodeError(`${String(octets.length)} octets that are no text cannot stand in XML; binary data needs Format b64`, this.where())
    }
    this.text(text)
  }

  tree(element: Element): void {
    const { vocabulary, name } = element
    const tag = TAGS[vocabulary].get(name)
    if (tag !== undefined && element.children.length === 0 && element.opaque === undefined && element.attributes === undefined) {
      this.leaf(tag, element.text)
      return
    }
    if (tag !== undefined) this.start(tag)
    else {
      if (!isXmlName(name)) throw new EncodeError(`${JSON.stringify(name)} is no XML name`, `${this.where()}/${name}`)
      if (element.namespace !== undefined && !isXmlText(element.namespace))
        throw new EncodeError('a namespace that XML 1.0 does not allow', `${this.where()}/${name}`)
      const namespace = element.namespace ?? (vocabulary === 'other' ? this.home : this.namespaces[vocabulary])
      this.begin(utf8Bytes(`<${name}`), utf8Bytes(`</${name}>`), name, namespace, element.namespace !== undefined)
    }
    if (element.attributes !== undefined) for (const [key, value] of element.attributes) this.attribute(key, value, element.attributes)
    if (element.text !== '') this.text(element.text)
    else if (element.embedded !== undefined) this.tree(element.embedded)
    else if (element.opaque !== undefined) this.octets(element.opaque)
    for (const child of element.children) this.tree(child)
    this.end()
  }

  private attribute(name: string, value: string, all: readonly (readonly [string, string])[]): void {
    const parts = name.split(':')
    if (parts.length > 2 || !parts.every(isXmlName)) throw new EncodeError(`${JSON.stringify(name)} is no XML attribute name`, this.where())
    if (!isXmlText(value)) throw new EncodeError(`the attribute ${name} has a character that XML 1.0 does not allow`, this.where())
    const prefix = parts.length === 2 ? (parts[0] as string) : ''
    if (prefix !== '' && prefix !== 'xml' && all.find(([other]) => other.startsWith(`${prefix}:`))?.[0] === name) {
      const uri = Object.hasOwn(PREFIXES, prefix) ? (PREFIXES[prefix] as string) : `urn:prefix:${prefix}`
      this.out.octets(utf8Bytes(` xmlns:${prefix}="${uri}"`))
    }
    const escaped = value.replace(/[&<>"\t\n\r]/g, (c) => `&#${String(c.charCodeAt(0))};`)
    this.out.octets(utf8Bytes(` ${name}="${escaped}"`))
  }

  lengthWith(tag: Tag): number {
    let length = this.out.length + tag.open.length + (this.pending ? 3 : 2)
    if (this.namespaceOf(tag.vocabulary) !== this.scope) length += declaration(this.namespaceOf(tag.vocabulary)).length
    for (let i = 0; i < this.depth; i++) length += (this.open[i] as Open).close.length
    return length
  }

  mark(): void {
    const { marked } = this
    marked.length = this.out.length
    marked.depth = this.depth
    marked.scope = this.scope
    marked.home = this.home
    marked.pending = this.pending
  }

  back(): void {
    const { marked } = this
    this.out.length = marked.length
    this.depth = marked.depth
    this.scope = marked.scope
    this.home = marked.home
    this.pending = marked.pending
    this.leafName = ''
  }

  result(): Uint8Array<ArrayBuffer> {
    return this.out.result()
  }
}
