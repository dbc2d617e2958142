// Simulated devices of this lab: client machines over real HTTP, one session at a time each, every one with its own tree and nonces.
import type { SimulateOptions } from '../api.ts'
import { LAB_ACCOUNT, makeClient } from '../device/client.ts'
import type { Client } from '../device/client.ts'
import type { Clock } from '../lab/ports.ts'
import { runClient } from '../lab/runner.ts'
import type { Env } from '../machine.ts'
import { poster } from './client.ts'

/** The simulated devices a lab runs. */
export interface SimulatedDevices {
  /** Starts a session; resolves at once with the device's id. Rejects where that device is in a session already. */
  start(serverUri: string, options: SimulateOptions): Promise<{ readonly id: string }>
  /** What a device does now, in words; undefined for one that is not ours. */
  activity(device: string): string | undefined
  /** Told whenever a device's activity changes. */
  watch(moved: (device: string) => void): void
  /** Ends what is under way, without waiting for answers. */
  stop(): void
}

interface Simulated {
  readonly client: Client
  activity: string
}

/** IMEIs of the test range (TAC 00499901) for devices nobody named. */
const imei = (n: number): string => `IMEI:00499901${String(640000 + n)}0`

/** Makes the runner of simulated devices; `taken` tells which ids are known already. */
export function simulatedDevices(clock: Clock, env: Env, taken: (id: string) => boolean): SimulatedDevices {
  const devices = new Map<string, Simulated>()
  const stopping = new AbortController()
  const out = poster({ timeoutMs: null, signal: stopping.signal, userAgent: 'DM-Lab simulated device' })
  let moved: (device: string) => void = () => {}
  const set = (id: string, device: Simulated, activity: string): void => {
    device.activity = activity
    moved(id)
  }
  const make = (id: string, serverUri: string, options: SimulateOptions): Simulated => {
    const setup = {
      ...LAB_ACCOUNT,
      id,
      serverUri,
      auth: options.auth === 'basic' ? ('syncml:auth-basic' as const) : ('syncml:auth-md5' as const),
      encoding: options.encoding ?? 'xml',
      ...(options.wrongPassword === true ? { password: 'wrong on purpose' } : {}),
    }
    return { client: makeClient(setup, env, devices.get(id)?.client.state()), activity: '' }
  }
  return {
    start: async (serverUri, options) => {
      let n = 0
      while (options.id === undefined && (devices.has(imei(n)) || taken(imei(n)))) n += 1
      const id = options.id ?? imei(n)
      if (devices.get(id)?.client.machine.busy === true) throw new Error(`${id} is in a session already`)
      const device = make(id, serverUri, options)
      devices.set(id, device)
      const begin = { type: 'start' as const, initiated: options.initiated ?? 'client' }
      set(id, device, 'in a session')
      void runClient({ machine: device.client.machine, post: out.post, clock, save: (record) => device.client.remember(record) }, begin).then((end) =>
        set(id, device, end.outcome === 'completed' ? `session ${end.sessionId} completed` : `session ${end.sessionId} failed: ${end.reason ?? ''}`),
      )
      return { id }
    },
    activity: (device) => devices.get(device)?.activity,
    watch: (told) => {
      moved = told
    },
    stop: () => {
      moved = () => {}
      stopping.abort()
      out.close()
    },
  }
}
