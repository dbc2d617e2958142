// A decoded tree as XML text that loses nothing: what XML cannot hold is marked by an attribute, and read back from it.
import { encodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import { base64, fromBase64, isXmlText, utf8Text } from '../syncml/text.ts'

/**
 * The marks. `opaque="base64"`: the text is the base64 of an OPAQUE that is no text. `opaque="document"`: the child is a WBXML document of
 * its own inside an OPAQUE. `opaque="text"`: text that came as OPAQUE where that matters (NextNonce). `text="base64"`: text with characters
 * XML does not allow. `token="page:0xNN"` on `UnknownToken`: a tag no code page names.
 */
const OPAQUE = 'opaque'
const TEXT = 'text'
const TOKEN = 'token'
const UNKNOWN = 'UnknownToken'

type Marks = readonly (readonly [string, string])[]

/** The tree as XML can hold it. */
function toPrintable(element: Element): Element {
  const { children, opaque, embedded, token, text } = element
  const inner = children.map(toPrintable)
  const named = token === undefined ? {} : { name: UNKNOWN, vocabulary: 'other' as const }
  const base = { ...bare(element), ...named, children: inner }
  const marks: Marks = token === undefined ? [] : [[TOKEN, `${String(token.page)}:0x${token.code.toString(16).toUpperCase().padStart(2, '0')}`]]
  if (embedded !== undefined) return marked({ ...base, children: [toPrintable(embedded), ...inner] }, [...marks, [OPAQUE, 'document']])
  if (opaque !== undefined) {
    return text === '' ? marked({ ...base, text: base64(opaque) }, [...marks, [OPAQUE, 'base64']]) : marked(base, [...marks, [OPAQUE, 'text']])
  }
  if (!isXmlText(text)) return marked({ ...base, text: base64(new TextEncoder().encode(text)) }, [...marks, [TEXT, 'base64']])
  return marked(base, marks)
}

/** The element without what XML cannot say. */
function bare(element: Element): Element {
  const { start, end, vocabulary, name, children, text, namespace, attributes } = element
  return {
    start,
    end,
    vocabulary,
    name,
    children,
    text,
    ...(namespace === undefined ? {} : { namespace }),
    ...(attributes === undefined ? {} : { attributes }),
  }
}

function marked(element: Element, marks: Marks): Element {
  return marks.length === 0 ? element : { ...element, attributes: [...(element.attributes ?? []), ...marks] }
}

/** A place and a reason why marks cannot be read back. */
export class MarkError extends Error {
  readonly offset: number

  constructor(reason: string, offset: number) {
    super(reason)
    this.name = 'MarkError'
    this.offset = offset
  }
}

/** The tree that `toPrintable` was given. `document` encodes an embedded document. Throws MarkError for marks that make no sense. */
export function fromPrintable(element: Element, document: (root: Element) => Uint8Array): Element {
  const mark = (name: string): string | undefined => element.attributes?.find(([key]) => key === name)?.[1]
  const children = element.children.map((child) => fromPrintable(child, document))
  const attributes = element.attributes?.filter(([key]) => key !== OPAQUE && key !== TEXT && key !== TOKEN) ?? []
  const base: Element = { ...bare(element), children }
  const plain = attributes.length > 0 ? { ...base, attributes } : withoutAttributes(base)
  const octets = (): Uint8Array => {
    const found = fromBase64(element.text)
    if (found === null) throw new MarkError(`the text of ${element.name} is marked as base64 and is none`, element.start)
    return found
  }
  const token = element.name === UNKNOWN ? tokenOf(mark(TOKEN), element.start) : {}
  if (mark(OPAQUE) === 'base64') return { ...plain, ...token, text: '', opaque: octets() }
  if (mark(OPAQUE) === 'text') return { ...plain, ...token, opaque: new TextEncoder().encode(element.text) }
  if (mark(OPAQUE) === 'document') {
    const [root, ...rest] = children
    if (root === undefined) throw new MarkError(`${element.name} is marked as holding a document and holds none`, element.start)
    return { ...plain, ...token, children: rest, text: '', opaque: document(root), embedded: root }
  }
  if (mark(TEXT) === 'base64') return { ...plain, ...token, text: utf8Text(octets()) ?? '' }
  return { ...plain, ...token }
}

function withoutAttributes(element: Element): Element {
  const { start, end, vocabulary, name, children, text, namespace } = element
  return { start, end, vocabulary, name, children, text, ...(namespace === undefined ? {} : { namespace }) }
}

function tokenOf(text: string | undefined, offset: number): Partial<Element> {
  const found = /^(\d{1,3}):0x([0-9A-Fa-f]{1,2})$/.exec(text ?? '')
  if (found === null) throw new MarkError(`${UNKNOWN} needs ${TOKEN}="page:0xNN"`, offset)
  return { token: { page: Number(found[1]), code: parseInt(found[2] as string, 16) } }
}

/** XML text of a tree, one element a line; on one line where an element mixes text and elements, since white space would change it. */
export function xmlText(root: Element, compact = false): string {
  const printable = toPrintable(root)
  const text = new TextDecoder().decode(encodeTree(printable, { encoding: 'xml' }))
  return compact || mixes(printable) ? `${text}\n` : indent(text)
}

function mixes(element: Element): boolean {
  return (element.text !== '' && element.children.length > 0) || element.children.some(mixes)
}

function indent(text: string): string {
  const pieces = text.match(/<[^>]*>|[^<]+/g) ?? []
  let out = ''
  let depth = 0
  let afterText = false
  for (const [i, piece] of pieces.entries()) {
    if (!piece.startsWith('<')) {
      out += piece
      afterText = true
      continue
    }
    const close = piece.startsWith('</')
    if (close) depth--
    if (!afterText && i > 0) out += `\n${'  '.repeat(Math.max(0, depth))}`
    out += piece
    if (!close && !piece.endsWith('/>') && !piece.startsWith('<?')) depth++
    afterText = false
  }
  return `${out}\n`
}
