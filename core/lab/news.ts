// What is new in the trace, kept until it is told: rows and sessions go out in batches, a row that changed again with them.
import type { LabEvents, Seq, SessionRow, TracePage } from '../api.ts'

/** What the recorder tells whoever watches. */
export interface Watcher {
  trace(fact: LabEvents['trace']): void
  session(row: SessionRow): void
}

/** Rows kept back for one live event at the most; more of them in one turn are announced without rows. */
const LIVE_ROWS = 2000

/** Gathers rows and sessions for whoever watches. */
export class News {
  readonly #watcher: Watcher
  readonly #moved = new Map<number, SessionRow>()
  /** Numbers only: rows that were kept here would outlive the collections that are cheap. */
  #fresh: Seq[] = []
  #first = 0
  #last = 0

  constructor(watcher: Watcher) {
    this.#watcher = watcher
  }

  get pending(): boolean {
    return this.#last > 0 || this.#moved.size > 0
  }

  row(seq: Seq): void {
    if (this.#fresh.length <= LIVE_ROWS) this.#fresh.push(seq)
    this.#first = this.#first === 0 ? seq : Math.min(this.#first, seq)
    this.#last = Math.max(this.#last, seq)
  }

  session(row: SessionRow | undefined): void {
    if (row !== undefined) this.#moved.set(row.session, row)
  }

  /** Tells everything since the last call; `keep` is called for each session first, `read` gives the page of some rows. */
  tell(keep: (row: SessionRow) => void, read: (seqs: readonly Seq[]) => TracePage): void {
    if (this.#last > 0) {
      const fact = factOf(this.#first, this.#last, this.#fresh.length <= LIVE_ROWS ? this.#fresh : [], read)
      this.#fresh = []
      this.#first = 0
      this.#last = 0
      this.#watcher.trace(fact)
    }
    const moved = [...this.#moved.values()]
    this.#moved.clear()
    for (const row of moved) {
      keep(row)
      this.#watcher.session(row)
    }
  }
}

/** The fact of new rows; their page is read for the first who looks at it. */
function factOf(first: Seq, last: Seq, fresh: readonly Seq[], read: (seqs: readonly Seq[]) => TracePage): LabEvents['trace'] {
  let page: TracePage | null = null
  return {
    first,
    last,
    get rows() {
      if (fresh.length > 0) page ??= read([...new Set(fresh)])
      return page
    },
  }
}
