// What a scenario with a DM Gateway sets up, who does what and when, and what a fault breaks, as data: the stage makes a server, a gateway and its devices of it.
import type { FanoutCommandWish } from '../api.ts'
import type { SetupPackage, Strike } from './setup.ts'

/** Names of the parties (gwmo sheet 5). */
export const GATEWAY_PLACES = {
  id: 'urn:example:gw:1',
  origin: 'http://gw.lan.example',
  uri: 'http://gw.lan.example/gw',
  push: 'http://gw.lan.example/gw/push',
  images: 'http://gw.lan.example/gw/image/',
  bootstrap: 'http://gw.lan.example/gw/bootstrap',
  /** Where it carries requests of its devices onwards. */
  relay: 'http://gw.lan.example:3128',
  serverId: 'gw1.example',
} as const

/** `urn:example:dev:ed1` */
export const deviceIdOf = (device: string): string => `urn:example:dev:${device}`

/** A device behind the gateway. `name` is `ed1`, `ed2` … */
export interface SetupEnd {
  readonly name: string
  /** How the gateway stands before it; `adaptation`: it speaks no OMA DM. */
  readonly mode: 'transparent' | 'proxy' | 'adaptation'
  /** Where it stands when the flow begins: nobody has heard of it, its accounts are there but no session was held, or it is registered. */
  readonly begins: 'unknown' | 'bootstrapped' | 'registered'
  /** Takes a bootstrap of the gateway only after its own DM Server has bootstrapped it (S4 M.2). */
  readonly insists?: boolean
  /** Transparent: it can be reached at an address of its own (flow Z). */
  readonly public?: boolean
  /** Transparent: servers it names when it registers; default: its DM Server. */
  readonly servers?: readonly string[]
  /** Bytes free for packages. */
  readonly room?: number
  /** Management objects for software it has; default SCOMO. */
  readonly mo?: readonly ('scomo' | 'fumo')[]
}

/** Something one of the parties does. */
export type Deed =
  /** M.3: the DM Server bootstraps the gateway. */
  | { readonly do: 'bootstrap gateway' }
  /** M.1: the device appears and asks to be bootstrapped. */
  | { readonly do: 'ask'; readonly device: string }
  /** M.2 and M.4. */
  | { readonly do: 'bootstrap'; readonly device: string; readonly by: 'server' | 'gateway' }
  /** The device opens a session: with the gateway, saying who it is where `registers`, or with its DM Server. */
  | { readonly do: 'visit'; readonly device: string; readonly registers?: boolean; readonly to?: 'server' }
  /** A device that speaks another protocol is there. */
  | { readonly do: 'appear'; readonly device: string }
  /** The server asks the gateway for a fan-out. */
  | {
      readonly do: 'fanout'
      readonly devices: readonly string[]
      readonly commands: readonly FanoutCommandWish[]
      readonly delivery?: 'push'
      readonly pushUrl?: 'image' | 'descriptor'
      readonly image?: string
      readonly style?: 'Y' | "Y'"
      readonly timeout?: number
    }
  /** The server keeps an image at the gateway: `by` Replace, or the gateway fetches it from the download server. */
  | { readonly do: 'image'; readonly imageId: string; readonly by: 'replace' | 'download'; readonly expiry?: number }
  | { readonly do: 'expire'; readonly imageId: string; readonly seconds: number }
  /** The server notifies a device, the way its relation says. */
  | { readonly do: 'notify'; readonly device: string }
  /** The server asks a transparent device to fetch an image from the gateway, or only to tell its model. */
  | {
      readonly do: 'order'
      readonly device: string
      readonly what: 'model' | 'download'
      readonly image?: string
      readonly url?: 'plain' | 'descriptor'
    }
  /** Somebody asks the gateway for an image without more ado. */
  | { readonly do: 'fetch'; readonly image: string }

/** One deed and its moment: at once after the one before, or when something has happened (again), and after a pause. */
export interface Act {
  /** By this name a fault leaves it out. */
  readonly key: string
  readonly deed: Deed
  readonly when?: Strike
  /** Ms after that moment. */
  readonly pause?: number
}

export interface GatewaySetup {
  readonly stage: 'gateway'
  /** False: the gateway knows no DM Server before the flow begins. */
  readonly bootstrapped: boolean
  readonly dialect?: { readonly flowY?: 'preloaded' | 'held'; readonly asynchronous?: 'new' | 'reuse' }
  /** Default mode of devices that say nothing; default proxy. */
  readonly devices: readonly SetupEnd[]
  readonly catalogue: readonly SetupPackage[]
  /** Seconds the gateway keeps a session with the DM Server for its devices; default 60. */
  readonly holdTime?: number
  /** Octets of the gateway's image store. */
  readonly capacity?: number
  readonly acts: readonly Act[]
}

/**
 * One thing that is broken. `skip`: an act is left out. `cut`: nobody answers there any more; a device: its pushes are lost. `acl`: rights the server has
 * on a node of the gateway, or the gateway or server on one of a device. `config`: a leaf of the gateway's configuration. `refuse`: the server answers
 * 415 to alerts of a type (whose Data hold a text). `images`: how the gateway serves images. `code`: the device
 * does not know its pairing code. `wrong pin`: bootstrap messages to that party carry a MAC that is not right.
 */
export type GatewayPlant =
  | { readonly kind: 'skip'; readonly act: string }
  | { readonly kind: 'setup'; readonly change: (setup: GatewaySetup) => GatewaySetup }
  | { readonly kind: 'cut'; readonly what: 'server' | 'gateway' | 'relay' | 'shop' | 'device'; readonly device?: string; readonly when?: Strike }
  | { readonly kind: 'acl'; readonly device?: string; readonly uri: string; readonly acl: string; readonly when?: Strike }
  | { readonly kind: 'config'; readonly leaf: string; readonly value: string }
  | { readonly kind: 'refuse'; readonly type: string; readonly holding?: string }
  | { readonly kind: 'images'; readonly flaw: 'missing' | 'corrupt' | 'unavailable' }
  | { readonly kind: 'code'; readonly device: string }
  | { readonly kind: 'wrong pin'; readonly party: string }
  | { readonly kind: 'adapter'; readonly device: string; readonly flaw: 'asleep' | 'deaf' }
