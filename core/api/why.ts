// What became of a device's credentials in one message, told from its exact bytes: the cause, and everything that was tried. Types only; no secret is ever in them.
import type { Seq } from './trace.ts'

/** How a message showed its credentials: not at all, as Basic, as an MD5 digest, as a MAC in the header, or in a way nobody knows. */
export type ShownAs = 'none' | 'basic' | 'md5' | 'hmac' | 'other'

/** One thing that may be wrong. `fits`: computed so, it gives exactly what the device sent. `no`: it does not. `not tried`: `text` says what it would take. */
export interface WhyTry {
  /** Stable, for scripts: `nonce.stale`, `order.user-last`, `password.other` … */
  readonly id: string
  /** What was supposed, as one sentence. */
  readonly text: string
  readonly result: 'fits' | 'no' | 'not tried'
  /** How many variants of it were computed. */
  readonly variants: number
}

/** A nonce the lab issued to the device, by where it stands; never the nonce itself. */
export interface WhyNonce {
  /** Row of the message that carried it; 0 where it was set by hand or came with a bootstrap. */
  readonly seq: Seq
  /** ms since 1970; 0 where not known. */
  readonly at: number
  /** `expected`: the one this message had to rest on. `challenge`: came with a 401 or 407 and counts in that session only. */
  readonly role: 'expected' | 'older' | 'challenge' | 'later'
  readonly text: string
}

/** Why a message's credentials were refused, or that they are right. */
export interface WhyAnswer {
  /** The message with the credentials, and the one that answered it; null where none did. */
  readonly seq: Seq
  readonly answer: Seq | null
  readonly device: string
  /** User name it showed; '' where none. */
  readonly userName: string
  /** Server id of the account it was held against; '' where there is none. */
  readonly serverId: string
  readonly shown: ShownAs
  /** Status the SyncHdr got: 401, 407, 212 …; 0 where there is no answer. */
  readonly code: number
  /** `right`: the credentials are right. `found`: `cause` explains them exactly. `likely`: `cause` follows from what is there or missing, without a proof. `unknown`: nothing tried fits. */
  readonly verdict: 'right' | 'found' | 'likely' | 'unknown'
  /** The cause in one sentence and what to do about it; the id is that of the try or rule. */
  readonly cause: { readonly id: string; readonly text: string; readonly fix: string }
  readonly tried: readonly WhyTry[]
  /** Nonces that were known, newest first, at most 40. */
  readonly nonces: readonly WhyNonce[]
}

/** A device that nobody decided about yet: a card "wants to talk". */
export interface WantsToTalk {
  readonly device: string
  /** ms since 1970. */
  readonly firstAt: number
  readonly lastAt: number
  /** How often it came since; at least 1. */
  readonly times: number
  readonly manufacturer: string
  readonly model: string
  /** User name it showed; '' where none. */
  readonly userName: string
  readonly shown: ShownAs
  /** Where it came from: its address and port; '' where not known. */
  readonly remote: string
  /** Row of its newest message; 0 where not recorded. */
  readonly seq: Seq
  /** What adopting it does, in one sentence: the credentials it showed become its account, or it is asked for Basic once. */
  readonly adopting: string
}

/** `adopt`: this device gets an account. `adopt always`: this one and, from now on, every device that comes unknown. `ignore`: it is refused and makes no card any more. */
export type EnrolDecision = 'adopt' | 'adopt always' | 'ignore'

/** To which known state a device goes back. */
export interface ResetWish {
  /** Snapshot the tree goes back to; absent: the tree stays. For a simulated device absent means the state it was made with. */
  readonly snapshot?: string
  /** Forget both nonces: the next session begins with a challenge. Default true. */
  readonly nonces?: boolean
  /** Drop orders that have not left, and cancel jobs nobody has ordered yet. Default true. */
  readonly orders?: boolean
}

/** What a reset did. */
export interface ResetDone {
  readonly device: string
  /** One sentence a thing that was done. */
  readonly done: readonly string[]
  /** What could not be done or reached, in sentences. */
  readonly remarks: readonly string[]
  /** Order with the commands that bring the tree back; '' where none was needed. */
  readonly order: string
}
