// What a server session asks of the server it serves, and what a message shows of its sender. Types, and one reading function.
import { authName, headerValue, MAC_HEADER, parseBasic, parseMacHeader, readCred } from '../auth/credentials.ts'
import type { AuthName } from '../auth/credentials.ts'
import type { Reading } from '../auth/prover.ts'
import type { Secret, Verdict } from '../auth/verifier.ts'
import type { Frame } from '../machine.ts'
import type { Alert, Encoding, Item, Message, NonceText, Results, Status } from '../syncml/message.ts'
import type { Entry, SentCommand } from './entry.ts'

/** Who a client says it is. `user` and `password` are shown by Basic only; both may be missing. */
export interface Shown {
  readonly type: AuthName | null
  readonly user: string | undefined
  readonly password: string | undefined
}

/** What the desk knows of it. `secret` null: nobody, for the reason `because`; `demand`: type to challenge for, null: none, the session ends. */
export interface Ident {
  readonly secret: Secret | null
  readonly demand: AuthName | null
  readonly because: string
}

/** How a session ended. */
export interface SessionEnd {
  readonly state: 'completed' | 'failed' | 'aborted' | 'timed out'
  readonly reason: string
}

/** What the device said of itself in this session. */
export interface Peer {
  /** Its MaxObjSize; undefined where it named none. */
  readonly maxObjSize: number | undefined
  readonly encoding: Encoding
}

/** What a server session needs from the server it serves: accounts, the next commands, and somewhere to report. All calls are synchronous. */
export interface Desk {
  ident(shown: Shown): Ident
  /** The client proved itself, or need not: the session counts. `issued` is its next nonce. */
  admitted(verdict: Verdict): void
  /** The device issued a nonce for our next credential. */
  received(nonce: NonceText, reading: Reading): void
  devInfo(items: readonly Item[]): void
  /** Gives the Status for it where whoever it concerns decides (a request: 200, 202, 415); undefined: the usual one. */
  alert(alert: Alert, msgId: string): number | undefined
  /** A Status for a command of ours; not called for 213. */
  status(sent: SentCommand, status: Status): void
  results(sent: SentCommand, results: Results): void
  /** Commands that got no Status although the client's package is complete. */
  unanswered(sent: readonly SentCommand[]): void
  /** A command that cannot leave, and why. */
  dropped(tag: number, reason: string): void
  /** These commands leave now. */
  leaving(sent: readonly SentCommand[]): void
  /** The next commands; none: the session ends. */
  next(peer: Peer): readonly Entry[]
  ended(end: SessionEnd): void
}

/** Who the message says it is from (SEC; dm-protocol 8). */
export function shownBy(message: Message, frame: Frame): Shown {
  const { header } = message
  const field = headerValue(frame.headers, MAC_HEADER)
  if (field !== undefined) return { type: 'syncml:auth-MAC', user: parseMacHeader(field)?.userName ?? header.source.locName, password: undefined }
  if (header.cred === undefined) return { type: null, user: header.source.locName, password: undefined }
  const cred = readCred(header.cred)
  if (cred.type !== 'syncml:auth-basic') return { type: authName(cred.typeText) ?? null, user: header.source.locName, password: undefined }
  const basic = parseBasic(cred.data)
  return { type: cred.type, user: basic?.user ?? header.source.locName, password: basic?.password }
}
