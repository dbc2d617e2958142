// The seed is all there is of chance: two runs with one seed give the same bodies on every hop, in every session; another seed gives others.
import { describe, expect, it } from 'vitest'
import { SCENARIOS } from '../../core/scenario/all.ts'
import type { Flow } from '../../core/scenario/all.ts'
import { runInMemory } from '../../core/scenario/runner.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { hasSqlite } from '../support/needs.ts'
import { PORTS } from './ports.ts'

/** Bodies by hop, direction and session, in their order; what is off the wire by its text. */
async function bodies(flow: Flow, encoding: Encoding, seed: number, startedAt?: number): Promise<Record<string, string[]>> {
  const { rows } = await runInMemory(PORTS, flow, { id: flow.id, encoding, seed }, startedAt === undefined ? {} : { startedAt })
  const told: Record<string, string[]> = {}
  for (const { row, bytes } of rows)
    (told[`${row.kind} ${row.hop} ${row.direction} ${row.sessionId}`] ??= []).push(
      row.kind === 'event' ? row.text : Buffer.from(bytes).toString('base64'),
    )
  return told
}

describe.skipIf(!hasSqlite)('seeds (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  it.each(SCENARIOS.map((flow, i) => [flow.id, i % 2 === 0 ? 'xml' : 'wbxml', flow] as const))(
    '%s in %s: the same twice, whenever it runs',
    async (_id, encoding, flow) => {
      const first = await bodies(flow, encoding, 7)
      expect(await bodies(flow, encoding, 7, 1_900_000_000_000)).toEqual(first)
      expect(Object.keys(first).length).toBeGreaterThan(4)
    },
  )

  it.each(['xml', 'wbxml'] as const)('another seed: other nonces, ids and correlators, the same verdict (%s)', async (encoding) => {
    const flow = SCENARIOS.find(({ id }) => id === 's1-5.4.2')
    if (flow === undefined) return expect.unreachable()
    expect(await bodies(flow, encoding, 8)).not.toEqual(await bodies(flow, encoding, 9))
    for (const seed of [0, 1, 42, 4_294_967_295]) expect((await runInMemory(PORTS, flow, { id: flow.id, encoding, seed })).run.verdict).toBe('pass')
  })

  it('a run given another beginning has its rows there, in the order they came', async () => {
    const [flow] = SCENARIOS
    if (flow === undefined) return expect.unreachable()
    const startedAt = 1_800_000_000_000
    const { run, rows } = await runInMemory(PORTS, flow, { id: flow.id }, { startedAt })
    const times = rows.map(({ row }) => row.at)
    expect(times.every((at) => at >= startedAt && at < startedAt + 3_600_000)).toBe(true)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
    expect(run.startedAt).toBe(startedAt)
    expect(run.steps.every(({ at }) => at !== null && at >= 0 && at <= run.duration)).toBe(true)
  })
})
