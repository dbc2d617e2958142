// The MAC of a bootstrap message: which key each security means, how it is made, and why one is refused (SEC 5.1.7, ProvBoot; notification sheet 4).
import { same } from '../auth/credentials.ts'
import { SECURITIES } from '../notify/push.ts'
import type { Security } from '../notify/push.ts'
import { concat, utf8Bytes } from '../syncml/text.ts'
import { hmacSha1 } from './sha1.ts'

export type Profile = 'dm' | 'cp'

/** What a device and its network or its user share. */
export interface SharedSecrets {
  /** Digits of the IMSI, or the ESN as text. */
  readonly imsi?: string | undefined
  readonly pin?: string | undefined
}

/** A key and how it was made of the secrets. */
export interface MacKey {
  readonly key: Uint8Array
  readonly form: string
}

/** IMSI in semi-octets as a SIM stores it: parity nibble, then digit pairs swapped (notification sheet 4.2). Null where it is no row of digits. */
export function semiOctets(imsi: string): Uint8Array | null {
  if (!/^\d{1,15}$/.test(imsi)) return null
  const nibbles = imsi.length % 2 === 1 ? `9${imsi}` : `1${imsi}F`
  return Uint8Array.from({ length: nibbles.length / 2 }, (_, i) => parseInt(`${nibbles[i * 2 + 1] ?? ''}${nibbles[i * 2] ?? ''}`, 16))
}

/** Keys this security may mean, the usual one first: the DM profile takes the IMSI as text, deployed clients its semi-octets too. Empty where a secret is missing. */
export function macKeys(profile: Profile, security: Security, { imsi, pin }: SharedSecrets): readonly MacKey[] {
  const semi = imsi === undefined ? null : semiOctets(imsi)
  const digits = pin === undefined ? null : utf8Bytes(pin)
  const network: MacKey[] = []
  if (imsi !== undefined && imsi !== '') network.push({ key: utf8Bytes(imsi), form: 'IMSI as text' })
  if (semi !== null) network.push({ key: semi, form: 'IMSI in semi-octets' })
  // An ESN has no semi-octets: its text is the only form.
  if (profile === 'cp' && network.length > 1) network.reverse()
  switch (security) {
    case 'NETWPIN':
      return network
    case 'USERPIN':
      return digits === null || digits.length === 0 ? [] : [{ key: digits, form: 'PIN' }]
    case 'USERNETWPIN':
      if (digits === null || digits.length === 0) return []
      return network.map(({ key, form }) =>
        profile === 'dm'
          ? { key: concat([digits, utf8Bytes(':'), key]), form: `PIN, colon, ${form}` }
          : { key: concat([key, digits]), form: `${form}, PIN` },
      )
    case 'USERPINMAC':
      return []
    default:
      return security satisfies never
  }
}

/** MAC = HEX(HMAC-SHA1(key, document)), 40 upper-case digits. */
export function macOf(key: Uint8Array, document: Uint8Array): string {
  return Array.from(hmacSha1(key, document), (octet) => octet.toString(16).toUpperCase().padStart(2, '0')).join('')
}

/** Makes the MAC. Throws an Error that names the secret that is missing. */
export function makeMac(profile: Profile, security: Security, secrets: SharedSecrets, document: Uint8Array): string {
  const [first] = macKeys(profile, security, secrets)
  if (first === undefined) throw new Error(missing(security, secrets))
  return macOf(first.key, document)
}

function missing(security: Security, { imsi, pin }: SharedSecrets): string {
  if (security === 'USERPINMAC') return 'USERPINMAC carries no MAC; it is not supported'
  const lacks = [security !== 'USERPIN' && (imsi ?? '') === '' ? 'the IMSI' : '', security !== 'NETWPIN' && (pin ?? '') === '' ? 'the PIN' : '']
  return `${security} needs ${lacks.filter((word) => word !== '').join(' and ')}`
}

/** What came of a check. `wrong` tells a MAC that does not fit (another PIN may) from one that cannot be checked at all. */
export interface MacVerdict {
  readonly ok: boolean
  readonly wrong: boolean
  /** Why, without any secret; for a right MAC the key it rests on. */
  readonly cause: string
}

/** Checks a MAC, letter case aside and in constant time. */
export function checkMac(profile: Profile, security: Security | null, mac: string | null, secrets: SharedSecrets, document: Uint8Array): MacVerdict {
  const no = (cause: string): MacVerdict => ({ ok: false, wrong: false, cause })
  if (security === null) return no('the message names no SEC, or one nobody knows')
  if (security === 'USERPINMAC') return no('USERPINMAC is not supported')
  if (mac === null) return no('the message carries no MAC')
  const shown = mac.trim().toUpperCase()
  if (!/^[0-9A-F]{40}$/.test(shown)) return no(`the MAC is not 40 hexadecimal digits but ${String(shown.length)} characters`)
  const keys = macKeys(profile, security, secrets)
  if (keys.length === 0) return no(missing(security, secrets))
  const fit = keys.filter(({ key }) => same(macOf(key, document), shown))
  if (fit[0] !== undefined) return { ok: true, wrong: false, cause: `the MAC is right (${security}: ${fit[0].form})` }
  const other = SECURITIES.find((each) => each !== security && macKeys(profile, each, secrets).some(({ key }) => same(macOf(key, document), shown)))
  const hint = other === undefined ? 'wrong secret, or the message was changed' : `it would fit SEC ${other}`
  return { ok: false, wrong: true, cause: `wrong MAC for ${security}: ${hint}` }
}
