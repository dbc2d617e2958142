// TLV of LwM2M (OMA-TS-LightweightM2M-V1_0 clause 6.4.3): nested entries read and written; any octets give entries or a TlvError with an offset.

/** What an entry is, by bits 7 and 6 of its type octet. */
export type TlvKind = 'objectInstance' | 'resourceInstance' | 'multiple' | 'resource'

export interface Tlv {
  readonly kind: TlvKind
  readonly id: number
  /** Of an object instance or a multiple resource. */
  readonly children: readonly Tlv[]
  /** Of a resource or a resource instance. */
  readonly value: Uint8Array
}

/** Octets that are no TLV. */
export class TlvError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at octet ${offset}`)
    this.name = 'TlvError'
    this.offset = offset
  }
}

const KINDS: readonly TlvKind[] = ['objectInstance', 'resourceInstance', 'multiple', 'resource']
/** What may stand in what: an object instance holds resources, a multiple resource holds its instances. */
const INSIDE: Readonly<Record<TlvKind, readonly TlvKind[]>> = {
  objectInstance: ['multiple', 'resource'],
  multiple: ['resourceInstance'],
  resource: [],
  resourceInstance: [],
}
const NONE = new Uint8Array(0)

/** Entries in order. `offset` is added to offsets of errors. */
export function readTlv(bytes: Uint8Array, offset = 0, allowed: readonly TlvKind[] = KINDS): Tlv[] {
  const entries: Tlv[] = []
  let at = 0
  const octet = (): number => {
    const value = bytes[at]
    if (value === undefined) throw new TlvError('the entry is cut off', offset + at)
    at += 1
    return value
  }
  const whole = (octets: number): number => {
    let value = 0
    for (let i = 0; i < octets; i += 1) value = value * 256 + octet()
    return value
  }
  while (at < bytes.length) {
    const start = at
    const type = octet()
    const kind = KINDS[type >> 6] as TlvKind
    if (!allowed.includes(kind)) throw new TlvError(`a ${kind} cannot stand here`, offset + start)
    const id = whole((type & 0x20) === 0 ? 1 : 2)
    const lengthOctets = (type >> 3) & 3
    const length = lengthOctets === 0 ? type & 7 : whole(lengthOctets)
    if (at + length > bytes.length) throw new TlvError(`a length of ${length} where ${bytes.length - at} octets are left`, offset + start)
    const value = bytes.subarray(at, at + length)
    const inner = INSIDE[kind]
    const children = inner.length === 0 ? [] : readTlv(value, offset + at, inner)
    entries.push({ kind, id, children, value: inner.length === 0 ? value : NONE })
    at += length
  }
  return entries
}

/** Octets of entries. Throws RangeError for an id above 65535 or a value of 16 MiB and more. */
export function writeTlv(entries: readonly Tlv[]): Uint8Array {
  return joined(entries.map(written))
}

function written(entry: Tlv): Uint8Array {
  const value = entry.kind === 'objectInstance' || entry.kind === 'multiple' ? writeTlv(entry.children) : entry.value
  const { length } = value
  if (!Number.isInteger(entry.id) || entry.id < 0 || entry.id > 0xffff) throw new RangeError(`${entry.id} is no id`)
  if (length > 0xffffff) throw new RangeError(`${length} octets are too many for one entry`)
  const lengthOctets = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3
  const type = (KINDS.indexOf(entry.kind) << 6) | (entry.id > 0xff ? 0x20 : 0) | (lengthOctets << 3) | (lengthOctets === 0 ? length : 0)
  const head = [type, ...big(entry.id, entry.id > 0xff ? 2 : 1), ...big(length, lengthOctets)]
  return joined([Uint8Array.from(head), value])
}

const big = (value: number, octets: number): number[] => Array.from({ length: octets }, (_, i) => (value >>> (8 * (octets - 1 - i))) & 0xff)

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const resource = (id: number, value: Uint8Array): Tlv => ({ kind: 'resource', id, children: [], value })
export const resourceInstance = (id: number, value: Uint8Array): Tlv => ({ kind: 'resourceInstance', id, children: [], value })
export const multiple = (id: number, children: readonly Tlv[]): Tlv => ({ kind: 'multiple', id, children, value: NONE })
export const objectInstance = (id: number, children: readonly Tlv[]): Tlv => ({ kind: 'objectInstance', id, children, value: NONE })
