// Scenarios, jobs and the component board as numbers and words: what is shown follows from the facts alone.
import { describe, expect, it } from 'vitest'
import { BARE_ROW } from '../../core/store/barerow.ts'
import type { JobRow, ScenarioInfo, ScenarioRun, SoftwareCard, StepVerdict, TraceRow } from '../../core/api.ts'
import { HAPPENINGS } from '../../core/mo/events.ts'
import { SCENARIOS } from '../../core/scenario/all.ts'
import { infoOf } from '../../core/scenario/words.ts'
import { cardWords, columnOf, columns, numbers, origin, progressing, requestFor } from '../../renderer/model/board.ts'
import {
  emptyForm,
  ENDS,
  itemsWords,
  narrow,
  offered,
  readComponents,
  readForm,
  resultWords,
  STATES,
  withJobs,
  type JobForm,
} from '../../renderer/model/jobs.ts'
import { actorArrow, actorLanes, eventName, parties, roleOf } from '../../renderer/model/ladder.ts'
import { askerWords, endings } from '../../renderer/model/questions.ts'
import {
  alternatives,
  checklist,
  conditions,
  family,
  library,
  runLook,
  runRows,
  runTime,
  seqWords,
  tally,
  titleOf,
  VERDICT,
  withRun,
} from '../../renderer/model/scenarios.ts'
import { demoBoard, demoJobs, demoPackages, downloadRun } from '../support/demosoftware.ts'

const INFOS = SCENARIOS.map(infoOf)
const find = (id: string): ScenarioInfo => INFOS.find((one) => one.id === id) as ScenarioInfo
const begun = (more: Partial<ScenarioRun> = {}): ScenarioRun => ({
  run: 1,
  id: 's1-5.4.2',
  encoding: 'xml',
  transport: 'memory',
  seed: 1,
  state: 'running',
  verdict: '',
  startedAt: 0,
  duration: 0,
  first: 0,
  last: 0,
  steps: [],
  conditions: [],
  findings: [],
  fault: '',
  ...more,
})
const SEQS = Array.from({ length: 13 }, (_, i) => 101 + i)

describe('library', () => {
  it('lists documents, their flows, and each alternative below its flow at the step where the text prints it', () => {
    const lines = library(INFOS, [], '')
    const flows = lines.filter((one) => one.kind === 'flow').map((one) => one.key)
    expect(flows.filter((key) => /^s[13]-/.test(key))).toEqual(['s1-5.4.1', 's1-5.4.2', 's1-5.4.3', 's3-5.1', 's3-5.2'])
    const at = lines.findIndex((one) => one.key === 's1-5.4.2')
    expect(lines.slice(at + 1, at + 3).map((one) => [one.key, one.kind, one.detail])).toEqual([
      ['s1-5.4.2-alt1', 'alternative', 'at step 1'],
      ['s1-5.4.2-alt2', 'alternative', 'at step 3'],
    ])
    expect(lines.filter((one) => one.info !== null)).toHaveLength(SCENARIOS.length)
  })
  it('is narrowed by words; a flow found brings its alternatives, an alternative found brings its flow', () => {
    expect(library(INFOS, [], '5.4.3').map((one) => one.key)).toEqual(['S1', 's1-5.4.3', 's1-5.4.3-alt1', 's1-5.4.3-alt2'])
    expect(library(INFOS, [], 's1-5.4.1-alt2').map((one) => one.key)).toEqual(['S1', 's1-5.4.1', 's1-5.4.1-alt2'])
    expect(library(INFOS, [], 'no such words')).toEqual([])
  })
  it('shows the newest run of each', () => {
    const runs = [begun({ run: 3, state: 'done', verdict: 'fail' }), begun({ run: 2, state: 'done', verdict: 'pass' })]
    const line = library(INFOS, runs, '').find((one) => one.key === 's1-5.4.2')
    expect(line?.latest?.run).toBe(3)
  })
  it('takes titles apart into flow, branch and what the document calls it', () => {
    expect(titleOf(find('s1-5.4.2')).name).toBe('Normal flow')
    expect(titleOf(find('s1-5.4.2')).flow).not.toMatch(/normal flow/i)
    expect(titleOf(find('s1-5.4.2-alt1'))).toMatchObject({ name: 'Alternative Flow 1', branch: 'the device asks for a component' })
    expect(family(INFOS, find('s1-5.4.2-alt2')).map((one) => one.id)).toEqual(['s1-5.4.2', 's1-5.4.2-alt1', 's1-5.4.2-alt2'])
    expect(alternatives(INFOS, find('s3-5.1')).map((one) => one.id)).toEqual(['s3-5.1-alt'])
  })
})

