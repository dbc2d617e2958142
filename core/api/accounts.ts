// Accounts of devices, and the bootstrap that brings one. Secrets are told once, by the bootstrap that made them. Types only.
import type { Encoding } from '../syncml/message.ts'
import type { Seq } from './trace.ts'

/** A bootstrap for a device: an account with fresh secrets, as a profile, with its MAC. */
export interface BootstrapOptions {
  readonly device: string
  /** DM profile as TNDS to ./Inbox, DM profile as single Adds, or client provisioning. */
  readonly profile: 'dm' | 'dm-add' | 'cp'
  readonly security: 'NETWPIN' | 'USERPIN' | 'USERNETWPIN'
  /** Absent, where one is needed: a fresh one of six digits. */
  readonly pin?: string
  readonly imsi?: string
  /** Absent: this lab's DM port. */
  readonly serverUri?: string
  /** Absent: this lab's server id. */
  readonly serverId?: string
  /** Display name of the account. */
  readonly name?: string
  /** Absent: the device's id. */
  readonly userName?: string
  readonly auth?: 'basic' | 'md5' | 'hmac'
  /** Client provisioning only: its text form. */
  readonly encoding?: Encoding
  /** As for a notification; absent: nothing is sent. */
  readonly to?: string
}

/** A bootstrap that was built. Its secrets are told here and nowhere else; the lab keeps them in the device's account. */
export interface BootstrapResult {
  /** Its row; 0 where nothing was sent. */
  readonly seq: Seq
  readonly to: string
  readonly serverId: string
  readonly userName: string
  readonly password: string
  readonly serverPassword: string
  /** '' where the security needs none. */
  readonly pin: string
  readonly mac: string
  readonly contentType: string
  readonly document: Uint8Array
  /** The WSP push PDU around it: what `dmlab device --bootstrap` reads. */
  readonly pdu: Uint8Array
}

/** An account of a device; an account is a device and a server id. Its secrets and nonces are never told. */
export interface AccountRow {
  /** '' for the account that serves every device without one of its own. */
  readonly device: string
  readonly serverId: string
  readonly userName: string
  /** Authentication type the server asks for; `any`: what the device shows. */
  readonly auth: 'any' | 'basic' | 'md5' | 'hmac'
  /** Enrolled, waiting for a decision, refused. */
  readonly state: 'enrolled' | 'waiting' | 'refused'
  /** How its secrets lie in the workspace. `locked`: sealed, and they cannot be opened here; the account admits nobody, `why` says why. */
  readonly secrets: 'plain' | 'sealed' | 'locked'
  readonly why: string
  /** What it holds. */
  readonly has: readonly ('password' | 'serverPassword' | 'clientNonce' | 'serverNonce')[]
}

/** What to change in an account; absent fields stay. It counts from the device's next session on. */
export interface AccountChange {
  /** Which account of the device; absent: its newest. One that is not there yet is made. */
  readonly serverId?: string
  readonly userName?: string
  readonly auth?: AccountRow['auth']
  readonly password?: string
  readonly serverPassword?: string
  /** The nonce for the device's next credential, and the one for the server's, base64; '' forgets it: the next session begins with a challenge. */
  readonly clientNonce?: string
  readonly serverNonce?: string
  readonly state?: 'enrolled' | 'refused'
}
