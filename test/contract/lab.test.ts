// The LabApi contract three ways: direct, through bytes in memory, and over a real WebSocket; and what only a channel adds.
import { describe, expect, it } from 'vitest'
import { MessageChannel } from 'node:worker_threads'
import { WebSocket } from 'ws'
import type { Channel, LabApi } from '../../core/api.ts'
import { overPort, overSocket } from '../../core/node/channel.ts'
import { check } from '../../core/node/validate.ts'
import { serveWindow } from '../../core/node/web.ts'
import { connect, METHODS, EVENTS, serve } from '../../core/rpc.ts'
import { channelPair } from '../support/channels.ts'
import { memoryLab } from '../support/memorylab.ts'
import type { MemoryLab } from '../support/memorylab.ts'
import { labContract } from './suite.ts'
import type { Subject } from './suite.ts'

/** `api` as a screen at the end of a WebSocket sees it. */
export async function overWebSocket(api: LabApi): Promise<Subject & { channel: Channel }> {
  const token = 'f'.repeat(64)
  const window = await serveWindow({ api, token, dist: '/nonexistent', host: '127.0.0.1', port: 0 })
  const socket = new WebSocket(`ws://127.0.0.1:${window.port}/ws?token=${token}`)
  const channel = overSocket(socket)
  const screen = connect(channel)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { api: screen, channel, end: () => window.close() }
}

labContract('direct', async () => ({ api: memoryLab().api, end: () => {} }))

labContract('through bytes in memory', async () => {
  const [here, there] = channelPair(true)
  const screen = connect(there)
  serve(memoryLab().api, here, check)
  return { api: screen, end: () => here.close() }
})

labContract('over a WebSocket', async () => overWebSocket(memoryLab().api))

labContract('over a MessagePort', async () => {
  const { port1, port2 } = new MessageChannel()
  const screen = connect(overPort(port2))
  serve(memoryLab().api, overPort(port1), check)
  return { api: screen, end: () => port1.close() }
})

