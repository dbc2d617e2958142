// Counts the octets that XmlWriter would write for a plain message, without writing them; what is not plain is left to the writer.
import type { Vocabulary } from './element.ts'
import type { Sink, Tag } from './sink.ts'
import { declaration, isPlainText, namespacesOf } from './xmlwriter.ts'

/** What the writer puts before the root. */
const PROLOG_LENGTH = '<?xml version="1.0" encoding="UTF-8"?>'.length

/** Lists that the next meter takes over. */
let spare: { readonly closes: number[]; readonly scopes: string[] } | null = null

/** Takes one document in order, as XmlWriter does. */
export class XmlMeter implements Sink {
  /** Octets so far; right only while `plain`. */
  length: number
  /** False once anything came that has to be written to be measured: elements as they were kept, octets, characters that are escaped or not ASCII. */
  plain = true
  private readonly namespaces: Readonly<Record<Vocabulary, string>>
  private readonly syncml: string
  /** End tags and namespaces of the open elements: the first `depth` of each. */
  private readonly closes: number[]
  private readonly scopes: string[]
  private depth = 0
  private scope = ''
  /** True while the start tag last counted still lacks its `>`. */
  private pending = false

  constructor(prolog: boolean, syncmlNamespace: string) {
    this.namespaces = namespacesOf(syncmlNamespace)
    this.syncml = syncmlNamespace
    const lists = spare ?? { closes: [], scopes: [] }
    spare = null
    this.closes = lists.closes
    this.scopes = lists.scopes
    this.length = prolog ? PROLOG_LENGTH : 0
  }

  start(tag: Tag): void {
    const namespace = this.opened(tag)
    this.closes[this.depth] = tag.close.length
    this.scopes[this.depth++] = this.scope
    this.scope = namespace
    this.pending = true
  }

  end(): void {
    this.depth -= 1
    this.length += this.pending ? 2 : (this.closes[this.depth] as number)
    this.scope = this.scopes[this.depth] as string
    this.pending = false
    if (this.depth === 0) spare = { closes: this.closes, scopes: this.scopes }
  }

  leaf(tag: Tag, text: string): void {
    this.opened(tag)
    this.pending = false
    if (text.length === 0) {
      this.length += 2
      return
    }
    this.length += 1 + text.length + tag.close.length
    if (!isPlainText(text)) this.plain = false
  }

  text(text: string): void {
    if (text.length === 0) return
    if (this.pending) this.length += 1
    this.pending = false
    this.length += text.length
    if (!isPlainText(text)) this.plain = false
  }

  octets(): void {
    this.plain = false
  }

  tree(): void {
    this.plain = false
  }

  /** Counts a start tag without its end; gives the namespace inside. */
  private opened({ open, vocabulary }: Tag): string {
    const namespace = vocabulary === 'syncml' ? this.syncml : this.namespaces[vocabulary]
    if (this.pending) this.length += 1
    this.length += open.length
    if (namespace !== this.scope) this.length += declaration(namespace).length
    return namespace
  }
}
