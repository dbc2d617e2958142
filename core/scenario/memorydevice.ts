// A simulated device in memory, of the real parts: client machine, door for pushes, software that lives on between sessions; its disk and its person are made here.
import type { SoftwareRequest } from '../api.ts'
import { ruledAnswer } from '../device/answers.ts'
import { makeClient, partState } from '../device/client.ts'
import type { Client } from '../device/client.ts'
import { fetchLink } from '../software/linked.ts'
import { Door } from '../device/door.ts'
import type { DoorOptions, Entrance } from '../device/door.ts'
import type { UiAnswer } from '../device/interaction.ts'
import { DEVICE_PROFILES } from '../device/profiles.ts'
import type { DeviceProfile } from '../device/profiles.ts'
import { LivingDevice } from '../lab/living.ts'
import type { Life } from '../lab/living.ts'
import type { ClientParts, Post, SessionOutcome } from '../lab/runner.ts'
import type { Env } from '../machine.ts'
import type { Push } from '../notify/push.ts'
import { SoftwareAgent } from '../software/agent.ts'
import type { PackageStore, SoftwareHost } from '../software/ports.ts'
import type { Encoding } from '../syncml/message.ts'
import { memoryPost, pushOf } from './front.ts'
import { MemoryDownloads } from './memorydownloads.ts'
import { memoryDisk, MemoryInstaller } from './memoryinstaller.ts'
import { PLACES } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { seededEnv } from './seeded.ts'
import type { SetupDevice, SetupPackage } from './setup.ts'

export interface MemoryDeviceParts {
  readonly sandbox: Sandbox
  readonly encoding: Encoding
  readonly setup: SetupDevice
  /** Packages there are, by SHA-256. */
  readonly known: ReadonlyMap<string, SetupPackage>
  /** Its account at the DM Server from the factory; null: it is bare until somebody bootstraps it. */
  readonly account: { readonly userName: string; readonly password: string; readonly serverPassword: string } | null
  /** False: nobody is there to be asked. */
  readonly people: boolean
  /** Who it is; absent: the phone of `PLACES`. */
  readonly who?: Who
  /** What it needs to take bootstrap messages; absent: it takes none. */
  readonly door?: DoorOptions
  /** How its requests leave; absent: straight over the net. */
  readonly post?: Post
}

/** Names of a device on the net. */
export interface Who {
  readonly id: string
  /** Name of its end on the net. */
  readonly client: string
  /** `udp://host:port` where it hears pushes. */
  readonly push: string
}

const PHONE: Who = { id: PLACES.device, client: 'phone.example.com', push: PLACES.push }

/** What a person, and what an installation take at the least, ms. */
const MOMENT = 1500
const WORK = 400

/** One device and all that is in it. */
export class MemoryDevice {
  readonly living: LivingDevice
  readonly #parts: MemoryDeviceParts
  readonly who: Who
  readonly #hosts: SoftwareHost
  #kept: unknown = undefined
  #door: { readonly client: Client; readonly door: Door } | null = null

  constructor(parts: MemoryDeviceParts) {
    this.#parts = parts
    const { sandbox, who = PHONE } = parts
    this.who = who
    const { clock, net, seed } = sandbox
    const { host, store } = this.#host()
    this.#hosts = host
    const env = seededEnv(seed, who === PHONE ? 'device' : who.id, () => clock.now())
    this.living = new LivingDevice({
      make: (state) => this.#life(state, store, env),
      load: () => this.#kept,
      keep: (state) => {
        this.#kept = state()
      },
      host,
      post: parts.post ?? memoryPost(net, who.client),
      clock,
      ask: this.#person(),
    })
    net.listen(who.push, (bytes) => this.#push(bytes))
    this.living.on()
  }

  get client(): Client {
    return this.living.client
  }

  /** Opens a session by itself; with `request` it asks its server for something in it. Resolves when it is over. */
  begin(request?: SoftwareRequest): Promise<SessionOutcome> {
    return request === undefined ? this.living.session({ type: 'start', initiated: 'client' }) : this.living.request(request)
  }

  #push(bytes: Uint8Array): void {
    const push = pushOf(bytes)
    if (push !== null) this.receive(push)
  }

