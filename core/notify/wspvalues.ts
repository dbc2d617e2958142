// Values of WSP headers (WAP-230-WSP 8.4.2): integers, texts and lengths, written and read; what cannot be read is refused with its place.
import { concat, utf8Bytes, utf8Text } from '../syncml/text.ts'

/** Octets that are no push, or parts that do not fit; `offset` counts from the first octet of the PDU. */
export class PushError extends Error {
  readonly offset: number
  readonly reason: string

  constructor(reason: string, offset: number) {
    super(`byte ${offset}: ${reason}`)
    this.name = 'PushError'
    this.offset = offset
    this.reason = reason
  }
}

/** Integer-value: short where it has seven bits, else long (WSP 8.4.2.1). */
export function integer(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new PushError(`number ${value} cannot be written`, 0)
  if (value < 0x80) return Uint8Array.of(value | 0x80)
  const octets: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Uint8Array.of(octets.length, ...octets)
}

/** Text-string: quoted where it begins with an octet of 128 and more, NUL at the end (WSP 8.4.2.1). */
export function textString(text: string): Uint8Array {
  if (text.includes('\0')) throw new PushError('text with a NUL in it cannot be written', 0)
  const octets = utf8Bytes(text)
  const quote = (octets[0] ?? 0) >= 0x80 ? [0x7f] : []
  return concat([Uint8Array.from(quote), octets, Uint8Array.of(0)])
}

/** A value with its length before it (WSP 8.4.2.2). */
export function valueLength(value: Uint8Array): Uint8Array {
  return value.length <= 30 ? concat([Uint8Array.of(value.length), value]) : concat([Uint8Array.of(31), uintvar(value.length), value])
}

/** Variable length integer: seven bits an octet, the most significant first (WSP 8.1.2). */
export function uintvar(value: number): Uint8Array {
  const octets = [value & 0x7f]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest & 0x7f) | 0x80)
  return Uint8Array.from(octets)
}

/** Reads values in order; `at` counts from the PDU's first octet. */
export class Reader {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  get more(): boolean {
    return this.at < this.#bytes.length
  }

  peek(what: string): number {
    const octet = this.#bytes[this.at]
    if (octet === undefined) throw new PushError(`${what} is missing: the octets end here`, this.at)
    return octet
  }

  octet(what: string): number {
    const octet = this.peek(what)
    this.at += 1
    return octet
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.at)
  }

  uintvar(what: string): number {
    const start = this.at
    let value = 0
    for (let i = 0; i < 5; i++) {
      const octet = this.octet(what)
      value = value * 128 + (octet & 0x7f)
      if (octet < 0x80) return value
    }
    throw new PushError(`${what}: a number of more than five octets`, start)
  }

  valueLength(what: string): number {
    const start = this.at
    const first = this.octet(what)
    const length = first === 31 ? this.uintvar(`length of ${what}`) : first
    if (length > this.#bytes.length - this.at)
      throw new PushError(`${what} of ${length} octets, but ${this.#bytes.length - this.at} are there`, start)
    return length
  }

  /** The next `length` octets as a reader of their own. */
  within(length: number, what: string): Reader {
    if (length === 0) throw new PushError(`${what} is empty`, this.at)
    return new Reader(this.#bytes.subarray(0, this.at + length), this.at)
  }

  integerOrText(what: string): number | string {
    const start = this.at
    const first = this.peek(what)
    if (first >= 0x80) return this.octet(what) & 0x7f
    if (first >= 0x20) return this.text(what)
    const length = this.octet(what)
    if (length === 0 || length > 6) throw new PushError(`${what}: an integer of ${length} octets`, start)
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.octet(what)
    return value
  }

  text(what: string): string {
    const start = this.at
    const end = this.#bytes.indexOf(0, start)
    if (end < 0) throw new PushError(`${what}: text without its NUL`, start)
    this.at = end + 1
    const quoted = this.#bytes[start] === 0x7f || this.#bytes[start] === 0x22
    const text = utf8Text(this.#bytes.subarray(quoted ? start + 1 : start, end))
    if (text === null) throw new PushError(`${what}: text that is not UTF-8`, start)
    return text
  }
}
