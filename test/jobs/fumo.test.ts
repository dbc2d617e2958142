// FUMO jobs command by command, and a device's own requests for software and firmware.
import { expect, test } from 'vitest'
import type { PackageRow } from '../../core/api.ts'
import { DOC } from '../../core/jobs/types.ts'
import { antivir, complete, DEVICE, EMPTY, playbook } from './playbook.ts'
import type { Answers, Play, Playbook } from './playbook.ts'

const X = './FwUpdate/Main'
const FIRMWARE: PackageRow = antivir({ pkgId: 'fw-3.2', kind: 'firmware', name: 'fw', version: '3.2', components: [] })
const TREE: Answers = {
  'Get .': ['node', 'DevInfo/FwUpdate'],
  'Get ./FwUpdate': ['node', 'Main'],
  'Get ./FwUpdate/Main?prop=Type': 'urn:oma:mo:oma-fumo:1.0',
  [`Get ${X}`]: ['node', 'Download/Update/DownloadAndUpdate/State'],
  [`Get ${X}/State`]: '10',
  'Get ./DevDetail/FwV': '3.1',
  'Get ./DevDetail/LrgObj': 'true',
}

function started(wish: Parameters<Playbook['create']>[0], tree: Answers = TREE): { book: Playbook; id: string; session: Play; first: string[] } {
  const book = playbook()
  book.add(FIRMWARE)
  const { id } = book.create({ type: 'fumo', op: 'update', pkg: 'fw-3.2', ...wish })
  const session = book.session()
  let first: string[] = []
  while (!session.sent.includes(`Get ${X}/PkgVersion`) || first.every((each) => each.startsWith('Get'))) {
    first = session.say(tree)
    if (first.length === 0) break
  }
  return { book, id, session, first }
}

const fumoAlert = (primitive: string, code: string, correlator: string, source = X, format = 'int'): Parameters<Play['alert']>[0] => ({
  correlator,
  items: [{ source, type: `org.openmobilealliance.dm.firmwareupdate.${primitive}`, format, data: code }],
})

test('flow 11.3: Replace and Exec DownloadAndUpdate in one message, one alert at the end', () => {
  const { book, id, session, first } = started({})
  expect(first).toEqual([`Replace ${X}/DownloadAndUpdate/PkgURL "http://lab/dl/fw-3.2.dd"`, `Exec ${X}/DownloadAndUpdate #${id}`])
  session.say({ Exec: 202 })
  book.session().alert(fumoAlert('downloadandupdate', '200', id))
  expect(book.job()).toMatchObject({ state: 'done', resultCode: 200 })
})

test('a root that no Type names is known by its children, and it is said so', () => {
  const bare: Answers = {
    ...TREE,
    'Get .': ['node', 'DevInfo/FUMO/Vendor'],
    'Get ./FUMO?prop=Type': ['node', ''],
    'Get ./Vendor?prop=Type': ['node', 'urn:example'],
    'Get ./FUMO': ['node', 'DownloadAndUpdate/Download/Update/State'],
    'Get ./Vendor': ['node', 'DownloadAndUpdate'],
    'Get ./FUMO/State': '10',
  }
  const book = playbook()
  book.add(FIRMWARE)
  const { id } = book.create({ type: 'fumo', op: 'update', pkg: 'fw-3.2' })
  const session = book.session()
  while (session.say(bare).length > 0) expect(session.sent.length).toBeLessThan(30)
  expect(session.sent).toContain('Replace ./FUMO/DownloadAndUpdate/PkgURL "http://lab/dl/fw-3.2.dd"')
  expect(session.sent.at(-1)).toBe(`Exec ./FUMO/DownloadAndUpdate #${id}`)
  expect(session.sent).not.toContain('Get ./Vendor/DownloadAndUpdate')
  expect(book.jobs.engine.detail(id).log.map(({ text }) => text)).toContain('FUMO is at ./FUMO by its children (INFERRED: no Type names it)')
})

test('fu 27: without DownloadAndUpdate the Update is ordered only after the download was reported', () => {
  const { book, id, session, first } = started({}, { ...TREE, [`Get ${X}`]: ['node', 'Download/Update/State'] })
  expect(first).toEqual([`Replace ${X}/Download/PkgURL "http://lab/dl/fw-3.2.dd"`, `Exec ${X}/Download #${id}-get`])
  expect(session.say({ Exec: 202 })).toEqual([])
  const report = book.session()
  report.alert(fumoAlert('download', '200', `${id}-get`))
  expect(report.say()).toEqual([`Exec ${X}/Update #${id}`])
})

test('fu 26, fu 27: by large object PkgURL is never set, and the Update follows the Status of the last chunk', () => {
  const { session, first, id } = started({ mechanism: 'dm-large' })
  expect(first).toEqual([`Replace ${X}/Update/PkgData bin <150000 octets>`])
  expect(session.say()).toEqual([`Exec ${X}/Update #${id}`])
  expect(session.sent.some((line) => line.includes('PkgURL'))).toBe(false)
})

test('a package that waits in state 50 is updated, not fetched once more', () => {
  const { first, id } = started({}, { ...TREE, [`Get ${X}/State`]: '50', [`Get ${X}/PkgName`]: 'fw', [`Get ${X}/PkgVersion`]: '3.2' })
  expect(first).toEqual([`Exec ${X}/Update #${id}`])
})

test.each([
  [X, 'int', ''],
  [`${X}/DownloadAndUpdate`, 'chr', ''],
  [X, 'chr', 'Reversed-Domain-Name: '],
])('fu 23: the alert is known with Source %s, Format %s, prefix "%s"', (source, format, prefix) => {
  const { book, session } = started({})
  session.say({ Exec: 202 })
  const alert = fumoAlert('downloadandupdate', ' 410 ', '', source, format)
  const items = alert.items.map((item) => ({ ...item, type: `${prefix}${item.type ?? ''}` }))
  expect(book.session().alert({ ...alert, items })).toBe(200)
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 410 })
})

