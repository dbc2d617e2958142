// A server of objects in memory (the Alternate Download Server, or a gateway's images): descriptors, objects with ranges, install-notify; every exchange is a pair of trace rows, with a bounded head of the body.
import { buildDescriptor, typeOf } from '../download/ddbuild.ts'
import { contentRange, contentRangeOf, ifRangeHolds, wantedRange } from '../download/ranges.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Clock } from '../lab/ports.ts'
import type { Hop } from '../api.ts'
import type { Headers } from '../machine.ts'
import { fieldOf, partsOf } from './memorynet.ts'
import type { NetRequest, NetResponse } from './memorynet.ts'

/** Bytes of an object that its row keeps. */
const HEAD = 4096

export interface Ware {
  readonly name: string
  readonly bytes: Uint8Array
  /** Lower-case hexadecimal. */
  readonly sha256: string
  readonly contentType: string
}

export interface ShopParts {
  readonly recorder: Recorder
  readonly clock: Clock
  /** `http://dl.example.com` */
  readonly origin: string
  /** What is sold under a name; undefined: nothing. */
  readonly ware: (name: string) => Ware | undefined
  /** Device a token (first segment below /dl/), or the client's end of the connection, belongs to; '' unknown. */
  readonly device: (token: string, remote: string) => string
  /** Leg its clients are on; absent: that of `stand`, or S-D. */
  readonly hop?: Hop
  /** Where it stands; absent: the download server at `/dl/<token>/<name>`. */
  readonly stand?: Stand
  /** Told what of an object was sent to whom. */
  readonly sent?: Sent
}

/** Where objects are served. */
export interface Stand {
  readonly hop: Hop
  /** Path before the name: `/gw/image/`. */
  readonly path: string
  /** Why an object is not served, told before anything else. */
  readonly refuses: (name: string) => { readonly status: number; readonly text: string } | null
}

/** Octets of an object that left. */
export type Sent = (name: string, device: string, part: { readonly from: number; readonly to: number; readonly size: number }) => void

export type ShopFlaw = 'missing' | 'corrupt' | 'unavailable'

/** Serves `/dl/<token>/<name>`, `.dd` and `.dd2` behind it, and `/dl/notify/<token>`. */
export class Shop {
  readonly #parts: ShopParts
  /** How it fails on purpose; null: not at all. */
  flaw: ShopFlaw | null = null

  constructor(parts: ShopParts) {
    this.#parts = parts
  }

  async serve(request: NetRequest): Promise<NetResponse> {
    const target = partsOf(request.url)?.target ?? ''
    const { token, name } = this.#placed(target)
    const device = this.#parts.device(token === 'notify' ? name : token, request.remote)
    const cause = this.#record(request, device, 'up', 0, request.startLine, request.headers, request.body, `${request.method} ${target}`, null)
    const response = this.#answer(request, token, decodeURIComponent(name))
    const { status, headers, body } = response
    const cut = body.length > HEAD ? `; truncated: the first ${String(HEAD)} bytes are kept here` : ''
    const text = `HTTP ${String(status)}, ${String(body.length)} bytes of ${fieldOf(headers, 'content-type') || 'no type'}${cut}`
    this.#record(request, device, 'down', status, `HTTP/1.1 ${String(status)}`, headers, body, text, cause)
    this.#told(request, decodeURIComponent(name), device, response)
    return response
  }

