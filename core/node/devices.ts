// Simulated devices of this lab: client machines over real HTTP, each with its own tree, nonces and push port; one session at a time each.
import { setMaxListeners } from 'node:events'
import type { SimulateOptions } from '../api.ts'
import { LAB_ACCOUNT, makeClient } from '../device/client.ts'
import type { Client } from '../device/client.ts'
import type { Clock } from '../lab/ports.ts'
import { runDevice } from '../lab/runner.ts'
import type { ClientParts, SessionOutcome } from '../lab/runner.ts'
import { ruledAnswer } from '../device/answers.ts'
import type { Asked } from '../device/asking.ts'
import type { ClientInput, ClientRecord } from '../device/device.ts'
import { Door } from '../device/door.ts'
import type { UiAnswer } from '../device/interaction.ts'
import type { Env } from '../machine.ts'
import type { PushArrived } from '../lab/pushes.ts'
import { poster } from './client.ts'
import { DEVICE_PROFILES, deviceProfile } from '../device/profiles.ts'
import type { DeviceProfile } from '../device/profiles.ts'
import { listenPush } from './push.ts'
import type { PushPort } from './push.ts'

/** The simulated devices a lab runs. */
export interface SimulatedDevices {
  /** Starts a session; resolves at once with the device's id. Rejects where that device is in a session already. */
  start(serverUri: string, options: SimulateOptions): Promise<{ readonly id: string }>
  /** What a device does now, in words; undefined for one that is not ours. */
  activity(device: string): string | undefined
  /** `udp://address:port` where pushes reach a device of ours; undefined for any other. */
  pushUrl(device: string): string | undefined
  /** `moved` is told whenever a device's activity changes; `ask` puts a device's question to the person in front of it. */
  watch(moved: (device: string) => void, ask: Ask): void
  /** Ends what is under way, without waiting for answers, and closes the push ports. */
  stop(): Promise<void>
}

/** Puts a question; see ClientParts. */
export type Ask = (device: string, asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>) => void

interface Simulated {
  readonly client: Client
  readonly door: Door
  readonly port: PushPort
  readonly answers: SimulateOptions['answers']
  activity: string
  /** Settled when no session is under way and none is owed: pushes are taken one after the other then. */
  idle: Promise<void>
  /** Aborted when the same device is started anew: its next self carries what is owed. */
  readonly replaced: AbortController
}

const AUTH = { basic: 'syncml:auth-basic', md5: 'syncml:auth-md5', hmac: 'syncml:auth-MAC' } as const

function profileOf(name: string): DeviceProfile {
  const profile = deviceProfile(name)
  if (profile === undefined) throw new Error(`there is no kind of client ${name}; known are ${Object.keys(DEVICE_PROFILES).join(', ')}`)
  return profile
}

/** IMEIs of the test range (TAC 00499901) for devices nobody named. */
const imei = (n: number): string => `IMEI:00499901${String(640000 + n)}0`

/** Makes the runner of simulated devices; `taken` tells which ids are known already. */
export function simulatedDevices(clock: Clock, env: Env, taken: (id: string) => boolean): SimulatedDevices {
  const devices = new Map<string, Simulated>()
  /** Ids whose push port is being opened. */
  const opening = new Set<string>()
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
  const make = (id: string, serverUri: string, options: SimulateOptions): Client => {
    const setup = {
      ...LAB_ACCOUNT,
      id,
      serverUri,
      auth: AUTH[options.auth ?? 'md5'],
      profile: profileOf(options.profile ?? 'full'),
      encoding: options.encoding ?? 'xml',
      people: true,
      ...(options.wrongPassword === true ? { password: 'wrong on purpose' } : {}),
    }
    return makeClient(setup, env, devices.get(id)?.client.state())
  }
  /** Holds the session, and those the device begins by itself to report its jobs. */
  const hold = (id: string, device: Simulated, begin: ClientInput): Promise<void> => {
    set(id, device, 'in a session')
    const parts = {
      post: out.post,
      clock,
      save: (record: ClientRecord) => device.client.remember(record),
      ask: asker(id, device, device.answers),
      signal: AbortSignal.any([stopping.signal, device.replaced.signal]),
    }
    const told = (end: SessionOutcome): void =>
      set(id, device, end.outcome === 'completed' ? `session ${end.sessionId} completed` : `session ${end.sessionId} failed: ${end.reason ?? ''}`)
    return runDevice(() => ({ ...parts, machine: device.client.machine }), begin, told).then(() => {})
  }
  /** A push at the device's own port: the session it asks for, or why there is none. */
  const take = async (id: string, arrived: PushArrived): Promise<void> => {
    const device = devices.get(id)
    if (device === undefined || stopping.signal.aborted) return
    if (arrived.push === null) return set(id, device, `took no notice of a push: ${arrived.trouble}`)
    const entrance = device.door.receive(arrived.push)
    if (entrance.what === 'session') return hold(id, device, entrance.start)
    set(id, device, `${entrance.refused ? 'refused a push' : 'took no notice of a push'}: ${entrance.text}`)
  }
  const arrived = (id: string, what: PushArrived): void => {
    const device = devices.get(id)
    if (device !== undefined) device.idle = device.idle.then(() => take(id, what))
  }
  const opened = (id: string): Promise<PushPort> => listenPush({ host: '127.0.0.1', port: 0, clock, received: (what) => arrived(id, what) })
  return {
    start: async (serverUri, options) => {
      let n = 0
      while (options.id === undefined && (devices.has(imei(n)) || opening.has(imei(n)) || taken(imei(n)))) n += 1
      const id = options.id ?? imei(n)
      profileOf(options.profile ?? 'full')
      if (devices.get(id)?.client.machine.busy === true || opening.has(id)) throw new Error(`${id} is in a session already`)
      opening.add(id)
      const known = devices.get(id)
      const port = known?.port ?? (await opened(id).finally(() => opening.delete(id)))
      opening.delete(id)
      const client = make(id, serverUri, options)
      const consent = (): boolean => options.answers !== 'reject' && options.answers !== 'cancel'
      const at = { client, door: new Door(client, { consent }), port, answers: options.answers }
      const device: Simulated = { ...at, activity: '', idle: Promise.resolve(), replaced: new AbortController() }
      known?.replaced.abort()
      devices.set(id, device)
      device.idle = hold(id, device, { type: 'start', initiated: options.initiated ?? 'client' })
      return { id }
    },
    pushUrl: (device) => devices.get(device)?.port.url,
    activity: (device) => devices.get(device)?.activity,
    watch: (told, ask) => {
      moved = told
      person = ask
    },
    stop: async () => {
      moved = () => {}
      stopping.abort()
      out.close()
      await Promise.all([...devices.values()].map(({ port }) => port.close()))
    },
  }
}
