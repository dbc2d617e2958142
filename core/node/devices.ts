// Simulated devices of this lab: client machines over real HTTP, one session at a time each, every one with its own tree and nonces.
import { setMaxListeners } from 'node:events'
import type { SimulateOptions } from '../api.ts'
import { LAB_ACCOUNT, makeClient } from '../device/client.ts'
import type { Client } from '../device/client.ts'
import type { Clock } from '../lab/ports.ts'
import { runDevice } from '../lab/runner.ts'
import type { ClientParts, SessionOutcome } from '../lab/runner.ts'
import { ruledAnswer } from '../device/answers.ts'
import type { Asked } from '../device/asking.ts'
import type { ClientRecord } from '../device/device.ts'
import type { UiAnswer } from '../device/interaction.ts'
import type { Env } from '../machine.ts'
import { poster } from './client.ts'

/** The simulated devices a lab runs. */
export interface SimulatedDevices {
  /** Starts a session; resolves at once with the device's id. Rejects where that device is in a session already. */
  start(serverUri: string, options: SimulateOptions): Promise<{ readonly id: string }>
  /** What a device does now, in words; undefined for one that is not ours. */
  activity(device: string): string | undefined
  /** `moved` is told whenever a device's activity changes; `ask` puts a device's question to the person in front of it. */
  watch(moved: (device: string) => void, ask: Ask): void
  /** Ends what is under way, without waiting for answers. */
  stop(): void
}

/** Puts a question; see ClientParts. */
export type Ask = (device: string, asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>) => void

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
  setMaxListeners(0, stopping.signal)
  let moved: (device: string) => void = () => {}
  let person: Ask = () => {}
  const set = (id: string, device: Simulated, activity: string): void => {
    device.activity = activity
    moved(id)
  }
  /** Who answers this device, while its own activity tells that it waits. */
  const asker = (id: string, device: Simulated, rule: SimulateOptions['answers']): NonNullable<ClientParts['ask']> => {
    return (asked, answer, withdrawn) => {
      if (rule === undefined || rule === 'person') {
        set(id, device, 'asks the person in front of it')
        void withdrawn.then(() => set(id, device, 'in a session'))
        return person(id, asked, answer, withdrawn)
      }
      const ruled = ruledAnswer(rule, asked.question)
      if (ruled !== null) clock.soon(() => answer(ruled))
    }
  }
  const make = (id: string, serverUri: string, options: SimulateOptions): Simulated => {
    const setup = {
      ...LAB_ACCOUNT,
      id,
      serverUri,
      auth: options.auth === 'basic' ? ('syncml:auth-basic' as const) : ('syncml:auth-md5' as const),
      encoding: options.encoding ?? 'xml',
      people: true,
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
      const parts = {
        post: out.post,
        clock,
        save: (record: ClientRecord) => device.client.remember(record),
        ask: asker(id, device, options.answers),
        signal: stopping.signal,
      }
      const told = (end: SessionOutcome): void =>
        set(id, device, end.outcome === 'completed' ? `session ${end.sessionId} completed` : `session ${end.sessionId} failed: ${end.reason ?? ''}`)
      void runDevice(() => ({ ...parts, machine: device.client.machine }), begin, told)
      return { id }
    },
    activity: (device) => devices.get(device)?.activity,
    watch: (told, ask) => {
      moved = told
      person = ask
    },
    stop: () => {
      moved = () => {}
      stopping.abort()
      out.close()
    },
  }
}
