// A fan-out of an installation over real sockets: late alerts of devices come through the gateway, and the external infrastructure learns device and code.
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { ed, fleetDevice, gatewayLab, installCommands, installs, receiver, smallPackage, until } from './gatewayrig.ts'

const rig = gatewayLab()
const { clock, open } = rig

interface Told {
  readonly type: string
  readonly fanout: string
  readonly gateway: string
  readonly resultCode: number
  readonly devices: readonly { readonly device: string; readonly resultCode: number }[]
  readonly late: { readonly device: string; readonly resultCode: number } | null
}

test("gw 103, 104, 105: an installation for three devices, one fails with 1405 long after its session: the webhook names that device and code; one that speaks after the job's end is told too", async () => {
  const { gateways, catalogue, provider } = rig.lab.api
  const gateway = rig.lab.ready.gateway ?? ''
  const hook = await receiver()
  open.push(hook.close)
  const { secret } = await provider.addHook(hook.url)
  let fail = (): void => {}
  const failing = new Promise<void>((resolve) => (fail = resolve))
  let finish = (): void => {}
  const finishing = new Promise<void>((resolve) => (finish = resolve))
  const gaveUp = { code: 1405, text: 'the installer gave up', components: [], dataGone: false, findings: [] }
  const devices = await Promise.all([
    fleetDevice(1, { gateway }),
    fleetDevice(2, { gateway, disk: (real) => ({ ...real, install: () => failing.then(() => gaveUp) }) }),
    fleetDevice(3, { gateway, disk: (real) => ({ ...real, install: (ask) => finishing.then(() => real.install(ask)) }) }),
  ])
  for (const device of devices) open.push(() => device.end())
  for (const device of devices) expect(await device.register()).toMatchObject({ outcome: 'completed' })
  await until(async () => (await gateways.relations()).length === 3)
  await catalogue.add('app-1.0.zip', await smallPackage('app'), {})
  await gateways.image({ gateway: GATEWAY_ID, imageId: 'app-1.0', pkg: 'app-1.0', expiry: 600 })
  await until(async () => (await gateways.images()).some(({ state }) => state === 'ready'))
  const targets = { gateway: GATEWAY_ID, devices: [ed(1), ed(2), ed(3)], timeout: 300 }
  const { id } = await gateways.fanout({ ...targets, image: 'app-1.0', commands: installCommands('app-1.0') })
  const row = async () => (await gateways.fanouts()).find((each) => each.id === id)
  const codes = async () => Object.fromEntries((await row())?.devices.map(({ deviceId, code }) => [deviceId, code]) ?? [])
  // The first is done; the others have accepted, their sessions are long over, nobody is told anything yet.
  await until(async () => (await codes())[ed(1)] === 1200, row)
  await until(() => devices.every(({ living }) => !living.busy))
  expect(hook.heard).toEqual([])
  fail()
  await until(async () => (await codes())[ed(2)] === 1405, row)
  expect((await row())?.state).toBe('running')
  // The third does not speak in time: the job ends without it.
  clock.leap(300_000)
  await until(() => hook.heard.length === 1, row)
  const told = (n: number): Told => JSON.parse(hook.heard[n]?.body ?? '') as Told
  expect(told(0)).toMatchObject({
    type: 'fanout',
    fanout: id,
    gateway: GATEWAY_ID,
    resultCode: 206,
    late: null,
    endedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
  })
  expect(told(0).devices.map(({ device, resultCode }) => [device, resultCode])).toEqual([
    [ed(1), 1200],
    [ed(2), 1405],
    [ed(3), 408],
  ])
  finish()
  await until(() => hook.heard.length === 2, row)
  expect(told(1)).toMatchObject({ fanout: id, resultCode: 206, late: { device: ed(3), resultCode: 1200 } })
  for (const { body, signature } of hook.heard) expect(signature).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
  expect(new Set(hook.heard.map(({ delivery }) => delivery)).size).toBe(2)
  expect(devices.map((device) => installs(device, 'app'))).toEqual([1, 0, 1])
  await rig.lab.until((rows) => rows.filter(({ kind, text }) => kind === 'event' && text.startsWith('emi.notified')).length === 2)
}, 60_000)
