// The download server: objects with ranges, descriptors 1.0 and 2.0, status reports; streamed in constant memory.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Seq } from '../api.ts'
import { WITH_IT, wrapped } from '../download/combined.ts'
import type { Form } from '../download/combined.ts'
import { buildDescriptor, typeOf } from '../download/ddbuild.ts'
import { conditionOf, contentRange, contentRangeOf, ifRangeHolds, wantedRange } from '../download/ranges.ts'
import { Exchanges, endsOf } from './dlexchange.ts'
import type { Begun, Exchange, ExchangesOptions } from './dlexchange.ts'
import { faultWords } from './dlfaults.ts'
import type { Fault, Faults } from './dlfaults.ts'
import type { Images, Offer } from './images.ts'
import { around, fileRange, pour } from './pour.ts'
import type { Range } from './pour.ts'

/** A status report that came in (download sheet 3.3). */
export interface Notified {
  /** Last part of the address. */
  readonly id: string
  readonly device: string
  readonly job: string
  /** 0 where the body does not begin with a code. */
  readonly status: number
  readonly text: string
  readonly at: number
  /** Row of the trace. */
  readonly seq: Seq
}

export interface DownloadServerOptions extends ExchangesOptions {
  readonly images: Images
  /** Base URL as a device sees it, ending in `path`; `req`: the request that asks, where one does. */
  readonly base: (device: string, req?: IncomingMessage) => string
  /** Path it serves below; absent: `/dl/`. */
  readonly path?: string
  /** Asked for each object and descriptor: a refusal (404, 410), or null. */
  readonly refused?: (name: string, device: string, remote: string) => { readonly status: number; readonly text: string } | null
  /** Told when a whole object has been sent. */
  readonly served?: (name: string, device: string) => void
  /** Told what of an object was sent, octets `from` to `to` of `size`, both included. */
  readonly sent?: (name: string, device: string, part: { readonly from: number; readonly to: number; readonly size: number }) => void
  readonly faults?: Faults
  readonly notified?: (notified: Notified) => void
}

/** Where a device is sent for an object. */
export interface LinkWish {
  /** `http`: the object itself; `dlota1`, `dlota2`: its descriptor; `dlota1-combined`: both in one body. */
  readonly mechanism: 'http' | 'dlota1' | 'dlota2' | 'dlota1-combined'
  /** Told again in every row and report of that device. */
  readonly device?: string
  readonly job?: string
}

export interface DownloadServer {
  /** Takes a request below its path; false for any other. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Address of an offer for a device: what goes into PkgURL. Throws an Error where nothing of that name is offered. */
  link(name: string, wish: LinkWish): string
}

/** Body bytes of an object that a row keeps. */
const KEPT = 4096
/** Bytes of a report that are read. */
const REPORT_BYTES = 4096
/** Ends of addresses; `.ddw` is the combined form of WSP, which no link names. */
const SUFFIXES = { http: '', dlota1: '.dd', dlota2: '.dd2', 'dlota1-combined': '.ddm' } as const

/** What is sent, of known length. */
interface Body {
  /** For the row. */
  readonly words: string
  readonly contentType: string
  readonly size: number
  readonly etag: string
  readonly digest: readonly string[]
  readonly read: Range
}

/** A date of HTTP in ms; NaN for any other text. */
const dateOf = (field: string): number => (/^[A-Za-z]{3,9},? /.test(field.trim()) ? Date.parse(field) : NaN)

