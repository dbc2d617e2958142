// What the HTTP header fields of a SyncML exchange mean: media types and content codings; pure functions over strings.
import type { Encoding } from '../syncml/message.ts'
import type { Headers } from '../machine.ts'

const TYPES: ReadonlyMap<string, Encoding> = new Map([
  ['application/vnd.syncml.dm+xml', 'xml'],
  ['application/vnd.syncml.dm+wbxml', 'wbxml'],
  ['application/vnd.syncml+xml', 'xml'],
  ['application/vnd.syncml+wbxml', 'wbxml'],
])

/** The encoding a Content-Type value names, or null where it is no SyncML type. Case, parameters and white space do not matter. */
export function encodingOf(contentType: string): Encoding | null {
  const known = TYPES.get(contentType)
  if (known !== undefined) return known
  const end = contentType.indexOf(';')
  return TYPES.get((end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()) ?? null
}

/** Registered HTTP content codings other than identity (IANA HTTP Content Coding Registry). */
const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress', 'br', 'zstd', 'dcb', 'dcz', 'exi', 'pack200-gzip', 'aes128gcm'])

/**
 * The real coding a Content-Encoding value names, or null where the body is as it is. Deployed clients write a character set or a MIME transfer
 * encoding there (`UTF-8`, `binary`, `8bit`): such values mean nothing.
 */
export function codingOf(contentEncoding: string): string | null {
  for (const part of contentEncoding.split(',')) {
    const name = part.trim().toLowerCase()
    if (CODINGS.has(name)) return name
  }
  return null
}

/** First value of a header field, any spelling; '' where absent. `name` in lower case. */
export function field(headers: Headers, name: string): string {
  for (const [n, value] of headers) if (n.length === name.length && n.toLowerCase() === name) return value
  return ''
}

/** Header fields as Node gives them (name, value, name, value …) as pairs; order and spelling stay. */
export function pairs(raw: readonly string[]): [string, string][] {
  const out: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) out.push([raw[i] as string, raw[i + 1] as string])
  return out
}

/** `127.0.0.1:80`, `[fe80::1]:80`; an IPv4 address in IPv6 clothes is shown as IPv4. */
export function endpoint(address: string, port: number): string {
  const plain = plainAddress(address)
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** An address without the `::ffff:` in front of a mapped IPv4 address. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  return plain === '::1' || plain.startsWith('127.')
}