describe('checklist', () => {
  const flow = find('s1-5.4.2')
  const words = (run: ScenarioRun | null): string[] => checklist(flow, run, INFOS).map((line) => line.look.word)
  it('waits before, lights up step by step while it runs, and ends with a verdict on every step', () => {
    expect(new Set(words(null))).toEqual(new Set(['not run']))
    expect(words(downloadRun(begun(), SEQS.slice(0, 3)))).toEqual([
      'pass',
      'pass',
      'pass',
      'running',
      'waiting',
      'waiting',
      'waiting',
      'waiting',
      'waiting',
    ])
    const done = downloadRun(begun(), SEQS)
    expect(words(done)).toEqual(Array(9).fill('pass'))
    expect(tally(done)).toBe('9 of 9 pass')
    expect(runLook(done)).toBe(VERDICT.pass)
  })
  it('of a failed run calls the later steps not reached, and none running', () => {
    const run = downloadRun(begun(), SEQS, '6a')
    expect(words(run)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'fail', 'not reached', 'not reached', 'not reached'])
    expect(tally(run)).toBe('5 of 9 pass, 1 fail, 3 not reached')
    const still = { ...run, state: 'running' as const, verdict: '' as const }
    expect(words(still)).not.toContain('running')
  })
  it('prints the labels of the document, duplicates by their keys, and branches at their steps', () => {
    const lines = checklist(flow, null, INFOS)
    expect(lines.map((one) => one.step.key)).toEqual(['1', '2', '3', '4', '5', '6a', '6b', '7', '8'])
    expect(lines.flatMap((one) => one.branches.map((branch) => [one.step.key, branch.info.id]))).toEqual([
      ['1', 's1-5.4.2-alt1'],
      ['3', 's1-5.4.2-alt2'],
    ])
  })
  it('marks the steps of an alternative that its flow does not have', () => {
    const own = checklist(find('s1-5.4.2-alt2'), null, INFOS).filter((one) => one.own)
    expect(own.map((one) => one.step.key)).toEqual(['3+'])
    expect(checklist(flow, null, INFOS).some((one) => one.own)).toBe(false)
  })
  it('has conditions before and after, told or still waiting', () => {
    const info = { ...flow, pre: ['P1: a'], post: ['Q1: b'] }
    const told = begun({ state: 'done', conditions: [{ text: 'P1: a', when: 'before', verdict: 'pass', messages: [4], reason: '' }] })
    expect(conditions(info, told).map((one) => [one.when, one.look.word])).toEqual([
      ['before', 'pass'],
      ['after', 'not reached'],
    ])
    expect(conditions(info, null).map((one) => one.look.word)).toEqual(['not run', 'not run'])
  })
  it('every verdict has a glyph and a word of its own', () => {
    const all = Object.values(VERDICT)
    expect(new Set(all.map((one) => one.glyph)).size).toBe(all.length)
    expect(new Set(all.map((one) => one.word)).size).toBe(all.length)
  })
  it('says rows and times shortly', () => {
    expect(seqWords([201])).toBe('#201')
    expect(seqWords([202, 203, 204, 9])).toBe('#202–#204 #9')
    expect(seqWords([1, 3, 5, 7, 9])).toBe('#1 #3 #5 … #9')
    expect(runTime(24)).toBe('0.02 s')
    expect(runTime(3_723_000)).toBe('1:02:03')
  })
  it('keeps a hundred runs, newest first, and replaces what moved', () => {
    let runs: readonly ScenarioRun[] = []
    for (let run = 1; run <= 130; run++) runs = withRun(runs, begun({ run }))
    expect(runs.map((one) => one.run).slice(0, 3)).toEqual([130, 129, 128])
    expect(runs).toHaveLength(100)
    expect(withRun(runs, begun({ run: 120, state: 'done', verdict: 'pass' })).find((one) => one.run === 120)?.verdict).toBe('pass')
  })
})

