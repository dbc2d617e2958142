// The scenarios as an area of the lab: runs are started, kept and told; rows of a run in memory join the lab's trace, so that the window shows them as they pass.
import type { FrameDetail, LabApi, RunWish, ScenarioRun, ScenariosArea } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Flow } from './all.ts'
import { SCENARIOS } from './all.ts'
import { Course } from './course.ts'
import type { RunWatch } from './course.ts'
import type { RunRecord } from './types.ts'
import { infoOf } from './words.ts'

export interface ScenariosParts {
  readonly clock: Clock
  readonly recorder: Pick<Recorder, 'import' | 'move'>
  /** Runs a flow to its end over the transport of the wish. */
  readonly run: (flow: Flow, wish: RunWish, watch: RunWatch) => Promise<RunRecord>
  readonly devices: () => ReturnType<LabApi['devices']['list']>
  /** A frame as the trace has it, for reports. */
  readonly frame: (seq: number) => FrameDetail | undefined
  readonly report: (runs: readonly ScenarioRun[], format: 'html' | 'junit') => { readonly name: string; readonly bytes: Uint8Array }
  readonly tell: (run: ScenarioRun) => void
  /** Rows were added to the lab's trace. */
  readonly changed: () => void
}

/** Runs kept; the oldest that is over is forgotten for one more. */
const KEPT = 100
/** Runs at work at once. */
const AT_ONCE = 4

/** Origin of the rows of a run that was not this lab's own traffic. */
export const originOf = (run: number): string => `scenario run ${String(run)}`

interface Kept {
  run: ScenarioRun
  stopped: boolean
  /** Settled when it is over. */
  over: Promise<void>
}

/** Waits `ms` in real time, or until somebody stops the run. */
async function linger(clock: Clock, ms: number, stopped: () => boolean): Promise<void> {
  for (const end = clock.now() + ms; !stopped() && clock.now() < end;)
    await new Promise<void>((resolve) => clock.after(Math.min(50, end - clock.now()), resolve))
}

export function makeScenarios(parts: ScenariosParts): ScenariosArea & { stop(): Promise<void> } {
  const { clock, recorder } = parts
  /** Newest last. */
  const runs: Kept[] = []
  let count = 0
  const flowOf = (id: string): Flow => {
    const flow = SCENARIOS.find((each) => each.id === id)
    if (flow === undefined) throw new Error(`there is no scenario ${id}`)
    return flow
  }
  const find = (number: number): Kept => {
    const kept = runs.find(({ run }) => run.run === number)
    if (kept === undefined) throw new Error(`there is no run ${String(number)}`)
    return kept
  }
  const keep = (kept: Kept, run: ScenarioRun): void => {
    kept.run = run
    parts.tell(run)
  }
  /** A row of a sandbox, as a row of this trace. */
  const take = (detail: FrameDetail, origin: string): FrameDetail => {
    const { row, bytes, startLine, headers, local, remote, cause, findings, notes } = detail
    const seq = recorder.import({ row, bytes, startLine, headers, local, remote, cause, origin, findings, notes }, detail.original, true)
    parts.changed()
    return parts.frame(seq) ?? { ...detail, row: { ...row, seq } }
  }
  const start = (flow: Flow, wish: RunWish): Kept => {
    const number = ++count
    const { transport = 'memory', pace = 0 } = wish
    const kept: Kept = { run: new Course(flow, wish, { run: number }, clock.now()).run('running'), stopped: false, over: Promise.resolve() }
    runs.push(kept)
    const over = runs.findIndex(({ run }) => run.state !== 'running')
    if (runs.length > KEPT && over >= 0) runs.splice(over, 1)
    const watch: RunWatch = {
      run: number,
      startedAt: kept.run.startedAt,
      told: (run) => keep(kept, run),
      stopped: () => kept.stopped,
      ...(transport === 'live' || transport === 'relayed'
        ? {}
        : { take: (detail) => take(detail, originOf(number)), ended: (session, state, reason) => recorder.move(session, state, reason) }),
      ...(pace === 0 ? {} : { pace: () => linger(clock, pace, () => kept.stopped) }),
    }
    kept.over = parts.run(flow, wish, watch).then(
      ({ run }) => keep(kept, run),
      (error: unknown) => {
        const text = `the run broke off: ${wordsOf(error)}`
        const findings = [{ seq: 0, rule: 'scenario.broken', severity: 'error', text }, ...kept.run.findings]
        keep(kept, { ...kept.run, state: 'done', verdict: 'inconclusive', findings })
      },
    )
    return kept
  }
  return {
    list: async () => SCENARIOS.map(infoOf),
    run: async (wish) => {
      const flow = flowOf(wish.id)
      const { fault = '', transport = 'memory', device } = wish
      if (fault !== '' && !flow.faults.some(({ step }) => step === fault))
        throw new Error(`${flow.id} has no fault for step ${fault}; there is one for each of ${flow.faults.map(({ step }) => step).join(', ')}`)
      if (fault !== '' && (transport === 'live' || transport === 'relayed'))
        throw new Error('no fault can be planted in a device that is not ours: choose memory or sockets')
      if (transport === 'live') {
        if (device === undefined) throw new Error('which device plays the role? name one with device')
        if (!(await parts.devices()).some(({ id }) => id === device)) throw new Error(`this lab knows no device ${device}`)
      }
      // A device behind a proxy need not be known before it comes.
      if (transport === 'relayed' && device === undefined) throw new Error('whose relayed sessions? name the device with device')
      if (runs.filter(({ run }) => run.state === 'running').length >= AT_ONCE)
        throw new Error(`${String(AT_ONCE)} runs are at work already; wait for one of them, or cancel it`)
      const kept = start(flow, wish)
      parts.tell(kept.run)
      return kept.run
    },
    runs: async () => runs.map(({ run }) => run).reverse(),
    cancel: async (number) => {
      find(number).stopped = true
    },
    report: async (numbers, format) =>
      parts.report(
        numbers.map((number) => find(number).run),
        format,
      ),
    stop: async () => {
      for (const kept of runs) kept.stopped = true
      await Promise.all(runs.map(({ over }) => over))
    },
  }
}
