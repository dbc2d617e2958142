// The growing end of the segments: records are buffered, written in one piece, and readable at once from memory or file.
import { wordsOf } from '../syncml/text.ts'
import type { Crc32 } from './crc.ts'
import type { Reading } from './entry.ts'
import type { Extent } from './index.ts'
import type { Place } from './pages.ts'
import type { Segments } from './ports.ts'
import { FORMAT, HEAD, readRecord, type RecordParts, sizeOf, writeRecord } from './record.ts'

/** The buffer's size in quiet times; it grows as needed and comes back to this. */
const QUIET = 2 << 20

const utf8 = new TextEncoder()

type Growing = { -readonly [K in keyof Extent]: Extent[K] }

/** Writes records one after the other into segments of a bounded size. */
export class Tail {
  readonly #segments: Segments
  readonly #crc32: Crc32
  readonly #segmentBytes: number
  #segment = 1
  /** Bytes of the current segment on disk, and those waiting to follow them: the first `buffered` bytes of the buffer. */
  #written = 0
  #buffered = 0
  #buffer = new Uint8Array(0)
  /** Bytes of all earlier segments. */
  #before = 0
  /** What the index must learn of the current segment and of those closed since it was last told. */
  readonly #extents = new Map<number, Growing>()
  /** That of the current segment. */
  #extent: Growing = { segment: 0, bytes: 0, first: 0, last: 0 }

  constructor(segments: Segments, crc32: Crc32, segmentBytes: number) {
    this.#segments = segments
    this.#crc32 = crc32
    this.#segmentBytes = segmentBytes
  }

  /** Goes on where the last segment ends; `known` is what the index says of the segments. */
  resume(known: readonly Extent[]): void {
    const present = this.#segments.list()
    const last = present.at(-1)
    if (last === undefined) return
    this.#segment = last
    this.#written = this.#segments.size(last)
    this.#before = present.reduce((sum, segment) => sum + (segment === last ? 0 : this.#segments.size(segment)), 0)
    for (const extent of known) if (extent.segment === last) this.#begin({ ...extent })
  }

  /** Bytes waiting to be written. */
  get buffered(): number {
    return this.#buffered
  }

  /** Bytes of all segments, those waiting included. */
  get bytes(): number {
    return this.#before + this.#written + this.#buffered
  }

  /** Buffers a record, in a new segment where this one is full; meta as JSON, or packed. */
  put(type: number, number: number, meta: string | Uint8Array, bytes: Uint8Array | null): Place {
    const packed = typeof meta !== 'string'
    const record = { type, number, meta: packed ? meta : utf8.encode(meta), packed, bytes }
    const end = this.#written + this.#buffered
    if (end > 0 && end + sizeOf(record) > this.#segmentBytes) this.#roll()
    if (this.#written + this.#buffered === 0) {
      this.#begin({ segment: this.#segment, bytes: 0, first: 0, last: 0 })
      this.#push({ type: HEAD, number: FORMAT, meta: utf8.encode('{}'), packed: false, bytes: null })
    }
    return this.#push(record)
  }

  /** Notes that row `seq` begins in the segment of `place`. */
  begins(seq: number, place: Place): void {
    const extent = this.#extent
    if (extent.segment !== place.segment) return
    if (extent.first === 0) extent.first = seq
    extent.last = seq
  }

  /** Writes what waits to the current segment, in one piece. Throws what the disk says; the bytes go on waiting then. */
  write(): void {
    if (this.#buffered === 0) return
    const at = this.#segments.append(this.#segment, this.#buffer.subarray(0, this.#buffered))
    if (at !== this.#written) throw new Error(`segment ${this.#segment} was written by somebody else: it ends at ${at}, not at ${this.#written}`)
    this.#written += this.#buffered
    this.#buffered = 0
    if (this.#buffer.length > QUIET) this.#buffer = new Uint8Array(QUIET)
    if (this.#extent.segment === this.#segment) this.#extent.bytes = this.#written
  }

  /** What the index is to learn; `learnt` is called when it has. */
  extents(): Iterable<Extent> {
    return this.#extents.values()
  }

  learnt(): void {
    for (const segment of this.#extents.keys()) if (segment !== this.#segment) this.#extents.delete(segment)
  }

  /** Makes the current segment survive a power cut. */
  sync(): void {
    if (this.#written > 0) this.#segments.sync(this.#segment)
  }

  /** The record at a place (valid until the next `put` or `write`), or in words why it cannot be read. */
  read(place: Place): Reading {
    const waiting = place.start - this.#written
    try {
      const bytes =
        place.segment === this.#segment && waiting >= 0 && this.#buffered > 0
          ? this.#buffer.subarray(waiting, waiting + place.length)
          : this.#segments.read(place.segment, place.start, place.length)
      const record = readRecord(bytes, 0, this.#crc32)
      return record ?? `segment ${place.segment}: the record of ${place.length} bytes at offset ${place.start} is damaged`
    } catch (error) {
      return `segment ${place.segment}: ${place.length} bytes at offset ${place.start} cannot be read: ${wordsOf(error)}`
    }
  }

  #begin(extent: Growing): void {
    this.#extent = extent
    this.#extents.set(extent.segment, extent)
  }

  #push(record: RecordParts): Place {
    const length = sizeOf(record)
    const needed = this.#buffered + length
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(QUIET, needed, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, this.#buffered))
      this.#buffer = larger
    }
    writeRecord(this.#buffer, this.#buffered, record, this.#crc32)
    const start = this.#written + this.#buffered
    this.#buffered = needed
    return { segment: this.#segment, start, length }
  }

  /** Begins a new segment; while the disk refuses to take the old one, that goes on growing. */
  #roll(): void {
    try {
      this.write()
      this.#segments.sync(this.#segment)
    } catch {
      return
    }
    this.#segment += 1
    this.#before += this.#written
    this.#written = 0
  }
}
