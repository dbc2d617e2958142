// An SMS PDU as octets with the fields they belong to, and states of its parts in words. Pure.
import type { PduField, PduView, SmsPartState, SmsRow } from '../../core/api/modem.ts'

/** One octet of the drawing: its two digits, and the fields that lie in it by their places in the list. */
export interface Octet {
  readonly at: number
  readonly hex: string
  readonly fields: readonly number[]
}

/** Octets of a PDU in order; an octet may hold several fields of some bits each. */
export function octets(view: Pick<PduView, 'hex' | 'fields'>): readonly Octet[] {
  const pairs = view.hex.match(/../g) ?? []
  return pairs.map((hex, at) => ({
    at,
    hex,
    fields: view.fields.flatMap((field, i) => (field.start < (at + 1) * 8 && field.end > at * 8 ? [i] : [])),
  }))
}

/** `octet 3`, `octets 3 to 7`, `octet 0, bits 0 and 1`: where a field lies; bits are counted as the standard does, 7 the first on the wire. */
export function fieldPlace(field: Pick<PduField, 'start' | 'end'>): string {
  const [first, last] = [field.start >> 3, (field.end - 1) >> 3]
  if (field.start % 8 === 0 && field.end % 8 === 0) return first === last ? `octet ${String(first)}` : `octets ${String(first)} to ${String(last)}`
  const [high, low] = [7 - (field.start % 8), 7 - ((field.end - 1) % 8)]
  return first === last
    ? `octet ${String(first)}, ${high === low ? `bit ${String(high)}` : `bits ${String(high)} to ${String(low)}`}`
    : `octet ${String(first)} bit ${String(high)} to octet ${String(last)} bit ${String(low)}`
}

export const PARTS: Readonly<Record<SmsPartState, { readonly word: string; readonly tone: 'good' | 'warn' | 'bad' | '' }>> = {
  waiting: { word: 'waits', tone: '' },
  sending: { word: 'goes out', tone: 'warn' },
  sent: { word: 'sent', tone: 'good' },
  pending: { word: 'on its way', tone: 'warn' },
  delivered: { word: 'delivered', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
}

const RANK: readonly SmsPartState[] = ['failed', 'waiting', 'sending', 'pending', 'sent', 'delivered']
/** How a message stands as a whole: as its worst part. */
export const worstPart = (row: SmsRow): SmsPartState =>
  row.parts.reduce<SmsPartState>((worst, one) => (RANK.indexOf(one.state) < RANK.indexOf(worst) ? one.state : worst), 'delivered')
