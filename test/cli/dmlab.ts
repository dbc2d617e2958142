// Runs `dmlab` from its sources, as a process of its own; and makes a workspace with known rows in it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { FrameDetail } from '../../core/api.ts'
import { openWorkspace } from '../../core/node/workspace.ts'

export const root = resolve(import.meta.dirname, '../..')
const cli = join(root, 'core/node/cli/cli.ts')

/** What a run gave. `out` are the exact bytes of stdout. */
export interface Ran {
  readonly code: number | null
  readonly out: Buffer
  readonly text: string
  readonly err: string
}

/** Runs `dmlab` with these words, and with `input` on stdin. */
export function dmlab(words: readonly string[], input: Uint8Array | string = ''): Ran {
  const run = spawnSync(process.execPath, [cli, ...words], { input, cwd: root, maxBuffer: 1 << 28 })
  return { code: run.status, out: run.stdout, text: run.stdout.toString(), err: run.stderr.toString() }
}

/** A fresh folder that is nobody else's. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), 'dmlab-cli-'))

/** A workspace holding these rows. */
export async function workspaceOf(details: readonly FrameDetail[]): Promise<string> {
  const dir = join(scratch(), 'ws')
  const workspace = openWorkspace(dir)
  for (const { row, bytes, startLine, headers, local, remote, cause, origin, findings, notes } of details) {
    workspace.trace.append({ row, bytes, startLine, headers, local, remote, cause, origin, findings, notes })
  }
  await workspace.close()
  return dir
}
