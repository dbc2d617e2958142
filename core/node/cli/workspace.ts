// Reading a workspace beside its owner: which rows a command is about, page by page, so that memory stays small.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Option } from 'commander'
import { FilterError } from '../../filter/error.ts'
import type { Around } from '../../filter/facts.ts'
import { rowFilter, type RowFilter } from '../../filter/rows.ts'
import { passing } from '../../filter/search.ts'
import type { RowKind, Seq, TraceRow } from '../../api.ts'
import { readPage } from '../../page.ts'
import type { TraceStore } from '../../store/trace.ts'
import { wordsOf } from '../../syncml/text.ts'
import type { Workspace } from '../workspace.ts'
import { Progress, refuse } from './output.ts'

/** Rows read at a time. */
const PAGE = 1000

/** Which rows. `from` and `to` are sequence numbers or times, both included. */
export interface Selection {
  readonly from?: string
  readonly to?: string
  readonly session?: string
  readonly kind?: RowKind | 'all'
}

export const workspaceOption = (): Option => new Option('--workspace <dir>', 'workspace folder').makeOptionMandatory()
export const selectionOptions = (): Option[] => [
  new Option('--from <seq|time>', 'first row: a number, or a time such as 2026-01-31T12:00:00Z'),
  new Option('--to <seq|time>', 'last row'),
  new Option('--session <key>', 'rows of one session: its key, as `dmlab trace list` shows it'),
]

/** How long a busy owner is waited for, ms. */
const OWNER_MS = 2000

/** Asks the owner, where there is one, to write down what it has: else rows of the last moments would be missing. One that does not answer is read beside as it is. */
async function settled(dir: string): Promise<void> {
  const { readApi } = await import('../workspace.ts')
  const api = readApi(dir)
  if (api === null) return
  const headers = { authorization: `Bearer ${api.token}` }
  await fetch(new URL('state', api.url), { headers, signal: AbortSignal.timeout(OWNER_MS) })
    .then((answer) => answer.arrayBuffer())
    .catch(() => {})
}

/** Opens the workspace read-only, does the work, and closes it. Rejects with Failure 2 where it cannot be opened. */
export async function withWorkspace<T>(dir: string, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  if (!existsSync(dir)) refuse(`${dir}: no such folder`)
  if (!existsSync(join(dir, 'lab.db'))) refuse(`${dir}: is no workspace (it has no lab.db)`)
  const workspace = await open(dir)
  try {
    return await work(workspace)
  } finally {
    await workspace.close()
  }
}

async function open(dir: string): Promise<Workspace> {
  try {
    const { openWorkspace } = await import('../workspace.ts')
    await settled(dir)
    return openWorkspace(dir, { readOnly: true })
  } catch (error) {
    const text = wordsOf(error)
    return refuse(
      /node:sqlite/.test(text) ? `this Node (${process.version}) has no node:sqlite; run npm ci, or use Node 22.13 or newer` : `${dir}: ${text}`,
    )
  }
}

type Test = (row: TraceRow) => boolean

interface Bounds {
  readonly first: Seq
  readonly last: Seq
  readonly test: Test
}

/** The selection as a range of rows and a test within it. Throws Failure 2 for what is no number or time. */
export function bounds(trace: TraceStore, selection: Selection): Bounds {
  const from = bound('--from', selection.from)
  const to = bound('--to', selection.to)
  const session = selection.session === undefined ? null : whole('--session', selection.session)
  const kind = selection.kind ?? 'all'
  return {
    first: from !== null && 'seq' in from ? Math.max(trace.first, from.seq) : trace.first,
    last: to !== null && 'seq' in to ? Math.min(trace.last, to.seq) : trace.last,
    test: (row) =>
      (kind === 'all' || row.kind === kind) &&
      (session === null || row.session === session) &&
      (from === null || 'seq' in from || row.at >= from.at) &&
      (to === null || 'seq' in to || row.at <= to.at),
  }
}

function bound(option: string, text: string | undefined): { seq: Seq } | { at: number } | null {
  if (text === undefined) return null
  if (/^\d+$/.test(text)) return { seq: Number(text) }
  const at = Date.parse(text)
  return Number.isNaN(at) ? refuse(`${option} ${text}: is neither a row number nor a time such as 2026-01-31T12:00:00Z`) : { at }
}

/** A whole number from a word of the command line. */
export function whole(option: string, text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`${option} ${text}: is no whole number`)
}

/** A filter from the command line. Throws Failure 2 that names place and expectation. */
export function readFilter(expression: string): RowFilter {
  try {
    return rowFilter(expression)
  } catch (error) {
    if (error instanceof FilterError) return refuse(`filter: ${error.message}`)
    throw error
  }
}

/** What rows of a workspace do not hold themselves. */
export function aroundOf(trace: TraceStore): Around {
  return { frame: (seq) => trace.frame(seq), row: (seq) => (seq < trace.first ? undefined : readPage(trace.rows(seq, 1))[0]) }
}

/** The rows selected that pass a filter, in order; says on a terminal how far it is. */
export function* sifted(trace: TraceStore, selection: Selection, filter: RowFilter): Generator<TraceRow> {
  const progress = new Progress()
  let found = 0
  function* counted(): Generator<TraceRow> {
    for (const row of selected(trace, selection)) {
      progress.show(() => `row ${String(row.seq)} of ${String(trace.last)}, ${String(found)} found`)
      yield row
    }
  }
  try {
    for (const row of passing(filter, counted(), aroundOf(trace))) {
      found += 1
      yield row
    }
  } finally {
    progress.done()
  }
}

/** The rows selected, in order. */
export function* selected(trace: TraceStore, selection: Selection): Generator<TraceRow> {
  const { first, last, test } = bounds(trace, selection)
  for (let at = first; at <= last; at += PAGE) {
    for (const row of readPage(trace.rows(at, Math.min(PAGE, last - at + 1)))) if (test(row)) yield row
  }
}
