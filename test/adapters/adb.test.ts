// The pure part of the adb path: lists, roster, server machine, getprop, log lines and clocks, told with what real servers and devices print.
import { describe, expect, it } from 'vitest'
import { deviceHappening, serverHappening } from '../../core/adapters/adb/happenings.ts'
import { readDeviceList, serialOf } from '../../core/adapters/adb/list.ts'
import { Logbook } from '../../core/adapters/adb/logbook.ts'
import { LineCutter, logCommand, LONGEST_LINE, passes, readClock, readLogLine } from '../../core/adapters/adb/logcat.ts'
import { dmDeviceOf, factsOf, readProps } from '../../core/adapters/adb/props.ts'
import { Roster, VANISHED_KEPT } from '../../core/adapters/adb/roster.ts'
import { AdbServerMachine, RETRY } from '../../core/adapters/adb/server.ts'

describe('device lists', () => {
  it('long form, short form, states of several words, all ways', () => {
    const text =
      'R58M123ABC             device usb:1-2 product:phone7 model:Phone_7 device:phone7 transport_id:3\n' +
      '192.168.1.7:5555       unauthorized transport_id:4\n' +
      'emulator-5554          offline transport_id:5\n' +
      '????????????           no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com/tools/device.html] usb:1-3 transport_id:6\n' +
      '(no serial number)     recovery transport_id:7\n' +
      'adb-R58M-abc._adb-tls-connect._tcp device product:x model:Y transport_id:8\n' +
      'X1\tdancing\n\nbroken\n'
    const { devices, unreadable } = readDeviceList(text)
    expect(devices.map(({ serial, state, way, transportId }) => [serial, state, way, transportId])).toEqual([
      ['R58M123ABC', 'device', 'usb', 3],
      ['192.168.1.7:5555', 'unauthorized', 'wifi', 4],
      ['emulator-5554', 'offline', 'emulator', 5],
      ['????????????', 'no permissions', 'usb', 6],
      ['(no serial number)', 'recovery', 'usb', 7],
      ['adb-R58M-abc._adb-tls-connect._tcp', 'device', 'wifi', 8],
      ['X1', 'other', 'usb', 0],
    ])
    expect(devices[0]).toMatchObject({ model: 'Phone 7', product: 'phone7' })
    expect(devices[1]?.host).toBe('192.168.1.7')
    expect(devices[3]?.said).toMatch(/^no permissions \(user in plugdev.*device\.html\]$/)
    expect(devices[6]?.said).toBe('dancing')
    expect(unreadable).toEqual(['broken'])
    expect(['10.0.0.7', '10.0.0.7:37000', '[fe80::1]'].map(serialOf)).toEqual(['10.0.0.7:5555', '10.0.0.7:37000', '[fe80::1]:5555'])
  })

  it('what moves is told once, in words, with the state before; a server that never was there is no news', () => {
    const roster = new Roster()
    const said = (text: string): unknown[] =>
      roster.listed(readDeviceList(text).devices, 1).map((move) => {
        const { text, device, detail } = deviceHappening(move, 'SN:A')
        return [text, device, detail?.['state'], detail?.['was']]
      })
    expect(said('A device model:M_1 transport_id:1')).toEqual([['adb.device: A (M 1) is there and ready', 'SN:A', 'device', '']])
    expect(said('A device model:M_1 transport_id:1')).toEqual([])
    expect(said('A device model:M_1 transport_id:2')).toEqual([['adb.device: A (M 1) has a new connection', 'SN:A', 'device', 'device']])
    expect(said('A unauthorized')).toEqual([
      ['adb.device: A (M 1) is unauthorized (was device): the device has not allowed this computer', 'SN:A', 'unauthorized', 'device'],
    ])
    expect(said('A dancing')).toEqual([
      [
        'adb.device: A (M 1) is other (was unauthorized): the adb server uses a word this lab does not know ("dancing")',
        'SN:A',
        'other',
        'unauthorized',
      ],
    ])
    expect(said('')).toEqual([['adb.device: A (M 1) is gone (was other)', 'SN:A', 'vanished', 'other']])
    const machine = new AdbServerMachine()
    machine.input({ type: 'look' }, 1)
    machine.input({ type: 'refused', code: 'ECONNREFUSED', reason: 'x' }, 2)
    expect(serverHappening(null, machine.facts)).toBeNull()
    machine.input({ type: 'version', version: 41 }, 3)
    machine.input({ type: 'ready', pairing: false }, 4)
    expect(serverHappening(null, machine.facts)?.text).toBe('adb.server: adb server version 41 tells device changes')
    expect(serverHappening('ready', machine.facts)).toBeNull()
    machine.input({ type: 'ended', reason: 'killed' }, 5)
    expect(serverHappening('ready', machine.facts)).toMatchObject({ text: 'adb.server: the adb server is gone: killed', detail: { was: 'ready' } })
  })

  it('a roster keeps who vanished, since when, and the last proof; a list is no proof', () => {
    const roster = new Roster()
    const list = (text: string): ReturnType<typeof readDeviceList>['devices'] => readDeviceList(text).devices
    expect(roster.listed(list('A device model:M transport_id:1'), 10).map(({ before, now }) => [before, now.state])).toEqual([[null, 'device']])
    roster.proved('A', 'answered', 12)
    roster.proved('A', 'older', 11)
    roster.proved('B', 'nobody', 12)
    expect(roster.listed(list('A device transport_id:1'), 20)).toEqual([])
    expect(roster.get('A')).toMatchObject({ since: 10, listedAt: 20, proofAt: 12, proof: 'answered', model: 'M' })
    expect(roster.listed(list('A device transport_id:2'), 25)).toHaveLength(1)
    expect(roster.get('A')?.since).toBe(10)
    roster.listed([], 30)
    expect(roster.get('A')).toMatchObject({ state: 'vanished', since: 30, listedAt: 25, proofAt: 12, transportId: 0 })
    roster.listed(list('B offline transport_id:3'), 40)
    expect(roster.all().map(({ serial }) => serial)).toEqual(['B', 'A'])
    expect(roster.serverGone(50).map(({ now }) => [now.serial, now.state, now.said])).toEqual([['B', 'unknown', 'offline']])
    expect(roster.serverGone(60)).toEqual([])
    expect(roster.forget('A')).toBe(true)
    expect(roster.forget('A')).toBe(false)
    for (let i = 0; i < VANISHED_KEPT + 5; i++) roster.listed(list(`D${i} device`), 100 + i)
    roster.listed([], 999)
    expect(roster.all()).toHaveLength(VANISHED_KEPT)
  })
})

