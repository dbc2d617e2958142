// Gateways as numbers and words: cells, outcomes, time, what a form asks for; a fan-out as rungs with its bundle and its gap.
import { describe, expect, it } from 'vitest'
import type { FanoutMatrix, InventoryRow, MatrixDevice, TraceRow } from '../../core/api.ts'
import { belongs, bundleTone, commandWords, fanArrow, fanLanes, rungs, type Rung } from '../../renderer/model/bundle.ts'
import {
  cellLook,
  deviceLook,
  deviceTime,
  emptyFan,
  failedOf,
  fanoutLook,
  installCommands,
  isGone,
  lastProof,
  lifeOf,
  modeMark,
  readFan,
  recordWords,
  STATE_TABLES,
  tallyWords,
} from '../../renderer/model/gateway.ts'
import { arrow, lanes } from '../../renderer/model/ladder.ts'

const GW = 'urn:gw:1'
const cell = (code: number | null, late: number | null = null, sent = true) => ({ sent, code, late })
const device = (deviceId: string, change: Partial<MatrixDevice> = {}): MatrixDevice => ({
  deviceId,
  localId: '',
  state: 40,
  code: 200,
  text: 'done',
  notifiedAt: 1000,
  endedAt: 2000,
  cells: [cell(200)],
  late: [],
  ...change,
})
function matrix(devices: readonly MatrixDevice[], change: Partial<FanoutMatrix['fanout']> = {}): FanoutMatrix {
  return {
    fanout: {
      id: 'f1',
      gateway: GW,
      createdAt: 900,
      style: "Y'",
      state: 'done',
      result: 206,
      reason: '',
      devices: [],
      summary: null,
      seq: 0,
      ...change,
    },
    commands: [{ label: '1', kind: 'Get', locUri: './DevInfo/Mod' }],
    devices,
    startedAt: 1000,
    endsAt: 11_000,
    image: '',
    source: 'gateway',
  }
}
function row(seq: number, at: number, change: Partial<TraceRow> = {}): TraceRow {
  return {
    seq,
    at,
    kind: 'message',
    mono: at,
    direction: 'up',
    hop: 'G-D',
    session: 0,
    sessionId: '',
    device: '',
    msgId: '',
    package: '',
    encoding: 'xml',
    size: 0,
    commands: [],
    statuses: [],
    target: '',
    final: true,
    httpStatus: 0,
    findings: 0,
    severity: '',
    hold: 'no',
    text: '',
    ...change,
  }
}

describe('matrix', () => {
  it('a cell says not told, not sent, on the way, Status, late awaited, late outcome: each by a text of its own', () => {
    const looks = [null, cell(null, null, false), cell(null), cell(200), cell(405), cell(202), cell(202, 1200), cell(202, 1405)].map(cellLook)
    expect(looks.map(({ text, late, tone }) => `${text}>${late} ${tone}`)).toEqual([
      '> soft',
      '–> soft',
      '…> accent',
      '200> good',
      '405> bad',
      '202>… warn',
      '202>1200 good',
      '202>1405 bad',
    ])
    expect(looks.every(({ title }) => title !== '')).toBe(true)
  })
  it('a code that a command brought is the device’s word, any other the gateway’s', () => {
    expect(deviceLook(device('a', { code: 404, cells: [cell(200), cell(404)] })).word).toBe('404 command 2: Not found')
    expect(deviceLook(device('a', { code: 404, cells: [cell(null, null, false)] })).word).toBe('404 unknown device')
    expect(deviceLook(device('a', { code: 1405, cells: [cell(202, 1405)] })).word).toMatch(/^1405 command 1: /)
    expect(deviceLook(device('a', { code: 202 }))).toMatchObject({ tone: 'warn' })
    expect(deviceLook(device('a', { code: 0, state: 20 }))).toMatchObject({ word: 'notified', tone: 'accent' })
    expect(deviceLook(device('a', { code: 0, state: 0 })).word).toBe('nothing told yet')
  })
  it('counts, and knows which to send again', () => {
    const all = [device('a'), device('b', { code: 408 }), device('c', { code: 202 }), device('d', { code: 0 }), device('e', { code: 1200 })]
    expect(tallyWords(all)).toBe('2 ok, 1 failed, 2 waiting')
    expect(failedOf(matrix(all))).toEqual(['b'])
    expect(tallyWords([])).toBe('')
    expect(fanoutLook({ state: 'done', result: 206 }).word).toBe('partial')
    expect(fanoutLook({ state: 'done', result: 200 }).word).toBe('done')
  })
  it('time is what a device took of what it had; nothing where the gateway cannot be asked', () => {
    const of = matrix([])
    expect(deviceTime(device('a', { endedAt: 3500 }), of, 9000)).toEqual({ ms: 2500, part: 0.25, left: 0 })
    expect(deviceTime(device('a', { endedAt: 0 }), of, 9000)).toEqual({ ms: 8000, part: 0.8, left: 2000 })
    expect(deviceTime(device('a', { endedAt: 0 }), of, 90_000)).toEqual({ ms: 10_000, part: 1, left: 0 })
    expect(deviceTime(device('a'), { startedAt: 0, endsAt: 0 }, 1)).toBeNull()
  })
})

