// The checking and the proving side, each alone: every row of the decision table, and why a credential was refused, in words without secrets.
import { describe, expect, test } from 'vitest'
import { basic, formatMacHeader, mac, md5Credential, readings } from '../../core/auth/credentials.ts'
import { Prover } from '../../core/auth/prover.ts'
import { Verifier } from '../../core/auth/verifier.ts'
import type { Evidence, Secret } from '../../core/auth/verifier.ts'
import { base64, utf8Bytes } from '../../core/syncml/text.ts'

const USER = 'client-0001'
const PASSWORD = 'Cl13ntS3cret'
const STORED = utf8Bytes('Stored-nonce.')
const SECRET: Secret = { userNames: [USER], password: PASSWORD, type: null }
const BODY = utf8Bytes('the body')
const NOTHING: Evidence = { cred: undefined, headers: [], body: BODY, locName: USER }

const cred = (type: string, data: string): Evidence => ({ ...NOTHING, cred: { meta: { format: 'b64', type }, data } })
const digest = (nonce: Uint8Array, user = USER, password = PASSWORD): Evidence => cred('syncml:auth-md5', md5Credential(user, password, nonce))
const signed = (nonce: Uint8Array, user = USER): Evidence => ({
  ...NOTHING,
  headers: [['X-SyncML-HMAC', formatMacHeader(user, mac(user, PASSWORD, nonce, BODY))]],
})

function verifier(options: { required?: boolean; nonce?: Uint8Array | null } = {}): { checks: Verifier; issued: Uint8Array[] } {
  const issued: Uint8Array[] = []
  const makeNonce = (): Uint8Array => {
    const nonce = utf8Bytes(`fresh-nonce-${String(issued.length + 1)}.`)
    issued.push(nonce)
    return nonce
  }
  return {
    checks: new Verifier({ required: options.required ?? true, nonce: options.nonce === undefined ? STORED : options.nonce, makeNonce }),
    issued,
  }
}

