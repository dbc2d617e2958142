// Finds out how an XML document's octets are characters, and brings UTF-16 to UTF-8 with a map back to the original bytes.
import { CodecError } from './error.ts'
import type { Findings } from './reading.ts'

/** What the scanner works on. `bytes` is ASCII-compatible; `map` leads from its indices to the original ones, null where they are the same. */
export interface Characters {
  readonly bytes: Uint8Array
  readonly map: Uint32Array | null
  readonly latin1: boolean
  /** First index behind a byte order mark. */
  readonly start: number
}

/** Octets of a UTF-16 document as UTF-8, with the original offset of every octet (and of the end). */
function fromUtf16(source: Uint8Array, start: number, little: boolean, findings: Findings): { bytes: Uint8Array; map: Uint32Array } {
  if ((source.length - start) % 2 !== 0) throw new CodecError('UTF-16 with an odd number of octets', source.length - 1)
  const out = new Uint8Array(((source.length - start) / 2) * 3)
  const map = new Uint32Array(out.length + 1)
  const unit = (at: number): number => {
    const first = source[at] as number
    const second = source[at + 1] as number
    return little ? first | (second << 8) : (first << 8) | second
  }
  let to = 0
  let lone = -1
  const put = (octet: number, at: number): void => {
    map[to] = at
    out[to++] = octet
  }
  for (let at = start; at < source.length; at += 2) {
    const from = at
    let point = unit(at)
    if (point >= 0xd800 && point <= 0xdfff) {
      const low = point < 0xdc00 && at + 2 < source.length ? unit(at + 2) : 0
      if (low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00)
        at += 2
      } else {
        point = 0xfffd
        if (lone < 0) lone = from
      }
    }
    if (point < 0x80) put(point, from)
    else if (point < 0x800) {
      put(0xc0 | (point >> 6), from)
      put(0x80 | (point & 63), from)
    } else if (point < 0x10000) {
      put(0xe0 | (point >> 12), from)
      put(0x80 | ((point >> 6) & 63), from)
      put(0x80 | (point & 63), from)
    } else {
      put(0xf0 | (point >> 18), from)
      put(0x80 | ((point >> 12) & 63), from)
      put(0x80 | ((point >> 6) & 63), from)
      put(0x80 | (point & 63), from)
    }
  }
  map[to] = source.length
  if (lone >= 0) findings.add('xml.surrogate', 'warn', 'XML', '2.2', 'a lone surrogate is read as U+FFFD', lone, 2)
  return { bytes: out.subarray(0, to), map: map.subarray(0, to + 1) }
}

const USUAL = new TextEncoder().encode('<?xml version="1.0" encoding="UTF-8"?>')

function isUsual(bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < USUAL.length; i++) if (bytes[start + i] !== USUAL[i]) return false
  return true
}

/** The encoding the XML declaration names, lower case, with its place; null where there is none in the first 256 octets. */
function declared(bytes: Uint8Array, start: number): { name: string; at: number; length: number } | null {
  if (bytes[start] !== 0x3c || bytes[start + 1] !== 0x3f || bytes[start + 2] !== 0x78) return null
  let text = ''
  for (let i = start; i < bytes.length && i < start + 256 && bytes[i] !== 0x3e; i++) text += String.fromCharCode(bytes[i] as number)
  const found = /\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(text)
  if (found === null) return null
  const name = found[1] as string
  return { name: name.toLowerCase(), at: start + found.index + found[0].length - 1 - name.length, length: name.length }
}

const UTF8 = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])
const LATIN1 = new Set(['iso-8859-1', 'iso_8859-1', 'latin1', 'l1'])
const UTF16 = new Set(['utf-16', 'utf-16le', 'utf-16be', 'utf16', 'iso-10646-ucs-2', 'ucs-2'])

/** Decides on the characters of an XML document: byte order mark first, then the look of the first octets, then the declaration. */
export function characters(source: Uint8Array, findings: Findings): Characters {
  const [a, b, c, d] = source
  const little = a === 0xff && b === 0xfe
  const big = a === 0xfe && b === 0xff
  const bare = (a === 0x3c && b === 0 && c !== 0 && d === 0) || (a === 0 && b === 0x3c && c === 0 && d !== 0)
  if (little || big || bare) {
    const { bytes, map } = fromUtf16(source, bare ? 0 : 2, little || (bare && a === 0x3c), findings)
    const says = declared(bytes, 0)
    if (says !== null && !UTF16.has(says.name)) mismatch(findings, says.name, 'UTF-16', map[says.at] as number, says.length * 2)
    return { bytes, map, latin1: false, start: 0 }
  }
  const mark = a === 0xef && b === 0xbb && c === 0xbf
  const start = mark ? 3 : 0
  const says = isUsual(source, start) ? null : declared(source, start)
  const latin1 = says !== null && LATIN1.has(says.name)
  if (says !== null && (mark || !latin1) && !UTF8.has(says.name)) mismatch(findings, says.name, 'UTF-8', says.at, says.length)
  return { bytes: source, map: null, latin1: latin1 && !mark, start }
}

function mismatch(findings: Findings, says: string, is: string, at: number, length: number): void {
  findings.add('xml.encoding', 'warn', 'XML', '4.3.3', `the declaration says ${says}; read as ${is}`, at, length)
}
