// Which of its addresses the lab tells each device, and why. One function for every URL put into a message: `advertised`.
import type { AddressCandidate, AddressChoice, AddressesState, AddressTest, AddressUse, AddressWish, MulticastChoice } from '../api.ts'
import type { Docs } from '../store/docs.ts'
import { authorityOf, FIRST, hostOf, kindOf, LOOPBACK, outside, ownCandidates, rank, WORDS } from './candidates.ts'
import type { Bound, OwnAddress } from './candidates.ts'

/** The way a message came. */
export interface Path {
  /** `address:port` of our end and of the peer. */
  readonly local: string
  readonly remote: string
  readonly tls: boolean
  /** Value of the Host field; '' where none. */
  readonly host: string
  /** ms since 1970. */
  readonly at: number
}

export interface AddressesParts {
  readonly docs: Docs
  readonly interfaces: () => readonly OwnAddress[]
  readonly bound: () => Bound
  /** Base of --advertise, without a trailing slash. */
  readonly given?: string | undefined
  readonly simulated: (device: string) => boolean
  /** The way the last message of a device came in an earlier life of this process. */
  readonly before: (device: string) => Path | undefined
  /** Connects to a base and says what happened. */
  readonly probe: (url: string) => Promise<Omit<AddressTest, 'candidate' | 'url'>>
  /** What was put is to be made durable, and told. */
  readonly moved: () => void
}

/** A choice of a person. */
export interface ByHand {
  readonly candidate: string
  readonly scheme?: 'http' | 'https'
}

/** Documents that hold what people chose and entered. */
export const KIND = { hand: 'address.hand', choice: 'address.choice', multicast: 'address.multicast' } as const
/** Choice for devices nothing is known of, among the others. */
export const OTHERWISE = '\n'

/** A choice, before its URLs are made. */
type Chosen = Omit<AddressChoice, 'urls'>

/** Where each use stands below a base. */
const BELOW: Readonly<Record<AddressUse, string>> = { dm: '/dm', download: '/dl/', gateway: '/gw', image: '/gw/image/' }

const urlOf = (base: string, use: AddressUse): string => base + BELOW[use]

/** What the lab knows of its addresses, and what it tells whom. */
export class Addresses {
  readonly parts: AddressesParts
  readonly #paths = new Map<string, { -readonly [K in keyof Path]: Path[K] }>()
  /** Candidates that no hand entered, and what they were made of. */
  #own: { readonly own: readonly OwnAddress[]; readonly bound: Bound; readonly list: readonly AddressCandidate[] } | null = null

  /** What the last question for the way of a device was, and its answer. */
  #way: (Pick<Path, 'local' | 'host' | 'tls'> & { readonly all: readonly AddressCandidate[]; readonly found: ReturnType<typeof alongside> }) | null =
    null

  constructor(parts: AddressesParts) {
    this.parts = parts
  }

  /** A message of a device came this way. */
  came(device: string, path: Path): void {
    if (device === '') return
    const known = this.#paths.get(device)
    // Most messages come the way of the one before.
    if (known?.local === path.local && known.remote === path.remote && known.host === path.host && known.tls === path.tls) known.at = path.at
    else this.#paths.set(device, { ...path })
  }

  /** True where the device's last message came inside TLS. */
  secure(device: string): boolean {
    return this.#path(device)?.tls === true
  }

