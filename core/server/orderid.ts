// Ids of orders. They begin with the time, so that orders of the same days stand together in the ledger's index: one that is random touches a page of its own.
import { hexOf } from '../syncml/text.ts'

/** Digits of a time in ms, from 2004 to 2527. */
const DIGITS = 11

/** A new id: 27 hexadecimal digits, which nobody can guess and no two orders share. `now` in ms. */
export function orderId(now: number, random: (count: number) => Uint8Array): string {
  return Math.floor(now).toString(16).padStart(DIGITS, '0') + hexOf(random(8))
}
