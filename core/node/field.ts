// What a lab needs with devices that are not its own: unknown ones and resets, why credentials were refused, recording proxies, the dialect file. Composes, decides nothing.
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { JobRow, LabApi, LabEventName, LabEvents } from '../api.ts'
import { speechOf } from '../lab/dialectmessage.ts'
import type { Speech } from '../lab/dialectmessage.ts'
import { PLAIN, speaking } from '../lab/dialectpolicy.ts'
import { ENROL_SETTING, Enrolment } from '../lab/enrol.ts'
import type { Host } from '../lab/host.ts'
import type { Lab, LabParts } from '../lab/lab.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import { whyOf } from '../lab/refusals.ts'
import type { Policy } from '../server/policy.ts'
import type { AuthType } from '../server/records.ts'
import { serverProfile } from '../server/profiles.ts'
import type { ServerSettings } from '../server/settings.ts'
import type { Docs } from '../store/docs.ts'
import type { Ledger } from '../store/ledger.ts'
import type { TraceStore } from '../store/trace.ts'
import type { SimulatedDevices } from './devices.ts'
import { openDialects } from './dialects.ts'
import { folderName } from './folder.ts'
import { makeProxies } from './proxies.ts'
import type { SecurePort } from './trust/port.ts'

export interface FieldParts {
  readonly dir: string
  readonly trace: TraceStore
  readonly ledger: Ledger
  readonly docs: Docs
  readonly commit: () => void
  readonly clock: Clock
  readonly origin: string
  readonly recorder: () => Recorder
  readonly lab: () => Lab
  readonly host: () => Host
  readonly devices: Pick<SimulatedDevices, 'restore'>
  readonly jobs: { list(device: string): Promise<readonly JobRow[]>; cancel(id: string): Promise<unknown> }
  /** Address that device-facing ports bind to. */
  readonly bound: string
  /** Ports of the window and its API. */
  readonly control: () => readonly number[]
  readonly secure: () => SecurePort | null
  readonly auth: AuthType | null
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
}

export interface Field {
  readonly areas: Pick<LabApi, 'proxies' | 'dialect'>
  readonly enrolment: NonNullable<LabParts['enrolment']>
  readonly why: NonNullable<LabParts['why']>
  /** How unknown devices are met, as somebody decided once for all; undefined: nobody did. */
  enrol(): ServerSettings['enrol'] | undefined
  /** Roots of a device's objects by its dialect. */
  roots(device: string): { readonly roots?: Readonly<Record<string, string>> }
  /** Settings of the server towards a device by its dialect. */
  settingsOf(device: string): Partial<ServerSettings> | undefined
  /** What a device's dialect calls things, for whoever reads its messages; null where nothing differs, the same object until it moves. */
  speech(device: string): Speech | null
  /** A policy that speaks each device's dialect. */
  speaking(policy: Policy): Policy
  /** The host stands: cards are told, proxies open. */
  start(): Promise<void>
  stop(): Promise<void>
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Empties the disk of a simulated device that is switched off. */
export function wipeDisk(dir: string, device: string): void {
  rmSync(join(dir, 'devices', folderName(device)), { recursive: true, force: true })
}

export function labField(parts: FieldParts): Field {
  const { ledger, trace, clock, docs, commit, tell } = parts
  const sessions = () => parts.recorder().sessions.all()
  const enrolment = new Enrolment({
    ledger,
    store: trace,
    sessions,
    order: (input) => parts.host().order(input),
    tell: (fact) => tell('wants', fact),
    tree: {
      script: (...a) => parts.lab().tree.script(...a),
      send: (...a) => parts.lab().tree.send(...a),
      cancelDiscovery: (id) => parts.lab().tree.cancelDiscovery(id),
    },
    jobs: parts.jobs,
    restore: (device) => parts.devices.restore(device),
  })
  const dialects = openDialects({
    dir: parts.dir,
    now: () => clock.now(),
    who: (device) => {
      const said = ledger.device(device)?.devInfo ?? {}
      return { device, manufacturer: said['./DevInfo/Man'] ?? '', model: said['./DevInfo/Mod'] ?? '' }
    },
    tell: (state) => tell('dialect', state),
  })
  const speeches = new WeakMap<object, Speech | null>()
  const speech = (device: string): Speech | null => {
    if (dialects.none) return null
    const view = dialects.view(device)
    let known = speeches.get(view)
    if (known === undefined) speeches.set(view, (known = speechOf(view)))
    return known
  }
  let proxies: ReturnType<typeof makeProxies> | null = null
  const opened = (): ReturnType<typeof makeProxies> => {
    if (proxies === null) throw new Error('the lab is not open yet')
    return proxies
  }
  const offs: (() => void)[] = []
  return {
    areas: {
      proxies: {
        list: () => opened().area.list(),
        add: (wish) => opened().area.add(wish),
        remove: (id) => opened().area.remove(id),
      },
      dialect: dialects.area,
    },
    enrolment,
    why: async (seq) => whyOf({ store: trace, ledger, sessions, auth: parts.auth, hashes: [{ name: 'SHA-256', hash: sha256 }] }, seq),
    enrol: () => {
      const kept = ledger.setting(ENROL_SETTING)
      return kept === 'auto' || kept === 'ask' || kept === 'never' ? kept : undefined
    },
    roots: (device) => (dialects.none ? {} : { roots: dialects.view(device).roots }),
    settingsOf: (device) => {
      if (dialects.none) return undefined
      const { profile } = dialects.view(device)
      return profile === '' ? undefined : serverProfile(profile)?.settings
    },
    speech,
    speaking: (policy) => speaking(policy, (device) => speech(device)?.names ?? PLAIN),
    start: async () => {
      const lab = parts.lab()
      proxies = makeProxies({
        relay: {
          recorder: parts.recorder(),
          stepper: parts.host().stepper,
          ledger,
          clock,
          origin: parts.origin,
          heldMoved: () => lab.heldMoved(),
          changed: () => lab.changed(),
        },
        docs,
        commit,
        clock,
        host: parts.bound,
        control: parts.control,
        secure: parts.secure,
        tell: (rows) => tell('proxies', { proxies: rows }),
      })
      await proxies.revive()
      const moved = (): void => enrolment.moved()
      offs.push(lab.on('devices', moved), lab.on('sessions', moved))
    },
    stop: async () => {
      for (const off of offs) off()
      dialects.stop()
      await proxies?.stop()
    },
  }
}
