// The gateway's own ports and files: TLS towards its devices, a download under way when its image runs out, and secrets that last and are told to nobody; over real sockets.
import { createHash } from 'node:crypto'
import { createServer, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect as tcp } from 'node:net'
import { connect as tls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import type { Client } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import { accountsOf } from '../../core/device/profile.ts'
import type { SessionOutcome } from '../../core/lab/runner.ts'
import { runClient } from '../../core/lab/runner.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ACCOUNT, GATEWAY_ID } from '../../core/node/gateway.ts'
import { randomSource } from '../../core/node/random.ts'
import { readHttp } from '../../core/notify/push.ts'
import { answerTo } from '../../core/scenario/digestdoor.ts'
import { needsSqlite } from '../store/memory.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { ed, until } from './gatewayrig.ts'

const clock = processClock()
const env = { now: clock.now, random: randomSource() }
const open: (() => unknown)[] = []
let lab: RealLab | null = null

beforeEach((context) => needsSqlite(context))
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  await lab?.end()
  lab = null
})

/** One session of a device with the gateway. */
async function visit(client: Client, ca?: string): Promise<SessionOutcome> {
  const out = poster({ timeoutMs: 20_000, ...(ca === undefined ? {} : { ca }) })
  try {
    const parts = { machine: client.machine, post: out.post, clock, save: client.remember.bind(client) }
    return await runClient(parts, { type: 'start', initiated: 'client' })
  } finally {
    out.close()
  }
}
const deviceAt = (n: number, serverUri: string): Client =>
  makeClient(
    {
      id: ed(n),
      serverUri,
      user: 'lab',
      password: 'lab',
      serverId: GATEWAY_ACCOUNT.serverId,
      serverPassword: 'lab',
      auth: 'syncml:auth-md5',
      encoding: 'xml',
    },
    env,
  )

