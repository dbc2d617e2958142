// A notification (Package #0) to a device: what it shall say, and what was built of that, bit by bit. Types only.
import type { Seq } from './trace.ts'

/** What a Package #0 to a device shall say. Absent fields: version 11, background, by the server, an id nobody else has, the stored nonce. */
export interface NotifyOptions {
  /** `udp://host:port` or `http://host:port/path`. Absent: where the last push went, else port 2948 of the address the device spoke from last. */
  readonly to?: string
  /** Version times ten, ten bits. */
  readonly version?: number
  readonly uiMode?: 'not specified' | 'background' | 'informative' | 'user interaction'
  readonly initiator?: 'client' | 'server'
  /** 1 to 65535. */
  readonly sessionId?: number
  /** The 27 reserved bits; only to see what a device makes of them. */
  readonly future?: number
  /** Vendor-specific octets, base64. */
  readonly vendor?: string
  /** The end device behind the gateway this push goes to (X-Oma-GwMO). */
  readonly endDevice?: string
  /** Which nonce the digest rests on; `stored` is the default nonce (zeros) where the device gave none yet. */
  readonly nonce?: 'stored' | 'zeros' | 'text'
  /** A digest that is wrong on purpose. */
  readonly flaw?: 'password' | 'nonce' | 'digest'
  /** Where no session comes in time: sends it again with the default nonce in its two readings (NOTI 6.2). */
  readonly resync?: boolean
  /** How long to wait for the session, ms; then an event says that none came. Default 30,000. */
  readonly waitMs?: number
  /** False: only builds it; nothing leaves, nothing is recorded. */
  readonly send?: boolean
}

/** One field of a Package #0 on the bit ruler; `start` and `end` count bits from the first octet. */
export interface PushField {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly value: string
  /** Binary digits of fields up to 32 bits, '' for longer ones. */
  readonly bits: string
  readonly meaning: string
}

/** A notification that was built, and sent unless told otherwise. */
export interface NotifyResult {
  /** Its row; 0 where nothing was sent. */
  readonly seq: Seq
  /** SessionID in upper-case hexadecimal, as the device is to write it. */
  readonly sessionId: string
  readonly to: string
  /** Package #0, and the WSP push PDU around it. */
  readonly package0: Uint8Array
  readonly pdu: Uint8Array
  readonly fields: readonly PushField[]
}
