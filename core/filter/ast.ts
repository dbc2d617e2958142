// What a filter says, as data, and how it is written. Reading what `print` wrote gives the same data again (but for the places).
import { quoted } from './lexer.ts'

/** Place in the text, UTF-16 units `[start, end)`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A value of the type its field has. Sizes and durations keep the unit they were written with ('' none). */
export type Literal = (
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'size' | 'duration'; readonly value: number; readonly unit: string }
  | { readonly type: 'time'; readonly value: string }
  | { readonly type: 'flag'; readonly value: boolean }
) &
  Span

/** A moment of the trace: a step of a run, a row, a time. */
export type Moment = (
  { readonly type: 'step'; readonly key: string } | { readonly type: 'row'; readonly seq: number } | { readonly type: 'time'; readonly value: string }
) &
  Span

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'startswith' | '~'
/** Numbers only. */
export type NumberComparison = '==' | '!=' | '<' | '<=' | '>' | '>='

export interface Compare extends Span {
  readonly type: 'compare'
  readonly field: string
  readonly op: Comparison
  readonly value: Literal
}
export type ListItem = Literal | { readonly type: 'range'; readonly from: Literal; readonly to: Literal }
export interface In extends Span {
  readonly type: 'in'
  readonly field: string
  readonly items: readonly ListItem[]
}
/** The field alone: it has a value (a flag: it is set). */
export interface Has extends Span {
  readonly type: 'has'
  readonly field: string
}
/** A text alone: anything shown contains it, whatever the case. */
export interface Search extends Span {
  readonly type: 'search'
  readonly text: string
}

export type Expr =
  | ({ readonly type: 'or' | 'and'; readonly terms: readonly Expr[] } & Span)
  | ({ readonly type: 'not'; readonly term: Expr } & Span)
  | Compare
  | In
  | Has
  | Search
  /** Over the commands of one message: one command (every command) for which all of `of` holds. */
  | ({ readonly type: 'any'; readonly of: Expr } & Span)
  | ({ readonly type: 'all'; readonly of: Expr } & Span)
  /** How many commands `of` holds for; of a field alone: how many values it has. */
  | ({ readonly type: 'count'; readonly of: Expr; readonly op: NumberComparison; readonly value: Literal } & Span)
  /** Characters of a value. */
  | ({ readonly type: 'len'; readonly field: string; readonly op: NumberComparison; readonly value: Literal } & Span)
  | ({ readonly type: 'after'; readonly moment: Moment } & Span)
  | ({ readonly type: 'before'; readonly moment: Moment } & Span)
  /** Between two moments (both included), in the stretch of a step (`to` null), or at most `ms` after a moment. */
  | ({ readonly type: 'within'; readonly from: Moment; readonly to: Moment | null; readonly span: Literal | null } & Span)
  /** A Status or Results here answers a command of that step's messages, or of that row. */
  | ({ readonly type: 'answers'; readonly to: Moment } & Span)

/** The filter as text. */
export function print(expr: Expr): string {
  switch (expr.type) {
    case 'or':
      return expr.terms.map((term) => (term.type === 'or' ? `(${print(term)})` : print(term))).join(' || ')
    case 'and':
      return expr.terms.map((term) => (term.type === 'or' || term.type === 'and' ? `(${print(term)})` : print(term))).join(' && ')
    case 'not':
      return `!${simple(expr.term) ? print(expr.term) : `(${print(expr.term)})`}`
    case 'compare':
      return `${expr.field} ${expr.op} ${printLiteral(expr.value)}`
    case 'in':
      return `${expr.field} in (${expr.items.map(printItem).join(', ')})`
    case 'has':
      return expr.field
    case 'search':
      return quoted(expr.text)
    case 'any':
    case 'all':
      return `${expr.type}(${print(expr.of)})`
    case 'count':
      return `count(${print(expr.of)}) ${expr.op} ${printLiteral(expr.value)}`
    case 'len':
      return `len(${expr.field}) ${expr.op} ${printLiteral(expr.value)}`
    case 'after':
    case 'before':
      return `${expr.type}(${printMoment(expr.moment)})`
    case 'within':
      if (expr.span !== null) return `within(${printLiteral(expr.span)}, ${printMoment(expr.from)})`
      return `within(${printMoment(expr.from)}${expr.to === null ? '' : `..${printMoment(expr.to)}`})`
    case 'answers':
      return `answers(${printMoment(expr.to)})`
    default:
      return expr satisfies never
  }
}

/** What binds at least as strongly as `!`. */
function simple(expr: Expr): boolean {
  return !['or', 'and', 'compare', 'in', 'count', 'len'].includes(expr.type)
}

function printItem(item: ListItem): string {
  return item.type === 'range' ? `${printLiteral(item.from)}..${printLiteral(item.to)}` : printLiteral(item)
}

/** A value as text; words stay bare, all else stands between quotes. */
export function printLiteral(value: Literal): string {
  switch (value.type) {
    case 'text':
      return /^[A-Za-z][\w-]*$/.test(value.value) ? value.value : quoted(value.value)
    case 'number':
      return String(value.value)
    case 'size':
    case 'duration':
      return value.unit === '' ? String(value.value) : `${String(value.value)} ${value.unit}`
    case 'time':
      return quoted(value.value)
    case 'flag':
      return String(value.value)
    default:
      return value satisfies never
  }
}

function printMoment(moment: Moment): string {
  if (moment.type === 'step') return `step ${quoted(moment.key)}`
  return moment.type === 'row' ? `#${String(moment.seq)}` : quoted(moment.value)
}
