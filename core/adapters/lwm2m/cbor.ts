// CBOR (RFC 8949) as far as LwM2M 1.1 and 1.2 use it: items as plain values, both ways. Any octets give a value or a CborError with an offset.
import { concat, utf8Bytes, utf8Text } from '../../syncml/text.ts'

/** Maps keep their keys as they are; numbers beyond 2^53 are bigints; undefined and null are null. */
export type Cbor = number | bigint | string | boolean | null | Uint8Array | readonly Cbor[] | ReadonlyMap<Cbor, Cbor>

/** Octets that are no CBOR. */
export class CborError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at octet ${offset}`)
    this.name = 'CborError'
    this.offset = offset
  }
}

/** Levels one item may nest. */
const DEEPEST = 16
const BREAK = Symbol('break')
/** Tag of a decimal fraction: [exponent, mantissa] (RFC 8949 clause 3.4.4). */
const DECIMAL = 4

/** One item, and nothing behind it. */
export function readCbor(bytes: Uint8Array): Cbor {
  const reader = new Reader(bytes)
  const value = reader.item(0)
  if (value === BREAK) throw new CborError('a break that ends nothing', 0)
  if (reader.at < bytes.length) throw new CborError(`${bytes.length - reader.at} octets behind the end`, reader.at)
  return value
}

/** Octets of whole numbers, text, octets, truths, lists and maps; throws RangeError for any other number. */
export function writeCbor(value: Cbor): Uint8Array {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4)
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'number' || typeof value === 'bigint') return value < 0 ? head(1, -1n - BigInt(value)) : head(0, BigInt(value))
  if (typeof value === 'string') return concat([head(3, BigInt(utf8Bytes(value).length)), utf8Bytes(value)])
  if (value instanceof Uint8Array) return concat([head(2, BigInt(value.length)), value])
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Cbor, Cbor>)]
    return concat([head(5, BigInt(pairs.length)), ...pairs.flatMap(([key, inner]) => [writeCbor(key), writeCbor(inner)])])
  }
  const items = value as readonly Cbor[]
  return concat([head(4, BigInt(items.length)), ...items.map(writeCbor)])
}

function head(major: number, count: bigint): Uint8Array {
  const size = count < 24n ? 0 : count < 256n ? 1 : count < 65_536n ? 2 : count < 4_294_967_296n ? 4 : 8
  if (size === 0) return Uint8Array.of((major << 5) | Number(count))
  const octets = Uint8Array.from({ length: size }, (_, i) => Number((count >> BigInt(8 * (size - 1 - i))) & 0xffn))
  return concat([Uint8Array.of((major << 5) | (24 + Math.log2(size))), octets])
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #take(count: number): number {
    const from = this.at
    if (count > this.#bytes.length - from) throw new CborError(`${count} octets are wanted where ${this.#bytes.length - from} are left`, from)
    this.at += count
    return from
  }

  item(depth: number): Cbor | typeof BREAK {
    if (depth > DEEPEST) throw new CborError(`more than ${DEEPEST} levels`, this.at)
    const start = this.#take(1)
    const head = this.#bytes[start] ?? 0
    const major = head >> 5
    const info = head & 31
    if (major === 7) return this.#simple(info, start)
    const count = this.#count(info, start)
    if (count === null && (major < 2 || major === 6)) throw new CborError('a length without an end', start)
    switch (major) {
      case 0:
        return count
      case 1:
        return typeof count === 'bigint' ? -1n - count : -1 - Number(count)
      case 2:
        return this.#octets(count, depth, start)
      case 3: {
        const text = utf8Text(this.#octets(count, depth, start))
        if (text === null) throw new CborError('text that is no UTF-8', start)
        return text
      }
      case 4:
        return this.#many(count, depth)
      case 5:
        return this.#pairs(count, depth, start)
      default:
        return this.#tagged(Number(count), this.#whole(depth + 1))
    }
  }

  /** Value of the head; null: an indefinite length. */
  #count(info: number, start: number): number | bigint | null {
    if (info < 24) return info
    if (info === 31) return null
    if (info > 27) throw new CborError(`additional information ${info}, which is reserved`, start)
    const size = 1 << (info - 24)
    const at = this.#take(size)
    if (size < 8) return size === 1 ? this.#view.getUint8(at) : size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
    const value = this.#view.getBigUint64(at)
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  #simple(info: number, start: number): Cbor | typeof BREAK {
    switch (info) {
      case 20:
      case 21:
        return info === 21
      case 22:
      case 23:
        return null
      case 25:
        return half(this.#view.getUint16(this.#take(2)))
      case 26:
        return this.#view.getFloat32(this.#take(4))
      case 27:
        return this.#view.getFloat64(this.#take(8))
      case 31:
        return BREAK
      default:
        throw new CborError(`simple value ${info}, which is not known here`, start)
    }
  }

  #whole(depth: number): Cbor {
    const start = this.at
    const value = this.item(depth)
    if (value === BREAK) throw new CborError('a break that ends nothing', start)
    return value
  }

  #octets(count: number | bigint | null, depth: number, start: number): Uint8Array {
    if (count !== null) {
      const size = Number(count)
      const from = this.#take(size)
      return this.#bytes.slice(from, from + size)
    }
    const parts: number[] = []
    for (;;) {
      const part = this.item(depth + 1)
      if (part === BREAK) return Uint8Array.from(parts)
      if (!(part instanceof Uint8Array) && typeof part !== 'string') throw new CborError('a part that is neither text nor octets', start)
      for (const octet of typeof part === 'string' ? new TextEncoder().encode(part) : part) parts.push(octet)
    }
  }

  #many(count: number | bigint | null, depth: number): readonly Cbor[] {
    const items: Cbor[] = []
    for (let i = 0; count === null || i < count; i += 1) {
      const item = this.item(depth + 1)
      if (item === BREAK) {
        if (count === null) break
        throw new CborError('a break that ends nothing', this.at - 1)
      }
      items.push(item)
    }
    return items
  }

  #pairs(count: number | bigint | null, depth: number, start: number): ReadonlyMap<Cbor, Cbor> {
    const pairs = new Map<Cbor, Cbor>()
    for (let i = 0; count === null || i < count; i += 1) {
      const key = this.item(depth + 1)
      if (key === BREAK) {
        if (count === null) break
        throw new CborError('a break that ends nothing', start)
      }
      pairs.set(key, this.#whole(depth + 1))
    }
    return pairs
  }

  #tagged(tag: number, value: Cbor): Cbor {
    if (tag !== DECIMAL || !Array.isArray(value)) return value
    const [exponent, mantissa] = value as readonly Cbor[]
    return Number(mantissa) * 10 ** Number(exponent)
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size =
    exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction === 0 ? Infinity : NaN) : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits >> 15 === 0 ? size : -size
}
