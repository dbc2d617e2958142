// How packages reach a simulated device and what becomes of them there: what the download client and the installer offer. Types only.
import type { Settings } from '../download/moves.ts'
import type { Stop } from '../download/types.ts'
import type { DownloadAnswer, DownloadAsk, DownloadProgress, InstalledComponent, PackageStore, Works } from '../software/ports.ts'

/** Clock of the host; `after` gives the way to cancel. */
export interface DeliveryClock {
  now(): number
  after(ms: number, call: () => void): () => void
}

/** Downloads of one device. */
export interface Downloads {
  /** Runs or goes on with the transfer of `ask.key`; never rejects. Asked again after its end it gives the same answer, as long as the file is there. */
  ask(ask: DownloadAsk, progress?: (progress: DownloadProgress) => void): Promise<DownloadAnswer>
  /** Stops a running transfer; `cancel` ends it with 902, the others wait for `resume`. False where none runs. */
  stop(key: string, by: Stop): boolean
  resume(key: string): boolean
  /** Ends everything at once, as a power cut would; what is durable stays. */
  close(): Promise<void>
}

export interface DownloadsOptions {
  /** Folder of the device; transfers lie in `transfers/`, complete objects in `packages/`. */
  readonly folder: string
  readonly clock: DeliveryClock
  /** Asked with the address really used; a reason forbids it. */
  readonly permit?: (address: string, port: number) => string | null
  /** Content types the device can use; absent: any (953 otherwise). */
  readonly accepts?: (type: string) => boolean
  /** PEM of further certificate authorities. */
  readonly ca?: string
  /** Silence after which a connection counts as lost, ms; default 30,000. */
  readonly silenceMs?: number
  /** Waits and bounds; what is left out is as in SETTINGS. */
  readonly settings?: Partial<Omit<Settings, 'name' | 'now' | 'accepts' | 'confirm'>>
  /** The user's word before an object of a descriptor is fetched; absent: nobody is asked. */
  readonly confirm?: (what: {
    readonly name: string
    readonly vendor: string
    readonly description: string
    readonly size: number
  }) => Promise<boolean>
  /** One sentence for the device's log. */
  readonly note?: (text: string) => void
}

/** What was done on the device, newest last. */
export interface DeliveryLogLine {
  readonly at: number
  readonly what: 'download' | 'deliver' | 'install' | 'activate' | 'start' | 'deactivate' | 'remove' | 'fail' | 'ask' | 'boot' | 'update'
  readonly text: string
}

/** One start of a component: scomo sheet 6, `Execution`. */
export interface StartRecord {
  readonly id: string
  readonly version: string
  /** UTC, ISO 8601 with milliseconds. */
  readonly at: string
  /** Of the installed bytes. */
  readonly sha256: string
  readonly cause: 'install' | 'activate' | 'boot' | 'update'
  /** Of the order that caused it: a start is recorded once for each. */
  readonly key: string
}

/** Packages and components of one device as real files. Answers never reject for what a package or a full disk causes; the same key again gives the same answer. */
export interface Installer extends Works {
  readonly store: PackageStore
  /** All installed components, by id. */
  components(): readonly InstalledComponent[]
  /** Firmware version on the device's disk; '' where never flashed. */
  firmware(): string
  /** The device was switched on: active components start anew (cause `boot`). */
  boot(): readonly InstalledComponent[]
  log(): readonly DeliveryLogLine[]
  starts(): readonly StartRecord[]
  /** Adds a line of the device's software to the same log. */
  note(what: DeliveryLogLine['what'], text: string): void
}

export interface InstallerOptions {
  /** Folder of the device: `packages/`, `components/`, `scratch/`, `state.json`, `log.ndjson`, `starts.ndjson`. */
  readonly folder: string
  readonly now: () => number
  /** Bytes of packages, transfers and components together; default 256 MiB. */
  readonly quota?: number
  /** Folder of PEM files: anchors for software signing. Absent or empty: no signature is trusted. */
  readonly trust?: string
  /** Components of the factory, installed at the first start. */
  readonly factory?: readonly Pick<InstalledComponent, 'id' | 'version' | 'name' | 'description' | 'envType' | 'active'>[]
  readonly limits?: Partial<PackageLimits>
}

/** Bounds of what a package may unpack to. */
export interface PackageLimits {
  readonly entries: number
  /** Unpacked bytes of one package. */
  readonly bytes: number
  /** Unpacked bytes as a multiple of packed ones, beyond 1 MiB. */
  readonly ratio: number
  /** Bytes of META/manifest and META/manifest.p7s. */
  readonly meta: number
}

/** Maker of the download client: core/node/dlclient.ts exports `makeDownloads: MakeDownloads`. */
export type MakeDownloads = (options: DownloadsOptions) => Downloads
/** Maker of the installer: core/node/installer.ts exports `makeInstaller: MakeInstaller`. Mends half-done work of an earlier process first. */
export type MakeInstaller = (options: InstallerOptions) => Installer
