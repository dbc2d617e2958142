// Addresses the lab tells devices: candidates from interfaces and hands, and which one each device is told. One function for every URL put into a message: `advertised`.
import type {
  AddressCandidate,
  AddressChoice,
  AddressesArea,
  AddressesState,
  AddressKind,
  AddressTest,
  AddressUse,
  AddressWish,
  MulticastChoice,
} from '../api.ts'
import type { Docs } from '../store/docs.ts'

/** An address of an interface of this computer. */
export interface OwnAddress {
  readonly name: string
  readonly address: string
  readonly family: 4 | 6
  readonly internal: boolean
}

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
  /** What the device-facing ports are bound to; a port that is not open is 0. */
  readonly bound: () => { readonly host: string; readonly http: number; readonly https: number }
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

/** Candidates that no hand entered, and what they were made of. */
interface Own {
  readonly own: readonly OwnAddress[]
  readonly host: string
  readonly http: number
  readonly https: number
  readonly list: readonly AddressCandidate[]
}

interface ByHand {
  readonly candidate: string
  readonly scheme?: 'http' | 'https'
}

const KIND = { hand: 'address.hand', choice: 'address.choice', multicast: 'address.multicast' } as const
/** Choice for devices nothing is known of, among the others. */
const OTHERWISE = '\n'
const WILD = /^(0\.0\.0\.0|::|)$/
const LOOPBACK = /^(localhost|127\.|::1$)/

/** Names of interfaces by kind, the first that fits: Linux, macOS, Windows. Guesses (INFERRED); the text of a candidate says so. */
const KINDS: readonly (readonly [RegExp, AddressKind])[] = [
  [/^(docker|br-|virbr|veth|vmnet|vboxnet|vethernet|lxc|lxd|cni|flannel|podman|bridge\d)/i, 'virtual'],
  [/^(tun|tap|wg|ppp|utun|ipsec|zt|tailscale|nordlynx|proton|cscotun|vpn)|vpn|wireguard/i, 'vpn'],
  [/^(wl|wifi|wi-fi|ath\d|ra\d)|wireless/i, 'wifi'],
  [/^(wwan|rmnet|wwp|mobile|cellular)/i, 'mobile'],
  [/^(eth|en[opsx]|em\d|ethernet|local area)/i, 'ethernet'],
]
/** Which kind a device of unknown place is told first. */
const FIRST: readonly AddressKind[] = ['wifi', 'ethernet', 'other', 'mobile', 'vpn', 'virtual']

/** What kind of interface a name is likely to mean. */
export function kindOf(name: string): AddressKind {
  return KINDS.find(([form]) => form.test(name))?.[1] ?? 'other'
}

/** What the lab knows of its addresses, and what it tells whom. */
export class Addresses {
  readonly #parts: AddressesParts
  readonly #paths = new Map<string, { -readonly [K in keyof Path]: Path[K] }>()
  #own: Own | null = null

  constructor(parts: AddressesParts) {
    this.#parts = parts
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
    return this.choice(device).urls[use]
  }

  /** The URL somebody is told whose request came this way: as for a device, but nothing beats the way where no hand chose. */
  advertisedAlong(device: string, path: Path, use: AddressUse): string {
    const hand = device === '' ? undefined : this.#hand(device)
    return hand === undefined && this.#parts.given === undefined ? this.#choose('', path).urls[use] : this.advertised(device, use)
  }

  choice(device: string): AddressChoice {
    return this.#choose(device, device === '' ? undefined : this.#path(device))
  }

  /** Names and addresses of this lab, for its certificates: no port, no brackets. */
  names(): readonly string[] {
    const hosts = this.candidates().flatMap(({ host, http, https }) => [host, ...[http, https].filter((url) => url !== '').map(hostOf)])
    return [...new Set([...hosts, '127.0.0.1', 'localhost'].map((name) => name.toLowerCase()))]
  }

