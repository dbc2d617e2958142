// Adaptation mode of a gateway of this process: its LwM2M port and the Android devices of an adb server, put together with what it fans out.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { adbAdapter } from '../adapters/adb/adapter.ts'
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import { lwm2mAdapter } from '../adapters/lwm2m/adapter.ts'
import { lwm2mDeviceId } from '../adapters/lwm2m/registry.ts'
import type { Adapter } from '../adapters/port.ts'
import type { DeviceRecord } from '../gateway/ports.ts'
import { Adaptation } from '../lab/adaptation.ts'
import type { GatewayHost } from '../lab/gatewayhost.ts'
import type { Clock } from '../lab/ports.ts'
import type { Env } from '../machine.ts'
import type { Docs } from '../store/docs.ts'
import type { Downloads } from './delivery.ts'
import type { LwServer } from './lwm2m.ts'

/** Other protocols a gateway speaks. */
export interface AdaptRole {
  /** UDP port LwM2M devices register at, 0 a free one; absent: none. */
  readonly lwm2m?: number
  /** Android devices of the adb server are its devices. */
  readonly adb?: boolean
}

export interface AdaptParts {
  readonly role: AdaptRole
  readonly host: GatewayHost
  readonly clock: Clock
  readonly env: Env
  readonly docs: Docs
  /** Address ports are bound to, and the one devices are told. */
  readonly bound: string
  readonly told: () => string
  /** False: only devices that are known or were paired may come by themselves. */
  readonly open: boolean
  readonly android: AndroidLine | null
  readonly downloads: Downloads
  /** Folder of the downloads, and octets there is room for. */
  readonly folder: string
  readonly room: () => number
  /** Octets of an image of this gateway by its URL; null where it is none, undefined where it is gone. */
  readonly image: (url: string) => Uint8Array | null | undefined
}

/** Adaptation that runs. */
export interface RunningAdaptation {
  /** `coap://address:port`; null without. */
  readonly lwm2m: string | null
  wanted(record: DeviceRecord): void
  stop(): Promise<void>
}

const NAMES = 'gateway.names'

/** Opens its ports and begins. Rejects with one clear Error where a port cannot be had. */
export async function startAdaptation(parts: AdaptParts): Promise<RunningAdaptation> {
  const { role, host, clock, docs } = parts
  const server = role.lwm2m === undefined ? null : await lwm2mServer(parts, role.lwm2m)
  const adapters: Adapter[] = []
  if (server !== null) {
    const names = {
      get: (id: string) => (docs.get(NAMES, id) ?? {}) as Readonly<Record<string, number>>,
      put: (id: string, now: Readonly<Record<string, number>>) => docs.put(NAMES, id, now),
    }
    adapters.push(lwm2mAdapter({ line: server.line, after: (ms, call) => clock.after(ms, call), names }))
  }
  if (role.adb === true && parts.android !== null) adapters.push(adbAdapter(parts.android))
  const adaptation = new Adaptation({
    gateway: host.gateway,
    adapters,
    clock,
    docs,
    settle: () => host.settle(),
    happened: (text) => host.happened(text),
    acted: (device, text, facts) => host.acted(device, text, facts),
    fetch: fetcher(parts),
  })
  adaptation.start()
  return {
    lwm2m: server?.url ?? null,
    wanted: (record) => adaptation.wanted(record),
    stop: async () => {
      adaptation.stop()
      await server?.close()
    },
  }
}

async function lwm2mServer({ host, clock, env, docs, bound, told, open }: AdaptParts, port: number): Promise<LwServer> {
  // Most gateways speak no CoAP: its library is loaded by those that do.
  const { startLwm2m } = await import('./lwm2m.ts')
  const known = (endpoint: string): boolean => {
    const deviceId = lwm2mDeviceId(endpoint)
    return host.gateway.devices.recordOf(deviceId) !== undefined || host.pairing.codeOf(deviceId) !== undefined
  }
  const server: LwServer = await startLwm2m({
    host: bound,
    port,
    clock,
    random: (count) => env.random(count),
    docs,
    admits: (endpoint) => open || known(endpoint),
    told: () => `coap://${new URL(told()).hostname}:${new URL(server.url).port}`,
    happened: (text) => host.happened(text),
  })
  return server
}

/** Octets behind a URL: an image of the gateway itself, or a download of its own. */
function fetcher({ downloads, folder, room, image }: AdaptParts): (url: string) => Promise<Uint8Array> {
  let count = 0
  return async (url) => {
    const own = image(url)
    if (own === undefined) throw new Error(`${url}: the image is not there any more`)
    if (own !== null) return own
    if (!/^https?:\/\//i.test(url)) throw new Error(`${url}: only http and https are fetched`)
    count += 1
    const answer = await downloads.ask({ key: `adapt ${count}`, url, pkgType: '', room: room(), anew: true })
    if (answer.status !== 900 || answer.file === undefined) throw new Error(answer.text)
    const path = join(folder, 'packages', answer.file.file)
    const bytes = new Uint8Array(readFileSync(path))
    rmSync(path, { force: true })
    return bytes
  }
}
