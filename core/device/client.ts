// A simulated device complete: a tree from the factory or from its file, and the client machine that speaks for it; its state as one file.
import type { Env } from '../machine.ts'
import { fromBase64, base64 } from '../syncml/text.ts'
import type { Encoding } from '../syncml/message.ts'
import type { AuthName } from '../auth/credentials.ts'
import { DmClient } from './device.ts'
import type { ClientNonces, ClientRecord } from './device.ts'
import { makeDevice, restoreDevice, saveDevice } from './profile.ts'
import type { Device } from './profile.ts'

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
}

/** What the lab's own account asks of a device (contract: account `lab`). */
export const LAB_ACCOUNT = { user: 'lab', password: 'lab', serverId: 'dm-lab', serverPassword: 'lab' } as const

/** A device ready to hold sessions. `remember` takes the machine's durable records, `state` gives all that must survive as JSON. */
export interface Client {
  readonly machine: DmClient
  readonly device: Device
  remember(record: ClientRecord): void
  state(): unknown
}

const PREFERENCE = { 'syncml:auth-basic': 'BASIC', 'syncml:auth-md5': 'DIGEST', 'syncml:auth-MAC': 'HMAC' } as const

/** Makes the device; `state` is what an earlier `state()` gave. Throws TreeError 400 where it does not read. */
export function makeClient(setup: ClientSetup, env: Env, state?: unknown): Client {
  const host = { now: () => env.now() }
  const device =
    state === undefined
      ? makeDevice({
          ...host,
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
      : restoreDevice(state, host)
  let nonces = readNonces(state)
  const machine = new DmClient({
    serverUri: setup.serverUri,
    deviceId: setup.id,
    account: { userName: setup.user, password: setup.password, serverId: setup.serverId, serverPassword: setup.serverPassword, auth: setup.auth },
    wire: { encoding: setup.encoding },
    performer: device.performer,
    env,
    ...(nonces === undefined ? {} : { nonces }),
  })
  return {
    machine,
    device,
    remember: (record) => {
      nonces = record.nonces
    },
    state: () => ({ ...saveDevice(device), ...(nonces === undefined ? {} : { nonces: writeNonces(nonces) }) }),
  }
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

function writeNonces({ client, server, reading }: ClientNonces): SavedNonces {
  return {
    client: client === null ? null : { text: client.text, octets: client.octets === undefined ? null : base64(client.octets) },
    server: server === null ? null : base64(server),
    reading,
  }
}

function readNonces(state: unknown): ClientNonces | undefined {
  const saved = typeof state === 'object' && state !== null && 'nonces' in state ? (state.nonces as SavedNonces) : undefined
  if (saved === undefined) return undefined
  const { client, server, reading } = saved
  return {
    client: client === null ? null : { text: client.text, ...(client.octets === null ? {} : { octets: decode(client.octets) }) },
    server: server === null ? null : decode(server),
    reading,
  }
}

const decode = (text: string): Uint8Array => fromBase64(text) ?? new Uint8Array(0)
