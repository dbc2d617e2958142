// Filters over the trace of a running lab: a slice of time a call, so that sockets never wait; whoever asks goes on where the slice ended.
import type { Seq, TraceFound } from '../api.ts'
import { rowFilter, type RowFilter } from '../filter/rows.ts'
import { searchSlice } from '../filter/search.ts'
import { readPage } from '../page.ts'
import type { Speech } from './dialectmessage.ts'
import { objectAt } from './dialectmessage.ts'
import type { TraceStore } from '../store/trace.ts'

/** Ms that one slice may take. */
const SLICE = 12
/** Filters kept compiled. */
const KEPT = 8

export class Searching {
  readonly #store: TraceStore
  readonly #mono: () => number
  readonly #speech: ((device: string) => Speech | null) | undefined
  readonly #compiled = new Map<string, RowFilter>()

  constructor(store: TraceStore, mono: () => number, speech?: (device: string) => Speech | null) {
    this.#speech = speech
    this.#store = store
    this.#mono = mono
  }

  /** Rows from `first` on, at most `count`, that pass; `through` tells how far the slice came. Throws FilterError. */
  find(expression: string, first: Seq, count: number): TraceFound {
    const filter = this.#filter(expression)
    const store = this.#store
    const from = Math.max(first, store.first)
    const last = Math.min(first + count - 1, store.last)
    if (last < from) return { found: new Float64Array(), through: first + count - 1 }
    const until = this.#mono() + SLICE
    const row = (seq: Seq) => readPage(store.rows(seq, 1))[0]
    const around = {
      frame: (seq: Seq) => store.frame(seq),
      row: (seq: Seq) => (seq < store.first ? undefined : row(seq)),
      mo: (device: string, uri: string) => objectAt(this.#speech?.(device) ?? null, uri),
    }
    const rows = (low: Seq, high: Seq) => readPage(store.rows(low, high - low + 1))
    const { found, through } = searchSlice(filter, { rows, around }, from, last, () => this.#mono() >= until)
    return { found: Float64Array.from(found), through }
  }

  #filter(expression: string): RowFilter {
    const known = this.#compiled.get(expression)
    if (known !== undefined) return known
    const made = rowFilter(expression)
    this.#compiled.set(expression, made)
    const oldest = this.#compiled.keys().next().value
    if (this.#compiled.size > KEPT && oldest !== undefined) this.#compiled.delete(oldest)
    return made
  }
}
