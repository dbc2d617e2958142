// In front of an HTTPS server: looks at the first bytes of every connection before TLS does, so that what fails can be told in words, and plain HTTP is answered.
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { wordsOf } from '../../syncml/text.ts'
import type { HttpLimits } from '../limits.ts'
import { endsOf } from '../peers.ts'
import { openingOf, recordLength } from './hello.ts'
import type { ClientHello, Opening } from './hello.ts'
import type { SecurePort } from './port.ts'

/** What is told of a connection that never became TLS. `bytes`: what came first. */
export interface Stray {
  readonly socket: Socket
  readonly reason: string
  readonly startLine: string
  readonly bytes: Uint8Array
  /** True where it is to be answered with 400 and the reason. */
  readonly http: boolean
}

/** Bytes looked at before TLS sees them. */
const FIRST = 16_389

type Ends = ReturnType<typeof endsOf>

export interface Front {
  /** What the client of a failed or finished handshake had said first. */
  opening(socket: TLSSocket): { readonly hello: ClientHello | null; readonly bytes: Uint8Array; readonly ends: Ends }
  /** Ends every connection there is, whatever it is at. */
  close(): void
}

/** Puts itself before the listeners of `server`. `stray` is told of what is no TLS; it closes the connection. */
export function putFront(server: Server, port: SecurePort, limits: HttpLimits, stray: (stray: Stray) => void): Front {
  const tls = server.listeners('connection') as ((socket: Socket) => void)[]
  const openings = new WeakMap<Socket, { readonly opening: Opening; readonly bytes: Uint8Array; readonly ends: Ends }>()
  /** Connections that have not said enough yet. */
  const fresh = new Set<Socket>()
  const all = new Set<Socket>()
  let turn = Number.NaN
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const [oldest] = fresh
    if (fresh.size >= limits.connections) oldest?.destroy()
    fresh.add(socket)
    all.add(socket)
    socket.once('close', () => all.delete(socket))
    const over = (): void => {
      clearTimeout(timer)
      fresh.delete(socket)
      socket.removeListener('readable', look)
      socket.removeListener('error', silent)
    }
    let bytes: Uint8Array = new Uint8Array()
    const look = (): void => {
      const more = firstOf(socket)
      if (more === null) return
      bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
      // A record in pieces: TLS would wait as well.
      if (recordLength(bytes) > bytes.length && bytes.length < FIRST) return
      over()
      meet(socket, bytes)
    }
    const late = (): void => {
      over()
      const reason =
        bytes.length === 0 ? 'the client connected to the HTTPS port and said nothing' : 'the client began a TLS handshake and did not go on'
      stray({ socket, reason: `${reason} for ${String(limits.headersTimeout)} ms`, startLine: '', bytes, http: false })
    }
    const timer = setTimeout(late, limits.headersTimeout)
    timer.unref()
    socket.on('readable', look)
    socket.on('error', silent)
    socket.once('close', over)
    look()
  })

  function meet(socket: Socket, bytes: Uint8Array): void {
    const opening = openingOf(bytes)
    if (opening.what !== 'tls') return stray({ socket, ...strayOf(opening), bytes })
    openings.set(socket, { opening, bytes, ends: endsOf(socket) })
    socket.unshift(bytes)
    try {
      const now = port.otherwise()
      if (now.turn !== turn) server.setSecureContext(now.options)
      turn = now.turn
      // Node reads this at every connection; there is no documented way to change it.
      ;(server as unknown as { requestCert: boolean }).requestCert = port.asks
    } catch (error) {
      const reason = `the lab cannot speak TLS: ${wordsOf(error)}`
      return stray({ socket, reason, startLine: '', bytes, http: false })
    }
    for (const listener of tls) listener.call(server, socket)
  }

  return {
    close: () => all.forEach((socket) => socket.destroy()),
    opening: (socket) => {
      const raw = (socket as unknown as { readonly _parent?: Socket })._parent ?? null
      const known = raw === null ? undefined : openings.get(raw)
      return {
        hello: known?.opening.what === 'tls' ? known.opening.hello : null,
        bytes: known?.bytes ?? new Uint8Array(),
        // A closed socket knows them no more.
        ends: known?.ends ?? endsOf(socket),
      }
    },
  }
}

function silent(): void {
  // The connection closes behind it.
}

function firstOf(socket: Socket): Uint8Array | null {
  const chunks: Uint8Array[] = []
  for (let chunk = socket.read() as Uint8Array | null; chunk !== null; chunk = socket.read() as Uint8Array | null) chunks.push(chunk)
  return chunks.length === 0 ? null : chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
}

function strayOf(opening: Exclude<Opening, { readonly what: 'tls' }>): Pick<Stray, 'reason' | 'startLine' | 'http'> {
  switch (opening.what) {
    case 'http':
      return { reason: 'plain HTTP came to the HTTPS port: the URL must begin with https://', startLine: opening.startLine, http: true }
    case 'sslv2':
      return { reason: 'the client speaks SSL 2.0, which nothing here does', startLine: '', http: false }
    case 'other':
      return { reason: 'what came to the HTTPS port is no TLS', startLine: '', http: false }
    default:
      return opening satisfies never
  }
}
