// A device meets notifications: right ones begin one session, wrong ones are refused with their cause; SessionIDs and the bit ruler.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { issueSessionId, LARGEST_ID, matchSessionId } from '../../core/notify/ids.ts'
import { NOTIFICATION, readHttp, readPdu, toPdu } from '../../core/notify/push.ts'
import type { Push } from '../../core/notify/push.ts'
import { NotificationReceiver } from '../../core/notify/receiver.ts'
import type { ReceiverOptions } from '../../core/notify/receiver.ts'
import { ruler } from '../../core/notify/ruler.ts'
import { judgeNotification } from '../../core/notify/verdict.ts'
import { UI_MODES } from '../../core/syncml/package0.ts'
import { base64 } from '../../core/syncml/text.ts'
import { shared } from '../support/shared.ts'
import { ACCOUNT, bytes, hex, mutated, NONCE, package0, PACKAGE0, PASSWORD, read, fuzzMs, rounds, seeded, SERVER_ID, utf8 } from './support.ts'

const push = (body: Uint8Array, change: Partial<Push> = {}): Push => ({
  ...readPdu(toPdu({ contentType: NOTIFICATION, application: 'x-wap-application:syncml.dm', body })),
  ...change,
})
const device = (options: Partial<ReceiverOptions> = {}): NotificationReceiver =>
  new NotificationReceiver({ account: (serverId) => (serverId === SERVER_ID ? ACCOUNT : undefined), ...options })

describe('a notification that is right', () => {
  it('nb 1, nb 2, nb 10: the sample begins a session with SessionID 1A', () => {
    expect(device().receive(push(PACKAGE0))).toEqual({
      what: 'session',
      serverId: SERVER_ID,
      sessionId: '1A',
      uiMode: 'background',
      resync: null,
      text: 'com.example.dm asks for session 1A: the digest is right',
    })
  })

  it('nb 2: any single bit that changes makes it refused or, in the server id, somebody else’s', () => {
    for (let bit = 0; bit < PACKAGE0.length * 8; bit++) {
      const broken = Uint8Array.from(PACKAGE0)
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
      expect(device().receive(push(broken)).what, `bit ${String(bit)}`).toBe('refused')
    }
  })

  it('nb 3, nb 12: every ui-mode and initiator, versions 10 and 11', () => {
    for (const version of [10, 11])
      for (const uiMode of UI_MODES)
        for (const initiator of ['client', 'server'] as const) {
          const octets = package0({ version, uiMode, initiator })
          const word = (version << 6) | (UI_MODES.indexOf(uiMode) << 4) | (initiator === 'server' ? 8 : 0)
          expect(hex(octets.subarray(16, 18))).toBe(word.toString(16).toUpperCase().padStart(4, '0'))
          expect(device().receive(push(octets))).toMatchObject({ what: 'session', uiMode })
        }
  })

  it('nb 4: vendor-specific octets are part of what the digest covers', () => {
    expect(device().receive(push(package0({ vendor: bytes('0102') }))).what).toBe('session')
    const cut = package0({ vendor: bytes('0102') })
    expect(device().receive(push(cut.subarray(0, cut.length - 1))).what).toBe('refused')
  })

  it('nb 6: future-use bits are ignored on receipt and told, refused by a strict device; so are unknown versions', () => {
    const reserved = push(package0({ future: 5 }))
    expect(device().receive(reserved)).toMatchObject({ what: 'session', text: expect.stringContaining('future-use bits are not zero') as string })
    expect(device({ strict: true }).receive(reserved)).toEqual({ what: 'refused', text: 'future-use bits are not zero' })
    const later = push(package0({ version: 12 }))
    expect(device().receive(later).what).toBe('session')
    expect(device({ strict: true }).receive(later).text).toContain('version 12')
  })

  it.each([
    [0x1a, '1A'],
    [0x1234, '1234'],
    [0x0a, 'A'],
    [0xffff, 'FFFF'],
  ])('nb 8: session id 0x%s gives SessionID %s', (sessionId, text) => {
    expect(device().receive(push(package0({ sessionId })))).toMatchObject({ sessionId: text })
  })

  it('nb 9: the same message again gives no second session; a new one does', () => {
    const one = device()
    expect(one.receive(push(PACKAGE0)).what).toBe('session')
    expect(one.receive(push(PACKAGE0))).toEqual({ what: 'repeated', text: 'the notification of session 1A came again' })
    expect(one.receive(push(package0({ sessionId: 0x1b }))).what).toBe('session')
  })

  it.each([
    ['four zero octets', new Uint8Array(4)],
    ['text 0x00000000', utf8('0x00000000')],
  ])('nb 11: the default nonce as %s begins a session that goes on with it', (used, nonce) => {
    expect(device().receive(push(package0({}, { nonce })))).toMatchObject({
      what: 'session',
      resync: nonce,
      text: expect.stringContaining(used) as string,
    })
  })

  it('nb 11: a device that gave no nonce yet takes the default one', () => {
    const fresh = device({ account: () => ({ ...ACCOUNT, nonce: null }) })
    expect(fresh.receive(push(package0({}, { nonce: new Uint8Array(4) })))).toMatchObject({ what: 'session', resync: new Uint8Array(4) })
  })

  it('nb 13: ui-mode user interaction asks the person, no other mode does', () => {
    const asked: string[] = []
    const polite = device({ consent: ({ uiMode }) => (asked.push(uiMode), false) })
    for (const [i, uiMode] of UI_MODES.entries()) {
      expect(polite.receive(push(package0({ uiMode, sessionId: i + 1 }))).what).toBe(uiMode === 'user interaction' ? 'refused' : 'session')
    }
    expect(asked).toEqual(['user interaction'])
  })

  it('a server that hashes AAuthName, and a nonce that reads as base64, are understood', () => {
    const named = { ...ACCOUNT, userName: 'srv-name' }
    expect(judgeNotification(read(package0({}, { identity: 'srv-name' })), named).ok).toBe(true)
    const decoded = bytes(Buffer.from('NonceForServer01', 'base64').toString('hex'))
    expect(judgeNotification(read(package0({}, { nonce: decoded })), ACCOUNT)).toMatchObject({ ok: true, used: 'stored' })
  })
})

