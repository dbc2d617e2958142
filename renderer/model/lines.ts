// A body as lines of text: exactly as on the wire (cut into lines only to fit the pane), or derived from the tree and indented.
import type { Element } from '../../core/syncml/element.ts'
import type { Token } from '../../core/syncml/offsets.ts'
import { visible } from './words.ts'

export type Ink = 'markup' | 'text' | 'prolog' | 'space' | 'bad'

/** A piece of text that stems from the bytes `[start, end)`. */
export interface Segment {
  readonly text: string
  readonly ink: Ink
  readonly start: number
  readonly end: number
}

export interface Line {
  /** Line of the source, from 1; 0 for a continuation of the line above. */
  readonly number: number
  readonly segments: readonly Segment[]
  readonly start: number
  readonly end: number
}

const INK: Readonly<Record<string, Ink>> = { text: 'text', entity: 'text', space: 'space', trailing: 'bad', error: 'bad' }

/** Label for TextDecoder by byte order mark. */
function charset(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
}

/** Collects pieces into lines of at most `columns` characters; a line feed in the source begins a new one. */
class Lines {
  readonly done: Line[] = []
  private open: Segment[] = []
  private used = 0
  private number = 1
  private continues = false
  private readonly columns: number

  constructor(columns: number) {
    this.columns = Math.max(20, columns)
  }

  add(text: string, ink: Ink, start: number, end: number): void {
    // Where each character is one byte, a piece knows its own bytes; else it stands for the whole token.
    const plain = text.length === end - start
    let at = 0
    while (at < text.length) {
      const feed = text.indexOf('\n', at)
      const stop = Math.min(feed < 0 ? text.length : feed, at + this.columns - this.used)
      if (stop > at) {
        const piece = visible(text.slice(at, stop).replace(/\r$/, '␍'))
        this.open.push({ text: piece, ink, start: plain ? start + at : start, end: plain ? start + stop : end })
        this.used += stop - at
      }
      at = stop
      if (at === feed) {
        this.close(false, plain ? start + feed : start)
        at += 1
      } else if (this.used >= this.columns && at < text.length) this.close(true, 0)
    }
    if (this.used >= this.columns) this.close(true, 0)
  }

  close(wrapped: boolean, at: number): void {
    const first = this.open[0]
    const last = this.open.at(-1)
    this.done.push({ number: this.continues ? 0 : this.number, segments: this.open, start: first?.start ?? at, end: last?.end ?? at + 1 })
    if (!wrapped) this.number += 1
    this.continues = wrapped
    this.open = []
    this.used = 0
  }

  finish(): readonly Line[] {
    if (this.open.length > 0) this.close(false, 0)
    return this.done
  }
}

/** Text exactly as on the wire; `columns` characters a line. Without tokens the bytes are one piece of text. */
export function wireLines(bytes: Uint8Array, tokens: readonly Token[], columns: number): readonly Line[] {
  const decoder = new TextDecoder(charset(bytes), { ignoreBOM: true })
  const lines = new Lines(columns)
  let at = 0
  for (const token of tokens) {
    if (token.start > at) lines.add(decoder.decode(bytes.subarray(at, token.start)), 'text', at, token.start)
    lines.add(
      decoder.decode(bytes.subarray(token.start, token.end)),
      token.path === undefined ? (INK[token.kind] ?? 'prolog') : (INK[token.kind] ?? 'markup'),
      token.start,
      token.end,
    )
    at = token.end
  }
  if (at < bytes.length) lines.add(decoder.decode(bytes.subarray(at)), 'text', at, bytes.length)
  return lines.finish()
}

const NAMESPACES: Readonly<Record<string, string>> = {
  syncml: 'SYNCML:SYNCML1.2',
  metinf: 'syncml:metinf',
  devinf: 'syncml:devinf',
  dmddf: 'syncml:dmddf1.2',
}
const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** XML text made from the tree, indented: not what was on the wire. */
export function derivedLines(root: Element, columns: number): readonly Line[] {
  const lines = new Lines(columns)
  const walk = (element: Element, depth: number, vocabulary: string): void => {
    const pad = '  '.repeat(Math.min(depth, 20))
    const { start, end, name } = element
    const space =
      element.vocabulary !== vocabulary && NAMESPACES[element.vocabulary] !== undefined ? ` xmlns="${NAMESPACES[element.vocabulary]}"` : ''
    const extra = (element.attributes ?? []).map(([key, value]) => ` ${key}="${escape(value)}"`).join('')
    const inner = element.embedded === undefined ? element.children : [element.embedded]
    const bytes = element.opaque !== undefined && element.embedded === undefined
    lines.add(pad, 'space', start, end)
    if (inner.length === 0 && element.text === '' && !bytes) lines.add(`<${name}${space}${extra}/>`, 'markup', start, end)
    else {
      lines.add(`<${name}${space}${extra}>`, 'markup', start, end)
      if (bytes)
        lines.add(
          `${[...(element.opaque ?? [])]
            .slice(0, 4096)
            .map((b) => b.toString(16).padStart(2, '0'))
            .join(' ')}${(element.opaque?.length ?? 0) > 4096 ? ' … see Hex for the rest' : ''}`,
          'bad',
          start,
          end,
        )
      else if (element.text !== '') lines.add(escape(element.text), 'text', start, end)
      if (inner.length > 0) {
        lines.close(false, start)
        for (const child of inner) walk(child, depth + 1, element.vocabulary)
        lines.add(pad, 'space', start, end)
      }
      lines.add(`</${name}>`, 'markup', start, end)
    }
    lines.close(false, start)
  }
  walk(root, 0, '')
  return lines.finish()
}
