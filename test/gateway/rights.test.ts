// What a server may do at a gateway and what it selects there: sizes that lie, rights given away, targets by mode and filter.
import { describe, expect, test } from 'vitest'
import {
  trigger as triggerOf,
  OUR_ROOTS,
  exec,
  fanoutCommand,
  fanoutNodes,
  fanoutStart,
  imageData,
  imageExpiry,
  imageNodes,
  replace,
} from '../../core/gateway/orders.ts'
import type { FanoutOrder, FanoutStep } from '../../core/gateway/orders.ts'
import { readAggregation } from '../../core/gateway/payloads.ts'
import type { Command } from '../../core/syncml/message.ts'
import { ed } from './world.ts'
import { TEXT, job, get, types, proxied } from './jobs.ts'

describe('images', () => {
  const bytes = new Uint8Array(60_000).fill(7)
  test.each(['more', 'less'] as const)('gw 65: an object with %s octets than its Size is 424: nothing is stored, told or served', (what) => {
    const world = proxied(1)
    world.order([imageNodes(OUR_ROOTS, { name: 'P', imageId: 'P', expiry: 600, sha256: '' })])
    world.report()
    let changed = 0
    world.road = ({ up, bytes: octets }) => {
      if (up) return octets
      const text = Buffer.from(octets).toString('utf8')
      return new Uint8Array(
        Buffer.from(
          text.replace(/>80000<\/Size>/, () => {
            changed += 1
            return `>${what === 'more' ? '79996' : '80004'}</Size>`
          }),
        ),
      )
    }
    const id = world.order([imageData(OUR_ROOTS, 'P', bytes)])
    world.report()
    expect([changed, world.codes(id)]).toEqual([1, [424]])
    expect([world.store.files.size, world.gateway.images.serve('P')]).toEqual([0, { status: 404 }])
    expect(world.gateway.images.get('P')).toMatchObject({ size: 0, file: '' })
    const read = world.order([get('./GwMO/Images/Images/P/ImageURL'), get('./GwMO/Images/Images/P/Size')])
    world.report()
    expect(world.codes(read)).toEqual([404, 404])
    world.reports()
    expect(types(world)).toEqual([])
    world.road = ({ bytes: octets }) => octets
    const again = world.order([imageData(OUR_ROOTS, 'P', bytes)])
    world.report()
    expect([world.codes(again), world.gateway.images.get('P')?.state], 'the right size is taken').toEqual([[200], 30])
  })
})

describe('rights (GS-12)', () => {
  const OBJECTS = ['Config', 'Devices', 'Trigger', 'Fanout', 'Images']
  const acl = (uri: string, text: string): Command => ({ kind: 'Replace', cmdId: '', items: [{ target: { locUri: `${uri}?prop=ACL` }, data: text }] })
  test('gw 87: the server that manages the gateway has every right below ./GwMO, and nobody else has any', () => {
    const world = proxied(1)
    const node = world.north.device.tree.find(['GwMO'])
    for (const right of ['Add', 'Delete', 'Exec', 'Get', 'Replace'] as const) expect(node?.acl?.get(right)).toEqual(['dms.example'])
    const id = world.order(OBJECTS.map((name) => get(`./GwMO/${name}`)))
    world.report()
    expect(world.codes(id)).toEqual([200, 200, 200, 200, 200])
  })
  test('gw 87: on each object a right that was given to another server is 425 from then on, on every node below, and nothing happens', () => {
    const world = proxied(1)
    world.order([
      imageNodes(OUR_ROOTS, { name: 'P', imageId: 'P', expiry: 600, sha256: '' }),
      ...fanoutNodes(OUR_ROOTS, job('j', [1])),
      ...triggerOf(OUR_ROOTS, 't', ed(1), null),
    ])
    world.report()
    world.notified.length = 0
    const other = 'Add=b.example&Delete=b.example&Exec=b.example&Get=b.example&Replace=b.example'
    // A job, an image and a trigger belong to who made them: these are given away one by one, the objects as a whole.
    const own = ['./GwMO/Fanout/Fanout/j', './GwMO/Images/Images/P', './GwMO/Trigger/Triggers/t']
    const given = world.order([...own, ...OBJECTS.map((name) => `./GwMO/${name}`)].map((uri) => acl(uri, other)))
    world.report()
    expect(new Set(world.codes(given))).toEqual(new Set([200]))
    const tries: readonly Command[] = [
      get('./GwMO/Config/GatewayID'),
      replace('./GwMO/Config/Session/HoldTime', 'int', '1'),
      get('./GwMO/Devices/Inventory/Records/ed1/Mode'),
      replace('./GwMO/Devices/Inventory/Records/ed1/Mode', 'int', '0'),
      { kind: 'Add', cmdId: '', items: [{ target: { locUri: './GwMO/Devices/Inventory/Groups/g' }, meta: { format: 'node' } }] },
      exec('./GwMO/Trigger/Triggers/t/Operations/Trigger', ''),
      { kind: 'Add', cmdId: '', items: [{ target: { locUri: './GwMO/Fanout/Fanout/k' }, meta: { format: 'node' } }] },
      exec('./GwMO/Fanout/Fanout/j/Operations/Start', ''),
      get('./GwMO/Fanout/Fanout/j/State'),
      { kind: 'Delete', cmdId: '', items: [{ target: { locUri: './GwMO/Fanout/Fanout/j' } }] },
      imageExpiry(OUR_ROOTS, 'P', 1),
      { kind: 'Delete', cmdId: '', items: [{ target: { locUri: './GwMO/Images/Images/P' } }] },
    ]
    const id = world.order(tries)
    world.report()
    expect(world.codes(id)).toEqual(tries.map(() => 425))
    expect(world.notified).toEqual([])
    expect(world.gateway.fanouts.job('j')).toBeUndefined()
    expect(world.gateway.images.get('P')).toMatchObject({ state: 10, expiresAt: world.now + 600_000 })
    expect(world.gateway.devices.records()[0]?.mode).toBe(1)
    expect(world.gateway.part.asked.config('Session/HoldTime')).not.toBe('1')
  })
})

