// MD5 (RFC 1321), pure: octets in, sixteen octets out. Only for the digests that SyncML DM prescribes; it protects nothing else.

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)

/** MD5 of any number of octets (RFC 1321 clause 3): 16 octets. */
export function md5(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476)
  const words = new Int32Array(16)
  const whole = bytes.length >> 6
  for (let block = 0; block < whole; block++) {
    load(words, bytes, block << 6)
    round(state, words)
  }
  const rest = bytes.subarray(whole << 6)
  const tail = new Uint8Array(rest.length < 56 ? 64 : 128)
  tail.set(rest)
  tail[rest.length] = 0x80
  for (let at = 0; at < tail.length; at += 64) {
    load(words, tail, at)
    if (at + 64 === tail.length) {
      words[14] = (bytes.length << 3) | 0
      words[15] = Math.floor(bytes.length / 2 ** 29) | 0
    }
    round(state, words)
  }
  const out = new Uint8Array(16)
  for (let i = 0; i < 16; i++) out[i] = ((state[i >> 2] as number) >>> ((i & 3) << 3)) & 0xff
  return out
}

function load(words: Int32Array, bytes: Uint8Array, from: number): void {
  for (let i = 0; i < 16; i++) {
    const at = from + (i << 2)
    words[i] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
  }
}

function round(state: Int32Array, words: Int32Array): void {
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  for (let i = 0; i < 64; i++) {
    const turn = i >> 4
    const mixed = turn === 0 ? (b & c) | (~b & d) : turn === 1 ? (d & b) | (~d & c) : turn === 2 ? b ^ c ^ d : c ^ (b | ~d)
    const word = turn === 0 ? i : turn === 1 ? (5 * i + 1) & 15 : turn === 2 ? (3 * i + 5) & 15 : (7 * i) & 15
    const sum = (a + mixed + (SINES[i] as number) + (words[word] as number)) | 0
    const shift = SHIFTS[(turn << 2) | (i & 3)] as number
    a = d
    d = c
    c = b
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
  }
  state[0] = ((state[0] as number) + a) | 0
  state[1] = ((state[1] as number) + b) | 0
  state[2] = ((state[2] as number) + c) | 0
  state[3] = ((state[3] as number) + d) | 0
}
