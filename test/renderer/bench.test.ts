// Real devices in the window: order of the ways to connect, honest proofs, one time axis of messages and log lines, places of mistakes, PDUs, and the stores behind them.
// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AdbLogLine, DeviceRow, LabApi, TraceRow } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import Wants from '../../renderer/components/connect/Wants.vue'
import { ADB_STATES, lifeProof, pathWords, proofWords, pushPath, roleWords, sentence, sortProblems, sortTiles } from '../../renderer/model/connect.ts'
import { place, tally, viewRows } from '../../renderer/model/dialect.ts'
import { fieldPlace, octets, worstPart } from '../../renderer/model/pdu.ts'
import { indexOfRow, merge, passes, readFilter } from '../../renderer/model/timeline.ts'
import { fingerprintLines, validity } from '../../renderer/model/trust.ts'
import { askable, sortTries, triedWords } from '../../renderer/model/why.ts'
import { inviteWords, probeWords } from '../../renderer/model/wifi.ts'
import { appended, useAdb } from '../../renderer/stores/adb.ts'
import { useDialect } from '../../renderer/stores/dialect.ts'
import { useWants } from '../../renderer/stores/wants.ts'
import { useWorld } from '../../renderer/stores/world.ts'
import { benchLab, logLine, PHONE, SERIAL, staleNonce, stranger, STRANGER, type BenchLab } from '../support/demobench.ts'
import { fakePhone } from '../support/fakeadb.ts'
import { pduViewOf } from '../support/fakemodem.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const bench = benchLab()
const allRows = async (lab: BenchLab['lab']): Promise<TraceRow[]> => readPage(await lab.api.trace.rows(1, 5000))

describe('connect', () => {
  it('puts what works first, then what is one press away; equal ones keep their order', () => {
    expect(sortTiles(bench.lab.adb.connect.tiles).map((one) => [one.way, one.can])).toEqual([
      ['adb', 'working'],
      ['simulated', 'now'],
      ['file', 'now'],
      ['wifi', 'step'],
      ['modem', 'no'],
    ])
  })
  it('puts errors before warnings before notes', () => {
    const [one] = bench.lab.adb.connect.tiles.flatMap((tile) => tile.problems)
    if (one === undefined) throw new Error('no problem')
    const mixed = (['note', 'error', 'warn', 'error'] as const).map((severity, i) => ({ ...one, id: String(i), severity }))
    expect(sortProblems(mixed).map((p) => p.id)).toEqual(['1', '3', '2', '0'])
  })
  it('tells a proof with its age, and nothing where there is none', () => {
    const path = { candidate: 'w', base: 'http://192.168.1.5:8080', device: '', remote: '192.168.1.7', at: NOW - 240_000, ms: 12.4 }
    expect(pathWords(path, NOW)).toBe('A browser reached http://192.168.1.5:8080 in 12 ms, 4 min ago, from 192.168.1.7')
    expect(pathWords({ ...path, device: 'IMEI:1' }, NOW)).toMatch(/ from 192\.168\.1\.7 \(IMEI:1\)$/)
    expect(proofWords(null, NOW, 'First')).toBe('')
    expect(proofWords({ seq: 1, at: NOW - 240_000, device: 'IMEI:1', remote: '' }, NOW, 'First')).toMatch(
      /^First message received at \d\d:\d\d:\d\d, 4 min ago, from IMEI:1$/,
    )
  })
  it('the last proof of life is the newest, whichever way it came; being listed is none', () => {
    const row = { lastAt: NOW - 60_000 } as DeviceRow
    expect(lifeProof(row, null, NOW).text).toBe('message 1 min ago')
    expect(lifeProof(row, fakePhone('a', NOW, { proofAt: NOW - 5000, proof: 'took a file' }), NOW).text).toBe('took a file 5 s ago')
    expect(lifeProof(row, fakePhone('a', NOW, { proofAt: NOW - 90_000, listedAt: NOW }), NOW).text).toBe('message 1 min ago')
    expect(lifeProof({ lastAt: 0 } as DeviceRow, fakePhone('a', NOW, { proofAt: 0, listedAt: NOW }), NOW)).toEqual({ at: 0, text: 'none yet' })
  })
  it('makes whole sentences of half ones, and leaves names and URLs as they are', () => {
    expect(['the lab listens', 'http://x', 'adb.missing', 'It works.', '', 'no: IMEI:1 is gone'].map(sentence)).toEqual([
      'The lab listens.',
      'http://x',
      'adb.missing',
      'It works.',
      '',
      'No: IMEI:1 is gone.',
    ])
  })
  it('knows a word for every state of a device, and only a ready one is good', () => {
    expect(Object.entries(ADB_STATES).flatMap(([state, look]) => (look.tone === 'good' ? [state] : []))).toEqual(['device'])
    expect([roleWords('dm'), roleWords(''), roleWords('new')]).toEqual(['DM over HTTP', 'chosen by hand', 'new'])
    expect(pushPath('my file (1).crt')).toBe('/sdcard/Download/my_file_1_.crt')
  })
})

