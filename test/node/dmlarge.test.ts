// Direct delivery of a large package over real sockets, lab and device in processes of their own: intact, and neither side's memory grows with it.
import { fork } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { JobDetail, JobWish, SoftwareLogLine } from '../../core/api.ts'
import { digestOf } from '../../core/node/disk.ts'
import { needsSqlite } from '../store/memory.ts'
import { PATIENCE } from '../support/patience.ts'

const MIB = process.env['DM_LAB_SOAK'] === undefined ? 16 : 64
/** What either process may grow by, whatever the package's size: garbage that waits, and what the trace writes next. */
const MOST = 64 << 20

interface Child {
  readonly ready: string
  ask<T>(call: string, ...args: string[]): Promise<T>
  kill(): Promise<void>
}

async function child(...words: string[]): Promise<Child> {
  const execArgv = [...(process.features.typescript ? [] : ['--experimental-strip-types']), '--no-warnings', '--expose-gc']
  const running = fork(join(import.meta.dirname, 'dmchild.ts'), words, { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  running.stderr?.on('data', (data) => (errors += String(data)))
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let count = 0
  const answer = (id: number): Promise<unknown> => new Promise((resolve, reject) => open.set(id, { resolve, reject }))
  const ready = answer(0)
  running.on('message', (message) => {
    const { id, value, error } = message as { id: number; value?: unknown; error?: string }
    if (error === undefined) open.get(id)?.resolve(value)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  const gone = new Promise<void>((resolve) =>
    running.once('exit', () => {
      for (const { reject } of open.values()) reject(new Error(`the process is gone: ${errors}`))
      resolve()
    }),
  )
  return {
    ready: String(await ready),
    ask: async <T>(call: string, ...args: string[]) => {
      count += 1
      const promise = answer(count)
      running.send({ id: count, call, args })
      return (await promise) as T
    },
    kill: () => {
      running.kill('SIGKILL')
      return gone
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const root = mkdtempSync(join(tmpdir(), 'dm-lab-dmlarge-'))
let lab: Child
let device: Child
let port = ''
let big: Built

interface Built {
  readonly pkgId: string
  readonly size: number
  readonly sha256: string
}

/** The package made, lab and device started: once, for all tests. */
let begun: Promise<void> | null = null
async function begin(): Promise<void> {
  // Whoever makes the package holds it; whoever sends it shall not.
  const maker = await child('lab', join(root, 'workspace'), '0')
  big = await maker.ask('build', 'big-1.0', String((MIB << 20) + 5))
  await maker.ask('build', 'small-1.0', String(3 << 20))
  await maker.ask('stop')
  await maker.kill()
  lab = await child('lab', join(root, 'workspace'), '0')
  port = new URL(lab.ready).port
  device = await child('device', join(root, 'devices'), lab.ready)
}

beforeEach(async (context) => {
  needsSqlite(context)
  await (begun ??= begin())
}, 60_000)
afterAll(async () => {
  await lab?.kill()
  await device?.kill()
  rmSync(root, { recursive: true, force: true })
})

const going = (state: string): boolean => ['queued', 'waiting', 'running', 'accepted'].includes(state)

/** Switches a device on and orders what `wish` says; gives the job's number. */
async function order(id: string, encoding: 'xml' | 'wbxml', wish: Partial<JobWish>): Promise<string> {
  await device.ask('start', JSON.stringify({ id, encoding, mo: ['scomo'], answers: 'accept' }))
  while (!/completed/.test((await device.ask<string | undefined>('activity', id)) ?? '')) await pause(10)
  await lab.ask('wake', id, await device.ask<string>('url', id))
  while (!/completed/.test((await device.ask<string | undefined>('activity', id)) ?? '')) await pause(10)
  const whole: JobWish = { device: id, type: 'scomo', op: 'install', pkg: big.pkgId, mechanism: 'dm-large', ...wish }
  const { jobs } = await lab.ask<{ jobs: { id: string }[] }>('create', JSON.stringify(whole))
  return jobs[0]?.id ?? ''
}

async function ended(job: string, seconds: number): Promise<JobDetail> {
  for (const end = Date.now() + seconds * 1000; ; await pause(50)) {
    const detail = await lab.ask<JobDetail>('get', job)
    if (!going(detail.job.state)) return detail
    if (Date.now() > end) throw new Error(`job ${job} does not end: ${JSON.stringify(detail, null, 1)}`)
  }
}

const folderOf = (id: string, ...parts: string[]): string => join(root, 'devices', encodeURIComponent(id), ...parts)

test.each([
  ['xml', 'IMEI:004999010640101'],
  ['wbxml', 'IMEI:004999010640102'],
] as const)(
  `dl 34: ${String(MIB)} MiB by direct delivery in %s: the same SHA-256 on the device, installed, and neither process grows with it`,
  { timeout: 150_000 + MIB * 2000 },
  async (encoding, id) => {
    // Code that is compiled and garbage that waits are the same for a small one.
    await ended(await order(`${id}0`, encoding, { pkg: 'small-1.0' }), 60)
    await lab.ask('mark')
    await device.ask('mark')
    const began = Date.now()
    const { job, log } = await ended(await order(id, encoding, {}), 60 + MIB * 2)
    expect(job, JSON.stringify(log, null, 1)).toMatchObject({ state: 'done', resultCode: 1200, items: [{ mechanism: 'dm-large', executed: true }] })
    const grown = { lab: await lab.ask<number>('grown'), device: await device.ask<number>('grown') }
    if (process.env['DM_LAB_TELL'] !== undefined) console.log(encoding, (Date.now() - began) / 1000, grown.lab / (1 << 20), grown.device / (1 << 20))
    const lines = (await device.ask<SoftwareLogLine[]>('log', id)).map(({ text }) => text)
    expect(lines.join('\n')).toContain(`holds ${String(big.size)} bytes, SHA-256 ${big.sha256}`)
    const [file = '', ...others] = readdirSync(folderOf(id, 'packages'))
    expect([others, await digestOf(folderOf(id, 'packages', file))]).toEqual([[], { size: big.size, sha256: big.sha256 }])
    expect(grown.lab).toBeLessThan(MOST)
    expect(grown.device).toBeLessThan(MOST)
  },
)

const parts = (id: string): string[] => readdirSync(folderOf(id, 'packages'))

/** Waits until some of the package lies on the device's disk. */
async function underWay(id: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; ; await pause(2)) {
    const [part] = parts(id)
    if (part !== undefined && statSync(folderOf(id, 'packages', part)).size > 1 << 20) return
    if (Date.now() > end) throw new Error(`nothing of the package came: ${parts(id).join()}`)
  }
}

test(
  'sc 23: the lab is killed in the middle: the device keeps nothing, and gets it whole from the next one',
  { timeout: 90_000 + MIB * 2000 },
  async () => {
    const id = 'IMEI:004999010640103'
    const job = await order(id, 'wbxml', {})
    await underWay(id)
    expect(parts(id)).toEqual([expect.stringMatching(/^\.part-/)])
    await lab.kill()
    for (const end = Date.now() + PATIENCE; parts(id).length > 0 && Date.now() < end;) await pause(10)
    expect(parts(id)).toEqual([])
    lab = await child('lab', join(root, 'workspace'), port)
    await lab.ask('wake', id, await device.ask<string>('url', id))
    const done = await ended(job, 60 + MIB * 2)
    expect(done.job, JSON.stringify(done.log, null, 1)).toMatchObject({ state: 'done', items: [{ mechanism: 'dm-large' }] })
    const [file = '', ...others] = parts(id)
    expect([others, (await digestOf(folderOf(id, 'packages', file))).sha256]).toEqual([[], big.sha256])
  },
)

test('the device is killed in the middle: what had come is gone when it is switched on again', { timeout: 90_000 }, async () => {
  const id = 'IMEI:004999010640104'
  await order(id, 'xml', {})
  await underWay(id)
  await device.kill()
  expect(parts(id)).toEqual([expect.stringMatching(/^\.part-/)])
  device = await child('device', join(root, 'devices'), lab.ready)
  await device.ask('start', JSON.stringify({ id, mo: ['scomo'], initiated: 'client', answers: 'accept' }))
  expect(parts(id)).not.toContainEqual(expect.stringMatching(/^\.part-/))
})

test('no room on the device: refused with the first chunk, nothing is kept, and the job says why', { timeout: 90_000 }, async () => {
  const id = 'IMEI:004999010640105'
  await device.kill()
  device = await child('device', join(root, 'devices'), lab.ready, String(2 << 20))
  const { job, log } = await ended(await order(id, 'wbxml', { pkg: 'small-1.0' }), 60)
  expect(job, JSON.stringify(log, null, 1)).toMatchObject({ state: 'failed', resultCode: 1404, items: [{ mechanism: 'dm-large' }] })
  expect(job.items[0]?.text).toContain('420')
  expect(parts(id)).toEqual([])
})
