// Jobs in unusual orders of events: cancelled while the order is in the air, sets and subscriptions that change while a job runs, Correlators that meet.
import { expect, test } from 'vitest'
import type { DefaultSet } from '../../core/api.ts'
import { antivir, complete, DEVICE, EMPTY, INSTALLED, playbook } from './playbook.ts'
import type { Answers, Play } from './playbook.ts'

const D = './SCOMO/Download/antivir21'
const Y = './SCOMO/Inventory/Deployed/com.msf.antivir'
const SET: DefaultSet = {
  id: 'acme',
  man: 'ACME',
  mod: 'X1',
  items: [{ component: 'com.msf.antivir', pkg: 'antivir-2.1', version: 'latest', active: true }],
  remove: true,
  confirm: 'none',
}
function run(session: Play, answers: Answers): string[] {
  for (let i = 0; i < 12; i++) if (session.say(answers).length === 0) break
  return session.sent
}
const execs = (lines: readonly string[]): string[] => lines.filter((each) => each.startsWith('Exec')).map((each) => each.replace(/ #.*/, ''))

/** Says its answers until an Exec has left. */
function untilExec(session: Play, answers: Answers): void {
  for (let i = 0; i < 12; i++) if (session.say(answers).some((each) => each.startsWith('Exec'))) return
  throw new Error('no Exec left')
}

test.each([
  ['404: nothing was started', 404, {}],
  ['403: the device is at work on something else', 403, { [`Get ${D}/Status`]: '30' }],
] as const)('a job that was cancelled while its order was in the air does not order again (%s)', (_, code, state) => {
  const book = playbook()
  const { id } = book.create({})
  const session = book.session()
  untilExec(session, EMPTY)
  expect(book.jobs.engine.cancel(id)).toMatchObject({ state: 'running', reason: 'cancelled: what was ordered is awaited' })
  const before = session.sent.length
  run(session, { ...EMPTY, ...state, Exec: code })
  session.end()
  const next = book.session()
  run(next, { ...EMPTY, ...state, Exec: 202 })
  expect(execs([...session.sent.slice(before), ...next.sent])).toEqual([])
  expect(book.job(id)).toMatchObject({ state: 'cancelled' })
})

test("a job that was cancelled, and whose session was lost then, does not order again, not even of the lab's own device", () => {
  const book = playbook({ simulated: true })
  const { id } = book.create({ retryUnknown: true, limitMs: 60_000 })
  const session = book.session()
  untilExec(session, EMPTY)
  book.jobs.engine.cancel(id)
  session.end('aborted')
  const next = book.session()
  run(next, { ...EMPTY, [`Get ${D}/Status`]: '10', Exec: 202 })
  expect(execs(next.sent)).toEqual([])
  expect(book.job(id).state).toBe('waiting')
})

test('a job that was cancelled is not ordered anew when its time is over', async () => {
  const book = playbook()
  const { id } = book.create({ op: 'activate', component: 'com.msf.antivir', retryUnknown: true, limitMs: 60_000 })
  const session = book.session()
  const inactive = { ...EMPTY, 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/State`]: '10' } }
  untilExec(session, inactive)
  book.jobs.engine.cancel(id)
  session.end('aborted')
  run(book.session(), inactive)
  await book.clock.pass(61_000)
  expect(book.job(id).state).toBe('unknown')
})

test('a set that changes while its job runs is looked at when that job is over, in the session that tells it', async () => {
  const book = playbook()
  book.add(antivir({ pkgId: 'game-1.0', components: [{ id: 'game', version: '1.0' }] }))
  await book.jobs.areas.provider.putSet(SET)
  const first = book.session()
  run(first, { ...EMPTY, Exec: 202 })
  first.end()
  const [job] = book.jobs.engine.list('')
  expect(job).toMatchObject({ origin: 'set', state: 'accepted' })
  await book.jobs.areas.provider.putSet({ ...SET, items: [{ component: 'game', pkg: 'game-1.0', version: 'exact', active: true }] })
  const told = book.session()
  told.alert(complete(job?.items[0]?.correlator ?? '', 1200, `${D}/Operations/DownloadInstall`))
  const listed = { 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/Version`]: '2.1', [`${Y}/State`]: '20' } }
  const sent = run(told, { ...EMPTY, ...INSTALLED, ...listed, Exec: 1200 })
  expect(execs(sent)).toContain(`Exec ${Y}/Operations/Remove`)
})

test('a set that changes in the middle of a session of such a device is looked at in a session that is called for', async () => {
  const book = playbook()
  const session = book.session()
  book.create({ op: 'deliver' })
  session.say(EMPTY)
  await book.clock.pass(0)
  book.woken.length = 0
  await book.jobs.areas.provider.putSet(SET)
  expect(book.woken).toEqual([])
  run(session, { ...EMPTY, Exec: 1200 })
  session.end()
  await book.clock.pass(0)
  expect(book.woken).toEqual([DEVICE])
})

test('a set that was dropped and is made again under its name begins anew: what failed under the old one is tried', async () => {
  const book = playbook()
  const { provider } = book.jobs.areas
  await provider.putSet(SET)
  run(book.session(), { ...EMPTY, Exec: 1405 })
  expect(book.job().state).toBe('failed')
  await provider.dropSet('acme')
  await provider.putSet(SET)
  expect(execs(run(book.session(), { ...EMPTY, Exec: 202 }))).toEqual([`Exec ${D}/Operations/DownloadInstall`])
})

