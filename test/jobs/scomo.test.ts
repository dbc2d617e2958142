// SCOMO jobs command by command: what the server sends in each case, and what the infrastructure is told.
import { expect, test } from 'vitest'
import { complete, EMPTY, INSTALLED, playbook } from './playbook.ts'

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
