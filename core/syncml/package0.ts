// Package #0, the notification of DM 1.0 to 1.2: 24 octets and a name, bit by bit (OMA-TS-DM_Notification-V1_2_1 6.2; notification sheet 1).
import type { Range } from './element.ts'
import { base64, concat, hexOf, utf8Bytes, utf8Text } from './text.ts'

/** ui-mode: what the user should see of the session. */
export const UI_MODES = ['not specified', 'background', 'informative', 'user interaction'] as const
export type UiMode = (typeof UI_MODES)[number]

/** The trigger's fields. */
export interface Trigger {
  /** Ten bits, the version times ten: 10 = "1.0", 11 = "1.1" (what everybody sends). */
  readonly version: number
  readonly uiMode: UiMode
  readonly initiator: 'client' | 'server'
  /** 27 bits, all zero in this version. */
  readonly future: number
  /** 1 to 65535. */
  readonly sessionId: number
  /** ServerID of DMAcc. */
  readonly serverId: string
  readonly vendor: Uint8Array
}

/** A whole Package #0: 16 octets of digest and the trigger they cover. */
export interface Package0 extends Trigger {
  readonly digest: Uint8Array
  /** All octets after the digest. */
  readonly trigger: Uint8Array
}

/** Octets that are no Package #0, or fields that do not fit; `offset` counts from the first octet of the package. */
export class Package0Error extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`byte ${offset}: ${message}`)
    this.name = 'Package0Error'
    this.offset = offset
  }
}

/** MD5 of octets, 16 octets. The house gives it: core/auth/md5.ts. */
export type Md5 = (bytes: Uint8Array) => Uint8Array

export const DIGEST_LENGTH = 16
const HEADER_LENGTH = 8
const NO_VENDOR = new Uint8Array(0)

/** A trigger with the fields everybody sends: version 11, background, by the server. */
export function trigger(serverId: string, sessionId: number, rest: Partial<Trigger> = {}): Trigger {
  return { version: 11, uiMode: 'background', initiator: 'server', future: 0, vendor: NO_VENDOR, ...rest, serverId, sessionId }
}

/** The trigger's octets. Throws Package0Error where a field does not fit its bits. */
export function encodeTrigger(fields: Trigger): Uint8Array {
  const name = utf8Bytes(fields.serverId)
  fits('version', fields.version, 0x3ff, 16)
  fits('future-use', fields.future, 0x7ffffff, 17)
  fits('sessionid', fields.sessionId, 0xffff, 21)
  fits('length-identifier', name.length, 0xff, 23)
  const ui = UI_MODES.indexOf(fields.uiMode)
  const out = new Uint8Array(HEADER_LENGTH)
  out[0] = fields.version >> 2
  out[1] = ((fields.version & 3) << 6) | (ui << 4) | ((fields.initiator === 'server' ? 1 : 0) << 3) | (fields.future >>> 24)
  out[2] = (fields.future >>> 16) & 0xff
  out[3] = (fields.future >>> 8) & 0xff
  out[4] = fields.future & 0xff
  out[5] = fields.sessionId >> 8
  out[6] = fields.sessionId & 0xff
  out[7] = name.length
  return concat([out, name, fields.vendor])
}

function fits(field: string, value: number, most: number, offset: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most) throw new Package0Error(`${field} ${value} is not within 0 and ${most}`, offset)
}

/** Reads a Package #0. Any version is read: the layout never changed. Throws Package0Error. */
export function decodePackage0(bytes: Uint8Array): Package0 {
  const least = DIGEST_LENGTH + HEADER_LENGTH
  if (bytes.length < least) throw new Package0Error(`${bytes.length} octets; digest and header alone are ${least}`, bytes.length)
  const at = (index: number): number => bytes[DIGEST_LENGTH + index] as number
  const length = at(7)
  const end = least + length
  if (bytes.length < end) throw new Package0Error(`server identifier of ${length} octets, but ${bytes.length - least} are there`, 23)
  const serverId = utf8Text(bytes.subarray(least, end))
  if (serverId === null) throw new Package0Error('server identifier is not UTF-8', least)
  return {
    digest: bytes.slice(0, DIGEST_LENGTH),
    trigger: bytes.slice(DIGEST_LENGTH),
    version: (at(0) << 2) | (at(1) >> 6),
    uiMode: UI_MODES[(at(1) >> 4) & 3] as UiMode,
    initiator: (at(1) & 8) === 0 ? 'client' : 'server',
    future: ((at(1) & 7) << 24) | (at(2) << 16) | (at(3) << 8) | at(4),
    sessionId: (at(5) << 8) | at(6),
    serverId,
    vendor: bytes.slice(end),
  }
}

