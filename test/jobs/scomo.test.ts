// SCOMO jobs command by command: what the server sends in each case, and what the infrastructure is told.
import { expect, test } from 'vitest'
import { antivir, complete, DEVICE, EMPTY, INSTALLED, playbook } from './playbook.ts'
import type { Answers, Play, Playbook } from './playbook.ts'

const X = './SCOMO/Download/antivir21'
const SURVEY = [
  'Get ./DevDetail/FwV',
  'Get ./DevDetail/SwV',
  'Get ./DevDetail/HwV',
  'Get ./DevDetail/LrgObj',
  'Get ./SCOMO/Inventory?list=StructData',
  'Get ./SCOMO/Download',
]
const FETCH = [`Add ${X} node`, `Add ${X}/PkgID "antivir-2.1"`, `Add ${X}/PkgURL "http://lab/dl/antivir-2.1.dd"`]

test('sc 33: the root is found by its Type property and remembered', () => {
  const book = playbook()
  const job = book.create({ op: 'deliver' })
  const session = book.session()
  const answers = {
    ...EMPTY,
    'Get .': ['node', 'DevInfo/SCOMO/Apps'] as const,
    'Get ./SCOMO?prop=Type': 'urn:other',
    'Get ./Apps?prop=Type': 'urn:oma:mo:oma-scomo:1.1',
  }
  expect(session.say(answers)).toEqual(['Get .'])
  expect(session.say(answers)).toEqual(['Get ./SCOMO?prop=Type', 'Get ./Apps?prop=Type'])
  expect(session.say(answers)).toContain('Get ./Apps/Inventory?list=StructData')
  session.end()
  book.jobs.engine.cancel(job.id)
  book.create({ op: 'deliver' })
  expect(book.session().say()).toContain('Get ./Apps/Inventory?list=StructData')
})

test('flow 5.4.2: Adds and the Exec in one message, the alert ends the job in another session', async () => {
  const book = playbook()
  const job = book.create({ op: 'deliver' })
  let session = book.session()
  for (const expected of [['Get .'], ['Get ./SCOMO?prop=Type'], SURVEY]) expect(session.say(EMPTY)).toEqual(expected)
  expect(session.say(EMPTY)).toEqual([...FETCH, `Exec ${X}/Operations/Download #${job.id}`])
  expect(session.say({ Exec: 202 })).toEqual([])
  expect(book.job()).toMatchObject({ state: 'accepted', items: [{ state: 'accepted', mechanism: 'dlota1' }] })
  session.end()
  session = book.session()
  const delivered = './SCOMO/Inventory/Delivered/antivir21'
  expect(session.alert(complete(job.id, 1200, `${X}/Operations/Download`, delivered))).toBe(200)
  expect(session.say()).toEqual([])
  expect(book.job()).toMatchObject({ state: 'done', resultCode: 1200, items: [{ objects: [delivered], resultCode: 1200 }] })
  expect(book.happened.filter((text) => /^(emi|server|job.moved)/.test(text))).toEqual([
    'emi.request: deliver antivir-2.1',
    `job.moved: ${job.id} is queued`,
    `job.moved: ${job.id} is running`,
    'server.chooses: antivir-2.1',
    'server.mechanism: antivir-2.1 travels by dlota1',
    `job.moved: ${job.id} is accepted`,
    `job.moved: ${job.id} is done`,
  ])
})

test('an installation is read before anybody is told', () => {
  const book = playbook()
  const job = book.create({ inventory: false })
  const session = book.session()
  session.say(EMPTY)
  session.say(EMPTY)
  expect(session.say(EMPTY)).toEqual([...FETCH, `Exec ${X}/Operations/DownloadInstall #${job.id}`])
  session.say({ Exec: 202 })
  const report = book.session()
  report.alert(complete(job.id, 1200, `${X}/Operations/DownloadInstall`))
  const y = './SCOMO/Inventory/Deployed/com.msf.antivir'
  expect(report.say()).toEqual([`Get ${y}/ID`, `Get ${y}/Version`, `Get ${y}/State`, `Get ${y}/Ext/LastStart`])
  expect(report.say(INSTALLED)).toEqual([])
  expect(book.job()).toMatchObject({ state: 'done', items: [{ executed: 'unknown', objects: [y] }] })
})

