// The trace: append-only and numbered. Bytes go to segments, summaries to SQLite, both in batches; what is not written yet is read from memory.
import type { FrameDetail, Seq, SessionRow, TracePage, TraceRow } from '../api.ts'
import { packPage } from '../page.ts'
import { type Crc32, crc32 } from './crc.ts'
import { amended, type Change, changeMeta, detailOf, type NewEntry, packEntry } from './entry.ts'
import { TraceIndex } from './index.ts'
import { Packer } from './packed.ts'
import { type Place, Waiting } from './pages.ts'
import type { Db, Segments } from './ports.ts'
import { AMENDMENT, ENTRY, SESSION } from './record.ts'
import { recover } from './recovery.ts'
import { Tail } from './tail.ts'
import { transaction } from './transaction.ts'

/** What the store gets from its host; all of it may be left out. */
export interface TraceOptions {
  /** SHA-256 as lower-case hex; without it `FrameDetail.sha256` is ''. */
  readonly sha256?: (bytes: Uint8Array) => string
  readonly crc32?: Crc32
  /** A segment is closed before it grows beyond this; default 64 MiB. */
  readonly segmentBytes?: number
  /** Called with each flush, when the trace is written: writes what else may wait as long. */
  readonly alongside?: () => void
  /** Reads beside the owner: nothing is recovered or written, and rows appear when the owner has flushed them. */
  readonly readOnly?: boolean
}

/** Default size of a segment. */
const SEGMENT_BYTES = 64 << 20
/** Buffered bytes and rows after which an append flushes by itself. */
const FLUSH_BYTES = 1 << 20
const FLUSH_ROWS = 1000
/** Buffered bytes and rows that are kept while the disk refuses to take them; after that `append` throws. */
const MOST_BYTES = 64 << 20
const MOST_ROWS = 100_000
/** Rows that `each` reads at a time. */
const STRIDE = 256

/** Records and reads trace rows. One writer; the schema is the newest (see `migrate`). */
export class TraceStore {
  /** What opening had to mend, in words; '' where nothing. */
  readonly recovery: string
  readonly #db: Db
  readonly #segments: Segments
  readonly #tail: Tail
  readonly #index: TraceIndex
  readonly #options: TraceOptions
  #first = 1
  #last = 0
  /** Highest seq in the index. */
  #indexed = 0
  readonly #packer = new Packer()
  /** Rows that are new since the last flush, as they were recorded: those behind `#indexed`, in order; and where they lie. */
  readonly #waiting = new Waiting()
  /** Rows that changed since the last flush, as they are now. */
  readonly #changed = new Map<Seq, TraceRow>()
  readonly #amendments: { readonly seq: Seq; readonly place: Place }[] = []
  readonly #movedSessions = new Map<number, SessionRow>()
  #unindexedSessions: SessionRow[] = []
  #sessions: Map<number, SessionRow> | null = null
  #patience = { bytes: FLUSH_BYTES, rows: FLUSH_ROWS }
  #closed = false

