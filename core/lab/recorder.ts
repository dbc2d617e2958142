// Turns what passes into trace entries: summaries derived from the exact bytes, sessions, packages, findings. It never changes a byte.
import type { Direction, FrameDetail, HoldState, Hop, Seq, SessionRow, TraceRow } from '../api.ts'
import type { Frame, Headers, Note } from '../machine.ts'
import { BARE_ROW } from '../store/barerow.ts'
import type { TraceStore } from '../store/trace.ts'
import type { NewEntry } from '../store/entry.ts'
import type { Decoded } from '../syncml/codec.ts'
import { graver, gravest } from '../syncml/finding.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Message } from '../syncml/message.ts'
import type { Summary } from '../syncml/summary.ts'
import { packPage, readPage } from '../page.ts'
import { News } from './news.ts'
import type { Watcher } from './news.ts'
import type { Refused } from './ports.ts'
import { asSaid, EMPTY, packageOf, readFrame } from './reading.ts'
import type { Reading } from './reading.ts'
import { SessionIndex } from './sessions.ts'

/** What the transport and the host know of a message besides its bytes. */
export interface Passage {
  readonly direction: Direction
  /** The leg, or how it follows from the device that the message names. */
  readonly hop: Hop | ((device: string) => Hop)
  readonly frame: Frame
  /** What our own frame says, as reading its bytes would tell; absent where they are all that is known. */
  readonly message?: Message | undefined
  /** What the frame reads as; absent: it is read now. */
  readonly reading?: Reading | null
  readonly at: number
  readonly mono: number
  readonly startLine: string
  readonly headers: Headers
  readonly local: string
  readonly remote: string
  readonly cause: Seq | null
  /** Package of the message this one answers; '' where it answers none. */
  readonly answers: string
  readonly httpStatus: number
  readonly hold: HoldState
}

/** A frame that was read and not yet recorded. */
export interface Draft {
  readonly passage: Passage
  readonly row: Omit<TraceRow, 'seq'>
  readonly findings: readonly Finding[]
  /** What the bytes decode to; null where they do not. */
  readonly decoded: Pick<Decoded, 'message'> | null
}

/** A placed message: its row number, its session and, where it could be read, its summary. */
export interface Placed {
  readonly seq: Seq
  readonly session: number
  readonly row: TraceRow
}

/** What stands for a row while recording is off. */
const NOT_RECORDED: TraceRow = { ...BARE_ROW, seq: 0, kind: 'message' }

/** Texts kept once at the most. */
const TEXTS = 2000

/** Writes trace entries and keeps the sessions' rows; announces what is new in batches, when `announce` is called. */
export class Recorder {
  readonly #store: TraceStore
  readonly #news: News
  readonly #origin: string
  readonly #on: boolean
  readonly sessions = new SessionIndex()
  readonly #texts = new Map<string, string>()
  readonly #happenings: { readonly at: number; readonly mono: number; readonly note: Note }[] = []

  /** `on` false records nothing (to measure what recording costs): rows get number 0 and are not kept. */
  constructor(store: TraceStore, origin: string, watcher: Watcher, on = true) {
    this.#on = on
    this.#store = store
    this.#origin = origin
    this.#news = new News(watcher)
    this.sessions.restore(store.sessions())
    for (const row of this.sessions.open()) this.move(row.session, 'failed', 'the lab stopped while this session was open')
  }

  /** Records a SyncML frame, readable or not, with what the machines said of it. */
  message(passage: Passage, notes: readonly Note[] = []): Placed {
    return this.write(this.read(passage), notes)
  }

  /** What a frame says, for `read`; null while recording is off. */
  reading(frame: Frame): Reading | null {
    return this.#on ? readFrame(frame) : null
  }

