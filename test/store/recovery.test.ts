// After a crash: whatever became of the tail, the trace opens, says what was done, keeps every whole record and has no gap in its numbers.
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { readPage } from '../../core/page.ts'
import { packEntry } from '../../core/store/entry.ts'
import { Packer } from '../../core/store/packed.ts'
import type { Db } from '../../core/store/ports.ts'
import { ENTRY, FORMAT, HEAD } from '../../core/store/record.ts'
import type { TraceStore } from '../../core/store/trace.ts'
import { bodyOf, encodeRecord, entryOf, memoryDb, type MemorySegments, memorySegments, needsSqlite, openTrace, rowOf, sessionOf } from './memory.ts'

beforeEach((context) => needsSqlite(context))

const soak = process.env['DM_LAB_SOAK'] === '1'

/** A trace of `count` rows in segments of about 2 KB, flushed but never closed, as kill -9 leaves it. */
function crashed(count: number, segmentBytes = 2000): { db: Db; segments: MemorySegments; trace: TraceStore } {
  const db = memoryDb()
  const segments = memorySegments()
  const trace = openTrace(db, segments, { segmentBytes })
  for (let n = 1; n <= count; n++) trace.append(entryOf(n))
  trace.flush()
  return { db, segments, trace }
}

/** Rows 1 … last are there without gaps, and every body that is told is the right one; returns the rows without bytes. */
function check(trace: TraceStore): number[] {
  const rows = readPage(trace.rows(trace.first, 100_000))
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: rows.length }, (_, i) => trace.first + i))
  return rows.flatMap(({ seq }) => {
    const frame = trace.frame(seq)
    const problem = frame?.notes.some((note) => note.topic === 'problem') === true
    if (problem) expect([frame.sha256, frame.bytes.length]).toEqual(['', 0])
    else expect(frame?.bytes).toEqual(bodyOf(seq))
    return problem ? [seq] : []
  })
}

test('rows in the segments that the index lost are taken over', () => {
  const { segments } = crashed(30)
  const rebuilt = openTrace(memoryDb(), segments)
  expect(rebuilt.recovery).toMatch(/^segment 1: \d+ rows taken over that the index did not have yet; segment 2: /)
  expect([rebuilt.first, rebuilt.last, check(rebuilt)]).toEqual([1, 30, []])
})

test('a crash between segment and index loses nothing, and is said', () => {
  const { db, segments, trace } = crashed(10, 1 << 20)
  trace.append(entryOf(11))
  trace.amend(3, { hold: 'held' })
  trace.putSession(sessionOf(4))
  db.exec("CREATE TRIGGER refuse BEFORE INSERT ON page BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
  expect(() => trace.flush()).toThrow('disk I/O error')
  db.exec('DROP TRIGGER refuse')
  const again = openTrace(db, segments)
  expect(again.recovery).toBe('segment 1: 1 row taken over that the index did not have yet')
  expect([again.last, check(again)]).toEqual([11, []])
  expect(readPage(again.rows(3, 1))[0]?.hold).toBe('held')
  expect(again.sessions()).toEqual([sessionOf(4)])
})

test('the last segment cut at every octet: whole records stay, the torn tail is cut and said, and the trace goes on', () => {
  const { segments } = crashed(8, 3000)
  const last = segments.list().at(-1) ?? 0
  const whole = segments.files.get(last) ?? new Uint8Array()
  let rows = 0
  for (let size = 0; size <= whole.length; size++) {
    const cut = memorySegments([...segments.files].map(([segment, bytes]) => [segment, segment === last ? bytes.slice(0, size) : bytes]))
    const trace = openTrace(memoryDb(), cut, { segmentBytes: 3000 })
    expect(check(trace)).toEqual([])
    expect(trace.last).toBeGreaterThanOrEqual(rows)
    rows = trace.last
    const torn = size - cut.size(last)
    if (torn > 0) expect(trace.recovery).toContain(`segment ${last}: a torn tail of ${torn} bytes was cut at offset ${size - torn}`)
    expect(trace.append(entryOf(rows + 1))).toBe(rows + 1)
    trace.close()
  }
  expect(rows).toBe(8)
})

test('a tail shorter than the index knows (power cut): rows without bytes are removed and said', () => {
  const { db, segments } = crashed(12, 1 << 20)
  segments.truncate(1, segments.size(1) - 5)
  const again = openTrace(db, segments)
  expect(again.last).toBe(11)
  expect(check(again)).toEqual([])
  expect(again.recovery).toMatch(
    /a torn tail of \d+ bytes was cut at offset (\d+); segment 1: 1 row was removed, their bytes are missing after offset \1/,
  )
  again.append(entryOf(12))
  again.close()
  expect(check(openTrace(db, segments))).toEqual([])
})

test('a tail of zeros, as some file systems leave it, is a torn tail', () => {
  const { db, segments } = crashed(5, 1 << 20)
  const size = segments.size(1)
  segments.append(1, new Uint8Array(4096))
  const again = openTrace(db, segments)
  expect(again.recovery).toBe(`segment 1: a torn tail of 4096 bytes was cut at offset ${size}`)
  expect([segments.size(1), check(again)]).toEqual([size, []])
})

test(
  'random octets spoilt anywhere in the last segment: it opens, tells, never shows a wrong byte, and keeps its numbers',
  { timeout: soak ? 600_000 : 30_000 },
  () => {
    const { segments } = crashed(20, 1 << 20)
    const whole = segments.files.get(1) ?? new Uint8Array()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (flips, withIndex) => {
          const db = memoryDb()
          const spoilt = memorySegments([[1, whole]])
          if (withIndex) openTrace(db, spoilt)
          const file = spoilt.files.get(1) ?? new Uint8Array()
          for (const [at, flip] of flips) file[at] = (file[at] ?? 0) ^ flip
          if (file.every((byte, at) => byte === whole[at])) return
          const trace = openTrace(db, spoilt)
          expect(trace.recovery).toMatch(/damaged|torn tail|removed/)
          const lost = check(trace)
          expect(lost.length).toBeLessThanOrEqual(flips.length)
          expect(trace.append(entryOf(trace.last + 1))).toBe(trace.last)
          trace.close()
          const again = openTrace(db, spoilt)
          expect(again.recovery).toBe('')
          expect(check(again)).toEqual(lost)
        },
      ),
      { seed: 4, numRuns: soak ? 5000 : 150 },
    )
  },
)

