// What a lab is told at its start, what it says of itself when it listens, and how it is stopped. Types only.
import type { LabApi, Mechanism } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { ServerSettings } from '../server/settings.ts'
import type { GatewayRole } from './gateway.ts'
import type { HttpLimits } from './limits.ts'
import type { Broken } from './plantsockets.ts'
import type { Secrets } from './vault.ts'

/** How to start a lab. Ports 0 pick free ones. */
export interface LabOptions {
  readonly workspace: string
  readonly host: string
  readonly dmPort: number
  /** Port for HTTPS beside it; absent or null: none. */
  readonly tlsPort?: number | null
  /** The lab does not start without this very HTTPS port; absent: where it is taken a free one is, and where there can be none it says why. */
  readonly tlsMust?: boolean
  /** Port of the adb server; absent: the one chosen last, else ANDROID_ADB_SERVER_PORT, else 5037. */
  readonly adbPort?: number
  /** null: no web window (the desktop shell brings its own channel). */
  readonly uiPort: number | null
  /** UDP port that notifications leave from and pushes come to; absent or 0: a free one. */
  readonly pushPort?: number
  /** Base URL that devices are told instead of the bound address. */
  readonly advertise?: string
  /** How the DM Server behaves; `enrol` below wins. */
  readonly server?: Partial<ServerSettings>
  /** Default: what `server` says, else `auto` on loopback, `ask` elsewhere. */
  readonly enrol?: 'auto' | 'ask' | 'never'
  /** The sockets of the plain HTTP ports live in a thread of their own: for a lab that runs long and gets much. Where there can be none the lab says so and does without. */
  readonly socketThread?: boolean
  /** False leaves nothing in the trace; for measuring what recording costs. */
  readonly record?: boolean
  readonly limits?: Partial<HttpLimits>
  /** The desktop's key store: seals the secrets of accounts. Absent: they lie in the workspace as they are. */
  readonly secrets?: Secrets
  /** Plays the DM Gateway too, for the DM Server at `server` (absent: this lab's own). */
  readonly gateway?: Omit<GatewayRole, 'server'> & { readonly server?: string }
  /** Port of the gateway's server face; absent: it shares that of the DM Server. */
  readonly gatewayPort?: number
  /** How packages travel where a job leaves it open; absent: chosen by the device. */
  readonly mechanism?: Mechanism
  /** `strict` refuses what is weak in jobs and on simulated devices, and asks for auth-MAC where nothing else is said; default `lab` lets it pass and says so. */
  readonly security?: 'lab' | 'strict'
  /** Time and timers of everything in the lab; absent: the process's own. */
  readonly clock?: Clock
  /** Breaks the lab on purpose, for scenarios with a planted fault. */
  readonly broken?: Broken
}

/** The ready line of `dmlab serve`; null where the lab does not play that role. */
export interface Ready {
  readonly dm: string
  /** The DM Server by HTTPS. */
  readonly dms: string | null
  readonly gateway: string | null
  /** Where LwM2M devices register with the gateway. */
  readonly lwm2m: string | null
  readonly download: string | null
  readonly push: string | null
  readonly ui: string | null
  readonly api: string | null
  readonly pid: number
}

/** A lab that listens. `stop` finishes writing, then closes everything. */
export interface RunningLab {
  readonly api: LabApi
  readonly ready: Ready
  /** Told when a screen was not sent rows live because it fell behind. */
  skipped(rows: number): void
  stop(): Promise<void>
}
