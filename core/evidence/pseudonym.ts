// Same-length stand-ins: identifiers map one to one within an export (digit for digit, letter for letter), secrets are blanked. Needs a keyed hash from outside.

/**
 * At least 4 octets that nobody can foretell without the key, the same for the same text. The host gives HMAC-SHA-256 under a random
 * key that it forgets after the export; without the key a pseudonym cannot be turned back or guessed at.
 */
export type KeyedHash = (text: string) => Uint8Array

/** Labels that stay readable in front of an identifier. */
const LABEL = /^(?:(?:imei|imeisv|meid|esn|imsi|msisdn|iccid|mdn|mac|uuid|urn|dev|tel|sn|sim|ops|os)[:=])+/i

const DIGIT = 1
const LOWER = 2
const UPPER = 3
const ROUNDS = 3
const CACHE = 4096

function classOf(c: number): number {
  if (c >= 0x30 && c <= 0x39) return DIGIT
  if (c >= 0x61 && c <= 0x7a) return LOWER
  if (c >= 0x41 && c <= 0x5a) return UPPER
  return 0
}

const FIRST = [0, 0x30, 0x61, 0x41] as const

/** Pseudonyms of one export. */
export class Pseudonyms {
  readonly #hash: KeyedHash
  readonly #known = new Map<string, string>()

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  /**
   * Stand-in of an identifier: same length, digits stay digits, letters stay letters of their case (hexadecimal stays hexadecimal),
   * labels and punctuation stay. One to one: two identifiers never become one.
   */
  of(identifier: string): string {
    const label = LABEL.exec(identifier)?.[0] ?? ''
    const rest = identifier.slice(label.length)
    const core = rest.replace(/[^0-9A-Za-z]/g, '')
    const changed = this.#core(core)
    let next = 0
    return label + rest.replace(/[0-9A-Za-z]/g, () => changed.charAt(next++))
  }

  #core(core: string): string {
    const known = this.#known.get(core)
    if (known !== undefined) return known
    const changed = this.#permute(core)
    if (this.#known.size >= CACHE) this.#known.clear()
    this.#known.set(core, changed)
    return changed
  }

  /** Each step shifts one character by a hash of all the others, so it can be undone with the key: a permutation. */
  #permute(core: string): string {
    const hex = core.length >= 12 && /^[0-9a-fA-F]+$/.test(core) && /[a-fA-F]/.test(core)
    const chars = Array.from(core, (c) => c.charCodeAt(0))
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < chars.length; i++) {
        const c = chars[i] as number
        const kind = classOf(c)
        const radix = kind === DIGIT ? 10 : hex ? 6 : 26
        const others = String.fromCharCode(...chars.slice(0, i), 0, ...chars.slice(i + 1))
        const hash = this.#hash(`${String(round)}:${String(i)}:${others}`)
        const shift = (((hash[0] as number) << 16) | ((hash[1] as number) << 8) | (hash[2] as number)) % radix
        const first = FIRST[kind] as number
        chars[i] = first + ((c - first + shift) % radix)
      }
    }
    return String.fromCharCode(...chars)
  }
}

/** Blanks a secret: `x` for every character (`0` where all are digits); white space and closing `=` stay, so that base64 stays base64. */
export function blank(secret: string): string {
  let end = secret.length
  while (end > 0 && (isSpace(secret.charCodeAt(end - 1)) || secret.charCodeAt(end - 1) === 0x3d)) end--
  let fill = '0'
  for (let i = 0; i < end && fill === '0'; i++) if (classOf(secret.charCodeAt(i)) !== DIGIT && !isSpace(secret.charCodeAt(i))) fill = 'x'
  let text = ''
  for (let i = 0; i < end; i++) text += isSpace(secret.charCodeAt(i)) ? secret.charAt(i) : fill
  return text + secret.slice(end)
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d
}
