// kill -9 of a lab at random moments of a running job: after the restart the job comes to the same end, and the device has installed exactly once.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobDetail } from '../../core/api.ts'
import { processClock } from '../../core/node/clock.ts'
import { simulatedDevices } from '../../core/node/devices.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { randomSource } from '../../core/node/random.ts'
import { openDisk } from '../../core/node/softwarehost.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import { needsSqlite } from '../store/memory.ts'
import { freePort } from '../support/freeport.ts'

const KILLS = process.env['DM_LAB_SOAK'] === undefined ? 5 : 50
const DEVICE = 'IMEI:004999010640090'

interface Child {
  readonly process: ChildProcess
  readonly dm: string
  ask<T>(call: string, ...args: string[]): Promise<T>
  kill(): Promise<void>
}

async function startChild(workspace: string, port: string): Promise<Child> {
  const execArgv = [...(process.features.typescript ? [] : ['--experimental-strip-types']), '--no-warnings']
  const child = fork(join(import.meta.dirname, 'jobschild.ts'), [workspace, port], { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr?.on('data', (data) => (errors += String(data)))
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let count = 0
  const answer = (id: number): Promise<unknown> => new Promise((resolve, reject) => open.set(id, { resolve, reject }))
  const ready = answer(0)
  child.on('message', (message) => {
    const { id, value, error } = message as { id: number; value?: unknown; error?: string }
    if (error === undefined) open.get(id)?.resolve(value)
    else open.get(id)?.reject(new Error(error))
    open.delete(id)
  })
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => {
      for (const { reject } of open.values()) reject(new Error(`the lab is gone: ${errors}`))
      resolve()
    }),
  )
  const dm = String(await ready)
  return {
    process: child,
    dm,
    ask: async <T>(call: string, ...args: string[]) => {
      count += 1
      const promise = answer(count)
      child.send({ id: count, call, args })
      return (await promise) as T
    },
    kill: () => {
      child.kill('SIGKILL')
      return gone
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test(
  `sc 51, sc 52: after ${String(KILLS)} kills between any two messages each job is done, with one installation each`,
  { timeout: 120_000 + KILLS * 12_000 },
  async (context) => {
    needsSqlite(context)
    const root = mkdtempSync(join(tmpdir(), 'dm-lab-jobkill-'))
    const workspace = join(root, 'workspace')
    const clock = processClock()
    const env = { now: clock.now, random: randomSource() }
    const disk = (): ReturnType<typeof openDisk> => openDisk({ folder: join(root, 'device'), clock, makeDownloads, makeInstaller })
    const devices = simulatedDevices(clock, env, () => false, { docs: memoryDocs(), disk, commit: () => {} })
    const port = String(await freePort())
    let lab = await startChild(workspace, port)
    try {
      await devices.start(lab.dm, { id: DEVICE, mo: ['scomo'], answers: 'accept', auth: 'hmac' })
      const to = devices.pushUrl(DEVICE) ?? ''
      while (!/completed/.test(devices.activity(DEVICE) ?? '')) await pause(10)
      await lab.ask('wake', DEVICE, to)
      let seed = 4711
      for (let kill = 1; kill <= KILLS; kill++) {
        const id = `app${String(kill)}`
        const bytes = await buildPackage({
          pkgId: `${id}-1.0`,
          version: '1.0',
          components: [{ id: `com.${id}`, version: '1.0', files: { main: 'x'.repeat(2000) } }],
        })
        await lab.ask('add', `${id}-1.0.zip`, Buffer.from(bytes).toString('base64'))
        const mechanism = kill % 3 === 0 ? 'dm-large' : 'dlota1'
        const made = await lab.ask<{ jobs: { id: string }[] }>(
          'create',
          JSON.stringify({ device: DEVICE, type: 'scomo', op: 'install', pkg: `${id}-1.0`, mechanism }),
        )
        seed = (seed * 1103515245 + 12345) % 0x8000_0000
        const job = made.jobs[0]?.id ?? ''
        await pause(seed % 250)
        await lab.kill()
        lab = await startChild(workspace, port)
        let detail = await lab.ask<JobDetail>('get', job)
        for (
          const end = Date.now() + 90_000;
          ['queued', 'waiting', 'running', 'accepted'].includes(detail.job.state);
          detail = await lab.ask<JobDetail>('get', job)
        ) {
          // The device's own wait before it reports again is a minute: it is called instead. Where the kill parted their nonces, by the default one,
          // as the lab itself does after half a minute.
          const activity = devices.activity(DEVICE) ?? ''
          if (!/in a session/.test(activity)) await lab.ask('wake', DEVICE, to, /refused a push/.test(activity) ? 'zeros' : 'stored')
          await pause(300)
          if (Date.now() > end)
            throw new Error(
              `job ${job} does not end; the device ${devices.activity(DEVICE) ?? ''}: ${JSON.stringify(detail, null, 1)}\n${JSON.stringify(devices.log(DEVICE), null, 1)}`,
            )
        }
        expect(detail.job, JSON.stringify(detail.log, null, 1)).toMatchObject({ state: 'done', resultCode: 1200 })
        const installs = devices.log(DEVICE).filter(({ what, text }) => what === 'install' && text.includes(`com.${id} `))
        expect(installs.length, JSON.stringify(devices.log(DEVICE).slice(-20), null, 1)).toBe(1)
      }
    } finally {
      await lab.kill()
      await devices.stop()
      rmSync(root, { recursive: true, force: true })
    }
  },
)

test(
  `sc 51, sc 52: the lab and the device in it die together, ${String(KILLS)} times: both go on, and what the job says is what the device did`,
  { timeout: 120_000 + KILLS * 12_000 },
  async (context) => {
    needsSqlite(context)
    const root = mkdtempSync(join(tmpdir(), 'dm-lab-bothkill-'))
    const workspace = join(root, 'workspace')
    const port = String(await freePort())
    let lab = await startChild(workspace, port)
    try {
      await lab.ask('simulate', DEVICE)
      await pause(500)
      let seed = 815
      for (let kill = 1; kill <= KILLS; kill++) {
        const id = `app${String(kill)}`
        const components = [{ id: `com.${id}`, version: '1.0', files: { main: 'x'.repeat(2000) } }]
        const bytes = await buildPackage({ pkgId: `${id}-1.0`, version: '1.0', components })
        await lab.ask('add', `${id}-1.0.zip`, Buffer.from(bytes).toString('base64'))
        const mechanism = kill % 3 === 0 ? 'dm-large' : 'dlota1'
        const wish = { device: DEVICE, type: 'scomo', op: 'install', pkg: `${id}-1.0`, mechanism }
        const made = await lab.ask<{ jobs: { id: string }[] }>('create', JSON.stringify(wish))
        seed = (seed * 1103515245 + 12345) % 0x8000_0000
        const job = made.jobs[0]?.id ?? ''
        await pause(seed % 250)
        await lab.kill()
        lab = await startChild(workspace, port)
        let detail = await lab.ask<JobDetail>('get', job)
        for (const end = Date.now() + 90_000; ['queued', 'waiting', 'running', 'accepted'].includes(detail.job.state);) {
          // The device's own wait before it reports again is a minute: another session is asked of it instead, where none is under way.
          await pause(300)
          await lab.ask('simulate', DEVICE).catch(() => {})
          detail = await lab.ask<JobDetail>('get', job)
          if (Date.now() > end) throw new Error(`job ${job} does not end: ${JSON.stringify([detail, await lab.ask('log', DEVICE)], null, 1)}`)
        }
        const log = await lab.ask<{ what: string; text: string }[]>('log', DEVICE)
        const installs = log.filter(({ what, text }) => what === 'install' && text.includes(`com.${id} `))
        // An installer cut off at work takes back what is half done, and its device says so: 1405, nothing installed.
        const cutOff = detail.job.resultCode === 1405 && log.some(({ what, text }) => what === 'fail' && text.includes('ended with 1405'))
        const about = JSON.stringify([detail.log, log.slice(-20)], null, 1)
        if (!cutOff) expect(detail.job, about).toMatchObject({ state: 'done', resultCode: 1200 })
        expect(installs.length, about).toBe(cutOff ? 0 : 1)
      }
    } finally {
      await lab.kill()
      rmSync(root, { recursive: true, force: true })
    }
  },
)
