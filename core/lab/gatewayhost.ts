// A gateway at work: two faces over real transports, its wishes performed in order, everything it must not forget kept before a message that depends on it leaves.
import type { BootstrapResult, Hop, Seq } from '../api.ts'
import { freshPin } from '../bootstrap/account.ts'
import type { Client } from '../device/client.ts'
import type { ClientInput } from '../device/device.ts'
import { Door } from '../device/door.ts'
import { accountsOf } from '../device/profile.ts'
import { Gateway } from '../gateway/gateway.ts'
import type { GatewayOptions } from '../gateway/gateway.ts'
import type { DeviceRecord, ImageFile, Kept, SaveKind, Wish } from '../gateway/ports.ts'
import { SouthPolicy } from '../gateway/south.ts'
import type { Env } from '../machine.ts'
import { happening, isHappening } from '../mo/events.ts'
import { DM_APPLICATION } from '../notify/push.ts'
import { LINK_APPLICATION } from '../notify/si.ts'
import type { Push } from '../notify/push.ts'
import { DmServer } from '../server/server.ts'
import type { ServerSettings } from '../server/settings.ts'
import type { Docs } from '../store/docs.ts'
import type { Ledger } from '../store/ledger.ts'
import { decodePackage0 } from '../syncml/package0.ts'
import { Host } from './host.ts'
import { NorthHold } from './northhold.ts'
import { Notifier } from './notifier.ts'
import type { Admission } from './admission.ts'
import type { Clock, Transport } from './ports.ts'
import { Pushes } from './pushes.ts'
import type { PushSender } from './pushes.ts'
import type { Recorder } from './recorder.ts'
import { runClient } from './runner.ts'
import type { Post, SessionOutcome } from './runner.ts'
import { Wakes } from './wakes.ts'

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
  /** Fetches an image into the store. */
  readonly fetch: (image: string, url: string) => Promise<(ImageFile & { readonly contentType: string }) | { readonly reason: string }>
  /** Runs the open commands of a job on a device that speaks another protocol; absent: no adapters. */
  readonly adapt?: (record: DeviceRecord, job: string) => void
  readonly changed: () => void
}

/** A session that a notification asked for waits so long for the answers of devices (flow Y), ms; the job's own time-out comes first. */
const HOLD_MS = 600_000
/** Names whose address is remembered. */
const NAMES = 20_000
const STATE = 'gateway.client'
const PAIRING = 'gateway.pairing'

type Start = Extract<ClientInput, { type: 'start' }>

/** Runs one gateway. */
export class GatewayHost {
  readonly gateway: Gateway
  readonly host: Host
  readonly notifier: Notifier
  readonly #north: NorthHold
  readonly #pushes: Pushes
  readonly #parts: GatewayHostParts
  readonly #client: Client
  readonly #door: Door
  #alarm: (() => void) | null = null
  #reporting: (() => void) | null = null
  /** Sessions with the DM Server, one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  #sessions = 0
  #failures = 0
  /** Back after a restart, and not heard by the DM Server yet. */
  #returning = false
  /** Flow Y: the session that a notification asked for, begun when the answers are there. */
  #awaited: { readonly start: Start; readonly cancel: () => void } | null = null
  readonly #wakes: Wakes
  /** Addresses devices speak from: as they came, and once they had proven who they are. */
  readonly #from = new Map<string, string>()
  readonly #proven = new Map<string, string>()
  #stopped = false

