// Writes docs/software-matrix.md from the tables of core/mo: what every state lets happen, what numbers and codes say, each with its standing.
import { FUMO_CODES, FUMO_DOWNLOAD_MARK, FUMO_MATRIX, FUMO_MOVES, FUMO_OF_CAUSE, FUMO_STATES } from '../../core/mo/fumo.ts'
import { markWords } from '../../core/mo/mark.ts'
import type { CodeRow, MoveRow, NumberRow } from '../../core/mo/rows.ts'
import { codeRow, wordsOf } from '../../core/mo/rows.ts'
import {
  DELIVERED_STATE,
  DELIVERED_STATUS,
  DEPLOYED_STATE,
  DEPLOYED_STATUS,
  DOWNLOAD_STATUS,
  SCOMO_CODES,
  SCOMO_MATRIX,
  SCOMO_MOVES,
  SCOMO_OF_CAUSE,
  SCOMO_DOWNLOAD_MARK,
} from '../../core/mo/scomo.ts'
import type { StateRow } from '../../core/mo/scomo.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join('\n')

const COLUMNS = ['Download*', 'Replace Data', 'Install*', 'Remove', 'Activate', 'Deactivate'] as const
const STATUSES: Readonly<Record<StateRow['place'], readonly NumberRow[]>> = {
  Download: DOWNLOAD_STATUS,
  Delivered: DELIVERED_STATUS,
  Deployed: DEPLOYED_STATUS,
}
const STATES: Readonly<Record<StateRow['place'], readonly NumberRow[]>> = { Download: [], Delivered: DELIVERED_STATE, Deployed: DEPLOYED_STATE }

function situations(): string[][] {
  return SCOMO_MATRIX.flatMap((row) =>
    row.states.flatMap((state) =>
      row.statuses.map((status) => {
        const stands = state === null ? (row.place === 'Download' ? '' : 'no State') : `${String(state)} ${wordsOf(STATES[row.place], state)}`
        const cells = COLUMNS.map((column) => String(row.allows[column] ?? '–'))
        return [row.place, stands, `${String(status)} ${wordsOf(STATUSES[row.place], status)}`, ...cells, markWords(row.mark)]
      }),
    ),
  )
}

const numbers = (rows: readonly NumberRow[]): string =>
  table(
    ['value', 'words', 'under way', 'standing'],
    rows.map((row) => [String(row.value), row.words, row.progressing ? 'yes' : '', markWords(row.mark)]),
  )
const codes = (rows: readonly CodeRow[]): string =>
  table(
    ['code', 'words', 'standing'],
    rows.map((row) => [row.last === undefined ? String(row.code) : `${String(row.code)}–${String(row.last)}`, row.words, markWords(row.mark)]),
  )
const moves = (rows: readonly MoveRow[]): string =>
  table(
    ['', 'from', 'trigger', 'to', 'effects', 'standing'],
    rows.map((row) => [row.id, row.from, row.trigger, row.to, row.effects, markWords(row.mark)]),
  )

/** The document. */
export function renderMatrix(): string {
  const causes = [...SCOMO_OF_CAUSE].map(([cause, code]) => {
    const firmware = FUMO_OF_CAUSE.get(cause) ?? 0
    return [
      cause,
      `${String(code)} ${codeRow(SCOMO_CODES, code)?.words ?? ''}`,
      `${String(firmware)} ${codeRow(FUMO_CODES, firmware)?.words ?? ''}`,
      markWords(SCOMO_DOWNLOAD_MARK),
      markWords(FUMO_DOWNLOAD_MARK),
    ]
  })
  const firmware = FUMO_MATRIX.flatMap((row) =>
    row.states.map((state) => [
      `${String(state)} ${wordsOf(FUMO_STATES, state)}`,
      row.url === 403 ? '403' : `200, then ${String(row.url)}`,
      row.data === 403 ? '403' : `200, then ${String(row.data)}`,
      String(row.Download),
      String(row.Update),
      String(row.DownloadAndUpdate),
      markWords(row.mark),
    ]),
  )
  return `${[
    '# Software: operations and states',
    'What every state of a simulated device lets happen, and what its numbers and results say. Made by `node test/software.mjs` from the tables in `core/mo`; a test fails while it is stale, and another performs every cell. CONFIRMED rests on a document or on shipping clients, which are named; INFERRED is our own conclusion.',
    '## SCOMO: all operations, all states',
    'A cell is the answer to the operation: `ok` (it begins), 403 (refused, nothing changes), – (there is no such operation).',
    table(['place', 'State', 'Status', ...COLUMNS, 'standing'], situations()),
    '## FUMO: all operations, all states',
    table(['State', 'Replace PkgURL', 'Replace PkgData', 'Exec Download', 'Exec Update', 'Exec DownloadAndUpdate', 'standing'], firmware),
    '## Moves of SCOMO',
    moves(SCOMO_MOVES),
    '## Moves of FUMO',
    moves(FUMO_MOVES),
    '## Numbers',
    ...(
      [
        ['Download/<X>/Status', DOWNLOAD_STATUS],
        ['Delivered/<X>/Status', DELIVERED_STATUS],
        ['Delivered/<X>/State', DELIVERED_STATE],
        ['Deployed/<X>/Status', DEPLOYED_STATUS],
        ['Deployed/<X>/State', DEPLOYED_STATE],
        ['FUMO State', FUMO_STATES],
      ] as const
    ).flatMap(([title, rows]) => [`### \`${title}\``, numbers(rows)]),
    '## Result codes of SCOMO',
    codes(SCOMO_CODES),
    '## Result codes of FUMO',
    codes(FUMO_CODES),
    '## Downloads that fail',
    table(['cause', 'SCOMO', 'FUMO', 'standing of SCOMO', 'standing of FUMO'], causes),
  ].join('\n\n')}\n`
}
