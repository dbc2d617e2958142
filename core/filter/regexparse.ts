// Patterns of the filter language as data. A subset of the usual syntax that a linear-time engine can run; what it lacks is refused with its place.

/** What one character may be: ranges of UTF-16 units, both ends included. */
export interface CharSet {
  readonly ranges: readonly (readonly [from: number, to: number])[]
  readonly not: boolean
}

export type Node =
  | { readonly type: 'char'; readonly set: CharSet }
  | { readonly type: 'seq' | 'alt'; readonly of: readonly Node[] }
  | { readonly type: 'repeat'; readonly of: Node; readonly least: number; readonly most: number | null }
  | { readonly type: 'assert'; readonly what: 'start' | 'end' | 'word' | 'noword' }

/** A pattern that cannot be read; `at` counts UTF-16 units of the pattern. */
export class PatternError extends Error {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.name = 'PatternError'
    this.at = at
  }
}

/** Greatest number in {m,n}, and depth of groups. */
const MOST_REPEATS = 1000
const MOST_DEPTH = 50

const one = (c: number): CharSet => ({ ranges: [[c, c]], not: false })
const DIGIT: CharSet['ranges'] = [[48, 57]]
const WORD: CharSet['ranges'] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const SPACE: CharSet['ranges'] = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]
const NEWLINES: CharSet['ranges'] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
]
const CLASSES: Readonly<Record<string, CharSet['ranges']>> = { d: DIGIT, w: WORD, s: SPACE }
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 }

/** The ranges that are not in these. */
export function inverse(ranges: CharSet['ranges']): CharSet['ranges'] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0])
  const out: [number, number][] = []
  let next = 0
  for (const [from, to] of sorted) {
    if (from > next) out.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= 0xffff) out.push([next, 0xffff])
  return out
}

/** Reads a pattern. `(?i)` at its beginning: whatever the case. Throws PatternError. */
export function parsePattern(pattern: string): { readonly node: Node; readonly ignoreCase: boolean } {
  const ignoreCase = pattern.startsWith('(?i)')
  const parser = new Parser(pattern, ignoreCase ? 4 : 0)
  return { node: parser.whole(), ignoreCase }
}

