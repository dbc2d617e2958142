// Devices that lie and strangers at the gateway's door, over real sockets: each attempt is refused, nothing else suffers, and the trace has a row that says so.
import { get } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TraceRow } from '../../core/api.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { generic } from '../../core/gateway/inventory.ts'
import { registrationText } from '../../core/gateway/payloads.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import { needsSqlite } from '../store/memory.ts'
import { leapClock } from '../support/leapclock.ts'
import { packageOne, postBody, realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { ed, fleetDevice, until } from './gatewayrig.ts'
import type { FleetDevice } from './gatewayrig.ts'

const TEXT = './Vendor/DMLab/Settings/Text'
const open: (() => unknown)[] = []
const clock = leapClock()
let lab: RealLab
let gateway = ''
beforeEach(async (context) => {
  needsSqlite(context)
  lab = await realLab({ gateway: {}, limits: { bodyBytes: 100_000 }, clock })
  gateway = lab.ready.gateway ?? ''
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  await lab.end()
})

async function device(n: number, more: Partial<Parameters<typeof fleetDevice>[1]> = {}): Promise<FleetDevice> {
  const made = await fleetDevice(n, { gateway, ...more })
  open.push(() => made.end())
  return made
}
const records = async (): Promise<Record<string, number>> =>
  Object.fromEntries(((await lab.api.gateways.inside())?.records ?? []).map(({ deviceId, lastSeen }) => [deviceId, lastSeen]))
const registration = (id: string): ReturnType<typeof generic> =>
  generic(
    ALERTS.registration.type,
    'xml',
    '',
    registrationText({ deviceId: id, device: { type: 'URI', address: 'udp://192.0.2.66:2948' }, servers: [] }),
    'informational',
  )
/** Status and body of a GET that leaves from another address. */
const from = (localAddress: string, url: string): Promise<[number, string]> =>
  new Promise((resolve, reject) => {
    get(url, { localAddress }, (res) => {
      let body = ''
      res.on('data', (chunk: Buffer) => (body += chunk.toString()))
      res.on('end', () => resolve([res.statusCode ?? 0, body]))
    }).on('error', reject)
  })
const says = (rows: readonly TraceRow[], text: string): boolean => rows.some((row) => row.text.includes(text))

test('gw 94: a device that registers another one gets 412; the other one has no record, and the trace names both', async () => {
  const liar = await device(1)
  expect(await liar.living.session({ type: 'start', initiated: 'client', alerts: [registration(ed(9))] })).toMatchObject({ outcome: 'completed' })
  expect(Object.keys(await records())).toEqual([ed(1)])
  await lab.until((rows) => says(rows, `${ed(1)} asked to register ${ed(9)}: a device registers only itself (412)`))
  expect(await lab.api.gateways.relations()).not.toContainEqual(expect.objectContaining({ deviceId: ed(9) }))
})

test('a registration that is replayed registers nobody: its credentials are used up', async () => {
  const bodies: Uint8Array[] = []
  const honest = await device(1, { post: (real) => async (frame) => (bodies.push(frame.bytes), real(frame)) })
  expect(await honest.register()).toMatchObject({ outcome: 'completed' })
  const before = await records()
  const count = (await lab.rows()).length
  const proven = bodies.map((bytes) => new TextDecoder().decode(bytes)).find((text) => text.includes('<Cred>') && text.includes('DeviceRegistration'))
  if (proven === undefined) throw new Error('no registration was seen')
  // As it was (the session is over), and as if it were a session of its own.
  const moved = proven
    .replace(/<SessionID>[^<]*</, '<SessionID>BEEF<')
    .replace(/<MsgID>[^<]*</, '<MsgID>1<')
    .replace(/udp:\/\/[^<]*/, 'udp://192.0.2.66:2948')
  for (const body of [proven, moved]) await postBody(gateway, body)
  const answer = await postBody(gateway, moved)
  expect(answer.text).toMatch(/<Data>(401|407)<\/Data>/)
  expect(await records()).toEqual(before)
  const inside = await lab.api.gateways.inside()
  expect(inside?.records[0]?.address).toBe(honest.port?.url)
  const rows = (await lab.rows()).slice(count)
  expect(rows.filter(({ sessionId, severity }) => sessionId === 'BEEF' && (severity === 'warn' || severity === 'error')).length).toBeGreaterThan(0)
})

test('a stranger without the shared secret is nobody: 401, no record, no relation, a row', async () => {
  await lab.end()
  lab = await realLab({ gateway: { enrol: 'never' } })
  gateway = lab.ready.gateway ?? ''
  const answer = await postBody(gateway, packageOne({ device: ed(66), cred: btoa('lab:guess') }))
  expect(answer.text).toContain('<Data>401</Data>')
  expect(await records()).toEqual({})
  await lab.until((rows) => rows.some(({ device: who, severity }) => who === ed(66) && (severity === 'warn' || severity === 'error')))
})

test("a result that is too large is not taken (413): its device's part ends by the clock, the others' parts do not suffer", async () => {
  let lying = false
  const fat = new Uint8Array(200_000).fill(0x20)
  const [honest, liar] = [
    await device(1),
    await device(3, {
      post: (real) => (frame) =>
        lying && new TextDecoder().decode(frame.bytes).includes('<Results>')
          ? real({ ...frame, bytes: Buffer.concat([frame.bytes, fat]) })
          : real(frame),
    }),
  ]
  for (const each of [honest, liar]) expect(await each.register()).toMatchObject({ outcome: 'completed' })
  await until(async () => (await lab.api.gateways.relations()).length === 2)
  lying = true
  const { id } = await lab.api.gateways.fanout({
    gateway: GATEWAY_ID,
    devices: [ed(1), ed(3)],
    commands: [{ kind: 'Get', locUri: TEXT }],
    timeout: 60,
  })
  const row = async () => (await lab.api.gateways.fanouts()).find((each) => each.id === id)
  await lab.until((rows) => rows.some(({ kind, httpStatus }) => kind === 'http' && httpStatus === 413))
  await until(async () => (await lab.api.gateways.inside())?.jobs.at(-1)?.devices.some(({ code }) => code === 200))
  clock.leap(60_000)
  const done = await until(async () => ((await row())?.result ? row() : undefined), row)
  expect([done.result, done.devices.map(({ deviceId, code }) => [deviceId, code])]).toEqual([
    206,
    [
      [ed(1), 200],
      [ed(3), 408],
    ],
  ])
})

test('a session that never comes to an end is ended (1223), and the row says why; a fan-out for others goes on meanwhile', async () => {
  const honest = await device(1)
  await honest.register()
  await until(async () => (await lab.api.gateways.relations()).length === 1)
  const header = (n: number): string => packageOne({ device: ed(66), session: 'E0', msgId: String(n) }).replace(/<SyncBody>.*/s, '')
  await postBody(gateway, packageOne({ device: ed(66), session: 'E0' }).replace('<Final/>', ''))
  const fan = await lab.api.gateways.fanout({ gateway: GATEWAY_ID, devices: [ed(1)], commands: [{ kind: 'Get', locUri: TEXT }], timeout: 60 })
  // It asks for more, and tells something each time that is nothing: with questions alone its package would count as complete.
  const body = '<Alert><CmdID>1</CmdID><Data>1222</Data></Alert><Alert><CmdID>2</CmdID><Data>1200</Data></Alert>'
  let last = ''
  for (let n = 2; n <= 60 && !last.includes('<Data>1223</Data>'); n += 1)
    last = (await postBody(gateway, `${header(n)}<SyncBody>${body}</SyncBody></SyncML>`)).text
  expect(last).toContain('<Data>1223</Data>')
  await until(async () => (await lab.api.gateways.fanouts()).find(({ id }) => id === fan.id)?.result === 200)
  const rows = await lab.rows()
  const told = rows.filter(({ sessionId, severity }) => sessionId === 'E0' && severity === 'error')
  expect(told.length).toBeGreaterThan(0)
})

test("a stranger on the network gets no image, and nobody gets another device's results from the gateway", async () => {
  const honest = await device(1)
  await honest.register()
  await until(async () => (await lab.api.gateways.relations()).length === 1)
  await lab.api.catalogue.add('img.bin', Buffer.from('an image'), { pkgId: 'img', components: [{ id: 'img', version: '1' }] })
  await lab.api.gateways.image({ gateway: GATEWAY_ID, imageId: 'img', pkg: 'img' })
  await until(async () => (await lab.api.gateways.images())[0]?.state === 'ready')
  const url = `${gateway}/image/img`
  for (const path of [url, `${url}.dd`]) {
    expect(await from('127.0.0.2', path)).toEqual([403, expect.stringContaining('no device of this gateway speaks from 127.0.0.2')])
  }
  await lab.until((rows) => rows.some(({ hop, httpStatus }) => hop === 'G-D' && httpStatus === 403))
  expect(await (await fetch(url)).text()).toBe('an image')
  // What a device asks of the gateway's own tree is no command for a server.
  await lab.api.gateways.fanout({ gateway: GATEWAY_ID, devices: [ed(1)], commands: [{ kind: 'Get', locUri: './DevDetail/FwV' }], timeout: 60 })
  await until(async () => (await lab.api.gateways.fanouts())[0]?.result === 200)
  const question = '<Get><CmdID>3</CmdID><Item><Target><LocURI>./GwMO/Fanout/Fanout</LocURI></Target></Item></Get>'
  const asked = await postBody(gateway, packageOne({ device: ed(5), extra: question }))
  expect(asked.text).not.toContain('<Results>')
  expect(asked.text).toMatch(/<Cmd>Get<\/Cmd>.*<Data>40[0-9]<\/Data>/s)
  await lab.until((rows) => rows.some(({ device: who, commands, findings }) => who === ed(5) && commands.includes('Get') && findings > 0))
})
