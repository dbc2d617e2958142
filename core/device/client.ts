// A simulated device complete: a tree from the factory or from its file, and the client machine that speaks for it; its state as one file.
import type { Env } from '../machine.ts'
import type { NotifyAccount } from '../notify/verdict.ts'
import { fromBase64, base64 } from '../syncml/text.ts'
import type { Alert, Encoding } from '../syncml/message.ts'
import type { AuthName } from '../auth/credentials.ts'
import { DmClient } from './device.ts'
import type { ClientAccount, ClientNonces, ClientRecord } from './device.ts'
import type { DevicePart } from './features.ts'
import type { DeviceProfile } from './profiles.ts'
import type { StoredReport } from './reports.ts'
import type { KeptTalk } from './talk.ts'
import { accountsOf, makeDevice, restoreDevice, saveDevice } from './profile.ts'
import type { Device, StoredAccount } from './profile.ts'

/** What a simulated device is told on the command line or in the window. */
export interface ClientSetup {
  readonly id: string
  readonly serverUri: string
  readonly user: string
  readonly password: string
  readonly serverId: string
  readonly serverPassword: string
  readonly auth: AuthName
  readonly encoding: Encoding
  readonly manufacturer?: string
  readonly model?: string
  /** Without any account, as before its bootstrap; the fields about the server mean nothing then. */
  readonly bare?: boolean
  /** Somebody is there to be asked; otherwise UI alerts give 406. */
  readonly people?: boolean
  /** What kind of client it is; `full` where absent. */
  readonly profile?: DeviceProfile
  /** MaxObjSize it announces; absent: that of its kind of client. */
  readonly maxObjSize?: number
}

/** What the lab's own account asks of a device (contract: account `lab`). */
export const LAB_ACCOUNT = { user: 'lab', password: 'lab', serverId: 'dm-lab', serverPassword: 'lab' } as const

/** A device ready to hold sessions. `remember` takes the machine's durable records, `state` gives all that must survive as JSON. */
export interface Client {
  /** The machine of the account in use; another one after `adopt` and `resync`. */
  readonly machine: DmClient
  readonly device: Device
  remember(record: ClientRecord): void
  state(): unknown
  /** Whose session was under way when the state was taken and can go on, with that account in use (`adopt`) and input `resume`; null: none. */
  readonly interrupted: string | null
  /** ServerIDs of the accounts in the tree. */
  servers(): readonly string[]
  /** What a notification of that server is checked against; undefined where the tree has no such account. */
  notifyAccount(serverId: string): NotifyAccount | undefined
  /**
   * Uses the tree's account of that server from the next session on; `anew` after a bootstrap: what was kept of an earlier account of that server
   * is forgotten. Throws an Error in words where there is none or it is not whole.
   */
  adopt(serverId: string, anew?: boolean): void
  /** A report of the device is owed to that server from now on, whichever account is in use. */
  owe(serverId: string, alert: Alert): void
  /** When the earliest report falls due for each server that is owed one. */
  owed(): readonly { readonly serverId: string; readonly due: number }[]
  /** Whose account is in use. */
  readonly serverId: string
  /** Goes on with the default nonce in both directions, for one session (NOTI 6.2). */
  resync(nonce: Uint8Array): void
}

const PREFERENCE = { 'syncml:auth-basic': 'BASIC', 'syncml:auth-md5': 'DIGEST', 'syncml:auth-MAC': 'HMAC' } as const

