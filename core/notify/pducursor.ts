// A place in a PDU that moves on octet by octet and keeps what it passed as fields of the ruler; an end too early is refused with its octet.
import { PduError } from './pdu.ts'

/** A field of the ruler; `start` and `end` count bits of the PDU. */
export interface RulerBit {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly value: string
  /** Binary digits of fields up to 8 bits. */
  readonly bits: string
  readonly meaning: string
}

/** Octets being read. */
export class PduCursor {
  readonly octets: Uint8Array
  readonly fields: RulerBit[] = []
  at = 0

  constructor(octets: Uint8Array) {
    this.octets = octets
  }

  /** The next octet, no field of its own. */
  next(what: string): number {
    const octet = this.octets[this.at]
    if (octet === undefined) throw new PduError(`ends before ${what}`, this.at)
    this.at++
    return octet
  }

  octet(name: string, meaning: (value: number) => string): number {
    const value = this.next(name)
    const start = (this.at - 1) * 8
    this.fields.push({ name, start, end: start + 8, value: String(value), bits: value.toString(2).padStart(8, '0'), meaning: meaning(value) })
    return value
  }

  word(name: string, meaning: (value: number) => string): number {
    const start = this.at * 8
    const value = (this.next(name) << 8) | this.next(name)
    this.fields.push({ name, start, end: start + 16, value: String(value), bits: '', meaning: meaning(value) })
    return value
  }

  /** The octet just taken as its single bits, the top one first. */
  split(parts: readonly (readonly [name: string, width: number, meaning: string])[]): void {
    const octet = this.octets[this.at - 1] as number
    let start = 0
    for (const [name, width, meaning] of parts) {
      const value = (octet >> (8 - start - width)) & ((1 << width) - 1)
      const from = (this.at - 1) * 8 + start
      this.fields.push({ name, start: from, end: from + width, value: String(value), bits: value.toString(2).padStart(width, '0'), meaning })
      start += width
    }
  }

  span(name: string, size: number, read: (octets: Uint8Array) => readonly [value: string, meaning: string]): void {
    const octets = this.octets.subarray(this.at, this.at + size)
    if (octets.length < size) throw new PduError(`${name} needs ${String(size)} octets, ${String(octets.length)} are there`, this.at)
    const start = this.at * 8
    this.at += size
    const [value, meaning] = read(octets)
    if (size > 0) this.fields.push({ name, start, end: start + size * 8, value, bits: '', meaning })
  }
}
