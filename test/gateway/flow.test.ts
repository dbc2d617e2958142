// The gateway between a real DM Server and real devices, in memory: registration, fan-out in both flows, late alerts, images and their clock, restarts.
import { describe, expect, test } from 'vitest'
import { readAggregation, readAttach } from '../../core/gateway/payloads.ts'
import {
  OUR_ROOTS,
  fanoutAuto,
  fanoutCommand,
  fanoutNodes,
  fanoutStart,
  fanoutCancel,
  imageData,
  imageDownload,
  imageExpiry,
  imageNodes,
  trigger as triggerOf,
} from '../../core/gateway/orders.ts'
import { registrationText } from '../../core/gateway/payloads.ts'
import { generic } from '../../core/gateway/inventory.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import type { Command } from '../../core/syncml/message.ts'
import { DIRECT, get, job, proxied, types } from './jobs.ts'
import { World, ed } from './world.ts'

const REPLACE = fanoutCommand([
  { kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'from the gateway' },
  { kind: 'Get', locUri: './DevDetail/FwV' },
])

describe('registration', () => {
  test('gw 17, gw 9, gw 20: a proxy device is registered by opening a session; the server is told once, and again only when something changed', () => {
    const world = new World()
    expect(world.visit(1)).toBe('completed')
    expect(world.gateway.devices.records()).toMatchObject([{ deviceId: ed(1), localId: 'ed1', mode: 1, state: 30 }])
    world.reports()
    expect(types(world)).toEqual(['deviceattached:1.1'])
    expect(readAttach(world.alerts[0]?.items[0]?.data)).toMatchObject({ deviceId: ed(1), mode: 1, gateway: { address: 'https://gw.example/push' } })
    world.visit(1)
    world.reports()
    expect(types(world)).toHaveLength(1)
    expect(world.gateway.devices.records()[0]?.reportState).toBe(20)
  })
  test('gw 15, gw 16: a transparent device is registered by its alert and by nothing else', () => {
    const world = new World({ mode: 0 })
    world.visit(3)
    expect(world.gateway.devices.records()).toEqual([])
    const text = registrationText({ deviceId: ed(3), device: { type: 'IPv4', address: '192.0.2.23' }, servers: ['dms.example'] })
    world.visit(3, { alerts: [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] })
    expect(world.gateway.devices.records()).toMatchObject([
      { deviceId: ed(3), mode: 0, state: 30, servers: ['dms.example'], address: { address: '192.0.2.23' } },
    ])
    world.reports()
    expect(readAttach(world.alerts[0]?.items[0]?.data)).toMatchObject({ mode: 0 })
  })
  test('gw 94: a device cannot register another one: 412, and nothing is recorded (GS-19)', () => {
    const world = new World({ mode: 0 })
    const text = registrationText({ deviceId: ed(9), device: { type: 'IPv4', address: '192.0.2.66' }, servers: ['dms.example'] })
    world.visit(3, { alerts: [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] })
    expect(world.gateway.devices.records()).toEqual([])
    const statuses = world.wire
      .filter(({ up }) => !up)
      .flatMap(({ message }) => message.commands.flatMap((c) => (c.kind === 'Status' ? [c.code] : [])))
    expect(statuses).toContain(412)
  })
  test('gw 116: an explicit registration of a proxy device makes one record and one alert', () => {
    const world = new World()
    const text = registrationText({ deviceId: ed(1), device: { type: 'IPv4', address: '192.0.2.21' }, servers: [] })
    world.visit(1, { alerts: [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] })
    world.reports()
    expect(world.gateway.devices.records()).toMatchObject([{ mode: 1, state: 30 }])
    expect(types(world)).toEqual(['deviceattached:1.1'])
  })
  test('gw 10: a device that left is told, and attached anew when it comes back', () => {
    const world = proxied(1)
    world.gateway.devices.detached(ed(1), 2)
    world.settle()
    world.reports()
    expect(types(world)).toEqual(['devicedetached:1.0'])
    world.visit(1)
    world.reports()
    expect(types(world)).toEqual(['devicedetached:1.0', 'deviceattached:1.1'])
  })
  test('gw 108: 415 for version 1.1 brings version 1.0; 415 for that too ends it, and the record says so', () => {
    const world = new World()
    world.answers.set(ALERTS.attached.type, 415)
    world.visit(1)
    world.reports()
    expect(types(world)).toEqual(['deviceattached:1.1', 'deviceattached:1.0'])
    expect(world.alerts[1]?.items[0]?.data).not.toContain('ComponentType')
    expect(world.gateway.devices.records()[0]?.reportState).toBe(20)
    const stubborn = new World()
    stubborn.answers.set(ALERTS.attached.type, 415)
    stubborn.answers.set(ALERTS.attached10.type, 415)
    stubborn.visit(1)
    stubborn.reports()
    stubborn.reports()
    expect(types(stubborn)).toHaveLength(2)
    expect(stubborn.gateway.devices.records()[0]?.reportState).toBe(30)
  })
  test('gw 61: the server reads the inventory like any tree', () => {
    const world = proxied()
    const id = world.order([
      get('./GwMO/Devices/Inventory/Records'),
      get('./GwMO/Devices/Inventory/Records/ed1/Mode'),
      get('./GwMO/Devices?prop=Type'),
    ])
    world.report()
    expect(world.codes(id)).toEqual([200, 200, 200])
    expect(world.data(id)).toEqual(['ed1/ed2', '1', 'urn:oma:mo:oma-gwmo-deviceinventory:1.1'])
  })
})

