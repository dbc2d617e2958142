// The DM Gateway as a role of this process: its own ledger beside the lab's, images on disk, the paths below /gw on the device-facing port.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { makeClient } from '../device/client.ts'
import type { ImageStore } from '../gateway/ports.ts'
import type { Dialect } from '../gateway/ports.ts'
import { GatewayHost } from '../lab/gatewayhost.ts'
import type { Clock, Received, Transport } from '../lab/ports.ts'
import type { PushSender } from '../lab/pushes.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Env } from '../machine.ts'
import type { Mode } from '../mo/gwmo.ts'
import { readHttp } from '../notify/push.ts'
import { Ledger } from '../store/ledger.ts'
import { migrate } from '../store/schema.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import type { Encoding } from '../syncml/message.ts'
import { poster } from './client.ts'
import { digestGate } from './digest.ts'
import type { DigestGate } from './digest.ts'
import { makeDownloads } from './dlclient.ts'
import { makeDownloadServer } from './dlserver.ts'
import { imagesIn } from './images.ts'
import { endpoint, field, pairs, plainAddress } from './media.ts'
import { openSqlite } from './sqlite.ts'

/** The account the gateway serves every device with that has none of its own. */
export const GATEWAY_ACCOUNT = { userName: 'lab', password: 'lab', serverId: 'dm-gateway', serverPassword: 'lab' } as const

/** How to run a gateway. */
export interface GatewayRole {
  /** DM Server it works for. */
  readonly server: string
  readonly id?: string
  readonly encoding?: Encoding
  /** Account at the DM Server; absent: lab / lab of `dm-lab`. */
  readonly user?: string
  readonly password?: string
  readonly serverId?: string
  readonly serverPassword?: string
  readonly dialect?: Partial<Dialect>
  readonly defaultMode?: Mode
  /** Bytes of images; default 1 GiB. */
  readonly capacity?: number
}

export interface GatewayParts {
  readonly dir: string
  readonly clock: Clock
  readonly env: Env
  readonly recorder: Recorder
  readonly origin: string
  readonly recording: boolean
  readonly transport: Transport
  readonly sender: PushSender
  /** `http://host:port` as devices and the server see it. */
  readonly base: () => string
  readonly door: (device: string) => string | undefined
  readonly changed: () => void
}

/** A gateway that runs. */
export interface RunningGateway {
  readonly id: string
  readonly host: GatewayHost
  /** URL devices post to. */
  readonly url: string
  /** Address it tells the DM Server for notifications. */
  readonly pushUrl: string
  /** Takes what is not SyncML below /gw; false for any other path. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** True for frames of its devices. */
  owns(received: Received): boolean
  /** Who fetched which image, oldest first. */
  fetched(): readonly { readonly image: string; readonly device: string; readonly at: number }[]
  stop(): Promise<void>
}

const PUSH_BYTES = 256 * 1024
export const GATEWAY_ID = 'urn:x-dm-lab:gateway:1'

