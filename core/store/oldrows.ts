// Rows as older workspaces hold them: lists of values in the segments, columns in the index. Read only.
import type { TraceRow } from '../api.ts'
import { NAMES, Packer } from './packed.ts'
import { Waiting } from './pages.ts'
import type { Db, SqlValue } from './ports.ts'

/** Names of a row's columns in the order of both forms. */
const COLUMNS = [
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

/** Rows of columns that are packed at a time. */
const TOGETHER = 1024

type Text = (id: number) => string

/** The row of a list of values in the order of COLUMNS, names as words: the meta of segments of format 1. Throws where it is none. */
export function fromList(list: readonly unknown[]): TraceRow {
  const row = Object.fromEntries(COLUMNS.map((column, index) => [column, list[index]]))
  // Own rows, and all rows of older workspaces, name no origin.
  if (row['origin'] == null) delete row['origin']
  for (const column of COLUMNS) if (column !== 'origin' && row[column] === undefined) throw new Error(`a stored row lacks its ${column}`)
  return row as unknown as TraceRow
}

/** The row of a line of the index of versions 1 to 6; texts are ids. */
function fromColumns(sql: Record<string, SqlValue>, textOf: Text): TraceRow {
  const n = (column: Column): number => sql[column] as number
  const text = (column: Column): string => textOf(sql[column] as number)
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

/** Puts the rows of the table `columns` into pages. */
export function packRows(db: Db): void {
  const byId = db.prepare('SELECT text FROM text WHERE id = ?')
  const textOf: Text = (id) => (id === 0 ? '' : String(byId.get(id)?.['text'] ?? ''))
  const add = db.prepare('INSERT INTO page (first, last, low, high, rows) VALUES (?, ?, ?, ?, ?)')
  const packer = new Packer()
  const waiting = new Waiting()
  let first = 0
  const write = (): void => {
    for (const page of waiting.pages(first)) add.run(page.first, page.last, page.low, page.high, page.rows)
    waiting.clear()
  }
  for (const sql of db.prepare('SELECT * FROM columns ORDER BY seq').iterate()) {
    const row = fromColumns(sql, textOf)
    if (row.seq !== first + waiting.count || waiting.count >= TOGETHER) {
      write()
      first = row.seq
    }
    packer.begin()
    packer.row(row)
    waiting.add(packer.packed, { segment: Number(sql['segment']), start: Number(sql['start']), length: Number(sql['length']) })
  }
  write()
}
