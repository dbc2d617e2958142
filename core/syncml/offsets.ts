// The byte map: every byte of a document belongs to exactly one token. Built on demand, for any bytes, also for those that do not decode.
import { readTree } from './codec.ts'
import type { Element, Range } from './element.ts'
import { CodecError } from './error.ts'
import type { Limits } from './limits.ts'
import type { Encoding } from './message.ts'
import { Findings, type Recorder, type TokenKind } from './reading.ts'

export type { TokenKind } from './reading.ts'

/** A run of bytes with one meaning. Tokens come in byte order, without gap or overlap. */
export interface Token extends Range {
  readonly kind: TokenKind
  /** What it is, for people: the tag `<LocURI>`, the text, `page 1`; for `error` the reason. */
  readonly label: string
  /** Child indices from the root to the element it belongs to: [] is the root. Absent outside the root. */
  readonly path?: readonly number[]
  /** WBXML: where in the string table the text lies. */
  readonly refersTo?: Range
  /** WBXML: the code page in force. */
  readonly page?: number
}

class ByteMap implements Recorder {
  readonly tokens: Token[] = []
  end = 0
  /** Child index of the current element at each depth, and how many children it has had so far. */
  private readonly path: number[] = []
  private readonly seen: number[] = [0]
  private inside = false

  enter(): void {
    if (this.inside) {
      const depth = this.seen.length - 1
      const index = this.seen[depth] as number
      this.seen[depth] = index + 1
      this.path.push(index)
    }
    this.inside = true
    this.seen.push(0)
  }

  leave(): void {
    this.seen.pop()
    if (this.path.length > 0) this.path.pop()
    else this.inside = false
  }

  add(kind: TokenKind, start: number, end: number, label: string, page?: number, refersTo?: Range): void {
    if (end <= start) return
    this.end = end
    this.tokens.push({
      kind,
      start,
      end,
      label,
      ...(this.inside && { path: [...this.path] }),
      ...(page !== undefined && { page }),
      ...(refersTo !== undefined && { refersTo }),
    })
  }
}

/** The tokens of a document. Never throws: bytes behind the point where decoding stops are one token of kind `error`. */
export function tokens(bytes: Uint8Array, encoding: Encoding, limits?: Partial<Limits>): Token[] {
  const map = new ByteMap()
  try {
    readTree(bytes, encoding, limits, new Findings(0), map)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    map.add('error', map.end, bytes.length, error.message)
  }
  return map.tokens
}

/** The innermost element that holds the byte at `offset`, null outside the root. Children are in byte order, so each step halves. */
export function elementAt(root: Element, offset: number): Element | null {
  if (offset < root.start || offset >= root.end) return null
  let found = root
  for (;;) {
    const { children } = found
    let low = 0
    let high = children.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((children[middle] as Element).end <= offset) low = middle + 1
      else high = middle
    }
    const child = children[low]
    if (child === undefined || child.start > offset) return found
    found = child
  }
}
