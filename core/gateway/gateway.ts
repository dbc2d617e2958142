// The gateway itself between its two faces: inventory, fan-outs and images over one tree; facts in, wishes out. It knows neither sockets nor sessions.
import { TreeError } from '../dmtree/error.ts'
import { DEFAULTS, alertOfType } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'
import type { Alert } from '../syncml/message.ts'
import { Devices } from './devices.ts'
import { Fanouts } from './fanouts.ts'
import { Images } from './images.ts'
import { attachAlert } from './inventory.ts'
import { mayRead } from './jobstart.ts'
import { laidId, laidOf } from './laid.ts'
import type { KeptLaid } from './laid.ts'
import { GatewayPart } from './part.ts'
import type { Behind, ConfigStart } from './behind.ts'
import { DIALECT } from './ports.ts'
import type { Dialect, Kept, Wish } from './ports.ts'
import { Yard } from './yard.ts'
import type { YardOptions } from './yard.ts'

export interface GatewayOptions extends Omit<YardOptions, 'dialect'> {
  readonly config?: Partial<ConfigStart>
  readonly dialect?: Partial<Dialect>
}

export class Gateway {
  readonly part: GatewayPart
  readonly devices: Devices
  readonly images: Images
  readonly fanouts: Fanouts
  readonly dialect: Dialect
  readonly #yard: Yard
  #alarm: number | null = null
  /** Groups as they are kept. */
  readonly #groups = new Set<string>()
  /** Jobs started in the open session with the DM Server; null: it waits for none any more. */
  #begun: Set<string> | null = null

