// A lab small enough to die and restart at will: the real hosting code of the shell around a LabApi in memory. Kept for what the real lab cannot be told to do.
import type { LabApi, LabState } from '../../../core/api.ts'
import type { RunningLab } from '../../../core/node/main.ts'
import type { Secrets } from '../../../core/node/vault.ts'
import type { EmitterPort } from '../../../electron/channel.ts'
import type { Parent, StartLab } from '../../../electron/labhost.ts'
import { hostLab } from '../../../electron/labhost.ts'

const parent = (
  process as unknown as { readonly parentPort: Parent & { readonly on: (event: string, listener: (e: { ports: EmitterPort[] }) => void) => void } }
).parentPort

const never = (): Promise<never> => Promise.reject(new Error('not in the tiny lab'))

const api = (state: LabState): LabApi => {
  const listeners = new Set<(state: LabState) => void>()
  return {
    lab: { state: async () => state },
    trace: {
      rows: async (first: number, count: number) => {
        if (first === 666) process.exit(9)
        return { first, count, numbers: Float64Array.from({ length: 4 }, (_, n) => n + first), strings: ['', 'naïve'] }
      },
      frame: never,
      sessions: async () => [],
      session: async () => new Float64Array([1, 2, 3]),
    },
    stepper: { held: async () => [], mode: async () => listeners.forEach((listener) => listener(state)), decide: never },
    devices: { list: async () => [], simulate: never, queue: never },
    evidence: { open: async (_name: string, bytes: Uint8Array) => ({ first: 1, last: bytes.length }) },
    on: (event: string, listener: unknown) => {
      const heard = listener as (state: LabState) => void
      if (event === 'state') listeners.add(heard)
      return () => listeners.delete(heard)
    },
  } as unknown as LabApi
}

const secretly = async (secrets: Secrets): Promise<string> => {
  if (!(await secrets.available())) return 'no key store'
  const sealed = await secrets.seal('s3cret')
  return `${Buffer.from(sealed).includes('s3cret') ? 'plain' : 'sealed'} ${await secrets.unseal(sealed)}`
}

/** `workspace` says how to behave: refuse to start, stop slowly, never stop. */
const startTiny: StartLab = async (options): Promise<RunningLab> => {
  if (options.workspace.includes('locked')) throw new Error(`${options.workspace} is in use by process 4711`)
  const recovery = await secretly(options.secrets)
  const state = {
    name: 'tiny',
    workspace: options.workspace,
    dm: 'http://127.0.0.1:1/dm',
    ui: '',
    recovery,
    startedAt: process.pid,
  } as unknown as LabState
  return {
    api: api(state),
    ready: { dm: state.dm, dms: null, gateway: null, lwm2m: null, download: null, push: null, ui: null, api: null, pid: process.pid },
    skipped: () => {},
    stop: async () => {
      if (options.workspace.includes('stuck')) await new Promise(() => {})
      if (options.workspace.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 600))
      process.stderr.write('')
    },
  }
}

hostLab(
  parent,
  startTiny,
  (_area, _method, args) => args,
  (code) => setTimeout(() => process.exit(code), 100),
)
