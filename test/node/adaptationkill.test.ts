// kill -9 of a gateway at random moments of an installation on a LwM2M device: the outcome arrives, the device performs nothing twice, and a success is one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { FanoutRow, ImageRow, RelationRow } from '../../core/api.ts'
import { processClock } from '../../core/node/clock.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { startLwClient } from '../../core/node/lwm2mdevice.ts'
import { needsSqlite } from '../store/memory.ts'
import { freePort } from '../support/freeport.ts'
import { labProcess } from './gatewayprocess.ts'
import type { LabProcess } from './gatewayprocess.ts'
import { installCommands, until } from './gatewayrig.ts'

const KILLS = process.env['DM_LAB_SOAK'] === undefined ? 3 : 40
const PATIENCE = 60_000
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

test(
  `gw 60: ${String(KILLS)} times the gateway is killed while a LwM2M device fetches and installs: no result is lost, nothing is installed twice`,
  { timeout: 60_000 + KILLS * 30_000 },
  async (context) => {
    needsSqlite(context)
    const root = mkdtempSync(join(tmpdir(), 'dm-lab-adaptkill-'))
    open.push(() => rmSync(root, { recursive: true, force: true }))
    const [lwm2m, dmPort] = [await freePort(), await freePort()]
    const start = (): Promise<LabProcess> => labProcess({ workspace: join(root, 'lab'), dmPort, gateway: { lwm2m } })
    let lab = await start()
    open.push(() => lab.kill())
    const log: string[] = []
    const client = await startLwClient({
      setup: { endpoint: 'cam', takesMs: 300 },
      url: `coap://127.0.0.1:${String(lwm2m)}`,
      host: '127.0.0.1',
      clock: processClock(),
      log: (text) => void log.push(text),
    })
    open.push(() => client.close(true))
    await client.registered
    await until(async () => (await lab.ask<RelationRow[]>('gateways.relations')).length === 1)
    let seed = 31
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const app = `app${String(kill)}`
      const bytes = Buffer.from(`name=${app} version=1\n`.padEnd(20_000, '.'))
      await lab.ask('catalogue.add', `${app}.bin`, bytes.toString('base64'), { pkgId: app, components: [{ id: app, version: '1' }] })
      await lab.ask('gateways.image', { gateway: GATEWAY_ID, imageId: app, pkg: app, expiry: 600 })
      const images = (): Promise<ImageRow[]> => lab.ask<ImageRow[]>('gateways.images')
      await until(async () => (await images()).some((row) => row.imageId === app && row.state === 'ready'), images, PATIENCE)
      const from = log.length
      const { id } = await lab.ask<FanoutRow>('gateways.fanout', {
        gateway: GATEWAY_ID,
        all: true,
        timeout: 60,
        image: app,
        commands: installCommands(app),
      })
      seed = (seed * 1103515245 + 12345) % 0x8000_0000
      // The first time surely in the middle of the installation.
      if (kill === 1) await until(() => log.slice(from).some((line) => /^exec \/9\/\d+\/4$/.test(line)))
      else await new Promise((resolve) => setTimeout(resolve, seed % 900))
      await lab.kill()
      lab = await start()
      const rows = (): Promise<FanoutRow[]> => lab.ask<FanoutRow[]>('gateways.fanouts')
      const done = await until(
        async () => (await rows()).find((each) => each.id === id && each.state !== 'running' && each.state !== 'queued'),
        rows,
        PATIENCE,
      )
      const code = done.devices[0]?.code
      const told = JSON.stringify([kill, seed % 900, done, log.slice(from)], null, 1)
      const installed = log.slice(from).filter((line) => line === `installed ${app} 1`).length
      const execs = log.slice(from).filter((line) => /^exec \/9\/\d+\/4$/.test(line)).length
      expect(execs, told).toBeLessThanOrEqual(1)
      // A download that the kill cut off is a result, too; one that nothing can tell is unknown (1412).
      expect([1200, 1402, 1405, 1412], told).toContain(code)
      if (code === 1200) expect(installed, told).toBe(1)
      else if (code !== 1412) expect(installed, told).toBe(0)
    }
  },
)
