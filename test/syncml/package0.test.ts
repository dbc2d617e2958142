// Package #0: the sheet's worked examples and the ones a real client judged, bit by bit, and every way to be malformed.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  UI_MODES,
  bitFields,
  decodePackage0,
  encodePackage0,
  encodeTrigger,
  package0Digest,
  package0Remarks,
  sessionIdText,
  trigger,
} from '../../core/syncml/package0.ts'
import { judgeNotification } from '../../core/notify/verdict.ts'
import type { NotifyVerdict } from '../../core/notify/verdict.ts'
import type { Package0, Package0Secret } from '../../core/syncml/package0.ts'
import { shared } from '../support/shared.ts'

const md5 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('md5').update(bytes).digest())
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const SECRET = { identity: 'com.example.dm', password: 'S3rv3rS3cret', nonce: utf8('NonceForServer01') }
const MESSAGE = '632e75b253474aad5a14c33b96572db002d800000000 1a0e636f6d2e6578616d706c652e646d'.replace(' ', '')
const FIELDS = trigger('com.example.dm', 0x1a)

/** The receiver's verdict, by the account that has this secret. */
const judged = (received: Package0, { identity, password, nonce }: Package0Secret): NotifyVerdict =>
  judgeNotification(received, { serverId: identity, password, nonce })

describe('worked examples of the notification sheet', () => {
  it('1.3: version 11, background, by the server, session 1A', () => {
    expect(hex(encodePackage0(FIELDS, SECRET, md5))).toBe(MESSAGE)
    const read = decodePackage0(bytes(MESSAGE))
    expect(read).toMatchObject({ ...FIELDS, vendor: new Uint8Array(0) })
    expect(judged(read, SECRET)).toMatchObject({ ok: true, used: 'stored' })
    expect(sessionIdText(read.sessionId)).toBe('1A')
    expect(package0Remarks(read)).toEqual([])
  })

  it.each([
    ['default nonce, four zero octets', FIELDS, new Uint8Array(4), 'e7723daaa396a6e1cf597f1b4f4552ca'],
    ['default nonce, ASCII', FIELDS, utf8('0x00000000'), 'c973288fc577fe1f0395fc911db8aeab'],
    ['vendor-specific 01 02', { ...FIELDS, vendor: bytes('0102') }, SECRET.nonce, '6e83ed7dfba6f681d3562f19f24f3d78'],
    [
      'version 10, informative, by the client, session 1234',
      trigger('com.example.dm', 0x1234, { version: 10, uiMode: 'informative', initiator: 'client' }),
      SECRET.nonce,
      '350d387510cb58165a4152fc6cc82b49',
    ],
  ])('1.3: %s', (_, fields, nonce, digest) => {
    expect(hex(package0Digest(encodeTrigger(fields), { ...SECRET, nonce }, md5))).toBe(digest)
  })

  it('1.3: the trigger of version 10, and the specification’s own sample', () => {
    const ten = trigger('com.example.dm', 0x1234, { version: 10, uiMode: 'informative', initiator: 'client' })
    expect(hex(encodeTrigger(ten))).toBe(hex(bytes('02A0000000 1234 0E 636F6D2E6578616D706C652E646D')))
    const sample = trigger('com.mgmtsrv.manage', 0x1234, { initiator: 'client' })
    expect(hex(encodeTrigger(sample))).toBe(`02d0000000123412${hex(utf8('com.mgmtsrv.manage'))}`)
  })

  it('octets 16 and 17 of every ui-mode and initiator, versions 11 and 10', () => {
    const lead = (version: number, initiator: 'client' | 'server'): string[] =>
      UI_MODES.map((uiMode) => hex(encodeTrigger(trigger('x', 1, { version, uiMode, initiator })).subarray(0, 2)))
    expect(lead(11, 'client')).toEqual(['02c0', '02d0', '02e0', '02f0'])
    expect(lead(11, 'server')).toEqual(['02c8', '02d8', '02e8', '02f8'])
    expect(lead(10, 'client')).toEqual(['0280', '0290', '02a0', '02b0'])
  })

  it('nonce resynchronisation: the default nonces are recognised, a wrong password is not, and the expected digest is told', () => {
    const make = (nonce: Uint8Array): ReturnType<typeof decodePackage0> => decodePackage0(encodePackage0(FIELDS, { ...SECRET, nonce }, md5))
    expect(judged(make(new Uint8Array(4)), SECRET)).toMatchObject({ ok: true, used: 'four zero octets' })
    expect(judged(make(utf8('0x00000000')), SECRET)).toMatchObject({ ok: true, used: 'text 0x00000000' })
    const bad = judged(make(SECRET.nonce), { ...SECRET, password: 'wrong' })
    expect(bad).toMatchObject({ ok: false, used: null })
    const good = judged(make(utf8('other')), SECRET)
    expect(good.ok).toBe(false)
    expect(hex(good.expected)).toBe(MESSAGE.slice(0, 32))
  })
})

