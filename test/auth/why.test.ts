// Planted causes of refused credentials: each computed here by hand as a wrong client would, and named by its id; right ones stay right; no secret is told.
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { basic, formatMacHeader, mac, md5Credential, secretDigest } from '../../core/auth/credentials.ts'
import { explain } from '../../core/auth/why.ts'
import type { Explanation, Question, ShownMessage } from '../../core/auth/whyterms.ts'
import type { Nonce, Person } from '../../core/auth/whyaxes.ts'
import { bodiesOf } from '../../core/auth/whybodies.ts'
import { base64, concat, utf8Bytes } from '../../core/syncml/text.ts'

const USER = 'Client-0001'
const PASSWORD = 'Gehe1m-Müller'
const NONCE = utf8Bytes('fresh-nonce-0123456789a.')
const OLD = utf8Bytes('older-nonce-0123456789b-')
const SERVERS = utf8Bytes('nonce-of-the-device....-')
const BODY = utf8Bytes(
  '<?xml version="1.0" encoding="UTF-8"?>\n<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>' +
    '<MsgID>1</MsgID><Target><LocURI>http://lab/dm</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>\n',
)
const AT = Date.UTC(2026, 10, 21, 12, 0, 0)

const OWN: Person = { userName: USER, password: PASSWORD, serverId: 'dm-lab', serverPassword: 'srv-secret', state: 'enrolled', name: 'the account' }
const OTHER: Person = { ...OWN, userName: 'other', password: 'another-one', name: 'the account of device d2' }
const NONCES: readonly Nonce[] = [
  { octets: NONCE, role: 'expected', name: 'the nonce of message 7' },
  { octets: OLD, role: 'older', name: 'the nonce of message 3' },
  { octets: SERVERS, role: 'swapped', name: '' },
]
const sha =
  (name: string) =>
  (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHash(name).update(bytes).digest())

const ask = (message: Partial<ShownMessage>, more: Partial<Question> = {}): Explanation =>
  explain({
    message: { cred: undefined, headers: [], body: BODY, locName: USER, locUri: 'IMEI:1', ...message },
    people: [OWN, OTHER],
    wanted: null,
    nonces: NONCES,
    bodies: bodiesOf(BODY, 'xml'),
    hashes: [
      { name: 'SHA-1', hash: sha('sha1') },
      { name: 'SHA-256', hash: sha('sha256') },
    ],
    at: AT,
    ...more,
  })
const md5Of = (...parts: (string | Uint8Array)[]): Uint8Array =>
  sha('md5')(concat(parts.map((part) => (typeof part === 'string' ? utf8Bytes(part) : part))))
const digest = (data: string, more: Partial<Question> = {}, message: Partial<ShownMessage> = {}): Explanation =>
  ask({ cred: { meta: { format: 'b64', type: 'syncml:auth-md5' }, data }, ...message }, more)
const plain = (data: string, more: Partial<Question> = {}): Explanation =>
  ask({ cred: { meta: { format: 'b64', type: 'syncml:auth-basic' }, data }, locName: '' }, more)
const signed = (value: string, user = USER, more: Partial<Question> = {}): Explanation =>
  ask({ headers: [['X-SyncML-HMAC', formatMacHeader(user, value)]] }, more)
const S = secretDigest(USER, PASSWORD)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const b64 = (text: string | Uint8Array): string => base64(typeof text === 'string' ? utf8Bytes(text) : text)

