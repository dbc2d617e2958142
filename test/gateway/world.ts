// A small world for stories about gateways: DM Server, gateway with both faces, real simulated devices, all in memory, one message after the other.
import { createHash } from 'node:crypto'
import { makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import type { ClientInput, ClientRecord } from '../../core/device/device.ts'
import { Gateway } from '../../core/gateway/gateway.ts'
import { northProfile } from '../../core/gateway/northprofile.ts'
import type { Dialect, ImageStore, Kept, SaveKind, Wish } from '../../core/gateway/ports.ts'
import { SouthPolicy } from '../../core/gateway/south.ts'
import type { Effect, Env } from '../../core/machine.ts'
import type { AlertRecord, Order } from '../../core/server/records.ts'
import { DmServer } from '../../core/server/server.ts'
import { ordersFirst, together } from '../../core/server/policy.ts'
import type { Policy } from '../../core/server/policy.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Command, Encoding, Message } from '../../core/syncml/message.ts'
import { MemoryLedger, fixedEnv } from '../session/support.ts'

export const DMS = 'http://dms.example/dm'
export const GW = 'http://gw.lan.example/gw'
export const GATEWAY_ID = 'urn:example:gw:1'
export const ed = (n: number): string => `urn:example:dev:ed${n}`

/** One message: which leg, which way, its bytes and what they say. */
export interface Passed {
  readonly leg: string
  readonly up: boolean
  readonly bytes: Uint8Array
  readonly message: Message
}

interface Peer {
  readonly server: DmServer
  readonly ledger: MemoryLedger
}

/** Image bytes in memory. */
export function memoryStore(capacity = 1_000_000): ImageStore & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  const used = (): number => [...files.values()].reduce((sum, each) => sum + each.length, 0)
  return {
    files,
    capacity,
    used,
    put: (name, bytes) => {
      if (used() + bytes.length > capacity) throw new Error(`no room for ${name}: ${capacity} octets in all`)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      files.set(sha256, bytes)
      return { file: sha256, size: bytes.length, sha256 }
    },
    get: (file) => files.get(file),
    drop: (file) => void files.delete(file),
  }
}

export class World {
  now = 1_700_000_000_000
  readonly env: Env
  readonly wire: Passed[] = []
  readonly docs = new Map<string, unknown>()
  readonly told: string[] = []
  readonly notified: string[] = []
  readonly forwarded: Extract<Wish, { type: 'forward' }>[] = []
  readonly links: Extract<Wish, { type: 'link' }>[] = []
  readonly fetches: Extract<Wish, { type: 'fetch' }>[] = []
  readonly adapted: Extract<Wish, { type: 'adapt' }>[] = []
  alarm: number | null = null
  readonly store = memoryStore()
  readonly dms: Peer
  readonly encoding: Encoding
  gateway!: Gateway
  north!: Client
  south!: Peer
  readonly devices = new Map<string, Client>()
  /** Alerts 1226 the DM Server got. */
  readonly alerts: AlertRecord[] = []
  /** What the DM Server says to alerts, by type; 200 where nothing else is set. */
  readonly answers = new Map<string, number>()
  /** Called for each message as it passes: what happens while a session is open. */
  meanwhile: ((passed: Passed) => void) | null = null
  /** What it says instead, where somebody else judges them. */
  hears: NonNullable<Policy['alert']> | null = null
  /** The road between all of them: what it makes of the octets that pass; null loses them. */
  road: (passing: { readonly leg: string; readonly up: boolean; readonly bytes: Uint8Array }) => Uint8Array | null = ({ bytes }) => bytes
  #orders = 0
  #sessions: string[] = []

  constructor(options: { readonly encoding?: Encoding; readonly dialect?: Partial<Dialect>; readonly mode?: 0 | 1 } = {}) {
    this.encoding = options.encoding ?? 'xml'
    const random = fixedEnv(3).random
    this.env = { now: () => this.now, random }
    const ledger = new MemoryLedger()
    ledger.accounts.push(account(null, 'gw1user', 'dms.example'))
    ledger.accounts.push({ ...account(null, 'lab', 'dms.example') })
    const policy = together(ordersFirst(ledger, false), {
      next: () => [],
      alert: (view, alert) => {
        if (alert.code !== 1226) return undefined
        this.alerts.push(alert)
        return this.hears === null ? (this.answers.get(alert.items[0]?.type ?? '') ?? 200) : this.hears(view, alert)
      },
    })
    this.dms = {
      server: new DmServer({ serverUri: DMS, ledger, env: this.env, policy, settings: { greet: false, serverId: 'dms.example' } }),
      ledger,
    }
    this.#boot(options, undefined)
  }

