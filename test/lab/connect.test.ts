// The connect grid: what can be done now comes first, every failure has cause and fix, and only a message in the trace is proof.
import { describe, expect, it } from 'vitest'
import type { AdbState, ConnectState, ConnectTile, ConnectWay, ModemState, PathProof, SessionRow } from '../../core/api.ts'
import { Connect } from '../../core/lab/connect.ts'
import type { ConnectParts } from '../../core/lab/connect.ts'
import { hostOnly, octetsOf, reachOf, sameNetwork } from '../../core/lab/reach.ts'
import type { OwnNetwork } from '../../core/lab/reach.ts'
import { adbWorld, fakePhone } from '../support/fakeadb.ts'

const START = 1_000_000
const LAN: OwnNetwork = { name: 'wlan0', address: '192.168.1.5', family: 4, internal: false, prefix: 24 }
const LO: OwnNetwork = { name: 'lo', address: '127.0.0.1', family: 4, internal: true, prefix: 8 }
const VPN: OwnNetwork = { name: 'wg0', address: '10.8.0.2', family: 4, internal: false, prefix: 24 }
const NO_ADB: AdbState = {
  server: { ...adbWorld(START).adb.server, state: 'missing', text: 'no adb server listens there', fix: 'Start the adb server', canStart: true },
  devices: [],
}
const NO_PORTS: ModemState = { ports: [], modems: [], trouble: '' }

const session = (key: number, device: string, firstAt: number, first = key): SessionRow => ({
  session: key,
  device,
  server: 'x',
  sessionId: String(key),
  first,
  last: first,
  firstAt,
  lastAt: firstAt,
  messages: 1,
  findings: 0,
  severity: '',
  state: 'open',
  reason: '',
})

interface World {
  adb: AdbState
  modem: ModemState
  networks: readonly OwnNetwork[]
  loopbackOnly: boolean
  sessions: SessionRow[]
  readonly remotes: Map<number, string>
  holder: string
  paths: PathProof[]
}

function made(change: Partial<World> = {}): { connect: Connect; world: World; told: ConnectState[]; ring(): void } {
  const world: World = {
    adb: NO_ADB,
    modem: NO_PORTS,
    networks: [LO, LAN],
    loopbackOnly: false,
    sessions: [],
    remotes: new Map(),
    holder: '',
    paths: [],
    ...change,
  }
  const told: ConnectState[] = []
  const timers: (() => void)[] = []
  const parts: ConnectParts = {
    clock: {
      now: () => START,
      mono: () => 0,
      soon: (call) => call(),
      after: (_ms, call) => {
        timers.push(call)
        return () => void timers.splice(timers.indexOf(call), 1)
      },
    },
    adb: async () => world.adb,
    adbNow: () => world.adb,
    modem: async () => world.modem,
    networks: () => world.networks,
    listening: () => ['http://127.0.0.1:8080/dm'],
    ports: () => [8080],
    loopbackOnly: () => world.loopbackOnly,
    sessions: () => world.sessions,
    startedAfter: () => 10,
    remote: (seq) => world.remotes.get(seq),
    simulated: (device) => device.startsWith('sim'),
    resolve: async (host) => (host === 'phone.lan' ? ['192.168.1.7'] : []),
    holder: async (port) => ({ port, taken: true, pid: 7, program: world.holder, text: '' }),
    paths: () => world.paths,
    tell: (state) => told.push(state),
  }
  return { connect: new Connect(parts), world, told, ring: () => timers.splice(0).forEach((call) => call()) }
}

