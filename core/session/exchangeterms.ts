// What the shared half of a session begins with, what a message of it carries, what is kept of it: the types of exchange.ts; nothing here acts.
import type { KeptProver, KeptVerifier } from '../auth/kept.ts'
import type { Prover } from '../auth/prover.ts'
import type { Verifier } from '../auth/verifier.ts'
import type { Env, Frame, Link } from '../machine.ts'
import type { Wire } from '../syncml/codec.ts'
import type { Message } from '../syncml/message.ts'
import type { KeptAwaiting } from './awaiting.ts'
import type { Role, State } from './states.ts'

/** A message that came, with the frame it came in. */
export interface Received {
  readonly link: Link
  readonly frame: Frame
  readonly message: Message
}

/** What both ends need to begin. */
export interface ExchangeOptions {
  readonly role: Role
  /** Our LocURI and the peer's, as SyncHdr has them. */
  readonly own: string
  readonly peer: string
  readonly sessionId: string
  readonly wire: Wire
  /** Content type of what we send. */
  readonly contentType: string
  /** What we announce; undefined: we name no limit. */
  readonly maxMsgSize: number | undefined
  readonly maxObjSize: number | undefined
  /** RespURI to announce; undefined: none. */
  readonly respUri: string | undefined
  /** Every message of ours says Final, also where more is to come, as some clients do. */
  readonly alwaysFinal?: boolean
  /** False where the peer is known to take no large objects. */
  readonly largeObjects: boolean
  readonly prover: Prover
  readonly verifier: Verifier
  readonly env: Env
}

/** The shared half of a session between two messages, as JSON; nothing waits to be said, no object is half here. */
export interface KeptExchange {
  readonly state: State
  readonly messages: number
  readonly peer: string
  readonly established: boolean
  readonly nonce: string
  readonly sent: number
  readonly lastMsgId: number
  readonly source: string
  readonly maxMsgSize: number | null
  readonly maxObjSize: number | null
  readonly idleRounds: number
  readonly awaiting: KeptAwaiting
  readonly prover: KeptProver
  readonly verifier: KeptVerifier
}

/** What a message of ours may carry: see Packing; `prove` false keeps our credentials out of it. */
export interface PutOptions {
  readonly commands: boolean
  readonly final: boolean
  readonly ask: boolean
  readonly prove?: boolean
}
