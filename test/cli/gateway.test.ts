// `dmlab device --gateway`, `dmlab fanout` and `dmlab image` against a lab that plays server and gateway: processes, real sockets, exit codes of the contract.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FanoutRow, ImageRow, RelationRow, TraceRow } from '../../core/api.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { needsSqlite } from '../store/memory.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'
import { PATIENCE } from '../support/patience.ts'

const dir = scratch()
const workspace = join(dir, 'ws')
const TEXT = './Vendor/DMLab/Settings/Text'
let lab: Running | null = null
let ready: { readonly dm: string; readonly gateway: string; readonly api: string; readonly ui: string }
const devices: Running[] = []
beforeEach((context) => needsSqlite(context))
beforeAll(async () => {
  if (!process.features.typescript) return
  lab = running(['serve', '--workspace', workspace, '--role', 'lab,gateway', '--no-tls', '--dm-port', '0', '--ui-port', '0'])
  ready = JSON.parse(await lab.line(0)) as typeof ready
})
afterEach(async () => void (await Promise.all(devices.splice(0).map((device) => device.stop()))))
afterAll(async () => void (await lab?.stop()))

const run = (...words: string[]): ReturnType<typeof dmlab> => dmlab([...words, '--workspace', workspace])
const get = async <T>(path: string): Promise<T> => {
  const token = new URL(ready.ui).searchParams.get('token') ?? ''
  return (await fetch(new URL(path, ready.api), { headers: { authorization: `Bearer ${token}` } })).json() as Promise<T>
}
async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const found = await what()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error('it did not happen within 15 seconds')
  }
}
const related = (id: string, mode: string): Promise<RelationRow> =>
  until(async () =>
    (await get<{ relations: RelationRow[] }>('relations')).relations.find((row) => row.deviceId === id && row.mode === mode && row.attached),
  )

/** A device as a process that stays; its second line is its registration. */
async function stays(...words: string[]): Promise<Running> {
  const device = running(['device', '--gateway', ready.gateway, '--push-port', '0', '--json', ...words])
  devices.push(device)
  expect(JSON.parse(await device.line(0))).toMatchObject({ push: expect.stringMatching(/^udp:/), pid: device.process.pid })
  expect(JSON.parse(await device.line(1))).toMatchObject({ outcome: 'completed' })
  return device
}

test('gw 16, 17: a session registers in proxy mode; transparent devices say so, and have a session with their server that passes the gateway unread', async () => {
  const proxy = await dmlab(['device', '--gateway', ready.gateway, '--id', 'urn:x:proxy', '--json'])
  expect([proxy.err, JSON.parse(proxy.text)]).toMatchObject(['', { devices: [{ id: 'urn:x:proxy', outcome: 'completed', authentication: 'ok' }] }])
  expect(await related('urn:x:proxy', 'proxy')).toMatchObject({ gateway: GATEWAY_ID, flow: 'Y' })
  const own = ['device', '--gateway', ready.gateway, '--mode', 'transparent', '--server', ready.dm, '--json']
  const through = alone([...own, '--id', 'urn:x:through'])
  expect([through.err, through.code]).toEqual(['', 0])
  expect(JSON.parse(through.text)).toMatchObject({ devices: [{ id: 'urn:x:through', further: [{ outcome: 'completed', authentication: 'ok' }] }] })
  expect(await related('urn:x:through', 'transparent')).toMatchObject({ flow: "Z'" })
  const rows = async (): Promise<TraceRow[]> =>
    (await run('trace', 'list', '--kind', 'all', '--json')).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TraceRow)
  await until(async () => (await rows()).some(({ hop, device }) => hop === 'S-D' && device === 'urn:x:through'))
  const told = (await run('trace', 'filter', 'kind == event')).text
  expect(told + JSON.stringify(await rows())).toContain('passes through, unread')
  expect((await dmlab([...own, '--id', 'urn:x:past', '--direct'])).code).toBe(0)
}, 60_000)

