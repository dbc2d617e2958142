// Bytes as rows of hex and characters, each cell with what token it belongs to and how it is lit. Only rows in view are made.
import type { Range } from '../../core/syncml/element.ts'
import type { Token } from '../../core/syncml/offsets.ts'
import { tokenAt } from './document.ts'

/** How a byte is lit, strongest first. */
export type Glow = '' | 'focus' | 'hover' | 'linked' | 'fault'

export interface Cell {
  readonly offset: number
  readonly hex: string
  readonly char: string
  /** Token kind for colour; '' unknown. */
  readonly kind: string
  readonly page: number
  readonly glow: Glow
}

export interface HexRow {
  readonly offset: number
  readonly cells: readonly Cell[]
}

export interface Lights {
  readonly focus: Range | null
  readonly hover: Range | null
  readonly linked: Range | null
  /** Offset at which decoding failed; -1 none. */
  readonly fault: number
}

const HEX = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0').toUpperCase())
const inside = (range: Range | null, offset: number): boolean =>
  range !== null && offset >= range.start && offset < Math.max(range.end, range.start + 1)

/** A printable ASCII character, else a middle dot. */
export const printable = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')

/** Row `index` of `perRow` bytes. */
export function hexRow(bytes: Uint8Array, index: number, perRow: number, tokens: readonly Token[], lights: Lights): HexRow {
  const from = index * perRow
  const cells: Cell[] = []
  let token: Token | null = null
  for (let offset = from; offset < Math.min(from + perRow, bytes.length); offset++) {
    if (token === null || offset >= token.end) token = tokenAt(tokens, offset)
    const byte = bytes[offset] ?? 0
    const glow: Glow =
      offset === lights.fault
        ? 'fault'
        : inside(lights.focus, offset)
          ? 'focus'
          : inside(lights.hover, offset)
            ? 'hover'
            : inside(lights.linked, offset)
              ? 'linked'
              : ''
    cells.push({ offset, hex: HEX[byte] ?? '', char: printable(byte), kind: token?.kind ?? '', page: token?.page ?? 0, glow })
  }
  return { offset: from, cells }
}

/** `0012` … as many digits as the body needs, at least four. */
export function address(offset: number, length: number): string {
  return offset
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, length.toString(16).length), '0')
}

/** Reads hex as people type it: white space, commas, `0x` and offsets-free. Throws an Error naming the position of what is no hex digit. */
export function parseHex(text: string): Uint8Array {
  const out: number[] = []
  let high = -1
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (/[\s,]/.test(c)) continue
    if (c === '0' && /x/i.test(text[i + 1] ?? '') && high < 0) {
      i += 1
      continue
    }
    const value = Number.parseInt(c, 16)
    if (Number.isNaN(value)) throw new Error(`position ${i + 1}: “${c}” is no hex digit`)
    if (high < 0) high = value
    else {
      out.push(high * 16 + value)
      high = -1
    }
  }
  if (high >= 0) throw new Error('the last byte has one digit only')
  return Uint8Array.from(out)
}

/** Bytes as editable hex, 16 a line. */
export function formatHex(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let i = 0; i < bytes.length; i += 16) lines.push(Array.from(bytes.subarray(i, i + 16), (b) => HEX[b]).join(' '))
  return lines.join('\n')
}
