// Passes a recorded request on to a foreign server: the same octets and header fields, order and spelling kept; failures in words. Never to this lab's control port.
import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { Agent as PlainAgent, request as requestPlain } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as requestTls } from 'node:https'
import { networkInterfaces } from 'node:os'
import type { LookupFunction } from 'node:net'
import type { UpstreamTrust } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import { UpstreamError } from '../lab/relayports.ts'
import type { RelayAnswer, RelayRequest } from '../lab/relayports.ts'
import { encodingOf, endpoint, field, pairs, plainAddress } from './media.ts'
import { exact, EMPTY, keep } from './wire.ts'

/** Fields that speak of one connection only (RFC 9110 7.6.1); ours has its own. */
const HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'expect'])

/** Longest answer taken in. */
const ANSWER_BYTES = 64 * 1024 * 1024

/** Fields for the next connection, flat; `Content-Length` stands where it stood, or at the end. `host` replaces the value of Host, null leaves it. */
export function passedFields(headers: readonly (readonly [string, string])[], length: number | null, host: string | null): string[] {
  const named = new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) =>
        value
          .toLowerCase()
          .split(',')
          .map((each) => each.trim()),
      ),
  )
  const out: string[] = []
  let sized = length === null
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (lower === 'content-length' && !sized) {
      out.push(name, String(length))
      sized = true
    } else if (lower === 'host' && host !== null) out.push(name, host)
    else if (!HOP.has(lower) && !named.has(lower)) out.push(name, value)
  }
  if (!sized) out.push('Content-Length', String(length))
  return out
}

export interface UpstreamOptions {
  readonly clock: Clock
  readonly trust: UpstreamTrust
  readonly ca?: string
  readonly timeoutMs: number
  /** Why an address may not be spoken to; null where it may. Asked with every address a name leads to. */
  readonly forbidden: (address: string, port: number) => string | null
}

/** Connections to foreign servers, kept open between messages. */
export interface Upstream {
  send(url: string, request: RelayRequest, gone: Promise<string>): Promise<RelayAnswer>
  close(): void
}

export function upstream(options: UpstreamOptions): Upstream {
  const plain = new PlainAgent({ keepAlive: true, maxSockets: 512 })
  const tls = new TlsAgent({
    keepAlive: true,
    maxSockets: 512,
    rejectUnauthorized: options.trust !== 'none',
    ...(options.trust === 'ca' && options.ca !== undefined ? { ca: options.ca } : {}),
  })
  const send = (text: string, request: RelayRequest, gone: Promise<string>, again: boolean): Promise<RelayAnswer> => {
    const url = new URL(text)
    const secure = url.protocol === 'https:'
    const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
    return new Promise((resolve, reject) => {
      let timedOut = false
      const refused = options.forbidden(hostname, port)
      if (refused !== null) return reject(new UpstreamError(502, refused))
      const whole = request.method !== 'GET' && request.method !== 'HEAD' ? request.bytes.length : null
      const headers = passedFields(request.headers, whole, url.host)
      const req: ClientRequest = (secure ? requestTls : requestPlain)({
        agent: secure ? tls : plain,
        method: request.method,
        host: hostname,
        port,
        // As it was received, not as a URL parser would write it.
        path: text.slice(text.indexOf('//') + 2).replace(/^[^/?#]*/, '') || '/',
        headers,
        insecureHTTPParser: true,
        setHost: !headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'host'),
        lookup: guarded(options.forbidden, port),
        ...(secure ? { servername: /^[\d.]+$|:/.test(hostname) ? '' : hostname } : {}),
      })
      const timer = setTimeout(() => {
        timedOut = true
        req.destroy()
      }, options.timeoutMs)
      const failed = (error: Error & { code?: string }): void => {
        clearTimeout(timer)
        if (timedOut) return reject(new UpstreamError(504, `${url.origin} gave no whole answer within ${options.timeoutMs} ms`))
        // A kept connection may have been closed by the other end just now: nothing of the request was taken then.
        if (req.reusedSocket && again && error.code === 'ECONNRESET') return resolve(send(text, request, gone, false))
        reject(new UpstreamError(502, `${url.origin}: ${words(error)}`, { cause: error }))
      }
      void gone.then((why) => req.destroy(new Error(`the device left: ${why}`)))
      req.on('error', failed)
      req.on('response', (res) =>
        collect(
          res,
          options.clock,
          (answer) => {
            clearTimeout(timer)
            resolve(answer)
          },
          failed,
        ),
      )
      req.end(whole === null ? undefined : request.bytes)
    })
  }
  return {
    send: (url, request, gone) => send(url, request, gone, true),
    close: () => {
      plain.destroy()
      tls.destroy()
    },
  }
}

function collect(res: IncomingMessage, clock: Clock, done: (answer: RelayAnswer) => void, failed: (error: Error) => void): void {
  let body: Uint8Array = EMPTY
  let size = 0
  // At its end the answer has given its socket back.
  const { socket } = res
  const local = endpoint(socket.localAddress ?? '', socket.localPort ?? 0)
  const remote = endpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0)
  res.on('data', (chunk: Uint8Array) => {
    body = keep(body, size, chunk)
    size += chunk.length
    if (size > ANSWER_BYTES) res.destroy(new Error(`its answer is longer than ${ANSWER_BYTES} bytes`))
  })
  res.on('error', failed)
  res.on('aborted', () => failed(new Error(`it closed the connection in the middle of its answer, after ${size} bytes`)))
  res.on('end', () => {
    if (!res.complete) return
    const headers = pairs(res.rawHeaders)
    const contentType = field(headers, 'content-type')
    const statusText = res.statusMessage ?? ''
    done({
      status: res.statusCode ?? 502,
      statusText,
      startLine: `HTTP/${res.httpVersion} ${res.statusCode ?? 0} ${statusText}`.trimEnd(),
      headers,
      bytes: exact(body, size),
      encoding: encodingOf(contentType),
      contentType,
      local,
      remote,
      at: clock.now(),
      mono: clock.mono(),
    })
  })
}

/** Names are looked up once a connection; each address is judged before anything is sent to it. */
function guarded(forbidden: UpstreamOptions['forbidden'], port: number): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0)
      const why = found.map(({ address }) => forbidden(address, port)).find((text) => text !== null)
      if (why !== undefined) return callback(new Error(why ?? ''), '', 0)
      if (options.all === true) return (callback as unknown as (error: null, found: LookupAddress[]) => void)(null, found)
      const [first] = found
      callback(null, first?.address ?? '', first?.family ?? 4)
    })
  }
}

/** True for an address of this computer. */
export function isOurs(address: string): boolean {
  const plain = plainAddress(address.replace(/^\[|\]$/g, '')).toLowerCase()
  if (/^(localhost|.*\.localhost|0\.0\.0\.0|::|::1)$/.test(plain) || plain.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((each) => each?.some((one) => one.address.toLowerCase() === plain) === true)
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there (connection refused)',
  ECONNRESET: 'it closed the connection without an answer',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up now',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'the connection was not established in time',
  EPROTO: 'it does not speak TLS there, or no version and cipher in common',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority of its certificate is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority of its certificate is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority of its certificate is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

function words(error: Error & { code?: string }): string {
  const known = error.code === undefined ? undefined : WORDS[error.code]
  if (known !== undefined) return known
  if (/wrong version number|packet length too long/i.test(error.message)) return 'it does not speak TLS there (plain HTTP?)'
  if (error.code?.startsWith('HPE_') === true) return `its answer is no HTTP that can be read (${error.message})`
  return error.message
}
