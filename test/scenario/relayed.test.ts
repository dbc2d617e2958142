// A flow judged on a relayed session: a device and a foreign DM server play S1 through a recording proxy; the lab between them looks on and judges what the wire shows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScenarioRun } from '../../core/api.ts'
import { packageFile } from '../../core/node/scenariogoods.ts'
import { isGatewayFlow, SCENARIOS } from '../../core/scenario/all.ts'
import { onWire, relayedFlow } from '../../core/scenario/relayed.ts'
import { ANTIVIR } from '../../core/scenario/steps.ts'
import { dmlabBeside } from '../cli/dmlab.ts'
import { hasSqlite } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

describe('what the wire can decide', () => {
  it('rows and trees stay, events and jobs go; all needs each of them, any needs one', () => {
    const row = { row: 'dir == up' }
    const event = { event: 'emi.request' }
    expect([row, event, { job: ['done'] }, { all: [row, event] }, { any: [event, row] }, { any: [event] }].map(onWire)).toEqual([
      row,
      null,
      null,
      null,
      { any: [row] },
      null,
    ])
  })

  it('every flow keeps its steps; those that are not on the wire say why, and none of them can turn red', () => {
    for (const flow of SCENARIOS) {
      if (isGatewayFlow(flow)) continue
      const { steps } = relayedFlow(flow)
      expect(steps.map(({ key }) => key)).toEqual(flow.steps.map(({ key }) => key))
      for (const { missing, unseen, decide } of steps) {
        if (onWire(decide) === null) expect(missing).toBe('not applicable')
        if (unseen !== undefined) expect(missing).toBe('not applicable')
      }
      expect(
        steps.some(({ unseen }) => unseen === undefined),
        flow.id,
      ).toBe(true)
    }
  })
})

describe.skipIf(!hasSqlite)('behind a proxy (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-relayed-'))
  const device = 'IMEI:004999010640777'
  let lab: RealLab
  let foreign: RealLab
  let url = ''

  beforeAll(async () => {
    lab = await realLab()
    foreign = await realLab({ server: { respUri: false }, mechanism: 'dm-large' })
    const { name, bytes, facts } = await packageFile(ANTIVIR)
    await foreign.api.catalogue.add(name, bytes, facts)
    url = `${(await lab.api.proxies.add({ upstream: new URL(foreign.ready.dm).origin })).url}/dm`
  })
  afterAll(async () => {
    await lab.end()
    await foreign.end()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Sessions of the device through the proxy until it has nothing left to say. */
  const plays = async (id: string, ...words: string[]): Promise<void> => {
    const state = join(folder, `${id.slice(-3)}.json`)
    const ran = await dmlabBeside(['device', '--server', url, '--id', id, '--mo', 'scomo', '--answer', 'accept', '--state', state, ...words])
    if (ran.code !== 0) throw new Error(ran.err)
  }
  const over = async (number: number): Promise<ScenarioRun> => {
    for (const end = performance.now() + PATIENCE; ;) {
      const run = (await lab.api.scenarios.runs()).find((each) => each.run === number)
      if (run !== undefined && run.state !== 'running') return run
      if (performance.now() > end)
        throw new Error(
          `still not over: ${JSON.stringify(run?.steps)} ${JSON.stringify(
            (await lab.rows()).map(({ seq, device: of, direction, commands, statuses, hold }) =>
              [seq, of, direction, commands, statuses, hold].join(' '),
            ),
            null,
            1,
          )}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const verdicts = ({ steps }: ScenarioRun): string[] => steps.map(({ key, verdict }) => `${key} ${verdict}`)

  it('the device asks for a package (5.4.1, Alternative Flow 1): steps on the wire pass, those inside the foreign server are not applicable', async () => {
    const begun = await lab.api.scenarios.run({ id: 's1-5.4.1-alt1', transport: 'relayed', device })
    await plays(device, '--encoding', 'wbxml', '--request', `download:${ANTIVIR.pkgId}`)
    const run = await over(begun.run)
    expect(verdicts(run)).toEqual(['1 pass', '2 not applicable', '3 pass', '4 not applicable', '5 pass', '6 pass', '7 not applicable'])
    expect(run).toMatchObject({ verdict: 'pass', transport: 'relayed' })
    expect(run.steps[3]?.reason).toContain("inside a DM Server that is not this lab's")
    const rows = await lab.rows()
    const asked = rows.find(({ seq }) => seq === run.steps[0]?.messages[0])
    expect(asked).toMatchObject({
      kind: 'message',
      direction: 'up',
      device,
      commands: expect.arrayContaining(['Alert 1201', 'Alert 1226']) as string[],
    })
    // The foreign server's own trace has the same decisions, and no run.
    expect(await foreign.api.scenarios.runs()).toEqual([])
    const html = new TextDecoder().decode((await lab.api.scenarios.report([run.run], 'html')).bytes)
    expect(html).toContain('s1-5.4.1-alt1')
  })

  it('the foreign server begins (5.4.1): a refused delivery turns its step red, with the row that shows it', async () => {
    const other = 'IMEI:004999010640778'
    await plays(other)
    await foreign.api.jobs.create({ device: other, type: 'scomo', op: 'deliver', pkg: ANTIVIR.pkgId, mechanism: 'dm-large' })
    const begun = await lab.api.scenarios.run({ id: 's1-5.4.1', transport: 'relayed', device: other })
    // The lab between them is a debugger: it makes the device's "done" a refusal.
    await lab.api.stepper.mode({ mode: 'all' })
    const hands = setInterval(() => {
      void lab.api.stepper.held().then(async (cards) => {
        for (const { id, direction, seq } of cards) {
          const { bytes } = await lab.api.trace.frame(seq)
          const text = new TextDecoder().decode(bytes)
          const refused = text.replace(/(<Cmd>(?:Add|Replace)<\/Cmd>(?:(?!<\/Status>).)*<Data>)200(<\/Data>)/gs, '$1500$2')
          const edit = direction === 'up' && refused !== text
          await lab.api.stepper.decide(id, edit ? { act: 'edit', bytes: new TextEncoder().encode(refused) } : { act: 'continue' }).catch(() => {})
        }
      })
    }, 20)
    await plays(other, '--alert', 'server').finally(() => clearInterval(hands))
    await lab.api.stepper.mode({ mode: 'off' })
    const run = await over(begun.run)
    expect(verdicts(run)).toEqual(['1 not applicable', '2 pass', '3 pass', '4 not applicable', '5 pass', '6 fail', '7 not reached'])
    expect(run.steps[5]?.reason).toBe('the device refuses the delivery')
    const frame = await lab.api.trace.frame(run.steps[5]?.messages[0] ?? 0)
    expect(frame.row).toMatchObject({ direction: 'up', hold: 'edited', device: other })
    expect(frame.original).not.toBeNull()
  })

  it('refuses in words: no device named, a fault planted', async () => {
    await expect(lab.api.scenarios.run({ id: 's1-5.4.1', transport: 'relayed' })).rejects.toThrow('whose relayed sessions?')
    await expect(lab.api.scenarios.run({ id: 's1-5.4.1', transport: 'relayed', device, fault: '5' })).rejects.toThrow('not ours')
  })
})