describe.each(['xml', 'wbxml'] as const)('fan-out in %s', (encoding) => {
  test("gw 5, 12, 13, 32, 34, 36, 37, 46 and 50: asynchronous (Y'): 202, devices are notified, answers come in a new session, A3 before A4", () => {
    const world = proxied(2, encoding)
    const id = world.order([...fanoutNodes(OUR_ROOTS, job('j2', [1, 2], { command: REPLACE })), fanoutStart(OUR_ROOTS, 'j2', 'c-2')])
    expect(world.report({ initiated: 'server', sessionId: '2C' })).toBe('completed')
    expect(world.codes(id)).toEqual([200, 202])
    expect(world.notified, 'woken after the session').toEqual(['ed1', 'ed2'])
    world.visit(1, { initiated: 'server', sessionId: '1' })
    expect(world.gateway.fanouts.job('j2')?.state).toBe(20)
    world.visit(2, { initiated: 'server', sessionId: '2' })
    world.reports()
    expect(types(world)).toEqual(['resultaggregation:1.0', 'completionstatus:1.0'])
    const [a3, a4] = world.alerts
    expect([a3?.correlator, a4?.correlator]).toEqual(['c-2', 'c-2'])
    expect(readAggregation(a3?.items[0]?.data)).toMatchObject({
      final: true,
      summary: { targets: 2, succeeded: 2, failed: 0, pending: 0 },
      devices: [
        { deviceId: ed(1), code: 200 },
        { deviceId: ed(2), code: 200 },
      ],
    })
    expect(a4?.items[0]?.data).toBe('200')
    expect(world.gateway.fanouts.job('j2')?.state).toBe(40)
    const read = world.order([
      get('./GwMO/Fanout/Fanout/j2/Responses/ed1/Data'),
      get('./GwMO/Fanout/Fanout/j2/State'),
      get('./GwMO/Fanout/Fanout/j2/Result'),
    ])
    world.report()
    expect(world.data(read)[0]).toContain('<Data>1.0.7</Data>')
    expect(world.data(read).slice(1)).toEqual(['40', '200'])
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).toBe('from the gateway')
  })
  test('gw 30, gw 31: synchronous (Y, preloaded): a job waits for the notification; the session that answers it brings the results', () => {
    const world = proxied(2, encoding)
    world.order([...fanoutNodes(OUR_ROOTS, job('j1', [1, 2])), fanoutAuto(OUR_ROOTS, 'j1')])
    world.report()
    expect(world.notified).toEqual([])
    expect(world.gateway.fanouts.autoStart('dms.example')).toBe(true)
    world.settle()
    expect(world.notified).toEqual(['ed1', 'ed2'])
    world.visit(1)
    world.visit(2)
    expect(world.report({ initiated: 'server', sessionId: '2B' })).toBe('completed')
    expect(types(world)).toEqual(['resultaggregation:1.0', 'completionstatus:1.0'])
    expect(world.alerts[0]?.correlator, 'no Exec, no Correlator').toBe('')
    const results = world.wire.filter(
      ({ leg, up, message }) => leg === 'S-G' && up && message.commands.some((c) => c.kind === 'Alert' && c.code === 1226),
    )
    expect(results.map(({ message }) => message.header.sessionId)).toEqual(['2B'])
  })
})

