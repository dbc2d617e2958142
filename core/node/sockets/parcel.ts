// What the thread of sockets and the lab's thread send each other: one parcel a turn with all that happened, in one piece of memory that goes over whole; nothing is sent twice.
import { Buffer } from 'node:buffer'

/** What the thread of sockets tells. Each event names a connection; `a`, `b`, `c` and `time` are what stands here, its octets and texts follow it. */
export const TOLD = {
  /** A connection came. a: door, b: its local port, c: its remote port; texts: local and remote address. */
  opened: 1,
  /** A header block that requests name from now on. a: its number; text: the block. */
  block: 2,
  /** A plain request, whole. a: header block, b: octets of the target, c: octets of the body, both follow; time: when the last one came. */
  plain: 3,
  /** Octets that are none of that. c: how many. */
  data: 4,
  /** The peer says nothing more. */
  ended: 5,
  /** What was to be written has been handed to the operating system. time: when. */
  written: 6,
  /** Nothing passed for the time that was set. */
  idle: 7,
  /** The connection failed; texts: code and message. It is closed next. */
  failed: 8,
  closed: 9,
  /** All header blocks told so far are void. */
  forget: 10,
} as const

/** What the lab's thread orders. */
export const ORDER = {
  /** Writes octets; `written` follows. a: 1 where they answer a plain request, c: how many. */
  write: 1,
  /** Says nothing more when all is written; `written` follows. */
  end: 2,
  /** Closes at once. */
  destroy: 3,
  /** Stops and goes on reading. */
  pause: 4,
  resume: 5,
  /** `idle` after a silence of a ms; 0: never. */
  timeout: 6,
} as const

/**
 * Parcel: two numbers (octets in use, parcels of the other side that were taken in since the last one), then the events in order. An event: six numbers (what, connection, a, b, c, time),
 * then what it carries. Numbers are doubles of this computer, each at a multiple of 8.
 */
export type Parcel = ArrayBuffer

const HEAD = 2
const WIDTH = 6
const DOUBLE = 8

/** Octets that a parcel may have without more memory for putting it together. */
const USUAL = 131_072

/** Puts parcels together. */
export class Packer {
  #octets: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(USUAL)
  #numbers = new Float64Array(this.#octets.buffer)
  #at = HEAD * DOUBLE

  get empty(): boolean {
    return this.#at === HEAD * DOUBLE
  }

  /** Octets that wait. */
  get size(): number {
    return this.#at
  }

  /** One more event. */
  put(what: number, id: number, a = 0, b = 0, c = 0, time = 0): void {
    const at = aligned(this.#at)
    this.#room(at, WIDTH * DOUBLE)
    const numbers = this.#numbers
    const i = at / DOUBLE
    numbers[i] = what
    numbers[i + 1] = id
    numbers[i + 2] = a
    numbers[i + 3] = b
    numbers[i + 4] = c
    numbers[i + 5] = time
    this.#at = at + WIDTH * DOUBLE
  }

  /** Octets of the event just put; they are copied. */
  bytes(bytes: Uint8Array): void {
    this.#room(this.#at, bytes.length)
    this.#octets.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Octets of the event just put, as a Latin-1 text. */
  latin1(text: string): void {
    this.#room(this.#at, text.length)
    this.#octets.write(text, this.#at, 'latin1')
    this.#at += text.length
  }

  /** A text of the event just put, behind its octets. */
  text(text: string): void {
    const at = aligned(this.#at)
    const length = Buffer.byteLength(text)
    this.#room(at, DOUBLE + length)
    this.#numbers[at / DOUBLE] = length
    this.#octets.write(text, at + DOUBLE)
    this.#at = at + DOUBLE + length
  }

  /** The parcel, which goes over to the other thread; the next one begins empty. */
  take(taken: number): Parcel {
    const { buffer } = this.#octets
    const size = aligned(this.#at)
    this.#numbers[0] = this.#at
    this.#numbers[1] = taken
    this.#at = HEAD * DOUBLE
    if (buffer.byteLength > USUAL) this.#renew(USUAL)
    return buffer.slice(0, size)
  }

  #room(at: number, more: number): void {
    if (at + more <= this.#octets.length) return
    const before = this.#octets
    let size = before.length
    while (size < at + more) size *= 2
    this.#renew(size)
    this.#octets.set(before.subarray(0, this.#at))
  }

  #renew(size: number): void {
    this.#octets = Buffer.allocUnsafeSlow(size)
    this.#numbers = new Float64Array(this.#octets.buffer)
  }
}

function aligned(at: number): number {
  return Math.ceil(at / DOUBLE) * DOUBLE
}

/** Gets every event of a parcel in order; `bytes`, `latin1` and `text` give what belongs to the present one, in its order. */
export class Unpacker {
  /** Parcels that the other side had taken in. */
  readonly taken: number
  readonly #numbers: Float64Array
  readonly #octets: Buffer<ArrayBuffer>
  readonly #size: number
  /** Number that the present event begins with. */
  #event = 0
  #at = HEAD * DOUBLE

  constructor(parcel: Parcel) {
    this.#numbers = new Float64Array(parcel)
    this.#octets = Buffer.from(parcel)
    this.#size = this.#numbers[0] as number
    this.taken = this.#numbers[1] as number
  }

  next(): boolean {
    const at = aligned(this.#at)
    this.#event = at / DOUBLE
    this.#at = at + WIDTH * DOUBLE
    return at < this.#size
  }

  get what(): number {
    return (this.#numbers[this.#event] as number) | 0
  }
  get id(): number {
    return (this.#numbers[this.#event + 1] as number) | 0
  }
  get a(): number {
    return (this.#numbers[this.#event + 2] as number) | 0
  }
  get b(): number {
    return (this.#numbers[this.#event + 3] as number) | 0
  }
  get c(): number {
    return (this.#numbers[this.#event + 4] as number) | 0
  }
  get time(): number {
    return this.#numbers[this.#event + 5] as number
  }

  /** The next `length` octets, without a copy. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#at
    this.#at += length
    return new Uint8Array(this.#octets.buffer, at, length)
  }

  /** The same for a socket. */
  buffer(length: number): Buffer {
    const at = this.#at
    this.#at += length
    return this.#octets.subarray(at, this.#at)
  }

  /** The next `length` octets as Latin-1. */
  latin1(length: number): string {
    const at = this.#at
    this.#at += length
    return this.#octets.toString('latin1', at, this.#at)
  }

  text(): string {
    const at = aligned(this.#at)
    const length = this.#numbers[at / DOUBLE] as number
    this.#at = at + DOUBLE + length
    return this.#octets.toString('utf8', at + DOUBLE, this.#at)
  }
}
