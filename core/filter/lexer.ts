// Text of a filter as tokens with their places. Every character belongs to a token or is white space; what belongs to none is a FilterError.
import { FilterError } from './error.ts'

export interface Token {
  readonly type: 'word' | 'string' | 'op' | 'end'
  /** As typed; for a string what stands between its quotes, escapes undone. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** Strings only: place in the source of each unit of `text`, and one behind the last. */
  readonly places?: readonly number[]
}

/** Characters a filter may have. */
const MOST_CHARACTERS = 10_000

const OPERATORS = ['==', '!=', '<=', '>=', '&&', '||', '..', '<', '>', '!', '~', '(', ')', '{', '}', ','] as const
const WORD = /[\w.:/#@+*%$?\-\u0080-\u{10ffff}]/u
const SINGLE: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||' }

/** Tokens of the text, an `end` behind the last. `lenient`: an open string ends with the text and strange characters are skipped (for completion). */
export function tokens(text: string, lenient = false): Token[] {
  if (text.length > MOST_CHARACTERS && !lenient)
    throw new FilterError(`a filter has at most ${String(MOST_CHARACTERS)} characters, this has ${String(text.length)}`, MOST_CHARACTERS, text.length)
  const out: Token[] = []
  let at = 0
  while (at < text.length) {
    const c = text[at] ?? ''
    const op = OPERATORS.find((each) => text.startsWith(each, at))
    if (/\s/.test(c)) at += 1
    else if (c === '"' || c === "'") at = push(out, string(text, at, lenient))
    else if (op !== undefined && !(op === '..' && wordGoesOn(text, at))) at = push(out, { type: 'op', text: op, start: at, end: at + op.length })
    else if (WORD.test(c)) at = push(out, word(text, at))
    else if (lenient) at += 1
    else unreadable(text, at)
  }
  out.push({ type: 'end', text: '', start: text.length, end: text.length })
  return out
}

function push(out: Token[], token: Token): number {
  out.push(token)
  return token.end
}

function unreadable(text: string, at: number): never {
  const c = text[at] ?? ''
  const double = SINGLE[c]
  if (double !== undefined) throw new FilterError(`a single ${c} is no operator`, at, at + 1, [double])
  throw new FilterError(`${c} belongs to no word; put texts between quotation marks`, at, at + 1)
}

/** `../x` is a word, `..5` a range. */
function wordGoesOn(text: string, at: number): boolean {
  return text[at + 2] === '/'
}

/** A run of word characters; `..` ends one that begins as a number or with # (`400..499`, `#10..#20`). */
function word(text: string, start: number): Token {
  const counts = /^(?:-?\d|#)/.test(text.slice(start, start + 2))
  let end = start
  while (end < text.length && WORD.test(text[end] ?? '')) {
    if (counts && text.startsWith('..', end)) break
    end += 1
  }
  return { type: 'word', text: text.slice(start, end), start, end }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' }

/** Between quotes of one kind. `\n \t \r \" \' \\ \uXXXX` are escapes; any other backslash stands for itself, so that patterns need no doubling. */
function string(text: string, start: number, lenient: boolean): Token {
  const quote = text[start] ?? ''
  const places: number[] = []
  let value = ''
  let at = start + 1
  while (at < text.length && text[at] !== quote) {
    places.push(at)
    const escape = text[at] === '\\' ? escaped(text, at) : null
    value += escape?.value ?? text[at] ?? ''
    at += escape?.length ?? 1
  }
  if (at >= text.length && !lenient) throw new FilterError('this text is not closed', start, text.length, [quote])
  places.push(at)
  return { type: 'string', text: value, start, end: Math.min(at + 1, text.length), places }
}

function escaped(text: string, at: number): { value: string; length: number } | null {
  const next = text[at + 1] ?? ''
  const known = ESCAPES[next]
  if (known !== undefined) return { value: known, length: 2 }
  const hex = next === 'u' ? /^[0-9a-fA-F]{4}/.exec(text.slice(at + 2, at + 6)) : null
  return hex === null ? null : { value: String.fromCharCode(Number.parseInt(hex[0], 16)), length: 6 }
}

/** A text as the language writes it; reading it gives the text again. */
export function quoted(text: string): string {
  const inner = text.replace(/[\\"\n\t\r]/g, (c) => `\\${{ '\n': 'n', '\t': 't', '\r': 'r' }[c] ?? c}`)
  return `"${inner}"`
}
