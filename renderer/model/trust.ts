// Certificates and addresses in words: how long something is valid, what a choice rests on, how fingerprints are told. Pure.
import type { AddressCandidate, AddressChoice, AddressTest, CertificateRow } from '../../core/api.ts'

const DAY = 86_400_000

/** A day, `21 Nov 2027`. */
export function day(at: number): string {
  const d = new Date(at)
  return `${String(d.getDate())} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][d.getMonth()] ?? ''} ${String(d.getFullYear())}`
}

/** Whether a certificate is valid now, in words: `until 21 Nov 2027, 365 days left`. */
export function validity(
  row: Pick<CertificateRow, 'notBefore' | 'notAfter'>,
  now: number,
): { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' } {
  if (now < row.notBefore) return { text: `not valid before ${day(row.notBefore)}`, tone: 'bad' }
  if (now > row.notAfter) return { text: `expired on ${day(row.notAfter)}`, tone: 'bad' }
  const left = Math.floor((row.notAfter - now) / DAY)
  return { text: `until ${day(row.notAfter)}, ${String(left)} ${left === 1 ? 'day' : 'days'} left`, tone: left < 14 ? 'warn' : 'good' }
}

/** A fingerprint in lines of eight pairs, as people compare it. */
export const fingerprintLines = (fingerprint: string): readonly string[] =>
  fingerprint.match(/(?:[0-9A-F]{2}:?){1,8}/gi)?.map((one) => one.replace(/:$/, '')) ?? []

export const KINDS: Readonly<Record<AddressCandidate['kind'], string>> = {
  loopback: 'this computer (USB through adb reverse)',
  wifi: 'Wi-Fi',
  ethernet: 'Ethernet',
  vpn: 'VPN',
  mobile: 'mobile network',
  virtual: 'virtual network',
  other: 'other interface',
  given: 'given at the start',
  hand: 'entered by hand',
}

export const BY: Readonly<Record<AddressChoice['by'], string>> = {
  hand: 'chosen by hand',
  given: 'given at the start (--advertise)',
  path: 'the way its last message came',
  rule: 'by rule',
}

export const TESTS: Readonly<
  Record<AddressTest['result'], { readonly word: string; readonly tone: 'good' | 'warn' | 'bad'; readonly icon: string }>
> = {
  ours: { word: 'this lab answered', tone: 'good', icon: 'check' },
  other: { word: 'something else answered', tone: 'warn', icon: 'warn' },
  no: { word: 'no answer', tone: 'bad', icon: 'error' },
}

/** A candidate in one line: `192.168.1.5, Wi-Fi (wlan0)`. */
export const candidateWords = (one: AddressCandidate): string => `${one.host}, ${KINDS[one.kind]}${one.interface === '' ? '' : ` (${one.interface})`}`
