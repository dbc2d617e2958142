// One body examined: its element tree or the reason there is none, and its bytes as tokens. Decoding happens here and nowhere else in the window.
import type { TraceRow } from '../../core/api.ts'
import { decodeTree } from '../../core/syncml/codec.ts'
import type { Element, Range } from '../../core/syncml/element.ts'
import { CodecError } from '../../core/syncml/error.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { tokens, type Token } from '../../core/syncml/offsets.ts'

export interface Examined {
  readonly bytes: Uint8Array
  readonly encoding: Encoding
  readonly root: Element | null
  /** Why it could not be decoded, and at which byte. */
  readonly error: { readonly offset: number; readonly reason: string } | null
}

/** Decodes a body for showing. Never throws. */
export function examine(bytes: Uint8Array, encoding: Encoding): Examined {
  try {
    return { bytes, encoding, root: decodeTree(bytes, encoding).root, error: null }
  } catch (error) {
    if (error instanceof CodecError) return { bytes, encoding, root: null, error: { offset: error.offset, reason: error.reason } }
    return { bytes, encoding, root: null, error: { offset: 0, reason: error instanceof Error ? error.message : String(error) } }
  }
}

/** The body of a row for showing: a notification, and the plain text of an HTTP exchange that was refused, are no documents and have no fault. */
export function examineRow(row: Pick<TraceRow, 'kind' | 'encoding'>, bytes: Uint8Array): Examined {
  const encoding = row.encoding || (bytes[0] === 0x3c || bytes.length === 0 ? 'xml' : 'wbxml')
  const bare: Examined = { bytes, encoding: row.encoding || 'xml', root: null, error: null }
  if (row.kind === 'push') return { ...bare, encoding }
  const read = examine(bytes, encoding)
  return row.kind === 'http' && row.encoding === '' && read.error !== null ? bare : read
}

/** The tokens of a body; none where even that is impossible. */
export function tokensOf(bytes: Uint8Array, encoding: Encoding): readonly Token[] {
  try {
    return tokens(bytes, encoding)
  } catch {
    return []
  }
}

/** The token a byte belongs to, by bisection; null outside. */
export function tokenAt(all: readonly Token[], offset: number): Token | null {
  let low = 0
  let high = all.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const token = all[middle]
    if (token === undefined) return null
    if (offset < token.start) high = middle - 1
    else if (offset >= token.end) low = middle + 1
    else return token
  }
  return null
}

/** Children to walk: an embedded document stands in the place of its bytes. */
export const childrenOf = (element: Element): readonly Element[] => (element.embedded === undefined ? element.children : [element.embedded])

/** Child indices from the root to the innermost element holding a byte; null where none does. */
export function pathAt(root: Element, offset: number): readonly number[] | null {
  if (offset < root.start || offset >= root.end) return null
  const path: number[] = []
  let here = root
  for (;;) {
    const children = childrenOf(here)
    const at = children.findIndex((child) => offset >= child.start && offset < child.end)
    const next = children[at]
    if (next === undefined) return path
    path.push(at)
    here = next
  }
}

/** Which command of a message: the one with this CmdID, or the Status or Results that answers it. */
export interface CommandMark {
  readonly name: 'CmdID' | 'CmdRef'
  readonly id: string
}

/** The element of a command, also inside Atomic and Sequence; null where the message has none such. */
export function commandElement(root: Element, mark: CommandMark): Element | null {
  for (const element of childrenOf(root)) {
    if (element.name === 'SyncHdr') continue
    const may = mark.name === 'CmdID' || element.name === 'Status' || element.name === 'Results'
    if (may && element.children.some((child) => child.name === mark.name && child.text.trim() === mark.id)) return element
    const inside = commandElement(element, mark)
    if (inside !== null) return inside
  }
  return null
}

/** The element at a path; null where there is none. */
export function elementByPath(root: Element, path: readonly number[]): Element | null {
  let here: Element | undefined = root
  for (const step of path) here = here === undefined ? undefined : childrenOf(here)[step]
  return here ?? null
}

/** True where the two runs are the same. */
export const same = (a: Range | null, b: Range | null): boolean => a !== null && b !== null && a.start === b.start && a.end === b.end
