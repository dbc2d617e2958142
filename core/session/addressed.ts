// Whether a server's message is meant for this session and this device; what can mean nothing else is taken, and told as a finding.
import type { Finding } from '../syncml/finding.ts'
import type { Item, Message } from '../syncml/message.ts'
import { versionCode } from './inbox.ts'
import { finding } from './rules.ts'

/** Why a message of the server is answered with this code and nothing else. */
export interface Misaddressed {
  readonly code: number
  readonly reason: string
  /** What the Status of SyncHdr carries. */
  readonly items: readonly Item[]
}

/** Null where the message is for us. `strict`: nothing is guessed. What was guessed, or is wrong, is added to `findings`. */
export function misaddressed(
  message: Message,
  ours: { readonly sessionId: string; readonly own: string; readonly strict: boolean },
  findings: Finding[],
): Misaddressed | null {
  const { header } = message
  const { sessionId, own, strict } = ours
  if (strict ? header.sessionId !== sessionId : !meansSession(header.sessionId, sessionId))
    return { code: 400, reason: `the server answered in session ${header.sessionId || 'of no name'}`, items: [] }
  const { locUri } = header.target
  if (locUri !== own) findings.push(finding('hdr.target', header, locUri))
  if (strict ? locUri !== own : !meansDevice(locUri, own))
    return { code: 404, reason: `the server speaks to ${locUri || 'nobody'}, not to this device`, items: [] }
  const version = versionCode(message, 'client')
  if (version === 200) return null
  const supported = version === 505 ? '1.2' : 'DM/1.2'
  return { code: version, reason: `the server speaks another version than ${supported}`, items: [{ data: supported }] }
}

/**
 * True where a SessionID can only mean ours: none at all, another case, leading zeros, or the same number written in the other radix
 * (deployed peers print it in decimal; dm-protocol 2). Inside one exchange of HTTP there is nothing to mix it up with.
 */
function meansSession(said: string, ours: string): boolean {
  if (said === '' || said.toLowerCase() === ours.toLowerCase()) return true
  const readings = numbers(ours)
  return numbers(said).some((number) => readings.includes(number))
}

/** True where Target can only mean this device: none at all, or its id in another case. */
function meansDevice(said: string, own: string): boolean {
  return said === '' || said.toLowerCase() === own.toLowerCase()
}

function numbers(text: string): number[] {
  const out: number[] = []
  if (/^[0-9A-Fa-f]{1,8}$/.test(text)) out.push(Number.parseInt(text, 16))
  if (/^[0-9]{1,9}$/.test(text)) out.push(Number.parseInt(text, 10))
  return out
}

/**
 * The absolute URI a RespURI leads to, seen from the URI that was posted to. REP wants it absolute; a path or a query is read as a browser would.
 * Null where it leads nowhere over HTTP.
 */
export function leadsTo(respUri: string, from: string): string | null {
  if (/^https?:\/\/[^\s/?#]+\S*$/i.test(respUri)) return respUri
  const base = /^(https?:\/\/[^/?#]+)([^?#]*)/i.exec(from)
  if (base === null || !/^(?:\/(?!\/)|\?)\S*$/.test(respUri)) return null
  const [, origin = '', path = ''] = base
  return respUri.startsWith('?') ? `${origin}${path}${respUri}` : `${origin}${respUri}`
}
