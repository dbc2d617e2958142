// `dmlab device --gateway`: what the command line says of devices behind a gateway, and the lines they print.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import type { Command } from 'commander'
import { Option } from 'commander'
import { GATEWAY_ACCOUNT } from '../gateway.ts'
import type { SessionOutcome } from '../../lab/runner.ts'
import type { Post } from '../../lab/runner.ts'
import { wordsOf } from '../../syncml/text.ts'
import { poster } from '../client.ts'
import { authorityOf, tunnelled } from '../tunnel.ts'
import { behind } from './behind.ts'
import type { Behind, BehindParts, BehindSetup } from './behind.ts'
import { Failure, refuse, write, writeJson } from './output.ts'
import { readState, writeState } from './statefile.ts'
import { tlsTrust } from './tlsoptions.ts'
import type { TlsOptions } from './tlsoptions.ts'

/** Options of a device behind a gateway, besides those of every device. */
export interface GatewayedOptions extends TlsOptions {
  readonly gateway?: string
  readonly mode?: 'transparent' | 'proxy'
  readonly gatewayServerId: string
  readonly gatewayServerPassword: string
  readonly direct?: true
  readonly id?: string
  readonly server?: string
  readonly serverId: string
  readonly serverPassword: string
  readonly state?: string
  readonly pushPort?: string
  readonly pushHost: string
  readonly timeout: string
  readonly json?: boolean
}

/** Adds the options. */
export function gatewayedOptions(command: Command): Command {
  return command
    .option('--gateway <url>', 'stands behind the DM Gateway that devices reach at this URL, and registers with it')
    .addOption(
      new Option('--mode <mode>', 'proxy: sessions with the gateway alone (default); transparent: with --server, through the gateway').choices([
        'transparent',
        'proxy',
      ]),
    )
    .option('--direct', 'transparent: sessions with --server go past the gateway')
    .option('--gateway-server-id <id>', "the gateway's server id towards its devices", GATEWAY_ACCOUNT.serverId)
    .option('--gateway-server-password <text>', "the gateway's password towards its devices", GATEWAY_ACCOUNT.serverPassword)
}

/** What all devices of a command have in common, and how they are named. */
export interface GatewayedSubject {
  readonly setup: Omit<BehindSetup, 'id' | 'mode' | 'gateway' | 'server'>
  readonly ids: readonly string[]
  readonly ask?: NonNullable<BehindParts['ask']>
}

/** Sessions under way at the same time while they register. */
const AT_ONCE = 64
/** Waits before a registration that failed is tried again, ms; the last repeats. */
const AGAIN = [1000, 2000, 5000, 15_000] as const

/** Runs the devices: one registration each, or with --push-port until they are stopped. Rejects with Failure 1 where a session failed. */
export async function gatewayed(options: GatewayedOptions, { setup, ids, ask }: GatewayedSubject): Promise<void> {
  const { gateway = '', mode = 'proxy', server, state: file, json } = options
  for (const [name, url] of [['--gateway', gateway], ...(server === undefined ? [] : [['--server', server]])] as const)
    if (!URL.canParse(url ?? '') || !/^https?:$/.test(new URL(url ?? '').protocol)) refuse(`${name} ${url ?? ''}: not an http or https URL`)
  if (mode === 'transparent' && server === undefined) refuse('--mode transparent needs --server: whose sessions pass through')
  if (file !== undefined && ids.length > 1) refuse('--state keeps one device; it does not go with --count')
  if (file !== undefined && options.id === undefined) refuse('--state with --gateway: tell the device by --id too')
  const port = options.pushPort === undefined ? null : Number(options.pushPort)
  if (port !== null && (!Number.isInteger(port) || port < 0 || port > 65535))
    refuse(`--push-port ${options.pushPort ?? ''}: not a number from 0 to 65535`)
  if (port !== null && port > 0 && ids.length > 1) refuse('--count with --push-port: each device has a port of its own, so --push-port 0')
  const way = wayOf(options, mode)
  const env = { now: () => Date.now(), random: (octets: number) => new Uint8Array(randomBytes(octets)) }
  const peers: Pick<BehindSetup, 'mode' | 'gateway' | 'server'> = {
    mode,
    gateway: { uri: gateway, serverId: options.gatewayServerId, serverPassword: options.gatewayServerPassword },
    server:
      mode === 'transparent' && server !== undefined ? { uri: server, serverId: options.serverId, serverPassword: options.serverPassword } : null,
  }
  const single = ids.length === 1
  const lines = (id: string, end: SessionOutcome): void => {
    if (port !== null) void (json === true ? writeJson({ id, ...end }) : write(`${lineOf(id, end)}\n`))
  }
  const made = await Promise.all(
    ids.map((id) =>
      behind({
        setup: { ...setup, ...peers, id },
        env,
        post: way.post,
        push: port === null ? null : { host: options.pushHost, port },
        state: file === undefined ? undefined : readState(file),
        keep: (state) => {
          if (file !== undefined) writeState(file, state)
        },
        ...(file === undefined ? {} : { folder: `${file}.files` }),
        ...(ask === undefined ? {} : { ask }),
        ca: tlsTrust(options).ca,
        told: (end) => lines(id, end),
        fetched: (text) => void (json === true ? writeJson({ id, fetched: text }) : write(`${id}  fetched ${text}\n`)),
        refused: (text) => process.stderr.write(`${single ? '' : `${id}: `}${text}\n`),
      }),
    ),
  ).catch((error: unknown) => {
    throw new Failure(1, wordsOf(error))
  })
  try {
    await (port === null ? once(made, options) : stay(made, options))
  } finally {
    await Promise.all(made.map((device) => device.off()))
    way.close()
  }
}

