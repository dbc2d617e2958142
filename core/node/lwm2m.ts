// A LwM2M server on a CoAP port: registrations and bootstrap in, requests to registered clients out. Without DTLS (NoSec): a network one trusts.
import { bootstrapSteps } from '../adapters/lwm2m/bootstrap.ts'
import type { LwAccount } from '../adapters/lwm2m/bootstrap.ts'
import type { LwLine } from '../adapters/lwm2m/line.ts'
import { FORMATS } from '../adapters/lwm2m/model.ts'
import { otherForms } from '../adapters/lwm2m/payload.ts'
import { readQuery, Registry } from '../adapters/lwm2m/registry.ts'
import type { Registration, RegistryFact } from '../adapters/lwm2m/registry.ts'
import type { Clock } from '../lab/ports.ts'
import type { Docs } from '../store/docs.ts'
import { wordsOf } from '../syncml/text.ts'
import { listenCoap } from './coapport.ts'
import type { CoapPort } from './coapport.ts'
import type { CoapReply, CoapRequest } from '../adapters/lwm2m/coaptalk.ts'

export interface LwServerParts {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly clock: Clock
  readonly random: (octets: number) => Uint8Array
  /** Registrations outlive this process. */
  readonly docs: Docs
  /** May this endpoint register, or ask for its account? */
  readonly admits: (endpoint: string) => boolean
  /** `coap://host:port` a client is told in its account; absent: where the port is bound. */
  readonly told?: () => string
  /** What people should know. */
  readonly happened: (text: string) => void
}

export interface LwServer {
  /** `coap://address:port` */
  readonly url: string
  readonly line: LwLine
  close(): Promise<void>
}

const KIND = 'gateway.lwm2m'
const NO_MORE = 65_536
/** Server account that a bootstrap writes: lifetime in seconds. */
const LIFETIME = 300
const SHORT_ID = 1
/** A lifetime may be over by so much before the registration is, ms: the update may be on its way. */
const GRACE = 2000
/** Refused datagrams and strangers are told of at most this often, ms. */
const TELL_EVERY = 1000

const METHODS: Readonly<Record<string, string>> = { GET: '0.01', POST: '0.02', PUT: '0.03', DELETE: '0.04' }

/** An instance in all forms it can be written in, the wanted one first. */
function formsOf(path: string, tlv: Uint8Array, wanted: number): readonly { readonly format: number; readonly payload: Uint8Array }[] {
  const forms = [{ format: FORMATS.tlv as number, payload: tlv }, ...otherForms(path.slice(1).split('/').map(Number), tlv)]
  return [...forms.filter(({ format }) => format === wanted), ...forms.filter(({ format }) => format !== wanted)]
}

/** Opens the server; rejects with one clear Error. */
export async function startLwm2m(parts: LwServerParts): Promise<LwServer> {
  const server = new Server(parts)
  await server.open()
  return server
}

class Server implements LwServer {
  readonly line: LwLine
  readonly #parts: LwServerParts
  readonly #registry: Registry
  readonly #followers = new Set<(fact: RegistryFact) => void>()
  readonly #booting = new Set<string>()
  #port: CoapPort | null = null
  #alarm: (() => void) | null = null
  #quietUntil = 0
  #closed = false

  constructor(parts: LwServerParts) {
    this.#parts = parts
    const { clock, random, docs, admits } = parts
    const kept = docs.all(KIND).map(({ value }) => value as Registration)
    this.#registry = new Registry({ now: () => clock.now(), random, admits }, kept)
    this.line = {
      registrations: () => this.#registry.all(),
      of: (endpoint) => this.#registry.of(endpoint),
      follow: (told) => {
        this.#followers.add(told)
        return () => void this.#followers.delete(told)
      },
      ask: async (endpoint, ask) => this.#open().ask({ ...ask, ...this.#place(endpoint, ask.path) }),
      observe: (endpoint, ask, told, failed) => this.#open().observe({ ...ask, ...this.#place(endpoint, ask.path) }, told, failed),
    }
  }

