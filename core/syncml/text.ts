// Octets and text: UTF-8, ISO-8859-1 and base64 without any host's own helpers; what Data holds, as text or as octets.
import type { Element } from './element.ts'
import type { Data } from './message.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lossy = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** UTF-8 octets of a text; a lone surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** What a text becomes piece by piece where only its length is asked for. */
const PIECE = new Uint8Array(1 << 14)

/** How many octets `utf8Bytes` gives. */
export function utf8Length(text: string): number {
  let octets = 0
  for (let rest = text; ;) {
    const { read, written } = encoder.encodeInto(rest, PIECE)
    octets += written
    if (read === rest.length) return octets
    rest = rest.slice(read)
  }
}

/** The text these octets are in UTF-8, or null where they are not UTF-8. A byte order mark is kept. */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** The text these octets are in UTF-8, with U+FFFD for what is not. */
export function utf8Lossy(bytes: Uint8Array): string {
  return shortAscii(bytes) ?? lossy.decode(bytes)
}

/** Longest text that is put together here: a decoder costs more than so many characters. */
const SHORT = 64

/** The text of a few octets that are ASCII; null for any others. */
function shortAscii(bytes: Uint8Array): string | null {
  if (bytes.length > SHORT) return null
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) >= 0x80) return null
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

/** ISO-8859-1: octet n is code point n. */
export function latin1Text(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

/** True where the text has only characters that XML 1.0 allows (clause 2.2); a lone surrogate is none. */
export function isXmlText(text: string): boolean {
  return badXmlChar(text) < 0
}

/** The control characters that XML 1.0 does not allow. Up to 16 characters are looked for many at a time, more only one by one: hence two classes. */
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x12]/
const MORE_CONTROLS = /[\x13-\x1f]/
const NO_CHARACTERS = /[\ufffe\uffff]/
/** What text in XML says by a reference. */
const ESCAPED = /[&<>\r]/

/** Index of the first UTF-16 unit that XML 1.0 (clause 2.2) does not allow, -1 where there is none. */
export function badXmlChar(text: string): number {
  if (!CONTROLS.test(text) && !MORE_CONTROLS.test(text) && text.isWellFormed() && !NO_CHARACTERS.test(text)) return -1
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20) {
      if (c !== 0x09 && c !== 0x0a && c !== 0x0d) return i
    } else if (c >= 0xd800) {
      if (c < 0xdc00) {
        const low = text.charCodeAt(i + 1)
        if (!(low >= 0xdc00 && low <= 0xdfff)) return i
        i++
      } else if (c <= 0xdfff || c >= 0xfffe) return i
    }
  }
  return -1
}

/** True for a text without control characters but tab and line feed. */
export function hasNoControls(text: string): boolean {
  return !CONTROLS.test(text) && !MORE_CONTROLS.test(text) && !text.includes('\r')
}

/** True where XML 1.0 holds every character as it is: neither escaped (`&`, `<`, `>`, carriage return) nor forbidden. Characters above ASCII are not looked at. */
export function needsNoEscape(text: string): boolean {
  return !ESCAPED.test(text) && !CONTROLS.test(text) && !MORE_CONTROLS.test(text)
}

/** A name without a colon (Namespaces in XML, clause 4). */
export function isXmlName(name: string): boolean {
  return /^[A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}][-.0-9A-Z_a-z\u{B7}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{203F}-\u{2040}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}]*$/u.test(
    name,
  )
}

/** White space of XML and the NUL that C clients add: removed at both ends. */
export function trim(text: string): string {
  const length = text.length
  if (length === 0 || (text.charCodeAt(0) > 0x20 && text.charCodeAt(length - 1) > 0x20)) return text
  let start = 0
  let end = length
  while (start < end && isPadding(text.charCodeAt(start))) start++
  while (end > start && isPadding(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isPadding(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d) || c === 0
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** Base64 text of octets (RFC 4648 clause 4), padded, without line ends. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  for (; at + 2 < bytes.length; at += 3) {
    const n = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    text += ALPHABET.charAt(n >> 18) + ALPHABET.charAt((n >> 12) & 63) + ALPHABET.charAt((n >> 6) & 63) + ALPHABET.charAt(n & 63)
  }
  if (at + 1 === bytes.length) {
    const n = bytes[at] as number
    text += ALPHABET.charAt(n >> 2) + ALPHABET.charAt((n << 4) & 63) + '=='
  } else if (at + 2 === bytes.length) {
    const n = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    text += ALPHABET.charAt(n >> 10) + ALPHABET.charAt((n >> 4) & 63) + ALPHABET.charAt((n << 2) & 63) + '='
  }
  return text
}

/**
 * Octets of a base64 text, or null where it is none: a character outside the alphabet, or a wrong length.
 * White space anywhere is skipped; missing padding is accepted, wrong padding is not.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let length = 0
  let padding = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (isPadding(c) && c !== 0) continue
    if (c === 0x3d) {
      padding++
      continue
    }
    const value = c < 128 ? (VALUES[c] as number) : -1
    if (value < 0 || padding > 0) return null
    count++
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[length++] = (held >> bits) & 0xff
    }
  }
  const rest = count % 4
  const wanted = rest === 0 ? 0 : 4 - rest
  if (rest === 1 || (padding !== 0 && padding !== wanted)) return null
  return length === out.length ? out : out.slice(0, length)
}

/** True for the very same octets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Joins octets. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let total = 0
  for (const part of parts) total += part.length
  const out = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Text of Data: octets are read as UTF-8 (U+FFFD for what is none), nested elements give the text inside them, joined. */
export function dataText(data: Data | undefined): string {
  if (data === undefined) return ''
  if (typeof data === 'string') return data
  if (data instanceof Uint8Array) return utf8Lossy(data)
  return data.map(elementText).join('')
}

function elementText(element: Element): string {
  return (
    element.text + (element.opaque !== undefined && element.text === '' ? utf8Lossy(element.opaque) : '') + element.children.map(elementText).join('')
  )
}

/** Octets of Data as they stand on the wire: text in UTF-8, octets themselves; no base64 is undone here. Nested elements give their text. */
export function dataBytes(data: Data | undefined): Uint8Array {
  return data instanceof Uint8Array ? data : utf8Bytes(dataText(data))
}

/** What was thrown, in words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'))

/** Octets as lower-case hexadecimal digits. */
export function hexOf(octets: Uint8Array): string {
  let digits = ''
  for (const octet of octets) digits += HEX[octet]
  return digits
}
