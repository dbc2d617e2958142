// One device, two servers under different authorities: two real labs, each with an account of its own on the device, each seeing and doing what the ACLs allow.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobDetail, JobWish, LabApi, TraceRow } from '../../core/api.ts'
import { LAB_ACCOUNT, makeClient, partState } from '../../core/device/client.ts'
import { Door } from '../../core/device/door.ts'
import { LivingDevice } from '../../core/lab/living.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { listenPush } from '../../core/node/push.ts'
import type { PushPort } from '../../core/node/push.ts'
import { randomSource } from '../../core/node/random.ts'
import { openDisk } from '../../core/node/softwarehost.ts'
import type { DeviceDisk } from '../../core/node/softwarehost.ts'
import { SoftwareAgent } from '../../core/software/agent.ts'
import { needsSqlite } from '../store/memory.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640555'
const IMSI = '262011234567890'
const OTHER = 'operator-b'
const APP = './SCOMO/Inventory/Deployed/com.a'

let root: string
let a: RealLab
let b: RealLab
let living: LivingDevice
let disk: DeviceDisk
let port: PushPort
let close: () => void

beforeEach(async (context) => {
  needsSqlite(context)
  root = mkdtempSync(join(tmpdir(), 'dm-lab-two-'))
  a = await realLab()
  b = await realLab({ server: { serverId: OTHER } })
  await switchOn()
  for (const [lab, id] of [
    [a, 'a'],
    [b, 'b'],
  ] as const) {
    const components = [{ id: `com.${id}`, version: '1.0', files: { main: id.repeat(3000) } }]
    await lab.api.catalogue.add(`${id}.zip`, await buildPackage({ pkgId: `${id}-1.0`, version: '1.0', components }), {})
  }
})
afterEach(async () => {
  await living.off()
  close()
  await port.close()
  await a.end()
  await b.end()
  rmSync(root, { recursive: true, force: true })
})

/** The device, with an account of the first lab from the factory. */
async function switchOn(): Promise<void> {
  const clock = processClock()
  const env = { now: clock.now, random: randomSource() }
  disk = openDisk({ folder: join(root, 'device'), clock, makeDownloads, makeInstaller })
  const out = poster({ timeoutMs: 20_000 })
  close = () => out.close()
  const setup = { ...LAB_ACCOUNT, id: DEVICE, serverUri: a.ready.dm, auth: 'syncml:auth-md5', encoding: 'xml' } as const
  let kept: unknown
  living = new LivingDevice({
    make: (state) => {
      const agent = new SoftwareAgent({ store: disk.store, env, settings: { mo: ['scomo'], owner: LAB_ACCOUNT.serverId }, state: partState(state) })
      return { client: makeClient(setup, env, state, agent), agent }
    },
    load: () => kept,
    keep: (state) => (kept = state()),
    host: disk,
    post: out.post,
    clock,
  })
  living.on()
  const door = new Door(living.client, { imsi: IMSI, consent: () => true })
  port = await listenPush({
    host: '127.0.0.1',
    port: 0,
    clock,
    received: ({ push }) =>
      void living.meet(() => {
        const entrance = push === null ? null : door.receive(push)
        return entrance?.what === 'session' ? entrance.start : null
      }),
  })
}

const closed = (rows: readonly TraceRow[]): number =>
  rows.filter(({ direction, final, kind }) => kind === 'message' && direction === 'down' && final).length

async function met(lab: RealLab, begin: () => Promise<unknown>): Promise<void> {
  const before = closed(await lab.rows())
  await begin()
  await lab.until((rows) => closed(rows) > before)
  await living.idle()
}

async function ended(api: LabApi, wish: Partial<JobWish>): Promise<JobDetail> {
  const { jobs } = await api.jobs.create({ device: DEVICE, type: 'scomo', op: 'install', ...wish })
  for (const end = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const detail = await api.jobs.get(jobs[0]?.id ?? '')
    if (!['queued', 'waiting', 'running', 'accepted'].includes(detail.job.state)) return detail
    if (Date.now() > end) throw new Error(`the job does not end: ${JSON.stringify(detail, null, 1)}`)
  }
}

/** Alerts of the device that came in at a lab, by the rows' commands. */
const alerts = (rows: readonly TraceRow[]): number => rows.filter(({ commands }) => commands.includes('Alert 1226')).length
const installs = (): readonly string[] =>
  disk
    .log()
    .filter(({ what }) => what === 'install')
    .map(({ text }) => text)

test('two servers under different authorities: each sees and does what the ACLs allow, and hears of its own orders only', async () => {
  await met(a, () => a.api.devices.notify(DEVICE, { to: port.url }))
  await met(b, () => b.api.devices.bootstrap({ device: DEVICE, profile: 'dm', security: 'NETWPIN', imsi: IMSI, serverId: OTHER, to: port.url }))
  expect([...living.client.servers()].sort()).toEqual([LAB_ACCOUNT.serverId, OTHER].sort())

  // The first authority owns the object: the other one does not even see that it is there.
  const own = await ended(a.api, { pkg: 'a-1.0' })
  expect(own.job, JSON.stringify(own.log)).toMatchObject({ state: 'done', resultCode: 1200 })
  const blind = await ended(b.api, { pkg: 'b-1.0' })
  expect(blind.job, JSON.stringify(blind.log)).toMatchObject({ state: 'not_applicable' })
  expect(installs().length).toBe(1)
  expect([alerts(await a.rows()), alerts(await b.rows())]).toEqual([1, 0])

  // It lets the other one look, and bring packages of its own.
  const lead = LAB_ACCOUNT.serverId
  await a.api.devices.queue(DEVICE, [
    { kind: 'Replace', locUri: './SCOMO?prop=ACL', data: `Add=${lead}&Get=*&Replace=${lead}&Delete=${lead}&Exec=${lead}` },
    {
      kind: 'Replace',
      locUri: './SCOMO/Download?prop=ACL',
      data: `Add=${lead}+${OTHER}&Get=*&Replace=${lead}+${OTHER}&Delete=${lead}&Exec=${lead}+${OTHER}`,
    },
  ])
  await met(a, () => a.api.devices.notify(DEVICE, {}))
  const theirs = await ended(b.api, { pkg: 'b-1.0' })
  expect(theirs.job, JSON.stringify(theirs.log)).toMatchObject({ state: 'done', resultCode: 1200, items: [{ component: 'com.b' }] })
  expect([alerts(await a.rows()), alerts(await b.rows())]).toEqual([1, 1])
  expect(installs().length).toBe(2)

  // What the first one installed it sees, and cannot touch.
  const seen = (await b.rows()).length
  const touched = await ended(b.api, { op: 'remove', component: 'com.a' })
  expect(touched.job, JSON.stringify(touched.log)).toMatchObject({ state: 'failed', resultCode: 1400 })
  expect((await b.rows()).slice(seen).flatMap(({ statuses }) => statuses)).toContain('425')
  expect(living.client.device.tree.find(['SCOMO', 'Inventory', 'Deployed', 'com.a'])).not.toBeNull()

  // The first one goes on as before, and hears of nothing that it did not order.
  const removed = await ended(a.api, { op: 'deactivate', component: 'com.a' })
  expect(removed.job, JSON.stringify(removed.log)).toMatchObject({ state: 'done', items: [{ objects: [APP] }] })
  const told = JSON.stringify(await a.api.jobs.list(''))
  expect(told).not.toContain('b-1.0')
  expect((await a.rows()).map(({ text }) => text).join('\n')).not.toContain(theirs.job.id)
})
