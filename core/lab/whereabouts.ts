// Where the devices of a gateway are: the address each speaks from, what it proved of that, and where it takes pushes.
import type { Devices } from '../gateway/devices.ts'
import type { DeviceRecord } from '../gateway/ports.ts'

/** Names whose address is remembered. */
const NAMES = 20_000

/** An address and its kind, as registrations name it. */
export interface Address {
  readonly type: string
  readonly address: string
}

export class Whereabouts {
  readonly #devices: Devices
  readonly #door: (device: string) => string | undefined
  /** Hosts devices speak from: as they came, and once they had proven who they are. */
  readonly #from = new Map<string, string>()
  readonly #proven = new Map<string, string>()

  /** `door`: where a device takes pushes, where that is known better than its record tells. */
  constructor(devices: Devices, door: (device: string) => string | undefined) {
    this.#devices = devices
    this.#door = door
  }

  /** Somebody at `remote` (`host:port`) speaks in the name of a device; names are only remembered as long as there is room. */
  heard(device: string, remote: string): void {
    this.#from.delete(device)
    this.#from.set(device, hostIn(remote))
    const [oldest] = this.#from.keys()
    if (this.#from.size > NAMES && oldest !== undefined) this.#from.delete(oldest)
  }

  /** It was the device that spoke. */
  proved(device: string): void {
    this.#proven.set(device, this.#from.get(device) ?? '')
  }

  addressOf(device: string): Address {
    const address = this.#from.get(device) ?? ''
    return { type: address.includes(':') ? 'IPv6' : 'IPv4', address }
  }

  /** Where a device takes pushes: its own port in this lab, an address it registered as URI, else port 2948 of where it is. */
  target(device: string): string | undefined {
    const own = this.#door(device)
    if (own !== undefined) return own
    const record = this.#devices.recordOf(device)
    if (record === undefined) return undefined
    const { type, address } = record.address
    if (/^(udp|https?):\/\//i.test(address)) return address
    return type === 'IPv4' || type === 'IPv6' ? `udp://${type === 'IPv6' ? `[${address}]` : address}:2948` : undefined
  }

  /** True where a device of the inventory speaks from this address (`host:port`), or said that it does. */
  knows(remote: string): boolean {
    const host = hostIn(remote)
    const here = ({ deviceId, address }: DeviceRecord): boolean =>
      this.#proven.get(deviceId) === host || address.address === host || /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]*)/i.exec(address.address)?.[1] === host
    return this.#devices.records().some((record) => record.state === 30 && here(record))
  }
}

/** The address in `address:port`, without brackets. */
const hostIn = (remote: string): string => /^\[?(.*?)\]?:\d+$/.exec(remote)?.[1] ?? ''
