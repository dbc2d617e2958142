// What a sandbox in memory gets from Node: a database, digests, a turn of the event loop.
import { createHash, createHmac } from 'node:crypto'
import type { SandboxPorts } from '../scenario/sandbox.ts'
import { openSqlite } from './sqlite.ts'

/** A database in memory, Node's digests, and a turn of the event loop. */
export const SANDBOX_PORTS: SandboxPorts = {
  openDb: () => openSqlite(':memory:'),
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  hmac: (secret, body) => createHmac('sha256', secret).update(body).digest('hex'),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
  iso: (at) => new Date(at).toISOString(),
}
