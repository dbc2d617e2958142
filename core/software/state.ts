// What a device's software keeps besides its tree: orders taken, files held, wishes sent. JSON; saved before anything that depends on it leaves.
import type { Alert } from '../syncml/message.ts'
import type { StoredFile } from './ports.ts'

/** How far an order is. `work`: the installer has it; what became of it only the installer knows. `restart`: the device goes off and on; the order goes on when it is on. */
export type Stage = 'queued' | 'ask download' | 'download' | 'ask install' | 'ready' | 'work' | 'restart' | 'over'

/** What the work of an order came to, told when the device is on again. */
export interface AfterRestart {
  readonly code: number
  readonly text: string
  /** SCOMO: nodes the report is about. FUMO: none. */
  readonly targets: readonly string[]
  /** FUMO: the version that starts, and whether its package is gone. */
  readonly fwv: string
  readonly dataGone: boolean
}

/** One Exec that was accepted. */
export interface Order {
  /** `o12`: unique on the device for ever. */
  readonly key: string
  readonly mo: 'scomo' | 'fumo'
  /** The executed node. */
  readonly uri: string
  readonly primitive: string
  /** Path of the object it works on: the `<X>` above `Operations`, or the `<x>` of FUMO. */
  readonly path: readonly string[]
  readonly serverId: string
  readonly correlator: string
  /** Milliseconds since 1970. */
  readonly at: number
  stage: Stage
  /** As they stood when the order was taken. */
  readonly url: string
  file: StoredFile | null
  installParam: string
  digestChecked: boolean
  postponed: number
  /** Stage `restart`: what is told afterwards; absent where the work is still to come. */
  after?: AfterRestart
  /** The device has restarted for this order before its work. */
  restarted?: true
  end: End | null
}

/** How an order ended. */
export interface End {
  readonly code: number
  readonly text: string
  readonly at: number
  /** The report that is or was owed; null where the Status of the Exec told it. */
  readonly alert: Alert | null
  acknowledged: boolean
}

export interface SoftwareState {
  readonly version: 1
  /** Orders ever taken. */
  count: number
  /** In the order they were taken; those that are over are kept at least as long as their report is owed, and seven days. */
  orders: Order[]
  /** File by URI of the node that holds it: `Delivered/<X>` or `<x>`. */
  files: Record<string, StoredFile>
  /** When the device asked last, by type, operation and URI. */
  asked: Record<string, number>
}

function emptyState(): SoftwareState {
  return { version: 1, count: 0, orders: [], files: {}, asked: {} }
}

/** Reads what was kept; anything else begins anew. Throws an Error in words for a later version. */
export function readSoftware(state: unknown): SoftwareState {
  if (typeof state !== 'object' || state === null) return emptyState()
  const { version } = state as { readonly version?: unknown }
  if (version !== 1) throw new Error(`software state of version ${String(version)}; this program reads 1`)
  return { ...emptyState(), ...(structured(state) as Partial<SoftwareState>) }
}

/** A copy that shares nothing. */
function structured(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}
