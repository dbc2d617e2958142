// The short way of a request: a plain POST of a SyncML type that came whole and in one piece needs no parser; all else goes to Node's, from its first byte.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { HttpLimits } from './limits.ts'
import { loneLineFeed, mendLines } from './linefeeds.ts'
import { rawOf } from './plain.ts'
import type { Found } from './plain.ts'
import { RemoteSocket } from './sockets/remote.ts'

/** What the short way needs of the server around it. */
export interface Way {
  readonly limits: HttpLimits
  readonly find: (chunk: Buffer) => Found | null
  /** `free`: no request is open. `waits`: the one that was taken last is not answered. `over`: nothing is taken for a request any more. */
  state(): 'free' | 'waits' | 'leaving' | 'over'
  /** Takes a request that had come at `at` and `mono`; false where it has to go the long way. */
  take(found: Found, at: number, mono: number): boolean
  now(): number
  mono(): number
  /** True once a whole header block came, on either way. */
  spoke(): boolean
  /** Hands the connection to Node's parser. */
  parser(): void
  /** The lines of its header blocks end with LF alone. */
  bare(): void
  /** A time limit that was met, or an error of the socket. */
  failed(error: Error & { code?: string }): void
}

/** As Node: an idle connection is closed a little later than the peer was told, so that a request of the last moment finds it open. */
const GRACE = 1000

/**
 * Lets a fresh connection take the short way, until anything comes that is no plain request: then it stays with Node's parser. A request that waits
 * for its answer is given to the parser once more, so that what comes behind it is answered in order.
 */
export function shortWay(socket: Socket, way: Way): void {
  let open: Found | null = null
  let timed = false

  const data = (chunk: Buffer): void => {
    const state = way.state()
    if (state === 'over') return
    const found = state === 'free' ? way.find(chunk) : null
    if (found === null || !take(found, way.now(), way.mono())) leave(state === 'waits' && open !== null ? Buffer.concat([rawOf(open), chunk]) : chunk)
  }
  const take = (found: Found, at: number, mono: number): boolean => {
    if (!way.take(found, at, mono)) return false
    open = found
    if (timed) return true
    timed = true
    clearTimeout(late)
    socket.on('timeout', idle).setTimeout(way.limits.keepAlive + GRACE)
    return true
  }
  /** A thread of sockets found it. */
  const plain = (found: Found, at: number, mono: number): void => {
    if (way.state() !== 'free' || !take(found, at, mono)) data(rawOf(found))
  }
  const idle = (): void => {
    if (way.state() === 'free') socket.destroy()
  }
  const failed = (error: Error): void => way.failed(error)
  /** The time for the first header block runs from the connection's first moment, on either way. */
  const late = setTimeout(() => {
    if (!way.spoke()) way.failed(Object.assign(new Error('no header block came'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }))
  }, way.limits.headersTimeout)
  late.unref()
  const leave = (bytes: Buffer): void => {
    if (socket instanceof RemoteSocket) socket.plain = null
    socket.off('data', data).off('error', failed).off('timeout', idle).setTimeout(0)
    way.parser()
    if (loneLineFeed(bytes)) mendLines(socket, way.limits, way.bare)
    socket.emit('data', bytes)
  }
  if (socket instanceof RemoteSocket) socket.plain = plain
  socket.on('data', data).on('error', failed)
  socket.once('close', () => clearTimeout(late))
}
