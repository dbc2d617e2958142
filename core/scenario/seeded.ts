// Random octets that a seed determines: for scenarios only, nothing here is secret. One stream a purpose, so that one party's thirst changes nobody else's draw.
import type { Env } from '../machine.ts'

/** A generator of octets; the same seed and name give the same octets. */
export interface Seeded {
  octets(count: number): Uint8Array
  /** A number from `low` (included) to `high` (excluded), whole. */
  between(low: number, high: number): number
}

/** xoshiro128** (Blackman and Vigna), seeded by SplitMix32 over the name and the seed. */
export function seeded(seed: number, name: string): Seeded {
  let mix = (seed | 0) ^ 0x9e3779b9
  for (const letter of name) mix = Math.imul(mix ^ (letter.codePointAt(0) ?? 0), 0x85ebca6b) ^ (mix >>> 13)
  const split = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [split(), split(), split(), split() | 1]
  const next = (): number => {
    const five = Math.imul(b, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result >>> 0
  }
  return {
    octets: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
    between: (low, high) => low + (next() % Math.max(1, high - low)),
  }
}

/** Env of one party on a clock. */
export function seededEnv(seed: number, name: string, now: () => number): Env {
  const source = seeded(seed, name)
  return { now, random: (count) => source.octets(count) }
}
