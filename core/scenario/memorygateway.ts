// The DM Gateway in memory, of the real parts: GatewayHost with a ledger of its own behind the net. Its disk, its doors and its relay are made here.
import type { Seq } from '../api.ts'
import { isBootstrap } from '../bootstrap/inbox.ts'
import { makeClient } from '../device/client.ts'
import { northProfile } from '../gateway/northprofile.ts'
import type { ImageStore } from '../gateway/ports.ts'
import { GatewayHost } from '../lab/gatewayhost.ts'
import type { GatewayHostParts } from '../lab/gatewayhost.ts'
import { happening } from '../mo/events.ts'
import { readHttp } from '../notify/push.ts'
import { Ledger } from '../store/ledger.ts'
import { migrate } from '../store/schema.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import type { Encoding } from '../syncml/message.ts'
import { hexOf } from '../syncml/text.ts'
import { challengeOf, proves } from './digestdoor.ts'
import { makeFront, memoryPost, memoryPushes, pushOf } from './front.ts'
import { GATEWAY_PLACES as AT } from './gatewaysetup.ts'
import type { GatewaySetup } from './gatewaysetup.ts'
import { MemoryDownloads } from './memorydownloads.ts'
import { memoryDisk } from './memoryinstaller.ts'
import { fieldOf, partsOf } from './memorynet.ts'
import type { NetRequest, NetResponse } from './memorynet.ts'
import { PLACES } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { seededEnv } from './seeded.ts'
import { Shop } from './shop.ts'

export interface MemoryGatewayParts {
  readonly sandbox: Sandbox
  readonly encoding: Encoding
  readonly setup: GatewaySetup
  /** Secret of the bootstrap that the DM Server sends it (M.3). */
  readonly pin: string
  readonly adapt: NonNullable<GatewayHostParts['adapt']>
  /** Where a device hears pushes; undefined: not known. */
  readonly door: (device: string) => string | undefined
  /** Device at an address of the net; '' for any other. */
  readonly deviceAt: (remote: string) => string
}

const NAME = 'gw.lan.example'
const CAPACITY = 4 << 20
const TYPE = 'application/octet-stream'

/** One gateway on the net. */
export class MemoryGateway {
  readonly host: GatewayHost
  readonly images: Shop
  readonly #parts: MemoryGatewayParts
  readonly #front: ReturnType<typeof makeFront>
  readonly #close: () => void
  /** Nonce of the last challenge for each device that asked to be bootstrapped. */
  readonly #nonces = new Map<string, string>()

