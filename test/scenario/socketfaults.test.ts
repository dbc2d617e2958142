// Planted faults over real sockets: connections that are cut, a download server that answers wrongly, rights taken by a real session. The trace decides.
import { describe, expect, it } from 'vitest'
import { runOverSockets } from '../../core/node/runsockets.ts'
import { isGatewayFlow, SCENARIOS } from '../../core/scenario/all.ts'
import { onlyInMemory } from '../../core/scenario/plantable.ts'
import { hasSqlite } from '../support/needs.ts'

const planted = SCENARIOS.flatMap((flow) => (isGatewayFlow(flow) ? [] : [flow])).flatMap((flow) =>
  flow.faults.map((fault) => ({ flow, fault, why: onlyInMemory(fault, flow.setup) })),
)
/** What goes wrong, for a device with software and for one without. */
const kindOf = ({ flow, fault }: (typeof planted)[number]): string => `${fault.text} ${flow.setup.device.components === undefined ? '' : 'again'}`
/** One fault of each kind, unless the long version is asked for. */
const chosen = planted
  .filter(({ why }) => why === '')
  .filter((_one, i, all) => process.env['DM_LAB_SOAK'] !== undefined || all.findIndex((other) => kindOf(other) === kindOf(all[i] ?? other)) === i)

/** The same of flows with a gateway, where every fault can be planted. */
const behind = SCENARIOS.flatMap((flow) => (isGatewayFlow(flow) ? flow.faults.map((fault) => ({ flow, fault })) : [])).filter(
  ({ fault }, i, all) => process.env['DM_LAB_SOAK'] !== undefined || all.findIndex((other) => other.fault.text === fault.text) === i,
)

describe.skipIf(!hasSqlite)('over sockets (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  it.concurrent.each(chosen.map(({ flow, fault }) => [`${flow.id}, step ${fault.step}: ${fault.text}`, flow, fault] as const))(
    '%s',
    async (_name, flow, fault) => {
      const { run } = await runOverSockets(flow, { id: flow.id, fault: fault.step })
      const at = run.steps.findIndex(({ key }) => key === fault.step)
      const about = JSON.stringify(run.steps.map(({ key, verdict, reason }) => `${key} ${verdict} ${reason}`))
      expect(
        run.steps.slice(0, at).filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not applicable'),
        about,
      ).toEqual([])
      expect(run.steps[at]?.verdict, about).toBe('fail')
      expect(
        run.steps.slice(at + 1).filter(({ verdict }) => verdict !== 'not reached'),
        about,
      ).toEqual([])
      expect([run.verdict, run.transport, run.fault]).toEqual(['fail', 'sockets', fault.step])
    },
  )

  it.concurrent.each(behind.map(({ flow, fault }) => [`${flow.id}, step ${fault.step}: ${fault.text}`, flow, fault] as const))(
    '%s',
    async (_name, flow, fault) => {
      const { run } = await runOverSockets(flow, { id: flow.id, fault: fault.step })
      const at = run.steps.findIndex(({ key }) => key === fault.step)
      const about = JSON.stringify(run.steps.map(({ key, verdict, reason }) => `${key} ${verdict} ${reason}`))
      expect(
        run.steps.slice(0, at).filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not applicable'),
        about,
      ).toEqual([])
      expect(
        run.steps.slice(at).map(({ verdict }) => verdict),
        about,
      ).toEqual(['fail', ...run.steps.slice(at + 1).map(() => 'not reached')])
      expect([run.verdict, run.transport, run.fault]).toEqual(['fail', 'sockets', fault.step])
    },
  )

  it('what is made inside the device is refused in words', async () => {
    const inside = planted.find(({ why }) => why !== '')
    if (inside === undefined) return expect.unreachable()
    const { flow, fault } = inside
    await expect(runOverSockets(flow, { id: flow.id, fault: fault.step })).rejects.toThrow('in memory only')
  })
})
