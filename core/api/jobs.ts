// Jobs of the External Management Infrastructure as LabApi shows them: what is asked of which device, and what came of it. Types only.
import type { Seq } from './trace.ts'

/** Which management object a job works on. */
export type JobType = 'scomo' | 'fumo'

/**
 * What a job wants. `deliver`: the package lies on the device (Delivered, or FUMO state 40/50). `install`, `installInactive`: delivered where needed, then
 * installed into that state. `update`: a newer version over an installed component (scomo sheet 6, U1 to U3), or a firmware update. `remove`, `activate`,
 * `deactivate`: of a component, or `remove` of a package. `exec`: the primitive at `target`, whatever it is.
 */
export type JobOp = 'deliver' | 'install' | 'installInactive' | 'update' | 'remove' | 'activate' | 'deactivate' | 'exec'

/** How a package travels (download sheet 1). `auto`: the server chooses; `dlota1-combined`: descriptor and object in one body. */
export type Mechanism = 'auto' | 'dm-large' | 'http' | 'dlota1' | 'dlota1-combined' | 'dlota2'

/** One package or component a job is about. */
export interface JobItemWish {
  /** PkgID in the catalogue. Absent: the server chooses by device (deliver, install, update), or the item names a component. */
  readonly pkg?: string
  /** Component ID. */
  readonly component?: string
  /** Full URI on the device, where neither says enough (`./SCOMO/Inventory/Deployed/com.msf.antivir`). */
  readonly target?: string
}

/** What the External Management Infrastructure asks. Exactly one of device, group, deviceType, filter says whom. */
export interface JobWish extends JobItemWish {
  readonly device?: string
  readonly group?: string
  readonly deviceType?: { readonly man: string; readonly mod: string }
  /** Expression over known devices with the fields `device man mod fwv swv hwv simulated`, for example `man == "ACME" && mod startswith "X"`. */
  readonly filter?: string
  readonly type: JobType
  readonly op: JobOp
  /** Several packages or components of one job; absent: the one of `pkg`, `component`, `target`. */
  readonly items?: readonly JobItemWish[]
  /** Default `auto`. */
  readonly mechanism?: Mechanism
  /** `user`: Alert 1101 first, the Exec only after a yes. `device`: the Exec goes out and the device asks by itself. Default `none`. */
  readonly confirm?: 'none' | 'user' | 'device'
  /** Absent: made from the job's id; items get `.1`, `.2` … where there are several. */
  readonly correlator?: string
  /** Why an update is wanted (S3 5.2.3). */
  readonly reason?: 'feature' | 'security' | 'performance'
  /** Read DevDetail and the software inventory before deciding (Alternative Flow 2 of S1). Default true. */
  readonly inventory?: boolean
  /** When the device restarts around an installation (`Reboot` of SCOMO 1.1, values INFERRED); a device of 1.0 has no such node and is not restarted. */
  readonly reboot?: 'before' | 'after' | 'both'
  /** Default U1. */
  readonly updateWay?: 'U1' | 'U2' | 'U3'
  /** Default false: other items go on when one fails. */
  readonly stopOnError?: boolean
  /** Default false: an order whose outcome stayed unknown is never sent again. */
  readonly retryUnknown?: boolean
  /** Default true: a Package #0 is sent; otherwise the job waits for the device's next session. */
  readonly wake?: boolean
  /** How long to wait for the end, ms; then the job ends `unknown`. Default one day. */
  readonly limitMs?: number
  /** Where the outcome is POSTed, besides the registered webhooks. */
  readonly notify?: string
}

/**
 * `queued`: its device has not come yet; `waiting`: something outside is missing (`reason`), for example no-management; `running`: a session works on it;
 * `accepted`: ordered, the late alert is awaited; the others are ends.
 */
export type JobState =
  | 'queued'
  | 'waiting'
  | 'running'
  | 'accepted'
  | 'done'
  | 'partial'
  | 'failed'
  | 'refused'
  | 'cancelled'
  | 'not_needed'
  | 'not_found'
  | 'not_applicable'
  | 'unknown'

/** One package or component of a job. */
export interface JobItemRow {
  readonly pkg: string
  readonly component: string
  readonly version: string
  readonly correlator: string
  readonly state: JobState
  /** SCOMO or FUMO result code; 0 while none came. */
  readonly resultCode: number
  readonly text: string
  readonly mechanism: Mechanism | ''
  /** Nodes that resulted (`./SCOMO/Inventory/Deployed/com.msf.antivir`). */
  readonly objects: readonly string[]
  /** A start record newer than the Exec exists; always `unknown` for foreign devices. */
  readonly executed: boolean | 'unknown'
}

export interface JobRow {
  readonly id: string
  /** Jobs made by one request share it. */
  readonly batch: string
  readonly device: string
  readonly type: JobType
  readonly op: JobOp
  readonly state: JobState
  /** In words; '' where the state says it all. */
  readonly reason: string
  /** Code of the whole: 1200 (200 for FUMO) where all went well, else the first failure's; 0 while it runs. */
  readonly resultCode: number
  /** Who asked: the infrastructure, the device itself, a default set, a subscription. */
  readonly origin: 'emi' | 'device' | 'set' | 'subscription'
  readonly createdAt: number
  readonly updatedAt: number
  readonly items: readonly JobItemRow[]
}

