// Result codes in words, whichever object they belong to: SCOMO's have four digits, FUMO's three.
import { FUMO_CODES } from './fumo.ts'
import { codeRow } from './rows.ts'
import type { CodeRow } from './rows.ts'
import { SCOMO_CODES } from './scomo.ts'

/** The row of a result code, SCOMO (1200 …) or FUMO (200 …). */
export function resultCode(code: number): CodeRow | undefined {
  return codeRow(code >= 1000 ? SCOMO_CODES : FUMO_CODES, code)
}

/** A result code in words; '' for 0, `unknown result 1999` where no table has it. */
export function codeWords(code: number): string {
  return code === 0 ? '' : (resultCode(code)?.words ?? `unknown result ${code}`)
}

/** True for 2xx and 1200 to 1299: the operation succeeded. */
export function codeGood(code: number): boolean {
  return (code >= 200 && code < 300 && code !== 202) || (code >= 1200 && code < 1300)
}