/** A book whose survey is done: the next `say` brings the first commands of the job itself. */
function surveyed(book: Playbook, answers: Answers = EMPTY): Play {
  const session = book.session()
  while (session.sent.every((each) => !each.startsWith('Get ./SCOMO/Download'))) session.say(answers)
  return session
}

const Z = './SCOMO/Inventory/Delivered/antivir21'
const Y = './SCOMO/Inventory/Deployed/com.msf.antivir'
const HAS20: Answers = {
  ...EMPTY,
  'Get ./SCOMO/Inventory?list=StructData': {
    './SCOMO/Inventory/Delivered/antivir20/PkgID': 'antivir-2.0',
    './SCOMO/Inventory/Delivered/antivir20/State': '20',
    './SCOMO/Inventory/Delivered/antivir20/Status': '10',
    [`${Y}/ID`]: 'com.msf.antivir',
    [`${Y}/Version`]: '2.0',
    [`${Y}/State`]: '20',
    [`${Y}/PkgIDRef`]: 'antivir-2.0',
  },
}

test.each([
  [200, 'done', 1200],
  [1200, 'done', 1200],
  [1250, 'done', 1250],
  [1405, 'failed', 1405],
  [1501, 'failed', 1501],
  [425, 'failed', 1400],
  [420, 'failed', 1404],
  [500, 'failed', 1402],
  [406, 'failed', 1411],
])('sc 34: Exec answered %i ends the job %s with %i', (status, state, code) => {
  const book = playbook()
  book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: status })
  expect(book.job()).toMatchObject({ state, items: [{ resultCode: code }] })
})

test.each([
  ['urn:oma:at:scomo:1.0:OperationComplete', 'xml'],
  ['Reversed-Domain-Name: urn:oma:at:scomo:1.0:OperationComplete', 'chr'],
  [' org.openmobilealliance.dm.softwarecomponent.OperationComplete ', 'text/plain'],
  ['urn:oma:at:scomo:1.0:OperationComplete', 'text/xml'],
])('sc 35, sc 36: the alert is known as %s in format %s', (type, format) => {
  const book = playbook()
  const job = book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: 202 })
  const data = '<Identifier>x</Identifier>\n<ResultCode> 1402 </ResultCode>'
  expect(book.session().alert({ correlator: job.id, items: [{ type, format, data, source: `${X}/Operations/Download` }] })).toBe(200)
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 1402 })
})

test('sc 37: an alert without Correlator is matched by Source; one with a foreign Correlator is nobody’s', () => {
  const book = playbook()
  book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: 202 })
  book.session().alert(complete('of somebody else', 1200, `${X}/Operations/Download`, Z))
  expect(book.job().state).toBe('accepted')
  book.session().alert(complete('', 1200, `${X}/Operations/DownloadInstall`, Z))
  expect(book.job().state).toBe('accepted')
  book.session().alert(complete('', 1200, `${X}/Operations/Download`, Z))
  expect(book.job().state).toBe('done')
})

const DIRECT = [
  `Add ${Z} node`,
  `Add ${Z}/PkgID "antivir-2.1"`,
  `Add ${Z}/Name "AntiVir"`,
  `Add ${Z}/PkgType "application/octet-stream"`,
  `Add ${Z}/Data bin`,
]

test('sc 47: direct delivery Adds the nodes and Replaces Data in the same message; 418 goes on', () => {
  const book = playbook()
  book.create({ op: 'deliver', mechanism: 'dm-large' })
  const session = surveyed(book)
  expect(session.say(EMPTY)).toEqual([...DIRECT, `Replace ${Z}/Data bin <150000 octets>`])
  expect(session.say({ [`Add ${Z}/Data`]: 418 })).toEqual([])
  expect(book.job()).toMatchObject({ state: 'done', resultCode: 1200, items: [{ mechanism: 'dm-large', objects: [Z] }] })
})

test.each([
  ['LrgObj is not true', { 'Get ./DevDetail/LrgObj': 'false' }, { maxObjSize: undefined, encoding: 'xml' }, 'dlota1'],
  ['MaxObjSize is too small for base64 text', {}, { maxObjSize: 199_999, encoding: 'xml' }, 'dlota1'],
  ['MaxObjSize takes base64 text', {}, { maxObjSize: 200_000, encoding: 'xml' }, 'dm-large'],
  ['MaxObjSize takes octets in WBXML', {}, { maxObjSize: 150_000, encoding: 'wbxml' }, 'dm-large'],
] as const)('sc 38: %s: %s', (_why, answers, peer, mechanism) => {
  const book = playbook()
  book.create({ op: 'deliver', mechanism: 'dm-large' })
  const session = book.session({ peer })
  for (let i = 0; i < 4; i++) session.say({ ...EMPTY, ...answers })
  expect(book.job().items[0]?.mechanism).toBe(mechanism)
})

