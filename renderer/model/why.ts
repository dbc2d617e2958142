// "Why 401?" in words: which rows it can be asked of, and how its answer is told. Pure.
import type { TraceRow, WhyAnswer, WhyNonce, WhyTry } from '../../core/api.ts'

/** Status codes that refuse or ask for credentials. */
const REFUSING: ReadonlySet<string> = new Set(['401', '407'])
/** Rows behind a message among which its answer is looked for. */
const NEAR = 12

/** The row itself refuses credentials: the status of its header, or of the HTTP answer. */
export const refuses = (row: TraceRow): boolean => REFUSING.has(row.statuses[0] ?? '') || REFUSING.has(String(row.httpStatus))

/** A message whose credentials were refused, or the answer that did it. `rowOf` gives rows at hand. */
export function askable(row: TraceRow, rowOf: (seq: number) => TraceRow | undefined): boolean {
  if (row.kind !== 'message') return false
  if (refuses(row)) return true
  for (let seq = row.seq + 1; seq <= row.seq + NEAR; seq++) {
    const next = rowOf(seq)
    if (next === undefined) return false
    if (next.kind === 'message' && next.session === row.session && next.device === row.device)
      return next.direction !== row.direction && refuses(next)
  }
  return false
}

export interface VerdictLook {
  readonly word: string
  readonly tone: 'good' | 'bad' | 'warn'
  readonly icon: string
}
export const VERDICTS: Readonly<Record<WhyAnswer['verdict'], VerdictLook>> = {
  right: { word: 'The credentials are right', tone: 'good', icon: 'check' },
  found: { word: 'Cause proven', tone: 'bad', icon: 'error' },
  likely: { word: 'Likely cause', tone: 'warn', icon: 'warn' },
  unknown: { word: 'No cause found', tone: 'warn', icon: 'warn' },
}

export const SHOWN: Readonly<Record<WhyAnswer['shown'], string>> = {
  none: 'no credentials',
  basic: 'Basic (user name and password)',
  md5: 'an MD5 digest',
  hmac: 'a MAC in the header',
  other: 'credentials of an unknown kind',
}

export const RESULTS: Readonly<Record<WhyTry['result'], { readonly word: string; readonly tone: string; readonly icon: string }>> = {
  fits: { word: 'fits', tone: 'good', icon: 'check' },
  no: { word: 'does not fit', tone: 'soft', icon: 'close' },
  'not tried': { word: 'not tried', tone: 'faint', icon: 'note' },
}

export const ROLES: Readonly<Record<WhyNonce['role'], string>> = {
  expected: 'expected',
  older: 'older',
  challenge: 'of a challenge',
  later: 'issued later',
}

/** What was tried, what fits first, what could not be tried last; the order is kept otherwise. */
export function sortTries(tried: readonly WhyTry[]): readonly WhyTry[] {
  const rank = { fits: 0, no: 1, 'not tried': 2 }
  return [...tried].sort((a, b) => rank[a.result] - rank[b.result])
}

/** `38 variants computed in 11 suppositions; 1 fits.` */
export function triedWords(tried: readonly WhyTry[]): string {
  const sum = tried.reduce((all, one) => all + one.variants, 0)
  const fits = tried.filter((one) => one.result === 'fits').length
  const computed = tried.filter((one) => one.result !== 'not tried').length
  return `${sum.toLocaleString('en')} ${sum === 1 ? 'variant' : 'variants'} computed for ${String(computed)} of ${String(tried.length)} ${tried.length === 1 ? 'supposition' : 'suppositions'}; ${fits === 0 ? 'none fits' : `${String(fits)} ${fits === 1 ? 'fits' : 'fit'}`}.`
}
