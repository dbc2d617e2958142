// WSP pushes, SMS and HTTP forms: the sheet's octets both ways, every way to be malformed, tshark as the second opinion.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  CP_WBXML,
  DM_APPLICATION,
  DM_WBXML,
  NOTIFICATION,
  notification,
  notificationIn,
  pduRemarks,
  readHttp,
  readPdu,
  securityNamed,
  toHttp,
  toPdu,
} from '../../core/notify/push.ts'
import { joinSms, readSms, smsUserData } from '../../core/notify/sms.ts'
import { decodeWsp, encodeWsp } from '../../core/notify/wsp.ts'
import { PushError } from '../../core/notify/wspvalues.ts'
import { trigger } from '../../core/syncml/package0.ts'
import { pcapOfUdp } from './pcap.ts'
import { needs } from '../support/needs.ts'
import { B3, bytes, hex, mutated, PACKAGE0, fuzzMs, rounds, SECRET, seeded, SERVER_ID, SMS } from './support.ts'

const PDU = SMS.slice(7)
const parts = notification(trigger(SERVER_ID, 0x1a), SECRET)

describe('WSP push of a notification', () => {
  it('nb 14: the 51 octets of the sample parse: port 2948, PDU 06, content type 0x44, application id 0x07', () => {
    expect(SMS).toHaveLength(51)
    const sms = readSms(SMS)
    expect(sms).toMatchObject({ destination: 2948, source: 49154, parts: 1, part: 1 })
    const push = readPdu(sms.payload)
    expect(push).toMatchObject({ contentType: NOTIFICATION, application: DM_APPLICATION, endDevice: null, security: null, mac: null, bodyStart: 6 })
    expect(push.wsp).toMatchObject({ tid: 1, typeCode: 0x44, headersLength: 3 })
    expect(push.body).toEqual(PACKAGE0)
    expect(pduRemarks(push)).toEqual([])
  })

  it('a notification is found in its PDU and in its SMS, and a bare one is not taken for either', () => {
    expect(notificationIn(PDU)).toMatchObject({ start: 0, push: { bodyStart: 6, body: PACKAGE0 } })
    expect(notificationIn(SMS)).toMatchObject({ start: 7, push: { bodyStart: 6, body: PACKAGE0 } })
    expect(notificationIn(PACKAGE0)).toBeNull()
    const chance = Uint8Array.from(PACKAGE0)
    chance.set([1, 6, 3])
    expect(notificationIn(chance)).toBeNull()
    expect(notificationIn(toPdu({ contentType: CP_WBXML, body: B3 }))).toBeNull()
  })

  it('nb 15: our PDU is the sample, content type before application id, headers within 48 octets', () => {
    expect(hex(toPdu(parts))).toBe(hex(PDU))
    expect(hex(smsUserData(toPdu(parts))[0] as Uint8Array)).toBe(hex(SMS))
    const swapped = encodeWsp({
      contentType: NOTIFICATION,
      headers: [
        ['X-Oma-GwMO', 'x'.repeat(40)],
        ['X-Wap-Application-Id', 7],
      ],
      body: PACKAGE0,
    })
    expect(pduRemarks(readPdu(swapped))).toEqual([
      'the application id is not the first header after the content type',
      'WDP and WSP headers of 55 octets over SMS; 48 is the most',
    ])
  })

  it('nb 16: 127 octets of Package #0 fit one SMS, 128 make two of 128-octet segments that join in any order', () => {
    const pdu = (octets: number): Uint8Array =>
      encodeWsp({ contentType: NOTIFICATION, headers: [['X-Wap-Application-Id', 7]], body: new Uint8Array(octets).fill(7) })
    expect(smsUserData(pdu(127)).map((data) => data.length)).toEqual([140])
    const two = smsUserData(pdu(128), 0x42)
    expect(two.map((data) => data.length)).toEqual([140, 18])
    expect(hex((two[0] as Uint8Array).subarray(0, 12))).toBe('0B05040B84C0020003420201')
    const read = two.map(readSms)
    expect(joinSms([...read].reverse())).toEqual(pdu(128))
    expect(() => joinSms(read.slice(0, 1))).toThrow('part 2 of 2 is missing')
    expect(() => joinSms(read.map((part, i) => ({ ...part, reference: i })))).toThrow('different messages')
  })

  it('nb 17: application ids as long integer, both ways', () => {
    const pdu = encodeWsp({ contentType: NOTIFICATION, headers: [['X-Wap-Application-Id', 0x9044]], body: PACKAGE0 })
    expect(hex(pdu.subarray(2, 8))).toBe('05C4AF029044')
    expect(readPdu(pdu).application).toBe('x-wap-microsoft:cfgmgr.ua')
    expect(readPdu(encodeWsp({ contentType: NOTIFICATION, headers: [['X-Wap-Application-Id', 0x7777]], body: PACKAGE0 })).application).toBe('30583')
    expect(readPdu(encodeWsp({ contentType: NOTIFICATION, headers: [['X-Wap-Application-Id', 'x-lab:own']], body: PACKAGE0 })).application).toBe(
      'x-lab:own',
    )
  })

  it('nb 19: headers of 128 octets and more have a length of two octets', () => {
    const pdu = encodeWsp({ contentType: NOTIFICATION, headers: [['X-Oma-GwMO', 'd'.repeat(200)]], body: PACKAGE0 })
    expect(hex(pdu.subarray(2, 4))).toBe('814B')
    const push = readPdu(pdu)
    expect(push.endDevice).toBe('d'.repeat(200))
    expect(push.body).toEqual(PACKAGE0)
  })

  it('nb 20: content type 0x58 is told by its name, unknown codes by their number', () => {
    expect(readPdu(bytes('010601D8')).contentType).toBe('application/vnd.syncml.dm.notification')
    expect(readPdu(bytes('010601FF')).contentType).toBe('?0x7F')
  })

  it('nb 21: the extended push header of the gateway case is the sheet’s, and names the end device', () => {
    const pdu = toPdu({ ...parts, endDevice: 'urn:example:dev:ed3' })
    expect(hex(pdu.subarray(0, pdu.length - PACKAGE0.length))).toBe('010618C4AF87D075726E3A6578616D706C653A6465763A65643300')
    expect(readPdu(pdu)).toMatchObject({ endDevice: 'urn:example:dev:ed3', application: DM_APPLICATION, body: PACKAGE0 })
  })

  it('reads what others may write: text names, quoted text, headers without a name here, code page 1', () => {
    const own = encodeWsp({
      contentType: 'application/x-lab',
      parameters: [
        ['charset', 106],
        ['who', 'me'],
      ],
      headers: [
        ['X-Lab', 'yes'],
        ['Push-Flag', 1],
      ],
      body: bytes('AA'),
    })
    const wsp = decodeWsp(own)
    expect(wsp.contentType).toBe('application/x-lab')
    expect(wsp.parameters.map(({ name, value }) => [name, value])).toEqual([
      ['charset', '106'],
      ['who', 'me'],
    ])
    expect(wsp.headers.map(({ name, value }) => [name, value])).toEqual([
      ['X-Lab', 'yes'],
      ['Push-Flag', '1'],
    ])
    expect(decodeWsp(bytes('0106 07 C4 7F01 C3 03 0102 03 FF'.replace('07', '08'))).headers.map(({ name, value }) => `${name}=${value}`)).toEqual([
      'Encoding-Version=01 02 03',
    ])
  })

  it.each([
    ['', 'byte 0: transaction id is missing'],
    ['0107', 'byte 1: PDU type 0x07 is no push'],
    ['0106', 'byte 2: headers length is missing'],
    ['010600', 'byte 3: headers are empty'],
    ['010605C4AF87', 'byte 2: headers of 5 octets, but 3 are there'],
    ['0106FFFFFFFFFF01', 'byte 2: headers length: a number of more than five octets'],
    ['010603617070', 'byte 3: content type: text without its NUL'],
    ['010602C4AF', 'byte 5: value of X-Wap-Application-Id is missing'],
    ['0106021FFF', 'byte 5: length of content type is missing'],
    ['0106020544', 'byte 3: content type of 5 octets, but 1 are there'],
    ['01060100', 'byte 4: content type is empty'],
    ['010604C4AF0901', 'byte 5: X-Wap-Application-Id: an integer of 9 octets'],
    ['010603C47F05', 'byte 4: header code page 5 is not known'],
  ])('refuses %s with its place: %s', (octets, reason) => {
    expect(() => decodeWsp(bytes(octets))).toThrow(PushError)
    expect(() => decodeWsp(bytes(octets))).toThrow(reason)
  })

  it.each([
    ['', 'no user data'],
    ['05 00', 'user data header of 5 octets, but 1 are there'],
    ['03 05 04 0B', 'information element 0x5 runs over'],
    ['05 00 03 01 02 03', 'part 3 of 2'],
  ])('refuses SMS user data %s: %s', (octets, reason) => {
    expect(() => readSms(bytes(octets))).toThrow(reason)
  })

  it('fuzz: any octets are a push or a PushError with its place', { timeout: fuzzMs }, () => {
    const dice = seeded(14)
    for (let i = 0; i < rounds; i++) {
      const octets = mutated(i % 3 === 0 ? SMS : i % 3 === 1 ? PDU : toPdu({ ...parts, endDevice: 'ed', mac: 'AB', security: 'USERPIN' }), dice)
      for (const reader of [readPdu, readSms]) {
        try {
          reader(octets)
        } catch (error) {
          if (!(error instanceof PushError)) throw error
          expect(error.offset).toBeLessThanOrEqual(octets.length)
        }
      }
      expect(notificationIn(octets)?.push.contentType ?? NOTIFICATION).toBe(NOTIFICATION)
    }
  })
})