test('sc 39: a device without ?list= is read with plain Gets, and remembered', () => {
  const book = playbook()
  book.create({ op: 'deliver' })
  const session = book.session()
  const plain: Answers = {
    ...EMPTY,
    'Get ./SCOMO/Inventory?list=StructData': 406,
    'Get ./SCOMO/Inventory/Delivered': ['node', ''],
    'Get ./SCOMO/Inventory/Deployed': ['node', 'com.msf.antivir'],
    [`Get ${Y}/ID`]: 'com.msf.antivir',
    [`Get ${Y}/Version`]: '2.1',
    [`Get ${Y}/State`]: '20',
  }
  for (let i = 0; i < 3; i++) session.say(plain)
  expect(session.say(plain)).toEqual(['Get ./SCOMO/Inventory/Delivered', 'Get ./SCOMO/Inventory/Deployed'])
  expect(session.say(plain)).toEqual([`Get ${Y}/ID`, `Get ${Y}/Version`, `Get ${Y}/State`, `Get ${Y}/PkgIDRef`])
  session.say(plain)
  expect(book.job()).toMatchObject({ state: 'not_needed', items: [{ text: 'com.msf.antivir 2.1 is installed' }] })
  book.create({ op: 'deliver' })
  expect(book.session().say(plain)).not.toContain('Get ./SCOMO/Inventory?list=StructData')
})

test('sc 40: 418 on an Add becomes a Replace, 404 on a Replace an Add', () => {
  const book = playbook()
  book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  expect(session.say({ Add: 418, Exec: 404 })).toEqual([`Replace ${X}/PkgID "antivir-2.1"`, `Replace ${X}/PkgURL "http://lab/dl/antivir-2.1.dd"`])
  const there: Answers = { ...EMPTY, 'Get ./SCOMO/Download': ['node', 'antivir21'] }
  const other = playbook()
  const job = other.create({ op: 'deliver' })
  const reused = surveyed(other, there)
  expect(reused.say(there)).toEqual([`Replace ${X}/PkgID "antivir-2.1"`, `Replace ${X}/PkgURL "http://lab/dl/antivir-2.1.dd"`])
  expect(reused.say({ Replace: 404 })).toEqual([`Add ${X}/PkgID "antivir-2.1"`, `Add ${X}/PkgURL "http://lab/dl/antivir-2.1.dd"`])
  expect(reused.say()).toEqual([`Exec ${X}/Operations/Download #${job.id}`])
})

test('sc 48: 404 on the Exec: listed, Operations and primitive added, repeated once with the same Correlator; else 1411', () => {
  const book = playbook()
  const job = book.create({ op: 'deliver' })
  const exec = `Exec ${X}/Operations/Download #${job.id}`
  const session = surveyed(book)
  session.say(EMPTY)
  expect(session.say({ Exec: 404 })).toEqual([`Get ${X}`])
  expect(session.say({ [`Get ${X}`]: ['node', 'PkgID/PkgURL'] })).toEqual([`Add ${X}/Operations node`, `Add ${X}/Operations/Download null`])
  expect(session.say({ [`Add ${X}/Operations node`]: 418 })).toEqual([exec])
  expect(session.say({ Exec: 404 })).toEqual([])
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 1411 })
})

test('sc 48: an Add that is refused ends the job with 1411', () => {
  const book = playbook()
  book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: 404 })
  session.say({ [`Get ${X}`]: ['node', 'PkgID/Operations'] })
  expect(session.sent.at(-1)).toBe(`Get ${X}/Operations`)
  expect(session.say({ [`Get ${X}/Operations`]: ['node', ''] })).toEqual([`Add ${X}/Operations/Download null`])
  session.say({ Add: 405 })
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 1411 })
})

