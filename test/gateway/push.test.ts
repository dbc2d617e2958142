// HTTP with Push: a job that sends each device a link to the image, and counts it as done once it has been given every octet.
import { describe, expect, test } from 'vitest'
import { fanoutCommand, fanoutNodes, fanoutStart, imageData, imageNodes, OUR_ROOTS } from '../../core/gateway/orders.ts'
import type { FanoutOrder } from '../../core/gateway/orders.ts'
import { readAggregation } from '../../core/gateway/payloads.ts'
import { TOKENS } from '../../core/mo/gwmo.ts'
import { LINK_TYPES, readLink } from '../../core/notify/si.ts'
import type { Command } from '../../core/syncml/message.ts'
import { World, ed } from './world.ts'

const SIZE = 5000
const IMAGE = new Uint8Array(SIZE).map((_, i) => i % 251)
const PUSHED: FanoutOrder = {
  name: 'j1',
  devices: [ed(1), ed(2)],
  groups: [],
  all: false,
  mode: null,
  filter: '',
  command: '',
  push: { url: 'url' },
  imageRef: 'PKG1',
  timeout: 60,
  interval: null,
  returnFormat: null,
}

/** Two devices registered, PKG1 at the gateway, the job laid down and started. */
function started(order: Partial<FanoutOrder> = {}, expiry: number | null = 600): World {
  const world = new World()
  for (const n of [1, 2]) expect(world.visit(n)).toBe('completed')
  world.order([imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry, sha256: '' }), imageData(OUR_ROOTS, 'PKG1', IMAGE)])
  world.reports()
  expect(world.codes(world.order([...fanoutNodes(OUR_ROOTS, { ...PUSHED, ...order }), fanoutStart(OUR_ROOTS, 'j1', 'j1')]))).toEqual([])
  world.report()
  world.wire.length = 0
  return world
}
const whole = { from: 0, to: SIZE - 1, size: SIZE }
const codes = (world: World): (number | null)[] => world.gateway.fanouts.job('j1')?.responses.map(({ code }) => code) ?? []
const sent = (world: World, n: number, from: number, to: number): void => {
  world.gateway.fanouts.sent('PKG1', ed(n), { from, to, size: SIZE })
  world.settle()
}
function result(world: World): number | undefined {
  world.reports()
  return world.gateway.fanouts.job('j1')?.result ?? undefined
}

