// The window's side: static files, the screens' WebSocket and the local API on one port of their own; strangers are refused before anything else is looked at.
import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { LabApi, PackageFacts, PackageRow } from '../api.ts'
import { serve } from '../rpc.ts'
import { wordsOf } from '../syncml/text.ts'
import { readBody, readValues, toJson } from './apicall.ts'
import { overSocket } from './channel.ts'
import { windowFile } from './files.ts'
import { EVENTS_OPERATION, EVENTS_PATH, tellEvents } from './events.ts'
import { bearer, guardOf, securityFields } from './guard.ts'
import type { Guard } from './guard.ts'
import { HTTP_LIMITS, WEB_LIMITS } from './limits.ts'
import type { WebLimits } from './limits.ts'
import { opened, ownDoor, shownHost } from './open.ts'
import { factsOf } from './jobroutes.ts'
import { matchRoute, openApi } from './routes.ts'
import type { Match } from './routes.ts'
import { check } from './validate.ts'
import { EMPTY, exact, keep } from './wire.ts'

export interface WindowOptions {
  readonly api: LabApi
  /** What screens and scripts must show. */
  readonly token: string
  /** Folder of the built window. */
  readonly dist: string
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Base URL under which the window is reached from elsewhere, where that is not the bound address. */
  readonly advertise?: string
  readonly limits?: Partial<WebLimits>
  /** Takes a package into the catalogue as it comes. */
  upload?(name: string, body: IncomingMessage, facts: PackageFacts): Promise<PackageRow>
  /** Told how many live rows a slow screen was not sent. */
  skipped?(rows: number): void
}

