// What the DM Server is given and told: its options and inputs, and the notification a device answers; nothing here acts.
import type { Env, Frame, Input, Link } from '../machine.ts'
import type { Policy } from './policy.ts'
import type { Order, ServerLedger } from './records.ts'
import type { ServerSettings } from './settings.ts'

/** Orders to the server besides the inputs every machine knows. */
export type ServerInput =
  | Input
  /** Commands for a device's next session (or for the one that is open). */
  | { readonly type: 'queue'; readonly order: Order }
  /** A decision about a device that waits, or a change of mind. */
  | { readonly type: 'decide'; readonly device: string; readonly state: 'enrolled' | 'refused' }
  /** How unknown devices are met from now on. */
  | { readonly type: 'enrol'; readonly enrol: ServerSettings['enrol'] }
  /** The answer on this link was changed before it left. */
  | { readonly type: 'edited'; readonly link: Link; readonly frame: Frame }

export interface ServerOptions {
  /** Absolute URI devices post to; also Source of SyncHdr. */
  readonly serverUri: string
  /** URI a device is told to post to from its first answer on (RespURI); absent: `serverUri`. */
  readonly answerUri?: (device: string) => string
  readonly settings?: Partial<ServerSettings>
  readonly ledger: ServerLedger
  readonly env: Env
  readonly policy?: Policy
  /** What differs towards one device (its dialect); asked when a session begins. */
  readonly settingsOf?: (device: string) => Partial<ServerSettings> | undefined
  /** Asked after the policy; what it wants is sent behind (a walk over a device's tree). */
  readonly more?: Policy
  /** Asked when a device begins a session with Alert 1200: the notification it answers, if any is outstanding, counts as answered then. */
  readonly notified?: (device: string, sessionId: string) => Notified | null
  /** Where nonces and tokens come from; only fixed vectors need another source than the default. */
  readonly issueNonce?: () => Uint8Array
  readonly issueToken?: () => string
}

/** A notification that a device answers. */
export interface Notified {
  /** Its SessionID in upper-case hexadecimal. */
  readonly sessionId: string
  /** The default nonce it rested on: both sides go on with it, and renew it (NOTI 6.2). Null where the stored one was used. */
  readonly nonce: Uint8Array | null
  /** One sentence for the trace. */
  readonly text: string
}
