// A network in memory: requests and datagrams between parties on one clock, each with a latency of its own. It knows origins, never contents.
import type { Clock } from '../lab/ports.ts'
import type { Headers } from '../machine.ts'
import type { Seeded } from './seeded.ts'

/** A request as it reaches its server; `url` is absolute, `startLine` and `headers` as on the wire. */
export interface NetRequest {
  readonly method: string
  readonly url: string
  readonly startLine: string
  readonly headers: Headers
  readonly body: Uint8Array
  /** `name:port` of the server's end and of the client's. */
  readonly local: string
  readonly remote: string
}

export interface NetResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Answers a request, once. */
export type NetServer = (request: NetRequest) => Promise<NetResponse>

/** Takes datagrams; nobody answers them. */
export type NetReceiver = (bytes: Uint8Array, from: string) => void

export interface NetOptions {
  readonly clock: Clock
  readonly random: Seeded
  /** One way, ms; default 5 to 40. */
  readonly latency?: readonly [least: number, most: number]
  /** Awaited before anything travels: lets people watch. Default: nothing. */
  readonly pace?: () => Promise<void>
}

/** What a client asks for. Host and Content-Length are written for it. */
export interface NetAsk {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body?: Uint8Array
  /** Origin of a relay it is sent to instead of the server itself. */
  readonly via?: string
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)([^#]*)/i

/** Origin (`http://host:port`) and request target of an absolute URL; null where it is none. */
export function partsOf(url: string): { readonly origin: string; readonly host: string; readonly target: string } | null {
  const [, scheme = '', host = '', rest = ''] = URL_PARTS.exec(url) ?? []
  if (host === '') return null
  return { origin: `${scheme.toLowerCase()}://${host.toLowerCase()}`, host, target: rest.startsWith('/') ? rest : `/${rest}` }
}

/** The value of a header field, its name in any case; '' where there is none. */
export function fieldOf(headers: Headers, name: string): string {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
}

/** Everybody's network. */
export class MemoryNet {
  readonly #options: NetOptions
  readonly #servers = new Map<string, NetServer>()
  readonly #receivers = new Map<string, NetReceiver>()
  readonly #cut = new Set<string>()
  #port = 40000

  constructor(options: NetOptions) {
    this.#options = options
  }

  /** Requests to this origin (`http://host` or with port) go to `server` from now on. */
  serve(origin: string, server: NetServer): void {
    this.#servers.set(origin.toLowerCase(), server)
  }

  /** Datagrams to this address (`udp://host:port`) go to `receiver` from now on. */
  listen(url: string, receiver: NetReceiver): void {
    this.#receivers.set(url.toLowerCase(), receiver)
  }

  /** Nobody is there any more (a refused connection, a lost datagram), or there again. */
  cut(origin: string, cut = true): void {
    if (cut) this.#cut.add(origin.toLowerCase())
    else this.#cut.delete(origin.toLowerCase())
  }

  /** Asks from `client`. Rejects with an Error in words where nobody is there. */
  async ask(client: string, wish: NetAsk): Promise<NetResponse> {
    const parts = partsOf(wish.url)
    if (parts === null) throw new Error(`cannot ask ${wish.url}: no absolute URL`)
    const remote = `${client}:${String(this.#port++)}`
    await this.#travel()
    const origin = wish.via?.toLowerCase() ?? parts.origin
    const server = this.#cut.has(origin) ? undefined : this.#servers.get(origin)
    if (server === undefined) throw new Error(`nobody listens at ${partsOf(origin)?.host ?? origin} (connection refused)`)
    const body = wish.body ?? new Uint8Array(0)
    const length: Headers = wish.method === 'GET' || wish.method === 'HEAD' ? [] : [['Content-Length', String(body.length)]]
    const response = await server({
      method: wish.method,
      url: wish.url,
      startLine: `${wish.method} ${wish.via === undefined ? parts.target : wish.url} HTTP/1.1`,
      headers: [['Host', parts.host], ...wish.headers, ...length],
      body,
      local: /:\d+$/.test(parts.host) ? parts.host : `${parts.host}:80`,
      remote,
    })
    await this.#travel()
    return response
  }

  /** Sends a datagram: it arrives later, or nowhere, and nobody is told. */
  send(from: string, url: string, bytes: Uint8Array): void {
    void this.#travel().then(() => {
      if (!this.#cut.has(url.toLowerCase())) this.#receivers.get(url.toLowerCase())?.(bytes, from)
    })
  }

  /** Gives back what it holds: nothing here. */
  close(): void {}

  async #travel(): Promise<void> {
    const { clock, random, latency = [5, 40], pace } = this.#options
    const ms = random.between(latency[0], latency[1] + 1)
    if (pace !== undefined) await pace()
    await new Promise<void>((resolve) => clock.after(ms, resolve))
  }
}
