// What the lab needs from its surroundings: a clock with timers, and transports that answer a link.
import type { Frame, Headers, Link } from '../machine.ts'

/** The host's clock. `now` is wall time in ms since epoch, `mono` ms since the lab's start; both may have fractions. */
export interface Clock {
  now(): number
  mono(): number
  /** Calls `call` once when everything that has come in by now has been taken in. */
  soon(call: () => void): void
  /** Calls `call` once after `ms`; returns what cancels it. */
  after(ms: number, call: () => void): () => void
}

/** What the transport says about a frame that went out: told when the last byte was handed to the operating system. */
export interface Sent {
  readonly at: number
  readonly mono: number
  readonly startLine: string
  readonly headers: Headers
}

/** How TLS protects a connection. */
export interface Protection {
  /** `TLSv1.3` */
  readonly version: string
  readonly cipher: string
  /** Server name the client asked for; '' where it named none. */
  readonly serverName: string
  /** What the client showed; null where nothing. `trouble`: why it is not one of this lab's authority, '' where it is. */
  readonly certificate: { readonly serial: string; readonly subject: string; readonly fingerprint: string; readonly trouble: string } | null
}

/** A frame that came in, with what its socket said. */
export interface Received {
  readonly link: Link
  readonly frame: Frame
  /** `POST /dm HTTP/1.1` */
  readonly startLine: string
  readonly headers: Headers
  /** `address:port` of our end and of the peer. */
  readonly local: string
  readonly remote: string
  /** Wall clock and monotonic clock when the last byte had come. */
  readonly at: number
  readonly mono: number
  /** Absent: plain HTTP. */
  readonly tls?: Protection
  /** The lines of its header block ended with LF alone, and are shown as if they had not. */
  readonly bare?: boolean
}

/** Something that came in and was no SyncML frame. It has been answered with `httpStatus`; 0 where nobody was left to answer. */
export interface Refused {
  /** `connection`: it concerns the connection, not a request; absent: a request. */
  readonly kind?: 'connection'
  readonly at: number
  readonly mono: number
  readonly httpStatus: number
  readonly reason: string
  /** '' where not even that was readable. */
  readonly startLine: string
  readonly headers: Headers
  readonly local: string
  readonly remote: string
  /** What arrived: the body, or the raw packet that could not be parsed. */
  readonly bytes: Uint8Array
  /** True where more had arrived, or was to come, than `bytes` holds. */
  readonly truncated: boolean
}

/** The way back to a peer. `respond` answers with a frame, `refuse` with an error status and one line of text. */
export interface Transport {
  respond(link: Link, frame: Frame, sent: (what: Sent) => void): void
  refuse(link: Link, httpStatus: number, text: string, sent: (what: Sent) => void): void
}
