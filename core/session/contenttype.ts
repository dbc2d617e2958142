// Content types of DM messages (REP): written one way, with the older name without `.dm` where the peer uses it; read in any spelling.
import type { Encoding } from '../syncml/message.ts'

/** Content type of a DM message (REP); `plain` is the older name without `.dm`. */
export function contentTypeOf(encoding: Encoding, plain = false): string {
  return plain ? OLDER[encoding] : TYPES[encoding]
}

const TYPES: Readonly<Record<Encoding, string>> = { xml: 'application/vnd.syncml.dm+xml', wbxml: 'application/vnd.syncml.dm+wbxml' }
const OLDER: Readonly<Record<Encoding, string>> = { xml: 'application/vnd.syncml+xml', wbxml: 'application/vnd.syncml+wbxml' }

/** True for any spelling of those content types, parameters aside. */
export function isSyncmlType(contentType: string): boolean {
  return /^\s*application\/vnd\.syncml(?:\.dm)?\+(?:xml|wbxml)\s*(?:;|$)/i.test(contentType)
}

/** True where a peer uses the older name. */
export function isPlainType(contentType: string): boolean {
  return /^\s*application\/vnd\.syncml\+/i.test(contentType)
}
