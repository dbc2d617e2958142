// Story of the addresses devices are told: candidates of interfaces, the way a message came, a hand that chooses, and what a test of one finds.
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { AddressTest } from '../../core/api.ts'
import { addressesArea } from '../../core/lab/addressesarea.ts'
import { Addresses } from '../../core/lab/addresses.ts'
import { kindOf } from '../../core/lab/candidates.ts'
import type { OwnAddress } from '../../core/lab/candidates.ts'
import type { AddressesParts, Path } from '../../core/lab/addresses.ts'
import { poster } from '../../core/node/client.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import { deviceOf, packageOne, postBody, realLab } from '../support/reallab.ts'
import { runClient } from '../../core/lab/runner.ts'
import { processClock } from '../../core/node/clock.ts'

const OWN: readonly OwnAddress[] = [
  { name: 'lo', address: '127.0.0.1', family: 4, internal: true },
  { name: 'docker0', address: '172.17.0.1', family: 4, internal: false },
  { name: 'tun0', address: '10.8.0.2', family: 4, internal: false },
  { name: 'enp3s0', address: '10.0.0.7', family: 4, internal: false },
  { name: 'enp3s0', address: 'fd00::7', family: 6, internal: false },
  { name: 'enp3s0', address: 'fe80::7', family: 6, internal: false },
  { name: 'wlp2s0', address: '192.168.1.5', family: 4, internal: false },
]

function addresses(change: Partial<AddressesParts> = {}): Addresses {
  return new Addresses({
    docs: memoryDocs(),
    interfaces: () => OWN,
    bound: () => ({ host: '0.0.0.0', http: 8080, https: 8443 }),
    simulated: (device) => device.startsWith('SIM'),
    before: () => undefined,
    probe: async () => ({ result: 'ours', ms: 1, text: '' }),
    moved: () => {},
    ...change,
  })
}

const path = (local: string, more: Partial<Path> = {}): Path => ({ local, remote: '192.168.1.77:40000', tls: false, host: local, at: 7, ...more })

describe('an address by rule', () => {
  test('is the interface the last message came in on, with its scheme; another way, another address', () => {
    const all = addresses()
    all.came('d', path('192.168.1.5:8080'))
    expect(all.choice('d')).toMatchObject({ base: 'http://192.168.1.5:8080', by: 'path', why: 'its last message came over wlp2s0', lastAt: 7 })
    all.came('d', path('10.0.0.7:8443', { tls: true }))
    expect(all.choice('d').urls).toEqual({
      dm: 'https://10.0.0.7:8443/dm',
      download: 'https://10.0.0.7:8443/dl/',
      gateway: 'https://10.0.0.7:8443/gw',
      image: 'https://10.0.0.7:8443/gw/image/',
    })
    all.came('d', path('127.0.0.1:8080', { remote: '127.0.0.1:4711' }))
    expect(all.choice('d')).toMatchObject({
      base: 'http://127.0.0.1:8080',
      why: 'its last message came over loopback (this computer, or adb reverse)',
    })
    all.came('d', path('[fd00::7]:8080'))
    expect(all.advertised('d', 'dm')).toBe('http://[fd00::7]:8080/dm')
  })

  test('of a device nothing is known of is the first that others reach; a simulated one stays on this computer', () => {
    expect(addresses().choice('new')).toMatchObject({ base: 'http://192.168.1.5:8080', by: 'rule' })
    expect(addresses().choice('SIM:1')).toMatchObject({ base: 'http://127.0.0.1:8080', by: 'rule' })
    const local = addresses({ bound: () => ({ host: '127.0.0.1', http: 8080, https: 0 }) })
    expect(local.choice('new')).toMatchObject({ base: 'http://127.0.0.1:8080', why: 'the lab listens on this computer only' })
    const wifi = local.candidates().find(({ kind }) => kind === 'wifi')
    expect(wifi).toMatchObject({ reachable: false, https: '' })
    expect(wifi?.text).toContain('not reachable: the lab listens on 127.0.0.1 only')
  })

  test('is what the trace knows after a restart, and falls back where the interface is gone', () => {
    expect(addresses({ before: () => path('10.0.0.7:8080') }).choice('d').by).toBe('path')
    expect(addresses({ before: () => path('10.99.0.1:8080') }).choice('d')).toMatchObject({ by: 'rule', base: 'http://192.168.1.5:8080' })
  })

  test('on the command line goes before the way, but not before a simulated device', () => {
    const all = addresses({ given: 'https://dm.example.com/lab' })
    all.came('d', path('192.168.1.5:8080'))
    expect(all.advertised('d', 'download')).toBe('https://dm.example.com/lab/dl/')
    expect(all.choice('SIM:1').base).toBe('http://127.0.0.1:8080')
    expect(all.names()).toContain('dm.example.com')
  })

  test.each([
    ['wlan0', 'wifi'],
    ['Wi-Fi', 'wifi'],
    ['enx00e04c', 'ethernet'],
    ['Ethernet 2', 'ethernet'],
    ['vEthernet (WSL)', 'virtual'],
    ['utun3', 'vpn'],
    ['ProtonVPN', 'vpn'],
    ['wwan0', 'mobile'],
    ['en0', 'other'],
  ])('takes %s for %s', (name, kind) => expect(kindOf(name)).toBe(kind))
})