describe('a channel', () => {
  const ways: [string, (lab: MemoryLab) => Promise<{ api: LabApi; near: Channel }>][] = [
    ['bytes', async (lab) => joined(lab, channelPair(true))],
    ['clones', async (lab) => joined(lab, channelPair(false))],
  ]
  const joined = (lab: MemoryLab, [here, there]: [Channel, Channel]): { api: LabApi; near: Channel } => {
    const api = connect(there)
    serve(lab.api, here, check, (rows) => (lab.skipped.rows += rows))
    return { api, near: there }
  }

  it.each(ways)('of %s: a screen that falls behind gets facts without rows, the lab counts them, and pages bring all', async (_name, open) => {
    const lab = memoryLab()
    const { api } = await open(lab)
    const heard: (number | null)[] = []
    api.on('trace', (fact) => heard.push(fact.rows?.count ?? null))
    for (let i = 0; i < 200; i++) lab.burst(3)
    expect((await api.lab.state()).last).toBe(600)
    expect(heard).toHaveLength(200)
    const without = heard.filter((count) => count === null).length
    expect(without).toBeGreaterThan(100)
    expect(lab.skipped.rows).toBe(without * 3)
    expect((await api.trace.rows(1, 5000)).count).toBe(600)
    lab.burst(3)
    await api.lab.state()
    expect(heard.at(-1)).toBe(3)
  })

  it.each(ways)('of %s: calls open at its end are refused, and the lab forgets the screen', async (_name, open) => {
    const lab = memoryLab()
    const { api, near } = await open(lab)
    await api.lab.state()
    expect(lab.listeners()).toBeGreaterThan(0)
    const call = api.lab.state()
    near.close()
    await expect(call).rejects.toThrow('connection lost')
    expect(lab.listeners()).toBe(0)
  })

  it('over a socket: the end is told on both sides', async () => {
    const lab = memoryLab()
    const { api, end } = await overWebSocket(lab.api)
    await api.lab.state()
    expect(lab.listeners()).toBe(EVENTS.length)
    await end()
    await expect(api.lab.state()).rejects.toThrow('connection lost')
    for (let i = 0; i < 100 && lab.listeners() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(lab.listeners()).toBe(0)
  })

  it('answers nothing but the calls of LabApi, whatever is asked', async () => {
    const lab = memoryLab()
    const [here, there] = channelPair(true)
    serve(lab.api, here, check)
    const replies: { reply: number; error?: string }[] = []
    there.onMessage((message) => replies.push(message as { reply: number }))
    const asked: unknown[] = [
      { call: 1, area: 'constructor', method: 'constructor', args: [] },
      { call: 2, area: '__proto__', method: 'toString', args: [] },
      { call: 3, area: 'lab', method: '__proto__', args: [] },
      { call: 4, area: 'lab', method: 'toString', args: [] },
      { call: 5, area: 'on', method: 'call', args: ['trace'] },
      { call: 6, area: 'lab', method: 'state', args: 'none' },
      { call: 7 },
      { call: 8, area: null, method: {}, args: {} },
    ]
    for (const message of [null, 1, 'x', [], {}, { ack: 'x' }, { ack: 1e9 }, ...asked]) there.post(message)
    await settled()
    expect(replies.map((r) => r.reply)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    for (const r of replies) expect(r.error).toMatch(/no such call|not a list/)
  })
})

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const CART = { mode: 'atomic', commands: [{ kind: 'Replace', locUri: './a', data: '' }], when: 'wake now' }

describe('arguments', () => {
  const good: Record<string, unknown[][]> = {
    'lab.state': [[]],
    'trace.rows': [
      [0, 0],
      [1, 1e9],
    ],
    'trace.frame': [[1]],
    'trace.filter': [['cmd == Exec', 1, 5000]],
    'trace.sessions': [[]],
    'trace.session': [[3]],
    'stepper.held': [[]],
    'stepper.mode': [[{ mode: 'off' }], [{ mode: 'all' }], [{ mode: 'session', session: 4 }]],
    'stepper.decide': [
      [1, { act: 'continue' }],
      [1, { act: 'edit', bytes: new Uint8Array(3) }],
    ],
    'devices.list': [[]],
    'devices.simulate': [[{}], [{ id: 'a', encoding: 'wbxml', auth: 'md5', initiated: 'server', wrongPassword: true }]],
    'devices.questions': [[]],
    'devices.answer': [
      ['q1', { act: 'ok' }],
      ['q1', { act: 'text', text: '42' }],
      ['q1', { act: 'chosen', numbers: [1, 2] }],
    ],
    'devices.queue': [['d', [{ kind: 'Replace', locUri: './a', data: '' }]]],
    'devices.notify': [
      ['d', {}],
      [
        'd',
        { to: 'udp://127.0.0.1:2948', version: 11, uiMode: 'background', sessionId: 26, nonce: 'zeros', waitMs: 5, resync: true, vendor: 'AQI=' },
      ],
      ['d', { send: false, flaw: 'digest', future: 1, endDevice: 'ed3', initiator: 'client' }],
    ],
    'devices.bootstrap': [
      [{ device: 'd', profile: 'cp', security: 'USERPIN' }],
      [{ device: 'd', profile: 'dm', security: 'NETWPIN', imsi: '1', serverUri: 'http://lab/dm', auth: 'hmac', to: 'http://127.0.0.1/' }],
    ],
    'devices.accounts': [['d']],
    'devices.setAccount': [
      ['d', {}],
      [
        'd',
        { serverId: 'ops', userName: 'u', auth: 'hmac', password: 'p', serverPassword: '', clientNonce: 'AQI=', serverNonce: '', state: 'refused' },
      ],
    ],
    'evidence.open': [['a.xml', new Uint8Array(0)]],
    'tree.overview': [[{ device: 'd' }], [{ device: 'd', after: 7 }], [{ snapshot: 's' }]],
    'tree.children': [[{ device: 'd' }, '.', 0, 100]],
    'tree.node': [[{ device: 'd' }, './A', '']],
    'tree.search': [
      [{ snapshot: 's' }, 'x', 10],
      [{ device: 'd' }, 'x', 10, './A'],
    ],
    'tree.changes': [['d', 0]],
    'tree.discover': [
      ['d', {}],
      ['d', { root: './A', perSecond: 5, again: true, acl: true }],
    ],
    'tree.discovery': [['d']],
    'tree.cancelDiscovery': [['d']],
    'tree.check': [['d', CART]],
    'tree.preview': [['d', CART, 'wbxml']],
    'tree.send': [['d', CART]],
    'tree.orders': [['d']],
    'tree.order': [['0a']],
    'tree.snapshots': [[]],
    'tree.snapshot': [[{ device: 'd' }, 'before']],
    'tree.dropSnapshot': [['before']],
    'tree.diff': [[{ snapshot: 'a' }, { device: 'd' }]],
    'tree.script': [[{ snapshot: 'a' }, { device: 'd', after: 3 }, 'atomic']],
    'tree.export': [
      [{ device: 'd' }, '.', 'csv'],
      [{ device: 'd' }, '.', 'csv', true],
    ],
    'tree.import': [['a', new Uint8Array(2)]],
    'tree.schemas': [[]],
    'tree.addSchema': [['a', new Uint8Array(2)]],
    'tree.dropSchema': [['a']],
    'jobs.create': [
      [{ device: 'd', type: 'scomo', op: 'deliver', pkg: 'antivir-2.1' }],
      [
        {
          deviceType: { man: 'ACME', mod: 'X1' },
          type: 'scomo',
          op: 'update',
          items: [{ pkg: 'a-2' }, { component: 'b' }],
          confirm: 'user',
          limitMs: 5,
        },
      ],
      [{ filter: 'man == "ACME"', type: 'fumo', op: 'update', mechanism: 'dlota1', reason: 'security', notify: 'http://emi/notify' }],
    ],
    'jobs.list': [[''], ['', 'job-1']],
    'jobs.get': [['job-1']],
    'jobs.cancel': [['job-1']],
    'catalogue.list': [[]],
    'catalogue.add': [['a.bin', new Uint8Array(2), { pkgId: 'a-1', components: [{ id: 'a', version: '1' }] }]],
    'catalogue.withdraw': [['a-1']],
    'provider.groups': [[]],
    'provider.putGroup': [[{ name: 'g', devices: ['d'] }]],
    'provider.dropGroup': [['g']],
    'provider.sets': [[]],
    'provider.putSet': [
      [{ id: 's', man: 'ACME', mod: 'X1', items: [{ component: 'a', pkg: 'a-1', version: 'latest', active: true }], remove: false, confirm: 'none' }],
    ],
    'provider.dropSet': [['s']],
    'provider.subscriptions': [[]],
    'provider.putSubscription': [[{ id: 's', device: 'd', provider: 'p', components: [], newToo: true, confirm: 'user' }]],
    'provider.dropSubscription': [['s']],
    'provider.hooks': [[]],
    'provider.addHook': [['http://emi/notify']],
    'provider.dropHook': [['h']],
    'software.board': [['d']],
    'software.request': [['d', { type: 'scomo', by: 'user', operation: 'Install', pkg: 'a-1', source: './SCOMO' }]],
    'software.restart': [['d']],
    'peers.clock': [[]],
    'peers.list': [[]],
    'peers.attach': [[{ url: 'http://127.0.0.1:8081/?token=abc' }], [{ url: 'https://lab.example/', token: 't', name: 'gw', history: 0 }]],
    'peers.detach': [['0a1b']],
    'peers.hold': [['0a1b', true]],
    'gateways.list': [[]],
    'gateways.pair': [['d']],
    'gateways.relations': [[]],
    'gateways.fanouts': [[]],
    'gateways.fanout': [
      [{ gateway: 'g', devices: ['a'], commands: [{ kind: 'Exec', locUri: './A' }], style: 'Y', timeout: 60, returnFormat: 2 }],
      [{ gateway: 'g', mode: 1, filter: 'DevInfo/Mod=X*', image: 'PKG1', commands: [{ kind: 'Replace', locUri: './A', data: '{{ImageData}}' }] }],
    ],
    'gateways.cancel': [['f1']],
    'gateways.retry': [['f1', ['a']]],
    'gateways.images': [[]],
    'gateways.image': [[{ gateway: 'g', imageId: 'PKG1', expiry: 600, pkg: 'a-1' }]],
    'gateways.expire': [['g', 'PKG1', 600]],
    'gateways.inside': [[]],
    'gateways.inventory': [['g']],
    'gateways.stories': [['g']],
    'gateways.matrix': [['f1']],
    'gateways.cards': [[]],
    'scenarios.list': [[]],
    'scenarios.run': [
      [{ id: 's1-5.4.2-alt1' }],
      [{ id: 's3-5.1', encoding: 'wbxml', seed: 7, transport: 'live', device: 'd', fault: '6a', pace: 100 }],
    ],
    'scenarios.runs': [[]],
    'scenarios.cancel': [[1]],
    'scenarios.report': [[[1, 2], 'junit']],
    'trust.state': [[]],
    'trust.authority': [['pem'], ['qr']],
    'trust.settings': [[{}], [{ profile: 'legacy', minVersion: 'TLSv1', maxVersion: 'TLSv1.2', clientCertificates: 'required' }]],
    'trust.issue': [[{ device: 'd' }], [{ device: 'd', days: 30 }]],
    'trust.withdraw': [['0A1B']],
    'trust.replace': [['rsa']],
    'addresses.list': [[]],
    'addresses.choice': [[''], ['d']],
    'addresses.choose': [
      ['d', 'loopback', 'http'],
      ['', '', 'https'],
    ],
    'addresses.add': [[{ name: 'office NAT', https: 'https://lab.example.com:8443/proxy' }]],
    'addresses.remove': [['hand/office NAT']],
    'addresses.test': [['loopback']],
    'addresses.multicast': [['wlan0']],
    'modem.state': [[]],
    'modem.probe': [['/dev/ttyUSB0'], ['COM3', { baud: 9600, pin: '1234' }]],
    'modem.listen': [['/dev/ttyUSB0', {}]],
    'modem.close': [['/dev/ttyUSB0']],
    'modem.dialogue': [['/dev/serial/by-id/usb-Acme-if00']],
    'modem.build': [[{ to: 'sms:+491701234567', pdu: Uint8Array.of(1, 6, 0), reference: 9 }]],
    'modem.send': [[{ to: 'sms:+491701234567?port=/dev/ttyUSB0', pdu: Uint8Array.of(1, 6, 0) }]],
    'modem.messages': [[]],
    'modem.decode': [['0001000C919471103254760004', 'to the network']],
    'wifi.state': [[]],
    'wifi.invite': [[{}], [{ device: 'd', candidates: ['loopback'], lifeMs: 60_000, choose: true }]],
    'wifi.withdraw': [['0a1b']],
    'wifi.publish': [[null], [{ name: 'Bench', interface: 'wlan0' }]],
    'wifi.browse': [[{}], [null]],
    'devices.wants': [[]],
    'devices.decide': [['d', 'adopt always']],
    'devices.reset': [
      ['d', {}],
      ['d', { snapshot: 's', nonces: false, orders: true }],
    ],
    'evidence.why': [[7]],
    'proxies.list': [[]],
    'proxies.add': [
      [{ upstream: 'http://dm.example.com:8080/oma' }],
      [
        {
          upstream: 'https://dm.example.com',
          port: 9000,
          host: '127.0.0.1',
          https: true,
          trust: 'ca',
          ca: 'PEM',
          rewrite: true,
          resign: false,
          timeoutMs: 500,
        },
      ],
    ],
    'proxies.remove': [['p1']],
    'dialect.get': [[]],
    'dialect.check': [['{}']],
    'dialect.put': [['{}']],
    'dialect.view': [['d']],
    'adb.state': [[]],
    'adb.server': [[5038]],
    'adb.startServer': [[]],
    'adb.probe': [['R58M']],
    'adb.reconnect': [['R58M']],
    'adb.reverse': [['R58M'], ['R58M', [8080, 8443]]],
    'adb.unreverse': [['R58M'], ['R58M', [8080]]],
    'adb.connect': [['192.168.1.7'], ['phone.local:5555']],
    'adb.disconnect': [['192.168.1.7:5555']],
    'adb.pair': [['192.168.1.7:37123', '123456']],
    'adb.push': [['R58M', { path: '/sdcard/Download/ca.crt', bytes: new Uint8Array(2), mode: 0o644 }]],
    'adb.identify': [['R58M'], ['R58M', 'A1']],
    'adb.logcat': [
      ['R58M', null],
      ['R58M', { tags: ['dmclient'], level: 'I', text: 'session' }],
    ],
    'adb.log': [['R58M', { after: 3, from: 1, until: 2.5, filter: { level: 'W' }, count: 10 }]],
    'adb.forget': [['R58M']],
    'connect.state': [[]],
    'connect.reach': [['192.168.1.7']],
    'connect.port': [[8080]],
  }
  const all = Object.entries(METHODS).flatMap(([area, methods]) => methods.map((method) => [area, method] as const))

  it.each(all)('%s.%s takes what it should, exactly', (area, method) => {
    const samples = good[`${area}.${method}`] ?? []
    const most = Math.max(...samples.map(({ length }) => length))
    for (const args of samples) {
      expect(check(area, method, args)).toEqual(args)
      // Fewer: what may be left out was.
      if (args.length < most) continue
      expect(() => check(area, method, [...args, 1])).toThrow(`${area}.${method}: ${args.length + 1} arguments`)
    }
    expect(good[`${area}.${method}`]).toBeDefined()
  })

  const bad: [string, string, unknown[], string][] = [
    ['trace', 'rows', [1], 'trace.rows: count: '],
    ['trace', 'rows', ['1', 1], 'trace.rows: first: expected number'],
    ['trace', 'rows', [-1, 1], 'trace.rows: first: '],
    ['trace', 'rows', [1.5, 1], 'trace.rows: first: expected int'],
    ['trace', 'rows', [Number.NaN, 1], 'trace.rows: first: '],
    ['trace', 'frame', [2 ** 60], 'trace.frame: seq: '],
    ['stepper', 'mode', [{ mode: 'some' }], 'stepper.mode: mode'],
    ['stepper', 'mode', [{ mode: 'all', session: 1 }], 'stepper.mode: mode: '],
    ['stepper', 'decide', [1, { act: 'edit', bytes: [1, 2] }], 'stepper.decide: verdict.bytes: expected bytes'],
    ['stepper', 'decide', [1, { act: 'edit', bytes: new Uint8Array(17 * 1024 * 1024) }], 'stepper.decide: verdict.bytes: longer than'],
    ['devices', 'simulate', [{ id: 'a', shell: 'rm' }], 'devices.simulate: options: '],
    ['devices', 'simulate', [JSON.parse('{"__proto__":{"id":"x"}}')], 'devices.simulate: options: '],
    ['devices', 'simulate', [{ id: 'x'.repeat(1025) }], 'devices.simulate: options.id: '],
    ['devices', 'queue', ['d', []], 'devices.queue: commands: '],
    ['devices', 'queue', ['d', [{ kind: 'Format', locUri: 'x' }]], 'devices.queue: commands.0.kind: '],
    ['devices', 'queue', ['d', Array.from({ length: 1001 }, () => ({ kind: 'Get', locUri: 'x' }))], 'devices.queue: commands: '],
    ['devices', 'notify', ['d', { sessionId: 0 }], 'devices.notify: options.sessionId: '],
    ['devices', 'notify', ['d', { to: 'file:///etc/passwd' }], 'devices.notify: options.to: expected udp://host:port'],
    ['devices', 'notify', ['d', { password: 'x' }], 'devices.notify: options: '],
    ['devices', 'bootstrap', [{ device: 'd', profile: 'cp', security: 'NONE' }], 'devices.bootstrap: options.security: '],
    ['devices', 'bootstrap', [{ device: 'd', profile: 'cp', security: 'USERPIN', serverUri: 'udp://x' }], 'devices.bootstrap: options.serverUri: '],
    ['devices', 'setAccount', ['d', { authType: 'md5' }], 'devices.setAccount: change: '],
    ['devices', 'setAccount', ['d', { clientNonce: '!' }], 'devices.setAccount: change.clientNonce: '],
    ['evidence', 'open', ['a', 'text'], 'evidence.open: bytes: expected bytes'],
    ['tree', 'overview', [{ device: 'd', snapshot: 's' }], 'tree.overview: ref'],
    ['jobs', 'create', [{ device: 'd', type: 'scomo', op: 'format' }], 'jobs.create: wish.op: '],
    ['provider', 'addHook', ['file:///etc/passwd'], 'provider.addHook: url: expected an http or https URL'],
    ['scenarios', 'run', [{ id: '../x' }], 'scenarios.run: wish.id: expected letters'],
    ['tree', 'send', ['d', { mode: 'atomic', commands: [], when: 'now' }], 'tree.send: cart.'],
    ['toString', 'call', [], 'no such call: toString.call'],
    ['trace', 'constructor', [], 'no such call: trace.constructor'],
  ]
  it.each(bad)('%s.%s refuses what it should not take, by name', (area, method, args, text) => {
    expect(() => check(area, method, args)).toThrow(text)
  })

  it('leave out what is present and undefined', () => {
    expect(Object.keys(check('devices', 'simulate', [{ id: undefined, auth: 'md5' }])[0] as object)).toEqual(['auth'])
  })
})
