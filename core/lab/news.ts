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
  readonly #moved = new Set<number>()
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

  session(session: number): void {
    this.#moved.add(session)
  }

  /** Tells everything since the last call; `keep` keeps a session's row as it is now and gives it, `read` gives the page of some rows. */
  tell(keep: (session: number) => SessionRow | undefined, read: (seqs: readonly Seq[]) => TracePage): void {
    if (this.#last > 0) {
      const fact = factOf(this.#first, this.#last, this.#fresh.length <= LIVE_ROWS ? this.#fresh : [], read)
      this.#fresh = []
      this.#first = 0
      this.#last = 0
      this.#watcher.trace(fact)
    }
    const moved = [...this.#moved]
    this.#moved.clear()
    for (const session of moved) {
      const row = keep(session)
      if (row !== undefined) this.#watcher.session(row)
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
