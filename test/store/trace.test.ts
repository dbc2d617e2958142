// The trace's story: what is appended can be read at once, after a flush and after reopening, and always the same.
import { beforeEach, expect, test } from 'vitest'
import type { FrameDetail } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import type { TraceStore } from '../../core/store/trace.ts'
import { bodyOf, entryOf, memoryDb, memorySegments, needsSqlite, openTrace, rowOf, sessionOf, sha256 } from './memory.ts'

beforeEach((context) => needsSqlite(context))

const expected = (n: number): FrameDetail => {
  const { row, bytes, ...said } = entryOf(n)
  return { row: { ...row, seq: n }, bytes, original: null, ...said, sha256: sha256(bytes) }
}
const seqs = (trace: TraceStore, first: number, count: number): number[] => readPage(trace.rows(first, count)).map((row) => row.seq)

test('an empty trace says so', () => {
  const trace = openTrace()
  expect([trace.first, trace.last, trace.recovery]).toEqual([1, 0, ''])
  expect(trace.rows(1, 100).count).toBe(0)
  expect(trace.frame(1)).toBeUndefined()
  expect(trace.sessions()).toEqual([])
  expect([...trace.each(1, 10)]).toEqual([])
})

test('rows and frames are the same before the flush, after it, and after reopening', () => {
  const db = memoryDb()
  const segments = memorySegments()
  const check = (trace: TraceStore): void => {
    expect([trace.first, trace.last]).toEqual([1, 40])
    expect(readPage(trace.rows(1, 1000))).toEqual(Array.from({ length: 40 }, (_, i) => ({ ...rowOf(i + 1), seq: i + 1 })))
    expect(seqs(trace, -5, 8)).toEqual([1, 2])
    expect(seqs(trace, 39, 100)).toEqual([39, 40])
    expect(seqs(trace, 41, 5)).toEqual([])
    for (let n = 1; n <= 40; n++) expect(trace.frame(n)).toEqual(expected(n))
    expect([...trace.each(3, 39)].map((frame) => frame.row.seq)).toEqual(Array.from({ length: 37 }, (_, i) => i + 3))
    expect([...trace.session(3)]).toEqual([2, 12, 22, 32])
    expect([...trace.session(0)]).toEqual([])
  }
  const trace = openTrace(db, segments, { segmentBytes: 4000 })
  for (let n = 1; n <= 40; n++) expect(trace.append(entryOf(n))).toBe(n)
  check(trace)
  trace.flush()
  check(trace)
  trace.close()
  expect(segments.list().length).toBeGreaterThan(3)
  const again = openTrace(db, segments)
  expect(again.recovery).toBe('')
  check(again)
  expect(again.append(entryOf(41))).toBe(41)
})

test('a page may begin among flushed rows and end among those that are not', () => {
  const trace = openTrace()
  for (let n = 1; n <= 10; n++) trace.append(entryOf(n))
  trace.flush()
  for (let n = 11; n <= 20; n++) trace.append(entryOf(n))
  expect(seqs(trace, 8, 6)).toEqual([8, 9, 10, 11, 12, 13])
  trace.amend(9, { hold: 'held' })
  expect(readPage(trace.rows(8, 3)).map((row) => row.hold)).toEqual(['no', 'held', 'no'])
})

test('a row that moved to another session is found there and no longer in its old one', () => {
  const trace = openTrace()
  for (let n = 1; n <= 30; n++) trace.append(entryOf(n))
  const check = (): void => expect([[...trace.session(3)], [...trace.session(77)]]).toEqual([[2, 22], [12]])
  trace.flush()
  trace.amend(12, { row: { session: 77 } })
  check()
  trace.flush()
  check()
})

test('an edit takes the place of the body, and the recorded body stays readable', () => {
  const db = memoryDb()
  const segments = memorySegments()
  const trace = openTrace(db, segments)
  trace.append(entryOf(1))
  trace.flush()
  trace.amend(1, { hold: 'held' })
  const note = { topic: 'state', text: 'moved', device: 'd', sessionId: '1' } as const
  const edited = new TextEncoder().encode('<SyncML>edited</SyncML>')
  trace.amend(1, { hold: 'edited', bytes: edited, at: 5.5, mono: 6.5, notes: [note], headers: [['A', 'b']] })
  trace.amend(1, { httpStatus: 200, startLine: 'HTTP/1.1 200 OK', row: { commands: ['Get'], seq: 99 } })
  const check = (store: TraceStore): void => {
    const before = expected(1)
    expect(store.frame(1)).toEqual({
      ...before,
      row: { ...before.row, hold: 'edited', size: edited.length, at: 5.5, mono: 6.5, httpStatus: 200, commands: ['Get'] },
      bytes: edited,
      original: bodyOf(1),
      headers: [['A', 'b']],
      startLine: 'HTTP/1.1 200 OK',
      notes: [...before.notes, note],
      sha256: sha256(edited),
    })
    expect(readPage(store.rows(1, 1))[0]).toEqual(store.frame(1)?.row)
  }
  check(trace)
  trace.flush()
  check(trace)
  trace.close()
  check(openTrace(db, segments))
  check(openTrace(memoryDb(), segments))
})

