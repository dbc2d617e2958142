// A push that carries a link: Service Indication 1.0 (WAP-167) in XML and WBXML, written and read, and plain text that is the URL. It fetches nothing.
import { decodeTree } from '../syncml/codec.ts'
import { CodecError } from '../syncml/error.ts'
import { concat, utf8Bytes, utf8Text } from '../syncml/text.ts'

export const SI_XML = 'text/vnd.wap.si'
export const SI_WBXML = 'application/vnd.wap.sic'
const LINK_TEXT = 'text/plain'
/** Media types a link may be pushed in. */
export const LINK_TYPES = [SI_WBXML, SI_XML, LINK_TEXT] as const
export type LinkType = (typeof LINK_TYPES)[number]
/** The user agent that takes service indications (OMNA 0x02). */
export const LINK_APPLICATION = 'x-wap-application:wml.ua'

/** `href` and what a person is shown. */
export interface Link {
  readonly href: string
  readonly text: string
}

/** A body that carries no link; `offset` counts octets of the body. */
export class LinkError extends Error {
  readonly offset: number

  constructor(reason: string, offset: number) {
    super(`byte ${String(offset)}: ${reason}`)
    this.name = 'LinkError'
    this.offset = offset
  }
}

export const isLinkType = (contentType: string): contentType is LinkType => LINK_TYPES.some((each) => each === contentType)

/** Tokens of SI 1.0 (WAP-167 9): public identifier, tags, attribute starts with their fixed beginnings, attribute values. */
const PUBLIC_ID = 0x05
const TAGS: Readonly<Record<number, string>> = { 0x05: 'si', 0x06: 'indication', 0x07: 'info', 0x08: 'item' }
const STARTS: ReadonlyMap<number, readonly [name: string, prefix: string]> = new Map([
  [0x05, ['action', 'signal-none']],
  [0x06, ['action', 'signal-low']],
  [0x07, ['action', 'signal-medium']],
  [0x08, ['action', 'signal-high']],
  [0x09, ['action', 'delete']],
  [0x0a, ['created', '']],
  [0x0b, ['href', '']],
  [0x0c, ['href', 'http://']],
  [0x0d, ['href', 'http://www.']],
  [0x0e, ['href', 'https://']],
  [0x0f, ['href', 'https://www.']],
  [0x10, ['si-expires', '']],
  [0x11, ['si-id', '']],
  [0x12, ['class', '']],
])
const ENDINGS: Readonly<Record<number, string>> = { 0x85: '.com/', 0x86: '.edu/', 0x87: '.net/', 0x88: '.org/' }
const [END, ENTITY, STR_I, STR_T, OPAQUE] = [0x01, 0x02, 0x03, 0x83, 0xc3]
const UTF8 = 106

/** The body of a push in that media type. Throws LinkError for text with a NUL, which none of them can carry. */
export function writeLink({ href, text }: Link, type: LinkType): Uint8Array {
  if (`${href}${text}`.includes('\0')) throw new LinkError('text with a NUL in it cannot be written', 0)
  if (type === LINK_TEXT) return utf8Bytes(href)
  return type === SI_XML ? utf8Bytes(xmlOf({ href, text })) : wbxmlOf({ href, text })
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)

const xmlOf = ({ href, text }: Link): string =>
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE si PUBLIC "-//WAPFORUM//DTD SI 1.0//EN" "http://www.wapforum.org/DTD/si.dtd">\n' +
  `<si><indication href="${escaped(href)}">${escaped(text)}</indication></si>\n`

const inline = (text: string): Uint8Array => (text === '' ? new Uint8Array(0) : concat([Uint8Array.of(STR_I), utf8Bytes(text), Uint8Array.of(0)]))

function wbxmlOf({ href, text }: Link): Uint8Array {
  const starts = [...STARTS].filter(([, [name, prefix]]) => name === 'href' && href.startsWith(prefix))
  const [code, [, prefix]] = starts.sort((a, b) => b[1][1].length - a[1][1].length)[0] ?? [0x0b, ['href', '']]
  // WBXML 1.2, UTF-8, no string table; si with content, indication with attributes, and with content where there is a text.
  const head = Uint8Array.of(0x02, PUBLIC_ID, UTF8, 0, 0x45, text === '' ? 0x86 : 0xc6, code)
  const ends = text === '' ? [END] : [END, END]
  return concat([head, inline(href.slice(prefix.length)), Uint8Array.of(END), inline(text), Uint8Array.from(ends)])
}

/** Reads what a push of such a type carries. Throws LinkError where there is no URL in it. */
export function readLink(type: LinkType, body: Uint8Array): Link {
  const link = type === LINK_TEXT ? plain(body) : type === SI_XML ? fromXml(body) : new SiReader(body).link()
  if (!/^https?:\/\/[^/\s]/i.test(link.href)) throw new LinkError(`${JSON.stringify(link.href.slice(0, 80))} is no http or https address`, 0)
  return link
}

function plain(body: Uint8Array): Link {
  const text = utf8Text(body)?.trim()
  if (text === undefined || /\s/.test(text)) throw new LinkError('the text is not one address', 0)
  return { href: text, text: '' }
}

