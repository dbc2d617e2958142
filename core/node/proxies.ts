// Recording proxies of a lab: a port each, kept over restarts; whole requests go through core/lab/relay and come back as they are.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ProxiesArea, ProxyRow, ProxyWish } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import { Relay } from '../lab/relay.ts'
import type { RelayParts, RelayRequest, RelayRoute } from '../lab/relayports.ts'
import type { Docs } from '../store/docs.ts'
import { wordsOf } from '../syncml/text.ts'
import { HTTP_LIMITS } from './limits.ts'
import { encodingOf, endpoint, field, pairs } from './media.ts'
import { createServer, opened, ownDoor, shownHost } from './open.ts'
import type { SecurePort } from './trust/port.ts'
import { isOurs, passedFields, upstream } from './upstream.ts'
import type { Upstream } from './upstream.ts'
import { EMPTY, exact, keep } from './wire.ts'

const DOC = 'proxy'
/** Facts are told at most this often, ms. */
const TELL_EVERY = 100

export interface ProxiesParts {
  readonly relay: Omit<RelayParts, 'passOn'>
  readonly docs: Docs
  readonly commit: () => void
  readonly clock: Clock
  /** Address the lab's own DM port is bound to. */
  readonly host: string
  /** Ports that no proxy may lead to: those of the window and its API. */
  readonly control: () => readonly number[]
  /** How HTTPS is spoken to devices; null where this lab cannot. */
  readonly secure: () => SecurePort | null
  readonly tell: (proxies: readonly ProxyRow[]) => void
}

interface Open {
  row: ProxyRow
  readonly wish: ProxyWish
  server: Server | null
  upstream: Upstream | null
}

export interface Proxies {
  readonly area: ProxiesArea
  /** Opens those an earlier process kept; one that cannot be opened says why in its row. */
  revive(): Promise<void>
  stop(): Promise<void>
}

