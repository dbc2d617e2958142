// Pushes on the wire: a UDP port (and HTTP where asked for) that receives, and a sender for udp, http and https; every failure is an Error in words.
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { PushArrived, PushSender, PushSent } from '../lab/pushes.ts'
import { readDatagram, readHttp, toHttp, toPdu } from '../notify/push.ts'
import type { Push } from '../notify/push.ts'
import { PUSH_PORT } from '../notify/sms.ts'
import { PushError } from '../notify/wspvalues.ts'
import { post } from './client.ts'
import { endpoint, field, isLoopback, pairs, plainAddress } from './media.ts'
import { exact, keep } from './wire.ts'

/** Largest body of an HTTP push: a datagram carries less. */
const BODY_BYTES = 256 * 1024

interface Clock {
  now(): number
  mono(): number
}

export interface PushPortOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Listens for HTTP pushes too, on the same number. */
  readonly http?: boolean
  readonly clock: Clock
  received(arrived: PushArrived): void
}

/** A bound push port. */
export interface PushPort extends PushSender {
  /** `udp://address:port`. */
  readonly url: string
  /** `http://address:port/`, '' without HTTP. */
  readonly httpUrl: string
  readonly port: number
  close(): Promise<void>
}

/** Binds a push port; rejects with one clear Error (port taken, no such address). */
export async function listenPush(options: PushPortOptions): Promise<PushPort> {
  for (let attempt = 1; ; attempt++) {
    const socket = await bound(options)
    const { port } = socket.address()
    try {
      const server = options.http === true ? await httpPush(options, port) : null
      return opened(options, socket, server)
    } catch (error) {
      await closed(socket)
      // A free UDP port whose TCP twin is taken: another one.
      if (options.port !== 0 || attempt >= 20) throw error
    }
  }
}

function opened(options: PushPortOptions, socket: Socket, server: Server | null): PushPort {
  const { port, address } = socket.address()
  socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => options.received(datagram(options.clock, socket, new Uint8Array(bytes), from)))
  socket.on('error', () => {})
  const shown = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return {
    url: `udp://${endpoint(shown, port)}`,
    httpUrl: server === null ? '' : `http://${endpoint(shown, port)}/`,
    port,
    send: (to, parts) => sendPush(to, parts, options.clock, socket),
    close: async () => {
      await closed(socket)
      if (server === null) return
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A sender without a port of its own: each push leaves from a fresh one. */
export function pushSender(clock: Clock): PushSender {
  return {
    send: async (to, parts) => {
      if (!to.startsWith('udp:')) return sendPush(to, parts, clock, null)
      const socket = createSocket(udpTarget(to).host.includes(':') ? 'udp6' : 'udp4')
      await new Promise<void>((resolve) => socket.bind(0, resolve))
      try {
        return await sendPush(to, parts, clock, socket)
      } finally {
        await closed(socket)
      }
    },
  }
}

/** Host and port of `udp://host:port` (2948 where it names none). Throws an Error in words. */
export function udpTarget(to: string): { readonly host: string; readonly port: number } {
  const match = /^udp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]@\s]+)(?::(\d{1,5}))?\/?$/.exec(to)
  const port = Number(match?.[2] ?? PUSH_PORT)
  if (match === null || port === 0 || port > 65535) throw new Error(`${to} is no udp://host:port`)
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port }
}

async function sendPush(to: string, parts: Parameters<PushSender['send']>[1], clock: Clock, socket: Socket | null): Promise<PushSent> {
  if (to.startsWith('udp:') && socket !== null) return sendDatagram(to, toPdu(parts), clock, socket)
  const { contentType, headers, body } = toHttp(parts)
  const frame = { bytes: body, encoding: 'wbxml' as const, contentType, headers, uri: to }
  const { sent, local, remote, httpStatus } = await post(to, frame, { clock, userAgent: 'DM-Lab push' })
  return { bytes: body, ...sent, local, remote, httpStatus }
}

/** From the port's own socket where that reaches the address; a socket bound to loopback, or of the other family, does not. */
async function sendDatagram(to: string, bytes: Uint8Array, clock: Clock, socket: Socket): Promise<PushSent> {
  const { host, port } = udpTarget(to)
  const address = isIP(host) === 0 ? (await lookup(host)).address : host
  const own = socket.address()
  const reaches = own.family === (address.includes(':') ? 'IPv6' : 'IPv4') && (!isLoopback(own.address) || isLoopback(address))
  const out = reaches ? socket : createSocket(address.includes(':') ? 'udp6' : 'udp4')
  try {
    await leave(out, bytes, port, address)
    const from = out.address()
    const local = endpoint(from.address === '0.0.0.0' && isLoopback(address) ? '127.0.0.1' : from.address, from.port)
    return { bytes, startLine: `UDP ${to}`, headers: [], local, remote: endpoint(address, port), at: clock.now(), mono: clock.mono(), httpStatus: 0 }
  } finally {
    if (out !== socket) await closed(out)
  }
}

