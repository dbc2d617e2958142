// The utility process's side of the shell: takes orders from main over the parent port, runs one lab and serves it to every window's port.
import type { Check } from '../core/rpc.ts'
import { serve } from '../core/rpc.ts'
import type { LabOptions, Ready, RunningLab } from '../core/node/main.ts'
import type { Secrets } from '../core/node/vault.ts'
import type { EmitterPort } from './channel.ts'
import { portChannel } from './channel.ts'

/** What main tells the lab process. `port` comes with one MessagePort. */
export type ToLab =
  | { readonly type: 'start'; readonly options: LabOptions }
  | { readonly type: 'port' }
  | { readonly type: 'stop' }
  | { readonly type: 'secret'; readonly id: number; readonly value?: unknown; readonly error?: string }

/** What the lab process tells main. `secret` asks the system's key store through main, the only process that can reach it. */
export type FromLab =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'stopped'; readonly error: string }
  | { readonly type: 'secret'; readonly id: number; readonly ask: 'available' | 'seal' | 'unseal'; readonly value: string | Uint8Array }

/** process.parentPort, as far as we need it. */
export interface Parent {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown; readonly ports: readonly EmitterPort[] }) => void): unknown
}

export type StartLab = (options: LabOptions & { readonly secrets: Secrets }) => Promise<RunningLab>

/** Serves orders from `parent` until told to stop; then flushes and calls `exit` (0 done, 1 the lab could not start or stop cleanly). */
export function hostLab(parent: Parent, startLab: StartLab, check: Check, exit: (code: number) => void): void {
  let lab: Promise<RunningLab> | null = null
  const waiting: EmitterPort[] = []
  const secrets = askParent(parent)
  const post = (message: FromLab): void => parent.postMessage(message)
  const attach = (port: EmitterPort, running: RunningLab): void => void serve(running.api, portChannel(port), check, (rows) => running.skipped(rows))

  const start = async (options: LabOptions): Promise<void> => {
    if (lab !== null) return
    lab = startLab({ ...options, secrets })
    try {
      const running = await lab
      post({ type: 'ready', ready: running.ready })
      for (const port of waiting.splice(0)) attach(port, running)
    } catch (error) {
      post({ type: 'failed', reason: words(error) })
      exit(1)
    }
  }
  const stop = async (): Promise<void> => {
    let error = ''
    try {
      await (await lab)?.stop()
    } catch (reason) {
      error = words(reason)
    }
    post({ type: 'stopped', error })
    exit(error === '' ? 0 : 1)
  }
  parent.on('message', ({ data, ports }) => {
    const order = data as ToLab
    if (order.type === 'start') void start(order.options)
    else if (order.type === 'stop') void stop()
    else if (order.type === 'secret') secrets.answered(order)
    else if (order.type === 'port') {
      const [port] = ports
      if (port === undefined) return
      if (lab === null) waiting.push(port)
      else void lab.then((running) => attach(port, running)).catch(() => port.close())
    } else order satisfies never
  })
}

function askParent(parent: Parent): Secrets & { answered(answer: ToLab & { type: 'secret' }): void } {
  let next = 1
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  const ask = (what: 'available' | 'seal' | 'unseal', value: string | Uint8Array): Promise<never> =>
    new Promise((resolve, reject) => {
      const id = next++
      open.set(id, { resolve, reject })
      parent.postMessage({ type: 'secret', id, ask: what, value } satisfies FromLab)
    })
  return {
    available: () => ask('available', ''),
    seal: (text) => ask('seal', text),
    unseal: (sealed) => ask('unseal', sealed),
    answered: (answer) => {
      const asked = open.get(answer.id)
      open.delete(answer.id)
      if (answer.error === undefined) asked?.resolve(answer.value as never)
      else asked?.reject(new Error(answer.error))
    },
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
