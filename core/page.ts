// Trace rows as columns: one Float64Array and one interned string list a page, so that pages travel and rest cheaply.
import type { Direction, HoldState, Hop, RowKind, TracePage, TraceRow } from './api.ts'
import { SEVERITIES } from './syncml/finding.ts'

const KINDS: readonly RowKind[] = ['message', 'http', 'push', 'connection', 'event']
const DIRECTIONS: readonly Direction[] = ['up', 'down']
const HOPS: readonly Hop[] = ['S-D', 'S-G', 'G-D']
const ENCODINGS = ['', 'xml', 'wbxml'] as const
const HOLDS: readonly HoldState[] = ['no', 'held', 'released', 'edited', 'dropped', 'peer gone']

/** Columns of a page, in order; `numbers[row * WIDTH + column]`. */
const WIDTH = 22

/** Packs rows (in order of `seq`) into one page. */
export function packPage(rows: readonly TraceRow[]): TracePage {
  const numbers = new Float64Array(rows.length * WIDTH)
  const strings: string[] = ['']
  const known = new Map<string, number>([['', 0]])
  const intern = (text: string): number => {
    let index = known.get(text)
    if (index === undefined) {
      index = strings.length
      known.set(text, index)
      strings.push(text)
    }
    return index
  }
  rows.forEach((row, r) => {
    const at = r * WIDTH
    numbers.set(
      [
        row.seq,
        KINDS.indexOf(row.kind),
        row.at,
        row.mono,
        DIRECTIONS.indexOf(row.direction),
        HOPS.indexOf(row.hop),
        row.session,
        intern(row.sessionId),
        intern(row.device),
        intern(row.msgId),
        intern(row.package),
        ENCODINGS.indexOf(row.encoding),
        row.size,
        intern(row.commands.join('\n')),
        intern(row.statuses.join('\n')),
        intern(row.target),
        row.final ? 1 : 0,
        row.httpStatus,
        row.findings,
        SEVERITIES.indexOf(row.severity) * 16 + HOLDS.indexOf(row.hold),
        intern(row.text),
        row.origin === undefined ? 0 : intern(row.origin),
      ],
      at,
    )
  })
  return { first: rows[0]?.seq ?? 0, count: rows.length, numbers, strings }
}

/** Row number `r` (0 …) of a page as an object. */
export function readRow(page: TracePage, r: number): TraceRow {
  const at = r * WIDTH
  const n = (column: number): number => page.numbers[at + column] ?? 0
  const s = (column: number): string => page.strings[n(column)] ?? ''
  const list = (column: number): string[] => (s(column) === '' ? [] : s(column).split('\n'))
  const row: TraceRow = {
    seq: n(0),
    kind: KINDS[n(1)] ?? 'event',
    at: n(2),
    mono: n(3),
    direction: DIRECTIONS[n(4)] ?? 'up',
    hop: HOPS[n(5)] ?? 'S-D',
    session: n(6),
    sessionId: s(7),
    device: s(8),
    msgId: s(9),
    package: s(10),
    encoding: ENCODINGS[n(11)] ?? '',
    size: n(12),
    commands: list(13),
    statuses: list(14),
    target: s(15),
    final: n(16) === 1,
    httpStatus: n(17),
    findings: n(18),
    severity: SEVERITIES[Math.floor(n(19) / 16)] ?? '',
    hold: HOLDS[n(19) % 16] ?? 'no',
    text: s(20),
  }
  return n(21) === 0 ? row : { ...row, origin: s(21) }
}

/** All rows of a page. */
export function readPage(page: TracePage): TraceRow[] {
  return Array.from({ length: page.count }, (_, r) => readRow(page, r))
}
