// Short texts that messages repeat (addresses, names, codes), made once: a text cut out of a document would hold on to all of it, and is slow to compare.

/** Longest text that is remembered. */
export const LONGEST = 64
const SLOTS = 2048
/** One text a slot; a newer one with the same hash takes its place. */
const slots = new Array<string>(SLOTS).fill('')

/** The hash of a text that goes on with this octet; an empty one has 0. */
export function mixed(hash: number, octet: number): number {
  return (Math.imul(hash, 31) + octet) | 0
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let p = start; p < end; p++) hash = mixed(hash, bytes[p] as number)
  return hash
}

/** The text of these octets, all of them ASCII and at most LONGEST. Who has looked at all of them has their hash already. */
export function word(bytes: Uint8Array, start: number, end: number, hash = hashOf(bytes, start, end)): string {
  const slot = (hash ^ (hash >>> 11)) & (SLOTS - 1)
  const known = slots[slot] as string
  const length = end - start
  if (known.length === length) {
    let i = 0
    while (i < length && known.charCodeAt(i) === bytes[start + i]) i++
    if (i === length) return known
  }
  return (slots[slot] = String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]))
}
