// Jobs through a real lab: real HTTP, a simulated device with real files, packages through each mechanism, outcomes told to a real receiver.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobDetail, JobWish, LabApi } from '../../core/api.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { needsSqlite } from '../store/memory.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640017'
let lab: RealLab
beforeEach(async (context) => {
  needsSqlite(context)
  lab = await realLab()
})
afterEach(() => lab.end())

const antivir = (version: string): Promise<Uint8Array> =>
  buildPackage({
    pkgId: `antivir-${version}`,
    version,
    name: 'AntiVir',
    components: [
      {
        id: 'com.msf.antivir',
        version,
        files: { 'main.bin': new Uint8Array(20_000).fill(Number(version[0])) },
        start: { say: [`antivir ${version}`] },
      },
    ],
  })

async function device(api: LabApi, encoding: 'xml' | 'wbxml' = 'xml'): Promise<void> {
  await api.devices.simulate({ id: DEVICE, encoding, auth: 'hmac', mo: ['scomo', 'fumo'], answers: 'accept' })
  await lab.until((rows) =>
    rows.some(({ kind, final, direction, device: of }) => kind === 'message' && direction === 'down' && final && of === DEVICE),
  )
}

async function ended(api: LabApi, wish: Partial<JobWish>): Promise<JobDetail> {
  const { jobs } = await api.jobs.create({ device: DEVICE, type: 'scomo', op: 'install', ...wish })
  const id = jobs[0]?.id ?? ''
  for (const end = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const detail = await api.jobs.get(id)
    if (!['queued', 'waiting', 'running', 'accepted'].includes(detail.job.state)) return detail
    if (Date.now() > end) throw new Error(`job ${id} does not end: ${JSON.stringify(detail, null, 1)}`)
  }
}

test.each([
  ['dlota1', 'xml'],
  ['dlota2', 'wbxml'],
  ['dlota1-combined', 'xml'],
  ['http', 'xml'],
  ['dm-large', 'xml'],
  ['dm-large', 'wbxml'],
] as const)('a package is installed through %s in %s, and removed again', async (mechanism, encoding) => {
  await lab.api.catalogue.add('antivir-2.0.zip', await antivir('2.0'), {})
  await device(lab.api, encoding)
  const done = await ended(lab.api, { pkg: 'antivir-2.0', mechanism })
  expect(done.job, JSON.stringify(done.log)).toMatchObject({
    state: 'done',
    resultCode: 1200,
    items: [{ mechanism, executed: true, version: '2.0' }],
  })
  const removed = await ended(lab.api, { op: 'remove', component: 'com.msf.antivir' })
  expect(removed.job, JSON.stringify(removed.log)).toMatchObject({ state: 'done' })
  expect((await ended(lab.api, { op: 'activate', component: 'com.msf.antivir' })).job.state).toBe('not_found')
})

test('sc 45: a job says when the device restarts around its installation; one of 1.0 installs without', async () => {
  await lab.api.catalogue.add('antivir-2.0.zip', await antivir('2.0'), {})
  await lab.api.devices.simulate({ id: DEVICE, mo: ['scomo'], scomo: '1.1', answers: 'accept' })
  const boots = async (): Promise<number> => (await lab.api.software.board(DEVICE)).log.filter(({ text }) => text === 'the device is on').length
  const before = await boots()
  const done = await ended(lab.api, { pkg: 'antivir-2.0', reboot: 'both' })
  expect(done.job, JSON.stringify(done.log)).toMatchObject({ state: 'done', resultCode: 1200, items: [{ executed: true, version: '2.0' }] })
  const { log, roots } = await lab.api.software.board(DEVICE)
  expect([(await boots()) - before, log.filter(({ what }) => what === 'install').length]).toEqual([2, 1])
  expect(roots).toEqual([{ uri: './SCOMO', mo: 'urn:oma:mo:oma-scomo:1.1' }])

  const old = 'IMEI:004999010640018'
  await lab.api.devices.simulate({ id: old, mo: ['scomo'], answers: 'accept' })
  const without = await ended(lab.api, { device: old, pkg: 'antivir-2.0', reboot: 'after' })
  expect(without.job, JSON.stringify(without.log)).toMatchObject({ state: 'done', resultCode: 1200 })
  expect((await lab.api.software.board(old)).log.filter(({ text }) => text === 'the device is on')).toHaveLength(1)
})

test('fu 8: a firmware update restarts the device, and its report comes from the device that is on again', async () => {
  await lab.api.catalogue.add('fw-3.2.bin', new Uint8Array(5000).fill(7), { pkgId: 'fw-3.2', kind: 'firmware', version: '3.2' })
  await device(lab.api)
  const done = await ended(lab.api, { type: 'fumo', op: 'update', pkg: 'fw-3.2' })
  expect(done.job, JSON.stringify(done.log)).toMatchObject({ state: 'done', resultCode: 200 })
  const { log } = await lab.api.software.board(DEVICE)
  expect(log.filter(({ text }) => text === 'the device is on')).toHaveLength(2)
  expect(log.map(({ text }) => text)).toContain('the device restarts with firmware 3.2')
  // The device says what it runs now: the same again is not needed.
  expect((await ended(lab.api, { type: 'fumo', op: 'update', pkg: 'fw-3.2' })).job).toMatchObject({ state: 'not_needed', resultCode: 200 })
})

test('sc 41: outcomes reach a real receiver, signed; one that fails is told again', async () => {
  const heard: { body: string; signature: string; delivery: string }[] = []
  let refuse = 1
  const receiver = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      heard.push({ body, signature: String(req.headers['x-dmlab-signature']), delivery: String(req.headers['x-dmlab-delivery']) })
      res.writeHead(refuse-- > 0 ? 503 : 204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = receiver.address() as AddressInfo
    const { secret } = await lab.api.provider.addHook(`http://127.0.0.1:${String(port)}/hook`)
    await expect(lab.api.provider.addHook(lab.ready.dm)).rejects.toThrow('is a port of this lab itself')
    await device(lab.api)
    const { job } = await ended(lab.api, { op: 'deliver', pkg: 'none' })
    expect(job.state).toBe('not_found')
    for (const end = Date.now() + PATIENCE; heard.length < 2 && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard.length).toBe(2)
    expect(heard[1]).toEqual(heard[0])
    for (const { body, signature } of heard) expect(signature).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
    expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({ job: job.id, device: DEVICE, state: 'not_found', resultCode: 0 })
    await lab.until((rows) => rows.some(({ kind, text }) => kind === 'event' && text.startsWith('emi.notified')))
  } finally {
    receiver.closeAllConnections()
    receiver.close()
  }
})

test('a job survives a restart of the lab between order and alert', async () => {
  await lab.api.catalogue.add('antivir-2.0.zip', await antivir('2.0'), {})
  const { jobs } = await lab.api.jobs.create({ device: DEVICE, type: 'scomo', op: 'install', pkg: 'antivir-2.0' })
  expect(jobs[0]).toMatchObject({ state: 'waiting', reason: 'no-management' })
  const { workspace } = lab
  await lab.stop()
  lab = await realLab({ workspace })
  await device(lab.api)
  for (const end = Date.now() + PATIENCE; (await lab.api.jobs.get(jobs[0]?.id ?? '')).job.state !== 'done' && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await lab.api.jobs.get(jobs[0]?.id ?? '')).job).toMatchObject({ state: 'done' })
})
