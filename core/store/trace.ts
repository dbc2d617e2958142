// The trace: append-only and numbered. Bytes go to segments, summaries to SQLite, both in batches; what is not written yet is read from memory.
import type { FrameDetail, Seq, SessionRow, TracePage, TraceRow } from '../api.ts'
import { packPage } from '../page.ts'
import { type Crc32, crc32 } from './crc.ts'
import { amended, type Change, changeMeta, detailOf, entryMeta, type NewEntry, type Reading } from './entry.ts'
import { type Extent, type Place, TraceIndex } from './index.ts'
import type { Db, Segments } from './ports.ts'
import { AMENDMENT, encodeRecord, ENTRY, FORMAT, HEAD, readRecord, SESSION } from './record.ts'
import { recover } from './recovery.ts'
import { pragma } from './schema.ts'
import { transaction } from './transaction.ts'

export type { Change, NewEntry } from './entry.ts'

/** What the store gets from its host; all of it may be left out. */
export interface TraceOptions {
  /** SHA-256 as lower-case hex; without it `FrameDetail.sha256` is ''. */
  readonly sha256?: (bytes: Uint8Array) => string
  readonly crc32?: Crc32
  /** A segment is closed before it grows beyond this; default 64 MiB. */
  readonly segmentBytes?: number
  /** Reads beside the owner: nothing is recovered or written, and rows appear when the owner has flushed them. */
  readonly readOnly?: boolean
}

/** Buffered bytes and rows after which an append flushes by itself. */
const FLUSH_BYTES = 1 << 20
const FLUSH_ROWS = 1000
/** Buffered bytes that are kept while the disk refuses to take them; after that `append` throws. */
const MOST_BYTES = 64 << 20
/** Rows that `each` reads at a time. */
const STRIDE = 256

/** Records and reads trace rows. One writer; the schema is the newest (see `migrate`). */
export class TraceStore {
  /** What opening had to mend, in words; '' where nothing. */
  readonly recovery: string
  readonly #db: Db
  readonly #segments: Segments
  readonly #index: TraceIndex
  readonly #options: TraceOptions
  readonly #crc32: Crc32
  #first = 1
  #last = 0
  /** Highest seq in the index. */
  #indexed = 0
  #segment = 1
  /** Bytes of the current segment on disk, and those waiting to follow them, by their place. */
  #written = 0
  #buffered = 0
  /** Bytes of all earlier segments. */
  #before = 0
  readonly #buffer = new Map<number, Uint8Array>()
  /** Rows that are new or changed since the last flush, as they are now. */
  readonly #rows = new Map<Seq, TraceRow>()
  readonly #entries = new Map<Seq, Place>()
  readonly #amendments: { readonly seq: Seq; readonly place: Place }[] = []
  readonly #extents = new Map<number, Extent>()
  readonly #movedSessions = new Map<number, SessionRow>()
  #unindexedSessions: SessionRow[] = []
  #sessions: Map<number, SessionRow> | null = null
  #closed = false

