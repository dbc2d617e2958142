// A fan-out told as it happens: whom it is for, what may leave next, how answers and late alerts close it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deviceCode, jobCode, judge } from '../../core/gateway/codes.ts'
import type { Answer } from '../../core/gateway/codes.ts'
import { CommandError, commandsFor, preparing, readFanoutCommand } from '../../core/gateway/command.ts'
import {
  answered,
  cancel,
  dueAt,
  elapsed,
  imageGone,
  inSession,
  leaving,
  nextCommands,
  notified,
  refused,
  sessionEnded,
  startJob,
} from '../../core/gateway/job.ts'
import { closing, counters, interim, relayed } from '../../core/gateway/jobreport.ts'
import { lateAlert, matchLate } from '../../core/gateway/late.ts'
import type { Job } from '../../core/gateway/job.ts'
import { FilterError, emptyWish, matches, readFilter, selectTargets } from '../../core/gateway/targets.ts'
import type { Candidate, TargetWish } from '../../core/gateway/targets.ts'

const LIST =
  '<FanoutCommand><Add><CmdID>1</CmdID><Item><Target><LocURI>./SCOMO/Download/PKG1</LocURI></Target><Meta><Format xmlns="syncml:metinf">node</Format></Meta></Item></Add>' +
  '<Add><CmdID>2</CmdID><Item><Target><LocURI>./SCOMO/Download/PKG1/PkgID</LocURI></Target><Data>PKG1</Data></Item></Add>' +
  '<Add><CmdID>3</CmdID><Item><Target><LocURI>./SCOMO/Download/PKG1/PkgURL</LocURI></Target><Data>{{ImageURL}}</Data></Item></Add>' +
  '<Exec><CmdID>4</CmdID><Item><Target><LocURI>./SCOMO/Download/PKG1/Operations/Download</LocURI></Target></Item></Exec></FanoutCommand>'

const record = (n: number, mode: 0 | 1 | 2, more: Partial<Candidate> = {}): Candidate => ({
  localId: `ed${n}`,
  deviceId: `urn:example:dev:ed${n}`,
  mode,
  registered: true,
  allowed: true,
  leaves: new Map([['DevInfo/Mod', mode === 2 ? 'LAMP' : `CAM7-${n}`]]),
  ...more,
})
const RECORDS = [record(1, 1), record(2, 1), record(3, 0), record(4, 2), record(6, 1, { registered: false })]
const NOBODY: TargetWish = { devices: [], groups: [], all: false, mode: null, filter: '' }
const groups = (id: string): readonly string[] | undefined => (id === 'floor-2' ? ['urn:example:dev:ed2', 'urn:example:dev:ed1'] : undefined)
const names = (wish: Partial<TargetWish>): string[] =>
  selectTargets({ ...NOBODY, ...wish }, RECORDS, groups).map(({ name, code }) => (code === null ? name : `${name}:${code}`))

describe('targets', () => {
  test('gw 49: list, group and all are joined, nobody twice', () => {
    expect(names({ devices: ['urn:example:dev:ed1'], groups: ['floor-2'] })).toEqual(['ed1', 'ed2'])
    expect(names({ devices: ['urn:example:dev:ed2'], all: true })).toEqual(['ed2', 'ed1', 'ed3:406', 'ed4'])
  })
  test('gw 51: an unknown device is 404, a transparent one 406, a group nobody knows 404', () => {
    expect(names({ devices: ['urn:example:dev:ed9', 'urn:example:dev:ed3'], groups: ['attic'] })).toEqual(['u1:404', 'ed3:406', 'attic:404'])
  })
  test('gw 109: mode and filter alone and combined', () => {
    expect(names({ mode: 2 })).toEqual(['ed4'])
    expect(names({ mode: 1, filter: 'DevInfo/Mod=CAM7*' })).toEqual(['ed1', 'ed2'])
    expect(names({ devices: ['urn:example:dev:ed4'], filter: 'DevInfo/Mod=CAM7*' })).toEqual([])
    expect(names({ filter: 'DevInfo/Mod=LAMP' })).toEqual(['ed4'])
  })
  test('a detached device stays a target when it is named, not when all are meant; one without rights gets 425', () => {
    expect(names({ devices: ['urn:example:dev:ed6'] })).toEqual(['ed6'])
    expect(names({ all: true })).not.toContain('ed6')
    expect(selectTargets({ ...NOBODY, all: true }, [record(1, 1, { allowed: false })], groups)[0]?.code).toBe(425)
  })
  test('gw 47: a wish that names nobody is empty', () => {
    expect(emptyWish(NOBODY)).toBe(true)
    expect(emptyWish({ ...NOBODY, mode: 0 })).toBe(false)
  })
  test.each([
    ['Mod', 0],
    ['=x', 0],
    ['a=b&c', 4],
    ['a=b*c', 3],
    ['a=%41', 2],
  ])('filter %s is refused at character %i', (text, offset) => {
    expect(() => readFilter(text)).toThrow(FilterError)
    try {
      readFilter(text)
    } catch (error) {
      expect((error as FilterError).offset).toBe(offset)
    }
  })
  test('any value written with its escapes matches itself and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, other) => {
        const text = value.replace(/[%&=*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
        const terms = readFilter(`leaf=${text}`)
        expect(matches(terms, new Map([['leaf', value]]))).toBe(true)
        expect(matches(terms, new Map([['leaf', other]]))).toBe(other === value)
      }),
    )
  })
})

