// Writes WBXML 1.1 to 1.3 in UTF-8: the body first, then the header with the string table the body turned out to need.
import type { Element } from './element.ts'
import { EncodeError } from './error.ts'
import { type PageCode, provStart, provValueCode } from './prov.ts'
import { Out, type Roll, type Tag, TAGS } from './sink.ts'
import { utf8Bytes, utf8Length } from './text.ts'
import type { PublicId } from './tokens.ts'

/** From this length on a text is looked at and copied as a whole. */
const LONG = 48

/** How a WBXML document is to be written. */
export interface WbxmlStyle {
  readonly version: 1 | 2 | 3
  readonly publicId: 'number' | 'text'
  readonly strings: 'inline' | 'table' | 'opaque'
  readonly pages: 'lazy' | 'eager'
}

export class WbxmlWriter implements Roll {
  readonly clean = true
  private readonly body = new Out()
  private readonly style: WbxmlStyle
  private readonly publicId: PublicId
  private readonly version12: boolean
  private readonly table: Uint8Array[] = []
  private tableLength = 0
  private readonly index = new Map<string, number>()
  private page = 0
  private attributePage = 0
  /** Place of the tag octet, and the page, of every open element. */
  private readonly tags: number[] = []
  private readonly tagPages: number[] = []
  /** What `mark` remembered; `tag` is that of the open element, which may not have had content then. */
  private readonly marked = { length: 0, depth: 0, tag: 0, page: 0, attributePage: 0, strings: 0, tableLength: 0 }

  /** `subDocument` writes an element that must be a document of its own (DevInf inside SyncML). */
  private readonly subDocument: (element: Element) => Uint8Array

  constructor(style: WbxmlStyle, publicId: PublicId, strings: readonly string[], subDocument: (element: Element) => Uint8Array) {
    this.style = style
    this.publicId = publicId
    this.subDocument = subDocument
    this.version12 = publicId.number === 0x1203
    if (this.textual()) this.intern(publicId.text)
    for (const text of strings) this.index.set(text, this.intern(text))
  }

  private textual(): boolean {
    return this.publicId.text !== '' && (this.style.publicId === 'text' || this.publicId.number === 0)
  }

  private intern(text: string): number {
    const at = this.tableLength
    const octets = utf8Bytes(`${text}\0`)
    this.table.push(octets)
    this.tableLength += octets.length
    return at
  }

  start(tag: Tag): void {
    this.begin(tag.page, tag.code)
  }

  private begin(page: number, code: number): void {
    const { body } = this
    this.content()
    if (page !== this.page) this.switchTo(page)
    this.tags.push(body.length)
    this.tagPages.push(page)
    body.octet(code)
  }

  leaf(tag: Tag, text: string): void {
    const { body } = this
    this.content()
    if (tag.page !== this.page) this.switchTo(tag.page)
    if (text.length === 0) {
      body.octet(tag.code)
      return
    }
    body.octet(tag.code | 0x40)
    this.characters(text)
    body.octet(0x01)
  }

  private switchTo(page: number): void {
    this.body.octet(0x00)
    this.body.octet(page)
    this.page = page
  }

  /** The open element has content after all: sets the bit in its tag. */
  private content(): void {
    if (this.tags.length === 0) return
    const at = this.tags[this.tags.length - 1] as number
    this.body.bytes[at] = (this.body.bytes[at] as number) | 0x40
  }

  end(): void {
    const { body } = this
    const at = this.tags.pop() as number
    const page = this.tagPages.pop() as number
    if (((body.bytes[at] as number) & 0x40) === 0) return
    if (page !== this.page && this.style.pages === 'eager') this.switchTo(page)
    body.octet(0x01)
  }

  text(text: string): void {
    if (text.length === 0) return
    this.content()
    this.characters(text)
  }

  private characters(text: string): void {
    const index = this.index.size === 0 ? undefined : this.index.get(text)
    if (index !== undefined) {
      this.body.octet(0x83)
      this.body.mb(index)
    } else if (this.style.strings === 'opaque') this.opaqueText(text)
    else this.inline(text)
  }

