// Gateways as LabApi shows them: devices behind them, commands fanned out to many of them, images kept for them. Types only.
import type { Seq } from '../api.ts'
import type { BootstrapStory, FanoutMatrix, GatewayInside, ImageCard, Inventory } from './gatewayview.ts'

export interface GatewayRow {
  /** Its device id towards this server. */
  readonly id: string
  readonly address: string
  /** True where this process plays it. */
  readonly own: boolean
  readonly devices: number
  readonly lastAt: number
}

/** What the server knows of a device behind a gateway (S4 X.3). */
export interface RelationRow {
  readonly deviceId: string
  readonly gateway: string
  readonly gatewayAddress: string
  readonly localId: string
  readonly address: string
  readonly mode: 'transparent' | 'proxy' | 'adaptation'
  readonly attached: boolean
  readonly at: number
  /** How a notification reaches it: flow Y, Z or Z'; '' where it cannot. */
  readonly flow: '' | 'Y' | 'Z' | "Z'"
  readonly to: string
}

/** One command of a fan-out; URIs are paths in the end device's tree. `{{ImageURL}}`, `{{DescriptorURL}}`, `{{ImageData}}` stand for the image. */
export interface FanoutCommandWish {
  readonly kind: 'Add' | 'Replace' | 'Delete' | 'Get' | 'Exec' | 'Copy'
  readonly locUri: string
  readonly source?: string
  readonly format?: string
  readonly type?: string
  readonly data?: string
}

/** Whom: any of devices, groups, all; `mode` and `filter` narrow. */
export interface FanoutWish {
  readonly gateway: string
  readonly devices?: readonly string[]
  readonly groups?: readonly string[]
  readonly all?: boolean
  readonly mode?: 0 | 1 | 2
  /** `DevInfo/Mod=CAM7*&Protocol=adb` */
  readonly filter?: string
  readonly commands: readonly FanoutCommandWish[]
  /** ImageID the commands refer to. */
  readonly image?: string
  /** HTTP with Push: no commands; the gateway pushes each device the URL of `image`, and the device is done once it has fetched it whole. */
  readonly delivery?: 'push'
  /** What that push names; default the image itself. */
  readonly pushUrl?: 'image' | 'descriptor'
  /** Media type of its body; default application/vnd.wap.sic (Service Indication in WBXML). */
  readonly pushType?: 'application/vnd.wap.sic' | 'text/vnd.wap.si' | 'text/plain'
  /** `Y` waits for the answers in one session, `Y'` takes them in a session of their own. Default Y'. */
  readonly style?: 'Y' | "Y'"
  /** Seconds. */
  readonly timeout?: number
  readonly interval?: number
  readonly returnFormat?: 0 | 1 | 2 | 3 | 4
}

export interface FanoutDevice {
  readonly deviceId: string
  /** Device code; 0 while none is known, 202 while a late alert is awaited. */
  readonly code: number
  readonly text: string
  /** Statuses by label of the command, and late alerts, where the gateway told them. */
  readonly statuses?: readonly { readonly cmd: string; readonly code: number }[]
  readonly late?: readonly { readonly cmd: string; readonly type: string; readonly source: string; readonly data: string }[]
}

export interface FanoutRow {
  readonly id: string
  readonly gateway: string
  readonly createdAt: number
  readonly style: 'Y' | "Y'"
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  /** Job code of the gateway; 0 while none came. */
  readonly result: number
  readonly reason: string
  readonly devices: readonly FanoutDevice[]
  readonly summary: { readonly targets: number; readonly succeeded: number; readonly failed: number; readonly pending: number } | null
  /** Row of the alert that told last; 0 none. */
  readonly seq: Seq
}

/** An image for a gateway. `bytes` or `url`: delivered by Replace, or fetched by the gateway. */
export interface ImageWish {
  readonly gateway: string
  readonly imageId: string
  /** Seconds; absent: the gateway's default. */
  readonly expiry?: number
  /** Package of the catalogue, delivered directly. */
  readonly pkg?: string
  readonly url?: string
}

export interface ImageRow {
  readonly gateway: string
  readonly imageId: string
  readonly state: 'queued' | 'transferring' | 'ready' | 'failed' | 'expired'
  readonly url: string
  readonly size: number
  /** When it becomes void, ms since epoch, as far as the server knows; 0 unknown. */
  readonly expiresAt: number
  /** Seconds its last Expiry gave it; absent where none was written. */
  readonly life?: number
  readonly reason: string
}

export interface GatewaysArea {
  list(): Promise<readonly GatewayRow[]>
  /** M.1: this lab's gateway expects a device; its pairing code (told here only) and where it asks to be bootstrapped. */
  pair(deviceId: string): Promise<{ readonly code: string; readonly url: string }>
  relations(): Promise<readonly RelationRow[]>
  /** Newest first. */
  fanouts(): Promise<readonly FanoutRow[]>
  fanout(wish: FanoutWish): Promise<FanoutRow>
  cancel(id: string): Promise<FanoutRow>
  /** The same commands again, for these devices only. */
  retry(id: string, devices: readonly string[]): Promise<FanoutRow>
  images(): Promise<readonly ImageRow[]>
  image(wish: ImageWish): Promise<ImageRow>
  /** Writes a new Expiry, seconds from now; 0 voids it. */
  expire(gateway: string, imageId: string, seconds: number): Promise<ImageRow>
  /** What the gateway of this process knows; null where it plays none. */
  inside(): Promise<GatewayInside | null>
  /** Devices of a gateway as server, gateway and reality have them, with the proofs of their modes. Rejects for an unknown gateway. */
  inventory(gateway: string): Promise<Inventory>
  /** How devices were bootstrapped (S4 7.2.1), the newest first. */
  stories(gateway: string): Promise<readonly BootstrapStory[]>
  /** A fan-out as device by command. Rejects for an unknown one. */
  matrix(id: string): Promise<FanoutMatrix>
  /** Images with digest and who fetched them, where the gateway can be asked. */
  cards(): Promise<readonly ImageCard[]>
}
