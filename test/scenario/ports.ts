// What a sandbox gets in tests: node:sqlite in memory and node's digests.
import { createHash, createHmac } from 'node:crypto'
import { openSqlite } from '../../core/node/sqlite.ts'
import type { SandboxPorts } from '../../core/scenario/sandbox.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const PORTS: SandboxPorts = {
  openDb: () => openSqlite(':memory:'),
  sha256,
  hmac: (secret, body) => createHmac('sha256', secret).update(body).digest('hex'),
  settle: () => new Promise((resolve) => setImmediate(resolve)),
  iso: (at) => new Date(at).toISOString(),
}
