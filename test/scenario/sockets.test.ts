// The same flows over real sockets: a lab of its own, HTTP and UDP on loopback, packages as real files, outcomes to a real receiver.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScenarioRun } from '../../core/api.ts'
import { runOverSockets } from '../../core/node/runsockets.ts'
import { SCENARIOS } from '../../core/scenario/all.ts'
import { hasSqlite } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

describe.skipIf(!hasSqlite)('over sockets (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 120_000 }, () => {
  it.each(SCENARIOS.map((flow, i) => [flow.id, i % 2 === 0 ? 'wbxml' : 'xml', flow] as const))('%s passes in %s', async (id, encoding, flow) => {
    const { run } = await runOverSockets(flow, { id, encoding })
    const red = [...run.steps, ...run.conditions].filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not applicable')
    expect(red).toEqual([])
    expect([run.verdict, run.transport]).toEqual(['pass', 'sockets'])
  })
})

describe.skipIf(!hasSqlite)('scenarios of a lab (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  let lab: RealLab
  beforeAll(async () => {
    lab = await realLab()
  })
  afterAll(async () => lab.end())
  const finished = (number: number): Promise<ScenarioRun> =>
    new Promise((resolve) => {
      const look = (): void =>
        void lab.api.scenarios.runs().then((runs) => {
          const run = runs.find((each) => each.run === number)
          if (run !== undefined && run.state !== 'running') resolve(run)
          else setTimeout(look, 20)
        })
      look()
    })

  it('lists every flow; a run in memory joins the trace row by row, and is told as it goes', async () => {
    expect((await lab.api.scenarios.list()).map(({ id }) => id)).toEqual(SCENARIOS.map(({ id }) => id))
    const told: ScenarioRun[] = []
    const off = lab.api.on('scenario', (run) => told.push(run))
    const begun = await lab.api.scenarios.run({ id: 's1-5.4.2' })
    expect([begun.state, begun.run, begun.steps.length]).toEqual(['running', 1, 9])
    const run = await finished(1)
    off()
    expect([run.state, run.verdict]).toEqual(['done', 'pass'])
    expect(told.length).toBeGreaterThan(10)
    const rows = await lab.rows()
    expect([rows[0]?.seq, rows.length]).toEqual([run.first, run.last])
    const exec = run.steps.find(({ key }) => key === '6a')?.messages ?? []
    expect(rows.filter(({ seq }) => exec.includes(seq)).map(({ commands }) => commands.includes('Exec'))).toContain(true)
    expect((await lab.api.trace.sessions()).map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
  })

  it('the same seed once more is other sessions of the trace; a fault shows; reports have them all', async () => {
    await lab.api.scenarios.run({ id: 's1-5.4.2' })
    const again = await finished(2)
    expect([again.verdict, (await lab.api.trace.sessions()).length]).toEqual(['pass', 6])
    await lab.api.scenarios.run({ id: 's3-5.1', fault: '3', encoding: 'wbxml' })
    const refused = await finished(3)
    expect(refused.steps.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'fail', 'not reached', 'not reached'])
    expect((await lab.api.scenarios.runs()).map(({ run }) => run)).toEqual([3, 2, 1])
    const html = new TextDecoder().decode((await lab.api.scenarios.report([1, 3], 'html')).bytes)
    expect(html).toContain('s3-5.1')
    expect(html).not.toContain('<script')
    expect(new TextDecoder().decode((await lab.api.scenarios.report([1, 3], 'junit')).bytes)).toMatch(/^<\?xml[\s\S]*<failure/)
  })

  it('a paced run can be cancelled', async () => {
    const { run } = await lab.api.scenarios.run({ id: 's1-5.4.1', pace: 200 })
    await lab.api.scenarios.cancel(run)
    expect(await finished(run)).toMatchObject({ state: 'cancelled', verdict: 'inconclusive' })
  })

  it('a device of the lab plays its role live: the job is made here, the trace decides', async () => {
    const { id } = await lab.api.devices.simulate({ mo: ['scomo'], answers: 'accept' })
    while (!(await lab.api.trace.sessions()).some(({ device, state }) => device === id && state === 'completed'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    const { run } = await lab.api.scenarios.run({ id: 's3-5.1', transport: 'live', device: id })
    const done = await finished(run)
    expect(done.steps.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    expect([done.verdict, done.transport]).toEqual(['pass', 'live'])
    const board = await lab.api.software.board(id)
    expect(board.log.map(({ what }) => what)).toEqual(expect.arrayContaining(['download', 'install', 'start']))
  })

  it('refuses in words what cannot begin', async () => {
    const { run } = lab.api.scenarios
    await expect(run({ id: 'nothing' })).rejects.toThrow('there is no scenario nothing')
    await expect(run({ id: 's1-5.4.1', fault: '99' })).rejects.toThrow('no fault for step 99')
    await expect(run({ id: 's1-5.4.1', fault: '1', transport: 'live', device: 'x' })).rejects.toThrow('not ours')
    await expect(run({ id: 's1-5.4.1', transport: 'live' })).rejects.toThrow('which device')
    await expect(run({ id: 's1-5.4.1', transport: 'live', device: 'IMEI:0' })).rejects.toThrow('knows no device IMEI:0')
    await expect(lab.api.scenarios.cancel(99)).rejects.toThrow('no run 99')
  })
})
