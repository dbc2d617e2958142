// What the DM Server remembers of devices behind gateways, learnt from alerts, and where a notification for a device must go (S4 X.3, Y.1; gwmo sheet 6.2).
import type { Mode } from '../mo/gwmo.ts'
import type { Attach, Detach } from './payloads.ts'

/** <gateway address, device id and address, mode>: exactly what S4 X.3 has the server store. */
export interface Relation {
  readonly deviceId: string
  /** The gateway's own DevId; '' where only its address is known (Associated Gateway alert). */
  readonly gateway: string
  readonly gatewayAddress: string
  readonly localId: string
  readonly address: string
  readonly addressType: string
  /** Routable from the server without the gateway; '' none. */
  readonly publicAddress: string
  readonly mode: Mode
  readonly componentType: number | null
  readonly attached: boolean
  readonly at: number
  /** Version of the attach alert that taught it: 1.0 or 1.1; '' from another source. */
  readonly version: '1.0' | '1.1' | ''
}

/** Relations by DeviceID; the newest attach wins, whichever gateway it came from. */
export class Relations {
  readonly #byDevice = new Map<string, Relation>()

  constructor(known: Iterable<Relation> = []) {
    for (const relation of known) this.#byDevice.set(relation.deviceId, relation)
  }

  of(deviceId: string): Relation | undefined {
    return this.#byDevice.get(deviceId)
  }

  all(): readonly Relation[] {
    return [...this.#byDevice.values()]
  }

  /** True where no device was ever told of. */
  get none(): boolean {
    return this.#byDevice.size === 0
  }

  behind(gateway: string): readonly Relation[] {
    return this.all().filter((relation) => relation.gateway === gateway)
  }

  /** A device came, moved, or changed address or mode. */
  attach(attach: Attach, from: string, version: '1.0' | '1.1', at: number): Relation {
    const old = this.#byDevice.get(attach.deviceId)
    const relation: Relation = {
      deviceId: attach.deviceId,
      gateway: from,
      gatewayAddress: attach.gateway.address,
      localId: attach.localId,
      address: attach.device.address,
      addressType: attach.device.type,
      publicAddress: old?.publicAddress ?? '',
      mode: attach.mode,
      componentType: attach.componentType,
      attached: true,
      at,
      version,
    }
    this.#byDevice.set(relation.deviceId, relation)
    return relation
  }

  /** Null where the device is not known behind that gateway: another gateway's word about it does not count. */
  detach({ deviceId }: Detach, from: string, at: number): Relation | null {
    const old = this.#byDevice.get(deviceId)
    if (old === undefined || old.gateway !== from) return null
    const relation = { ...old, attached: false, at }
    this.#byDevice.set(deviceId, relation)
    return relation
  }

  /** The device itself told its gateway's address (transparent mode); '' takes it back. */
  associated(deviceId: string, address: string, at: number): Relation | null {
    const old = this.#byDevice.get(deviceId)
    if (address === '') {
      if (old === undefined) return null
      const gone = { ...old, gatewayAddress: '', attached: false, at }
      this.#byDevice.set(deviceId, gone)
      return gone
    }
    const fresh: Relation = {
      deviceId,
      gateway: '',
      localId: '',
      address: '',
      addressType: '',
      publicAddress: '',
      componentType: null,
      version: '',
      ...old,
      gatewayAddress: address,
      mode: 0,
      attached: true,
      at,
    }
    this.#byDevice.set(deviceId, fresh)
    return fresh
  }

  /** An address the server can reach the device at without its gateway; by hand or from a session. */
  reachable(deviceId: string, publicAddress: string): Relation | null {
    const old = this.#byDevice.get(deviceId)
    if (old === undefined) return null
    const relation = { ...old, publicAddress }
    this.#byDevice.set(deviceId, relation)
    return relation
  }

  forget(deviceId: string): void {
    this.#byDevice.delete(deviceId)
  }
}

/** Where a Package #0 for a device goes, and by which flow. */
export type Route =
  | { readonly flow: 'Y'; readonly to: string; readonly gateway: string }
  | { readonly flow: 'Z'; readonly to: string }
  | { readonly flow: "Z'"; readonly to: string; readonly endDevice: string }

/** Null with the reason where nobody can be notified. */
export function route(relation: Relation | undefined): Route | { readonly flow: null; readonly why: string } {
  if (relation === undefined) return { flow: null, why: 'unknown device' }
  if (!relation.attached) return { flow: null, why: 'the device is detached from its gateway' }
  if (relation.mode !== 0) {
    return relation.gatewayAddress === ''
      ? { flow: null, why: "the gateway's address is not known" }
      : { flow: 'Y', to: relation.gatewayAddress, gateway: relation.gateway }
  }
  if (relation.publicAddress !== '') return { flow: 'Z', to: relation.publicAddress }
  return relation.gatewayAddress === ''
    ? { flow: null, why: 'neither the device nor its gateway has an address' }
    : { flow: "Z'", to: relation.gatewayAddress, endDevice: relation.deviceId }
}
