// Simulated devices of this lab: client machines over real HTTP, each with its own tree, nonces, software and push port; one session at a time each.
import { setMaxListeners } from 'node:events'
import type { SimulateOptions, SoftwareLogLine, SoftwareRequest } from '../api.ts'
import { LAB_ACCOUNT, makeClient, partState } from '../device/client.ts'
import type { Client } from '../device/client.ts'
import type { Clock } from '../lab/ports.ts'
import { LivingDevice } from '../lab/living.ts'
import type { Life } from '../lab/living.ts'
import type { ClientParts } from '../lab/runner.ts'
import type { Witness } from '../lab/witness.ts'
import { ruler } from '../device/answers.ts'
import { Door } from '../device/door.ts'
import { fetchLink } from '../software/linked.ts'
import type { Asked, UiAnswer } from '../device/interaction.ts'
import type { Env } from '../machine.ts'
import type { PushArrived } from '../lab/pushes.ts'
import { SoftwareAgent } from '../software/agent.ts'
import { maxObjSizeOf } from '../software/settings.ts'
import type { Docs } from '../store/docs.ts'
import { poster } from './client.ts'
import { DeviceKeeper } from './devicekeeping.ts'
import { DEVICE_PROFILES, deviceProfile } from '../device/profiles.ts'
import type { DeviceProfile } from '../device/profiles.ts'
import { listenPush } from './push.ts'
import type { PushPort } from './push.ts'
import { NO_DISK } from './softwarehost.ts'
import type { DeviceDisk } from './softwarehost.ts'

/** The simulated devices a lab runs. */
export interface SimulatedDevices {
  /** Starts a session; resolves at once with the device's id. Rejects where that device is in a session already. */
  start(serverUri: string, options: SimulateOptions): Promise<{ readonly id: string }>
  /** Switches on the devices with software that an earlier process kept. */
  revive(serverUri: string): Promise<void>
  /** What a device does now, in words; undefined for one that is not ours. */
  activity(device: string): string | undefined
  /** `udp://address:port` where pushes reach a device of ours; undefined for any other. */
  pushUrl(device: string): string | undefined
  /** A device of ours opens a session and asks. Rejects in words where it may not, or is none of ours. */
  request(device: string, request: SoftwareRequest): Promise<void>
  /** Off and on again. */
  restart(device: string): Promise<void>
  /** As it was made: its tree, its software, its nonces; what was under way ends. Resolves with false for a device that is not ours. */
  restore(device: string): Promise<boolean>
  /** Its own log, oldest first; empty for a device that is not ours. */
  log(device: string): readonly SoftwareLogLine[]
  /** `moved` is told whenever a device's activity changes, `logged` when it writes a line of its own log; `ask` puts a question to the person in front of it; `witness` writes down what is asked and done. */
  watch(moved: (device: string) => void, ask: Ask, more?: Watchers): void
  /** Ends what is under way, without waiting for answers, and closes the push ports. */
  stop(): Promise<void>
}

/** Puts a question; see ClientParts. */
export type Ask = (device: string, asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>) => void

/** Where devices with software keep their state, and their packages. Absent: they live as long as the process, and cannot install anything. */
export interface DeviceKeeping {
  readonly docs: Docs
  readonly disk: (device: string) => DeviceDisk
  /** Makes durable what was put. */
  readonly commit: () => void
  /** What the devices' own software lets pass; default `lab`. */
  readonly security?: 'lab' | 'strict'
  /** PEM of the authority it trusts by HTTPS. */
  readonly ca?: () => string | null
  /** Empties the disk of a device that is switched off. */
  readonly wipe?: (device: string) => void
}

/** A push came to a device's port from outside; what comes back is told what the device makes of it. */
type Pushed = (device: string, arrived: PushArrived) => (text: string) => void

interface Watchers {
  readonly logged: (device: string) => void
  readonly witness: Witness
  readonly pushed: Pushed
}