describe('notifications for end devices', () => {
  const bytes = new Uint8Array([1, 2, 3])
  const type = 'application/vnd.syncml.notification'
  const transparent = (): World => {
    const world = new World({ mode: 0 })
    const text = registrationText({ deviceId: ed(3), device: { type: 'IPv4', address: '192.0.2.23' }, servers: ['dms.example'] })
    world.visit(3, { alerts: [generic(ALERTS.registration.type, 'xml', '', text, 'informational')] })
    return world
  }
  test('gw 39, 40, 42, 43 and 44: forwarded octet for octet to the device named, and only for a server it told of', () => {
    const world = transparent()
    const { gateway } = world
    expect(gateway.forward(ed(3), 'dms.example', type, bytes)).toBe('forwarded')
    world.settle()
    expect(world.forwarded).toEqual([{ type: 'forward', localId: 'ed3', contentType: type, body: bytes }])
    expect(gateway.forward(ed(9), 'dms.example', type, bytes)).toBe('unknown')
    expect(gateway.forward(ed(3), 'other.example', type, bytes)).toBe('not its server')
    gateway.devices.detached(ed(3), 1)
    expect(gateway.forward(ed(3), 'dms.example', type, bytes)).toBe('detached')
    world.settle()
    expect(world.forwarded).toHaveLength(1)
    const proxy = proxied(1)
    expect(proxy.gateway.forward(ed(1), 'dms.example', type, bytes), 'a proxy device: it counts as one for the gateway').toBe('y')
  })
  test('the trigger object: finished octets for a transparent device, the gateway makes its own for a proxy one, 404, 403 and 412 otherwise', () => {
    const world = transparent()
    const trigger = (n: number, notification: Uint8Array | null): number[] => {
      const id = world.order(triggerOf(OUR_ROOTS, `t${++triggers}`, ed(n), notification))
      world.report()
      return world.codes(id)
    }
    let triggers = 0
    expect(trigger(3, bytes)).toEqual([200, 200])
    expect(world.forwarded.at(-1)?.body).toEqual(bytes)
    expect(trigger(3, null)).toEqual([200, 412])
    expect(trigger(9, bytes)).toEqual([200, 404])
    world.gateway.devices.detached(ed(3), 1)
    expect(trigger(3, bytes)).toEqual([200, 403])
    // Other protocols: LwM2M has a wake-up, adb has none, and neither takes a notification of OMA DM.
    const adapted = (n: number, protocol: string): void =>
      void world.gateway.devices.registered({ deviceId: ed(n), mode: 2, address: { type: 'IPv4', address: '192.0.2.9' }, protocol })
    adapted(5, 'lwm2m')
    adapted(6, 'adb')
    world.settle()
    expect([trigger(5, null), trigger(5, bytes), trigger(6, null)]).toEqual([
      [200, 200],
      [200, 406],
      [200, 406],
    ])
    expect(world.adapted).toEqual([{ type: 'adapt', localId: 'ed5', job: '' }])
  })
})

