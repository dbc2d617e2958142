// A simulated LwM2M client on a CoAP port of its own: bootstraps or registers, keeps its registration alive, answers its server and nobody else, fetches what it is told to.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { LwDevice } from '../adapters/lwm2m/device.ts'
import type { LwSetup } from '../adapters/lwm2m/device.ts'
import type { LwAnswer, LwEffect } from '../adapters/lwm2m/simulated.ts'
import { writeLinks } from '../adapters/lwm2m/link.ts'
import { FORMATS, readPath } from '../adapters/lwm2m/model.ts'
import { tlvOf } from '../adapters/lwm2m/payload.ts'
import type { Clock } from '../lab/ports.ts'
import { listenCoap } from './coapport.ts'
import type { CoapPort } from './coapport.ts'
import type { CoapObserver, CoapReply, CoapRequest } from '../adapters/lwm2m/coaptalk.ts'
import { plainAddress } from './media.ts'

export interface LwClientOptions {
  readonly setup: LwSetup
  /** `coap://host:port` of its server, or of the bootstrap server. */
  readonly url: string
  readonly bootstrap?: boolean
  /** Address its port is bound to. */
  readonly host: string
  readonly clock: Clock
  /** Seconds; without bootstrap. */
  readonly lifetime?: number
  /** Its own log: what truly happened. */
  readonly log: (text: string) => void
}

/** A client that runs until `close`. */
export interface LwClient {
  readonly device: LwDevice
  /** `coap://address:port` of its own. */
  readonly url: string
  /** Resolves when it is registered; rejects where its first try failed. */
  readonly registered: Promise<void>
  /** Tells its server that it goes, then ends; `silent`: without a word. */
  close(silent?: boolean): Promise<void>
}

/** Octets of a package it takes. */
const PACKAGE_MOST = 64 * 1024 * 1024
/** A registration that failed is tried again after this time, ms. */
const AGAIN = 2000
/** A restart takes so long, ms. */
const RESTART = 30

/** Switches a client on. Rejects with an Error in words where its port cannot be had or the URL means nothing. */
export async function startLwClient(options: LwClientOptions): Promise<LwClient> {
  const client = new Client(options)
  await client.open()
  return client
}

interface Peer {
  readonly host: string
  readonly port: number
}

async function peerOf(url: string): Promise<Peer> {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed?.protocol !== 'coap:') throw new Error(`${url}: not a coap URL`)
  const name = parsed.hostname.replace(/^\[|\]$/g, '')
  const host = isIP(name) === 0 ? (await lookup(name)).address : name
  return { host, port: parsed.port === '' ? 5683 : Number(parsed.port) }
}

class Client implements LwClient {
  readonly device: LwDevice
  readonly registered: Promise<void>
  readonly #options: LwClientOptions
  #settle: { resolve: () => void; reject: (why: Error) => void } = { resolve: () => {}, reject: () => {} }
  #port: CoapPort | null = null
  #peer: Peer = { host: '', port: 0 }
  #booting: boolean
  #location = ''
  #lifetime: number
  readonly #observed = new Map<string, Set<CoapObserver>>()
  readonly #timers = new Map<string, () => void>()
  /** The next update tells its instances anew. */
  #objects = false
  #over = false

