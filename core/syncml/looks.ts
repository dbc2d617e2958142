// Whether octets without a helpful content type are a SyncML message: by their first octets alone, nothing is parsed.
import { sniff } from './codec.ts'
import type { Encoding } from './message.ts'

/** How far the root element may be from the beginning (declaration, DOCTYPE, comments). */
const HEAD = 2048

/** Public identifiers of SyncML 1.0, 1.1 and 1.2 as mb_u_int32. */
const NUMBERS = [
  [0x9f, 0x51],
  [0x9f, 0x53],
  [0xa4, 0x01],
] as const

/** The encoding of a SyncML message by the look of its beginning; null where it looks like something else. */
export function looksLike(bytes: Uint8Array): Encoding | null {
  const encoding = sniff(bytes)
  if (encoding === null) return null
  let head = ''
  for (let i = 0; i < bytes.length && i < HEAD; i++) if (bytes[i] !== 0) head += String.fromCharCode(bytes[i] as number)
  if (encoding === 'xml') return /<(?:[\w.-]+:)?SyncML[\s/>]/.test(head) ? 'xml' : null
  const named = NUMBERS.some(([first, second]) => bytes[1] === first && bytes[2] === second)
  return named || /-\/\/SYNCML\/\/DTD SyncML 1\.[012]\/\/EN/.test(head) ? 'wbxml' : null
}