describe('decision table of dm-protocol 8.4', () => {
  test('no credentials, none required: 200', () => {
    const { checks } = verifier({ required: false })
    expect(checks.check(NOTHING, SECRET)).toMatchObject({ code: 200, over: false })
    expect(checks.authenticated).toBe(false)
  })

  test('dm 52: no credentials, required: 407 with Chal and a nonce; the right digest over it: 212 with the next nonce', () => {
    const { checks, issued } = verifier()
    const first = checks.check(NOTHING, SECRET)
    expect(first).toMatchObject({
      code: 407,
      over: false,
      chal: { meta: { format: 'b64', type: 'syncml:auth-md5', nextNonce: { text: base64(issued[0] as Uint8Array) } } },
    })
    expect(first.issued).toBeUndefined()
    const second = checks.check(digest(issued[0] as Uint8Array), SECRET)
    expect(second).toMatchObject({
      code: 212,
      over: false,
      issued: issued[1],
      chal: { meta: { nextNonce: { text: base64(issued[1] as Uint8Array) } } },
    })
    expect(checks.check(NOTHING, SECRET)).toMatchObject({ code: 200, over: false })
  })

  test('dm 52: wrong twice: 401 with a fresh nonce, then 401 and the end', () => {
    const { checks, issued } = verifier()
    expect(checks.check(digest(STORED, USER, 'wrong'), SECRET)).toMatchObject({ code: 401, over: false })
    const second = checks.check(digest(issued[0] as Uint8Array, USER, 'wrong'), SECRET)
    expect(second).toMatchObject({ code: 401, over: true })
    expect(second.chal).toBeUndefined()
  })

  test('who showed something wrong does not get in by showing nothing, also where nothing is required', () => {
    const open = new Verifier({ required: false, nonce: null, makeNonce: () => STORED })
    expect(open.check(NOTHING, SECRET)).toMatchObject({ code: 200 })
    expect(open.check(digest(STORED, USER, 'wrong'), SECRET)).toMatchObject({ code: 401, over: false })
    expect(open.check(NOTHING, SECRET)).toMatchObject({ code: 401, over: true })
  })

  test('basic: 212 without a nonce', () =>
    expect(verifier().checks.check(cred('syncml:auth-basic', basic(USER, PASSWORD)), SECRET)).toEqual({
      code: 212,
      over: false,
      cause: 'right user name and password',
      shown: 'syncml:auth-basic',
    }))

  test('dm 54: MAC gets 200, never 212, and a new nonce for every message; a missing header then ends it', () => {
    const { checks, issued } = verifier()
    expect(checks.check(signed(STORED), SECRET)).toMatchObject({ code: 200, issued: issued[0], chal: { meta: { type: 'syncml:auth-MAC' } } })
    expect(checks.check(signed(issued[0] as Uint8Array), SECRET)).toMatchObject({ code: 200, issued: issued[1] })
    expect(checks.check(NOTHING, SECRET)).toMatchObject({ code: 401, over: true })
  })

  test('dm 55: the header must name the user of Source/LocName', () => {
    expect(verifier().checks.check({ ...signed(STORED), locName: 'somebody' }, SECRET)).toMatchObject({
      code: 401,
      cause: 'the user name of the header is not that of Source/LocName',
    })
  })

  test('challenged for one type, answered with another: the end; an account that takes both takes the right one', () => {
    const { checks } = verifier()
    checks.check(NOTHING, SECRET)
    expect(checks.check(cred('syncml:auth-basic', basic(USER, PASSWORD)), SECRET)).toMatchObject({ code: 212 })
    const strict = verifier().checks
    strict.check(NOTHING, { ...SECRET, type: 'syncml:auth-md5' })
    expect(strict.check(cred('syncml:auth-basic', basic(USER, PASSWORD)), { ...SECRET, type: 'syncml:auth-md5' })).toMatchObject({
      code: 401,
      over: true,
    })
  })

  test('an account that wants md5 does not take basic, even the right one', () => {
    const verdict = verifier().checks.check(cred('syncml:auth-basic', basic(USER, PASSWORD)), { ...SECRET, type: 'syncml:auth-md5' })
    expect(verdict).toMatchObject({ code: 401, over: false, chal: { meta: { type: 'syncml:auth-md5' } } })
  })

  test('nobody we know: a challenge where one is wanted, else a plain end', () => {
    expect(verifier().checks.check(NOTHING, null, 'syncml:auth-basic')).toMatchObject({ code: 407, chal: { meta: { type: 'syncml:auth-basic' } } })
    expect(verifier().checks.check(NOTHING, null, null, 'waits')).toEqual({ code: 401, over: true, cause: 'waits', shown: null })
  })
})

test.each([
  ['stale nonce', digest(utf8Bytes('')), 'stale nonce: the digest rests on an empty one'],
  ['base64 text hashed', digest(utf8Bytes(base64(STORED))), 'the base64 text of the nonce was hashed instead of its octets'],
  ['hexadecimal', cred('syncml:auth-md5', 'ebcabc5e55f415243cd9e4d98f094b4e'), 'the digest is written in hexadecimal instead of base64'],
  ['wrong user', { ...digest(STORED, 'mallory'), locName: 'mallory' }, 'wrong user name'],
  ['wrong password', digest(STORED, USER, 'x'), 'wrong password, or a nonce that was never issued here'],
  ['odd form', cred('syncml:auth-md5', 'abc'), 'wrong password, or a nonce that was never issued here (and the digest is no base64 of 16 octets)'],
  ['empty', cred('syncml:auth-basic', ''), 'the credential is empty'],
  ['basic, no base64', cred('syncml:auth-basic', '***'), 'the credential is no base64 of user name, colon and password'],
  ['basic, user', cred('syncml:auth-basic', basic('mallory', PASSWORD)), 'wrong user name'],
  ['basic, password', cred('syncml:auth-basic', basic(USER, 'x')), 'wrong password'],
  ['unknown type', cred('syncml:auth-X509', 'x'), 'authentication type "syncml:auth-X509" is not known'],
  [
    'algorithm',
    { ...NOTHING, headers: [['x-syncml-hmac', `algorithm=SHA, username="${USER}", mac=abc=`]] } as Evidence,
    'algorithm "SHA" is not MD5',
  ],
] as const)('the cause is told: %s', (_, evidence, cause) => {
  const verdict = verifier().checks.check(evidence, SECRET)
  expect(verdict).toMatchObject({ code: 401, cause })
  expect(JSON.stringify(verdict)).not.toContain(PASSWORD)
})

