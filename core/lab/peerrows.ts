// Rows of an attached lab taken into this trace at our time, each once; what becomes of them there becomes of them here.
import type { FrameDetail, LabApi, Seq, SessionRow } from '../api.ts'
import type { Note } from '../machine.ts'
import { seenHere, takenBefore } from './peertwin.ts'
import type { Recorder } from './recorder.ts'

/** Rows remembered to follow what becomes of them. */
const REMEMBERED = 20_000

export interface PeerRowsParts {
  readonly recorder: Recorder
  /** Name it goes by here. */
  readonly name: () => string
  /** A time of its at our clocks. */
  readonly aligned: (at: number) => { readonly at: number; readonly mono: number }
}

export class PeerRows {
  readonly #parts: PeerRowsParts
  /** Its rows that are ours under another number, oldest first; how many of their notes we have; its sessions likewise. */
  readonly #seqs = new Map<Seq, Seq>()
  readonly #notes = new Map<Seq, number>()
  readonly #sessions = new Map<number, number>()

  constructor(parts: PeerRowsParts) {
    this.#parts = parts
  }

  /** The number a row of it has here; undefined where it was not taken. */
  seqOf(theirs: Seq): Seq | undefined {
    return this.#seqs.get(theirs)
  }

  /** Its numbers from `first` to `last` that were taken. */
  between(first: Seq, last: Seq): readonly Seq[] {
    return [...this.#seqs.keys()].filter((seq) => seq >= first && seq <= last)
  }

  /** The number there of a session of ours, the newest. */
  sessionOf(ours: number): number | undefined {
    return [...this.#sessions].findLast(([, known]) => known === ours)?.[0]
  }

  /** Takes a row; false where this lab saw the same message and has a row of its own. */
  take(frame: FrameDetail): boolean {
    const { recorder, name, aligned } = this.#parts
    const { row, bytes, original, startLine, headers, local, remote, findings, notes } = frame
    const { seq: theirs, session: their, ...said } = row
    const placed = { ...said, ...aligned(row.at) }
    const twin = seenHere(recorder, placed, frame)
    if (twin !== undefined) {
      const text = `${name()} saw it too, ${(placed.at - twin.at).toFixed(1)} ms later`
      const note: Note = { topic: 'state', text, device: row.device, sessionId: row.sessionId }
      recorder.remark(twin.seq, twin.session, [note])
      this.#remember(theirs, twin.seq, their, twin.session, notes.length)
      return false
    }
    const cause = frame.cause === null ? null : (this.#seqs.get(frame.cause) ?? null)
    const origin = name()
    const entry = { row: { ...placed, session: 0, origin }, bytes, startLine, headers, local, remote, cause, origin, findings, notes }
    const seq = recorder.import(entry, original)
    this.#remember(theirs, seq, their, recorder.row(seq)?.session ?? 0, notes.length)
    return true
  }

  /** A row that an earlier process of ours took. */
  async find(api: LabApi, theirs: Seq): Promise<void> {
    const frame = await api.trace.frame(theirs).catch(() => null)
    const ours = frame === null ? undefined : takenBefore(this.#parts.recorder, this.#parts.name(), frame)
    if (frame !== null && ours !== undefined) this.#remember(theirs, ours.seq, frame.row.session, ours.session, frame.notes.length)
  }

  /** A row of its that was changed there: held, let go, edited, or more was said of it. False where it is none of those taken. */
  follow(frame: FrameDetail): boolean {
    const { recorder, name, aligned } = this.#parts
    const { seq: theirs, hold, at } = frame.row
    const seq = this.#seqs.get(theirs)
    const ours = seq === undefined ? undefined : recorder.row(seq)
    if (seq === undefined || ours === undefined) return false
    const more = frame.notes.slice(this.#notes.get(theirs) ?? 0)
    this.#notes.set(theirs, frame.notes.length)
    recorder.remark(seq, ours.session, more)
    if (ours.origin !== name() || ours.hold === hold) return true
    const edited = frame.original === null ? {} : { bytes: frame.bytes }
    recorder.hold(seq, hold, { ...edited, ...aligned(at) })
    return true
  }

  /** How a session of its ended. False where nothing of it is here, or it goes on. */
  ended({ session, state, reason }: Pick<SessionRow, 'session' | 'state' | 'reason'>): boolean {
    const ours = this.#sessions.get(session)
    if (ours === undefined || state === 'open') return false
    this.#parts.recorder.move(ours, state, reason)
    return true
  }

  #remember(theirs: Seq, seq: Seq, their: number, session: number, notes: number): void {
    this.#seqs.set(theirs, seq)
    this.#notes.set(theirs, notes)
    if (this.#seqs.size > REMEMBERED) {
      const oldest = this.#seqs.keys().next().value as Seq
      this.#seqs.delete(oldest)
      this.#notes.delete(oldest)
    }
    if (their !== 0 && session !== 0) this.#sessions.set(their, session)
  }
}
