// AST to a test. Several values: one that fits suffices. What the row alone can settle is settled without its bytes, cheap terms first.
import type { Expr, ListItem, Literal, NumberComparison } from './ast.ts'
import { compareTime, readTime, scaled } from './literal.ts'
import { temporal } from './moments.ts'
import { parse } from './parser.ts'
import { regex } from './regex.ts'
import { type Field, more, type Needs, type Schema, type Test, type Value } from './schema.ts'

/** A filter that can be asked. */
export interface Filter<S> {
  readonly text: string
  readonly expr: Expr
  /** The most that it may have to read. */
  readonly needs: Needs
  test(thing: S): boolean
}

/** Reads and compiles a filter. Throws FilterError. */
export function compile<S>(text: string, schema: Schema<S>): Filter<S> {
  const expr = parse(text, schema)
  const { needs, test } = make(expr, schema)
  return { text, expr, needs, test }
}

const COST: Readonly<Record<Needs, number>> = { row: 0, frame: 1, message: 2 }

function make<S>(expr: Expr, schema: Schema<S>): Test<S> {
  switch (expr.type) {
    case 'or':
    case 'and': {
      const parts = expr.terms.map((term) => make(term, schema)).sort((a, b) => COST[a.needs] - COST[b.needs])
      const tests = parts.map(({ test }) => test)
      const needs = parts.reduce<Needs>((most, part) => more(most, part.needs), 'row')
      return { needs, test: expr.type === 'and' ? (thing) => tests.every((test) => test(thing)) : (thing) => tests.some((test) => test(thing)) }
    }
    case 'not': {
      const { needs, test } = make(expr.term, schema)
      return { needs, test: (thing) => !test(thing) }
    }
    case 'search': {
      const wanted = expr.text.toLowerCase()
      return { needs: 'row', test: (thing) => schema.search?.(thing).includes(wanted) === true }
    }
    case 'has':
      return valued(fieldOf(schema, expr.field), (value) => value !== false)
    case 'compare': {
      const field = fieldOf(schema, expr.field)
      if (expr.op === '!=') return none(field, matcher(field, '==', expr.value))
      return valued(field, matcher(field, expr.op, expr.value))
    }
    case 'in': {
      const field = fieldOf(schema, expr.field)
      const items = expr.items.map((item) => itemMatcher(field, item))
      return valued(field, (value) => items.some((fits) => fits(value)))
    }
    case 'any':
    case 'all':
    case 'count':
      return quantified(expr, schema)
    case 'len': {
      const fits = measured(expr.op, expr.value)
      return valued(fieldOf(schema, expr.field), (value) => fits(String(value).length))
    }
    case 'after':
    case 'before':
    case 'within':
    case 'answers':
      return temporal(expr, schema)
    default:
      return expr satisfies never
  }
}

function fieldOf<S>(schema: Schema<S>, name: string): Field<S> {
  const field = schema.fields.get(name)
  if (field === undefined) throw new Error(`no field ${name}`)
  return field
}

/** One value at least fits. */
function valued<S>(field: Field<S>, fits: (value: Value) => boolean): Test<S> {
  const { quick, whole } = field
  if (quick === undefined) return { needs: field.needs, test: (thing) => field.read(thing).some(fits) }
  return {
    needs: field.needs,
    test: (thing) => {
      if (quick(thing).some(fits)) return true
      return whole?.(thing) !== true && field.read(thing).some(fits)
    },
  }
}

/** `!=`: it has a value, and none fits. */
function none<S>(field: Field<S>, fits: (value: Value) => boolean): Test<S> {
  return {
    needs: field.needs,
    test: (thing) => {
      const known = field.quick?.(thing)
      if (known?.some(fits) === true) return false
      const values = known !== undefined && field.whole?.(thing) === true ? known : field.read(thing)
      return values.length > 0 && !values.some(fits)
    },
  }
}

type Fits = (value: Value) => boolean

function matcher(
  field: Pick<Field<never>, 'type' | 'words' | 'ordered'>,
  op: Exclude<Expr & { type: 'compare' }, never>['op'],
  literal: Literal,
): Fits {
  if (literal.type === 'text') return textual(field, op, literal.value)
  if (literal.type === 'flag') return (value) => value === literal.value
  const compare = comparer(literal)
  switch (op) {
    case '==':
      return (value) => compare(value) === 0
    case '<':
      return (value) => compare(value) < 0
    case '<=':
      return (value) => compare(value) <= 0
    case '>':
      return (value) => compare(value) > 0
    case '>=':
      return (value) => compare(value) >= 0
    default:
      return () => false
  }
}