describe('an address by hand', () => {
  test('is for one device or for all unknown ones, and goes back to the rule', async () => {
    const all = addresses()
    const area = addressesArea(all)
    all.came('d', path('192.168.1.5:8080'))
    expect(await area.choose('d', 'enp3s0/10.0.0.7', 'https')).toMatchObject({ base: 'https://10.0.0.7:8443', by: 'hand' })
    expect(all.choice('other').base).toBe('http://192.168.1.5:8080')
    await area.choose('', 'enp3s0/10.0.0.7')
    expect(all.choice('other')).toMatchObject({ base: 'http://10.0.0.7:8080', by: 'hand', why: 'chosen by hand for devices nothing is known of' })
    expect(await area.choose('d', '')).toMatchObject({ by: 'path', base: 'http://192.168.1.5:8080' })
    await expect(area.choose('d', 'eth9/1.2.3.4')).rejects.toThrow('there is no address eth9/1.2.3.4')
  })

  test('a NAT name is entered, told to devices that call by it, and forgotten with what rested on it', async () => {
    const all = addresses()
    const area = addressesArea(all)
    await area.add({ name: 'office', http: 'http://lab.example.com/', https: 'https://lab.example.com:9443' })
    await expect(area.choose('d', 'hand/none')).rejects.toThrow('there is no address')
    all.came('d', path('192.168.1.5:8080', { host: 'LAB.example.com' }))
    expect(all.choice('d')).toMatchObject({ base: 'http://lab.example.com', by: 'path', why: 'its last message was addressed to LAB.example.com' })
    all.came('d', path('192.168.1.5:8443', { host: 'lab.example.com:9443', tls: true }))
    expect(all.choice('d').base).toBe('https://lab.example.com:9443')
    expect(all.names()).toContain('lab.example.com')
    await area.choose('e', 'hand/office')
    await area.remove('hand/office')
    expect(all.choice('e').by).toBe('rule')
    await expect(area.remove('loopback')).rejects.toThrow('loopback was not entered by hand')
  })

  test('multicast leaves by the first real interface, or the one chosen', async () => {
    const all = addresses()
    expect(all.multicast()).toMatchObject({ interface: 'wlp2s0', address: '192.168.1.5', by: 'rule' })
    expect((await addressesArea(all).multicast('enp3s0')).multicast).toMatchObject({ address: '10.0.0.7', by: 'hand' })
    await expect(addressesArea(all).multicast('eth9')).rejects.toThrow('there is no interface eth9 with an IPv4 address')
    expect((await addressesArea(all).multicast('')).multicast?.by).toBe('rule')
    expect(addresses({ bound: () => ({ host: '127.0.0.1', http: 1, https: 0 }) }).multicast()).toMatchObject({ interface: 'lo' })
  })
})

const others = Object.values(networkInterfaces())
  .flat()
  .filter((one) => one?.family === 'IPv4' && !one.internal)

