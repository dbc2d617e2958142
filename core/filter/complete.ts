// What could be typed next: fields, operators, values, joins, from the schema and from what the trace holds. Never throws; unfinished text is its usual input.
import { printLiteral } from './ast.ts'
import { type Token, tokens } from './lexer.ts'
import { DURATIONS, SIZES } from './literal.ts'
import type { Field, Schema } from './schema.ts'

export interface Suggestion {
  /** What is put in place of `[from, to)`. */
  readonly insert: string
  readonly kind: 'field' | 'function' | 'operator' | 'value' | 'join'
  /** A few words beside it. */
  readonly say: string
}

export interface Completion {
  readonly from: number
  readonly to: number
  readonly items: readonly Suggestion[]
}

/** Values a field has at present in what is looked at, most frequent first. */
export type Live = (field: string) => readonly string[]

/** Suggestions at most. */
const MOST = 40

const FUNCTIONS: readonly Suggestion[] = [
  { insert: 'any(', kind: 'function', say: 'one command for which all of it holds' },
  { insert: 'all(', kind: 'function', say: 'every command it concerns' },
  { insert: 'count(', kind: 'function', say: 'how many commands, or values of a field' },
  { insert: 'len(', kind: 'function', say: 'characters of a text' },
  { insert: 'after(', kind: 'function', say: 'after a step, a row or a time' },
  { insert: 'before(', kind: 'function', say: 'before a step, a row or a time' },
  { insert: 'within(', kind: 'function', say: 'in a step, between moments, at most so long after one' },
  { insert: 'answers(', kind: 'function', say: 'answers a command of a step or row' },
]
const JOINS: readonly Suggestion[] = [
  { insert: '&&', kind: 'join', say: 'and' },
  { insert: '||', kind: 'join', say: 'or' },
]
const SAY: Readonly<Record<string, string>> = {
  '==': 'is',
  '!=': 'has a value, and none is',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
  in: 'one of a list',
  contains: 'contains',
  startswith: 'begins with',
  '~': 'matches a pattern',
}

type Known = Pick<Field<never>, 'name' | 'type' | 'say' | 'about' | 'words' | 'ordered'>
type Fields = ReadonlyMap<string, Known>