describe('time axis', () => {
  const rows = [
    { seq: 4, at: 100 },
    { seq: 5, at: 200 },
    { seq: 6, at: 150 },
  ] as TraceRow[]
  const lines = [logLine(1, 90, 'I', 'a', 'x'), logLine(2, 100, 'W', 'b', 'y'), logLine(3, 300, 'E', 'b', 'z')]
  const told = (all: ReturnType<typeof merge>): string[] => all.map((one) => ('row' in one ? `#${String(one.row.seq)}` : `${one.line.n}`))

  it('merges rows and lines by time; rows come first at the same time, and each keeps its own order where a clock steps back', () => {
    expect(told(merge(rows, lines))).toEqual(['1', '#4', '2', '#5', '#6', '3'])
    expect(told(merge([], lines))).toEqual(['1', '2', '3'])
    expect(told(merge(rows, []))).toEqual(['#4', '#5', '#6'])
    expect(indexOfRow(merge(rows, lines), 5)).toBe(3)
    expect(indexOfRow(merge(rows, lines), 9)).toBe(-1)
  })
  it('filters by level, tags to see, tags to leave out, and words', () => {
    const shown = (typed: string, level: AdbLogLine['level'] = 'V'): number[] =>
      lines.filter((one) => passes(one, readFilter(typed), level)).map((one) => one.n)
    expect(shown('')).toEqual([1, 2, 3])
    expect(shown('', 'W')).toEqual([2, 3])
    expect(shown('tag:B')).toEqual([2, 3])
    expect(shown('tag:a tag:b Z')).toEqual([3])
    expect(shown('-tag:b')).toEqual([1])
    expect(shown('tag:')).toEqual([1, 2, 3])
  })
  it('keeps new lines once, and says how many it let go', () => {
    const here = appended({ lines: lines.slice(0, 2), left: 0 }, lines)
    expect(here).toEqual({ lines, left: 0 })
    expect(appended(here, lines)).toBe(here)
    expect(appended(here, [logLine(4, 400, 'I', 'c', '')], 2)).toMatchObject({ lines: [{ n: 3 }, { n: 4 }], left: 2 })
  })
})

describe('why 401?', () => {
  it('can be asked of a refused message and of its answer, of nothing else', async () => {
    const rows = await allRows(bench.lab)
    const at = (seq: number | undefined): TraceRow => rows[(seq ?? 0) - 1] as TraceRow
    const ask = (seq: number | undefined): boolean => askable(at(seq), (n) => rows[n - 1])
    expect(bench.rows.map(ask)).toEqual([true, true, false, false, false, false])
    expect(askable({ ...at(bench.rows[0]), kind: 'event' }, (n) => rows[n - 1])).toBe(false)
    expect(askable(at(bench.rows[0]), () => undefined)).toBe(false)
  })
  it('puts what fits first and counts what was computed', () => {
    const { tried } = staleNonce(1, 2)
    expect(sortTries(tried).map((one) => one.id)).toEqual(['nonce.stale', 'password.other', 'order.user-last', 'base64.double', 'mac.body'])
    expect(triedWords(tried)).toBe('22 variants computed for 4 of 5 suppositions; 1 fits.')
    expect(triedWords([])).toBe('0 variants computed for 0 of 0 suppositions; none fits.')
  })
})