describe('a notification that is wrong', () => {
  const account = { ...ACCOUNT, older: [utf8('OldNonce')], clientPassword: 'Cl13ntS3cret' }
  it.each([
    ['wrong secret', {}, { password: 'guess' }, 'wrong secret, or a nonce that was never given to this server'],
    ['client secret', {}, { password: 'Cl13ntS3cret' }, "the client's password was used"],
    ['empty secret', {}, { password: '' }, 'empty password'],
    ['earlier nonce', {}, { nonce: utf8('OldNonce') }, 'wrong nonce: the digest rests on an earlier one'],
    ['nonce as text', {}, { nonce: utf8(base64(NONCE)) }, 'its base64 text was hashed'],
    ['empty nonce', {}, { nonce: new Uint8Array(0) }, 'wrong nonce: the digest rests on an empty one'],
    ['empty identity', {}, { identity: '' }, 'wrong server id in the digest: it is empty'],
    ['spelling of the identity', {}, { identity: 'COM.EXAMPLE.DM' }, 'wrong server id in the digest: another spelling'],
  ])('%s: the cause is told, and no secret with it', (_, fields, secret, cause) => {
    const verdict = judgeNotification(read(package0(fields, secret)), account)
    expect(verdict).toMatchObject({ ok: false, used: null, nonce: null })
    expect(verdict.cause).toContain(cause)
    expect(verdict.expected).toEqual(PACKAGE0.slice(0, 16))
    for (const word of [PASSWORD, 'Cl13ntS3cret', 'NonceForServer01', 'OldNonce']) expect(verdict.cause).not.toContain(word)
  })

  it('nb 7: an unknown server identifier is refused', () => {
    expect(device().receive(push(package0({ serverId: 'stranger' })))).toEqual({
      what: 'refused',
      text: 'wrong server id: no account of a server "stranger"',
    })
  })

  it.each([
    ['shorter than 24 octets', PACKAGE0.subarray(0, 23), 'byte 23'],
    ['identifier beyond the end', PACKAGE0.subarray(0, 30), 'byte 23: server identifier of 14 octets, but 6 are there'],
    ['identifier of no length', package0({ serverId: '' }), 'the server identifier is empty'],
    ['SessionID 0', package0({ sessionId: 0 }), 'session id 0'],
  ])('nb 5: %s is refused', (_, octets, text) => {
    const reception = device({ account: () => ACCOUNT }).receive(push(octets))
    expect(reception.what).toBe('refused')
    expect(reception.text).toContain(text)
  })

  it('nb 18: another application or content type is not for the DM client', () => {
    expect(device().receive(push(PACKAGE0, { application: 'x-wap-application:wml.ua' })).what).toBe('foreign')
    expect(device().receive(push(PACKAGE0, { contentType: 'text/plain' })).what).toBe('foreign')
    expect(device({ strict: true }).receive(push(PACKAGE0, { application: '' })).what).toBe('foreign')
    expect(device().receive(push(PACKAGE0, { application: '' })).what).toBe('session')
  })

  it.each(['x-wap-application:syncml.dm', 'X-WAP-Application:SyncML.DM', '7', ' 0x07 ', 'x-wap-application:*', '0'])(
    'an application id as senders write it into HTTP: %s',
    (id) => {
      const sent = readHttp('application/vnd.syncml.notification; charset=x', [['X-WAP-APPLICATION-ID', id]], PACKAGE0)
      expect(device().receive(sent).what).toBe('session')
    },
  )

  it('nb 20: a notification of DM 1.3 is refused cleanly, and the 1.2 format still works', () => {
    const one = device()
    expect(one.receive(push(PACKAGE0, { contentType: 'application/vnd.syncml.dm.notification' }))).toEqual({
      what: 'refused',
      text: 'a notification of DM 1.3; this device speaks 1.2',
    })
    expect(one.receive(push(PACKAGE0)).what).toBe('session')
  })

  it('nb 21: a device that is no gateway passes over the extended push header', () => {
    expect(device().receive(push(PACKAGE0, { endDevice: 'urn:example:dev:ed3' })).what).toBe('session')
  })

  it('notifications a real client judged, by its verdicts; and data sync alerts of another stack', (context) => {
    const folder = shared('corpus/aosp-verified-vectors')
    if (folder === null) return context.skip('needs the shared folder corpus/aosp-verified-vectors')
    const account = { serverId: 'md5srv', password: 'srvpwd', nonce: utf8('123') }
    const judged = (name: string): ReturnType<typeof judgeNotification> =>
      judgeNotification(read(new Uint8Array(readFileSync(`${folder}/${name}`))), account)
    expect(judged('pkg0-11.bin')).toMatchObject({ ok: true, used: 'stored' })
    expect(judged('pkg0-10.bin')).toMatchObject({ ok: true, used: 'stored' })
    expect(judged('pkg0-bad.bin')).toMatchObject({ ok: false, cause: 'wrong digest: wrong secret, or a nonce that was never given to this server' })
    expect(judged('pkg0-z.bin')).toMatchObject({ ok: false, cause: 'wrong nonce: the digest rests on an empty one' })
    const alerts = shared('corpus/buteo-syncml/wbxml-and-san-bin')
    if (alerts === null) return context.skip('needs the shared folder corpus/buteo-syncml')
    const san = read(new Uint8Array(readFileSync(`${alerts}/SAN01.bin`)))
    expect(san).toMatchObject({ version: 12, serverId: 'PC Suite Data Sync', sessionId: 0 })
    expect(device({ account: () => account }).receive(push(new Uint8Array(readFileSync(`${alerts}/SAN01.bin`)))).what).toBe('refused')
  })

  it('fuzz: no octets make a device begin a session but those the secret vouches for, and none make it throw', { timeout: fuzzMs }, () => {
    const dice = seeded(5)
    for (let i = 0; i < rounds / 4; i++) {
      const octets = mutated(i % 2 === 0 ? PACKAGE0 : package0({ vendor: bytes('0102030405') }), dice)
      const reception = device().receive(push(octets))
      if (reception.what === 'session') expect(judgeNotification(read(octets), ACCOUNT).ok).toBe(true)
    }
  })
})