describe('late alerts', () => {
  const LATER = fanoutCommand([{ kind: 'Exec', locUri: './Vendor/DMLab/Ops/Later' }])
  test('gw 102, gw 103, gw 107: an Exec answered 202 keeps the job open; the alert of a later session is stored, relayed and closes it', () => {
    const world = proxied()
    world.order([...fanoutNodes(OUR_ROOTS, job('j6', [1, 2], { command: LATER })), fanoutStart(OUR_ROOTS, 'j6', 'c-6')])
    world.report()
    world.visit(1)
    world.visit(2)
    expect(world.gateway.fanouts.job('j6')?.responses.map(({ state, code }) => [state, code])).toEqual([
      [35, 202],
      [35, 202],
    ])
    const correlators = world.wire.flatMap(({ leg, up, message }) =>
      leg.startsWith('G-D') && !up ? message.commands.flatMap((command) => (command.kind === 'Exec' ? [command.correlator] : [])) : [],
    )
    expect(correlators).toEqual(['j6.ed1.1', 'j6.ed2.1'])
    world.pass(20_000)
    world.visit(1)
    world.reports()
    expect(types(world), 'at once, as its own alert').toEqual(['resultaggregation:1.0'])
    expect(world.alerts[0]).toMatchObject({ correlator: 'c-6', items: [{ source: './GwMO/Fanout/Fanout/j6/Responses/ed1' }] })
    expect(readAggregation(world.alerts[0]?.items[0]?.data)).toMatchObject({
      final: false,
      devices: [{ deviceId: ed(1), late: [{ correlator: 'j6.ed1.1' }] }],
    })
    const stored = world.order([get('./GwMO/Fanout/Fanout/j6/Responses/ed1/LateAlert')])
    world.report()
    expect(world.codes(stored)).toEqual([200])
    world.restart()
    world.visit(2)
    world.pass(6_000)
    world.reports()
    expect(types(world)).toEqual(['resultaggregation:1.0', 'resultaggregation:1.0', 'resultaggregation:1.0', 'completionstatus:1.0'])
    expect(readAggregation(world.alerts[2]?.items[0]?.data)).toMatchObject({ final: true, summary: { targets: 2, pending: 0 } })
  })
  test('gw 6: what only a gateway sends upwards is 415 to a device; an alert nobody waits for is 202 and goes up without Correlator', () => {
    const world = proxied(1)
    world.visit(1, { alerts: [generic(ALERTS.attached.type, 'xml', '', '<DeviceAttach/>', 'informational')] })
    world.visit(1, { alerts: [generic('com.example.event', 'chr', './Some/Node', 'hello', 'warning')] })
    const codes = world.wire
      .filter(({ up }) => !up)
      .flatMap(({ message }) => message.commands.flatMap((c) => (c.kind === 'Status' && c.cmd === 'Alert' ? [c.code] : [])))
    expect(codes).toContain(415)
    expect(codes).toContain(202)
    world.reports()
    expect(world.alerts.at(-1)).toMatchObject({ correlator: '', items: [{ source: './GwMO/Devices/Inventory/Records/ed1', mark: 'warning' }] })
  })
})

