// The gateway as a role of a real process: registration, fan-out, images and forwarded notifications between real sockets.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { GATEWAY_ACCOUNT, GATEWAY_ID } from '../../core/node/gateway.ts'
import { makeClient } from '../../core/device/client.ts'
import type { Client } from '../../core/device/client.ts'
import { generic } from '../../core/gateway/inventory.ts'
import { registrationText } from '../../core/gateway/payloads.ts'
import { Door } from '../../core/device/door.ts'
import { runClient } from '../../core/lab/runner.ts'
import { notification, readHttp } from '../../core/notify/push.ts'
import { trigger } from '../../core/syncml/package0.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import type { Alert } from '../../core/syncml/message.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { listenPush } from '../../core/node/push.ts'
import type { PushPort } from '../../core/node/push.ts'
import { randomSource } from '../../core/node/random.ts'
import { accountsOf } from '../../core/device/profile.ts'
import { needs } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const clock = processClock()
const env = { now: clock.now, random: randomSource() }
const open: { close(): unknown }[] = []
let lab: RealLab | null = null

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  await lab?.end()
  lab = null
})

interface Device {
  readonly id: string
  readonly client: Client
  readonly port: PushPort
  /** What its sessions came to. */
  readonly ends: string[]
  visit(alerts?: readonly Alert[]): Promise<string>
}

/** A device with a push port of its own; a notification makes it open the session it asks for. */
async function device(running: RealLab, n: number, to: 'gateway' | 'server' = 'gateway'): Promise<Device> {
  const id = `urn:example:dev:ed${n}`
  const account =
    to === 'gateway'
      ? { serverUri: running.ready.gateway ?? '', user: 'lab', password: 'lab', serverId: GATEWAY_ACCOUNT.serverId, serverPassword: 'lab' }
      : { serverUri: running.ready.dm, user: 'lab', password: 'lab', serverId: 'dm-lab', serverPassword: 'lab' }
  const client = makeClient({ id, encoding: n % 2 === 0 ? 'wbxml' : 'xml', auth: 'syncml:auth-md5', ...account }, env)
  const out = poster({ timeoutMs: 20_000 })
  const door = new Door(client)
  const ends: string[] = []
  let queue: Promise<unknown> = Promise.resolve()
  const hold = (start: Parameters<typeof runClient>[1]): Promise<string> => {
    const held = queue.then(async () => {
      const end = await runClient({ machine: client.machine, post: out.post, clock, save: (record) => client.remember(record) }, start)
      ends.push(`${end.outcome} ${end.reason ?? ''}`.trim())
      return end.outcome
    })
    queue = held
    return held
  }
  const port = await listenPush({
    host: '127.0.0.1',
    port: 0,
    clock,
    received: ({ push }) => {
      const entrance = push === null ? null : door.receive(push)
      if (entrance?.what === 'session') void hold(entrance.start)
      else ends.push(`push refused: ${entrance?.text ?? ''}`)
    },
  })
  open.push(port, out)
  return { id, client, port, ends, visit: (alerts = []) => hold({ type: 'start', initiated: 'client', alerts }) }
}

const registers = (who: Device, servers: readonly string[] = []): Alert =>
  generic(
    ALERTS.registration.type,
    'xml',
    '',
    registrationText({ deviceId: who.id, device: { type: 'URI', address: who.port.url }, servers }),
    'informational',
  )

async function until(good: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE; !(await good()); await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (performance.now() > end) throw new Error('still not so after ten seconds')
  }
}

async function gatewayLab(): Promise<RealLab> {
  lab = await realLab({ gateway: {} })
  return lab
}

