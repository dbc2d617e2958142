// Shapes of the device-facing HTTP server: what it tells of every exchange, and how it is answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Received as FromSocket, Refused, Sent } from '../lab/ports.ts'
import type { Frame, Link } from '../machine.ts'
import type { HttpLimits } from './limits.ts'
import type { SocketThread } from './sockets/front.ts'
import type { SecurePort } from './trust/port.ts'

export type { Refused, Sent } from '../lab/ports.ts'

/** One SyncML request, complete. `frame.bytes` is the body after transfer decoding, otherwise exactly as on the wire. */
export interface Received extends FromSocket {
  /** True for HTTP/1.0, and for a request without version. */
  readonly http10: boolean
}

/** A listening server. For each link received exactly one of these follows: `sent` of its answer, or `gone`. */
export interface DmHttp {
  /** Origin without a path, such as `http://127.0.0.1:8080`; a wildcard address is shown as loopback. */
  readonly url: string
  readonly port: number
  /** Answers with 200 and the frame; may come hours later. A link that is gone or answered already is passed over. */
  respond(link: Link, frame: Frame, sent?: (sent: Sent) => void): void
  /** Answers with one line of plain text. */
  refuse(link: Link, httpStatus: number, text: string, sent?: (sent: Sent) => void): void
  /** Lets answers on their way finish, then closes every connection; links that still waited are told as `gone`. */
  close(): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Value of the Server header field. */
  readonly server: string
  readonly limits?: Partial<HttpLimits>
  readonly clock: { now(): number; mono(): number }
  /** A thread that owns the sockets of this server; absent: they are in this one. Plain HTTP only. */
  readonly sockets?: SocketThread
  /** Makes it an HTTPS server: one certificate as PEM, or whatever a port of the lab's trust says. */
  readonly tls?: { readonly key: string; readonly cert: string } | SecurePort
  received(received: Received): void
  refused(refused: Refused): void
  gone(link: Link, reason: string): void
  /** Gets first sight of everything that is not a POST of a SyncML type; true means that it answers. */
  other?(req: IncomingMessage, res: ServerResponse): boolean
  /** Gets every CONNECT; true means that it has the connection from now on. */
  tunnel?(req: IncomingMessage, socket: Socket, head: Uint8Array): boolean
}
