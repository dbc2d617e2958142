// `dmlab scenario run --device` against a running lab: the device plays its role there, the lab judges, the program prints.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { needsSqlite } from '../store/memory.ts'
import { dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

const dir = scratch()
const workspace = join(dir, 'ws')
let lab: Running | null = null
beforeEach((context) => needsSqlite(context))
beforeAll(async () => {
  if (!process.features.typescript) return
  lab = running(['serve', '--workspace', workspace, '--host', '127.0.0.1', '--dm-port', '0', '--ui-port', '0'])
  await lab.line(0)
})
afterAll(async () => void (await lab?.stop()))

const run = (...words: string[]): ReturnType<typeof dmlab> => dmlab([...words, '--workspace', workspace])

test('a device plays its role in the lab that runs: the flow is judged there and printed here, reports are the lab’s', async () => {
  const ready = JSON.parse((await lab?.line(0)) ?? '{}') as { api: string; ui: string }
  const authorization = `Bearer ${new URL(ready.ui).searchParams.get('token') ?? ''}`
  const api = async (path: string, body?: object): Promise<unknown> =>
    (
      await fetch(new URL(path, ready.api), {
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
    ).json()
  const id = 'IMEI:004999010640077'
  await api('devices', { id, mo: ['scomo'], answers: 'accept' })
  const idle = async (): Promise<boolean> =>
    ((await api('devices')) as { devices: { id: string; activity: string }[] }).devices.some((row) => row.id === id && /completed/.test(row.activity))
  while (!(await idle())) await new Promise((resolve) => setTimeout(resolve, 50))
  const junit = join(dir, 'live.xml')
  const done = run('scenario', 'run', 's1-5.4.2', '--device', id, '--junit', junit)
  expect([done.code, done.err], done.text).toEqual([0, ''])
  expect(done.text).toMatch(/^s1-5\.4\.2 +xml +live /)
  expect(done.text.match(/✓ /g)?.length).toBeGreaterThanOrEqual(9)
  expect(readFileSync(junit, 'utf8')).toContain('tests="')
  expect(run('scenario', 'run', 's1-5.4.2', '--device', 'nobody')).toMatchObject({ code: 2, err: expect.stringContaining('knows no device nobody') })
  // Times of steps count from the run's beginning, those of the run are times of day.
  const { runs } = (await api('scenarios/runs')) as { runs: { startedAt: string; steps: { at: number }[] }[] }
  expect([typeof runs[0]?.startedAt, typeof runs[0]?.steps[0]?.at]).toEqual(['string', 'number'])
}, 60_000)