describe('right credentials are right', () => {
  test('basic, md5, MAC', () => {
    expect(plain(basic(USER, PASSWORD))).toMatchObject({ verdict: 'right', shown: 'basic' })
    expect(digest(md5Credential(USER, PASSWORD, NONCE))).toMatchObject({ verdict: 'right', shown: 'md5', cause: { id: 'right' } })
    expect(signed(mac(USER, PASSWORD, NONCE, BODY))).toMatchObject({ verdict: 'right', shown: 'hmac' })
    expect(ask({ headers: [['x-SYNCML-hmac', `MAC=${mac(USER, PASSWORD, NONCE, BODY)},USERNAME="${USER}" , Algorithm=md5`]] })).toMatchObject({
      verdict: 'right',
    })
  })

  test('a nonce that is base64 text itself is right in both readings', () => {
    const nonce = utf8Bytes('bm9uY2UtMTIzNDU2Nzg5MA==')
    const nonces: Nonce[] = [{ octets: nonce, role: 'expected', name: 'n' }]
    expect(digest(md5Credential(USER, PASSWORD, utf8Bytes('nonce-1234567890')), { nonces })).toMatchObject({ verdict: 'right' })
  })
})

const MD5: readonly (readonly [id: string, data: string])[] = [
  ['nonce.stale', md5Credential(USER, PASSWORD, OLD)],
  ['nonce.stale+nonce.text', md5Credential(USER, PASSWORD, utf8Bytes(base64(OLD)))],
  ['nonce.text', md5Credential(USER, PASSWORD, utf8Bytes(base64(NONCE)))],
  ['nonce.double', md5Credential(USER, PASSWORD, utf8Bytes(b64(base64(NONCE))))],
  ['nonce.hex', md5Credential(USER, PASSWORD, utf8Bytes(hex(NONCE)))],
  ['nonce.nul', md5Credential(USER, PASSWORD, concat([NONCE, new Uint8Array(1)]))],
  ['nonce.swapped', md5Credential(USER, PASSWORD, SERVERS)],
  ['nonce.empty', md5Credential(USER, PASSWORD, new Uint8Array())],
  ['nonce.default', md5Credential(USER, PASSWORD, new Uint8Array(4))],
  ['nonce.clock', md5Credential(USER, PASSWORD, utf8Bytes(String(AT / 1000 - 42)))],
  ['order.nonce-first', b64(md5Of(NONCE, ':', S))],
  ['order.password-first', md5Credential(PASSWORD, USER, NONCE)],
  ['order.flat', b64(md5Of(`${USER}:${PASSWORD}:`, NONCE))],
  ['inner.raw', b64(md5Of(md5Of(`${USER}:${PASSWORD}`), ':', NONCE))],
  ['inner.hex', b64(md5Of(hex(md5Of(`${USER}:${PASSWORD}`)), ':', NONCE))],
  ['inner.none', S],
  ['form.double', b64(md5Credential(USER, PASSWORD, NONCE))],
  ['form.hex', hex(md5Of(`${S}:`, NONCE))],
  ['form.hex-base64', b64(hex(md5Of(`${S}:`, NONCE)))],
  ['algorithm.basic', basic(USER, PASSWORD)],
  ['algorithm.md5.sha-1', b64(sha('sha1')(concat([utf8Bytes(`${b64(sha('sha1')(utf8Bytes(`${USER}:${PASSWORD}`)))}:`), NONCE])))],
  ['account.other', md5Credential(OTHER.userName, OTHER.password, NONCE)],
  ['password.other', md5Credential(USER, OTHER.password, NONCE)],
  ['password.server', md5Credential(USER, OWN.serverPassword, NONCE)],
  ['account.server', md5Credential(OWN.serverId, OWN.serverPassword, NONCE)],
  ['user.case', md5Credential(USER.toLowerCase(), PASSWORD, NONCE)],
  ['user.blank', md5Credential(`${USER} `, PASSWORD, NONCE)],
  ['password.blank', md5Credential(USER, `${PASSWORD}\n`, NONCE)],
  ['password.case', md5Credential(USER, PASSWORD.toLowerCase(), NONCE)],
  ['password.empty', md5Credential(USER, '', NONCE)],
  ['password.hashed', md5Credential(USER, hex(md5Of(PASSWORD)), NONCE)],
  ['charset', b64(md5Of(`${b64(md5Of(Buffer.from(`${USER}:${PASSWORD}`, 'latin1')))}:`, NONCE))],
  ['user.other', md5Credential('IMEI:1', PASSWORD, NONCE)],
]

