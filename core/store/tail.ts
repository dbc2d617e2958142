// The growing end of the segments: records are buffered, written in one piece, and readable at once from memory or file.
import type { Crc32 } from './crc.ts'
import type { Reading } from './entry.ts'
import type { Extent, Place } from './index.ts'
import type { Segments } from './ports.ts'
import { encodeRecord, FORMAT, HEAD, readRecord } from './record.ts'

/** Writes records one after the other into segments of a bounded size. */
export class Tail {
  readonly #segments: Segments
  readonly #crc32: Crc32
  readonly #segmentBytes: number
  #segment = 1
  /** Bytes of the current segment on disk, and those waiting to follow them, by their place. */
  #written = 0
  #buffered = 0
  readonly #buffer = new Map<number, Uint8Array>()
  /** Bytes of all earlier segments. */
  #before = 0
  /** What the index must learn of the current segment and of those closed since it was last told. */
  readonly #extents = new Map<number, Extent>()

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
    for (const extent of known) if (extent.segment === last) this.#extents.set(last, extent)
  }

  /** Bytes waiting to be written. */
  get buffered(): number {
    return this.#buffered
  }

  /** Bytes of all segments, those waiting included. */
  get bytes(): number {
    return this.#before + this.#written + this.#buffered
  }

  /** Buffers a record, in a new segment where this one is full. */
  put(type: number, number: number, meta: string, bytes: Uint8Array | null): Place {
    const record = encodeRecord(type, number, meta, bytes, this.#crc32)
    const end = this.#written + this.#buffered
    if (end > 0 && end + record.length > this.#segmentBytes) this.#roll()
    if (this.#written + this.#buffered === 0) {
      this.#extents.set(this.#segment, { segment: this.#segment, bytes: 0, first: 0, last: 0 })
      this.#push(encodeRecord(HEAD, FORMAT, '{}', null, this.#crc32))
    }
    return this.#push(record)
  }

  /** Notes that row `seq` begins in the segment of `place`. */
  begins(seq: number, place: Place): void {
    const extent = this.#extents.get(place.segment)
    if (extent !== undefined) this.#extents.set(place.segment, { ...extent, first: extent.first === 0 ? seq : extent.first, last: seq })
  }

  /** Writes what waits to the current segment, in one piece. Throws what the disk says; the bytes go on waiting then. */
  write(): void {
    if (this.#buffered === 0) return
    const all = new Uint8Array(this.#buffered)
    for (const [start, record] of this.#buffer) all.set(record, start - this.#written)
    const at = this.#segments.append(this.#segment, all)
    if (at !== this.#written) throw new Error(`segment ${this.#segment} was written by somebody else: it ends at ${at}, not at ${this.#written}`)
    this.#written += all.length
    this.#buffered = 0
    this.#buffer.clear()
    const extent = this.#extents.get(this.#segment)
    if (extent !== undefined) this.#extents.set(this.#segment, { ...extent, bytes: this.#written })
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

  /** The record at a place, or in words why it cannot be read. */
  read(place: Place): Reading {
    const waiting = place.segment === this.#segment ? this.#buffer.get(place.start) : undefined
    try {
      const bytes = waiting ?? this.#segments.read(place.segment, place.start, place.length)
      const record = readRecord(bytes, 0, this.#crc32)
      return record ?? `segment ${place.segment}: the record of ${place.length} bytes at offset ${place.start} is damaged`
    } catch (error) {
      return `segment ${place.segment}: ${place.length} bytes at offset ${place.start} cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  #push(record: Uint8Array): Place {
    const start = this.#written + this.#buffered
    this.#buffer.set(start, record)
    this.#buffered += record.length
    return { segment: this.#segment, start, length: record.length }
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
