// The component board of a device: cards in columns, what each number says and whether that is a guess, and where a card comes from when it moves. Pure.
import { FUMO_STATES } from '../../core/mo/fumo.ts'
import { isInferred, markWords } from '../../core/mo/mark.ts'
import type { NumberRow } from '../../core/mo/rows.ts'
import { DELIVERED_STATE, DELIVERED_STATUS, DEPLOYED_STATE, DEPLOYED_STATUS, DOWNLOAD_STATUS } from '../../core/mo/scomo.ts'
import type { SoftwareBoard, SoftwareCard, SoftwareLogLine, SoftwareRequest } from '../../core/api.ts'

export type ColumnId = 'download' | 'delivered' | 'inactive' | 'active' | 'firmware'

export interface BoardColumn {
  readonly id: ColumnId
  readonly title: string
  /** What stands there while it is empty. */
  readonly empty: string
  readonly cards: readonly SoftwareCard[]
}

const COLUMNS: readonly Omit<BoardColumn, 'cards'>[] = [
  { id: 'download', title: 'Download', empty: 'none seen' },
  { id: 'delivered', title: 'Delivered', empty: 'none seen' },
  { id: 'inactive', title: 'Deployed, inactive', empty: 'none seen' },
  { id: 'active', title: 'Deployed, active', empty: 'none seen' },
  { id: 'firmware', title: 'Firmware', empty: 'not told yet' },
]

/** Column of a card. A component whose State was never read stands with the inactive ones and says so. */
export function columnOf(card: SoftwareCard): ColumnId {
  if (card.place !== 'deployed') return card.place
  return card.state === 20 ? 'active' : 'inactive'
}

/** The columns of a board; firmware only where the device has a FUMO root or a card of it. */
export function columns(board: SoftwareBoard): readonly BoardColumn[] {
  const firmware = board.cards.some((card) => card.place === 'firmware') || board.roots.some((root) => /fumo/i.test(root.mo))
  return COLUMNS.filter((one) => one.id !== 'firmware' || firmware).map((one) => ({
    ...one,
    cards: board.cards.filter((card) => columnOf(card) === one.id),
  }))
}

/** What a number of a card says. */
export interface NumberLook {
  readonly name: 'State' | 'Status'
  readonly value: number
  readonly words: string
  readonly tone: 'good' | 'bad' | 'accent' | 'soft'
  /** Why it is a guess; '' where a document confirms it. */
  readonly inferred: string
}

const TABLES: Readonly<Record<SoftwareCard['place'], { readonly state: readonly NumberRow[]; readonly status: readonly NumberRow[] }>> = {
  download: { state: [], status: DOWNLOAD_STATUS },
  delivered: { state: DELIVERED_STATE, status: DELIVERED_STATUS },
  deployed: { state: DEPLOYED_STATE, status: DEPLOYED_STATUS },
  firmware: { state: FUMO_STATES, status: [] },
}

function look(name: NumberLook['name'], table: readonly NumberRow[], value: number): NumberLook {
  const row = table.find((one) => one.value === value)
  if (row === undefined) return { name, value, words: `unknown value ${String(value)}`, tone: 'bad', inferred: 'No table has this value.' }
  const tone = row.progressing
    ? 'accent'
    : /fail/i.test(row.words)
      ? 'bad'
      : /active$|success|installed|complete|ready/i.test(row.words) && !/inactive/i.test(row.words)
        ? 'good'
        : 'soft'
  return { name, value, words: row.words, tone, inferred: isInferred(row.mark) ? markWords(row.mark) : '' }
}

/** The numbers of a card in words; an idle Status beside a State says nothing and is left out. */
export function numbers(card: SoftwareCard): readonly NumberLook[] {
  const { state, status } = TABLES[card.place]
  const out: NumberLook[] = []
  if (card.state !== null && state.length > 0) out.push(look('State', state, card.state))
  if (card.status !== null && status.length > 0 && !(card.status === 10 && out.length > 0)) out.push(look('Status', status, card.status))
  return out
}

/** Something goes on with it right now. */
export const progressing = (card: SoftwareCard): boolean => numbers(card).some((one) => one.tone === 'accent')

/** What the lab says of a card beyond its numbers, without its mark; `inferred` where the mark stands in it. */
export function cardWords(card: SoftwareCard): { readonly text: string; readonly inferred: boolean } {
  const inferred = /\bINFERRED\b/.test(card.words)
  return {
    text: card.words.replace(/\s*[([]?\bINFERRED\b[)\]]?[:,]?\s*/g, ' ').trim(),
    inferred,
  }
}

/** Why the words of a card are a guess: nobody read the numbers, an alert lets us conclude them. */
export const CONCLUDED = 'concluded from an alert; the device’s own numbers were not read since.'

/** Which card of the board before a new card came out of: the same node, the same id elsewhere, or the package it refers to. '' nowhere. */
export function origin(card: SoftwareCard, before: readonly SoftwareCard[]): string {
  const same = before.find((one) => one.uri === card.uri)
  if (same !== undefined) return same.uri
  const twin =
    before.find((one) => one.id === card.id && one.place !== card.place) ?? before.find((one) => card.pkgIdRef !== '' && one.id === card.pkgIdRef)
  return twin?.uri ?? ''
}

/** Icons of the lines of a device's own log. */
export const LOG_ICON: Readonly<Record<SoftwareLogLine['what'], string>> = {
  download: 'down',
  deliver: 'box',
  install: 'plus',
  activate: 'play',
  start: 'play',
  deactivate: 'pause',
  remove: 'drop',
  fail: 'error',
  ask: 'chat',
  boot: 'restart',
  update: 'chip',
}

/** What a request begins with when it is about a card, or about the whole device. */
export function requestFor(card: SoftwareCard | null, operation: SoftwareRequest['operation'] = 'Install'): SoftwareRequest {
  if (card === null) return { type: 'scomo', by: 'user', operation }
  if (card.place === 'firmware') return { type: 'fumo', by: 'user', operation: 'Update', source: card.uri }
  if (card.place === 'deployed') return { type: 'scomo', by: 'user', operation, component: card.id, source: card.uri }
  return { type: 'scomo', by: 'user', operation, pkg: card.id, source: card.uri }
}

/** Operations a device can ask for, by object. */
export const REQUESTS: Readonly<Record<SoftwareRequest['type'], readonly SoftwareRequest['operation'][]>> = {
  scomo: ['Install', 'InstallInactive', 'Update', 'Activate', 'Deactivate', 'Remove', 'Download', 'CheckUpdate', 'Resume'],
  fumo: ['Update', 'CheckUpdate', 'Download', 'Resume'],
}
