// A gateway at work: two faces over real transports, its wishes performed in order, everything it must not forget kept before a message that depends on it leaves.
import type { Hop, Seq } from '../api.ts'
import type { Client } from '../device/client.ts'
import { Door } from '../device/door.ts'
import { Gateway } from '../gateway/gateway.ts'
import type { GatewayOptions } from '../gateway/gateway.ts'
import type { DeviceRecord, ImageFile, Kept, SaveKind, Wish } from '../gateway/ports.ts'
import { SouthPolicy } from '../gateway/south.ts'
import type { Env } from '../machine.ts'
import type { Push } from '../notify/push.ts'
import { DmServer } from '../server/server.ts'
import type { ServerSettings } from '../server/settings.ts'
import type { Docs } from '../store/docs.ts'
import type { Ledger } from '../store/ledger.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Admission } from './admission.ts'
import { GatewayPushes } from './gatewaypushes.ts'
import type { PushFate } from './gatewaypushes.ts'
import { gatewayTold, SILENT } from './gatewaytold.ts'
import type { GatewayTold } from './gatewaytold.ts'
import { Host } from './host.ts'
import { NorthSessions } from './northsessions.ts'
import { Notifier } from './notifier.ts'
import { Pairing } from './pairing.ts'
import type { Clock, Transport } from './ports.ts'
import { Pushes } from './pushes.ts'
import type { PushSender } from './pushes.ts'
import type { Recorder } from './recorder.ts'
import type { Post, SessionOutcome } from './runner.ts'
import { Wakes } from './wakes.ts'
import { Whereabouts } from './whereabouts.ts'

/** What a gateway runs on. */
export interface GatewayHostParts {
  readonly clock: Clock
  readonly env: Env
  readonly recorder: Recorder
  readonly origin: string
  readonly recording: boolean
  /** Its own: accounts and nonces of its devices. */
  readonly ledger: Ledger
  /** In the same database as the ledger, so that both are committed together. */
  readonly docs: Docs
  readonly options: GatewayOptions
  /** URL its devices post to. */
  readonly serverUri: () => string
  /** URL a device is told to post to from its first answer on, and in its account; absent: `serverUri`. */
  readonly answerUri?: (device: string) => string
  /** Judges the connections of devices; absent: each is as good as any other. */
  readonly admission?: Admission
  readonly settings: Partial<ServerSettings>
  readonly transport: Transport
  /** Makes the client of the DM Server from what was kept, with the gateway's tree. */
  readonly client: (state: unknown, gateway: Gateway) => Client
  readonly post: Post
  /** A session with the DM Server is over. */
  readonly ended?: (end: SessionOutcome) => void
  readonly sender: PushSender
  /** Where a device takes pushes, where that is known better than its record tells: a simulated device's own port. */
  readonly door: (device: string) => string | undefined
  /** Secret of the bootstrap messages it takes; absent: it takes none with a MAC. */
  readonly pin?: string
  /** Fetches an image into the store; `again`: where an earlier process stopped. */
  readonly fetch: (
    image: string,
    url: string,
    again: boolean,
  ) => Promise<(ImageFile & { readonly contentType: string }) | { readonly reason: string }>
  /** Runs the open commands of a job on a device that speaks another protocol; absent: no adapters. */
  readonly adapt?: (record: DeviceRecord, job: string) => void
  readonly changed: () => void
}

/** Runs one gateway. */
export class GatewayHost {
  readonly gateway: Gateway
  readonly host: Host
  /** Who is expected, and their bootstrap. */
  readonly pairing: Pairing
  readonly whereabouts: Whereabouts
  readonly #parts: GatewayHostParts
  readonly #notifier: Notifier
  readonly #north: NorthSessions
  readonly #pushes: GatewayPushes
  readonly #wakes: Wakes
  readonly #told: GatewayTold
  #alarm: (() => void) | null = null
  #stopped = false

