// What comes to a gateway besides SyncML: devices that ask to be bootstrapped, and pushes for it or for a device it knows. Strangers learn nothing, and leave a row.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GatewayHost } from '../lab/gatewayhost.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import { BARE_ROW } from '../store/barerow.ts'
import { readHttp } from '../notify/push.ts'
import type { DigestGate } from './digest.ts'
import { endpoint, field, pairs, plainAddress } from './media.ts'

const PUSH_BYTES = 256 * 1024

/** A device asks to be bootstrapped (gwmo sheet 6.1, form INFERRED): its id in the query or the form, its pairing code by HTTP Digest (any user name: ids hold colons, which user names cannot); the answer is M.4's document. */
export async function takeBootstrap(
  req: IncomingMessage,
  res: ServerResponse,
  {
    gate,
    host,
    serverUri,
    barred,
  }: {
    readonly gate: DigestGate
    readonly host: GatewayHost
    readonly serverUri: (device: string) => string
    readonly barred: (text: string) => void
  },
): Promise<void> {
  const answer = (status: number, text: string, fields: readonly string[] = []): void => {
    res.writeHead(status, ['Content-Type', 'text/plain; charset=utf-8', ...fields])
    res.end(`${text}\n`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size <= 4096) chunks.push(chunk)
  }
  if (req.method !== 'GET' && req.method !== 'POST') return answer(405, 'GET or POST')
  const query = new URL(req.url ?? '/', 'http://gateway').searchParams
  const form = new URLSearchParams(req.method === 'POST' ? Buffer.concat(chunks).toString('utf8') : '')
  const id = query.get('id') ?? form.get('id') ?? ''
  const proof = gate.proven(req.method, req.url ?? '', req.headers.authorization, () => host.pairing.codeOf(id))
  // A stranger learns nothing: neither whether the id is expected, nor is anything recorded of it in the inventory.
  const code = host.pairing.codeOf(id)
  const remote = plainAddress(req.socket.remoteAddress ?? '')
  if (proof.user === null || code === undefined) {
    // Who showed nothing yet is only asked; who showed something wrong is told of.
    if (proof.user !== null || req.headers.authorization !== undefined)
      barred(`${remote} asked for the account of ${id.slice(0, 200)}: ${proof.user === null ? proof.why : 'nobody expects it'} (401)`)
    return answer(401, 'prove your pairing code', gate.challenge())
  }
  const made = await host.pairing.bootstrap(id, { type: remote.includes(':') ? 'IPv6' : 'IPv4', address: remote }, code, serverUri(id))
  res.writeHead(200, ['Content-Type', `${made.contentType}; SEC=USERPIN; MAC=${made.mac}`, 'Content-Length', String(made.document.length)])
  res.end(made.document)
}

/** Where pushes become rows. */
interface Records {
  readonly recorder: Recorder
  readonly clock: Clock
  readonly origin: string
  readonly recording: boolean
  readonly changed: () => void
}

/** A push for the gateway, or for an end device it knows (X-Oma-GwMO). */
export function takePush(
  req: IncomingMessage,
  res: ServerResponse,
  { recorder, clock, origin, recording, changed }: Records,
  host: GatewayHost,
): void {
  const chunks: Uint8Array[] = []
  let size = 0
  req.on('data', (chunk: Uint8Array) => {
    size += chunk.length
    if (size <= PUSH_BYTES) chunks.push(chunk)
  })
  req.on('error', () => {})
  req.on('end', () => {
    const answer = (status: number, text: string): void => {
      res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
      res.end(`${text}\n`)
    }
    if (req.method !== 'POST') return answer(405, 'pushes are POSTed here')
    if (size > PUSH_BYTES) return answer(413, `a push has at most ${PUSH_BYTES} octets`)
    const headers = pairs(req.rawHeaders)
    const bytes = new Uint8Array(Buffer.concat(chunks))
    const push = readHttp(field(headers, 'content-type'), headers, bytes)
    const own = req.socket.address() as { address: string; port: number }
    const row = {
      ...BARE_ROW,
      kind: 'push' as const,
      at: clock.now(),
      mono: clock.mono(),
      direction: 'down' as const,
      hop: 'S-G' as const,
      device: push.endDevice ?? '',
      package: '#0',
      size: bytes.length,
      text: push.endDevice === null ? 'a push for the gateway came in' : `a push for the end device ${push.endDevice} came in`,
    }
    const ends = {
      local: endpoint(own.address, own.port),
      remote: endpoint(plainAddress(req.socket.remoteAddress ?? ''), req.socket.remotePort ?? 0),
    }
    const startLine = `POST ${req.url ?? ''} HTTP/${req.httpVersion}`
    const entry = { row, bytes, startLine, headers, ...ends, cause: null, origin, findings: [], notes: [] }
    const seq = recording ? recorder.import(entry, null) : 0
    const { httpStatus, text } = host.push(push, seq)
    answer(httpStatus, text)
    changed()
  })
}
