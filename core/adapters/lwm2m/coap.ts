// A CoAP datagram looked at before anything acts on it (RFC 7252 clause 3, RFC 7959 clause 2.2): what it is and whether its blocks can be right. Any octets give a look or a reason.

/** What matters of a datagram before it is handed on. */
export interface CoapLook {
  readonly type: 'CON' | 'NON' | 'ACK' | 'RST'
  /** 0 a request (or empty), 2, 4, 5 an answer. */
  readonly class: number
  /** `0.01` */
  readonly code: string
  readonly messageId: number
  /** Where its Block1 ends, octets; 0 without one. */
  readonly upTo: number
}

const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const
const BLOCK1 = 27
const BLOCK2 = 23

/** Reads the head and the options; a text says why it is no datagram of CoAP. */
export function lookAt(bytes: Uint8Array): CoapLook | string {
  if (bytes.length < 4) return `${bytes.length} octets are too few`
  const [first = 0, second = 0, high = 0, low = 0] = bytes
  if (first >> 6 !== 1) return `version ${first >> 6}`
  const tokenLength = first & 15
  if (tokenLength > 8) return `a token of ${tokenLength} octets`
  const look = {
    type: TYPES[(first >> 4) & 3] ?? 'CON',
    class: second >> 5,
    code: `${second >> 5}.${String(second & 31).padStart(2, '0')}`,
    messageId: high * 256 + low,
  }
  if (second === 0) return bytes.length === 4 ? { ...look, upTo: 0 } : 'an empty message with something in it'
  if (look.class === 1 || look.class === 3 || look.class > 5) return `code ${look.code}, which is reserved`
  if (4 + tokenLength > bytes.length) return 'the token is cut off'
  const upTo = optionsOf(bytes, 4 + tokenLength)
  return typeof upTo === 'string' ? upTo : { ...look, upTo }
}

function optionsOf(bytes: Uint8Array, start: number): number | string {
  let at = start
  let number = 0
  let upTo = 0
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
    if (head === 0xff) return at < bytes.length ? upTo : 'a payload mark and no payload'
    const delta = more(head >> 4)
    const length = delta === null ? null : more(head & 15)
    if (delta === null || length === null) return `an option that cannot be read at octet ${at}`
    if (at + length > bytes.length) return `an option of ${length} octets where ${bytes.length - at} are left`
    number += delta
    if (number === BLOCK1 || number === BLOCK2) {
      const block = length >= 1 && length <= 3 ? bytes.subarray(at, at + length).reduce((sum, octet) => sum * 256 + octet, 0) : null
      if (block === null || (block & 7) === 7) return `a block option of ${length} octets that means nothing`
      if (number === BLOCK1) upTo = ((block >> 4) + 1) * 2 ** ((block & 7) + 4)
    }
    at += length
  }
  return upTo
}
