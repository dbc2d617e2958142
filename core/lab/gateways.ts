// What the DM Server knows of gateways and the devices behind them: a policy that learns relations from alerts, keeps them, and finds the way of a notification (S4 X.3, Y.1).
import type { NotifyOptions, NotifyResult } from '../api.ts'
import type { Note } from '../machine.ts'
import { happening } from '../mo/events.ts'
import { ALERT_ROOT, alertOfType, modeName } from '../mo/gwmo.ts'
import { PayloadError, readAttach, readDetach } from '../gateway/payloads.ts'
import { Relations, route } from '../gateway/relations.ts'
import type { Relation } from '../gateway/relations.ts'
import type { AlertRecord } from '../server/records.ts'
import type { Policy, SessionView } from '../server/policy.ts'
import type { Docs } from '../store/docs.ts'

export interface GatewaysParts {
  readonly docs: Docs
  readonly now: () => number
  readonly notify: (device: string, options: NotifyOptions) => Promise<NotifyResult>
  /** A gateway told of a fan-out or an image. */
  readonly told: (from: string, what: 'aggregation' | 'completion' | 'imageReady', alert: AlertRecord, item: AlertRecord['items'][number]) => void
  /** The session of a device is over. */
  readonly ended: (device: string) => void
  /** A relation came, changed or went. */
  readonly moved: (relation: Relation) => void
  /** Takes the named happening of a relation (core/mo/events.ts); absent: nobody does. */
  readonly happened?: (note: Note) => void
}

const KIND = 'relation'

function relationNote({ deviceId, gateway, gatewayAddress, address, mode, attached }: Relation): Note {
  const text = attached ? `${deviceId} is behind ${gateway} at ${gatewayAddress} in ${modeName(mode)} mode` : `${deviceId} left ${gateway}`
  return happening('server.relation', deviceId, text, { gateway, gatewayAddress, address, mode, attached })
}

/** The server's side of gateways. */
export class Gateways implements Policy {
  readonly #parts: GatewaysParts
  readonly relations: Relations

  constructor(parts: GatewaysParts) {
    this.#parts = parts
    this.relations = new Relations(parts.docs.all(KIND).map(({ value }) => value as Relation))
  }

  /** Why a device has no sessions with this server: its gateway has them; '' where nothing speaks against them (gwmo sheet 1.2). */
  elsewhere(device: string): string {
    const relation = this.relations.of(device)
    if (relation === undefined || !relation.attached || relation.mode === 0) return ''
    return `its sessions are with the gateway ${relation.gateway} (${modeName(relation.mode)} mode): what it is to do goes there as a fan-out`
  }

  next(): [] {
    return []
  }

  ended(view: SessionView): void {
    this.#parts.ended(view.device)
  }

  /** Alerts of gateways about devices, and of devices about their gateway; everything else is none of ours. */
  alert(view: SessionView, alert: AlertRecord): number | undefined {
    if (alert.code !== 1226) return undefined
    const codes = alert.items.map((item) => {
      const type = alertOfType(item.type)
      // Nobody else knows what a gateway tells.
      if (type === null) return item.type.trim().startsWith(`${ALERT_ROOT}:`) ? 415 : undefined
      if (!view.authenticated) return 401
      try {
        return this.#learn(view.device, type, alert, item)
      } catch (error) {
        if (error instanceof PayloadError) return 412
        throw error
      }
    })
    const known = codes.filter((code) => code !== undefined)
    return known.find((code) => code >= 300) ?? known[0]
  }

  #learn(from: string, type: NonNullable<ReturnType<typeof alertOfType>>, alert: AlertRecord, item: AlertRecord['items'][number]): number {
    const now = this.#parts.now()
    switch (type) {
      case 'attached':
      case 'attached10':
        return this.#keep(this.relations.attach(readAttach(item.data), from, type === 'attached' ? '1.1' : '1.0', now))
      case 'detached':
        return this.#keep(this.relations.detach(readDetach(item.data), from, now))
      case 'gateway':
        // Only the device itself introduces its gateway.
        return this.#keep(this.relations.associated(from, item.data.trim(), now))
      case 'aggregation':
      case 'completion':
      case 'imageReady':
        this.#parts.told(from, type, alert, item)
        return 200
      case 'registration':
      case 'serverList':
        // A device's word to its gateway, not to a server.
        return 415
      default:
        return type satisfies never
    }
  }

  #keep(relation: Relation | null): number {
    if (relation !== null) {
      this.#parts.docs.put(KIND, relation.deviceId, relation)
      this.#parts.moved(relation)
      this.#parts.happened?.(relationNote(relation))
    }
    return 200
  }

  /** True for a device that told of others behind it. */
  isGateway(device: string): boolean {
    return this.relations.all().some(({ gateway }) => gateway === device)
  }

  /** True where a push to that address of that device is on the leg between server and gateway. */
  towards(device: string, to: string): boolean {
    return this.relations.all().some(({ gateway, gatewayAddress }) => gateway === device || gatewayAddress === to)
  }

  /** Wakes a gateway itself: at the address its devices' relations name, else as any device. */
  wake(gateway: string): Promise<NotifyResult> {
    const to = this.relations.behind(gateway).find(({ gatewayAddress }) => gatewayAddress !== '')?.gatewayAddress
    // Where both sides' nonces parted by a crash the default one brings them together again (NOTI 6.2).
    return this.#parts.notify(gateway, to === undefined ? { resync: true } : { to, resync: true })
  }

  /** Sends a notification the way the relation says; a device without one is notified as ever. Rejects in words where it cannot be reached. */
  notify(device: string, options: NotifyOptions): Promise<NotifyResult> {
    const relation = this.relations.of(device)
    if (relation === undefined || options.to !== undefined) return this.#parts.notify(device, options)
    const way = route(relation)
    switch (way.flow) {
      case 'Y':
        return this.#parts.notify(way.gateway, { ...options, to: way.to })
      case 'Z':
        return this.#parts.notify(device, { ...options, to: way.to })
      case "Z'":
        return this.#parts.notify(device, { ...options, to: way.to, endDevice: way.endDevice })
      case null:
        return Promise.reject(new Error(`${device}: ${way.why}`))
      default:
        return way satisfies never
    }
  }
}