  constructor(options: GatewayOptions) {
    const { config, dialect, ...shared } = options
    this.dialect = { ...DIALECT, ...dialect }
    this.#yard = new Yard({ ...shared, dialect: this.dialect })
    const { facts, store } = shared
    this.devices = new Devices(this.#yard)
    this.images = new Images(this.#yard)
    this.fanouts = new Fanouts(this.#yard, this.devices, this.images)
    this.part = new GatewayPart(this.#behind(), {
      gatewayId: facts.id,
      address: facts.address.address,
      addressType: facts.address.type,
      modes: [0, 1, 2],
      defaultMode: 1,
      style: 1,
      holdTime: DEFAULTS.holdTime,
      capacity: store.capacity,
      defaultExpiry: DEFAULTS.imageExpiry,
      ...config,
    })
    this.#yard.part = this.part
    this.#yard.rearm = () => this.#rearm()
    this.devices.came = (localId) => this.fanouts.wakeAll(localId)
  }

  /** What the tree asks. */
  #behind(): Behind {
    const { fanouts, images } = this
    return {
      now: () => this.#yard.now(),
      jobAdded: (name, server) => fanouts.added(name, server),
      jobDeleted: (name) => fanouts.deleted(name),
      jobBusy: (name) => fanouts.busy(name),
      jobStart: (name, correlator, server) => {
        fanouts.start(name, correlator, server)
        this.#begun?.add(name)
        return this.holds && this.waits
      },
      holdMs: () => this.holdMs,
      givesUp: () => this.givesUp(),
      keepsOpen: () => this.keepsOpen,
      jobCancel: (name) => fanouts.cancel(name),
      imageAdded: (name, server) => images.added(name, server),
      imageDeleted: (name) => images.deleted(name),
      imageExpired: (name) => images.expired(name),
      imageLate: (name, server, what) => images.late(name, server, what),
      imageExpiry: (name, seconds) => images.expiry(name, seconds),
      imageArrived: (name, bytes) => images.arrived(name, bytes),
      imageChanged: (name, leaf, value) => images.changed(name, leaf, value),
      imageDownload: (name, correlator, url) => images.download(name, correlator, url),
      trigger: (wish) => this.#trigger(wish),
      modeWish: (localId, mode) => this.#modeWish(localId, mode),
      groupsMoved: () => this.#groupsMoved(),
      configMoved: () => this.#configMoved(),
      laid: (laid, kept) => this.#yard.keep('gateway.laid', laidId(laid), kept),
    }
  }

  // A session with the DM Server that is kept for the answers of devices (gwmo sheet 6.3 dialect b, 6.4).

  sessionBegins(): void {
    this.#begun = new Set()
  }
  /** HoldTime is over, or the session is: what comes later goes up by itself. */
  givesUp(): void {
    this.#begun = null
  }
  /** True while a job runs that was started in this session. */
  get waits(): boolean {
    return [...(this.#begun ?? [])].some((name) => this.fanouts.job(name)?.state === 20)
  }
  /** Flow Y, held: devices are woken at once, and the Exec that started the job is answered with what they said. */
  get holds(): boolean {
    return this.dialect.flowY === 'held' && this.part.asked.config('Session/Style') === '0'
  }
  /** Y'.5, the re-used session: the Exec is answered at once, the package stays open. */
  get keepsOpen(): boolean {
    return this.dialect.asynchronous === 'reuse' && !this.holds && this.waits
  }
  /** Ms a session is kept at the most. */
  get holdMs(): number {
    return Number(this.part.asked.config('Session/HoldTime')) * 1000
  }

  /** What is wanted since the last call, in order. */
  take(): Wish[] {
    return this.#yard.take()
  }

  /** Everything as it was kept; jobs that ran go on. Call once the part has entered its tree. */
  restore(kept: Kept): void {
    this.#yard.restoring = true
    for (const { value } of kept.all('gateway.record')) this.devices.put(value as Parameters<Devices['put']>[0])
    for (const { id, value } of kept.all('gateway.group')) {
      this.part.asked.putGroup(id, value as string[])
      this.#groups.add(id)
    }
    for (const { id, value } of kept.all('gateway.laid')) {
      const laid = laidOf(id)
      if (laid !== null) this.part.putLaid(laid, value as KeptLaid)
    }
    this.images.restore(kept)
    this.fanouts.restore(kept)
    const config = kept.all('gateway.config').find(({ id }) => id === 'config')
    const older = kept.all('gateway.config').find(({ id }) => id === 'older')
    for (const server of (older?.value ?? []) as string[]) this.#yard.older.add(server)
    for (const [name, value] of Object.entries((config?.value ?? {}) as Record<string, string>)) {
      if (this.part.asked.config(name) !== value) this.part.asked.setConfig(name, value)
    }
    this.part.admit(this.#yard.options.servers)
    this.#yard.restoring = false
    this.#free()
    this.images.resume()
    this.fanouts.wakeAll()
    this.#rearm()
  }

  /**
   * A DM Server answered an alert, or refused it for good. 415 to the newest attach alert: the older form follows (gwmo sheet 2.5); otherwise what was
   * told is acknowledged or, refused, stays readable.
   */
  answered(server: string, alert: Alert, code: number): void {
    const good = code === 200 || code === 202
    const state = good ? 20 : 30
    const type = alertOfType(alert.items[0]?.meta?.type ?? '')
    const name = (alert.items[0]?.source?.locUri ?? '').split('/').at(-1) ?? ''
    const record = this.devices.byLocalId(name)
    if (type === 'attached' && code === 415 && record !== undefined) {
      this.#yard.older.add(server)
      this.#yard.keep('gateway.config', 'older', [...this.#yard.older])
      return this.#yard.wish({ type: 'report', server, alert: attachAlert(record, this.#yard.options.facts, '1.0') })
    }
    if ((type === 'attached' || type === 'attached10' || type === 'detached') && record !== undefined) {
      this.devices.save({ ...record, reportState: state })
    } else if (type === 'imageReady') this.images.reported(name, state)
    else if (type === 'completion') this.fanouts.reported(name, state)
    if (!good) this.#yard.tell('gateway.refused', `${server} refused the alert ${type ?? ''} about ${name} with ${code}`, '')
  }

  #trigger(wish: {
    readonly deviceId: string
    readonly notification: Uint8Array | null
    readonly contentType: string
    readonly server: string
  }): number {
    const record = this.devices.recordOf(wish.deviceId)
    if (record === undefined) throw new TreeError(404, `there is no device ${wish.deviceId}`)
    if (record.state === 40) throw new TreeError(403, `${wish.deviceId} is detached`)
    if (!mayRead(this.#yard, record, wish.server)) throw new TreeError(425, `${wish.server} may not read the record of ${wish.deviceId}`)
    if (record.mode === 2 && (wish.notification !== null || this.#yard.options.wakes?.(record.protocol) !== true))
      throw new TreeError(406, `${wish.deviceId} speaks ${record.protocol}, which has no such notification`)
    if (record.mode === 2) {
      this.#yard.wish({ type: 'adapt', localId: record.localId, job: '' })
      return 200
    }
    if (wish.notification !== null) {
      this.#yard.wish({ type: 'forward', localId: record.localId, contentType: wish.contentType, body: wish.notification })
      return 200
    }
    if (record.mode === 0) throw new TreeError(412, 'a device in transparent mode needs the finished notification')
    this.#yard.wish({ type: 'notify', localId: record.localId })
    return 200
  }

  /** Z': whom a push with X-Oma-GwMO is for. `y`: the device is not transparent, the notification counts as one for the gateway. */
  forward(deviceId: string, serverId: string, contentType: string, body: Uint8Array): 'forwarded' | 'unknown' | 'detached' | 'not its server' | 'y' {
    const record = this.devices.recordOf(deviceId)
    if (record === undefined) return 'unknown'
    if (record.mode !== 0) return 'y'
    if (record.state !== 30) return 'detached'
    if (!record.servers.includes(serverId)) return 'not its server'
    this.#yard.wish({ type: 'forward', localId: record.localId, contentType, body })
    return 'forwarded'
  }

  #modeWish(localId: string, mode: Mode): void {
    const record = this.devices.byLocalId(localId)
    if (record === undefined) throw new TreeError(404, `there is no record ${localId}`)
    const names = ['Transparent', 'Proxy', 'Adaptation'] as const
    if ((record.mode === 2) !== (mode === 2) || this.part.asked.config(`Modes/${names[mode]}`) !== 'true') {
      throw new TreeError(403, `${record.deviceId} cannot be served in that mode`)
    }
    const changed = { ...record, mode }
    this.devices.save(changed)
    this.devices.tellAttached(changed)
  }

  #groupsMoved(): void {
    const now = this.part.asked.groups()
    for (const { name, members } of now) {
      this.#groups.add(name)
      this.#yard.keep('gateway.group', name, members)
    }
    for (const name of [...this.#groups]) {
      if (now.some((group) => group.name === name)) continue
      this.#groups.delete(name)
      this.#yard.keep('gateway.group', name, null)
    }
  }
  #configMoved(): void {
    const names = [
      'Modes/Transparent',
      'Modes/Proxy',
      'Modes/Adaptation',
      'DefaultMode',
      'Session/Style',
      'Session/HoldTime',
      'Alerts/Attach',
      'Alerts/Detach',
    ]
    const all = [...names, 'Alerts/ImageReady', 'ImageStore/DefaultExpiry']
    this.#yard.keep('gateway.config', 'config', Object.fromEntries(all.map((name) => [name, this.part.asked.config(name)])))
  }

  /** The alarm rang: settled records close, jobs time out, images become void, interim reports are due. */
  tick(): void {
    this.#alarm = null
    for (const imageId of this.images.tick()) this.fanouts.imageGone(imageId)
    this.fanouts.tick()
    this.#free()
    this.#rearm()
  }

  #free(): void {
    this.images.free((imageId) => this.fanouts.gives(imageId))
  }

  /** Before a server reads: leaves that follow the clock are right. */
  refresh(): void {
    this.images.refresh()
    this.#free()
  }

  #rearm(): void {
    if (this.#yard.restoring) return
    const due = [...this.fanouts.due(), ...this.images.due()]
    const at = due.length === 0 ? null : Math.min(...due)
    if (at === this.#alarm) return
    this.#alarm = at
    this.#yard.wish({ type: 'alarm', at })
  }
}
