// A trace row in its two stored forms: a row of SQL columns in the index, a list of plain values in the segment. Stored numbers never change their meaning.
import type { TraceRow } from '../api.ts'
import type { SqlValue } from './ports.ts'

/** Names behind stored numbers: only ever append. */
const NAMES = {
  kind: ['message', 'http', 'push', 'connection', 'event'],
  direction: ['up', 'down'],
  hop: ['S-D', 'S-G', 'G-D'],
  encoding: ['', 'xml', 'wbxml'],
  severity: ['', 'chat', 'note', 'warn', 'error'],
  hold: ['no', 'held', 'released', 'edited', 'dropped', 'peer gone'],
} as const

/** Names of a row's columns in the order of both stored forms: only ever append. */
export const COLUMNS = [
  'seq',
  'kind',
  'at',
  'mono',
  'direction',
  'hop',
  'session',
  'sessionId',
  'device',
  'msgId',
  'package',
  'encoding',
  'size',
  'commands',
  'statuses',
  'target',
  'final',
  'httpStatus',
  'findings',
  'severity',
  'hold',
  'text',
  'origin',
] as const satisfies readonly (keyof TraceRow)[]

type Column = (typeof COLUMNS)[number]

/** Texts by id and ids by text, as the index keeps them (id 0 is ''). */
export interface Interned {
  id(text: string): number
  text(id: number): string
}

/** Number of a name; 0 for one that has none. */
const nameId = (names: readonly string[], name: string): number => Math.max(0, names.indexOf(name))

/** A row's values for SQL, in the order of COLUMNS. Written out, because every message passes here twice. */
export function toColumns(row: TraceRow, interned: Interned): SqlValue[] {
  const list = (texts: readonly string[]): number =>
    texts.length === 0 ? 0 : interned.id(texts.length === 1 ? (texts[0] as string) : texts.join('\n'))
  return [
    row.seq,
    nameId(NAMES.kind, row.kind),
    row.at,
    row.mono,
    nameId(NAMES.direction, row.direction),
    nameId(NAMES.hop, row.hop),
    row.session,
    interned.id(row.sessionId),
    interned.id(row.device),
    interned.id(row.msgId),
    interned.id(row.package),
    nameId(NAMES.encoding, row.encoding),
    row.size,
    list(row.commands),
    list(row.statuses),
    interned.id(row.target),
    row.final ? 1 : 0,
    row.httpStatus,
    row.findings,
    nameId(NAMES.severity, row.severity),
    nameId(NAMES.hold, row.hold),
    row.text,
    row.origin === undefined ? 0 : interned.id(row.origin),
  ]
}

/** The row that `toColumns` stored. Written out, because a page reads thousands. */
export function fromColumns(sql: Record<string, SqlValue>, interned: Interned): TraceRow {
  const n = (column: Column): number => sql[column] as number
  const text = (column: Column): string => interned.text(sql[column] as number)
  const list = (column: Column): string[] => {
    const lines = text(column)
    return lines === '' ? [] : lines.split('\n')
  }
  const row: TraceRow = {
    seq: n('seq'),
    kind: NAMES.kind[n('kind')] ?? 'event',
    at: n('at'),
    mono: n('mono'),
    direction: NAMES.direction[n('direction')] ?? 'up',
    hop: NAMES.hop[n('hop')] ?? 'S-D',
    session: n('session'),
    sessionId: text('sessionId'),
    device: text('device'),
    msgId: text('msgId'),
    package: text('package'),
    encoding: NAMES.encoding[n('encoding')] ?? '',
    size: n('size'),
    commands: list('commands'),
    statuses: list('statuses'),
    target: text('target'),
    final: n('final') === 1,
    httpStatus: n('httpStatus'),
    findings: n('findings'),
    severity: NAMES.severity[n('severity')] ?? '',
    hold: NAMES.hold[n('hold')] ?? 'no',
    text: sql['text'] as string,
  }
  return n('origin') === 0 ? row : { ...row, origin: text('origin') }
}

/** A row as the segment's meta holds it: values in the order of COLUMNS, names as words. Written out, because every message passes here twice. */
export function toList(row: TraceRow): unknown[] {
  return [
    row.seq,
    row.kind,
    row.at,
    row.mono,
    row.direction,
    row.hop,
    row.session,
    row.sessionId,
    row.device,
    row.msgId,
    row.package,
    row.encoding,
    row.size,
    row.commands,
    row.statuses,
    row.target,
    row.final,
    row.httpStatus,
    row.findings,
    row.severity,
    row.hold,
    row.text,
    ...(row.origin === undefined ? [] : [row.origin]),
  ]
}

/** The row that `toList` gave. Throws where it is none. */
export function fromList(list: readonly unknown[]): TraceRow {
  const row = Object.fromEntries(COLUMNS.map((column, index) => [column, list[index]]))
  // Own rows, and all rows of older workspaces, name no origin.
  if (row['origin'] == null) delete row['origin']
  for (const column of COLUMNS) if (column !== 'origin' && row[column] === undefined) throw new Error(`a stored row lacks its ${column}`)
  return row as unknown as TraceRow
}

/** A row of which nothing is known yet; every row that is no message begins as it. */
export const BARE_ROW: Omit<TraceRow, 'seq'> = {
  kind: 'http',
  at: 0,
  mono: 0,
  direction: 'up',
  hop: 'S-D',
  session: 0,
  sessionId: '',
  device: '',
  msgId: '',
  package: '',
  encoding: '',
  size: 0,
  commands: [],
  statuses: [],
  target: '',
  final: false,
  httpStatus: 0,
  findings: 0,
  severity: '',
  hold: 'no',
  text: '',
}

/** The row that stands for bytes that are lost: it keeps the numbering without gaps. */
export function lostRow(seq: number, text: string): TraceRow {
  return { ...BARE_ROW, seq, kind: 'event', severity: 'error', text }
}
