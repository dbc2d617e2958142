// Where the parser stands among the tokens; what does not fit becomes a FilterError that names place and expectation.
import { FilterError } from './error.ts'
import { type Token, tokens } from './lexer.ts'

/** Brackets inside each other. */
const MOST_DEPTH = 60

/** Steps through the tokens of one text. */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokens(text)
  }

  /** The token `ahead` of the next one (-1: the last one taken); the end where there is none. */
  peek(ahead = 0): Token {
    return (this.#tokens[this.#at + ahead] ?? this.#tokens.at(-1)) as Token
  }
  next(): Token {
    const token = this.peek()
    this.#at += 1
    return token
  }
  is(type: Token['type'], ...texts: string[]): boolean {
    const token = this.peek()
    return token.type === type && texts.includes(token.text)
  }
  /** Takes the token where it is this one. */
  took(type: Token['type'], text: string): boolean {
    if (!this.is(type, text)) return false
    this.#at += 1
    return true
  }
  expect(op: string): Token {
    return this.is('op', op) ? this.next() : this.misplaced(this.peek(), [op])
  }
  word(what: string): Token {
    const token = this.next()
    return token.type === 'word' ? token : this.misplaced(token, [what])
  }
  misplaced(token: Token, expected: readonly string[]): never {
    return this.fail(token.type === 'end' ? 'the filter ends here' : `${shown(token)} does not belong here`, token, expected)
  }
  fail(what: string, at: { readonly start: number; readonly end: number }, expected: readonly string[] = []): never {
    throw new FilterError(what, at.start, at.end, expected)
  }
  /** Work inside brackets; too many of them are an error. */
  deeper<T>(token: Token, work: () => T): T {
    this.#depth += 1
    if (this.#depth > MOST_DEPTH) this.fail(`more than ${String(MOST_DEPTH)} brackets inside each other`, token)
    const made = work()
    this.#depth -= 1
    return made
  }
}

/** A token as errors name it. */
export function shown(token: Token): string {
  if (token.type === 'end') return 'the end'
  return token.type === 'string' ? `the text “${token.text.slice(0, 40)}”` : token.text.slice(0, 60)
}
