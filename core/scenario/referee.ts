// Judges a run by what was recorded: steps in order, each by rows after those of the step before. Fed row by row or all at once, it says the same.
import type { ConditionResult, FrameDetail, ScenarioRun, Seq, StepResult, StepVerdict, TraceRow } from '../api.ts'
import { Reading } from '../filter/facts.ts'
import type { Around } from '../filter/facts.ts'
import { Mirror } from '../mirror/mirror.ts'
import { Reader } from '../mirror/reader.ts'
import { Conditions } from './conditions.ts'
import { compileJudging, type Compiled, type Judging, type Look, type Since, startJudging } from './predicate.ts'
import { aboutRow, wordsOf } from './words.ts'
import type { Scenario, Step } from './types.ts'

/** What the referee says of a run. */
export interface Verdicts {
  /** '' while it is not over. */
  readonly verdict: ScenarioRun['verdict']
  readonly steps: readonly StepResult[]
  readonly conditions: readonly ConditionResult[]
}

interface Awaited extends Judging {
  readonly index: number
}

/** How a device's messages are to be understood, where it speaks a dialect. */
export type Understood = NonNullable<Around['understood']>

/** What the stepper kept from its receiver proves nothing. */
const UNSEEN: readonly TraceRow['hold'][] = ['held', 'dropped', 'peer gone']

export class Referee {
  readonly #scenario: Scenario
  readonly #startedAt: number
  readonly #compiled: readonly Compiled[]
  readonly #steps: { verdict: StepVerdict; messages: readonly Seq[]; reason: string; at: number | null; wall: number }[]
  readonly #conditions: Conditions
  readonly #rows = new Map<Seq, FrameDetail>()
  readonly #reading: Reading
  readonly #trees = new Map<string, Mirror>()
  readonly #readers = new Map<string, Reader>()
  /** Rows that would have decided a step whose turn had not come: key → first of them. */
  readonly #early = new Map<string, Seq>()
  /** First step that is not decided. */
  #current = 0
  #since: Since
  #awaited: readonly Awaited[] = []
  #failed = false
  #over = false