describe('the server machine', () => {
  const types = (effects: readonly { type: string }[]): string[] => effects.map(({ type }) => type)

  it('rests until asked; tries again with growing waits, and at once when somebody looks', () => {
    const machine = new AdbServerMachine()
    expect(types(machine.input({ type: 'timer' }, 0))).toEqual([])
    expect(types(machine.input({ type: 'look' }, 0))).toEqual(['timer', 'dial', 'moved'])
    expect(types(machine.input({ type: 'look' }, 1))).toEqual([])
    const waits = RETRY.map(() => {
      const down = machine.input({ type: 'refused', code: 'ECONNREFUSED', reason: 'x' }, 10)
      machine.input({ type: 'timer' }, 20)
      return down.find((effect) => effect.type === 'timer')?.ms
    })
    expect(waits).toEqual([...RETRY])
    const last = machine.input({ type: 'refused', code: 'ECONNREFUSED', reason: 'x' }, 30)
    // Nothing new is told where nothing moved.
    expect(types(last)).toEqual(['hangUp', 'timer'])
    expect(machine.facts).toMatchObject({ state: 'missing', nextTryAt: 30 + 5000, since: 10 })
    expect(types(machine.input({ type: 'look' }, 31))).toEqual(['timer', 'dial'])
  })

  it('ready, lost and still lost while nobody listens; old; moved; stopped', () => {
    const machine = new AdbServerMachine()
    machine.input({ type: 'look' }, 0)
    expect(machine.input({ type: 'version', version: 41 }, 1)).toEqual([])
    expect(types(machine.input({ type: 'ready', pairing: true }, 2))).toEqual(['timer', 'moved'])
    expect(machine.facts).toMatchObject({ state: 'ready', version: 41, pairing: true, lastAt: 2 })
    expect(machine.input({ type: 'ended', reason: 'r' }, 3)).toContainEqual({ type: 'moved', gone: true })
    machine.input({ type: 'refused', code: 'ECONNREFUSED', reason: '' }, 4)
    expect(machine.facts).toMatchObject({ state: 'lost', since: 3, text: 'the adb server is gone, and no adb server listens there' })
    machine.input({ type: 'version', version: 40 }, 5)
    expect(machine.facts).toMatchObject({ state: 'old', version: 40 })
    expect(types(machine.input({ type: 'moved' }, 6))).toEqual(['hangUp', 'timer', 'dial', 'moved'])
    expect(machine.facts).toMatchObject({ state: 'connecting', version: 0 })
    expect(types(machine.input({ type: 'stop' }, 7))).toEqual(['hangUp', 'timer'])
    expect(machine.input({ type: 'look' }, 8)).toEqual([])
  })
})

