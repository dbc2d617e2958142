// The DM Gateway as a role of this process: its own ledger beside the lab's, images on disk, the paths below /gw on the device-facing port.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { makeClient } from '../device/client.ts'
import { lateUse } from '../gateway/image.ts'
import { northProfile } from '../gateway/northprofile.ts'
import type { ImageStore } from '../gateway/ports.ts'
import type { Dialect } from '../gateway/ports.ts'
import { GatewayHost } from '../lab/gatewayhost.ts'
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import type { Admission } from '../lab/admission.ts'
import type { Clock, Received, Transport } from '../lab/ports.ts'
import type { PushSender } from '../lab/pushes.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Env } from '../machine.ts'
import type { Mode } from '../mo/gwmo.ts'
import { Ledger } from '../store/ledger.ts'
import { migrate } from '../store/schema.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import type { Encoding } from '../syncml/message.ts'
import { poster } from './client.ts'
import { digestGate } from './digest.ts'
import { makeDownloads } from './dlclient.ts'
import { makeDownloadServer } from './dlserver.ts'
import { imagesIn } from './images.ts'
import { takeBootstrap, takePush } from './gatewaydoors.ts'
import { northPoster } from './north.ts'
import { GATEWAY_ID } from './gatewayid.ts'
import { openSqlite } from './sqlite.ts'
import { startAdaptation } from './gatewayadapt.ts'
import type { AdaptRole, RunningAdaptation } from './gatewayadapt.ts'
import { authorityOf, carry } from './tunnel.ts'

/** The account the gateway serves every device with that has none of its own. */
export const GATEWAY_ACCOUNT = { userName: 'lab', password: 'lab', serverId: 'dm-gateway', serverPassword: 'lab' } as const

/** How to run a gateway. */
export interface GatewayRole extends AdaptRole {
  /** DM Server it works for. */
  readonly server: string
  readonly id?: string
  readonly encoding?: Encoding
  /** Account at the DM Server; absent: lab / lab of `dm-lab`. */
  readonly user?: string
  readonly password?: string
  readonly serverId?: string
  /** Given: the server must prove that it knows it. */
  readonly serverPassword?: string
  readonly dialect?: Partial<Dialect>
  readonly defaultMode?: Mode
  /** Bytes of images; default 1 GiB. */
  readonly capacity?: number
  /** Unknown devices: taken with the credentials they show (`auto`), or only those that prove the shared account or were paired (`never`). */
  readonly enrol?: 'auto' | 'never'
  /** Who may fetch images: devices of the inventory (by address; default), or anybody. */
  readonly images?: 'inventory' | 'open'
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
  /** `http://host:port` of this process. */
  readonly base: () => string
  /** URL a device is told; '' whom nothing is known of. `req`: the request that asks, where one does. */
  readonly told: (use: 'gateway' | 'image', device: string, req?: IncomingMessage) => string
  /** Judges connections of devices. */
  readonly admission: Admission
  /** True where the DM Server is another process: nobody else records our sessions with it here. */
  readonly foreign: boolean
  /** Address ports are bound to. */
  readonly bound: string
  /** Android devices of the lab's adb server; null: it has none. */
  readonly android: AndroidLine | null
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
  /** Where LwM2M devices register; null: nowhere. */
  readonly lwm2m: string | null
  /** What was kept goes on; ports of other protocols open. Rejects with one clear Error where one cannot be had. */
  start(): Promise<void>
  /** Takes what is not SyncML below /gw; false for any other path. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Takes a CONNECT: sessions of transparent devices with the DM Server pass through. */
  tunnel(req: IncomingMessage, socket: Socket, head: Uint8Array): boolean
  /** True for frames of its devices. */
  owns(received: Received): boolean
  /** Who fetched which image, oldest first. */
  fetched(): readonly { readonly image: string; readonly device: string; readonly at: number }[]
  /** Room for images, octets. */
  store(): { readonly used: number; readonly capacity: number }
  stop(): Promise<void>
}

export { GATEWAY_ID } from './gatewayid.ts'

