// The one error of the filter language: what is wrong, where it stands in the text, and what could stand there.

/** `start` and `end` count UTF-16 units of the text, `[start, end)`; `expected` are short words for people, possibly none. */
export class FilterError extends Error {
  readonly what: string
  readonly start: number
  readonly end: number
  readonly expected: readonly string[]

  constructor(what: string, start: number, end: number, expected: readonly string[] = []) {
    super(`position ${String(start + 1)}: ${what}${expected.length === 0 ? '' : `; expected ${list(expected)}`}`)
    this.name = 'FilterError'
    this.what = what
    this.start = start
    this.end = end
    this.expected = expected
  }
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

/** Words of `known` within two changed letters of `word`, nearest first, at most three. */
export function nearest(word: string, known: Iterable<string>): string[] {
  const wanted = word.toLowerCase()
  return [...known]
    .map((name) => ({ name, far: distance(wanted, name.toLowerCase()) }))
    .filter(({ far }) => far <= Math.min(2, Math.max(1, wanted.length - 2)))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name)
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 3
}
