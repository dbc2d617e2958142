// The token by which a session's next message is found: the last parameter of the RespURI we announce.
import type { Env } from '../machine.ts'
import { hexOf } from '../syncml/text.ts'

const TOKEN = 'sid'

/** The session token of a request URI; '' where it has none. */
export function tokenOf(uri: string): string {
  const at = uri.indexOf('sid=')
  if (at < 1) return ''
  const before = uri[at - 1]
  const rest = uri.slice(at + 4)
  // The one we issued stands alone and last; any other place is found the slow way.
  if ((before === '?' || before === '&') && isToken(rest)) return rest
  return /[?&]sid=([^&#\s]*)/.exec(uri)?.[1] ?? ''
}

/** True for the digits of a token of ours. */
function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!((c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x66))) return false
  }
  return true
}

/** `uri` with the token. */
export function withToken(uri: string, token: string): string {
  return `${uri}${uri.includes('?') ? '&' : '?'}${TOKEN}=${token}`
}

/** A token nobody can guess. */
export function issueToken(env: Env): string {
  return hexOf(env.random(12))
}