/** Opens the gateway's part of a workspace and starts it. */
export function startGateway(role: GatewayRole, parts: GatewayParts): RunningGateway {
  const { dir, clock, env, recorder } = parts
  const folder = join(dir, 'gateway')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const db = openSqlite(join(folder, 'gateway.db'), { synchronous: 'NORMAL' })
  migrate(db, () => {})
  // No checkpoint thread works on this one.
  db.exec('PRAGMA wal_autocheckpoint = 1000')
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
  let stopped = false
  const event = (text: string): void => {
    // A tunnel that closes with the lab has nobody left to tell.
    if (stopped) return
    if (parts.recording) recorder.event(clock.now(), clock.mono(), text, 0, null)
    parts.changed()
  }
  const id = role.id ?? GATEWAY_ID
  const posting = { timeoutMs: null, userAgent: 'DM-Lab gateway' }
  const north = parts.foreign && parts.recording ? northPoster({ recorder, clock, id, options: posting, changed: parts.changed }) : null
  const out = north ?? poster(posting)
  const host: GatewayHost = new GatewayHost({
    ...parts,
    ledger,
    docs,
    options: {
      facts: {
        id,
        // The way the gateway itself is reached may move while it runs.
        get address() {
          return { type: 'URI', address: `${parts.told('gateway', '')}/push` }
        },
        serverId: GATEWAY_ACCOUNT.serverId,
        get imageBase() {
          return parts.told('image', '')
        },
        imageBaseFor: (device) => parts.told('image', device),
      },
      now: () => clock.now(),
      store,
      wakes: (protocol) => protocol === 'lwm2m',
      servers: [role.serverId ?? 'dm-lab'],
      ...(role.dialect === undefined ? {} : { dialect: role.dialect }),
      ...(role.defaultMode === undefined ? {} : { config: { defaultMode: role.defaultMode } }),
    },
    serverUri: () => url,
    answerUri: (device) => parts.told('gateway', device),
    settings: { enrol: role.enrol ?? 'auto', serverPassword: GATEWAY_ACCOUNT.serverPassword },
    client: (state, gateway) =>
      makeClient(
        {
          id,
          serverUri: role.server,
          user: role.user ?? 'lab',
          password: role.password ?? 'lab',
          serverId: role.serverId ?? 'dm-lab',
          serverPassword: role.serverPassword ?? 'lab',
          auth: 'syncml:auth-md5',
          encoding: role.encoding ?? 'xml',
          model: 'DM Gateway',
          profile: northProfile(256 * 1024 * 1024, role.serverPassword !== undefined),
        },
        env,
        state,
        gateway.part,
      ),
    // Before its adapters run a device of theirs waits: it is found anew.
    adapt: (record) => adaptation?.wanted(record),
    post: out.post,
    ...(north === null ? {} : { ended: (end) => north.ended(end) }),
    fetch: async (image, from, again) => {
      const room = capacity - store.used()
      const answer = await downloads.ask({ key: `image ${image}`, url: from, pkgType: '', room, anew: !again })
      if (answer.status !== 900 || answer.file === undefined) return { reason: answer.text }
      const path = join(folder, 'packages', answer.file.file)
      const offer = await images.putFile(image, path, { contentType: answer.file.contentType })
      rmSync(path, { force: true })
      return { file: image, size: offer.size, sha256: offer.sha256, contentType: offer.contentType }
    },
  })
  let adaptation: RunningAdaptation | null = null
  /** Images of its own are not fetched over the network; their descriptors lead to them, too. */
  const image = (from: string): Uint8Array | null | undefined => {
    if (![parts.told('image', ''), `${parts.base()}/gw/image/`].some((base) => from.startsWith(base))) return null
    // A query says whom the URL was told; the name is the last of the path.
    const { pathname, searchParams } = new URL(from)
    const file = decodeURIComponent(pathname.split('/').at(-1) ?? '')
    const name = [file, file.replace(/\.dd$/, '')].find((each) => host.gateway.images.serve(each).status === 200)
    if (name === undefined) return undefined
    const device = searchParams.get('device')
    if (device !== null) fetchedBy.push({ image: name, device, at: clock.now() })
    return store.get(name)
  }
  const gate = digestGate('dm-gateway', () => clock.now())
  const served = makeDownloadServer({
    images,
    path: '/gw/image/',
    hop: 'G-D',
    base: (device, req) => parts.told('image', device, req),
    server: 'DM-Lab gateway',
    clock,
    refused: (name, _device, remote) => {
      const { status } = host.gateway.images.serve(name)
      if (role.images !== 'open' && !host.whereabouts.knows(remote)) return { status: 403, text: `no device of this gateway speaks from ${remote}` }
      return status === 200 ? null : { status, text: status === 410 ? `image ${name} has expired` : `there is no image ${name}` }
    },
    served: (image, device) => {
      fetchedBy.push({ image, device, at: clock.now() })
      parts.changed()
    },
    sent: (image, device, part) => {
      host.gateway.fanouts.sent(image, device, part)
      host.settle()
    },
    record: (entry) => {
      if (!parts.recording) return 0
      const { row } = entry
      const late = row.httpStatus === 410 ? { row: { ...row, findings: 1, severity: 'note' as const }, findings: [lateUse(row.text)] } : {}
      const seq = recorder.import({ ...entry, ...late, origin: parts.origin }, null)
      parts.changed()
      return seq
    },
  })
  return {
    id,
    host,
    url,
    pushUrl,
    get lwm2m() {
      return adaptation?.lwm2m ?? null
    },
    start: async () => {
      host.start()
      const { bound, android } = parts
      const room = (): number => capacity - store.used()
      const open = role.enrol !== 'never'
      adaptation = await startAdaptation({ role, host, clock, env, docs, bound, told: parts.base, open, android, downloads, folder, room, image })
    },
    owns: ({ frame }) => /^\/gw([/?]|$)/.test(frame.uri),
    handle: (req, res) => {
      if (/^\/gw\/push(\?|$)/.test(req.url ?? '')) {
        takePush(req, res, parts, host)
        return true
      }
      if (/^\/gw\/bootstrap(\?|$)/.test(req.url ?? '')) {
        void takeBootstrap(req, res, { gate, host, serverUri: (device) => parts.told('gateway', device, req), barred: event })
        return true
      }
      return served.handle(req, res)
    },
    tunnel: (req, socket, head) => {
      carry(req, socket, head, { permitted: () => [authorityOf(role.server)], told: event })
      return true
    },
    fetched: () => fetchedBy,
    store: () => ({ used: store.used(), capacity }),
    stop: async () => {
      stopped = true
      await adaptation?.stop()
      await host.stop()
      await downloads.close()
      out.close()
      host.host.commit()
      db.close()
    },
  }
}

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