describe('images and devices', () => {
  it('the ring empties with the life that was given, and is unknown where no end was told', () => {
    expect(lifeOf({ state: 'ready', expiresAt: 160_000, life: 600 }, 100_000)).toEqual({ ms: 60_000, share: 0.1 })
    expect(lifeOf({ state: 'ready', expiresAt: 90_000, life: 600 }, 100_000)).toEqual({ ms: 0, share: 0 })
    expect(lifeOf({ state: 'expired', expiresAt: 0, life: 600 }, 100_000)).toEqual({ ms: 0, share: 0 })
    expect(lifeOf({ state: 'ready', expiresAt: 0, life: 0 }, 100_000)).toBeNull()
    expect(lifeOf({ state: 'ready', expiresAt: 160_000, life: 0 }, 100_000)).toEqual({ ms: 60_000, share: 1 })
  })
  it('a device stands as its record says, else as it was told; its last proof is the newest', () => {
    const bare: InventoryRow = {
      deviceId: 'a',
      gateway: GW,
      mode: 'proxy',
      server: null,
      record: null,
      withGateway: null,
      withServer: null,
      proofs: [],
      findings: [],
    }
    const server = {
      deviceId: 'a',
      gateway: GW,
      gatewayAddress: '',
      localId: '',
      address: '',
      mode: 'proxy',
      attached: false,
      at: 0,
      flow: '',
      to: '',
    } as const
    expect([recordWords(bare), recordWords({ ...bare, server })]).toEqual(['no record', 'detached, as told'])
    expect([isGone(bare), isGone({ ...bare, server })]).toEqual([false, true])
    const proofs = [{ seq: 3, at: 30, text: '' }]
    expect(lastProof({ ...bare, proofs, withServer: { seq: 9, at: 90, text: '' } })).toEqual({ at: 90, seq: 9 })
    expect(modeMark('proxy')).toMatchObject({ number: 1, inferred: true })
    expect(STATE_TABLES.every(({ values }) => values.length > 0)).toBe(true)
  })
})

describe('a new fan-out', () => {
  it('says what is missing, in the order a person fills it in', () => {
    const form = emptyFan('')
    expect(readFan(form)).toEqual({ problem: 'Choose a gateway.' })
    form.gateway = GW
    expect(readFan(form)).toEqual({ problem: 'Choose devices, groups, or all of them.' })
    form.whom = 'groups'
    expect(readFan(form)).toEqual({ problem: 'Name a group.' })
    form.whom = 'all'
    form.commands = [{ kind: 'Get', locUri: 'DevInfo' }]
    expect(readFan(form)).toEqual({ problem: 'Command 1: a path begins with ./' })
    form.commands = [{ kind: 'Copy', locUri: './A' }]
    expect(readFan(form)).toEqual({ problem: 'Command 1: from where?' })
    form.commands = installCommands('antivir', 'PKG1')
    expect(readFan(form)).toEqual({ problem: 'A command refers to an image: choose it.' })
    form.image = 'PKG1'
    form.timeout = 0.5
    expect(readFan(form)).toEqual({ problem: 'The time-out is a whole number of seconds.' })
  })
  it('asks for what was filled in and nothing else', () => {
    const form = { ...emptyFan(GW), whom: 'groups' as const, groups: 'cams, doors', mode: '1' as const, filter: ' DevInfo/Mod=CAM* ', timeout: 60 }
    expect(readFan({ ...form, commands: [{ kind: 'Get', locUri: ' ./DevInfo/Mod ', data: 'left over' }] })).toEqual({
      wish: {
        gateway: GW,
        groups: ['cams', 'doors'],
        mode: 1,
        filter: 'DevInfo/Mod=CAM*',
        commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }],
        style: "Y'",
        timeout: 60,
      },
    })
  })
})

