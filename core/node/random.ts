// Random octets of the system, fetched in larger portions: a call for the few of a nonce or a token costs ten times their copying. No octet is given twice.
import { randomFillSync } from 'node:crypto'

/** Octets fetched at once. */
const PORTION = 4096

/** A source of random octets as good as the system's; each call gives a fresh array of `count`. */
export function randomSource(): (count: number) => Uint8Array {
  const pool = new Uint8Array(PORTION)
  let used = PORTION
  return (count) => {
    if (count > PORTION / 8) return randomFillSync(new Uint8Array(count))
    if (used + count > PORTION) {
      randomFillSync(pool)
      used = 0
    }
    const octets = pool.slice(used, used + count)
    // What was given away is not kept: it may be a secret.
    pool.fill(0, used, used + count)
    used += count
    return octets
  }
}
