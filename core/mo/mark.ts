// What a row of a data table rests on: a text or a shipping client that was read, or our own deduction. We never present the second as the first.

/** `confirmed`: sources as the reference tables name them (`S0`, `OMNA`, `DM`, `impl NK` …). `inferred`: why we think so. */
export type Mark = { readonly confirmed: readonly string[] } | { readonly inferred: string }

export const confirmed = (...sources: string[]): Mark => ({ confirmed: sources })
export const inferred = (why: string): Mark => ({ inferred: why })

export function isInferred(mark: Mark): mark is { readonly inferred: string } {
  return 'inferred' in mark
}

/** For people: `CONFIRMED S0, OMNA` or `INFERRED: why`. */
export function markWords(mark: Mark): string {
  return isInferred(mark) ? `INFERRED: ${mark.inferred}` : `CONFIRMED ${mark.confirmed.join(', ')}`
}
