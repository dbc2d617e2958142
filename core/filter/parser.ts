// Text to AST against a schema: every field is known and every value has its field's type when this is done. Throws FilterError and nothing else.
import type { Compare, Comparison, Expr, ListItem, Literal, Moment, NumberComparison } from './ast.ts'
import { Cursor, shown } from './cursor.ts'
import { nearest } from './error.ts'
import type { Token } from './lexer.ts'
import { numeral, readTime } from './literal.ts'
import type { Schema } from './schema.ts'
import { type KnownField, noValue, ordered, readMoment, readNumber, readText, readValue } from './values.ts'

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=', '~', 'contains', 'startswith']
const ASCENDING: readonly string[] = ['<', '<=', '>', '>=']
const FUNCTIONS: readonly string[] = ['any', 'all', 'count', 'len', 'after', 'before', 'within', 'answers']

/** Reads a filter. */
export function parse<S>(text: string, schema: Schema<S>): Expr {
  return new Parser(text, schema.fields as unknown as Fields).whole()
}

type Fields = ReadonlyMap<string, KnownField>

class Parser {
  readonly #cursor: Cursor
  readonly #fields: Fields

  constructor(text: string, fields: Fields) {
    this.#cursor = new Cursor(text)
    this.#fields = fields
  }

  whole(): Expr {
    const expr = this.#or()
    const token = this.#cursor.peek()
    if (token.type !== 'end') this.#cursor.fail(`${shown(token)} does not belong here`, token, ['&&', '||', 'the end'])
    return expr
  }