/** One line of a job's log; `seq` is the row of the trace that decided it, 0 where none did. */
export interface JobEvent {
  readonly at: number
  readonly seq: Seq
  readonly text: string
}

export interface JobDetail {
  readonly job: JobRow
  readonly wish: JobWish
  readonly log: readonly JobEvent[]
  /** What was weak: ids of rules R1 to R7 of the scomo sheet 13, with a sentence each. */
  readonly findings: readonly { readonly id: string; readonly text: string }[]
  /** Outcomes told: to which URL, when, with which HTTP status (0: nobody answered), how often tried. */
  readonly told: readonly { readonly url: string; readonly at: number; readonly httpStatus: number; readonly tries: number; readonly done: boolean }[]
}

/** A package of the catalogue. */
export interface PackageRow {
  readonly pkgId: string
  readonly kind: 'software' | 'firmware'
  readonly name: string
  readonly version: string
  readonly description: string
  /** Component IDs it carries, with versions. */
  readonly components: readonly { readonly id: string; readonly version: string }[]
  readonly envType: string
  /** Content type. */
  readonly pkgType: string
  readonly size: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
  /** Devices it is for; empty: any. `*` at the end matches the rest. */
  readonly manufacturers: readonly string[]
  readonly models: readonly string[]
  /** Component IDs that must be installed, with the least version. */
  readonly dependencies: readonly { readonly id: string; readonly version: string }[]
  /** Version it is an update of; '' any. */
  readonly fromVersion: string
  readonly signed: boolean
  readonly addedAt: number
  /** What was tolerated or guessed at intake (identity from the file name, no manifest …). */
  readonly remarks: readonly string[]
  /** Withdrawn packages are not chosen any more; jobs that have not ordered yet are cancelled. */
  readonly withdrawn: boolean
}

/** What the person who drops a file may say of it; wins over the manifest and the file name. */
export type PackageFacts = Partial<
  Pick<
    PackageRow,
    | 'pkgId'
    | 'kind'
    | 'name'
    | 'version'
    | 'description'
    | 'components'
    | 'envType'
    | 'pkgType'
    | 'manufacturers'
    | 'models'
    | 'dependencies'
    | 'fromVersion'
  >
>

/** What a provider wants installed by default on a device type (S3 5.1.2.1). */
export interface DefaultSet {
  readonly id: string
  readonly man: string
  readonly mod: string
  readonly items: readonly { readonly component: string; readonly pkg: string; readonly version: 'exact' | 'latest'; readonly active: boolean }[]
  /** Items taken out of the set are removed from devices too. */
  readonly remove: boolean
  readonly confirm: 'none' | 'user' | 'device'
}

/** A device that gets new versions as soon as they are published (S3 5.1.1). */
export interface Subscription {
  readonly id: string
  readonly device: string
  readonly provider: string
  /** Component IDs; empty: all. */
  readonly components: readonly string[]
  /** Installs components the device does not have yet, too. */
  readonly newToo: boolean
  readonly confirm: 'none' | 'user' | 'device'
}

export interface DeviceGroup {
  readonly name: string
  readonly devices: readonly string[]
}

/** A registered webhook. Its secret is told once, by `addHook`. */
export interface HookRow {
  readonly id: string
  readonly url: string
  readonly createdAt: number
  /** Outcomes not delivered yet. */
  readonly pending: number
  readonly lastAt: number
  /** HTTP status of the last try; 0: none or no answer. */
  readonly lastStatus: number
}

export interface JobsArea {
  /** One job a device. Rejects where nobody fits, or where the wish contradicts itself. */
  create(wish: JobWish): Promise<{ readonly batch: string; readonly jobs: readonly JobRow[] }>
  /** Newest first, at most 1,000; `device` '' for all. `before`: those older than this job. */
  list(device: string, before?: string): Promise<readonly JobRow[]>
  get(id: string): Promise<JobDetail>
  /** Ends what has not been ordered yet; what was ordered already is awaited or read, and the job says so. */
  cancel(id: string): Promise<JobRow>
}

export interface CatalogueArea {
  list(): Promise<readonly PackageRow[]>
  add(name: string, bytes: Uint8Array, facts: PackageFacts): Promise<PackageRow>
  withdraw(pkgId: string): Promise<PackageRow>
}

/** What a service provider lays down. `put…` makes or replaces by id or name. */
export interface ProviderArea {
  groups(): Promise<readonly DeviceGroup[]>
  putGroup(group: DeviceGroup): Promise<void>
  dropGroup(name: string): Promise<void>
  sets(): Promise<readonly DefaultSet[]>
  putSet(set: DefaultSet): Promise<void>
  dropSet(id: string): Promise<void>
  subscriptions(): Promise<readonly Subscription[]>
  putSubscription(subscription: Subscription): Promise<void>
  dropSubscription(id: string): Promise<void>
  hooks(): Promise<readonly HookRow[]>
  addHook(url: string): Promise<{ readonly hook: HookRow; readonly secret: string }>
  dropHook(id: string): Promise<void>
}