describe('security parameters and HTTP', () => {
  it('SEC by number, by the name of either profile, in any case', () => {
    expect(['0', 'netwpin', 'NETWORKID'].map(securityNamed)).toEqual(['NETWPIN', 'NETWPIN', 'NETWPIN'])
    expect(['1', 'UserPin'].map(securityNamed)).toEqual(['USERPIN', 'USERPIN'])
    expect(['2', 'USERNETWPIN', 'userpin_networkid'].map(securityNamed)).toEqual(['USERNETWPIN', 'USERNETWPIN', 'USERNETWPIN'])
    expect(['4', 'x', ''].map(securityNamed)).toEqual([null, null, null])
  })

  it('the WSP header of a provisioning push is the sheet’s 50 octets', () => {
    const mac = '844B0722394C4FF0CB3CE57CBD6FF6C3F647D9F1'
    const pdu = toPdu({ contentType: CP_WBXML, security: 'USERPIN', mac, body: bytes('030B6A00') })
    expect(hex(pdu.subarray(0, 50))).toBe(
      '01062F1F2DB6918192 38343442303732323339344334464630434233434535374342443646463643334636343744394631 00'.replace(/ /g, ''),
    )
    expect(readPdu(pdu)).toMatchObject({ contentType: CP_WBXML, security: 'USERPIN', mac, bodyStart: 50, body: bytes('030B6A00') })
  })

  it.each([
    [CP_WBXML, 'USERPIN', `${CP_WBXML}; SEC=USERPIN; MAC=AB`],
    [DM_WBXML, 'NETWPIN', `${DM_WBXML}; SEC=NETWORKID; MAC=AB`],
    [DM_WBXML, 'USERNETWPIN', `${DM_WBXML}; SEC=USERPIN_NETWORKID; MAC=AB`],
  ] as const)('%s over HTTP with %s, both ways', (contentType, security, written) => {
    const http = toHttp({ contentType, security, mac: 'AB', application: DM_APPLICATION, endDevice: 'ed', body: bytes('00') })
    expect(http.contentType).toBe(written)
    const push = readHttp(
      http.contentType.replace('MAC=AB', 'mac="AB"'),
      http.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      http.body,
    )
    expect(push).toMatchObject({ contentType, security, mac: 'AB', application: DM_APPLICATION, endDevice: 'ed' })
  })

  it('Wireshark reads our pushes as we do', (context) => {
    needs(context, 'tshark')
    const dir = mkdtempSync(join(tmpdir(), 'dmlab-push-'))
    const file = join(dir, 'push.pcap')
    const boot = toPdu({ contentType: CP_WBXML, security: 'USERNETWPIN', mac: 'A'.repeat(40), body: B3 })
    writeFileSync(file, pcapOfUdp([toPdu(parts), toPdu({ ...parts, endDevice: 'urn:example:dev:ed3' }), boot], 2948))
    const full = execFileSync('tshark', ['-r', file, '-V'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    const [first = '', second = '', third = ''] = full.split(/^Frame \d+:/m).slice(1)
    for (const told of [first, second, third]) expect(told).toContain('PDU Type: Push (0x06)')
    for (const told of [first, second]) {
      expect(told).toContain('Content-Type: application/vnd.syncml.notification')
      expect(told).toContain('X-Wap-Application-Id: x-wap-application:syncml.dm')
      expect(told).toContain('application/vnd.syncml.notification (38 bytes)')
    }
    expect(second).toContain('Unknown WSP header field 0x50')
    expect(third).toContain('application/vnd.wap.connectivity-wbxml')
    expect(third).toContain('SEC: USERNETWPIN (0x02)')
    expect(third).toContain("name='AAUTHSECRET'")
    expect(third).toContain('A'.repeat(40))
    expect(full).not.toContain('Malformed')
  })
})
