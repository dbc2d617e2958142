// Areas adb and connect of a lab in memory: they hold what they are told; for the contract suite and the window's tests.
import type { AdbDeviceRow, AdbLogLine, AdbLogRow, AdbReverseRow, AdbState, ConnectState, ConnectTile, LabApi, LabEvents } from '../../core/api.ts'

export type AdbAreas = Pick<LabApi, 'adb' | 'connect'>

/** What a test may change; `tell` goes to the subscribers. */
export interface AdbWorld {
  adb: AdbState
  connect: ConnectState
  /** Log lines there are, by serial. */
  readonly lines: Map<string, AdbLogLine[]>
}

export const NO_LOG: AdbLogRow = { state: 'off', filter: {}, first: 0, last: 0, dropped: 0, unreadable: 0, offset: null, uncertainty: 0, text: '' }

/** A phone on a cable that answered just now. */
export function fakePhone(serial: string, now: number, change: Partial<AdbDeviceRow> = {}): AdbDeviceRow {
  return {
    serial,
    state: 'device',
    said: 'device',
    way: 'usb',
    host: '',
    manufacturer: 'Example',
    model: 'Phone 7',
    product: 'phone7',
    android: '15',
    sdk: 35,
    build: 'example/phone7:15/AP1A/1:userdebug/dev-keys',
    text: 'ready',
    fix: '',
    since: now,
    proofAt: now,
    proof: 'answered a probe',
    listedAt: now,
    device: '',
    reverse: [],
    log: NO_LOG,
    ...change,
  }
}

const tile = (way: ConnectTile['way'], title: string, can: ConnectTile['can'], text: string): ConnectTile => ({
  way,
  title,
  can,
  text,
  problems: [],
  actions: [],
  first: null,
  newest: null,
  paths: [],
  devices: [],
})

export function adbWorld(now = Date.UTC(2026, 0, 5)): AdbWorld {
  return {
    adb: {
      server: {
        state: 'ready',
        address: '127.0.0.1:5037',
        version: 41,
        text: 'the adb server answers',
        fix: '',
        since: now,
        lastAt: now,
        nextTryAt: 0,
        program: '/usr/bin/adb',
        canStart: false,
        pairing: true,
      },
      devices: [],
    },
    connect: {
      tiles: [
        { ...tile('simulated', 'Simulated device', 'now', 'a device in this lab'), actions: [{ act: 'simulate', argument: '', text: 'Start one' }] },
        { ...tile('file', 'File', 'now', 'a capture'), actions: [{ act: 'evidence.open', argument: '', text: 'Open' }] },
        tile('adb', 'Android over USB or Wi-Fi', 'step', 'no device is connected'),
        tile('wifi', 'Wi-Fi', 'step', 'the lab listens on this computer only'),
        tile('modem', 'Serial modem', 'no', 'no serial port'),
      ],
      listening: ['http://127.0.0.1:8080/dm'],
      loopbackOnly: true,
      at: now,
    },
    lines: new Map(),
  }
}

/** The areas over `world`. `called` is told of every call that changes something. */
export function fakeAdb(parts: {
  readonly tell: <K extends 'adb' | 'adblog' | 'connect'>(event: K, fact: LabEvents[K]) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: AdbWorld
}): AdbAreas {
  const { tell, now, called = () => {}, world = adbWorld() } = parts
  const found = (serial: string): AdbDeviceRow => {
    const row = world.adb.devices.find((one) => one.serial === serial)
    if (row === undefined) throw new Error(`there is no device ${serial}`)
    return row
  }
  const change = (serial: string, what: Partial<AdbDeviceRow>): AdbDeviceRow => {
    const made = { ...found(serial), ...what }
    world.adb = { ...world.adb, devices: world.adb.devices.map((row) => (row.serial === serial ? made : row)) }
    tell('adb', world.adb)
    return made
  }
  const noted = (call: string): AdbState => {
    called(`adb.${call}`)
    return world.adb
  }
  const tunnel = (port: number): AdbReverseRow => ({ remote: port, local: port, role: '', state: 'open', text: '', at: now() })
  return {
    adb: {
      state: async () => world.adb,
      server: async (port) => noted(`server ${port}`),
      startServer: async () => noted('startServer'),
      probe: async (serial) => change(serial, { proofAt: now(), proof: 'answered a probe' }),
      reconnect: async (serial) => {
        noted(`reconnect ${serial}`)
        return found(serial)
      },
      reverse: async (serial, ports = [8080]) => {
        noted(`reverse ${serial} ${ports.join()}`)
        return change(serial, { reverse: ports.map(tunnel) })
      },
      unreverse: async (serial) => {
        noted(`unreverse ${serial}`)
        return change(serial, { reverse: [] })
      },
      connect: async (address) => noted(`connect ${address}`),
      disconnect: async (address) => noted(`disconnect ${address}`),
      pair: async (address) => noted(`pair ${address}`),
      push: async (serial, file) => {
        noted(`push ${found(serial).serial} ${file.path}`)
        return { path: file.path, size: file.bytes.length, ms: 3 }
      },
      identify: async (serial, label = 'A') => {
        noted(`identify ${found(serial).serial} ${label}`)
        return { url: 'http://127.0.0.1:8080/identify', label, fetchedAt: now(), text: 'the device fetched the page' }
      },
      logcat: async (serial, filter) => {
        noted(`logcat ${serial} ${JSON.stringify(filter)}`)
        const { log } = found(serial)
        return change(serial, { log: filter === null ? { ...log, state: 'off' } : { ...log, state: 'on', filter } }).log
      },
      log: async (serial, { after = 0, from = 0, until = Infinity, count = 500 }) => {
        const all = (world.lines.get(serial) ?? []).filter(({ n, at }) => n > after && at >= from && at <= until)
        const lines = all.slice(0, count)
        return { lines, through: lines.at(-1)?.n ?? after, more: all.length > lines.length, log: found(serial).log }
      },
      forget: async (serial) => {
        world.adb = { ...world.adb, devices: world.adb.devices.filter((row) => row.serial !== serial) }
        tell('adb', world.adb)
        return noted(`forget ${serial}`)
      },
    },
    connect: {
      state: async () => world.connect,
      reach: async (address) => ({ address, interface: '', problems: [] }),
      port: async (port) => ({ port, taken: false, pid: 0, program: '', text: 'free' }),
    },
  }
}
