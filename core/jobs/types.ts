// Jobs as they are kept: one JSON document a job, complete after every step, so that a lab that restarts goes on from it. Data only.
import type { JobEvent, JobItemWish, JobOp, JobRow, JobState, JobType, JobWish, Mechanism, PackageRow } from '../api.ts'

/** What a weak set-up comes to. */
export type SecurityMode = 'lab' | 'strict'

/** What a device answered for a URI; code 0: it sent no Status. */
export interface Answer {
  readonly code: number
  readonly data: string
  readonly format: string
}
/** By the URI that was asked, and by those that a list brought. */
export type Answers = Record<string, Answer>

export interface Delivered {
  readonly uri: string
  readonly pkgId: string
  /** null: there is no State node, so no data came yet. */
  readonly state: number | null
  readonly status: number
}
export interface Deployed {
  readonly uri: string
  readonly id: string
  readonly version: string
  readonly state: number
  readonly pkgIdRef: string
}

/** What the server knows of a device when it decides. null: not read. */
export interface Facts {
  /** `./SCOMO`, or the `<x>` of FUMO. */
  readonly root: string
  readonly delivered: readonly Delivered[] | null
  readonly deployed: readonly Deployed[] | null
  /** Names below Download. */
  readonly download: readonly string[] | null
  /** What the device runs; null: it does not say. */
  readonly envTypes: readonly string[] | null
  /** FUMO: State, children of `<x>`, package that waits. */
  readonly state: number | null
  readonly children: readonly string[] | null
  readonly pkgName: string
  readonly pkgVersion: string
  readonly fwv: string
}

/** A node to be made or written. */
export interface PutNode {
  readonly uri: string
  readonly format: 'node' | 'chr' | 'bin' | 'null'
  readonly data: string
  how: 'Add' | 'Replace'
  /** The device may do without it. */
  readonly optional: boolean
  state: 'todo' | 'done' | 'refused'
  code: number
  tries: number
}

/** Nodes are made; with `joined` the Exec after them goes along in the same message. */
export interface PutStep {
  readonly do: 'put'
  readonly nodes: PutNode[]
  readonly joined: boolean
}
/** The package travels as a large object. */
export interface DataStep {
  readonly do: 'data'
  readonly uri: string
  readonly sha256: string
  state: 'todo' | 'done' | 'refused'
  code: number
  how: 'Add' | 'Replace'
  tries: number
}
export interface ExecStep {
  readonly do: 'exec'
  /** `{delivered}` stands for the node the package lies in. */
  uri: string
  readonly primitive: string
  correlator: string
  /** Clean-up: whatever comes of it, the item goes on. */
  readonly optional: boolean
  /** `refused`: its Status is looked at; `lost`: it may have left, nobody knows what became of it. */
  state: 'todo' | 'sent' | 'accepted' | 'lost' | 'refused'
  code: number
  /** Rule 2a of the scomo sheet 3.4: 0 not needed so far, 1 under way, 2 done. */
  mend: 0 | 1 | 2
  answers: Answers
  /** When the Exec left, and where (one session sends it once). */
  sentAt: number
  session: string
}
/** The result is read before anybody is told `done` (Q1 of the scomo sheet 16.6). */
export interface VerifyStep {
  readonly do: 'verify'
  readonly active: boolean
  answers: Answers
}
export type Step = PutStep | DataStep | ExecStep | VerifyStep

/** One package or component of a job. */
export interface Item {
  readonly wish: JobItemWish
  pkg: string
  component: string
  version: string
  correlator: string
  state: JobState
  resultCode: number
  text: string
  mechanism: Mechanism | ''
  objects: string[]
  executed: boolean | 'unknown'
  /** Name of `<X>`. */
  node: string
  /** Node the package lies in, once known. */
  delivered: string
  steps: Step[]
  at: number
  /** Way back after a failure (U3), and why it is taken. */
  back: Step[] | null
  failed: { readonly code: number; readonly text: string; readonly state: JobState } | null
  /** Indices of items that must be done before. */
  readonly needs: number[]
}

export interface JobRecord {
  readonly id: string
  readonly batch: string
  readonly device: string
  readonly type: JobType
  readonly op: JobOp
  readonly origin: JobRow['origin']
  readonly wish: JobWish
  readonly createdAt: number
  updatedAt: number
  limitAt: number
  state: JobState
  reason: string
  resultCode: number
  phase: 'survey' | 'confirm' | 'work' | 'over'
  /** The person in front of the device said yes, or need not be asked. */
  confirmed: boolean
  cancelled: boolean
  answers: Answers
  facts: Facts | null
  items: Item[]
  log: JobEvent[]
  findings: { id: string; text: string }[]
  /** How the device proved itself in the session that was judged last; absent: in none so far. */
  proof?: string
}

/** What is remembered of a device across jobs. */
export interface DeviceMemory {
  /** Root of each object, found by its Type property. */
  roots: Partial<Record<JobType, string>>
  /** `?list=` is answered 406. */
  noList: boolean
  /** Makes Operations and primitives by itself; absent: not met yet. */
  autoAdd?: boolean
  /** Spells it `Deactive`. */
  deactive: boolean
  /** Names of `<X>` the server gave, with their package. */
  used: Record<string, string>
  /** Packages a subscription made a job of. */
  offered?: string[]
}

/** A package as it is kept: what is told of it, and the name of its file. */
export interface PackageDoc {
  readonly row: PackageRow
  readonly fileName: string
}

/** Kinds of documents (core/store/docs.ts). */
export const DOC = {
  job: 'job',
  memory: 'job.device',
  package: 'package',
  group: 'group',
  set: 'set',
  setCheck: 'set.check',
  subscription: 'subscription',
  hook: 'hook',
  outcome: 'hook.outcome',
} as const

/** Ends of a job or an item. */
export const ENDS: ReadonlySet<JobState> = new Set([
  'done',
  'partial',
  'failed',
  'refused',
  'cancelled',
  'not_needed',
  'not_found',
  'not_applicable',
  'unknown',
])
export const isOver = (state: JobState): boolean => ENDS.has(state)

/** Waits for the end unless the wish says otherwise, ms: one day. */
export const LIMIT_MS = 86_400_000

/** A job as LabApi shows it. */
export function rowOf(job: JobRecord): JobRow {
  const { id, batch, device, type, op, state, resultCode, origin, createdAt, updatedAt } = job
  const reason = job.reason === '' && job.cancelled && !isOver(state) ? 'cancelled: what was ordered is awaited' : job.reason
  const items = job.items.map(({ pkg, component, version, correlator, state: its, resultCode: code, text, mechanism, objects, executed }) => ({
    pkg,
    component,
    version,
    correlator,
    state: its,
    resultCode: code,
    text,
    mechanism,
    objects,
    executed,
  }))
  return { id, batch, device, type, op, state, reason, resultCode, origin, createdAt, updatedAt, items }
}
