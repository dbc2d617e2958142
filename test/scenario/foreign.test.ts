// A device that is not ours takes the device's role: a process of its own that speaks raw SyncML; the flow is judged on what was recorded.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ScenarioRun } from '../../core/api.ts'
import { packageFile } from '../../core/node/scenariogoods.ts'
import { scenario } from '../../core/scenario/all.ts'
import { hasSqlite } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

/** Loopback addresses of its own: the port of Package #0 is fixed (2948). */
const ADDRESS = `127.77.${String(process.pid % 250)}.2`
const DEVICE = 'IMEI:353918051234563'

const free = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.on('error', () => resolve(false))
    socket.bind(2948, ADDRESS, () => socket.close(() => resolve(true)))
  })

let open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  open = []
})

interface Foreign {
  readonly child: ChildProcess
  readonly said: string[]
}

async function foreign(lab: RealLab, manner: string): Promise<Foreign> {
  const { dm } = lab.ready
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/foreigndevice.mjs'), dm, DEVICE, ADDRESS, manner])
  open.push(
    () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill()
      }),
  )
  const said: string[] = []
  let [rest, errors] = ['', '']
  child.stdout.on('data', (text) => {
    const lines = (rest + String(text)).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines)
  })
  child.stderr.on('data', (text) => (errors += String(text)))
  for (const end = Date.now() + PATIENCE; !said.includes('ready');) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`the foreign device does not begin: ${errors}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { child, said }
}

async function judged(lab: RealLab): Promise<ScenarioRun> {
  const { run } = await lab.api.scenarios.run({ id: 's1-5.4.1', transport: 'live', device: DEVICE })
  for (;;) {
    const now = (await lab.api.scenarios.runs()).find((each) => each.run === run)
    if (now !== undefined && now.state !== 'running') return now
    if (now?.steps.some(({ verdict }) => verdict === 'fail') === true) await lab.api.scenarios.cancel(run)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe.skipIf(!hasSqlite)('a foreign device (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  it('takes the role in a flow: every step is decided by a recorded row, and it holds the very bytes', async (context) => {
    if (!(await free())) context.skip(`UDP port 2948 of ${ADDRESS} is taken`)
    const lab = await realLab()
    open.push(() => lab.end())
    const { said } = await foreign(lab, '')
    const run = await judged(lab)
    expect(run.steps.map(({ verdict, reason }) => `${verdict} ${verdict === 'pass' ? '' : reason}`.trim())).toEqual(run.steps.map(() => 'pass'))
    expect(run.steps.every(({ messages }) => messages.length > 0)).toBe(true)
    expect([run.verdict, run.transport]).toEqual(['pass', 'live'])
    // Whoever took the outcome is gone with the run.
    expect(await lab.api.provider.hooks()).toEqual([])
    const [pkg] = scenario('s1-5.4.1')?.setup.catalogue ?? []
    if (pkg === undefined) return expect.unreachable()
    const { bytes } = await packageFile(pkg)
    await expect.poll(() => said).toContain(`holds ${String(bytes.length)} ${createHash('sha256').update(bytes).digest('hex')}`)
  })

  it('one that refuses the delivery turns that step red, by its own Status', async (context) => {
    if (!(await free())) context.skip(`UDP port 2948 of ${ADDRESS} is taken`)
    const lab = await realLab()
    open.push(() => lab.end())
    await foreign(lab, 'refuse')
    const run = await judged(lab)
    expect(run.steps.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual([
      ...['1 pass', '2 pass', '3 pass', '4 pass', '5 pass'],
      ...['6 fail', '7 not reached'],
    ])
    expect(run.steps[5]?.reason).toBe('the device refuses the delivery')
  })
})
