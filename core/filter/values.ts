// One value at the cursor, read as its field wants it; what is none says what would be.
import type { Literal, Moment } from './ast.ts'
import { type Cursor, shown } from './cursor.ts'
import type { Token } from './lexer.ts'
import { DURATIONS, numeral, readTime, SIZES, unitOf } from './literal.ts'
import { regex } from './regex.ts'
import { PatternError } from './regexparse.ts'
import type { Field, FieldType } from './schema.ts'

/** What the parser needs to know of a field. */
export type KnownField = Pick<Field<never>, 'name' | 'type' | 'words' | 'closed' | 'ordered' | 'normal'>

/** The text that ~, contains and startswith want. */
export function readText(cursor: Cursor, field: KnownField, op: string): Literal {
  const token = cursor.next()
  if (token.type !== 'string' && token.type !== 'word') noValue(cursor, field, token)
  if (op === '~') pattern(cursor, token)
  return { type: 'text', value: token.text, start: token.start, end: token.end }
}

function pattern(cursor: Cursor, token: Token): void {
  try {
    regex(token.text)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    const at = token.places?.[Math.min(error.at, token.text.length)] ?? token.start + error.at
    cursor.fail(`pattern: ${error.message}`, { start: at, end: Math.max(at + 1, token.end) })
  }
}

/** Fails: this is no value for the field. */
export function noValue(cursor: Cursor, field: Pick<KnownField, 'name' | 'type' | 'words' | 'closed'>, token: Token): never {
  cursor.fail(token.type === 'end' ? `a value for ${field.name} is missing` : `${shown(token)} is no value`, token, [wanted(field)])
}

/** A value of the field's own type. */
export function readValue(cursor: Cursor, field: KnownField): Literal {
  const token = cursor.next()
  if (token.type !== 'string' && token.type !== 'word') noValue(cursor, field, token)
  const place = { start: token.start, end: token.end }
  switch (field.type) {
    case 'text':
      return { type: 'text', value: token.text, ...place }
    case 'word':
      return { type: 'text', value: readWord(cursor, field, token), ...place }
    case 'flag':
      if (!['true', 'false', 'yes', 'no'].includes(token.text.toLowerCase())) noValue(cursor, field, token)
      return { type: 'flag', value: ['true', 'yes'].includes(token.text.toLowerCase()), ...place }
    case 'time':
      if (readTime(token.text) === null) noValue(cursor, field, token)
      return { type: 'time', value: token.text, ...place }
    case 'number':
    case 'size':
    case 'duration':
      return readNumber(cursor, field, field.type, token)
    default:
      return field.type satisfies never
  }
}

function readWord(cursor: Cursor, field: KnownField, token: Token): string {
  const text = field.normal?.(token.text) ?? token.text
  const known = field.words?.find((word) => word.toLowerCase() === text.toLowerCase())
  if (known !== undefined) return known
  if (field.closed === true) cursor.fail(`${field.name} is never ${token.text}`, token, field.words ?? [])
  return text
}

/** A number, or a size or duration with its unit stuck to it or behind it. */
export function readNumber(cursor: Cursor, field: { readonly name: string }, type: 'number' | 'size' | 'duration', token: Token): Literal {
  const read = numeral(token.text)
  if (read === null || (type === 'number' && read.unit !== ''))
    cursor.fail(`${shown(token)} is no ${type === 'number' ? 'number' : type}`, token, [wanted({ ...field, type })])
  const { value } = read
  if (type === 'number') return { type, value, start: token.start, end: token.end }
  const table = type === 'size' ? SIZES : DURATIONS
  const apart = read.unit === '' && cursor.peek().type === 'word' ? unitOf(table, cursor.peek().text) : undefined
  if (apart !== undefined) return { type, value, unit: apart, start: token.start, end: cursor.next().end }
  const unit = read.unit === '' ? '' : unitOf(table, read.unit)
  if (unit === undefined) cursor.fail(`${read.unit} is no unit of a ${type}`, token, Object.keys(table))
  return { type, value, unit, start: token.start, end: token.end }
}

/** `step "2"`, `#118`, or (where `times`) a time. */
export function readMoment(cursor: Cursor, times: boolean): Moment {
  const token = cursor.next()
  const expected = ['step "2"', '#118', ...(times ? ['"14:02:00"'] : [])]
  if (token.type === 'word' && token.text === 'step') {
    const key = cursor.next()
    if (key.type !== 'string' && key.type !== 'word') cursor.fail('the label of a step is missing', key, ['step "2"'])
    return { type: 'step', key: key.text, start: token.start, end: key.end }
  }
  const place = { start: token.start, end: token.end }
  const row = token.type === 'word' ? /^#(\d{1,15})$/.exec(token.text) : null
  if (row !== null) return { type: 'row', seq: Number(row[1]), ...place }
  if (times && (token.type === 'string' || token.type === 'word') && readTime(token.text) !== null)
    return { type: 'time', value: token.text, ...place }
  cursor.fail(token.type === 'end' ? 'the filter ends here' : `${shown(token)} is no moment`, token, expected)
}

/** True where < and > mean something. */
export function ordered(field: Pick<KnownField, 'type' | 'ordered'>): boolean {
  return field.type === 'number' || field.type === 'size' || field.type === 'duration' || field.type === 'time' || field.ordered === true
}

const WANTED: Readonly<Record<FieldType, string>> = {
  word: 'a word',
  text: 'a text',
  number: 'a number',
  size: 'a size such as 512 or 4 KiB',
  duration: 'a duration such as 250 ms or 5 s',
  time: 'a time such as "2026-01-31T12:00:00Z" or "14:02"',
  flag: 'true or false',
}

function wanted(field: { readonly type: FieldType; readonly words?: readonly string[]; readonly closed?: boolean }): string {
  return field.closed === true && field.words !== undefined ? field.words.join(', ') : WANTED[field.type]
}