  /** `startedAt`: wall clock of the run's beginning, ms; `understood`: dialects. Throws FilterError where a predicate of the scenario cannot be read. */
  constructor(scenario: Scenario, startedAt: number, run = 0, understood?: Understood) {
    this.#scenario = scenario
    this.#startedAt = startedAt
    this.#since = { seq: 0, at: startedAt }
    this.#compiled = scenario.steps.map(({ decide, fails = [] }) => compileJudging(decide, fails))
    this.#steps = scenario.steps.map(() => ({ verdict: 'not reached', messages: [], reason: '', at: null, wall: 0 }))
    this.#conditions = new Conditions(scenario, this.#since)
    this.#reading = new Reading({
      frame: (seq) => this.#rows.get(seq),
      row: (seq) => this.#rows.get(seq)?.row,
      ...(understood === undefined ? {} : { understood }),
      run: { scenario: scenario.id, run, step: (key) => this.#stretch(key), decided: (seq) => this.#decidedBy(seq) },
    })
    this.#await()
  }

  /** Takes the next row, in the order of their numbers. True where a verdict moved. */
  take(detail: FrameDetail): boolean {
    if (this.#over || this.#rows.has(detail.row.seq) || UNSEEN.includes(detail.row.hold)) return false
    const late = this.tick(detail.row.at)
    this.#rows.set(detail.row.seq, detail)
    this.#fold(detail)
    const look = this.#look(detail, detail.row.at)
    const before = this.#conditions.offer('before', look)
    const moved = this.#failed ? false : this.#judge(look)
    const after = this.#conditions.offer('after', look)
    return late || before || moved || after
  }

  /** Tells that it is `at` (wall clock, ms): deadlines pass. True where a verdict moved. */
  tick(at: number): boolean {
    if (this.#over || this.#failed) return false
    const step = this.#scenario.steps[this.#current]
    if (step === undefined) return false
    const { withinMs } = step
    if (withinMs !== undefined && at > this.#since.at + withinMs) {
      this.#fail(
        this.#current,
        [],
        `not within ${String(withinMs)} ms after ${this.#before(this.#current)}; ${this.#unmet(this.#current)}`,
        this.#since.at + withinMs,
      )
      return true
    }
    return this.#offer(this.#look(null, at))
  }

  /** No further row comes. `stopped`: somebody ended it early, so that what is missing is not the peers' fault. */
  finish(how: 'complete' | 'stopped', at: number): Verdicts {
    if (!this.#over) {
      this.tick(at)
      if (how === 'complete') this.#conditions.offer('after', this.#look(null, at))
      this.#missing(how)
      this.#conditions.finish(this.#failed || how === 'stopped')
      this.#over = true
    }
    return this.results()
  }

  /** The verdicts as they stand. */
  results(): Verdicts {
    const steps = this.#scenario.steps.map(({ key, label }, i): StepResult => {
      const { verdict, messages, reason, at } = this.#steps[i] ?? { verdict: 'not reached', messages: [], reason: '', at: null }
      return { key, label, verdict, messages, reason, at }
    })
    const conditions = this.#conditions.results()
    return { verdict: this.#over ? overall(steps, conditions) : '', steps, conditions }
  }

  /** True when no step waits any more that anything may decide; conditions may. */
  get decided(): boolean {
    return this.#failed || this.#scenario.steps.slice(this.#current).every(({ unseen }) => unseen !== undefined)
  }

  #look(detail: FrameDetail | null, at: number): Look {
    const decidedAt = (key: string): number | undefined => {
      const step = this.#steps[this.#scenario.steps.findIndex((each) => each.key === key)]
      return step?.verdict === 'pass' ? step.wall : undefined
    }
    return { detail, at, reading: this.#reading, trees: this.#trees, decidedAt }
  }

  /** Folds what the row proves into its device's tree. */
  #fold(detail: FrameDetail): void {
    const { seq, at, session, direction, device, kind } = detail.row
    const message = kind === 'message' && session > 0 ? this.#reading.message(detail.row, detail) : null
    if (message === null) return
    const reader = this.#readers.get(device) ?? new Reader()
    const mirror = this.#trees.get(device) ?? new Mirror()
    this.#readers.set(device, reader)
    this.#trees.set(device, mirror)
    for (const event of reader.read({ seq, at, session, direction, message })) mirror.apply(event)
  }

  /** Steps that may be decided next: the first undecided one, and those behind it as long as what stands before may be passed over. */
  #await(): void {
    const awaited: Awaited[] = []
    for (let index = this.#current; index < this.#compiled.length; index++) {
      const own = this.#compiled[index]
      // What the row that decided the step before proves is new to a step that this row may decide too.
      const since = this.#scenario.steps[index]?.sameRow === true ? { ...this.#since, seq: this.#since.seq - 1 } : this.#since
      if (own !== undefined) awaited.push({ index, ...startJudging(own, since) })
      if ((this.#scenario.steps[index]?.missing ?? 'fail') === 'fail') break
    }
    this.#awaited = awaited
  }

  #judge(look: Look): boolean {
    const seq = look.detail?.row.seq ?? 0
    if (this.#twice(look)) return true
    this.#tooEarly(look)
    let moved = this.#offer(look)
    // A row may decide several steps, where they say so.
    for (let again = moved; again && !this.#failed;) {
      again = this.#steps[this.#current - 1]?.messages.includes(seq) === true && this.#offer(look, true)
      moved ||= again
    }
    return moved
  }

  #offer(look: Look, same = false): boolean {
    const may = this.#awaited.filter(({ index }) => !same || this.#scenario.steps[index]?.sameRow === true)
    for (const { index, fails } of may)
      for (const { waiting, reason } of fails) {
        const seqs = waiting.offer(look)
        if (seqs === null) continue
        this.#passOver(index)
        this.#fail(index, seqs, reason, look.at)
        return true
      }
    for (const { index, decide } of may) {
      const seqs = decide.offer(look)
      if (seqs === null) continue
      this.#pass(index, seqs, look.at)
      return true
    }
    return false
  }

  #pass(index: number, seqs: readonly Seq[], at: number): void {
    this.#passOver(index)
    const reason = seqs.map((seq) => aboutRow(this.#rows.get(seq)?.row)).join('; ')
    this.#steps[index] = { verdict: 'pass', messages: seqs, reason, at: at - this.#startedAt, wall: at }
    this.#current = index + 1
    this.#since = { seq: Math.max(this.#since.seq, ...seqs), at }
    this.#await()
  }

  #passOver(index: number): void {
    for (let i = this.#current; i < index; i++) {
      const verdict = this.#scenario.steps[i]?.missing ?? 'fail'
      this.#steps[i] = {
        verdict,
        messages: [],
        reason: this.#scenario.steps[i]?.unseen ?? `passed over: the run went on with step ${this.#scenario.steps[index]?.key ?? ''}`,
        at: null,
        wall: 0,
      }
    }
  }

  #fail(index: number, messages: readonly Seq[], reason: string, at: number): void {
    this.#steps[index] = { verdict: 'fail', messages, reason, at: at - this.#startedAt, wall: at }
    for (let i = index + 1; i < this.#steps.length; i++) this.#steps[i] = { verdict: 'not reached', messages: [], reason: '', at: null, wall: 0 }
    this.#failed = true
    this.#awaited = []
  }

  /** A step that may come once only came again, by another message than before. */
  #twice(look: Look): boolean {
    const { detail } = look
    const index = this.#scenario.steps.findIndex(({ once }, i) => once === true && this.#steps[i]?.verdict === 'pass')
    if (index < 0 || detail === null) return false
    for (let i = index; i < this.#current; i++) {
      const result = this.#steps[i]
      if (this.#scenario.steps[i]?.once !== true || result?.verdict !== 'pass' || result.messages.includes(detail.row.seq)) continue
      const earlier = result.messages.flatMap((seq) => this.#rows.get(seq) ?? [])
      if (earlier.some((each) => sameBytes(each.bytes, detail.bytes) && each.row.kind === 'message')) continue
      const again = this.#compiled[i]?.decide({ seq: detail.row.seq - 1, at: look.at }).offer(look)
      if (again == null) continue
      this.#fail(i, [...result.messages, ...again], `it happened twice: ${aboutRow(detail.row)} once more`, look.at)
      return true
    }
    return false
  }

  #tooEarly(look: Look): void {
    const seq = look.detail?.row.seq ?? 0
    const last = this.#awaited.at(-1)?.index ?? this.#compiled.length
    for (let i = last + 1; i < this.#compiled.length; i++) {
      const key = this.#scenario.steps[i]?.key ?? ''
      if (!this.#early.has(key) && this.#compiled[i]?.decide({ seq: seq - 1, at: look.at }).offer(look) != null) this.#early.set(key, seq)
    }
  }

  #missing(how: 'complete' | 'stopped'): void {
    if (this.#failed) return
    for (let i = this.#current; i < this.#steps.length; i++) {
      const step = this.#scenario.steps[i] as Step
      const verdict = step.missing ?? 'fail'
      if (how === 'stopped') {
        this.#steps[i] = {
          verdict: i === this.#current ? 'inconclusive' : 'not reached',
          messages: [],
          reason: 'the run was stopped',
          at: null,
          wall: 0,
        }
        continue
      }
      const early = this.#early.get(step.key)
      const reason = step.unseen ?? this.#unmet(i)
      if (verdict === 'fail') return this.#fail(i, early === undefined ? [] : [early], reason, this.#since.at)
      this.#steps[i] = { verdict, messages: [], reason, at: null, wall: 0 }
    }
    this.#current = this.#steps.length
  }

  /** Why a step is not decided: nothing fits, or it came out of order. */
  #unmet(index: number): string {
    const { key, decide } = this.#scenario.steps[index] as Step
    const early = this.#early.get(key)
    const order = early === undefined ? '' : `; ${aboutRow(this.#rows.get(early)?.row)} came too early, before ${this.#before(index)} was done`
    return `nothing decided it: ${wordsOf(decide)}${order}${this.#skipped(index)}`
  }

  /** Says which later step's message came although this step had not. */
  #skipped(index: number): string {
    for (let i = index + 1; i < this.#steps.length; i++) {
      const key = this.#scenario.steps[i]?.key ?? ''
      const seq = this.#early.get(key)
      if (seq !== undefined && seq > this.#since.seq) return `; ${aboutRow(this.#rows.get(seq)?.row)} is of step ${key} and came without it`
    }
    return ''
  }

  #before(index: number): string {
    const key = this.#scenario.steps[index - 1]?.key
    return key === undefined ? 'the beginning' : `step ${key}`
  }

  #stretch(key: string): { first: Seq; last: Seq; deciding: readonly Seq[] } | null {
    const index = this.#scenario.steps.findIndex((step) => step.key === key)
    const own = this.#steps[index]
    if (own?.verdict !== 'pass' || own.messages.length === 0) return null
    const before = Math.max(0, ...this.#steps.slice(0, index).flatMap(({ messages }) => messages))
    const last = Math.max(...own.messages)
    return { first: Math.min(before + 1, ...own.messages), last, deciding: own.messages }
  }

  #decidedBy(seq: Seq): string[] {
    return this.#scenario.steps.flatMap(({ key }, i) => (this.#steps[i]?.messages.includes(seq) === true ? [key] : []))
  }
}

/** All verdicts of a recorded run at once. */
export function judge(
  scenario: Scenario,
  rows: readonly FrameDetail[],
  startedAt: number,
  endedAt: number,
  how: 'complete' | 'stopped' = 'complete',
): Verdicts {
  const referee = new Referee(scenario, startedAt)
  for (const row of rows) referee.take(row)
  return referee.finish(how, endedAt)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function overall(steps: readonly StepResult[], conditions: readonly ConditionResult[]): 'pass' | 'fail' | 'inconclusive' {
  const all = [...steps, ...conditions].map(({ verdict }) => verdict)
  if (all.includes('fail')) return 'fail'
  const open = [...steps, ...conditions.filter(({ when }) => when === 'after')].some(
    ({ verdict }) => verdict === 'inconclusive' || verdict === 'not reached',
  )
  return open ? 'inconclusive' : 'pass'
}
