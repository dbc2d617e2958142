// The device-facing HTTP server: receives SyncML bodies, answers when the lab says so, refuses the rest in words; of SyncML it knows only the media types.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Frame, Headers, Link } from '../machine.ts'
import { Passing } from '../server/passing.ts'
import type { Encoding } from '../syncml/message.ts'
import { exchangeOf, plainExchange, startLineOf } from './exchange.ts'
import type { Exchange, Parsed } from './exchange.ts'
import { answer } from './answering.ts'
import type { Done } from './answering.ts'
import { crowdOf } from './crowd.ts'
import type { Ends, Told } from './crowd.ts'
import type { DmHttp, ListenOptions, Received, Sent } from './facing.ts'
import { lastWord } from './lastword.ts'
import { mendLines } from './linefeeds.ts'
import { HTTP_LIMITS } from './limits.ts'
import type { HttpLimits } from './limits.ts'
import { pairs } from './media.ts'
import { createServer, opened, ownDoor, shownHost } from './open.ts'
import { endsOf, peersOf } from './peers.ts'
import type { Peer } from './peers.ts'
import { plainFinder } from './plain.ts'
import { ownFields, PLAIN, repliesOf, statusLine } from './reply.ts'
import { shortWay } from './shortway.ts'
import { putFront } from './trust/front.ts'
import type { Stray } from './trust/front.ts'
import { openingOf } from './trust/hello.ts'
import { fixedPort } from './trust/port.ts'
import { EMPTY, exact, keep, splitPacket, statusOfError } from './wire.ts'

export type { DmHttp, ListenOptions, Received, Refused, Sent } from './facing.ts'