  #told({ method, headers }: NetRequest, name: string, device: string, { status, body }: NetResponse): void {
    const ware = method === 'GET' && (status === 200 || status === 206) ? this.#parts.ware(name) : undefined
    if (ware === undefined) return
    const size = ware.bytes.length
    const wanted = status === 206 ? wantedRange(fieldOf(headers, 'range'), size) : null
    const from = wanted?.what === 'part' ? wanted.from : 0
    this.#parts.sent?.(name, device, { from, to: from + body.length - 1, size })
  }

  #placed(target: string): { readonly token: string; readonly name: string } {
    const { stand } = this.#parts
    if (stand !== undefined) {
      const [name = '', tail = ''] = target.slice(stand.path.length).split(/[?/]/)
      return tail === 'status' ? { token: 'notify', name } : { token: '', name }
    }
    const [, token = '', name = ''] = /^\/dl\/([^/?]+)(?:\/([^?]*))?/.exec(target) ?? []
    return { token, name }
  }

  #answer(request: NetRequest, token: string, name: string): NetResponse {
    if (request.method === 'POST' && token === 'notify') return plain(200, '')
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'GET objects here')
    const kind = /^(.*)\.dd(2?)$/.exec(name)
    const refused = this.#parts.stand?.refuses(kind?.[1] ?? name) ?? null
    if (refused !== null) return plain(refused.status, refused.text)
    const ware = this.#parts.ware(kind?.[1] ?? name)
    if (ware === undefined || (this.flaw === 'missing' && kind === null)) return plain(404, 'there is no such object')
    if (this.flaw === 'unavailable') return { ...plain(503, 'later'), headers: [['Retry-After', '5']] }
    return kind === null ? this.#object(request, ware) : this.#descriptor(ware, token, kind[2] === '2' ? '2.0' : '1.0')
  }

  #descriptor(ware: Ware, token: string, version: '1.0' | '2.0'): NetResponse {
    const { origin, stand } = this.#parts
    const name = encodeURIComponent(ware.name)
    const uri = `${origin}${stand === undefined ? `/dl/${token}/` : stand.path}${name}`
    const text = buildDescriptor({
      version,
      name: ware.name,
      installNotifyUri: stand === undefined ? `${origin}/dl/notify/${token}` : `${uri}/status`,
      objects: [{ types: [ware.contentType], size: ware.bytes.length, uris: [uri], sha256: ware.sha256 }],
    })
    return { status: 200, headers: [['Content-Type', typeOf(version)]], body: new TextEncoder().encode(text) }
  }

  #object({ headers }: NetRequest, { bytes, sha256, contentType }: Ware): NetResponse {
    const etag = `"${sha256}"`
    const base: Headers = [
      ['Content-Type', contentType],
      ['ETag', etag],
      ['Accept-Ranges', 'bytes'],
    ]
    const served = this.flaw === 'corrupt' ? bytes.map((octet, i) => (i === bytes.length >> 1 ? octet ^ 0xff : octet)) : bytes
    const wanted = ifRangeHolds(fieldOf(headers, 'if-range'), etag, '')
      ? wantedRange(fieldOf(headers, 'range'), bytes.length)
      : { what: 'whole' as const }
    if (wanted.what === 'unsatisfiable') return { status: 416, headers: [['Content-Range', contentRangeOf(bytes.length)]], body: new Uint8Array(0) }
    if (wanted.what === 'whole') return { status: 200, headers: [...base, ['Content-Length', String(served.length)]], body: served }
    const part = served.subarray(wanted.from, wanted.to + 1)
    const range = contentRange(wanted.from, wanted.to, bytes.length)
    return { status: 206, headers: [...base, ['Content-Range', range], ['Content-Length', String(part.length)]], body: part }
  }

  #record(
    { url, local, remote }: NetRequest,
    device: string,
    direction: 'up' | 'down',
    httpStatus: number,
    startLine: string,
    headers: Headers,
    bytes: Uint8Array,
    text: string,
    cause: number | null,
  ): number {
    const { recorder, clock } = this.#parts
    const row = {
      kind: 'http' as const,
      at: clock.now(),
      mono: clock.mono(),
      direction,
      hop: this.#parts.hop ?? this.#parts.stand?.hop ?? ('S-D' as const),
      session: 0,
      sessionId: '',
      device,
      msgId: '',
      package: '',
      encoding: '' as const,
      size: bytes.length,
      commands: [],
      statuses: [],
      target: partsOf(url)?.target ?? '',
      final: false,
      httpStatus,
      findings: 0,
      severity: '' as const,
      hold: 'no' as const,
      text,
    }
    return recorder.import(
      { row, bytes: bytes.subarray(0, HEAD), startLine, headers, local, remote, cause, origin: 'scenario', findings: [], notes: [] },
      null,
    )
  }
}

function plain(status: number, text: string): NetResponse {
  return { status, headers: [['Content-Type', 'text/plain; charset=utf-8']], body: new TextEncoder().encode(text === '' ? '' : `${text}\n`) }
}