  /** A push reached it: the session it asks for begins, or what it names is fetched. */
  receive(push: Push): void {
    const entrance = this.take(push)
    if (entrance.what === 'fetch') void fetchLink(this.#hosts, entrance.url)
    if (entrance.what === 'session') void this.living.session(entrance.start)
  }

  /** Takes a push without beginning the session it asks for. */
  take(push: Push): Entrance {
    const { client } = this
    if (this.#door?.client !== client) this.#door = { client, door: new Door(client, this.#parts.door) }
    return this.#door.door.receive(push)
  }

  #life(state: unknown, store: PackageStore, env: Env): Life {
    const { setup, account, encoding, people } = this.#parts
    const { mo = ['scomo'] } = setup
    const agent = new SoftwareAgent({ store, env, settings: { mo, consent: 'unconfirmed', reports: 'async' }, state: partState(state) })
    const { serverUri, serverId } = PLACES
    const who = { id: this.who.id, serverUri, serverId, manufacturer: 'Example Mobile', model: 'EM-1' }
    const { userName: user, password, serverPassword } = account ?? { userName: '', password: '', serverPassword: '' }
    const identity = { user, password, serverPassword, bare: account === null }
    const wish = { ...who, ...identity, auth: 'syncml:auth-MAC' as const, encoding, people, profile: profileOf(setup) }
    return { client: makeClient(wish, env, state, agent), agent }
  }

  #host(): { readonly host: SoftwareHost; readonly store: PackageStore } {
    const { sandbox, setup, known } = this.#parts
    const { clock, net, ports, witness } = sandbox
    const store = memoryDisk(setup.room ?? 8 << 20, ports.sha256)
    const happened = (line: Parameters<typeof witness.performed>[1]): void => witness.performed(this.who.id, line)
    const installer = new MemoryInstaller({ disk: store, known, factory: setup.components ?? [], now: () => clock.now(), iso: ports.iso, happened })
    const downloads = new MemoryDownloads({ net, clock, disk: store, client: this.who.client, sha256: ports.sha256 })
    /** Work on the disk takes its time. */
    const slowly = <A>(work: () => Promise<A>): Promise<A> => new Promise<void>((go) => clock.after(WORK, go)).then(work)
    const host: SoftwareHost = {
      store,
      download: (ask, progress) => downloads.ask(ask, progress),
      install: (ask) => slowly(() => installer.install(ask)),
      activate: (ask) => slowly(() => installer.activate(ask)),
      deactivate: (ask) => slowly(() => installer.deactivate(ask)),
      uninstall: (ask) => slowly(() => installer.uninstall(ask)),
      discard: (ask) => slowly(() => installer.discard(ask)),
      flash: (ask) => slowly(() => installer.flash(ask)),
      outcome: (key) => installer.outcome(key),
      boot: () => installer.boot(),
      note: (what, text) => installer.note(what, text),
    }
    return { host, store }
  }

  /** Somebody who follows a rule, after a moment's thought. */
  #person(): NonNullable<ClientParts['ask']> {
    const { sandbox, setup } = this.#parts
    const { answers: rule = 'accept' } = setup
    const ask = sandbox.witness.asking((_device, { question, asker }, give) => {
      const ruled: UiAnswer | null = rule === 'postpone' && asker === 'device' ? { act: 'postpone' } : ruledAnswer(rule, question)
      if (ruled !== null) sandbox.clock.after(MOMENT, () => give(ruled))
    })
    return (asked, answer, withdrawn) => ask(this.who.id, asked, answer, withdrawn)
  }
}

/** The strict profile, with what the set-up says of large objects. */
function profileOf({ largeObjects = true, maxObjSize = 4 << 20 }: SetupDevice): DeviceProfile {
  const { strict } = DEVICE_PROFILES
  return { ...strict, settings: { ...strict.settings, maxObjSize }, habits: { largeObjects } }
}
