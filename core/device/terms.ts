// What a DM client is told, keeps and asks for: the types of the machine in device.ts; nothing here acts.
import type { AuthName } from '../auth/credentials.ts'
import type { Reading } from '../auth/prover.ts'
import type { Env, Input } from '../machine.ts'
import type { Performer } from '../session/ports.ts'
import type { Wire } from '../syncml/codec.ts'
import type { Alert, NonceText } from '../syncml/message.ts'
import type { Habits } from './habits.ts'
import type { StoredReport } from './reports.ts'
import type { KeptTalk } from './talk.ts'

/** The account a client has at its server (DMAcc: CLCRED and SRVCRED). */
export interface ClientAccount {
  readonly userName: string
  readonly password: string
  readonly serverId: string
  /** AAuthName of SRVCRED where it differs: the server may call itself either. */
  readonly serverName?: string
  /** '' where the server has none: it is not asked for credentials then. */
  readonly serverPassword: string
  /** Type to begin with (AAuthPref). */
  readonly auth: AuthName
  /** Types a challenge may ask for; all three where absent. */
  readonly types?: readonly AuthName[]
}

/** Nonces a client keeps between sessions. */
export interface ClientNonces {
  /** Issued by the server, for our next credential. */
  readonly client: NonceText | null
  /** Issued by us, for the server's next credential. */
  readonly server: Uint8Array | null
  readonly reading: Reading
}

/** What must survive: saved before the message that depends on it leaves. */
export type ClientRecord =
  | { readonly kind: 'nonces'; readonly nonces: ClientNonces }
  /** All generic alerts owed now. */
  | { readonly kind: 'reports'; readonly reports: readonly StoredReport[] }
  /** The session under way, as far as it can go on after a restart; null: none, or it cannot. */
  | { readonly kind: 'talk'; readonly talk: KeptTalk | null }
  /** What the performer keeps has moved: the tree, and what parts of the device keep besides it. */
  | { readonly kind: 'performer' }
  /** The server took, or for good refused, a generic alert. */
  | { readonly kind: 'answered'; readonly alert: Alert; readonly code: number }

/** Orders to a client besides the inputs every machine knows. */
export type ClientInput =
  | Input
  /** Begins a session. `initiated` server: Alert 1200 with the `sessionId` of the notification. `alerts`: further alerts of Package #1. */
  | { readonly type: 'start'; readonly initiated: 'client' | 'server'; readonly sessionId?: string; readonly alerts?: readonly Alert[] }
  /** The session that a restart interrupted goes on: its last message is sent again, byte for byte. */
  | { readonly type: 'resume' }
  /** A job of the device ended: its generic alert (1226) is owed from `afterMs` on, in the open session or the next one. Its Data is text. */
  | { readonly type: 'report'; readonly alert: Alert; readonly afterMs?: number }

export interface ClientSettings {
  /** What SyncHdr announces; null: nothing. */
  readonly maxMsgSize: number | null
  readonly maxObjSize: number | null
  /** Refuse a server that shows no credentials; one that shows wrong ones is refused anyway. */
  readonly requireServerAuth: boolean
  /** How long to wait for an answer, milliseconds. */
  readonly answerMs: number
  /** How often the same message is sent again, byte for byte, when no answer came. */
  readonly resends: number
  /** How long a question without MAXDT waits for a person, milliseconds (INFERRED). */
  readonly patienceMs: number
  /** What stands for an answer nobody gave: status 408, or the default response where the question has one (PRO allows both). */
  readonly onTimeout: 'timeout' | 'preset'
  readonly habits: Partial<Habits>
}

export const CLIENT_SETTINGS: ClientSettings = {
  maxMsgSize: 16384,
  maxObjSize: 1048576,
  requireServerAuth: false,
  answerMs: 120_000,
  resends: 0,
  patienceMs: 60_000,
  onTimeout: 'timeout',
  habits: {},
}

export interface ClientOptions {
  /** Absolute URI of the DM Server. */
  readonly serverUri: string
  readonly deviceId: string
  readonly account: ClientAccount
  readonly wire: Wire
  readonly performer: Performer
  readonly env: Env
  readonly settings?: Partial<ClientSettings>
  /** What ClientRecord kept last time. */
  readonly nonces?: ClientNonces
  readonly reports?: readonly StoredReport[]
  readonly talk?: KeptTalk
  /** Where nonces come from; only fixed vectors need another source than the default. */
  readonly issueNonce?: () => Uint8Array
}

/** What an `ask` effect of topic `work` carries: the Status of an Exec waits, at most `waitMs`. Answered with its code, or null. */
export interface Awaited {
  readonly pending: string
  readonly waitMs: number
}
