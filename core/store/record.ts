// One record of a segment file: magic, CRC, length, type, number, meta (JSON or packed), bytes. A record is either whole or it is damage; nothing is guessed.
import type { Crc32 } from './crc.ts'

/** Types of record; the numbers are on disk and never change their meaning. */
export const HEAD = 0
export const ENTRY = 1
export const AMENDMENT = 2
export const SESSION = 3
const TYPES = 4

/** Format of the records and their meta, told by the head record of each segment; 2: the meta of entries is packed. */
export const FORMAT = 2

/** Octets before the meta: magic 4, CRC-32 4, length of meta and bytes 4, type 1, flags 1, zero 2, length of meta 4, number 8; big endian. */
export const FIXED = 28

const MAGIC = 0xd7_4d_46_31
/** Flag: the record has bytes (they may be none): the body of an entry, the new body of an amendment. */
const HAS_BYTES = 1
/** Flag: the meta is packed (core/store/packed.ts), not JSON. */
const PACKED = 2

/** One whole record. `number` is the row's seq (for a session its key, for a head the format). */
export interface SegmentRecord {
  readonly type: number
  readonly number: number
  readonly hasBytes: boolean
  /** The meta is packed (core/store/packed.ts). */
  readonly packed: boolean
  /** JSON as UTF-8, or packed; like the bytes a view into the buffer that was read. */
  readonly meta: Uint8Array
  readonly bytes: Uint8Array
  /** Place in the segment: `[start, end)`. */
  readonly start: number
  readonly end: number
}

/** A stretch of a segment that holds no readable record. `tail` is true where it reaches the end. */
export interface Damage {
  readonly start: number
  readonly end: number
  readonly tail: boolean
}

const text = new TextDecoder('utf-8', { fatal: true })

/** A record about to be written; `bytes` null where it has none, which is not the same as no octets. */
export interface RecordParts {
  readonly type: number
  readonly number: number
  /** JSON as UTF-8, or packed. */
  readonly meta: Uint8Array
  readonly packed: boolean
  readonly bytes: Uint8Array | null
}

/** Size of a record. Throws where it is more than a record can hold. */
export function sizeOf({ number, meta, bytes }: RecordParts): number {
  const size = FIXED + meta.length + (bytes?.length ?? 0)
  if (size > 0xffff_ffff) throw new Error(`row ${number}: a record of ${size} bytes is larger than a segment record can be`)
  return size
}

/** Writes one record into `target` at `at`, where there is room for it. */
export function writeRecord(target: Uint8Array, at: number, parts: RecordParts, crc32: Crc32): void {
  const { type, number, meta, packed, bytes } = parts
  const size = sizeOf(parts)
  const view = new DataView(target.buffer, target.byteOffset + at, size)
  view.setUint32(0, MAGIC)
  view.setUint32(8, size - FIXED)
  view.setUint8(12, type)
  view.setUint8(13, (bytes === null ? 0 : HAS_BYTES) | (packed ? PACKED : 0))
  view.setUint16(14, 0)
  view.setUint32(16, meta.length)
  view.setUint32(20, Math.floor(number / 0x1_0000_0000))
  view.setUint32(24, number % 0x1_0000_0000)
  target.set(meta, at + FIXED)
  if (bytes !== null) target.set(bytes, at + FIXED + meta.length)
  view.setUint32(4, crc32(target.subarray(at + 8, at + size)))
}

/** Reads the record that begins at `at`; null where no whole, undamaged record begins there. */
export function readRecord(buffer: Uint8Array, at: number, crc32: Crc32): SegmentRecord | null {
  if (at < 0 || buffer.length - at < FIXED) return null
  const view = new DataView(buffer.buffer, buffer.byteOffset + at, buffer.length - at)
  if (view.getUint32(0) !== MAGIC) return null
  const length = view.getUint32(8)
  const metaLength = view.getUint32(16)
  const type = view.getUint8(12)
  if (length > buffer.length - at - FIXED || metaLength > length || type >= TYPES) return null
  const end = at + FIXED + length
  if (crc32(buffer.subarray(at + 8, end)) !== view.getUint32(4)) return null
  const number = Number(view.getBigUint64(20))
  if (!Number.isSafeInteger(number)) return null
  const meta = at + FIXED + metaLength
  const hasBytes = (view.getUint8(13) & HAS_BYTES) !== 0
  const packed = (view.getUint8(13) & PACKED) !== 0
  return { type, number, hasBytes, packed, meta: buffer.subarray(at + FIXED, meta), bytes: buffer.subarray(meta, end), start: at, end }
}

/** The meta of a record as a value. Throws where it is no JSON (then somebody else wrote it: the CRC was right). */
export function metaOf<T>(record: SegmentRecord): T {
  return JSON.parse(text.decode(record.meta)) as T
}

/** Walks a segment from `from` (a record's beginning): whole records in order, and the damaged stretches between them. */
export function* scan(buffer: Uint8Array, from: number, crc32: Crc32): Generator<SegmentRecord | Damage> {
  let at = from
  while (at < buffer.length) {
    const record = readRecord(buffer, at, crc32)
    if (record !== null) {
      yield record
      at = record.end
      continue
    }
    const start = at
    at = nextRecord(buffer, start + 1, crc32)
    yield { start, end: at, tail: at === buffer.length }
  }
}

/** Beginning of the next whole record at or after `from`; the buffer's length where there is none. */
function nextRecord(buffer: Uint8Array, from: number, crc32: Crc32): number {
  for (let at = buffer.indexOf(MAGIC >>> 24, from); at >= 0; at = buffer.indexOf(MAGIC >>> 24, at + 1))
    if (readRecord(buffer, at, crc32) !== null) return at
  return buffer.length
}
