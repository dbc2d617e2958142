// JSON with comments and trailing commas, read with the place of every value: what a dialect file is written in. Mistakes are told with line and column.
import type { DialectProblem } from '../api.ts'

/** A value with its place, in characters from the beginning. */
export interface Placed {
  readonly at: number
  readonly end: number
  readonly value: null | boolean | number | string | readonly Placed[] | ReadonlyMap<string, Field>
}

/** A member of an object: its name has a place too. */
export interface Field {
  readonly at: number
  readonly end: number
  readonly value: Placed
}

/** A text that cannot be read. */
export class DialectError extends Error {
  readonly at: number
  readonly length: number

  constructor(at: number, length: number, text: string) {
    super(text)
    this.at = at
    this.length = length
  }
}

/** Deepest nesting. */
const DEEP = 32

/** Reads a whole text. Throws a DialectError at the first mistake. */
export function readPlaced(text: string): Placed {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.space()
  if (reader.at < text.length)
    throw new DialectError(reader.at, 1, `nothing may follow the closing bracket, found ${JSON.stringify(text[reader.at])}`)
  return value
}

/** A place as people count it. */
export function problemAt(text: string, at: number, length: number, severity: DialectProblem['severity'], what: string): DialectProblem {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return { line, column: at - (before.lastIndexOf('\n') + 1) + 1, length, severity, what }
}

class Reader {
  readonly #text: string
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Skips white space and comments. */
  space(): void {
    for (;;) {
      const rest = /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\ufeff)/.exec(this.#text.slice(this.at, this.at + 65536))
      if (rest === null) break
      this.at += rest[0].length
    }
    if (this.#text.startsWith('/*', this.at)) throw new DialectError(this.at, 2, 'this comment is not closed: */ is missing')
  }

  value(depth: number): Placed {
    this.space()
    const at = this.at
    if (depth > DEEP) throw new DialectError(at, 1, `nested deeper than ${String(DEEP)} levels`)
    const char = this.#text[at]
    if (char === undefined) throw new DialectError(at, 0, 'the text ends where a value is expected')
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#array(depth)
    if (char === '"') {
      const value = this.#string()
      return { at, end: this.at, value }
    }
    const word = /^[-+.\w]+/.exec(this.#text.slice(at, at + 64))?.[0] ?? char
    this.at += word.length
    const done = (value: Placed['value']): Placed => ({ at, end: this.at, value })
    if (word === 'true' || word === 'false') return done(word === 'true')
    if (word === 'null') return done(null)
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word)) return done(Number(word))
    throw new DialectError(
      at,
      word.length,
      char === "'" ? 'texts stand in double quotes' : `${JSON.stringify(word)} is no value: texts stand in double quotes`,
    )
  }

  #object(depth: number): Placed {
    const at = this.at++
    const fields = new Map<string, Field>()
    for (;;) {
      this.space()
      if (this.#take('}')) return { at, end: this.at, value: fields }
      const from = this.at
      if (this.#text[from] !== '"') throw new DialectError(from, from < this.#text.length ? 1 : 0, this.#expected('a name in double quotes or }'))
      const name = this.#string()
      const end = this.at
      if (fields.has(name)) throw new DialectError(from, end - from, `${JSON.stringify(name)} stands here twice`)
      this.space()
      if (!this.#take(':')) throw new DialectError(this.at, 0, this.#expected(': behind the name'))
      fields.set(name, { at: from, end, value: this.value(depth + 1) })
      this.space()
      if (!this.#take(',') && this.#text[this.at] !== '}') throw new DialectError(this.at, 0, this.#expected(', or }'))
    }
  }

  #array(depth: number): Placed {
    const at = this.at++
    const items: Placed[] = []
    for (;;) {
      this.space()
      if (this.#take(']')) return { at, end: this.at, value: items }
      items.push(this.value(depth + 1))
      this.space()
      if (!this.#take(',') && this.#text[this.at] !== ']') throw new DialectError(this.at, 0, this.#expected(', or ]'))
    }
  }

  #string(): string {
    const at = this.at
    const end = /^"(?:[^"\\\n]|\\.)*"/.exec(this.#text.slice(at, at + 65536))?.[0]
    if (end === undefined) throw new DialectError(at, 1, 'this text is not closed: " is missing on the line')
    try {
      const value = JSON.parse(end) as string
      this.at = at + end.length
      return value
    } catch {
      throw new DialectError(at, end.length, 'this text holds an escape or a control character that JSON does not know')
    }
  }

  #take(char: string): boolean {
    if (this.#text[this.at] !== char) return false
    this.at += 1
    return true
  }

  #expected(what: string): string {
    const found = this.#text[this.at]
    return `expected ${what}, found ${found === undefined ? 'the end of the text' : JSON.stringify(found)}`
  }
}