function fromXml(body: Uint8Array): Link {
  try {
    const { root } = decodeTree(body, 'xml')
    if (root.name !== 'si') throw new LinkError(`the document is ${root.name}, no si`, root.start)
    const at = root.children.find(({ name }) => name === 'indication')
    if (at === undefined) throw new LinkError('there is no indication in it', root.start)
    const href = at.attributes?.find(([name]) => name === 'href')?.[1]
    if (href === undefined) throw new LinkError('the indication has no href', at.start)
    return { href, text: at.text.trim() }
  } catch (error) {
    if (error instanceof CodecError) throw new LinkError(error.reason, error.offset)
    throw error
  }
}

/** A WBXML document of SI 1.0, token by token. */
class SiReader {
  readonly #bytes: Uint8Array
  #at = 0
  #table: Uint8Array = new Uint8Array(0)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  link(): Link {
    const version = this.#octet('version')
    if (version > 0x03) throw new LinkError(`WBXML version 0x${version.toString(16)} is not known`, 0)
    const id = this.#number('public identifier')
    if (id === 0) this.#number('public identifier in the string table')
    else if (id !== PUBLIC_ID) throw new LinkError(`public identifier ${String(id)} is not Service Indication 1.0`, 1)
    const charset = version === 0 ? UTF8 : this.#number('charset')
    if (charset !== UTF8 && charset !== 3) throw new LinkError(`charset ${String(charset)} is not read here`, this.#at - 1)
    const length = this.#number('string table')
    this.#table = this.#take(length, 'string table')
    const found = { href: null as string | null, text: '' }
    this.#element(found, 'si', 0)
    if (found.href === null) throw new LinkError('there is no indication with an href in it', this.#bytes.length)
    return { href: found.href, text: found.text.trim() }
  }

  #element(found: { href: string | null; text: string }, wanted: string, depth: number): void {
    const start = this.#at
    const token = this.#octet('element')
    const name = TAGS[token & 0x3f]
    if (name === undefined || (wanted !== '' && name !== wanted))
      throw new LinkError(`token 0x${token.toString(16)} is no ${wanted || 'element'}`, start)
    if (depth > 4) throw new LinkError('elements too deep for a service indication', start)
    const own = name === 'indication'
    if ((token & 0x80) !== 0) {
      const href = this.#attributes()
      if (own) found.href ??= href
    }
    if ((token & 0x40) === 0) return
    for (;;) {
      const next = this.#peek('content')
      if (next === END) return void this.#at++
      const text = this.#string(next)
      if (text === null) this.#element(found, '', depth + 1)
      else if (own) found.text += text
    }
  }

  /** The href; null where there is none. */
  #attributes(): string | null {
    let href: string | null = null
    let name = ''
    for (;;) {
      const start = this.#at
      const token = this.#peek('attribute')
      if (token === END) {
        this.#at++
        return href
      }
      const text = this.#string(token)
      if (text !== null) {
        if (name === 'href') href = (href ?? '') + text
        continue
      }
      this.#at++
      const ending = ENDINGS[token]
      const begins = STARTS.get(token)
      if (ending !== undefined) href = name === 'href' ? (href ?? '') + ending : href
      else if (begins !== undefined) {
        name = begins[0]
        if (name === 'href') href = begins[1]
      } else throw new LinkError(`attribute token 0x${token.toString(16)} is not known`, start)
    }
  }

  /** Text where a token of text begins here; null otherwise, and nothing is read. */
  #string(token: number): string | null {
    const start = this.#at
    if (token !== STR_I && token !== STR_T && token !== ENTITY && token !== OPAQUE) return null
    this.#at++
    if (token === ENTITY) return String.fromCodePoint(Math.min(this.#number('entity'), 0x10ffff))
    if (token === OPAQUE) {
      this.#take(this.#number('opaque data'), 'opaque data')
      return ''
    }
    const index = token === STR_T ? this.#number('index of a string') : 0
    const from = token === STR_T ? this.#table : this.#bytes.subarray(this.#at)
    const end = from.indexOf(0, index)
    if (end < 0) throw new LinkError('a string without its NUL', start)
    if (token === STR_I) this.#at += end + 1
    const text = utf8Text(from.subarray(index, end))
    if (text === null) throw new LinkError('a string that is not UTF-8', start)
    return text
  }

  #peek(what: string): number {
    const octet = this.#bytes[this.#at]
    if (octet === undefined) throw new LinkError(`${what} is missing: the octets end here`, this.#at)
    return octet
  }
  #octet(what: string): number {
    const octet = this.#peek(what)
    this.#at++
    return octet
  }
  #take(length: number, what: string): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new LinkError(`${what} of ${String(length)} octets is not all there`, this.#at)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
  #number(what: string): number {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const octet = this.#octet(what)
      value = value * 128 + (octet & 0x7f)
      if (octet < 0x80) return value
    }
    throw new LinkError(`${what}: a number of more than five octets`, this.#at)
  }
}
