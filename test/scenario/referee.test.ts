// The referee over traces made by hand: right order, wrong order, a missing step, a duplicate, a fault in each step; row by row it says what it says at once.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameDetail, StepVerdict } from '../../core/api.ts'
import type { Command } from '../../core/syncml/message.ts'
import { judge, Referee } from '../../core/scenario/referee.ts'
import type { Scenario, Step } from '../../core/scenario/types.ts'
import { infoOf, wordsOf } from '../../core/scenario/words.ts'
import { NOON, status, Tape } from '../filter/rows.ts'

const STATE = './SCOMO/Inventory/Deployed/antivir/State'
const replace = (cmdId: string, uri: string, data: string): Command => ({ kind: 'Replace', cmdId, items: [{ target: { locUri: uri }, data }] })

const step = (key: string, decide: Step['decide'], more: Partial<Step> = {}): Step => ({
  key,
  label: `${key.replace(/\D/g, '')}.`,
  text: `step ${key}`,
  from: 'DM Server',
  to: 'Device',
  decide,
  ...more,
})

/** A small flow with every kind of predicate. */
const FLOW: Scenario = {
  id: 'test-1',
  document: 'T',
  clause: '1',
  title: 'a flow',
  actors: ['External Management Infrastructure', 'DM Server', 'Device'],
  steps: [
    step('1', { event: 'emi.request', where: { op: ['deliver', 'install'] } }, { offWire: true }),
    step('2', { row: 'alert.code == 1200 && dir == up' }, { once: true, withinMs: 60_000 }),
    step('3', { row: 'any(cmd == Replace && uri startswith "./DevInfo/")' }, { sameRow: true }),
    step('4', { row: 'any(cmd == Get && uri ~ "DevDetail")' }, { missing: 'not applicable' }),
    step(
      '5',
      { row: `any(cmd == Replace && uri == "${STATE}")` },
      { fails: [{ when: { row: 'auth == refused' }, reason: 'the device was refused' }] },
    ),
    step(
      '6a',
      { row: 'any(status == 200 && status.cmd == Replace) && answers(step "5")' },
      { fails: [{ when: { row: 'any(status >= 400) && answers(step "5")' }, reason: 'the device refuses' }] },
    ),
    step('6b', { tree: { uri: './SCOMO/Inventory/Deployed/*/State', is: 'value', value: '30' } }, { sameRow: true, offWire: true }),
    step('7', { all: [{ job: ['done'] }, { event: 'emi.notified' }] }, { offWire: true }),
  ],
  pre: [{ key: 'P1', text: 'the device is authenticated', decide: { row: 'status == 212' }, step: '6a' }],
  post: [
    { key: 'Q1', text: 'the component is active', decide: { tree: { uri: STATE, is: 'value', value: '30', already: true } }, step: '6b' },
    {
      key: 'Q2',
      text: 'nobody complained',
      decide: { row: 'event == emi.notified' },
      fails: [{ when: { row: 'lint.sev == error' }, reason: 'there was an error' }],
    },
  ],
  alternativeOf: null,
  setup: null,
  faults: [],
}

type Part = (tape: Tape) => FrameDetail
const PARTS: Readonly<Record<string, Part>> = {
  request: (tape) => tape.event('emi.request: deliver', { event: 'emi.request', op: 'deliver' }),
  begin: (tape) =>
    tape.say('up', [
      { kind: 'Alert', cmdId: '1', code: 1200, data: '1200', items: [] },
      { kind: 'Replace', cmdId: '2', items: [{ source: { locUri: './DevInfo/Man' }, data: 'EM' }] },
    ]),
  get: (tape) =>
    tape.say('down', [status('1', '0', 'SyncHdr', 212), { kind: 'Get', cmdId: '3', items: [{ target: { locUri: './DevDetail/SwV' } }] }]),
  got: (tape) => tape.say('up', [status('1', '0', 'SyncHdr', 212), status('1', '3', 'Get', 200)]),
  set: (tape) => tape.say('down', [status('2', '0', 'SyncHdr', 212), replace('4', STATE, '30')]),
  done: (tape) => tape.say('up', [status('2', '0', 'SyncHdr', 212), status('2', '4', 'Replace', 200)]),
  job: (tape) => tape.event('job.moved: job-1 is done', { event: 'job.moved', state: 'done', resultCode: 1200 }),
  told: (tape) => tape.event('emi.notified: job-1', { event: 'emi.notified', state: 'done' }),
}
const RIGHT = ['request', 'begin', 'get', 'got', 'set', 'done', 'job', 'told']

