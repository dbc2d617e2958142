// What the parts of a simulated LwM2M client share: answers, wishes, and what a package says of itself.
import { textOf } from './model.ts'

/** What a request comes to: a CoAP code, and octets by resource for a read. */
export interface LwAnswer {
  readonly code: '2.01' | '2.02' | '2.04' | '2.05' | '4.00' | '4.01' | '4.04' | '4.05' | '4.15'
  readonly values: readonly LwValue[]
  /** 2.01: instance that was made. */
  readonly instance?: number
}

export interface LwValue {
  readonly path: readonly number[]
  readonly value: Uint8Array
}

/** What the client wants done. */
export type LwEffect =
  /** Tells its server that it is there (1/x/8, or new instances). */
  | { readonly type: 'update'; readonly objects: boolean }
  /** Fetches a URL; answered by `fetched`. */
  | { readonly type: 'fetch'; readonly what: string; readonly url: string }
  /** Calls `rang` with the name after ms. */
  | { readonly type: 'timer'; readonly what: string; readonly ms: number }
  /** Resources whose value moved. */
  | { readonly type: 'changed'; readonly path: readonly number[] }
  /** It restarts: registrations and observations are gone. */
  | { readonly type: 'restart' }
  /** For its own log. */
  | { readonly type: 'log'; readonly text: string }

/** A package with this word in its first line is damaged. */
const MARKER = 'BROKEN'

/** What a simulated package says of itself: `name=…` and `version=…` in its first line; one that holds BROKEN there is damaged. */
export function packageOf(bytes: Uint8Array): { readonly name: string; readonly version: string; readonly intact: boolean } {
  const head = textOf(undefined, bytes.subarray(0, Math.min(256, bytes.indexOf(10) < 0 ? 256 : bytes.indexOf(10))))
  const word = (name: string): string => new RegExp(`\\b${name}=([^\\s;]+)`).exec(head)?.[1] ?? ''
  return { name: word('name'), version: word('version'), intact: !head.includes(MARKER) }
}
