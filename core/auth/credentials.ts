// Credentials of SyncML DM: how they are computed, read and compared, and how nonces are made. Secrets never appear in what is returned as words.
import { base64, concat, dataText, fromBase64, trim, utf8Bytes, utf8Lossy } from '../syncml/text.ts'
import type { Cred, NonceText } from '../syncml/message.ts'
import { md5 } from './md5.ts'

/** Authentication types of DM 1.2 (SEC 5.1, dm-protocol 8). */
export type AuthName = 'syncml:auth-basic' | 'syncml:auth-md5' | 'syncml:auth-MAC'

/** The authentication type a Meta Type names, whatever its case and white space; undefined where we know none by it. */
export function authName(type: string | undefined): AuthName | undefined {
  const text = trim(type ?? '').toLowerCase()
  if (text === 'syncml:auth-basic') return 'syncml:auth-basic'
  if (text === 'syncml:auth-md5') return 'syncml:auth-md5'
  if (text === 'syncml:auth-mac') return 'syncml:auth-MAC'
  return undefined
}

/** auth-basic: B64(userid ":" password) (SEC 5.1, E1). */
export function basic(user: string, password: string): string {
  return base64(utf8Bytes(`${user}:${password}`))
}

/** B64(H(userid ":" password)), the part of md5, MAC and Package #0 digests that does not change. */
export function secretDigest(user: string, password: string): string {
  return base64(md5(utf8Bytes(`${user}:${password}`)))
}

/** auth-md5: B64(H(B64(H(userid:password)) ":" nonce)), nonce as decoded octets (SEC 5.3, E2). */
export function md5Credential(user: string, password: string, nonce: Uint8Array): string {
  return base64(md5(concat([utf8Bytes(`${secretDigest(user, password)}:`), nonce])))
}

/** auth-MAC: B64(H(B64(H(userid:password)) ":" nonce ":" B64(H(body)))), a nested MD5 and no RFC 2104 HMAC (SEC 5.4, E3). */
export function mac(user: string, password: string, nonce: Uint8Array, body: Uint8Array): string {
  return base64(md5(concat([utf8Bytes(`${secretDigest(user, password)}:`), nonce, utf8Bytes(`:${base64(md5(body))}`)])))
}

/** Name of the transport header field that carries a MAC (SEC 5.4). */
export const MAC_HEADER = 'x-syncml-hmac'

/** The fields of a MAC header; `algorithm` is MD5 unless the peer names another. */
export interface MacHeader {
  readonly algorithm: string
  readonly userName: string
  readonly mac: string
}

/** Writes the header value as the specification's example has it. A quote or backslash in the name is escaped. */
export function formatMacHeader(userName: string, value: string): string {
  return `algorithm=MD5, username="${userName.replace(/["\\]/g, '\\$&')}", mac=${value}`
}

/**
 * Reads a MAC header value leniently (dm-protocol 8): any order, optional white space, name quoted or bare, "=" inside the mac.
 * Null where user name or mac is missing.
 */
export function parseMacHeader(value: string): MacHeader | null {
  const fields = new Map<string, string>()
  const param = /([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))/g
  for (const match of value.matchAll(param)) {
    const text = match[2] === undefined ? (match[3] ?? '').trim() : match[2].replace(/\\(.)/g, '$1')
    const name = (match[1] ?? '').toLowerCase()
    if (!fields.has(name)) fields.set(name, text)
  }
  const userName = fields.get('username')
  const digest = fields.get('mac')
  if (userName === undefined || digest === undefined || digest === '') return null
  return { algorithm: fields.get('algorithm') ?? 'MD5', userName, mac: digest }
}

/** First header field of this name, case aside. */
export function headerValue(headers: readonly (readonly [string, string])[], name: string): string | undefined {
  for (const [field, value] of headers) if (field.length === name.length && field.toLowerCase() === name) return value
  return undefined
}

/** What a Basic credential holds; null where it is no base64 text with a colon in it. */
export function parseBasic(data: string): { readonly user: string; readonly password: string } | null {
  const octets = fromBase64(trim(data))
  if (octets === null) return null
  const text = utf8Lossy(octets)
  const colon = text.indexOf(':')
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** A Cred element as text: its type (basic where none is named, the default of SML) and its Data. */
export function readCred(cred: Cred): { readonly type: AuthName | undefined; readonly data: string; readonly typeText: string } {
  const typeText = trim(cred.meta?.type ?? 'syncml:auth-basic')
  return { type: authName(typeText), data: trim(dataText(cred.data)), typeText }
}

/** Strings compared without leaving early, so that time tells nothing of where they differ. */
export function same(a: string, b: string): boolean {
  let differs = a.length ^ b.length
  for (let i = 0; i < b.length; i++) differs |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return differs === 0
}

/**
 * Readings of a received nonce, the likelier first (wbxml 7 rule 8): base64 text decoded, then the octets as they stand.
 * Text that is no base64 has only the second. A STR_I or XML nonce that is base64 is certain and has only the first.
 */
export function readings(nonce: NonceText): readonly [Uint8Array, ...Uint8Array[]] {
  const raw = nonce.octets ?? utf8Bytes(nonce.text)
  const decoded = base64Octets(nonce.octets === undefined ? nonce.text : utf8Lossy(nonce.octets))
  if (decoded === null) return [raw]
  return nonce.octets === undefined ? [decoded] : [decoded, raw]
}

/**
 * Nonces that a credential of the peer may rest on when we issued these octets: the octets, and, where they happen to be
 * base64 text themselves, what that text decodes to (the peer may have undone one layer too many).
 */
export function issuedReadings(octets: Uint8Array): readonly [Uint8Array, ...Uint8Array[]] {
  const decoded = base64Octets(utf8Lossy(octets))
  return decoded === null ? [octets] : [octets, decoded]
}

/** Octets of a text that is base64 with its padding, line breaks aside; null for anything else, the empty text too. */
function base64Octets(text: string): Uint8Array | null {
  const decoded = text.replace(/\s/g, '').length % 4 === 0 ? fromBase64(text) : null
  return decoded === null || decoded.length === 0 ? null : decoded
}

const NONCE_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.'

/**
 * A fresh nonce (dm-protocol 8.2): 24 printable ASCII octets from 64 characters (138 bits and more), the last one outside the base64 alphabet,
 * so that its raw form is never valid base64.
 */
export function makeNonce(random: (count: number) => Uint8Array): Uint8Array<ArrayBuffer> {
  const octets = random(24)
  const out = new Uint8Array(24)
  for (let i = 0; i < 24; i++) out[i] = NONCE_ALPHABET.charCodeAt((octets[i] ?? 0) & 63)
  out[23] = ((octets[23] ?? 0) & 1) === 0 ? 0x2d : 0x2e
  return out
}
