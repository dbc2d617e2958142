// The index of the trace: summaries and places of bytes in SQLite. The segments are the truth; everything here can be made again from them.
import type { Seq, SessionRow, TraceRow } from '../api.ts'
import type { Db, SqlValue, Statement } from './ports.ts'
import { COLUMNS, fromColumns, toColumns } from './summary.ts'
import { Texts } from './texts.ts'

/** Where a record lies. Segment 0: nowhere (its bytes are lost). */
export interface Place {
  readonly segment: number
  readonly start: number
  readonly length: number
}

/** How far a segment is indexed, and which rows begin in it (0 where none). */
export interface Extent {
  readonly segment: number
  readonly bytes: number
  readonly first: Seq
  readonly last: Seq
}

const columns = COLUMNS.join(', ')
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
  insert: `INSERT OR IGNORE INTO frame (${columns}, segment, start, length) VALUES (${COLUMNS.map(() => '?').join(', ')}, ?, ?, ?)`,
  update: `UPDATE frame SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE seq = ?`,
  rows: `SELECT ${columns} FROM frame WHERE seq BETWEEN ? AND ? ORDER BY seq`,
  place: 'SELECT segment, start, length FROM frame WHERE seq = ?',
  amend: 'INSERT OR IGNORE INTO amendment (seq, segment, start, length) VALUES (?, ?, ?, ?)',
  amendments: 'SELECT segment, start, length FROM amendment WHERE seq = ? ORDER BY segment, start',
  session: 'SELECT seq FROM frame WHERE session = ? AND session > 0 ORDER BY seq',
  putSession: `INSERT OR REPLACE INTO session (${SESSION.join(', ')}) VALUES (${SESSION.map(() => '?').join(', ')})`,
  sessions: `SELECT ${SESSION.join(', ')} FROM session ORDER BY session DESC`,
  extent: 'INSERT OR REPLACE INTO segment (segment, bytes, first, last) VALUES (?, ?, ?, ?)',
  extents: 'SELECT segment, bytes, first, last FROM segment ORDER BY segment',
  ends: 'SELECT (SELECT min(seq) FROM frame) AS first, (SELECT max(seq) FROM frame) AS last',
  lose: 'UPDATE frame SET segment = 0 WHERE seq BETWEEN ? AND ? AND segment = ?',
  removeRows: 'DELETE FROM frame WHERE seq BETWEEN ? AND ?',
  cutRows: 'DELETE FROM frame WHERE seq BETWEEN ? AND ? AND segment = ? AND start >= ?',
  cutAmendments: 'DELETE FROM amendment WHERE segment = ? AND start >= ?',
  removeAmendments: 'DELETE FROM amendment WHERE segment = ?',
  removeAmendmentsOf: 'DELETE FROM amendment WHERE seq BETWEEN ? AND ?',
  removeExtent: 'DELETE FROM segment WHERE segment = ?',
  gaps: `SELECT seq + 1 AS first, next - 1 AS last FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS next FROM frame) WHERE next > seq + 1`,
  clean: "SELECT value FROM setting WHERE name = 'trace.clean'",
  setClean: "INSERT OR REPLACE INTO setting (name, value) VALUES ('trace.clean', ?)",
  count: 'SELECT count(*) AS n FROM frame',
  bytes: 'SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size',
} as const

/** Reads and writes the trace's tables. Writing methods expect the caller's transaction. */
export class TraceIndex {
  readonly #db: Db
  readonly #texts: Texts
  readonly #statements = new Map<keyof typeof SQL, Statement>()

  constructor(db: Db) {
    this.#db = db
    this.#texts = new Texts(db)
  }

  /** Adds a row; a seq that is there already keeps its first row (false then). */
  insert(row: TraceRow, place: Place): boolean {
    return this.#sql('insert').run(...toColumns(row, this.#texts), place.segment, place.start, place.length).changes > 0
  }

  update(row: TraceRow): void {
    this.#sql('update').run(...toColumns(row, this.#texts), row.seq)
  }

  /** Rows `first … last` in order. */
  rows(first: Seq, last: Seq): TraceRow[] {
    return this.#sql('rows')
      .all(first, last)
      .map((sql) => fromColumns(sql, this.#texts))
  }

  place(seq: Seq): Place | undefined {
    return this.#sql('place').get(seq) as Place | undefined
  }

  /** Adds an amendment; false where it is there already. */
  amend(seq: Seq, place: Place): boolean {
    return this.#sql('amend').run(seq, place.segment, place.start, place.length).changes > 0
  }

  /** Places of a row's amendments, oldest first. */
  amendments(seq: Seq): Place[] {
    return this.#sql('amendments').all(seq) as unknown as Place[]
  }

  session(session: number): Float64Array {
    return Float64Array.from(this.#sql('session').all(session), (sql) => sql['seq'] as number)
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

  count(): number {
    return Number(this.#sql('count').get()?.['n'] ?? 0)
  }

  /** Stretches of seqs without a row between the first and the last row. */
  gaps(): { first: Seq; last: Seq }[] {
    return this.#sql('gaps').all() as unknown as { first: Seq; last: Seq }[]
  }

  /** Forgets where the bytes of these rows of a segment lie; the rows stay. */
  lose(extent: Extent): void {
    this.#sql('lose').run(extent.first, extent.last, extent.segment)
    this.#sql('removeAmendments').run(extent.segment)
    this.#sql('removeExtent').run(extent.segment)
  }

  /** Removes a segment's rows and their amendments; returns how many rows there were. */
  remove(extent: Extent): number {
    this.#sql('removeAmendments').run(extent.segment)
    this.#sql('removeExtent').run(extent.segment)
    this.#sql('removeAmendmentsOf').run(extent.first, extent.last)
    return this.#sql('removeRows').run(extent.first, extent.last).changes
  }

  /** Removes rows and amendments of a segment whose records begin at or after `start`; returns the rows removed. */
  cut(extent: Extent, start: number): number {
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

  /** Ids given inside a transaction that was rolled back are no longer true. */
  rolledBack(): void {
    this.#texts.clear()
  }

  #sql(name: keyof typeof SQL): Statement {
    let statement = this.#statements.get(name)
    if (statement === undefined) this.#statements.set(name, (statement = this.#db.prepare(SQL[name])))
    return statement
  }
}
