// The scenarios of a lab: runs in memory whose rows join its trace, runs over sockets in a lab of their own, and runs with a real device in the device's role or behind a proxy.
import type { FrameDetail, LabApi, RunWish, ScenarioRun } from '../api.ts'
import type { Redactor } from '../evidence/redact.ts'
import type { Speech } from '../lab/dialectmessage.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import type { Flow } from '../scenario/all.ts'
import { isGatewayFlow, SCENARIOS } from '../scenario/all.ts'
import { makeScenarios, originOf } from '../scenario/area.ts'
import type { ScenariosParts } from '../scenario/area.ts'
import type { RunWatch } from '../scenario/course.ts'
import { htmlReport } from '../scenario/htmlreport.ts'
import type { Evidence } from '../scenario/htmlreport.ts'
import { runLive } from '../scenario/live.ts'
import { junitXml } from '../scenario/report.ts'
import { runInMemory } from '../scenario/runner.ts'
import type { RunRecord } from '../scenario/types.ts'
import { infoOf } from '../scenario/words.ts'
import type { TraceStore } from '../store/trace.ts'
import pack from '../../package.json' with { type: 'json' }
import { SANDBOX_PORTS } from './sandboxports.ts'
import { packageFile, receiver } from './scenariogoods.ts'

export interface LabScenariosParts {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly trace: TraceStore
  readonly lab: () => LabApi
  readonly redactor: () => Redactor
  readonly simulated: (device: string) => boolean
  readonly speech: (device: string) => Speech | null
  readonly tell: (run: ScenarioRun) => void
  readonly changed: () => void
}

/** A real device may take its time, and people even more: silence after which a run with it is over, ms. */
const PATIENCE_MS = 900_000
const AFTER_MS = 3000

export function labScenarios(parts: LabScenariosParts): ReturnType<typeof makeScenarios> {
  const { clock, recorder, trace, lab } = parts
  const run: ScenariosParts['run'] = async (flow, wish, watch) => {
    if (wish.transport === 'live' || wish.transport === 'relayed') return withDevice(flow, wish, watch)
    if (wish.transport !== 'sockets') return runInMemory(SANDBOX_PORTS, flow, wish, watch)
    // A run over sockets starts a lab, and this is a part of one: it is loaded when it is asked for.
    const { runOverSockets } = await import('./runsockets.ts')
    return runOverSockets(flow, wish, watch)
  }
  const withDevice = async (flow: Flow, wish: RunWish, watch: RunWatch): Promise<RunRecord> => {
    const { device = '' } = wish
    if (isGatewayFlow(flow)) throw new Error(`${flow.id} has a gateway in it: no single device can play its roles`)
    const simulated = parts.simulated(device)
    const speech = parts.speech(device)
    const live = { lab: lab(), clock, device, file: packageFile, notify: '', patienceMs: PATIENCE_MS, afterMs: AFTER_MS, simulated, speech }
    if (wish.transport === 'relayed') return runLive(live, flow, wish, watch)
    // The infrastructure is ours: somebody must take the outcome, or its step would be waited for in vain.
    const emi = await receiver()
    const { hook } = await lab().provider.addHook(emi.url)
    try {
      return await runLive(live, flow, wish, watch)
    } finally {
      await lab().provider.dropHook(hook.id)
      await emi.close()
    }
  }
  /** Rows of a run, as the trace has them. */
  const rowsOf = ({ run: number, first, last, transport }: ScenarioRun): FrameDetail[] => {
    if (first === 0) return []
    const all = [...trace.each(first, last)]
    return transport === 'live' || transport === 'relayed' ? all : all.filter(({ origin }) => origin === originOf(number))
  }
  return makeScenarios({
    clock,
    recorder,
    run,
    devices: () => lab().devices.list(),
    frame: (seq) => trace.frame(seq),
    report: (runs, format) => {
      const evidence = runs.flatMap((each): Evidence[] => {
        const flow = SCENARIOS.find(({ id }) => id === each.id)
        return flow === undefined ? [] : [{ info: infoOf(flow), run: each, rows: format === 'html' ? rowsOf(each) : [] }]
      })
      const redactor = parts.redactor()
      const options = { redact: (detail: FrameDetail) => redactor.frame(detail), iso: SANDBOX_PORTS.iso, version: pack.version }
      const text = format === 'html' ? htmlReport(evidence, options) : junitXml(evidence)
      return { name: `scenarios.${format === 'html' ? 'html' : 'xml'}`, bytes: new TextEncoder().encode(text) }
    },
    tell: parts.tell,
    changed: parts.changed,
  })
}
