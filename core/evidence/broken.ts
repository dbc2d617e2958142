// Bodies no decoder accepts: what is surely markup stays, everything that could be a value is blanked. Linear, never throws.
import type { Range } from '../syncml/element.ts'
import { GATEWAY_FIELD, notificationIn } from '../notify/push.ts'
import type { Encoding } from '../syncml/message.ts'
import { DIGEST_LENGTH, decodePackage0, Package0Error } from '../syncml/package0.ts'
import { KNOWN_NAMES } from '../syncml/tokens.ts'

/** Elements whose text the protocol defines; it tells nothing about anybody. */
const OPEN: ReadonlySet<string> = new Set([
  ...['VerDTD', 'VerProto', 'SessionID', 'MsgID', 'CmdID', 'MsgRef', 'CmdRef', 'Cmd', 'Format', 'Size', 'MaxMsgSize', 'MaxObjSize', 'Mark'],
])

const BLANK = 0x78
const isSpace = (c: number): boolean => c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d
const isName = (c: number): boolean =>
  (c >= 0x30 && c <= 0x3a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f || c === 0x2d || c === 0x2e

/** A copy with all values blanked: in XML the text of all but protocol elements and every attribute value, elsewhere every octet. */
export function blankBroken(bytes: Uint8Array, encoding: Encoding | null): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes)
  const first = bytes.find((octet) => !isSpace(octet))
  if (encoding !== 'xml' || first !== 0x3c || bytes[1] === 0) return out.fill(BLANK)
  let at = 0
  let open = false
  while (at < out.length) {
    if (out[at] === 0x3c) {
      const tag = blankMarkup(out, at)
      at = tag.end
      open = tag.open
    } else {
      const end = out.indexOf(0x3c, at)
      const stop = end < 0 ? out.length : end
      if (!open || end < 0) fill(out, at, stop)
      at = stop
      open = false
    }
  }
  return out
}

/** Words of a body that nothing could be read of: whatever quotes one of them quotes the body. Null where there are too many to search for. */
export function wordsOf(bytes: Uint8Array): readonly string[] | null {
  const words = new Set<string>()
  let word = ''
  for (let at = 0; at <= bytes.length; at++) {
    const c = bytes[at] ?? 0
    if (c > 0x20 && c !== 0x7f && !DELIMITERS.has(c)) {
      word += String.fromCharCode(c)
      continue
    }
    const bare = word.replace(/^[/.]+/, '')
    if (bare.length >= WORD_LENGTH && !KNOWN_NAMES.has(bare)) words.add(bare)
    word = ''
    if (words.size > MOST_WORDS) return null
  }
  return [...words]
}

const DELIMITERS: ReadonlySet<number> = new Set(Array.from('<>"\'', (c) => c.charCodeAt(0)))
const WORD_LENGTH = 5
const MOST_WORDS = 3000

function fill(out: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) if (!isSpace(out[at] as number)) out[at] = BLANK
}

/** Blanks attribute values, comments, CDATA and instructions. `open`: the start tag of an element whose text may stay. */
function blankMarkup(out: Uint8Array, start: number): { end: number; open: boolean } {
  const second = out[start + 1]
  if (second === 0x21 || second === 0x3f) {
    const end = out.indexOf(0x3c, start + 1)
    const stop = end < 0 ? out.length : end
    fill(out, start + 2, stop)
    return { end: stop, open: false }
  }
  let at = second === 0x2f ? start + 2 : start + 1
  const nameStart = at
  while (at < out.length && isName(out[at] as number)) at++
  const name = String.fromCharCode(...out.subarray(nameStart, Math.min(at, nameStart + 64))).replace(/^.*:/, '')
  const from = at
  while (at < out.length && out[at] !== 0x3e && out[at] !== 0x3c) at++
  const closed = out[at] === 0x3e
  if (!closed && out.length === at) fill(out, nameStart, at)
  else fill(out, from, closed && out[at - 1] === 0x2f ? at - 1 : at)
  return { end: closed ? at + 1 : at, open: closed && second !== 0x2f && OPEN.has(name) }
}

/**
 * Parts of a notification that must not be shown (digest, vendor-specific rest, the end device a WSP header names), bare, in its WSP push or in
 * its SMS; null where these octets look like none.
 */
export function secretsOfPush(bytes: Uint8Array): Range[] | null {
  const found = notificationIn(bytes)
  const at = found === null ? 0 : found.start + found.push.bodyStart
  try {
    const { future, serverId, vendor } = decodePackage0(bytes.subarray(at))
    if (future !== 0 || !/^[!-~]+$/.test(serverId)) return null
    const ranges = [{ start: at, end: at + DIGEST_LENGTH }]
    if (vendor.length > 0) ranges.push({ start: bytes.length - vendor.length, end: bytes.length })
    for (const { name, start, end } of found?.push.wsp?.headers ?? [])
      if (name === GATEWAY_FIELD) ranges.push({ start: (found?.start ?? 0) + start + 1, end: (found?.start ?? 0) + end - 1 })
    return ranges
  } catch (error) {
    if (error instanceof Package0Error) return null
    throw error
  }
}
