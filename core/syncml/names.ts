// Finds a known element name from its bytes without making a string: an open-addressed hash table over every name of the code pages.
import { KNOWN_NAMES, type KnownName } from './tokens.ts'

const SIZE = 1024
const slots: (KnownName | undefined)[] = new Array<KnownName | undefined>(SIZE).fill(undefined)

/** One step of the hash; start with 0. */
export function hashStep(hash: number, octet: number): number {
  return (Math.imul(hash, 31) + octet) | 0
}

for (const known of KNOWN_NAMES.values()) {
  let hash = 0
  for (const octet of known.bytes) hash = hashStep(hash, octet)
  let slot = (hash ^ (hash >>> 10)) & (SIZE - 1)
  while (slots[slot] !== undefined) slot = (slot + 1) & (SIZE - 1)
  slots[slot] = known
}

/** The known name that stands in `bytes` from `start` to `end`, whose hash is `hash`; undefined where no table has it. */
export function knownName(bytes: Uint8Array, start: number, end: number, hash: number): KnownName | undefined {
  let slot = (hash ^ (hash >>> 10)) & (SIZE - 1)
  for (;;) {
    const known = slots[slot]
    if (known === undefined) return undefined
    const expected = known.bytes
    if (expected.length === end - start) {
      let i = 0
      while (i < expected.length && expected[i] === bytes[start + i]) i++
      if (i === expected.length) return known
    }
    slot = (slot + 1) & (SIZE - 1)
  }
}
