// The area `software` of a lab: boards of devices, made from the trace when somebody asks and kept up to date; requests and restarts of simulated ones.
import type { LabEvents, Seq, SessionRow, SoftwareArea, SoftwareLogLine, SoftwareRequest, TraceRow } from '../api.ts'
import { readPage } from '../page.ts'
import type { TraceStore } from '../store/trace.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import { Board } from './board.ts'
import type { Speech } from './dialectmessage.ts'
import type { Clock } from './ports.ts'

/** Boards in memory at the same time; the one asked for longest ago goes. */
const MOST = 16
/** Rows read at once to catch up. */
const STRIDE = 5000
/** A board is told of at most this often, ms. */
const TELL_EVERY = 100

export interface BoardParts {
  readonly store: Pick<TraceStore, 'first' | 'last' | 'rows' | 'frame' | 'session'>
  readonly sessions: () => readonly SessionRow[]
  readonly clock: Pick<Clock, 'after'>
  /** Simulated devices of this lab. */
  readonly log: (device: string) => readonly SoftwareLogLine[]
  readonly request: (device: string, request: SoftwareRequest) => Promise<void>
  readonly restart: (device: string) => Promise<void>
  readonly tell: (fact: LabEvents['software']) => void
  /** What a device's dialect calls things now; the same object until it moves. */
  readonly speech?: (device: string) => Speech | null
}

interface Kept {
  readonly speech: Speech | null
  readonly board: Board
  last: Seq
  /** Rows that somebody holds: what they prove is known when they are let go. */
  readonly held: Set<Seq>
}

export class Boards implements SoftwareArea {
  readonly #parts: BoardParts
  readonly #kept = new Map<string, Kept>()
  readonly #told = new Set<string>()
  #telling: (() => void) | null = null

  constructor(parts: BoardParts) {
    this.#parts = parts
  }

  board: SoftwareArea['board'] = async (device) => {
    const known = this.#kept.get(device)
    const kept = known !== undefined && known.speech === this.#speech(device) ? known : this.#build(device)
    this.#kept.delete(device)
    this.#kept.set(device, kept)
    for (const name of this.#kept.keys()) if (this.#kept.size > MOST) this.#kept.delete(name)
    this.#catchUp(device, kept)
    return kept.board.view(device, this.#parts.log(device))
  }

  request: SoftwareArea['request'] = (device, request) => this.#parts.request(device, request)

  restart: SoftwareArea['restart'] = (device) => this.#parts.restart(device)

  /** Rows came: boards somebody has asked for may have moved. A row that was held and is let go makes its board anew. */
  moved(fact: LabEvents['trace']): void {
    if (this.#kept.size === 0 || fact.rows === null) return
    for (const row of readPage(fact.rows)) {
      const kept = this.#kept.get(row.device)
      if (kept === undefined || row.kind !== 'message') continue
      if (kept.held.has(row.seq) && row.hold !== 'held') this.#build(row.device)
      this.logged(row.device)
    }
  }

  /** A simulated device wrote a line of its own log. */
  logged(device: string): void {
    if (!this.#kept.has(device)) return
    this.#told.add(device)
    this.#telling ??= this.#parts.clock.after(TELL_EVERY, () => {
      this.#telling = null
      for (const each of this.#told) this.#parts.tell({ device: each })
      this.#told.clear()
    })
  }

  /** The dialect moved: boards somebody has asked for are made anew when they are asked for again. */
  spokenAnew(): void {
    for (const device of this.#kept.keys()) this.logged(device)
  }

  #speech(device: string): Speech | null {
    return this.#parts.speech?.(device) ?? null
  }

  stop(): void {
    this.#telling?.()
    this.#telling = null
  }

  #build(device: string): Kept {
    const speech = this.#speech(device)
    const kept: Kept = { speech, board: new Board(speech), last: 0, held: new Set() }
    this.#kept.set(device, kept)
    return kept
  }

  #catchUp(device: string, kept: Kept): void {
    const { store, sessions } = this.#parts
    if (kept.last === 0) {
      const seqs = sessions()
        .filter((session) => session.device === device)
        .flatMap((session) => [...store.session(session.session)])
        .sort((a, b) => a - b)
      for (const seq of seqs) for (const row of readPage(store.rows(seq, 1))) this.#one(kept, row)
      kept.last = store.last
      return
    }
    for (let at = kept.last + 1; at <= store.last; at += STRIDE)
      for (const row of readPage(store.rows(at, Math.min(STRIDE, store.last - at + 1)))) if (row.device === device) this.#one(kept, row)
    kept.last = store.last
  }

  #one({ board, held }: Kept, row: TraceRow): void {
    if (row.kind !== 'message' || row.encoding === '') return
    if (row.hold === 'held') held.add(row.seq)
    // Held, dropped, or the peer left first: the other side has not seen it.
    if (row.hold === 'held' || row.hold === 'dropped' || row.hold === 'peer gone') return
    const frame = this.#parts.store.frame(row.seq)
    if (frame === undefined) return
    try {
      const { message } = decode(frame.bytes, row.encoding)
      board.read({ seq: row.seq, at: row.at, session: row.session, direction: row.direction === 'down' ? 'down' : 'up', message })
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
    }
  }
}