describe('planted causes, md5', () => {
  test.each(MD5)('%s', (id, data) => {
    const why = digest(data)
    expect({ id: why.cause.id, verdict: why.verdict }).toEqual({ id, verdict: 'found' })
    expect(why.cause.fix).not.toBe('')
    expect(why.tried.some(({ result }) => result === 'fits')).toBe(true)
    const told = JSON.stringify(why)
    for (const secret of [PASSWORD, OTHER.password, OWN.serverPassword, base64(NONCE), base64(OLD), S]) expect(told).not.toContain(secret)
  })

  test('two mistakes at once are both told', () => {
    expect(digest(md5Credential(USER.toLowerCase(), PASSWORD, OLD)).cause.id).toBe('user.case + nonce.stale')
    expect(digest(hex(md5Of(`${S}:`, OLD))).cause.id).toBe('nonce.stale + form.hex')
  })
})

describe('planted causes, basic', () => {
  test.each([
    ['form.double', b64(basic(USER, PASSWORD))],
    ['form.raw', `${USER}:${PASSWORD}`],
    ['order.password-first', basic(PASSWORD, USER)],
    ['basic.no-colon', b64(`${USER}${PASSWORD}`)],
    ['basic.separator', b64(`${USER};${PASSWORD}`)],
    ['user.case', basic(USER.toUpperCase(), PASSWORD)],
    ['user.blank', basic(` ${USER}`, PASSWORD)],
    ['password.blank', basic(USER, `${PASSWORD}\0`)],
    ['password.other', basic(USER, OTHER.password)],
    ['charset', Buffer.from(`${USER}:${PASSWORD}`, 'latin1').toString('base64')],
    ['password.url', basic(USER, encodeURIComponent(PASSWORD))],
    ['algorithm.md5', md5Credential(USER, PASSWORD, NONCE)],
  ])('%s', (id, data) => {
    const why = plain(data)
    expect({ id: why.cause.id, verdict: why.verdict }).toEqual({ id, verdict: 'found' })
    expect(JSON.stringify(why)).not.toContain(PASSWORD)
  })
})

const macOver = (...parts: (string | Uint8Array)[]): string => b64(md5Of(`${S}:`, ...parts))
const lf = (text: string): Uint8Array => utf8Bytes(new TextDecoder().decode(BODY).replace(/\n/g, text))
const wbxml = bodiesOf(BODY, 'xml').find(({ id, text }) => id === 'body.encoded' && text.includes('WBXML'))?.octets ?? new Uint8Array()

