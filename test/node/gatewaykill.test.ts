// kill -9 of server and gateway, processes of their own, at random moments of a fan-out: no result is lost, no device performs anything twice, both inventories agree.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { FanoutRow, GatewayInside, ImageRow, RelationRow } from '../../core/api.ts'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { needsSqlite } from '../store/memory.ts'
import { ed, fleetDevice, installCommands, installs, smallPackage, until } from './gatewayrig.ts'

const KILLS = process.env['DM_LAB_SOAK'] === undefined ? 5 : 50
const OPEN = ['queued', 'running']

interface Child {
  readonly ready: { readonly dm: string; readonly gateway: string | null }
  ask<T>(call: string, ...args: unknown[]): Promise<T>
  kill(): Promise<void>
}

async function child(role: 'server' | 'gateway', workspace: string, port: string, server = ''): Promise<Child> {
  const execArgv = [...(process.features.typescript ? [] : ['--experimental-strip-types']), '--no-warnings']
  const made = fork(join(import.meta.dirname, 'gatewaychild.ts'), [role, workspace, port, server], {
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  made.stderr?.on('data', (data) => (errors += String(data)))
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let count = 0
  const answer = (id: number): Promise<unknown> => new Promise((resolve, reject) => open.set(id, { resolve, reject }))
  const ready = answer(0)
  made.on('message', (message) => {
    const { id, value, error } = message as { id: number; value?: unknown; error?: string }
    if (error === undefined) open.get(id)?.resolve(value)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  const gone = new Promise<void>((resolve) =>
    made.once('exit', () => {
      for (const { reject } of open.values()) reject(new Error(`the ${role} is gone: ${errors}`))
      resolve()
    }),
  )
  return {
    ready: (await ready) as Child['ready'],
    ask: async <T>(call: string, ...args: unknown[]) => {
      count += 1
      const promise = answer(count)
      made.send({ id: count, call, args })
      return (await promise) as T
    },
    kill: () => {
      made.kill('SIGKILL')
      return gone
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const portOf = (url: string): string => new URL(url).port

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
    let server = await child('server', join(root, 'server'), '0')
    open.push(() => server.kill())
    const dm = server.ready.dm
    let gateway = await child('gateway', join(root, 'gateway'), '0', dm)
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
      await until(async () => (await images()).some((row) => row.imageId === app && row.state === 'ready'), images)
      const wish = { gateway: GATEWAY_ID, devices: [ed(1), ed(2), ed(3)], timeout: 60, image: app, commands: installCommands(`${app}-1.0`) }
      const { id } = await server.ask<FanoutRow>('gateways.fanout', wish)
      seed = (seed * 1103515245 + 12345) % 0x8000_0000
      await pause(seed % 700)
      if (kill % 2 === 1) {
        await gateway.kill()
        gateway = await child('gateway', join(root, 'gateway'), portOf(url), dm)
      } else {
        await server.kill()
        server = await child('server', join(root, 'server'), portOf(dm))
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
        40_000,
      )
      const told = JSON.stringify(await about(), null, 1)
      for (const [i, device] of devices.entries()) {
        const code = done.devices.find(({ deviceId }) => deviceId === device.id)?.code
        // A download that the kill cut off is a result, too: nothing is installed then.
        const cut =
          code !== 1200 && device.disk.log().some(({ text }) => text.includes(app) && /download/i.test(text) && /fail|ended with 14/.test(text))
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
