// What a relay may change in a message, and how: its RespURI, its MAC. Each change is a function from octets to octets; nothing else of them moves.
import { formatMacHeader, MAC_HEADER, mac, parseMacHeader, same } from '../auth/credentials.ts'
import type { Headers } from '../machine.ts'
import { decodeTree, encodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import type { Encoding } from '../syncml/message.ts'
import { concat, utf8Bytes } from '../syncml/text.ts'

const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** The message with another RespURI: only its characters are exchanged where that can be done, else the message is written anew. Null where it has none. */
export function withRespUri(bytes: Uint8Array, encoding: Encoding, uri: string): Uint8Array | null {
  const { root } = decodeTree(bytes, encoding)
  const header = root.children.find(({ name }) => name === 'SyncHdr')
  const element = header?.children.find(({ name }) => name === 'RespURI')
  if (element === undefined) return null
  const inside = bytes.subarray(element.start, element.end)
  const forms: readonly (readonly [Uint8Array, Uint8Array])[] =
    encoding === 'xml'
      ? [[utf8Bytes(`>${escape(element.text)}<`), utf8Bytes(`>${escape(uri)}<`)]]
      : [[concat([Uint8Array.of(3), utf8Bytes(element.text), Uint8Array.of(0)]), concat([Uint8Array.of(3), utf8Bytes(uri), Uint8Array.of(0)])]]
  for (const [old, fresh] of forms) {
    const at = find(inside, old)
    if (at >= 0) return concat([bytes.subarray(0, element.start + at), fresh, bytes.subarray(element.start + at + old.length)])
  }
  const changed = (one: Element): Element =>
    one === element
      ? { ...one, text: uri, children: [] }
      : { ...one, children: one === header || one === root ? one.children.map(changed) : one.children }
  return encodeTree(changed(root), { encoding })
}

function find(inside: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= inside.length; at++) if (part.every((octet, i) => inside[at + i] === octet)) return at
  return -1
}

/** Who may have signed: a secret and the nonces it may rest on. */
export interface Signer {
  readonly password: string
  readonly nonces: readonly Uint8Array[]
}

/**
 * The header fields with a MAC over the new body, in the same place; 'none' where they carry no MAC, 'unknown' where no signer gives the MAC that was there.
 */
export function signedAnew(
  headers: Headers,
  before: Uint8Array,
  now: Uint8Array,
  signers: (user: string) => readonly Signer[],
): Headers | 'none' | 'unknown' {
  const field = headers.find(([name]) => name.toLowerCase() === MAC_HEADER)
  if (field === undefined) return 'none'
  const shown = parseMacHeader(field[1])
  if (shown === null) return 'unknown'
  for (const { password, nonces } of signers(shown.userName))
    for (const nonce of nonces) {
      if (!same(mac(shown.userName, password, nonce, before), shown.mac)) continue
      const fresh = mac(shown.userName, password, nonce, now)
      const value = field[1].includes(shown.mac) ? field[1].replace(shown.mac, () => fresh) : formatMacHeader(shown.userName, fresh)
      return headers.map((one) => (one === field ? ([field[0], value] as const) : one))
    }
  return 'unknown'
}