describe('ladder of a fan-out', () => {
  const north = (seq: number, at: number, session: number): TraceRow => row(seq, at, { hop: 'S-G', device: GW, session })
  const devices = [device('a', { notifiedAt: 1100, endedAt: 1500 }), device('b', { notifiedAt: 1100, endedAt: 4000, code: 408 })]
  const rows = [
    north(1, 1000, 1),
    row(2, 1100, { kind: 'push', direction: 'down', device: 'a' }),
    row(3, 1110, { kind: 'push', direction: 'down', device: 'b' }),
    row(4, 1200, { device: 'a', session: 2 }),
    north(5, 1210, 1),
    row(6, 1500, { device: 'a', session: 2, direction: 'down' }),
    row(7, 2400, { device: 'a', session: 2, direction: 'down' }),
    row(8, 2400, { device: 'a', session: 9 }),
    row(9, 4000, { kind: 'event', text: 'gateway.response: b timed out (408)', device: 'b', hop: 'S-D' }),
    north(10, 4200, 3),
    row(13, 850, { device: 'a', session: 8 }),
    row(14, 4300, { kind: 'event', text: 'emi.notified: f1 done told to http://127.0.0.1/', device: GW, hop: 'S-D' }),
    row(15, 4300, { kind: 'event', text: 'emi.notified: job-7 done told to http://127.0.0.1/', device: GW, hop: 'S-D' }),
    row(11, 1300, { device: 'z', session: 4 }),
    row(12, 1300, { kind: 'event', text: 'server.fanout: fan-out f2 at gw is queued', device: GW, hop: 'S-D' }),
  ]
  const kinds = (all: readonly Rung[]): string[] =>
    all.map((one) => (one.kind === 'row' ? `row ${String(one.seq)}` : one.kind === 'device' ? one.key : one.kind))

  it('is one bundle between the northern rows; other devices and other fan-outs stay out', () => {
    const all = rungs(rows, matrix(devices), new Set(), 0)
    expect(kinds(all)).toEqual(['row 1', 'bundle', 'row 5', 'gap', 'row 8', 'row 10', 'row 14'])
    expect(all.find(({ kind }) => kind === 'bundle')).toMatchObject({ devices: 2, rows: 6, open: false })
  })
  it('opens into devices, and each into its rows: a session that began for it belongs to it whole, a later one does not', () => {
    expect(kinds(rungs(rows, matrix(devices), new Set(['bundle']), 0)).slice(1, 4)).toEqual(['bundle', 'da', 'db'])
    const open = rungs(rows, matrix(devices), new Set(['bundle', 'da', 'db']), 0)
    expect(kinds(open)).toEqual([
      'row 1',
      'bundle',
      'da',
      'row 2',
      'row 4',
      'row 6',
      'row 7',
      'db',
      'row 3',
      'row 9',
      'row 5',
      'gap',
      'row 8',
      'row 10',
      'row 14',
    ])
    expect(open.map(({ level }) => level)).toEqual([1, 1, 2, 3, 3, 3, 3, 2, 3, 3, 1, 1, 1, 1, 1])
  })
  it('draws the time in which server and gateway hold no session, and lets it grow while it lasts', () => {
    const gap = rungs(rows, matrix(devices), new Set(), 0).find(({ kind }) => kind === 'gap')
    expect(gap).toMatchObject({ ms: 4200 - 1210, open: false })
    const running = matrix([device('a', { code: 0, endedAt: 0 })], { state: 'running' })
    const still = rungs(rows.slice(0, 5), running, new Set(), 9000).find(({ kind }) => kind === 'gap')
    expect(still).toMatchObject({ ms: 9000 - 1210, open: true })
    expect(rungs(rows, matrix(devices), new Set(), 0).flatMap((one) => (one.kind === 'row' && one.parted ? [one.seq] : []))).toEqual([8])
  })
  it('rows of labs with other numbers stand in the order of time', () => {
    const late = [north(1, 1000, 1), north(90, 1005, 1), { ...row(80, 1100, { device: 'a' }), origin: 'gw' }]
    expect(kinds(rungs(late, matrix(devices), new Set(), 0))).toEqual(['row 1', 'row 90', 'bundle'])
  })
  it('lanes: devices side by side where they fit, else one for all; infrastructure and download server where they take part', () => {
    expect(fanLanes(rows, matrix(devices), 8).map(({ title }) => title)).toEqual(['Infrastructure', 'DM Server', 'DM Gateway', 'a', 'b'])
    expect(fanLanes(rows, matrix(devices), 3).map(({ title }) => title)).toEqual(['Infrastructure', 'DM Server', 'DM Gateway', '2 end devices'])
    const more = [
      ...rows,
      row(20, 1, { kind: 'event', text: 'emi.request: x', hop: 'S-D' }),
      row(21, 1, { kind: 'http', target: '/dl/x', device: 'a' }),
    ]
    const wide = fanLanes(more, matrix(devices), 8)
    expect(wide.map(({ kind }) => kind)).toEqual(['emi', 'server', 'download', 'gateway', 'device', 'device'])
    const at = (id: string) => wide.find((lane) => lane.id === id)?.at
    expect(fanArrow(row(4, 1, { device: 'b', direction: 'down' }), wide)).toEqual({ from: at('gateway'), to: at('device b') })
    expect(fanArrow(row(9, 1, { kind: 'event', text: 'gateway.job: over', hop: 'S-D' }), wide)).toEqual({ from: at('gateway'), to: at('gateway') })
  })
  it('says how its devices fare by tone and words', () => {
    expect(bundleTone([device('a'), device('b')])).toBe('good')
    expect(bundleTone(devices)).toBe('warn')
    expect(bundleTone([device('a', { code: 500 })])).toBe('bad')
    expect(bundleTone([device('a'), device('b', { code: 0 })])).toBe('accent')
    expect(commandWords([{ kind: 'Add' }, { kind: 'Add' }, { kind: 'Exec' }])).toBe('Add×2, Exec')
    expect(belongs(row(1, 1, { kind: 'connection' }), matrix(devices), new Set(['a']))).toBe(false)
  })
  it('1,000 devices with 14 rows each open within two seconds', () => {
    const many = Array.from({ length: 1000 }, (_, i) => device(`d${String(i)}`, { notifiedAt: 1000, endedAt: 9000 }))
    const all = many.flatMap((one, i) =>
      Array.from({ length: 14 }, (_, k) => row(i * 14 + k + 10, 1001 + k * 100 + i / 1000, { device: one.deviceId, session: i + 5 })),
    )
    const began = performance.now()
    const open = rungs([north(1, 1000, 1), ...all, north(99_999, 9500, 2)], matrix(many), new Set(['bundle', 'dd7']), 0)
    const took = performance.now() - began
    expect(open.filter(({ kind }) => kind === 'device')).toHaveLength(1000)
    expect(open.filter(({ level }) => level === 3)).toHaveLength(14)
    expect(took, 'ms').toBeLessThan(2000)
  })
})

describe('the ladder of the trace', () => {
  const none = new Set<never>()
  it('gives infrastructure and download server a lane where rows in view need one, and draws events between lanes', () => {
    const all = lanes([], none, 'a', 8, new Set(['emi', 'download', 'gateway']))
    expect(all.map(({ title }) => title)).toEqual(['Infrastructure', 'DM Server', 'Download Server', 'DM Gateway', 'a'])
    const at = (kind: string) => all.find((lane) => lane.kind === kind)?.at
    expect(arrow(row(1, 1, { kind: 'event', text: 'emi.request: a job', hop: 'S-D' }), all)).toEqual({ from: at('emi'), to: at('server') })
    expect(arrow(row(1, 1, { kind: 'http', target: '/dl/x', device: 'a', hop: 'S-D' }), all)).toEqual({ from: at('device'), to: at('download') })
    expect(arrow(row(1, 1, { kind: 'http', target: '/gw/image/x', device: 'a' }), all)).toEqual({ from: at('device'), to: at('gateway') })
    expect(arrow(row(1, 1, { kind: 'event', text: 'a push came', hop: 'S-D' }), all)).toBeNull()
  })
})
