// `dmlab` as a process that keeps running: its lines as they come, and its end.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { root } from './dmlab.ts'

/** A running `dmlab`. */
export interface Running {
  readonly process: ChildProcess
  readonly lines: string[]
  readonly err: () => string
  /** The line number `n` (from 0) once it is there; rejects when the program has ended, or says nothing for a minute. */
  line(n: number): Promise<string>
  /** The first line that holds a text, likewise. */
  tells(text: string): Promise<string>
  /** Waits until stderr holds a text. */
  says(text: string): Promise<void>
  /** Stops it with SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>
}

export function running(words: readonly string[]): Running {
  const child = spawn(process.execPath, [join(root, 'core/node/cli/cli.ts'), ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  let rest = ''
  let err = ''
  let code: number | null | undefined
  const ended = new Promise<number | null>((resolve) => child.on('close', (value) => resolve((code = value))))
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const until = async (good: () => boolean, what: string): Promise<void> => {
    for (const end = performance.now() + 60_000; !good(); await new Promise((resolve) => setTimeout(resolve, 10)))
      if (code !== undefined || performance.now() > end) throw new Error(`${what} did not come: ${lines.join('\n')}\n${err}`)
  }
  return {
    process: child,
    lines,
    err: () => err,
    line: async (n) => {
      await until(() => lines.length > n, `line ${String(n)}`)
      return lines[n] ?? ''
    },
    tells: async (text) => {
      const found = (): string | undefined => lines.find((line) => line.includes(text))
      await until(() => found() !== undefined, JSON.stringify(text))
      return found() ?? ''
    },
    says: (text) => until(() => err.includes(text), JSON.stringify(text)),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}
