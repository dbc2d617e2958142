// What makes jobs by itself, and whom their outcomes are told: default sets, subscriptions, groups, webhooks.
import { expect, test } from 'vitest'
import type { DefaultSet } from '../../core/api.ts'
import { nameAndVersion } from '../../core/jobs/catalogue.ts'
import { compareVersions } from '../../core/jobs/versions.ts'
import { startTime } from '../../core/jobs/verify.ts'
import { DOC } from '../../core/jobs/types.ts'
import type { Vault } from '../../core/store/vault.ts'
import { antivir, complete, DEVICE, EMPTY, INSTALLED, playbook } from './playbook.ts'
import type { Answers, Play, Playbook } from './playbook.ts'

const SET: DefaultSet = {
  id: 'acme',
  man: 'ACME',
  mod: 'X1',
  items: [{ component: 'com.msf.antivir', pkg: 'antivir-2.1', version: 'latest', active: true }],
  remove: true,
  confirm: 'none',
}
const Y = './SCOMO/Inventory/Deployed/com.msf.antivir'
const listed = (version: string): Answers => ({
  ...EMPTY,
  'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/Version`]: version, [`${Y}/State`]: '20' },
})

function run(session: Play, answers: Answers): string[] {
  for (let i = 0; i < 12; i++) if (session.say(answers).length === 0) break
  return session.sent
}
const execs = (lines: readonly string[]): string[] => lines.filter((each) => each.startsWith('Exec')).map((each) => each.replace(/ #.*/, ''))

test('sc 56: a new device of the type gets what the set has; one that fits gets no job', async () => {
  const book = playbook()
  await book.jobs.areas.provider.putSet(SET)
  expect(book.woken).toEqual([DEVICE])
  const fits = run(book.session(), listed('2.1'))
  expect([execs(fits), book.jobs.engine.list('').length]).toEqual([[], 0])
  const session = book.session()
  expect(execs(run(session, { ...EMPTY, Exec: 202 }))).toEqual(['Exec ./SCOMO/Download/antivir21/Operations/DownloadInstall'])
  expect(book.job()).toMatchObject({ origin: 'set', op: 'install', state: 'accepted' })
  expect(book.happened.some((text) => text.startsWith('provider.command'))).toBe(true)
})

test('sc 56: an older version is updated, a changed set removes what was taken out', async () => {
  const book = playbook()
  await book.jobs.areas.provider.putSet(SET)
  run(book.session(), { ...listed('2.0'), Exec: 202 })
  expect(book.job()).toMatchObject({ origin: 'set', op: 'update' })
  book.session().alert(complete(book.job().items[0]?.correlator ?? '', 1405, './SCOMO/Download/antivir21/Operations/DownloadInstall'))
  expect(book.job().state).toBe('failed')
  expect(execs(run(book.session(), listed('2.0')))).toEqual([])
  await book.jobs.areas.provider.putSet({ ...SET, items: [] })
  expect(execs(run(book.session(), { ...listed('2.0'), Exec: 1200 }))).toEqual([`Exec ${Y}/Operations/Remove`])
})

test('sc 56: a device that comes back without the component gets it again', async () => {
  const book = playbook()
  await book.jobs.areas.provider.putSet(SET)
  run(book.session(), { ...EMPTY, ...INSTALLED, Exec: 1200 })
  expect(book.job().state).toBe('done')
  expect(execs(run(book.session(), { ...EMPTY, ...INSTALLED, Exec: 1200 })).length).toBe(1)
  expect(book.jobs.engine.list('').length).toBe(2)
})

test('sc 56: a version that is published starts one job for each subscribed device; withdrawn, it is cancelled', async () => {
  const book = playbook()
  const { provider, catalogue } = book.jobs.areas
  await catalogue.withdraw('antivir-2.1')
  await provider.putSubscription({ id: 's1', device: DEVICE, provider: 'MSF', components: ['com.msf.antivir'], newToo: false, confirm: 'user' })
  await provider.putSubscription({ id: 's2', device: 'IMEI:unknown', provider: 'MSF', components: [], newToo: true, confirm: 'none' })
  const components = [{ id: 'com.msf.antivir', version: '2.2' }]
  await catalogue.add('antivir-2.2.zip', new Uint8Array(3), { components, manufacturers: ['ACME'] })
  expect(book.jobs.engine.list('').map(({ origin, op, device, items }) => [origin, op, device, items[0]?.pkg])).toEqual([
    ['subscription', 'update', DEVICE, 'antivir-2.2'],
  ])
  expect(book.woken).toEqual([DEVICE])
  await catalogue.withdraw('antivir-2.2')
  expect(book.job()).toMatchObject({ state: 'cancelled', items: [{ text: 'antivir-2.2 was withdrawn' }] })
})

test('sc 56: a subscription counts what the catalogue has already, the newest of each component, once', async () => {
  const book = playbook()
  const { provider, catalogue } = book.jobs.areas
  book.add(antivir({ pkgId: 'antivir-2.0', version: '2.0', components: [{ id: 'com.msf.antivir', version: '2.0' }] }))
  book.add(antivir({ pkgId: 'game-1.0', components: [{ id: 'game', version: '1.0' }] }))
  const wish = { id: 's1', device: DEVICE, provider: 'MSF', components: ['com.msf.antivir'], newToo: true, confirm: 'none' } as const
  const made = (): unknown[] => book.jobs.engine.list('').map(({ op, items }) => [op, items[0]?.pkg])
  await provider.putSubscription(wish)
  expect(made()).toEqual([['install', 'antivir-2.1']])
  await provider.putSubscription(wish)
  run(book.session(), { ...EMPTY, ...INSTALLED, Exec: 1200 })
  expect(book.job().state).toBe('done')
  await provider.putSubscription(wish)
  expect(made().length).toBe(1)
  await provider.putSubscription({ ...wish, components: [] })
  expect(made()).toEqual([
    ['install', 'game-1.0'],
    ['install', 'antivir-2.1'],
  ])
  await catalogue.withdraw('game-1.0')
  expect(book.job().state).toBe('cancelled')
})

test('jobs for a group, a device type and a filter; wishes that contradict themselves are refused in words', async () => {
  const book = playbook()
  await book.jobs.areas.provider.putGroup({ name: 'all', devices: [DEVICE, 'IMEI:2', DEVICE] })
  const make = (wish: object): string[] =>
    book.jobs.engine.create({ type: 'scomo', op: 'deliver', pkg: 'antivir-2.1', ...wish }).jobs.map(({ device }) => device)
  expect(make({ group: 'all' })).toEqual([DEVICE, 'IMEI:2'])
  expect(make({ deviceType: { man: 'ACME', mod: 'X1' } })).toEqual([DEVICE])
  expect(make({ filter: 'man == "ACME" and mod startswith "X"' })).toEqual([DEVICE])
  expect(() => make({ filter: 'man == "Other"' })).toThrow('no known device fits')
  expect(() => make({ filter: 'man ==' })).toThrow(/expected/)
  expect(() => make({ group: 'none' })).toThrow('there is no group none')
  expect(() => make({})).toThrow('tell exactly one of device, group, deviceType and filter')
  expect(() => make({ device: DEVICE, type: 'fumo', op: 'remove' })).toThrow('FUMO knows no remove')
  expect(() => make({ device: DEVICE, op: 'exec', pkg: undefined })).toThrow('exec needs the target')
  make({ device: DEVICE, correlator: 'c1' })
  expect(() => make({ device: DEVICE, correlator: 'c1' })).toThrow(/the Correlator c1 was used/)
})

test('a list of jobs has an end: page by page every one comes once, newest first', async () => {
  const book = playbook()
  const devices = Array.from({ length: 2100 }, (_, i) => `IMEI:${String(i)}`)
  await book.jobs.areas.provider.putGroup({ name: 'many', devices })
  book.jobs.engine.create({ type: 'scomo', op: 'deliver', pkg: 'antivir-2.1', group: 'many' })
  const { jobs } = book.jobs.areas
  const pages = [await jobs.list('')]
  for (let last = pages[0]?.at(-1); last !== undefined && pages.length < 9; last = pages.at(-1)?.at(-1)) pages.push(await jobs.list('', last.id))
  expect(pages.map((page) => page.length)).toEqual([1000, 1000, 100, 0])
  expect(pages.flat().map(({ device }) => device)).toEqual(devices.toReversed())
  await expect(jobs.list('', 'job-none')).rejects.toThrow('there is no job job-none')
  expect(await jobs.list('IMEI:5', pages.flat().find(({ device }) => device === 'IMEI:5')?.id)).toEqual([])
})

function ended(book: Playbook, notify?: string): string {
  const job = book.create({ op: 'deliver', ...(notify === undefined ? {} : { notify }) })
  book.jobs.engine.cancel(job.id)
  return job.id
}

test('sc 41: each outcome is told to each hook once, signed, with the final code', async () => {
  const book = playbook()
  const { hook, secret } = await book.jobs.areas.provider.addHook('http://emi/hook')
  const id = ended(book, 'http://emi/mine')
  await book.clock.pass(10)
  expect(book.posted.map(({ url }) => url)).toEqual(['http://emi/hook', 'http://emi/mine'])
  const [first, second] = book.posted
  expect(JSON.parse(first?.body ?? '')).toMatchObject({ job: id, device: DEVICE, state: 'cancelled', resultCode: 0, objects: [], origin: 'emi' })
  expect(first?.headers['X-DMLab-Signature']).toBe(`sha256=${secret}+${String(first?.body.length)}`)
  expect([first?.headers['X-DMLab-Delivery'], second?.headers['X-DMLab-Signature']]).toEqual([`${id}.1`, undefined])
  expect(await book.jobs.areas.provider.hooks()).toMatchObject([{ id: hook.id, pending: 0, lastStatus: 200 }])
  expect(book.jobs.engine.detail(id).told).toMatchObject([{ url: 'http://emi/hook', httpStatus: 200, tries: 1, done: true }, { done: true }])
  await book.clock.pass(10_000_000)
  expect(book.posted.length).toBe(2)
})

test('sc 41: what nobody took is told again, ever more seldom, also after a restart, until it is taken', async () => {
  let book = playbook()
  await book.jobs.areas.provider.addHook('http://emi/hook')
  book.receiver = () => null
  const id = ended(book)
  await book.clock.pass(0)
  book.receiver = () => 503
  await book.clock.pass(999)
  expect(book.posted.length).toBe(1)
  await book.clock.pass(1)
  await book.clock.pass(5000)
  expect(book.posted.length).toBe(3)
  expect(book.jobs.engine.detail(id).told).toMatchObject([{ httpStatus: 503, tries: 3, done: false }])
  expect(await book.jobs.areas.provider.hooks()).toMatchObject([{ pending: 1 }])
  book = book.restart()
  book.jobs.start()
  await book.clock.pass(1)
  expect(book.posted.map(({ headers }) => headers['X-DMLab-Delivery'])).toEqual([`${id}.1`])
  expect(book.jobs.engine.detail(id).told).toMatchObject([{ done: true, tries: 4 }])
})

const VAULT: Vault = {
  why: 'the key is gone',
  seal: (text, place) => `${place.replace(/\W/g, '.')}|${[...text].reverse().join('')}`,
  open: (sealed, place) => (sealed.startsWith(place.replace(/\W/g, '.')) ? [...(sealed.split('|')[1] ?? '')].reverse().join('') : null),
}
const kept = (book: Playbook): string => JSON.stringify(book.docs.all(DOC.hook))

test('secrets of hooks are sealed where secrets can be; one that cannot be opened signs nothing, and its outcomes wait', async () => {
  let book = playbook()
  const { hook, secret } = await book.jobs.areas.provider.addHook('http://emi/hook')
  expect(kept(book)).toContain(secret)
  book = book.restart({ vault: VAULT })
  book.jobs.start()
  expect(kept(book)).not.toContain(secret)
  const { secret: second } = await book.jobs.areas.provider.addHook('http://emi/second')
  expect(kept(book)).not.toContain(second)
  ended(book)
  await book.clock.pass(10)
  const signature = (secretOf: string, body: string): string => `sha256=${secretOf}+${String(body.length)}`
  expect(book.posted.map(({ headers, body }) => [headers['X-DMLab-Signature'], body])).toEqual(
    book.posted.map(({ body }, i) => [signature([secret, second][i] ?? '', body), body]),
  )
  expect(book.posted.length).toBe(2)
  book = book.restart({ vault: { ...VAULT, open: () => null } })
  book.jobs.start()
  const id = ended(book)
  await book.clock.pass(10)
  expect(book.posted).toEqual([])
  expect(book.happened).toContain('emi.unreachable: http://emi/hook: its secret is sealed and cannot be opened: the key is gone; tried again')
  book = book.restart({ vault: VAULT })
  book.jobs.start()
  await book.clock.pass(10)
  expect(book.posted.map(({ headers }) => headers['X-DMLab-Delivery']).sort()).toEqual([`${id}.1`, `${id}.2`])
  expect(hook.url).toBe('http://emi/hook')
})

test('a hook may not be the lab itself; a dropped one hears nothing more', async () => {
  const book = playbook()
  await expect(book.jobs.areas.provider.addHook('http://own-port/')).rejects.toThrow('that is this lab itself')
  await expect(
    book.jobs.areas.jobs.create({ device: DEVICE, type: 'scomo', op: 'deliver', pkg: 'antivir-2.1', notify: 'http://own-port/' }),
  ).rejects.toThrow('that is this lab itself')
  const { hook } = await book.jobs.areas.provider.addHook('http://emi/hook')
  ended(book)
  await book.jobs.areas.provider.dropHook(hook.id)
  await book.clock.pass(10_000)
  expect(book.posted).toEqual([])
})

test('a package is known by what is said of it, else by its manifest, else by its file name; other bytes under its name are refused', async () => {
  const book = playbook()
  const { catalogue } = book.jobs.areas
  expect(await catalogue.add('maps-1.10.apk', new Uint8Array(5), {})).toMatchObject({
    pkgId: 'maps-1.10',
    version: '1.10',
    components: [{ id: 'maps' }],
    size: 5,
  })
  expect(await catalogue.add('x.bin', new Uint8Array(5), { pkgId: 'fw-9', kind: 'firmware', version: '9' })).toMatchObject({
    pkgId: 'fw-9',
    components: [],
  })
  await expect(catalogue.add('antivir-2.1.zip', new Uint8Array(1), {})).rejects.toThrow(/is in the catalogue with other bytes/)
  expect(['a-1.0.zip', 'b_v2.3-rc1.bin', 'c'].map(nameAndVersion)).toEqual([{ name: 'a', version: '1.0' }, { name: 'b', version: '2.3-rc1' }, null])
})

test('versions are ordered as numbers and words; times of start records are read to the millisecond', () => {
  const sorted = ['1.10', '1.9', '2.0', '1.0-rc1', '1.0', '2'].sort(compareVersions)
  expect(sorted).toEqual(['1.0-rc1', '1.0', '1.9', '1.10', '2.0', '2'])
  expect(compareVersions('2.0', '2')).toBe(0)
  for (const ms of [0, 951_782_400_000, 1_709_251_199_999, 4_102_444_800_123]) expect(startTime(`x ${new Date(ms).toISOString()}`)).toBeCloseTo(ms, 3)
})

test('sets and devices with nothing in common cost no question', async () => {
  const book = playbook()
  await book.jobs.areas.provider.putSet({ ...SET, mod: 'Y1' })
  expect(book.session().say(EMPTY)).toEqual([])
  book.add(antivir({ pkgId: 'antivir-2.2', version: '2.2' }))
  expect(await book.jobs.areas.provider.sets()).toMatchObject([{ mod: 'Y1' }])
})

test('a device that was called and does not come is called once more, and not after it came', async () => {
  const book = playbook()
  book.create({ op: 'deliver' })
  await book.clock.pass(29_999)
  expect(book.woken.length).toBe(1)
  await book.clock.pass(1)
  expect(book.woken.length).toBe(2)
  const session = book.session()
  session.say(EMPTY)
  await book.clock.pass(400_000)
  expect(book.woken.length).toBe(2)
})