test('a device that spells it Deactive is understood', () => {
  const book = playbook()
  const job = book.create({ op: 'deactivate', component: 'com.msf.antivir' })
  const session = surveyed(book, HAS20)
  expect(session.say(HAS20)).toEqual([`Exec ${Y}/Operations/Deactivate #${job.id}`])
  session.say({ Exec: 404 })
  session.say({ [`Get ${Y}`]: ['node', 'ID/Operations'] })
  expect(session.say({ [`Get ${Y}/Operations`]: ['node', 'Activate/Deactive/Remove'] })).toEqual([`Exec ${Y}/Operations/Deactive #${job.id}`])
  session.say({ Exec: 1200 })
  session.say({ [`Get ${Y}/State`]: '10', [`Get ${Y}/Version`]: '2.0', [`Get ${Y}/ID`]: 'com.msf.antivir' })
  expect(book.job()).toMatchObject({ state: 'done', resultCode: 1200 })
})

test('403: what the device is at work on waits for another session; what its state forbids fails', () => {
  for (const [status, state] of [
    ['30', 'waiting'],
    ['10', 'failed'],
  ] as const) {
    const book = playbook()
    const job = book.create({ op: 'deliver' })
    const session = surveyed(book)
    session.say(EMPTY)
    expect(session.say({ Exec: 403 })).toContain(`Get ${X}/Status`)
    expect(session.say({ [`Get ${X}/Status`]: status })).toEqual([])
    expect(book.job().state).toBe(state)
    if (state === 'waiting') expect(book.session().say()).toEqual([`Exec ${X}/Operations/Download #${job.id}`])
  }
})

test.each([
  [304, 'refused', 1401],
  [214, 'refused', 1401],
  [408, 'refused', 1401],
  [406, 'failed', 1411],
])('sc 43: Alert 1101 answered %i: nothing more is sent, the job ends %s', (status, state, code) => {
  const book = playbook()
  book.create({ confirm: 'user' })
  const session = surveyed(book)
  expect(session.say(EMPTY)).toEqual(['Alert 1101 "MINDT=10&MAXDT=60" "Install \\"AntiVir 2.1\\"?"'])
  expect(session.say({ Alert: status })).toEqual([])
  expect(book.job()).toMatchObject({ state, resultCode: code })
})

test('sc 43, sc 57: after a yes the Adds and the Exec go out; with confirm=device the Exec goes at once', () => {
  const book = playbook()
  const job = book.create({ confirm: 'user' })
  const session = surveyed(book)
  session.say(EMPTY)
  expect(session.say({ Alert: 200 })).toEqual([...FETCH, `Exec ${X}/Operations/DownloadInstall #${job.id}`])
  const other = playbook()
  const asked = other.create({ confirm: 'device' })
  const direct = surveyed(other)
  expect(direct.say(EMPTY)).toContain(`Exec ${X}/Operations/DownloadInstall #${asked.id}`)
  direct.say({ Exec: 202 })
  other.session().alert(complete(asked.id, 1401, `${X}/Operations/DownloadInstall`, X))
  expect(other.job()).toMatchObject({ state: 'refused', resultCode: 1401 })
})

test('sc 44: a Delivered node with Status 70, or none at all, hinders nothing', () => {
  for (const extra of [{ [`${Z}/PkgID`]: 'antivir-2.1', [`${Z}/State`]: '10', [`${Z}/Status`]: '70' }, {}]) {
    const book = playbook()
    const job = book.create({})
    const answers: Answers = { ...EMPTY, 'Get ./SCOMO/Inventory?list=StructData': extra }
    const session = surveyed(book, answers)
    expect(session.say(answers)).toContain(`Exec ${X}/Operations/DownloadInstall #${job.id}`)
  }
})

test('a package that lies on the device is installed from there', () => {
  const book = playbook()
  const job = book.create({})
  const answers: Answers = {
    ...EMPTY,
    'Get ./SCOMO/Inventory?list=StructData': { [`${Z}/PkgID`]: 'antivir-2.1', [`${Z}/State`]: '10', [`${Z}/Status`]: '10' },
  }
  const session = surveyed(book, answers)
  expect(session.say(answers)).toEqual([`Exec ${Z}/Operations/Install #${job.id}`])
})