  private inline(text: string): void {
    if (text.length >= LONG) return this.wholeInline(text)
    const { body } = this
    const start = body.length
    const length = text.length
    body.room(length + 2)
    const { bytes } = body
    let to = start
    bytes[to++] = 0x03
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c >= 0x80 || c === 0) return this.wholeInline(text)
      bytes[to++] = c
    }
    bytes[to++] = 0
    body.length = to
  }

  /** The same for any text: it is looked at and copied as a whole. */
  private wholeInline(text: string): void {
    if (text.includes('\0') || !text.isWellFormed()) return this.opaqueText(text)
    const { body } = this
    body.octet(0x03)
    body.room(utf8Length(text) + 1)
    body.length += body.utf8(text)
    body.octet(0)
  }

  /** Text as OPAQUE: with NUL in it, or with a lone surrogate, which goes out in the pattern of UTF-8. */
  private opaqueText(text: string): void {
    if (text.isWellFormed()) {
      this.opaque(utf8Bytes(text))
      return
    }
    const out = new Out()
    for (const point of text) out.point(point.codePointAt(0) as number)
    this.opaque(out.result())
  }

  octets(octets: Uint8Array): void {
    if (octets.length === 0) return
    this.content()
    this.opaque(octets)
  }

  private opaque(octets: Uint8Array): void {
    this.body.octet(0xc3)
    this.body.mb(octets.length)
    this.body.octets(octets)
  }

  tree(element: Element): void {
    const { vocabulary, name } = element
    if ((vocabulary === 'devinf' || vocabulary === 'prov') && this.tags.length > 0 && !this.sameLanguage(vocabulary)) {
      this.octets(this.subDocument(element))
      return
    }
    const plain = element.children.length === 0 && element.opaque === undefined && vocabulary !== 'devinf' && vocabulary !== 'prov'
    const tag = plain ? TAGS[vocabulary].get(name) : undefined
    if (tag !== undefined) {
      this.leaf(tag, element.text)
      return
    }
    if (element.token !== undefined) this.unknown(element.token, name)
    else this.known(element)
    if (vocabulary === 'prov' && element.attributes !== undefined) this.attributes(element.attributes)
    if (element.opaque !== undefined) this.octets(element.opaque)
    else this.text(element.text)
    for (const child of element.children) this.tree(child)
    this.end()
  }

  /** Attribute list of client provisioning; the only language here that has attribute tables. */
  private attributes(attributes: readonly (readonly [string, string])[]): void {
    const { body } = this
    const at = this.tags[this.tags.length - 1] as number
    body.bytes[at] = (body.bytes[at] as number) | 0x80
    for (const [name, value] of attributes) {
      const start = provStart(name, value)
      if (start === undefined) {
        body.octet(0x04)
        body.mb(this.literal(name))
      } else this.attributeCode(start)
      if (start?.whole === true || value === '') continue
      const code = provValueCode(value)
      if (code === undefined) this.inline(value)
      else this.attributeCode(code)
    }
    body.octet(0x01)
  }

  private attributeCode({ page, code }: PageCode): void {
    if (page !== this.attributePage) {
      this.body.octet(0x00)
      this.body.octet(page)
      this.attributePage = page
    }
    this.body.octet(code)
  }

  /** Index of a name in the string table; put there at its first use. */
  private literal(name: string): number {
    if (name === '' || name.includes('\0')) throw new EncodeError('a name that cannot be written', JSON.stringify(name))
    const key = `\0${name}`
    let index = this.index.get(key)
    if (index === undefined) this.index.set(key, (index = this.intern(name)))
    return index
  }

  private sameLanguage(vocabulary: 'devinf' | 'prov'): boolean {
    return this.publicId.language.name === (vocabulary === 'devinf' ? 'DevInf' : 'PROV')
  }

  /** A token no table has, as it came; only where the page is one of this language, or no reader could follow. */
  private unknown({ page, code }: { page: number; code: number }, name: string): void {
    const known = this.publicId.language.pages[page]
    if (known === undefined || known.names[code] !== '') throw new EncodeError('a token of a language that is not known cannot be written', name)
    this.begin(page, code)
  }

  /** A known tag, or LITERAL with the name in the string table. */
  private known(element: Element): void {
    const { vocabulary, name } = element
    const tag = TAGS[vocabulary].get(name)
    const later = this.version12 ? name === 'Size' : name === 'MaxSize'
    if (tag !== undefined && !(vocabulary === 'devinf' && later)) {
      this.begin(tag.page, tag.code)
      return
    }
    this.begin(this.page, 0x04)
    this.body.mb(this.literal(name))
  }

  lengthWith(tag: Tag): number {
    const { body } = this
    const before = body.length
    this.head()
    const length = body.length + (tag.page === this.page ? 1 : 3) + this.tags.length
    body.length = before
    return length
  }

  mark(): void {
    const { marked, body, tags } = this
    marked.length = body.length
    marked.depth = tags.length
    marked.tag = tags.length === 0 ? 0 : (body.bytes[tags.at(-1) as number] as number)
    marked.page = this.page
    marked.attributePage = this.attributePage
    marked.strings = this.table.length
    marked.tableLength = this.tableLength
  }

  back(): void {
    const { marked, body, tags } = this
    body.length = marked.length
    tags.length = this.tagPages.length = marked.depth
    if (marked.depth > 0) body.bytes[tags.at(-1) as number] = marked.tag
    this.page = marked.page
    this.attributePage = marked.attributePage
    if (this.table.length === marked.strings) return
    this.table.length = marked.strings
    this.tableLength = marked.tableLength
    for (const [text, index] of this.index) if (index >= marked.tableLength) this.index.delete(text)
  }

  result(): Uint8Array<ArrayBuffer> {
    const { length } = this.body
    this.head()
    return this.body.result(length)
  }

  /** The header of the document, which is known last: it is written behind the body. */
  private head(): void {
    const { body: head } = this
    head.octet(this.style.version)
    if (this.textual()) {
      head.octet(0)
      head.octet(0)
    } else head.mb(this.publicId.number)
    head.octet(0x6a)
    const bare = this.textual() && this.publicId.number !== 0 && this.table.length === 1
    head.mb(bare ? this.tableLength - 1 : this.tableLength)
    for (const octets of this.table) head.octets(bare ? octets.subarray(0, -1) : octets)
  }
}
