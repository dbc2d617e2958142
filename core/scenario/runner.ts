// Runs one scenario in a sandbox and lets the referee judge what was recorded. It sets the parties going and stops; it judges nothing itself.
import type { RunWish, Seq } from '../api.ts'
import type { Flow } from './all.ts'
import { Course } from './course.ts'
import type { RunWatch } from './course.ts'
import { play } from './play.ts'
import type { Play } from './play.ts'
import type { SandboxPorts } from './sandbox.ts'
import type { Plant, Setup } from './setup.ts'
import type { RunRecord } from './types.ts'

/** Virtual time a run may take at the most: the parties' patience (retries, waits) fits in. */
const LIMIT_MS = 3 * 3_600_000
/** Time after the last step in which conditions may still be decided. */
const AFTER_MS = 120_000

/** The set-up with a planted fault; throws an Error in words where the flow has none for that step. */
export function planned(flow: Flow, fault: string): { readonly setup: Setup; readonly plant: Plant | null } {
  if (fault === '') return { setup: flow.setup, plant: null }
  const found = flow.faults.find(({ step }) => step === fault)
  if (found === undefined) {
    const steps = flow.faults.map(({ step }) => step).join(', ')
    throw new Error(`${flow.id} has no fault for step ${fault}; there is one for each of ${steps}`)
  }
  return { setup: found.plant.kind === 'setup' ? found.plant.change(flow.setup) : flow.setup, plant: found.plant }
}

/** Runs a flow in memory. Rejects with an Error in words where it cannot begin; a step that fails is a result. */
export async function runInMemory(ports: SandboxPorts, flow: Flow, wish: RunWish, watch: RunWatch = {}): Promise<RunRecord> {
  const { encoding = 'xml', seed = 1, fault = '' } = wish
  const { setup, plant } = planned(flow, fault)
  let taken: Seq = 0
  let playing: Play | null = null
  const follow = (): void => {
    if (playing === null) return
    const { store } = playing.sandbox
    while (taken < store.last) {
      const detail = store.frame(++taken)
      if (detail !== undefined) course.take({ ...detail, row: { ...detail.row, at: detail.row.at + shift } })
    }
  }
  const played = play(ports, { seed, encoding, setup, plant, ...(watch.pace === undefined ? {} : { pace: watch.pace }), rows: follow })
  const { clock, recorder } = played.sandbox
  const startedAt = watch.startedAt ?? clock.now()
  const shift = startedAt - clock.now()
  const course = new Course(flow, { ...wish, transport: 'memory' }, watch, startedAt)
  playing = played
  try {
    await played.begin()
    await clock.run({ limitMs: LIMIT_MS, until: () => course.stopped || course.decided })
    await clock.run({ limitMs: AFTER_MS, until: () => course.stopped })
    recorder.announce()
    follow()
    for (const session of recorder.sessions.all()) course.ended(session)
    return course.finish(clock.now() + shift)
  } finally {
    played.end()
  }
}
