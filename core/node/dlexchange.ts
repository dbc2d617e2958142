// One exchange of the download server: what was asked and what was answered, as two rows of the trace, and the short answers.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hop, Seq } from '../api.ts'
import { BARE_ROW } from '../store/barerow.ts'
import type { NewEntry } from '../store/entry.ts'
import { startLineOf } from './exchange.ts'
import { endpoint, pairs } from './media.ts'
import { statusLine } from './reply.ts'

export interface ExchangesOptions {
  /** Leg of its rows; absent: S-D. */
  readonly hop?: Hop
  readonly server: string
  readonly clock: { now(): number; mono(): number }
  /** Writes a row; what it returns is the cause of the answer's row. */
  readonly record: (entry: Omit<NewEntry, 'origin'>) => Seq
  /** Which device speaks from an address, where its requests do not say; '' unknown. */
  readonly deviceAt?: (remote: string) => string
}

/** A request that has no row yet. */
export type Begun = Omit<Exchange, 'cause'>

/** One exchange, as its handlers see it. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly url: URL
  readonly device: string
  readonly job: string
  readonly cause: Seq
}

/** How an answer ended. */
export interface Outcome {
  readonly status: number
  readonly fields: readonly string[]
  readonly sent: number
  /** What is kept of the body. */
  readonly head: Uint8Array
  readonly text: string
}

export class Exchanges {
  readonly #options: ExchangesOptions

  constructor(options: ExchangesOptions) {
    this.#options = options
  }

  begin(req: IncomingMessage, res: ServerResponse): Begun {
    // Clients that read descriptors without an XML parser ask for the escaped address.
    const url = new URL((req.url ?? '/').replaceAll('&amp;', '&'), 'http://localhost')
    const device = url.searchParams.get('device') ?? this.#options.deviceAt?.(endsOf(req).remote) ?? ''
    res.on('error', () => {})
    return { req, res, url, device, job: url.searchParams.get('job') ?? '' }
  }

  #row(x: Begun, direction: 'up' | 'down', size: number, httpStatus: number, text: string): NewEntry['row'] {
    const { clock, hop = 'S-D' } = this.#options
    return { ...BARE_ROW, at: clock.now(), mono: clock.mono(), direction, hop, device: x.device, size, target: x.url.pathname, httpStatus, text }
  }

  /** The row of what was asked. */
  asked(x: Begun, text: string, bytes: Uint8Array): Seq {
    const rest = { startLine: startLineOf(x.req), headers: pairs(x.req.rawHeaders), ...endsOf(x.req), cause: null, findings: [], notes: [] }
    const odd = (x.req.url ?? '').includes('&amp;') ? '; the address has the &amp; of its descriptor, read as &' : ''
    return this.#options.record({ row: this.#row(x, 'up', bytes.length, 0, text + odd), bytes, ...rest })
  }

  /** The row of what was answered. */
  answered(x: Exchange, { status, fields, sent, head, text }: Outcome): void {
    const kept = head.length < sent ? `; truncated: the first ${String(head.length)} bytes are kept here` : ''
    const rest = {
      startLine: statusLine(status),
      headers: pairs(fields),
      ...endsOf(x.req),
      cause: x.cause === 0 ? null : x.cause,
      findings: [],
      notes: [],
    }
    this.#options.record({ row: this.#row(x, 'down', sent, status, `${text}${kept}`), bytes: head, ...rest })
  }

  /** Header fields of an answer; `length` null: it is told in chunks. */
  fieldsOf(x: Pick<Exchange, 'res'>, type: string, length: number | null, extra: readonly string[]): string[] {
    const { clock, server } = this.#options
    const own = ['Date', new Date(clock.now()).toUTCString(), 'Server', server, 'Content-Type', type]
    const size = length === null ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]
    return [...own, ...size, ...extra, 'Connection', x.res.shouldKeepAlive ? 'keep-alive' : 'close']
  }

  /** An answer that has no body and says nothing of one. */
  bare(x: Exchange, status: number, extra: readonly string[], text: string): void {
    const { clock, server } = this.#options
    const fields = [
      'Date',
      new Date(clock.now()).toUTCString(),
      'Server',
      server,
      ...extra,
      'Connection',
      x.res.shouldKeepAlive ? 'keep-alive' : 'close',
    ]
    x.res.writeHead(status, fields)
    x.res.end()
    this.answered(x, { status, fields, sent: 0, head: new Uint8Array(), text })
  }

  /** A short answer, kept whole. */
  plain(x: Exchange, status: number, text: string, extra: readonly string[] = [], type = 'text/plain; charset=utf-8', told = text): void {
    const body = Buffer.from(type.startsWith('text/plain') && text !== '' ? `${text}\n` : text)
    const fields = this.fieldsOf(x, type, body.length, extra)
    x.res.writeHead(status, fields)
    const bodiless = x.req.method === 'HEAD'
    x.res.end(bodiless ? undefined : body)
    this.answered(x, { status, fields, sent: bodiless ? 0 : body.length, head: bodiless ? new Uint8Array() : new Uint8Array(body), text: told })
  }
}

/** Both ends of its connection, as `address:port`. */
export function endsOf(req: IncomingMessage): { local: string; remote: string } {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = req.socket
  return { local: endpoint(localAddress, localPort), remote: endpoint(remoteAddress, remotePort) }
}
