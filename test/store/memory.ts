// A store in memory for tests: segments as arrays, a database without a file.
import { createHash } from 'node:crypto'
import type { TestContext } from 'vitest'
import type { SessionRow } from '../../core/api.ts'
import { openSqlite } from '../../core/node/sqlite.ts'
import { crc32 } from '../../core/store/crc.ts'
import type { Db, Segments } from '../../core/store/ports.ts'
import { sizeOf, writeRecord } from '../../core/store/record.ts'
import { migrate } from '../../core/store/schema.ts'
import { type TraceOptions, TraceStore } from '../../core/store/trace.ts'
import { hasSqlite } from '../support/needs.ts'

export { bodyOf, entryOf, rowOf } from './rows.ts'

/** Skips the running test, by name, where this Node has no node:sqlite. */
export function needsSqlite(context: TestContext): void {
  if (!hasSqlite) context.skip('needs node:sqlite: Node 22.13 or newer')
}

/** Segments in memory; `files` may be looked at and spoilt by a test. */
export interface MemorySegments extends Segments {
  readonly files: Map<number, Uint8Array>
  /** While set, every append throws this. */
  refusal: string
}

export function memorySegments(files: Iterable<readonly [number, Uint8Array]> = []): MemorySegments {
  const kept = new Map([...files].map(([segment, bytes]) => [segment, bytes.slice()]))
  const of = (segment: number): Uint8Array => {
    const bytes = kept.get(segment)
    if (bytes === undefined) throw new Error(`no segment ${segment}`)
    return bytes
  }
  const segments: MemorySegments = {
    files: kept,
    refusal: '',
    list: () => [...kept.keys()].sort((a, b) => a - b),
    size: (segment) => of(segment).length,
    append: (segment, bytes) => {
      if (segments.refusal !== '') throw new Error(segments.refusal)
      const before = kept.get(segment) ?? new Uint8Array()
      const after = new Uint8Array(before.length + bytes.length)
      after.set(before)
      after.set(bytes, before.length)
      kept.set(segment, after)
      return before.length
    },
    read: (segment, offset, length) => {
      if (offset + length > of(segment).length) throw new Error(`segment ${segment} ends at ${of(segment).length}`)
      return of(segment).slice(offset, offset + length)
    },
    sync: () => {},
    truncate: (segment, size) => kept.set(segment, of(segment).slice(0, size)),
    remove: (segment) => kept.delete(segment),
  }
  return segments
}

/** A database in memory with the newest schema. */
export function memoryDb(): Db {
  const db = openSqlite(':memory:')
  migrate(db, () => {})
  return db
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Opens a trace; what is not given is new and empty. */
export function openTrace(db = memoryDb(), segments: Segments = memorySegments(), options: TraceOptions = {}): TraceStore {
  return TraceStore.open(db, segments, { sha256, ...options })
}

export function sessionOf(session: number, more: Partial<SessionRow> = {}): SessionRow {
  return {
    session,
    device: `IMEI:${session}`,
    server: 'dm-lab',
    sessionId: String(session),
    first: 1,
    last: 2,
    firstAt: 1.5,
    lastAt: 2.5,
    messages: 2,
    findings: 0,
    severity: '',
    state: 'open',
    reason: '',
    ...more,
  }
}

/** One record as the tail writes it. */
export function encodeRecord(type: number, number: number, meta: string | Uint8Array, bytes: Uint8Array | null): Uint8Array {
  const packed = typeof meta !== 'string'
  const parts = { type, number, meta: packed ? meta : new TextEncoder().encode(meta), packed, bytes }
  const record = new Uint8Array(sizeOf(parts))
  writeRecord(record, 0, parts, crc32)
  return record
}
