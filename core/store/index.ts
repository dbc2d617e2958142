// The index of the trace: summaries and places of bytes in SQLite. The segments are the truth; everything here can be made again from them.
import type { Seq, SessionRow, TraceRow } from '../api.ts'
import { Packer, Unpacker } from './packed.ts'
import { Page, type PageParts, type Place } from './pages.ts'
import type { Db, SqlValue, Statement } from './ports.ts'

/** How far a segment is indexed, and which rows begin in it (0 where none). */
export interface Extent {
  readonly segment: number
  readonly bytes: number
  readonly first: Seq
  readonly last: Seq
}

const SESSION = [
  'session',
  'device',
  'server',
  'sessionId',
  'first',
  'last',
  'firstAt',
  'lastAt',
  'messages',
  'findings',
  'severity',
  'state',
  'reason',
] as const

const SQL = {
  page: 'INSERT INTO page (first, last, low, high, rows) VALUES (?, ?, ?, ?, ?)',
  pages:
    'SELECT first, last, rows FROM page WHERE first >= coalesce((SELECT max(first) FROM page WHERE first <= ?), 0) AND first <= ? ORDER BY first',
  pagesOf: 'SELECT first, last, rows FROM page WHERE low <= ? AND high >= ? ORDER BY first',
  removePage: 'DELETE FROM page WHERE first = ?',
  insert: 'INSERT OR IGNORE INTO frame (seq, session, segment, start, length, row) VALUES (?, ?, ?, ?, ?, ?)',
  replace: 'INSERT OR REPLACE INTO frame (seq, session, segment, start, length, row) VALUES (?, ?, ?, ?, ?, ?)',
  rows: 'SELECT seq, row FROM frame WHERE seq BETWEEN ? AND ? ORDER BY seq',
  row: 'SELECT row FROM frame WHERE seq = ?',
  place: 'SELECT segment, start, length FROM frame WHERE seq = ?',
  amend: 'INSERT OR IGNORE INTO amendment (seq, segment, start, length) VALUES (?, ?, ?, ?)',
  amendments: 'SELECT segment, start, length FROM amendment WHERE seq = ? ORDER BY segment, start',
  session: 'SELECT seq FROM frame WHERE session = ? AND session > 0',
  otherSession: 'SELECT seq FROM frame WHERE session <> ? AND seq BETWEEN ? AND ?',
  putSession: `INSERT OR REPLACE INTO session (${SESSION.join(', ')}) VALUES (${SESSION.map(() => '?').join(', ')})`,
  sessions: `SELECT ${SESSION.join(', ')} FROM session ORDER BY session DESC`,
  extent: 'INSERT OR REPLACE INTO segment (segment, bytes, first, last) VALUES (?, ?, ?, ?)',
  extents: 'SELECT segment, bytes, first, last FROM segment ORDER BY segment',
  ends: `SELECT min(first) AS first, max(last) AS last FROM (SELECT min(seq) AS first, max(seq) AS last FROM frame
    UNION ALL SELECT (SELECT first FROM page ORDER BY first LIMIT 1), (SELECT last FROM page ORDER BY first DESC LIMIT 1))`,
  lose: 'UPDATE frame SET segment = 0 WHERE seq BETWEEN ? AND ? AND segment = ?',
  removeRows: 'DELETE FROM frame WHERE seq BETWEEN ? AND ?',
  cutRows: 'DELETE FROM frame WHERE seq BETWEEN ? AND ? AND segment = ? AND start >= ?',
  cutAmendments: 'DELETE FROM amendment WHERE segment = ? AND start >= ?',
  removeAmendments: 'DELETE FROM amendment WHERE segment = ?',
  removeAmendmentsOf: 'DELETE FROM amendment WHERE seq BETWEEN ? AND ?',
  removeExtent: 'DELETE FROM segment WHERE segment = ?',
  stretches: 'SELECT first, last FROM page UNION ALL SELECT seq, seq FROM frame ORDER BY 1',
  clean: "SELECT value FROM setting WHERE name = 'trace.clean'",
  setClean: "INSERT OR REPLACE INTO setting (name, value) VALUES ('trace.clean', ?)",
  bytes: 'SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size',
} as const