describe('certificates, ways and invitations', () => {
  const year = { notBefore: NOW - 1000, notAfter: NOW + 365 * 86_400_000 }
  it('says whether a certificate is valid now, and warns before it ends', () => {
    expect(validity(year, NOW)).toEqual({ text: 'until 1 Jun 2027, 365 days left', tone: 'good' })
    expect(validity(year, NOW + 360 * 86_400_000).tone).toBe('warn')
    expect(validity(year, NOW + 366 * 86_400_000)).toEqual({ text: 'expired on 1 Jun 2027', tone: 'bad' })
    expect(validity(year, NOW - 2000).tone).toBe('bad')
    expect(fingerprintLines(Array.from({ length: 20 }, () => 'AB').join(':')).map((one) => one.length)).toEqual([23, 23, 11])
  })
  it('a way counts as working only where the lab saw it itself', () => {
    const probe = { candidate: 'x', base: 'http://x', result: 'ours' as const, ms: 12.4, text: '', seen: true }
    expect(probeWords(probe)).toMatchObject({ text: 'works, 12 ms', tone: 'good' })
    expect(probeWords({ ...probe, seen: false }).tone).toBe('warn')
    expect(probeWords({ ...probe, result: 'no' })).toMatchObject({ text: 'no answer', tone: 'bad' })
    const invite = { id: '1', device: '', createdAt: NOW, until: NOW + 61_000, state: 'open' as const, ways: [], codes: [], report: null }
    expect(inviteWords(invite, NOW).text).toBe('Waits for a device to open it, 01:01 left')
    expect(inviteWords(invite, NOW + 70_000).tone).toBe('warn')
    const report = { at: NOW, remote: '', local: '', userAgent: '', probes: [probe], best: '' }
    expect(inviteWords({ ...invite, state: 'done', report }, NOW).tone).toBe('bad')
    expect(inviteWords({ ...invite, state: 'done', report: { ...report, best: 'http://x' } }, NOW)).toEqual({
      text: 'http://x works from the device',
      tone: 'good',
    })
  })
})

describe('a PDU', () => {
  const pdu = pduViewOf(Uint8Array.from([0x00, 0x11, 0x00, 0x03, 0x81, 0x21, 0xf3, 0x00, 0x04, 0xaa, 0x02, 0x01, 0x02]), 'to the network')
  it('is drawn octet by octet, each with the fields that lie in it', () => {
    const drawn = octets(pdu)
    expect(drawn.map((one) => one.hex).join('')).toBe('00110003812 1f30004aa020102'.replace(' ', '').toUpperCase())
    expect(drawn.every((one) => one.fields.length > 0)).toBe(true)
    expect(drawn[1]?.fields.length).toBeGreaterThan(1)
    expect(new Set(drawn.flatMap((one) => one.fields)).size).toBe(pdu.fields.length)
  })
  it('says where a field lies as the standard counts', () => {
    expect(fieldPlace({ start: 8, end: 16 })).toBe('octet 1')
    expect(fieldPlace({ start: 8, end: 24 })).toBe('octets 1 to 2')
    expect(fieldPlace({ start: 8, end: 9 })).toBe('octet 1, bit 7')
    expect(fieldPlace({ start: 14, end: 16 })).toBe('octet 1, bits 1 to 0')
    expect(fieldPlace({ start: 12, end: 20 })).toBe('octet 1 bit 3 to octet 2 bit 4')
  })
  it('stands as its worst part', () => {
    const part = (state: 'delivered' | 'failed' | 'sent') => ({ pdu, state, reference: null, text: '' })
    const row = (...parts: ReturnType<typeof part>[]) => ({ id: 1, direction: 'out' as const, path: '', number: '', at: 0, seq: 0, parts, text: '' })
    expect(worstPart(row(part('delivered'), part('delivered')))).toBe('delivered')
    expect(worstPart(row(part('delivered'), part('sent')))).toBe('sent')
    expect(worstPart(row(part('sent'), part('failed')))).toBe('failed')
  })
})

describe('the dialect file', () => {
  const text = '{\n  "roots": { "säo😀": 1 },\n}\n'
  it('finds a mistake by line and column, counted in characters as people do', () => {
    const cut = (line: number, column: number, length: number): string => {
      const { from, to } = place(text, { line, column, length })
      return text.slice(from, to)
    }
    expect(cut(1, 1, 1)).toBe('{')
    expect(cut(2, 15, 4)).toBe('säo😀')
    expect(cut(2, 20, 1)).toBe(':')
    expect(place(text, { line: 9, column: 1, length: 3 })).toEqual({ from: text.length, to: text.length })
  })
  it('counts, and shows what is called otherwise', () => {
    const one = { line: 1, column: 1, length: 0, what: '' }
    expect(tally([])).toBe('')
    expect(
      tally([
        { ...one, severity: 'error' },
        { ...one, severity: 'warn' },
        { ...one, severity: 'warn' },
      ]),
    ).toBe('1 error, 2 warnings')
    const view = { device: 'd', manufacturer: '', model: '', rules: [0], roots: { scomo: './X' }, nodes: {}, alerts: { a: 'b' }, profile: 'small' }
    expect(viewRows(view).map((row) => `${row.kind} ${row.name} ${row.own}`)).toEqual([
      'Root scomo ./X',
      'Alert a b',
      'Profile how the lab speaks to it small',
    ])
  })
})

