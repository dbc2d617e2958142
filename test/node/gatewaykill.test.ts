// kill -9 of server and gateway, processes of their own, at random moments of a fan-out: no result is lost, no device performs anything twice, both inventories agree.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { FanoutRow, GatewayInside, ImageRow, RelationRow } from '../../core/api.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { needsSqlite } from '../store/memory.ts'
import { freePort } from '../support/freeport.ts'
import { labProcess } from './gatewayprocess.ts'
import type { LabProcess } from './gatewayprocess.ts'
import { ed, fleetDevice, installCommands, installs, smallPackage, until } from './gatewayrig.ts'

const KILLS = process.env['DM_LAB_SOAK'] === undefined ? 5 : 50
const OPEN = ['queued', 'running']
/** Nonces that a kill parted are given up after 30 s, on each leg: what has not come after two seconds waits for that. */
const [PATIENCE, STUCK, PARTED] = [90_000, 2000, 30_000]

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const serverAt = (workspace: string, dmPort: number): Promise<LabProcess> => labProcess({ workspace, dmPort, server: { idleMs: 2000 } })
const gatewayAt = (workspace: string, dmPort: number, server: string): Promise<LabProcess> =>
  labProcess({ workspace, dmPort, gateway: { server, id: GATEWAY_ID } })

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

test(
  `gw 60, gw 106: ${String(KILLS)} times server or gateway is killed in the middle of a fan-out: every device's result arrives, nothing is installed twice, the inventories agree`,
  { timeout: 60_000 + KILLS * 12_000 },
  async (context) => {
    needsSqlite(context)
    const root = mkdtempSync(join(tmpdir(), 'dm-lab-gwkill-'))
    open.push(() => rmSync(root, { recursive: true, force: true }))
    const [south, north] = [await freePort(), await freePort()]
    let server = await serverAt(join(root, 'server'), north)
    open.push(() => server.kill())
    const dm = server.ready.dm
    let gateway = await gatewayAt(join(root, 'gateway'), south, dm)
    open.push(() => gateway.kill())
    const url = gateway.ready.gateway ?? ''
    const devices = await Promise.all([1, 2, 3].map((n) => fleetDevice(n, { gateway: url })))
    for (const device of devices) open.push(() => device.end())
    for (const device of devices) expect(await device.register()).toMatchObject({ outcome: 'completed' })
    await until(async () => (await server.ask<RelationRow[]>('gateways.relations')).length === 3)
    let seed = 20_260
    for (let kill = 1; kill <= KILLS; kill++) {
      const app = `app${String(kill)}`
      await server.ask('catalogue.add', `${app}-1.0.zip`, Buffer.from(await smallPackage(app)).toString('base64'))
      await server.ask('gateways.image', { gateway: GATEWAY_ID, imageId: app, pkg: `${app}-1.0`, expiry: 600 })
      const images = (): Promise<ImageRow[]> => server.ask<ImageRow[]>('gateways.images')
      let asked = performance.now()
      const ready = async (): Promise<boolean> => {
        if (performance.now() - asked > STUCK) {
          asked = performance.now()
          for (const lab of [server, gateway]) await lab.ask('leap', PARTED)
        }
        return (await images()).some((row) => row.imageId === app && row.state === 'ready')
      }
      await until(ready, images, PATIENCE)
      const wish = { gateway: GATEWAY_ID, devices: [ed(1), ed(2), ed(3)], timeout: 60, image: app, commands: installCommands(`${app}-1.0`) }
      const { id } = await server.ask<FanoutRow>('gateways.fanout', wish)
      seed = (seed * 1103515245 + 12345) % 0x8000_0000
      await pause(seed % 700)
      if (kill % 2 === 1) {
        await gateway.kill()
        gateway = await gatewayAt(join(root, 'gateway'), south, dm)
      } else {
        await server.kill()
        server = await serverAt(join(root, 'server'), north)
      }
      const row = async (): Promise<FanoutRow | undefined> => (await server.ask<FanoutRow[]>('gateways.fanouts')).find((each) => each.id === id)
      const inside = (): Promise<GatewayInside> => gateway.ask<GatewayInside>('gateways.inside')
      const about = async (): Promise<unknown> => [
        kill,
        await row(),
        (await inside()).jobs.at(-1),
        devices.map((each) => [each.refusals.slice(-2), each.ends.slice(-2), each.disk.log().slice(-4)]),
      ]
      let refusals = devices.map((each) => each.refusals.length)
      const done = await until(
        async () => {
          // A device's own wait before it tries again is a minute, and so is it until parted nonces are given up: it is called instead.
          for (const [i, device] of devices.entries())
            if (!device.living.busy && (device.refusals.length > (refusals[i] ?? 0) || device.ends.at(-1)?.outcome === 'failed'))
              void device.register()
          refusals = devices.map((each) => each.refusals.length)
          await pause(100)
          const now = await row()
          return now !== undefined && !OPEN.includes(now.state) && now
        },
        about,
        PATIENCE,
      )
      const told = JSON.stringify(await about(), null, 1)
      for (const [i, device] of devices.entries()) {
        const code = done.devices.find(({ deviceId }) => deviceId === device.id)?.code
        // A download that the kill cut off is a result, too (1402, 15xx): nothing is installed then.
        const cut = code === 1402 || (code !== undefined && code >= 1500 && code < 1600)
        expect([i, code, installs(device, app)], told).toEqual([i, cut ? code : 1200, cut ? 0 : 1])
      }
      const known = (await inside()).jobs.find(({ name }) => name === id)?.devices.map(({ deviceId, code }) => [deviceId, code])
      expect(done.devices.map(({ deviceId, code }) => [deviceId, code]).sort(), told).toEqual(known?.sort())
    }
    const { records } = await gateway.ask<GatewayInside>('gateways.inside')
    const relations = await server.ask<RelationRow[]>('gateways.relations')
    expect(relations.map(({ deviceId, mode, attached }) => [deviceId, mode, attached]).sort()).toEqual(
      records.map(({ deviceId, mode, state }) => [deviceId, mode, state === 30]).sort(),
    )
  },
)
