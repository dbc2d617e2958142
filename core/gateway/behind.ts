// What the gateway's management tree asks of the gateway behind it, and what its configuration starts with. Types only.
import type { Mode } from '../mo/gwmo.ts'
import type { KeptLaid, Laid } from './laid.ts'

/** What the tree asks of the gateway behind it. Throws TreeError where something may not be. */
export interface Behind {
  now(): number
  jobAdded(name: string, server: string): void
  jobDeleted(name: string): void
  /** True while the job runs or reports: nothing in it may change. */
  jobBusy(name: string): boolean
  /** True: the Status waits until the job is over, at most `holdMs`. */
  jobStart(name: string, correlator: string, server: string): boolean
  holdMs(): number
  /** Nobody waits any more in this session. */
  givesUp(): void
  keepsOpen(): boolean
  jobCancel(name: string): void
  imageAdded(name: string, server: string): void
  imageDeleted(name: string): void
  imageExpired(name: string): boolean
  /** A server would use what is void: that is told, and refused. */
  imageLate(name: string, server: string, what: string): never
  imageExpiry(name: string, seconds: number): void
  imageArrived(name: string, bytes: Uint8Array): void
  imageChanged(name: string, leaf: 'ImageID' | 'Digest' | 'PkgURL', value: string): void
  imageDownload(name: string, correlator: string, url: string): void
  /** Status 200, 403, 404, 406, 412. */
  trigger(wish: {
    readonly deviceId: string
    readonly notification: Uint8Array | null
    readonly contentType: string
    readonly server: string
  }): number
  modeWish(localId: string, mode: Mode): void
  groupsMoved(): void
  configMoved(): void
  /** A trigger, or configuration for end devices, was laid down or changed; null: it is gone. */
  laid(laid: Laid, kept: KeptLaid | null): void
}

/** Configuration leaves with their first values. */
export interface ConfigStart {
  readonly gatewayId: string
  readonly address: string
  readonly addressType: string
  readonly modes: readonly Mode[]
  readonly defaultMode: Mode
  readonly style: 0 | 1
  readonly holdTime: number
  readonly capacity: number
  readonly defaultExpiry: number
}
