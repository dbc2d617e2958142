// Settings of a DM Server and their defaults; data only.
import type { AuthType } from './records.ts'
import type { Wire } from '../syncml/codec.ts'

export interface ServerSettings {
  /** What SyncHdr announces to devices, octets; null: nothing. */
  readonly maxMsgSize: number | null
  readonly maxObjSize: number | null
  /** A session without a message for so long is over, milliseconds (INFERRED 5 minutes). */
  readonly idleMs: number
  /** How long a device that left, or whose session ended, may come back for its last answer, milliseconds. */
  readonly resendMs: number
  /** How answers are written; the encoding is that of the request. */
  readonly wire: Partial<Omit<Wire, 'encoding'>>
  /** Refuse enrolled devices that show no credentials. Unknown ones that `enrol: 'auto'` takes in may show none. */
  readonly requireAuth: boolean
  /** Type asked of devices whose account names none, and used towards them; null: basic and md5 alike, md5 where asked. */
  readonly auth: AuthType | null
  /** Right credentials count for the session (212), or for one message (200; SEC challenges). */
  readonly accepts: 'session' | 'message'
  /** A MAC may rest on the nonce of the message before in the same session, as some clients make it; told, and safe: it covers SessionID and MsgID. */
  readonly keepsNonce: boolean
  /** Show credentials of our own. */
  readonly prove: boolean
  /** Unknown devices: taken as they show themselves, kept waiting for a decision, or refused. */
  readonly enrol: 'auto' | 'ask' | 'never'
  /** Send a RespURI with a token. */
  readonly respUri: boolean
  /** Name and password of this server towards devices that enrol by themselves. */
  readonly serverId: string
  readonly serverPassword: string
  /** Read ./DevDetail of devices never read before. */
  readonly greet: boolean
}

export const SERVER_SETTINGS: ServerSettings = {
  maxMsgSize: 65536,
  maxObjSize: 4194304,
  idleMs: 300_000,
  resendMs: 30_000,
  wire: {},
  requireAuth: true,
  auth: null,
  accepts: 'session',
  keepsNonce: true,
  prove: true,
  enrol: 'ask',
  respUri: true,
  serverId: 'dm-lab',
  serverPassword: 'lab',
  greet: true,
}