describe('a gateway in the lab', () => {
  const attached = (rows: readonly { hop: string; commands: readonly string[] }[]): boolean =>
    rows.some(({ hop, commands }) => hop === 'S-G' && commands.some((each) => each.includes('1226')))

  test(
    "gw 28 and 29: two proxy devices register (Y'), a fan-out reaches both by real notifications, results come back by themselves",
    { timeout: 60_000 },
    async () => {
      const running = await gatewayLab()
      const [one, two] = [await device(running, 1), await device(running, 2)]
      expect(await one.visit([registers(one)])).toBe('completed')
      expect(await two.visit([registers(two)])).toBe('completed')
      await until(async () => (await running.api.gateways.relations()).length === 2)
      expect(await running.api.gateways.relations()).toMatchObject([
        { deviceId: one.id, mode: 'proxy', flow: 'Y', attached: true },
        { deviceId: two.id, mode: 'proxy', flow: 'Y', attached: true },
      ])
      const fan = await running.api.gateways.fanout({
        gateway: GATEWAY_ID,
        devices: [one.id, two.id],
        commands: [{ kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'fanned out' }],
        timeout: 60,
      })
      await until(async () => (await running.api.gateways.fanouts())[0]?.state === 'done')
      expect((await running.api.gateways.fanouts()).find(({ id }) => id === fan.id)).toMatchObject({
        result: 200,
        devices: [
          { deviceId: one.id, code: 200 },
          { deviceId: two.id, code: 200 },
        ],
      })
      for (const each of [one, two]) expect(each.client.device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).toBe('fanned out')
      const rows = await running.rows()
      expect(rows.filter(({ kind, hop }) => kind === 'push' && hop === 'G-D').length, 'own notifications of the gateway').toBeGreaterThanOrEqual(2)
      expect(rows.filter(({ severity }) => severity === 'error')).toEqual([])
    },
  )

  test("gw 36: Y'.5 in the re-used session: the work and its result are one session", { timeout: 60_000 }, async () => {
    const running = (lab = await realLab({ gateway: { dialect: { asynchronous: 'reuse' } } }))
    const one = await device(running, 1)
    expect(await one.visit([registers(one)])).toBe('completed')
    await until(async () => (await running.api.gateways.relations()).length === 1)
    const commands = [{ kind: 'Get' as const, locUri: './DevInfo/Mod' }]
    await running.api.gateways.fanout({ gateway: GATEWAY_ID, devices: [one.id], commands, timeout: 60 })
    await until(async () => (await running.api.gateways.fanouts())[0]?.state === 'done')
    const rows = await running.rows()
    const of = (what: string): number[] => rows.filter(({ hop, commands: all }) => hop === 'S-G' && all.includes(what)).map(({ session }) => session)
    expect(of('Exec')).toHaveLength(1)
    expect(of('Alert 1226').at(-1)).toBe(of('Exec')[0])
    expect(rows.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  test(
    'gw 30: flow Y: the notification starts a job that lies there, the session that answers it brings the result',
    { timeout: 60_000 },
    async () => {
      const running = await gatewayLab()
      const one = await device(running, 1)
      expect(await one.visit([registers(one)])).toBe('completed')
      await until(async () => (await running.api.gateways.relations()).length === 1)
      const commands = [{ kind: 'Get' as const, locUri: './DevInfo/Mod' }]
      await running.api.gateways.fanout({ gateway: GATEWAY_ID, devices: [one.id], commands, style: 'Y', timeout: 60 })
      await until(async () => (await running.api.gateways.fanouts())[0]?.state === 'done')
      const rows = await running.rows()
      const told = rows.findLast(({ hop, commands: all }) => hop === 'S-G' && all.includes('Alert 1226'))
      expect(told?.commands[0]).toBe('Alert 1200')
      const pushed = rows.find(({ kind, hop, sessionId }) => kind === 'push' && hop === 'S-G' && sessionId === told?.sessionId)
      expect(pushed?.package).toBe('#0')
    },
  )

  test(
    "gw 41: Z', the notification for a transparent device goes through the gateway octet for octet, and its session does not",
    { timeout: 60_000 },
    async () => {
      const running = await gatewayLab()
      const three = await device(running, 3)
      const direct = await device(running, 3, 'server')
      await direct.visit()
      // The device hears pushes at one port; there it knows the DM Server.
      const alert = registrationText({ deviceId: three.id, device: { type: 'URI', address: direct.port.url }, servers: ['dm-lab'] })
      await three.visit([generic(ALERTS.registration.type, 'xml', '', alert, 'informational')])
      await running.until(attached)
      await until(async () => (await running.api.gateways.relations())[0]?.flow === "Z'")
      const sent = await running.api.devices.notify(three.id, {})
      expect(sent.to).toMatch(/\/gw\/push$/)
      await running.until((rows) => rows.some(({ text }) => text.startsWith('forwarded')))
      await until(async () => direct.ends.length >= 2)
      expect(direct.ends).toEqual(['completed', 'completed'])
      const rows = await running.rows()
      const last = rows.filter(({ kind, device: id, direction }) => kind === 'message' && id === three.id && direction === 'up').at(-1)
      expect(last?.hop).toBe('S-D')
      const nobody = await fetch(new URL('/gw/push', running.ready.dm), {
        method: 'POST',
        headers: { 'Content-Type': 'application/vnd.syncml.notification', 'X-Oma-GwMO': 'urn:example:dev:stranger' },
        body: new Uint8Array(sent.package0),
      })
      expect(nobody.status).toBe(404)
    },
  )

  test(
    'gw 82: a notification whose digest is wrong is 403: no session follows, and a right one is heard afterwards (GS-07)',
    { timeout: 60_000 },
    async () => {
      const running = await gatewayLab()
      const one = await device(running, 1)
      await one.visit([registers(one)])
      await running.until(attached)
      const forged = notification(trigger('dm-lab', 0x77), { identity: 'dm-lab', password: 'guess', nonce: new Uint8Array(4) })
      const before = one.ends.length
      const push = async (): Promise<number> => {
        const headers = { 'Content-Type': forged.contentType, 'X-Wap-Application-Id': forged.application ?? '' }
        return (await fetch(new URL('/gw/push', running.ready.dm), { method: 'POST', headers, body: new Uint8Array(forged.body) })).status
      }
      // While a session is open a push is put by (202) and judged when that is over.
      await until(async () => (await push()) === 403)
      expect(one.ends).toHaveLength(before)
      // Work that comes by a right notification afterwards is done, and the forged session is nowhere.
      await running.api.gateways.fanout({
        gateway: GATEWAY_ID,
        devices: [one.id],
        commands: [{ kind: 'Get', locUri: './DevDetail/FwV' }],
        timeout: 60,
      })
      await until(async () => (await running.api.gateways.fanouts())[0]?.state === 'done')
      const ids = (await running.rows()).flatMap(({ hop, kind, sessionId }) => (hop === 'S-G' && kind === 'message' ? [sessionId] : []))
      expect(ids.length).toBeGreaterThan(0)
      expect(ids).not.toContain('77')
    },
  )

  test('gw 11 and 117: S0, an image by Replace, its URL with ranges and descriptor, and nothing after its Expiry', { timeout: 60_000 }, async () => {
    const running = await gatewayLab()
    const bytes = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 31) & 0xff)
    const one = await device(running, 1)
    await one.visit([registers(one)])
    await running.until(attached)
    await running.api.catalogue.add('PKG1.bin', bytes, { pkgId: 'PKG1', components: [{ id: 'a', version: '1' }] })
    await running.api.gateways.image({ gateway: GATEWAY_ID, imageId: 'PKG1', pkg: 'PKG1', expiry: 4 })
    const url = `${running.ready.gateway ?? ''}/image/PKG1`
    await until(async () => (await running.api.gateways.images())[0]?.state === 'ready')
    expect((await running.api.gateways.images())[0]).toMatchObject({ url, size: 60_000 })
    const whole = new Uint8Array(await (await fetch(url)).arrayBuffer())
    expect(createHash('sha256').update(whole).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    const part = await fetch(url, { headers: { Range: 'bytes=59990-' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 59990-59999/60000'])
    expect(await (await fetch(`${url}.dd`)).text()).toContain(`<objectURI>${url}</objectURI>`)
    await running.until((rows) => rows.some(({ text }) => text.includes('has expired')))
    expect((await fetch(url)).status).toBe(410)
    expect((await fetch(`${url}2`)).status).toBe(404)
  })

  test(
    'gw 22, 25, 26, 27 and 114: a device asks to be bootstrapped: 401 and no record for a stranger; with its code it gets an account of its own, and its first session registers it',
    { timeout: 60_000 },
    async (context) => {
      needs(context, 'curl')
      const running = await gatewayLab()
      const id = 'urn:example:dev:ed7'
      const { code, url } = await running.api.gateways.pair(id)
      const ask = async (password: string): Promise<{ status: number; type: string; body: Uint8Array }> => {
        const file = join(mkdtempSync(join(tmpdir(), 'dm-lab-boot-')), 'answer')
        const words = [
          '-sS',
          '--digest',
          '-u',
          `device:${password}`,
          '-o',
          file,
          '-w',
          '%{http_code} %{content_type}',
          `${url}?id=${encodeURIComponent(id)}`,
        ]
        const [status = '', ...type] = (await promisify(execFile)('curl', words)).stdout.split(' ')
        return { status: Number(status), type: type.join(' '), body: new Uint8Array(readFileSync(file)) }
      }
      const wrong = await ask('000000' === code ? '000001' : '000000')
      expect(wrong.status).toBe(401)
      expect(await running.api.gateways.relations()).toEqual([])
      const answer = await ask(code)
      expect(answer.status).toBe(200)
      expect(answer.type).toMatch(/^application\/vnd\.syncml\.dm\+wbxml; SEC=USERPIN; MAC=[0-9A-F]{40}$/i)
      const client = makeClient(
        { id, serverUri: '', user: '', password: '', serverId: '', serverPassword: '', auth: 'syncml:auth-md5', encoding: 'wbxml', bare: true },
        env,
      )
      const door = new Door(client, { pin: code })
      const push = readHttp(answer.type, [], answer.body)
      expect(
        new Door(
          makeClient(
            { id, serverUri: '', user: '', password: '', serverId: '', serverPassword: '', auth: 'syncml:auth-md5', encoding: 'wbxml', bare: true },
            env,
          ),
          { pin: '1' },
        ).receive(push),
      ).toMatchObject({ what: 'nothing', refused: true })
      const entrance = door.receive(push)
      if (entrance.what !== 'session') throw new Error(entrance.text)
      const secrets = accountsOf(client.device.tree)[0]
      expect(secrets?.client?.secret).not.toBe('lab')
      const out = poster({ timeoutMs: 20_000 })
      open.push(out)
      const end = await runClient({ machine: client.machine, post: out.post, clock, save: (record) => client.remember(record) }, entrance.start)
      expect(end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
      await until(async () => (await running.api.gateways.relations()).some(({ deviceId, mode }) => deviceId === id && mode === 'proxy'))
      expect((await ask(code)).status, 'a code serves once').toBe(401)
    },
  )
})
