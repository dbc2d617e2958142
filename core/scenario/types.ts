// A scenario is data: printed steps, who acts, and what in the recorded rows decides each step. The referee reads this and nothing of the program's intentions.
import type { FrameDetail, ScenarioRun } from '../api.ts'

/** Who acts; each has a lane. */
export type Actor = 'External Management Infrastructure' | 'Service Provider' | 'DM Server' | 'Download Server' | 'DM Gateway' | 'Device' | 'User'

/**
 * What decides a step or a condition. All of them speak of rows: the first row that fits, after the row that decided the step before, is the deciding message.
 *
 * - `row`: expression of the filter language over one row (core/filter). It may name steps decided before: `answers(step "5")`, `after(step "2")`.
 *   `same`: it carries, octet for octet, what a row that decided that step carries (a push without its transport's headers).
 * - `event`: a named event (core/scenario/events.ts), that is a row of kind `event` whose text begins `name:`; `where` compares facts of the row's
 *   notes (`detail`), a list means any of them.
 * - `tree`: a device's tree, folded from the recorded messages. `uri` may hold `*` for one segment. The knowledge must be new (proven by a row after the
 *   step before) unless `already` is true. `is` defaults to `present`.
 * - `job`: a job moved, as told by the recorded event `job.moved` (detail `state`, `resultCode` …): it is now in one of these states.
 * - `time`: `afterMs` have passed since the step before (or since `since`) was decided; the first row from then on decides.
 * - `all`: each of them, in any order (deciding messages are all of theirs); `any`: the first of them; `then`: each of them, in this order.
 */
export type Predicate =
  | { readonly row: string; readonly same?: string }
  | { readonly event: string; readonly where?: Facts }
  | { readonly tree: TreePredicate }
  | { readonly job: readonly string[]; readonly where?: Facts }
  | { readonly time: { readonly afterMs: number; readonly since?: string } }
  | { readonly all: readonly Predicate[] }
  | { readonly any: readonly Predicate[] }
  | { readonly then: readonly Predicate[] }

/** Facts by name; a list: one of these. */
export type Facts = Readonly<Record<string, Fact | readonly Fact[]>>
export type Fact = string | number | boolean | null

export interface TreePredicate {
  readonly uri: string
  readonly is?: 'present' | 'gone' | 'value'
  /** For `value`: the text as the tree holds it, one of these. */
  readonly value?: string | readonly string[]
  readonly already?: boolean
}

/** Something that must not happen while a step is awaited. */
export interface Contradiction {
  readonly when: Predicate
  /** Sentence for the report: what went wrong. */
  readonly reason: string
}

export interface Step {
  /** Unique in the scenario: `6a`, `6b` where the document prints a number twice. */
  readonly key: string
  /** What the document prints: `6.` */
  readonly label: string
  /** Short paraphrase. */
  readonly text: string
  readonly from: Actor
  readonly to: Actor
  readonly decide: Predicate
  /** Rows that turn it red while it is awaited. */
  readonly fails?: readonly Contradiction[]
  /** It must be decided within this time (ms on the run's clock) after the step before. */
  readonly withinMs?: number
  /** The row that decided the step before may decide this one too (Alert 1201 and DevInfo in one message). */
  readonly sameRow?: boolean
  /** A second, different row of its kind turns it red (resends, that is equal bytes, do not count). */
  readonly once?: boolean
  /** What it is when it never came. `fail` (default) makes it required; a step that is not required is passed over when a later one is decided. */
  readonly missing?: 'fail' | 'inconclusive' | 'not applicable'
  /** Why nothing may ever decide it, where that is known beforehand: the reason told when it never came. */
  readonly unseen?: string
  /** Not on the wire: decided by a named event, a tree, a job or time. */
  readonly offWire?: boolean
}

export interface Condition {
  /** `P1`, `Q2` … */
  readonly key: string
  readonly text: string
  readonly decide: Predicate
  readonly fails?: readonly Contradiction[]
  /** Before: only rows up to the one that decided this step count. After: only rows from that one on. Default: all rows. */
  readonly step?: string
  /** What it is when nothing decided it; default `inconclusive` before, `fail` after. */
  readonly missing?: 'fail' | 'inconclusive' | 'not applicable'
}

/** A planted fault; `plant` is the runner's business. */
export interface Fault<Plant = unknown> {
  /** Key of the step that it turns red. */
  readonly step: string
  readonly text: string
  readonly plant: Plant
}

/** One flow of a document. `Setup` and `Plant` are the runner's shapes; the referee does not look at them. */
export interface Scenario<Setup = unknown, Plant = unknown> {
  /** `s1-5.4.2-alt1`: letters, digits, `.` and `-`. */
  readonly id: string
  /** `S1` */
  readonly document: string
  readonly clause: string
  readonly title: string
  /** Lanes, left to right. */
  readonly actors: readonly Actor[]
  readonly steps: readonly Step[]
  readonly pre: readonly Condition[]
  readonly post: readonly Condition[]
  /** The flow it branches from, and the key of the step where the text prints it. */
  readonly alternativeOf: { readonly id: string; readonly step: string } | null
  readonly setup: Setup
  readonly faults: readonly Fault<Plant>[]
}

/** A finished run with the rows that belong to it, in order. */
export interface RunRecord {
  readonly run: ScenarioRun
  readonly rows: readonly FrameDetail[]
}
