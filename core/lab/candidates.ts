// Addresses this lab may be reached at: what interfaces, ports, the command line and hands give. Kinds of interfaces are guessed from their names (INFERRED).
import type { AddressCandidate, AddressKind, AddressWish } from '../api.ts'

/** An address of an interface of this computer. */
export interface OwnAddress {
  readonly name: string
  readonly address: string
  readonly family: 4 | 6
  readonly internal: boolean
}

/** What the device-facing ports are bound to; a port that is not open is 0. */
export interface Bound {
  readonly host: string
  readonly http: number
  readonly https: number
}

const WILD = /^(0\.0\.0\.0|::|)$/
export const LOOPBACK = /^(localhost|127\.|::1$)/

/** Names of interfaces by kind, the first that fits: Linux, macOS, Windows. Guesses (INFERRED); the text of a candidate says so. */
const KINDS: readonly (readonly [RegExp, AddressKind])[] = [
  [/^(docker|br-|virbr|veth|vmnet|vboxnet|vethernet|lxc|lxd|cni|flannel|podman|bridge\d)/i, 'virtual'],
  [/^(tun|tap|wg|ppp|utun|ipsec|zt|tailscale|nordlynx|proton|cscotun|vpn)|vpn|wireguard/i, 'vpn'],
  [/^(wl|wifi|wi-fi|ath\d|ra\d)|wireless/i, 'wifi'],
  [/^(wwan|rmnet|wwp|mobile|cellular)/i, 'mobile'],
  [/^(eth|en[opsx]|em\d|ethernet|local area)/i, 'ethernet'],
]
/** Which kind a device of unknown place is told first. */
export const FIRST: readonly AddressKind[] = ['wifi', 'ethernet', 'other', 'mobile', 'vpn', 'virtual']

/** What kind of interface a name is likely to mean. */
export function kindOf(name: string): AddressKind {
  return KINDS.find(([form]) => form.test(name))?.[1] ?? 'other'
}

/** Kinds in words. */
export const WORDS: Readonly<Record<AddressKind, string>> = {
  loopback: 'loopback',
  wifi: 'Wi-Fi',
  ethernet: 'Ethernet',
  vpn: 'a VPN',
  mobile: 'a mobile network',
  virtual: 'a virtual network',
  other: 'an interface of unknown kind',
  given: 'the address of the command line',
  hand: 'an address entered by hand',
}

/** Place of a kind in that order. */
export const rank = (kind: AddressKind): number => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length)

/** Candidates that no hand entered: loopback, each interface, the name the ports are bound to, the command line's. `given` is the base of --advertise. */
export function ownCandidates(
  interfaces: readonly OwnAddress[],
  { host, http, https }: Bound,
  given: string | undefined,
): readonly AddressCandidate[] {
  const bases = (name: string): Pick<AddressCandidate, 'http' | 'https'> => ({
    http: http === 0 ? '' : `http://${inUrl(name)}:${String(http)}`,
    https: https === 0 ? '' : `https://${inUrl(name)}:${String(https)}`,
  })
  const here = LOOPBACK.test(host) && host !== 'localhost' ? host : '127.0.0.1'
  const loopback: AddressCandidate = {
    id: 'loopback',
    kind: 'loopback',
    interface: interfaces.find(({ internal }) => internal)?.name ?? '',
    host: here,
    ...bases(here),
    reachable: WILD.test(host) || LOOPBACK.test(host),
    text: 'this computer itself, and a device on a cable through adb reverse',
  }
  const own = interfaces
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ name, address }): AddressCandidate => {
      const kind = kindOf(name)
      const reachable = WILD.test(host) || host === address
      const guess = kind === 'other' ? 'kind not known from its name' : `taken for ${WORDS[kind]} by its name`
      const text = reachable ? guess : `${guess}; not reachable: the lab listens on ${host} only (--host 0.0.0.0 for all)`
      return { id: `${name}/${address}`, kind, interface: name, host: address, ...bases(address), reachable, text }
    })
  const byName = WILD.test(host) || LOOPBACK.test(host) || own.some((one) => one.host === host) ? [] : [named(host, bases(host))]
  const told = given === undefined ? [] : [outside('given', 'given', { name: '', [/^https:/i.test(given) ? 'https' : 'http']: given }, '--advertise')]
  return [loopback, ...own, ...byName, ...told]
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** `host:port` of a base as a Host field names it: the usual port of the scheme left out. */
export function authorityOf(base: string): string {
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/]+)/i.exec(base) ?? []
  return authority.toLowerCase().replace(scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/, '')
}

/** Host of a base, without port and brackets. */
export function hostOf(base: string): string {
  return authorityOf(base)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
}

/** A base without a trailing slash. */
export const baseOf = (url: string): string => url.replace(/\/+$/, '')

/** A host name the ports are bound to. */
function named(host: string, bases: Pick<AddressCandidate, 'http' | 'https'>): AddressCandidate {
  return { id: `name/${host}`, kind: 'other', interface: '', host, ...bases, reachable: true, text: 'the name the ports are bound to' }
}

/** A candidate from outside: entered by hand, or told on the command line. */
export function outside(id: string, kind: AddressKind, { http = '', https = '' }: AddressWish, text: string): AddressCandidate {
  const bases = { http: baseOf(http), https: baseOf(https) }
  return { id, kind, interface: '', host: hostOf(bases.http === '' ? bases.https : bases.http), ...bases, reachable: true, text }
}
