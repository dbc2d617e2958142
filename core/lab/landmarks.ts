// Rows that say how a device came to a gateway, kept as they pass: who discovered, bootstrapped, registered and stored it. Rows of attached labs count as ours.
import type { LabEvents, Proof, TraceRow } from '../api.ts'
import { readPage } from '../page.ts'
import type { Docs } from '../store/docs.ts'

/** What is remembered of a device; each is the newest row of its kind. */
export interface Landmarks {
  /** M.1: discovered or authenticated by a gateway. */
  readonly discovered?: Proof
  /** A bootstrap message of the DM Server (M.2, or M.3 where the device is a gateway), and of a gateway (M.4). */
  readonly byServer?: Proof
  readonly byGateway?: Proof
  /** X.1: registered at a gateway; gone from it. */
  readonly attached?: Proof
  readonly detached?: Proof
  /** X.3: stored by the DM Server. */
  readonly stored?: Proof
  /** Served by an adapter. */
  readonly adapted?: Proof
}
type Kind = keyof Landmarks

const DOC = 'gateway.landmarks'
const EVENTS: Readonly<Record<string, Kind>> = {
  'gateway.discovered': 'discovered',
  'gateway.attached': 'attached',
  'gateway.detached': 'detached',
  'gateway.adapter': 'adapted',
  'server.relation': 'stored',
}

/** What a row marks, if anything. */
export function markOf(row: Pick<TraceRow, 'kind' | 'text' | 'hop' | 'direction' | 'device'>): Kind | null {
  if (row.device === '' && whom(row.text) === '') return null
  if (row.kind === 'push')
    return row.direction === 'down' && row.text.startsWith('bootstrap (') ? (row.hop === 'G-D' ? 'byGateway' : 'byServer') : null
  if (row.kind !== 'event') return null
  if (row.text.includes('gets its account (M.4)')) return 'byGateway'
  return EVENTS[row.text.slice(0, Math.max(0, row.text.indexOf(':')))] ?? null
}

/** The device an event of bootstrap tells of by its sentence alone; '' where it tells of none. */
function whom(text: string): string {
  return /^(\S+) was authenticated and gets its account \(M\.4\)/.exec(text)?.[1] ?? ''
}

export class LandmarkBook {
  readonly #docs: Docs
  readonly #known = new Map<string, Landmarks>()
  readonly #commit: () => void

  constructor(docs: Docs, commit: () => void) {
    this.#docs = docs
    this.#commit = commit
    for (const { id, value } of docs.all(DOC)) this.#known.set(id, value as Landmarks)
  }

  of(device: string): Landmarks {
    return this.#known.get(device) ?? {}
  }

  /** New or changed rows; `rows` reads those that were not sent along. */
  moved(fact: LabEvents['trace'], rows: (first: number, count: number) => readonly TraceRow[]): void {
    let kept = false
    for (const row of fact.rows === null ? rows(fact.first, fact.last - fact.first + 1) : readPage(fact.rows)) kept = this.#take(row) || kept
    if (kept) this.#commit()
  }

  #take(row: TraceRow): boolean {
    const kind = markOf(row)
    if (kind === null) return false
    const device = row.device === '' ? whom(row.text) : row.device
    const known = this.of(device)
    // An adapter speaks with every command: the first word is proof enough.
    if (known[kind]?.seq === row.seq || (kind === 'adapted' && known.adapted !== undefined)) return false
    const next = { ...known, [kind]: { seq: row.seq, at: row.at, text: row.text } }
    this.#known.set(device, next)
    this.#docs.put(DOC, device, next)
    return true
  }
}