test('sc 52: after a lost session the state is read; a foreign device is never given the Exec again', async () => {
  const book = playbook()
  book.create({ limitMs: 60_000 })
  const session = surveyed(book)
  session.say(EMPTY)
  session.end('aborted')
  expect(book.job()).toMatchObject({ state: 'waiting' })
  const next = book.session()
  expect(next.say()).toEqual([`Get ${X}/Status`])
  expect(next.say({ [`Get ${X}/Status`]: '10' })).toEqual(['Get ./SCOMO/Inventory/Deployed'])
  expect(next.say({ 'Get ./SCOMO/Inventory/Deployed': ['node', ''] })).toEqual([])
  expect(book.job()).toMatchObject({ state: 'waiting', reason: 'the outcome of the order is not known' })
  await book.clock.pass(60_001)
  expect(book.job()).toMatchObject({ state: 'unknown' })
  expect([session, next].flatMap(({ sent }) => sent).filter((each) => each.startsWith('Exec')).length).toBe(1)
})

test.each([
  ['30', 'accepted', 0],
  ['50', 'accepted', 0],
  ['20', 'failed', 1402],
  ['60', 'failed', 1405],
  ['70', 'failed', 1405],
])('sc 52: Status %s after a lost session: %s', (status, state, code) => {
  const book = playbook()
  book.create({})
  const session = surveyed(book)
  session.say(EMPTY)
  session.end('aborted')
  const next = book.session()
  next.say()
  next.say({ [`Get ${X}/Status`]: status })
  expect(book.job()).toMatchObject({ state, items: [{ resultCode: code }] })
})

test('sc 52: an effect that is there ends the job well; an alert does so too', () => {
  const book = playbook()
  book.create({})
  const session = surveyed(book)
  session.say(EMPTY)
  session.end('aborted')
  const next = book.session()
  next.say()
  for (let i = 0; i < 5; i++) next.say({ ...INSTALLED, [`Get ${X}/Status`]: '10' })
  expect(book.job()).toMatchObject({ state: 'done' })
  const other = playbook()
  const job = other.create({ op: 'deliver' })
  const lost = surveyed(other)
  lost.say(EMPTY)
  lost.end('aborted')
  other.session().alert(complete(job.id, 1200, `${X}/Operations/Download`, Z))
  expect(other.job().state).toBe('done')
})

test('an own device gets the same Exec with the same Correlator once more: it performs no order twice', () => {
  const book = playbook({ simulated: true })
  const job = book.create({})
  const session = surveyed(book)
  session.say(EMPTY)
  session.end('aborted')
  const next = book.session()
  next.say()
  next.say({ [`Get ${X}/Status`]: 404 })
  expect(next.say({ 'Get ./SCOMO/Inventory/Deployed': ['node', ''] })).toEqual([...FETCH, `Exec ${X}/Operations/DownloadInstall #${job.id}`])
})

test('sc 52: retryUnknown orders an operation anew under another Correlator when the time is over', async () => {
  const book = playbook()
  const job = book.create({ op: 'activate', component: 'com.msf.antivir', limitMs: 60_000, retryUnknown: true })
  const inactive: Answers = { ...HAS20, 'Get ./SCOMO/Inventory?list=StructData': { [`${Y}/ID`]: 'com.msf.antivir', [`${Y}/State`]: '10' } }
  const session = surveyed(book, inactive)
  session.say(inactive)
  session.end('aborted')
  const next = book.session()
  next.say()
  next.say({ [`Get ${Y}`]: ['node', 'ID'], [`Get ${Y}/State`]: '10', [`Get ${Y}/Status`]: '10' })
  expect(book.job().state).toBe('waiting')
  next.end()
  await book.clock.pass(60_001)
  expect(book.session().say()).toEqual([`Exec ${Y}/Operations/Activate #${job.id}-again`])
})

const UPDATED: Answers = { ...INSTALLED, [`Get ${Y}/Ext/LastStart`]: 'com.msf.antivir 2.1 1970-01-01T00:20:00Z install' }

test('sc 53, sc 54: U1 replaces in place, is proved by its start record, and clears the old package away', () => {
  const book = playbook()
  const job = book.create({ op: 'update' })
  const session = surveyed(book, HAS20)
  expect(session.say(HAS20)).toEqual([...FETCH, `Exec ${X}/Operations/DownloadInstall #${job.id}`])
  session.say({ Exec: 202 })
  const report = book.session()
  report.alert(complete(job.id, 1200, `${X}/Operations/DownloadInstall`))
  report.say()
  expect(report.say(UPDATED)).toEqual([`Exec ./SCOMO/Inventory/Delivered/antivir20/Operations/Remove #${job.id}-old`])
  report.say({ Exec: 404 })
  expect(book.job()).toMatchObject({ state: 'done', resultCode: 1200, items: [{ executed: true }] })
})

