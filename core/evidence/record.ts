// One trace row as one line of JSON: self-contained, with a schema name and version; what is written here is read back by import.
import type { FrameDetail, Seq, TraceRow } from '../api.ts'
import type { Headers, Note } from '../machine.ts'
import { base64, fromBase64 } from '../syncml/text.ts'
import type { Finding } from '../syncml/finding.ts'
import type { NewEntry } from '../store/entry.ts'
import type { Redaction } from './redact.ts'
import { type Rule, wrongIn } from './shape.ts'

export const SCHEMA = 'dm-lab.trace'
export const VERSION = 1

/** A line of an NDJSON export. Times ISO 8601 UTC with milliseconds, bytes in base64. */
export interface TraceRecord extends Omit<TraceRow, 'at'> {
  readonly schema: typeof SCHEMA
  readonly version: typeof VERSION
  readonly at: string
  readonly startLine: string
  readonly headers: Headers
  readonly local: string
  readonly remote: string
  readonly cause: Seq | null
  readonly origin: string
  readonly findings: number
  readonly findingList: readonly Finding[]
  readonly notes: readonly Note[]
  readonly redacted: boolean
  readonly redaction: Redaction | null
  /** SHA-256 of the body as it stands here, lower-case hexadecimal. */
  readonly sha256: string
  readonly body: string
  readonly original: string | null
}

/** A row, redacted or not, as a record. `iso` makes ISO 8601 of milliseconds since the epoch. */
export function toRecord(detail: FrameDetail & { readonly redaction?: Redaction }, iso: (ms: number) => string): TraceRecord {
  const { row, startLine, headers, local, remote, cause, origin, notes, sha256 } = detail
  return {
    schema: SCHEMA,
    version: VERSION,
    ...row,
    at: iso(row.at),
    startLine,
    headers,
    local,
    remote,
    cause,
    origin,
    findingList: detail.findings,
    notes,
    redacted: detail.redaction !== undefined,
    redaction: detail.redaction ?? null,
    sha256,
    body: base64(detail.bytes),
    original: detail.original === null ? null : base64(detail.original),
  }
}

const SEVERITY = ['chat', 'note', 'warn', 'error'] as const

const FINDING: Rule = {
  type: 'object',
  fields: {
    rule: { type: 'string' },
    severity: { type: 'string', values: SEVERITY },
    document: { type: 'string' },
    clause: { type: 'string' },
    text: { type: 'string' },
    offset: { type: 'integer' },
    length: { type: 'integer' },
  },
}

/** The shape of a record, from which docs/ndjson.md's JSON Schema is made and by which import checks. */
export const RECORD: Rule = {
  type: 'object',
  fields: {
    schema: { type: 'string', values: [SCHEMA] },
    version: { type: 'integer', values: [VERSION] },
    seq: { type: 'integer', note: 'number of the row in its workspace, from 1' },
    kind: { type: 'string', values: ['message', 'http', 'push', 'connection', 'event'] },
    at: { type: 'string', note: 'ISO 8601 UTC with milliseconds, at the socket', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' },
    mono: { type: 'number', note: "ms since the lab's start, monotonic" },
    direction: { type: 'string', values: ['up', 'down'], note: 'up is towards the DM Server' },
    hop: { type: 'string', values: ['S-D', 'S-G', 'G-D'] },
    session: { type: 'integer', note: 'key of the session in its workspace, 0 where it belongs to none' },
    sessionId: { type: 'string' },
    device: { type: 'string' },
    msgId: { type: 'string' },
    package: { type: 'string', note: '#0 … #4, empty where unknown' },
    encoding: { type: 'string', values: ['xml', 'wbxml', ''] },
    size: { type: 'integer', note: 'octets of the body' },
    commands: { type: 'array', items: { type: 'string' } },
    statuses: { type: 'array', items: { type: 'string' } },
    target: { type: 'string' },
    final: { type: 'boolean' },
    httpStatus: { type: 'integer', note: '0 where there is none' },
    findings: { type: 'integer', note: 'how many' },
    severity: { type: 'string', values: ['', ...SEVERITY], note: 'the gravest finding' },
    hold: { type: 'string', values: ['no', 'held', 'released', 'edited', 'dropped', 'peer gone'] },
    text: { type: 'string' },
    startLine: { type: 'string' },
    headers: { type: 'array', items: { type: 'array', items: { type: 'string' }, length: 2 }, note: 'name and value, in wire order' },
    local: { type: 'string' },
    remote: { type: 'string' },
    cause: { type: 'integer', nullable: true, note: 'seq of the row that caused this one' },
    origin: { type: 'string', note: 'the lab that recorded it' },
    findingList: { type: 'array', items: FINDING },
    notes: {
      type: 'array',
      items: {
        type: 'object',
        open: true,
        fields: {
          topic: { type: 'string', values: ['state', 'auth', 'tree', 'problem', 'session'] },
          text: { type: 'string' },
          device: { type: 'string' },
          sessionId: { type: 'string' },
        },
      },
    },
    redacted: { type: 'boolean', note: 'false only where --unredacted was given' },
    redaction: {
      type: 'object',
      nullable: true,
      note: 'how much was replaced; whole: the body could not be read and is blanked',
      fields: { secrets: { type: 'integer' }, identifiers: { type: 'integer' }, whole: { type: 'boolean' } },
    },
    sha256: { type: 'string', note: 'of the body as it stands here', pattern: '^([0-9a-f]{64})?$' },
    body: { type: 'string', note: 'base64, same length and offsets as on the wire', format: 'base64' },
    original: { type: 'string', nullable: true, note: 'base64, where the stepper edited the body: what it was before', format: 'base64' },
  },
}

/** What a record says besides its number; null and the reason where the value is no record. */
export function fromRecord(value: unknown, ms: (iso: string) => number): { readonly record: TraceRecord; readonly entry: NewEntry } | string {
  if (typeof value !== 'object' || value === null || (value as { schema?: unknown }).schema !== SCHEMA) return `is no "${SCHEMA}" object`
  const version = (value as { version?: unknown }).version
  if (version !== VERSION) return `has version ${JSON.stringify(version)}; this program reads version ${String(VERSION)}`
  const wrong = wrongIn(RECORD, value, '')
  if (wrong !== null) return wrong
  const record = value as TraceRecord
  const at = ms(record.at)
  const bytes = fromBase64(record.body)
  if (bytes === null) return 'body is no base64'
  if (Number.isNaN(at)) return `at is no time: ${record.at}`
  return { record, entry: { ...entryOf(record, at), bytes } }
}

function entryOf(record: TraceRecord, at: number): Omit<NewEntry, 'bytes'> {
  const { kind, mono, direction, hop, session, sessionId, device, msgId, encoding, size, commands, statuses, target, final } = record
  const { httpStatus, findings, severity, hold, text, startLine, headers, local, remote, cause, origin, findingList, notes } = record
  const about = { kind, at, mono, direction, hop, session, sessionId, device, msgId, package: record.package, encoding, size }
  const row = { ...about, commands, statuses, target, final, httpStatus, findings, severity, hold, text }
  return { row, startLine, headers, local, remote, cause, origin, findings: findingList, notes }
}