/** Negative, zero, positive; NaN where the value cannot be compared. */
function comparer(literal: Literal): (value: Value) => number {
  if (literal.type === 'time') {
    const written = readTime(literal.value)
    return written === null ? () => Number.NaN : (value) => compareTime(Number(value), written)
  }
  const against =
    literal.type === 'number'
      ? literal.value
      : literal.type === 'size' || literal.type === 'duration'
        ? scaled(literal.value, literal.unit)
        : Number.NaN
  return (value) => (typeof value === 'number' ? value : Number.NaN) - against
}

function textual(field: Pick<Field<never>, 'type' | 'words' | 'ordered'>, op: string, wanted: string): Fits {
  // The names of words stand for one thing whatever their case; texts are taken to the letter.
  const form = field.type === 'word' ? (value: Value) => String(value).toLowerCase() : (value: Value) => String(value)
  const text = form(wanted)
  const rank = (value: Value): number => field.words?.findIndex((word) => word.toLowerCase() === String(value).toLowerCase()) ?? -1
  const least = rank(wanted)
  switch (op) {
    case '==':
      return (value) => form(value) === text
    case 'contains':
      return (value) => form(value).includes(text)
    case 'startswith':
      return (value) => form(value).startsWith(text)
    case '~': {
      const matches = regex(wanted)
      return (value) => matches(String(value))
    }
    case '<':
      return (value) => rank(value) < least
    case '<=':
      return (value) => rank(value) <= least
    case '>':
      return (value) => rank(value) > least
    case '>=':
      return (value) => rank(value) >= least
    default:
      return () => false
  }
}

function itemMatcher(field: Pick<Field<never>, 'type' | 'words' | 'ordered'>, item: ListItem): Fits {
  if (item.type !== 'range') return matcher(field, '==', item)
  const from = matcher(field, '>=', item.from)
  const to = matcher(field, '<=', item.to)
  return (value) => from(value) && to(value)
}

function measured(op: NumberComparison, literal: Literal): (value: number) => boolean {
  const wanted = Number(literal.value)
  const tests: Readonly<Record<NumberComparison, (value: number) => boolean>> = {
    '==': (value) => value === wanted,
    '!=': (value) => value !== wanted,
    '<': (value) => value < wanted,
    '<=': (value) => value <= wanted,
    '>': (value) => value > wanted,
    '>=': (value) => value >= wanted,
  }
  return tests[op]
}

function quantified<S>(expr: Extract<Expr, { type: 'any' | 'all' | 'count' }>, schema: Schema<S>): Test<S> {
  const inner = make(expr.of, schema)
  const parts = (thing: S): readonly S[] => schema.parts?.(thing, inner.needs) ?? [thing]
  if (expr.type === 'any') {
    // One command can only fit where the whole message does, term by term: what the row knows of it comes first.
    const early = hopes(expr.of)
      .map((term) => make(term, schema))
      .filter(({ needs }) => needs === 'row')
    return { needs: inner.needs, test: (thing) => early.every(({ test }) => test(thing)) && parts(thing).some((part) => inner.test(part)) }
  }
  if (expr.type === 'all') {
    const fields = mentioned(expr.of).map((name) => fieldOf(schema, name))
    const concerned = (part: S): boolean => fields.length === 0 || fields.some((field) => field.read(part).length > 0)
    return {
      needs: inner.needs,
      test: (thing) => {
        const those = parts(thing).filter(concerned)
        return those.length > 0 && those.every((part) => inner.test(part))
      },
    }
  }
  const fits = measured(expr.op, expr.value)
  if (expr.of.type === 'has') {
    const field = fieldOf(schema, expr.of.field)
    return { needs: field.needs, test: (thing) => fits(field.read(thing).length) }
  }
  return { needs: inner.needs, test: (thing) => fits(parts(thing).filter((part) => inner.test(part)).length) }
}

/** Terms of an `any()` that must hold for the message too, because they ask for a value that is there. */
function hopes(expr: Expr): Expr[] {
  if (expr.type === 'and') return expr.terms.flatMap(hopes)
  return (expr.type === 'compare' && expr.op !== '!=') || expr.type === 'in' || expr.type === 'has' ? [expr] : []
}

/** Fields an expression names. */
function mentioned(expr: Expr): string[] {
  switch (expr.type) {
    case 'or':
    case 'and':
      return expr.terms.flatMap(mentioned)
    case 'not':
      return mentioned(expr.term)
    case 'any':
    case 'all':
    case 'count':
      return mentioned(expr.of)
    case 'compare':
    case 'in':
    case 'has':
    case 'len':
      return [expr.field]
    default:
      return []
  }
}
