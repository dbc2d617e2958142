// Scenario runs in this process: one runner for each transport.
import type { RunWish } from '../api.ts'
import { runInMemory } from '../scenario/runner.ts'
import type { Flow } from '../scenario/all.ts'
import type { RunWatch } from '../scenario/course.ts'
import type { RunRecord } from '../scenario/types.ts'
import { SANDBOX_PORTS } from './sandboxports.ts'

/** Runs a flow to its end. Rejects with an Error in words where it cannot begin; a step that fails is a result. */
export type Runner = (flow: Flow, wish: RunWish, watch?: RunWatch) => Promise<RunRecord>

/** By transport. */
export const RUNNERS: Readonly<Partial<Record<'memory' | 'sockets', Runner>>> = {
  memory: (flow, wish, watch) => runInMemory(SANDBOX_PORTS, flow, wish, watch),
  sockets: async (flow, wish, watch) => (await import('./runsockets.ts')).runOverSockets(flow, wish, watch),
}