  constructor(parts: MemoryGatewayParts) {
    this.#parts = parts
    const { sandbox, encoding, setup, pin, adapt, door } = parts
    const { clock, net, ports, recorder, seed } = sandbox
    const env = seededEnv(seed, 'gateway', () => clock.now())
    const db = ports.openDb()
    migrate(db, () => {})
    const ledger = Ledger.open(db, { remember: true })
    const disk = memoryDisk(setup.capacity ?? CAPACITY, ports.sha256)
    const store = storeOn(disk, setup.capacity ?? CAPACITY)
    const downloads = new MemoryDownloads({ net, clock, disk, client: NAME, sha256: (bytes) => ports.sha256(bytes) })
    this.#front = makeFront(clock, () => this.host.host)
    const sender = memoryPushes(net, clock, NAME)
    const { serverUri, serverId } = PLACES
    this.host = new GatewayHost({
      clock,
      env,
      recorder,
      origin: 'scenario',
      recording: true,
      ledger,
      docs: sqlDocs(db, () => clock.soon(() => this.host.host.commit())),
      options: {
        facts: { id: AT.id, address: { type: 'URI', address: AT.push }, serverId: AT.serverId, imageBase: AT.images },
        now: () => clock.now(),
        store,
        servers: [serverId],
        ...(setup.dialect === undefined ? {} : { dialect: setup.dialect }),
        // Flow Y with the session held is the synchronous style; commands that wait for a notification need no style.
        config: { style: setup.dialect?.flowY === 'held' ? 0 : 1, ...(setup.holdTime === undefined ? {} : { holdTime: setup.holdTime }) },
      },
      serverUri: () => AT.uri,
      settings: { enrol: 'never' },
      transport: this.#front.transport,
      client: (state, gateway) =>
        makeClient(
          {
            id: AT.id,
            serverUri,
            serverId,
            user: '',
            password: '',
            serverPassword: '',
            bare: true,
            auth: 'syncml:auth-MAC',
            encoding,
            model: 'GW',
            profile: northProfile(4 << 20),
          },
          env,
          state,
          gateway.part,
        ),
      post: memoryPost(net, NAME),
      sender,
      door,
      pin,
      fetch: async (image, url) => {
        const answer = await downloads.ask({ key: `image ${image}`, url, pkgType: '', room: disk.room(), anew: true })
        if (answer.status !== 900 || answer.file === undefined) return { reason: answer.text }
        const { size, sha256, contentType } = answer.file
        const bytes = disk.read(answer.file.file) ?? new Uint8Array(0)
        disk.drop(answer.file.file)
        disk.put(image, bytes)
        return { file: image, size, sha256, contentType: contentType || TYPE }
      },
      adapt,
      changed: () => recorder.announce(),
    })
    this.images = new Shop({
      recorder,
      clock,
      origin: AT.origin,
      ware: (name) => {
        const found = this.host.gateway.images.serve(name)
        const bytes = found.status === 200 ? disk.read(found.image.file) : undefined
        return bytes === undefined ? undefined : { name, bytes, sha256: ports.sha256(bytes), contentType: TYPE }
      },
      device: (_token, remote) => parts.deviceAt(remote),
      sent: (image, device, part) => {
        this.host.gateway.fanouts.sent(image, device, part)
        this.host.settle()
      },
      stand: {
        hop: 'G-D',
        path: '/gw/image/',
        refuses: (name) => {
          const { status } = this.host.gateway.images.serve(name)
          return status === 200 ? null : { status, text: status === 410 ? `image ${name} has expired` : `there is no image ${name}` }
        },
      },
    })
    net.serve(AT.origin, (request) => this.#serve(request))
    net.serve(AT.relay, (request) => this.#carry(request))
    net.listen(`udp://${NAME}:2948`, (bytes) => {
      const push = pushOf(bytes)
      if (push !== null) this.host.push(push, null)
    })
    this.#close = () => db.close()
    this.host.start()
  }

  async end(): Promise<void> {
    await this.host.stop()
    this.#close()
  }

  #serve(request: NetRequest): Promise<NetResponse> {
    const target = partsOf(request.url)?.target ?? ''
    if (target.startsWith('/gw/image/')) return this.images.serve(request)
    if (target === '/gw/push') return Promise.resolve(this.#push(request))
    if (target === '/gw/bootstrap') return Promise.resolve(this.#bootstrap(request))
    return this.#front.serve(request)
  }

  /** A push for the gateway or for one of its devices: a row, and what it led to. */
  #push(request: NetRequest): NetResponse {
    const push = readHttp(fieldOf(request.headers, 'content-type'), request.headers, request.body)
    const text = push.endDevice === null ? 'a push for the gateway came in' : `a push for the end device ${push.endDevice} came in`
    const seq = this.#row(request, { kind: 'push', device: push.endDevice ?? AT.id, hop: 'S-G', direction: 'down', text, httpStatus: 0 })
    const { httpStatus, text: told } = this.host.push(push, seq)
    return { status: httpStatus, headers: [['Content-Type', 'text/plain']], body: new TextEncoder().encode(`${told}\n`) }
  }

  /** M.1: a device asks. It is authenticated by its pairing code; the account comes by a push (M.4). A stranger leaves no trace in the inventory. */
  #bootstrap(request: NetRequest): NetResponse {
    const id = decodeURIComponent(/^id=([^&]*)/.exec(new TextDecoder().decode(request.body))?.[1] ?? '')
    const about = { device: id, hop: 'G-D' as const, kind: 'http' as const }
    const seq = this.#row(request, { ...about, direction: 'up', text: `${request.method} /gw/bootstrap`, httpStatus: 0 })
    const answer = (status: number, text: string, headers: NetResponse['headers']): NetResponse => {
      const response = { status, headers, body: new TextEncoder().encode(`${text}\n`) }
      const said = { ...request, startLine: `HTTP/1.1 ${String(status)}`, headers, body: response.body }
      this.#row(said, { ...about, direction: 'down', text: `HTTP ${String(status)}, ${text}`, httpStatus: status, cause: seq })
      return response
    }
    const code = this.host.pairing.codeOf(id)
    const proof = { method: request.method, uri: '/gw/bootstrap', password: code ?? '', nonce: this.#nonces.get(id) ?? '' }
    if (code === undefined || !proves(fieldOf(request.headers, 'authorization'), proof)) {
      const { env } = this.#parts.sandbox
      const nonce = hexOf(env.random(8))
      this.#nonces.set(id, nonce)
      return answer(401, 'prove your pairing code', [['WWW-Authenticate', challengeOf(nonce)]])
    }
    this.host.pairing.discovered(id, { type: 'IPv4', address: request.remote.split(':')[0] ?? '' })
    return answer(202, 'the account comes by a push', [['Retry-After', '60']])
  }

  /** A message between a device and its DM Server: carried on as it is, whoever it is from. */
  async #carry(request: NetRequest): Promise<NetResponse> {
    const { sandbox, deviceAt } = this.#parts
    const { net, recorder, clock } = sandbox
    const { method, url, body } = request
    const headers = request.headers.filter(([name]) => !/^(host|content-length)$/i.test(name))
    const facts = { to: partsOf(url)?.host ?? url, octets: body.length }
    const text = `${String(body.length)} octets of ${request.remote} go on to ${facts.to} as they are`
    recorder.happened(clock.now(), clock.mono(), happening('gateway.carries', deviceAt(request.remote), text, facts))
    return net.ask(NAME, { method, url, headers, body })
  }

  #row(
    { startLine, headers, body, local, remote, url }: NetRequest,
    about: {
      readonly kind: 'push' | 'http'
      readonly device: string
      readonly hop: 'S-G' | 'G-D'
      readonly direction: 'up' | 'down'
      readonly text: string
      readonly httpStatus: number
      readonly cause?: Seq
    },
  ): Seq {
    const { recorder, clock } = this.#parts.sandbox
    const { cause = null, ...told } = about
    const row = {
      ...told,
      at: clock.now(),
      mono: clock.mono(),
      session: 0,
      sessionId: '',
      msgId: '',
      package: about.kind === 'push' && !isBootstrap(fieldOf(headers, 'content-type').split(';')[0] ?? '') ? '#0' : '',
      encoding: '' as const,
      size: body.length,
      commands: [],
      statuses: [],
      target: partsOf(url)?.target ?? '',
      final: false,
      findings: 0,
      severity: '' as const,
      hold: 'no' as const,
    }
    return recorder.import({ row, bytes: body, startLine, headers, local, remote, cause, origin: 'scenario', findings: [], notes: [] }, null)
  }
}

function storeOn(disk: ReturnType<typeof memoryDisk>, capacity: number): ImageStore {
  return {
    capacity,
    used: () => capacity - disk.room(),
    put: (name, bytes) => {
      const { file, size, sha256 } = disk.put(name, bytes)
      return { file, size, sha256 }
    },
    get: (file) => disk.read(file),
    drop: (file) => disk.drop(file),
  }
}
