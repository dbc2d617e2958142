// Datagrams of CoAP as values, both ways (RFC 7252 clause 3, RFC 7959 clause 2.2). Any octets give a datagram or a reason why they are none.

export type CoapType = 'CON' | 'NON' | 'ACK' | 'RST'

export type CoapOption = readonly [number: number, value: Uint8Array]

export interface Datagram {
  readonly type: CoapType
  /** `0.01` GET, `2.05` Content, `0.00` empty. */
  readonly code: string
  readonly messageId: number
  /** 0 to 8 octets. */
  readonly token: Uint8Array
  /** In order of their numbers. */
  readonly options: readonly CoapOption[]
  readonly payload: Uint8Array
}

/** Block1 or Block2: `num` counts in blocks of `size` octets. */
export interface Block {
  readonly num: number
  readonly more: boolean
  readonly size: number
}

/** Option numbers (RFC 7252 clause 12.2, RFC 7641, RFC 7959). */
export const OPTION = {
  etag: 4,
  observe: 6,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
  size1: 60,
} as const
/** Critical options that change nothing here: Uri-Host, If-Match, If-None-Match, Uri-Port. */
const IGNORED: readonly number[] = [1, 3, 5, 7]

const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const
const EMPTY = new Uint8Array(0)

/** Reads one; a text says why it is no datagram of CoAP. */
export function readDatagram(bytes: Uint8Array): Datagram | string {
  if (bytes.length < 4) return `${bytes.length} octets are too few`
  const [first = 0, second = 0, high = 0, low = 0] = bytes
  if (first >> 6 !== 1) return `version ${first >> 6}`
  const tokenLength = first & 15
  if (tokenLength > 8) return `a token of ${tokenLength} octets`
  const head = { type: TYPES[(first >> 4) & 3] ?? 'CON', code: codeText(second), messageId: high * 256 + low }
  if (second === 0) return bytes.length === 4 ? { ...head, token: EMPTY, options: [], payload: EMPTY } : 'an empty message with something in it'
  if ([1, 3].includes(second >> 5) || second >> 5 > 5) return `code ${head.code}, which is reserved`
  if (4 + tokenLength > bytes.length) return 'the token is cut off'
  const rest = readOptions(bytes, 4 + tokenLength)
  return typeof rest === 'string' ? rest : { ...head, token: bytes.slice(4, 4 + tokenLength), ...rest }
}

function readOptions(bytes: Uint8Array, start: number): Pick<Datagram, 'options' | 'payload'> | string {
  let at = start
  let number = 0
  const options: CoapOption[] = []
  const more = (nibble: number): number | null => {
    if (nibble < 13) return nibble
    const octets = nibble === 13 ? 1 : nibble === 14 ? 2 : 0
    if (octets === 0 || at + octets > bytes.length) return null
    const value = octets === 1 ? (bytes[at] ?? 0) + 13 : (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0) + 269
    at += octets
    return value
  }
  while (at < bytes.length) {
    const head = bytes[at] ?? 0
    at += 1
    if (head === 0xff) return at < bytes.length ? { options, payload: bytes.slice(at) } : 'a payload mark and no payload'
    const delta = more(head >> 4)
    const length = delta === null ? null : more(head & 15)
    if (delta === null || length === null) return `an option that cannot be read at octet ${at}`
    if (at + length > bytes.length) return `an option of ${length} octets where ${bytes.length - at} are left`
    number += delta
    const value = bytes.slice(at, at + length)
    if ((number === OPTION.block1 || number === OPTION.block2) && (length > 3 || (uintOf(value) & 7) === 7))
      return `a block option of ${length} octets that means nothing`
    options.push([number, value])
    at += length
  }
  return { options, payload: EMPTY }
}

/** Octets of a datagram; options in any order. */
export function writeDatagram({ type, code, messageId, token, options, payload }: Datagram): Uint8Array {
  const octets: number[] = [0x40 | (TYPES.indexOf(type) << 4) | token.length, codeOctet(code), messageId >> 8, messageId & 255, ...token]
  let last = 0
  for (const [number, value] of [...options].sort(([a], [b]) => a - b)) {
    const [delta, deltaMore] = nibble(number - last)
    const [length, lengthMore] = nibble(value.length)
    octets.push((delta << 4) | length, ...deltaMore, ...lengthMore, ...value)
    last = number
  }
  if (payload.length > 0) octets.push(0xff)
  const bytes = new Uint8Array(octets.length + payload.length)
  bytes.set(octets)
  bytes.set(payload, octets.length)
  return bytes
}

function nibble(value: number): readonly [number, readonly number[]] {
  if (value < 13) return [value, []]
  return value < 269 ? [13, [value - 13]] : [14, [(value - 269) >> 8, (value - 269) & 255]]
}

const codeText = (octet: number): string => `${octet >> 5}.${String(octet & 31).padStart(2, '0')}`
const codeOctet = (code: string): number => Number(code[0]) * 32 + Number(code.slice(2))

/** Octets of a number, as few as there can be (RFC 7252 clause 3.2). */
export function uintBytes(value: number): Uint8Array {
  const octets: number[] = []
  for (let left = value; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256)
  return Uint8Array.from(octets)
}
export const uintOf = (value: Uint8Array): number => value.reduce((sum, octet) => sum * 256 + octet, 0)

/** The first option of that number. */
export const optionOf = ({ options }: Datagram, wanted: number): Uint8Array | undefined => options.find(([number]) => number === wanted)?.[1]

/** All options of that number as text. */
export function textsOf({ options }: Datagram, wanted: number): readonly string[] {
  return options.flatMap(([number, value]) => (number === wanted ? [new TextDecoder().decode(value)] : []))
}

export function blockOf(datagram: Datagram, wanted: number): Block | null {
  const value = optionOf(datagram, wanted)
  if (value === undefined) return null
  const block = uintOf(value)
  return { num: Math.floor(block / 16), more: (block & 8) !== 0, size: 16 << (block & 7) }
}
export const blockBytes = ({ num, more, size }: Block): Uint8Array => uintBytes(num * 16 + (more ? 8 : 0) + (Math.log2(size) - 4))

/** A critical option nobody here knows (odd numbers; RFC 7252 clause 5.4.1); null: none. */
export function unknownCritical({ options }: Datagram): number | null {
  const known: readonly number[] = [...Object.values(OPTION), ...IGNORED]
  return options.find(([number]) => number % 2 === 1 && !known.includes(number))?.[0] ?? null
}

/** Same octets? */
export const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((octet, i) => octet === b[i])
