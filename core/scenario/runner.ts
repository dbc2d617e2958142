// Runs one scenario in a sandbox and lets the referee judge what was recorded. It sets the parties going and stops; it judges nothing itself.
import type { RunWish, Seq } from '../api.ts'
import { isGatewayFlow } from './all.ts'
import type { Flow } from './all.ts'
import { Course } from './course.ts'
import type { RunWatch } from './course.ts'
import { playGateway } from './gatewayplay.ts'
import { play } from './play.ts'
import type { Play } from './play.ts'
import type { SandboxPorts } from './sandbox.ts'
import type { RunRecord, Scenario } from './types.ts'

/** Virtual time a run may take at the most: the parties' patience (retries, waits) fits in. */
const LIMIT_MS = 3 * 3_600_000
/** Time after the last step in which conditions may still be decided. */
const AFTER_MS = 120_000

/** The set-up with a planted fault; throws an Error in words where the flow has none for that step. */
export function planned<S, P extends { readonly kind: string }>(
  flow: Scenario<S, P | ChangedSetup<S>>,
  fault: string,
): { readonly setup: S; readonly plant: P | ChangedSetup<S> | null } {
  if (fault === '') return { setup: flow.setup, plant: null }
  const found = flow.faults.find(({ step }) => step === fault)
  if (found === undefined) {
    const steps = flow.faults.map(({ step }) => step).join(', ')
    throw new Error(`${flow.id} has no fault for step ${fault}; there is one for each of ${steps}`)
  }
  return { setup: isChange<S>(found.plant) ? found.plant.change(flow.setup) : flow.setup, plant: found.plant }
}

/** A fault that is another set-up. */
interface ChangedSetup<S> {
  readonly kind: 'setup'
  readonly change: (setup: S) => S
}

const isChange = <S>(plant: { readonly kind: string }): plant is ChangedSetup<S> => plant.kind === 'setup'

/** Runs a flow in memory. Rejects with an Error in words where it cannot begin; a step that fails is a result. */
export async function runInMemory(ports: SandboxPorts, flow: Flow, wish: RunWish, watch: RunWatch = {}): Promise<RunRecord> {
  const { encoding = 'xml', seed = 1, fault = '' } = wish
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
  const stage = { seed, encoding, ...(watch.pace === undefined ? {} : { pace: watch.pace }), rows: follow }
  const played = isGatewayFlow(flow) ? playGateway(ports, { ...stage, ...planned(flow, fault) }) : play(ports, { ...stage, ...planned(flow, fault) })
  const { clock, recorder } = played.sandbox
  const startedAt = watch.startedAt ?? clock.now()
  const shift = startedAt - clock.now()
  const course = new Course(flow, { ...wish, transport: ports.net === undefined ? 'memory' : 'sockets' }, watch, startedAt)
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
