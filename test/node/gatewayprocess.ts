// Labs as processes of their own that do what they are told over IPC: a DM Server, a DM Gateway, each where a test wants it (another network namespace, too).
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { LabOptions } from '../../core/node/main.ts'

/** A lab in a process. */
export interface LabProcess {
  readonly ready: { readonly dm: string; readonly gateway: string | null }
  readonly process: ChildProcess
  /** `area.call` of LabApi (`catalogue.add` takes base64), or `leap` by so many ms; rejects with what it rejected with, or when the process is gone. */
  ask<T>(call: string, ...args: unknown[]): Promise<T>
  /** kill -9. */
  kill(): Promise<void>
  /** Orderly. */
  stop(): Promise<void>
}

/** Starts one; `before` is put before the command line (`ip netns exec NAME`). */
export async function labProcess(options: Partial<LabOptions> & { readonly workspace: string }, before: readonly string[] = []): Promise<LabProcess> {
  const flags = [...(process.features.typescript ? [] : ['--experimental-strip-types']), '--no-warnings', '--expose-gc']
  const [command = process.execPath, ...words] = [
    ...before,
    process.execPath,
    ...flags,
    join(import.meta.dirname, 'gatewaylab.ts'),
    JSON.stringify(options),
  ]
  const made = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' })
  let errors = ''
  made.stderr?.on('data', (data) => (errors += String(data)))
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let count = 0
  let over = false
  const answer = (id: number): Promise<unknown> => new Promise((resolve, reject) => open.set(id, { resolve, reject }))
  const ready = answer(0)
  made.on('message', (message) => {
    const { id, value, error } = message as { id: number; value?: unknown; error?: string }
    if (error === undefined) open.get(id)?.resolve(value)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  const gone = new Promise<void>((resolve) =>
    made.once('exit', () => {
      over = true
      for (const { reject } of open.values()) reject(new Error(`the process is gone: ${errors}`))
      resolve()
    }),
  )
  const ask = async <T>(call: string, ...args: unknown[]): Promise<T> => {
    if (over) throw new Error(`the process is gone: ${errors}`)
    count += 1
    const promise = answer(count)
    made.send({ id: count, call, args })
    return (await promise) as T
  }
  return {
    ready: (await ready) as LabProcess['ready'],
    process: made,
    ask,
    kill: () => {
      made.kill('SIGKILL')
      return gone
    },
    stop: async () => {
      if (!over) await ask('stop').catch(() => {})
      made.kill('SIGKILL')
      return gone
    },
  }
}
