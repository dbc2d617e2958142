// Interfaces of this computer as the lab's addresses see them; asked of the system at most once a second.
import { networkInterfaces } from 'node:os'
import type { OwnAddress } from '../lab/candidates.ts'

const KEPT = 1000

/** Reads the interfaces; `now` in ms. */
export function ownAddresses(now: () => number): () => readonly OwnAddress[] {
  let at = Number.NEGATIVE_INFINITY
  let known: readonly OwnAddress[] = []
  return () => {
    if (now() - at < KEPT) return known
    at = now()
    known = Object.entries(networkInterfaces()).flatMap(([name, rows]) =>
      (rows ?? []).map(({ address, family, internal }) => ({ name, address, family: family === 'IPv6' ? 6 : 4, internal })),
    )
    return known
  }
}