test('S3 5.1.1: a subscription of a device that nobody knows yet begins with its first session, once', async () => {
  const book = playbook({ known: false })
  await book.jobs.areas.provider.putSubscription({ id: 's1', device: DEVICE, provider: 'MSF', components: [], newToo: true, confirm: 'none' })
  expect(book.jobs.engine.list('').length).toBe(0)
  const sent = run(book.session(), { ...EMPTY, Exec: 1405 })
  expect(execs(sent)).toEqual([`Exec ${D}/Operations/DownloadInstall`])
  expect(book.jobs.engine.list('').map(({ origin, state }) => [origin, state])).toEqual([['subscription', 'failed']])
  expect(execs(run(book.session(), { ...EMPTY, Exec: 1405 })), 'what failed is not tried at every session').toEqual([])
})

test('a Correlator meets no Correlator of an item: the device would take the new order for the old one', () => {
  const book = playbook()
  book.add(antivir({ pkgId: 'game-1.0', components: [{ id: 'game', version: '1.0' }] }))
  book.jobs.engine.create({ type: 'scomo', op: 'install', device: DEVICE, correlator: 'c', items: [{ pkg: 'antivir-2.1' }, { pkg: 'game-1.0' }] })
  expect(() => book.create({ correlator: 'c.1' })).toThrow(/the Correlator c\.1 was used/)
  const other = playbook()
  other.create({ correlator: 'c.2' })
  expect(() =>
    other.jobs.engine.create({ type: 'scomo', op: 'install', device: DEVICE, correlator: 'c', items: [{ pkg: 'a' }, { pkg: 'b' }] }),
  ).toThrow(/the Correlator c\.2 was used/)
})

test('two jobs for the same software of a device are done one after the other: the second one sees what the first one did', async () => {
  const book = playbook()
  const first = book.create({})
  const second = book.create({})
  const session = book.session()
  const orders = run(session, { ...EMPTY, Exec: 202 })
  session.end()
  expect(execs(orders)).toEqual([`Exec ${D}/Operations/DownloadInstall`])
  expect(book.job(second.id)).toMatchObject({ state: 'waiting', reason: `after ${first.id}, which works on the same software` })
  const told = book.session()
  told.alert(complete(first.id, 1200, `${D}/Operations/DownloadInstall`))
  const listed = { 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/Version`]: '2.1', [`${Y}/State`]: '20' } }
  expect(execs(run(told, { ...EMPTY, ...INSTALLED, ...listed }))).toEqual([])
  expect([book.job(first.id).state, book.job(second.id).state]).toEqual(['done', 'not_needed'])
})

test('a removal that is asked for behind an installation does not overtake it; one of other software does', () => {
  const book = playbook()
  book.add(antivir({ pkgId: 'game-1.0', components: [{ id: 'game', version: '1.0' }] }))
  book.create({})
  const removal = book.create({ op: 'remove', component: 'com.msf.antivir' })
  const other = book.create({ pkg: 'game-1.0' })
  const listed = { 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/Version`]: '2.0', [`${Y}/State`]: '20' } }
  const sent = run(book.session(), { ...EMPTY, ...listed, Exec: 202 })
  expect(execs(sent)).toEqual([`Exec ${D}/Operations/DownloadInstall`, 'Exec ./SCOMO/Download/game10/Operations/DownloadInstall'])
  expect([book.job(removal.id).state, book.job(other.id).state]).toEqual(['waiting', 'accepted'])
})

test('who waits behind a job goes on when that one is cancelled or out of time, and its device is called', async () => {
  const book = playbook()
  const first = book.create({ limitMs: 60_000 })
  const second = book.create({ op: 'remove', component: 'com.msf.antivir' })
  const session = book.session()
  run(session, { ...EMPTY, Exec: 202 })
  session.end()
  expect(book.job(second.id).state).toBe('waiting')
  book.woken.length = 0
  await book.clock.pass(61_000)
  expect([book.job(first.id).state, book.woken]).toEqual(['unknown', [DEVICE]])
  const listed = { 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/Version`]: '2.0', [`${Y}/State`]: '20' } }
  expect(execs(run(book.session(), { ...EMPTY, ...listed, Exec: 1200 }))).toEqual([`Exec ${Y}/Operations/Remove`])

  const again = playbook()
  const one = again.create({})
  again.create({ op: 'remove', component: 'com.msf.antivir' })
  const early = again.session()
  run(early, { ...EMPTY, Exec: 202 })
  early.end()
  again.jobs.engine.cancel(one.id)
  expect(execs(run(again.session(), { ...EMPTY, ...listed, Exec: 1200 }))).toEqual([`Exec ${Y}/Operations/Remove`])
})

test('a job for a device whose sessions are with a gateway says so, and calls nobody', async () => {
  const book = playbook({ elsewhere: 'it is behind gw-1 in proxy mode' })
  const job = book.create({})
  await book.clock.pass(60_000)
  expect(book.woken).toEqual([])
  expect(book.job(job.id)).toMatchObject({ state: 'waiting', reason: 'it is behind gw-1 in proxy mode' })
  run(book.session(), { ...EMPTY, ...INSTALLED, Exec: 1200 })
  expect(book.job(job.id).state, 'should it come all the same').toBe('done')
})
