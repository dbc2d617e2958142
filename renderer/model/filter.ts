// The filter line: expressions of the filter language (core/filter); a few plain words are searched for as they are. What needs bytes is asked of the lab.
import type { TraceRow } from '../../core/api.ts'
import { printLiteral } from '../../core/filter/ast.ts'
import { FilterError } from '../../core/filter/error.ts'
import { explain } from '../../core/filter/explain.ts'
import { Reading } from '../../core/filter/facts.ts'
import { quoted, tokens } from '../../core/filter/lexer.ts'
import { eventOf, rowFilter, ROWS } from '../../core/filter/rows.ts'

/** A filter as the list uses it. */
export interface Filter {
  readonly text: string
  /** What it lets through, as a sentence; '' for the empty filter. */
  readonly words: string
  /** Why it could not be read; '' where it could. */
  readonly error: string
  /** Where in the text the error is; null where there is none. */
  readonly place: { readonly start: number; readonly end: number } | null
  /** The expression as the lab reads it; '' for the empty filter. */
  readonly expression: string
  /** True where the row alone does not tell: the lab is asked. */
  readonly deep: boolean
  /** Only where it is not deep. */
  test(row: TraceRow): boolean
}

const ROW_ONLY = new Reading({})
export const NO_FILTER: Filter = { text: '', words: '', error: '', place: null, expression: '', deep: false, test: () => true }

/** Reads a filter. Never throws; an unreadable one lets everything through and says why in `error`. */
export function readFilter(text: string): Filter {
  if (text.trim() === '') return { ...NO_FILTER, text }
  try {
    return made(text, text)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const plain = plainWords(text)
    if (plain !== null) return made(text, plain)
    const { start, end, what, expected } = error
    const wanted = expected.length === 0 ? '' : ` Expected: ${expected.join(', ')}.`
    return { ...NO_FILTER, text, error: `Position ${String(start + 1)}: ${what}.${wanted}`, place: { start, end: Math.max(end, start + 1) } }
  }
}

function made(text: string, expression: string): Filter {
  const filter = rowFilter(expression)
  const words = explain(filter.expr, ROWS)
  return { text, words, error: '', place: null, expression, deep: filter.needs !== 'row', test: (row) => filter.row(row, ROW_ONLY) }
}

/** `exec -delete` as a search for these words; null where it looks like an expression that went wrong. */
function plainWords(text: string): string | null {
  let all
  try {
    all = tokens(text).slice(0, -1)
  } catch {
    return null
  }
  const known = (word: string): boolean => ROWS.fields.has(word.toLowerCase().split(':')[0] ?? '') || ['and', 'or', 'not', 'in'].includes(word)
  if (all.some((token) => token.type === 'op' || (token.type === 'word' && known(token.text)) || token.text.replace(/^-/, '') === '')) return null
  return all.map(({ type, text: word }) => (type === 'word' && word.startsWith('-') ? `!${quoted(word.slice(1))}` : quoted(word))).join(' && ')
}

/** One term that a row's values suggest. */
export interface Term {
  readonly expression: string
  /** What it is about: `command`, `device` … */
  readonly say: string
}

/** Terms that hold for this row: what "filter by this" offers. */
export function termsOf(row: TraceRow): Term[] {
  const terms: Term[] = []
  const add = (field: string, value: string): void => {
    const say = ROWS.fields.get(field)?.say ?? field
    if (value !== '') terms.push({ expression: `${field} == ${value}`, say })
  }
  const text = (value: string): string => (value === '' ? '' : printLiteral({ type: 'text', value, start: 0, end: 0 }))
  for (const command of new Set(row.commands.map((one) => one.split(' ')[0] ?? ''))) add('cmd', text(command))
  for (const code of new Set(row.commands.flatMap((one) => /^Alert (\d+)$/.exec(one)?.[1] ?? []))) add('alert.code', code)
  add('uri', text(row.target))
  for (const status of new Set(row.statuses)) add('status', status)
  add('event', text(eventOf(row) ?? ''))
  add('device', text(row.device))
  add('session.key', row.session === 0 ? '' : String(row.session))
  add('pkg', text(row.package))
  if (row.httpStatus > 0) add('http.status', String(row.httpStatus))
  add('lint.sev', row.severity)
  add('held', row.hold === 'no' ? '' : text(row.hold))
  add('hop', row.hop)
  add('kind', row.kind)
  return terms
}

/** The filter with a further term; plain words and an unreadable text give way to it. */
export function withTerm(text: string, term: string, not: boolean): string {
  const { expression, error } = readFilter(text)
  const own = not ? `!(${term})` : term
  if (expression === '' || error !== '') return own
  return /\|\||\bor\b/.test(expression) ? `(${expression}) && ${own}` : `${expression} && ${own}`
}

/** Values of one field among rows at hand, most frequent first. */
export function liveValues(rows: Iterable<TraceRow>): (field: string) => string[] {
  const counts = new Map<string, Map<string, number>>()
  const count = (field: string, value: string): void => {
    if (value === '') return
    const own = counts.get(field) ?? new Map<string, number>()
    counts.set(field, own)
    own.set(value, (own.get(value) ?? 0) + 1)
  }
  for (const row of rows) {
    for (const command of row.commands) count('cmd', command.split(' ')[0] ?? '')
    for (const command of row.commands) count('alert.code', /^Alert (\d+)$/.exec(command)?.[1] ?? '')
    for (const status of row.statuses) count('status', status)
    for (const field of ['uri', 'target']) count(field, row.target)
    count('device', row.device)
    count('session', row.sessionId)
    count('event', eventOf(row) ?? '')
    if (row.httpStatus > 0) count('http.status', String(row.httpStatus))
  }
  return (field) =>
    [...(counts.get(field) ?? [])]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 30)
      .map(([value]) => value)
}
