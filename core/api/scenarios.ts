// Scenarios as LabApi shows them: the documents' flows, their printed steps, and what a run proved of each. Types only.
import type { Seq } from './trace.ts'
import type { Encoding } from '../syncml/message.ts'

/** One printed step; `key` is unique (`6a`, `6b` where the document prints a number twice), `label` is what the document prints. */
export interface ScenarioStepInfo {
  readonly key: string
  readonly label: string
  readonly text: string
  readonly from: string
  readonly to: string
  /** Predicate in the filter language, or the named event that decides it. */
  readonly decides: string
  /** Not on the wire: proven by a named event, a tree, a job or time. */
  readonly offWire: boolean
  /** What it rests on that no published text confirms; absent: nothing. */
  readonly inferred?: readonly string[]
}

export interface ScenarioInfo {
  /** `s1-5.4.2-alt1` */
  readonly id: string
  /** `S1` */
  readonly document: string
  readonly clause: string
  readonly title: string
  /** Lanes, left to right. */
  readonly actors: readonly string[]
  readonly steps: readonly ScenarioStepInfo[]
  readonly pre: readonly string[]
  readonly post: readonly string[]
  /** The flow it branches from, and the key of the step where the text prints it. */
  readonly alternativeOf: { readonly id: string; readonly step: string } | null
}

export type StepVerdict = 'pass' | 'fail' | 'inconclusive' | 'not applicable' | 'not reached'

export interface StepResult {
  readonly key: string
  readonly label: string
  readonly verdict: StepVerdict
  /** Rows that decided it. */
  readonly messages: readonly Seq[]
  readonly reason: string
  /** Ms since the run began, on the run's clock; null where not reached. */
  readonly at: number | null
}

export interface ConditionResult {
  readonly text: string
  readonly when: 'before' | 'after'
  readonly verdict: StepVerdict
  readonly messages: readonly Seq[]
  readonly reason: string
}

export interface ScenarioRun {
  readonly run: number
  readonly id: string
  readonly encoding: Encoding
  readonly transport: 'memory' | 'sockets' | 'live' | 'relayed'
  readonly seed: number
  readonly state: 'running' | 'done' | 'cancelled'
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | ''
  readonly startedAt: number
  /** Ms on the run's clock. */
  readonly duration: number
  /** Rows of the trace that belong to it; 0 while none. */
  readonly first: Seq
  readonly last: Seq
  readonly steps: readonly StepResult[]
  readonly conditions: readonly ConditionResult[]
  /** Lint findings of its messages, worst first, at most 200. */
  readonly findings: readonly { readonly seq: Seq; readonly rule: string; readonly severity: string; readonly text: string }[]
  /** The planted fault; '' none. */
  readonly fault: string
}

export interface RunWish {
  readonly id: string
  /** Default xml. */
  readonly encoding?: Encoding
  /** Default 1. Two runs with one seed give the same message bodies. */
  readonly seed?: number
  /** `memory`: simulated peers on a virtual clock; `sockets`: the same over real HTTP; `live`: `device` plays its role against this lab; `relayed`: `device`
   * speaks with a foreign DM server through a recording proxy of this lab: nothing is begun here, what that server does inside is not applicable. */
  readonly transport?: ScenarioRun['transport']
  readonly device?: string
  /** Key of the step to break on purpose. */
  readonly fault?: string
  /** Real ms between messages, to watch; default 0. */
  readonly pace?: number
}

export interface ScenariosArea {
  list(): Promise<readonly ScenarioInfo[]>
  /** Starts a run; facts follow as `scenario` events. */
  run(wish: RunWish): Promise<ScenarioRun>
  /** Newest first, at most 100. */
  runs(): Promise<readonly ScenarioRun[]>
  cancel(run: number): Promise<void>
  report(runs: readonly number[], format: 'html' | 'junit'): Promise<{ readonly name: string; readonly bytes: Uint8Array }>
}