test('sc 54: a start record older than the Exec proves nothing', () => {
  const book = playbook()
  const job = book.create({ op: 'update' })
  const session = surveyed(book, HAS20)
  session.say(HAS20)
  session.say({ Exec: 202 })
  const report = book.session()
  report.alert(complete(job.id, 1200, `${X}/Operations/DownloadInstall`))
  report.say()
  report.say({ ...INSTALLED, [`Get ${Y}/Ext/LastStart`]: 'com.msf.antivir 2.1 1970-01-01T00:10:00Z install' })
  expect(book.job().items[0]?.executed).toBe(false)
})

test('sc 53: U2 delivers first and installs over the old version; U3 removes it first and has a way back', () => {
  const two = playbook()
  const second = two.create({ op: 'update', updateWay: 'U2' })
  const session = surveyed(two, HAS20)
  expect(session.say(HAS20).at(-1)).toBe(`Exec ${X}/Operations/Download #${second.id}-get`)
  session.say({ Exec: 202 })
  const report = two.session()
  report.alert(complete(`${second.id}-get`, 1200, `${X}/Operations/Download`, `${Z}_1`))
  expect(report.say()).toEqual([`Exec ${Z}_1/Operations/Install #${second.id}`])
  const three = playbook()
  const job = three.create({ op: 'update', updateWay: 'U3' })
  const third = surveyed(three, HAS20)
  third.say(HAS20)
  expect(third.say({ Exec: 1200 })).toEqual([`Exec ${Y}/Operations/Remove #${job.id}-out`])
  expect(third.say({ Exec: 1200 })).toEqual([`Exec ${Z}/Operations/Install #${job.id}`])
  expect(third.say({ Exec: 1405 })).toEqual([`Exec ./SCOMO/Inventory/Delivered/antivir20/Operations/Install #${job.id}-back`])
  third.say({ Exec: 1200 })
  expect(three.job()).toMatchObject({ state: 'failed', resultCode: 1405, items: [{ text: 'install failed; the way back worked' }] })
})

test('sc 55: two items, one fails: partial, each with its own Correlator and result', () => {
  const book = playbook()
  book.add(antivir({ pkgId: 'sigdb-88', name: 'sigdb', version: '88', components: [{ id: 'com.msf.sigdb', version: '88' }] }))
  const [job] = book.jobs.engine.create({
    device: DEVICE,
    type: 'scomo',
    op: 'deliver',
    items: [{ pkg: 'antivir-2.1' }, { pkg: 'sigdb-88' }],
    correlator: 'job-9101',
  }).jobs
  const session = surveyed(book)
  expect(session.say(EMPTY).filter((each) => each.startsWith('Exec'))).toEqual([
    `Exec ${X}/Operations/Download #job-9101.1`,
    'Exec ./SCOMO/Download/sigdb88/Operations/Download #job-9101.2',
  ])
  session.say({ Exec: 202 })
  const report = book.session()
  report.alert(complete('job-9101.2', 1404, './SCOMO/Download/sigdb88/Operations/Download'))
  expect(book.job().state).toBe('accepted')
  report.alert(complete('job-9101.1', 1200, `${X}/Operations/Download`, Z))
  expect(book.jobs.engine.detail(job?.id ?? '').job).toMatchObject({
    state: 'partial',
    resultCode: 1404,
    items: [{ state: 'done' }, { state: 'failed', resultCode: 1404 }],
  })
})

test('sc 55: with stopOnError what comes behind a failure is not begun', () => {
  const book = playbook()
  book.add(antivir({ pkgId: 'sigdb-88', name: 'sigdb', version: '88', components: [{ id: 'com.msf.sigdb', version: '88' }] }))
  book.jobs.engine.create({ device: DEVICE, type: 'scomo', op: 'deliver', stopOnError: true, items: [{ pkg: 'antivir-2.1' }, { pkg: 'sigdb-88' }] })
  const session = surveyed(book)
  expect(session.say(EMPTY).some((each) => each.includes('sigdb'))).toBe(false)
  expect(session.say({ Exec: 1402 })).toEqual([])
  expect(book.job()).toMatchObject({ state: 'failed', items: [{ state: 'failed' }, { state: 'cancelled' }] })
})

