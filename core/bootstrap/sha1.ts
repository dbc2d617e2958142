// SHA-1 (FIPS 180-4) and HMAC (RFC 2104), pure: only for the MAC of bootstrap messages, which prescribes them; they protect nothing else.
import { concat } from '../syncml/text.ts'

const BLOCK = 64

/** SHA-1 of any number of octets (FIPS 180-4 6.1): 20 octets. */
export function sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * BLOCK + BLOCK)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0)
  const state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0)
  const words = new Int32Array(80)
  for (let at = 0; at < padded.length; at += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4)
    for (let i = 16; i < 80; i++)
      words[i] = left((words[i - 3] as number) ^ (words[i - 8] as number) ^ (words[i - 14] as number) ^ (words[i - 16] as number), 1)
    round(state, words)
  }
  const out = new DataView(new ArrayBuffer(20))
  state.forEach((word, i) => out.setInt32(i * 4, word))
  return new Uint8Array(out.buffer)
}

const left = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

function round(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state
  for (let i = 0; i < 80; i++) {
    const turn = Math.floor(i / 20)
    const mixed = turn === 0 ? (b & c) | (~b & d) : turn === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d
    const constant = turn === 0 ? 0x5a827999 : turn === 1 ? 0x6ed9eba1 : turn === 2 ? 0x8f1bbcdc : 0xca62c1d6
    const next = (left(a, 5) + mixed + e + constant + (words[i] as number)) | 0
    e = d
    d = c
    c = left(b, 30)
    b = a
    a = next
  }
  for (const [i, word] of [a, b, c, d, e].entries()) state[i] = ((state[i] as number) + word) | 0
}

/** HMAC-SHA-1 (RFC 2104): 20 octets. */
export function hmacSha1(key: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK)
  block.set(key.length > BLOCK ? sha1(key) : key)
  const inner = sha1(concat([block.map((octet) => octet ^ 0x36), bytes]))
  return sha1(concat([block.map((octet) => octet ^ 0x5c), inner]))
}
