// What is said of one row besides its bytes, as it goes into the segment and comes back: the entry first, then its amendments; latest wins.
import type { FrameDetail, HoldState, TraceRow } from '../api.ts'
import type { Headers, Note } from '../machine.ts'
import type { Finding } from '../syncml/finding.ts'
import { type Packer, Unpacker } from './packed.ts'
import { metaOf, type SegmentRecord } from './record.ts'
import { fromList } from './oldrows.ts'

/** A row about to be recorded; the store gives it its seq. */
export interface NewEntry extends Omit<FrameDetail, 'row' | 'original' | 'sha256'> {
  readonly row: Omit<TraceRow, 'seq'>
  /** The body exactly as on the wire; copied at once. */
  readonly bytes: Uint8Array
}

/** What is further known of a row. Notes and findings are added to those there are; everything else replaces what was said before. */
export interface Change {
  readonly hold?: HoldState
  /** The body that takes the place of the recorded one; the recorded one stays readable as `original`. */
  readonly bytes?: Uint8Array
  readonly at?: number
  readonly mono?: number
  readonly httpStatus?: number
  readonly startLine?: string
  readonly headers?: Headers
  readonly row?: Partial<TraceRow>
  readonly notes?: readonly Note[]
  readonly findings?: readonly Finding[]
}

type Said = Partial<Pick<FrameDetail, 'startLine' | 'headers' | 'local' | 'remote' | 'cause' | 'origin' | 'findings' | 'notes'>>
type EntryMeta = Said & { readonly row: readonly unknown[] }
type ChangeMeta = Pick<Said, 'startLine' | 'headers' | 'findings' | 'notes'> & { readonly row?: Partial<TraceRow> }

/** Packs the meta of an entry record; returns how many octets at its beginning are the row. */
export function packEntry(packer: Packer, row: TraceRow, entry: NewEntry): number {
  const { startLine, headers, local, remote, cause, origin, findings, notes } = entry
  packer.begin()
  const length = packer.row(row)
  packer.number(cause ?? 0)
  packer.text(startLine)
  packer.text(local)
  packer.text(remote)
  packer.text(origin)
  packer.text(findings.length + notes.length === 0 ? '' : JSON.stringify({ findings, notes }))
  packer.headers(headers)
  return length
}

/** What an entry record says besides its row. */
function saidOf(record: SegmentRecord): Said {
  if (!record.packed) return metaOf<EntryMeta>(record)
  const packed = new Unpacker(record.meta)
  packed.row(record.number)
  const cause = packed.number()
  const [startLine, local, remote, origin, more] = [packed.text(), packed.text(), packed.text(), packed.text(), packed.text()]
  const headers = Array.from({ length: packed.number() }, () => [packed.text(), packed.text()] as const)
  return { startLine, headers, local, remote, cause: cause === 0 ? null : cause, origin, ...(more === '' ? {} : (JSON.parse(more) as Said)) }
}

/** Meta of an amendment record. */
export function changeMeta(change: Change): string {
  const { hold, bytes, at, mono, httpStatus, row, startLine, headers, notes, findings } = change
  const patch = { ...row, hold: hold ?? row?.hold, at: at ?? row?.at, mono: mono ?? row?.mono, httpStatus: httpStatus ?? row?.httpStatus }
  const meta = { row: { ...patch, seq: undefined, size: bytes?.length ?? row?.size }, startLine, headers, findings, notes }
  return JSON.stringify(meta)
}

/** The row of an entry record. Throws where the record holds none. */
export function rowOf(record: SegmentRecord): TraceRow {
  return record.packed ? new Unpacker(record.meta).row(record.number) : fromList(metaOf<EntryMeta>(record).row)
}

/** A row after an amendment. */
export function amended(row: TraceRow, record: SegmentRecord): TraceRow {
  return { ...row, ...metaOf<ChangeMeta>(record).row, seq: row.seq }
}

/** A record, or in words why it cannot be read. */
export type Reading = SegmentRecord | string

/** Puts a row's records together. Where the entry cannot be read, bytes and `sha256` are empty and a note of topic `problem` says why. */
export function detailOf(row: TraceRow, entry: Reading, amendments: readonly Reading[], sha256: (bytes: Uint8Array) => string): FrameDetail {
  const problems: Note[] = []
  const read = (reading: Reading): SegmentRecord | null => {
    if (typeof reading !== 'string') return reading
    problems.push({ topic: 'problem', text: reading, device: row.device, sessionId: row.sessionId })
    return null
  }
  const first = read(entry)
  const said: Said = first === null ? {} : saidOf(first)
  const changes = amendments.map(read).filter((record) => record !== null)
  const later = changes.map((record) => metaOf<ChangeMeta>(record))
  const recorded = first?.bytes
  const bytes = changes.findLast((record) => record.hasBytes)?.bytes
  const body = bytes ?? recorded
  return {
    row,
    bytes: body?.slice() ?? new Uint8Array(),
    original: bytes !== undefined && recorded !== undefined ? recorded.slice() : null,
    startLine: later.findLast((change) => change.startLine !== undefined)?.startLine ?? said.startLine ?? '',
    headers: later.findLast((change) => change.headers !== undefined)?.headers ?? said.headers ?? [],
    local: said.local ?? '',
    remote: said.remote ?? '',
    cause: said.cause ?? null,
    origin: said.origin ?? '',
    findings: [...(said.findings ?? []), ...later.flatMap((change) => change.findings ?? [])],
    notes: [...(said.notes ?? []), ...later.flatMap((change) => change.notes ?? []), ...problems],
    sha256: body === undefined ? '' : sha256(body),
  }
}