  private constructor(db: Db, segments: Segments, options: TraceOptions) {
    this.#db = db
    this.#segments = segments
    this.#options = options
    this.#index = new TraceIndex(db)
    this.#crc32 = options.crc32 ?? crc32
    if (options.readOnly === true) {
      this.recovery = ''
      return
    }
    this.recovery = recover({ db, index: this.#index, segments, crc32: this.#crc32 }).join('; ')
    this.#index.clean = false
    const { first, last } = this.#index.ends()
    this.#first = first
    this.#last = this.#indexed = last
    this.#segment = segments.list().at(-1) ?? 1
    this.#written = segments.list().length > 0 ? segments.size(this.#segment) : 0
    this.#before = this.#sizes(this.#segment)
    for (const extent of this.#index.extents()) if (extent.segment === this.#segment) this.#extents.set(extent.segment, extent)
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
    this.#writable()
    const seq = this.#last + 1
    const row = { ...entry.row, seq }
    const place = this.#put(ENTRY, seq, entryMeta(row, entry), entry.bytes)
    this.#last = seq
    this.#rows.set(seq, row)
    this.#entries.set(seq, place)
    const extent = this.#extents.get(place.segment)
    if (extent !== undefined) this.#extents.set(place.segment, { ...extent, first: extent.first === 0 ? seq : extent.first, last: seq })
    this.#flushIfMuch()
    return seq
  }

  /** Says something further of a row. Throws an Error where there is no such row. */
  amend(seq: Seq, change: Change): void {
    this.#writable()
    const row = this.#row(seq)
    if (row === undefined) throw new Error(`row ${seq} cannot be amended: the trace holds ${this.#first} to ${this.#last}`)
    const place = this.#put(AMENDMENT, seq, changeMeta(change), change.bytes ?? null)
    const record = this.#read(place)
    if (typeof record === 'string') throw new Error(record)
    this.#rows.set(seq, amended(row, record))
    this.#amendments.push({ seq, place })
    this.#flushIfMuch()
  }

  /** Rows from `first` upwards, at most `count`; fewer where the trace ends. Rows not yet flushed are among them. */
  rows(first: Seq, count: number): TracePage {
    return packPage(this.#range(Math.max(first, this.first), Math.min(first + count - 1, this.last)))
  }

  /** Everything known of a row; undefined where there is no such row. Bytes that cannot be read are told by a note of topic `problem`. */
  frame(seq: Seq): FrameDetail | undefined {
    const row = this.#row(seq)
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
    for (const row of this.#rows.values())
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
    const before = this.#options.readOnly === true ? this.#sizes(Infinity) : this.#before
    return before + this.#written + this.#buffered + pragma(this.#db, 'page_count') * pragma(this.#db, 'page_size')
  }

  /**
   * Writes what is buffered: bytes first, then their summaries in one transaction. Throws what the disk or the database says;
   * nothing is lost then, the next flush tries again.
   */
  flush(): void {
    this.#writable()
    for (const [key, row] of this.#movedSessions) {
      this.#put(SESSION, key, JSON.stringify(row), null)
      this.#unindexedSessions.push(row)
      this.#movedSessions.delete(key)
    }
    this.#write()
    if (this.#rows.size === 0 && this.#amendments.length === 0 && this.#unindexedSessions.length === 0) return
    try {
      transaction(this.#db, () => this.#indexAll())
    } catch (error) {
      this.#index.rolledBack()
      throw error
    }
    this.#indexed = this.#last
    this.#rows.clear()
    this.#entries.clear()
    this.#amendments.length = 0
    this.#unindexedSessions = []
    for (const segment of this.#extents.keys()) if (segment !== this.#segment) this.#extents.delete(segment)
  }

  /** Flushes, makes it all survive a power cut, and marks the trace as closed in order. The database stays open. */
  close(): void {
    if (this.#closed) return
    if (this.#options.readOnly !== true) {
      this.flush()
      if (this.#written > 0) this.#segments.sync(this.#segment)
      this.#index.clean = true
    }
    this.#closed = true
  }

  /** Bytes of the segments below one. */
  #sizes(below: number): number {
    return this.#segments.list().reduce((sum, segment) => sum + (segment < below ? this.#segments.size(segment) : 0), 0)
  }

  #writable(): void {
    if (this.#options.readOnly === true) throw new Error('the trace is open for reading only')
    if (this.#closed) throw new Error('the trace is closed')
  }

  #indexAll(): void {
    for (const [seq, row] of this.#rows) {
      const place = this.#entries.get(seq)
      if (place === undefined) this.#index.update(row)
      else this.#index.insert(row, place)
    }
    for (const { seq, place } of this.#amendments) this.#index.amend(seq, place)
    for (const row of this.#unindexedSessions) this.#index.putSession(row)
    for (const extent of this.#extents.values()) this.#index.extent(extent)
  }

  /** Buffers a record at the end of the current segment, or of a new one where this one is full. */
  #put(type: number, number: number, meta: string, bytes: Uint8Array | null): Place {
    if (this.#buffered > MOST_BYTES) this.#write()
    const record = encodeRecord(type, number, meta, bytes, this.#crc32)
    const end = this.#written + this.#buffered
    if (end > 0 && end + record.length > (this.#options.segmentBytes ?? 64 << 20)) this.#roll()
    if (this.#written + this.#buffered === 0) {
      this.#extents.set(this.#segment, { segment: this.#segment, bytes: 0, first: 0, last: 0 })
      this.#push(encodeRecord(HEAD, FORMAT, '{}', null, this.#crc32))
    }
    return this.#push(record)
  }

  #push(record: Uint8Array): Place {
    const start = this.#written + this.#buffered
    this.#buffer.set(start, record)
    this.#buffered += record.length
    return { segment: this.#segment, start, length: record.length }
  }

  #roll(): void {
    this.#write()
    this.#segments.sync(this.#segment)
    this.#segment += 1
    this.#before += this.#written
    this.#written = 0
  }

  /** Writes the buffered records to the current segment in one piece. */
  #write(): void {
    if (this.#buffered === 0) return
    const all = new Uint8Array(this.#buffered)
    for (const [start, record] of this.#buffer) all.set(record, start - this.#written)
    const at = this.#segments.append(this.#segment, all)
    if (at !== this.#written) throw new Error(`segment ${this.#segment} was written by somebody else: it ends at ${at}, not at ${this.#written}`)
    this.#written += all.length
    this.#buffered = 0
    this.#buffer.clear()
    const extent = this.#extents.get(this.#segment)
    if (extent !== undefined) this.#extents.set(this.#segment, { ...extent, bytes: this.#written })
  }

  /** A full disk must not stop the sockets: the host's own flush tells of the error, and `#put` stops before memory overflows. */
  #flushIfMuch(): void {
    if (this.#buffered < FLUSH_BYTES && this.#rows.size < FLUSH_ROWS) return
    try {
      this.flush()
    } catch (error) {
      if (this.#buffered > MOST_BYTES) throw error
    }
  }

  #row(seq: Seq): TraceRow | undefined {
    return this.#rows.get(seq) ?? this.#index.rows(seq, seq)[0]
  }

  #range(first: Seq, last: Seq): TraceRow[] {
    if (!(last >= first)) return []
    const readOnly = this.#options.readOnly === true
    const stored = readOnly || first <= this.#indexed ? this.#index.rows(first, readOnly ? last : Math.min(last, this.#indexed)) : []
    if (this.#rows.size === 0) return stored
    const rows = stored.map((row) => this.#rows.get(row.seq) ?? row)
    for (let seq = Math.max(first, this.#indexed + 1); seq <= last; seq++) {
      const row = this.#rows.get(seq)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  #detail(row: TraceRow): FrameDetail {
    const place = this.#entries.get(row.seq) ?? this.#index.place(row.seq)
    const entry = place === undefined || place.segment === 0 ? `the bytes of row ${row.seq} are lost` : this.#read(place)
    const later = this.#amendments.filter((amendment) => amendment.seq === row.seq).map((amendment) => amendment.place)
    const amendments = [...this.#index.amendments(row.seq), ...later].map((at) => this.#read(at))
    return detailOf(row, entry, amendments, this.#options.sha256 ?? (() => ''))
  }

  #read(place: Place): Reading {
    const waiting = place.segment === this.#segment ? this.#buffer.get(place.start) : undefined
    try {
      const bytes = waiting ?? this.#segments.read(place.segment, place.start, place.length)
      const record = readRecord(bytes, 0, this.#crc32)
      return record ?? `segment ${place.segment}: the record of ${place.length} bytes at offset ${place.start} is damaged`
    } catch (error) {
      return `segment ${place.segment}: ${place.length} bytes at offset ${place.start} cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  #knownSessions(): Map<number, SessionRow> {
    this.#sessions ??= new Map(this.#index.sessions().map((row) => [row.session, row]))
    return this.#sessions
  }
}
