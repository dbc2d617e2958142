// HTTP with Push (S0, gwmo sheet 7.3): the link each device is sent, and how much of the image every device has been given since. Pure but for what it remembers.
import { TOKENS } from '../mo/gwmo.ts'
import { writeLink } from '../notify/si.ts'
import type { ImageFacts } from './command.ts'
import type { PushedLink } from './job.ts'
import type { Wish } from './ports.ts'

/** Octets `from` to `to` (both included) of an object of `size`. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly size: number
}

/** The push for one device. */
export function linkFor({ token, type }: PushedLink, localId: string, imageRef: string, facts: ImageFacts): Extract<Wish, { type: 'link' }> {
  const url = token === TOKENS.descriptor ? facts.descriptorUrl : facts.url
  return { type: 'link', localId, contentType: type, url, body: writeLink({ href: url, text: imageRef }, type) }
}

/** What was sent, by who got it: a transfer may break and go on. */
export class Handed {
  /** Gaps-free stretches, in order. */
  readonly #got = new Map<string, readonly (readonly [from: number, to: number])[]>()

  /** A link was sent: what was fetched before does not count. */
  begin(key: string): void {
    this.#got.set(key, [])
  }

  forget(key: string): void {
    this.#got.delete(key)
  }

  /** More was sent; true once every octet was, since the link. */
  add(key: string, { from, to, size }: Part): boolean {
    const before = this.#got.get(key)
    if (before === undefined) return false
    const all = [...before, [from, to] as const].sort((a, b) => a[0] - b[0])
    const joined: (readonly [number, number])[] = []
    for (const [start, end] of all) {
      const last = joined.at(-1)
      if (last !== undefined && start <= last[1] + 1) joined[joined.length - 1] = [last[0], Math.max(last[1], end)]
      else joined.push([start, end])
    }
    this.#got.set(key, joined)
    const [first] = joined
    return first !== undefined && first[0] === 0 && first[1] >= size - 1
  }
}
