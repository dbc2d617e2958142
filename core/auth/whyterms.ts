// What is asked and said where credentials are explained: the terms of why.ts and of its search; nothing is computed here.
import type { Headers } from '../machine.ts'
import type { Cred } from '../syncml/message.ts'
import type { AuthName } from './credentials.ts'
import type { Body, Nonce, Person } from './whyaxes.ts'
import type { OtherHash } from './whyforms.ts'

/** What a message shows of its sender: the same octets that were checked. */
export interface ShownMessage {
  readonly cred: Cred | undefined
  readonly headers: Headers
  readonly body: Uint8Array
  /** Source/LocName and Source/LocURI of the SyncHdr. */
  readonly locName: string
  readonly locUri: string
}

/** Everything that was known when the message came. */
export interface Question {
  readonly message: ShownMessage
  /** The account it was held against first, then the others of this lab; empty: none. */
  readonly people: readonly Person[]
  /** Type asked of the device; null: basic and md5 alike. */
  readonly wanted: AuthName | null
  /** Nonces issued to the device, the one this message had to rest on first; others newest first. */
  readonly nonces: readonly Nonce[]
  /** Other octets a MAC may have been computed over, each with its sentence. */
  readonly bodies: readonly Body[]
  /** Hashes besides MD5. */
  readonly hashes: readonly OtherHash[]
  /** When the message came, ms since 1970. */
  readonly at: number
}

/** One mistake that was tried, in how many variants. */
export interface Attempt {
  readonly id: string
  readonly text: string
  readonly result: 'fits' | 'no' | 'not tried'
  readonly variants: number
}

/** Why the credentials were refused, as far as it was found. */
export interface Explanation {
  readonly shown: 'none' | 'basic' | 'md5' | 'hmac' | 'other'
  readonly userName: string
  readonly verdict: 'right' | 'found' | 'likely' | 'unknown'
  readonly cause: { readonly id: string; readonly text: string; readonly fix: string }
  readonly tried: readonly Attempt[]
}

export type Cause = Explanation['cause']

export const say = (id: string, text: string, fix: string): Cause => ({ id, text, fix })
