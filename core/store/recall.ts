// What the one owner of the ledger remembers of it, so that a message asks the database nothing it has said before; nothing here is the truth.
import type { Account, DeviceRecord, KnownValue, Nonces, Order } from '../server/records.ts'

/** Things remembered at the most; beyond, all are forgotten and read again. */
const MOST = 100_000

/** What is remembered of one device: undefined where the database was not asked yet, null where it had nothing. */
export interface Recalled {
  accounts: readonly Account[] | undefined
  /** By server id. */
  readonly nonces: Map<string, Nonces | null>
  device: DeviceRecord | null | undefined
  orders: readonly Order[] | undefined
  /** By URI. */
  readonly values: Map<string, KnownValue | null>
}

/** Memory of the ledger by device (null: what holds for every device). With `on` false it remembers nothing. */
export class Recall {
  readonly #on: boolean
  readonly #devices = new Map<string | null, Recalled>()
  #size = 0
  #name: string | null = null
  #last: Recalled | null = null

  constructor(on: boolean) {
    this.#on = on
  }

  /** What is remembered of a device; what is set there is remembered. */
  of(device: string | null): Recalled {
    // A message asks for its device many times, with one and the same string.
    if (this.#last !== null && this.#name === device) return this.#last
    const known = this.#devices.get(device)
    if (known !== undefined) {
      this.#name = device
      return (this.#last = known)
    }
    const fresh: Recalled = { accounts: undefined, nonces: new Map(), device: undefined, orders: undefined, values: new Map() }
    if (this.#on) {
      this.#grow()
      this.#devices.set(device, fresh)
    }
    return fresh
  }

  /** Remembers a value of a device; null: there is none of this URI. */
  value(device: string, uri: string, value: KnownValue | null): void {
    if (!this.#on) return
    this.#grow()
    this.of(device).values.set(uri, value)
  }

  clear(): void {
    this.#devices.clear()
    this.#last = null
    this.#size = 0
  }

  #grow(): void {
    if (this.#size >= MOST) this.clear()
    this.#size += 1
  }
}