describe('fan-out goes wrong', () => {
  test('gw 47, gw 48, gw 59: empty jobs are refused, running ones cannot be changed, completed ones can be deleted', () => {
    const world = proxied()
    const empty = world.order([...fanoutNodes(OUR_ROOTS, job('j', [])), fanoutStart(OUR_ROOTS, 'j', '')])
    world.report()
    expect(world.codes(empty)).toEqual([200, 412])
    const running = world.order([...fanoutNodes(OUR_ROOTS, job('k', [1])), fanoutStart(OUR_ROOTS, 'k', '')])
    world.report()
    expect(world.codes(running)).toEqual([200, 202])
    const gone: Command = { kind: 'Delete', cmdId: '', items: [{ target: { locUri: './GwMO/Fanout/Fanout/k' } }] }
    const busy = world.order([fanoutStart(OUR_ROOTS, 'k', ''), gone])
    world.report()
    expect(world.codes(busy)).toEqual([403, 403])
    world.visit(1)
    world.reports()
    const after = world.order([gone, get('./GwMO/Fanout/Fanout/k')])
    world.report()
    expect(world.codes(after)).toEqual([200, 404])
  })
  test('gw 54: a silent device is 408 when the time is over, and the other keeps its result', () => {
    const world = proxied()
    world.order([...fanoutNodes(OUR_ROOTS, job('j', [1, 2], { timeout: 60 })), fanoutStart(OUR_ROOTS, 'j', 'c')])
    world.report()
    world.visit(1)
    world.pass(59_000)
    expect(world.gateway.fanouts.job('j')?.state).toBe(20)
    world.pass(1_000)
    world.reports()
    expect(readAggregation(world.alerts[0]?.items[0]?.data).devices.map(({ code }) => code)).toEqual([200, 408])
    expect(world.alerts[1]?.items[0]).toMatchObject({ data: '206', mark: 'warning' })
  })
  test('gw 56: a cancelled job tells 214', () => {
    const world = proxied()
    world.order([...fanoutNodes(OUR_ROOTS, job('j', [1, 2])), fanoutStart(OUR_ROOTS, 'j', 'c')])
    world.report()
    world.visit(1)
    const id = world.order([fanoutCancel(OUR_ROOTS, 'j')])
    world.report()
    expect(world.codes(id)).toEqual([200])
    world.reports()
    expect(world.alerts.at(-1)?.items[0]?.data).toBe('214')
    expect(readAggregation(world.alerts.at(-2)?.items[0]?.data).devices.map(({ code }) => code)).toEqual([200, 214])
  })
  test('gw 88: a job of one server is hidden from another (GS-13)', () => {
    const world = proxied()
    world.order([...fanoutNodes(OUR_ROOTS, job('j', [1]))])
    world.report()
    const node = world.north.device.tree.find(['GwMO', 'Fanout', 'Fanout', 'j'])
    expect(node?.acl?.get('Get')).toEqual(['dms.example'])
  })
  test('gw 60: after a restart a running job goes on, and what a device did is not ordered again', () => {
    const world = proxied()
    world.order([...fanoutNodes(OUR_ROOTS, job('j', [1, 2], { command: REPLACE })), fanoutStart(OUR_ROOTS, 'j', 'c')])
    world.report()
    world.visit(1)
    world.notified.length = 0
    world.restart()
    expect(world.gateway.fanouts.job('j')).toMatchObject({ state: 20, responses: [{ state: 40 }, { state: 20 }] })
    expect(world.notified, 'only who has not answered is woken again').toEqual(['ed2'])
    world.wire.length = 0
    world.visit(1)
    world.visit(2)
    world.reports()
    expect(world.alerts.at(-1)?.items[0]?.data).toBe('200')
    const sent = world.wire
      .filter(({ leg, up }) => leg.endsWith('ed1') && !up)
      .flatMap(({ message }) => message.commands.filter(({ kind }) => kind === 'Replace'))
    expect(sent).toEqual([])
  })
})

