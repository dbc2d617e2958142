// Writes answers of the device-facing server: through Node's response where its parser read the request, else in one piece past it.
import { Buffer } from 'node:buffer'
import type { Headers } from '../machine.ts'
import type { Exchange } from './exchange.ts'
import { pairs } from './media.ts'
import type { Replies } from './reply.ts'
import { RemoteSocket } from './sockets/remote.ts'

/** What an answer says. `extra`: header fields, flat. */
export interface Saying {
  readonly status: number
  readonly type: string
  readonly extra: readonly string[]
  readonly body: Uint8Array
}

/** Told of an answer that has left: its header fields, and what the clocks said when the last byte was handed to the operating system. */
export type Done = (headers: Headers, at: number, mono: number) => void

/**
 * Answers; `wanted` is false where the connection ends with it, as it does where the peer closed its half. A peer that is leaving is told nothing: it is told as gone when its socket is closed.
 * Throws where HTTP cannot carry what is to be said.
 */
export function answer(x: Exchange, saying: Saying, wanted: boolean, replies: Replies, clock: { now(): number; mono(): number }, done: Done): void {
  const { status, type, extra, body } = saying
  const stays = wanted && !x.peer.socket.readableEnded
  if (x.res !== null) {
    const fields = replies.fields(type, body.length, extra, x.res.shouldKeepAlive && stays)
    x.res.writeHead(status, fields)
    x.res.end(body, () => done(pairs(fields), clock.now(), clock.mono()))
    return
  }
  const { socket } = x.peer
  const { text, headers } = replies.block(status, type, body.length, extra, stays)
  if (!socket.writable) return
  if (socket instanceof RemoteSocket)
    socket.answer(text, body, (error, at, mono) => {
      if (error === null) done(headers, at, mono)
    })
  else
    socket.write(joined(text, body), (error?: Error | null) => {
      if (error == null) done(headers, clock.now(), clock.mono())
    })
  if (stays) return
  x.peer.broken = true
  socket.end()
}

/** One piece for one write. */
function joined(head: string, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  bytes.write(head, 'latin1')
  bytes.set(body, head.length)
  return bytes
}
