// Adaptation mode over real sockets: a proxy DM device, an Android device behind Debian's adb server and a LwM2M client behind one gateway, managed by fan-outs of one DM Server.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { startLwClient } from '../../core/node/lwm2mdevice.ts'
import type { LwClient } from '../../core/node/lwm2mdevice.ts'
import type { FanoutRow, FanoutWish } from '../../core/api.ts'
import { needsSqlite } from '../store/memory.ts'
import { has } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { AdbServer, Phone, freePort } from './adbrig.ts'
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
async function gatewayLab(adb?: AdbServer, workspace?: string): Promise<RealLab> {
  const more = { ...(adb === undefined ? {} : { adbPort: adb.port }), ...(workspace === undefined ? {} : { workspace }) }
  lab = await realLab({ ...more, gateway: { lwm2m: 0, adb: adb !== undefined } })
  open.push(() => lab.end())
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
      expect(codesOf(row), JSON.stringify(row)).toEqual({ [ed(1)]: 1200, [PHONE]: 1200, [SENSOR]: 1200 })
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