  #boot(options: { readonly dialect?: Partial<Dialect>; readonly mode?: 0 | 1 }, state: unknown): void {
    this.gateway = new Gateway({
      facts: {
        id: GATEWAY_ID,
        address: { type: 'URI', address: 'https://gw.example/push' },
        serverId: 'gw1.example',
        imageBase: 'http://gw.lan.example/gw/image/',
      },
      now: () => this.now,
      store: this.store,
      servers: ['dms.example'],
      wakes: (protocol) => protocol === 'lwm2m',
      ...(options.dialect === undefined ? {} : { dialect: options.dialect }),
      ...(options.mode === undefined ? {} : { config: { defaultMode: options.mode } }),
    })
    const setup = {
      serverUri: DMS,
      user: 'gw1user',
      password: 'lab',
      serverId: 'dms.example',
      serverPassword: 'lab',
      auth: 'syncml:auth-md5' as const,
    }
    this.north = makeClient({ id: GATEWAY_ID, encoding: this.encoding, profile: northProfile(4 << 20), ...setup }, this.env, state, this.gateway.part)
    const ledger = this.south?.ledger ?? new MemoryLedger()
    if (ledger.accounts.length === 0) ledger.accounts.push(account(null, 'lab', 'gw1.example'))
    const policy = new SouthPolicy({
      gateway: this.gateway,
      address: (device) => ({ type: 'IPv4', address: `192.0.2.${20 + Number(device.at(-1) ?? 0)}` }),
    })
    const settings = { greet: false, serverId: 'gw1.example', enrol: 'auto' as const }
    this.south = { server: new DmServer({ serverUri: GW, ledger, env: this.env, policy, settings }), ledger }
    const kept: Kept = {
      all: (kind: SaveKind) =>
        [...this.docs].flatMap(([key, value]) => (key.startsWith(`${kind}\n`) ? [{ id: key.slice(kind.length + 1), value }] : [])),
    }
    this.gateway.restore(kept)
    this.settle()
  }

  /** The gateway's process dies and comes back: only what was kept is left. */
  restart(): void {
    const state = JSON.parse(JSON.stringify(this.north.state())) as { tree: unknown }
    const docs = JSON.parse(JSON.stringify([...this.docs])) as [string, unknown][]
    this.docs.clear()
    for (const [key, value] of docs) this.docs.set(key, value)
    this.alarm = null
    this.#boot({ dialect: this.gateway.dialect }, state)
  }

  /** A device that talks to the gateway (proxy) or to the DM Server. */
  device(n: number, to: 'gateway' | 'server' = 'gateway', limits: Pick<ClientSetup, 'profile' | 'maxObjSize'> = {}): Client {
    const id = ed(n)
    const known = this.devices.get(id)
    if (known !== undefined) return known
    const serverId = to === 'gateway' ? 'gw1.example' : 'dms.example'
    const setup = {
      id,
      serverUri: to === 'gateway' ? GW : DMS,
      user: 'lab',
      password: 'lab',
      serverId,
      serverPassword: 'lab',
      auth: 'syncml:auth-md5' as const,
    }
    const client = makeClient({ ...setup, ...limits, encoding: this.encoding, model: `CAM7-${n}` }, this.env)
    this.devices.set(id, client)
    return client
  }

  /** A session of a device with the gateway. */
  visit(n: number, start: Partial<Extract<ClientInput, { type: 'start' }>> = {}): string {
    const outcome = this.#run(this.device(n), this.south, `G-D ${ed(n)}`, start)
    this.settle()
    return outcome
  }

  /** A session of the gateway with the DM Server. */
  report(start: Partial<Extract<ClientInput, { type: 'start' }>> = {}): string {
    this.gateway.refresh()
    const outcome = this.#run(this.north, this.dms, 'S-G', start)
    this.settle()
    return outcome
  }

  /** Sessions the gateway itself wants, until it wants none. */
  reports(): void {
    for (let i = 0; i < 10 && this.north.owed().some(({ due }) => due <= this.now); i += 1) this.report()
  }

  order(commands: readonly Command[]): string {
    const id = `o${++this.#orders}`
    const order: Order = { id, device: GATEWAY_ID, createdAt: this.#orders, commands, state: 'queued', sessionId: '', outcomes: [] }
    this.#perform(this.dms, this.dms.server.input({ type: 'queue', order }))
    return id
  }

  codes(id: string): number[] {
    const order = this.dms.ledger.orderMap.get(id)
    return (order?.outcomes ?? []).filter(({ path }) => path === undefined).map(({ code }) => code)
  }
  data(id: string): string[] {
    return (this.dms.ledger.orderMap.get(id)?.outcomes ?? []).map(({ data }) => data)
  }

  /** Lets time pass, and rings the alarm where it is due. */
  pass(ms: number): void {
    this.now += ms
    for (let i = 0; i < 100 && this.alarm !== null && this.alarm <= this.now; i += 1) {
      this.alarm = null
      this.gateway.tick()
      this.settle()
    }
  }

  /** Performs what the gateway wants; each device it notifies has then been told, and has not come yet. */
  settle(): void {
    for (const wish of this.gateway.take()) {
      switch (wish.type) {
        case 'save':
          if (wish.value === null) this.docs.delete(`${wish.kind}\n${wish.id}`)
          else this.docs.set(`${wish.kind}\n${wish.id}`, wish.value)
          break
        case 'notify':
          this.notified.push(wish.localId)
          break
        case 'report':
          this.north.owe(wish.server, wish.alert)
          break
        case 'alarm':
          this.alarm = wish.at
          break
        case 'tell':
          this.told.push(`${wish.event}: ${wish.text}`)
          break
        case 'forward':
          this.forwarded.push(wish)
          break
        case 'link':
          this.links.push(wish)
          break
        case 'fetch':
          this.fetches.push(wish)
          break
        case 'adapt':
          this.adapted.push(wish)
          break
        case 'session':
          this.#sessions.push(wish.server)
          break
        default:
          wish satisfies never
      }
    }
  }

  #perform(peer: Peer, effects: readonly Effect<never>[] | ReturnType<DmServer['input']>): Uint8Array | null {
    let sent: Uint8Array | null = null
    for (const effect of effects as ReturnType<DmServer['input']>) {
      if (effect.type === 'save') peer.ledger.save(effect.record)
      if (effect.type === 'send') sent = effect.frame.bytes
    }
    return sent
  }

  #run(client: Client, peer: Peer, leg: string, start: Partial<Extract<ClientInput, { type: 'start' }>>): string {
    const { machine } = client
    let todo: readonly Effect<ClientRecord>[] = machine.input({ type: 'start', initiated: 'client', ...start })
    for (let round = 0; round < 500; round += 1) {
      let sent: Extract<Effect, { type: 'send' }> | undefined
      for (const effect of todo) {
        if (effect.type === 'save') {
          if (effect.record.kind === 'answered') this.gateway.answered('dms.example', effect.record.alert, effect.record.code)
          else client.remember(effect.record)
        }
        if (effect.type === 'send') sent = effect
      }
      this.settle()
      const over = todo.find((effect) => effect.type === 'note' && effect.note.topic === 'session' && effect.note.detail?.['state'] !== 'open')
      if (over?.type === 'note') return String(over.note.detail?.['state'])
      if (sent === undefined) return 'silent'
      const up = this.road({ leg, up: true, bytes: sent.frame.bytes })
      if (up !== null) this.#note(leg, true, up)
      const link = { link: this.wire.length }
      const uri = sent.frame.uri.replace(/^http:\/\/[^/]+/, '')
      const said = up === null ? null : this.#perform(peer, peer.server.input({ type: 'frame', link, frame: { ...sent.frame, bytes: up, uri } }))
      this.settle()
      if (up !== null && said === null) return 'no answer'
      const answer = said === null ? null : this.road({ leg, up: false, bytes: said })
      if (answer === null) {
        todo = machine.input({ type: 'gone', link: sent.link, reason: 'lost on the road' })
        continue
      }
      this.#note(leg, false, answer)
      todo = machine.input({ type: 'frame', link: sent.link, frame: { ...sent.frame, bytes: answer, uri: '' } })
    }
    return 'endless'
  }

  #note(leg: string, up: boolean, bytes: Uint8Array): void {
    const passed: Passed = { leg, up, bytes, message: decode(bytes, this.encoding).message }
    this.wire.push(passed)
    this.meanwhile?.(passed)
  }
}

function account(device: string | null, userName: string, serverId: string) {
  return { device, userName, password: 'lab', serverId, serverPassword: 'lab', authType: null, state: 'enrolled' as const }
}