test('sc 55: P1: no command of a job goes to a device that has not proved itself; P3: nothing to update', () => {
  const book = playbook({ known: false })
  const job = book.create({ op: 'update' })
  expect(job).toMatchObject({ state: 'waiting', reason: 'no-management' })
  expect(book.session({ authenticated: false, auth: null }).say(EMPTY)).toEqual([])
  const session = surveyed(book)
  session.say(EMPTY)
  expect(book.job()).toMatchObject({ state: 'not_applicable' })
  expect(book.happened.filter((text) => text.startsWith('job.condition'))).toEqual([
    'job.condition: P1 is met: the device is managed here and has proved itself',
    'job.condition: P2u is met: nothing weak was seen',
    'job.condition: P3 is not met: nothing older is installed',
  ])
})

test('sc 55: success without the component is no success (Q1)', () => {
  const book = playbook()
  const job = book.create({})
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: 202 })
  const report = book.session()
  report.alert(complete(job.id, 1200, `${X}/Operations/DownloadInstall`))
  report.say()
  report.say({ ...INSTALLED, [`Get ${Y}/Version`]: '2.0' })
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 1412 })
})

test('a dependency that is missing is brought first, or the job says what is missing', () => {
  const book = playbook()
  const needy = antivir({
    pkgId: 'suite-1',
    name: 'suite',
    version: '1',
    components: [{ id: 'com.msf.suite', version: '1' }],
    dependencies: [{ id: 'com.msf.antivir', version: '2.1' }],
  })
  book.add(needy)
  book.create({ pkg: 'suite-1' })
  const session = surveyed(book)
  expect(session.say(EMPTY).at(-1)).toMatch(/^Exec .*antivir21\/Operations\/DownloadInstall/)
  expect(book.job().items.map(({ pkg }) => pkg)).toEqual(['suite-1', 'antivir-2.1'])
  const poor = playbook()
  poor.add({ ...needy, dependencies: [{ id: 'com.msf.other', version: '' }] })
  poor.create({ pkg: 'suite-1' })
  surveyed(poor).say(EMPTY)
  expect(poor.job()).toMatchObject({ state: 'not_applicable' })
})

test.each([
  [{ manufacturers: ['Other'] }, 'antivir-2.1 is for Other, not for ACME'],
  [{ models: ['Y*'] }, 'antivir-2.1 is for Y*, not for X1'],
  [{ withdrawn: true }, 'antivir-2.1 was withdrawn'],
  [{ kind: 'firmware' as const }, 'antivir-2.1 is firmware'],
])('an unsuitable package is not sent: %j', (change, text) => {
  const book = playbook()
  book.add(antivir(change))
  book.create({})
  surveyed(book).say(EMPTY)
  expect(book.job().items[0]?.text).toBe(text)
})

test('cancelled before the order nothing is sent; afterwards the end is awaited', () => {
  const book = playbook()
  const early = book.create({})
  expect(book.jobs.engine.cancel(early.id).state).toBe('cancelled')
  expect(book.session().say(EMPTY)).toEqual([])
  const late = book.create({ op: 'deliver' })
  const session = surveyed(book)
  session.say(EMPTY)
  session.say({ Exec: 202 })
  expect(book.jobs.engine.cancel(late.id).state).toBe('accepted')
  book.session().alert(complete(late.id, 1200, `${X}/Operations/Download`, Z))
  expect(book.job().state).toBe('done')
})

test('restarted between any two messages, a job comes to the same end with one Exec', () => {
  const whole = (kill: number): { state: string; execs: number } => {
    let book = playbook({ simulated: true })
    const job = book.create({ op: 'deliver' })
    let execs = 0
    let message = 0
    let done = false
    for (let round = 0; round < 12 && !done; round++) {
      const session = book.session()
      for (let i = 0; i < 8; i++) {
        const lines = session.say({ ...EMPTY, Exec: 202, [`Get ${X}/Status`]: execs > 0 ? '30' : '10' })
        execs += lines.filter((each) => each.startsWith('Exec')).length
        if (lines.length === 0) break
        if (++message === kill) {
          // The bytes never left: what was said stays unanswered, and the device did nothing.
          if (lines.some((each) => each.startsWith('Exec'))) execs -= 1
          book = book.restart()
          break
        }
      }
      done = book.job().state === 'accepted'
    }
    book.session().alert(complete(job.id, 1200, `${X}/Operations/Download`, Z))
    return { state: book.job().state, execs }
  }
  for (let kill = 0; kill < 8; kill++) expect(whole(kill), `killed at message ${String(kill)}`).toEqual({ state: 'done', execs: 1 })
})
