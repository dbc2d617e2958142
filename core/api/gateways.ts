// Gateways as LabApi shows them, and what can be asked of them. Types only.
import type { FanoutRow, FanoutWish, ImageRow, ImageWish } from './fanouts.ts'
import type { BootstrapStory, FanoutMatrix, GatewayInside, ImageCard, Inventory, RelationRow } from './gatewayview.ts'

export interface GatewayRow {
  /** Its device id towards this server. */
  readonly id: string
  readonly address: string
  /** True where this process plays it. */
  readonly own: boolean
  readonly devices: number
  readonly lastAt: number
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