  private constructor(db: Db, segments: Segments, options: TraceOptions) {
    this.#db = db
    this.#segments = segments
    this.#options = options
    this.#index = new TraceIndex(db)
    const crc = options.crc32 ?? crc32
    this.#tail = new Tail(segments, crc, options.segmentBytes ?? SEGMENT_BYTES)
    if (options.readOnly === true) {
      this.recovery = ''
      return
    }
    this.recovery = recover({ db, index: this.#index, segments, crc32: crc }).join('; ')
    this.#index.clean = false
    const { first, last } = this.#index.ends()
    this.#first = first
    this.#last = this.#indexed = last
    this.#tail.resume(this.#index.extents())
  }

  /** Opens the trace and recovers it. Throws an Error where the segments cannot be read or are of a newer format. */
  static open(db: Db, segments: Segments, options: TraceOptions = {}): TraceStore {
    return new TraceStore(db, segments, options)
  }

  /** Lowest seq there is; 1 in an empty trace. */
  get first(): Seq {
    return this.#options.readOnly === true ? this.#index.ends().first : this.#first
  }

  /** Highest seq there is; 0 in an empty trace. */
  get last(): Seq {
    return this.#options.readOnly === true ? this.#index.ends().last : this.#last
  }

  /** Records a row and returns its seq. Throws where the disk has refused so much that memory would overflow. */
  append(entry: NewEntry): Seq {
    return this.record(entry).seq
  }

  /** As `append`; returns the row as it is kept. */
  record(entry: NewEntry): TraceRow {
    this.#writable()
    this.#room()
    const seq = this.#last + 1
    const row = { ...entry.row, seq }
    const length = packEntry(this.#packer, row, entry)
    const meta = this.#packer.packed
    const place = this.#tail.put(ENTRY, seq, meta, entry.bytes)
    this.#last = seq
    this.#waiting.add(meta.subarray(0, length), place)
    this.#tail.begins(seq, place)
    this.#flushIfMuch()
    return row
  }

  /** Says something further of a row. Throws an Error where there is no such row. */
  amend(seq: Seq, change: Change): void {
    this.#writable()
    this.#room()
    const row = this.row(seq)
    if (row === undefined) throw new Error(`row ${seq} cannot be amended: the trace holds ${this.#first} to ${this.#last}`)
    const place = this.#tail.put(AMENDMENT, seq, changeMeta(change), change.bytes ?? null)
    const record = this.#tail.read(place)
    if (typeof record === 'string') throw new Error(record)
    this.#changed.set(seq, amended(row, record))
    this.#amendments.push({ seq, place })
    this.#flushIfMuch()
  }

  /** Rows from `first` upwards, at most `count`; fewer where the trace ends. Rows not yet flushed are among them. */
  rows(first: Seq, count: number): TracePage {
    return packPage(this.#range(Math.max(first, this.first), Math.min(first + count - 1, this.last)))
  }

  /** One row as it is now; undefined where there is no such row. */
  row(seq: Seq): TraceRow | undefined {
    return this.#memory(seq) ?? this.#index.row(seq)
  }

  /** Everything known of a row; undefined where there is no such row. Bytes that cannot be read are told by a note of topic `problem`. */
  frame(seq: Seq): FrameDetail | undefined {
    const row = this.row(seq)
    return row === undefined ? undefined : this.#detail(row)
  }

  /** Rows `from … to` with all that is known of them, read as they are asked for. */
  *each(from: Seq, to: Seq): Generator<FrameDetail> {
    const end = Math.min(to, this.last)
    for (let first = Math.max(from, this.first); first <= end; first += STRIDE)
      for (const row of this.#range(first, Math.min(first + STRIDE - 1, end))) yield this.#detail(row)
  }

  /** All sessions, newest first. */
  sessions(): SessionRow[] {
    if (this.#options.readOnly === true) return this.#index.sessions()
    return [...this.#knownSessions().values()].sort((a, b) => b.session - a.session)
  }

  /** Seqs of one session, ascending. */
  session(session: number): Float64Array {
    const seqs = new Set(this.#index.session(session))
    for (let i = 0; i < this.#waiting.count; i++) if (session > 0 && this.#waiting.session(i) === session) seqs.add(this.#indexed + 1 + i)
    for (const row of this.#changed.values())
      if (row.session === session && session > 0) seqs.add(row.seq)
      else seqs.delete(row.seq)
    return Float64Array.from(seqs).sort()
  }

  /** Keeps a session's row; written with the next flush. */
  putSession(row: SessionRow): void {
    this.#writable()
    this.#knownSessions().set(row.session, row)
    this.#movedSessions.set(row.session, row)
  }

  /** Bytes this trace and the database around it take: segments (buffered bytes too) and database pages. */
  bytes(): number {
    const readOnly = this.#options.readOnly === true
    const segments = readOnly ? this.#segments.list().reduce((sum, segment) => sum + this.#segments.size(segment), 0) : this.#tail.bytes
    return segments + this.#index.bytes()
  }

  /**
   * Writes what is buffered: bytes first, then their summaries in one transaction. Throws what the disk or the database says;
   * nothing is lost then, the next flush tries again.
   */
  flush(): void {
    this.#writable()
    this.#write()
    this.#options.alongside?.()
  }

  #write(): void {
    for (const [key, row] of this.#movedSessions) {
      this.#tail.put(SESSION, key, JSON.stringify(row), null)
      this.#unindexedSessions.push(row)
      this.#movedSessions.delete(key)
    }
    this.#tail.write()
    if (this.#waiting.count === 0 && this.#changed.size === 0 && this.#amendments.length === 0 && this.#unindexedSessions.length === 0) return
    try {
      transaction(this.#db, () => this.#indexAll())
    } catch (error) {
      this.#index.rolledBack()
      throw error
    }
    this.#indexed = this.#last
    this.#waiting.clear()
    this.#changed.clear()
    this.#amendments.length = 0
    this.#unindexedSessions = []
    this.#patience = { bytes: FLUSH_BYTES, rows: FLUSH_ROWS }
    this.#tail.learnt()
  }

  /** Flushes, makes it all survive a power cut, and marks the trace as closed in order. The database stays open. */
  close(): void {
    if (this.#closed) return
    if (this.#options.readOnly !== true) {
      this.flush()
      this.#tail.sync()
      this.#index.clean = true
    }
    this.#closed = true
  }

  #writable(): void {
    if (this.#options.readOnly === true) throw new Error('the trace is open for reading only')
    if (this.#closed) throw new Error('the trace is closed')
  }

  #indexAll(): void {
    for (const page of this.#waiting.pages(this.#indexed + 1)) this.#index.add(page)
    for (const row of this.#changed.values()) this.#index.update(row)
    for (const { seq, place } of this.#amendments) this.#index.amend(seq, place)
    for (const row of this.#unindexedSessions) this.#index.putSession(row)
    for (const extent of this.#tail.extents()) this.#index.extent(extent)
  }

  /** Where a disk has refused so much that memory would overflow, the next try's error is the caller's. */
  #room(): void {
    if (this.#tail.buffered > MOST_BYTES || this.#waiting.count > MOST_ROWS) this.flush()
  }

  /** A full disk must not stop the sockets: the host's own flush tells of the error; here it is tried again when as much has come once more. */
  #flushIfMuch(): void {
    if (this.#tail.buffered < this.#patience.bytes && this.#waiting.count < this.#patience.rows) return
    try {
      this.flush()
    } catch {
      this.#patience = { bytes: this.#tail.buffered + FLUSH_BYTES, rows: this.#waiting.count + FLUSH_ROWS }
    }
  }

  /** A row that is new or changed since the last flush. */
  #memory(seq: Seq): TraceRow | undefined {
    return this.#changed.get(seq) ?? this.#waiting.row(seq - this.#indexed - 1, seq)
  }

  #range(first: Seq, last: Seq): TraceRow[] {
    if (!(last >= first)) return []
    const readOnly = this.#options.readOnly === true
    const stored = readOnly || first <= this.#indexed ? this.#index.rows(first, readOnly ? last : Math.min(last, this.#indexed)) : []
    if (this.#waiting.count === 0 && this.#changed.size === 0) return stored
    const rows = stored.map((row) => this.#memory(row.seq) ?? row)
    for (let seq = Math.max(first, this.#indexed + 1); seq <= last; seq++) {
      const row = this.#memory(seq)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  #detail(row: TraceRow): FrameDetail {
    const place = this.#waiting.place(row.seq - this.#indexed - 1) ?? this.#index.place(row.seq)
    const entry = place === undefined || place.segment === 0 ? `the bytes of row ${row.seq} are lost` : this.#tail.read(place)
    const later = this.#amendments.filter((amendment) => amendment.seq === row.seq).map((amendment) => amendment.place)
    const amendments = [...this.#index.amendments(row.seq), ...later].map((at) => this.#tail.read(at))
    return detailOf(row, entry, amendments, this.#options.sha256 ?? (() => ''))
  }

  #knownSessions(): Map<number, SessionRow> {
    this.#sessions ??= new Map(this.#index.sessions().map((row) => [row.session, row]))
    return this.#sessions
  }
}
