// Every limit of the transports and of the window's side, with its default; each one is a setting, and whatever meets one is told so in words.

/** Limits of a device-facing HTTP server. Times in ms, sizes in bytes. */
export interface HttpLimits {
  /** Largest request body; a larger one is refused with 413, by its Content-Length before it is read where it has one. */
  readonly bodyBytes: number
  /** Largest request line and header block together (431 beyond). */
  readonly headerBytes: number
  /** From the connection's first moment to the end of the header block (408 beyond). */
  readonly headersTimeout: number
  /** From the request's first byte to its last (408 beyond). The answer has no time limit: a held message may wait for hours. */
  readonly requestTimeout: number
  /** How often the two times above are looked at. */
  readonly checkInterval: number
  /** How long an idle connection is kept for the next request. */
  readonly keepAlive: number
  /** Open connections in all. One more closes the oldest idle or half-spoken one; where all are at work it is refused with 503. */
  readonly connections: number
  /** Open connections of one address; loopback is exempt. Same rule. */
  readonly connectionsPerAddress: number
  /** Unanswered requests on one connection (pipelining); one more closes the connection. */
  readonly pipelined: number
  /** Bytes of unfinished uploads over all connections together; beyond, the upload that crosses it is refused with 503. */
  readonly uploadBytes: number
  /** How many bytes of a refused body are kept for the trace; a longer one is marked truncated. */
  readonly refusedBytes: number
  /** How long a refused upload is read on and thrown away, so that the peer gets to see the answer. */
  readonly linger: number
  /** Silence after which a waiting peer is probed (TCP keep-alive), so that one that vanished is noticed. */
  readonly probe: number
}

/** Source: product rules 5.4 (HTTP). */
export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: 8 * 1024 * 1024,
  headerBytes: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  checkInterval: 5_000,
  keepAlive: 30_000,
  connections: 256,
  connectionsPerAddress: 32,
  pipelined: 32,
  uploadBytes: 64 * 1024 * 1024,
  refusedBytes: 1024 * 1024,
  linger: 2_000,
  probe: 15_000,
}

/** Limits of the window's side. */
export interface WebLimits {
  /** Largest message from a screen and largest body of an API call (a capture to open). */
  readonly messageBytes: number
  /** Bytes that may wait for a screen that does not read; beyond, its connection is closed and it comes back by itself. */
  readonly bufferedBytes: number
  /** How often a screen's connection is probed; one missed answer closes it. */
  readonly heartbeat: number
  /** Screens at the same time. */
  readonly screens: number
}

export const WEB_LIMITS: WebLimits = {
  messageBytes: 65 * 1024 * 1024,
  bufferedBytes: 64 * 1024 * 1024,
  heartbeat: 30_000,
  screens: 64,
}

/** Bounds of single arguments of LabApi calls. */
export const ARGUMENT_LIMITS = {
  /** Characters of an id, a name, a media type. */
  name: 1024,
  /** Characters of a LocURI. */
  uri: 4096,
  /** Characters of one command's data. */
  data: 8 * 1024 * 1024,
  /** Commands of one `queue` call. */
  commands: 1000,
  /** Bytes of an edited message: twice the body limit, so that a message too large can be sent on purpose. */
  edit: 16 * 1024 * 1024,
  /** Bytes of a capture handed over in one call. */
  capture: 64 * 1024 * 1024,
} as const
