// A run as it stands: rows come in, the referee judges them, whoever watches is told. The same for runs in memory, over sockets and with a real device.
import type { FrameDetail, RunWish, ScenarioRun, Seq, SessionRow } from '../api.ts'
import type { Finding } from '../syncml/finding.ts'
import { Referee } from './referee.ts'
import type { Understood, Verdicts } from './referee.ts'
import type { RunRecord, Scenario } from './types.ts'

/** Findings a run keeps. */
const FINDINGS = 200
const SEVERITIES = ['error', 'warn', 'note', 'chat']

/** Who follows a run while it goes on. */
export interface RunWatch {
  /** Number of the run; default 0. */
  readonly run?: number
  /** Wall clock at the beginning; default the clock of the run. */
  readonly startedAt?: number
  /** Takes a row of a sandbox into another trace and gives it as it is there. Default: rows stay as they are. */
  readonly take?: (detail: FrameDetail) => FrameDetail
  /** The run as it stands, whenever a row came and at the end. */
  readonly told?: (run: ScenarioRun) => void
  /** A session of `take` is over. */
  readonly ended?: (session: number, state: SessionRow['state'], reason: string) => void
  readonly stopped?: () => boolean
  /** How messages are to be understood, where the device speaks a dialect. */
  readonly understood?: Understood
  /** Awaited, in real time, before anything travels in memory. */
  readonly pace?: () => Promise<void>
}

export class Course {
  readonly #scenario: Scenario
  readonly #wish: RunWish
  readonly #watch: RunWatch
  readonly #startedAt: number
  readonly #referee: Referee
  readonly #rows: FrameDetail[] = []
  /** Numbers where a row was recorded → where it is kept. */
  readonly #kept = new Map<Seq, Seq>()
  readonly #sessions = new Map<number, number>()
  #findings: ScenarioRun['findings'] = []
  #last = 0

  constructor(scenario: Scenario, wish: RunWish, watch: RunWatch, startedAt: number) {
    this.#scenario = scenario
    this.#wish = wish
    this.#watch = watch
    this.#startedAt = startedAt
    this.#referee = new Referee(scenario, startedAt, watch.run ?? 0, watch.understood)
  }

  /** True when every step has its verdict. */
  get decided(): boolean {
    return this.#referee.decided
  }

  get stopped(): boolean {
    return this.#watch.stopped?.() === true
  }

  /** The next row of this run; kept elsewhere where whoever watches says so. */
  take(recorded: FrameDetail): void {
    const { take } = this.#watch
    const cause = recorded.cause === null ? null : (this.#kept.get(recorded.cause) ?? null)
    const detail = take === undefined ? recorded : take({ ...recorded, cause })
    this.#kept.set(recorded.row.seq, detail.row.seq)
    if (recorded.row.session > 0) this.#sessions.set(recorded.row.session, detail.row.session)
    this.#rows.push(detail)
    this.#last = detail.row.at
    if (detail.findings.length > 0) this.#findings = worst([...this.#findings, ...detail.findings.map((each) => told(detail.row.seq, each))])
    this.#referee.take(detail)
    this.#watch.told?.(this.run('running', this.#referee.results()))
  }

  /** Time has passed without a row. */
  tick(at: number): void {
    if (this.#referee.tick(at)) this.#watch.told?.(this.run('running', this.#referee.results()))
  }

  /** How a session ended where it was recorded. */
  ended({ session, state, reason }: Pick<SessionRow, 'session' | 'state' | 'reason'>): void {
    const kept = this.#sessions.get(session)
    if (kept !== undefined && state !== 'open') this.#watch.ended?.(kept, state, reason)
  }

  finish(at: number): RunRecord {
    const { stopped } = this
    // Waiting for what never came is part of it; the time for conditions is not.
    if (!this.decided) this.#last = Math.max(this.#last, at)
    const run = this.run(stopped ? 'cancelled' : 'done', this.#referee.finish(stopped ? 'stopped' : 'complete', at))
    this.#watch.told?.(run)
    return { run, rows: this.#rows }
  }

  run(state: ScenarioRun['state'], { verdict, steps, conditions }: Verdicts = this.#referee.results()): ScenarioRun {
    const { encoding = 'xml', transport = 'memory', seed = 1, fault = '' } = this.#wish
    return {
      run: this.#watch.run ?? 0,
      id: this.#scenario.id,
      encoding,
      transport,
      seed,
      state,
      verdict,
      startedAt: this.#startedAt,
      duration: Math.max(0, this.#last - this.#startedAt),
      first: this.#rows[0]?.row.seq ?? 0,
      last: this.#rows.at(-1)?.row.seq ?? 0,
      steps,
      conditions,
      findings: this.#findings,
      fault,
    }
  }
}

function worst(findings: ScenarioRun['findings']): ScenarioRun['findings'] {
  const rank = (severity: string): number => SEVERITIES.indexOf(severity)
  return [...findings].sort((a, b) => rank(a.severity) - rank(b.severity) || a.seq - b.seq).slice(0, FINDINGS)
}

const told = (seq: Seq, { rule, severity, text }: Finding): ScenarioRun['findings'][number] => ({ seq, rule, severity, text })