  constructor(options: LwClientOptions) {
    this.#options = options
    this.device = new LwDevice(options.setup)
    this.#booting = options.bootstrap === true
    this.#lifetime = options.lifetime ?? 300
    if (!this.#booting) this.device.provision(options.url, this.#lifetime)
    this.registered = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.registered.catch(() => {})
  }

  async open(): Promise<void> {
    const { url, host } = this.#options
    this.#peer = await peerOf(url)
    this.#port = await listenCoap({ host, port: 0, most: PACKAGE_MOST, answer: (request) => this.#answer(request) })
    void (this.#booting ? this.#bootstrap() : this.#register())
  }

  get url(): string {
    return this.#port?.url ?? ''
  }

  async close(silent = false): Promise<void> {
    if (!silent && this.#location !== '') await this.#ask('DELETE', this.#location, [], 2000).catch(() => {})
    this.#over = true
    for (const cancel of this.#timers.values()) cancel()
    await this.#port?.close()
  }

  // To its server.

  #ask(method: 'POST' | 'DELETE', path: string, query: readonly string[], within?: number, links?: string): ReturnType<CoapPort['ask']> {
    if (this.#port === null) throw new Error('the port is not open')
    const payload = links === undefined ? {} : { format: FORMATS.link, payload: Buffer.from(links) }
    return this.#port.ask({ ...this.#peer, method, path, query, ...payload, ...(within === undefined ? {} : { within }) })
  }

  async #bootstrap(): Promise<void> {
    try {
      const { code } = await this.#ask('POST', '/bs', [`ep=${this.device.setup.endpoint}`])
      if (code !== '2.04') throw new Error(`the bootstrap server answered ${code}`)
    } catch (error) {
      this.#failed(error, () => void this.#bootstrap())
    }
  }

  async #register(): Promise<void> {
    try {
      const query = [`ep=${this.device.setup.endpoint}`, `lt=${this.#lifetime}`, 'lwm2m=1.0', 'b=U']
      const { code, location } = await this.#ask('POST', '/rd', query, undefined, writeLinks(this.device.links()))
      if (code !== '2.01') throw new Error(`the server answered ${code}`)
      this.#location = location
      this.#options.log(`registered at ${location}`)
      this.#settle.resolve()
      this.#live()
    } catch (error) {
      this.#failed(error, () => void this.#register())
    }
  }

  #failed(error: unknown, again: () => void): void {
    if (this.#over) return
    const why = error instanceof Error ? error : new Error(String(error))
    this.#options.log(`not registered: ${why.message}`)
    this.#settle.reject(why)
    this.#after('again', AGAIN, again)
  }

  /** An update before the lifetime ends. */
  #live(): void {
    this.#after('update', Math.max(500, this.#lifetime * 800), () => void this.#update())
  }

  async #update(): Promise<void> {
    const objects = this.#objects
    this.#objects = false
    try {
      const { code } = await this.#ask('POST', this.#location, [], undefined, objects ? writeLinks(this.device.links()) : undefined)
      // Its server does not know it any more.
      if (code === '4.04') return void (await this.#register())
      this.#live()
    } catch (error) {
      this.#failed(error, () => void this.#register())
    }
  }

  #after(name: string, ms: number, call: () => void): void {
    this.#timers.get(name)?.()
    if (this.#over) return
    this.#timers.set(
      name,
      this.#options.clock.after(ms, () => {
        this.#timers.delete(name)
        call()
      }),
    )
  }

  // From its server.

  #answer(request: CoapRequest): CoapReply | null {
    const { host, port } = request.from
    if (host !== plainAddress(this.#peer.host) || port !== this.#peer.port) return { code: '4.01' }
    const { method, path, observer } = request
    if (this.#booting && method === 'POST' && path.join('/') === 'bs') return this.#booted()
    const at = path.length === 0 ? [] : readPath(`/${path.join('/')}`)
    if (at === null) return { code: '4.04' }
    const reply = this.#done(request, at)
    if (observer !== null && reply.code === '2.05') this.#follow(at, observer)
    this.#perform()
    return reply
  }

  #done({ method, format, payload }: CoapRequest, at: readonly number[]): CoapReply {
    const { device } = this
    switch (method) {
      case 'GET':
        return valued(at, device.read(at))
      case 'PUT':
        return { code: device.write(at, format, payload, this.#booting).code }
      case 'DELETE':
        return { code: device.remove(at, this.#booting).code }
      case 'POST': {
        if (at.length === 1) {
          const { code, instance } = device.create(at[0] ?? 0, payload)
          return { code, ...(instance === undefined ? {} : { location: [String(at[0]), String(instance)] }) }
        }
        if (at.length === 2) return { code: device.write(at, format, payload).code }
        return { code: device.execute(at, Buffer.from(payload).toString('utf8')).code }
      }
      default:
        return { code: '4.05' }
    }
  }

  #follow(at: readonly number[], observer: CoapObserver): void {
    const key = at.join('/')
    const those = this.#observed.get(key) ?? new Set<CoapObserver>()
    this.#observed.set(key, those.add(observer))
    observer.ended(() => those.delete(observer))
  }

  #booted(): CoapReply {
    const account = this.device.account()
    if (account === null) return { code: '4.00' }
    this.#options.log(`bootstrapped: its server is ${account.uri}`)
    this.#options.clock.soon(() => {
      void peerOf(account.uri).then(
        (peer) => {
          this.#booting = false
          this.#peer = peer
          this.#lifetime = account.lifetime
          void this.#register()
        },
        (error: unknown) => this.#failed(error, () => void this.#bootstrap()),
      )
    })
    return { code: '2.04' }
  }

  // What the device wants done.

  #perform(): void {
    for (const effect of this.device.take()) this.#effect(effect)
  }

  #effect(effect: LwEffect): void {
    switch (effect.type) {
      case 'log':
        return this.#options.log(effect.text)
      case 'update':
        this.#objects ||= effect.objects
        if (!this.#booting) this.#after('update', 0, () => void this.#update())
        return
      case 'timer':
        return this.#after(effect.what, effect.ms, () => {
          this.device.rang(effect.what)
          this.#perform()
        })
      case 'fetch':
        return void this.#fetch(effect.what, effect.url)
      case 'changed':
        return this.#changed(effect.path)
      case 'restart':
        return this.#restart()
      default:
        effect satisfies never
    }
  }

  #changed(path: readonly number[]): void {
    for (let length = path.length; length >= 1; length -= 1) {
      const at = path.slice(0, length)
      const those = this.#observed.get(at.join('/'))
      if (those === undefined || those.size === 0) continue
      const reply = valued(at, this.device.read(at))
      for (const observer of those) observer.tell(reply)
    }
  }

  async #fetch(what: string, url: string): Promise<void> {
    this.#options.log(`fetches ${url}`)
    const bytes = await fetch(url, { signal: AbortSignal.timeout(120_000) }).then(
      async (response) => (response.ok ? new Uint8Array(await response.arrayBuffer()) : null),
      () => null,
    )
    if (this.#over) return
    this.device.fetched(what, bytes)
    this.#perform()
  }

  /** Whoever followed it must ask again: it registers anew. */
  #restart(): void {
    this.#options.log('restarts')
    for (const those of this.#observed.values()) for (const observer of those) observer.end()
    this.#observed.clear()
    this.#timers.get('update')?.()
    this.#after('again', RESTART, () => void this.#register())
  }
}

/** TLV of what was read; a resource alone as TLV too. */
function valued(at: readonly number[], { code, values }: LwAnswer): CoapReply {
  if (code !== '2.05') return { code }
  const payload = tlvOf(at.slice(0, 2), values)
  return { code, format: FORMATS.tlv, payload }
}
