// A filter in plain words: one sentence that says what passes, and how several values count.
import type { Expr, ListItem, Literal, Moment } from './ast.ts'
import type { Field, Schema } from './schema.ts'

type Known = Pick<Field<never>, 'say' | 'many' | 'type'>
type Fields = ReadonlyMap<string, Known>

/** `Rows where at least one command is Exec, and …`. `things` names what is filtered. */
export function explain<S>(expr: Expr, schema: Schema<S>, things = 'Rows'): string {
  return `${things} where ${said(expr, schema.fields as unknown as Fields)}.`
}

const VERBS: Readonly<Record<string, string>> = {
  '==': 'is',
  '!=': 'is not',
  '<': 'is less than',
  '<=': 'is at most',
  '>': 'is more than',
  '>=': 'is at least',
  contains: 'contains',
  startswith: 'begins with',
  '~': 'matches the pattern',
}
const TEXTUAL: readonly string[] = ['contains', 'startswith', '~']
const TIMES: Readonly<Record<string, string>> = { '<': 'is before', '<=': 'is not after', '>': 'is after', '>=': 'is not before' }

function said(expr: Expr, fields: Fields, one = false): string {
  switch (expr.type) {
    case 'and':
      return expr.terms.map((term) => grouped(term, fields, one, 'or')).join(', and ')
    case 'or':
      return expr.terms.map((term) => grouped(term, fields, one, 'and')).join(', or ')
    case 'not':
      return `it is not so that ${grouped(expr.term, fields, one, 'or', 'and')}`
    case 'search':
      return `anything shown contains “${expr.text}”`
    case 'has': {
      const field = fields.get(expr.field)
      if (field?.type === 'flag') return `${subject(field, one)} is set`
      return `there is ${article(field?.say ?? expr.field)}`
    }
    case 'compare': {
      const field = fields.get(expr.field)
      if (field === undefined) return expr.field
      if (expr.op === '!=' && field.many) return `there is ${article(field.say)} and none of them is ${value(expr.value)}`
      const verb = (field.type === 'time' ? TIMES[expr.op] : undefined) ?? VERBS[expr.op] ?? expr.op
      return `${subject(field, one)} ${verb} ${TEXTUAL.includes(expr.op) ? `“${String(expr.value.value)}”` : value(expr.value)}`
    }
    case 'in': {
      const field = fields.get(expr.field)
      return `${field === undefined ? expr.field : subject(field, one)} is ${expr.items.length === 1 ? '' : 'one of '}${list(expr.items.map(item))}`
    }
    case 'any':
      return `one command of the message is such that ${said(expr.of, fields, true)}`
    case 'all':
      return `there are commands it concerns, and every one of them is such that ${said(expr.of, fields, true)}`
    case 'count': {
      const what =
        expr.of.type === 'has' ? `values of ${fields.get(expr.of.field)?.say ?? expr.of.field}` : `commands such that ${said(expr.of, fields, true)}`
      return `the number of ${what} ${VERBS[expr.op] ?? expr.op} ${value(expr.value)}`
    }
    case 'len':
      return `the length of ${article(fields.get(expr.field)?.say ?? expr.field)} ${VERBS[expr.op] ?? expr.op} ${value(expr.value)} characters`
    case 'after':
    case 'before':
      return `the row comes ${expr.type} ${moment(expr.moment)}`
    case 'within':
      if (expr.span !== null) return `the row comes at most ${value(expr.span)} after ${moment(expr.from)}`
      return expr.to === null ? `the row belongs to ${moment(expr.from)}` : `the row comes from ${moment(expr.from)} to ${moment(expr.to)}`
    case 'answers':
      return `a Status or Results in it answers a command of ${moment(expr.to)}`
    default:
      return expr satisfies never
  }
}

function grouped(expr: Expr, fields: Fields, one: boolean, ...types: string[]): string {
  return types.includes(expr.type) ? `(${said(expr, fields, one)})` : said(expr, fields, one)
}

/** `one`: of one command, inside any() and its like. */
function subject({ say, many }: Known, one: boolean): string {
  if (one && many) return say === 'command' ? 'it' : `its ${say}`
  return many ? `at least one ${say}` : `the ${say}`
}

function article(say: string): string {
  return `${/^[aeio]/i.test(say) ? 'an' : 'a'} ${say}`
}

function value(literal: Literal): string {
  switch (literal.type) {
    case 'text':
      return /^[A-Za-z][\w-]*$/.test(literal.value) ? literal.value : `“${literal.value}”`
    case 'size':
      return `${String(literal.value)} ${literal.unit === '' || literal.unit === 'B' ? 'bytes' : literal.unit}`
    case 'duration':
      return `${String(literal.value)} ${literal.unit === '' ? 'ms' : literal.unit}`
    case 'time':
      return `${literal.value}${/z$/i.test(literal.value) ? '' : ' UTC'}`
    default:
      return String(literal.value)
  }
}

function item(one: ListItem): string {
  return one.type === 'range' ? `${value(one.from)} to ${value(one.to)}` : value(one)
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

function moment(at: Moment): string {
  if (at.type === 'step') return `step ${at.key}`
  return at.type === 'row' ? `row #${String(at.seq)}` : `${at.value}${/z$/i.test(at.value) ? '' : ' UTC'}`
}
