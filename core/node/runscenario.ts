// Scenario runs in this process: what a sandbox gets from Node, and one runner for each transport.
import { createHash, createHmac } from 'node:crypto'
import type { RunWish } from '../api.ts'
import { runInMemory } from '../scenario/runner.ts'
import type { Flow } from '../scenario/all.ts'
import type { RunWatch } from '../scenario/course.ts'
import type { SandboxPorts } from '../scenario/sandbox.ts'
import type { RunRecord } from '../scenario/types.ts'
import { openSqlite } from './sqlite.ts'

/** A database in memory, Node's digests, and a turn of the event loop. */
export const SANDBOX_PORTS: SandboxPorts = {
  openDb: () => openSqlite(':memory:'),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  hmac: (secret, body) => createHmac('sha256', secret).update(body).digest('hex'),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
  iso: (at) => new Date(at).toISOString(),
}

/** Runs a flow to its end. Rejects with an Error in words where it cannot begin; a step that fails is a result. */
export type Runner = (flow: Flow, wish: RunWish, watch?: RunWatch) => Promise<RunRecord>

/** By transport. */
export const RUNNERS: Readonly<Partial<Record<'memory' | 'sockets', Runner>>> = {
  memory: (flow, wish, watch) => runInMemory(SANDBOX_PORTS, flow, wish, watch),
  sockets: async (flow, wish, watch) => (await import('./runsockets.ts')).runOverSockets(flow, wish, watch),
}
