// The parties of a scenario in one sandbox: jobs engine, download server, device, infrastructure. They are set up, one thing may be broken, and somebody begins.
import { parseAcl } from '../dmtree/acl.ts'
import { parsePath } from '../dmtree/uri.ts'
import { makeJobs } from '../jobs/area.ts'
import type { Jobs } from '../jobs/area.ts'
import type { Intake } from '../jobs/catalogue.ts'
import type { HookPorts } from '../jobs/hooks.ts'
import type { JobsPorts, KnownDevice } from '../jobs/ports.ts'
import { happeningOf } from '../mo/events.ts'
import { bulkOf } from '../session/bulk.ts'
import type { Encoding } from '../syncml/message.ts'
import { hexOf } from '../syncml/text.ts'
import { MemoryDevice } from './memorydevice.ts'
import { makeSandbox, PLACES } from './sandbox.ts'
import type { Sandbox, SandboxPorts, ServerParts } from './sandbox.ts'
import { contentOf } from './setup.ts'
import type { Plant, Setup, SetupPackage, Strike } from './setup.ts'
import { Shop } from './shop.ts'

export interface PlayOptions {
  readonly seed: number
  readonly encoding: Encoding
  readonly setup: Setup
  readonly plant: Plant | null
  readonly pace?: () => Promise<void>
  /** Rows were written. */
  readonly rows: () => void
}

export interface Play {
  readonly sandbox: Sandbox
  /** Enrols the device, breaks what is to be broken, and lets whoever begins begin. Time passes while the device enrols. */
  begin(): Promise<void>
  end(): void
}

const TYPE = 'application/octet-stream'
const NOTIFY = `${PLACES.emi}/notify`

/** Puts the parties of a set-up on the stage. */
export function play(ports: SandboxPorts, options: PlayOptions): Play {
  const { setup, plant, seed, encoding } = options
  const goods = new Map(setup.catalogue.map((pkg) => [pkg.pkgId, goodsOf(pkg, ports)]))
  let jobs: Jobs | null = null
  /** A fault that waits for its moment, and the last row it was looked for in. */
  let armed: Extract<Plant, { kind: 'cut' }> | null = null
  let looked = 0
  const sandbox = makeSandbox(ports, {
    seed,
    settings: { enrol: 'never' },
    policy: (parts) => {
      jobs = jobsOf(parts, goods, { setup, sandbox: () => sandbox })
      return jobs.policy
    },
    watch: () => {
      options.rows()
      strike()
    },
    ...(options.pace === undefined ? {} : { pace: options.pace }),
  })
  const account = accountOf(sandbox)
  const known = new Map([...goods.values()].map(({ pkg, intake }) => [intake.sha256, pkg]))
  if (jobs === null) throw new Error('the DM Server was made without its jobs')
  const at: Jobs = jobs
  at.hooks.add(NOTIFY)
  at.start()
  sandbox.host.commit()
  const shop = new Shop({
    recorder: sandbox.recorder,
    clock: sandbox.clock,
    origin: PLACES.shop,
    ware: (name) => {
      const found = goods.get(name)
      return found === undefined ? undefined : { name, bytes: found.bytes, sha256: found.intake.sha256, contentType: TYPE }
    },
    device: () => PLACES.device,
  })
  sandbox.net.serve(PLACES.shop, (request) => shop.serve(request))
  sandbox.net.serve(PLACES.emi, async () => ({ status: 204, headers: [], body: new Uint8Array(0) }))
  const device = new MemoryDevice({ sandbox, encoding, setup: setup.device, known, account, people: plant?.kind !== 'noPeople' })

  function strike(): void {
    if (armed?.when === undefined) return
    const { when } = armed
    for (; looked < sandbox.store.last; looked++) {
      const detail = sandbox.store.frame(looked + 1)
      if (detail === undefined || !strikes(when, happeningOf(detail.notes))) continue
      cut(armed.where)
      armed = null
      return
    }
  }
  function cut(where: Extract<Plant, { kind: 'cut' }>['where']): void {
    if (where === 'push') sandbox.pushTo = null
    else sandbox.net.cut(where === 'server' ? PLACES.server : where === 'shop' ? PLACES.shop : PLACES.emi)
  }
  function breakIt(): void {
    switch (plant?.kind) {
      case 'cut':
        looked = sandbox.store.last
        if (plant.when === undefined) cut(plant.where)
        else armed = plant
        return
      case 'shop':
        shop.flaw = plant.flaw
        return
      case 'acl':
        for (const uri of plant.uris) forbid(device, uri, plant.acl)
        return
      case 'tree':
        remove(device, plant.without)
        return
      case 'account': {
        const other = { ...account, password: `${account.password}?`, serverId: PLACES.serverId }
        sandbox.ledger.save([{ kind: 'account', account: { ...other, device: PLACES.device, authType: 'syncml:auth-MAC', state: 'enrolled' } }])
        return
      }
      default:
        return
    }
  }
  const mute = plant?.kind === 'mute'

  return {
    sandbox,
    begin: async () => {
      for (const { intake } of goods.values()) await at.publish(intake, {})
      let enrolled = false
      void device.begin().then(() => (enrolled = true))
      await sandbox.clock.run({ limitMs: 60_000, until: () => enrolled })
      breakIt()
      const { trigger } = setup
      if (mute) return
      if (trigger.by === 'device') void device.begin(trigger.request)
      else await at.areas.jobs.create({ ...trigger.job, device: PLACES.device })
    },
    end: () => {
      at.stop()
      sandbox.close()
    },
  }
}