describe('the command list', () => {
  test('reads, and every device gets its own Correlators and the image in place of the tokens', () => {
    const commands = readFanoutCommand(LIST)
    expect(commands.map(({ kind }) => kind)).toEqual(['Add', 'Add', 'Add', 'Exec'])
    const image = { url: 'http://gw/img/PKG1', descriptorUrl: 'http://gw/img/PKG1.dd', data: new Uint8Array([1]) }
    const mine = commandsFor(commands, 'j3', 'ed1', image)
    expect(mine[2]).toMatchObject({ items: [{ data: 'http://gw/img/PKG1' }] })
    expect(mine[3]).toMatchObject({ kind: 'Exec', correlator: 'j3.ed1.4' })
    const direct = readFanoutCommand(
      '<FanoutCommand><Replace><CmdID>1</CmdID><Item><Target><LocURI>./a/Data</LocURI></Target><Data> {{ImageData}} </Data></Item></Replace></FanoutCommand>',
    )
    expect(commandsFor(direct, 'j', 'e', image)[0]).toMatchObject({ items: [{ data: new Uint8Array([1]) }] })
  })
  test('gw 98: Adds of interior nodes, and of leaves that a later Replace writes, are preparing ones', () => {
    expect(preparing(readFanoutCommand(LIST))).toEqual([true, false, false, false])
    const twice = LIST.replace(
      '<Exec>',
      '<Replace><CmdID>9</CmdID><Item><Target><LocURI>./SCOMO/Download/PKG1/PkgURL</LocURI></Target><Data>{{ImageURL}}</Data></Item></Replace><Exec>',
    )
    expect(preparing(readFanoutCommand(twice))).toEqual([true, false, true, false, false])
    expect(judge(418, true)).toBe('success')
    expect(judge(418, false)).toBe('failure')
  })
  test.each([
    ['<FanoutCommand><Atomic><CmdID>1</CmdID><Get><CmdID>2</CmdID></Get></Atomic></FanoutCommand>', 500],
    ['<FanoutCommand><Status><CmdID>1</CmdID></Status></FanoutCommand>', 406],
    ['<FanoutCommand><Alert><CmdID>1</CmdID><Data>1226</Data></Alert></FanoutCommand>', 406],
    ['<FanoutCommand/>', 415],
    ['<FanoutCommand><Add>', 415],
    ['no XML', 415],
    ['<Other/>', 415],
  ])('gw 58: %s is refused when it is stored, with %i', (text, status) => {
    try {
      readFanoutCommand(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(CommandError)
      expect((error as CommandError).status).toBe(status)
    }
  })
})

const start = (ids: readonly number[], list = LIST, more: object = {}): Job =>
  startJob({
    name: 'j6',
    server: 'dms.example',
    correlator: 'c-6',
    now: 1000,
    timeoutMs: 300_000,
    intervalMs: 0,
    returnFormat: 2,
    imageRef: '',
    targets: selectTargets({ ...NOBODY, devices: ids.map((n) => `urn:example:dev:ed${n}`) }, RECORDS, groups),
    commands: readFanoutCommand(list),
    ...more,
  })
const all = (job: Job, name: string, codes: readonly number[], now = 2000): Job =>
  codes.reduce((at, code, i) => answered(at, name, i, code, '', now), leaving(inSession(job, name), name, [0, 1, 2, 3]))
const LATE = (name: string, code: number) => ({
  cmd: '4',
  correlator: `j6.${name}.4`,
  type: 'urn:oma:at:scomo:1.0:OperationComplete',
  source: './SCOMO/Download/PKG1/Operations/Download',
  target: './SCOMO/Inventory/Delivered/PKG1',
  data: `<ResultCode>${code}</ResultCode><Identifier>PKG1</Identifier>`,
})

describe('a job', () => {
  test('gw 101, gw 102: 200 and 1200 end a device, 202 leaves it open in state 35', () => {
    const done = all(start([1]), 'ed1', [200, 200, 200, 1200])
    expect(done).toMatchObject({ state: 30, result: 200, responses: [{ state: 40, code: 1200 }] })
    const open = all(start([1]), 'ed1', [200, 200, 200, 202])
    expect(open).toMatchObject({ state: 20, result: null, responses: [{ state: 35, code: 202 }] })
    expect(counters(open)).toEqual({ targets: 1, succeeded: 0, failed: 0, pending: 1 })
  })
  test('gw 103, gw 104: late alerts close it: one device 1200, the other 1405, the job 206', () => {
    let job = all(all(start([1, 2]), 'ed1', [200, 200, 200, 202]), 'ed2', [200, 418, 200, 202])
    expect(job.responses[1]?.code, '418 to an Add that prepares nothing fails the device').toBe(418)
    job = all(all(start([1, 2]), 'ed1', [200, 200, 200, 202]), 'ed2', [418, 200, 200, 202])
    const at = matchLate(job, 'urn:example:dev:ed2', 'j6.ed2.4', '')
    expect(at).toEqual({ name: 'ed2', index: 3 })
    const second = lateAlert(job, at ?? { name: '', index: 0 }, LATE('ed2', 1405), 60_000)
    expect(second.again).toBe(false)
    expect(second.job.responses[1]).toMatchObject({ state: 50, code: 1405 })
    expect(relayed(second.job, 'ed2', LATE('ed2', 1405))?.devices).toMatchObject([
      { deviceId: 'urn:example:dev:ed2', code: 1405, late: [{ cmd: '4' }] },
    ])
    const first = lateAlert(second.job, { name: 'ed1', index: 3 }, LATE('ed1', 1200), 61_000).job
    expect(first.state, 'more components may report').toBe(20)
    expect(dueAt(first)).toBe(66_000)
    const end = elapsed(first, 66_000)
    expect(end).toMatchObject({ state: 30, result: 206 })
    expect(closing(end)?.devices.map(({ deviceId, code }) => [deviceId, code])).toEqual([
      ['urn:example:dev:ed1', 1200],
      ['urn:example:dev:ed2', 1405],
    ])
  })
  test('gw 106: a repeated alert changes nothing; without Correlator the only waiting Exec is meant', () => {
    const job = all(start([1]), 'ed1', [200, 200, 200, 202])
    const once = lateAlert(job, { name: 'ed1', index: 3 }, LATE('ed1', 1200), 5000)
    expect(lateAlert(once.job, { name: 'ed1', index: 3 }, LATE('ed1', 1200), 6000)).toEqual({ job: once.job, again: true })
    expect(matchLate(job, 'urn:example:dev:ed1', '', './SCOMO/Download/PKG1')).toEqual({ name: 'ed1', index: 3 })
    expect(matchLate(job, 'urn:example:dev:ed1', '', './Other')).toBeNull()
    expect(matchLate(job, 'urn:example:dev:ed2', 'j6.ed1.4', '')).toBeNull()
  })
  test('gw 105: no late alert in time is 408; one that comes afterwards corrects the device, not the job', () => {
    const job = elapsed(all(start([1]), 'ed1', [200, 200, 200, 202]), 301_000)
    expect(job).toMatchObject({ state: 30, result: 408, responses: [{ state: 60, code: 408 }] })
    const later = lateAlert(job, { name: 'ed1', index: 3 }, LATE('ed1', 1200), 400_000).job
    expect(later).toMatchObject({ state: 30, result: 408, responses: [{ state: 60, code: 1200 }] })
  })
  test('an Exec waits for its ground, and is never sent where that failed (215)', () => {
    const commands = readFanoutCommand(LIST)
    let job = inSession(start([1]), 'ed1')
    const response = () => job.responses[0] as NonNullable<Job['responses'][0]>
    expect(nextCommands(response(), commands)).toEqual({ send: [0, 1, 2], skip: [] })
    job = leaving(job, 'ed1', [0, 1, 2])
    expect(nextCommands(response(), commands), 'nothing is sent twice').toEqual({ send: [], skip: [] })
    job = [200, 200, 405].reduce((at, code, i) => answered(at, 'ed1', i, code, '', 3), job)
    expect(nextCommands(response(), commands)).toEqual({ send: [], skip: [3] })
    job = answered(job, 'ed1', 3, 215, '', 4)
    expect(job).toMatchObject({ state: 30, result: 500, responses: [{ state: 50, code: 405 }] })
  })
  test('a lost session sends nothing twice: what had left waits for the time-out', () => {
    const commands = readFanoutCommand(LIST)
    const lost = sessionEnded(leaving(inSession(start([1]), 'ed1'), 'ed1', [0, 1, 2]), 'ed1', 3)
    expect(lost.responses[0]?.state).toBe(20)
    expect(nextCommands(lost.responses[0] as NonNullable<Job['responses'][0]>, commands).send).toEqual([])
    expect(elapsed(lost, 400_000).responses[0]).toMatchObject({ state: 60, code: 408 })
  })
  test('gw 53: one failing device does not stop the others', () => {
    const job = all(refused(start([1, 2]), 'ed1', 503, 2), 'ed2', [200, 200, 200, 200])
    expect(job).toMatchObject({ state: 30, result: 206 })
  })
  test('gw 56: cancel gives 214 to what is open, keeps what is finished, lets a session finish', () => {
    const job = inSession(all(start([1, 2]), 'ed1', [200, 200, 200, 200]), 'ed2')
    const cancelled = cancel(job, 4)
    expect(cancelled).toMatchObject({ state: 20, responses: [{ code: 200 }, { state: 30 }] })
    const end = all(cancelled, 'ed2', [200, 200, 200, 200])
    expect(end).toMatchObject({ state: 30, result: 214 })
    expect(cancel(start([1, 2]), 5)).toMatchObject({ state: 30, result: 214, responses: [{ code: 214 }, { code: 214 }] })
  })
  test('a job for nobody ends with 404, a void image with 410', () => {
    expect(start([9])).toMatchObject({ state: 30, result: 404 })
    expect(start([1], LIST, { targets: [] })).toMatchObject({ state: 30, result: 404 })
    expect(imageGone(notified(start([1]), 'ed1', 2), 3)).toMatchObject({ state: 30, result: 410 })
  })
  test('gw 57: each return format gives the described report', () => {
    const end = (returnFormat: number): Job =>
      all(all(start([1, 2], LIST, { returnFormat }), 'ed1', [200, 200, 200, 200]), 'ed2', [200, 200, 200, 1405])
    expect(closing(end(0))).toBeNull()
    expect(closing(end(1))).toEqual({ final: true, summary: { targets: 2, succeeded: 1, failed: 1, pending: 0 }, devices: [], groups: [] })
    expect(closing(end(2))?.devices.map(({ code, statuses }) => [code, statuses.length])).toEqual([
      [200, 0],
      [1405, 0],
    ])
    expect(closing(end(3))?.devices.map(({ statuses }) => statuses.length)).toEqual([4, 4])
    expect(closing(end(4))?.groups).toEqual([
      { code: 200, devices: ['urn:example:dev:ed1'] },
      { code: 1405, devices: ['urn:example:dev:ed2'] },
    ])
  })
  test('an interim report tells news once', () => {
    const job = all(start([1, 2]), 'ed1', [200, 200, 200, 200])
    const told = interim(job)
    expect(told?.report).toMatchObject({ final: false, devices: [{ deviceId: 'urn:example:dev:ed1', code: 200 }] })
    expect(told === null ? null : interim(told.job)).toBeNull()
  })
})

describe('codes', () => {
  // A code and a question mark: nobody of that name is known.
  const codes: readonly [readonly (number | '404?')[], number][] = [
    [[200, 200], 200],
    [[200, 1405], 206],
    [[408, 408], 408],
    [[410, 408], 410],
    [['404?', '404?'], 404],
    [[404, 404], 500],
    [[404, '404?'], 500],
    [[500, 408], 500],
  ]
  test.each(codes)('gw 55: devices %j make job code %i', (each, code) => {
    expect(
      jobCode(
        each.map((one) => ({ code: parseInt(String(one)), good: one === 200, resolved: one !== '404?' })),
        false,
      ),
    ).toBe(code)
  })
  test('a device code never hides a failure and is 202 only while something is open', () => {
    const answer = fc.record({
      code: fc.constantFrom(null, 200, 202, 213, 418, 404, 1200, 1405),
      preparing: fc.boolean(),
      late: fc.constantFrom(null, 1200, 1405),
      enabler: fc.constant('scomo' as const),
    })
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1 }), (answers: Answer[]) => {
        const code = deviceCode(answers)
        const failures = answers.filter(
          (each) => each.code !== null && (judge(each.code, each.preparing) === 'failure' || (each.code === 202 && each.late === 1405)),
        )
        if (failures.length > 0) expect(failures.map((each) => (each.code === 202 ? each.late : each.code))).toContain(code)
        else if (answers.some((each) => each.code === null || each.code === 213)) expect(code).toBeNull()
        else if (answers.some((each) => each.code === 202 && each.late === null)) expect(code).toBe(202)
        else expect([200, 1200]).toContain(code)
      }),
    )
  })
})
