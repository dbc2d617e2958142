// The stores of scenarios, jobs and software over a fake lab: what comes by event, what is asked for, what is kept through a lost connection.
// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LabApi } from '../../core/api.ts'
import Checklist from '../../renderer/components/scenarios/Checklist.vue'
import Moves from '../../renderer/components/software/Moves.vue'
import { useJobs } from '../../renderer/stores/jobs.ts'
import { useScenarios } from '../../renderer/stores/scenarios.ts'
import { useSoftware } from '../../renderer/stores/software.ts'
import { useView } from '../../renderer/stores/view.ts'
import { useWorld } from '../../renderer/stores/world.ts'
import { demoBoard, downloadRun, softwareLab } from '../support/demosoftware.ts'
import type { FakeLab } from '../support/fakelab.ts'

let lab: FakeLab
let rows: readonly number[]

async function join(): Promise<void> {
  const world = useWorld()
  world.api = lab.api as LabApi
  world.connection = 'open'
  world.devices = new Map((await lab.api.devices.list()).map((row) => [row.id, row]))
  await flushPromises()
}
beforeEach(() => {
  setActivePinia(createPinia())
  const made = softwareLab()
  lab = made.lab
  rows = made.rows
})

describe('scenarios', () => {
  it('are read when the lab is there; runs follow by event; the newest of the chosen one is shown', async () => {
    const scenarios = useScenarios()
    await join()
    scenarios.choose('s1-5.4.2')
    expect(scenarios.run?.run).toBe(2)
    await scenarios.start()
    expect(scenarios.run).toMatchObject({ run: 3, state: 'running' })
    lab.software.tell('scenario', downloadRun({ ...(lab.software.runs[0] as (typeof lab.software.runs)[number]) }, rows))
    expect(scenarios.run).toMatchObject({ run: 3, state: 'done', verdict: 'pass' })
    scenarios.choose('s1-5.4.2', 1)
    expect(scenarios.run?.verdict).toBe('fail')
  })
  it('a run that ends red shows what broke it, but not over a step the person looks at', async () => {
    const scenarios = useScenarios()
    await join()
    scenarios.choose('s1-5.4.2')
    await scenarios.start()
    const begun = lab.software.runs[0] as (typeof lab.software.runs)[number]
    lab.software.tell('scenario', downloadRun(begun, rows, '6a'))
    expect(scenarios.step).toBe('6a')
    scenarios.look('1', [])
    lab.software.tell('scenario', downloadRun(begun, rows, '6b'))
    expect(scenarios.step).toBe('1')
  })
  it('all are run one after the other, until somebody stops it', async () => {
    const scenarios = useScenarios()
    await join()
    const asked: string[] = []
    lab.software.onRun = (run) => {
      asked.push(run.id)
      if (asked.length === 3) scenarios.stopAll()
      queueMicrotask(() => lab.software.tell('scenario', { ...run, state: 'done', verdict: 'pass' }))
    }
    await scenarios.startAll()
    expect(asked).toEqual(lab.software.scenarios.slice(0, 3).map((one) => one.id))
    expect(scenarios.all).toBe(false)
  })
  it('what the lab refuses is said in words, and nothing is shown as begun', async () => {
    const scenarios = useScenarios()
    Object.assign(lab.api.scenarios, { run: () => Promise.reject(new Error('another run goes on')) })
    await join()
    scenarios.choose('s1-5.4.3')
    await scenarios.start()
    expect(scenarios.run).toBeNull()
    expect(useWorld().notices.at(-1)?.text).toContain('another run goes on')
  })
  it('the checklist says verdicts in words and marks the step that is awaited', async () => {
    const scenarios = useScenarios()
    await join()
    scenarios.choose('s1-5.4.2', 1)
    const list = mount(Checklist)
    expect(list.findAll('button.step').map((one) => one.find('.verdict').text())).toContain('✕fail')
    await list.find('#step-1').trigger('click')
    expect(scenarios.step).toBe('1')
    expect(list.find('#step-1').attributes('aria-pressed')).toBe('true')
    list.unmount()
  })
})

describe('jobs', () => {
  it('move by event, the chosen one is read again, and filters hold', async () => {
    const jobs = useJobs()
    await join()
    jobs.state = 'open'
    const before = jobs.shown.length
    jobs.choose('job-11')
    await flushPromises()
    expect(jobs.detail?.job.state).toBe('running')
    await jobs.cancel('job-11')
    await flushPromises()
    expect(jobs.shown).toHaveLength(before - 1)
    expect(jobs.chosen?.state).toBe('cancelled')
    expect(jobs.detail?.job.state).toBe('cancelled')
  })
  it('are made for a group; what the lab refuses leaves the form open', async () => {
    const jobs = useJobs()
    await join()
    jobs.making = true
    expect(await jobs.create({ group: 'nobody', type: 'scomo', op: 'install' })).toBe(false)
    expect(jobs.making).toBe(true)
    expect(await jobs.lay('x', (api) => api.provider.putGroup({ name: 'field', devices: ['A', 'B'] }))).toBe(true)
    expect(jobs.groups).toEqual([{ name: 'field', devices: ['A', 'B'] }])
    expect(await jobs.create({ group: 'field', type: 'scomo', op: 'install' })).toBe(true)
    expect(jobs.making).toBe(false)
    expect(
      jobs.rows
        .slice(0, 2)
        .map((row) => row.device)
        .sort(),
    ).toEqual(['A', 'B'])
  })
  it('a lab without them says why, once, and does not stand in the way', async () => {
    const jobs = useJobs()
    Object.assign(lab.api.jobs, { list: () => Promise.reject(new Error('this lab has no jobs')) })
    await join()
    expect(jobs.problem).toBe('this lab has no jobs')
    expect(jobs.loaded).toBe(true)
  })
})

describe('software', () => {
  it('is read for the device looked at, again when the lab says so, and never for another', async () => {
    const software = useSoftware()
    await join()
    software.device = 'SIM:100001'
    await flushPromises()
    const active = (): unknown => software.board?.cards.find((card) => card.id === 'com.msf.antivir')?.state
    expect(active()).toBe(10)
    lab.software.boards.set('SIM:100001', demoBoard(rows, Date.now(), true))
    lab.software.tell('software', { device: 'SIM:999' })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(active()).toBe(10)
    lab.software.tell('software', { device: 'SIM:100001' })
    await new Promise((resolve) => setTimeout(resolve, 150))
    await flushPromises()
    expect(active()).toBe(20)
  })
  it('each move leads to its order and its proof in the trace', async () => {
    const software = useSoftware()
    await join()
    software.device = 'SIM:100001'
    await flushPromises()
    const moves = mount(Moves, { props: { card: software.board?.cards.find((card) => card.id === 'antivir-2.1') ?? null } })
    expect(moves.findAll('button.link').map((one) => one.text())).toEqual([`order #${String(rows[5])}`, `proof #${String(rows[11])}`])
    await moves.findAll('button.link')[1]?.trigger('click')
    expect(useView().screen).toBe('trace')
    moves.unmount()
  })
})