/** Opens the gateway's part of a workspace and starts it. */
export function startGateway(role: GatewayRole, parts: GatewayParts): RunningGateway {
  const { dir, clock, env, recorder } = parts
  const folder = join(dir, 'gateway')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const db = openSqlite(join(folder, 'gateway.db'), { synchronous: 'NORMAL' })
  migrate(db, () => {})
  const ledger = Ledger.open(db, { remember: true })
  if (!ledger.accounts().some((account) => account.device === null && account.serverId === GATEWAY_ACCOUNT.serverId)) {
    ledger.putAccount({ device: null, ...GATEWAY_ACCOUNT, authType: null, state: 'enrolled' })
  }
  const docs = sqlDocs(db, () => clock.soon(() => host.host.commit()))
  const images = imagesIn(join(folder, 'images'), () => clock.now())
  const capacity = role.capacity ?? 1024 ** 3
  const store = imageStore(images, capacity)
  const downloads = makeDownloads({ folder, clock })
  const url = `${parts.base()}/gw`
  const pushUrl = `${url}/push`
  const fetchedBy: { image: string; device: string; at: number }[] = []
  const out = poster({ timeoutMs: null, userAgent: 'DM-Lab gateway' })
  const host: GatewayHost = new GatewayHost({
    ...parts,
    ledger,
    docs,
    options: {
      facts: {
        id: role.id ?? GATEWAY_ID,
        address: { type: 'URI', address: pushUrl },
        serverId: GATEWAY_ACCOUNT.serverId,
        imageBase: `${url}/image/`,
      },
      now: () => clock.now(),
      store,
      servers: [role.serverId ?? 'dm-lab'],
      ...(role.dialect === undefined ? {} : { dialect: role.dialect }),
      ...(role.defaultMode === undefined ? {} : { config: { defaultMode: role.defaultMode } }),
    },
    serverUri: () => url,
    settings: { enrol: 'auto', serverPassword: GATEWAY_ACCOUNT.serverPassword },
    client: (state, gateway) =>
      makeClient(
        {
          id: role.id ?? GATEWAY_ID,
          serverUri: role.server,
          user: role.user ?? 'lab',
          password: role.password ?? 'lab',
          serverId: role.serverId ?? 'dm-lab',
          serverPassword: role.serverPassword ?? 'lab',
          auth: 'syncml:auth-md5',
          encoding: role.encoding ?? 'xml',
          model: 'DM Gateway',
          profile: LARGE,
        },
        env,
        state,
        gateway.part,
      ),
    post: out.post,
    fetch: async (image, from) => {
      const room = capacity - store.used()
      const answer = await downloads.ask({ key: `image ${image}`, url: from, pkgType: '', room, anew: true })
      if (answer.status !== 900 || answer.file === undefined) return { reason: answer.text }
      const path = join(folder, 'packages', answer.file.file)
      const offer = await images.putFile(image, path, { contentType: answer.file.contentType })
      rmSync(path, { force: true })
      return { file: image, size: offer.size, sha256: offer.sha256, contentType: offer.contentType }
    },
  })
  const gate = digestGate('dm-gateway', () => clock.now())
  const served = makeDownloadServer({
    images,
    path: '/gw/image/',
    hop: 'G-D',
    base: () => `${url}/image/`,
    server: 'DM-Lab gateway',
    clock,
    refused: (name) => {
      const { status } = host.gateway.images.serve(name)
      return status === 200 ? null : { status, text: status === 410 ? `image ${name} has expired` : `there is no image ${name}` }
    },
    served: (image, device) => {
      fetchedBy.push({ image, device, at: clock.now() })
      parts.changed()
    },
    record: (entry) => {
      if (!parts.recording) return 0
      const seq = recorder.import({ ...entry, origin: parts.origin }, null)
      parts.changed()
      return seq
    },
  })
  return {
    id: role.id ?? GATEWAY_ID,
    host,
    url,
    pushUrl,
    owns: ({ frame }) => /^\/gw([/?]|$)/.test(frame.uri),
    handle: (req, res) => {
      if (/^\/gw\/push(\?|$)/.test(req.url ?? '')) {
        takePush(req, res, parts, host)
        return true
      }
      if (/^\/gw\/bootstrap(\?|$)/.test(req.url ?? '')) {
        void takeBootstrap(req, res, gate, host)
        return true
      }
      return served.handle(req, res)
    },
    fetched: () => fetchedBy,
    stop: async () => {
      await host.stop()
      await downloads.close()
      out.close()
      host.host.commit()
      db.close()
    },
  }
}

/** Objects as large as the store takes; the default of small devices would stop an image. */
const LARGE = { title: 'gateway', features: {}, settings: { maxObjSize: 256 * 1024 * 1024 }, habits: {}, facts: [] } as const

function imageStore(images: ReturnType<typeof imagesIn>, capacity: number): ImageStore & { readonly capacity: number } {
  const used = (): number => images.all().reduce((sum, { size }) => sum + size, 0)
  return {
    capacity,
    used,
    put: (name, bytes) => {
      if (used() + bytes.length > capacity) throw new Error(`no room for image ${name}: the store holds ${capacity} octets`)
      const { size, sha256 } = images.put(name, bytes)
      return { file: name, size, sha256 }
    },
    get: (name) => {
      const offer = images.get(name)
      return offer === undefined ? undefined : new Uint8Array(readFileSync(images.path(offer.sha256)))
    },
    drop: (name) => images.drop(name),
  }
}

/** A device asks to be bootstrapped (gwmo sheet 6.1, form INFERRED): its id in the query or the form, its pairing code by HTTP Digest (any user name: ids hold colons, which user names cannot); the answer is M.4's document. */
async function takeBootstrap(req: IncomingMessage, res: ServerResponse, gate: DigestGate, host: GatewayHost): Promise<void> {
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
  const proof = gate.proven(req.method, req.url ?? '', req.headers.authorization, () => host.pairing(id))
  // A stranger learns nothing: neither whether the id is expected, nor is anything recorded of it in the inventory.
  if (proof.user === null) return answer(401, 'prove your pairing code', gate.challenge())
  const code = host.pairing(id)
  if (code === undefined) return answer(401, 'prove your pairing code', gate.challenge())
  const remote = plainAddress(req.socket.remoteAddress ?? '')
  const made = await host.bootstrap(id, { type: remote.includes(':') ? 'IPv6' : 'IPv4', address: remote }, code)
  res.writeHead(200, ['Content-Type', `${made.contentType}; SEC=USERPIN; MAC=${made.mac}`, 'Content-Length', String(made.document.length)])
  res.end(made.document)
}

/** A push for the gateway, or for an end device it knows (X-Oma-GwMO). */
function takePush(req: IncomingMessage, res: ServerResponse, { recorder, clock, origin, recording, changed }: GatewayParts, host: GatewayHost): void {
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
      kind: 'push' as const,
      at: clock.now(),
      mono: clock.mono(),
      direction: 'down' as const,
      hop: 'S-G' as const,
      session: 0,
      sessionId: '',
      device: push.endDevice ?? '',
      msgId: '',
      package: '#0',
      encoding: '' as const,
      size: bytes.length,
      commands: [],
      statuses: [],
      target: '',
      final: false,
      httpStatus: 0,
      findings: 0,
      severity: '' as const,
      hold: 'no' as const,
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