test('fu 24: Status 200 for the Exec is no end: the alert is awaited', () => {
  const { book, id, session } = started({})
  session.say({ Exec: 200 })
  expect(book.job().state).toBe('accepted')
  book.session().alert(fumoAlert('downloadandupdate', '602', id))
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 602 })
})

test('fu 25: an unknown State after a lost session counts as work going on', () => {
  const { book, session } = started({})
  session.end('aborted')
  const next = book.session()
  next.say()
  next.say({ [`Get ${X}/State`]: '250', 'Get ./DevDetail/FwV': '3.1' })
  expect(book.job().state).toBe('accepted')
})

test('fu 28: no alert within the time: the job ends unknown, and says lost', async () => {
  const { book, session } = started({ limitMs: 5000 })
  session.say({ Exec: 202 })
  await book.clock.pass(5001)
  expect(book.job()).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/^lost:/) })
})

test('firmware that is on the device already is not needed', () => {
  const { book } = started({}, { ...TREE, 'Get ./DevDetail/FwV': '3.2' })
  expect(book.job()).toMatchObject({ state: 'not_needed', resultCode: 200 })
})

// -- requests of the device

const request = (by: string, body: string, source = './SCOMO'): Parameters<Play['alert']>[0] => ({
  items: [{ source, type: `urn:oma:at:scomo:1.0:${by}Request`, format: 'xml', data: body === '' ? '' : `<ScomoRequest>${body}</ScomoRequest>` }],
})

/** A device whose object is known from an earlier job. */
function known(): Playbook {
  const book = playbook()
  book.docs.put(DOC.memory, DEVICE, { roots: { scomo: './SCOMO', fumo: X }, noList: false, deactive: false, used: {} })
  return book
}

test('sc 42: a request is answered 200 and its commands follow in the same message; origin device', () => {
  const book = known()
  const session = book.session()
  expect(session.alert(request('User', '<Operation>Install</Operation><PkgID>antivir-2.1</PkgID>'))).toBe(200)
  expect(session.say().at(-1)).toMatch(/^Exec .\/SCOMO\/Download\/antivir21\/Operations\/DownloadInstall #/)
  expect(book.job()).toMatchObject({ origin: 'device', op: 'install' })
})

test('sc 42: 202 where nothing suits, 415 where nobody knows the type or the operation', () => {
  const session = known().session()
  expect(session.alert(request('User', '<Operation>Install</Operation><PkgID>nothing</PkgID>'))).toBe(202)
  expect(session.alert(request('User', '<Operation>Dance</Operation>'))).toBe(415)
  expect(session.alert({ items: [{ type: 'urn:oma:at:scomo:1.0:Other' }] })).toBe(415)
  expect(session.alert({ items: [{ type: 'com.example.weather' }] })).toBeUndefined()
  expect(session.say(EMPTY)).toEqual([])
})

test('a device that asks for an update has not asked its user: Alert 1101 first; a newer version only', () => {
  const book = known()
  const session = book.session()
  const update = (version: string): Parameters<Play['alert']>[0] =>
    request(
      'Device',
      `<Operation>Update</Operation><ID>com.msf.antivir</ID><Version>${version}</Version>`,
      './SCOMO/Inventory/Deployed/com.msf.antivir',
    )
  expect(session.alert(update('2.1'))).toBe(202)
  expect(session.alert(update('2.0'))).toBe(200)
  expect(session.say()).toEqual(['Alert 1101 "MINDT=10&MAXDT=60" "Upgrade \\"AntiVir\\" to 2.1?"'])
})

test('a request to deactivate goes to the node it names', () => {
  const session = known().session()
  const uri = './SCOMO/Inventory/Deployed/com.msf.antivir'
  expect(session.alert(request('User', '<Operation>Deactivate</Operation><ID>com.msf.antivir</ID>', uri))).toBe(200)
  expect(session.say()).toEqual([expect.stringMatching(`^Exec ${uri}/Operations/Deactivate #`)])
})

test('fu 22: a request for firmware is answered 200 where an update follows, 202 where none is known', () => {
  const book = known()
  const wish = { items: [{ type: 'org.openmobilealliance.dm.firmwareupdate.userrequest', format: 'chr', data: '' }] }
  expect(book.session().alert(wish)).toBe(202)
  book.add(FIRMWARE)
  const session = book.session()
  expect(session.alert(wish)).toBe(200)
  session.say(TREE)
  expect(session.say(TREE)[0]).toBe(`Replace ${X}/DownloadAndUpdate/PkgURL "http://lab/dl/fw-3.2.dd"`)
})

test('a repeated request of the same device makes no second job', () => {
  const book = known()
  const ask = request('User', '<Operation>Install</Operation><PkgID>antivir-2.1</PkgID>')
  expect([book.session().alert(ask), book.session().alert(ask)]).toEqual([200, 200])
  expect(book.jobs.engine.list('').length).toBe(1)
})

test('a late alert of a job that ended is taken and written down', () => {
  const book = known()
  const job = book.create({ op: 'deliver', inventory: false })
  const session = book.session()
  session.say()
  session.say({ Exec: 1402 })
  expect(book.session().alert(complete(job.id, 1200, './SCOMO/Download/antivir21/Operations/Download'))).toBe(200)
  const detail = book.jobs.engine.detail(job.id)
  expect([detail.job.state, detail.log.at(-1)?.text]).toEqual(['failed', `a late alert for ${job.id}: result 1200; the job had ended`])
})
