// Adaptation mode over real sockets: a proxy DM device, an Android device behind Debian's adb server and a LwM2M client behind one gateway, managed by fan-outs of one DM Server.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { startLwClient } from '../../core/node/lwm2mdevice.ts'
import type { LwClient } from '../../core/node/lwm2mdevice.ts'
import type { FanoutRow, FanoutWish } from '../../core/api.ts'
import { needsSqlite } from '../store/memory.ts'
import { freePort } from '../support/freeport.ts'
import { has } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { AdbServer, Phone } from './adbrig.ts'
import { ed, fleetDevice, installCommands, installs, smallPackage, until } from './gatewayrig.ts'

const open: (() => unknown)[] = []
let lab: RealLab

const PHONE = 'urn:x-dm-lab:adb:R58M123ABC'
const SENSOR = 'urn:x-dm-lab:lwm2m:sensor'

beforeEach((context) => needsSqlite(context))
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A lab whose gateway speaks LwM2M, and adb where a server is given. */
async function gatewayLab(adb?: AdbServer): Promise<RealLab> {
  lab = await realLab({ ...(adb === undefined ? {} : { adbPort: adb.port }), gateway: { lwm2m: 0, adb: adb !== undefined } })
  const mine = lab
  open.push(() => mine.end())
  return lab
}

async function android(): Promise<{ adb: AdbServer; phone: Phone }> {
  const adb = new AdbServer(await freePort())
  open.push(() => adb.end())
  await adb.start()
  const phone = await new Phone().plug()
  open.push(() => phone.unplug())
  return { adb, phone }
}

async function sensor(url: string | null, takesMs = 5): Promise<LwClient & { log: string[] }> {
  const log: string[] = []
  const client = await startLwClient({
    setup: { endpoint: 'sensor', manufacturer: 'Example', model: 'S7', takesMs },
    url: url ?? '',
    host: '127.0.0.1',
    clock: processClock(),
    log: (text) => void log.push(text),
  })
  open.push(() => client.close(true))
  await client.registered
  return Object.assign(client, { log })
}

const relations = async (count: number): Promise<void> =>
  void (await until(
    async () => (await lab.api.gateways.relations()).length === count,
    () => lab.api.gateways.relations(),
  ))

/** Runs a fan-out to its end. */
async function fanned(wish: Omit<FanoutWish, 'gateway' | 'timeout'>, timeout = 40): Promise<FanoutRow> {
  const { gateways } = lab.api
  const { id } = await gateways.fanout({ gateway: GATEWAY_ID, timeout, ...wish })
  const row = async (): Promise<FanoutRow | undefined> => (await gateways.fanouts()).find((each) => each.id === id)
  return until(
    async () => {
      const now = await row()
      return now?.state === 'done' || now?.state === 'failed' ? now : undefined
    },
    row,
    50_000,
  )
}
const codesOf = ({ devices }: FanoutRow): Record<string, number> => Object.fromEntries(devices.map(({ deviceId, code }) => [deviceId, code]))

