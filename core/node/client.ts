// Posts SyncML frames over HTTP/1.1 and brings the answer; redirects are shown, not followed; every failure is one TransportError in words.
import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { RequestOptions as TlsRequestOptions } from 'node:https'
import { lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import type { Frame, Headers } from '../machine.ts'
import { looksLike } from '../syncml/looks.ts'
import { HTTP_LIMITS } from './limits.ts'
import { encodingOf, endpoint, field, pairs, plainAddress } from './media.ts'
import { EMPTY, exact, keep } from './wire.ts'

/**
 * Why a post failed: `uri` it cannot be sent there; `forbidden` the caller's `permit` said no; `name` the host name is unknown; `refused` nobody
 * listens; `unreachable` no way to the host; `timed out`; `reset` the connection ended before the answer was whole; `tls` no trust or no TLS;
 * `too large` the answer exceeds the limit; `protocol` the answer is no HTTP; `stopped` by the caller's signal.
 */
export type Failure = 'uri' | 'forbidden' | 'name' | 'refused' | 'unreachable' | 'timed out' | 'reset' | 'tls' | 'too large' | 'protocol' | 'stopped'

/** The one error of this file. */
export class TransportError extends Error {
  readonly failure: Failure
  /** True where a kept connection was used again: the peer may just have closed an idle one, and never saw the request. */
  readonly reused: boolean
  constructor(failure: Failure, text: string, reused = false, cause?: unknown) {
    super(text, { cause })
    this.name = 'TransportError'
    this.failure = failure
    this.reused = reused
  }
}

export interface PostOptions {
  /** For the whole exchange, ms; null waits for ever (a held message). Default 60,000. */
  readonly timeoutMs?: number | null
  /** Connections to use and keep; without one each post has a connection of its own. */
  readonly agents?: Agents
  readonly signal?: AbortSignal
  readonly userAgent?: string
  /** Largest answer taken. */
  readonly maxBytes?: number
  /** Asked with the address really used, after name resolution; a reason forbids it (own control port, link-local …). */
  readonly permit?: (address: string, port: number) => string | null
  /** PEM of certificate authorities to trust, and none of the system's; asked for at every new connection where it may move. */
  readonly ca?: string | (() => string | null)
  /** PEM of a client certificate and its private key. */
  readonly cert?: string
  readonly key?: string
  /** Takes any certificate of the server, and any name in it. */
  readonly insecure?: boolean
  readonly clock?: { now(): number; mono(): number }
}

/** What went out and what came back, whatever its status. */
export interface Posted {
  readonly httpStatus: number
  readonly startLine: string
  readonly headers: Headers
  readonly contentType: string
  readonly bytes: Uint8Array
  /** When the last byte had come. */
  readonly at: number
  readonly mono: number
  readonly sent: { readonly startLine: string; readonly headers: Headers; readonly at: number; readonly mono: number }
  readonly local: string
  readonly remote: string
}

/** Kept connections for both schemes. */
export interface Agents {
  readonly plain: PlainAgent
  readonly tls: TlsAgent
  close(): void
}

/** Agents that keep idle connections (a little shorter than the server says it does). */
export function keptConnections(): Agents {
  const settings = { keepAlive: true, maxFreeSockets: 64, timeout: HTTP_LIMITS.keepAlive }
  const plain = new PlainAgent(settings)
  const tls = new TlsAgent(settings)
  return {
    plain,
    tls,
    close: () => {
      plain.destroy()
      tls.destroy()
    },
  }
}

const SYSTEM = { now: () => performance.timeOrigin + performance.now(), mono: () => performance.now() }
const ACCEPT = 'application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml'

/** Posts `frame` to the absolute http or https URI. Rejects with TransportError only. */
export async function post(uri: string, frame: Frame, options: PostOptions = {}): Promise<Posted> {
  const url = URL.canParse(uri) ? new URL(uri) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new TransportError('uri', `cannot post to ${uri}: not an http or https URI`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const no = isIP(host) !== 0 ? options.permit?.(plainAddress(host), port) : null
  if (no) throw new TransportError('forbidden', `not sent to ${uri}: ${no}`)
  return exchange(url, host, port, frame, options)
}

function exchange(url: URL, host: string, port: number, frame: Frame, options: PostOptions): Promise<Posted> {
  const clock = options.clock ?? SYSTEM
  const tls = url.protocol === 'https:'
  const fields = requestFields(url, frame, options)
  const settings: RequestOptions = {
    method: 'POST',
    host,
    port,
    path: `${url.pathname}${url.search}`,
    headers: fields,
    // Old servers end lines with LF alone, or say Content-Length beside chunks: their answers are read all the same.
    insecureHTTPParser: true,
    agent: (tls ? options.agents?.tls : options.agents?.plain) ?? false,
    ...(options.permit === undefined ? {} : { lookup: guarded(options.permit, port) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
  return new Promise((resolve, reject) => {
    let failed: TransportError | null = null
    let req: ClientRequest
    try {
      req = tls ? tlsRequest({ ...settings, ...trusting(options) }) : plainRequest(settings)
    } catch (error) {
      return reject(failureOf(error as NodeJS.ErrnoException, url, false))
    }
    const timeoutMs = options.timeoutMs === undefined ? HTTP_LIMITS.requestTimeout : options.timeoutMs
    const timer =
      timeoutMs === null
        ? undefined
        : setTimeout(() => fail(new TransportError('timed out', `${url.host} did not answer within ${timeoutMs} ms`)), timeoutMs)
    const fail = (error: TransportError): void => {
      failed ??= error
      clearTimeout(timer)
      reject(failed)
      req.destroy()
    }
    const sent = { startLine: `POST ${settings.path ?? ''} HTTP/1.1`, headers: pairs(fields), at: clock.now(), mono: clock.mono() }
    req.on('error', (error: NodeJS.ErrnoException) => fail(failureOf(error, url, req.reusedSocket)))
    req.on('response', (res) => {
      // A kept connection is taken from the answer as soon as that is through.
      const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = res.socket
      collect(res, options.maxBytes ?? HTTP_LIMITS.bodyBytes, url, fail, (bytes) => {
        clearTimeout(timer)
        const headers = pairs(res.rawHeaders)
        const startLine = `HTTP/${res.httpVersion} ${res.statusCode ?? 0} ${res.statusMessage ?? ''}`
        resolve({
          httpStatus: res.statusCode ?? 0,
          startLine,
          headers,
          contentType: field(headers, 'content-type'),
          bytes,
          at: clock.now(),
          mono: clock.mono(),
          sent,
          local: endpoint(localAddress, localPort),
          remote: endpoint(remoteAddress, remotePort),
        })
      })
    })
    req.end(frame.bytes)
  })
}

function trusting({ ca, cert, key, insecure }: PostOptions): Pick<TlsRequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'> {
  const authorities = typeof ca === 'function' ? ca() : (ca ?? null)
  return {
    ...(authorities === null ? {} : { ca: authorities }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  }
}

function collect(res: IncomingMessage, maxBytes: number, url: URL, fail: (error: TransportError) => void, done: (bytes: Uint8Array) => void): void {
  let body: Uint8Array = EMPTY
  let size = 0
  res.on('data', (chunk: Uint8Array) => {
    body = keep(body, size, chunk)
    size += chunk.length
    if (size > maxBytes) fail(new TransportError('too large', `the answer of ${url.host} is longer than ${maxBytes} bytes`))
  })
  res.on('end', () => done(exact(body, size)))
  res.on('aborted', () => fail(new TransportError('reset', `${url.host} closed the connection after ${size} bytes of the answer`)))
  res.on('error', (error: NodeJS.ErrnoException) => fail(failureOf(error, url, false)))
}

/**
 * All fields of a request, in the order they go out: what the frame does not name in our usual order, then its own. A frame's fields win over our Accept
 * and User-Agent, and over Host and Connection; of Content-Type and Content-Length it chooses the place only.
 */
function requestFields(url: URL, frame: Frame, options: PostOptions): string[] {
  const own = frame.headers.filter(([name]) => !/^(transfer-encoding|expect)$/i.test(name))
  const ours = [
    ['Host', url.host],
    ['Connection', options.agents === undefined ? 'close' : 'keep-alive'],
    ['User-Agent', options.userAgent ?? 'DM-Lab'],
    ['Accept', ACCEPT],
    ['Content-Type', frame.contentType],
    ['Content-Length', String(frame.bytes.length)],
  ] as const
  const usual = ours.filter(([name]) => field(own, name.toLowerCase()) === '').flat()
  const fixed = new Map<string, string>(ours.slice(-2).map(([name, value]) => [name.toLowerCase(), value]))
  return [...usual, ...own.flatMap(([name, value]) => [name, fixed.get(name.toLowerCase()) ?? value])]
}

/** Name resolution that asks `permit` for the very address the connection will use. */
export function guarded(permit: NonNullable<PostOptions['permit']>, port: number): LookupFunction {
  return (host, options, callback) => {
    systemLookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0)
      for (const { address } of found) {
        const no = permit(plainAddress(address), port)
        if (no) return callback(Object.assign(new Error(`${host} is ${address}: ${no}`), { code: 'FORBIDDEN' }), '', 0)
      }
      if (options.all === true) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family ?? 0)
    })
  }
}

function failureOf(error: NodeJS.ErrnoException, url: URL, reused: boolean): TransportError {
  const at = url.host
  const code = error.code ?? ''
  const make = (failure: Failure, text: string): TransportError => new TransportError(failure, text, reused, error)
  if (error instanceof TransportError) return error
  if (error.name === 'AbortError') return make('stopped', `posting to ${at} was stopped`)
  if (code === 'FORBIDDEN') return make('forbidden', `not sent to ${at}: ${error.message}`)
  if (code === 'ECONNREFUSED') return make('refused', `nobody listens at ${at} (connection refused)`)
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return make('reset', `${at} closed the connection before it answered${reused ? ' (it had been idle)' : ''}`)
  if (code === 'ETIMEDOUT') return make('timed out', `no answer from ${at} to the connection attempt`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return make('name', `the host name ${url.hostname} is not known`)
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return make('unreachable', `there is no way to ${at} (${code})`)
  if (code.startsWith('HPE_')) return make('protocol', `the answer of ${at} is not HTTP/1.1: ${error.message}`)
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code)) return make('tls', `no trusted TLS connection to ${at}: ${tlsWords(error)}`)
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') return make('uri', `cannot post to ${url.href}: ${error.message}`)
  return make('protocol', `posting to ${at} failed: ${error.message}`)
}

