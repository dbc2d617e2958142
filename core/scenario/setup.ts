// What a scenario sets up and what a fault breaks, as data: catalogue, device, who asks, what the user says. The sandbox makes a lab of it.
import { payload } from '../download/payload.ts'
import type { JobWish, Mechanism, SoftwareRequest } from '../api.ts'

/** A package of the catalogue; its content follows from its size. */
export interface SetupPackage {
  readonly pkgId: string
  readonly version: string
  readonly name: string
  readonly size: number
  readonly components: readonly { readonly id: string; readonly version: string }[]
  readonly dependencies?: readonly { readonly id: string; readonly version: string }[]
  readonly manufacturers?: readonly string[]
  readonly models?: readonly string[]
  /** Component id → what its start entry does at installation or start: `breaks`. Absent: it works. */
  readonly flaw?: 'install' | 'activate' | 'start'
}

/** Software the device has before the flow begins. */
export interface SetupComponent {
  readonly id: string
  readonly version: string
  readonly name: string
  readonly pkgId: string
  readonly active: boolean
}

export interface SetupDevice {
  readonly components?: readonly SetupComponent[]
  /** Who answers in front of it: a rule. Default `accept`. */
  readonly answers?: 'accept' | 'reject' | 'cancel' | 'timeout' | 'postpone'
  /** Bytes free for packages; default 8 MiB. */
  readonly room?: number
  /** Which management objects it has; default SCOMO. */
  readonly mo?: readonly ('scomo' | 'fumo')[]
  /** False: ./DevDetail/LrgObj is false and chunks are refused. */
  readonly largeObjects?: boolean
  readonly maxObjSize?: number
}

/** Who sets the flow off: the infrastructure or provider by a job, or the device by its own request. */
export type Trigger =
  | { readonly by: 'emi' | 'provider'; readonly job: Omit<JobWish, 'device' | 'group' | 'deviceType' | 'filter'> }
  | { readonly by: 'device'; readonly request: SoftwareRequest }

export interface Setup {
  readonly catalogue: readonly SetupPackage[]
  readonly device: SetupDevice
  readonly trigger: Trigger
  /** The one the server is to choose; narrows `auto`. */
  readonly mechanism?: Mechanism
}

/** When a fault strikes: at once, or when something has happened (a name of core/mo/events.ts with facts). */
export interface Strike {
  readonly event: string
  readonly where?: Readonly<Record<string, string | number | boolean>>
}

/**
 * One thing that is broken. `cut`: nobody answers there any more. `shop`: how the download server answers requests for objects. `acl`: rights the
 * server has on a node of the device. `setup`: other facts than the scenario's. `tree`: a node the device does not have. `mute`: the party never
 * begins. `noPeople`: the device cannot ask anybody. `account`: the server has another password of the device than the device itself.
 */
export type Plant =
  | { readonly kind: 'cut'; readonly where: 'server' | 'shop' | 'emi' | 'push'; readonly when?: Strike }
  | { readonly kind: 'shop'; readonly flaw: 'missing' | 'corrupt' | 'unavailable' }
  | { readonly kind: 'acl'; readonly uris: readonly string[]; readonly acl: string }
  | { readonly kind: 'setup'; readonly change: (setup: Setup) => Setup }
  | { readonly kind: 'tree'; readonly without: string }
  | { readonly kind: 'mute'; readonly who: 'emi' | 'device' }
  | { readonly kind: 'noPeople' }
  | { readonly kind: 'account' }

/** Bytes of a package: the sheets' test payload (download sheet 6.5) in its size, so that the example package has the digests of the sheet. `sha256` gives 32 octets. */
export function contentOf(pkg: Pick<SetupPackage, 'size'>, sha256: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  return payload(pkg.size, sha256)
}