  constructor(parts: GatewayHostParts) {
    this.#parts = parts
    const { clock, env, ledger, docs, recorder, origin, recording, sender, serverUri, changed } = parts
    const { id, serverId } = parts.options.facts
    const random = (count: number): Uint8Array => env.random(count)
    const settle = (): void => this.#settle()
    const commit = (): void => this.host.commit()
    const event: GatewayTold['event'] = (text, cause) => this.#told.event(text, cause)
    this.#told = recording ? gatewayTold(recorder, clock, changed) : SILENT
    this.gateway = new Gateway(parts.options)
    const { gateway } = this
    this.whereabouts = new Whereabouts(gateway.devices, parts.door)
    const { whereabouts } = this
    const door = (device: string): string | undefined => whereabouts.target(device)
    const pushes = new Pushes({ ledger, clock, random, recorder, sender, origin, recording, hop: 'G-D', serverUri, door, changed })
    this.#notifier = new Notifier({ ledger, clock, random, pushes, sender })
    this.#north = new NorthSessions({
      clock,
      gateway,
      docs,
      client: (kept) => parts.client(kept, gateway),
      post: parts.post,
      commit,
      settle,
      held: (held) => {
        const text = held ? 'the session with the DM Server is kept while devices answer' : 'the session with the DM Server goes on'
        this.#told.tell({ event: 'gateway.held', text, device: id, facts: { held } })
      },
      ended: parts.ended,
    })
    const north = this.#north
    const entrance = new Door(north.client, parts.pin === undefined ? {} : { pin: parts.pin })
    this.#pushes = new GatewayPushes({ gateway, id, door: entrance, north, whereabouts, pushes, sender, event, settle })
    this.pairing = new Pairing({
      docs,
      random,
      serverId,
      devices: gateway.devices,
      configs: (device) => gateway.part.configs(device),
      pushes,
      commit,
      settle: () => this.settle(),
      event,
    })
    this.#wakes = new Wakes({
      clock,
      notify: (device) => this.#notifier.notify(device, { resync: true }),
      wanted: (device) => gateway.fanouts.waits(gateway.devices.recordOf(device)?.localId ?? ''),
      failed: (device, why) => event(`${device} could not be notified: ${why}`, null),
    })
    const machine = new DmServer({
      serverUri: serverUri(),
      ...(parts.answerUri === undefined ? {} : { answerUri: parts.answerUri }),
      settings: { ...parts.settings, serverId, greet: false },
      ledger,
      env,
      policy: this.#south(),
      notified: (device, session) => this.#notifier.answered(device, session),
    })
    this.host = new Host({
      machine,
      transport: parts.transport,
      recorder,
      ledger,
      clock,
      hop: (): Hop => 'G-D',
      admission: (received, newcomer) => {
        whereabouts.heard(newcomer.device, received.remote)
        return parts.admission?.(received, newcomer) ?? { notes: [], refusal: '' }
      },
      watcher: { held: () => changed(), changed: () => changed(), device: () => changed() },
    })
  }

  /** What devices are given and told in their sessions; whatever that moves is performed at once. */
  #south(): Pick<SouthPolicy, 'next' | 'alert' | 'ended'> {
    const { whereabouts } = this
    const south = new SouthPolicy({ gateway: this.gateway, address: (device) => whereabouts.addressOf(device) })
    const settled = <T>(value: T): T => {
      this.#settle()
      return value
    }
    return {
      next: (...args) => {
        const [{ device, authenticated }] = args
        this.#wakes.came(device)
        if (authenticated) whereabouts.proved(device)
        return settled(south.next(...args))
      },
      alert: (...args) => settled(south.alert(...args)),
      ended: (...args) => {
        settled(south.ended(...args))
        this.#wakes.left(args[0].device)
      },
    }
  }

  /** What was kept comes back, running jobs go on, owed reports leave. */
  start(): void {
    const { docs } = this.#parts
    const kept: Kept = { all: (kind: SaveKind) => docs.all(kind) }
    this.gateway.restore(kept)
    this.#settle()
    this.#north.report()
  }

  async stop(): Promise<void> {
    this.#told.stop()
    this.#stopped = true
    this.#alarm?.()
    const over = this.#north.stop()
    this.#wakes.stop()
    this.#notifier.stop()
    this.host.stop()
    await over
  }

  /** Servers the gateway knows, for those who show it. */
  get client(): Client {
    return this.#north.client
  }

  /** A push came, for the gateway or for one of its devices. */
  push(push: Push, cause: Seq | null): PushFate {
    return this.#pushes.take(push, cause)
  }

  /** Something outside a session moved the gateway (an adapter): its wishes are performed, what it must not forget is kept. */
  settle(): void {
    this.#settle()
    this.host.commit()
  }

  /** Records what happened off the wire. */
  happened(text: string): void {
    this.#told.event(text, null)
  }

  /** Records what an adapter and a device did with each other. */
  acted(device: string, text: string, facts: Extract<Wish, { type: 'tell' }>['facts']): void {
    this.#told.tell({ event: 'gateway.adapter', text, device, facts })
  }

  #settle(): void {
    const wishes = this.gateway.take()
    for (const wish of wishes) if (wish.type === 'save') this.#keep(wish)
    for (const wish of wishes) if (wish.type !== 'save') this.#perform(wish)
  }

  #keep({ kind, id, value }: Extract<Wish, { type: 'save' }>): void {
    const { docs } = this.#parts
    if (value === null) docs.drop(kind, id)
    else docs.put(kind, id, value)
  }

  #perform(wish: Exclude<Wish, { type: 'save' }>): void {
    switch (wish.type) {
      case 'notify':
        return this.#north.hold.wake(() => this.#wake(wish.localId))
      case 'forward':
        return void this.#pushes.send(wish)
      case 'link':
        return this.#north.hold.wake(() => void this.#pushes.send(wish))
      case 'adapt':
        return this.#north.hold.wake(() => this.#adapt(wish))
      case 'report':
        return this.#north.owe(wish.server, wish.alert)
      case 'session':
        return this.#north.moved()
      case 'fetch':
        return void this.#fetch(wish.image, wish.url, wish.again === true)
      case 'alarm':
        return this.#arm(wish.at)
      case 'tell':
        return this.#told.tell(wish)
      default:
        wish satisfies never
    }
  }

  #adapt({ localId, job }: Extract<Wish, { type: 'adapt' }>): void {
    const { adapt } = this.#parts
    const record = this.gateway.devices.byLocalId(localId)
    if (record === undefined) return
    if (adapt === undefined) return this.gateway.fanouts.refusedDevice(job, localId, 406)
    adapt(record, job)
  }

  #arm(at: number | null): void {
    const { clock } = this.#parts
    this.#alarm?.()
    this.#alarm =
      at === null || this.#stopped
        ? null
        : clock.after(Math.max(0, at - clock.now()), () => {
            this.#alarm = null
            this.gateway.tick()
            this.settle()
          })
  }

  async #fetch(image: string, url: string, again: boolean): Promise<void> {
    const result = await this.#parts.fetch(image, url, again).catch((error: unknown) => ({ reason: wordsOf(error) }))
    if (this.#stopped) return
    this.gateway.images.fetched(image, result)
    this.settle()
  }

  #wake(localId: string): void {
    const record = this.gateway.devices.byLocalId(localId)
    if (record !== undefined) this.#wakes.call(record.deviceId)
  }
}
