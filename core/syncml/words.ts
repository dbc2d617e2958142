// Short texts that messages repeat (addresses, names, codes), made once: a text cut out of a document would hold on to all of it, and is slow to compare.

/** Longest text that is remembered. */
export const LONGEST = 64
const SLOTS = 2048
/** One text a slot; a newer one with the same hash takes its place. */
const slots = new Array<string>(SLOTS).fill('')

/** The text of these octets, all of them ASCII and at most LONGEST. */
export function word(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0
  for (let p = start; p < end; p++) hash = (Math.imul(hash, 31) + (bytes[p] as number)) | 0
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