describe('three protocols', () => {
  it(
    'gw 18, 19, 33 and 113: one installation for a DM, an adb and a LwM2M device: each fetches the image its own way, all are installed once, all outcomes reach the server',
    { timeout: 90_000 },
    async (context) => {
      if (!has('adb')) context.skip('needs adb: apt-get install adb')
      const { adb, phone } = await android()
      phone.pm.identify = () => ({ name: 'com.app', version: 1 })
      await gatewayLab(adb)
      const { gateways, catalogue } = lab.api
      await lab.api.adb.connect(phone.address)
      const one = await sensor(lab.ready.lwm2m)
      const dm = await fleetDevice(1, { gateway: lab.ready.gateway ?? '' })
      open.push(() => dm.end())
      expect(await dm.register()).toMatchObject({ outcome: 'completed' })
      await relations(3)
      expect((await gateways.relations()).map(({ deviceId, mode, attached }) => [deviceId, mode, attached]).sort()).toEqual([
        [ed(1), 'proxy', true],
        [PHONE, 'adaptation', true],
        [SENSOR, 'adaptation', true],
      ])
      const inventory = await gateways.inventory(GATEWAY_ID)
      const record = (id: string): unknown => inventory.rows.find(({ deviceId }) => deviceId === id)?.record
      expect(record(PHONE)).toMatchObject({ protocol: 'adb', mode: 'adaptation', devInfo: { Man: 'Example', Mod: 'Phone 7' } })
      expect(record(SENSOR)).toMatchObject({ protocol: 'lwm2m', mode: 'adaptation', address: '127.0.0.1', devInfo: { Man: 'Example', Mod: 'S7' } })
      await catalogue.add('app-1.0.zip', await smallPackage('app'), {})
      await gateways.image({ gateway: GATEWAY_ID, imageId: 'app-1.0', pkg: 'app-1.0', expiry: 600 })
      await until(async () => (await gateways.images()).some(({ state }) => state === 'ready'))
      const row = await fanned({ all: true, image: 'app-1.0', commands: installCommands('app-1.0') })
      const ends = (await lab.rows()).filter(({ text }) => text.includes(' ended with ')).map(({ text }) => text)
      expect(codesOf(row), ends.join('\n')).toEqual({ [ed(1)]: 1200, [PHONE]: 1200, [SENSOR]: 1200 })
      expect(row).toMatchObject({ result: 200, summary: { targets: 3, succeeded: 3, failed: 0, pending: 0 } })
      expect(installs(dm, 'app')).toBe(1)
      expect(phone.pm.log).toEqual(['installed com.app 1'])
      expect(one.log.filter((line) => line.startsWith('installed'))).toHaveLength(1)
      const file = phone.files.get('/data/local/tmp/dm-lab-app-1.0.apk')
      expect(file === undefined ? null : Buffer.compare(file.bytes, Buffer.from(await smallPackage('app')))).toBe(0)
      // LwM2M is woken by its trigger, adb by nothing; no SyncML reaches either.
      expect(one.log).toContain('exec /1/0/8')
      const rows = await lab.rows()
      const acts = rows.filter(({ kind, text }) => kind === 'event' && text.startsWith('gateway.adapter'))
      expect(acts.some(({ text }) => text.includes('is woken by lwm2m'))).toBe(true)
      expect(acts.some(({ text }) => text.includes('is woken by adb'))).toBe(false)
      expect(rows.filter(({ kind, hop, device }) => kind === 'message' && hop === 'G-D' && device !== ed(1))).toEqual([])
      const proofs = (await gateways.inventory(GATEWAY_ID)).rows.find(({ deviceId }) => deviceId === SENSOR)
      expect(proofs?.proofs.length).toBeGreaterThanOrEqual(2)
      expect(proofs?.findings).toEqual([])
    },
  )
})

