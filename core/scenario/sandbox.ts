// A whole lab in memory, of the real parts: DM Server, host, recorder, trace, ledger, notifier. Nothing here decides what a server or a device does.
import type { Hop, LabEvents } from '../api.ts'
import { Host } from '../lab/host.ts'
import { Notifier } from '../lab/notifier.ts'
import { Pushes } from '../lab/pushes.ts'
import { Recorder } from '../lab/recorder.ts'
import { makeWitness } from '../lab/witness.ts'
import type { Witness } from '../lab/witness.ts'
import type { Env } from '../machine.ts'
import { DmServer } from '../server/server.ts'
import type { ServerSettings } from '../server/settings.ts'
import type { Policy } from '../server/policy.ts'
import { sqlDocs } from '../store/sqldocs.ts'
import type { Docs } from '../store/docs.ts'
import { Ledger } from '../store/ledger.ts'
import type { Db } from '../store/ports.ts'
import { migrate } from '../store/schema.ts'
import { TraceStore } from '../store/trace.ts'
import { makeFront, memoryPushes } from './front.ts'
import { MemoryNet } from './memorynet.ts'
import type { NetOptions } from './memorynet.ts'
import { memorySegments } from './memoryfiles.ts'
import { seeded, seededEnv } from './seeded.ts'
import { VirtualClock } from './virtualclock.ts'

/** What a sandbox needs from outside. */
export interface SandboxPorts {
  /** A new, empty database. */
  openDb(): Db
  /** Lower-case hexadecimal. */
  sha256(bytes: Uint8Array): string
  /** HMAC-SHA-256 in lower-case hexadecimal. */
  hmac(secret: string, body: string): string
  /** Resolves when all promise work at hand is done. */
  settle(): Promise<void>
  /** UTC, ISO 8601 with milliseconds. */
  iso(at: number): string
  /** Another network than the one in memory; `during` stops the clock while a promise is open. */
  net?(options: NetOptions, during: <T>(work: Promise<T>) => Promise<T>): MemoryNet
}

export interface SandboxOptions {
  readonly seed: number
  readonly settings?: Partial<ServerSettings>
  /** Asked behind the server's own policy. */
  readonly policy?: (parts: ServerParts) => Policy
  /** Awaited, in real time, before anything travels. */
  readonly pace?: () => Promise<void>
  /** Which leg a device's messages, and a push to it, are on; absent: S-D. */
  readonly hop?: (device: string, to: string) => Hop
  /** Told of rows as they are written. */
  readonly watch?: (fact: LabEvents['trace']) => void
}

/** Names of the parties (scomo sheet 16.0). */
export const PLACES = {
  server: 'http://dm.example.com',
  serverUri: 'http://dm.example.com/dm',
  serverId: 'dm.example.com',
  shop: 'http://ads.example.com',
  emi: 'http://emi.example.com',
  push: 'udp://phone.example.com:2948',
  device: 'IMEI:490154203237518',
} as const

/** What all parties of a lab share. */
export interface ServerParts {
  readonly clock: VirtualClock
  readonly net: MemoryNet
  readonly store: TraceStore
  readonly ledger: Ledger
  readonly docs: Docs
  readonly recorder: Recorder
  readonly witness: Witness
  readonly pushes: Pushes
  readonly notifier: Notifier
  readonly env: Env
}

export interface Sandbox extends ServerParts {
  readonly host: Host
  readonly ports: SandboxPorts
  readonly seed: number
  /** Address pushes are sent to; null: none is known. */
  pushTo: string | null
  /** Writes down and gives back what is held. */
  close(): void
}

/** Makes the server's side of a lab and puts it on a network of its own. */
export function makeSandbox(ports: SandboxPorts, options: SandboxOptions): Sandbox {
  const { seed, pace, watch, hop } = options
  const clock = new VirtualClock(ports.settle)
  const wires = { clock, random: seeded(seed, 'latency'), ...(pace === undefined ? {} : { pace: () => clock.during(pace()) }) }
  const net = ports.net?.(wires, (work) => clock.during(work)) ?? new MemoryNet(wires)
  const db = ports.openDb()
  migrate(db, () => {})
  const store = TraceStore.open(db, memorySegments(), { sha256: ports.sha256 })
  const ledger = Ledger.open(db, { remember: true })
  const recorder = new Recorder(store, 'scenario', { trace: (fact) => watch?.(fact), session: () => {} })
  const env = seededEnv(seed, 'server', () => clock.now())
  const pushes = new Pushes({
    ledger,
    clock,
    random: env.random,
    recorder,
    sender: memoryPushes(net, clock, 'dm.example.com'),
    origin: 'scenario',
    recording: true,
    serverUri: () => PLACES.serverUri,
    ...(hop === undefined ? {} : { hop }),
    door: () => sandbox.pushTo ?? undefined,
    changed: () => recorder.announce(),
  })
  const notifier = new Notifier({ ledger, clock, random: env.random, pushes, sender: memoryPushes(net, clock, 'dm.example.com') })
  const witness = makeWitness(recorder, clock, () => recorder.announce())
  const parts: ServerParts = {
    clock,
    net,
    store,
    ledger,
    docs: sqlDocs(db, () => clock.soon(() => host.commit())),
    recorder,
    witness,
    pushes,
    notifier,
    env,
  }
  const policy = options.policy?.(parts)
  const machine = new DmServer({
    serverUri: PLACES.serverUri,
    settings: { serverId: PLACES.serverId, ...options.settings },
    ledger,
    env,
    notified: (device, id) => notifier.answered(device, id),
    ...(policy === undefined ? {} : { more: policy }),
  })
  const front = makeFront(clock, () => host)
  const watcher = { held: () => {}, changed: () => recorder.announce(), device: () => {} }
  const host = new Host({
    machine,
    transport: front.transport,
    recorder,
    ledger,
    clock,
    watcher,
    ...(hop === undefined ? {} : { hop: (device: string) => hop(device, '') }),
  })
  net.serve(PLACES.server, front.serve)
  const sandbox: Sandbox = {
    ...parts,
    host,
    ports,
    seed,
    pushTo: PLACES.push,
    close: () => {
      notifier.stop()
      host.stop()
      net.close()
      store.close()
      db.close()
    },
  }
  return sandbox
}
