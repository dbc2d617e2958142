// The lab as one process sees it: opens the workspace, listens, composes server, recorder and window side, and stops cleanly.
import type { LabApi } from '../api.ts'

/** How to start a lab. Ports 0 pick free ones. */
export interface LabOptions {
  readonly workspace: string
  readonly host: string
  readonly dmPort: number
  /** null: no web window (the desktop shell brings its own channel). */
  readonly uiPort: number | null
  /** Base URL that devices are told instead of the bound address. */
  readonly advertise?: string
  readonly enrol?: 'auto' | 'ask' | 'never'
}

/** The ready line of `dmlab serve`. */
export interface Ready {
  readonly dm: string
  readonly gateway: string
  readonly download: string
  readonly push: string
  readonly ui: string
  readonly api: string
  readonly pid: number
}

/** A lab that listens. `stop` finishes writing, then closes everything. */
export interface RunningLab {
  readonly api: LabApi
  readonly ready: Ready
  stop(): Promise<void>
}

/** Starts a lab; rejects with one clear Error (port taken, workspace locked or unreadable). */
export function startLab(options: LabOptions): Promise<RunningLab> {
  return Promise.reject(new Error(`lab in ${options.workspace} cannot start yet`))
}
