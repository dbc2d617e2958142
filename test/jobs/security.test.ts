// Security of jobs: what is weak passes in `lab` with a finding and is refused in `strict`; what is wrong is refused in both (scomo sheet 13).
import { expect, test } from 'vitest'
import { DOC } from '../../core/jobs/types.ts'
import { antivir, DEVICE, EMPTY, INSTALLED, playbook } from './playbook.ts'
import type { Answers, Options, Play, Playbook } from './playbook.ts'

const X = './SCOMO/Download/antivir21'

function known(options: Options = {}): Playbook {
  const book = playbook(options)
  book.docs.put(DOC.memory, DEVICE, { roots: { scomo: './SCOMO', fumo: './FwUpdate/FW' }, noList: false, deactive: false, used: {} })
  return book
}

/** Answers until nothing more is asked. */
function run(session: Play, answers: Answers = EMPTY): readonly string[] {
  for (let i = 0; i < 20 && session.say(answers).length > 0; i++);
  return session.sent
}

const conditions = (book: Playbook): readonly string[] => book.happened.filter((text) => text.startsWith('job.condition'))
const findings = (book: Playbook, id: string): readonly string[] => book.jobs.engine.detail(id).findings.map((each) => each.id)

test('sc 50: lab lets a session without HMAC and TLS, plain http and a package without signature pass, each with its finding', () => {
  const book = known()
  book.add(antivir({ signed: false }))
  const job = book.create({ op: 'deliver', mechanism: 'http' })
  expect(run(book.session({ auth: 'syncml:auth-md5' }))).toContain(`Exec ${X}/Operations/Download #${job.id}`)
  expect(findings(book, job.id)).toEqual(['weak-auth', 'plain-http', 'unsigned-package', 'no-version-check', 'no-digest'])
  expect(conditions(book).slice(0, 2)).toEqual([
    'job.condition: P1 is met: the device is managed here and has proved itself',
    'job.condition: P2 is met: weak-auth',
  ])
})

test('sc 50: a session with HMAC, or inside TLS, and a signed package leave nothing but the plain http', () => {
  for (const [options, auth] of [
    [{}, 'syncml:auth-MAC'],
    [{ secure: true }, 'syncml:auth-basic'],
  ] as const) {
    const book = known(options)
    const job = book.create({ op: 'deliver', mechanism: 'http' })
    run(book.session({ auth }))
    expect(findings(book, job.id)).toEqual(['plain-http'])
    expect(conditions(book)[1]).toBe('job.condition: P2 is met: nothing weak was seen')
  }
})

test('sc 50: strict sends no command over a session without HMAC and TLS; the job waits for a better one (R1)', () => {
  const book = known({ security: 'strict' })
  const job = book.create({ op: 'deliver' })
  expect(run(book.session({ auth: 'syncml:auth-md5' }))).toEqual([])
  expect(book.job()).toMatchObject({ state: 'waiting', reason: 'weak-auth' })
  expect(conditions(book).at(-1)).toBe(
    'job.condition: P2 is not met: the session is authenticated with syncml:auth-md5 (R1); strict mode sends no command over it',
  )
  expect(run(book.session())).toContain(`Exec ${X}/Operations/Download #${job.id}`)
  expect(conditions(book).at(-1)).toBe('job.condition: P2 is met: weak-auth')
})

test('sc 50: strict judges every client of the device that takes part in an update (P2u)', () => {
  const old = { ...EMPTY, ...INSTALLED, 'Get ./SCOMO/Inventory?list=StructData': inventory('2.0') }
  const book = known({ security: 'strict' })
  book.create({ op: 'update' })
  const first = book.session()
  first.say(old)
  first.end('aborted')
  expect(run(book.session({ auth: 'syncml:auth-basic' }), old)).toEqual([])
  expect(conditions(book)).toEqual([
    'job.condition: P1 is met: the device is managed here and has proved itself',
    'job.condition: P2u is met: nothing weak was seen',
    'job.condition: P2u is not met: the session is authenticated with syncml:auth-basic (R1); strict mode sends no command over it',
  ])
})

function inventory(version: string): Readonly<Record<string, string>> {
  const y = './SCOMO/Inventory/Deployed/com.msf.antivir'
  return { [`${y}/ID`]: 'com.msf.antivir', [`${y}/Version`]: version, [`${y}/State`]: '20', [`${y}/PkgIDRef`]: 'antivir-2.0' }
}

test('sc 50: strict orders no package that no trust anchor vouches for (R6), by whatever way it would travel', () => {
  for (const mechanism of ['http', 'dlota1', 'dm-large'] as const) {
    const book = known({ security: 'strict' })
    book.add(antivir({ signed: false }))
    book.create({ mechanism })
    const sent = run(book.session())
    expect(sent.filter((line) => !line.startsWith('Get '))).toEqual([])
    expect(book.job()).toMatchObject({ state: 'failed', resultCode: 1407 })
    expect(book.job().reason).toContain('antivir-2.1 is not signed by a key that a trust anchor of this lab vouches for (R6)')
    expect(conditions(book).at(-1)).toMatch(/^job.condition: P2 is not met: antivir-2.1 is not signed/)
  }
})

test('sc 50: for firmware the code is 404; a signed package passes in strict, over plain http too (R7)', () => {
  const book = known({ security: 'strict' })
  book.add(antivir({ pkgId: 'fw-2', kind: 'firmware', version: '2.0', components: [], signed: false }))
  book.create({ type: 'fumo', op: 'update', pkg: 'fw-2' })
  run(book.session(), { 'Get ./FwUpdate/FW': ['node', 'DownloadAndUpdate/State'], 'Get ./FwUpdate/FW/State': '10' })
  expect(book.job()).toMatchObject({ state: 'failed', resultCode: 404 })
  const signed = known({ security: 'strict' })
  const job = signed.create({ op: 'deliver', mechanism: 'http' })
  expect(run(signed.session())).toContain(`Exec ${X}/Operations/Download #${job.id}`)
  expect(findings(signed, job.id)).toEqual([])
})

test('sc 50: what is wrong is refused in both modes: no credentials, no command', () => {
  for (const security of ['lab', 'strict'] as const) {
    const book = known({ security })
    book.create({ op: 'deliver' })
    expect(run(book.session({ authenticated: false, auth: null }))).toEqual([])
    expect(book.job()).toMatchObject({ state: 'waiting', reason: 'no-management' })
  }
})
