// Which strings of a document are worth a place in the string table of WBXML; it writes nothing.
import type { Element } from './element.ts'
import type { Sink, Tag } from './sink.ts'
import { utf8Bytes } from './text.ts'

/** Counts the strings of a document, so that those worth it go into the table. */
export class StringCounter implements Sink {
  private readonly counts = new Map<string, number>()

  leaf(_tag: Tag, text: string): void {
    this.text(text)
  }

  start(): void {
    // only text is counted
  }

  end(): void {
    // only text is counted
  }

  octets(): void {
    // octets never go to the table
  }

  text(text: string): void {
    if (text.length > 2) this.counts.set(text, (this.counts.get(text) ?? 0) + 1)
  }

  tree(element: Element): void {
    if (element.opaque === undefined) this.text(element.text)
    for (const child of element.children) this.tree(child)
  }

  /** Strings whose reference is shorter than repeating them, in order of first appearance. */
  worthwhile(): string[] {
    return [...this.counts]
      .filter(([text, count]) => {
        const octets = utf8Bytes(text)
        return !octets.includes(0) && text.isWellFormed() && count * (octets.length + 2) > octets.length + 1 + count * 3
      })
      .map(([text]) => text)
  }
}
