// Server, gateway and devices as processes in network namespaces of their own, joined by two cables: real UDP and HTTP, and an independent capture that counts what crossed.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import type { FanoutRow, ImageRow, NotifyResult, RelationRow } from '../../core/api.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { needsSqlite } from '../store/memory.ts'
import { needs } from '../support/needs.ts'
import { labProcess } from './gatewayprocess.ts'
import { ed, until } from './gatewayrig.ts'

const root = resolve(import.meta.dirname, '../..')
const [SERVER, GATEWAY_UP, GATEWAY_DOWN, DEVICES] = ['10.77.1.1', '10.77.1.2', '10.77.2.1', '10.77.2.2']
const PORT = 8080
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

interface Spaces {
  readonly server: string
  readonly gateway: string
  readonly devices: string
}

/** Three namespaces: server == gateway == devices; no way from devices to the server but through the gateway, which forwards no packets. */
function spaces(context: TestContext): Spaces {
  const tag = `dml${String(process.pid % 100_000)}`
  const names = { server: `${tag}s`, gateway: `${tag}g`, devices: `${tag}d` }
  const tried = spawnSync('ip', ['netns', 'add', names.server])
  if (tried.status !== 0) context.skip('needs the right to make network namespaces: run as root (ip netns add)')
  open.push(() => Object.values(names).forEach((name) => spawnSync('ip', ['netns', 'del', name])))
  ip('netns', 'add', names.gateway)
  ip('netns', 'add', names.devices)
  const cable = (a: string, nameA: string, addressA: string, b: string, nameB: string, addressB: string): void => {
    const cabled = spawnSync('ip', ['link', 'add', nameA, 'netns', a, 'type', 'veth', 'peer', 'name', nameB, 'netns', b])
    if (cabled.status !== 0) context.skip(`needs virtual cables between namespaces (veth): ${String(cabled.stderr)}`)
    for (const [space, name, address] of [
      [a, nameA, addressA],
      [b, nameB, addressB],
    ] as const) {
      ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', name)
      ip('-n', space, 'link', 'set', name, 'up')
      ip('-n', space, 'link', 'set', 'lo', 'up')
    }
  }
  cable(names.server, 'up0', SERVER, names.gateway, 'up1', GATEWAY_UP)
  cable(names.gateway, 'down0', GATEWAY_DOWN, names.devices, 'down1', DEVICES)
  // The gateway tells one address of its own; the server finds it by the cable it has.
  ip('-n', names.server, 'route', 'add', `${GATEWAY_DOWN}/32`, 'via', GATEWAY_UP)
  return names
}

const inside = (space: string): string[] => ['ip', 'netns', 'exec', space]

/** Records a cable into a file; `stop` resolves once all is written. */
async function capture(space: string, name: string, file: string, to: string): Promise<{ stop(): Promise<void> }> {
  const [command = '', ...words] = [...inside(space), 'dumpcap', '-q', '-s', '0', '-B', '64', '-i', name, '-w', file]
  const made = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  made.stderr.on('data', (data) => (said += String(data)))
  const gone = new Promise<void>((resolve) => made.once('exit', () => resolve()))
  const stop = (): Promise<void> => {
    made.kill('SIGINT')
    return gone
  }
  open.push(stop)
  await until(
    () => said.includes('File:'),
    () => said,
  )
  // What went over the cable last is in the file once a farewell that follows it is.
  const farewell = `farewell of ${name}`
  const last = async (): Promise<void> => {
    await until(() => {
      spawnSync('ip', ['netns', 'exec', space, 'bash', '-c', `echo ${farewell} > /dev/udp/${to}/9`])
      return readFileSync(file).includes(farewell)
    })
    await stop()
  }
  return { stop: last }
}