describe('ladder of a run', () => {
  const row = (more: Partial<TraceRow>): TraceRow => ({
    ...BARE_ROW,
    seq: 1,
    kind: 'message',
    device: 'd',
    final: true,
    ...more,
  })
  const lanes = actorLanes(['External Management Infrastructure', 'Service Provider', 'DM Server', 'Download Server', 'Device', 'User'])
  it('has a lane for each actor, in the order of the scenario', () => {
    expect(lanes.map((one) => one.kind)).toEqual(['emi', 'provider', 'server', 'download', 'device', 'user'])
    expect(lanes.every((one, i) => i === 0 || one.at > (lanes[i - 1]?.at ?? 0))).toBe(true)
  })
  it('knows the ends of everything that has a name, as the table of names tells them', () => {
    for (const [name, { from, to }] of Object.entries(HAPPENINGS)) {
      const told = row({ kind: 'event', text: `${name}: something` })
      expect(eventName(told)).toBe(name)
      expect(parties(told), name).toEqual([roleOf(from), roleOf(to)])
    }
    expect(parties(row({ kind: 'event', text: 'Lab started.' }))).toBeNull()
  })
  it('draws messages between server and device, downloads between download server and device, notes within one', () => {
    expect(parties(row({}))).toEqual(['device', 'server'])
    expect(parties(row({ direction: 'down' }))).toEqual(['server', 'device'])
    expect(parties(row({ kind: 'http', target: '/dl/x/antivir.pkg', direction: 'down' }))).toEqual(['download', 'device'])
    expect(parties(row({ kind: 'http', httpStatus: 415 }))).toEqual(['device', 'server'])
    const note = actorArrow(row({ kind: 'event', text: 'server.chooses: antivir' }), lanes)
    expect(note?.from).toBe(note?.to)
    expect(actorArrow(row({ kind: 'event', text: 'user.asked: x' }), actorLanes(['DM Server', 'Device']))).toBeNull()
  })
  it('marks the rows that decided steps and lights those of the step looked at', () => {
    const run = downloadRun(begun(), SEQS)
    const rows = runRows(find('s1-5.4.2'), run, '6a')
    expect(rows.steps.get(106)).toEqual({ label: '6a', verdict: 'pass' })
    expect([...rows.lit]).toEqual([106, 107])
    expect([rows.first, rows.last]).toEqual([101, 113])
  })
})