test('a missing segment: at either end its rows go, in the middle they stay without bytes', () => {
  const story = (missing: number): { recovery: string; first: number; last: number; lost: number[]; rows: number[] } => {
    const { db, segments } = crashed(20)
    const extents = db.prepare('SELECT first, last FROM segment WHERE segment = ?').get(missing)
    segments.remove(missing)
    const trace = openTrace(db, segments)
    return {
      recovery: trace.recovery,
      first: trace.first,
      last: trace.last,
      lost: check(trace),
      rows: [Number(extents?.['first']), Number(extents?.['last'])],
    }
  }
  const last = crashed(20).segments.list().length
  const front = story(1)
  expect(front.recovery).toBe(`segment 1 is missing: its rows 1 to ${front.rows[1]} were removed`)
  expect([front.first, front.last, front.lost]).toEqual([(front.rows[1] ?? 0) + 1, 20, []])
  const middle = story(2)
  expect(middle.recovery).toContain(`segment 2 is missing: its rows ${middle.rows.join(' to ')} stay without their bytes`)
  expect([middle.first, middle.last, middle.lost[0], middle.lost.at(-1)]).toEqual([1, 20, ...middle.rows])
  const end = story(last)
  expect([end.first, end.last, end.lost]).toEqual([1, (end.rows[0] ?? 0) - 1, []])
})

test('a missing middle segment without an index: rows stand in, and say why', () => {
  const { segments } = crashed(20)
  segments.remove(2)
  const trace = openTrace(memoryDb(), segments)
  const lost = check(trace)
  expect([trace.first, trace.last, lost.length > 0]).toEqual([1, 20, true])
  expect(trace.recovery).toContain(`rows ${lost[0]} to ${lost.at(-1)} are lost to damage; a row stands in for each`)
  expect(readPage(trace.rows(lost[0] ?? 0, 1))[0]?.text).toBe('the record of this row is damaged or missing')
})

test('segments of the first format, whose entries are JSON, are read as ever, and the trace goes on behind them', () => {
  const { row, bytes, findings, ...said } = entryOf(3)
  const words = ['seq', ...Object.keys(row)].map((name) => ({ seq: 1, ...row })[name as 'seq'])
  const meta = JSON.stringify({ row: words, ...said, cause: said.cause ?? undefined })
  const first = [encodeRecord(HEAD, 1, '{}', null), encodeRecord(ENTRY, 1, meta, bytes)]
  const segments = memorySegments([[1, Uint8Array.from(first.flatMap((record) => [...record]))]])
  const trace = openTrace(memoryDb(), segments)
  expect(trace.frame(1)).toMatchObject({ row: { ...row, seq: 1 }, bytes, findings, ...said })
  trace.append(entryOf(2))
  trace.amend(1, { hold: 'held' })
  trace.close()
  const again = openTrace(memoryDb(), segments)
  expect(readPage(again.rows(1, 2))).toEqual([
    { ...row, seq: 1, hold: 'held' },
    { ...rowOf(2), seq: 2 },
  ])
})

test('segments of a newer format are refused in words, and untouched', () => {
  const head = encodeRecord(HEAD, FORMAT + 1, '{}', null)
  const segments = memorySegments([[1, head]])
  const db = memoryDb()
  expect(() => openTrace(db, segments)).toThrow(`segment 1 has format ${FORMAT + 1} and this program knows ${FORMAT}: open it with a newer DM Lab`)
  expect(segments.files.get(1)).toEqual(head)
  expect(() => openTrace(db, segments)).toThrow('newer DM Lab')
})

test('a hole too large for damage is refused: two workspaces were mixed', () => {
  const { segments } = crashed(1)
  const far = new Packer()
  packEntry(far, { ...rowOf(1), seq: 5_000_000 }, entryOf(1))
  segments.append(2, encodeRecord(ENTRY, 5_000_000, far.packed, bodyOf(1)))
  expect(() => openTrace(memoryDb(), segments)).toThrow('frames/ lacks 4999998 rows between 1 and 5000000: are these segments of two workspaces?')
})