test(
  'gw 85: GS-10 devices hold their sessions with the gateway by TLS; nothing old is spoken, and plain HTTP is a finding',
  { timeout: 60_000 },
  async () => {
    const running = (lab = await realLab({ gateway: {}, tlsPort: 0, tlsMust: true }))
    const ca = new TextDecoder().decode((await running.api.trust.authority('pem')).bytes)
    const port = Number(new URL(running.ready.dms ?? '').port)
    expect(await visit(deviceAt(1, `https://127.0.0.1:${String(port)}/gw`), ca)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    expect(await visit(deviceAt(3, `https://127.0.0.1:${String(port)}/gw`)), 'without trust in its authority').toMatchObject({ outcome: 'failed' })
    const rows = await running.until((all) => all.some(({ hop, device, direction }) => hop === 'G-D' && device === ed(1) && direction === 'down'))
    const first = rows.find(({ hop, device }) => hop === 'G-D' && device === ed(1))
    const { notes, findings } = await running.api.trace.frame(first?.seq ?? 0)
    expect(notes.map(({ detail }) => detail?.['tls']).filter((each) => each !== undefined)).toEqual(['TLSv1.3'])
    expect(findings.filter(({ rule }) => rule.startsWith('http.'))).toEqual([])
    expect((await running.api.gateways.inside())?.records.map(({ deviceId }) => deviceId)).toEqual([ed(1)])

    const shake = (options: ConnectionOptions): Promise<TLSSocket | Error> =>
      new Promise((resolve) => {
        const socket = tls({ host: '127.0.0.1', port, ca, ...options }, () => resolve(socket))
        socket.on('error', resolve)
      })
    expect(await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' })).toBeInstanceOf(Error)
    const modern = await shake({ maxVersion: 'TLSv1.2' })
    expect(modern).not.toBeInstanceOf(Error)
    ;(modern as TLSSocket).destroy()
    // A ClientHello of SSL 2.0: two bytes of length, message 1, version 0.2, one cipher of three bytes, a challenge of 16.
    const hello = Buffer.from([
      0x80,
      0x1c,
      0x01,
      0x00,
      0x02,
      0x00,
      0x03,
      0x00,
      0x00,
      0x00,
      0x10,
      0x01,
      0x00,
      0x80,
      ...Array.from({ length: 16 }, (_, i) => i),
    ])
    const said = await new Promise<Buffer>((resolve) => {
      const came: Buffer[] = []
      const socket = tcp(port, '127.0.0.1', () => socket.write(hello))
      socket.on('data', (chunk: Buffer) => came.push(chunk))
      socket.on('error', () => {})
      socket.on('close', () => resolve(Buffer.concat(came)))
    })
    // Nothing, or an alert (15 hex): no ServerHello of any kind.
    expect([undefined, 0x15, 0x48]).toContain(said[0])

    expect(await visit(deviceAt(2, running.ready.gateway ?? ''))).toMatchObject({ outcome: 'completed' })
    const plain = (await running.until((all) => all.some(({ device }) => device === ed(2)))).find(({ device }) => device === ed(2))
    expect((await running.api.trace.frame(plain?.seq ?? 0)).findings.map(({ rule }) => rule)).toContain('http.plain.local')
  },
)

test('gw 121: a download under way at Expiry zero gets every octet; who asks then gets 410, and that is a finding', { timeout: 60_000 }, async () => {
  const running = (lab = await realLab({ gateway: { images: 'open' } }))
  const bytes = new Uint8Array(24 << 20).map((_, i) => (i * 31) ^ (i >> 11))
  const shop = createServer((_, res) => res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length }).end(bytes))
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  open.push(() => shop.close())
  const url = `http://127.0.0.1:${String((shop.address() as AddressInfo).port)}/big.bin`
  await visit(deviceAt(1, running.ready.gateway ?? ''))
  await until(async () => (await running.api.gateways.relations()).length === 1)
  await running.api.gateways.image({ gateway: GATEWAY_ID, imageId: 'BIG', url, expiry: 600 })
  await until(async () => (await running.api.gateways.images())[0]?.state === 'ready')
  const at = `${running.ready.gateway ?? ''}/image/BIG`
  const answer = await new Promise<IncomingMessage>((resolve, reject) => get(at, resolve).on('error', reject))
  expect(answer.statusCode).toBe(200)
  const digest = createHash('sha256')
  const [head] = (await new Promise((resolve) => answer.once('readable', () => resolve([answer.read()])))) as [Buffer]
  digest.update(head)
  expect(head.length).toBeLessThan(bytes.length / 4)
  await running.api.gateways.expire(GATEWAY_ID, 'BIG', 1)
  await running.until((rows) => rows.some(({ text }) => text.includes('has expired')))
  expect((await fetch(at)).status).toBe(410)
  expect((await fetch(`${at}.dd`)).status).toBe(410)
  for await (const chunk of answer) digest.update(chunk as Buffer)
  expect(digest.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  const late = (await running.rows()).filter(({ httpStatus, hop }) => httpStatus === 410 && hop === 'G-D')
  expect(late.map(({ severity, findings }) => [severity, findings])).toEqual([
    ['note', 1],
    ['note', 1],
  ])
  expect((await running.api.trace.frame(late[0]?.seq ?? 0)).findings).toMatchObject([{ rule: 'gw.image.expired', text: 'image BIG has expired' }])
})

test("gw 95: a device's own secret is good after a restart of the gateway, and nothing tells it", { timeout: 60_000 }, async () => {
  let running = (lab = await realLab({ gateway: { enrol: 'never' } }))
  const { code, url } = await running.api.gateways.pair(ed(7))
  const at = new URL(`${url}?id=${encodeURIComponent(ed(7))}`)
  const uri = `${at.pathname}${at.search}`
  const challenge = (await fetch(at)).headers.get('www-authenticate') ?? ''
  const proof = answerTo(challenge.slice(challenge.lastIndexOf('Digest ')), { method: 'GET', uri, user: 'device', password: code, cnonce: 'c0ffee' })
  const answer = await fetch(at, { headers: { Authorization: proof } })
  expect(answer.status).toBe(200)
  const empty = { serverUri: '', user: '', password: '', serverId: '', serverPassword: '', bare: true }
  const client = makeClient({ id: ed(7), ...empty, auth: 'syncml:auth-md5', encoding: 'wbxml' }, env)
  const push = readHttp(answer.headers.get('content-type') ?? '', [], new Uint8Array(await answer.arrayBuffer()))
  const entrance = new Door(client, { pin: code }).receive(push)
  if (entrance.what !== 'session') throw new Error(entrance.text)
  expect(await visit(client)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
  const known = async (): Promise<unknown> => (await running.api.gateways.inside())?.records.map(({ deviceId, mode }) => [deviceId, mode])
  const before = await known()
  expect(before).toEqual([[ed(7), 'proxy']])
  const dmPort = Number(new URL(running.ready.dm).port)
  await running.stop()
  running = lab = await realLab({ workspace: running.workspace, dmPort, gateway: { enrol: 'never' } })
  expect(await known()).toEqual(before)
  expect(await visit(client)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
  const [account] = accountsOf(client.device.tree)
  const secrets = [account?.client?.secret, account?.server?.secret].map((each) => each ?? expect.unreachable('no secret'))
  const { gateways } = running.api
  const told = JSON.stringify([await gateways.inside(), await gateways.relations(), await gateways.fanouts(), await gateways.images()])
  expect(told).toContain(ed(7))
  for (const secret of secrets) expect(told).not.toContain(secret)
  // Another secret is not taken instead.
  const wrong = makeClient(
    {
      id: ed(7),
      serverUri: running.ready.gateway ?? '',
      user: ed(7),
      password: 'guessed',
      serverId: GATEWAY_ACCOUNT.serverId,
      serverPassword: 'lab',
      auth: 'syncml:auth-md5',
      encoding: 'xml',
    },
    env,
  )
  expect((await visit(wrong)).outcome).toBe('failed')
})