export interface WindowServer {
  /** With `?token=`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const API = '/api/v1'

/** Starts the window's server; rejects with one clear Error. */
export async function serveWindow(options: WindowOptions): Promise<WindowServer> {
  const limits: WebLimits = { ...WEB_LIMITS, ...options.limits }
  let port = options.port
  const { token, host, advertise } = options
  const guard = guardOf({ token, host, port: () => port, ...(advertise === undefined ? {} : { advertise }) })
  const server = createServer({
    headersTimeout: HTTP_LIMITS.headersTimeout,
    requestTimeout: HTTP_LIMITS.requestTimeout,
    connectionsCheckingInterval: HTTP_LIMITS.checkInterval,
    keepAliveTimeout: HTTP_LIMITS.keepAlive,
    maxHeaderSize: HTTP_LIMITS.headerBytes,
  })
  server.maxConnections = HTTP_LIMITS.connections
  server.on('request', (req, res) => {
    visit(options, guard, limits, req, res).catch((error: unknown) => {
      if (!res.headersSent) refuse(res, 500, wordsOf(error))
      else res.destroy()
    })
  })
  const screens = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytes, perMessageDeflate: false, clientTracking: true })
  server.on('upgrade', (req, socket, head) => {
    const no = upgradeRefusal(req, guard, screens.clients.size >= limits.screens)
    if (no !== null) hangUp(socket, no.status, no.reason)
    else screens.handleUpgrade(req, socket, head, (screen) => attach(options, limits, screen, req.url?.startsWith(`${API}${EVENTS_PATH}`) === true))
  })
  const heart = setInterval(() => screens.clients.forEach(beat), limits.heartbeat)
  heart.unref()
  port = await opened(ownDoor(server), options)
  return {
    url: `http://${shownHost(host)}:${port}/?token=${token}`,
    port,
    async close() {
      clearInterval(heart)
      for (const screen of screens.clients) {
        screen.close(1001, 'the lab was stopped')
        setTimeout(() => screen.terminate(), 200)
      }
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

// -- screens

const alive = new WeakSet<WebSocket>()

function attach(options: WindowOptions, limits: WebLimits, screen: WebSocket, watches: boolean): void {
  alive.add(screen)
  screen.on('pong', () => alive.add(screen))
  if (watches) tellEvents(options.api, screen)
  else serve(options.api, overSocket(screen, limits.bufferedBytes), check, (rows) => options.skipped?.(rows))
}

function beat(screen: WebSocket): void {
  if (!alive.delete(screen)) return screen.terminate()
  screen.ping()
}

function upgradeRefusal(req: IncomingMessage, guard: Guard, full: boolean): { status: number; reason: string } | null {
  const stranger = guard.stranger(req)
  if (stranger !== null) return { status: 403, reason: stranger }
  const url = new URL(req.url ?? '', 'http://lab')
  const known = url.pathname === '/ws' || url.pathname === `${API}${EVENTS_PATH}`
  if (!known || req.headers.upgrade?.toLowerCase() !== 'websocket')
    return { status: 404, reason: `screens connect to /ws, programs to ${API}${EVENTS_PATH}` }
  if (!guard.knows(url.searchParams.get('token') ?? bearer(req))) return { status: 401, reason: 'the token is missing or wrong' }
  return full ? { status: 503, reason: 'too many screens are open' } : null
}

function hangUp(socket: Duplex, status: number, reason: string): void {
  const body = `${reason}\n`
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}`
  socket.on('error', () => {})
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy())
}

// -- requests

async function visit(options: WindowOptions, guard: Guard, limits: WebLimits, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const stranger = guard.stranger(req)
  for (const [name, value] of Object.entries(securityFields(stranger === null ? (req.headers.host ?? '') : ''))) res.setHeader(name, value)
  if (stranger !== null) return refuse(res, 403, stranger)
  const target = req.url ?? ''
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  if (path !== API && !path.startsWith(`${API}/`)) return file(options, path, req, res)
  if (!guard.knows(bearer(req))) {
    res.setHeader('WWW-Authenticate', 'Bearer realm="dm-lab"')
    return refuse(res, 401, 'the token is missing or wrong (Authorization: Bearer …)')
  }
  return call(options, limits, path.slice(API.length), new URLSearchParams(query < 0 ? '' : target.slice(query + 1)), req, res)
}

async function file(options: WindowOptions, path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD')
    return refuse(res, 405, `${req.method ?? ''}: files are only read`)
  }
  const found = await windowFile(options.dist, path)
  if (found === null) return refuse(res, 404, path === '/' ? 'the window is not built (npm run build)' : 'no such file')
  res.writeHead(200, { 'Content-Type': found.type, 'Content-Length': found.bytes.length })
  res.end(found.bytes)
}

async function call(
  { api, upload }: WindowOptions,
  limits: WebLimits,
  path: string,
  query: URLSearchParams,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (path === '/openapi.json' && req.method === 'GET') return json(res, 200, JSON.stringify(openApi({ [EVENTS_PATH]: { get: EVENTS_OPERATION } })))
  if (path === EVENTS_PATH) {
    res.setHeader('Upgrade', 'websocket')
    return refuse(res, 426, 'this is a WebSocket')
  }
  const match = matchRoute(req.method ?? '', path)
  if (match === null) return refuse(res, 404, `no such path: ${API}${path}`)
  if ('allow' in match) {
    res.setHeader('Allow', match.allow.join(', '))
    return refuse(res, 405, `${req.method ?? ''} is not known here`)
  }
  const { route } = match
  if (route.body === 'stream') return stream(upload, match, query, req, res)
  const wanted = route.body === undefined ? null : route.body === 'bytes' ? 'application/octet-stream' : 'application/json'
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (wanted !== null && type !== wanted) return refuse(res, 415, `send the body as ${wanted}`)
  const bytes = await bodyOf(req, limits.messageBytes)
  if (bytes === null) {
    res.setHeader('Connection', 'close')
    return refuse(res, 413, `the body is longer than ${limits.messageBytes} bytes`)
  }
  let values: Record<string, string>
  let body: unknown
  try {
    values = readValues(route, match.values, query)
    body = readBody(route, bytes)
  } catch (error) {
    return refuse(res, 400, wordsOf(error))
  }
  try {
    json(res, 200, toJson(await route.respond(api, { values, body })))
  } catch (error) {
    // The lab refuses in words; what a path names and the lab does not have is not found.
    refuse(res, Object.keys(match.values).length > 0 ? 404 : 400, wordsOf(error))
  }
}

/** A body that goes where it belongs as it comes; any content type. */
async function stream(
  upload: WindowOptions['upload'],
  match: Extract<Match, { route: unknown }>,
  query: URLSearchParams,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  try {
    if (upload === undefined) throw new Error('this lab takes no files')
    const { name = '', facts = '' } = readValues(match.route, match.values, query)
    json(res, 200, toJson(await upload(name, req, factsOf(facts))))
  } catch (error) {
    req.resume()
    res.setHeader('Connection', 'close')
    refuse(res, 400, wordsOf(error))
  }
}

/** The whole body; null where it is longer than `limit` (the rest is thrown away). */
function bodyOf(req: IncomingMessage, limit: number): Promise<Uint8Array | null> {
  return new Promise((resolve, reject) => {
    let body: Uint8Array = EMPTY
    let size = 0
    req.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > limit) resolve(null)
      else body = keep(body, size - chunk.length, chunk)
    })
    req.on('end', () => resolve(exact(body, size)))
    req.on('error', reject)
  })
}

function json(res: ServerResponse, status: number, text: string): void {
  const bytes = Buffer.from(text)
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length })
  res.end(bytes)
}

/** Refusals are JSON everywhere: `{"error":{"status":404,"message":"…"}}`. */
function refuse(res: ServerResponse, status: number, message: string): void {
  json(res, status, JSON.stringify({ error: { status, message } }))
}