test('an edit to an empty body is an edit; findings and notes are added, not replaced', () => {
  const trace = openTrace()
  trace.append(entryOf(20))
  trace.amend(1, { bytes: new Uint8Array() })
  const finding = { rule: 'x', severity: 'error', document: 'PRO', clause: '8', text: 't', offset: 0, length: 0 } as const
  trace.amend(1, { findings: [finding] })
  const frame = trace.frame(1)
  expect([frame?.bytes.length, frame?.row.size, frame?.original]).toEqual([0, 0, bodyOf(20)])
  expect(frame?.findings).toEqual([...entryOf(20).findings, finding])
  expect(frame?.notes).toEqual(entryOf(20).notes)
})

test('what is not there cannot be amended, and a closed trace takes nothing', () => {
  const trace = openTrace()
  trace.append(entryOf(1))
  expect(() => trace.amend(2, { hold: 'held' })).toThrow('row 2 cannot be amended: the trace holds 1 to 1')
  trace.close()
  trace.close()
  expect(() => trace.append(entryOf(2))).toThrow('the trace is closed')
})

test('sessions: the latest row of each, newest first, also after reopening and from the segments alone', () => {
  const db = memoryDb()
  const segments = memorySegments()
  const trace = openTrace(db, segments)
  trace.putSession(sessionOf(1))
  trace.putSession(sessionOf(2))
  trace.flush()
  trace.putSession(sessionOf(1, { state: 'failed', reason: 'authentication refused', severity: 'error' }))
  const rows = [sessionOf(2), sessionOf(1, { state: 'failed', reason: 'authentication refused', severity: 'error' })]
  expect(trace.sessions()).toEqual(rows)
  trace.close()
  expect(openTrace(db, segments).sessions()).toEqual(rows)
  expect(openTrace(memoryDb(), segments).sessions()).toEqual(rows)
})

test('texts of any kind come back: empty lists, control characters, long ones, thousands of different ones', () => {
  const trace = openTrace()
  const odd = { ...rowOf(1), target: './a\u0001ä€😀"\\', text: 'x'.repeat(100_000), commands: [], statuses: [''], device: 'y'.repeat(5000) }
  trace.append({ ...entryOf(1), row: odd })
  for (let n = 2; n <= 3000; n++) trace.append({ ...entryOf(n), row: { ...rowOf(n), target: `./T/${n}` } })
  trace.flush()
  expect(readPage(trace.rows(1, 1))[0]).toEqual({ ...odd, statuses: [], seq: 1 })
  expect(readPage(trace.rows(2999, 1))[0]?.target).toBe('./T/2999')
})

test('bytes() counts segments, buffered bytes and the database', () => {
  const segments = memorySegments()
  const trace = openTrace(memoryDb(), segments, { segmentBytes: 5000 })
  const before = trace.bytes()
  for (let n = 1; n <= 50; n++) trace.append({ ...entryOf(n), bytes: new Uint8Array(1000) })
  const buffered = trace.bytes()
  expect(buffered - before).toBeGreaterThan(50_000)
  trace.flush()
  const files = [...segments.files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  expect(trace.bytes()).toBeGreaterThanOrEqual(files)
  expect(trace.bytes() - files).toBeLessThan(400_000)
})

test('a record larger than a segment gets a segment of its own', () => {
  const segments = memorySegments()
  const trace = openTrace(memoryDb(), segments, { segmentBytes: 1000 })
  for (const n of [1, 2, 3]) trace.append({ ...entryOf(n), bytes: new Uint8Array(n === 2 ? 5000 : 10).fill(n) })
  trace.flush()
  expect(trace.frame(2)?.bytes).toEqual(new Uint8Array(5000).fill(2))
  expect(segments.list()).toEqual([1, 2, 3])
})

test('a full disk: nothing is lost, reading goes on, the flush tells, and the next one that can writes all', () => {
  const db = memoryDb()
  const segments = memorySegments()
  const trace = openTrace(db, segments)
  trace.append(entryOf(1))
  segments.refusal = 'ENOSPC: no space left on device'
  expect(() => trace.flush()).toThrow('ENOSPC')
  for (let n = 2; n <= 2500; n++) trace.append(entryOf(n))
  expect(trace.frame(1)).toEqual(expected(1))
  expect(trace.rows(1, 5000).count).toBe(2500)
  segments.refusal = ''
  trace.close()
  const again = openTrace(db, segments)
  expect([again.recovery, again.last]).toEqual(['', 2500])
  expect(again.frame(2500)).toEqual(expected(2500))
})

test('memory stays bounded on a full disk: then append refuses, and the row is not half there', () => {
  const segments = memorySegments()
  const trace = openTrace(memoryDb(), segments)
  segments.refusal = 'ENOSPC'
  const big = { ...entryOf(1), bytes: new Uint8Array(20 << 20) }
  for (const n of [1, 2, 3, 4]) expect(trace.append(big)).toBe(n)
  expect(() => trace.append(big)).toThrow('ENOSPC')
  expect(trace.last).toBe(4)
  segments.refusal = ''
  expect(trace.append(big)).toBe(5)
})

test('a reader beside the owner sees what is flushed, and writes nothing', () => {
  const db = memoryDb()
  const segments = memorySegments()
  const owner = openTrace(db, segments)
  const reader = openTrace(db, segments, { readOnly: true })
  owner.append(entryOf(1))
  expect(reader.last).toBe(0)
  owner.flush()
  expect([reader.first, reader.last, reader.rows(1, 10).count]).toEqual([1, 1, 1])
  expect(reader.frame(1)).toEqual(expected(1))
  expect([...reader.each(1, 99)].length).toBe(1)
  expect(reader.bytes()).toBe(owner.bytes())
  expect(() => reader.append(entryOf(2))).toThrow('the trace is open for reading only')
  reader.close()
})
