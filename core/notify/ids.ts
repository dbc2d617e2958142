// SessionIDs of notifications: issued so that two outstanding ones of a device can never be taken for each other, matched as clients write them.
import { sessionIdText } from '../syncml/package0.ts'

/** Largest id given out: Symbian clients put larger ones back to 0 (notification sheet 1.4). */
export const LARGEST_ID = 32767

/** Its two octets in the other order. */
const swapped = (id: number): number => ((id & 0xff) << 8) | (id >> 8)

/** The texts a client may make of an id: hexadecimal, decimal as Symbian clients do (dm-protocol 2), and with its octets swapped as libdmclient does on most processors. */
const textsOf = (id: number): readonly string[] => [sessionIdText(id), String(id), sessionIdText(swapped(id))]

/**
 * An id from 1 to 32767 none of whose readings is a reading of an outstanding one; null where a thousand draws found none.
 * `random` gives unpredictable octets.
 */
export function issueSessionId(outstanding: readonly number[], random: (count: number) => Uint8Array): number | null {
  const taken = new Set(outstanding.flatMap(textsOf))
  for (let draw = 0; draw < 1000; draw++) {
    const [high = 0, low = 0] = random(2)
    const id = ((high << 8) | low) & LARGEST_ID
    if (id > 0 && textsOf(id).every((text) => !taken.has(text))) return id
  }
  return null
}

/** Which outstanding id a SessionID means. */
export interface MatchedId {
  readonly id: number
  readonly reading: 'hexadecimal' | 'decimal' | 'swapped'
}

/** Matches the SessionID of a Package #1 with the ids outstanding for its device: hexadecimal first, then decimal, then hexadecimal with its octets swapped; null: no answer to a notification. */
export function matchSessionId(text: string, outstanding: readonly number[]): MatchedId | null {
  const trimmed = text.trim()
  const hex = /^[0-9A-Fa-f]{1,4}$/.test(trimmed) ? parseInt(trimmed, 16) : null
  if (hex !== null && outstanding.includes(hex)) return { id: hex, reading: 'hexadecimal' }
  if (/^[0-9]{1,5}$/.test(trimmed) && outstanding.includes(Number(trimmed))) return { id: Number(trimmed), reading: 'decimal' }
  if (hex !== null && outstanding.includes(swapped(hex))) return { id: swapped(hex), reading: 'swapped' }
  return null
}