describe('images', () => {
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7) & 0xff)
  test.each(['xml', 'wbxml'] as const)(
    'gw 62, 63, 64, 67, 69 to 73: S0 proxy, direct, steps 1 to 10 by the clock of the sheet, in %s',
    (encoding) => {
      const world = proxied(2, encoding)
      const made = world.order([imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: 600, sha256: '' })])
      const before = world.order([get('./GwMO/Images/Images/PKG1/ImageURL'), get('./GwMO/Images/Images/PKG1/State')])
      const data = world.order([imageData(OUR_ROOTS, 'PKG1', bytes)])
      world.report()
      expect(world.codes(made)).toEqual([200])
      expect(world.codes(before)).toEqual([404, 200])
      expect(world.codes(data)).toEqual([200])
      expect(world.gateway.images.get('PKG1')).toMatchObject({ state: 30, size: 50_000 })
      world.reports()
      expect(types(world)).toEqual(['imageready:1.0'])
      const url = world.order([get('./GwMO/Images/Images/PKG1/ImageURL'), get('./GwMO/Images/Images/PKG1/Size')])
      world.report()
      expect(world.data(url)).toEqual(['http://gw.lan.example/gw/image/PKG1', '50000'])

      world.order([...fanoutNodes(OUR_ROOTS, job('j3', [1, 2], { imageRef: 'PKG1', command: DIRECT })), fanoutStart(OUR_ROOTS, 'j3', 'c-3')])
      world.report()
      world.visit(1)
      world.visit(2)
      for (const n of [1, 2]) expect(world.device(n).device.tree.find(['Vendor', 'DMLab', 'Scratch', 'PKG1', 'Data'])?.value).toEqual(bytes)
      world.reports()
      expect(world.alerts.at(-1)?.items[0]?.data).toBe('200')

      world.pass(570_000)
      world.visit(5)
      world.reports()
      expect(types(world).at(-1)).toBe('deviceattached:1.1')
      world.pass(10_000)
      world.order([imageExpiry(OUR_ROOTS, 'PKG1', 600)])
      world.report()
      world.pass(21_000)
      expect(world.gateway.images.serve('PKG1').status, 't=601').toBe(200)
      world.order([...fanoutNodes(OUR_ROOTS, job('j4', [5], { imageRef: 'PKG1', command: DIRECT })), fanoutStart(OUR_ROOTS, 'j4', 'c-4')])
      world.wire.length = 0
      world.report()
      world.visit(5)
      expect(new Set(world.wire.map(({ leg }) => leg))).toEqual(new Set(['S-G', `G-D ${ed(5)}`]))
      world.reports()
      world.pass(580_000)
      expect(world.gateway.images.serve('PKG1'), 't=1181').toEqual({ status: 410 })
      const after = world.order([get('./GwMO/Images/Images/PKG1/Expiry'), fanoutStart(OUR_ROOTS, 'j4', ''), imageExpiry(OUR_ROOTS, 'PKG1', 9)])
      world.report()
      expect(world.codes(after)).toEqual([200, 412, 403])
      expect(world.data(after)[0]).toBe('0')
    },
  )
  test('gw 66, gw 119: indirect delivery: 202, the gateway fetches, then the alert with the Correlator; ftp is 406', () => {
    const world = proxied()
    world.order([imageNodes(OUR_ROOTS, { name: 'P', imageId: 'P', expiry: null, sha256: '', pkgUrl: 'http://ads/p.bin' })])
    const id = world.order([imageDownload(OUR_ROOTS, 'P', 'dl-1')])
    world.report()
    expect(world.codes(id)).toEqual([202])
    expect(world.fetches).toMatchObject([{ image: 'P', url: 'http://ads/p.bin' }])
    world.gateway.images.fetched('P', { ...world.store.put('P', bytes), contentType: 'application/octet-stream' })
    world.settle()
    world.reports()
    expect(world.alerts).toMatchObject([{ correlator: 'dl-1', items: [{ type: ALERTS.imageReady.type }] }])
    world.order([imageNodes(OUR_ROOTS, { name: 'F', imageId: 'F', expiry: 9, sha256: '', pkgUrl: 'ftp://ads/p.bin' })])
    const ftp = world.order([imageDownload(OUR_ROOTS, 'F', '')])
    world.report()
    expect(world.codes(ftp)).toEqual([406])
  })
  test('a failed fetch leaves state 40, no URL and no alert; the dialect `delete` takes void images away', () => {
    const world = new World({ dialect: { imageExpiry: 'delete' } })
    world.order([imageNodes(OUR_ROOTS, { name: 'P', imageId: 'P', expiry: 10, sha256: '', pkgUrl: 'http://ads/p.bin' })])
    world.order([imageDownload(OUR_ROOTS, 'P', '')])
    world.report()
    world.gateway.images.fetched('P', { reason: 'HTTP 404' })
    world.settle()
    world.reports()
    expect(world.alerts).toEqual([])
    expect(world.gateway.images.get('P')).toMatchObject({ state: 40, reason: 'HTTP 404' })
    world.pass(10_000)
    const id = world.order([get('./GwMO/Images/Images/P')])
    world.report()
    expect(world.codes(id)).toEqual([404])
    expect(world.gateway.images.serve('P')).toEqual({ status: 404 })
  })
  test('gw 91: an image that does not fit is 420 and leaves nothing (GS-16)', () => {
    const world = proxied()
    world.order([imageNodes(OUR_ROOTS, { name: 'BIG', imageId: 'BIG', expiry: 9, sha256: '' })])
    world.report()
    world.store.put('x', new Uint8Array(990_000))
    const id = world.order([imageData(OUR_ROOTS, 'BIG', bytes)])
    world.report()
    expect(world.codes(id)).toEqual([420])
    expect(world.gateway.images.get('BIG')?.state).toBe(10)
  })
})