test('a digest over an earlier nonce is told as stale', () => {
  const { checks } = verifier()
  checks.check(NOTHING, SECRET)
  expect(checks.check(digest(STORED), SECRET).cause).toBe('stale nonce: the digest rests on an earlier one')
})

describe('the proving side', () => {
  const begin = { user: USER, password: PASSWORD, type: 'syncml:auth-md5' as const, nonce: { text: base64(STORED) } }
  const chal = (type: string, nonce?: string) => ({ meta: { type, format: 'b64', ...(nonce === undefined ? {} : { nextNonce: { text: nonce } }) } })

  test('212: no credentials any more, and the next nonce is kept', () => {
    const prover = new Prover(begin)
    expect(prover.cred()).toEqual({ meta: { format: 'b64', type: 'syncml:auth-md5' }, data: md5Credential(USER, PASSWORD, STORED) })
    expect(prover.heard(212, chal('syncml:auth-md5', 'bmV4dA=='))).toEqual({ next: 'go on', authenticated: true })
    expect([prover.cred(), prover.takeSave(), prover.takeSave()]).toEqual([undefined, { text: 'bmV4dA==' }, null])
  })

  test('200 after credentials: the same again, over the next nonce', () => {
    const prover = new Prover(begin)
    prover.cred()
    prover.heard(200, chal('syncml:auth-md5', 'bmV4dA=='))
    expect(prover.cred()?.data).toBe(md5Credential(USER, PASSWORD, utf8Bytes('next')))
  })

  test('dm 58: the nonce of a challenge is used once and not kept; a second challenge is the end', () => {
    const prover = new Prover({ ...begin, nonce: null })
    expect(prover.cred()).toBeUndefined()
    expect(prover.heard(407, chal('syncml:auth-md5', 'bmV4dA=='))).toEqual({ next: 'again', type: 'syncml:auth-md5' })
    expect(prover.takeSave()).toBeNull()
    expect(prover.cred()?.data).toBe(md5Credential(USER, PASSWORD, utf8Bytes('next')))
    expect(prover.heard(401, chal('syncml:auth-md5', 'bmV4dA=='))).toMatchObject({ next: 'give up' })
  })

  test.each([
    [undefined, 'without a challenge'],
    [chal('syncml:auth-securid'), 'which we cannot do'],
    [chal('syncml:auth-md5'), 'no NextNonce'],
  ])('a challenge that cannot be met ends it (%#)', (challenge, words) => {
    const heard = new Prover(begin).heard(401, challenge)
    expect(heard.next === 'give up' ? heard.reason : '').toContain(words)
  })

  test('wbxml 7 rule 8: after a refused digest over an ambiguous nonce the fresh one is read the other way', () => {
    const ambiguous = { text: 'Tm9uY2VGb3JDbGllbnQwMQ==', octets: utf8Bytes('NonceForClient01') }
    expect(readings(ambiguous)).toHaveLength(2)
    const prover = new Prover({ ...begin, nonce: ambiguous })
    const [text, raw] = readings(ambiguous)
    expect(prover.cred()?.data).toBe(md5Credential(USER, PASSWORD, text))
    prover.heard(401, { meta: { type: 'syncml:auth-md5', nextNonce: ambiguous } })
    expect(prover.cred()?.data).toBe(md5Credential(USER, PASSWORD, raw as Uint8Array))
    prover.heard(212, undefined)
    expect(prover.reading).toBe('raw')
  })

  test('auth-MAC goes into the header and never into Cred', () => {
    const prover = new Prover({ ...begin, type: 'syncml:auth-MAC' })
    expect(prover.cred()).toBeUndefined()
    expect(prover.headers(BODY)).toEqual([['x-syncml-hmac', formatMacHeader(USER, mac(USER, PASSWORD, STORED, BODY))]])
    prover.heard(200, chal('syncml:auth-MAC', 'bmV4dA=='))
    expect(prover.headers(BODY)).toEqual([['x-syncml-hmac', formatMacHeader(USER, mac(USER, PASSWORD, utf8Bytes('next'), BODY))]])
  })
})
