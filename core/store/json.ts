// JSON that keeps what our records hold: octets and numbers that are none, as marked strings; every other value as in plain JSON.
import type { Order } from '../server/records.ts'
import { hexOf } from '../syncml/text.ts'
import type { SqlValue } from './ports.ts'

/** Marked strings begin with this; a text that begins with it itself is marked as text. */
const MARK = '\u0000'

/** A record as JSON text. Octets become `\0x` and hex, NaN and infinities `\0n` and their name. */
export function toJson(value: unknown): string {
  // A replacer makes JSON several times slower; few records need one.
  if (isPlain(value)) return JSON.stringify(value)
  return JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    const real = this[key]
    if (real instanceof Uint8Array) return `${MARK}x${hexOf(real)}`
    if (typeof real === 'number' && !Number.isFinite(real)) return `${MARK}n${real}`
    if (typeof real === 'string' && real.startsWith(MARK)) return `${MARK}s${real}`
    return plain
  })
}

/** True where every value under this one is as JSON has it. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !value.startsWith(MARK)
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (value instanceof Uint8Array) return false
  return Array.isArray(value) ? value.every(isPlain) : Object.values(value).every(isPlain)
}

/** Reads what `toJson` wrote. Throws a SyntaxError on anything that is no JSON. */
export function fromJson(json: string): unknown {
  // Only a text that holds the mark, as JSON writes it, needs the slow way.
  if (!json.includes('\\u0000')) return JSON.parse(json)
  return JSON.parse(json, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value
    const rest = value.slice(2)
    return value[1] === 'x' ? unhex(rest) : value[1] === 'n' ? Number(rest) : rest
  })
}

/** The order of a row: what it asks, and its course. */
export function orderOf({ json, state, sessionId, outcomes }: Record<string, SqlValue>): Order {
  const wish = fromJson(String(json)) as Pick<Order, 'id' | 'device' | 'createdAt' | 'commands'>
  return { ...wish, state: state as Order['state'], sessionId: String(sessionId), outcomes: fromJson(String(outcomes)) as Order['outcomes'] }
}

function unhex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
