// `dmlab job` and `dmlab catalogue` against a running lab: packages in, jobs asked for, watched and cancelled; exit codes of the contract.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { JobDetail, JobRow, PackageRow } from '../../core/api.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { needsSqlite } from '../store/memory.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'
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

test('a package is taken in as a stream, listed and withdrawn', async () => {
  const file = join(dir, 'antivir-2.1.zip')
  writeFileSync(
    file,
    await buildPackage({ pkgId: 'antivir-2.1', version: '2.1', components: [{ id: 'com.msf.antivir', version: '2.1', files: { a: 'b' } }] }),
  )
  const added = alone(['catalogue', 'add', file, '--json', '--workspace', workspace])
  expect([added.code, added.err]).toEqual([0, ''])
  expect((JSON.parse(added.text) as { packages: PackageRow[] }).packages).toMatchObject([
    { pkgId: 'antivir-2.1', components: [{ id: 'com.msf.antivir' }], signed: false },
  ])
  expect((await run('catalogue', 'list')).text).toMatch(/antivir-2\.1 +software +2\.1 +com\.msf\.antivir 2\.1/)
  const other = join(dir, 'antivir-2.1.bin')
  writeFileSync(other, 'other bytes')
  expect(await run('catalogue', 'add', other)).toMatchObject({ code: 2, err: expect.stringContaining('is in the catalogue with other bytes') })
  expect((await run('catalogue', 'withdraw', 'antivir-2.1', '--json')).text).toContain('"withdrawn":true')
})

test('a job is made, listed, shown and cancelled; waiting for one that does not end gives exit code 1, a wrong wish 2', async () => {
  const made = await run('job', 'create', '--device', 'IMEI:7', '--op', 'deliver', '--pkg', 'antivir-2.1', '--json')
  const [job] = (JSON.parse(made.text) as { jobs: JobRow[] }).jobs
  expect([made.code, job?.state, job?.reason]).toEqual([0, 'waiting', 'no-management'])
  const id = job?.id ?? ''
  expect((await run('job', 'list')).text).toContain(id)
  expect((await run('job', 'show', id)).text).toContain('asked for by the infrastructure')
  expect((JSON.parse((await run('job', 'show', id, '--json')).text) as JobDetail).wish).toMatchObject({ device: 'IMEI:7', op: 'deliver' })
  expect((await run('job', 'cancel', id)).text).toContain('cancelled')
  const late = await run('job', 'create', '--device', 'IMEI:7', '--op', 'deliver', '--pkg', 'x', '--wait', '0.1')
  expect([late.code, late.err]).toEqual([1, expect.stringMatching(/is still waiting after 0\.1 s/)])
  expect(await run('job', 'create', '--op', 'deliver', '--pkg', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('tell exactly one of device'),
  })
  expect(await run('job', 'show', 'nothing')).toMatchObject({ code: 2, err: 'dmlab: there is no job nothing\n' })
}, 60_000)

test('a device with software that stays is a process of its own: called by a notification, it installs what a job wants', async () => {
  const file = join(dir, 'player-1.0.zip')
  writeFileSync(file, await buildPackage({ pkgId: 'player-1.0', version: '1.0', components: [{ id: 'player', version: '1.0', files: { a: 'b' } }] }))
  expect((await run('catalogue', 'add', file)).code).toBe(0)
  const { dm } = JSON.parse(await (lab as Running).line(0)) as { dm: string }
  const device = running([
    'device',
    '--server',
    dm,
    '--id',
    'IMEI:8',
    '--mo',
    'scomo',
    '--push-port',
    '0',
    '--json',
    '--state',
    join(dir, 'stays.json'),
  ])
  try {
    const { push, id } = JSON.parse(await device.line(0)) as { push: string; id: string }
    expect(id).toBe('IMEI:8')
    expect(JSON.parse(await device.line(1))).toMatchObject({ id, outcome: 'completed', authentication: 'ok' })
    expect((await run('notify', '--device', id, '--to', push)).code).toBe(0)
    expect(JSON.parse(await device.line(2))).toMatchObject({ outcome: 'completed' })
    const made = await run('job', 'create', '--device', id, '--op', 'install', '--pkg', 'player-1.0', '--wait', '30', '--json')
    expect([made.code, JSON.parse(made.text)]).toMatchObject([0, { jobs: [{ state: 'done', resultCode: 1200 }] }])
  } finally {
    expect(await device.stop()).toBe(0)
  }
  expect(alone(['device', '--server', dm, '--mo', 'scomo', '--bootstrap', file])).toMatchObject({
    code: 2,
    err: expect.stringContaining('--bootstrap'),
  })
}, 60_000)