export function makeProxies(parts: ProxiesParts): Proxies {
  const { docs, clock, commit } = parts
  const open = new Map<string, Open>()
  let telling: (() => void) | null = null
  const rows = (): ProxyRow[] => [...open.values()].map(({ row }) => row)
  const tell = (): void => {
    telling ??= clock.after(TELL_EVERY, () => {
      telling = null
      parts.tell(rows())
    })
  }
  const relay = new Relay({
    ...parts.relay,
    passOn: async (route, url, request, gone) => {
      const one = open.get(route.id)
      if (one?.upstream == null) throw new Error('the proxy is closed')
      const count = (failure: string): void => {
        const { exchanges, failures, lastFailure } = one.row
        const bad = failure !== ''
        one.row = {
          ...one.row,
          exchanges: exchanges + 1,
          failures: failures + (bad ? 1 : 0),
          lastAt: clock.now(),
          lastFailure: bad ? failure : lastFailure,
        }
        tell()
      }
      try {
        const answer = await one.upstream.send(url, request, gone)
        count('')
        return answer
      } catch (error) {
        count(wordsOf(error))
        throw error
      }
    },
  })
  /** The lab's own control port, and the proxy's own port: a circle. */
  const forbidden = (address: string, port: number): string | null => {
    if (!isOurs(address)) return null
    if (parts.control().includes(port)) return `${address}:${port} is the control port of this lab: a proxy may not lead there`
    const circle = [...open.values()].find(({ row }) => row.port === port && row.state === 'listening')
    return circle === undefined ? null : `${address}:${port} is proxy ${circle.row.id} of this lab: a circle`
  }
  const start = async (id: string, wish: ProxyWish, port: number, createdAt: number): Promise<Open> => {
    const { https = false, trust = 'system', rewrite = false, resign = true, timeoutMs = 60_000 } = wish
    const told = { exchanges: 0, failures: 0, lastAt: 0, lastFailure: '', createdAt }
    const base = { id, upstream: wish.upstream.replace(/\/+$/, ''), https, trust, rewrite, resign, timeoutMs, ...told }
    const one: Open = { row: { ...base, url: '', port, state: 'failed', why: 'not open yet' }, wish, server: null, upstream: null }
    const secure = https ? parts.secure() : null
    if (https && secure === null) throw new Error('this lab speaks no HTTPS now: its certificate authority is not at hand')
    const server = createServer(secure, HTTP_LIMITS)
    const host = wish.host ?? parts.host
    server.on('request', (req: IncomingMessage, res: ServerResponse) => void take(one, req, res))
    server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
      res.writeContinue()
      void take(one, req, res)
    })
    const got = await opened(ownDoor(server), { host, port })
    one.server = server
    one.upstream = upstream({ clock, trust, timeoutMs, forbidden, ...(wish.ca === undefined ? {} : { ca: wish.ca }) })
    one.row = { ...one.row, port: got, url: `${https ? 'https' : 'http'}://${shownHost(host)}:${got}`, state: 'listening', why: '' }
    return one
  }
  /** Where it is bound to every address, it is told under the name that the device used. */
  const routeOf = ({ row, wish }: Open, request: RelayRequest): RelayRoute => {
    const { id, rewrite, resign, https } = row
    const named = /^(0\.0\.0\.0|::)$/.test(wish.host ?? parts.host) ? field(request.headers, 'host') : ''
    const url = named === '' ? row.url : `${https ? 'https' : 'http'}://${named}`
    return { id, url, upstream: row.upstream, rewrite, resign, unproved: wish.trust === 'none' && row.upstream.startsWith('https:') }
  }

  /** One request of a device: whole, then through, then whole again. */
  async function take(one: Open, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const request = await whole(req, clock)
    if (request === null) {
      if (!res.headersSent) res.writeHead(413, { Connection: 'close' }).end(`the body is longer than ${HTTP_LIMITS.bodyBytes} bytes\n`)
      return
    }
    const gone = new Promise<string>((resolve) => {
      res.once('close', () => {
        if (!res.writableFinished) resolve('it closed the connection')
      })
    })
    const reply = await relay.exchange(routeOf(one, request), request, gone)
    if (reply === null || res.destroyed) return
    const bodiless = request.method === 'HEAD' || reply.status === 204 || reply.status === 304
    const fields = passedFields(reply.headers, bodiless ? null : reply.bytes.length, null)
    res.sendDate = false
    try {
      res.writeHead(reply.status, reply.statusText, fields)
      res.end(bodiless ? undefined : reply.bytes)
    } catch (error) {
      // A field or status that this side cannot carry.
      res.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  const add = async (wish: ProxyWish): Promise<ProxyRow> => {
    const url = new URL(wish.upstream)
    if (url.username !== '' || url.password !== '') throw new Error('the URL of the upstream carries no user name')
    const why = forbidden(url.hostname, Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port))
    if (why !== null) throw new Error(why)
    const id = randomBytes(4).toString('hex')
    const one = await start(id, wish, wish.port ?? 0, clock.now())
    open.set(id, one)
    docs.put(DOC, id, { wish: { ...wish, port: one.row.port }, createdAt: one.row.createdAt })
    commit()
    tell()
    return one.row
  }

  const shut = async ({ server, upstream: out }: Open): Promise<void> => {
    out?.close()
    if (server === null) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }

  return {
    area: {
      list: async () => rows(),
      add,
      remove: async (id) => {
        const one = open.get(id)
        if (one === undefined) throw new Error(`there is no proxy ${id}`)
        open.delete(id)
        docs.drop(DOC, id)
        commit()
        await shut(one)
        tell()
      },
    },
    revive: async () => {
      for (const { id, value } of docs.all(DOC)) {
        const { wish, createdAt } = value as { wish: ProxyWish; createdAt: number }
        try {
          open.set(id, await start(id, wish, wish.port ?? 0, createdAt))
        } catch (error) {
          const { upstream: to, port = 0, https = false, trust = 'system', rewrite = false, resign = true, timeoutMs = 60_000 } = wish
          const told = { exchanges: 0, failures: 0, lastAt: 0, lastFailure: '', createdAt, url: '' }
          const why = wordsOf(error)
          const row: ProxyRow = { id, upstream: to, port, https, trust, rewrite, resign, timeoutMs, state: 'failed', why, ...told }
          open.set(id, { row, wish, server: null, upstream: null })
        }
      }
    },
    stop: async () => {
      telling?.()
      await Promise.all([...open.values()].map(shut))
    },
  }
}

/** A request with its whole body; null where that is longer than the limit. */
function whole(req: IncomingMessage, clock: Clock): Promise<RelayRequest | null> {
  return new Promise((resolve) => {
    let body: Uint8Array = EMPTY
    let size = 0
    req.on('data', (chunk: Uint8Array) => {
      if (size > HTTP_LIMITS.bodyBytes) return
      body = keep(body, size, chunk)
      size += chunk.length
      if (size > HTTP_LIMITS.bodyBytes) resolve(null)
    })
    req.on('error', () => resolve(null))
    req.on('end', () => {
      const headers = pairs(req.rawHeaders)
      const contentType = field(headers, 'content-type')
      const method = req.method ?? ''
      const { socket } = req
      // A device that takes us for a forward proxy names the whole URL.
      const path = (req.url ?? '/').replace(/^[a-z]+:\/\/[^/?#]*/i, '')
      resolve({
        method,
        path: path.startsWith('/') ? path : `/${path}`,
        startLine: `${method} ${req.url ?? ''} HTTP/${req.httpVersion}`,
        headers,
        bytes: exact(body, size),
        encoding: method === 'POST' ? encodingOf(contentType) : null,
        contentType,
        local: endpoint(socket.localAddress ?? '', socket.localPort ?? 0),
        remote: endpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0),
        at: clock.now(),
        mono: clock.mono(),
      })
    })
  })
}