/** True where a row tells of that moment. */
export const strikes = ({ event, where = {} }: Strike, happened: ReturnType<typeof happeningOf>): boolean =>
  happened?.name === event && Object.entries(where).every(([fact, value]) => happened.facts[fact] === value)

export interface Goods {
  readonly pkg: SetupPackage
  readonly bytes: Uint8Array
  readonly intake: Intake
}

/** Content by size: the same in every run, and long to make. */
const CONTENTS = new Map<number, Uint8Array>()

function octets(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** A package of a set-up with its bytes. */
export function goodsOf(pkg: SetupPackage, ports: SandboxPorts): Goods {
  const bytes = CONTENTS.get(pkg.size) ?? contentOf(pkg, (input) => octets(ports.sha256(input)))
  CONTENTS.set(pkg.size, bytes)
  const { pkgId, version, name, components, dependencies = [], manufacturers = [], models = [] } = pkg
  const found: Intake['found'] = { pkgId, kind: 'software', version, name, components, dependencies, manufacturers, models, pkgType: TYPE }
  return { pkg, bytes, intake: { fileName: `${pkgId}.bin`, size: bytes.length, sha256: ports.sha256(bytes), found } }
}

/** Credentials both ways, as a bootstrap leaves them. */
function accountOf({ ledger, env }: Sandbox): { readonly userName: string; readonly password: string; readonly serverPassword: string } {
  const word = (): string => hexOf(env.random(8))
  const account = { userName: 'phone', password: word(), serverPassword: word() }
  ledger.save([
    { kind: 'account', account: { device: PLACES.device, ...account, serverId: PLACES.serverId, authType: 'syncml:auth-MAC', state: 'enrolled' } },
  ])
  return account
}

function jobsOf(parts: ServerParts, goods: ReadonlyMap<string, Goods>, { setup, sandbox }: { setup: Setup; sandbox: () => Sandbox }): Jobs {
  const { clock, docs, ledger, notifier, witness, env, net } = parts
  const known = (id: string): KnownDevice | undefined => {
    const record = ledger.device(id)
    if (record === undefined) return undefined
    const value = (uri: string): string => record.devInfo[uri] ?? ledger.value(id, uri)?.data ?? ''
    const [man, mod] = [value('./DevInfo/Man'), value('./DevInfo/Mod')]
    return { id, man, mod, fwv: value('./DevDetail/FwV'), swv: value('./DevDetail/SwV'), hwv: value('./DevDetail/HwV'), simulated: true }
  }
  const ports: JobsPorts = {
    docs,
    now: () => clock.now(),
    after: (ms, call) => clock.after(ms, call),
    random: (count) => env.random(count),
    devices: () => ledger.devices().flatMap(({ device }) => known(device) ?? []),
    device: known,
    value: (device, uri) => ledger.value(device, uri)?.data,
    wake: async (device) => {
      if (sandbox().pushTo === null) throw new Error(`no push address of ${device} is known`)
      return (await notifier.notify(device, {})).to
    },
    url: ({ job, item, row, mechanism }) => {
      const tail = mechanism === 'dlota1' ? '.dd' : mechanism === 'dlota2' ? '.dd2' : ''
      return `${PLACES.shop}/dl/${job}.${String(item)}/${encodeURIComponent(row.pkgId)}${tail}`
    },
    ...(setup.mechanism === undefined ? {} : { mechanism: setup.mechanism }),
    file: (sha256) => {
      const found = [...goods.values()].find(({ intake }) => intake.sha256 === sha256)
      if (found === undefined) throw new Error(`no package has the digest ${sha256}`)
      return bulkOf(found.intake.fileName, found.bytes, sha256)
    },
    seq: () => 0,
    happened: (note) => witness.happened(note),
    jobsMoved: () => {},
    catalogueMoved: () => {},
  }
  const post: HookPorts['post'] = async (url, fields, text) => {
    const body = new TextEncoder().encode(text)
    return (await net.ask('dm.example.com', { method: 'POST', url, headers: Object.entries(fields), body })).status
  }
  return makeJobs({
    ports,
    hooks: { post, forbidden: () => null, sign: (secret, body) => sandbox().ports.hmac(secret, body) },
    intake: () => Promise.reject(new Error('packages come with the set-up here')),
    offer: async ({ pkgId }) => pkgId,
    commit: () => sandbox().host.commit(),
  })
}

function forbid({ client }: MemoryDevice, uri: string, acl: string): void {
  const { tree } = client.device
  const node = tree.find(parsePath(uri))
  if (node === null) throw new Error(`the device has no ${uri}`)
  tree.setAcl(node, parseAcl(acl))
}

function remove({ client }: MemoryDevice, uri: string): void {
  const { tree } = client.device
  const node = tree.find(parsePath(uri))
  if (node === null) throw new Error(`the device has no ${uri}`)
  tree.remove(node)
}
