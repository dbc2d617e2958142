// Devices behind a gateway, each with a tree, software and a push port of its own: they register, and hold their sessions with the gateway (proxy) or through it (transparent).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountOf, ACCOUNT_ACL, freeName, plantAccount } from '../../bootstrap/account.ts'
import { makeClient, partState } from '../../device/client.ts'
import type { Client, ClientSetup } from '../../device/client.ts'
import { Door } from '../../device/door.ts'
import { generic } from '../../gateway/inventory.ts'
import { registrationText } from '../../gateway/payloads.ts'
import { LivingDevice } from '../../lab/living.ts'
import type { PushArrived } from '../../lab/pushes.ts'
import type { ClientParts, Post, SessionOutcome } from '../../lab/runner.ts'
import type { Env } from '../../machine.ts'
import { ALERTS } from '../../mo/gwmo.ts'
import { SoftwareAgent } from '../../software/agent.ts'
import type { Alert } from '../../syncml/message.ts'
import { processClock } from '../clock.ts'
import { linkedOn } from '../linked.ts'
import { makeDownloads } from '../dlclient.ts'
import { makeInstaller } from '../installer.ts'
import { listenPush } from '../push.ts'
import type { PushPort } from '../push.ts'
import { NO_DISK, openDisk } from '../softwarehost.ts'
import type { DeviceDisk } from '../softwarehost.ts'

/** Whom a device knows: its gateway, and in transparent mode its own server. */
export interface BehindSetup extends Omit<ClientSetup, 'serverUri' | 'serverId' | 'serverPassword'> {
  readonly mode: 'transparent' | 'proxy'
  readonly gateway: Peer
  /** Needed in transparent mode. */
  readonly server: Peer | null
  readonly mo: readonly ('scomo' | 'fumo')[]
}

interface Peer {
  readonly uri: string
  readonly serverId: string
  readonly serverPassword: string
}

export interface BehindParts {
  readonly setup: BehindSetup
  readonly env: Env
  readonly post: Post
  /** Address its push port binds to and number of the port, 0 a free one; null: it takes no pushes. */
  readonly push: { readonly host: string; readonly port: number } | null
  readonly state: unknown
  readonly keep: (state: unknown) => void
  /** Folder of its software; absent: one that is gone at the end. */
  readonly folder?: string
  readonly ask?: NonNullable<ClientParts['ask']>
  readonly ca?: string | undefined
  /** Another disk than real files; for faults. */
  readonly disk?: (disk: DeviceDisk) => DeviceDisk
  readonly told: (end: SessionOutcome) => void
  readonly refused: (text: string) => void
  /** A link that was pushed has been fetched, or not: a line. */
  readonly fetched?: (text: string) => void
}

/** A device that runs until `off`. */
export interface Behind {
  readonly id: string
  readonly port: PushPort | null
  readonly living: LivingDevice
  readonly disk: DeviceDisk
  /** X.1: a session with the gateway, with the registration alert where the mode or the push port needs it. */
  register(): Promise<SessionOutcome>
  /** Transparent: a session with its own server. */
  visit(alerts?: readonly Alert[]): Promise<SessionOutcome>
  off(): Promise<void>
}

/** The account in use by default is the one orders come from. */
const orders = ({ mode, gateway, server }: BehindSetup): Peer => (mode === 'proxy' || server === null ? gateway : server)

function clientOf(setup: BehindSetup, env: Env, state: unknown, part: SoftwareAgent): Client {
  const { uri, serverId, serverPassword } = orders(setup)
  const client = makeClient({ ...setup, serverUri: uri, serverId, serverPassword }, env, state, part)
  const { gateway } = setup
  if (client.servers().includes(gateway.serverId)) return client
  // Even a transparent device needs an account of its gateway, for its alerts (gwmo sheet 1.1).
  const account = accountOf({
    serverId: gateway.serverId,
    address: gateway.uri,
    auth: setup.auth === 'syncml:auth-basic' ? 'BASIC' : setup.auth === 'syncml:auth-MAC' ? 'HMAC' : 'DIGEST',
    userName: setup.user,
    password: setup.password,
    serverPassword: gateway.serverPassword,
    clientNonce: null,
    serverNonce: null,
  })
  plantAccount(client.device.tree, ['DMAcc', freeName(client.device.tree, 'gateway')], account, ACCOUNT_ACL(gateway.serverId))
  return client
}

