// Alerts between gateway and server: both versions, unknown types, answers that get lost or are errors.
import { describe, expect, test } from 'vitest'
import { generic } from '../../core/gateway/inventory.ts'
import { attachText, readAttach } from '../../core/gateway/payloads.ts'
import { Gateways } from '../../core/lab/gateways.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import type { SessionView } from '../../core/server/policy.ts'
import type { AlertRecord } from '../../core/server/records.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import type { Alert } from '../../core/syncml/message.ts'
import { GATEWAY_ID, World, ed } from './world.ts'
import { types, proxied } from './jobs.ts'

describe('alerts upwards', () => {
  /** The DM Server as it is in the lab, asked about one alert. */
  function server() {
    const parts = {
      docs: memoryDocs(),
      now: () => 1,
      notify: () => Promise.reject(new Error('nobody')),
      told: () => {},
      ended: () => {},
      moved: () => {},
    }
    const gateways = new Gateways(parts)
    const view = { device: GATEWAY_ID, authenticated: true } as SessionView
    const ask = (type: string, data: string, more: Partial<SessionView> = {}): number | undefined => {
      const items = [{ source: '', type, format: 'xml', mark: '', data }]
      const alert: AlertRecord = { device: GATEWAY_ID, sessionId: '1', msgId: '1', at: 1, code: 1226, correlator: '', items }
      return gateways.alert({ ...view, ...more }, alert)
    }
    return { gateways, ask }
  }
  const attach = {
    gatewayId: GATEWAY_ID,
    gateway: { type: 'URI', address: 'https://gw.example/push' },
    deviceId: ed(1),
    localId: 'ed1',
    device: { type: 'IPv4', address: '192.0.2.21' },
    mode: 1,
  } as const

  test('gw 4: the server takes both versions of the attach alert as the same relation', () => {
    const { gateways, ask } = server()
    expect(ask('urn:oma:at:oma-gwmo:deviceattached:1.0', attachText({ ...attach, componentType: null }))).toBe(200)
    expect(gateways.relations.of(ed(1))).toMatchObject({ gateway: GATEWAY_ID, mode: 1, componentType: null, version: '1.0' })
    expect(ask('urn:oma:at:oma-gwmo:deviceattached:1.1', attachText({ ...attach, mode: 0, componentType: 1 }))).toBe(200)
    expect(gateways.relations.all()).toMatchObject([{ deviceId: ed(1), mode: 0, componentType: 1, version: '1.1' }])
  })
  test('gw 4: the gateway tells a server that knows only 1.0 in 1.0 from then on, after a restart too; one that knows 1.1 in 1.1', () => {
    const world = new World()
    world.answers.set(ALERTS.attached.type, 415)
    world.visit(1)
    world.reports()
    expect(types(world)).toEqual(['deviceattached:1.1', 'deviceattached:1.0'])
    world.visit(2)
    world.reports()
    expect(types(world).slice(2)).toEqual(['deviceattached:1.0'])
    world.restart()
    world.visit(3)
    world.reports()
    expect(types(world).slice(3)).toEqual(['deviceattached:1.0'])
    expect(readAttach(world.alerts.at(-1)?.items[0]?.data)).toMatchObject({ deviceId: ed(3), componentType: null })
    expect(world.gateway.devices.records().map(({ reportState }) => reportState)).toEqual([20, 20, 20])
    const modern = new World()
    modern.visit(1)
    modern.visit(2)
    modern.reports()
    expect(types(modern)).toEqual(['deviceattached:1.1', 'deviceattached:1.1'])
  })
  test('gw 7: every type a gateway may send is 200, what is none of the server is 415, and who is not authenticated 401', () => {
    const { ask } = server()
    const said: Record<string, string> = {
      attached: attachText({ ...attach, componentType: 0 }),
      attached10: attachText({ ...attach, componentType: null }),
      detached: '<DeviceDetach><DeviceID>x</DeviceID><Reason>1</Reason></DeviceDetach>',
      gateway: 'https://gw.example/push',
    }
    const known = Object.entries(ALERTS).map(([name, { type }]) => [name, ask(type, said[name] ?? '')])
    expect(Object.fromEntries(known)).toEqual({
      attached: 200,
      attached10: 200,
      detached: 200,
      aggregation: 200,
      completion: 200,
      imageReady: 200,
      gateway: 200,
      registration: 415,
      serverList: 415,
    })
    expect(ask(ALERTS.attached.type, said['attached'] ?? '', { authenticated: false })).toBe(401)
    expect(ask(ALERTS.attached.type, '<Other/>'), 'known, but it does not read').toBe(412)
    for (const type of ['deviceattached:1.2', 'DeviceAttached:1.1', 'nonsense:1.0']) expect(ask(`urn:oma:at:oma-gwmo:${type}`, ''), type).toBe(415)
    expect(ask('org.example:event', ''), 'no alert of a gateway: others judge it').toBeUndefined()
  })
  test('gw 7: on the wire an alert of an unknown type gets Status 415, a known one 200', () => {
    const world = proxied(1)
    const { gateways } = server()
    world.hears = (view, alert) => gateways.alert(view, alert)
    const alert = (type: string, data: string): Alert => generic(type, 'xml', '', data, 'informational')
    const alerts = [alert(ALERTS.attached.type, attachText({ ...attach, componentType: 0 })), alert('urn:oma:at:oma-gwmo:nonsense:1.0', '<x/>')]
    expect(world.report({ alerts })).toBe('completed')
    const codes = world.wire.flatMap(({ up, message }) =>
      up ? [] : message.commands.flatMap((each) => (each.kind === 'Status' && each.cmd === 'Alert' ? [each.code] : [])),
    )
    expect(codes, 'the session alert, then these two').toEqual([200, 200, 415])
  })
  test('gw 14: an alert whose answer was lost goes again in the next session, and after a restart; once it is answered no more', () => {
    const world = new World()
    world.visit(1)
    let lose = true
    world.road = ({ leg, up, bytes }) => (lose && leg === 'S-G' && !up && world.alerts.length > 0 ? null : bytes)
    expect(world.report()).not.toBe('completed')
    expect(types(world), 'the server heard it, the gateway does not know').toEqual(['deviceattached:1.1'])
    expect(world.gateway.devices.records()[0]?.reportState).toBe(10)
    world.restart()
    lose = false
    world.reports()
    expect(types(world)).toEqual(['deviceattached:1.1', 'deviceattached:1.1'])
    expect(world.alerts[1]?.items).toEqual(world.alerts[0]?.items)
    expect(world.alerts[1]?.sessionId).not.toBe(world.alerts[0]?.sessionId)
    expect(world.gateway.devices.records()[0]?.reportState).toBe(20)
    world.report()
    expect(types(world)).toHaveLength(2)
  })
  test('gw 14: an alert that the server could not take (500) waits longer each time, and goes until it is taken', () => {
    const world = new World()
    world.answers.set(ALERTS.attached.type, 500)
    world.visit(1)
    const heard = (): number => world.alerts.length
    world.reports()
    expect(heard()).toBe(1)
    const waits: number[] = []
    for (let n = 2; n <= 3; n += 1) {
      const from = world.now
      for (let i = 0; i < 100 && heard() < n; i += 1) {
        world.pass(10_000)
        world.reports()
      }
      waits.push((world.now - from) / 60_000)
    }
    expect(waits).toEqual([1, 5])
    world.answers.clear()
    world.pass(15 * 60_000)
    world.reports()
    expect([heard(), world.gateway.devices.records()[0]?.reportState]).toEqual([4, 20])
    world.pass(24 * 3600_000)
    world.report()
    expect(heard()).toBe(4)
  })
})
