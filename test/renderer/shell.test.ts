// Keys, palette, columns, ladder lanes, sessions tree and words: the small pure parts of the window.
import { describe, expect, it } from 'vitest'
import type { Hop, SessionRow, TraceRow } from '../../core/api.ts'
import { COLUMNS, fitColumns } from '../../renderer/model/columns.ts'
import { action, chord, KEYS } from '../../renderer/model/keys.ts'
import { arrow, lanes, MOST_DEVICES } from '../../renderer/model/ladder.ts'
import { choose, type Offer } from '../../renderer/model/palette.ts'
import { flatten, MOST_RUNS, runsOf } from '../../renderer/model/sessions.ts'
import {
  about,
  ago,
  bytes,
  delta,
  foldStatuses,
  shortId,
  span,
  tailId,
  toldTime,
  tone,
  visible,
  worstStatus,
  briefStatuses,
} from '../../renderer/model/words.ts'

const press = (key: string, more: Partial<KeyboardEvent> = {}): string =>
  chord({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more })

describe('keys', () => {
  it('spells presses as the table does', () => {
    expect(press('k', { ctrlKey: true })).toBe('Ctrl+K')
    expect(press('k', { metaKey: true })).toBe('Ctrl+K')
    expect(press('j')).toBe('j')
    expect(press('N', { shiftKey: true })).toBe('N')
    expect(press('?', { shiftKey: true })).toBe('?')
    expect(press('F8', { shiftKey: true })).toBe('Shift+F8')
    expect(press('¡', { altKey: true, code: 'Digit1' })).toBe('Alt+1')
    expect(press('!', { altKey: true, shiftKey: true, code: 'Digit1' })).toBe('Alt+Shift+1')
    expect(press('P', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+P')
  })
  it('lets letters act only in a grid, never while typing, and not at all when switched off', () => {
    const grid = { grid: true, typing: false, letters: true }
    expect(action('j', grid)).toBe('next')
    expect(action('j', { ...grid, grid: false })).toBeNull()
    expect(action('j', { ...grid, letters: false })).toBeNull()
    expect(action('ArrowDown', { ...grid, letters: false })).toBe('next')
    expect(action('?', { grid: false, typing: true, letters: true })).toBeNull()
    expect(action('F8', { grid: false, typing: true, letters: false })).toBe('continue')
  })
  it('has no chord that does two things in the same place', () => {
    const seen = new Set<string>()
    for (const key of KEYS.filter(({ own }) => own !== true))
      for (const one of key.chords) {
        expect(seen.has(one), one).toBe(false)
        seen.add(one)
      }
  })
})

describe('palette', () => {
  const offer = (id: string, group: Offer['group'], label: string, detail = ''): Offer => ({ id, group, label, detail, keys: '' })
  const all = [
    offer('1', 'Commands', 'Start a simulated device'),
    offer('2', 'Status codes', '404 Not found', 'The target does not exist.'),
    offer('3', 'Devices', 'IMEI:490154203237518'),
    offer('4', 'Status codes', '212 Authentication accepted'),
  ]
  it('finds by any words, begins with the best, and nothing for nonsense', () => {
    expect(choose(all, '404').map((one) => one.id)).toEqual(['2'])
    expect(choose(all, 'device').map((one) => one.id)).toEqual(['1'])
    expect(choose(all, 'target exist').map((one) => one.id)).toEqual(['2'])
    expect(choose(all, 'zzz')).toEqual([])
  })
  it('offers everything in the order it is given before anything is typed', () => {
    const many = ['Wake a device by its number', 'Raw', 'Hex'].map((label, i) => offer(`c${String(i)}`, 'Commands', label))
    const devices = ['e', 'd', 'c', 'b', 'a'].map((id) => offer(id, 'Devices', id))
    expect(choose([...many, ...devices], ' ').map((one) => one.id)).toEqual(['c0', 'c1', 'c2', 'e', 'd', 'c', 'b'])
  })
})

describe('columns', () => {
  it('never overflow, keep what may not go, and say what is crowded out', () => {
    const least = COLUMNS.filter((one) => one.spare === 0).reduce((sum, one) => sum + one.width, 0)
    for (let width = 200; width < 1600; width += 37) {
      const { shown, crowded } = fitColumns(width, [])
      expect(shown.reduce((sum, one) => sum + one.width, 0)).toBeLessThanOrEqual(Math.max(width, least))
      expect(shown.length + crowded.length).toBe(COLUMNS.length)
      expect(shown.map((one) => one.id)).toEqual(expect.arrayContaining(['seq', 'dir', 'commands', 'status']))
    }
    // With the panes of a window of 1440: commands and target can be read, what says least has gone.
    const usual = fitColumns(660, [])
    expect(usual.crowded.map((one) => one.id)).toEqual(['delta', 'hop', 'session', 'message', 'codec', 'size'])
    expect(fitColumns(2000, ['hop'], ['device']).shown.map((one) => one.id)).not.toEqual(expect.arrayContaining(['hop']))
  })
  it('are as wide as a person made them, and others give way to that', () => {
    const { crowded, template } = fitColumns(660, [], [], { target: 300 })
    expect(template).toContain(' 300px ')
    expect(crowded.map((one) => one.id)).toContain('device')
    expect(fitColumns(660, [], [], { target: 60 }).crowded.map((one) => one.id)).not.toContain('message')
  })
})

const session = (n: number, device: string, more: Partial<SessionRow> = {}): SessionRow => ({
  session: n,
  device,
  server: 's',
  sessionId: String(n),
  first: 1,
  last: 2,
  firstAt: 0,
  lastAt: 0,
  messages: 2,
  findings: 0,
  severity: '',
  state: 'completed',
  reason: '',
  ...more,
})
const row = (seq: number, more: Partial<TraceRow>): TraceRow => ({
  seq,
  kind: 'message',
  at: 0,
  mono: 0,
  direction: 'up',
  hop: 'S-D',
  session: 1,
  sessionId: '1',
  device: 'a',
  msgId: '1',
  package: '#1',
  encoding: 'xml',
  size: 1,
  commands: [],
  statuses: [],
  target: '',
  final: true,
  httpStatus: 0,
  findings: 0,
  severity: '',
  hold: 'no',
  text: '',
  ...more,
})

describe('ladder', () => {
  const none: ReadonlySet<Hop> = new Set(['S-D'])
  it('draws from the sender to the receiver, through the gateway where there is one', () => {
    const two = lanes([session(1, 'a')], none, '')
    expect(two.map((lane) => [lane.title, lane.at])).toEqual([
      ['DM Server', 25],
      ['a', 75],
    ])
    expect(arrow(row(1, { direction: 'up' }), two)).toEqual({ from: 75, to: 25 })
    expect(arrow(row(1, { direction: 'down' }), two)).toEqual({ from: 25, to: 75 })
    const three = lanes([session(1, 'a')], new Set(['S-G', 'G-D']), '')
    expect(three.map((lane) => lane.kind)).toEqual(['server', 'gateway', 'device'])
    expect(arrow(row(1, { hop: 'G-D', direction: 'down' }), three)).toEqual({ from: 50, to: three[2]?.at })
    expect(arrow(row(1, { kind: 'event' }), two)).toBeNull()
  })
  it('gives further devices one lane that says how many they are', () => {
    const many = Array.from({ length: 30 }, (_, i) => session(i, `d${i}`))
    const all = lanes(many, none, '')
    expect(all).toHaveLength(MOST_DEVICES + 1)
    expect(all.at(-1)?.title).toBe('25 others')
    expect(arrow(row(1, { device: 'd29' }), all)?.from).toBe(all.at(-1)?.at)
    expect(lanes(many, none, '', 3).map((lane) => lane.title)).toEqual(['DM Server', 'd0', '29 others'])
    expect(lanes(many, none, 'd7').map((lane) => lane.title)).toEqual(['DM Server', 'd7'])
  })
})

describe('sessions', () => {
  it('folds packages into runs and flattens what is open', () => {
    const runs = runsOf([
      row(1, {}),
      row(2, { package: '#2', direction: 'down' }),
      row(3, { kind: 'event' }),
      row(4, { package: '#3' }),
      row(5, { package: '#3' }),
    ])
    expect(runs.map((run) => `${run.package} ${run.first} ${run.messages}`)).toEqual(['#1 1 1', '#2 2 1', '#3 4 2'])
    const nodes = flatten([session(2, 'a', { severity: 'error' }), session(1, 'a'), session(3, 'b')], new Set(['b']), new Map([[2, runs]]))
    expect(nodes.map((node) => node.key)).toEqual(['all', 'da', 's2', 'r2.1', 'r2.2', 'r2.4', 's1', 'db'])
    expect(nodes[1]).toMatchObject({ severity: 'error', sessions: 2 })
    const long = Array.from({ length: MOST_RUNS + 5 }, (_, i) => ({ package: '#3', first: i, messages: 1, direction: 'up' as const }))
    expect(flatten([session(1, 'a')], new Set(), new Map([[1, long]])).at(-1)).toMatchObject({ kind: 'more', count: 5 })
  })
})

describe('words', () => {
  it('tells times, ages and sizes honestly', () => {
    expect([delta(null), delta(84), delta(-2), delta(124_000), delta(7_260_000)]).toEqual(['', '+0.084', '−0.002', '+2:04', '+2h 01m'])
    expect([span(41_000), span(3_723_000), span(-5)]).toEqual(['00:41', '1:02:03', '00:00'])
    expect([ago(0, 5), ago(1000, 1500), ago(1000, 60_000), ago(1000, 300_000), ago(1, 90_000_000)]).toEqual([
      'never',
      'just now',
      '59 s ago',
      '4 min ago',
      '1 d ago',
    ])
    expect([bytes(382), bytes(1433), bytes(1_048_576), bytes(1024 * 300)]).toEqual(['382 B', '1.4 KiB', '1.0 MiB', '300 KiB'])
  })
  it('writes the times of a device like its own, and leaves what is no time', () => {
    const now = new Date(2026, 10, 20, 15, 0).getTime()
    expect(toldTime(new Date(2026, 10, 20, 14, 2, 7).toISOString(), now)).toBe('14:02')
    expect(toldTime(new Date(2026, 10, 18, 9, 30).toISOString(), now)).toBe('18 Nov 09:30')
    expect(toldTime('at boot', now)).toBe('at boot')
  })
  it('puts what failed first where not all statuses fit', () => {
    expect(briefStatuses(['200', '404'])).toBe('200 404')
    expect(briefStatuses(['212', '507', '425'])).toBe('507 425 212')
    expect(briefStatuses(['200', '200', '200', '404', '404', '200'])).toBe('404×2 200×4')
    expect(briefStatuses(['212', ...Array<string>(17).fill('200')])).toBe('212 200×17')
  })
  it('folds statuses, picks the worst, and knows their tone', () => {
    expect(foldStatuses(['212', '200', '200'])).toBe('212 200×2')
    expect([worstStatus(['212', '404', '200']), worstStatus(['401', '407']), worstStatus(['200']), worstStatus([])]).toEqual([
      '404',
      '401',
      '200',
      '',
    ])
    expect([tone('212'), tone('407'), tone('500'), tone('101'), tone('')]).toEqual(['good', 'ask', 'bad', 'info', ''])
    expect(about(row(1, { commands: ['Get', 'Get', 'Exec'] }))).toBe('Get×2, Exec')
    expect(about(row(1, { kind: 'http', text: 'refused' }))).toBe('refused')
  })
  it('shortens ids without losing their end and shows what would hide', () => {
    expect([shortId('IMEI:490154203237518', 12), tailId('IMEI:490154203237518', 7), tailId('abc')]).toEqual(['IMEI:4…37518', '…237518', 'abc'])
    expect(visible('a\u0000b\u202Ec\ttab\n')).toBe('a␀b⟨U+202E⟩c\ttab\n')
  })
})
