// Software of one device as LabApi shows it: packages and components as cards, each move linked to its Exec and its alert. Types only.
import type { Seq } from './trace.ts'

/** One move of a card. */
export interface CardMove {
  readonly at: number
  /** Row of the Exec (or Replace of Data) that asked for it; 0 where nobody did. */
  readonly order: Seq
  /** Row that proved it: Status, alert, Results. */
  readonly proof: Seq
  /** `Exec Install`, `Alert 1226 1200`, `Get State` … */
  readonly text: string
  readonly from: string
  readonly to: string
  /** SCOMO or FUMO result code; 0 where none. */
  readonly resultCode: number
}

/** A package being fetched, a delivered package, a deployed component, or the firmware. */
export interface SoftwareCard {
  readonly uri: string
  readonly place: 'download' | 'delivered' | 'deployed' | 'firmware'
  /** PkgID, or component ID. */
  readonly id: string
  readonly name: string
  readonly version: string
  /** Numbers of State and Status; null where never read. */
  readonly state: number | null
  readonly status: number | null
  /** In words: `Delivered`, `Active`, `Install Failed / Have Data` …; says INFERRED where the sheet does. */
  readonly words: string
  /** Component → its package. */
  readonly pkgIdRef: string
  readonly size: number | null
  readonly executed: string
  /** Newest first, at most 100. */
  readonly moves: readonly CardMove[]
}

/** One line of a simulated device's own log: what truly happened there. */
export interface SoftwareLogLine {
  readonly at: number
  readonly what: 'download' | 'deliver' | 'install' | 'activate' | 'start' | 'deactivate' | 'remove' | 'fail' | 'ask' | 'boot' | 'update'
  readonly text: string
}

export interface SoftwareBoard {
  readonly device: string
  /** Roots found by their Type property, with the MO id. */
  readonly roots: readonly { readonly uri: string; readonly mo: string }[]
  readonly cards: readonly SoftwareCard[]
  /** Empty for a device that is not simulated here. */
  readonly log: readonly SoftwareLogLine[]
}

/** What a simulated device asks its server for, after Alert 1201 (scomo sheet 12, fumo sheet 8). SCOMO types are unregistered names. */
export interface SoftwareRequest {
  readonly type: 'scomo' | 'fumo'
  /** Who wants it: the user in front of the device, or the device by itself. */
  readonly by: 'user' | 'device'
  readonly operation: 'CheckUpdate' | 'Install' | 'InstallInactive' | 'Update' | 'Remove' | 'Activate' | 'Deactivate' | 'Download' | 'Resume'
  readonly pkg?: string
  readonly component?: string
  readonly version?: string
  /** URI the request is about; '' the whole MO. */
  readonly source?: string
}

export interface SoftwareArea {
  board(device: string): Promise<SoftwareBoard>
  /** A simulated device of this lab opens a session and asks. */
  request(device: string, request: SoftwareRequest): Promise<void>
  /** A simulated device of this lab goes off and on again (what ran is resumed or failed, as the sheets say). */
  restart(device: string): Promise<void>
}