describe('targets', () => {
  const STEPS: readonly FanoutStep[] = [{ kind: 'Replace', locUri: TEXT, data: 'x' }]
  test('gw 110: what mode and filter select at the gateway is what the server selects by reading the inventory, and the jobs end alike', () => {
    const world = proxied(3)
    world.gateway.devices.registered({ deviceId: ed(4), mode: 2, address: { type: 'IPv4', address: '192.0.2.24' }, protocol: 'adb' })
    world.settle()
    world.reports()
    const read = (uri: string): string => {
      const id = world.order([get(uri)])
      world.report()
      return world.data(id)[0] ?? ''
    }
    const records = './GwMO/Devices/Inventory/Records'
    const rows = read(records)
      .split('/')
      .map((name) => ({
        id: read(`${records}/${name}/DeviceID`),
        mode: read(`${records}/${name}/Mode`),
        model: read(`${records}/${name}/DevInfo/Mod`),
      }))
    expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 4].map(ed))
    const run = (name: string, more: Partial<FanoutOrder>): unknown => {
      world.alerts.length = 0
      world.order([...fanoutNodes(OUR_ROOTS, job(name, [], { ...more, command: fanoutCommand(STEPS) })), fanoutStart(OUR_ROOTS, name, 'c')])
      world.report()
      for (const n of [1, 2, 3]) world.visit(n)
      const ids = world.adapted.filter((wish) => wish.job === name).map(({ localId }) => localId)
      for (const id of ids) world.gateway.fanouts.refusedDevice(name, id, 500)
      world.settle()
      world.reports()
      const [report, completion] = world.alerts.map(({ items }) => items[0]?.data ?? '')
      const { devices, summary } = readAggregation(report)
      return { devices, summary, completion }
    }
    const asks: readonly [Partial<FanoutOrder>, (row: (typeof rows)[number]) => boolean, number[]][] = [
      [{ mode: 1 }, ({ mode }) => mode === '1', [1, 2, 3]],
      [{ mode: 2 }, ({ mode }) => mode === '2', [4]],
      [{ filter: 'DevInfo/Mod=CAM7-2' }, ({ model }) => model === 'CAM7-2', [2]],
      [{ mode: 1, filter: 'DevInfo/Mod=CAM7*' }, ({ mode, model }) => mode === '1' && model.startsWith('CAM7'), [1, 2, 3]],
    ]
    asks.forEach(([wish, resolves, expected], i) => {
      const devices = rows.filter(resolves).map(({ id }) => id)
      expect(devices).toEqual(expected.map(ed))
      const [selected, listed] = [run(`s${String(i)}`, wish), run(`l${String(i)}`, { devices })]
      expect(selected).toEqual(listed)
      expect(listed).toMatchObject({ devices: expected.map((n) => ({ deviceId: ed(n) })), summary: { targets: expected.length } })
    })
  })
})
