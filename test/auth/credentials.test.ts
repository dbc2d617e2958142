// Credentials against the sheet's vectors and against another implementation of MD5; header grammar; nonces and their two readings.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  basic,
  formatMacHeader,
  issuedReadings,
  mac,
  makeNonce,
  md5Credential,
  parseBasic,
  parseMacHeader,
  readings,
  same,
  secretDigest,
} from '../../core/auth/credentials.ts'
import { md5 } from '../../core/auth/md5.ts'
import { base64, fromBase64, utf8Bytes } from '../../core/syncml/text.ts'
import { shared } from '../support/shared.ts'

const CLIENT = ['client-0001', 'Cl13ntS3cret'] as const
const NONCE = utf8Bytes('NonceForClient01')

test('MD5 of anything is that of node:crypto, around every block border too', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255)
    expect(Buffer.from(md5(bytes)).toString('hex')).toBe(createHash('md5').update(bytes).digest('hex'))
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      (bytes) => Buffer.from(md5(bytes)).toString('hex') === createHash('md5').update(bytes).digest('hex'),
    ),
    { numRuns: 200, seed: 1 },
  )
})

describe('dm 51: the vectors of the sheet', () => {
  test('E1 basic', () => {
    expect(basic(...CLIENT)).toBe('Y2xpZW50LTAwMDE6Q2wxM250UzNjcmV0')
    expect(basic('Bruce2', 'OhBehave')).toBe('QnJ1Y2UyOk9oQmVoYXZl')
    expect(parseBasic('QnJ1Y2UyOk9oQmVoYXZl')).toEqual({ user: 'Bruce2', password: 'OhBehave' })
  })

  test('E2 md5', () => {
    expect(secretDigest(...CLIENT)).toBe('68q8XlX0FSQ82eTZjwlLTg==')
    expect(md5Credential(...CLIENT, NONCE)).toBe('f+G+ZBwxTwM0KDOxlHxcnA==')
    expect(secretDigest('com.example.dm', 'S3rv3rS3cret')).toBe('JR5g4PETXZ4t+vq7Qqt/MA==')
    expect(md5Credential('com.example.dm', 'S3rv3rS3cret', utf8Bytes('NonceForServer01'))).toBe('v3DmOzPLy8qk6FgGapGzLQ==')
    expect(md5Credential('Bruce2', 'OhBehave', utf8Bytes('Nonce'))).toBe('Zz6EivR3yeaaENcRN6lpAQ==')
  })

  test('E3 MAC over five octets; dm 56: one octet changed and it is another', () => {
    expect(base64(md5(utf8Bytes('hello')))).toBe('XUFAKrxLKna5cZ2REBfFkg==')
    expect(mac(...CLIENT, NONCE, utf8Bytes('hello'))).toBe('rbMTgJn5Mr39XQLAjfEXjQ==')
    expect(mac(...CLIENT, NONCE, utf8Bytes('hellp'))).not.toBe('rbMTgJn5Mr39XQLAjfEXjQ==')
  })

  test('dm 57: the nonce is hashed as octets, never as base64 text', () => {
    const text = base64(NONCE)
    expect(md5Credential(...CLIENT, fromBase64(text) ?? NONCE)).toBe('f+G+ZBwxTwM0KDOxlHxcnA==')
    expect(md5Credential(...CLIENT, utf8Bytes(text))).not.toBe('f+G+ZBwxTwM0KDOxlHxcnA==')
  })
})

describe('dm 55: x-syncml-hmac', () => {
  const wanted = { algorithm: 'MD5', userName: 'client-0001', mac: 'JJHy+9ngp0rHh+l5Wj6L9g==' }
  test.each([
    'algorithm=MD5, username="client-0001", mac=JJHy+9ngp0rHh+l5Wj6L9g==',
    'mac=JJHy+9ngp0rHh+l5Wj6L9g==,username="client-0001",algorithm=MD5',
    'username=client-0001,mac=JJHy+9ngp0rHh+l5Wj6L9g==',
    '  Mac = "JJHy+9ngp0rHh+l5Wj6L9g==" , Username = "client-0001" ',
  ])('reads %s', (value) => expect(parseMacHeader(value)).toEqual(wanted))

  test('writes it as the example has it, and reads back what it writes', () => {
    expect(formatMacHeader(wanted.userName, wanted.mac)).toBe('algorithm=MD5, username="client-0001", mac=JJHy+9ngp0rHh+l5Wj6L9g==')
    fc.assert(
      fc.property(fc.string(), (user) => parseMacHeader(formatMacHeader(user, wanted.mac))?.userName === user),
      { seed: 3 },
    )
  })

  test.each(['', 'mac=abc=', 'username="a"', 'username="a", mac=', 'nonsense'])('refuses %j', (value) => expect(parseMacHeader(value)).toBeNull())
})

describe('nonces', () => {
  test('dm 65: every issued nonce has a character outside the base64 alphabet and so only one reading', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (octets) => {
        const nonce = makeNonce(() => octets)
        const text = Buffer.from(nonce).toString('latin1')
        expect(text).toMatch(/^[A-Za-z0-9.-]{23}[.-]$/)
        expect(issuedReadings(nonce)).toEqual([nonce])
        expect(readings({ text: '', octets: nonce })).toEqual([nonce])
      }),
      { seed: 2 },
    )
  })

  test('a nonce as base64 text in XML is certain; as OPAQUE it may be either, text first', () => {
    expect(readings({ text: 'Tm9uY2VGb3JDbGllbnQwMQ==' })).toEqual([NONCE])
    expect(readings({ text: 'x', octets: utf8Bytes('Tm9uY2VGb3JDbGllbnQwMQ==') })).toEqual([NONCE, utf8Bytes('Tm9uY2VGb3JDbGllbnQwMQ==')])
    expect(readings({ text: 'x', octets: NONCE })[1]).toEqual(NONCE)
  })

  test('five decimal digits are no base64 and so raw (Symbian)', () => expect(readings({ text: '12345' })).toEqual([utf8Bytes('12345')]))
})

test('strings compare without leaving early, and rightly', () => {
  expect(same('abc', 'abc')).toBe(true)
  expect([same('abc', 'abd'), same('abc', 'ab'), same('', 'a'), same('abc', 'abcd')]).toEqual([false, false, false, false])
})

const vectors = shared('corpus/aosp-verified-vectors/vectors.json')
test.skipIf(vectors === null)('vectors accepted by the AOSP engine (shared material: corpus/aosp-verified-vectors)', () => {
  const { md5: digest, hmac } = JSON.parse(readFileSync(vectors ?? '', 'utf8')) as Record<string, Record<string, string>>
  const nonce = utf8Bytes(digest?.['nonce_utf8'] ?? '')
  expect(md5Credential(digest?.['user'] ?? '', digest?.['password'] ?? '', nonce)).toBe(digest?.['cred'])
  const header = parseMacHeader((hmac?.['header'] ?? '').replace(/^x-syncml-hmac: /, ''))
  const body = new Uint8Array(readFileSync(shared('corpus/captured-sessions/aosp-omadm/a12-hmac-wbxml/01-client.wbxml') ?? ''))
  expect(mac('alice', 'secret', nonce, body)).toBe(header?.mac)
})