/** What TCP carried, stream by stream and way by way, without what was sent twice. */
function carried(file: string): string[] {
  const fields = ['-T', 'fields', '-e', 'tcp.stream', '-e', 'ip.src', '-e', 'tcp.payload']
  const rows = execFileSync(
    'tshark',
    ['-r', file, '-Y', 'tcp.len > 0 && !tcp.analysis.retransmission && !tcp.analysis.spurious_retransmission', ...fields],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const streams = new Map<string, string[]>()
  for (const row of rows.trim().split('\n')) {
    const [stream = '', source = '', hex = ''] = row.split('\t')
    const key = `${stream} ${source}`
    streams.set(key, [...(streams.get(key) ?? []), hex])
  }
  return [...streams.values()].map((parts) => Buffer.from(parts.join(''), 'hex').toString('latin1'))
}

/** Payloads of UDP. */
function datagrams(file: string): Buffer[] {
  const rows = execFileSync('tshark', ['-r', file, '-Y', 'udp', '-T', 'fields', '-e', 'udp.payload'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return rows
    .trim()
    .split('\n')
    .map((hex) => Buffer.from(hex, 'hex'))
}

const COUNT = 12_500
const mark = (i: number): string => `#${String(i).padStart(13, '0')}~\n`
/** 200000 octets in which no sixteen are like any others. */
const IMAGE = Buffer.from(Array.from({ length: COUNT }, (_, i) => mark(i)).join(''))

/** How often each mark of the image went over the cable. */
function crossings(streams: readonly string[]): { readonly most: number; readonly total: number } {
  const seen = new Map<string, number>()
  for (const stream of streams) for (const [text] of stream.matchAll(/#\d{13}~/g)) seen.set(text, (seen.get(text) ?? 0) + 1)
  return { most: Math.max(0, ...seen.values()), total: [...seen.values()].reduce((sum, each) => sum + each, 0) }
}

/** A device as a process that stays; its files lie beside its state. */
async function device(space: string, n: number, folder: string, ...more: string[]): Promise<{ packages(): Buffer[]; err(): string }> {
  const state = join(folder, `ed${String(n)}.json`)
  const words = [
    join(root, 'core/node/cli/cli.ts'),
    'device',
    '--gateway',
    `http://${GATEWAY_DOWN}:${String(PORT)}/gw`,
    '--id',
    ed(n),
    '--push-port',
    '0',
    '--push-host',
    DEVICES,
    '--mo',
    'scomo',
    '--state',
    state,
    '--json',
    ...more,
  ]
  const [command = '', ...rest] = [...inside(space), process.execPath, ...words]
  const made = spawn(command, rest, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let err = ''
  made.stdout.on('data', (data) => (said += String(data)))
  made.stderr.on('data', (data) => (err += String(data)))
  const gone = new Promise<void>((resolve) => made.once('exit', () => resolve()))
  open.push(() => {
    made.kill('SIGTERM')
    return gone
  })
  await until(
    () => said.includes('"completed"'),
    () => [said, err],
    60_000,
  )
  const packages = join(`${state}.files`, 'packages')
  return { err: () => err, packages: () => (existsSync(packages) ? readdirSync(packages).map((file) => readFileSync(join(packages, file))) : []) }
}

const download = [
  { kind: 'Add', locUri: './SCOMO/Download/img', format: 'node' },
  { kind: 'Add', locUri: './SCOMO/Download/img/PkgID', data: 'img' },
] as const
const exec = { kind: 'Exec', locUri: './SCOMO/Download/img/Operations/Download' } as const
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test(
  "gw 28, 34, 39, 41, 68, 74: Y', Z' and the transparent image flow between three network namespaces; the image crosses the server's cable once",
  { timeout: 180_000 },
  async (context) => {
    needsSqlite(context)
    needs(context, 'ip', 'dumpcap', 'tshark')
    const names = spaces(context)
    const folder = mkdtempSync(join(tmpdir(), 'dm-lab-spaces-'))
    open.unshift(() => rmSync(folder, { recursive: true, force: true }))
    const dm = `http://${SERVER}:${String(PORT)}/dm`
    const server = await labProcess(
      { workspace: join(folder, 'server'), host: SERVER, dmPort: PORT, advertise: `http://${SERVER}:${String(PORT)}` },
      inside(names.server),
    )
    open.push(() => server.stop())
    const role = { server: dm, encoding: 'wbxml' } as const
    const gateway = await labProcess(
      { workspace: join(folder, 'gateway'), host: '0.0.0.0', dmPort: PORT, advertise: `http://${GATEWAY_DOWN}:${String(PORT)}`, gateway: role },
      inside(names.gateway),
    )
    open.push(() => gateway.stop())
    const [up, down] = [join(folder, 'up.pcapng'), join(folder, 'down.pcapng')]
    const recorders = await Promise.all([capture(names.server, 'up0', up, GATEWAY_UP), capture(names.devices, 'down1', down, GATEWAY_DOWN)])
    const transparent = ['--mode', 'transparent', '--server', dm]
    const devices = await Promise.all([
      device(names.devices, 1, folder),
      device(names.devices, 2, folder, '--encoding', 'wbxml'),
      device(names.devices, 3, folder, ...transparent),
    ])
    const relations = (): Promise<RelationRow[]> => server.ask<RelationRow[]>('gateways.relations')
    await until(async () => (await relations()).length === 3, relations)
    expect((await relations()).map(({ deviceId, flow }) => [deviceId, flow]).sort()).toEqual([
      [ed(1), 'Y'],
      [ed(2), 'Y'],
      [ed(3), "Z'"],
    ])

    // The image goes to the gateway.
    await server.ask('catalogue.add', 'img.bin', IMAGE.toString('base64'), { pkgId: 'img', components: [{ id: 'img', version: '1' }] })
    await server.ask('gateways.image', { gateway: GATEWAY_ID, imageId: 'img', pkg: 'img', expiry: 600 })
    const images = (): Promise<ImageRow[]> => server.ask<ImageRow[]>('gateways.images')
    const [image] = await until(async () => ((await images())[0]?.state === 'ready' ? images() : undefined), images, 60_000)
    expect(image?.url).toBe(`http://${GATEWAY_DOWN}:${String(PORT)}/gw/image/img`)

    // Y': two devices in proxy mode fetch it.
    const url = { kind: 'Add', locUri: './SCOMO/Download/img/PkgURL', data: '{{ImageURL}}' }
    const { id } = await server.ask<FanoutRow>('gateways.fanout', {
      gateway: GATEWAY_ID,
      devices: [ed(1), ed(2)],
      timeout: 60,
      image: 'img',
      commands: [...download, url, exec],
    })
    const row = async (): Promise<FanoutRow | undefined> => (await server.ask<FanoutRow[]>('gateways.fanouts')).find((each) => each.id === id)
    const about = async (): Promise<unknown> => [await row(), devices.map((each) => each.err())]
    const done = await until(async () => ((await row())?.state === 'done' ? row() : undefined), about, 60_000)
    expect(done.devices.map(({ deviceId, code }) => [deviceId, code])).toEqual([
      [ed(1), 1200],
      [ed(2), 1200],
    ])

    // Z': the notification of the transparent device passes the gateway, and so does its session; the image comes from the gateway.
    await server.ask('devices.queue', ed(3), [...download, { kind: 'Add', locUri: './SCOMO/Download/img/PkgURL', data: image?.url }, exec])
    const sent = await server.ask<NotifyResult>('devices.notify', ed(3), {})
    expect(sent.to).toBe(`http://${GATEWAY_DOWN}:${String(PORT)}/gw/push`)
    for (const each of devices)
      await until(
        () => each.packages().some((bytes) => digest(bytes) === digest(IMAGE)),
        () => [each.err(), each.packages().map(({ length }) => length)],
        60_000,
      )

    await Promise.all(recorders.map((each) => each.stop()))
    const [server_, below] = [carried(up), carried(down)]
    // Chunks of messages cut a few marks in two; those that are whole went once.
    const once = crossings(server_)
    expect(once.most).toBe(1)
    expect(once.total).toBeGreaterThan(COUNT * 0.98)
    const thrice = crossings(below)
    expect([thrice.most, thrice.total]).toEqual([3, COUNT * 3])
    expect(
      server_.some((text) => new RegExp(`^x-oma-gwmo: *${ed(3)}\\r$`, 'im').test(text)),
      'the extended push header',
    ).toBe(true)
    expect(
      below.some((text) => text.startsWith(`CONNECT ${SERVER}:${String(PORT)} `)),
      'the way of its session',
    ).toBe(true)
    const told = datagrams(down)
    expect(told.length).toBeGreaterThanOrEqual(3)
    const octets = Buffer.from(sent.package0)
    expect(told.filter((bytes) => bytes.includes(octets)).length, 'octet for octet').toBe(1)
    expect(server_.some((text) => text.includes(octets.toString('latin1')))).toBe(true)
  },
)