class Parser {
  readonly #text: string
  #at: number
  #depth = 0

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  whole(): Node {
    const node = this.#alternatives()
    if (this.#at < this.#text.length) throw new PatternError('this ) closes nothing', this.#at)
    return node
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #alternatives(): Node {
    const of = [this.#sequence()]
    while (this.#peek() === '|') {
      this.#at += 1
      of.push(this.#sequence())
    }
    return of.length === 1 && of[0] !== undefined ? of[0] : { type: 'alt', of }
  }

  #sequence(): Node {
    const of: Node[] = []
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') of.push(this.#repeated())
    return { type: 'seq', of }
  }

  #repeated(): Node {
    const start = this.#at
    let node = this.#atom()
    for (let count = 0; ; count++) {
      const at = this.#at
      const times = this.#times()
      if (times === null) return node
      if (count > 0) throw new PatternError('a repetition of a repetition', at)
      if (node.type === 'assert') throw new PatternError('nothing to repeat', start)
      // Greedy or not makes no difference to whether it matches.
      if (this.#peek() === '?') this.#at += 1
      node = { type: 'repeat', of: node, ...times }
    }
  }

  #times(): { least: number; most: number | null } | null {
    const c = this.#peek()
    if (c === '*' || c === '+' || c === '?') {
      this.#at += 1
      return { least: c === '+' ? 1 : 0, most: c === '?' ? 1 : null }
    }
    const match = c === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 24)) : null
    if (match === null) return null
    const least = Number(match[1])
    const most = match[2] === undefined ? least : match[3] === '' ? null : Number(match[3])
    if (Math.max(least, most ?? 0) > MOST_REPEATS) throw new PatternError(`more than ${String(MOST_REPEATS)} repetitions`, this.#at)
    if (most !== null && most < least) throw new PatternError('the numbers are out of order', this.#at)
    this.#at += match[0].length
    return { least, most }
  }

  #atom(): Node {
    const at = this.#at
    const c = this.#peek()
    this.#at += 1
    switch (c) {
      case '(':
        return this.#group(at)
      case '[':
        return { type: 'char', set: this.#set(at) }
      case '.':
        return { type: 'char', set: { ranges: NEWLINES, not: true } }
      case '^':
        return { type: 'assert', what: 'start' }
      case '$':
        return { type: 'assert', what: 'end' }
      case '\\':
        return this.#escape(at)
      case '*':
      case '+':
      case '?':
        throw new PatternError('nothing to repeat', at)
      case '{':
        if (/^\{\d+(,\d*)?\}/.test(this.#text.slice(at, at + 24))) throw new PatternError('nothing to repeat', at)
        return { type: 'char', set: one(123) }
      default:
        return { type: 'char', set: one(c.charCodeAt(0)) }
    }
  }

  #group(at: number): Node {
    if (this.#peek() === '?') {
      if (this.#text[this.#at + 1] !== ':')
        throw new PatternError('only (?: ) and a leading (?i) are known; looking ahead or back and names are not', at)
      this.#at += 2
    }
    this.#depth += 1
    if (this.#depth > MOST_DEPTH) throw new PatternError(`more than ${String(MOST_DEPTH)} groups inside each other`, at)
    const node = this.#alternatives()
    this.#depth -= 1
    if (this.#peek() !== ')') throw new PatternError('this ( is not closed', at)
    this.#at += 1
    return node
  }

  #escape(at: number): Node {
    const c = this.#peek()
    if (c === 'b' || c === 'B') {
      this.#at += 1
      return { type: 'assert', what: c === 'b' ? 'word' : 'noword' }
    }
    if (/[1-9k]/.test(c)) throw new PatternError('references to groups are not known', at)
    return { type: 'char', set: this.#escapedSet(at) }
  }

  /** What follows a backslash: a class, a control character, a code, or the character itself. */
  #escapedSet(at: number): CharSet {
    const c = this.#peek()
    if (c === '') throw new PatternError('a backslash at the end', at)
    this.#at += 1
    const set = CLASSES[c.toLowerCase()]
    if (set !== undefined) return { ranges: set, not: c !== c.toLowerCase() }
    const control = Object.hasOwn(CONTROLS, c) ? CONTROLS[c] : undefined
    if (control !== undefined) return one(control)
    if (c === 'x' || c === 'u') {
      const digits = c === 'x' ? 2 : 4
      const hex = this.#text.slice(this.#at, this.#at + digits)
      if (!new RegExp(`^[0-9a-fA-F]{${String(digits)}}$`).test(hex)) throw new PatternError(`\\${c} wants ${String(digits)} hexadecimal digits`, at)
      this.#at += digits
      return one(Number.parseInt(hex, 16))
    }
    if (/[A-Za-z]/.test(c)) throw new PatternError(`\\${c} is not known`, at)
    return one(c.charCodeAt(0))
  }

  #set(at: number): CharSet {
    const not = this.#peek() === '^'
    if (not) this.#at += 1
    const ranges: (readonly [number, number])[] = []
    while (this.#peek() !== ']') {
      if (this.#at >= this.#text.length) throw new PatternError('this [ is not closed', at)
      const place = this.#at
      const from = this.#member()
      const to = this.#peek() === '-' && this.#text[this.#at + 1] !== ']' && this.#at + 1 < this.#text.length ? this.#upTo(place) : null
      if (to === null) ranges.push(...(from.not ? inverse(from.ranges) : from.ranges))
      else ranges.push(span(from, to, place))
    }
    this.#at += 1
    return { ranges, not }
  }

  #upTo(at: number): CharSet {
    this.#at += 1
    if (this.#at >= this.#text.length) throw new PatternError('this [ is not closed', at)
    return this.#member()
  }

  #member(): CharSet {
    const at = this.#at
    const c = this.#peek()
    this.#at += 1
    if (c !== '\\') return one(c.charCodeAt(0))
    if (this.#peek() === 'b') {
      this.#at += 1
      return one(8)
    }
    return this.#escapedSet(at)
  }
}

function span(from: CharSet, to: CharSet, at: number): readonly [number, number] {
  const [a, b] = [from.ranges[0], to.ranges[0]]
  if (a === undefined || b === undefined || a[0] !== a[1] || b[0] !== b[1] || from.not || to.not)
    throw new PatternError('a range goes from one character to another', at)
  if (b[0] < a[0]) throw new PatternError('the range is out of order', at)
  return [a[0], b[0]]
}
