// What may stand in the place of user name and password, nonce, and body in a wrong credential: a list each, the right one first.
import { base64, concat, fromBase64, hexOf, utf8Bytes, utf8Lossy } from '../syncml/text.ts'
import { DEFAULT_NONCES } from '../syncml/package0.ts'
import { issuedReadings } from './credentials.ts'
import { md5 } from './md5.ts'

/** An account the device may have meant. */
export interface Person {
  readonly userName: string
  readonly password: string
  readonly serverId: string
  readonly serverPassword: string
  readonly state: 'enrolled' | 'waiting' | 'refused'
  /** Why its secrets cannot be read now. */
  readonly locked?: string
  /** In words, for an account other than the first: `the account of device d2`. */
  readonly name: string
}

/** A nonce that was known, and where it comes from in words. `swapped`: the device issued it, for the server's credentials. */
export interface Nonce {
  readonly octets: Uint8Array
  readonly role: 'expected' | 'older' | 'challenge' | 'later' | 'swapped'
  readonly name: string
}

/** Other octets than the message's that a MAC may be over. */
export interface Body {
  readonly id: string
  readonly text: string
  readonly fix: string
  readonly octets: Uint8Array
}

/** One value on an axis; `id` is '' for the right one. */
export interface Way {
  readonly id: string
  readonly text: string
  readonly fix: string
  readonly user?: Uint8Array
  readonly password?: Uint8Array
  readonly octets?: Uint8Array
}

export type Axis = readonly Way[]

const RIGHT = { id: '', text: '', fix: '' }

/** User name and password as they may have been taken; `names` are what the message itself names. */
export function peopleAxis(people: readonly Person[], names: readonly string[]): Axis {
  const [own, ...others] = people
  if (own === undefined) return [{ ...RIGHT }]
  const { userName: user, password } = own
  const ways: Way[] = []
  const seen = new Set<string>()
  const add = (id: string, text: string, fix: string, u: string | Uint8Array, p: string | Uint8Array): void => {
    const way = { id, text, fix, user: typeof u === 'string' ? utf8Bytes(u) : u, password: typeof p === 'string' ? utf8Bytes(p) : p }
    const key = `${hexOf(way.user)}/${hexOf(way.password)}`
    if (seen.has(key)) return
    seen.add(key)
    ways.push(way)
  }
  add('', '', '', user, password)
  const spaced = 'take user name and password as they are, without blanks or line ends around them'
  const cased = 'upper and lower case count'
  for (const [text, u] of around('the user name', user)) add('user.blank', text, spaced, u, password)
  for (const [text, p] of around('the password', password)) add('password.blank', text, spaced, user, p)
  for (const [text, u] of cases('the user name', user)) add('user.case', text, cased, u, password)
  for (const [text, p] of cases('the password', password)) add('password.case', text, cased, user, p)
  const text = 'write user name and password in UTF-8'
  for (const [name, of] of CHARSETS) {
    add('charset', `user name and password were taken in ${name}`, text, of(user), of(password))
    add('charset', `the password was taken in ${name}`, text, user, of(password))
  }
  add('password.hashed', 'the MD5 of the password was taken for the password', 'take the password itself', user, hexOf(md5(utf8Bytes(password))))
  add('password.encoded', 'the base64 text of the password was taken for the password', 'take the password itself', user, base64(utf8Bytes(password)))
  add('password.url', 'the password was taken percent-encoded', 'take the password itself', user, encodeURIComponent(password))
  add(
    'password.server',
    "the server's password was taken instead of the client's",
    "the device proves itself with CLCRED's secret",
    user,
    own.serverPassword,
  )
  add('user.server', "the server's name was taken for the user name", "take the client's user name (AAuthName)", own.serverId, password)
  add('account.server', "the server's credentials were taken instead of the client's", 'take CLCRED', own.serverId, own.serverPassword)
  for (const other of others) {
    if (other.locked !== undefined) continue
    add(
      'account.other',
      `user name and password are those of ${other.name}`,
      `give the device its own account, or use ${other.name}`,
      other.userName,
      other.password,
    )
    add('password.other', `the password is that of ${other.name}`, 'take the password of this account', user, other.password)
    add('user.other', `the user name is that of ${other.name}`, 'take the user name of this account', other.userName, password)
  }
  for (const name of names)
    if (name !== '')
      add(
        'user.other',
        `the user name ${JSON.stringify(name)} of the message was taken, which is not that of the account`,
        'take the user name of the account',
        name,
        password,
      )
  add('user.empty', 'the user name was left out', 'take the user name of the account', '', password)
  add('password.empty', 'the password was left out', 'set the password on the device', user, '')
  return ways
}

const around = (what: string, text: string): [string, string][] => [
  [`${what} was taken with a blank behind it`, `${text} `],
  [`${what} was taken with a blank before it`, ` ${text}`],
  [`${what} was taken with a line end behind it`, `${text}\n`],
  [`${what} was taken with CR LF behind it`, `${text}\r\n`],
  [`${what} was taken with a NUL behind it`, `${text}\0`],
  [`${what} was taken without the blanks around it`, text.trim()],
]

const cases = (what: string, text: string): [string, string][] => [
  [`${what} was taken in lower case`, text.toLowerCase()],
  [`${what} was taken in upper case`, text.toUpperCase()],
  [`${what} was taken with a capital first letter`, text.slice(0, 1).toUpperCase() + text.slice(1)],
  [`${what} was taken with a capital first letter, the rest in lower case`, text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()],
  [`${what} was taken with a small first letter`, text.slice(0, 1).toLowerCase() + text.slice(1)],
]

