// Numbers a client makes up: SessionIDs and short nonces, in the forms the field writes them.
import type { Env } from '../machine.ts'
import type { Habits } from './habits.ts'

/** A 16-bit SessionID, not 0: upper-case hex without leading zeros (PRO session identifiers), or decimal up to 32767 (dm-protocol 14). */
export function randomId(env: Env, radix: Habits['sessionId']): string {
  const octets = env.random(2)
  const value = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0)
  return radix === 'hex' ? (value || 1).toString(16).toUpperCase() : String(value & 0x7fff || 1)
}

/** The SessionID of a notification as this client writes it; anything that is no such number stays as it is. */
export function printed(sessionId: string, radix: Habits['sessionId']): string {
  return radix === 'decimal' && /^[0-9A-F]{1,4}$/i.test(sessionId) ? String(parseInt(sessionId, 16)) : sessionId
}

/** Five decimal digits (dm-protocol 14). */
export function fiveDigits(env: Env): Uint8Array {
  return Uint8Array.from(env.random(5), (octet) => 0x30 + (octet % 10))
}