  candidates(): readonly AddressCandidate[] {
    const { interfaces, bound, docs } = this.#parts
    const own = interfaces()
    const { host, http, https } = bound()
    const known = this.#own
    // Every session asks: what the interfaces and ports give is made once while these stay as they are.
    if (known?.own !== own || known.host !== host || known.http !== http || known.https !== https)
      this.#own = { own, host, http, https, list: this.#ownCandidates(own, host, http, https) }
    const { list } = this.#own as Own
    const hand = docs.all(KIND.hand)
    return hand.length === 0
      ? list
      : [...list, ...hand.map(({ id, value }) => outside(`hand/${id}`, 'hand', value as AddressWish, 'entered by hand'))]
  }

  #ownCandidates(interfaces: readonly OwnAddress[], host: string, http: number, https: number): readonly AddressCandidate[] {
    const { given } = this.#parts
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
    const told =
      given === undefined ? [] : [outside('given', 'given', { name: '', [/^https:/i.test(given) ? 'https' : 'http']: given }, '--advertise')]
    return [loopback, ...own, ...byName, ...told]
  }

  state(): AddressesState {
    const { docs, bound } = this.#parts
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
    const able = this.#parts.interfaces().filter(({ family }) => family === 4)
    const wish = this.#parts.docs.get(KIND.multicast, 'interface') as string | undefined
    const hand = able.find(({ name }) => name === wish)
    if (hand !== undefined) return { interface: hand.name, address: hand.address, by: 'hand', why: 'chosen by hand' }
    const gone = wish === undefined ? '' : `${wish}, chosen by hand, is not there; `
    const ranked = able.filter(({ internal }) => !internal).sort((a, b) => rank(kindOf(a.name)) - rank(kindOf(b.name)))
    const [first = able[0]] = LOOPBACK.test(this.#parts.bound().host) ? able.filter(({ internal }) => internal) : ranked
    if (first === undefined) return null
    const why = `${gone}${first.internal ? 'nothing but this computer listens' : `the first that can, taken for ${WORDS[kindOf(first.name)]}`}`
    return { interface: first.name, address: first.address, by: 'rule', why }
  }

  /** The area of LabApi. */
  area(): AddressesArea {
    const { docs, moved, probe, interfaces } = this.#parts
    return {
      list: async () => this.state(),
      choice: async (device) => this.choice(device),
      choose: async (device, candidate, scheme) => {
        const key = device === '' ? OTHERWISE : device
        if (candidate === '') docs.drop(KIND.choice, key)
        else docs.put(KIND.choice, key, this.#checked(candidate, scheme))
        moved()
        return this.choice(device)
      },
      add: async ({ name, ...bases }) => {
        const plain = Object.fromEntries(Object.entries(bases).map(([scheme, base]) => [scheme, baseOf(base)]))
        docs.put(KIND.hand, name, { name, ...plain } satisfies AddressWish)
        moved()
        return this.state()
      },
      remove: async (candidate) => {
        const name = candidate.replace(/^hand\//, '')
        if (!candidate.startsWith('hand/') || docs.get(KIND.hand, name) === undefined) throw new Error(`${candidate} was not entered by hand`)
        docs.drop(KIND.hand, name)
        for (const { id, value } of docs.all(KIND.choice)) if ((value as ByHand).candidate === candidate) docs.drop(KIND.choice, id)
        moved()
        return this.state()
      },
      test: async (id) => {
        const { http, https } = this.#found(id)
        const urls = [http, https].filter((url) => url !== '')
        return Promise.all(urls.map(async (url) => ({ candidate: id, url, ...(await probe(url)) })))
      },
      multicast: async (name) => {
        if (name === '') docs.drop(KIND.multicast, 'interface')
        else if (interfaces().some((own) => own.name === name && own.family === 4)) docs.put(KIND.multicast, 'interface', name)
        else throw new Error(`there is no interface ${name} with an IPv4 address`)
        moved()
        return this.state()
      },
    }
  }

  #path(device: string): Path | undefined {
    const known = this.#paths.get(device) ?? this.#parts.before(device)
    if (known !== undefined && !this.#paths.has(device)) this.#paths.set(device, { ...known })
    return known
  }

  #hand(device: string): ByHand | undefined {
    return this.#parts.docs.get(KIND.choice, device === '' ? OTHERWISE : device) as ByHand | undefined
  }

  #found(id: string): AddressCandidate {
    const candidate = this.candidates().find((one) => one.id === id)
    if (candidate === undefined) throw new Error(`there is no address ${id}`)
    return candidate
  }

  #checked(id: string, scheme: 'http' | 'https' | undefined): ByHand {
    const candidate = this.#found(id)
    if (candidate.http === '' && candidate.https === '') throw new Error(`the lab does not listen at ${id}`)
    if (scheme !== undefined && candidate[scheme] === '') throw new Error(`the lab does not answer by ${scheme} at ${id}`)
    return { candidate: id, ...(scheme === undefined ? {} : { scheme }) }
  }

  #choose(device: string, path: Path | undefined): AddressChoice {
    const all = this.candidates()
    const came = { local: path?.local ?? '', remote: path?.remote ?? '', lastAt: path?.at ?? 0 }
    const tell = (one: AddressCandidate, by: AddressChoice['by'], why: string, wish?: 'http' | 'https'): AddressChoice => {
      const scheme = schemeOf(one, wish ?? (path?.tls === true ? 'https' : 'http'))
      const base = one[scheme]
      const urls = { dm: `${base}/dm`, download: `${base}/dl/`, gateway: `${base}/gw`, image: `${base}/gw/image/` }
      return { device, candidate: one.id, scheme, base, by, why, urls, ...came }
    }
    const hand = device === '' ? undefined : this.#hand(device)
    const chosen = hand === undefined ? undefined : all.find(({ id }) => id === hand.candidate)
    if (chosen !== undefined) return tell(chosen, 'hand', 'chosen by hand', hand?.scheme)
    const lost = hand === undefined ? '' : `${hand.candidate}, chosen by hand, is not there any more; `
    if (this.#parts.simulated(device)) return tell(all[0] as AddressCandidate, 'rule', `${lost}it is a simulated device of this lab`)
    const given = all.find(({ kind }) => kind === 'given')
    if (given !== undefined) return tell(given, 'given', `${lost}told on the command line`)
    if (path !== undefined) {
      const along = alongside(all, path)
      if (along !== undefined) return tell(along.candidate, 'path', `${lost}${along.why}`)
    }
    return this.#otherwise(all, tell, lost)
  }

  #otherwise(
    all: readonly AddressCandidate[],
    tell: (one: AddressCandidate, by: AddressChoice['by'], why: string, wish?: 'http' | 'https') => AddressChoice,
    lost: string,
  ): AddressChoice {
    const loopback = all[0] as AddressCandidate
    const common = this.#hand('')
    const chosen = all.find(({ id }) => id === common?.candidate)
    if (chosen !== undefined) return tell(chosen, 'hand', `${lost}chosen by hand for devices nothing is known of`, common?.scheme)
    const [first] = all.filter(({ kind, reachable }) => reachable && FIRST.includes(kind)).sort((a, b) => rank(a.kind) - rank(b.kind))
    if (first === undefined) return tell(loopback, 'rule', `${lost}the lab listens on this computer only`)
    return tell(first, 'rule', `${lost}nothing is known of its way; the first address others reach, ${WORDS[first.kind]}`)
  }
}

const WORDS: Readonly<Record<AddressKind, string>> = {
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

const rank = (kind: AddressKind): number => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length)

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

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** `host:port` of a base as a Host field names it: the usual port of the scheme left out. */
function authorityOf(base: string): string {
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/]+)/i.exec(base) ?? []
  return authority.toLowerCase().replace(scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/, '')
}

/** Host of a base, without port and brackets. */
function hostOf(base: string): string {
  return authorityOf(base)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
}

const baseOf = (url: string): string => url.replace(/\/+$/, '')

/** A host name the ports are bound to. */
function named(host: string, bases: Pick<AddressCandidate, 'http' | 'https'>): AddressCandidate {
  return { id: `name/${host}`, kind: 'other', interface: '', host, ...bases, reachable: true, text: 'the name the ports are bound to' }
}

function outside(id: string, kind: AddressKind, { http = '', https = '' }: AddressWish, text: string): AddressCandidate {
  const bases = { http: baseOf(http), https: baseOf(https) }
  return { id, kind, interface: '', host: hostOf(bases.http === '' ? bases.https : bases.http), ...bases, reachable: true, text }
}
