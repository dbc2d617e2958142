// One HTTP exchange on a device-facing server: what its header block says and how far it has come.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Encoding } from '../syncml/message.ts'
import type { Headers, Link } from '../machine.ts'
import { codingOf, encodingOf, pairs } from './media.ts'
import type { Peer } from './peers.ts'
import type { Found } from './plain.ts'
import { EMPTY } from './wire.ts'

/** body: arriving; waits: the lab has it; answered: on its way out; over: nothing more to tell. */
export type Stage = 'body' | 'waits' | 'answered' | 'over'

export interface Refusal {
  readonly status: number
  readonly reason: string
}

export interface Exchange {
  readonly link: Link
  readonly peer: Peer<Exchange>
  /** What Node's parser made of it; null while it came the short way. */
  req: IncomingMessage | null
  res: ServerResponse | null
  readonly startLine: string
  readonly uri: string
  readonly http10: boolean
  readonly headers: Headers
  readonly contentType: string
  /** null: no POST of a SyncML type. */
  readonly encoding: Encoding | null
  /** Announced length; -1 where there was none. */
  readonly declared: number
  /** Refusal that waits for the end of the body; null for a SyncML body. */
  readonly refusal: Refusal | null
  stage: Stage
  /** The first `size` bytes are what came of the body. */
  body: Uint8Array
  size: number
}

/** Links are numbered over all servers of the process, so that one host can serve several. */
let nextLink = 1

/** A request that Node's parser read. */
export interface Parsed extends Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** A plain request, whole already. */
export function plainExchange(peer: Peer<Exchange>, { uri, block, body }: Found): Exchange {
  const { headers, contentType, encoding } = block
  return {
    link: { link: nextLink++ },
    peer,
    req: null,
    res: null,
    startLine: `POST ${uri} HTTP/1.1`,
    uri,
    http10: false,
    headers,
    contentType,
    encoding,
    declared: body.length,
    refusal: null,
    stage: 'body',
    body,
    size: body.length,
  }
}

export function exchangeOf(peer: Peer<Exchange>, req: IncomingMessage, res: ServerResponse): Parsed {
  const raw = req.rawHeaders
  let contentType = ''
  let declared = -1
  let coding = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 12 && name.length !== 14 && name.length !== 16) continue
    const lower = name.toLowerCase()
    if (lower === 'content-type') contentType ||= raw[i + 1] as string
    else if (lower === 'content-length') declared = Number(raw[i + 1])
    else if (lower === 'content-encoding') coding += `${raw[i + 1] as string},`
  }
  const encoding = req.method === 'POST' ? encodingOf(contentType) : null
  return {
    link: { link: nextLink++ },
    peer,
    req,
    res,
    startLine: startLineOf(req),
    uri: req.url ?? '',
    http10: req.httpVersion !== '1.1',
    headers: pairs(raw),
    contentType,
    encoding,
    declared,
    refusal: refusalOf(req.method ?? '', contentType, encoding, coding),
    stage: 'body',
    body: EMPTY,
    size: 0,
  }
}

/** Why this request is no SyncML exchange; null where it is one. */
function refusalOf(method: string, contentType: string, encoding: Encoding | null, coding: string): Refusal | null {
  if (method !== 'POST') return { status: 405, reason: `${method}: devices POST SyncML here` }
  if (encoding === null) {
    const found = contentType === '' ? 'no Content-Type' : `Content-Type ${contentType}`
    return { status: 415, reason: `${found}: this port takes application/vnd.syncml.dm+xml and application/vnd.syncml.dm+wbxml` }
  }
  const real = coding === '' ? null : codingOf(coding)
  return real === null ? null : { status: 415, reason: `Content-Encoding ${real}: send the body without compression` }
}

/** `POST /dm HTTP/1.1`; a request without version (which the parser calls 0.9) is shown as it came. */
export function startLineOf(req: IncomingMessage): string {
  if (req.httpVersion === '0.9') return `${req.method ?? ''} ${req.url ?? ''}`
  return `${req.method ?? ''} ${req.url ?? ''} HTTP/${req.httpVersion}`
}
