// The texts of a document and where their bytes lie: every byte that can carry a value belongs to some leaf, or the document has no shape.
import type { Element, Range } from '../syncml/element.ts'
import type { Encoding } from '../syncml/message.ts'
import { decodeTree } from '../syncml/codec.ts'
import { CodecError } from '../syncml/error.ts'
import { type Token, tokens } from '../syncml/offsets.ts'
import { type Piece, type Script, View } from './view.ts'

/** One text: the character data of an element, one attribute value, or something no element owns. */
export interface Leaf {
  /** Root first, the element itself last; empty where the bytes belong to no element. */
  readonly chain: readonly Element[]
  /** Attribute name; `*` where a WBXML attribute list gives no names; '' for character data. */
  readonly attribute: string
  readonly pieces: readonly Piece[]
  /** Comments, instructions, trailing bytes, table bytes nobody refers to: nothing says what is in them. */
  readonly loose: boolean
}

export interface Shape {
  readonly root: Element
  readonly leaves: readonly Leaf[]
  /** True where several texts may share bytes. */
  readonly shared: boolean
}

/** The leaves of a document, or null where it cannot be decoded. */
export function shapeOf(bytes: Uint8Array, encoding: Encoding): Shape | null {
  try {
    const { root, form } = decodeTree(bytes, encoding)
    const list = tokens(bytes, encoding)
    if (encoding === 'xml') return { root, leaves: xmlLeaves(bytes, root, list), shared: false }
    const table = form?.table ?? { start: 0, end: 0 }
    return { root, leaves: wbxmlLeaves(bytes, root, list, table), shared: table.end > table.start }
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

/** Collects pieces by element, in document order of the elements' first piece. */
class Texts {
  readonly leaves: Leaf[] = []
  readonly #byElement = new Map<Element, Piece[]>()
  readonly #root: Element

  constructor(root: Element) {
    this.#root = root
  }

  chain(token: Token): Element[] {
    const chain = [this.#root]
    for (const index of token.path ?? []) {
      const child = chain.at(-1)?.children[index]
      if (child === undefined) break
      chain.push(child)
    }
    return chain
  }

  text(token: Token, piece: Piece): void {
    const chain = this.chain(token)
    const element = chain.at(-1) as Element
    const known = this.#byElement.get(element)
    if (known !== undefined) {
      known.push(piece)
      return
    }
    const pieces = [piece]
    this.#byElement.set(element, pieces)
    this.leaves.push({ chain, attribute: '', pieces, loose: false })
  }

  attribute(token: Token, attribute: string, piece: Piece): void {
    this.leaves.push({ chain: this.chain(token), attribute, pieces: [piece], loose: false })
  }

  loose(start: number, end: number, script: Script): void {
    if (end > start) this.leaves.push({ chain: [], attribute: '', pieces: [{ start, end, script }], loose: true })
  }
}

function unitOf(bytes: Uint8Array): { script: Script; size: number } {
  const [a, b] = bytes
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return { script: 'utf16le', size: 2 }
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return { script: 'utf16be', size: 2 }
  return { script: 'references', size: 1 }
}

function xmlLeaves(bytes: Uint8Array, root: Element, list: readonly Token[]): Leaf[] {
  const texts = new Texts(root)
  const { script, size } = unitOf(bytes)
  let section = false
  for (const token of list) {
    const { start, end, kind, label } = token
    if (kind === 'text') texts.text(token, { start, end, script: section && size === 1 ? 'bytes' : script })
    else if (kind === 'markup') {
      if (label === 'comment') texts.loose(start + 4 * size, end - 3 * size, size === 1 ? 'bytes' : script)
      else if (label === 'processing instruction') texts.loose(start + 2 * size, end - 2 * size, size === 1 ? 'bytes' : script)
      else if (/^<[^/!?]/.test(label)) xmlAttributes(bytes, texts, token, script)
    } else if (kind === 'error') texts.loose(start, end, script)
    section = label === '<![CDATA['
  }
  return texts.leaves
}

const ATTRIBUTE = /([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

function xmlAttributes(bytes: Uint8Array, texts: Texts, token: Token, script: Script): void {
  const view = new View(bytes, [{ start: token.start, end: token.end, script: script === 'references' ? 'bytes' : script }])
  for (const found of view.text.matchAll(ATTRIBUTE)) {
    const name = found[1] as string
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    const to = found.index + found[0].length - 1
    const from = to - (found[2] ?? found[3] ?? '').length
    if (to > from) texts.attribute(token, name, { start: view.place(from), end: view.place(to), script })
  }
}

/** A multi-byte integer at `at`, and where it ends. The decoder has accepted it already. */
function mb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0
  let next = at
  for (;;) {
    const octet = bytes[next++] ?? 0
    value = value * 128 + (octet & 0x7f)
    if (octet < 0x80) return { value, next }
  }
}

/** Ranges of the string table that something refers to. */
class Table {
  readonly #bytes: Uint8Array
  readonly #range: Range
  readonly #used: Uint8Array

  constructor(bytes: Uint8Array, range: Range) {
    this.#bytes = bytes
    this.#range = range
    this.#used = new Uint8Array(range.end - range.start)
  }

  at(index: number): Range {
    const start = Math.min(this.#range.end, this.#range.start + index)
    const nul = this.#bytes.indexOf(0, start)
    return this.use({ start, end: nul < 0 || nul > this.#range.end ? this.#range.end : nul })
  }

  use(range: Range): Range {
    this.#used.fill(1, range.start - this.#range.start, range.end - this.#range.start)
    return range
  }

  /** Runs of octets, NUL apart, that nothing refers to. */
  unused(): Range[] {
    const runs: Range[] = []
    let from = -1
    for (let i = 0; i <= this.#used.length; i++) {
      const free = i < this.#used.length && this.#used[i] === 0 && this.#bytes[this.#range.start + i] !== 0
      if (free && from < 0) from = i
      if (!free && from >= 0) {
        runs.push({ start: this.#range.start + from, end: this.#range.start + i })
        from = -1
      }
    }
    return runs
  }
}

function wbxmlLeaves(bytes: Uint8Array, root: Element, list: readonly Token[], range: Range): Leaf[] {
  const texts = new Texts(root)
  const table = new Table(bytes, range)
  for (const token of list) {
    const { start, end, kind } = token
    if (kind === 'string') texts.text(token, { start: start + 1, end: end - 1, script: 'bytes' })
    else if (kind === 'opaque') texts.text(token, { start: mb(bytes, start + 1).next, end, script: 'bytes' })
    else if (kind === 'entity') texts.text(token, { start: start + 1, end, script: 'entity' })
    else if (kind === 'tableRef') texts.text(token, { ...table.at(mb(bytes, start + 1).value), script: 'bytes' })
    else if (kind === 'literal') table.at(mb(bytes, start + 1).value)
    else if (kind === 'publicId' && token.refersTo !== undefined) table.use(token.refersTo)
    else if (kind === 'attribute') wbxmlAttributes(bytes, texts, token, table, start)
    else if (kind === 'instruction') wbxmlAttributes(bytes, texts, token, table, start + 1)
    else if (kind === 'extension' && bytes[start] !== undefined && (bytes[start] & 0xfc) === 0x40) texts.loose(start + 1, end - 1, 'bytes')
    else if ((kind === 'trailing' || kind === 'error') && bytes.subarray(start, end).some((octet) => octet !== 0)) texts.loose(start, end, 'bytes')
  }
  for (const { start, end } of table.unused()) texts.loose(start, end, 'bytes')
  return texts.leaves
}

/** The strings of an attribute list (WBXML 5.8.3), each a leaf of its own. */
function wbxmlAttributes(bytes: Uint8Array, texts: Texts, token: Token, table: Table, from: number): void {
  let at = from
  const add = (start: number, end: number): void => {
    if (end > start) texts.attribute(token, '*', { start, end, script: 'bytes' })
  }
  while (at < token.end - 1) {
    const octet = bytes[at++] as number
    if (octet === 0x03 || (octet & 0xfc) === 0x40) {
      const nul = bytes.indexOf(0, at)
      const stop = nul < 0 || nul > token.end ? token.end : nul
      if (octet !== 0x43) add(at, stop)
      at = octet === 0x43 ? at : stop + 1
    } else if (octet === 0x83) {
      const { value, next } = mb(bytes, at)
      const { start, end } = table.at(value)
      add(start, end)
      at = next
    } else if (octet === 0xc3) {
      const { value, next } = mb(bytes, at)
      add(next, next + value)
      at = next + value
    } else if (octet === 0x04) {
      const { value, next } = mb(bytes, at)
      table.at(value)
      at = next
    } else if (octet === 0x02 || (octet >= 0x80 && octet <= 0x82)) at = mb(bytes, at).next
    else if (octet === 0x00) at++
  }
}