  constructor(parts: GatewayHostParts) {
    this.#parts = parts
    const { clock, env, ledger, recorder, origin, recording, sender, settings } = parts
    this.gateway = new Gateway(parts.options)
    this.#north = new NorthHold({
      clock,
      gateway: this.gateway,
      told: (held) => {
        const text = held ? 'the session with the DM Server is kept while devices answer' : 'the session with the DM Server goes on'
        this.#tell({ type: 'tell', event: 'gateway.held', text, device: parts.options.facts.id, facts: { held } })
      },
    })
    const keptState = parts.docs.get(STATE, 'north')
    this.#client = parts.client(keptState, this.gateway)
    this.#door = new Door(this.#client, parts.pin === undefined ? {} : { pin: parts.pin })
    const pushes = new Pushes({
      ledger,
      clock,
      random: (count) => env.random(count),
      recorder,
      sender,
      origin,
      recording,
      hop: 'G-D',
      serverUri: parts.serverUri,
      door: (device) => this.#target(device),
      changed: parts.changed,
    })
    this.#pushes = pushes
    this.notifier = new Notifier({ ledger, clock, random: (count) => env.random(count), pushes, sender })
    this.#wakes = new Wakes({
      clock,
      notify: (device) => this.notifier.notify(device, { resync: true }),
      wanted: (device) => this.gateway.fanouts.waits(this.gateway.devices.recordOf(device)?.localId ?? ''),
      failed: (device, why) => this.#event(`${device} could not be notified: ${why}`, null),
    })
    const south = new SouthPolicy({ gateway: this.gateway, address: (device) => this.#addressOf(device) })
    const settled = <T>(value: T): T => {
      this.#settle()
      return value
    }
    const policy = {
      next: (...args: Parameters<SouthPolicy['next']>) => {
        const [{ device, authenticated }] = args
        this.#wakes.came(device)
        if (authenticated) this.#proven.set(device, this.#from.get(device) ?? '')
        return settled(south.next(...args))
      },
      alert: (...args: Parameters<SouthPolicy['alert']>) => settled(south.alert(...args)),
      ended: (...args: Parameters<SouthPolicy['ended']>) => {
        settled(south.ended(...args))
        this.#wakes.left(args[0].device)
      },
    }
    const { serverId } = parts.options.facts
    const machine = new DmServer({
      serverUri: parts.serverUri(),
      ...(parts.answerUri === undefined ? {} : { answerUri: parts.answerUri }),
      settings: { ...settings, serverId, greet: false },
      ledger,
      env,
      policy,
      notified: (device, id) => this.notifier.answered(device, id),
    })
    this.host = new Host({
      machine,
      transport: parts.transport,
      recorder,
      ledger,
      clock,
      hop: (): Hop => 'G-D',
      admission: (received, newcomer) => {
        this.#heard(newcomer.device, hostIn(received.remote))
        return parts.admission?.(received, newcomer) ?? { notes: [], refusal: '' }
      },
      watcher: { held: () => parts.changed(), changed: () => parts.changed(), device: () => parts.changed() },
    })
  }

  /** What was kept comes back, running jobs go on, owed reports leave. */
  start(): void {
    const { docs } = this.#parts
    const kept: Kept = { all: (kind: SaveKind) => docs.all(kind) }
    // Who was here before may have lost a session or a notification: it comes by itself.
    this.#returning = docs.get(STATE, 'north') !== undefined
    this.gateway.restore(kept)
    this.#settle()
    this.#report()
  }

  async stop(): Promise<void> {
    if (this.#parts.recording) this.#told()
    this.#stopped = true
    this.#alarm?.()
    this.#reporting?.()
    this.#awaited?.cancel()
    this.#north.end()
    this.#wakes.stop()
    this.notifier.stop()
    this.host.stop()
    await this.#queue
  }

  /** Servers the gateway knows, for those who show it. */
  get client(): Client {
    return this.#client
  }

  /**
   * A push came. For the gateway itself: its notification begins a session (flow Y: once the devices have answered). With the name of an end device: the
   * same octets go on to it (flow Z'). The HTTP status where HTTP carried it.
   */
  push(push: Push, cause: Seq | null): { readonly httpStatus: number; readonly text: string } {
    // Nonces move with an open session: a push for the gateway itself is judged when that is over.
    if (this.#sessions > 0 && this.#isOurs(push)) {
      const later = (): void => {
        if (this.#stopped) return
        if (this.#sessions > 0) void this.#queue.then(later)
        else this.#judged(push, cause)
      }
      void this.#queue.then(later)
      return { httpStatus: 202, text: 'a session with the DM Server is open: the push is looked at when it is over' }
    }
    return this.#judged(push, cause)
  }

  #judged(push: Push, cause: Seq | null): { readonly httpStatus: number; readonly text: string } {
    const told = this.#pushed(push)
    this.#event(told.text, cause)
    this.#settle()
    return told
  }

  #isOurs({ endDevice }: Push): boolean {
    return endDevice === null || endDevice === this.#parts.options.facts.id
  }

  #pushed(push: Push): { readonly httpStatus: number; readonly text: string } {
    const { endDevice } = push
    if (endDevice !== null && !this.#isOurs(push)) {
      let serverId = ''
      try {
        serverId = decodePackage0(push.body).serverId
      } catch {
        return { httpStatus: 400, text: `the push for ${endDevice} holds no notification: nothing is forwarded` }
      }
      const what = this.gateway.forward(endDevice, serverId, push.contentType, push.body)
      if (what === 'forwarded') return { httpStatus: 202, text: `the notification for ${endDevice} goes on to it, octet for octet` }
      if (what === 'unknown') return { httpStatus: 404, text: `${endDevice} is not known here: nothing is forwarded` }
      if (what === 'detached') return { httpStatus: 404, text: `${endDevice} is detached: nothing is forwarded` }
      if (what === 'not its server') return { httpStatus: 403, text: `${endDevice} has not named ${serverId} as its server: nothing is forwarded` }
    }
    const entrance = this.#door.receive(push)
    if (entrance.what !== 'session') return { httpStatus: entrance.refused ? 403 : 202, text: entrance.text }
    this.#notified(entrance.start)
    return { httpStatus: 202, text: entrance.text }
  }

  /** Flow Y (Style 0, preloaded): jobs that wait for a notification start, and the session waits for their answers; otherwise it begins at once. */
  #notified(start: Start): void {
    const { dialect, fanouts } = this.gateway
    const waits = fanouts.autoStart(this.#client.serverId)
    if (!waits || dialect.flowY !== 'preloaded') return void this.#session(start)
    this.#awaited?.cancel()
    const cancel = this.#parts.clock.after(HOLD_MS, () => this.#begin())
    this.#awaited = { start, cancel }
  }

  /** The session that waited begins now. */
  #begin(): void {
    const awaited = this.#awaited
    if (awaited === null) return
    awaited.cancel()
    this.#awaited = null
    void this.#session(awaited.start)
  }

  // Bootstrap (S4 M.1, M.4).

  /** M.1: a pairing code for a device that is to come; a code made anew replaces the old one. Told here and kept until the device has used it. */
  pair(deviceId: string): string {
    const code = freshPin((count) => this.#parts.env.random(count))
    this.#parts.docs.put(PAIRING, deviceId, { code })
    this.host.commit()
    return code
  }

  /** Devices that are expected and have not used their code yet. */
  expected(): readonly string[] {
    return this.#parts.docs.all(PAIRING).map(({ id }) => id)
  }

  /** The code a device must know; undefined for one that is not expected. */
  pairing(deviceId: string): string | undefined {
    return (this.#parts.docs.get(PAIRING, deviceId) as { readonly code: string } | undefined)?.code
  }

  /** M.1: the device has proven that it knows its code: it gets an identifier and a record, its account comes later. */
  discovered(deviceId: string, address: { readonly type: string; readonly address: string }): void {
    this.gateway.devices.discovered({ deviceId, mode: 1, address }, 20)
    this.settle()
  }

  /** M.1 and M.4: the device has proven that it knows its code. It gets an identifier, an account with secrets of its own, and the document that carries it. */
  async bootstrap(
    deviceId: string,
    address: { readonly type: string; readonly address: string },
    code: string,
    serverUri: string,
    to?: string,
  ): Promise<BootstrapResult> {
    const { facts } = this.#parts.options
    if (this.gateway.devices.recordOf(deviceId) === undefined) this.discovered(deviceId, address)
    const made = await this.#pushes.bootstrap({
      device: deviceId,
      profile: 'dm',
      security: 'USERPIN',
      pin: code,
      serverId: facts.serverId,
      serverUri,
      name: 'gateway',
      ...(to === undefined ? {} : { to }),
    })
    this.#parts.docs.drop(PAIRING, deviceId)
    this.host.commit()
    this.#event(`${deviceId} was authenticated and gets its account (M.4)`, made.seq)
    return made
  }

  // Wishes.

  /** Something outside a session moved the gateway (an adapter): its wishes are performed, what it must not forget is kept. */
  settle(): void {
    this.#settle()
    this.host.commit()
  }

  /** Records what happened off the wire. */
  happened(text: string): void {
    this.#event(text, null)
  }
  /** Records what an adapter and a device did with each other. */
  acted(device: string, text: string, facts: Extract<Wish, { type: 'tell' }>['facts']): void {
    this.#tell({ type: 'tell', event: 'gateway.adapter', text, device, facts })
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
    const { clock } = this.#parts
    switch (wish.type) {
      case 'notify':
        return this.#north.wake(() => this.#wake(wish.localId))
      case 'forward':
        return void this.#forward(wish)
      case 'link':
        return this.#north.wake(() => void this.#forward(wish))
      case 'adapt':
        return this.#north.wake(() => this.#adapt(wish))
      case 'report':
        this.#client.owe(wish.server, wish.alert)
        this.#keepClient()
        return this.#report()
      case 'session':
        this.#north.moved()
        return this.#awaited === null ? this.#report() : clock.soon(() => this.#begin())
      case 'fetch':
        return void this.#fetch(wish.image, wish.url)
      case 'alarm':
        return this.#arm(wish.at)
      case 'tell':
        return this.#tell(wish)
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
            this.#settle()
            this.host.commit()
          })
  }

  async #fetch(image: string, url: string): Promise<void> {
    const result = await this.#parts.fetch(image, url).catch((error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }))
    if (this.#stopped) return
    this.gateway.images.fetched(image, result)
    this.#settle()
    this.host.commit()
  }

  // Devices.

  #wake(localId: string): void {
    const record = this.gateway.devices.byLocalId(localId)
    if (record !== undefined) this.#wakes.call(record.deviceId)
  }

  async #forward(wish: Extract<Wish, { type: 'forward' | 'link' }>): Promise<void> {
    const { localId, contentType, body } = wish
    const [application, pkg] = wish.type === 'link' ? [LINK_APPLICATION, ''] : [DM_APPLICATION, '#0']
    const record = this.gateway.devices.byLocalId(localId)
    const to = record === undefined ? undefined : this.#target(record.deviceId)
    if (record === undefined || to === undefined) return this.#event(`no push address of ${localId} is known: nothing is sent`, null)
    try {
      // The octets are those that came; only the name of the end device is left out.
      const sent = await this.#parts.sender.send(to, { contentType, application, body })
      const what = wish.type === 'link' ? `pushed ${wish.url}` : `forwarded ${body.length} octets`
      this.#pushes.sent({ device: record.deviceId, sessionId: '', package: pkg, to, text: `${what} to ${record.deviceId} at ${to}`, sent })
    } catch (error) {
      this.#event(`not sent to ${to}: ${error instanceof Error ? error.message : String(error)}`, null)
    }
  }

  /** Where a device takes pushes: its own port in this lab, an address it registered as URI, else port 2948 of where it is. */
  #target(device: string): string | undefined {
    const own = this.#parts.door(device)
    if (own !== undefined) return own
    const record = this.gateway.devices.recordOf(device)
    if (record === undefined) return undefined
    const { type, address } = record.address
    if (/^(udp|https?):\/\//i.test(address)) return address
    return type === 'IPv4' || type === 'IPv6' ? `udp://${type === 'IPv6' ? `[${address}]` : address}:2948` : undefined
  }

  #addressOf(device: string): { readonly type: string; readonly address: string } {
    const address = this.#from.get(device) ?? ''
    return { type: address.includes(':') ? 'IPv6' : 'IPv4', address }
  }

  /** Somebody speaks in the name of a device; names are only remembered as long as there is room. */
  #heard(device: string, host: string): void {
    this.#from.delete(device)
    this.#from.set(device, host)
    const [oldest] = this.#from.keys()
    if (this.#from.size > NAMES && oldest !== undefined) this.#from.delete(oldest)
  }

  /** True where a device of the inventory speaks from this address (`host:port`), or said that it does. */
  knows(remote: string): boolean {
    const host = hostIn(remote)
    const here = ({ deviceId, address }: DeviceRecord): boolean =>
      this.#proven.get(deviceId) === host || address.address === host || /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]*)/i.exec(address.address)?.[1] === host
    return this.gateway.devices.records().some((record) => record.state === 30 && here(record))
  }

  // The DM Server.

  /** Reports that are due leave in a session of the gateway's own. */
  #report(): void {
    if (this.#sessions > 0 || this.#reporting !== null || this.#awaited !== null || this.#stopped) return
    // Before M.3 there is nobody to report to: what is owed waits.
    if (accountsOf(this.#client.device.tree).length === 0) return
    const { clock } = this.#parts
    const owed = this.#client.owed().map(({ due }) => due)
    const due = this.#returning ? clock.now() : Math.min(...owed)
    if (due === Infinity) return
    const pause = this.#failures === 0 ? 0 : Math.min(300_000, 1000 * 2 ** Math.min(this.#failures, 10))
    this.#reporting = clock.after(Math.max(pause, due - clock.now(), 0), () => {
      this.#reporting = null
      if (this.#sessions === 0) void this.#session({ type: 'start', initiated: 'client' })
    })
  }

  #session(start: Start): Promise<SessionOutcome> {
    this.#sessions += 1
    this.#reporting?.()
    this.#reporting = null
    const { clock, post } = this.#parts
    const held = this.#queue.then(async () => {
      const { machine } = this.#client
      this.#north.begin()
      const end = await runClient(
        {
          machine: {
            input: (input) => {
              this.gateway.refresh()
              return this.#north.within(() => {
                const effects = machine.input(input)
                // What is owed is remembered before more is owed: the older list must not come after the newer one.
                const owed = effects.filter((effect) => effect.type === 'save' && effect.record.kind === 'reports')
                for (const effect of owed) if (effect.type === 'save') this.#client.remember(effect.record)
                this.#settle()
                return effects.filter((effect) => !owed.includes(effect))
              })
            },
          },
          post: async (frame) => {
            this.#keepClient()
            this.host.commit()
            const answer = await post(frame).finally(() => this.#north.left())
            await this.#north.kept()
            return answer
          },
          clock,
          work: (_awaited, answer) => this.#north.work(() => answer(202)),
          save: (record) => {
            if (record.kind === 'answered') this.gateway.answered(this.#client.serverId, record.alert, record.code)
            else this.#client.remember(record)
            this.#settle()
          },
        },
        start,
      )
      this.#north.end()
      this.#keepClient()
      this.host.commit()
      return end
    })
    this.#queue = held.then((end) => {
      this.#parts.ended?.(end)
      this.#sessions -= 1
      this.#failures = end.outcome === 'failed' ? this.#failures + 1 : 0
      if (end.outcome === 'completed') this.#returning = false
      this.#report()
    })
    return held
  }

  /** Nonces, accounts and owed reports; ./GwMO is made again from its own records. */
  #keepClient(): void {
    this.#parts.docs.put(STATE, 'north', this.#client.state())
  }

  /** Named happenings carry their facts; anything else is a sentence. */
  #tell({ event, text, device, facts }: Extract<Wish, { type: 'tell' }>): void {
    if (!isHappening(event)) return this.#event(text, null)
    const { recorder, clock, recording } = this.#parts
    if (!recording || this.#stopped) return
    // Behind the row of the message that it came of; where none did, soon.
    recorder.happens(clock.now(), clock.mono(), happening(event, device, text, facts))
    clock.soon(() => this.#told())
  }

  #told(): void {
    if (this.#stopped) return
    this.#parts.recorder.settle()
    this.#parts.changed()
  }

  #event(text: string, cause: Seq | null): void {
    const { recorder, clock, recording, changed } = this.#parts
    if (!recording) return
    recorder.event(clock.now(), clock.mono(), text, 0, cause === 0 ? null : cause)
    changed()
  }
}

/** The address in `address:port`, without brackets. */
const hostIn = (remote: string): string => /^\[?(.*?)\]?:\d+$/.exec(remote)?.[1] ?? ''