describe('jobs', () => {
  const jobs = demoJobs(1e12, SEQS).map((one) => one.job)
  it('has words, a glyph and a sentence for every state', () => {
    for (const job of jobs) expect(STATES[job.state].text).not.toBe('')
    expect(new Set(Object.values(STATES).map((one) => one.word)).size).toBe(Object.keys(STATES).length)
  })
  it('is narrowed by state, by groups of states and by device', () => {
    expect(narrow(jobs, 'open', '').every((one) => !ENDS.has(one.state))).toBe(true)
    expect(narrow(jobs, 'open', '').length + narrow(jobs, 'ended', '').length).toBe(jobs.length)
    expect(narrow(jobs, 'failed', '').map((one) => one.id)).toEqual(['job-6'])
    expect(narrow(jobs, '', 'sim:100002').map((one) => one.id)).toEqual(['job-11'])
  })
  it('explains result codes from the tables, success from failure, guesses as guesses', () => {
    expect(resultWords(1200)).toMatchObject({ tone: 'good' })
    expect(resultWords(1405).text).toMatch(/^1405 \S/)
    expect(resultWords(1405).tone).toBe('bad')
    expect(resultWords(0).text).toBe('')
    expect(resultWords(9999).text).toBe('9999 unknown result 9999')
  })
  it('names items, and how many more there are', () => {
    expect(itemsWords([])).toBe('the server chooses')
    expect(itemsWords((jobs.find((one) => one.id === 'job-5') as JobRow).items)).toBe('com.msf.antivir 2.1 and 1 more')
  })
  it('keeps the newest first when some move', () => {
    const moved = withJobs(jobs, [{ ...(jobs.find((one) => one.id === 'job-1') as JobRow), state: 'done' }])
    expect(moved.map((one) => one.id)).toEqual(jobs.map((one) => one.id))
    expect(moved.at(-1)?.state).toBe('done')
  })
  it('offers packages of the right kind that are not withdrawn', () => {
    expect(offered(demoPackages(), 'scomo').map((one) => one.pkgId)).toEqual(['antivir-2.1', 'mail-1.0'])
    expect(offered(demoPackages(), 'fumo').map((one) => one.pkgId)).toEqual(['firmware-3.0'])
    expect(readComponents('com.msf.a 2.1\n com.msf.b ')).toEqual([
      { id: 'com.msf.a', version: '2.1' },
      { id: 'com.msf.b', version: '' },
    ])
  })
})

describe('form of a job', () => {
  const form = (more: Partial<JobForm>): JobForm => ({ ...emptyForm('D1'), ...more })
  it('says only what was chosen: the rest is the lab’s', () => {
    expect(readForm(form({}))).toEqual({ wish: { device: 'D1', type: 'scomo', op: 'install' } })
    expect(readForm(form({ pkgs: ['a'] }))).toEqual({ wish: { device: 'D1', type: 'scomo', op: 'install', pkg: 'a' } })
    expect(readForm(form({ pkgs: ['a'], reboot: 'both' }))).toEqual({
      wish: { device: 'D1', type: 'scomo', op: 'install', pkg: 'a', reboot: 'both' },
    })
    expect(readForm(form({ op: 'deliver', reboot: 'both' }))).toEqual({ wish: { device: 'D1', type: 'scomo', op: 'deliver' } })
    expect(readForm(form({ pkgs: ['a', 'b'], stopOnError: true, mechanism: 'http', confirm: 'user', inventory: false }))).toEqual({
      wish: {
        device: 'D1',
        type: 'scomo',
        op: 'install',
        items: [{ pkg: 'a' }, { pkg: 'b' }],
        mechanism: 'http',
        confirm: 'user',
        inventory: false,
        stopOnError: true,
      },
    })
  })
  it('reads components and URIs, limits and webhooks', () => {
    expect(readForm(form({ op: 'remove', components: 'com.a, ./SCOMO/Inventory/Deployed/b', limit: 5, wake: false, notify: 'http://h/' }))).toEqual({
      wish: {
        device: 'D1',
        type: 'scomo',
        op: 'remove',
        items: [{ component: 'com.a' }, { target: './SCOMO/Inventory/Deployed/b' }],
        wake: false,
        limitMs: 300_000,
        notify: 'http://h/',
      },
    })
    expect(readForm(form({ whom: 'deviceType', man: 'Acme', mod: 'M1', type: 'fumo', op: 'update', reason: 'security' }))).toEqual({
      wish: { deviceType: { man: 'Acme', mod: 'M1' }, type: 'fumo', op: 'update', reason: 'security' },
    })
  })
  it.each([
    [{ device: '' }, 'device'],
    [{ whom: 'group' }, 'group'],
    [{ whom: 'deviceType', man: 'Acme' }, 'man'],
    [{ whom: 'filter' }, 'filter'],
    [{ op: 'activate' }, 'components'],
    [{ op: 'exec', target: 'SCOMO' }, 'target'],
    [{ notify: 'ftp://x' }, 'notify'],
    [{ limit: -1 }, 'limit'],
  ] as const)('tells what is missing in %j', (more, field) => {
    expect(readForm(form(more as Partial<JobForm>))).toMatchObject({ field })
  })
})