/** Frames for the device's own server run through the gateway, all others straight to whom they are for. */
function wayOf(options: GatewayedOptions, mode: 'transparent' | 'proxy'): { readonly post: Post; close(): void } {
  const settings = { timeoutMs: Number(options.timeout), userAgent: 'DM-Lab device', ...tlsTrust(options) }
  const straight = poster(settings)
  if (mode === 'proxy' || options.direct === true) return { post: straight.post, close: () => straight.close() }
  const through = poster(settings, tunnelled(options.gateway ?? ''))
  const gateway = authorityOf(options.gateway ?? '')
  return {
    post: (frame) => (authorityOf(frame.uri) === gateway && /\/gw([/?]|$)/.test(frame.uri) ? straight : through).post(frame),
    close: () => {
      straight.close()
      through.close()
    },
  }
}

async function once(devices: readonly Behind[], { json, mode }: GatewayedOptions): Promise<void> {
  const ends = await pooled(devices, async (device) => {
    const first = await device.register()
    const further = mode === 'transparent' && first.outcome === 'completed' ? [await device.visit()] : []
    await device.living.idle()
    return { id: device.id, ...first, ...(further.length === 0 ? {} : { further }) }
  })
  if (json === true) await writeJson({ devices: ends })
  else for (const { id, further = [], ...first } of ends) for (const end of [first, ...further]) await write(`${lineOf(id, end)}\n`)
  const failed = ends.flatMap(({ further = [], ...first }) => [first, ...further]).filter(({ outcome }) => outcome === 'failed')
  if (failed.length > 0) throw new Failure(1, `${failed.length} of ${devices.length} devices failed: ${failed[0]?.reason ?? ''}`)
}

async function stay(devices: readonly Behind[], { json, mode }: GatewayedOptions): Promise<void> {
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('stopped'))
  })
  const rows = devices.map(({ id, port }) => ({ push: port?.url ?? '', http: port?.httpUrl ?? '', id }))
  if (json === true) await writeJson(rows.length === 1 ? { ...rows[0], pid: process.pid } : { devices: rows, pid: process.pid })
  else for (const { id, push, http } of rows) await write(`${id}  takes pushes at ${push} and ${http}\n`)
  const registered = pooled(devices, async (device) => {
    for (let failures = 0; ; failures += 1) {
      const end = await device.register()
      if (end.outcome === 'completed') break
      const pause = new Promise<'again'>((resolve) => setTimeout(() => resolve('again'), AGAIN[Math.min(failures, AGAIN.length - 1)]).unref())
      if ((await Promise.race([pause, stopped])) === 'stopped') return
    }
    if (mode === 'transparent') await device.visit()
  })
  await Promise.race([stopped, registered.then(() => stopped)])
}

/** Each device's turn, so many at once. */
async function pooled<T>(devices: readonly Behind[], turn: (device: Behind) => Promise<T>): Promise<T[]> {
  const ends: T[] = new Array<T>(devices.length)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < devices.length) {
      const index = next++
      ends[index] = await turn(devices[index] as Behind)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, devices.length) }, worker))
  return ends
}

function lineOf(id: string, { sessionId, outcome, reason, messages, authentication }: SessionOutcome): string {
  return `${id}  session ${sessionId}  ${outcome}  ${String(messages)} messages  authentication ${authentication}${reason === null ? '' : `  (${reason})`}`
}
