// The shape of one measured row, and the median of alternating runs.

/** One line of `npm run bench --json`. `ratio` is ours / theirs, null where there is no peer. */
export interface Row {
  readonly name: string
  readonly ours: number
  readonly theirs: number | null
  readonly unit: string
  readonly ratio: number | null
  readonly note: string
}

/** The middle value (mean of the two middle ones). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Runs the contestants in turn, `rounds` times; gives each one's median. */
export async function alternate(rounds: number, contestants: readonly (() => Promise<number> | number)[]): Promise<number[]> {
  const seen: number[][] = contestants.map(() => [])
  for (let round = 0; round < rounds; round += 1) for (const [index, run] of contestants.entries()) seen[index]?.push(await run())
  return seen.map(median)
}