describe('component board', () => {
  const board = demoBoard(SEQS, 1e12)
  const uri = (end: string): SoftwareCard => board.cards.find((one) => one.uri.endsWith(end)) as SoftwareCard
  it('puts every card into exactly one column, and firmware only where there is some', () => {
    expect(columns(board).flatMap((one) => one.cards)).toHaveLength(board.cards.length)
    expect(columns({ ...board, roots: [], cards: board.cards.filter((one) => one.place !== 'firmware') }).map((one) => one.id)).not.toContain(
      'firmware',
    )
    expect(columnOf({ ...uri('com.msf.base'), state: null })).toBe('inactive')
  })
  it('says numbers in words; an idle Status beside a State is left out', () => {
    expect(numbers(uri('com.msf.base')).map((one) => `${one.name} ${one.words}`)).toEqual(['State Active'])
    expect(numbers(uri('game-1.0')).map((one) => [one.words, one.tone])).toEqual([
      ['Delivered', 'soft'],
      ['Install Failed / Have Data', 'bad'],
    ])
    expect(progressing(uri('/mail'))).toBe(true)
    expect(numbers({ ...uri('/mail'), status: 99 })[0]).toMatchObject({ words: 'unknown value 99', tone: 'bad' })
  })
  it('shows a guess as a guess, with its reason', () => {
    const [status] = numbers(uri('/notes'))
    expect(status?.words).toBe('Download Suspended')
    expect(status?.inferred).toMatch(/extension/)
    expect(cardWords(uri('/notes'))).toEqual({ text: 'Download Suspended', inferred: true })
    expect(cardWords({ ...uri('/notes'), words: 'Idle' }).inferred).toBe(false)
  })
  it('knows where a card came from: its own place, the same package elsewhere, or the package of a component', () => {
    const delivered = uri('antivir-2.1')
    expect(origin(uri('com.msf.base'), board.cards)).toBe('./SCOMO/Inventory/Deployed/com.msf.base')
    expect(origin({ ...delivered, uri: './new', place: 'download' }, board.cards)).toBe(delivered.uri)
    expect(origin({ ...uri('com.msf.antivir'), uri: './new', id: 'x' }, [delivered])).toBe(delivered.uri)
    expect(origin({ ...delivered, id: 'other', uri: './x' }, board.cards)).toBe('')
  })
  it('begins a request from a card', () => {
    expect(requestFor(uri('com.msf.base'), 'Update')).toMatchObject({ type: 'scomo', operation: 'Update', component: 'com.msf.base' })
    expect(requestFor(uri('antivir-2.1'), 'Install')).toMatchObject({ pkg: 'antivir-2.1' })
    expect(requestFor(board.cards.find((one) => one.place === 'firmware') ?? null)).toMatchObject({ type: 'fumo', operation: 'Update' })
  })
})

describe('consent', () => {
  it('says who asks, and how each answer ends', () => {
    expect(askerWords({ asker: 'server', kind: 'confirm' })).toBe('The server asks (Alert 1101)')
    expect(askerWords({ asker: 'device', kind: 'confirm' })).toBe('The device asks by itself')
    expect(endings({ asker: 'device', kind: 'confirm' })).toMatchObject({
      no: expect.stringContaining('1401') as string,
      silence: expect.stringContaining('1450') as string,
    })
    expect(endings({ asker: 'server', kind: 'confirm' }).later).toBe('')
  })
})

const verdicts: readonly StepVerdict[] = ['pass', 'fail', 'inconclusive', 'not applicable', 'not reached']
it('knows every verdict there is', () => expect(Object.keys(VERDICT).sort()).toEqual([...verdicts].sort()))
