// In which forms octets of a credential may have been written by mistake: read backwards, once, so that a search only looks octets up.
import { fromBase64, latin1Text, trim, utf8Bytes, utf8Lossy } from '../syncml/text.ts'
import { md5 } from './md5.ts'

/** A hash besides MD5 that somebody may have used. */
export interface OtherHash {
  readonly name: string
  readonly hash: (bytes: Uint8Array) => Uint8Array
}

/** Ways of writing the octets of a credential; the first is the right one. */
export const FORMS: readonly { readonly id: string; readonly text: string; readonly fix: string }[] = [
  { id: 'form.right', text: 'base64', fix: '' },
  { id: 'form.double', text: 'the credential is base64 of base64', fix: 'encode in base64 once' },
  { id: 'form.hex', text: 'the credential is written in hexadecimal instead of base64', fix: 'encode the octets in base64' },
  { id: 'form.hex-base64', text: 'the credential is base64 of hexadecimal digits', fix: 'encode the octets in base64, not their digits' },
  { id: 'form.url', text: 'the credential is written in the alphabet base64url', fix: 'use + and / of base64' },
  { id: 'form.raw', text: 'the credential is not encoded at all', fix: 'encode the octets in base64' },
]

/** Octets as a key to look them up by. */
export const keyOf = (bytes: Uint8Array): string => latin1Text(bytes)

/** Octets that `data` may stand for, each with the form it would be written in; the likelier form wins. */
export function formsOf(data: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = (id: string, bytes: Uint8Array | null): void => {
    if (bytes === null || bytes.length === 0) return
    const key = keyOf(bytes)
    if (!found.has(key)) found.set(key, id)
  }
  const text = trim(data)
  const once = fromBase64(text)
  add('form.right', once)
  const inner = once === null ? '' : trim(utf8Lossy(once))
  add('form.double', inner === '' ? null : fromBase64(inner))
  add('form.hex-base64', fromHex(inner))
  add('form.hex', fromHex(text))
  if (/[-_]/.test(text)) add('form.url', fromBase64(text.replace(/-/g, '+').replace(/_/g, '/')))
  add('form.raw', utf8Bytes(text))
  return found
}

function fromHex(text: string): Uint8Array | null {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) return null
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** MD5, then the others; the name of MD5 is empty. */
export function byHash(others: readonly OtherHash[]): readonly OtherHash[] {
  return [{ name: '', hash: md5 }, ...others]
}