interface Simulated {
  readonly living: LivingDevice
  readonly disk: DeviceDisk
  readonly port: PushPort
  readonly options: SimulateOptions
  readonly serverUri: string
  door: { readonly client: Client; readonly door: Door } | null
  activity: string
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
export function simulatedDevices(clock: Clock, env: Env, taken: (id: string) => boolean, keeping?: DeviceKeeping): SimulatedDevices {
  const devices = new Map<string, Simulated>()
  /** Ids whose push port is being opened. */
  const opening = new Set<string>()
  const keeper = keeping === undefined ? undefined : new DeviceKeeper(keeping.docs, keeping.commit, clock)
  const stopping = new AbortController()
  const out = poster({
    timeoutMs: null,
    signal: stopping.signal,
    userAgent: 'DM-Lab simulated device',
    ...(keeping?.ca === undefined ? {} : { ca: keeping.ca }),
  })
  setMaxListeners(0, stopping.signal)
  let moved: (device: string) => void = () => {}
  let logged: (device: string) => void = () => {}
  let witness: Pick<Witness, 'asking' | 'performed'> = { asking: (ask) => ask, performed: () => {} }
  let person: Ask = () => {}
  let pushed: Pushed = () => () => {}
  const set = (id: string, activity: string): void => {
    const device = devices.get(id)
    if (device === undefined) return
    device.activity = activity
    moved(id)
  }
  /** Who answers this device, while its own activity tells that it waits. */
  const asker = (id: string, rule: SimulateOptions['answers']): NonNullable<ClientParts['ask']> => {
    const ruled = rule === undefined || rule === 'person' ? null : ruler(rule)
    const put: Ask = (_id, asked, answer, withdrawn) => {
      if (ruled === null) {
        set(id, 'asks the person in front of it')
        void withdrawn.then(() => set(id, asked.asker === 'device' ? 'was answered' : 'in a session'))
        return person(id, asked, answer, withdrawn)
      }
      const given = ruled(asked)
      if (given !== null) clock.soon(() => answer(given))
    }
    return (asked, answer, withdrawn) => witness.asking(put)(id, asked, answer, withdrawn)
  }
  const life = (id: string, serverUri: string, options: SimulateOptions, disk: DeviceDisk, state: unknown): Life => {
    const mo = options.mo ?? []
    // Whoever says who answers wants the device to ask.
    const consent = options.answers === undefined ? 'never' : 'unconfirmed'
    // A rule puts a question off for a moment only: nobody is there to be left in peace.
    const again = options.answers === 'postpone' ? { againMs: 1000 } : {}
    const settings = {
      mo,
      consent,
      owner: LAB_ACCOUNT.serverId,
      security: keeping?.security ?? 'lab',
      version: options.scomo ?? '1.0',
      ...again,
    } as const
    const agent = new SoftwareAgent({ store: disk.store, env, settings, state: partState(state) })
    const profile = profileOf(options.profile ?? 'full')
    const maxObjSize = maxObjSizeOf(mo, options.maxObjSize, profile)
    const setup = {
      ...LAB_ACCOUNT,
      id,
      serverUri,
      auth: AUTH[options.auth ?? 'md5'],
      profile,
      ...(maxObjSize === undefined ? {} : { maxObjSize }),
      encoding: options.encoding ?? 'xml',
      people: true,
      ...(options.wrongPassword === true ? { password: 'wrong on purpose' } : {}),
    }
    return { client: makeClient(setup, env, state, agent), agent }
  }
  /** A push at the device's own port: the session it asks for, or why there is none. */
  const arrived = (id: string, what: PushArrived): void => {
    const device = devices.get(id)
    if (device === undefined || stopping.signal.aborted) return
    const told = what.ours === true ? (): void => {} : pushed(id, what)
    const say = (text: string): void => {
      set(id, text)
      told(text)
    }
    void device.living.meet(() => {
      if (what.push === null) {
        say(`took no notice of a push: ${what.trouble}`)
        return null
      }
      const entrance = doorOf(device).receive(what.push)
      if (entrance.what === 'session') {
        told(`takes the push: ${entrance.text}`)
        return entrance.start
      }
      if (entrance.what === 'fetch') {
        say(`fetches ${entrance.url}, which a push named`)
        void fetchLink(device.disk, entrance.url).then(({ text }) => set(id, text))
        return null
      }
      say(`${entrance.refused ? 'refused a push' : 'took no notice of a push'}: ${entrance.text}`)
      return null
    })
  }
  const doorOf = (device: Simulated): Door => {
    const { client } = device.living
    if (device.door?.client !== client) {
      const consent = (): boolean => device.options.answers !== 'reject' && device.options.answers !== 'cancel'
      device.door = { client, door: new Door(client, { consent }) }
    }
    return device.door.door
  }
  const opened = (id: string): Promise<PushPort> => listenPush({ host: '127.0.0.1', port: 0, clock, received: (what) => arrived(id, what) })
  /** Puts a device into the world, switched off; `before` is what its earlier self left. */
  const make = (id: string, serverUri: string, options: SimulateOptions, port: PushPort, before: unknown): Simulated => {
    const lasting = (options.mo ?? []).length > 0
    const disk = lasting && keeping !== undefined ? keeping.disk(id) : NO_DISK
    let load = (): unknown => before
    const living: LivingDevice = new LivingDevice({
      make: (from) => life(id, serverUri, options, disk, from),
      load: () => load(),
      keep: (now) => {
        if (lasting) keeper?.keep(id, () => ({ options, state: now() }))
        load = () => (lasting && keeper !== undefined ? keeper.get(id)?.state : (JSON.parse(JSON.stringify(now())) as unknown))
      },
      host: keeper?.disk(id, disk) ?? disk,
      post: keeper?.post(id, out.post) ?? out.post,
      clock,
      ask: asker(id, options.answers),
      activity: (text) => set(id, text),
      logged: (what, text) => {
        witness.performed(id, { at: clock.now(), what, text })
        logged(id)
      },
    })
    const device: Simulated = { living, disk, port, options, serverUri, door: null, activity: '' }
    devices.set(id, device)
    return device
  }
  const ours = (id: string): Simulated => {
    const device = devices.get(id)
    if (device === undefined) throw new Error(`${id} is no simulated device of this lab`)
    return device
  }
  return {
    start: async (serverUri, options) => {
      let n = 0
      while (options.id === undefined && (devices.has(imei(n)) || opening.has(imei(n)) || taken(imei(n)))) n += 1
      const id = options.id ?? imei(n)
      profileOf(options.profile ?? 'full')
      const known = devices.get(id)
      if (known?.living.busy === true || opening.has(id)) throw new Error(`${id} is in a session already`)
      const wish = known === undefined ? options : { ...softwareOf(keeper, id), ...options }
      // Software at work is not disturbed where nothing about the device changes.
      if (known !== undefined && sameButStart(known.options, wish)) {
        void known.living.session({ type: 'start', initiated: options.initiated ?? 'client' })
        return { id }
      }
      opening.add(id)
      try {
        const port = known?.port ?? (await opened(id))
        await known?.living.off()
        // Its next self carries what is owed.
        const before = known === undefined ? undefined : (JSON.parse(JSON.stringify(known.living.client.state())) as unknown)
        const device = make(id, serverUri, wish, port, before)
        device.living.on()
        void device.living.session({ type: 'start', initiated: options.initiated ?? 'client' })
      } finally {
        opening.delete(id)
      }
      return { id }
    },
    revive: async (serverUri) => {
      for (const { id, kept } of keeper?.all() ?? []) {
        if (devices.has(id) || opening.has(id)) continue
        const { options, state } = kept
        make(id, serverUri, options, await opened(id), state).living.on()
      }
    },
    pushUrl: (device) => devices.get(device)?.port.url,
    activity: (device) => devices.get(device)?.activity,
    request: async (id, request) => {
      const device = ours(id)
      void device.living.request(request)
    },
    restart: async (id) => {
      const device = ours(id)
      set(id, 'is switched off')
      await device.living.restart()
      set(id, 'is on again')
    },
    restore: async (id) => {
      const device = devices.get(id)
      if (device === undefined) return false
      if (opening.has(id)) throw new Error(`${id} is being started`)
      opening.add(id)
      try {
        set(id, 'is made anew')
        await device.living.off()
        keeper?.drop(id)
        keeping?.wipe?.(id)
        make(id, device.serverUri, device.options, device.port, undefined).living.on()
        set(id, 'is as it was made')
      } finally {
        opening.delete(id)
      }
      return true
    },
    log: (id) => devices.get(id)?.disk.log() ?? [],
    watch: (told, ask, more) => {
      moved = told
      person = ask
      if (more !== undefined) ({ logged, witness, pushed } = more)
    },
    stop: async () => {
      moved = () => {}
      stopping.abort()
      await Promise.all([...devices.values()].map(({ living }) => living.off()))
      keeper?.flush()
      out.close()
      await Promise.all([...devices.values()].map(({ port }) => port.close()))
    },
  }
}

/** True for a device with software whose next session is to be like the ones before. */
function sameButStart(before: SimulateOptions, now: SimulateOptions): boolean {
  const plain = (options: SimulateOptions): string => JSON.stringify(Object.entries({ ...options, id: '', initiated: '' }).sort())
  return (before.mo ?? []).length > 0 && plain(before) === plain(now)
}

/** The management objects a device has already: a new session does not take them away. */
function softwareOf(keeper: DeviceKeeper | undefined, id: string): Pick<SimulateOptions, 'mo' | 'scomo'> {
  const { mo, scomo } = keeper?.get(id)?.options ?? {}
  return { ...(mo === undefined ? {} : { mo }), ...(scomo === undefined ? {} : { scomo }) }
}
