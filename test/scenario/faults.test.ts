// Every flow passes, and a planted fault turns exactly its own step red: what came before stands, what comes after is not reached.
import { describe, expect, it } from 'vitest'
import { SCENARIOS } from '../../core/scenario/all.ts'
import { runInMemory } from '../../core/scenario/runner.ts'
import type { Fault } from '../../core/scenario/types.ts'
import { hasSqlite } from '../support/needs.ts'
import { PORTS } from './ports.ts'

const WBXML_SAMPLE = new Set(['s1-5.4.1', 's1-5.4.2-alt2', 's3-5.2', 's4-m', 's4-y-proxy', 's4-ya-reuse', 's0-proxy-indirect'])

describe.skipIf(!hasSqlite)('runs in memory (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  for (const encoding of ['xml', 'wbxml'] as const)
    it.each(SCENARIOS.map((flow) => [flow.id, flow] as const))(
      `%s passes in ${encoding}: each step decided by a row, no finding of weight`,
      async (id, flow) => {
        const { run, rows } = await runInMemory(PORTS, flow, { id, encoding })
        expect(run.steps.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not applicable')).toEqual([])
        expect(run.conditions.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
        expect(run.verdict).toBe('pass')
        const seqs = new Set(rows.map(({ row }) => row.seq))
        for (const { verdict, messages } of run.steps) {
          expect(messages.length > 0).toBe(verdict === 'pass')
          for (const seq of messages) expect(seqs).toContain(seq)
        }
        expect(run.findings.filter(({ severity }) => severity === 'error')).toEqual([])
        expect(rows.filter(({ row }) => row.kind === 'message' && row.encoding !== encoding)).toEqual([])
      },
    )

  const planted = SCENARIOS.flatMap((flow) =>
    (flow.faults as readonly Fault[]).map((fault) => ({ flow, fault, name: `${flow.id}, step ${fault.step}: ${fault.text}` })),
  )
  const check = async ({ flow, fault }: (typeof planted)[number], encoding: 'xml' | 'wbxml'): Promise<void> => {
    const { run } = await runInMemory(PORTS, flow, { id: flow.id, encoding, fault: fault.step })
    const at = run.steps.findIndex(({ key }) => key === fault.step)
    const verdicts = run.steps.map(({ key, verdict }) => `${key} ${verdict}`)
    const optional = (i: number): boolean => (flow.steps[i]?.missing ?? 'fail') !== 'fail'
    const wanted = run.steps.map(({ key, verdict }, i) => {
      if (i === at) return `${key} fail`
      if (i > at) return `${key} not reached`
      return `${key} ${optional(i) && verdict === 'not applicable' ? 'not applicable' : 'pass'}`
    })
    expect(verdicts).toEqual(wanted)
    expect([run.verdict, run.fault]).toEqual(['fail', fault.step])
    expect(run.steps[at]?.reason).not.toBe('')
  }

  it.each(planted.map((each) => [each.name, each] as const))('%s', async (_name, each) => check(each, 'xml'))

  it.each(planted.filter(({ flow }) => WBXML_SAMPLE.has(flow.id)).map((each) => [each.name, each] as const))('wbxml: %s', async (_name, each) =>
    check(each, 'wbxml'),
  )

  it('refuses a fault the flow has not, in words', async () => {
    const [flow] = SCENARIOS
    if (flow === undefined) return expect.unreachable()
    await expect(runInMemory(PORTS, flow, { id: flow.id, fault: '99' })).rejects.toThrow(
      's1-5.4.1 has no fault for step 99; there is one for each of 1, 2, 3, 4, 5, 6, 7',
    )
  })

  it('a stopped run says so, and what was decided stands', async () => {
    const flow = SCENARIOS.find(({ id }) => id === 's1-5.4.2')
    if (flow === undefined) return expect.unreachable()
    let steps = 0
    const { run } = await runInMemory(
      PORTS,
      flow,
      { id: flow.id },
      { told: (now) => (steps = now.steps.filter(({ verdict }) => verdict === 'pass').length), stopped: () => steps >= 3 },
    )
    expect([run.state, run.verdict]).toEqual(['cancelled', 'inconclusive'])
    expect(run.steps.map(({ verdict }) => verdict).slice(0, 3)).toEqual(['pass', 'pass', 'pass'])
    expect(run.steps.at(-1)?.verdict).toBe('not reached')
  })
})