  async open(): Promise<void> {
    const { host, port } = this.#parts
    this.#port = await listenCoap({
      host,
      port,
      most: NO_MORE,
      answer: (request) => this.#answer(request),
      refused: (text) => this.#quietly(text),
    })
    this.#tick()
  }

  get url(): string {
    return this.#open().url
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#alarm?.()
    this.#followers.clear()
    await this.#port?.close()
  }

  #open(): CoapPort {
    if (this.#port === null) throw new Error('the LwM2M port is not open')
    return this.#port
  }

  #place(endpoint: string, path: string): { readonly host: string; readonly port: number; readonly path: string } {
    const registration = this.#registry.of(endpoint)
    if (registration === undefined) throw new Error(`${endpoint} is not registered`)
    return { ...registration.from, path: `${registration.root ?? ''}${path}` }
  }

  #answer(request: CoapRequest): CoapReply {
    const { path, from, payload } = request
    const query = readQuery(request.query)
    const [place = '', location = ''] = path
    const code = METHODS[request.method] ?? ''
    if (place === 'rd' && path.length === 1) return code === '0.02' ? this.#told(this.#registry.register(query, payload, from)) : { code: '4.05' }
    if (place === 'rd' && path.length === 2) {
      if (code === '0.02' || code === '0.03') return this.#told(this.#registry.update(location, query, payload, from))
      return code === '0.04' ? this.#told(this.#registry.deregister(location)) : { code: '4.05' }
    }
    if (place === 'bs' && path.length === 1)
      return code === '0.02' ? this.#bootstrap(query.get('ep') ?? '', Number(query.get('pct') ?? FORMATS.tlv), from) : { code: '4.05' }
    return { code: '4.04' }
  }

  #told({ answer, facts }: ReturnType<Registry['register']>): CoapReply {
    for (const fact of facts) this.#moved(fact)
    this.#rearm()
    const { code, location, text } = answer
    return {
      code,
      ...(location === '' ? {} : { location: ['rd', location] }),
      ...(text === '' ? {} : { format: FORMATS.text, payload: Buffer.from(text) }),
    }
  }

  #moved(fact: RegistryFact): void {
    const { docs } = this.#parts
    if (fact.type === 'left') docs.drop(KIND, fact.registration.location)
    else if (fact.type === 'refused') return this.#quietly(`LwM2M: ${fact.from.host} was refused: ${fact.text}`)
    else {
      for (const { id, value } of docs.all(KIND))
        if ((value as Registration).endpoint === fact.registration.endpoint && id !== fact.registration.location) docs.drop(KIND, id)
      docs.put(KIND, fact.registration.location, fact.registration)
    }
    // The answer leaves first: who is asked at once knows by then that it is registered.
    this.#parts.clock.soon(() => {
      for (const told of [...this.#followers]) told(fact)
    })
  }

  /** Lifetimes end. */
  #tick(): void {
    for (const fact of this.#registry.tick(GRACE)) this.#moved(fact)
    this.#rearm()
  }

  #rearm(): void {
    this.#alarm?.()
    this.#alarm = null
    const due = this.#registry.due()
    if (due === null || this.#closed) return
    const ms = Math.min(Math.max(0, due + GRACE - this.#parts.clock.now()), 2 ** 31 - 1)
    this.#alarm = this.#parts.clock.after(ms, () => this.#tick())
  }

  /** A client asks for its account: it is answered, then written to. */
  #bootstrap(endpoint: string, form: number, from: { readonly host: string; readonly port: number }): CoapReply {
    const { admits, clock, told } = this.#parts
    if (endpoint === '') return { code: '4.00' }
    if (!admits(endpoint)) {
      this.#quietly(`LwM2M: ${from.host} asked for the account of ${endpoint.slice(0, 200)}, which is not expected here`)
      return { code: '4.00' }
    }
    const key = `${from.host} ${from.port}`
    if (!this.#booting.has(key)) {
      this.#booting.add(key)
      const account: LwAccount = { uri: told?.() ?? this.#open().url, shortId: SHORT_ID, lifetime: LIFETIME }
      clock.soon(() => void this.#write(endpoint, form, from, account).finally(() => this.#booting.delete(key)))
    }
    return { code: '2.04' }
  }

  /** `form`: the content format it likes best (LwM2M 1.1, `pct`); in the others where it reads neither that nor TLV. */
  async #write(endpoint: string, form: number, from: { readonly host: string; readonly port: number }, account: LwAccount): Promise<void> {
    const { happened } = this.#parts
    try {
      for (const { method, path, payload } of bootstrapSteps(account)) {
        const forms = payload.length === 0 ? [{ payload }] : formsOf(path, payload, form)
        let code = ''
        for (const each of forms) {
          code = (await this.#open().ask({ ...from, method, path, ...each })).code
          if (code !== '4.15' && code !== '4.06') break
        }
        // A client without such an account has none to delete.
        if (!code.startsWith('2.') && method !== 'DELETE') throw new Error(`${code} to ${method} ${path}`)
      }
      happened(`${endpoint} was bootstrapped by LwM2M: its server is ${account.uri}`)
    } catch (error) {
      if (!this.#closed) happened(`${endpoint} was not bootstrapped by LwM2M: ${wordsOf(error)}`)
    }
  }

  /** Strangers cannot fill the trace. */
  #quietly(text: string): void {
    const now = this.#parts.clock.now()
    if (now < this.#quietUntil || this.#closed) return
    this.#quietUntil = now + TELL_EVERY
    this.#parts.happened(text)
  }
}