  /** Reads a frame and finds its session; nothing is recorded yet. */
  read(passage: Passage): Draft {
    const { frame, message, direction, reading } = passage
    if (!this.#on) return { passage, row: NOT_RECORDED, findings: [], decoded: null }
    const read = message === undefined ? (reading ?? readFrame(frame)) : asSaid(message)
    const summary = read.summary ?? EMPTY
    const session = read.summary === null ? 0 : this.#place(direction, summary, passage.at, frame.bytes)
    const row: Omit<TraceRow, 'seq'> = {
      kind: 'message',
      at: passage.at,
      mono: passage.mono,
      direction,
      hop: typeof passage.hop === 'function' ? passage.hop(direction === 'up' ? summary.source : summary.target) : passage.hop,
      session,
      sessionId: summary.sessionId,
      device: this.sessions.deviceOf(session),
      msgId: summary.msgId,
      package: read.summary === null ? '' : packageOf(direction, summary, passage.answers),
      encoding: frame.encoding,
      size: frame.bytes.length,
      commands: summary.commands,
      statuses: summary.statuses,
      target: this.#kept(summary.firstTarget),
      final: summary.final,
      httpStatus: passage.httpStatus,
      findings: read.findings.length,
      severity: gravest(read.findings),
      hold: passage.hold,
      text: read.reason,
    }
    return { passage, row, findings: read.findings, decoded: read.decoded }
  }

  /** Records what was read, with what the machines said of it meanwhile. */
  write({ passage, row: read, findings: own }: Draft, notes: readonly Note[] = [], hold: HoldState = read.hold): Placed {
    if (!this.#on) return { seq: 0, session: 0, row: NOT_RECORDED }
    const told = findingsOf(notes)
    const findings = told.length === 0 ? own : [...own, ...told]
    const same = told.length === 0 && hold === read.hold
    const row = same ? read : { ...read, findings: findings.length, severity: graver(read.severity, gravest(told)), hold }
    const { startLine, headers, local, remote, cause } = passage
    const entry = { row, bytes: passage.frame.bytes, startLine, headers, local, remote, cause, origin: this.#origin, findings, notes }
    if (passage.direction === 'down') this.settle()
    const full = this.#store.record(entry)
    const { seq } = full
    this.#news.row(seq)
    if (this.sessions.count(row.session, seq, passage.at, row.findings, row.severity)) this.#news.session(row.session)
    if (passage.direction === 'up') this.settle(seq)
    return { seq, session: row.session, row: full }
  }

  /** Records an exchange that was no SyncML message: refused type, oversize, unreadable HTTP. */
  refused(refused: Refused): Seq {
    const text = refused.truncated ? `${refused.reason} (only the first ${refused.bytes.length} bytes were read)` : refused.reason
    return this.#other(refused.kind ?? 'http', refused, refused.httpStatus, text, null)
  }

  /** Records the error answer to a frame (`cause`), or an event without bytes. */
  answerError(
    what: { at: number; mono: number; startLine: string; headers: Headers },
    httpStatus: number,
    text: string,
    cause: Seq,
    session: number,
  ): Seq {
    return this.#other(
      'http',
      { ...what, local: '', remote: '', bytes: new TextEncoder().encode(`${text}\n`) },
      httpStatus,
      text,
      cause,
      'down',
      session,
    )
  }

  /** Records an event of the lab itself: a session that timed out, a peer that vanished. */
  event(at: number, mono: number, text: string, session: number, cause: Seq | null, notes: readonly Note[] = []): Seq {
    const base = { at, mono, startLine: '', headers: [], local: '', remote: '', bytes: new Uint8Array() }
    return this.#other('event', base, 0, text, cause, 'up', session, notes)
  }

  /** Records what happened off the wire (core/mo/events.ts). */
  happened(at: number, mono: number, note: Note, cause: Seq | null = null, session = 0): Seq {
    return this.event(at, mono, note.text, session, cause, [note])
  }

  /** The same, told by a machine while it handles a message whose row is not written yet: it comes behind that row, or before whatever else is recorded next. */
  happens(at: number, mono: number, note: Note): void {
    this.#happenings.push({ at, mono, note })
  }

  /** Writes what waits since `happens`; `cause` is the row that made it happen. */
  settle(cause: Seq | null = null): void {
    if (this.#happenings.length === 0) return
    for (const { at, mono, note } of this.#happenings.splice(0)) this.happened(at, mono, note, cause)
  }

  /** Takes in a row of another capture as it is, with a session of its own where it is a message; `original` is what an edited one had been. `fresh`: equal bytes begin a new session where the one before is over. */
  import(entry: NewEntry, original: Uint8Array | null, fresh = false): Seq {
    this.settle()
    const { row } = entry
    const read = row.kind === 'message' && row.encoding !== '' ? readFrame({ bytes: entry.bytes, encoding: row.encoding }) : null
    const summary = read?.summary ?? null
    const session = summary === null ? 0 : this.#place(row.direction, summary, row.at, entry.bytes, fresh)
    const seq = this.#store.append({ ...entry, bytes: original ?? entry.bytes, row: { ...row, session } })
    if (original !== null) this.#store.amend(seq, { bytes: entry.bytes })
    this.#news.row(seq)
    if (this.sessions.count(session, seq, row.at, row.findings, row.severity)) this.#news.session(session)
    return seq
  }

  /** Adds what the machines said while they handled row `seq`, and counts their findings in. */
  remark(seq: Seq, session: number, notes: readonly Note[]): void {
    if (notes.length === 0 || seq === 0) return
    const findings = findingsOf(notes)
    const row = findings.length > 0 ? this.row(seq) : undefined
    const change = row === undefined ? {} : { row: { findings: row.findings + findings.length, severity: graver(row.severity, gravest(findings)) } }
    this.#store.amend(seq, { notes: [...notes], findings, ...change })
    if (row === undefined) return
    this.#news.row(seq)
    if (this.sessions.blame(session, findings.length, gravest(findings))) this.#news.session(session)
  }

  /** Moves a row's hold state; `sent` tells the edited body and when it left. */
  hold(seq: Seq, hold: HoldState, sent?: { bytes?: Uint8Array; at: number; mono: number }): void {
    const row = this.row(seq)
    if (row === undefined) return
    const bytes = sent?.bytes
    const edited = bytes === undefined ? null : readFrame({ bytes, encoding: row.encoding === '' ? 'xml' : row.encoding })
    const summary = edited?.summary
    const change: Partial<TraceRow> = {
      hold,
      ...(bytes === undefined ? {} : { size: bytes.length, text: edited?.reason ?? '' }),
      ...(summary
        ? { commands: summary.commands, statuses: summary.statuses, target: summary.firstTarget, final: summary.final, msgId: summary.msgId }
        : {}),
    }
    this.#store.amend(seq, {
      hold,
      row: change,
      ...(bytes === undefined ? {} : { bytes }),
      ...(sent === undefined ? {} : { at: sent.at, mono: sent.mono }),
    })
    this.#news.row(seq)
  }

  move(session: number, state: SessionRow['state'], reason: string): void {
    if (this.sessions.move(session, state, reason)) this.#news.session(session)
  }

  row(seq: Seq): TraceRow | undefined {
    return this.#store.row(seq)
  }

  /** The last rows, at most `count`. */
  recent(count: number): TraceRow[] {
    return readPage(this.#store.rows(Math.max(this.#store.first, this.#store.last - count + 1), count))
  }

  frame(seq: Seq): FrameDetail | undefined {
    return this.#store.frame(seq)
  }

  /** Tells the watcher everything that is new since the last call. Called at most once per few milliseconds by the host. */
  announce(): void {
    this.#news.tell(
      (session) => {
        const row = this.sessions.get(session)
        if (row !== undefined) this.#store.putSession(row)
        return row
      },
      (seqs) => packPage(seqs.flatMap((seq) => this.row(seq) ?? [])),
    )
  }

  get pending(): boolean {
    return this.#news.pending
  }

  /** A text that rows repeat, kept once: cut out of a message it would hold on to all of it. */
  #kept(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    if (this.#texts.size >= TEXTS) this.#texts.clear()
    this.#texts.set(text, text)
    return text
  }

  /** Session of a message; one that begins under the name of an open one ends that. */
  #place(direction: Direction, summary: Summary, at: number, bytes: Uint8Array, fresh = false): number {
    const session = this.sessions.place({ direction, summary, at, bytes, fresh })
    const { before } = this.sessions
    if (before !== 0 && before !== session && this.sessions.get(before)?.state === 'open')
      this.move(before, 'aborted', 'the device began a new session with the same SessionID')
    return session
  }

  #other(
    kind: TraceRow['kind'],
    what: { at: number; mono: number; startLine: string; headers: Headers; local: string; remote: string; bytes: Uint8Array },
    httpStatus: number,
    text: string,
    cause: Seq | null,
    direction: Direction = 'up',
    session = 0,
    notes: readonly Note[] = [],
  ): Seq {
    const of = this.sessions.get(session)
    const row: Omit<TraceRow, 'seq'> = {
      ...BARE_ROW,
      kind,
      at: what.at,
      mono: what.mono,
      direction,
      session,
      sessionId: of?.sessionId ?? '',
      device: of?.device ?? notes[0]?.device ?? '',
      size: what.bytes.length,
      httpStatus,
      severity: kind === 'event' ? 'note' : 'error',
      text,
    }
    if (!this.#on) return 0
    this.settle()
    const { bytes, startLine, headers, local, remote } = what
    const seq = this.#store.append({ row, bytes, startLine, headers, local, remote, cause, origin: this.#origin, findings: [], notes })
    this.#news.row(seq)
    return seq
  }
}

function findingsOf(notes: readonly Note[]): Finding[] {
  const found: Finding[] = []
  for (const { finding } of notes) if (finding !== undefined) found.push(finding)
  return found
}