/** Suggestions for the caret's place. */
export function complete<S>(text: string, caret: number, schema: Schema<S>, live: Live = () => []): Completion {
  const fields = schema.fields as unknown as Fields
  const all = tokens(text.slice(0, caret), true).filter(({ type }) => type !== 'end')
  const last = all.at(-1)
  // The word the caret touches is what is being typed.
  const touching = last !== undefined && last.end === caret && (last.type === 'word' || (last.type === 'string' && !closed(text, last)))
  const typed = touching ? last : undefined
  const before = touching ? all.slice(0, -1) : all
  const from = typed?.start ?? caret
  const to = typed === undefined ? caret : caret + (typed.type === 'word' ? (/^[\w.:/#@+*%$?-]*/.exec(text.slice(caret))?.[0].length ?? 0) : 0)
  const wanted = (typed?.text ?? '').toLowerCase()
  const items = place(before, fields, live).filter(({ insert }) => fits(insert, wanted))
  const starting = (suggestion: Suggestion): number => (plain(suggestion.insert).startsWith(wanted) ? 0 : 1)
  return { from, to, items: [...items].sort((a, b) => starting(a) - starting(b)).slice(0, MOST) }
}

const plain = (insert: string): string => insert.replace(/^"/, '').toLowerCase()
const fits = (insert: string, wanted: string): boolean => plain(insert).includes(wanted) && insert.toLowerCase() !== wanted

function closed(text: string, token: Token): boolean {
  return token.end - token.start > 1 && text[token.end - 1] === text[token.start]
}

/** What may stand behind these tokens. */
function place(before: readonly Token[], fields: Fields, live: Live): readonly Suggestion[] {
  const [last, op, field] = [before.at(-1), before.at(-2), before.at(-3)]
  if (last === undefined) return operands(fields)
  const text = last.type === 'string' ? '"' : last.text
  const known = (token: Token | undefined): Known | undefined => (token?.type === 'word' ? fields.get(token.text) : undefined)
  const comparing = (token: Token | undefined): boolean => token !== undefined && token.type !== 'string' && Object.hasOwn(SAY, token.text)
  if (comparing(last) && text === 'in') return [{ insert: '(', kind: 'operator', say: 'a list of values' }]
  if (comparing(last)) return values(known(op), live)
  const list = inList(before)
  if (list !== -1 && (text === '(' || text === '{' || text === ',' || text === '..')) return values(known(before[list - 1]), live)
  if (list !== -1)
    return [
      { insert: ',', kind: 'join', say: 'another value' },
      { insert: ')', kind: 'join', say: 'the end of the list' },
    ]
  if (last.type === 'op' && ['(', '!', '&&', '||'].includes(text)) return moments(op) ?? operands(fields)
  if (text === 'and' || text === 'or' || text === 'not') return operands(fields)
  const own = known(last)
  if (own !== undefined && !comparing(op)) return [...operators(own), ...JOINS]
  const measured = comparing(op) ? known(field) : undefined
  return [...(last.type === 'word' && /\d$/.test(text) ? units(measured) : []), ...JOINS]
}

/** Index of the `in` of an open list; -1 outside. */
function inList(before: readonly Token[]): number {
  for (let i = before.length - 1; i > 0; i--) {
    const token = before[i]
    if (token?.type === 'op' && [')', '}', '&&', '||'].includes(token.text)) return -1
    if (token?.type === 'op' && (token.text === '(' || token.text === '{')) return before[i - 1]?.text === 'in' ? i - 1 : -1
  }
  return -1
}

function moments(name: Token | undefined): readonly Suggestion[] | null {
  if (name?.type !== 'word' || !['after', 'before', 'within', 'answers'].includes(name.text)) return null
  return [
    { insert: 'step "', kind: 'value', say: 'a step of the run' },
    { insert: '#', kind: 'value', say: 'a row' },
  ]
}

function operands(fields: Fields): Suggestion[] {
  return [
    ...[...fields.values()].map(({ name, about }): Suggestion => ({ insert: name, kind: 'field', say: about })),
    ...FUNCTIONS,
    { insert: '!', kind: 'operator', say: 'not' },
  ]
}

function operators(field: Known): Suggestion[] {
  const ascending = field.type !== 'text' && field.type !== 'flag' && (field.type !== 'word' || field.ordered === true)
  const textual = field.type === 'text' || field.type === 'word'
  const ops = [
    '==',
    '!=',
    ...(ascending ? ['<', '<=', '>', '>='] : []),
    ...(textual ? ['contains', 'startswith', '~'] : []),
    ...(field.type === 'flag' ? [] : ['in']),
  ]
  return ops.map((op) => ({ insert: op, kind: 'operator', say: SAY[op] ?? '' }))
}

function values(field: Known | undefined, live: Live): Suggestion[] {
  if (field === undefined) return []
  if (field.type === 'flag') return ['true', 'false'].map((insert) => ({ insert, kind: 'value', say: field.say }))
  const seen = live(field.name)
  const words = [...new Set([...seen, ...(field.words ?? [])])]
  const written = (text: string): string =>
    field.type === 'text' || field.type === 'word' ? printLiteral({ type: 'text', value: text, start: 0, end: 0 }) : text
  return words.map((text) => ({ insert: written(text), kind: 'value', say: seen.includes(text) ? 'in this trace' : field.say }))
}

function units(field: Known | undefined): Suggestion[] {
  const table = field?.type === 'size' ? SIZES : field?.type === 'duration' ? DURATIONS : {}
  return Object.keys(table).map((insert) => ({ insert, kind: 'value', say: 'unit' }))
}
