// What the client's half of a session needs and keeps: the types of client.ts; nothing here acts.
import type { KeptNonce } from '../auth/kept.ts'
import type { Reading } from '../auth/prover.ts'
import type { Secret } from '../auth/verifier.ts'
import type { Alert, NonceText } from '../syncml/message.ts'
import type { ExchangeOptions, KeptExchange } from './exchangeterms.ts'
import type { Performer, Reports, Requester } from './ports.ts'

/** What a client session needs besides the exchange. */
export interface ClientSessionOptions extends Omit<ExchangeOptions, 'role'> {
  readonly performer: Performer
  readonly by: Requester
  /** Whom we expect on the other side; null: nobody is asked for credentials. */
  readonly server: Secret | null
  /** Refuse a server that shows no credentials. */
  readonly requireServerAuth: boolean
  /** Alert of Package #1: 1200 after a notification, else 1201. */
  readonly alert: 1200 | 1201
  /** Further alerts of Package #1 (1224, 1226). */
  readonly alerts: readonly Alert[]
  /** Generic alerts the device owes; absent: none. */
  readonly reports?: Reports | undefined
  /** A nonce to keep: `issued` by us for the server, or `received` for our next credential. */
  readonly keep: (nonce: { readonly issued: Uint8Array } | { readonly received: NonceText; readonly reading: Reading }) => void
}

/** A session whose last message is under way, as JSON: with it and that message the session goes on after a restart. */
export interface KeptSession {
  readonly sessionId: string
  readonly exchange: KeptExchange
  readonly uri: string
  readonly challenged: boolean
  readonly refused: 'refused' | 'server refused' | null
  readonly provisional: KeptNonce | null
  /** The owed alerts that left, in the order they are owed, with their tags. */
  readonly reports: readonly (readonly [number, number])[]
  readonly tags: number
}

/** Owed alerts that may leave now. */
export type Due = ReturnType<Reports['due']>

/** How the session ended, for the closing note. */
export interface End {
  readonly state: 'completed' | 'failed' | 'aborted' | 'timed out'
  readonly reason: string
}