function rowsOf(parts: readonly (string | Part)[]): FrameDetail[] {
  const tape = new Tape()
  for (const part of parts) (typeof part === 'string' ? (PARTS[part] as Part) : part)(tape)
  return tape.rows
}
const END = NOON + 500_000
const judged = (parts: readonly (string | Part)[], how: 'complete' | 'stopped' = 'complete') => judge(FLOW, rowsOf(parts), NOON, END, how)
const marks = (parts: readonly (string | Part)[], how?: 'complete' | 'stopped'): string =>
  judged(parts, how)
    .steps.map(({ verdict }) => MARK[verdict])
    .join('')
const MARK: Readonly<Record<StepVerdict, string>> = { pass: 'P', fail: 'F', inconclusive: '?', 'not applicable': '-', 'not reached': '.' }

describe('a run', () => {
  it('in the right order passes, each step with the rows that decided it', () => {
    const { verdict, steps, conditions } = judged(RIGHT)
    expect(verdict).toBe('pass')
    expect(steps.map(({ key, verdict: own, messages }) => [key, own, messages])).toEqual([
      ['1', 'pass', [1]],
      ['2', 'pass', [2]],
      ['3', 'pass', [2]],
      ['4', 'pass', [3]],
      ['5', 'pass', [5]],
      ['6a', 'pass', [6]],
      ['6b', 'pass', [6]],
      ['7', 'pass', [7, 8]],
    ])
    expect(steps.map(({ at }) => at)).toEqual([1000, 2000, 2000, 3000, 5000, 6000, 6000, 8000])
    expect(conditions.map(({ verdict: own, messages }) => [own, messages])).toEqual([
      ['pass', [3]],
      ['pass', [6]],
      ['pass', [8]],
    ])
    expect(steps[4]?.reason).toBe(`#5 Replace 212 ${STATE}`)
  })

  it('without a step that may be missing passes, and says so', () => {
    const { verdict, steps } = judged(['request', 'begin', 'set', (tape) => tape.say('up', [status('1', '4', 'Replace', 200)]), 'told', 'job'])
    expect(verdict).toBe('pass')
    expect(steps[3]).toMatchObject({ verdict: 'not applicable', messages: [], reason: 'passed over: the run went on with step 5' })
    expect(steps[7]?.messages).toEqual([5, 6])
  })

  it.each<[string, string]>([
    ['request', 'F.......'],
    ['begin', 'PF......'],
    ['set', 'PPPPF...'],
    ['done', 'PPPPPF..'],
    ['job', 'PPPPPPPF'],
    ['told', 'PPPPPPPF'],
  ])('without %s turns exactly that step red, and nothing behind it is reached', (missing, expected) => {
    expect(marks(RIGHT.filter((part) => part !== missing))).toBe(expected)
    const { verdict, steps } = judged(RIGHT.filter((part) => part !== missing))
    expect(verdict).toBe('fail')
    expect(steps.find(({ verdict: own }) => own === 'fail')?.reason).toMatch(/nothing decided it: /)
  })

  it('in the wrong order says which message came too early', () => {
    const { steps } = judged(['request', 'set', 'begin', 'get', 'got', 'done'])
    expect(steps.map(({ verdict }) => MARK[verdict]).join('')).toBe('PPPPF...')
    expect(steps[4]).toMatchObject({ messages: [2] })
    expect(steps[4]?.reason).toContain(`#2 Replace 212 ${STATE} came too early, before step 4 was done`)
    const late = judged(['begin', 'get', 'request'])
    expect(late.steps[1]?.reason).toMatch(/#1 .*came too early, before step 1 was done/)
    expect(judged(['begin', 'get']).steps[0]?.reason).toMatch(/#1 .*is of step 2 and came without it/)
  })

  it('a duplicate of what may come once is red; a resend is not', () => {
    const again: Part = (tape) => tape.say('up', [{ kind: 'Alert', cmdId: '1', code: 1200, data: '1200', items: [] }])
    const resend: Part = (tape) => {
      const first = tape.rows[1] as FrameDetail
      return tape.add({ bytes: first.bytes, row: { ...first.row, seq: tape.rows.length + 1, at: NOON + 1000 * (tape.rows.length + 1) } })
    }
    expect(marks([...RIGHT.slice(0, 4), resend, ...RIGHT.slice(4)])).toBe('PPPPPPPP')
    const { steps } = judged([...RIGHT.slice(0, 4), again, ...RIGHT.slice(4)])
    expect(steps.map(({ verdict }) => MARK[verdict]).join('')).toBe('PF......')
    expect(steps[1]).toMatchObject({ messages: [2, 5], reason: expect.stringContaining('it happened twice') as string })
  })

  it.each<[string, Part, number, string, string]>([
    ['a message that contradicts', (tape) => tape.say('up', [status('2', '4', 'Replace', 405)]), 5, 'PPPPPF..', 'the device refuses'],
    [
      'a contradiction of a step behind one that may be missing',
      (tape) => tape.say('down', [status('1', '0', 'SyncHdr', 401)]),
      2,
      'PPP-F...',
      'the device was refused',
    ],
    [
      'an event with other facts',
      (tape) => tape.event('emi.request: remove', { event: 'emi.request', op: 'remove' }),
      0,
      'F.......',
      'nothing decided it: event emi.request (op deliver or install)',
    ],
  ])('%s', (_name, part, at, expected, reason) => {
    const parts = [...RIGHT.slice(0, at), part, ...RIGHT.slice(at + 1)]
    expect(marks(parts)).toBe(expected)
    expect(judged(parts).steps.find(({ verdict }) => verdict === 'fail')?.reason).toContain(reason)
  })

  it('a deadline is a verdict: by a later row, by the clock, at the end', () => {
    const late: Part = (tape) => tape.add({ row: { kind: 'connection', at: NOON + 90_000 } })
    const { steps } = judged(['request', late, 'begin'])
    expect(steps[1]).toMatchObject({
      verdict: 'fail',
      reason: expect.stringMatching(/^not within 60000 ms after step 1; nothing decided it: /) as string,
      at: 61_000,
    })
    const referee = new Referee(FLOW, NOON)
    referee.take(rowsOf(['request'])[0] as FrameDetail)
    expect([referee.tick(NOON + 60_000), referee.tick(NOON + 61_001), referee.tick(NOON + 70_000)]).toEqual([false, true, false])
    expect(referee.results().steps[1]?.verdict).toBe('fail')
    expect(referee.results().verdict).toBe('')
  })

  it('what the receiver never saw proves nothing', () => {
    const rows = rowsOf(RIGHT).map((each) => (each.row.seq === 2 ? { ...each, row: { ...each.row, hold: 'dropped' as const } } : each))
    expect(judge(FLOW, rows, NOON, END).steps[1]?.verdict).toBe('fail')
  })

  it('stopped early is nobody’s fault', () => {
    expect(marks(RIGHT.slice(0, 5), 'stopped')).toBe('PPPPP?..')
    expect(judged(RIGHT.slice(0, 5), 'stopped').verdict).toBe('inconclusive')
    expect(judged(RIGHT.slice(0, 5), 'stopped').conditions.map(({ verdict }) => verdict)).toEqual(['pass', 'not reached', 'not reached'])
  })

  it('conditions: before only up to their step, after only from it on, contradictions count', () => {
    const bare = RIGHT.map((part): string | Part =>
      part === 'get'
        ? (tape) => tape.say('down', [{ kind: 'Get', cmdId: '3', items: [{ target: { locUri: './DevDetail/SwV' } }] }])
        : part === 'got'
          ? (tape) => tape.say('up', [status('1', '3', 'Get', 200)])
          : part === 'set'
            ? (tape) => tape.say('down', [replace('4', STATE, '30')])
            : part === 'done'
              ? (tape) => tape.say('up', [status('2', '4', 'Replace', 200)])
              : part,
    )
    const late: Part = (tape) => tape.say('up', [status('2', '0', 'SyncHdr', 212)])
    expect(judged([...bare, late]).conditions[0]).toMatchObject({ verdict: 'inconclusive', messages: [] })
    const wrong: Part = (tape) =>
      tape.add({
        findings: [{ rule: 'x.y', severity: 'error', document: 'D', clause: 'C', text: 't', offset: 0, length: 0 }],
        row: { findings: 1, severity: 'error' },
      })
    expect(judged([...RIGHT.slice(0, 6), wrong, ...RIGHT.slice(6)])).toMatchObject({
      verdict: 'fail',
      conditions: [{}, {}, { verdict: 'fail', messages: [7], reason: 'there was an error' }],
    })
  })
})

describe('row by row and at once', () => {
  it('the same verdicts, whatever comes in whatever order', () => {
    const strange: Part[] = [
      (tape) => tape.say('up', [status('1', '4', 'Replace', 405)]),
      (tape) => tape.say('down', [replace('4', STATE, '20')]),
      (tape) => tape.add({ row: { kind: 'connection' } }),
    ]
    const part = fc.oneof(fc.constantFrom(...RIGHT), fc.constantFrom(...strange))
    const parts = fc.oneof(
      fc.array(part, { maxLength: 14 }),
      fc.shuffledSubarray(RIGHT),
      fc.array(fc.constantFrom(...RIGHT), { minLength: 6, maxLength: 12 }),
    )
    let reached = 0
    fc.assert(
      fc.property(parts, fc.constantFrom('complete' as const, 'stopped' as const), (list, how) => {
        const rows = rowsOf(list)
        const batch = judge(FLOW, rows, NOON, END, how)
        const referee = new Referee(FLOW, NOON)
        let before = referee.results()
        for (const row of rows) {
          referee.tick(row.row.at)
          const moved = referee.take(row)
          const now = referee.results()
          if (!moved) expect(now).toEqual(before)
          expect(referee.take(row)).toBe(false)
          before = now
        }
        expect(referee.finish(how, END)).toEqual(batch)
        expect(referee.finish(how, END)).toEqual(batch)
        const seen = batch.steps.map(({ verdict }) => MARK[verdict]).join('')
        if (seen.startsWith('PPP')) reached += 1
        expect(seen).toMatch(/^[P-]*(?:[F?]\.*)?$/)
      }),
      { numRuns: 400 },
    )
    expect(reached).toBeGreaterThan(5)
  })
})

describe('words', () => {
  it('a scenario as LabApi shows it', () => {
    const info = infoOf(FLOW)
    expect(info.steps.map(({ key, label }) => `${key}=${label}`)).toContain('6a=6.')
    expect(info.steps[7]?.decides).toBe('(job is done) and (event emi.notified)')
    expect(info.steps[6]?.decides).toBe('tree: ./SCOMO/Inventory/Deployed/*/State is 30')
    expect(wordsOf({ any: [{ time: { afterMs: 5, since: '1' } }, { tree: { uri: './A', is: 'gone' } }] })).toBe(
      '(5 ms after step 1) or (tree: ./A is gone)',
    )
    expect(info.pre).toEqual(['P1: the device is authenticated'])
  })
  it('a predicate that cannot be read is told at once', () => {
    expect(() => new Referee({ ...FLOW, steps: [step('1', { row: 'cmdd == Exec' })] }, NOON)).toThrow(/there is no field cmdd; expected cmd/)
  })
})