/** Starts a server; rejects with one clear Error (port taken, address not ours). */
export function listen(options: ListenOptions): Promise<DmHttp> {
  const limits: HttpLimits = { ...HTTP_LIMITS, ...options.limits }
  const { clock } = options
  const replies = repliesOf(options.server, limits, () => clock.now())
  const peers = peersOf<Exchange>(limits, left, evicted)
  /** Links whose answer is awaited. */
  const waiting = new Passing<Exchange>()
  const secure = options.tls === undefined ? null : 'key' in options.tls ? fixedPort(options.tls) : options.tls
  // A peer may close its half and wait for the answer; how long it may is `lastWord`'s business.
  const server = Object.assign(createServer(secure, limits), { httpAllowHalfOpen: true })
  const front = secure === null ? null : putFront(server as TlsServer, secure, limits, strayed)
  const door = options.sockets?.door(server, limits) ?? ownDoor(server)
  const crowded = crowdOf(report)
  let uploading = 0
  let closing = false

  if (secure === null) shortcut()
  else
    server.on('secureConnection', (socket: Socket) => {
      if (admit(socket)) mendLines(socket, limits, () => (peers.of(socket).bare = true))
    })
  server.on('request', (req: IncomingMessage, res: ServerResponse) => request(req, res, false))
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => request(req, res, true))
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    // An empty list expects nothing (RFC 9110, 10.1.1).
    if (/^[\s,]*$/.test(req.headers.expect ?? '')) return request(req, res, false)
    early(begin(exchangeOf(peers.of(req.socket), req, res)), 417, 'the only expectation met here is 100-continue', false)
  })
  server.on('connect', (req: IncomingMessage, socket: Socket, head: Uint8Array) => {
    if (options.tunnel?.(req, socket, head) === true) {
      const peer = peers.of(socket)
      peers.began(peer)
      peer.busy += 1
      return
    }
    unparsed(socket, 405, 'CONNECT: this is no proxy', { startLine: startLineOf(req), headers: pairs(req.rawHeaders), packet: EMPTY })
  })
  server.on('clientError', clientError)
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    const { hello, bytes, ends } = front?.opening(socket) ?? { hello: null, bytes: EMPTY, ends: endsOf(socket) }
    connection(ends, `TLS handshake failed: ${secure?.failed(error, hello) ?? error.message}`, bytes)
  })

  // -- connections

  /** Tells of a connection that came to nothing; `bytes`: what the client said first. */
  function connection(ends: Ends, reason: string, bytes: Uint8Array, httpStatus = 0, startLine = ''): void {
    report(ends, { kind: 'connection', httpStatus, reason, startLine, headers: [], bytes: exact(bytes, bytes.length), truncated: false })
  }

  /** What came to the HTTPS port and is no TLS. */
  function strayed({ socket, reason, startLine, bytes, http }: Stray): void {
    connection(endsOf(socket), reason, bytes, http ? 400 : 0, startLine)
    if (http) socket.end(replies.plain(400, reason))
    else socket.destroy()
    const timer = setTimeout(() => socket.destroy(), limits.linger)
    timer.unref()
  }

  /** Puts the short way before Node's parser. */
  function shortcut(): void {
    const find = plainFinder(limits)
    const parsers = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      const parser = (): void => parsers.forEach((parse) => parse.call(server, socket))
      const peer = peers.of(socket)
      const open = (): Exchange | undefined => peer.exchanges[0]
      if (!admit(socket)) return parser()
      shortWay(socket, {
        limits,
        find,
        now: () => clock.now(),
        mono: () => clock.mono(),
        state: () => (peer.broken ? 'over' : peer.exchanges.length === 0 ? 'free' : open()?.stage === 'waits' ? 'waits' : 'leaving'),
        take: (found, at, mono) => {
          if (uploading + found.body.length > limits.uploadBytes) return false
          const x = plainExchange(peer, found)
          peers.began(peer)
          peer.exchanges.push(x)
          pass(x, found.block.encoding, found.body, at, mono)
          return true
        },
        spoke: () => peer.spoke,
        parser,
        bare: () => (peer.bare = true),
        failed: (error) => clientError(error, socket),
      })
    })
  }

  /** False where there is no room; the peer has been told then. */
  function admit(socket: Socket): boolean {
    const refusal = peers.admit(socket)
    const peer = peers.of(socket)
    lastWord(peer, () => peer.exchanges.some((x) => x.stage !== 'answered'))
    if (refusal === null) return true
    crowded(peer, refusal)
    hangUp(peer, 503, refusal)
    return false
  }

  function evicted(peer: Peer<Exchange>, reason: string): void {
    for (const x of peer.exchanges) if (x.stage === 'body') abandon(x, 0, reason)
    if (!peer.spoke) crowded(peer, reason)
  }

  function left(peer: Peer<Exchange>): void {
    const why = closing ? 'the server was stopped' : peer.cause === '' ? 'the peer closed the connection' : peer.cause
    for (const x of peer.exchanges) {
      if (x.stage === 'body') abandon(x, 0, `${why} after ${x.size} ${x.declared < 0 ? 'body bytes' : `of ${x.declared} body bytes`}`)
      else if (x.stage !== 'over') {
        options.gone(x.link, `${why} ${x.stage === 'waits' ? 'while it waited for the answer' : 'before the answer was written'}`)
        waiting.delete(x.link.link)
        x.stage = 'over'
      }
    }
    peer.exchanges.length = 0
    if (secure !== null && !peer.spoke && !closing)
      connection(peer, secure.silent(peer.cause), front?.opening(peer.socket as TLSSocket).bytes ?? EMPTY)
  }

  /** Answers on the bare socket and ends the connection; what still comes in is not read as HTTP any more. */
  function hangUp(peer: Peer<Exchange>, status: number, reason: string): void {
    peer.broken = true
    peer.cause = reason
    if (peer.socket.writable) peer.socket.end(replies.plain(status, reason))
    const timer = setTimeout(() => peer.socket.destroy(), limits.linger)
    timer.unref()
  }

  // -- requests

  function begin(x: Parsed): Parsed {
    peers.began(x.peer)
    x.peer.exchanges.push(x)
    x.peer.busy += 1
    return x
  }

  function request(req: IncomingMessage, res: ServerResponse, asks: boolean): void {
    const peer = peers.of(req.socket)
    for (const x of peer.exchanges) if (x.res === null && x.stage === 'waits') return again(x, req, res)
    const x = exchangeOf(peer, req, res)
    // Behind a refusal that ends the connection nothing is taken for a request any more.
    if (x.peer.broken) return void req.resume()
    if (x.encoding === null && hand(x)) return
    begin(x)
    req.on('error', () => {})
    if (x.peer.exchanges.length > limits.pipelined) {
      abandon(x, 0, `more than ${limits.pipelined} unanswered requests on one connection`)
      x.peer.cause = 'too many unanswered requests: connection closed'
      x.peer.socket.destroy()
    } else if (x.declared > limits.bodyBytes) early(x, 413, `the body has ${x.declared} bytes; the limit is ${limits.bodyBytes}`, !asks)
    else if (asks && x.refusal !== null) early(x, x.refusal.status, x.refusal.reason, false)
    else {
      if (asks) res.writeContinue()
      req.on('data', (chunk: Uint8Array) => take(x, chunk))
      req.on('end', () => complete(x))
    }
  }

  /** A request that came the short way and waits since is read once more: from now on its answer keeps its place before later ones. */
  function again(x: Exchange, req: IncomingMessage, res: ServerResponse): void {
    x.req = req
    x.res = res
    req.on('error', () => {})
    req.resume()
  }

  /** Offers what is not ours to the other routes of this port. */
  function hand(x: Parsed): boolean {
    if (options.other?.(x.req, x.res) !== true) return false
    peers.began(x.peer)
    x.peer.busy += 1
    x.res.once('close', () => {
      x.peer.busy -= 1
      peers.ended(x.peer)
    })
    return true
  }

  function take(x: Parsed, chunk: Uint8Array): void {
    if (x.stage !== 'body') return
    x.body = keep(x.body, x.size, chunk)
    x.size += chunk.length
    uploading += chunk.length
    if (x.size > limits.bodyBytes) early(x, 413, `the body is longer than the limit of ${limits.bodyBytes} bytes`, true)
    else if (uploading > limits.uploadBytes) early(x, 503, `more than ${limits.uploadBytes} bytes are being uploaded at once`, true)
  }

  function complete(x: Parsed): void {
    if (x.stage !== 'body') return
    if (x.refusal !== null || x.encoding === null) return refuseWhole(x)
    x.peer.busy -= 1
    uploading -= x.size
    pass(x, x.encoding, exact(x.body, x.size), clock.now(), clock.mono())
    x.body = EMPTY
  }

  /** Passes a whole request on to the lab. */
  function pass(x: Exchange, encoding: Encoding, bytes: Uint8Array, at: number, mono: number): void {
    x.stage = 'waits'
    waiting.set(x.link.link, x)
    const { link, peer, headers, contentType, uri, startLine, http10 } = x
    const { local, remote } = peer
    const frame: Frame = { bytes, encoding, contentType, headers, uri }
    const received: Received = { link, frame, startLine, headers, local, remote, at, mono, http10 }
    if (secure === null && !peer.bare) return options.received(received)
    const tls = secure === null ? {} : { tls: secure.protection(peer.socket as TLSSocket) }
    options.received({ ...received, ...tls, ...(peer.bare ? { bare: true } : {}) })
  }

  function refuseWhole(x: Exchange): void {
    const { status, reason } = x.refusal ?? { status: 415, reason: 'no SyncML type' }
    abandon(x, status, reason)
    const extra = status === 405 ? ['Allow', 'POST'] : ['Accept-Encoding', 'identity']
    say(x, status, PLAIN, extra, Buffer.from(`${reason}\n`), () => end(x))
  }

  /** Ends the upload and tells why; what the peer is answered is the caller's business. */
  function abandon(x: Exchange, httpStatus: number, reason: string): void {
    const kept = Math.min(x.size, limits.refusedBytes)
    const truncated = kept < x.size || x.req?.complete !== true
    uploading -= x.size
    x.peer.busy -= 1
    x.stage = 'over'
    report(x.peer, { httpStatus, reason, startLine: x.startLine, headers: x.headers, bytes: exact(x.body, kept), truncated })
    x.body = EMPTY
  }

  /** Refuses before the body is through. Where the peer is sending it, the rest is read and thrown away for a while: else a reset would eat our answer. */
  function early(x: Parsed, status: number, reason: string, sending: boolean): void {
    abandon(x, status, reason)
    x.peer.broken = true
    const text = Buffer.from(`${reason}\n`)
    x.res.writeHead(status, replies.fields(PLAIN, text.length, [], false))
    x.res.write(text)
    const finish = (): void => {
      clearTimeout(timer)
      x.res.end()
      end(x)
    }
    const timer = setTimeout(finish, sending ? limits.linger : 0)
    timer.unref()
    x.req.once('end', finish)
    x.req.resume()
  }

  function report(ends: Ends, what: Told): void {
    options.refused({ at: clock.now(), mono: clock.mono(), local: ends.local, remote: ends.remote, ...what })
  }

  // -- what is no HTTP

  /** A request that Node's parser gave up, a time limit, or an error of the socket. */
  function clientError(error: Error & { code?: string; rawPacket?: Uint8Array }, socket: Socket): void {
    // A handshake that failed is told as that.
    if (secure !== null && !peers.all.has(socket)) return void socket.destroy()
    const peer = peers.of(socket)
    const { status, reason } = statusOfError(error, limits)
    if (status === 0) {
      peer.cause = reason
      socket.destroy()
    } else if (!peer.broken) {
      const upload = peer.exchanges.find((x) => x.stage === 'body' && x.req?.complete !== true)
      const packet = exact(error.rawPacket ?? EMPTY, error.rawPacket?.length ?? 0)
      if (secure === null && !peer.spoke && openingOf(packet).what === 'tls') {
        const words = 'TLS came to the plain HTTP port: the URL must begin with http://, or name the HTTPS port'
        connection(peer, words, packet, 400)
        return hangUp(peer, 400, words)
      }
      if (upload === undefined) unparsed(socket, status, reason, { ...splitPacket(packet), packet })
      else {
        const alone = peer.exchanges.length === 1
        abandon(upload, alone ? status : 0, reason)
        if (alone) hangUp(peer, status, reason)
        else socket.destroy()
      }
    }
  }

  function unparsed(socket: Socket, status: number, reason: string, what: { startLine: string; headers: Headers; packet: Uint8Array }): void {
    const peer = peers.of(socket)
    const { startLine, headers, packet } = what
    const awaited = peer.exchanges.length > 0
    const bytes = exact(packet, Math.min(packet.length, limits.refusedBytes))
    report(peer, { httpStatus: awaited ? 0 : status, reason, startLine, headers, bytes, truncated: bytes.length < packet.length || status === 408 })
    if (!awaited) return hangUp(peer, status, reason)
    // Rubbish behind a request that still waits: the request keeps its answer, then the connection ends.
    peer.broken = true
  }

  // -- answers

  function say(x: Exchange, status: number, type: string, extra: readonly string[], body: Uint8Array, done: Done): void {
    answer(x, { status, type, extra, body }, !x.peer.broken && !closing, replies, clock, done)
  }

  function end(x: Exchange): void {
    x.stage = 'over'
    const at = x.peer.exchanges.indexOf(x)
    if (at >= 0) x.peer.exchanges.splice(at, 1)
    peers.ended(x.peer)
  }

  function reply(link: Link, status: number, type: string, extra: readonly string[], body: Uint8Array, sent?: (sent: Sent) => void): void {
    const x = waiting.get(link.link)
    if (x === undefined) return
    let code = status
    const done: Done = (headers, at, mono) => {
      if (x.stage !== 'answered') return
      end(x)
      sent?.({ at, mono, startLine: statusLine(code), headers })
    }
    waiting.delete(link.link)
    x.stage = 'answered'
    try {
      say(x, status, type, extra, body, done)
    } catch (error) {
      // A header field or status that HTTP cannot carry.
      const text = `the answer cannot be sent: ${error instanceof Error ? error.message : String(error)}\n`
      code = 500
      say(x, code, PLAIN, [], Buffer.from(text), done)
    }
  }

  async function close(): Promise<void> {
    closing = true
    const closed = door.close()
    server.closeIdleConnections()
    const leaving = (): boolean => [...peers.all.values()].some((peer) => peer.exchanges.some((x) => x.stage === 'answered'))
    for (let waited = 0; waited < limits.linger && leaving(); waited += 10) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const peer of [...peers.all.values()]) {
      left(peer)
      peer.socket.destroy()
    }
    server.closeAllConnections()
    front?.close()
    await closed
  }

  return opened(door, options).then((port) => ({
    url: `${secure === null ? 'http' : 'https'}://${shownHost(options.host)}:${port}`,
    port,
    respond: (link, frame, sent) => reply(link, 200, frame.contentType, ownFields(frame.headers), frame.bytes, sent),
    refuse: (link, status, text, sent) => reply(link, status, PLAIN, [], Buffer.from(`${text}\n`), sent),
    close,
  }))
}
