// Rows that were recorded one after the other, in one piece: a table of places, then the packed rows. The index takes a whole piece in one statement.
import type { Seq, TraceRow } from '../api.ts'
import { sessionAt, Unpacker } from './packed.ts'

/** Where a record lies. Segment 0: nowhere (its bytes are lost). */
export interface Place {
  readonly segment: number
  readonly start: number
  readonly length: number
}

/** Rows of a page at the most. */
const MOST = 128

/** Numbers of a row in the table: segment, start and length of its record, place of its octets behind the table. */
const SLOT = 4

/** A page as the index keeps it; `low` and `high` are the lowest and highest session of its rows. */
export interface PageParts {
  readonly first: Seq
  readonly last: Seq
  readonly low: number
  readonly high: number
  readonly rows: Uint8Array
}

/** Rows `first … last`, read as they are asked for. */
export class Page {
  readonly first: Seq
  readonly last: Seq
  readonly #rows: Uint8Array
  readonly #view: DataView

  constructor(first: Seq, last: Seq, rows: Uint8Array) {
    this.first = first
    this.last = last
    this.#rows = rows
    this.#view = new DataView(rows.buffer, rows.byteOffset, rows.length)
  }

  row(seq: Seq): TraceRow {
    return new Unpacker(this.octets(seq)).row(seq)
  }

  /** The packed row, and what follows it. */
  octets(seq: Seq): Uint8Array {
    return this.#rows.subarray(this.#start(seq), seq === this.last ? undefined : this.#start(seq + 1))
  }

  place(seq: Seq): Place {
    const slot = 4 * SLOT * (seq - this.first)
    return { segment: this.#view.getUint32(slot), start: this.#view.getUint32(slot + 4), length: this.#view.getUint32(slot + 8) }
  }

  session(seq: Seq): number {
    return sessionAt(this.#view, this.#start(seq))
  }

  #start(seq: Seq): number {
    return 4 * SLOT * (this.last - this.first + 1) + this.#view.getUint32(4 * SLOT * (seq - this.first) + 12)
  }
}

/** Rows that wait for the index, packed. */
export class Waiting {
  #slots = new Uint32Array(SLOT * 1024)
  #bytes = new Uint8Array(256 << 10)
  #end = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Adds a packed row; it is copied. */
  add(row: Uint8Array, { segment, start, length }: Place): void {
    const slot = SLOT * this.#count
    if (slot === this.#slots.length) this.#slots = grown(this.#slots, slot, Uint32Array)
    if (this.#end + row.length > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#end + row.length, Uint8Array)
    this.#slots[slot] = segment
    this.#slots[slot + 1] = start
    this.#slots[slot + 2] = length
    this.#slots[slot + 3] = this.#end
    this.#bytes.set(row, this.#end)
    this.#end += row.length
    this.#count += 1
  }

  /** Row `index` of those that wait, 0 the oldest; `seq` is its number. */
  row(index: number, seq: Seq): TraceRow | undefined {
    return index < 0 || index >= this.#count ? undefined : new Unpacker(this.#bytes.subarray(this.#slots[SLOT * index + 3])).row(seq)
  }

  place(index: number): Place | undefined {
    const slot = SLOT * index
    if (index < 0 || index >= this.#count) return undefined
    return { segment: this.#slots[slot] as number, start: this.#slots[slot + 1] as number, length: this.#slots[slot + 2] as number }
  }

  session(index: number): number {
    return sessionAt(new DataView(this.#bytes.buffer), this.#slots[SLOT * index + 3] as number)
  }

  /** All of them as pages; the oldest has the number `first`. */
  *pages(first: Seq): Generator<PageParts> {
    for (let from = 0; from < this.#count; from += MOST) yield this.#page(first + from, from, Math.min(from + MOST, this.#count))
  }

  clear(): void {
    this.#count = 0
    this.#end = 0
  }

  #page(first: Seq, from: number, to: number): PageParts {
    const start = this.#slots[SLOT * from + 3] as number
    const bytes = this.#bytes.subarray(start, to === this.#count ? this.#end : this.#slots[SLOT * to + 3])
    const table = 4 * SLOT * (to - from)
    const rows = new Uint8Array(table + bytes.length)
    rows.set(bytes, table)
    const view = new DataView(rows.buffer)
    let low = Infinity
    let high = 0
    for (let slot = SLOT * from, at = 0; at < table; slot += SLOT, at += 4 * SLOT) {
      const offset = (this.#slots[slot + 3] as number) - start
      view.setUint32(at, this.#slots[slot] as number)
      view.setUint32(at + 4, this.#slots[slot + 1] as number)
      view.setUint32(at + 8, this.#slots[slot + 2] as number)
      view.setUint32(at + 12, offset)
      const session = sessionAt(view, table + offset)
      low = Math.min(low, session)
      high = Math.max(high, session)
    }
    return { first, last: first + to - from - 1, low, high, rows }
  }
}

function grown<T extends Uint8Array | Uint32Array>(array: T, needed: number, Kind: new (length: number) => T): T {
  const larger = new Kind(Math.max(needed, 2 * array.length))
  larger.set(array)
  return larger
}
