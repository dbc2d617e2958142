// One mirror per device, built from the trace when somebody first asks and kept up to date by live rows; the least used ones are forgotten.
import type { LabEvents, Seq, SessionRow, TraceRow } from '../api.ts'
import { readPage } from '../page.ts'
import { Mirror } from '../mirror/mirror.ts'
import { uriOf } from '../mirror/node.ts'
import { Reader } from '../mirror/reader.ts'
import type { TraceStore } from '../store/trace.ts'
import { CodecError, decode } from '../syncml/codec.ts'

/** Mirrors in memory at the same time. */
const MOST = 16
/** URIs one event names. */
const NAMED = 200
/** Rows read at once to catch up. */
const STRIDE = 5000

interface Kept {
  readonly mirror: Mirror
  readonly reader: Reader
  /** Row read last. */
  last: Seq
  /** Rows that somebody holds: what they prove is known when they are let go. */
  readonly held: Set<Seq>
}

/** What moved in a device's tree. */
export interface Moved {
  readonly device: string
  readonly seq: Seq
  readonly uris: readonly string[]
  readonly total: number
}

export class Mirrors {
  readonly #store: TraceStore
  readonly #sessions: () => readonly SessionRow[]
  readonly #kept = new Map<string, Kept>()

  /** `sessions` are those there are now: the store learns of a new one a moment later. */
  constructor(store: TraceStore, sessions: () => readonly SessionRow[]) {
    this.#store = store
    this.#sessions = sessions
  }

  /** The mirror of a device, up to date with the newest row. */
  get(device: string): Mirror {
    const kept = this.#kept.get(device) ?? this.#build(device)
    // Newest use last.
    this.#kept.delete(device)
    this.#kept.set(device, kept)
    for (const name of this.#kept.keys()) if (this.#kept.size > MOST) this.#kept.delete(name)
    this.#catchUp(device, kept)
    return (this.#kept.get(device) ?? kept).mirror
  }

  /** Rows came or changed; tells what moved in the trees somebody has asked for. */
  moved(fact: LabEvents['trace']): Moved[] {
    if (this.#kept.size === 0) return []
    const rows = fact.rows === null ? null : readPage(fact.rows)
    for (const [device, kept] of [...this.#kept]) {
      const settled = rows?.some((row) => kept.held.has(row.seq) && row.hold !== 'held') ?? kept.held.size > 0
      if (settled) this.#kept.set(device, this.#build(device))
    }
    return [...this.#kept].flatMap(([device, kept]) => {
      if (kept.last < fact.last) this.#read(device, kept, kept.last + 1, fact.last, rows)
      const nodes = kept.mirror.takeMoved()
      if (nodes.length === 0) return []
      return [{ device, seq: kept.mirror.seq, uris: nodes.slice(0, NAMED).map(uriOf), total: nodes.length }]
    })
  }

  #build(device: string): Kept {
    const kept: Kept = { mirror: new Mirror(), reader: new Reader(), last: this.#store.last, held: new Set() }
    const seqs = this.#sessions()
      .filter((session) => session.device === device)
      .flatMap((session) => [...this.#store.session(session.session)])
      .sort((a, b) => a - b)
    for (const seq of seqs) this.#one(kept, seq, readPage(this.#store.rows(seq, 1))[0])
    kept.last = Math.max(kept.last, seqs.at(-1) ?? 0)
    kept.mirror.takeMoved()
    return kept
  }

  #catchUp(device: string, kept: Kept): void {
    if (kept.last < this.#store.last) this.#read(device, kept, kept.last + 1, this.#store.last, null)
  }

  #read(device: string, kept: Kept, first: Seq, last: Seq, rows: readonly TraceRow[] | null): void {
    const known = rows?.filter((row) => row.seq >= first && row.seq <= last) ?? []
    // Live rows come twice where they changed; what is missing among them is read.
    const whole = new Set(known.map((row) => row.seq)).size === last - first + 1
    if (whole) for (const row of new Map(known.map((each) => [each.seq, each])).values()) this.#row(device, kept, row)
    else
      for (let at = first; at <= last; at += STRIDE)
        for (const row of readPage(this.#store.rows(at, Math.min(STRIDE, last - at + 1)))) this.#row(device, kept, row)
    kept.last = Math.max(kept.last, last)
  }

  #row(device: string, kept: Kept, row: TraceRow): void {
    if (row.device === device) this.#one(kept, row.seq, row)
  }

  #one(kept: Kept, seq: Seq, row: TraceRow | undefined): void {
    if (row === undefined || row.kind !== 'message' || row.encoding === '') return
    if (row.hold === 'held') kept.held.add(seq)
    // Dropped, or the peer left first: the other side never saw it.
    if (row.hold === 'held' || row.hold === 'dropped' || row.hold === 'peer gone') return
    const frame = this.#store.frame(seq)
    if (frame === undefined) return
    try {
      const { message } = decode(frame.bytes, row.encoding)
      const { at, session, direction } = row
      for (const event of kept.reader.read({ seq, at, session, direction, message })) kept.mirror.apply(event)
    } catch (error) {
      // A message nobody can read proves nothing; the trace says why.
      if (!(error instanceof CodecError)) throw error
    }
  }
}