describe('what a device says', () => {
  it('properties over several lines, and which DM device it is', () => {
    const props = readProps('noise\n[a]: [1]\r\n[b]: [x\ny]\n[ro.serialno]: [R58M123ABC]\n[ro.build.version.sdk]: [35]\n[open]: [never closed\n')
    expect(Object.fromEntries(props)).toEqual({ a: '1', b: 'x\ny', 'ro.serialno': 'R58M123ABC', 'ro.build.version.sdk': '35' })
    expect(factsOf(props)).toMatchObject({ serialNumber: 'R58M123ABC', sdk: 35, model: '' })
    expect(dmDeviceOf('R58M123ABC', ['IMEI:1', 'SN:r58m123abc'])).toBe('SN:r58m123abc')
    expect(dmDeviceOf('R58M123ABC', ['SN:R58M123ABC', 'x-R58M123ABC'])).toBe('')
    expect(dmDeviceOf('1', ['IMEI:1'])).toBe('')
  })

  it('log lines: epoch, calendar with and without year and zone, tags with spaces and colons, marks', () => {
    const calendar = { year: 2026, zone: 60 }
    const at = Date.UTC(2026, 10, 21, 15, 3, 4, 123)
    const tail = '  812   930 I dmclient: session: 26'
    for (const stamp of [
      `${at / 1000}00`.slice(0, 14),
      '11-21 16:03:04.123',
      '2026-11-21 16:03:04.123',
      '11-21 17:03:04.123 +0200',
      '11-21 09:33:04.123 -0530',
    ])
      expect(readLogLine(`${stamp}${tail}`, calendar)).toMatchObject({ at, pid: 812, tid: 930, level: 'I', tag: 'dmclient', text: 'session: 26' })
    expect(readLogLine('1700000000.123456  1000  812   930 W My Tag  : ', calendar)).toMatchObject({ tag: 'My Tag', text: '', pid: 812, level: 'W' })
    expect(readLogLine('1700000000.123456  812   930 A libc: abort', calendar).level).toBe('F')
    expect(readLogLine('--------- beginning of main', calendar)).toEqual({
      at: null,
      pid: 0,
      tid: 0,
      level: 'I',
      tag: 'logcat',
      text: '--------- beginning of main',
    })
    expect(readLogLine(`1700000000.1234  1 2 I t: ${'x'.repeat(LONGEST_LINE * 2)}`, calendar).text).toHaveLength(LONGEST_LINE)
  })

  it('any bytes make lines, whatever way they are cut', () => {
    const text = 'one\r\ntwo\n\nthree'
    for (let cut = 0; cut <= text.length; cut++) {
      const cutter = new LineCutter()
      expect([...cutter.feed(text.slice(0, cut)), ...cutter.feed(text.slice(cut)), ...cutter.end()]).toEqual(['one', 'two', '', 'three'])
    }
    expect(new LineCutter().feed('x'.repeat(LONGEST_LINE + 1))).toHaveLength(1)
  })

  it("the device's clock: as fine as it tells, with its error", () => {
    const sent = 1_700_000_000_000
    expect(readClock('1700000010.250000\n1700000010.N\n-0330\n', sent, sent + 20)).toEqual({ offset: 10_240, uncertainty: 10, zone: -210 })
    expect(readClock('\n1700000010.N\n+0000\n', sent, sent + 20)).toEqual({ offset: 10_490, uncertainty: 510, zone: 0 })
    expect(readClock('\n1700000010.123456789\n', sent, sent)?.offset).toBeCloseTo(10_123.456789, 3)
    expect(readClock('sh: date: not found', sent, sent)).toBeNull()
  })

  it('a bounded log: pages by number, time and filter; what was let go is counted', () => {
    const book = new Logbook(2026, 100)
    book.measured({ offset: 5000, uncertainty: 3, zone: 0 }, 2026)
    book.filter = { level: 'I' }
    for (let i = 0; i < 250; i++) book.take(`${(1_700_000_000 + i).toFixed(6)}  1 2 ${i % 2 === 0 ? 'I' : 'D'} t${i % 3}: line ${i}`, 0)
    expect(book.row()).toMatchObject({ first: 26, last: 125, dropped: 25, offset: 5000, unreadable: 0 })
    const page = book.page({ after: 120 })
    expect(page.lines.map(({ n }) => n)).toEqual([121, 122, 123, 124, 125])
    expect(page.lines[0]).toMatchObject({ deviceAt: 1_700_000_240_000, at: 1_700_000_235_000 })
    expect(book.page({ count: 2 })).toMatchObject({ through: 27, more: true })
    expect(book.page({ from: 1_700_000_235_000, until: 1_700_000_237_000 }).lines.map(({ n }) => n)).toEqual([121, 122])
    expect(book.page({ filter: { text: 'LINE 248' } }).lines).toHaveLength(1)
    expect(book.take('--------- beginning of crash', 1_700_000_000_000)).toMatchObject({ at: 1_700_000_000_000, tag: 'logcat' })
    expect(book.row().unreadable).toBe(1)
    expect(passes({ level: 'E', tag: 'a', text: '' }, { tags: ['b'] })).toBe(false)
    expect(logCommand({ tags: ['a', 'b'], level: 'W' }, false)).toBe("logcat -v threadtime -T 1 'a:W' 'b:W' '*:S'")
  })
})
