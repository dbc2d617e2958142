// Registrations of LwM2M clients as a machine: requests and the clock in, answers and facts out (OMA-TS-LightweightM2M-V1_0 clause 5.3). It knows no socket.
import { hexOf } from '../../syncml/text.ts'
import { objectsOf, rootOf } from './link.ts'
import { PayloadError, linksOf } from './payload.ts'

/** Where a client's datagrams come from. */
export interface From {
  readonly host: string
  readonly port: number
}

export interface Registration {
  /** Last part of its path, which only this client was told. */
  readonly location: string
  readonly endpoint: string
  readonly from: From
  /** Seconds. */
  readonly lifetime: number
  readonly version: string
  readonly binding: string
  /** Before all its paths, `/lwm2m`; absent: nothing. */
  readonly root?: string
  /** Object id to instance ids. */
  readonly objects: readonly (readonly [number, readonly number[]])[]
  /** Ms since epoch. */
  readonly since: number
  readonly until: number
}

/** Answer by CoAP: code, and for 2.01 where the registration lies. `text` says why it was refused. */
export interface RegistryAnswer {
  readonly code: '2.01' | '2.02' | '2.04' | '4.00' | '4.03' | '4.04' | '4.12' | '5.03'
  readonly location: string
  readonly text: string
}

export type RegistryFact =
  | { readonly type: 'registered'; readonly registration: Registration; readonly replaced: boolean }
  | { readonly type: 'updated'; readonly registration: Registration; readonly moved: boolean }
  | { readonly type: 'left'; readonly registration: Registration; readonly lost: boolean }
  | { readonly type: 'refused'; readonly endpoint: string; readonly from: From; readonly text: string }

export interface RegistryParts {
  readonly now: () => number
  readonly random: (octets: number) => Uint8Array
  /** May this client register? */
  readonly admits: (endpoint: string) => boolean
}

/** Registrations at the most; more are answered 5.03. */
export const MOST = 10_000
const LIFETIME = 86_400
const LONGEST = 10 * 365 * LIFETIME
const NAME = /^[\x21-\x7e]{1,255}$/

const answer = (code: RegistryAnswer['code'], text = '', location = ''): RegistryAnswer => ({ code, text, location })
const bare = (host: string): string => host.replace(/^::ffff:/, '')

/** All registrations of one server. */
export class Registry {
  readonly #parts: RegistryParts
  readonly #byLocation = new Map<string, Registration>()
  readonly #byEndpoint = new Map<string, string>()

  constructor(parts: RegistryParts, kept: readonly Registration[] = []) {
    this.#parts = parts
    for (const registration of kept) this.#put(registration)
  }

