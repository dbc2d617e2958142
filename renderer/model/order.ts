// Which rows a view shows, in order: all of them, those of a session or device, and of these what the filter lets through.
import type { Seq, TraceRow } from '../../core/api.ts'
import type { Filter } from './filter.ts'

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

const EMPTY: Filter = { text: '', words: '', error: '', test: () => true }

export function createOrder(rows: Rows): Order {
  let first = 1
  let last = 0
  let scope: Scope = { kind: 'all' }
  let filter = EMPTY
  let list: Seq[] | null = null
  let inScope = 0
  let done = 0
  let run = 0
  let busy = false

  const belongs = (row: TraceRow): boolean => {
    if (scope.kind === 'device') return row.device === scope.device
    if (scope.kind === 'session') return row.session === scope.session && (scope.package === undefined || row.package === scope.package)
    return true
  }
  const take = (seq: Seq): void => {
    const row = rows.row(seq)
    if (row === undefined || !belongs(row)) return
    inScope += 1
    if (filter.test(row)) list?.push(seq)
  }

  /** Walks rows done+1 … last; a session's rows are known beforehand, so only they are read. */
  const walk = async (mine: number): Promise<void> => {
    busy = true
    try {
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
        for (let seq = from; seq <= to; seq++) take(seq)
        done = to
        rows.changed()
      }
    } catch {
      // The connection went: the walk goes on from here when it is back.
    } finally {
      if (mine === run) {
        busy = false
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
      if (mine !== run) return
      for (; i <= j; i++) take(known[i] ?? 0)
      rows.changed()
    }
    done = Math.max(last, known.at(-1) ?? 0)
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
      filter = nextFilter.error === '' ? nextFilter : EMPTY
      const all = scope.kind === 'all' && filter.words === ''
      run += 1
      busy = false
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
        const at = lowerBound(list, row.seq)
        const shown = list[at] === row.seq
        if (filter.test(row) && !shown) list.splice(at, 0, row.seq)
        else if (!filter.test(row) && shown) list.splice(at, 1)
      }
    },
    reset() {
      run += 1
      busy = false
      scope = { kind: 'all' }
      filter = EMPTY
      list = null
      done = 0
      inScope = 0
    },
    narrowed: () => list !== null,
    count: () => (list === null ? Math.max(0, last - first + 1) : list.length),
    base: () => (list === null || scope.kind === 'all' ? Math.max(0, last - first + 1) : inScope),
    searching: () => list !== null && done < last,
    searched: () => Math.max(0, done - first + 1),
    seqAt: (index) => (list === null ? first + index : (list[index] ?? 0)),
    indexOf(seq) {
      if (list === null) return seq >= first && seq <= last ? seq - first : -1
      const at = lowerBound(list, seq)
      return list[at] === seq ? at : -1
    },
  }
}
