// What a server hands a gateway for many devices, commands and images, and what came of it. Types only.
import type { Seq } from './trace.ts'

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
  /** What its Gets brought, where the gateway told Results (return format 3). */
  readonly values?: readonly { readonly uri: string; readonly data: string }[]
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