describe('what a real client judged', () => {
  const folder = shared('corpus/aosp-verified-vectors')
  it.skipIf(folder === null)('the corpus’ notifications verify as the AOSP engine said', () => {
    const vectors = JSON.parse(readFileSync(`${folder ?? ''}/vectors.json`, 'utf8')).package0 as Record<string, unknown>
    const secret = { identity: String(vectors['server']), password: String(vectors['password']), nonce: utf8(String(vectors['nonce_utf8'])) }
    for (const [file, version, ok] of [
      ['pkg0-10.bin', 10, true],
      ['pkg0-11.bin', 11, true],
      ['pkg0-bad.bin', 11, false],
      ['pkg0-z.bin', 11, false],
    ] as const) {
      const octets = new Uint8Array(readFileSync(`${folder ?? ''}/${file}`))
      const read = decodePackage0(octets)
      expect([file, judged(read, secret).ok]).toEqual([file, ok])
      expect(read).toMatchObject({ serverId: 'md5srv', sessionId: 4660 })
      if (ok) {
        expect(read).toMatchObject({ version, uiMode: 'informative', initiator: 'server' })
        expect(hex(encodePackage0(read, secret, md5))).toBe(hex(octets))
      }
    }
  })
})

describe('every bit has its place', () => {
  const fields = fc.record({
    version: fc.integer({ min: 0, max: 1023 }),
    uiMode: fc.constantFrom(...UI_MODES),
    initiator: fc.constantFrom('client' as const, 'server' as const),
    future: fc.integer({ min: 0, max: 0x7ffffff }),
    sessionId: fc.integer({ min: 0, max: 0xffff }),
    serverId: fc.string({ maxLength: 60, unit: 'grapheme-ascii' }),
    vendor: fc.uint8Array({ maxLength: 20 }),
  })

  it('any fields survive; the ruler covers each bit once; one flipped bit of the trigger breaks the digest', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (given, flip) => {
        const octets = encodePackage0(given, SECRET, md5)
        const read = decodePackage0(octets)
        expect(read).toMatchObject(given)
        const ruler = bitFields(read)
        expect(ruler.reduce((at, field) => (field.start === at ? field.end : -1), 0)).toBe(octets.length * 8)
        const changed = octets.slice()
        const bit = 128 + (flip % ((octets.length - 16) * 8))
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
        const trig = changed.slice(16)
        expect(judged({ ...read, trigger: trig }, SECRET).ok).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('says what is odd', () => {
    const odd = decodePackage0(encodePackage0(trigger('', 0, { version: 12, future: 5 }), SECRET, md5))
    expect(package0Remarks(odd)).toHaveLength(4)
  })

  it('too short, a name that is cut, a name that is not UTF-8, fields that do not fit', () => {
    for (let n = 0; n < 24; n++) expect(() => decodePackage0(bytes(MESSAGE).slice(0, n))).toThrow(/octets; digest and header alone are 24/)
    for (let n = 24; n < 38; n++) expect(() => decodePackage0(bytes(MESSAGE).slice(0, n))).toThrow(/byte 23: server identifier of 14 octets/)
    const broken = bytes(MESSAGE)
    broken[24] = 0xff
    expect(() => decodePackage0(broken)).toThrow(/byte 24: .*UTF-8/)
    expect(() => encodeTrigger(trigger('x', 65536))).toThrow(/sessionid/)
    expect(() => encodeTrigger(trigger('x', 1, { version: 1024 }))).toThrow(/version/)
    expect(() => encodeTrigger(trigger('x'.repeat(256), 1))).toThrow(/length-identifier/)
    expect(() => encodeTrigger(trigger('x', 1, { future: 2 ** 27 }))).toThrow(/future-use/)
  })
})
