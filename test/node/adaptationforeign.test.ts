// LwM2M clients of other makes behind the gateway of a whole lab: one fan-out of firmware, one of software, over real sockets; what each did itself, and what reached the server.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import type { FanoutRow, FanoutWish } from '../../core/api.ts'
import { needsSqlite } from '../store/memory.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { Foreign, KINDS } from './foreignlwm2m.ts'
import type { Kind } from './foreignlwm2m.ts'
import { until } from './gatewayrig.ts'

const open: (() => unknown)[] = []
beforeEach((context) => needsSqlite(context))
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const id = (name: string): string => `urn:x-dm-lab:lwm2m:${name}`

async function fanned(lab: RealLab, wish: Omit<FanoutWish, 'gateway' | 'timeout'>): Promise<FanoutRow> {
  const { gateways } = lab.api
  const begun = await gateways.fanout({ gateway: GATEWAY_ID, timeout: 40, ...wish })
  const row = async (): Promise<FanoutRow | undefined> => (await gateways.fanouts()).find((each) => each.id === begun.id)
  const done = async (): Promise<FanoutRow | undefined> => {
    const now = await row()
    return now?.state === 'done' || now?.state === 'failed' ? now : undefined
  }
  return until(done, row, 50_000)
}
const codesOf = ({ devices }: FanoutRow): Record<string, number> => Object.fromEntries(devices.map(({ deviceId, code }) => [deviceId, code]))

describe('firmware and software for clients of other makes', () => {
  it(
    'each gets it in its own way: by its own fetch, or by blocks where it fetches nothing; all outcomes reach the server',
    { timeout: 120_000 },
    async () => {
      const lab = await realLab({ gateway: { lwm2m: 0, adb: false } })
      open.push(() => lab.end())
      const { gateways, catalogue } = lab.api
      const clients = new Map<string, Foreign>()
      for (const name of ['anjay', 'zephyr', 'wakaama', 'old'] as const) {
        const kind: Kind = KINDS[name]
        const one = new Foreign(name, lab.ready.lwm2m ?? '', kind)
        open.push(() => one.close())
        one.fetches((url) => {
          void fetch(url).then(async (answer) => one.arrived('5/0', Buffer.from(await answer.arrayBuffer())))
        })
        expect(await one.start()).toBe('2.01')
        clients.set(name, one)
      }
      await until(
        async () => (await gateways.relations()).length === clients.size,
        () => gateways.relations(),
      )
      const image = Buffer.from(`name=tool version=2\n${'x'.repeat(3000)}`)
      await catalogue.add('fw.bin', image, { pkgId: 'fw', components: [{ id: 'fw', version: '2' }] })
      await gateways.image({ gateway: GATEWAY_ID, imageId: 'fw', pkg: 'fw', expiry: 600 })
      await until(async () => (await gateways.images()).some(({ state }) => state === 'ready'))
      const firmware = await fanned(lab, {
        all: true,
        image: 'fw',
        commands: [
          { kind: 'Replace', locUri: './FwUpdate/fw/DownloadAndUpdate/PkgURL', data: '{{ImageURL}}' },
          { kind: 'Exec', locUri: './FwUpdate/fw/DownloadAndUpdate' },
        ],
      })
      const sha = createHash('sha256').update(image).digest('hex')
      const expected = Object.fromEntries([...clients.keys()].map((name) => [id(name), 200]))
      const ends = (await lab.rows()).filter(({ text }) => / ended with |: \d{3}/.test(text)).map(({ text }) => text)
      expect(codesOf(firmware), ends.join('\n')).toEqual(expected)
      for (const [name, one] of clients) {
        expect(one.packages, name).toEqual([sha])
        expect(
          one.log.filter((line) => line === 'flashed'),
          name,
        ).toHaveLength(1)
      }
      expect(clients.get('zephyr')?.log).toContain('PUT /5/0/0 42')
      expect(clients.get('anjay')?.log).not.toContain('PUT /5/0/0 42')
      const base = './SCOMO/Inventory/Delivered/tool'
      const software = await fanned(lab, {
        all: true,
        image: 'fw',
        commands: [
          { kind: 'Add', locUri: base, format: 'node' },
          { kind: 'Add', locUri: `${base}/Data`, data: '{{ImageData}}', format: 'b64' },
          { kind: 'Exec', locUri: `${base}/Operations/Install` },
        ],
      })
      expect(codesOf(software), JSON.stringify(software)).toEqual(Object.fromEntries([...clients.keys()].map((name) => [id(name), 1200])))
      const read = await fanned(lab, {
        all: true,
        commands: [
          { kind: 'Get', locUri: './SCOMO/Inventory/Deployed' },
          { kind: 'Get', locUri: './DevDetail/FwV' },
          { kind: 'Get', locUri: './FwUpdate/fw/State' },
        ],
        returnFormat: 3,
      })
      expect(Object.values(codesOf(read))).toEqual([200, 200, 200, 200])
      for (const { deviceId, statuses } of read.devices)
        expect(
          statuses?.map(({ code }) => code),
          deviceId,
        ).toEqual([200, 200, 200])
    },
  )
})