/** Makes a download server; it listens nowhere by itself. */
export function makeDownloadServer(options: DownloadServerOptions): DownloadServer {
  const { images, clock, path: root = '/dl/' } = options
  const exchanges = new Exchanges(options)
  const query = ({ device = '', job = '' }: { readonly device?: string | undefined; readonly job?: string | undefined }): string => {
    const words = new URLSearchParams()
    if (device !== '') words.set('device', device)
    if (job !== '') words.set('job', job)
    return words.size === 0 ? '' : `?${words.toString()}`
  }

  /** Sends a body of known length, whole or a range of it. */
  async function ranged(x: Exchange, offer: Offer, body: Body, fault: Fault | null): Promise<void> {
    const etag = fault?.etag ?? body.etag
    const modified = new Date(offer.modified).toUTCString()
    const field = (name: string): string => x.req.headers[name]?.toString() ?? ''
    const asked = {
      ifMatch: field('if-match'),
      ifUnmodifiedSince: dateOf(field('if-unmodified-since')),
      ifNoneMatch: field('if-none-match'),
      ifModifiedSince: dateOf(field('if-modified-since')),
    }
    const condition = conditionOf(asked, etag, dateOf(modified))
    if (condition === 304) return exchanges.bare(x, 304, ['ETag', etag, 'Last-Modified', modified], `304 ${offer.name}: the asker has it`)
    if (condition === 412) return exchanges.plain(x, 412, 'it is not what the condition says', ['ETag', etag, 'Last-Modified', modified])
    // Of a HEAD there is no part (clause 14.2).
    const ranges = x.req.method === 'GET' && fault?.noRanges !== true && ifRangeHolds(field('if-range'), etag, modified)
    const wanted = wantedRange(ranges ? field('range') : '', body.size)
    const digest = fault?.noDigest === true ? [] : body.digest
    const common = ['ETag', etag, 'Last-Modified', modified, ...(fault?.noRanges === true ? [] : ['Accept-Ranges', 'bytes']), ...digest]
    if (wanted.what === 'unsatisfiable') {
      const bounds = ['Content-Range', contentRangeOf(body.size), 'ETag', etag]
      return exchanges.plain(x, 416, wanted.reason, bounds, undefined, `416 ${offer.name}: ${wanted.reason}`)
    }
    const [from, to] = wanted.what === 'part' ? [wanted.from, wanted.to] : [0, body.size - 1]
    const status = wanted.what === 'part' ? 206 : 200
    const shift = wanted.what === 'part' ? (fault?.shift ?? 0) : 0
    const part = wanted.what === 'part' ? ['Content-Range', contentRange(from + (fault?.honest === true ? shift : 0), to, body.size)] : []
    const length = fault?.announce ?? to - from + 1
    const fields = exchanges.fieldsOf(x, fault?.contentType ?? body.contentType, fault?.noLength === true ? null : length, [...common, ...part])
    x.res.writeHead(status, fields)
    if (x.req.method === 'HEAD') {
      x.res.end()
      return exchanges.answered(x, { status, fields, sent: 0, head: new Uint8Array(), text: `${String(status)} HEAD of ${offer.name}` })
    }
    const { sent, head, whole } = await pour(x.res, body.read(from + shift, to), {
      keep: KEPT,
      cutAfter: fault?.cutAfter,
      bytesPerSecond: fault?.bytesPerSecond,
    })
    if (whole && to === body.size - 1) options.served?.(offer.name, x.device)
    if (body.words === offer.name && sent > 0) options.sent?.(offer.name, x.device, { from, to: from + sent - 1, size: body.size })
    const range = wanted.what === 'part' ? ` bytes ${String(from)}-${String(to)}/${String(body.size)}` : ''
    const what = `${String(status)}${range} of ${body.words} (SHA-256 ${offer.sha256}), ${String(sent)} bytes sent`
    const rest = whole ? '' : `: the connection ended before the other ${String(to - from + 1 - sent)}`
    exchanges.answered(x, { status, fields, sent, head, text: `${what}${rest}` })
  }

  function object(x: Exchange, offer: Offer, fault: Fault | null): Promise<void> {
    const { name, contentType, size, sha256 } = offer
    const digest = ['Repr-Digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`]
    return ranged(x, offer, { words: name, contentType, size, etag: `"${sha256}"`, digest, read: fileRange(images.path(sha256), size) }, fault)
  }

  /** Descriptor and object in one (download sheet 3.1, combined delivery). */
  function combined(x: Exchange, offer: Offer, form: Form, fault: Fault | null): Promise<void> {
    const about = { type: typeOf('1.0'), text: descriptorText(x, offer, '1.0', fault, [WITH_IT]) }
    const { head, tail, contentType } = wrapped(form, about, { type: offer.contentType, size: offer.size })
    const etag = `"${createHash('sha256').update(head).update(offer.sha256).digest('hex')}"`
    const read = around(head, fileRange(images.path(offer.sha256), offer.size), offer.size, tail)
    const size = head.length + offer.size + tail.length
    return ranged(x, offer, { words: `${offer.name} with its descriptor`, contentType, size, etag, digest: [], read }, fault)
  }

  function descriptorText(x: Exchange, offer: Offer, version: '1.0' | '2.0', fault: Fault | null, uris: readonly string[]): string {
    const notify = encodeURIComponent(x.job === '' ? offer.name : x.job)
    return buildDescriptor({
      version,
      name: offer.title === '' ? offer.name : offer.title,
      vendor: offer.vendor,
      description: offer.description,
      installParam: offer.installParam,
      installNotifyUri: `${options.base(x.device, x.req)}notify/${notify}${query(x)}`,
      objects: [
        {
          types: [offer.contentType],
          size: fault?.announce ?? offer.size,
          uris,
          sha256: fault?.noDigest === true ? '' : offer.sha256,
          ...(version === '2.0' ? { objectId: offer.name, objectVersion: offer.version } : {}),
        },
      ],
    })
  }

  function descriptor(x: Exchange, offer: Offer, version: '1.0' | '2.0', fault: Fault | null): void {
    const text = descriptorText(x, offer, version, fault, [...(fault?.servers ?? []), `${options.base(x.device, x.req)}${offer.name}${query(x)}`])
    exchanges.plain(x, 200, text, [], fault?.contentType ?? typeOf(version), `200 descriptor ${version} of ${offer.name}`)
  }

  function nameOf(path: string): string {
    try {
      return decodeURIComponent(path.slice(root.length))
    } catch {
      return ''
    }
  }

  // -- requests

  async function get(x: Begun): Promise<void> {
    const { req, res, url } = x
    const range = req.headers.range === undefined ? '' : `, Range ${req.headers.range}`
    const condition = req.headers['if-range'] === undefined ? '' : `, If-Range ${req.headers['if-range'].toString()}`
    const file = nameOf(url.pathname)
    const seen: Exchange = { ...x, cause: exchanges.asked(x, `${req.method ?? ''} ${url.pathname}${range}${condition}`, new Uint8Array()) }
    if (x.url.pathname.startsWith(`${root}notify/`))
      return exchanges.plain(seen, 405, `${req.method ?? ''}: a status report comes by POST`, ['Allow', 'POST'])
    if (req.method !== 'GET' && req.method !== 'HEAD')
      return exchanges.plain(seen, 405, `${req.method ?? ''}: objects are fetched with GET`, ['Allow', 'GET, HEAD'])
    const [, name = '', suffix = ''] = /^(.*?)(\.dd[2mw]?)?$/.exec(file) ?? []
    const no = options.refused?.(name, x.device, endsOf(req).remote) ?? null
    if (no !== null) return exchanges.plain(seen, no.status, no.text)
    const offer = images.get(name)
    if (offer === undefined) return exchanges.plain(seen, 404, `nothing is offered under the name ${name}`)
    const form: Form | null = suffix === '.ddm' ? { kind: 'mime', boundary: offer.sha256 } : suffix === '.ddw' ? { kind: 'wsp' } : null
    const fault = options.faults?.take(name, suffix === '' || form !== null ? 'object' : 'descriptor') ?? null
    if (fault !== null) res.shouldKeepAlive = false
    if (fault !== null && faulty(seen, fault, suffix)) return
    if (suffix === '') return object(seen, offer, fault)
    if (form !== null) return combined(seen, offer, form, fault)
    descriptor(seen, offer, suffix === '.dd2' ? '2.0' : '1.0', fault)
  }

  /** Faults that replace the whole answer; true where one did. */
  function faulty(x: Exchange, fault: Fault, suffix: string): boolean {
    const why = faultWords(fault)
    if (fault.status !== undefined) {
      const wait = fault.retryAfter === undefined ? [] : ['Retry-After', String(fault.retryAfter)]
      exchanges.plain(x, fault.status, why, wait)
    } else if (fault.redirect !== undefined) exchanges.plain(x, 302, why, ['Location', fault.redirect])
    else if (fault.body !== undefined)
      exchanges.plain(
        x,
        200,
        fault.body,
        [],
        fault.contentType ?? (suffix === '' ? 'application/octet-stream' : typeOf(suffix === '.dd2' ? '2.0' : '1.0')),
        why,
      )
    else return false
    return true
  }

  function report(x: Begun): void {
    const chunks: Uint8Array[] = []
    let size = 0
    x.req.on('data', (chunk: Uint8Array) => {
      if (size <= REPORT_BYTES) chunks.push(chunk)
      size += chunk.length
    })
    x.req.on('end', () => {
      const bytes = new Uint8Array(Buffer.concat(chunks))
      const text = Buffer.from(bytes)
        .toString('latin1')
        .replace(/^\u00ef\u00bb\u00bf/, '')
        .trim()
      const id = nameOf(x.url.pathname.replace(`${root}notify/`, root))
      const seq = exchanges.asked(x, `status report ${id}: ${text.slice(0, 200)}`, bytes)
      const seen: Exchange = { ...x, cause: seq }
      const fault = options.faults?.take(id, 'notify') ?? null
      if (fault !== null && faulty(seen, fault, '')) return
      if (size > REPORT_BYTES) return exchanges.plain(seen, 413, `a report has at most ${String(REPORT_BYTES)} bytes`)
      // Clients also write the line as a form has it (900+Success), or words of their own behind the code.
      const status = Number(/^(\d{3})(?!\d)/.exec(text)?.[1] ?? 0)
      exchanges.plain(seen, 200, '', [], undefined, status === 0 ? '200: a report without a code' : `200: report ${String(status)} taken`)
      options.notified?.({ id, device: x.device, job: x.job, status, text, at: clock.now(), seq })
    })
  }

  /** The path of its target; one that comes with scheme and host, as through a proxy, counts where that is here (RFC 9112 clause 3.2.2). */
  function pathOf(req: IncomingMessage): string {
    const { url = '', socket } = req
    if (!/^https?:/i.test(url) || !URL.canParse(url)) return url
    const { host, pathname } = new URL(url)
    const here = [new URL(options.base('', req)).host, `${socket.localAddress ?? ''}:${String(socket.localPort ?? 0)}`]
    return here.includes(host) ? pathname : url
  }

  return {
    handle: (req, res) => {
      if (!pathOf(req).startsWith(root)) return false
      const x = exchanges.begin(req, res)
      if (req.method === 'POST' && x.url.pathname.startsWith(`${root}notify/`)) report(x)
      else {
        req.resume()
        get(x).catch(() => res.destroy())
      }
      return true
    },
    link: (name, { mechanism, device, job }) => {
      if (images.get(name) === undefined) throw new Error(`nothing is offered under the name ${name}`)
      return `${options.base(device ?? '')}${name}${SUFFIXES[mechanism]}${query({ device, job })}`
    },
  }
}
