// Certificates of the lab as data: their extensions and times, keys at rest, renewal, and what is read of a ClientHello; without sockets.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TlsSettings } from '../../../core/api.ts'
import { freshKey, issue, leafTimes, makeAuthority, rowOf } from '../../../core/node/trust/certificates.ts'
import { failureWords, silentWords } from '../../../core/node/trust/failure.ts'
import { helloOf, openingOf, recordLength } from '../../../core/node/trust/hello.ts'
import { changed, ciphersOf, TLS_SETTINGS, usable } from '../../../core/node/trust/settings.ts'
import { RENEW_BEFORE, Trust } from '../../../core/node/trust/trust.ts'
import { memoryDocs } from '../../../core/store/docs.ts'
import type { Docs } from '../../../core/store/docs.ts'
import { NO_VAULT } from '../../../core/store/vault.ts'
import type { Vault } from '../../../core/store/vault.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)
let dir: string
let docs: Docs
let now: number
let names: string[]

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'dmlab-trust-')), 'tls')
  docs = memoryDocs()
  now = NOW
  names = ['127.0.0.1', 'localhost']
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }))

const made = (vault: Vault = NO_VAULT): Trust =>
  new Trust({ dir, docs, vault, now: () => now, names: () => names, port: () => ({ https: '', why: '' }), url: () => '', moved: () => {} })

/** Seals by turning a text round; `open` false: another key store. */
const vault = (open = true): Vault => ({
  why: 'they were sealed by another key store',
  seal: (text, place) => Buffer.from(`${place}\0${text}`).toString('base64'),
  open: (sealed, place) => {
    const [at, text] = Buffer.from(sealed, 'base64').toString().split('\0')
    return open && at === place ? (text ?? null) : null
  },
})