  #or(): Expr {
    return this.#chain('or', ['||'], 'or', () => this.#and())
  }
  #and(): Expr {
    return this.#chain('and', ['&&'], 'and', () => this.#unary())
  }
  #chain(type: 'or' | 'and', ops: string[], word: string, part: () => Expr): Expr {
    const first = part()
    const terms = [first]
    while (this.#cursor.is('op', ...ops) || this.#cursor.is('word', word)) {
      this.#cursor.next()
      terms.push(part())
    }
    return terms.length === 1 ? first : { type, terms, start: first.start, end: (terms.at(-1) ?? first).end }
  }

  #unary(): Expr {
    const token = this.#cursor.peek()
    if (this.#cursor.is('op', '!') || this.#cursor.is('word', 'not')) {
      this.#cursor.next()
      const term = this.#cursor.deeper(token, () => this.#unary())
      return { type: 'not', term, start: token.start, end: term.end }
    }
    if (this.#cursor.is('op', '(')) {
      this.#cursor.next()
      const inner = this.#cursor.deeper(token, () => this.#or())
      this.#cursor.expect(')')
      return inner
    }
    return this.#primary()
  }

  #primary(): Expr {
    const token = this.#cursor.next()
    if (token.type === 'string') {
      if (token.text === '') this.#cursor.fail('an empty text is contained in everything', token)
      return { type: 'search', text: token.text, start: token.start, end: token.end }
    }
    if (token.type !== 'word')
      this.#cursor.fail(token.type === 'end' ? 'the filter ends here' : `${shown(token)} does not belong here`, token, [
        'a field',
        'a function',
        'a text',
        '!',
        '(',
      ])
    if (FUNCTIONS.includes(token.text) && this.#cursor.is('op', '(')) return this.#cursor.deeper(token, () => this.#call(token))
    return this.#test(this.#field(token), token)
  }

  #field(token: Token): KnownField {
    const field = this.#fields.get(token.text) ?? this.#fields.get(token.text.toLowerCase())
    if (field !== undefined) return field
    const [head = '', ...rest] = token.text.split(':')
    const known = this.#fields.get(head.toLowerCase())
    if (known !== undefined && rest.length > 0)
      this.#cursor.fail(`${token.text} is no field`, token, [`${known.name} ${known.type === 'text' ? 'contains' : '=='} ${rest.join(':') || '…'}`])
    const near = nearest(token.text, [...this.#fields.keys(), ...FUNCTIONS])
    this.#cursor.fail(
      `there is no field ${token.text}`,
      token,
      near.length > 0 ? near : ['a field such as cmd, uri or status; a text to search for stands between quotes'],
    )
  }

  /** What follows a field: a comparison, `in`, or nothing. */
  #test(field: KnownField, at: Token): Expr {
    const op = this.#cursor.peek()
    if (op.type === 'word' && op.text === 'in') {
      this.#cursor.next()
      return this.#list(field, at)
    }
    if (!(op.type === 'op' || op.type === 'word') || !COMPARISONS.includes(op.text)) {
      if (op.type === 'string' || op.type === 'word' ? !['and', 'or'].includes(op.text) : false)
        this.#cursor.fail(`${shown(op)} follows ${field.name} without an operator`, op, [
          '==',
          '!=',
          ...(ordered(field) ? ['<', '>='] : ['contains', '~']),
          'in',
        ])
      return { type: 'has', field: field.name, start: at.start, end: at.end }
    }
    this.#cursor.next()
    return this.#comparison(field, at, op)
  }

  #comparison(field: KnownField, at: Token, op: Token): Compare {
    const name = op.text as Comparison
    if (ASCENDING.includes(name) && !ordered(field))
      this.#cursor.fail(`${name} compares numbers, sizes, durations and times; ${field.name} is a ${field.type}`, op, [
        '==',
        '!=',
        'contains',
        'startswith',
        '~',
        'in',
      ])
    const textual = name === '~' || name === 'contains' || name === 'startswith'
    if (textual && field.type !== 'text' && field.type !== 'word')
      this.#cursor.fail(`${name} looks into texts; ${field.name} is a ${field.type}`, op, ['==', '!=', ...(ordered(field) ? ['<', '>='] : [])])
    const value = textual ? readText(this.#cursor, field, name) : readValue(this.#cursor, field)
    return { type: 'compare', field: field.name, op: name, value, start: at.start, end: value.end }
  }

  #list(field: KnownField, at: Token): Expr {
    if (field.type === 'flag') this.#cursor.fail(`${field.name} is true or false`, at, ['=='])
    const open = this.#cursor.peek()
    if (!this.#cursor.is('op', '(', '{'))
      this.#cursor.fail(open.type === 'end' ? 'the filter ends here' : `${shown(open)} does not belong here`, open, ['( and a list of values'])
    this.#cursor.next()
    const close = open.text === '(' ? ')' : '}'
    const items: ListItem[] = []
    do {
      const from = readValue(this.#cursor, field)
      if (!this.#cursor.is('op', '..')) {
        items.push(from)
        continue
      }
      if (!ordered(field)) this.#cursor.fail(`a range wants numbers; ${field.name} is a ${field.type}`, this.#cursor.peek(), [',', close])
      this.#cursor.next()
      items.push({ type: 'range', from, to: readValue(this.#cursor, field) })
    } while (this.#cursor.took('op', ','))
    return { type: 'in', field: field.name, items, start: at.start, end: this.#cursor.expect(close).end }
  }

  #call(name: Token): Expr {
    this.#cursor.expect('(')
    const { start } = name
    switch (name.text) {
      case 'any':
      case 'all': {
        const of = this.#or()
        const end = this.#cursor.expect(')').end
        const whole = this.#compareAfter(of) ?? of
        const last = Math.max(end, this.#cursor.peek(-1).end)
        return name.text === 'any' ? { type: 'any', of: whole, start, end: last } : { type: 'all', of: whole, start, end: last }
      }
      case 'count': {
        const of = this.#or()
        this.#cursor.expect(')')
        const { op, value } = this.#howMany('count', 'number')
        return { type: 'count', of, op, value, start, end: value.end }
      }
      case 'len': {
        const field = this.#field(this.#cursor.word('a field'))
        if (field.type !== 'text' && field.type !== 'word')
          this.#cursor.fail(`len() counts characters of texts; ${field.name} is a ${field.type}`, this.#cursor.peek(-1))
        this.#cursor.expect(')')
        const { op, value } = this.#howMany('len', 'number')
        return { type: 'len', field: field.name, op, value, start, end: value.end }
      }
      case 'answers':
      case 'after':
      case 'before': {
        const moment = readMoment(this.#cursor, name.text !== 'answers')
        const { end } = this.#cursor.expect(')')
        if (name.text === 'answers') return { type: 'answers', to: moment, start, end }
        return name.text === 'after' ? { type: 'after', moment, start, end } : { type: 'before', moment, start, end }
      }
      default:
        return this.#within(start)
    }
  }

  /** `any(status) >= 400` is `any(status >= 400)`. */
  #compareAfter(of: Expr): Expr | null {
    const op = this.#cursor.peek()
    if (of.type !== 'has' || !((op.type === 'op' || op.type === 'word') && [...COMPARISONS, 'in'].includes(op.text))) return null
    const field = this.#fields.get(of.field)
    return field === undefined ? null : this.#test(field, { type: 'word', text: of.field, start: of.start, end: of.end })
  }

  #howMany(name: string, type: 'number'): { op: NumberComparison; value: Literal } {
    const op = this.#cursor.next()
    if (op.type !== 'op' || !['==', '!=', ...ASCENDING].includes(op.text))
      this.#cursor.fail(`${name}() is a number and wants to be compared`, op, ['==', '!=', '<', '<=', '>', '>='])
    const token = this.#cursor.next()
    if (token.type !== 'word') noValue(this.#cursor, { name, type }, token)
    return { op: op.text as NumberComparison, value: readNumber(this.#cursor, { name }, type, token) }
  }

  #within(start: number): Expr {
    const token = this.#cursor.peek()
    const read = token.type === 'word' ? numeral(token.text) : null
    if (read !== null && readTime(token.text) === null) {
      this.#cursor.next()
      const span = readNumber(this.#cursor, { name: 'within' }, 'duration', token)
      this.#cursor.expect(',')
      const from = readMoment(this.#cursor, true)
      return { type: 'within', from, to: null, span, start, end: this.#cursor.expect(')').end }
    }
    const from = readMoment(this.#cursor, true)
    let to: Moment | null = null
    if (this.#cursor.is('op', '..')) {
      this.#cursor.next()
      to = readMoment(this.#cursor, true)
    } else if (from.type !== 'step') this.#cursor.fail('within() wants a step, two moments, or a duration and a moment', this.#cursor.peek(), ['..'])
    return { type: 'within', from, to, span: null, start, end: this.#cursor.expect(')').end }
  }
}