  /** The URL a device is told for a use. Every URL in a message comes from here. */
  advertised(device: string, use: AddressUse): string {
    return urlOf(this.#chosen(device).base, use)
  }

  /** The URL somebody is told whose request came this way: as for a device, but nothing beats the way where no hand chose. */
  advertisedAlong(device: string, path: Path, use: AddressUse): string {
    const hand = device === '' ? undefined : this.#hand(device)
    return hand === undefined && this.parts.given === undefined ? urlOf(this.#choose('', path).base, use) : this.advertised(device, use)
  }

  choice(device: string): AddressChoice {
    const chosen = this.#chosen(device)
    const url = (use: AddressUse): string => urlOf(chosen.base, use)
    return { ...chosen, urls: { dm: url('dm'), download: url('download'), gateway: url('gateway'), image: url('image') } }
  }

  #chosen(device: string): Chosen {
    return this.#choose(device, device === '' ? undefined : this.#path(device))
  }

  /** Names and addresses of this lab, for its certificates: no port, no brackets. */
  names(): readonly string[] {
    const hosts = this.candidates().flatMap(({ host, http, https }) => [host, ...[http, https].filter((url) => url !== '').map(hostOf)])
    return [...new Set([...hosts, '127.0.0.1', 'localhost'].map((name) => name.toLowerCase()))]
  }

  candidates(): readonly AddressCandidate[] {
    const { interfaces, docs, given } = this.parts
    const own = interfaces()
    const bound = this.parts.bound()
    let known = this.#own
    // Every session asks: what the interfaces and ports give is made once while these stay as they are.
    if (known?.own !== own || known.bound.host !== bound.host || known.bound.http !== bound.http || known.bound.https !== bound.https)
      this.#own = known = { own, bound, list: ownCandidates(own, bound, given) }
    const { list } = known
    const hand = docs.all(KIND.hand)
    return hand.length === 0
      ? list
      : [...list, ...hand.map(({ id, value }) => outside(`hand/${id}`, 'hand', value as AddressWish, 'entered by hand'))]
  }

  state(): AddressesState {
    const { docs, bound } = this.parts
    const chosen = docs.all(KIND.choice).flatMap(({ id }) => (id === OTHERWISE ? [] : [id]))
    const { http, https } = bound()
    return {
      candidates: this.candidates(),
      otherwise: this.choice(''),
      devices: [...new Set([...this.#paths.keys(), ...chosen])].map((device) => this.choice(device)),
      multicast: this.multicast(),
      ports: { http, https },
    }
  }

  /** The interface that multicast leaves from; null where none can. */
  multicast(): MulticastChoice | null {
    const able = this.parts.interfaces().filter(({ family }) => family === 4)
    const wish = this.parts.docs.get(KIND.multicast, 'interface') as string | undefined
    const hand = able.find(({ name }) => name === wish)
    if (hand !== undefined) return { interface: hand.name, address: hand.address, by: 'hand', why: 'chosen by hand' }
    const gone = wish === undefined ? '' : `${wish}, chosen by hand, is not there; `
    const ranked = able.filter(({ internal }) => !internal).sort((a, b) => rank(kindOf(a.name)) - rank(kindOf(b.name)))
    const [first = able[0]] = LOOPBACK.test(this.parts.bound().host) ? able.filter(({ internal }) => internal) : ranked
    if (first === undefined) return null
    const why = `${gone}${first.internal ? 'nothing but this computer listens' : `the first that can, taken for ${WORDS[kindOf(first.name)]}`}`
    return { interface: first.name, address: first.address, by: 'rule', why }
  }

  #path(device: string): Path | undefined {
    const known = this.#paths.get(device) ?? this.parts.before(device)
    if (known !== undefined && !this.#paths.has(device)) this.#paths.set(device, { ...known })
    return known
  }

  #hand(device: string): ByHand | undefined {
    return this.parts.docs.get(KIND.choice, device === '' ? OTHERWISE : device) as ByHand | undefined
  }

  #choose(device: string, path: Path | undefined): Chosen {
    const all = this.candidates()
    const came = { local: path?.local ?? '', remote: path?.remote ?? '', lastAt: path?.at ?? 0 }
    const tell = (one: AddressCandidate, by: AddressChoice['by'], why: string, wish?: 'http' | 'https'): Chosen => {
      const scheme = schemeOf(one, wish ?? (path?.tls === true ? 'https' : 'http'))
      const base = one[scheme]
      return { device, candidate: one.id, scheme, base, by, why, ...came }
    }
    const hand = device === '' ? undefined : this.#hand(device)
    const chosen = hand === undefined ? undefined : all.find(({ id }) => id === hand.candidate)
    if (chosen !== undefined) return tell(chosen, 'hand', 'chosen by hand', hand?.scheme)
    const lost = hand === undefined ? '' : `${hand.candidate}, chosen by hand, is not there any more; `
    if (this.parts.simulated(device)) return tell(all[0] as AddressCandidate, 'rule', `${lost}it is a simulated device of this lab`)
    const given = all.find(({ kind }) => kind === 'given')
    if (given !== undefined) return tell(given, 'given', `${lost}told on the command line`)
    if (path !== undefined) {
      const along = this.#along(all, path)
      if (along !== undefined) return tell(along.candidate, 'path', `${lost}${along.why}`)
    }
    return this.#otherwise(all, tell, lost)
  }

  /** What `alongside` says; sessions that begin together mostly came the same way. */
  #along(all: readonly AddressCandidate[], path: Path): ReturnType<typeof alongside> {
    const { local, host, tls } = path
    const last = this.#way
    if (last !== null && last.all === all && last.local === local && last.host === host && last.tls === tls) return last.found
    const found = alongside(all, path)
    this.#way = { all, local, host, tls, found }
    return found
  }

  #otherwise(
    all: readonly AddressCandidate[],
    tell: (one: AddressCandidate, by: AddressChoice['by'], why: string, wish?: 'http' | 'https') => Chosen,
    lost: string,
  ): Chosen {
    const loopback = all[0] as AddressCandidate
    const common = this.#hand('')
    const chosen = all.find(({ id }) => id === common?.candidate)
    if (chosen !== undefined) return tell(chosen, 'hand', `${lost}chosen by hand for devices nothing is known of`, common?.scheme)
    const [first] = all.filter(({ kind, reachable }) => reachable && FIRST.includes(kind)).sort((a, b) => rank(a.kind) - rank(b.kind))
    if (first === undefined) return tell(loopback, 'rule', `${lost}the lab listens on this computer only`)
    return tell(first, 'rule', `${lost}nothing is known of its way; the first address others reach, ${WORDS[first.kind]}`)
  }
}

/** The candidate a message came to, and why in words. What its Host field names beats the interface: a NAT or proxy stands before that one. */
function alongside(all: readonly AddressCandidate[], path: Path): { readonly candidate: AddressCandidate; readonly why: string } | undefined {
  const authority = path.host.toLowerCase()
  const byName = all.find(({ kind, http, https }) => kind === 'hand' && authority !== '' && authorityOf(path.tls ? https : http) === authority)
  if (byName !== undefined) return { candidate: byName, why: `its last message was addressed to ${path.host}` }
  const address = /^\[(.*)\]:\d+$/.exec(path.local)?.[1] ?? path.local.replace(/:\d+$/, '')
  const here = LOOPBACK.test(address)
  const candidate = all.find((one) => (here ? one.kind === 'loopback' : one.host === address && one.kind !== 'hand' && one.kind !== 'given'))
  if (candidate === undefined) return undefined
  const way = here ? 'over loopback (this computer, or adb reverse)' : `over ${candidate.interface === '' ? address : candidate.interface}`
  return { candidate, why: `its last message came ${way}` }
}

const schemeOf = (one: AddressCandidate, wish: 'http' | 'https'): 'http' | 'https' => (one[wish] === '' ? (wish === 'http' ? 'https' : 'http') : wish)
