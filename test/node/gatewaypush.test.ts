// HTTP with Push between real sockets: the gateway pushes a URL, devices with and without a disk of their own fetch it and say nothing, the server learns who has it.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { readPage } from '../../core/page.ts'
import { ed, fleetDevice, gatewayLab, until } from './gatewayrig.ts'

const rig = gatewayLab()
const { clock, open } = rig

test('gw 118: a push alone brings the image to the devices, by its URL or its descriptor; who hears no push gets 408', async () => {
  const { gateways, catalogue, trace } = rig.lab.api
  const gateway = rig.lab.ready.gateway ?? ''
  const devices = await Promise.all([1, 2, 3].map((n) => fleetDevice(n, { gateway, setup: { mo: n === 2 ? [] : ['scomo'] } })))
  for (const device of devices) open.push(() => device.end())
  for (const device of devices) expect(await device.register()).toMatchObject({ outcome: 'completed' })
  await until(async () => (await gateways.relations()).length === 3)
  const bytes = new Uint8Array(200_000).map((_, i) => (i * 7) % 253)
  await catalogue.add('PKG1.bin', bytes, { pkgId: 'PKG1', components: [{ id: 'a', version: '1' }] })
  await gateways.image({ gateway: GATEWAY_ID, imageId: 'PKG1', pkg: 'PKG1', expiry: 600 })
  await until(async () => (await gateways.images()).some(({ state }) => state === 'ready'))
  await devices[2]?.port?.close()
  const from = readPage(await trace.rows(1, 5000)).at(-1)?.seq ?? 0
  const push = { gateway: GATEWAY_ID, image: 'PKG1', commands: [], delivery: 'push' } as const
  const ended = async (id: string) => {
    const row = async () => (await gateways.fanouts()).find((each) => each.id === id)
    await until(async () => !['queued', 'running'].includes((await row())?.state ?? ''), row)
    return row()
  }
  const codes = async (id: string) => (await ended(id))?.devices.map(({ deviceId, code, late = [] }) => [deviceId, code, late.length])
  /** The two that hear pushes have the image, and the gateway knows. */
  const fetched = async (id: string) => {
    const row = async () => (await gateways.fanouts()).find((each) => each.id === id)
    await until(
      async () => (await gateways.inside())?.jobs.find(({ name }) => name === id)?.devices.filter(({ code }) => code === 200).length === 2,
      row,
    )
  }
  const { id } = await gateways.fanout({ ...push, devices: [ed(1), ed(2), ed(3)], timeout: 60 })
  await fetched(id)
  clock.leap(60_000)
  expect(await codes(id)).toEqual([
    [ed(1), 200, 0],
    [ed(2), 200, 0],
    [ed(3), 408, 0],
  ])
  expect((await ended(id))?.result).toBe(206)
  const digest = createHash('sha256').update(bytes).digest('hex')
  await until(() => devices.slice(0, 2).every(({ fetches }) => fetches.length === 1))
  for (const { fetches } of devices.slice(0, 2)) expect(fetches[0]).toContain(`200000 octets, SHA-256 ${digest}`)
  const second = await gateways.fanout({ ...push, devices: [ed(1), ed(2)], pushUrl: 'descriptor', pushType: 'text/plain', timeout: 60 })
  expect((await ended(second.id))?.result).toBe(200)
  const news = readPage(await trace.rows(1, 5000)).filter(({ seq, hop }) => seq > from && hop === 'G-D')
  expect(news.filter(({ kind }) => kind === 'message')).toEqual([])
  expect(news.filter(({ target, direction }) => direction === 'up' && target === '/gw/image/PKG1.dd').length).toBe(2)
  expect(news.filter(({ kind }) => kind === 'push').map(({ device, package: pkg }) => [device, pkg])).toEqual([1, 2, 3, 1, 2].map((n) => [ed(n), '']))
  await expect(gateways.fanout({ ...push, devices: [ed(1)], commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }] })).rejects.toThrow('no commands')
}, 60_000)

test('a push of a type that no push has is answered 415 in words, and leaves its row', async () => {
  const url = `${(rig.lab.ready.gateway ?? '').replace(/\/$/, '')}/push`
  for (const type of ['text/html', 'application/json']) {
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body: 'hello' })
    expect([answer.status, await answer.text()]).toEqual([415, expect.stringContaining(`Content-Type ${type}: pushes are notifications`)])
  }
  const rows = readPage(await rig.lab.api.trace.rows(1, 100))
  expect(rows.filter(({ kind }) => kind === 'push')).toHaveLength(2)
})
