// Runs `dmlab` from its sources, as a process of its own or within this one; and makes a workspace with known rows in it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { Readable } from 'node:stream'
import type { FrameDetail } from '../../core/api.ts'
import { run } from '../../core/node/cli/program.ts'
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

/** Runs `dmlab` as a process while this one goes on: for what talks to something that lives here. */
export async function dmlabBeside(words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [cli, ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (data: Buffer) => out.push(data))
  child.stderr.on('data', (data: Buffer) => err.push(data))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out: Buffer.concat(out), text: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

let busy = false

/**
 * Runs the same commands within this process, which costs no start: for what is about a command's words, not about the process. One at a time; no command that
 * waits for a signal, none that ends the process by itself. What a program leaves open is seen only where it is a process: each file has such a story, too.
 */
export async function dmlabHere(words: readonly string[], input: Uint8Array | string = ''): Promise<Ran> {
  if (busy) throw new Error(`dmlab ${words.join(' ')}: another command still runs in this process`)
  busy = true
  const out: Buffer[] = []
  const err: Buffer[] = []
  const kept = [process.stdout.write, process.stderr.write, process.exitCode] as const
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')
  const into =
    (all: Buffer[]) =>
    (chunk: string | Uint8Array): boolean =>
      all.push(Buffer.from(chunk as string)) > 0
  process.stdout.write = into(out) as typeof process.stdout.write
  process.stderr.write = into(err) as typeof process.stderr.write
  process.exitCode = 0
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from(input.length === 0 ? [] : [Buffer.from(input)]) })
  try {
    await run(words)
    const code = Number(process.exitCode)
    return { code, out: Buffer.concat(out), text: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
  } finally {
    ;[process.stdout.write, process.stderr.write, process.exitCode] = kept
    if (stdin !== undefined) Object.defineProperty(process, 'stdin', stdin)
    busy = false
  }
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
