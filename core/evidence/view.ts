// The octets one text means, with the place of each in the bytes around it: what is written into a view keeps every offset outside.

/** How octets of a view lie in the outer bytes. */
export type Script = 'bytes' | 'references' | 'utf16le' | 'utf16be' | 'entity'

/** A run of outer bytes that carries a piece of one text. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** `references`: XML character data, `&…;` stands for one character. `entity`: the multi-byte integer of a WBXML ENTITY. */
  readonly script: Script
}

/** One octet's place: outer offset and outer length; 0 where it belongs to the octet before it. */
interface Cells {
  readonly start: number[]
  readonly length: number[]
  readonly entity: Set<number>
  readonly octets: number[]
}

const NAMED: Readonly<Record<string, number>> = { amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27 }

const isAlnum = (c: number): boolean => (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)

function put(cells: Cells, point: number, start: number, length: number): void {
  const octets = point < 0x80 ? [point] : [...new TextEncoder().encode(String.fromCodePoint(point))]
  octets.forEach((octet, i) => {
    cells.octets.push(octet)
    cells.start.push(start)
    cells.length.push(i === 0 ? length : 0)
  })
}

/** Code point of the reference at `text[at]` and its length in characters; null where it is none. */
function reference(text: string, at: number): { point: number; length: number } | null {
  const found = /^&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,10})|#x([0-9A-Fa-f]{1,8}));/.exec(text.slice(at, at + 16))
  if (found === null) return null
  const point =
    found[1] !== undefined ? (NAMED[found[1]] as number) : found[2] !== undefined ? parseInt(found[2], 10) : parseInt(found[3] as string, 16)
  return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? null : { point, length: found[0].length }
}

function readBytes(cells: Cells, outer: Uint8Array, piece: Piece): void {
  for (let at = piece.start; at < piece.end; at++) {
    if (piece.script === 'references' && outer[at] === 0x26) {
      const found = reference(String.fromCharCode(...outer.subarray(at, Math.min(piece.end, at + 16))), 0)
      if (found !== null) {
        put(cells, found.point, at, found.length)
        at += found.length - 1
        continue
      }
    }
    cells.octets.push(outer[at] as number)
    cells.start.push(at)
    cells.length.push(1)
  }
}

function readUnits(cells: Cells, outer: Uint8Array, piece: Piece): void {
  const high = piece.script === 'utf16be' ? 0 : 1
  const unit = (at: number): number => ((outer[at + high] as number) << 8) | (outer[at + 1 - high] as number)
  for (let at = piece.start; at + 1 < piece.end; at += 2) {
    const c = unit(at)
    if (c === 0x26) {
      let text = ''
      for (let p = at; p + 1 < Math.min(piece.end, at + 32); p += 2) text += String.fromCharCode(unit(p))
      const found = reference(text, 0)
      if (found !== null) {
        put(cells, found.point, at, found.length * 2)
        at += found.length * 2 - 2
        continue
      }
    }
    const low = c >= 0xd800 && c < 0xdc00 && at + 3 < piece.end ? unit(at + 2) : 0
    if (low >= 0xdc00 && low <= 0xdfff) {
      put(cells, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), at, 4)
      at += 2
    } else put(cells, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c, at, 2)
  }
}

/** Octets as a string of one character each. */
export function latin1(octets: Uint8Array): string {
  let text = ''
  if (octets.length < 256) {
    for (const octet of octets) text += String.fromCharCode(octet)
    return text
  }
  for (let at = 0; at < octets.length; at += 8192) text += String.fromCharCode(...octets.subarray(at, at + 8192))
  return text
}

/** A text in outer bytes. `octets` is what it means (UTF-8 where the document is); `write` changes the outer bytes, never their number. */
export class View {
  readonly octets: Uint8Array
  readonly #outer: Uint8Array
  readonly #pieces: readonly Piece[]
  readonly #cells: Cells | null
  /** Set where several texts share bytes (a string table): a byte already rewritten stays. */
  readonly #done: Uint8Array | null
  #text: string | null = null

  /** `outer` is written to: hand in a copy. */
  constructor(outer: Uint8Array, pieces: readonly Piece[], done: Uint8Array | null = null) {
    this.#outer = outer
    this.#pieces = pieces
    this.#done = done
    const only = pieces.length === 1 ? pieces[0] : undefined
    if (only !== undefined && (only.script === 'bytes' || (only.script === 'references' && outer.subarray(only.start, only.end).indexOf(0x26) < 0))) {
      this.#cells = null
      this.octets = new Uint8Array(outer.subarray(only.start, only.end))
      return
    }
    const cells: Cells = { start: [], length: [], entity: new Set(), octets: [] }
    for (const piece of pieces) {
      if (piece.script === 'entity') {
        let point = 0
        for (let at = piece.start; at < piece.end; at++) point = point * 128 + ((outer[at] as number) & 0x7f)
        cells.entity.add(piece.start)
        put(cells, point > 0x10ffff ? 0xfffd : point, piece.start, piece.end - piece.start)
      } else if (piece.script === 'utf16le' || piece.script === 'utf16be') readUnits(cells, outer, piece)
      else readBytes(cells, outer, piece)
    }
    this.#cells = cells
    this.octets = Uint8Array.from(cells.octets)
  }

  /** The octets, one character each. */
  get text(): string {
    this.#text ??= latin1(this.octets)
    return this.#text
  }

  /** Puts `octets` (as many as there are) in place of the old ones. Only ASCII may be new. */
  write(octets: Uint8Array): void {
    for (let i = 0; i < octets.length; i++) {
      const value = octets[i] as number
      if (value === this.octets[i]) continue
      if (this.#cells === null) this.#set((this.#pieces[0] as Piece).start + i, 1, value, false)
      else {
        let cell = i
        while (cell > 0 && this.#cells.length[cell] === 0) cell--
        const start = this.#cells.start[cell] as number
        this.#set(start, this.#cells.length[cell] as number, value, this.#cells.entity.has(start))
      }
    }
  }

  /** Marks the bytes of this text as settled, where bytes are shared. */
  settle(): void {
    if (this.#done === null) return
    for (const { start, end } of this.#pieces) this.#done.fill(1, start, end)
  }

  #set(start: number, length: number, value: number, entity: boolean): void {
    if (this.#done?.[start] === 1) return
    const outer = this.#outer
    const unit = this.#pieces.find((piece) => start >= piece.start && start < piece.end)?.script
    if (entity) {
      outer.fill(0x80, start, start + length - 1)
      outer[start + length - 1] = value
    } else if (unit === 'utf16le' || unit === 'utf16be') {
      const fill = length === 2 || isAlnum(value) ? value : 0x78
      for (let at = start; at < start + length; at += 2) {
        outer[at] = unit === 'utf16le' ? fill : 0
        outer[at + 1] = unit === 'utf16le' ? 0 : fill
      }
    } else if (length === 1) outer[start] = value
    else outer.fill(isAlnum(value) ? value : 0x78, start, start + length)
  }

  /** Outer offset of octet `i`; behind the last one, the end of the last piece. */
  place(i: number): number {
    const last = this.#pieces.at(-1)?.end ?? 0
    if (this.#cells === null) return Math.min(last, (this.#pieces[0] as Piece).start + i)
    return this.#cells.start[i] ?? last
  }
}