describe('over real sockets', () => {
  test('each device is told the way it came: RespURI, AppAddr and the address of its downloads', async (context) => {
    const own = others[0]?.address
    if (own === undefined) context.skip('needs an interface beside loopback')
    const lab = await realLab({ host: '0.0.0.0', tlsPort: 0, tlsMust: true, enrol: 'auto' })
    try {
      const at = (url: string, host: string): string => url.replace('127.0.0.1', host)
      const ca = new TextDecoder().decode((await lab.api.trust.authority('pem')).bytes)
      const ways = [
        ['IMEI:loop', lab.ready.dm],
        ['IMEI:lan', at(lab.ready.dm, own ?? '')],
        ['IMEI:lans', at(lab.ready.dms ?? '', own ?? '')],
      ] as const
      for (const [id, serverUri] of ways) {
        const client = deviceOf(lab, { id, serverUri })
        const out = poster({ timeoutMs: 10_000, ca })
        const parts = { machine: client.machine, post: out.post, clock: processClock(), save: client.remember.bind(client) }
        expect(await runClient(parts, { type: 'start', initiated: 'client' })).toMatchObject({ outcome: 'completed' })
        out.close()
        const choice = await lab.api.addresses.choice(id)
        expect(choice).toMatchObject({ by: 'path', urls: { dm: serverUri } })
        const rows = (await lab.rows()).filter(({ device, direction }) => device === id && direction === 'down')
        expect(new TextDecoder().decode((await lab.api.trace.frame(rows[0]?.seq ?? 0)).bytes)).toContain(`<RespURI>${serverUri}?`)
        const made = await lab.api.devices.bootstrap({ device: id, profile: 'cp', security: 'USERPIN', encoding: 'xml' })
        expect(new TextDecoder().decode(made.document)).toContain(serverUri.split('?')[0])
      }
      const plain = (await lab.rows()).find(({ device }) => device === 'IMEI:lan')
      expect((await lab.api.trace.frame(plain?.seq ?? 0)).findings.map(({ rule, severity }) => `${rule} ${severity}`)).toContain('http.plain warn')
    } finally {
      await lab.end()
    }
  })

  test('a choice by hand is in the next session, and the way survives a restart', async () => {
    let lab = await realLab({ tlsPort: 0, tlsMust: true })
    try {
      await postBody(lab.ready.dm, packageOne({ device: 'IMEI:h', session: '1' }))
      await lab.api.addresses.choose('IMEI:h', 'loopback', 'https')
      const { text } = await postBody(lab.ready.dm, packageOne({ device: 'IMEI:h', session: '2' }))
      expect(text).toContain(`<RespURI>${lab.ready.dms ?? ''}?`)
      await lab.api.addresses.choose('IMEI:h', '')
      await lab.stop()
      lab = await realLab({ workspace: lab.workspace })
      expect(await lab.api.addresses.choice('IMEI:h')).toMatchObject({
        by: 'path',
        why: 'its last message came over loopback (this computer, or adb reverse)',
      })
    } finally {
      await lab.end()
    }
  })

  test('a test says whether this lab answers, something else, or nothing', async () => {
    const lab = await realLab({ tlsPort: 0, tlsMust: true })
    const stranger = createServer((_req, res) => res.writeHead(404, { Server: 'other' }).end())
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as AddressInfo
    try {
      const found = (tests: readonly AddressTest[]): string[] => tests.map(({ result, text }) => `${result}: ${text}`)
      expect(found(await lab.api.addresses.test('loopback'))).toEqual([
        'ours: this lab answered',
        'ours: this lab answered, with a certificate its authority signed',
      ])
      await lab.api.addresses.add({ name: 'other', http: `http://127.0.0.1:${String(port)}`, https: `https://127.0.0.1:${String(port)}` })
      expect(found(await lab.api.addresses.test('hand/other'))).toEqual([
        'other: something else answers there: HTTP 404, Server: other',
        expect.stringMatching(/^no: 127\.0\.0\.1:\d+ does not speak TLS/) as string,
      ])
      await lab.api.addresses.add({
        name: 'nobody',
        http: 'http://127.0.0.1:1',
        https: lab.ready.dms?.replace('/dm', '').replace('127.0.0.1', '127.0.0.2') ?? '',
      })
      const [nobody, name] = await lab.api.addresses.test('hand/nobody')
      expect(nobody).toMatchObject({ result: 'no', text: 'nobody listens at 127.0.0.1:1 (connection refused)' })
      expect(name).toMatchObject({ result: 'no' })
      expect((await lab.rows()).filter(({ kind }) => kind === 'http')).toEqual([])
    } finally {
      stranger.close()
      await lab.end()
    }
  })
})