/** Makes the device; `state` is what an earlier `state()` gave, `part` what it has besides the standard objects. Throws TreeError 400 where it does not read. */
export function makeClient(setup: ClientSetup, env: Env, state?: unknown, part?: DevicePart): Client {
  const parts = part === undefined ? {} : { part }
  const device =
    state === undefined
      ? fresh(setup, env, parts)
      : restoreDevice(state, { now: () => env.now(), people: setup.people === true, features: setup.profile?.features ?? {}, ...parts })
  const nonces = readNonces(state, setup.serverId)
  const reports = new Map(Object.entries(stateOf(state).reports ?? {}))
  let account: ClientAccount = { ...setup, userName: setup.user }
  let serverUri = setup.serverUri
  const of = (serverId: string): StoredAccount | undefined => accountsOf(device.tree).find((each) => each.serverId === serverId)
  const known = (serverId: string): ClientNonces => nonces.get(serverId) ?? factoryNonces(of(serverId))
  let talk = stateOf(state).talk ?? null
  const build = (start: ClientNonces | undefined): DmClient =>
    new DmClient({
      ...(talk?.serverId === account.serverId ? { talk } : {}),
      reports: reports.get(account.serverId) ?? [],
      settings: {
        ...setup.profile?.settings,
        ...(setup.maxObjSize === undefined ? {} : { maxObjSize: setup.maxObjSize }),
        habits: setup.profile?.habits ?? {},
      },
      serverUri,
      deviceId: setup.id,
      account,
      wire: { encoding: setup.encoding },
      performer: device.performer,
      env,
      ...(start === undefined ? {} : { nonces: start }),
    })
  const load = (serverId: string): void => {
    const stored = of(serverId)
    if (stored === undefined) throw new Error(`the device has no account of a server ${serverId}`)
    const next = accountFrom(stored)
    serverUri = addressOf(device, stored)
    account = next
  }
  const active = activeOf(state)
  if (setup.bare === true && active !== undefined && of(active) !== undefined) load(active)
  // What a server wrote into our account counts from the next session on (SEC, dm-protocol 8.2), and from then on rather than the setup.
  const rewritten = new Set(stateOf(state).rewritten ?? [])
  const secrets = (): string => {
    const stored = of(account.serverId)
    return JSON.stringify([stored?.client?.name, stored?.client?.secret, stored?.server?.name, stored?.server?.secret])
  }
  const own = of(account.serverId)
  if (rewritten.has(account.serverId) && own?.client != null) account = accountFrom(own)
  let seen = secrets()
  let machine = build(nonces.get(account.serverId))
  const renew = (): void => {
    const stored = of(account.serverId)
    if (machine.busy || stored?.client == null || secrets() === seen) return
    seen = secrets()
    rewritten.add(account.serverId)
    account = accountFrom(stored)
    machine = build(known(account.serverId))
  }
  return {
    get machine() {
      renew()
      return machine
    },
    device,
    get interrupted() {
      return machine.busy ? null : (talk?.serverId ?? null)
    },
    remember: (record) => {
      if (record.kind === 'nonces') nonces.set(account.serverId, record.nonces)
      else if (record.kind === 'reports') reports.set(account.serverId, record.reports)
      else if (record.kind === 'talk') talk = record.talk
    },
    owe: (serverId, alert) => {
      // The machine of that account knows what it owes; others learn of it when they are made.
      if (serverId !== account.serverId) return void reports.set(serverId, [...(reports.get(serverId) ?? []), { alert, due: env.now() }])
      for (const effect of machine.input({ type: 'report', alert }))
        if (effect.type === 'save' && effect.record.kind === 'reports') reports.set(serverId, effect.record.reports)
    },
    owed: () => [...reports].flatMap(([serverId, each]) => (each.length === 0 ? [] : [{ serverId, due: Math.min(...each.map(({ due }) => due)) }])),
    get serverId() {
      return account.serverId
    },
    state: () => ({
      ...saveDevice(device, part?.apart),
      ...writeNonces(nonces, account.serverId),
      ...writeReports(reports),
      ...(talk === null ? {} : { talk }),
      ...(rewritten.size === 0 ? {} : { rewritten: [...rewritten] }),
      ...(part === undefined ? {} : { part: part.state() }),
    }),
    servers: () => accountsOf(device.tree).map(({ serverId }) => serverId),
    notifyAccount: (serverId) => {
      const stored = of(serverId)
      if (stored?.server == null) return undefined
      const { name, secret } = stored.server
      const other = stored.client?.secret
      return { serverId, userName: name, password: secret, nonce: known(serverId).server, ...(other === undefined ? {} : { clientPassword: other }) }
    },
    adopt: (serverId, anew = false) => {
      if (anew) nonces.delete(serverId)
      if (anew || serverId !== account.serverId) load(serverId)
      seen = secrets()
      machine = build(known(serverId))
    },
    resync: (nonce) => {
      machine = build({ client: { text: base64(nonce) }, server: nonce, reading: null })
    },
  }
}

/** What a part of the device kept in a saved state; undefined where it kept nothing. */
export function partState(state: unknown): unknown {
  return (stateOf(state) as { readonly part?: unknown }).part
}

function fresh(setup: ClientSetup, env: Env, parts: { readonly part?: DevicePart }): Device {
  const device = makeDevice({
    ...parts,
    now: () => env.now(),
    people: setup.people === true,
    features: setup.profile?.features ?? {},
    largeObjects: setup.profile?.habits.largeObjects ?? true,
    id: setup.id,
    serverUri: setup.serverUri,
    ...(setup.manufacturer === undefined ? {} : { manufacturer: setup.manufacturer }),
    ...(setup.model === undefined ? {} : { model: setup.model }),
    account: {
      serverId: setup.serverId,
      userName: setup.user,
      password: setup.password,
      serverPassword: setup.serverPassword,
      auth: PREFERENCE[setup.auth],
    },
  })
  if (setup.bare === true) for (const account of [...(device.tree.find(['DMAcc'])?.children?.values() ?? [])]) device.tree.remove(account)
  return device
}

