// The test payload of the sheet (6.5): bytes that do not repeat, so that a part at a wrong offset changes every digest.

/** `count` bytes from `from` of the payload: SHA-256 of `dm-lab-payload` and the block's number (4 bytes, big-endian), block after block. */
export function payload(count: number, sha256: (bytes: Uint8Array) => Uint8Array, from = 0): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(count)
  const seed = new Uint8Array(18)
  seed.set(new TextEncoder().encode('dm-lab-payload'))
  const view = new DataView(seed.buffer)
  for (let block = Math.floor(from / 32); block * 32 < from + count; block++) {
    view.setUint32(14, block)
    const bytes = sha256(seed)
    const at = block * 32 - from
    out.set(bytes.subarray(Math.max(0, -at), Math.min(32, count - at)), Math.max(0, at))
  }
  return out
}

/** The package antivir-2.1 of the sheet's examples. */
export const ANTIVIR = {
  pkgId: 'antivir-2.1',
  size: 150_000,
  sha256: 'b97df95a21651d298b6f44aafdd24305381d81acc4d39f3db9ce0a1c11dba0ab',
} as const