test('a fan-out is created and waited for, listed, shown, and repeated for those that failed', async () => {
  await stays('--id', 'urn:x:one')
  await stays('--id', 'urn:x:two', '--encoding', 'wbxml')
  await Promise.all([related('urn:x:one', 'proxy'), related('urn:x:two', 'proxy')])
  // The gateway need not be named where there is one.
  const to = ['--device', 'urn:x:one', '--device', 'urn:x:two', '--timeout', '60', '--wait', '60', '--json']
  const good = alone(['fanout', 'create', ...to, '--workspace', workspace, '--command', `Replace ${TEXT} fanned out`, '--command', `Get ${TEXT}`])
  expect([good.err, good.code]).toEqual(['', 0])
  expect(JSON.parse(good.text)).toMatchObject({ result: 200, devices: [{ code: 200 }, { code: 200 }] })
  const bad = await run('fanout', 'create', ...to, '--command', 'Replace ./Vendor/DMLab/Nothing x')
  const row = JSON.parse(bad.text) as FanoutRow
  expect([bad.code, bad.err, row.devices.map(({ code }) => code)]).toEqual([1, expect.stringContaining('ended with 500'), [404, 404]])
  const again = await run('fanout', 'retry', row.id, '--device', 'urn:x:two', '--json')
  expect(JSON.parse(again.text)).toMatchObject({ devices: [{ deviceId: 'urn:x:two' }] })
  expect((await run('fanout', 'list')).text).toContain(row.id)
  expect((await run('fanout', 'show', row.id)).text).toMatch(/urn:x:one +404/)
  expect(JSON.parse((await run('fanout', 'list', '--json')).text)).toMatchObject({
    fanouts: expect.arrayContaining([expect.objectContaining({ id: row.id })]),
  })
}, 60_000)

test('a fan-out to nobody who answers is cancelled; wrong words are refused', async () => {
  const made = await run(
    'fanout',
    'create',
    '--gateway',
    GATEWAY_ID,
    '--device',
    'urn:x:proxy',
    '--command',
    `Get ${TEXT}`,
    '--timeout',
    '60',
    '--json',
  )
  const { id } = JSON.parse(made.text) as FanoutRow
  await until(async () => (await get<{ fanouts: FanoutRow[] }>('fanouts')).fanouts.some((row) => row.id === id && row.state === 'running'))
  expect((await run('fanout', 'cancel', id)).code).toBe(0)
  await until(async () => (await get<{ fanouts: FanoutRow[] }>('fanouts')).fanouts.some((row) => row.id === id && row.state === 'cancelled'))
  expect(await run('fanout', 'show', 'nothing')).toMatchObject({ code: 2, err: 'dmlab: there is no fan-out nothing\n' })
  expect(await run('fanout', 'create', '--gateway', GATEWAY_ID, '--all')).toMatchObject({ code: 2, err: expect.stringContaining('--command') })
  expect(await run('fanout', 'create', '--gateway', 'x', '--command', 'Frob ./A')).toMatchObject({
    code: 2,
    err: expect.stringContaining('KIND URI'),
  })
  expect(await dmlab(['device', '--gateway', 'http://127.0.0.1:1/gw', '--mode', 'transparent'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('needs --server'),
  })
  expect(await dmlab(['device', '--server', 'http://127.0.0.1:1/dm', '--mode', 'proxy'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('--gateway'),
  })
}, 60_000)

test('an image is added, fetched from where it says, prolonged and dropped', async () => {
  const file = join(dir, 'picture.bin')
  writeFileSync(file, 'octets of a picture')
  expect((await run('catalogue', 'add', file, '--facts', JSON.stringify({ pkgId: 'picture' }))).code).toBe(0)
  expect((await run('image', 'add', 'picture', '--pkg', 'picture', '--expiry', '600', '--json')).code).toBe(0)
  const state = async (wanted: ImageRow['state']): Promise<ImageRow> =>
    until(async () => (await get<{ images: ImageRow[] }>('images')).images.find((row) => row.imageId === 'picture' && row.state === wanted))
  const { url } = await state('ready')
  expect(await (await fetch(url)).text()).toBe('octets of a picture')
  const longer = JSON.parse((await run('image', 'prolong', 'picture', '--gateway', GATEWAY_ID, '--seconds', '3600', '--json')).text) as ImageRow
  expect(Date.parse(String(longer.expiresAt))).toBeGreaterThan(Date.now() + 3_500_000)
  expect((await run('image', 'list')).text).toMatch(/picture +urn:x-dm-lab:gateway:1 +ready +19 /)
  expect((await run('image', 'drop', 'picture', '--gateway', GATEWAY_ID)).code).toBe(0)
  await until(async () => (await fetch(url)).status === 410)
  expect(await run('image', 'add', 'x', '--gateway', GATEWAY_ID)).toMatchObject({ code: 2, err: expect.stringContaining('--pkg or from --url') })
}, 60_000)
