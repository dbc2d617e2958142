// Finds secrets and identifiers inside running text by what is known of this row and by their look; same length out as in.
import { isIdentifierName, isSecretName } from './names.ts'
import { blank, type Pseudonyms } from './pseudonym.ts'

/** Shorter values are only replaced where they stand, never searched for elsewhere: they would hit innocent text. */
const SECRET_LENGTH = 5
const IDENTIFIER_LENGTH = 4

/** What is known to be secret or identifying within one row. */
export class Known {
  readonly #secrets = new Set<string>()
  readonly #identifiers = new Set<string>()
  readonly #words = new Set<string>()
  #ready: Replacements | null = null
  /** True where nothing can be said about what a text may quote. */
  unknowable = false

  secret(value: string): void {
    const text = value.trim()
    if (text.length >= SECRET_LENGTH && !/^x+$|^0+$/.test(text)) this.#add(this.#secrets, text)
  }

  #add(values: Set<string>, text: string): void {
    values.add(text)
    this.#ready = null
  }

  /** Words of a body that could not be read; null where they are too many, then every text is taken to quote it. */
  words(words: readonly string[] | null): void {
    if (words === null) this.unknowable = true
    else for (const word of words) this.#add(this.#words, word)
  }

  identifier(value: string): void {
    const text = value.trim()
    if (text.length >= IDENTIFIER_LENGTH && /[0-9A-Za-z]{3}/.test(text)) this.#add(this.#identifiers, text)
  }

  get learned(): Iterable<string> {
    return this.#secrets
  }

  /** The same and these secrets besides. */
  with(secrets: Iterable<string>): Known {
    const more = new Known()
    more.unknowable = this.unknowable
    for (const secret of this.#secrets) more.#secrets.add(secret)
    for (const secret of secrets) more.#secrets.add(secret)
    for (const word of this.#words) more.#words.add(word)
    for (const identifier of this.#identifiers) more.#identifiers.add(identifier)
    return more
  }

  /** What to search for and what to put there, longest first, so that a value inside another one is found after it. */
  replacements(pseudonyms: Pseudonyms): Replacements {
    if (this.#ready === null) {
      const longest = (values: ReadonlySet<string>): string[] => [...values].sort((a, b) => b.length - a.length)
      const secrets = longest(new Set([...this.#secrets, ...this.#words])).map((value) => ({ value, text: blank(value) }))
      this.#ready = { secrets, identifiers: longest(this.#identifiers).map((value) => ({ value, text: pseudonyms.of(value) })) }
    }
    return this.#ready
  }
}

interface Replacement {
  readonly value: string
  readonly text: string
}

interface Replacements {
  readonly secrets: readonly Replacement[]
  readonly identifiers: readonly Replacement[]
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A name and what follows it up to a value; the value is only looked for where the name asks for it. */
const PAIR = /([A-Za-z][A-Za-z0-9_.-]{0,60})["']?\s{0,4}[=:]\s{0,4}["']?/g
const VALUE = /[^\s"'&;,<>{}]{1,4096}/y
const USERINFO = /(:\/\/[^\s/@:]{1,200}:)([^\s/@]{1,200})(?=@)/g
const AUTHORIZATION = /\b(Basic|Bearer|Digest)(\s{1,4})([A-Za-z0-9+/=_.~-]{8,4096})/g
const DIGITS = /(?<!\d)\d{14,20}(?!\d)/g
const LABELLED = /\b(?:IMEISV|IMEI|MEID|ESN|IMSI|MSISDN|ICCID|MDN|MAC)[:=][0-9A-Za-z][0-9A-Za-z.:-]{3,63}/gi
const MAC = /(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f])/g
const PHONE = /(?<=\+|tel:)\d{7,15}(?!\d)/gi
const TIME = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:\d{3})?$/

/** How many values were replaced. */
export interface Tally {
  secrets: number
  identifiers: number
}

/** `text` with every known or recognisable secret blanked and every identifier replaced. */
export function scrub(text: string, known: Known, pseudonyms: Pseudonyms, tally: Tally): string {
  if (text.length < 3) return text
  if (known.unknowable) return blank(text)
  const edits = new Edits(text)
  const { secrets, identifiers } = known.replacements(pseudonyms)
  for (const { value, text: blanked } of secrets) edits.literal(value, blanked, false, () => tally.secrets++)
  const secret = (start: number, value: string): void => edits.add(start, start + value.length, blank(value), () => tally.secrets++)
  const identifier = (start: number, value: string): void => edits.add(start, start + value.length, pseudonyms.of(value), () => tally.identifiers++)
  pairs(text, secret, identifier)
  if (text.includes('@')) for (const found of text.matchAll(USERINFO)) secret(found.index + (found[1] as string).length, found[2] as string)
  for (const found of text.matchAll(AUTHORIZATION))
    secret(found.index + (found[1] as string).length + (found[2] as string).length, found[3] as string)
  for (const { value, text: other } of identifiers) edits.literal(value, other, true, () => tally.identifiers++)
  for (const pattern of [LABELLED, MAC, PHONE]) for (const found of text.matchAll(pattern)) identifier(found.index, found[0])
  for (const found of text.matchAll(DIGITS)) if (!TIME.test(found[0])) identifier(found.index, found[0])
  return edits.apply()
}

type At = (start: number, value: string) => void

/** `password=…`, `"pin": "…"`, `IMEI=…`: the name says what the value is. */
function pairs(text: string, secret: At, identifier: At): void {
  if (!/[=:]/.test(text)) return
  for (const found of text.matchAll(PAIR)) {
    const name = found[1] as string
    const take = isSecretName(name) ? secret : isIdentifierName(name) ? identifier : null
    if (take === null) continue
    VALUE.lastIndex = found.index + found[0].length
    const value = VALUE.exec(text)
    if (value !== null) take(value.index, value[0])
  }
}

/** Replacements that do not overlap; the first to claim a place keeps it. */
class Edits {
  readonly #text: string
  readonly #edits: Edit[] = []

  constructor(text: string) {
    this.#text = text
  }

  add(start: number, end: number, text: string, count: () => void): void {
    if (text === this.#text.slice(start, end) || this.#edits.some((edit) => start < edit.end && end > edit.start)) return
    this.#edits.push({ start, end, text })
    count()
  }

  /** Every occurrence of a literal; `whole`: only where no letter or digit stands beside it. */
  literal(value: string, text: string, whole: boolean, count: () => void): void {
    for (let at = this.#text.indexOf(value); at >= 0; at = this.#text.indexOf(value, at + value.length)) {
      const end = at + value.length
      if (whole && (/[0-9A-Za-z]/.test(this.#text.charAt(at - 1)) || /[0-9A-Za-z]/.test(this.#text.charAt(end)))) continue
      this.add(at, end, text, count)
    }
  }

  apply(): string {
    if (this.#edits.length === 0) return this.#text
    let out = ''
    let at = 0
    for (const { start, end, text } of this.#edits.sort((a, b) => a.start - b.start)) {
      out += this.#text.slice(at, start) + text
      at = end
    }
    return out + this.#text.slice(at)
  }
}
