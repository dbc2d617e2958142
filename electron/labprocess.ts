// Keeps one lab alive in a utility process: starts it, hands it ports, starts it again when it dies, and lets it flush before the end.
import { MessageChannelMain, safeStorage, utilityProcess } from 'electron'
import type { MessagePortMain, UtilityProcess } from 'electron'
import type { LabOptions, Ready } from '../core/node/main.ts'
import { restartDelay } from './desktop.ts'
import type { FromLab, ToLab } from './labhost.ts'

/** How the lab fares, as windows are told. `failed` means it could not start at all and waits for the user's decision. */
export interface LabStatus {
  readonly state: 'starting' | 'running' | 'down' | 'failed' | 'stopped'
  /** In words; '' while all is well. */
  readonly reason: string
  readonly ready: Ready | null
}

/** The lab's process as main sees it. */
export interface LabProcess {
  status(): LabStatus
  /** Joins `who` to the lab: gives it its end of a fresh channel now, or as soon as the lab runs. Asking again while waiting changes nothing. */
  join(who: object, give: (port: MessagePortMain) => void): void
  /** Starts again after `failed`. */
  retry(): void
  /** Tells the lab to finish writing and waits, at most `STOP_MS`. Resolves with '' or with what went wrong. */
  stop(): Promise<string>
}

/** A lab that stayed up this long counts as healthy again. */
const HEALTHY_MS = 60_000
/** How long a lab may take to flush before it is ended; the store recovers a torn tail at the next start. */
const STOP_MS = 5_000

/** Starts the lab of `entry` (a bundled module) with `options`; `changed` hears of every change of state. Call after app is ready. */
export function runLab(entry: string, options: LabOptions, changed: (status: LabStatus) => void): LabProcess {
  let child: UtilityProcess | null = null
  let status: LabStatus = { state: 'starting', reason: '', ready: null }
  /** The port once bound: a lab started again must be found where devices know it. */
  let dmPort = options.dmPort
  let tls: Pick<LabOptions, 'tlsPort'> = {}
  let deaths = 0
  let upAt = 0
  let timer: NodeJS.Timeout | undefined
  /** Present while stopping: called with the exit code, once the process is gone. */
  let gone: ((code: number) => void) | null = null
  let stopError: string | null = null
  let stopping: Promise<string> | null = null
  const waiting = new Map<object, (port: MessagePortMain) => void>()

  const become = (next: LabStatus): void => {
    status = next
    changed(next)
  }
  const tell = (order: ToLab, ports: MessagePortMain[] = []): void => child?.postMessage(order, ports)

  const hand = (give: (port: MessagePortMain) => void): void => {
    const { port1, port2 } = new MessageChannelMain()
    tell({ type: 'port' }, [port1])
    give(port2)
  }

  const start = (): void => {
    const started = utilityProcess.fork(entry, [], { serviceName: 'DM Lab', stdio: 'inherit' })
    child = started
    started.on('message', (message: FromLab) => {
      if (child !== started) return
      if (message.type === 'ready') {
        upAt = performance.now()
        if (options.advertise === undefined) dmPort = Number(new URL(message.ready.dm).port) || options.dmPort
        if (message.ready.dms !== null) tls = { tlsPort: Number(new URL(message.ready.dms).port) }
        become({ state: 'running', reason: '', ready: message.ready })
        const joining = [...waiting.values()]
        waiting.clear()
        joining.forEach(hand)
      } else if (message.type === 'failed') become({ state: 'failed', reason: message.reason, ready: null })
      else if (message.type === 'stopped') stopError = message.error
      else if (message.type === 'secret')
        void secret(message).then((answer) => {
          if (child === started) tell(answer)
        })
      else message satisfies never
    })
    started.on('exit', (code) => {
      if (child === started) died(code)
    })
    become({ state: 'starting', reason: '', ready: null })
    tell({ type: 'start', options: { ...options, dmPort, ...tls } })
  }

  const died = (code: number): void => {
    child = null
    if (gone !== null) return gone(code)
    if (status.state === 'failed') return
    deaths = status.state === 'running' && performance.now() - upAt > HEALTHY_MS ? 1 : deaths + 1
    const wait = restartDelay(deaths)
    become({ state: 'down', reason: `the lab's process ended (code ${String(code)}); it starts again in ${String(wait / 1000)} s`, ready: null })
    timer = setTimeout(start, wait)
  }

  const stop = (): Promise<string> =>
    new Promise<string>((resolve) => {
      clearTimeout(timer)
      waiting.clear()
      const alive = child
      if (alive === null) return resolve('')
      // Ended after its time, and left behind where even that does not help: quitting never hangs.
      const late = setTimeout(() => alive.kill(), STOP_MS)
      const last = setTimeout(() => gone?.(137), STOP_MS + 2_000)
      gone = (code) => {
        clearTimeout(late)
        clearTimeout(last)
        if (stopError !== null) resolve(stopError)
        else if (code === 0) resolve('')
        else resolve(`the lab ended (code ${String(code)}) before it had finished; what it had not written is recovered or lost as documented`)
      }
      tell({ type: 'stop' })
    }).then((error) => {
      become({ state: 'stopped', reason: error, ready: null })
      return error
    })

  start()
  return {
    status: () => status,
    join: (who, give) => {
      if (status.state === 'running') hand(give)
      else if (stopping === null) waiting.set(who, give)
    },
    retry: () => {
      if (status.state !== 'failed' || stopping !== null) return
      child?.kill()
      start()
    },
    stop: () => (stopping ??= stop()),
  }
}

/** Answers the lab's question to the system's key store. */
async function secret(question: FromLab & { type: 'secret' }): Promise<ToLab> {
  const { id, ask, value } = question
  try {
    const safe = await secretsSafe()
    if (ask === 'available') return { type: 'secret', id, value: safe }
    if (!safe) throw new Error('this system keeps no encrypted secrets')
    if (ask === 'seal') return { type: 'secret', id, value: new Uint8Array(await safeStorage.encryptStringAsync(String(value))) }
    if (!(value instanceof Uint8Array)) throw new Error('a sealed secret is bytes')
    return { type: 'secret', id, value: (await safeStorage.decryptStringAsync(Buffer.from(value))).result }
  } catch (error) {
    return { type: 'secret', id, error: error instanceof Error ? error.message : String(error) }
  }
}

/** True only if the system really encrypts: on Linux without a keyring Electron falls back to a fixed password, which is none. */
export async function secretsSafe(): Promise<boolean> {
  if (process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text') return false
  return safeStorage.isAsyncEncryptionAvailable()
}
