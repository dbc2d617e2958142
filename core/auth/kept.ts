// Credentials of a session that is to go on after a restart, as JSON: what prover and verifier remember, octets as base64.
import type { NonceText } from '../syncml/message.ts'
import { base64, fromBase64 } from '../syncml/text.ts'
import type { AuthName } from './credentials.ts'

/** A nonce as it was written, and its octets where they differ from that. */
export interface KeptNonce {
  readonly text: string
  readonly octets: string | null
}

/** What a Prover knows besides its account. */
export interface KeptProver {
  readonly type: AuthName
  readonly nonce: KeptNonce | null
  readonly reading: 'text' | 'raw' | null
  readonly state: 'open' | 'accepted' | 'each' | 'over'
  readonly retried: boolean
  readonly shown: boolean
}

/** What a Verifier knows besides whom it expects. */
export interface KeptVerifier {
  readonly nonce: string | null
  readonly state: 'open' | 'session' | 'each' | 'mac' | 'over'
  readonly failures: number
  readonly demanded: AuthName | null
  /** Nonce of the last right MAC. */
  readonly proved?: string | null
}

export function keptNonce(nonce: NonceText | null): KeptNonce | null {
  return nonce === null ? null : { text: nonce.text, octets: nonce.octets === undefined ? null : base64(nonce.octets) }
}

export function nonceOf(kept: KeptNonce | null): NonceText | null {
  return kept === null ? null : { text: kept.text, ...(kept.octets === null ? {} : { octets: octetsOf(kept.octets) }) }
}

/** Octets of our own base64; none where it does not read. */
export function octetsOf(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0)
}
