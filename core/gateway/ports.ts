// What a gateway wants done and what it must not forget: wishes in order, records by kind and id. Everything that touches a socket, a disk or a clock is on this page.
import type { Alert } from '../syncml/message.ts'
import type { Mode } from '../mo/gwmo.ts'
import type { TypedAddress } from './payloads.ts'

/** A device behind the gateway. States: gwmo table `record`. */
export interface DeviceRecord {
  readonly localId: string
  readonly deviceId: string
  readonly mode: Mode
  readonly address: TypedAddress
  readonly publicAddress: string
  readonly state: 10 | 20 | 30 | 40
  readonly componentType: number | null
  /** Ms since epoch; 0 never. */
  readonly lastSeen: number
  /** Adaptation: name of the other protocol. */
  readonly protocol: string
  /** Leaves of its last ./DevInfo (Man, Mod, DmV, Lang). */
  readonly devInfo: Readonly<Record<string, string>>
  /** Servers it reported to be bootstrapped to. */
  readonly servers: readonly string[]
  /** 10 queued, 20 acknowledged, 30 refused; 0 nothing reported yet. */
  readonly reportState: 0 | 10 | 20 | 30
  /** What the last attach alert said, so that nothing is told twice. */
  readonly told: string
}

/** A file in the gateway's image store. */
export interface ImageFile {
  readonly file: string
  readonly size: number
  readonly sha256: string
}

/** Where image bytes lie. Synchronous where a Status depends on it. */
export interface ImageStore {
  /** Throws an Error in words where there is no room. */
  put(name: string, bytes: Uint8Array): ImageFile
  /** Whole content; undefined where it is gone. */
  get(file: string): Uint8Array | undefined
  drop(file: string): void
  used(): number
  readonly capacity: number
}

/** What the gateway wants done. Performed in order; a `save` is durable before any later wish, and before any message that comes after it. */
export type Wish =
  | { readonly type: 'save'; readonly kind: SaveKind; readonly id: string; readonly value: unknown }
  /** The gateway's own Package #0 to a device in proxy mode. */
  | { readonly type: 'notify'; readonly localId: string }
  /** Finished octets for one device: Z', and the End Device Trigger. */
  | { readonly type: 'forward'; readonly localId: string; readonly contentType: string; readonly body: Uint8Array }
  /** A link for one device in proxy mode to fetch; it goes to the device's user agent and begins no session. */
  | { readonly type: 'link'; readonly localId: string; readonly contentType: string; readonly url: string; readonly body: Uint8Array }
  /** Adaptation: wakes the device by its own protocol, where that has a way, and runs the commands of the job that are open for it. */
  | { readonly type: 'adapt'; readonly localId: string; readonly job: string }
  /** An alert owed to a DM Server until it is answered. */
  | { readonly type: 'report'; readonly server: string; readonly alert: Alert }
  /** Session with the DM Server: by itself (1201), or the answer to a notification (1200). */
  | { readonly type: 'session'; readonly server: string; readonly sessionId: string | null }
  /** `again`: an earlier process began it; it goes on where that stopped. */
  | { readonly type: 'fetch'; readonly image: string; readonly url: string; readonly again?: true }
  /** Something is due at `at` (ms since epoch); null: nothing is. One alarm at a time. */
  | { readonly type: 'alarm'; readonly at: number | null }
  /** What people should know: findings, refusals. `event` is a fixed name for scenarios. */
  | {
      readonly type: 'tell'
      readonly event: string
      readonly text: string
      readonly device: string
      readonly facts: Readonly<Record<string, string | number | boolean | null>>
    }

export type SaveKind = 'gateway.record' | 'gateway.job' | 'gateway.response' | 'gateway.image' | 'gateway.group' | 'gateway.config' | 'gateway.laid'

/** What was saved, by kind and id, as the gateway finds it again. */
export interface Kept {
  all(kind: SaveKind): readonly { readonly id: string; readonly value: unknown }[]
}

/** Facts of the gateway itself. */
export interface GatewayFacts {
  /** ./DevInfo/DevId. */
  readonly id: string
  /** Where it takes notifications. */
  readonly address: TypedAddress
  /** ServerID towards its devices. */
  readonly serverId: string
  /** Base URL of images: `http://gw.lan.example/gw/image/`. */
  readonly imageBase: string
  /** The same for one device, where it reaches the gateway another way. */
  readonly imageBaseFor?: (deviceId: string) => string
}

/** Dialect switches (gwmo sheet 3.5 rule 7, 6.3). */
export interface Dialect {
  readonly imageExpiry: 'keep' | 'delete'
  readonly flowY: 'preloaded' | 'held'
  /** Y'.5: what devices answered goes up in a session of its own, or in the one that brought the work, which is kept as long as HoldTime says. */
  readonly asynchronous: 'new' | 'reuse'
}
export const DIALECT: Dialect = { imageExpiry: 'keep', flowY: 'preloaded', asynchronous: 'new' }
