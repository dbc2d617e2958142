// Reads a QR code's modules back into text (byte mode, versions 1 to 10), written from ISO/IEC 18004 without the package that makes them; no error correction.

/** Blocks of level M by version: codewords of error correction in a block, then pairs of blocks and data codewords in each (table 9). */
const LEVEL_M: Readonly<Record<number, readonly (readonly [blocks: number, data: number])[]>> = {
  1: [[1, 16]],
  2: [[1, 28]],
  3: [[1, 44]],
  4: [[2, 32]],
  5: [[2, 43]],
  6: [[4, 27]],
  7: [[4, 31]],
  8: [
    [2, 38],
    [2, 39],
  ],
  9: [
    [3, 36],
    [2, 37],
  ],
  10: [
    [4, 43],
    [1, 44],
  ],
}
/** Centres of alignment patterns by version (annex E). */
const ALIGN: readonly (readonly number[])[] = [
  [],
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
]

const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_r, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
]

/** Text of a code; `dark(row, column)` tells a module. Throws an Error where it is not of level M or not in byte mode. */
export function readQr(size: number, dark: (row: number, column: number) => boolean): string {
  const version = (size - 17) / 4
  const blocks = LEVEL_M[version]
  if (blocks === undefined) throw new Error(`version ${String(version)}`)
  const format = formatOf(dark)
  if (format >> 3 !== 0) throw new Error(`error correction level ${String(format >> 3)}, not M`)
  const mask = MASKS[format & 7] as (row: number, column: number) => boolean
  const reserved = reservedIn(size, version)
  const bits: number[] = []
  let up = true
  for (let right = size - 1; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5
    for (let i = 0; i < size; i++) {
      const row = up ? size - 1 - i : i
      for (const column of [right, right - 1]) if (!reserved(row, column)) bits.push(dark(row, column) !== mask(row, column) ? 1 : 0)
    }
  }
  const words = Array.from({ length: bits.length >> 3 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2))
  const sizes = blocks.flatMap(([count, data]) => Array<number>(count).fill(data))
  const split = sizes.map((): number[] => [])
  let at = 0
  for (let i = 0; i < Math.max(...sizes); i++) for (const [n, length] of sizes.entries()) if (i < length) split[n]?.push(words[at++] as number)
  return textOf(split.flat(), version)
}

function formatOf(dark: (row: number, column: number) => boolean): number {
  const places = [...Array.from({ length: 6 }, (_, i) => [8, i]), [8, 7], [8, 8], [7, 8], ...Array.from({ length: 6 }, (_, i) => [5 - i, 8])]
  const read = places.reduce((sum, [row = 0, column = 0]) => sum * 2 + (dark(row, column) ? 1 : 0), 0)
  return (read ^ 0b101010000010010) >> 10
}

function reservedIn(size: number, version: number): (row: number, column: number) => boolean {
  const centres = ALIGN[version] ?? []
  const last = size - 7
  const alignment = (r: number, c: number): boolean =>
    centres.some((y) =>
      centres.some(
        (x) => !((y === 6 && x === 6) || (y === 6 && x === last) || (y === last && x === 6)) && Math.abs(r - y) <= 2 && Math.abs(c - x) <= 2,
      ),
    )
  return (r, c) =>
    (r < 9 && c < 9) ||
    (r < 9 && c >= size - 8) ||
    (r >= size - 8 && c < 9) ||
    r === 6 ||
    c === 6 ||
    alignment(r, c) ||
    (version >= 7 && ((r < 6 && c >= size - 11) || (c < 6 && r >= size - 11)))
}

function textOf(words: readonly number[], version: number): string {
  const bits = words.map((word) => word.toString(2).padStart(8, '0')).join('')
  let at = 0
  const take = (count: number): number => parseInt(bits.slice(at, (at += count)), 2)
  let out = ''
  for (;;) {
    const mode = at + 4 <= bits.length ? take(4) : 0
    if (mode === 0) return out
    if (mode === 4) for (let left = take(version < 10 ? 8 : 16); left > 0; left--) out += String.fromCharCode(take(8))
    else if (mode === 1) {
      for (let left = take(version < 10 ? 10 : 12); left > 0; left -= 3) {
        const digits = Math.min(3, left)
        out += String(take([0, 4, 7, 10][digits] ?? 10)).padStart(digits, '0')
      }
    } else if (mode === 2) {
      const set = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
      for (let left = take(version < 10 ? 9 : 11); left > 0; left -= 2) {
        const value = take(left > 1 ? 11 : 6)
        out += left > 1 ? `${set[Math.floor(value / 45)] ?? ''}${set[value % 45] ?? ''}` : (set[value] ?? '')
      }
    } else throw new Error(`mode ${String(mode)}`)
  }
}
