// What the gateway asks of a protocol other than OMA DM: a few functions on devices by id, and facts about who is there. Paths are the other protocol's own.
import type { MapRow } from './rows.ts'

/** Why a device operation was not done, as the DM status the gateway answers with (gwmo sheet 4.8). */
export type AdapterStatus = 400 | 401 | 404 | 405 | 406 | 408 | 412 | 413 | 415 | 500 | 503

/** A device operation that was not done. */
export class AdapterError extends Error {
  readonly status: AdapterStatus

  constructor(status: AdapterStatus, message: string) {
    super(message)
    this.name = 'AdapterError'
    this.status = status
  }
}

/** A device as an adapter sees it. */
export interface Adapted {
  /** Public identifier, a URN: its own where it has one, else made of what stays the same about it. */
  readonly deviceId: string
  /** The adapter's own name for it: serial number, endpoint name. */
  readonly name: string
  readonly address: { readonly type: string; readonly address: string }
  /** Leaves of ./DevInfo that the device told (Man, Mod …). */
  readonly devInfo: Readonly<Record<string, string>>
}

/** What an adapter tells by itself. */
export type AdapterFact =
  /** Discovered, or registered by itself; again with news. */
  | { readonly type: 'found'; readonly device: Adapted }
  /** Gone. Reasons: gwmo table `detach` (1 left by itself, 2 lost). */
  | { readonly type: 'gone'; readonly deviceId: string; readonly reason: number }
  /** It is there to be worked on: it answered a wake-up, or came by itself. */
  | { readonly type: 'awake'; readonly deviceId: string }
  /** Something people should know. */
  | { readonly type: 'told'; readonly deviceId: string; readonly text: string }

/**
 * An adapter. Every promise rejects with AdapterError, or with an Error in words (500). Operations on one device are asked one after the other by the caller.
 */
export interface Adapter {
  /** Value of the record's Protocol leaf. */
  readonly protocol: string
  /** True where the protocol has a wake-up; false where the host opens the connection whenever it wants (gwmo sheet 4.8). */
  readonly wakes: boolean
  /** What management-object operations become: data. */
  readonly rows: readonly MapRow[]
  /** Follows who is there; what is there already is told at once. Returns what ends it. */
  discover(told: (fact: AdapterFact) => void): () => void
  /** Asks the device to come; `awake` is told when it does. */
  wake(deviceId: string): Promise<void>
  /** Names below a place (packages, instances). */
  list(deviceId: string, path: string): Promise<readonly string[]>
  get(deviceId: string, path: string): Promise<string>
  set(deviceId: string, path: string, value: string): Promise<void>
  /** What the device said; '' where it says nothing. */
  exec(deviceId: string, path: string, argument: string): Promise<string>
  /** Puts octets on the device. */
  deliver(deviceId: string, path: string, bytes: Uint8Array): Promise<void>
  /** Tells a value whenever it changes, and as it is now; an error ends it. Returns what ends it. */
  watch(deviceId: string, path: string, told: (value: string) => void, failed: (error: unknown) => void): () => void
}
