// What both readers share: the element while it is being read, the list of findings with its bound, and the recorder of tokens.
import type { Element, Range, Vocabulary } from './element.ts'
import type { Finding, Severity } from './finding.ts'
import { isContainer } from './tokens.ts'

/** An `Element` under construction. */
export interface Node {
  start: number
  end: number
  vocabulary: Vocabulary
  name: string
  children: Node[]
  text: string
  opaque?: Uint8Array
  namespace?: string
  attributes?: [string, string][]
  token?: { page: number; code: number }
  embedded?: Element
}

/** The children of every element without any; shared, so it is frozen. */
export const NO_CHILDREN: Node[] = Object.freeze([]) as unknown as Node[]

/** What a run of bytes is, for the byte map. */
export type TokenKind =
  | 'version'
  | 'publicId'
  | 'charset'
  | 'stringTable'
  | 'switchPage'
  | 'tag'
  | 'end'
  | 'string'
  | 'tableRef'
  | 'opaque'
  | 'entity'
  | 'literal'
  | 'attribute'
  | 'extension'
  | 'instruction'
  | 'markup'
  | 'text'
  | 'space'
  | 'trailing'
  | 'error'

/** Takes the tokens of one document in byte order. `enter` comes before the token of a start tag, `leave` after that of its end. */
export interface Recorder {
  add(kind: TokenKind, start: number, end: number, label: string, page?: number, refersTo?: Range): void
  enter(): void
  leave(): void
}

/** Findings of one document, bounded. */
export class Findings {
  readonly #limit: number
  readonly #list: Finding[] = []
  #more = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(rule: string, severity: Severity, document: string, clause: string, text: string, offset: number, length: number): void {
    if (this.#list.length < this.#limit) this.#list.push({ rule, severity, document, clause, text, offset, length })
    else this.#more++
  }

  /** Adds those of a part of the document. */
  take(other: Findings): void {
    for (const f of other.#list) this.add(f.rule, f.severity, f.document, f.clause, f.text, f.offset, f.length)
    this.#more += other.#more
  }

  /** All of them, with a last one that counts those left out. */
  all(): readonly Finding[] {
    if (this.#more === 0) return this.#list
    const text = `${String(this.#more)} further findings are not listed (limit ${String(this.#limit)})`
    return [...this.#list, { rule: 'codec.findings.more', severity: 'note', document: 'CODEC', clause: 'INFERRED', text, offset: 0, length: 0 }]
  }
}

/** `0x2F`, at least `digits` digits. */
export function hex(value: number, digits = 2): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`
}

/** White space that means nothing is dropped when an element ends: between children, and inside what holds only elements. */
export function dropSpace(node: Node): void {
  const { text } = node
  if (text === '' || text.charCodeAt(0) > 0x20) return
  if ((node.children !== NO_CHILDREN || isContainer(node.vocabulary, node.name)) && isSpace(text)) node.text = ''
}

/** True where the text has only white space (XML 2.3). */
function isSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return false
  }
  return true
}
