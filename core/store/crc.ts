// CRC-32 as in zip and Ethernet (reflected 0xEDB88320), in plain arithmetic; a host that has a faster one gives its own.

/** CRC-32 of `bytes`, continuing from `before` (0 at the start); the result is an unsigned 32 bit number. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number

/** Four tables of 256: four octets a step. */
const TABLE = (() => {
  const table = new Uint32Array(4 * 256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    table[n] = c
  }
  for (let n = 0; n < 256; n++)
    for (let t = 1; t < 4; t++) {
      const c = table[(t - 1) * 256 + n] as number
      table[t * 256 + n] = (c >>> 8) ^ (table[c & 0xff] as number)
    }
  return table
})()

/** CRC-32 without help of the host. */
export const crc32: Crc32 = (bytes, before = 0) => {
  const table = TABLE
  let crc = ~before
  let at = 0
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
    crc =
      (table[768 + (crc & 0xff)] as number) ^
      (table[512 + ((crc >>> 8) & 0xff)] as number) ^
      (table[256 + ((crc >>> 16) & 0xff)] as number) ^
      (table[crc >>> 24] as number)
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return ~crc >>> 0
}