const wide = (little: boolean) => (text: string) =>
  Uint8Array.from(
    [...Array(text.length).keys()].flatMap((i) => {
      const unit = text.charCodeAt(i)
      return little ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255]
    }),
  )

const CHARSETS: readonly (readonly [string, (text: string) => Uint8Array])[] = [
  [
    'ISO-8859-1',
    (text) =>
      Uint8Array.from(text, (char) => {
        const code = char.codePointAt(0) ?? 0
        return code < 256 ? code : 0x3f
      }),
  ],
  ['UTF-16 (little end first)', wide(true)],
  ['UTF-16 (big end first)', wide(false)],
]

/** Seconds around the message's own Date, and around its arrival, that may have been taken for a nonce. */
const SECONDS = 120

/** Nonces as they may have been taken. */
export function noncesAxis(nonces: readonly Nonce[], at: number, date: string | undefined): Axis {
  const expected = nonces.find(({ role }) => role === 'expected')
  const ways: Way[] = []
  const seen = new Set<string>()
  const add = (id: string, text: string, fix: string, octets: Uint8Array): void => {
    const key = hexOf(octets)
    if (seen.has(key)) return
    seen.add(key)
    ways.push({ id, text, fix, octets })
  }
  const fresh = 'use the NextNonce of the newest Chal, and keep it over restarts'
  if (expected === undefined) ways.push({ ...RIGHT, octets: new Uint8Array() })
  else {
    for (const octets of issuedReadings(expected.octets)) add('', '', '', octets)
    misread(expected, (id, text, fix, octets) => add(id, text, fix, octets))
  }
  for (const nonce of nonces) {
    if (nonce === expected) continue
    const id = nonce.role === 'swapped' ? 'nonce.swapped' : nonce.role === 'later' ? 'nonce.later' : 'nonce.stale'
    const text =
      nonce.role === 'swapped' ? 'the digest rests on the nonce that the device issued for the server' : `the digest rests on ${nonce.name}`
    add(
      id,
      id === 'nonce.stale' ? `stale nonce: ${text}` : text,
      nonce.role === 'swapped' ? 'use the nonce of the server for the credential of the device' : fresh,
      nonce.octets,
    )
    misread(nonce, (wrong, how, fix, octets) => add(`${id}+${wrong}`, `${text}; ${how}`, `${fresh}; ${fix}`, octets))
  }
  add('nonce.empty', 'the digest rests on an empty nonce', fresh, new Uint8Array())
  for (const { nonce } of DEFAULT_NONCES) add('nonce.default', 'the digest rests on the default nonce of notifications', fresh, nonce)
  const clock = seconds(date)
  for (const base of new Set([Math.floor(at / 1000), ...(clock === null ? [] : [clock])]))
    for (let s = base - SECONDS; s <= base + SECONDS; s++)
      add('nonce.clock', 'the digest rests on a time of day in the place of the nonce', fresh, utf8Bytes(String(s)))
  // The readings of the right nonce count as one.
  return ways
}

/** Ways of misreading the nonce of a challenge. */
function misread({ octets }: Nonce, add: (id: string, text: string, fix: string, octets: Uint8Array) => void): void {
  const text = base64(octets)
  const fix = 'decode NextNonce from base64 once, and hash its octets'
  add('nonce.text', 'the base64 text of the nonce was hashed instead of its octets', fix, utf8Bytes(text))
  add('nonce.double', 'the nonce was encoded in base64 twice', fix, utf8Bytes(base64(utf8Bytes(text))))
  const more = fromBase64(utf8Lossy(octets))
  if (more !== null && more.length > 0) add('nonce.decoded', 'the nonce was decoded from base64 twice', fix, more)
  add('nonce.hex', 'the hexadecimal text of the nonce was hashed instead of its octets', fix, utf8Bytes(hexOf(octets)))
  add('nonce.nul', 'the nonce was taken with a NUL behind it', fix, concat([octets, new Uint8Array(1)]))
  add('nonce.short', 'the nonce was taken without its padding', fix, utf8Bytes(text.replace(/=+$/, '')))
  for (const length of [8, 16, 20])
    if (octets.length > length)
      add('nonce.cut', `only the first ${String(length)} octets of the nonce were taken`, 'take the whole nonce', octets.slice(0, length))
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** Seconds since 1970 of an HTTP date; null where it is none. */
export function seconds(date: string | undefined): number | null {
  const [, d, mon, y, h, m, s] = /(\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT/.exec(date ?? '') ?? []
  const month = MONTHS.indexOf(mon ?? '-') / 3
  if (d === undefined || month < 0 || !Number.isInteger(month)) return null
  const years = Number(y) - (month < 2 ? 1 : 0)
  const shifted = (month + 10) % 12
  const days =
    365 * years +
    Math.floor(years / 4) -
    Math.floor(years / 100) +
    Math.floor(years / 400) +
    Math.floor((153 * shifted + 2) / 5) +
    Number(d) -
    1 -
    719_468
  return ((days * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s)
}

/** The body as it came, then what else a MAC may be over. */
export function bodiesAxis(body: Uint8Array, others: readonly Body[]): Axis {
  return [{ ...RIGHT, octets: body }, ...others]
}