  all(): readonly Registration[] {
    return [...this.#byLocation.values()]
  }
  of(endpoint: string): Registration | undefined {
    return this.#byLocation.get(this.#byEndpoint.get(endpoint) ?? '')
  }

  /** `POST /rd?ep=…&lt=…&lwm2m=…&b=…` with the links of the client. */
  register(
    query: ReadonlyMap<string, string>,
    payload: Uint8Array,
    from: From,
  ): { readonly answer: RegistryAnswer; readonly facts: readonly RegistryFact[] } {
    const endpoint = query.get('ep') ?? ''
    const refused = (code: RegistryAnswer['code'], text: string): ReturnType<Registry['register']> => ({
      answer: answer(code, text),
      facts: [{ type: 'refused', endpoint, from, text }],
    })
    if (!NAME.test(endpoint)) return refused('4.00', endpoint === '' ? 'ep is missing' : 'ep is no name of printable characters')
    const lifetime = lifetimeOf(query.get('lt'))
    if (lifetime === null) return refused('4.00', `lt=${query.get('lt') ?? ''} is no lifetime in seconds`)
    const version = query.get('lwm2m') ?? '1.0'
    if (!/^1\.\d$/.test(version)) return refused('4.12', `version ${version.slice(0, 20)} is not spoken here`)
    let told: Told
    try {
      told = toldBy(payload)
    } catch (error) {
      if (error instanceof PayloadError) return refused('4.00', error.message)
      throw error
    }
    if (!this.#parts.admits(endpoint)) return refused('4.03', `${endpoint} is not expected here`)
    const old = this.of(endpoint)
    if (old !== undefined && bare(old.from.host) !== bare(from.host))
      return refused('4.03', `${endpoint} is registered from ${old.from.host} until its lifetime ends; ${from.host} cannot take its place`)
    if (old === undefined && this.#byLocation.size >= MOST) return refused('5.03', `${MOST} clients are registered`)
    if (old !== undefined) this.#drop(old)
    const location = hexOf(this.#parts.random(9))
    const since = this.#parts.now()
    const binding = bindingOf(query) ?? 'U'
    const registration: Registration = { location, endpoint, from, lifetime, version, binding, ...told, since, until: since + lifetime * 1000 }
    this.#put(registration)
    return { answer: answer('2.01', '', location), facts: [{ type: 'registered', registration, replaced: old !== undefined }] }
  }

  /** `POST /rd/location`: it is still there, perhaps elsewhere, perhaps with other objects. */
  update(
    location: string,
    query: ReadonlyMap<string, string>,
    payload: Uint8Array,
    from: From,
  ): { readonly answer: RegistryAnswer; readonly facts: readonly RegistryFact[] } {
    const old = this.#byLocation.get(location)
    if (old === undefined) return { answer: answer('4.04', 'there is no such registration'), facts: [] }
    const given = query.get('lt')
    const lifetime = given === undefined ? old.lifetime : lifetimeOf(given)
    if (lifetime === null) return { answer: answer('4.00', 'lt is no lifetime in seconds'), facts: [] }
    let told: Told = { objects: old.objects, ...(old.root === undefined ? {} : { root: old.root }) }
    if (payload.length > 0) {
      try {
        told = toldBy(payload)
      } catch (error) {
        if (error instanceof PayloadError) return { answer: answer('4.00', error.message), facts: [] }
        throw error
      }
    }
    const moved = old.from.host !== from.host || old.from.port !== from.port
    const until = this.#parts.now() + lifetime * 1000
    const registration: Registration = { ...old, from, lifetime, ...told, until, binding: bindingOf(query) ?? old.binding }
    this.#put(registration)
    return { answer: answer('2.04'), facts: [{ type: 'updated', registration, moved }] }
  }

  /** `DELETE /rd/location`. */
  deregister(location: string): { readonly answer: RegistryAnswer; readonly facts: readonly RegistryFact[] } {
    const old = this.#byLocation.get(location)
    if (old === undefined) return { answer: answer('4.04', 'there is no such registration'), facts: [] }
    this.#drop(old)
    return { answer: answer('2.02'), facts: [{ type: 'left', registration: old, lost: false }] }
  }

  /** Time passed: lifetimes that ended `grace` ms ago, as an update may be on its way. */
  tick(grace = 0): readonly RegistryFact[] {
    const now = this.#parts.now()
    const gone = this.all().filter(({ until }) => until + grace <= now)
    for (const registration of gone) this.#drop(registration)
    return gone.map((registration) => ({ type: 'left', registration, lost: true }))
  }

  /** When the next lifetime ends, ms since epoch; null: none. */
  due(): number | null {
    return this.#byLocation.size === 0 ? null : this.all().reduce((least, { until }) => Math.min(least, until), Infinity)
  }

  #put(registration: Registration): void {
    this.#byLocation.set(registration.location, registration)
    this.#byEndpoint.set(registration.endpoint, registration.location)
  }
  #drop({ location, endpoint }: Registration): void {
    this.#byLocation.delete(location)
    if (this.#byEndpoint.get(endpoint) === location) this.#byEndpoint.delete(endpoint)
  }
}

type Told = Pick<Registration, 'objects' | 'root'>

/** What the links of a client say. Throws PayloadError. */
function toldBy(payload: Uint8Array): Told {
  const links = linksOf(payload)
  const root = rootOf(links)
  return { objects: [...objectsOf(links)], ...(root === '' ? {} : { root }) }
}

/** `b=UQ` of LwM2M 1.0, `b=U` and `Q` of 1.1; undefined where it says neither. */
function bindingOf(query: ReadonlyMap<string, string>): string | undefined {
  const binding = query.get('b')
  return query.has('Q') && binding?.includes('Q') !== true ? `${binding ?? 'U'}Q` : binding
}

function lifetimeOf(text: string | undefined): number | null {
  if (text === undefined) return LIFETIME
  const seconds = Number(text)
  return /^\d{1,9}$/.test(text) && seconds >= 1 && seconds <= LONGEST ? seconds : null
}

/** Query options as pairs; the last of a name counts. */
export function readQuery(options: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    options.map((option) => {
      const at = option.indexOf('=')
      return at < 0 ? ([option, ''] as const) : ([option.slice(0, at), option.slice(at + 1)] as const)
    }),
  )
}

/** Public identifier of a client: its endpoint name where that is a URN, else one made of it. */
export function lwm2mDeviceId(endpoint: string): string {
  return /^urn:[a-z0-9][a-z0-9-]{1,31}:.+/i.test(endpoint) ? endpoint : `urn:x-dm-lab:lwm2m:${endpoint.replace(/[^A-Za-z0-9._~:-]/g, '-')}`
}
