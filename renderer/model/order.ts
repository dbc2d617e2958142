// Which rows a view shows, in order: all of them, those of a session or device, and of these what the filter lets through.
import type { Seq, TraceRow } from '../../core/api.ts'
import { type Filter, NO_FILTER } from './filter.ts'

/** What part of the trace is looked at. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'session'; readonly session: number; readonly package?: string }

/** Where rows come from. `load` brings the rows `from … to` within reach of `row`. */
export interface Rows {
  row(seq: Seq): TraceRow | undefined
  load(from: Seq, to: Seq): Promise<void>
  session(session: number): Promise<Float64Array>
  /** Rows of `first … first + count - 1` that pass a deep filter, as far as one slice came. */
  find(expression: string, first: Seq, count: number): Promise<{ readonly found: ArrayLike<Seq>; readonly through: Seq }>
  changed(): void
}

/** Rows read in one go while searching: the most that one call gives. */
const STEP = 5000

export interface Order {
  bounds(first: Seq, last: Seq): void
  narrow(scope: Scope, filter: Filter): void
  /** Rows already passed whose content moved (hold state): tested again. */
  changedRows(rows: readonly TraceRow[]): void
  reset(): void
  narrowed(): boolean
  /** Rows shown. */
  count(): number
  /** Rows of the scope, before the filter. */
  base(): number
  searching(): boolean
  /** Rows examined so far. */
  searched(): number
  seqAt(index: number): Seq
  /** Place of a row in the order, -1 where it is not shown. */
  indexOf(seq: Seq): number
}

/** Place of the first element not below `value` in an ascending list. */
export function lowerBound(list: ArrayLike<number>, value: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

export function createOrder(rows: Rows): Order {
  let first = 1
  let last = 0
  let scope: Scope = { kind: 'all' }
  let filter = NO_FILTER
  let list: Seq[] | null = null
  /** What was shown before the present search: it stays until the first rows were examined, so that the screen does not go blank between two keys. */
  let before: Seq[] | null | undefined
  const served = (): Seq[] | null => (before === undefined ? list : before)
  let inScope = 0
  let done = 0
  let run = 0
  let busy = false

  const belongs = (row: TraceRow): boolean => {
    if (scope.kind === 'device') return row.device === scope.device
    if (scope.kind === 'session') return row.session === scope.session && (scope.package === undefined || row.package === scope.package)
    return true
  }
  const take = (seq: Seq, hits: ReadonlySet<Seq> | null): void => {
    const row = rows.row(seq)
    if (row === undefined || !belongs(row)) return
    inScope += 1
    if (hits === null ? filter.test(row) : hits.has(seq)) list?.push(seq)
  }
  /** What the lab finds among these rows; null where the filter can tell by itself. */
  const hitsIn = async (from: Seq, to: Seq, mine: number): Promise<ReadonlySet<Seq> | null> => {
    if (!filter.deep) return null
    const hits = new Set<Seq>()
    for (let at = from; at <= to && mine === run;) {
      const { found, through } = await rows.find(filter.expression, at, to - at + 1)
      for (const seq of Array.from(found)) hits.add(seq)
      at = Math.max(at, through) + 1
    }
    return hits
  }
  /** The whole trace through a deep filter: the lab examines slices, no row has to travel. */
  const walkDeep = async (mine: number): Promise<void> => {
    while (mine === run && done < last) {
      const from = Math.max(done + 1, first)
      const { found, through } = await rows.find(filter.expression, from, Math.min(STEP, last - from + 1))
      if (mine !== run) return
      list?.push(...Array.from(found))
      done = Math.min(last, Math.max(from, through))
      before = undefined
      rows.changed()
    }
  }

  /** Walks rows done+1 … last; a session's rows are known beforehand, so only they are read. */
  const walk = async (mine: number): Promise<void> => {
    busy = true
    try {
      if (filter.deep && scope.kind === 'all') return await walkDeep(mine)
      const known = scope.kind === 'session' && done === 0 ? await rows.session(scope.session) : null
      if (known !== null && mine === run) await walkKnown(known, mine)
      let ahead: Promise<void> | null = null
      while (mine === run && done < last) {
        const from = Math.max(done + 1, first)
        const to = Math.min(last, from + STEP - 1)
        await (ahead ?? rows.load(from, to))
        if (mine !== run) return
        // The next rows travel while these are examined.
        ahead = to < last ? rows.load(to + 1, Math.min(last, to + STEP)) : null
        ahead?.catch(() => undefined)
        const hits = await hitsIn(from, to, mine)
        if (mine !== run) return
        for (let seq = from; seq <= to; seq++) take(seq, hits)
        done = to
        before = undefined
        rows.changed()
      }
    } catch {
      // The connection went: the walk goes on from here when it is back.
    } finally {
      if (mine === run) {
        busy = false
        before = undefined
        rows.changed()
      }
    }
  }
  const walkKnown = async (known: Float64Array, mine: number): Promise<void> => {
    for (let i = 0; i < known.length;) {
      const from = known[i] ?? 0
      let j = i
      while (j + 1 < known.length && (known[j + 1] ?? 0) < from + STEP) j += 1
      await rows.load(from, known[j] ?? from)
      const hits = await hitsIn(from, known[j] ?? from, mine)
      if (mine !== run) return
      for (; i <= j; i++) take(known[i] ?? 0, hits)
      before = undefined
      rows.changed()
    }
    done = Math.max(last, known.at(-1) ?? 0)
  }
  const move = (seq: Seq, passes: boolean): void => {
    if (list === null) return
    const at = lowerBound(list, seq)
    const shown = list[at] === seq
    if (passes && !shown) list.splice(at, 0, seq)
    else if (!passes && shown) list.splice(at, 1)
  }
  const again = async (seq: Seq, mine: number): Promise<void> => {
    try {
      const { found } = await rows.find(filter.expression, seq, 1)
      if (mine !== run) return
      move(seq, found.length > 0)
      rows.changed()
    } catch {
      // The connection went: when it is back the trace is read again.
    }
  }
  const start = (): void => {
    if (list !== null && !busy && done < last) void walk(run)
  }

  return {
    bounds(from, to) {
      first = from
      last = to
      start()
    },
    narrow(nextScope, nextFilter) {
      scope = nextScope
      filter = nextFilter.error === '' ? nextFilter : NO_FILTER
      const all = scope.kind === 'all' && filter.words === ''
      run += 1
      busy = false
      before = all || last < first ? undefined : served()
      list = all ? null : []
      inScope = 0
      done = 0
      start()
      rows.changed()
    },
    changedRows(changed) {
      if (list === null) return
      for (const row of changed) {
        if (row.seq > done || !belongs(row)) continue
        if (!filter.deep) move(row.seq, filter.test(row))
        else void again(row.seq, run)
      }
    },
    reset() {
      run += 1
      busy = false
      scope = { kind: 'all' }
      filter = NO_FILTER
      list = null
      before = undefined
      done = 0
      inScope = 0
    },
    narrowed: () => list !== null,
    count: () => served()?.length ?? Math.max(0, last - first + 1),
    base: () => (list === null || scope.kind === 'all' ? Math.max(0, last - first + 1) : inScope),
    searching: () => list !== null && done < last,
    searched: () => Math.max(0, done - first + 1),
    seqAt: (index) => {
      const shown = served()
      return shown === null ? first + index : (shown[index] ?? 0)
    },
    indexOf(seq) {
      const shown = served()
      if (shown === null) return seq >= first && seq <= last ? seq - first : -1
      const at = lowerBound(shown, seq)
      return shown[at] === seq ? at : -1
    },
  }
}
