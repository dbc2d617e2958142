// A filter over a long trace, a slice at a time: the caller says how long a slice may be, asks again, or stops asking. Nothing is skipped silently.
import type { Seq, TraceRow } from '../api.ts'
import type { RowFilter } from './rows.ts'
import { type Around, Reading } from './facts.ts'

/** Where rows come from: those from `first` to `last`, in order. */
export type RowSource = (first: Seq, last: Seq) => Iterable<TraceRow>

/** What one slice found. */
export interface Slice {
  /** Rows that pass, ascending. */
  readonly found: Seq[]
  /** All rows up to this one have been examined. */
  readonly through: Seq
}

/** Rows taken from the source at once: what is read is examined, nothing is read twice by the next slice but a few rows whose bytes are wanted. */
const STRIDE = { row: 250, deep: 50 }

/**
 * Examines rows `first … last` until `enough` says so (asked after every row whose bytes may be read, else after some hundred) or the end is reached; at least one row is examined.
 * The next slice begins at `through + 1`.
 */
export function searchSlice(
  filter: RowFilter,
  from: { readonly rows: RowSource; readonly around: Around },
  first: Seq,
  last: Seq,
  enough: () => boolean,
): Slice {
  const found: Seq[] = []
  const reading = new Reading(from.around)
  const deep = filter.needs !== 'row'
  const stride = deep ? STRIDE.deep : STRIDE.row
  let through = first - 1
  for (let at = first; at <= last; at += stride) {
    const end = Math.min(last, at + stride - 1)
    for (const row of from.rows(at, end)) {
      if (filter.row(row, reading)) found.push(row.seq)
      through = row.seq
      // Bytes cost hundreds of times what a row costs.
      if (deep && enough()) return { found, through }
    }
    through = end
    if (!deep && enough()) return { found, through }
  }
  return { found, through: Math.max(through, last) }
}

/** All rows of an iterable that pass, one after the other. */
export function* passing(filter: RowFilter, rows: Iterable<TraceRow>, around: Around): Generator<TraceRow> {
  const reading = new Reading(around)
  for (const row of rows) if (filter.row(row, reading)) yield row
}