describe('HTTP with Push', () => {
  test.each(LINK_TYPES)(
    'gw 118: each device is sent the URL of the image as %s, and is done once it has fetched it; nothing is said in a session',
    (type) => {
      const world = started({ push: { url: 'url', type } })
      expect(world.links.map(({ localId, contentType, body }) => [localId, contentType, readLink(type, body).href])).toEqual(
        [1, 2].map((n) => [`ed${String(n)}`, type, `http://gw.lan.example/gw/image/PKG1?device=${encodeURIComponent(ed(n))}`]),
      )
      expect([world.notified, codes(world)]).toEqual([[], [null, null]])
      sent(world, 1, 0, SIZE - 1)
      expect([codes(world), world.gateway.fanouts.job('j1')?.state]).toEqual([[200, null], 20])
      sent(world, 2, 0, SIZE - 1)
      expect(codes(world)).toEqual([200, 200])
      expect(result(world)).toBe(200)
      const { devices } = readAggregation(world.alerts.find(({ items }) => items[0]?.type.includes('resultaggregation'))?.items[0]?.data ?? '')
      expect(devices.map(({ deviceId, code, late }) => [deviceId, code, late])).toEqual([1, 2].map((n) => [ed(n), 200, []]))
      expect(world.wire.filter(({ leg }) => leg.startsWith('G-D'))).toEqual([])
    },
  )
  test('gw 118: the descriptor is what the push names where the job says so; WBXML where it names no type', () => {
    const [link] = started({ push: { url: 'descriptor' } }).links
    expect([link?.contentType, link?.url]).toEqual([
      'application/vnd.wap.sic',
      `http://gw.lan.example/gw/image/PKG1.dd?device=${encodeURIComponent(ed(1))}`,
    ])
  })
  test('gw 118: done means every octet since the push: ranges are put together, a gap is none, what was fetched before does not count', () => {
    const world = started()
    sent(world, 1, 3000, SIZE - 1)
    sent(world, 1, 0, 2998)
    expect(codes(world)).toEqual([null, null])
    sent(world, 1, 2000, 3100)
    expect(codes(world)).toEqual([200, null])
    world.gateway.fanouts.sent('PKG2', ed(2), whole)
    world.gateway.fanouts.sent('PKG1', ed(9), whole)
    expect(codes(world)).toEqual([200, null])
  })
  test('gw 118: who has not fetched it by the time-out gets 408; a session in between is given nothing and ends nothing', () => {
    const world = started()
    sent(world, 1, 0, SIZE - 1)
    expect(world.visit(2)).toBe('completed')
    expect(world.wire.flatMap(({ message }) => message.commands.map(({ kind }) => kind)).filter((kind) => kind === 'Exec' || kind === 'Add')).toEqual(
      [],
    )
    world.pass(59_000)
    expect(codes(world)).toEqual([200, null])
    world.pass(1000)
    expect(codes(world)).toEqual([200, 408])
    sent(world, 2, 0, SIZE - 1)
    expect([codes(world), result(world)]).toEqual([[200, 408], 206])
  })
  test('the image expires: 410 for who has not fetched it', () => {
    const world = started({}, 30)
    sent(world, 2, 0, SIZE - 1)
    world.pass(31_000)
    expect([codes(world), result(world)]).toEqual([[410, 200], 206])
  })
  test('after a restart the link is pushed again to who has not fetched it, and the job goes on', () => {
    const world = started()
    sent(world, 1, 0, SIZE - 1)
    sent(world, 2, 0, 10)
    world.links.length = 0
    world.restart()
    expect(world.links.map(({ localId }) => localId)).toEqual(['ed2'])
    sent(world, 2, 11, SIZE - 1)
    expect(codes(world)).toEqual([200, null])
    sent(world, 2, 0, SIZE - 1)
    expect(result(world)).toBe(200)
  })
  test('cancelled: 214, whatever is fetched afterwards', () => {
    const world = started()
    world.gateway.fanouts.cancel('j1')
    sent(world, 1, 0, SIZE - 1)
    expect([codes(world), result(world)]).toEqual([[214, 214], 214])
  })
  test('a device that speaks no HTTP itself gets 406', () => {
    const world = new World()
    void world.gateway.devices.registered({ deviceId: ed(4), mode: 2, address: { type: 'IPv4', address: '192.0.2.24' }, protocol: 'x' })
    world.settle()
    world.order([imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: 600, sha256: '' }), imageData(OUR_ROOTS, 'PKG1', IMAGE)])
    world.report()
    world.order([...fanoutNodes(OUR_ROOTS, { ...PUSHED, devices: [ed(4)] }), fanoutStart(OUR_ROOTS, 'j1', 'j1')])
    world.report()
    expect([codes(world), world.links]).toEqual([[406], []])
  })
  test('a job has commands or a push, and a push has an image; other words than the tokens and types are refused', () => {
    const world = started()
    const at = './GwMO/Fanout/Fanout/j2'
    const nodes = (more: Partial<FanoutOrder>): readonly Command[] => fanoutNodes(OUR_ROOTS, { ...PUSHED, name: 'j2', ...more })
    const put = (leaf: string, data: string): Command => ({ kind: 'Add', cmdId: '', items: [{ target: { locUri: `${at}/${leaf}` }, data }] })
    const start = fanoutStart(OUR_ROOTS, 'j2', 'j2')
    const last = (commands: readonly Command[]): number | undefined => {
      const id = world.order([...commands, { kind: 'Delete', cmdId: '', items: [{ target: { locUri: at } }] }])
      world.report()
      return world.codes(id).at(-2)
    }
    expect(last([...nodes({ imageRef: '' }), start])).toBe(412)
    const get = fanoutCommand([{ kind: 'Get', locUri: './DevDetail/FwV' }])
    expect(last([...nodes({ push: undefined, command: get }), put('Push', TOKENS.url), start])).toBe(412)
    expect(last([...nodes({}), put('PushType', 'text/html')])).toBe(415)
    expect(last([...nodes({ push: undefined, command: get }), put('Push', 'http://elsewhere.example/')])).toBe(415)
  })
})
