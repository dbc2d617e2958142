// The DM Server's front in memory: what HTTP and UDP are to a real lab. Every frame passes the real Host and Recorder, so the trace is the real thing.
import type { Host } from '../lab/host.ts'
import type { Clock, Transport } from '../lab/ports.ts'
import type { PushSender } from '../lab/pushes.ts'
import type { Post } from '../lab/runner.ts'
import type { Frame, Headers } from '../machine.ts'
import { readPdu, toHttp, toPdu } from '../notify/push.ts'
import type { Push } from '../notify/push.ts'
import { PushError } from '../notify/wspvalues.ts'
import type { Encoding } from '../syncml/message.ts'
import { fieldOf, partsOf } from './memorynet.ts'
import type { MemoryNet, NetRequest, NetResponse } from './memorynet.ts'

const PLAIN = 'text/plain; charset=utf-8'

/** The encoding a content type names; null for none of SyncML. */
export function encodingOf(contentType: string): Encoding | null {
  const [type = ''] = contentType.toLowerCase().split(';')
  if (/^application\/vnd\.syncml(\.dm)?\+xml$/.test(type.trim())) return 'xml'
  return /^application\/vnd\.syncml(\.dm)?\+wbxml$/.test(type.trim()) ? 'wbxml' : null
}

/** Where a DM Server is reached: give `transport` to its host and `serve` to the net. */
export interface Front {
  readonly transport: Transport
  /** Takes POSTs of SyncML; anything else is refused as a trace row. */
  serve(request: NetRequest): Promise<NetResponse>
}

/** `host` is asked when the first request comes. */
export function makeFront(clock: Clock, host: () => Host): Front {
  const waiting = new Map<number, (response: NetResponse) => void>()
  let links = 0
  const times = () => ({ at: clock.now(), mono: clock.mono() })
  const answer = (link: number, status: number, contentType: string, own: Headers, body: Uint8Array): Headers | null => {
    const give = waiting.get(link)
    if (give === undefined) return null
    waiting.delete(link)
    const headers: Headers = [['Server', 'DM-Lab'], ['Content-Type', contentType], ['Content-Length', String(body.length)], ...own]
    give({ status, headers, body })
    return headers
  }
  const transport: Transport = {
    respond: (link, frame, sent) => {
      const headers = answer(link.link, 200, frame.contentType, frame.headers, frame.bytes)
      if (headers !== null) sent({ ...times(), startLine: 'HTTP/1.1 200 OK', headers })
    },
    refuse: (link, httpStatus, text, sent) => {
      const headers = answer(link.link, httpStatus, PLAIN, [], new TextEncoder().encode(`${text}\n`))
      if (headers !== null) sent({ ...times(), startLine: `HTTP/1.1 ${String(httpStatus)}`, headers })
    },
  }
  return {
    transport,
    serve: (request) => {
      const { method, url, startLine, headers, body, local, remote } = request
      const contentType = fieldOf(headers, 'content-type')
      const encoding = method === 'POST' ? encodingOf(contentType) : null
      if (encoding === null) {
        const httpStatus = method === 'POST' ? 415 : 405
        const reason = method === 'POST' ? `Content-Type ${contentType || 'missing'}: this port takes SyncML` : `${method}: devices POST SyncML here`
        host().refused({ ...times(), httpStatus, reason, startLine, headers, local, remote, bytes: body, truncated: false })
        return Promise.resolve({ status: httpStatus, headers: [['Content-Type', PLAIN]], body: new TextEncoder().encode(`${reason}\n`) })
      }
      const link = { link: ++links }
      const frame: Frame = { bytes: body, encoding, contentType, headers, uri: partsOf(url)?.target ?? url }
      return new Promise((resolve) => {
        waiting.set(link.link, resolve)
        host().received({ link, frame, startLine, headers, local, remote, ...times() })
      })
    },
  }
}

/** How a device posts over the net; `via` names the relay that carries a request to an address, undefined: none. */
export function memoryPost(net: MemoryNet, client: string, via: (uri: string) => string | undefined = () => undefined): Post {
  return async (frame) => {
    const headers: Headers = [['User-Agent', 'DM-Lab simulated device'], ['Content-Type', frame.contentType], ...frame.headers]
    const relay = via(frame.uri)
    const wish = { method: 'POST', url: frame.uri, headers, body: frame.bytes, ...(relay === undefined ? {} : { via: relay }) }
    const { status, headers: answered, body } = await net.ask(client, wish)
    const contentType = fieldOf(answered, 'content-type')
    const encoding = encodingOf(contentType)
    if (status === 200 && encoding !== null)
      return { httpStatus: status, frame: { bytes: body, encoding, contentType, headers: answered, uri: '' }, text: '' }
    return { httpStatus: status, frame: null, text: new TextDecoder().decode(body.subarray(0, 1000)).trim() }
  }
}

/** Sends pushes over the net: datagrams to `udp://`, else a POST. */
export function memoryPushes(net: MemoryNet, clock: Clock, from: string): PushSender {
  return {
    send: async (to, parts) => {
      const ends = { local: `${from}:2948`, remote: partsOf(to)?.host ?? to, at: clock.now(), mono: clock.mono() }
      if (to.startsWith('udp:')) {
        const bytes = toPdu(parts)
        net.send(ends.local, to, bytes)
        return { bytes, startLine: '', headers: [], httpStatus: 0, ...ends }
      }
      const { contentType, headers, body } = toHttp(parts)
      const fields: Headers = [['Content-Type', contentType], ...headers]
      const { status } = await net.ask(from, { method: 'POST', url: to, headers: fields, body })
      return { bytes: body, startLine: `POST ${partsOf(to)?.target ?? to} HTTP/1.1`, headers: fields, httpStatus: status, ...ends }
    },
  }
}

/** A datagram as the push it carries; null where it is none. */
export function pushOf(bytes: Uint8Array): Push | null {
  try {
    return readPdu(bytes)
  } catch (error) {
    if (error instanceof PushError) return null
    throw error
  }
}
