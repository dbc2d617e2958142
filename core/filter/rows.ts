// Rows of the trace as the filter language takes them: what belongs to which word, what may be searched, and what rows have to do with each other.
import type { TraceRow } from '../api.ts'
import { compile, type Filter } from './evaluate.ts'
import { Reading, RowFacts, type Around } from './facts.ts'
import { ROW_FIELDS } from './rowfields.ts'
import { fieldsOf, type Schema } from './schema.ts'

export { eventOf } from './rowfields.ts'

function searchText({ row }: RowFacts): string {
  const { seq, kind, hop, device, sessionId, commands, statuses, target, text, httpStatus } = row
  return [
    `#${String(seq)}`,
    kind,
    hop,
    device,
    sessionId,
    row.package,
    ...commands,
    ...statuses,
    target,
    text,
    httpStatus === 0 ? '' : String(httpStatus),
  ]
    .join('\n')
    .toLowerCase()
}

/** Rows of the trace. */
export const ROWS: Schema<RowFacts> = {
  fields: fieldsOf(ROW_FIELDS),
  parts: (facts, needs) => (needs === 'row' ? facts.summary() : facts.parts),
  search: searchText,
  moments: {
    seq: ({ row }) => row.seq,
    at: ({ row }) => row.at,
    step: ({ reading }, key) => reading.around.run?.step(key) ?? null,
    rowAt: ({ reading }, seq) => reading.around.row?.(seq)?.at ?? null,
    answers,
  },
}

/** A Status or Results here names the MsgID of that row's message, in the same session and against its direction. */
function answers(facts: RowFacts, seq: number): boolean {
  const { row, reading } = facts
  const asked = reading.around.row?.(seq)
  if (asked === undefined || asked.session !== row.session || asked.direction === row.direction || asked.seq > row.seq) return false
  return (
    asked.msgId !== '' &&
    facts
      .commands()
      .some(({ command }) => (command.kind === 'Status' || command.kind === 'Results') && command.msgRef === asked.msgId && command.cmdRef !== '0')
  )
}

/** A filter over trace rows. */
export interface RowFilter extends Filter<RowFacts> {
  /** True where the row passes; `reading` gives what the row does not hold. */
  row(row: TraceRow, reading: Reading): boolean
}

/** Reads a filter over trace rows. Throws FilterError. */
export function rowFilter(text: string): RowFilter {
  const filter = compile(text, ROWS)
  return { ...filter, row: (row, reading) => filter.test(new RowFacts(row, reading)) }
}

/** A reading of these surroundings. */
export function reading(around: Around): Reading {
  return new Reading(around)
}