/** What OpenSSL means. */
function tlsWords(error: NodeJS.ErrnoException): string {
  const code = error.code ?? ''
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code) || /wrong version number|packet length too long/.test(error.message))
    return `the server does not speak TLS there (${code}); is the URL to begin with http://?`
  if (/UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/.test(code)) return `${error.message}: the authority of its certificate is not trusted here`
  if (code === 'CERT_HAS_EXPIRED') return `${error.message} (look at the clock)`
  return error.message
}

/** A way to post that keeps its connections, as a client runner wants it. */
export interface Poster {
  /** Posts to `frame.uri`. Answers other than 2xx with a SyncML message, whatever its content type says, have no frame; `text` says what came. */
  post(frame: Frame): Promise<{ readonly httpStatus: number; readonly frame: Frame | null; readonly text: string }>
  close(): void
}

/** A Poster; options are those of `post`. */
export function poster(options: Omit<PostOptions, 'agents'> = {}, agents: Agents = keptConnections()): Poster {
  return {
    close: () => agents.close(),
    post: async (frame) => {
      const { httpStatus, bytes, contentType, headers } = await post(frame.uri, frame, { ...options, agents })
      const encoding = encodingOf(contentType) ?? looksLike(bytes)
      if (httpStatus >= 200 && httpStatus < 300 && encoding !== null && (httpStatus === 200 || bytes.length > 0))
        return { httpStatus, frame: { bytes, encoding, contentType, headers, uri: '' }, text: '' }
      const text = contentType.startsWith('text/')
        ? new TextDecoder().decode(bytes.subarray(0, 1000)).trim()
        : `${bytes.length} bytes of ${contentType || 'no type'}`
      return { httpStatus, frame: null, text }
    },
  }
}