const AUTH: Readonly<Record<string, AuthName>> = { BASIC: 'syncml:auth-basic', DIGEST: 'syncml:auth-md5', HMAC: 'syncml:auth-MAC' }

/** Credentials of an account in the tree; AAuthPref first, then the type of CLCRED, digest where neither says one we know (STD). */
function accountFrom({ serverId, authPref, client, server }: StoredAccount): ClientAccount {
  if (client === null) throw new Error(`the account of ${serverId} has no CLCRED`)
  const auth = AUTH[authPref] ?? AUTH[client.type] ?? 'syncml:auth-md5'
  return { userName: client.name, password: client.secret, serverId, serverPassword: server?.secret ?? '', auth }
}

/** The account's address; PortNbr where the address itself says no port and it is not the scheme's own (STD AppAddr). */
function addressOf({ tree }: Device, { name, serverUri }: StoredAccount): string {
  const match = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(serverUri)
  if (match === null) throw new Error(`the account ${name} has the address ${JSON.stringify(serverUri)}, which is no http or https URL`)
  const [first] = [...(tree.find(['DMAcc', name, 'AppAddr'])?.children?.values() ?? [])]
  const [port] = [...(first?.children?.get('Port')?.children?.values() ?? [])]
  const number = port?.children?.get('PortNbr')?.value
  const [, scheme = '', host = '', rest = ''] = match
  const usual = scheme.toLowerCase() === 'https' ? '443' : '80'
  if (typeof number !== 'string' || !/^\d{1,5}$/.test(number) || number === usual || /:\d+$/.test(host)) return serverUri
  return `${scheme}://${host}:${number}${rest}`
}

/** Nonces the account came with (AAuthData). */
function factoryNonces(account: StoredAccount | undefined): ClientNonces {
  const octets = (nonce: Uint8Array | undefined): Uint8Array | null => (nonce === undefined || nonce.length === 0 ? null : nonce)
  const own = octets(account?.client?.nonce)
  return { client: own === null ? null : { text: base64(own) }, server: octets(account?.server?.nonce), reading: null }
}

/** The device id a saved state holds; undefined where it has none. */
export function idOf(client: Client): string | undefined {
  const value = client.device.tree.find(['DevInfo', 'DevId'])?.value
  return typeof value === 'string' ? value : undefined
}

interface SavedNonces {
  readonly client: { readonly text: string; readonly octets: string | null } | null
  readonly server: string | null
  readonly reading: ClientNonces['reading']
}

/** What a state keeps of the accounts: nonces of the one in use, those of the others by ServerID, and which one is in use. */
interface SavedAccounts {
  readonly nonces?: SavedNonces
  readonly others?: Readonly<Record<string, SavedNonces>>
  readonly active?: string
  /** Generic alerts owed, by ServerID. */
  readonly reports?: Readonly<Record<string, readonly StoredReport[]>>
  /** The session under way. */
  readonly talk?: KeptTalk
  /** ServerIDs of accounts whose credentials a server has rewritten. */
  readonly rewritten?: readonly string[]
}

function writeReports(reports: ReadonlyMap<string, readonly StoredReport[]>): SavedAccounts {
  const owed = [...reports].filter(([, each]) => each.length > 0)
  return owed.length === 0 ? {} : { reports: Object.fromEntries(owed) }
}

function writeNonces(nonces: ReadonlyMap<string, ClientNonces>, active: string): SavedAccounts {
  const own = nonces.get(active)
  const others = [...nonces].filter(([serverId]) => serverId !== active).map(([serverId, each]) => [serverId, saved(each)] as const)
  return { active, ...(own === undefined ? {} : { nonces: saved(own) }), ...(others.length === 0 ? {} : { others: Object.fromEntries(others) }) }
}

function saved({ client, server, reading }: ClientNonces): SavedNonces {
  return {
    client: client === null ? null : { text: client.text, octets: client.octets === undefined ? null : base64(client.octets) },
    server: server === null ? null : base64(server),
    reading,
  }
}

const stateOf = (state: unknown): SavedAccounts => (typeof state === 'object' && state !== null ? state : {})
const activeOf = (state: unknown): string | undefined => stateOf(state).active

/** Nonces by ServerID; those of a state without `active` belong to the account asked for. */
function readNonces(state: unknown, serverId: string): Map<string, ClientNonces> {
  const { nonces, others = {}, active = serverId } = stateOf(state)
  const found = new Map(Object.entries(others).map(([server, each]) => [server, restored(each)] as const))
  return nonces === undefined ? found : found.set(active, restored(nonces))
}

function restored({ client, server, reading }: SavedNonces): ClientNonces {
  return {
    client: client === null ? null : { text: client.text, ...(client.octets === null ? {} : { octets: decode(client.octets) }) },
    server: server === null ? null : decode(server),
    reading,
  }
}

const decode = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array(0)