describe('planted causes, MAC', () => {
  test.each([
    ['nonce.stale', mac(USER, PASSWORD, OLD, BODY)],
    ['nonce.text', mac(USER, PASSWORD, utf8Bytes(base64(NONCE)), BODY)],
    ['body.empty', mac(USER, PASSWORD, NONCE, new Uint8Array())],
    ['body.lines', mac(USER, PASSWORD, NONCE, lf('\r\n'))],
    ['body.end', mac(USER, PASSWORD, NONCE, utf8Bytes(new TextDecoder().decode(BODY).trimEnd()))],
    ['body.declaration', mac(USER, PASSWORD, NONCE, utf8Bytes(new TextDecoder().decode(BODY).replace(/^<\?xml[^>]*\?>\n/, '')))],
    ['body.bom', mac(USER, PASSWORD, NONCE, utf8Bytes(`\ufeff${new TextDecoder().decode(BODY)}`))],
    ['body.charset', mac(USER, PASSWORD, NONCE, new Uint8Array(Buffer.from(new TextDecoder().decode(BODY), 'utf16le')))],
    ['body.encoded', mac(USER, PASSWORD, NONCE, wbxml)],
    ['mac.body-hex', macOver(NONCE, ':', hex(md5Of(BODY)))],
    ['mac.body-raw', macOver(NONCE, ':', md5Of(BODY))],
    ['mac.body-whole', macOver(NONCE, ':', BODY)],
    ['mac.order', macOver(b64(md5Of(BODY)), ':', NONCE)],
    ['mac.rfc2104-body', createHmac('md5', utf8Bytes(PASSWORD)).update(BODY).digest('base64')],
    ['algorithm.md5', md5Credential(USER, PASSWORD, NONCE)],
    ['password.other', mac(USER, OTHER.password, NONCE, BODY)],
    ['form.hex', hex(Buffer.from(mac(USER, PASSWORD, NONCE, BODY), 'base64'))],
  ])('%s', (id, value) => {
    const why = signed(value)
    expect({ id: why.cause.id, verdict: why.verdict }).toEqual({ id, verdict: 'found' })
  })

  test('what the header says: algorithm, another user name, no fields, another field', () => {
    const right = mac(USER, PASSWORD, NONCE, BODY)
    expect(ask({ headers: [['x-syncml-hmac', `algorithm=SHA1, username="${USER}", mac=${right}`]] }).cause.id).toBe('hmac.algorithm')
    expect(signed(mac('someone', PASSWORD, NONCE, BODY), 'someone').cause.id).toBe('user.other + hmac.locname')
    expect(ask({ headers: [['x-syncml-hmac', right]] })).toMatchObject({ verdict: 'likely', cause: { id: 'hmac.fields' } })
    expect(ask({ headers: [['X-SyncML-MAC', formatMacHeader(USER, right)]] })).toMatchObject({ verdict: 'found', cause: { id: 'hmac.header' } })
  })
})

describe('what follows from what is there', () => {
  test('right, but not what was asked for, or not admitted', () => {
    expect(plain(basic(USER, PASSWORD), { wanted: 'syncml:auth-md5' }).cause.id).toBe('algorithm.other')
    expect(digest(md5Credential(USER, PASSWORD, NONCE), { people: [{ ...OWN, state: 'refused' }] }).cause.id).toBe('account.refused')
    expect(digest('AAAA', { people: [{ ...OWN, state: 'waiting' }] })).toMatchObject({ verdict: 'likely', cause: { id: 'account.waiting' } })
    expect(digest('AAAA', { people: [{ ...OWN, locked: 'sealed elsewhere' }] })).toMatchObject({
      verdict: 'likely',
      cause: { id: 'account.locked', text: 'sealed elsewhere' },
    })
    expect(digest('AAAA', { people: [] }).cause.id).toBe('account.none')
    expect(ask({ cred: { meta: { format: 'b64', type: 'syncml:auth-sha' }, data: md5Credential(USER, PASSWORD, NONCE) } }).cause.id).toBe(
      'type.unknown',
    )
    expect(ask({})).toMatchObject({ shown: 'none', cause: { id: 'shown.none' } })
    expect(ask({ headers: [['Authorization', 'Basic eA==']] }).cause.id).toBe('http.authorization')
  })

  test('nothing fits: what was tried is listed, and how long it may take', () => {
    const began = performance.now()
    const why = digest(md5Credential(USER, 'never heard of', utf8Bytes('nor of this')))
    expect(why).toMatchObject({ verdict: 'unknown', cause: { id: 'unknown' } })
    expect(why.tried.length).toBeGreaterThan(30)
    expect(why.tried.every(({ result, variants }) => result === 'no' && variants > 0)).toBe(true)
    expect(performance.now() - began).toBeLessThan(3000)
    expect(digest('AAAA', {}, { locName: 'stranger' }).cause.id).toBe('user.unknown')
    expect(digest('AAAA', { nonces: [] }).tried.find(({ id }) => id === 'nonce.stale')?.result).toBe('not tried')
  })
})