/** Switches a device on. Rejects with an Error in words where its push port cannot be had. */
export async function behind(parts: BehindParts): Promise<Behind> {
  const { setup, env, post, ask } = parts
  const clock = processClock()
  const own = setup.mo.length > 0
  const folder = own ? (parts.folder ?? mkdtempSync(join(tmpdir(), 'dmlab-device-'))) : ''
  const real = own
    ? openDisk({ folder, clock, makeDownloads, makeInstaller, ...(parts.ca === undefined ? {} : { downloads: { ca: parts.ca } }) })
    : NO_DISK
  const disk = parts.disk?.(real) ?? real
  const settings = { mo: setup.mo, owner: orders(setup).serverId, consent: ask === undefined ? 'never' : 'unconfirmed' } as const
  let kept = parts.state
  const living: LivingDevice = new LivingDevice({
    make: (from) => {
      const agent = new SoftwareAgent({ store: disk.store, env, settings, state: partState(from) })
      return { client: clientOf(setup, env, from, agent), agent }
    },
    load: () => kept,
    keep: (now) => {
      kept = now()
      parts.keep(kept)
    },
    host: disk,
    post,
    clock,
    told: parts.told,
    ...(ask === undefined ? {} : { ask }),
  })
  let door: { readonly client: Client; readonly door: Door } | null = null
  const doorOf = (): Door => {
    const { client } = living
    if (door?.client !== client) door = { client, door: new Door(client) }
    return door.door
  }
  const linked = linkedOn(own ? disk : null, clock, parts.ca)
  const arrived = ({ push, trouble, remote }: PushArrived): void => {
    void living.meet(() => {
      const entrance = push === null ? ({ what: 'nothing', refused: true, text: trouble } as const) : doorOf().receive(push)
      if (entrance.what === 'session') return entrance.start
      if (entrance.what === 'fetch') {
        void linked.take(entrance.url).then((text) => parts.fetched?.(text))
        return null
      }
      parts.refused(`push from ${remote} ${entrance.refused ? 'refused' : 'ignored'}: ${entrance.text}`)
      return null
    })
  }
  const port = parts.push === null ? null : await listenPush({ ...parts.push, http: true, clock, received: arrived })
  const meet = async (serverId: string, alerts: readonly Alert[]): Promise<SessionOutcome> => {
    const end = await living.meet(() => {
      living.client.adopt(serverId)
      return { type: 'start', initiated: 'client', alerts }
    })
    return end ?? { sessionId: '', outcome: 'failed', reason: 'stopped', messages: 0, authentication: 'unknown' }
  }
  living.on()
  return {
    id: setup.id,
    port,
    living,
    disk,
    register: () => meet(setup.gateway.serverId, registers(setup, port)),
    visit: (alerts = []) => meet(orders(setup).serverId, alerts),
    off: async () => {
      await linked.off()
      await living.off()
      await port?.close()
      parts.keep(living.client.state())
      if (own && parts.folder === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Transparent devices must say that they are there, and to whom they belong; proxy devices may, where they have a push port of their own to tell. */
function registers({ mode, server, id }: BehindSetup, port: PushPort | null): readonly Alert[] {
  if (mode === 'proxy' && port === null) return []
  const device = { type: port === null ? 'IPv4' : 'URI', address: port?.url ?? '' }
  const servers = mode === 'transparent' && server !== null ? [server.serverId] : []
  return [generic(ALERTS.registration.type, 'xml', '', registrationText({ deviceId: id, device, servers }), 'informational')]
}