describe('what such devices can do', () => {
  it(
    'gw 101, 104: a package travels in the fan-out; Android installs it, the LwM2M device fails late; firmware goes to the one, the other refuses it; everything can be read',
    { timeout: 120_000 },
    async (context) => {
      if (!has('adb')) context.skip('needs adb: apt-get install adb')
      const { adb, phone } = await android()
      phone.pm.identify = () => ({ name: 'com.editor', version: 2 })
      await gatewayLab(adb)
      const { gateways, catalogue } = lab.api
      await lab.api.adb.connect(phone.address)
      const one = await sensor(lab.ready.lwm2m)
      await relations(2)
      for (const [pkg, version] of [
        ['broken', '2-FAILS'],
        ['fw', '3.1'],
      ] as const) {
        await catalogue.add(`${pkg}.bin`, Buffer.from(`name=${pkg} version=${version}\n`.padEnd(3000, '.')), {
          pkgId: pkg,
          components: [{ id: pkg, version: '1' }],
        })
        await gateways.image({ gateway: GATEWAY_ID, imageId: pkg, pkg, expiry: 600 })
      }
      await until(
        async () => (await gateways.images()).filter(({ state }) => state === 'ready').length === 2,
        async () => [
          await gateways.images(),
          (await lab.rows())
            .slice(-60)
            .map(({ seq, kind, hop, direction, commands, statuses, text }) => [seq, kind, hop, direction, commands, statuses, text].join(' ')),
        ],
      )
      const base = './SCOMO/Inventory/Delivered/ed'
      const install = await fanned({
        mode: 2,
        image: 'broken',
        commands: [
          { kind: 'Add', locUri: base, format: 'node' },
          { kind: 'Add', locUri: `${base}/Data`, data: '{{ImageData}}', format: 'b64' },
          { kind: 'Exec', locUri: `${base}/Operations/Install` },
        ],
      })
      expect(codesOf(install), JSON.stringify(install)).toEqual({ [PHONE]: 1200, [SENSOR]: 1405 })
      expect(install).toMatchObject({ result: 206, summary: { targets: 2, succeeded: 1, failed: 1, pending: 0 } })
      expect(phone.files.get('/data/local/tmp/dm-lab-ed.apk')?.bytes).toHaveLength(3000)
      expect(one.log).toContain('package broken 2-FAILS, 3000 octets')
      const fw = await fanned({
        all: true,
        image: 'fw',
        commands: [
          { kind: 'Replace', locUri: './FwUpdate/fw/DownloadAndUpdate/PkgURL', data: '{{ImageURL}}' },
          { kind: 'Exec', locUri: './FwUpdate/fw/DownloadAndUpdate' },
        ],
      })
      expect(codesOf(fw), JSON.stringify(fw)).toEqual({ [PHONE]: 406, [SENSOR]: 200 })
      expect(one.log).toContain('firmware fw 3.1, 3000 octets')
      expect(one.device.value('/3/0/3')).toBe('3.1')
      const rest = await fanned({
        all: true,
        commands: [
          { kind: 'Get', locUri: './DevInfo/Mod' },
          { kind: 'Get', locUri: './DevDetail/FwV' },
          { kind: 'Get', locUri: './SCOMO/Inventory/Deployed' },
        ],
        returnFormat: 3,
      })
      expect(codesOf(rest)).toEqual({ [PHONE]: 200, [SENSOR]: 200 })
      for (const { statuses } of rest.devices) expect(statuses?.map(({ code }) => code)).toEqual([200, 200, 200])
      const sleeping = await fanned({
        devices: [PHONE],
        commands: [
          { kind: 'Exec', locUri: './SCOMO/Inventory/Deployed/com.editor/Operations/Deactivate' },
          { kind: 'Replace', locUri: './Vendor/DMLab/Files/notes.txt', data: 'a file' },
        ],
      })
      expect(codesOf(sleeping), JSON.stringify(sleeping)).toEqual({ [PHONE]: 1200 })
      expect(phone.pm.log).toEqual(['installed com.editor 2', 'disabled com.editor'])
      expect(phone.files.get('/sdcard/Download/notes.txt')?.bytes.toString()).toBe('a file')
      // Both leave, each its own way; the server knows.
      await one.close()
      await phone.unplug()
      await until(
        async () => (await gateways.relations()).every(({ attached }) => !attached),
        () => gateways.relations(),
      )
    },
  )

  it('a stranger who takes the name of a known device, or of an Android one, is not taken in', { timeout: 60_000 }, async () => {
    await gatewayLab()
    const dm = await fleetDevice(1, { gateway: lab.ready.gateway ?? '' })
    open.push(() => dm.end())
    expect(await dm.register()).toMatchObject({ outcome: 'completed' })
    await relations(1)
    const liar = await startLwClient({
      setup: { endpoint: ed(1) },
      url: lab.ready.lwm2m ?? '',
      host: '127.0.0.1',
      clock: processClock(),
      log: () => {},
    })
    open.push(() => liar.close(true))
    await liar.registered
    await lab.until((rows) => rows.some(({ text }) => text.includes(`calls itself ${ed(1)} by lwm2m, which is another device here`)))
    expect(await lab.api.gateways.relations()).toMatchObject([{ deviceId: ed(1), mode: 'proxy', attached: true }])
    await liar.close()
    expect(await lab.api.gateways.relations()).toMatchObject([{ deviceId: ed(1), mode: 'proxy', attached: true }])
  })
})