/**
 * Reads and writes the trace's tables. Rows come in pages; a row that changed, or came alone, stands in `frame` and is the one that holds.
 * Writing methods expect the caller's transaction.
 */
export class TraceIndex {
  readonly #db: Db
  readonly #statements = new Map<keyof typeof SQL, Statement>()
  /** The page that was looked at last. */
  #page: Page | null = null

  constructor(db: Db) {
    this.#db = db
  }

  /** Adds rows that are new. */
  add({ first, last, low, high, rows }: PageParts): void {
    this.#sql('page').run(first, last, low, high, rows)
  }

  /** Adds a row; a seq that is there already keeps its first row (false then). */
  insert(row: TraceRow, place: Place): boolean {
    return this.#pageOf(row.seq) === null && this.#put('insert', row, place)
  }

  update(row: TraceRow): void {
    const place = this.place(row.seq)
    if (place !== undefined) this.#put('replace', row, place)
  }

  /** Rows `first … last` in order. */
  rows(first: Seq, last: Seq): TraceRow[] {
    const rows: TraceRow[] = []
    for (const page of this.#pages(first, last))
      for (let seq = Math.max(first, page.first); seq <= Math.min(last, page.last); seq++) rows.push(page.row(seq))
    const alone = this.#sql('rows').all(first, last)
    if (alone.length === 0) return rows
    const all = new Map(rows.map((row) => [row.seq, row]))
    for (const { seq, row } of alone) all.set(seq as Seq, new Unpacker(row as Uint8Array).row(seq as Seq))
    return [...all.values()].sort((a, b) => a.seq - b.seq)
  }

  row(seq: Seq): TraceRow | undefined {
    const alone = this.#sql('row').get(seq)
    return alone === undefined ? this.#pageOf(seq)?.row(seq) : new Unpacker(alone['row'] as Uint8Array).row(seq)
  }

  place(seq: Seq): Place | undefined {
    const alone = this.#sql('place').get(seq) as Place | undefined
    return alone ?? this.#pageOf(seq)?.place(seq)
  }

  /** Adds an amendment; false where it is there already. */
  amend(seq: Seq, place: Place): boolean {
    return this.#sql('amend').run(seq, place.segment, place.start, place.length).changes > 0
  }

  /** Places of a row's amendments, oldest first. */
  amendments(seq: Seq): Place[] {
    return this.#sql('amendments').all(seq) as unknown as Place[]
  }

  /** Seqs of one session, ascending. */
  session(session: number): Float64Array {
    if (session === 0) return new Float64Array()
    const seqs = new Set(
      this.#sql('session')
        .all(session)
        .map(({ seq }) => seq as Seq),
    )
    for (const page of this.#sql('pagesOf').all(session, session).map(pageOf))
      for (let seq = page.first; seq <= page.last; seq++) if (page.session(seq) === session) seqs.add(seq)
    const found = Float64Array.from(seqs).sort()
    for (const { seq } of this.#sql('otherSession').all(session, found[0] ?? 0, found.at(-1) ?? 0)) seqs.delete(seq as Seq)
    return seqs.size === found.length ? found : Float64Array.from(seqs).sort()
  }

  putSession(row: SessionRow): void {
    this.#sql('putSession').run(...SESSION.map((name) => row[name] as SqlValue))
  }

  /** Newest first. */
  sessions(): SessionRow[] {
    return this.#sql('sessions')
      .all()
      .map((sql) => ({ ...sql }) as unknown as SessionRow)
  }

  extent(extent: Extent): void {
    this.#sql('extent').run(extent.segment, extent.bytes, extent.first, extent.last)
  }

  extents(): Extent[] {
    return this.#sql('extents').all() as unknown as Extent[]
  }

  /** Lowest and highest seq; 1 and 0 where there is no row. */
  ends(): { first: Seq; last: Seq } {
    const sql = this.#sql('ends').get()
    return { first: Number(sql?.['first'] ?? 1), last: Number(sql?.['last'] ?? 0) }
  }

  /** Size of the whole database. */
  bytes(): number {
    return Number(this.#sql('bytes').get()?.['n'] ?? 0)
  }

  /** Stretches of seqs without a row between the first and the last row. */
  gaps(): { first: Seq; last: Seq }[] {
    const gaps: { first: Seq; last: Seq }[] = []
    let end = 0
    for (const sql of this.#sql('stretches').iterate()) {
      const first = sql['first'] as Seq
      if (end > 0 && first > end + 1) gaps.push({ first: end + 1, last: first - 1 })
      end = Math.max(end, sql['last'] as Seq)
    }
    return gaps
  }

  /** Forgets where the bytes of these rows of a segment lie; the rows stay. */
  lose(extent: Extent): void {
    this.#unfold(extent)
    this.#sql('lose').run(extent.first, extent.last, extent.segment)
    this.#sql('removeAmendments').run(extent.segment)
    this.#sql('removeExtent').run(extent.segment)
  }

  /** Removes a segment's rows and their amendments; returns how many rows there were. */
  remove(extent: Extent): number {
    this.#unfold(extent)
    this.#sql('removeAmendments').run(extent.segment)
    this.#sql('removeExtent').run(extent.segment)
    this.#sql('removeAmendmentsOf').run(extent.first, extent.last)
    return this.#sql('removeRows').run(extent.first, extent.last).changes
  }

  /** Removes rows and amendments of a segment whose records begin at or after `start`; returns the rows removed. */
  cut(extent: Extent, start: number): number {
    this.#unfold(extent)
    this.#sql('cutAmendments').run(extent.segment, start)
    return this.#sql('cutRows').run(extent.first, extent.last, extent.segment, start).changes
  }

  /** True where the store was closed in order the last time. */
  get clean(): boolean {
    return this.#sql('clean').get()?.['value'] === 'yes'
  }

  set clean(clean: boolean) {
    this.#sql('setClean').run(clean ? 'yes' : 'no')
  }

  /** Pages seen inside a transaction that was rolled back may be no longer true. */
  rolledBack(): void {
    this.#page = null
  }

  /** Puts the rows of all pages that reach into this extent into `frame`, where they can be changed one by one. */
  #unfold({ first, last }: Extent): void {
    this.#page = null
    for (const page of this.#pages(first, last)) {
      for (let seq = page.first; seq <= page.last; seq++) {
        const { segment, start, length } = page.place(seq)
        this.#sql('insert').run(seq, page.session(seq), segment, start, length, page.octets(seq))
      }
      this.#sql('removePage').run(page.first)
    }
  }

  #put(how: 'insert' | 'replace', row: TraceRow, { segment, start, length }: Place): boolean {
    const packer = new Packer()
    packer.row(row)
    return this.#sql(how).run(row.seq, row.session, segment, start, length, packer.packed).changes > 0
  }

  #pages(first: Seq, last: Seq): Page[] {
    return this.#sql('pages')
      .all(first, last)
      .map(pageOf)
      .filter((page) => page.last >= first)
  }

  #pageOf(seq: Seq): Page | null {
    const known = this.#page
    if (known !== null && seq >= known.first && seq <= known.last) return known
    return (this.#page = this.#pages(seq, seq)[0] ?? null)
  }

  #sql(name: keyof typeof SQL): Statement {
    let statement = this.#statements.get(name)
    if (statement === undefined) this.#statements.set(name, (statement = this.#db.prepare(SQL[name])))
    return statement
  }
}

const pageOf = (sql: Record<string, SqlValue>): Page => new Page(sql['first'] as Seq, sql['last'] as Seq, sql['rows'] as Uint8Array)
