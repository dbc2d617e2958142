// What the thread of sockets and the lab's thread send each other: one parcel a turn with all that happened, as numbers, octets and a few texts; nothing is sent twice.
import { Buffer } from 'node:buffer'
import type { Transferable } from 'node:worker_threads'

/** What the thread of sockets tells. Each event names a connection; `a`, `b`, `c` and `time` are what stands here, octets and texts follow in the order of events. */
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

/** Numbers of one event: what, connection, a, b, c, time. */
const WIDTH = 6

/** Events in order, and what they carry. `taken`: parcels of the other side that were taken in since the last one. */
export interface Parcel {
  readonly numbers: Float64Array
  readonly bytes: Uint8Array
  readonly texts: readonly string[]
  readonly taken: number
}

/** Puts parcels together. */
export class Packer {
  #numbers = new Float64Array(64 * WIDTH)
  #used = 0
  #pieces: (Uint8Array | string)[] = []
  #texts: string[] = []
  #size = 0

  get empty(): boolean {
    return this.#used === 0
  }

  /** Octets that wait. */
  get size(): number {
    return this.#size
  }

  /** One more event. */
  put(what: number, id: number, a = 0, b = 0, c = 0, time = 0): void {
    if (this.#used + WIDTH > this.#numbers.length) {
      const more = new Float64Array(this.#numbers.length * 2)
      more.set(this.#numbers)
      this.#numbers = more
    }
    const numbers = this.#numbers
    const at = this.#used
    numbers[at] = what
    numbers[at + 1] = id
    numbers[at + 2] = a
    numbers[at + 3] = b
    numbers[at + 4] = c
    numbers[at + 5] = time
    this.#used = at + WIDTH
  }

  /** Octets of the event just put; a text stands for its Latin-1 octets. They are copied when the parcel is taken. */
  piece(piece: Uint8Array | string): void {
    this.#pieces.push(piece)
    this.#size += piece.length
  }

  text(text: string): void {
    this.#texts.push(text)
  }

  /** The parcel, and what goes over to the other thread with it; the next one begins empty. */
  take(taken: number): [Parcel, Transferable[]] {
    const bytes = Buffer.allocUnsafeSlow(this.#size)
    let at = 0
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') bytes.write(piece, at, 'latin1')
      else bytes.set(piece, at)
      at += piece.length
    }
    const numbers = this.#numbers.slice(0, this.#used)
    const texts = this.#texts
    this.#used = 0
    this.#size = 0
    this.#pieces = []
    if (texts.length > 0) this.#texts = []
    return [{ numbers, bytes, texts, taken }, [numbers.buffer, bytes.buffer]]
  }
}

/** Gets every event of a parcel in order; `bytes` and `text` give what belongs to the present one. */
export class Unpacker {
  readonly #numbers: Float64Array
  readonly #bytes: Buffer
  readonly #texts: readonly string[]
  #event = -WIDTH
  #byte = 0
  #text = 0

  constructor({ numbers, bytes, texts }: Parcel) {
    this.#numbers = numbers
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#texts = texts
  }

  next(): boolean {
    this.#event += WIDTH
    return this.#event < this.#numbers.length
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
  bytes(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes
    const at = byteOffset + this.#byte
    this.#byte += length
    return new Uint8Array(buffer, at, length)
  }

  /** The next `length` octets as Latin-1. */
  latin1(length: number): string {
    const at = this.#byte
    this.#byte += length
    return this.#bytes.toString('latin1', at, this.#byte)
  }

  text(): string {
    return this.#texts[this.#text++] ?? ''
  }
}
