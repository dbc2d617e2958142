// Habits of a client: how it writes what the protocol leaves open, and what is usual where a profile says nothing.
import type { Wire } from '../syncml/codec.ts'

/** How a client writes what the protocol leaves open. */
export interface Habits {
  /** How a SessionID of its own is printed. */
  readonly sessionId: 'hex' | 'decimal'
  /** WBXML form. */
  readonly wire: Partial<Omit<Wire, 'encoding'>>
  /** Nonces it issues: 24 characters of ours, or a few decimal digits. */
  readonly nonce: 'long' | 'five digits'
  /** Status of SyncHdr after right credentials: 212 for the session, or 200 so that each message must carry them. */
  readonly accepts: 'session' | 'message'
  /** Content type without `.dm`, as older clients write it. */
  readonly plainType: boolean
  /** Objects in chunks (./DevDetail/LrgObj). */
  readonly largeObjects: boolean
  /** Final in the last message of a package, or in every message. */
  readonly final: 'package' | 'always'
  /** Header fields in their order. `{type}`, `{length}`, `{host}` (without a usual port) and `{host:port}` are filled in; fields not named come first. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Order of the fields of x-syncml-hmac. */
  readonly hmac: readonly ('algorithm' | 'username' | 'mac')[]
  /** Query added to the server's URI where that has none; '' none. */
  readonly query: string
}

export const HABITS: Habits = {
  sessionId: 'hex',
  wire: {},
  nonce: 'long',
  accepts: 'session',
  plainType: false,
  largeObjects: true,
  final: 'package',
  headers: [],
  hmac: [],
  query: '',
}