describe('SessionIDs', () => {
  it('nb 8: an answer is matched in hexadecimal first, then in decimal', () => {
    expect(matchSessionId('1A', [0x1a])).toEqual({ id: 0x1a, reading: 'hexadecimal' })
    expect(matchSessionId('1a', [0x1a])).toEqual({ id: 0x1a, reading: 'hexadecimal' })
    expect(matchSessionId('26', [0x1a])).toEqual({ id: 0x1a, reading: 'decimal' })
    expect(matchSessionId('26', [26, 0x26])).toEqual({ id: 0x26, reading: 'hexadecimal' })
    // As libdmclient writes 0x1234, and 1.
    expect(matchSessionId('3412', [0x1234])).toEqual({ id: 0x1234, reading: 'swapped' })
    expect(matchSessionId('100', [1])).toEqual({ id: 1, reading: 'swapped' })
    expect(matchSessionId('3412', [0x1234, 0x3412])).toEqual({ id: 0x3412, reading: 'hexadecimal' })
    expect(matchSessionId('65535', [65535])).toEqual({ id: 65535, reading: 'decimal' })
    for (const stranger of ['27', '', 'G', '12345678', '-1', '1A2B3']) expect(matchSessionId(stranger, [0x1a])).toBeNull()
  })

  it('ids issued together never share a reading, and stay within what clients can keep', () => {
    const dice = seeded(9)
    const ids: number[] = []
    const texts = new Set<string>()
    for (let i = 0; i < 500; i++) {
      const id = issueSessionId(ids, dice.octets) as number
      expect(id).toBeGreaterThan(0)
      expect(id).toBeLessThanOrEqual(LARGEST_ID)
      for (const text of new Set([id.toString(16).toUpperCase(), String(id)])) {
        expect(texts.has(text)).toBe(false)
        texts.add(text)
      }
      ids.push(id)
    }
    for (const id of ids) {
      expect(matchSessionId(id.toString(16).toUpperCase(), ids)?.id).toBe(id)
      expect(matchSessionId(String(id), ids)?.id).toBe(id)
      expect(matchSessionId((((id & 255) << 8) | (id >> 8)).toString(16), ids)?.id).toBe(id)
    }
  })

  it('says so where no id is left', () => {
    expect(
      issueSessionId(
        Array.from({ length: LARGEST_ID }, (_, i) => i + 1),
        seeded(1).octets,
      ),
    ).toBeNull()
  })
})

describe('the bit ruler', () => {
  it('covers every bit once, says what each field means, and shows the digits of the small ones', () => {
    const fields = ruler(read(PACKAGE0))
    expect(fields.map(({ name, start, width }) => [name, start, width])).toEqual([
      ['digest', 0, 128],
      ['version', 128, 10],
      ['ui-mode', 138, 2],
      ['initiator', 140, 1],
      ['future-use', 141, 27],
      ['sessionid', 168, 16],
      ['length-identifier', 184, 8],
      ['server-identifier', 192, 112],
    ])
    expect(fields.map(({ bits }) => bits)).toEqual(['', '0000001011', '01', '1', '0'.repeat(27), '0000000000011010', '00001110', ''])
    for (const { meaning } of fields) expect(meaning).not.toBe('')
    expect(
      ruler(read(package0({ future: 1, version: 12 })))
        .filter(({ name }) => name === 'future-use' || name === 'version')
        .map(({ meaning }) => meaning),
    ).toEqual(['a version nobody sends; the layout is read all the same', 'reserved: it must be zero, receivers ignore it'])
  })
})
