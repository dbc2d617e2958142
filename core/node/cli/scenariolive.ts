// `dmlab scenario run --device`: a flow with a real device in its role, in the lab that runs on the workspace; the lab judges, this prints.
import type { ScenarioRun } from '../../api.ts'
import type { Flow } from '../../scenario/all.ts'
import { infoOf } from '../../scenario/words.ts'
import type { Progress } from './output.ts'
import type { Ask } from './treesource.ts'

/** How often the lab is asked how far it is, ms. */
const EVERY = 200

export type LiveTransport = 'live' | 'relayed'

/** A run as the local API tells it: its time as text. */
type Told = Omit<ScenarioRun, 'startedAt'> & { readonly startedAt: string | number | null }

/** Runs a flow to its end; interrupting the program cancels it. Rejects in the lab's words where it cannot begin. */
export async function runInLab(
  ask: Ask,
  flow: Flow,
  wish: { readonly device: string; readonly transport: LiveTransport },
  progress: Progress,
): Promise<{ readonly info: ReturnType<typeof infoOf>; readonly run: ScenarioRun }> {
  let run = await ask<Told>('POST', 'scenarios/runs', { id: flow.id, ...wish })
  const { run: number } = run
  const cancel = (): void => void ask('DELETE', `scenarios/runs/${String(number)}`).catch(() => {})
  process.on('SIGINT', cancel)
  try {
    while (run.state === 'running') {
      const reached = run.steps.filter(({ verdict }) => verdict !== 'not reached').length
      progress.show(() => `${flow.id} with ${wish.device}: step ${String(reached)} of ${String(run.steps.length)}`)
      await new Promise((resolve) => setTimeout(resolve, EVERY))
      const { runs } = await ask<{ runs: readonly Told[] }>('GET', 'scenarios/runs')
      run = runs.find((each) => each.run === number) ?? { ...run, state: 'cancelled' }
    }
  } finally {
    process.off('SIGINT', cancel)
  }
  return { info: infoOf(flow), run: { ...run, startedAt: new Date(run.startedAt ?? 0).getTime() } }
}

/** The lab's own report of runs. */
export async function reportOf(ask: Ask, runs: readonly number[], format: 'html' | 'junit'): Promise<string> {
  const { bytes } = await ask<{ bytes: string }>('POST', 'scenarios/reports', { runs, format })
  return Buffer.from(bytes, 'base64').toString()
}