const tile = (state: ConnectState, way: ConnectWay): ConnectTile => {
  const found = state.tiles.find((one) => one.way === way)
  if (found === undefined) throw new Error(`no tile ${way}`)
  return found
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('the grid', () => {
  it('on a bare laptop: what needs nothing comes first; the rest says why not and what mends it', async () => {
    const { connect } = made({ networks: [LO], loopbackOnly: true })
    const state = await connect.state()
    expect(state.tiles.map(({ way, can }) => `${way} ${can}`)).toEqual(['simulated now', 'file now', 'adb step', 'wifi step', 'modem no'])
    expect(tile(state, 'adb').actions).toEqual([{ act: 'adb.startServer', argument: '', text: 'Start the adb server' }])
    expect(tile(state, 'wifi').problems.map(({ id }) => id)).toEqual(['network.none', 'address.loopback'])
    expect(tile(state, 'modem').text).toContain('/dev/ttyUSB0')
    for (const { problems } of state.tiles) for (const { cause, fix } of problems) expect([cause, fix]).not.toContain('')
  })

  it('a path that a browser proved stands at its way with its time, and is not yet a message', async () => {
    const { connect, world, told, ring } = made()
    await connect.state()
    const path: PathProof = { candidate: 'wlan0', base: 'http://192.168.1.5:8080', device: 'IMEI:1', remote: '192.168.1.7', at: START + 5, ms: 12 }
    world.paths = [path]
    connect.moved()
    ring()
    const [state] = told
    if (state === undefined) throw new Error('nothing was told')
    expect(tile(state, 'wifi')).toMatchObject({ can: 'now', first: null, paths: [path] })
    expect(tile(state, 'adb').paths).toEqual([])
    // From this computer itself it proves the cable where a tunnel is open, and no device otherwise.
    world.paths = [{ ...path, remote: '127.0.0.1' }]
    expect((await connect.state()).tiles.flatMap(({ paths }) => paths)).toEqual([])
    const open = [{ remote: 8080, local: 8080, role: 'dm', state: 'open' as const, text: '', at: START }]
    world.adb = { server: adbWorld(START).adb.server, devices: [fakePhone('A', START, { reverse: open })] }
    expect(tile(await connect.state(), 'adb').paths).toHaveLength(1)
  })

  it('without any adb program the fix is to install one', async () => {
    const { connect } = made({ adb: { ...NO_ADB, server: { ...NO_ADB.server, program: '', canStart: false } } })
    const adb = tile(await connect.state(), 'adb')
    expect(adb.problems.map(({ id, action }) => [id, action])).toEqual([['adb.missing', null]])
    expect(adb.problems[0]?.cause).toContain('no adb program')
  })

  it('every state of a device has its problem with cause, fix and, where one helps, a button', async () => {
    const { server } = adbWorld(START).adb
    const states = ['offline', 'unauthorized', 'authorizing', 'no permissions', 'recovery', 'bootloader'] as const
    const devices = states.map((state, i) => fakePhone(`R${i}`, START, { state, said: state, text: `is ${state}`, fix: `mend ${state}` }))
    const adb = tile(await made({ adb: { server, devices } }).connect.state(), 'adb')
    expect(adb.can).toBe('step')
    expect(adb.problems.map(({ id }) => id)).toEqual([
      'adb.offline',
      'adb.unauthorized',
      'adb.authorizing',
      'adb.nopermissions',
      'adb.recovery',
      'adb.bootloader',
    ])
    expect(adb.problems.filter(({ action }) => action !== null).map(({ about }) => about)).toEqual(['R0', 'R1'])
  })

  it('a ready device is one press away: tunnel, then its first message turns the tile green with the time', async () => {
    const { server } = adbWorld(START).adb
    const { connect, world, told, ring } = made({ adb: { server, devices: [fakePhone('R58M', START)] } })
    const before = tile(await connect.state(), 'adb')
    expect(before).toMatchObject({ can: 'now', first: null })
    expect(before.actions.map(({ act, argument }) => `${act} ${argument}`)).toEqual([
      'adb.reverse R58M',
      'adb.identify R58M',
      'adb.connect ',
      'adb.pair ',
    ])
    const open = { remote: 8080, local: 8080, role: 'dm', state: 'open', text: '', at: START } as const
    world.adb = { server, devices: [fakePhone('R58M', START, { reverse: [open] })] }
    world.remotes.set(11, '127.0.0.1:40001')
    world.holder = '/usr/bin/adb'
    connect.sessions([session(11, 'IMEI:1', START + 5)])
    await settled()
    ring()
    const working = tile(told.at(-1) as ConnectState, 'adb')
    expect(working).toMatchObject({
      can: 'working',
      devices: ['IMEI:1'],
      first: { seq: 11, at: START + 5, device: 'IMEI:1', remote: '127.0.0.1:40001' },
    })
    expect(told.at(-1)?.tiles[0]?.way).toBe('adb')
    // Another program of this computer, while the tunnel is open.
    world.holder = '/usr/bin/node'
    world.remotes.set(12, '127.0.0.1:40002')
    connect.sessions([session(12, 'other', START + 6)])
    await settled()
    expect(tile(await connect.state(), 'simulated').devices).toEqual(['other'])
  })

  it('only what came since the start is proof; older sessions are told as the newest known', async () => {
    const { connect, world } = made({
      sessions: [session(1, 'old', START - 60_000), session(2, 'sim1', START - 50_000)],
      remotes: new Map([
        [1, '192.168.1.9:4000'],
        [2, '127.0.0.1:4000'],
        [12, '192.168.1.9:4001'],
        [13, ''],
      ]),
    })
    const first = await connect.state()
    expect(tile(first, 'wifi')).toMatchObject({ can: 'now', first: null, newest: { seq: 1, device: 'old' }, devices: ['old'] })
    expect(tile(first, 'simulated').newest?.device).toBe('sim1')
    world.sessions = []
    connect.sessions([session(12, 'old', START + 10_000), session(13, 'imported', START - 90_000)])
    await settled()
    const after = await connect.state()
    expect(tile(after, 'wifi')).toMatchObject({ can: 'working', first: { seq: 12 }, newest: { seq: 12 } })
    expect(tile(after, 'file')).toMatchObject({ can: 'working', first: { seq: 13, remote: '' } })
  })

  it('nothing is told to screens that never looked', async () => {
    const { connect, told, ring, world } = made()
    world.remotes.set(11, '192.168.1.9:1')
    connect.sessions([session(11, 'd', START + 1)])
    await settled()
    ring()
    expect(told).toEqual([])
  })

  it('a serial port that is held by another program says so', async () => {
    const port = { path: '/dev/ttyUSB0', stable: '', text: 'GSM modem', trouble: 'held by minicom (process 12)' }
    const modem = tile(await made({ modem: { ports: [port], modems: [], trouble: '' } }).connect.state(), 'modem')
    expect(modem).toMatchObject({ can: 'step', problems: [{ id: 'modem.port', cause: 'held by minicom (process 12)' }] })
    const free = tile(await made({ modem: { ports: [{ ...port, trouble: '' }], modems: [], trouble: '' } }).connect.state(), 'modem')
    expect(free).toMatchObject({ can: 'now', actions: [{ act: 'modem.send', argument: '/dev/ttyUSB0' }] })
  })
})

describe('can a device at this address reach the lab', () => {
  const ask = async (address: string, change: Partial<World> = {}): Promise<string[]> =>
    (await made(change).connect.area.reach(address)).problems.map(({ id }) => id)

  it('same network, other network, no network, loopback only, VPN, a name', async () => {
    expect(await ask('192.168.1.7:5555')).toEqual(['firewall'])
    expect(await ask('phone.lan')).toEqual(['firewall'])
    expect(await ask('nobody.lan')).toEqual(['name.unknown'])
    expect(await ask('192.168.2.7')).toEqual(['subnet.other'])
    expect(await ask('100.70.1.1')).toEqual(['subnet.other'])
    expect(await ask('203.0.113.9')).toEqual(['address.public'])
    expect(await ask('169.254.7.7')).toEqual(['address.linklocal'])
    expect(await ask('192.168.1.7', { loopbackOnly: true })).toEqual(['address.loopback'])
    expect(await ask('192.168.2.7', { networks: [LO] })).toEqual(['network.none'])
    expect(await ask('192.168.1.7', { networks: [LO, LAN, VPN] })).toEqual(['firewall', 'vpn'])
    expect(await ask('127.0.0.1')).toEqual([])
    expect((await made().connect.area.reach('192.168.1.7')).interface).toBe('wlan0')
  })

  it('reads addresses as they are written', () => {
    expect(octetsOf('192.168.1.300')).toBeNull()
    expect(octetsOf('::ffff:10.0.0.1')).toEqual([10, 0, 0, 1])
    expect(octetsOf('fe80::1%wlan0')?.slice(0, 2)).toEqual([0xfe, 0x80])
    expect(octetsOf('1::2::3')).toBeNull()
    expect(octetsOf('::')).toEqual(Array.from({ length: 16 }, () => 0))
    expect(sameNetwork([10, 1, 127, 1], [10, 1, 64, 9], 17)).toBe(true)
    expect(sameNetwork([10, 1, 128, 1], [10, 1, 64, 9], 17)).toBe(false)
    expect(sameNetwork([10, 1, 1, 1], octetsOf('::1') ?? [], 0)).toBe(false)
    expect(['[fe80::1]:80', 'fe80::1', '10.0.0.1:1', 'a.b'].map(hostOnly)).toEqual(['fe80::1', 'fe80::1', '10.0.0.1', 'a.b'])
    const six: OwnNetwork = { name: 'eth0', address: 'fd00:1::5', family: 6, internal: false, prefix: 64 }
    expect(reachOf('fd00:1::9', [], { networks: [six], loopbackOnly: false, ports: [1] }).interface).toBe('eth0')
  })
})
