// How a simulated device's software behaves: every choice the sheets leave open, with its default.
import type { ScomoVersion } from '../mo/scomo.ts'
import type { InstalledComponent } from './ports.ts'

export interface SoftwareSettings {
  /** Management objects it has. */
  readonly mo: readonly ('scomo' | 'fumo')[]
  /** scomo sheet 3.5. */
  readonly version: ScomoVersion
  /** scomo sheet 3.4 rule 2: the device makes Operations, primitives and Data itself. */
  readonly autoAdd: boolean
  /** scomo sheet 7.1. */
  readonly syncCode: 'native' | 'plain'
  /** `auto`: downloads are reported by alert, all else in the Status of the Exec where it ends within `syncMs` and nobody is asked. */
  readonly reports: 'auto' | 'async'
  readonly syncMs: number
  /** Environments packages may need (scomo sheet 10), compared without case. Empty: any. */
  readonly envTypes: readonly string[]
  /** scomo sheet 13. */
  readonly security: 'lab' | 'strict'
  /** When the device asks its user: never, always, or unless the user said yes to a question of the server, or asked for it, within `confirmedMs`. */
  readonly consent: 'never' | 'unconfirmed' | 'always'
  readonly confirmedMs: number
  readonly consentMs: number
  readonly againMs: number
  /** Goes on with a transfer after a restart (D15, F23); otherwise it has failed. */
  readonly resume: boolean
  /** An accepted order is run although its session was lost (scomo sheet 14.3a); otherwise it ends with 1400. */
  readonly runAfterAbort: boolean
  /** Name of the permanent firmware object; fumo sheet 1. */
  readonly firmware: string
  /** Source of FUMO's final alert: the object, or the executed node. */
  readonly alertSource: 'object' | 'exec'
  /** PkgName and PkgVersion are Get only (fumo sheet 2 rule 3). */
  readonly strictNames: boolean
  /** F26. */
  readonly autoReset: boolean
  /** Least time between two requests of the same kind, ms (scomo sheet 12). */
  readonly requestEvery: { readonly user: number; readonly device: number }
  /** ServerID that owns the objects: the ACL names it; '*' everybody. */
  readonly owner: string
}

const DAY = 86_400_000

export const SOFTWARE_SETTINGS: SoftwareSettings = {
  mo: ['scomo', 'fumo'],
  version: '1.0',
  autoAdd: true,
  syncCode: 'native',
  reports: 'auto',
  syncMs: 20_000,
  envTypes: [],
  security: 'lab',
  consent: 'never',
  confirmedMs: 600_000,
  consentMs: 60_000,
  againMs: 60_000,
  resume: true,
  runAfterAbort: true,
  firmware: 'Main',
  alertSource: 'object',
  strictNames: false,
  autoReset: false,
  requestEvery: { user: 60_000, device: DAY },
  owner: '*',
}

/** How long the result of an order is remembered at least (scomo sheet 14.3b). */
export const REMEMBERED = 7 * DAY

/** What is installed when the device is switched on. */
export type Installed = readonly InstalledComponent[]

/** MaxObjSize of a device with software, octets: a package comes as one object, and goes to its disk chunk by chunk. */
const LARGEST_PACKAGE = 256 << 20

/** MaxObjSize such a device announces: what it is told, what its kind of client names, else LARGEST_PACKAGE; undefined without software. */
export function maxObjSizeOf(
  mo: SoftwareSettings['mo'],
  told: number | undefined,
  kind: { readonly settings: { readonly maxObjSize?: number | null } },
): number | undefined {
  if (told !== undefined) return told
  return mo.length > 0 && kind.settings.maxObjSize === undefined ? LARGEST_PACKAGE : undefined
}