/** What the digest is made from; `identity` is the ServerID (libdmclient and Samsung take AAuthName: provision them alike). */
export interface Package0Secret {
  readonly identity: string
  readonly password: string
  readonly nonce: Uint8Array
}

/** digest = H( B64(H(identity:password)) : nonce : B64(H(trigger)) ), 16 raw octets (notification sheet 1.1). */
export function package0Digest(octets: Uint8Array, secret: Package0Secret, md5: Md5): Uint8Array {
  const who = base64(md5(utf8Bytes(`${secret.identity}:${secret.password}`)))
  return md5(concat([utf8Bytes(`${who}:`), secret.nonce, utf8Bytes(`:${base64(md5(octets))}`)]))
}

/** A whole Package #0. Throws Package0Error where a field does not fit. */
export function encodePackage0(fields: Trigger, secret: Package0Secret, md5: Md5): Uint8Array {
  const octets = encodeTrigger(fields)
  return concat([package0Digest(octets, secret, md5), octets])
}

/** Which nonce the digest was made with: the stored one, or the default of nonce resynchronisation in one of its two readings. */
export type NonceUsed = 'stored' | 'four zero octets' | 'text 0x00000000'

export const DEFAULT_NONCES: readonly { readonly used: NonceUsed; readonly nonce: Uint8Array }[] = [
  { used: 'four zero octets', nonce: new Uint8Array(4) },
  { used: 'text 0x00000000', nonce: utf8Bytes('0x00000000') },
]

/** SessionID of Package #1 after this notification: upper-case hex without leading zeros (PRO). */
export function sessionIdText(sessionId: number): string {
  return sessionId.toString(16).toUpperCase()
}

/** One field of the bit ruler: where it lies, in bits from the first octet, and what it says. */
export interface BitField extends Range {
  readonly name: string
  readonly value: string
}

/** The fields in order, covering every bit of the package once; `start` and `end` count bits. */
export function bitFields(received: Package0): BitField[] {
  const name = utf8Bytes(received.serverId).length * 8
  const vendor = received.vendor.length * 8
  const widths: readonly (readonly [name: string, bits: number, value: string])[] = [
    ['digest', 128, hexOf(received.digest)],
    ['version', 10, `${received.version} (${Math.floor(received.version / 10)}.${received.version % 10})`],
    ['ui-mode', 2, received.uiMode],
    ['initiator', 1, received.initiator],
    ['future-use', 27, String(received.future)],
    ['sessionid', 16, `${received.sessionId} (${sessionIdText(received.sessionId)})`],
    ['length-identifier', 8, String(name / 8)],
    ['server-identifier', name, received.serverId],
    ['vendor-specific', vendor, hexOf(received.vendor)],
  ]
  let at = 0
  return widths.flatMap(([field, bits, value]) => {
    const start = at
    at += bits
    return bits === 0 ? [] : [{ name: field, start, end: at, value }]
  })
}

/** What is odd about a notification, in words; empty where nothing is (NOTI 6.2, notification sheet 1.4). */
export function package0Remarks(received: Package0): string[] {
  const remarks: string[] = []
  if (received.version !== 11 && received.version !== 10) remarks.push(`version ${received.version}: only 10 and 11 are in the field`)
  if (received.future !== 0) remarks.push('future-use bits are not zero')
  if (received.sessionId === 0) remarks.push('session id 0; it must be 1 to 65535')
  if (received.serverId === '') remarks.push('server identifier is empty')
  return remarks
}
