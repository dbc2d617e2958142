// Finds a known element name from its bytes without making a string: an open-addressed hash table over every name of the code pages.
import { KNOWN_NAMES, type KnownName } from './tokens.ts'

const SIZE = 1024
const slots: (KnownName | undefined)[] = new Array<KnownName | undefined>(SIZE).fill(undefined)

/** Hash of a name from its length, ends and middle; two names that share it are told apart by their bytes. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const middle = bytes[start + (length >> 1)] as number
  const hash = Math.imul(bytes[start] as number, 0x9e3b) + Math.imul(bytes[end - 1] as number, 0x85eb) + Math.imul(middle, 0x27d5) + length * 0x1657
  return (hash ^ (hash >>> 9)) & (SIZE - 1)
}

for (const known of KNOWN_NAMES.values()) {
  let slot = slotOf(known.bytes, 0, known.bytes.length)
  while (slots[slot] !== undefined) slot = (slot + 1) & (SIZE - 1)
  slots[slot] = known
}

/** The known name that stands in `bytes` from `start` to `end`; undefined where no table has it. */
export function knownName(bytes: Uint8Array, start: number, end: number): KnownName | undefined {
  if (end === start) return undefined
  let slot = slotOf(bytes, start, end)
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