describe('an authority', () => {
  test.each(['ec', 'rsa'] as const)('with a key of kind %s signs for ten years, and nothing below it signs', (kind) => {
    const authority = makeAuthority(kind, now)
    const read = new X509Certificate(authority.cert)
    expect(read.ca).toBe(true)
    expect(read.checkIssued(read)).toBe(true)
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.validToDate.getTime()).toBe(Date.UTC(2036, 10, 21))
    const leaf = new X509Certificate(
      issue(authority, { use: 'server', name: 'x', names: ['x.example', '10.0.0.1', 'fd00::1'], ...leafTimes(now) }, freshKey(kind)).cert,
    )
    expect(leaf.ca).toBe(false)
    expect(leaf.checkIssued(read)).toBe(true)
    expect(leaf.verify(read.publicKey)).toBe(true)
    expect(leaf.checkHost('x.example')).toBe('x.example')
    expect(leaf.checkIP('10.0.0.1')).toBe('10.0.0.1')
    expect(leaf.checkIP('fd00::1')).toBe('fd00::1')
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(397 * DAY)
    expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  test('beyond 2049 writes its time in the longer form', () => {
    const row = rowOf(makeAuthority('ec', Date.UTC(2045, 0, 1)).cert)
    expect(row.notAfter).toBe(Date.UTC(2055, 0, 1))
  })

  test('is made when it is first needed, for its owner only, and found again', () => {
    expect(made().state().authority).toBeNull()
    expect(existsSync(dir)).toBe(false)
    const { cert } = made().authority()
    expect(statSync(join(dir, 'ca.key')).mode & 0o777).toBe(0o600)
    expect(made().authority().cert).toBe(cert)
    expect(new X509Certificate(readFileSync(join(dir, 'ca.crt'))).fingerprint256).toBe(rowOf(cert).fingerprint)
    expect(made().state().authority).toMatchObject({ secret: 'plain', key: 'ec' })
  })

  test('seals its key where there is a key store, also one that lay plain; another key store opens nothing and breaks nothing', () => {
    const { key } = made().authority()
    expect(readFileSync(join(dir, 'ca.key'), 'utf8')).toBe(key)
    expect(made(vault()).authority().key).toBe(key)
    expect(readFileSync(join(dir, 'ca.key'), 'utf8')).toMatch(/^sealed:/)
    expect(readFileSync(join(dir, 'ca.key'), 'utf8')).not.toContain('PRIVATE KEY')
    made(vault()).otherwise()
    expect(JSON.stringify(docs.all('tls.server'))).not.toContain('PRIVATE KEY')
    const other = made(vault(false))
    expect(other.state().authority).toMatchObject({
      secret: 'locked',
      why: 'its private key cannot be opened: they were sealed by another key store',
    })
    expect(() => other.issue('d')).toThrow("the private key of this lab's authority is sealed and cannot be opened")
    expect(made(vault()).authority().key).toBe(key)
  })
})

describe('server certificates', () => {
  const serial = (trust: Trust): string => rowOf(trust.otherwise().options.cert as string).serial

  test('are kept as long as they are good, and renewed a month before their end', () => {
    const trust = made()
    const first = serial(trust)
    expect(serial(made())).toBe(first)
    now = NOW - DAY + 397 * DAY - RENEW_BEFORE - 1000
    expect(serial(trust)).toBe(first)
    now += 2000
    const { turn } = trust.otherwise()
    const second = serial(trust)
    expect(second).not.toBe(first)
    expect(trust.otherwise().turn).toBe(turn)
    // Long over, as after a year in a drawer.
    now += 800 * DAY
    expect(serial(made())).not.toBe(second)
    expect(made().state().servers).toHaveLength(1)
  })

  test('cover a name as soon as there is one more, and each name has its own', () => {
    const trust = made()
    const first = trust.otherwise()
    names.push('192.168.1.5', 'lab.example')
    const second = trust.otherwise()
    expect(second.turn).toBeGreaterThan(first.turn)
    expect(rowOf(second.options.cert as string).names).toEqual(['127.0.0.1', 'localhost', '192.168.1.5', 'lab.example'])
    expect(trust.context('LAB.example.')).toBe(trust.context('lab.example'))
    expect(trust.context('elsewhere.example')).toBeUndefined()
    expect(trust.state().servers.map((row) => row.names)).toContainEqual(['lab.example'])
  })
})

describe('settings', () => {
  test.each<[Partial<TlsSettings>, string]>([
    [{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, 'the lowest version TLSv1.3 is above the highest TLSv1.2'],
    [{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, 'TLSv1.1 at the most goes with the profile legacy only'],
  ])('%j are refused in words', (change, words) => {
    expect(() => changed(TLS_SETTINGS, change)).toThrow(words)
  })

  test('a profile brings its lowest version; each lower profile offers more', () => {
    expect(changed(TLS_SETTINGS, { profile: 'legacy' }).minVersion).toBe('TLSv1')
    expect(changed(changed(TLS_SETTINGS, { profile: 'legacy' }), { profile: 'modern' }).minVersion).toBe('TLSv1.2')
    const [modern, compatible, legacy] = (['modern', 'compatible', 'legacy'] as const).map((profile) => ciphersOf({ ...TLS_SETTINGS, profile }))
    expect(compatible).toEqual(expect.arrayContaining([...(modern ?? [])]))
    expect(legacy).toEqual(expect.arrayContaining([...(compatible ?? [])]))
    expect(modern).not.toContain('AES128-SHA')
    expect(ciphersOf({ ...TLS_SETTINGS, minVersion: 'TLSv1.3' }).every((name) => name.startsWith('TLS_'))).toBe(true)
    expect(ciphersOf({ ...TLS_SETTINGS, maxVersion: 'TLSv1.2' }).some((name) => name.startsWith('TLS_'))).toBe(false)
    for (const profile of ['modern', 'compatible', 'legacy'] as const) expect(usable({ ...TLS_SETTINGS, profile }).options.ciphers).not.toBe('')
  })
})

/** A ClientHello of TLS 1.0 for AES128-SHA and 3DES, with a server name. */
const HELLO = Buffer.from(
  '16030100450100004103011111111111111111111111111111111111111111111111111111111111111111000004002f000a01000014' +
    '0000' +
    '0010000e00000b6c61622e6578616d706c65',
  'hex',
)

describe('what a client says first', () => {
  test('is read: versions, ciphers, server name', () => {
    const hello = helloOf(new Uint8Array(HELLO))
    expect(hello).toMatchObject({ versions: ['TLSv1'], ciphers: ['AES128-SHA', 'DES-CBC3-SHA'], serverName: 'lab.example', groups: [] })
    expect(recordLength(new Uint8Array(HELLO))).toBe(74)
  })

  test('whatever it is, cut anywhere and with any octet changed, reading ends and never throws', () => {
    for (let end = 0; end <= HELLO.length; end++) expect(() => openingOf(new Uint8Array(HELLO.subarray(0, end)))).not.toThrow()
    for (let at = 0; at < HELLO.length; at++)
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const bytes = new Uint8Array(HELLO)
        bytes[at] = value
        expect(['tls', 'sslv2', 'http', 'other']).toContain(openingOf(bytes).what)
      }
  })

  test('tells plain HTTP, SSL 2.0 and anything else apart', () => {
    const said = (text: string): unknown => openingOf(new TextEncoder().encode(text))
    expect(said('POST /dm HTTP/1.1\r\nHost: x')).toEqual({ what: 'http', startLine: 'POST /dm HTTP/1.1' })
    expect(said('\u0001rubbish')).toEqual({ what: 'other' })
    expect(said('')).toEqual({ what: 'other' })
    expect(openingOf(new Uint8Array([0x80, 0x2e, 1, 0, 2]))).toEqual({ what: 'sslv2' })
  })

  const fault = (code: string): Error => Object.assign(new Error('x'), { code })
  const hello = helloOf(new Uint8Array(HELLO))
  test.each([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', "the client does not trust this lab's authority"],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'look at the clock of the device'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'no shared TLS version: the client offers TLSv1; this lab takes TLSv1.2 to TLSv1.3, profile compatible'],
    ['ECONNRESET', 'no shared TLS version: the client offers TLSv1'],
    [
      'ERR_SSL_NO_SHARED_CIPHER',
      'no shared cipher: AES128-SHA would do, but not with the key of the certificate; the client knows no elliptic curves',
    ],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', 'no shared TLS version'],
  ])('%s is told in words', (code, words) => {
    expect(failureWords(fault(code), hello, TLS_SETTINGS)).toContain(words)
  })

  test('a client that hangs up is told as that where its version would do', () => {
    expect(failureWords(fault('ECONNRESET'), null, TLS_SETTINGS)).toMatch(/hung up in the middle of the handshake/)
    expect(silentWords('the connection failed: tlsv1 alert unknown ca')).toMatch(/does not trust this lab's authority/)
    expect(silentWords('')).toMatch(/hung up without a request/)
  })
})