/** UDP ports that pushes of this process have left from, the latest last: what comes from there on loopback is our own. */
const OWN = new Set<number>()
const OWN_PORTS = 256

function leave(socket: Socket, bytes: Uint8Array, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, address, (error) => {
      const from = socket.address().port
      OWN.delete(from)
      OWN.add(from)
      for (const oldest of OWN) if (OWN.size > OWN_PORTS) OWN.delete(oldest)
      if (error === null) return resolve()
      const { code } = error as NodeJS.ErrnoException
      reject(new Error(code === 'EMSGSIZE' ? `${String(bytes.length)} octets do not fit into one datagram` : error.message, { cause: error }))
    })
  })
}

async function bound({ host, port }: PushPortOptions): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', reuseAddr: false })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      reject(new Error(bindTrouble('UDP', host, port, error), { cause: error }))
    })
    socket.bind(port, host, resolve)
  })
  socket.removeAllListeners('error')
  return socket
}

function bindTrouble(kind: string, host: string, port: number, error: NodeJS.ErrnoException): string {
  const where = `${kind} port ${String(port)} of ${host}`
  if (error.code === 'EADDRINUSE') return `${where} is taken`
  if (error.code === 'EACCES') return `${where}: no permission to listen there`
  return `${where}: ${error.message}`
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    try {
      socket.close(resolve)
    } catch {
      resolve()
    }
  })

function datagram(clock: Clock, socket: Socket, bytes: Uint8Array, from: RemoteInfo): PushArrived {
  const own = socket.address()
  const times = { at: clock.now(), mono: clock.mono(), local: endpoint(own.address, own.port), remote: endpoint(from.address, from.port) }
  const ours = OWN.has(from.port) && isLoopback(from.address) ? { ours: true } : {}
  return { bytes, startLine: 'UDP', headers: [], ...times, ...ours, ...read(() => readDatagram(bytes)) }
}

function read(reader: () => Push): { readonly push: Push | null; readonly trouble: string } {
  try {
    return { push: reader(), trouble: '' }
  } catch (error) {
    if (error instanceof PushError) return { push: null, trouble: error.message }
    throw error
  }
}

async function httpPush(options: PushPortOptions, port: number): Promise<Server> {
  const server = createServer((req, res) => takeHttp(options, req, res))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(bindTrouble('TCP', options.host, port, error), { cause: error })))
    server.listen(port, options.host, resolve)
  })
  server.removeAllListeners('error')
  return server
}

/** OTA-HTTP: POST of the bare body; 204 once it is taken. */
function takeHttp({ clock, received }: PushPortOptions, req: IncomingMessage, res: ServerResponse): void {
  const refuse = (status: number, text: string): void => {
    res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
    res.end(`${text}\n`)
  }
  if (req.method !== 'POST') return refuse(405, 'pushes are POSTed here')
  let body: Uint8Array = new Uint8Array(0)
  let size = 0
  req.on('data', (chunk: Uint8Array) => {
    body = keep(body, size, chunk)
    size += chunk.length
    if (size > BODY_BYTES && !res.headersSent) {
      refuse(413, `a push has at most ${String(BODY_BYTES)} octets`)
      req.destroy()
    }
  })
  req.on('error', () => {})
  req.on('end', () => {
    if (res.headersSent) return
    const headers = pairs(req.rawHeaders)
    const bytes = new Uint8Array(exact(body, size))
    const { address, port } = req.socket.address() as AddressInfo
    const push = readHttp(field(headers, 'content-type'), headers, bytes)
    res.writeHead(204)
    res.end()
    const local = endpoint(address, port)
    const remote = endpoint(plainAddress(req.socket.remoteAddress ?? ''), req.socket.remotePort ?? 0)
    received({
      bytes,
      startLine: `POST ${req.url ?? ''} HTTP/${req.httpVersion}`,
      headers,
      local,
      remote,
      at: clock.now(),
      mono: clock.mono(),
      push,
      trouble: '',
    })
  })
}