describe('stores', () => {
  let made: BenchLab
  async function join(): Promise<void> {
    const world = useWorld()
    world.api = made.lab.api as LabApi
    world.connection = 'open'
    await flushPromises()
  }
  beforeEach(() => {
    setActivePinia(createPinia())
    made = benchLab()
  })

  it('lines of a log come by page and by event; a gap is read from the lab; a lost connection starts anew', async () => {
    const adb = useAdb()
    await join()
    expect(adb.of(PHONE)?.serial).toBe(SERIAL)
    await adb.readLog(SERIAL)
    expect(adb.log(SERIAL).lines.map((one) => one.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const log = { ...(adb.of(PHONE)?.log ?? fakePhone('', 0).log), last: 11 }
    const next = (n: number): AdbLogLine => logLine(n, made.at + n, 'I', 't', String(n))
    made.lab.tell('adblog', { serial: SERIAL, log, lines: [next(11)] })
    expect(adb.log(SERIAL).lines.at(-1)?.n).toBe(11)
    expect(adb.of(PHONE)?.log.last).toBe(11)
    made.lab.adb.lines.set(SERIAL, [...adb.log(SERIAL).lines, next(12), next(13), next(14)])
    made.lab.tell('adblog', { serial: SERIAL, log: { ...log, last: 14 }, lines: [next(14)] })
    await flushPromises()
    expect(
      adb
        .log(SERIAL)
        .lines.slice(-4)
        .map((one) => one.n),
    ).toEqual([11, 12, 13, 14])
    useWorld().api = null
    await flushPromises()
    expect(adb.log(SERIAL).lines).toEqual([])
  })
  it('unknown devices follow by event and leave when decided; a refusal of the lab is said', async () => {
    const wants = useWants()
    await join()
    expect(wants.open.map((one) => one.device)).toEqual([STRANGER])
    made.lab.tell('wants', { open: [stranger({ device: 'IMEI:7' }), stranger()] })
    expect(wants.open.length).toBe(2)
    made.lab.proxies.wants = [...wants.open]
    expect(await wants.decide('IMEI:7', 'adopt always')).toBe(true)
    expect(made.lab.calls.at(-1)).toBe('devices.decide IMEI:7 adopt always')
    expect(wants.open.map((one) => one.device)).toEqual([STRANGER])
    made.lab.api.devices.decide = () => Promise.reject(new Error('there is nothing to decide'))
    expect(await wants.decide('IMEI:7', 'adopt')).toBe(false)
    expect(useWorld().notices.at(-1)?.text).toContain('there is nothing to decide')
  })
  it('a card shows control characters of a device as what they are', async () => {
    useWants()
    await join()
    made.lab.tell('wants', { open: [stranger({ device: 'IMEI:\u202e7', userName: 'a\u0007' })] })
    const card = mount(Wants)
    await flushPromises()
    expect(card.text()).toContain('⟨U+202E⟩')
    expect(card.text()).not.toContain('\u202e7')
  })
  it('a draft of the dialect stays when the file moves, and is gone once it is written', async () => {
    const dialect = useDialect()
    await join()
    dialect.draft = '{ "rules": [ }'
    await dialect.check(dialect.draft)
    expect(dialect.problems.map((one) => one.severity)).toEqual(['error'])
    expect(await dialect.save()).toBe(false)
    made.lab.tell('dialect', { ...made.lab.proxies.dialect, text: '{}', exists: true })
    expect([dialect.draft, dialect.dirty, dialect.state?.text]).toEqual(['{ "rules": [ }', true, '{}'])
    dialect.draft = '{ "rules": [] }'
    expect(await dialect.save()).toBe(true)
    expect([dialect.draft, dialect.dirty, dialect.state?.text]).toEqual([null, false, '{ "rules": [] }'])
  })
  it('where there is no file, saving what is shown makes it', async () => {
    const dialect = useDialect()
    await join()
    expect([dialect.state?.exists, dialect.draft]).toEqual([false, null])
    expect(await dialect.save()).toBe(true)
    expect(dialect.state?.exists).toBe(true)
  })
  it('a fact that comes while the lab is asked is not overwritten by the older answer', async () => {
    let answer: (state: typeof made.lab.proxies.wants) => void = () => {}
    made.lab.api.devices.wants = () => new Promise((resolve) => (answer = resolve))
    const wants = useWants()
    await join()
    made.lab.tell('wants', { open: [stranger({ device: 'IMEI:new' })] })
    answer([])
    await flushPromises()
    expect(wants.open.map((one) => one.device)).toEqual(['IMEI:new'])
  })
})
