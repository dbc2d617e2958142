// The forms in which servers and test programs write the push around a Package #0: all are read, what is not as NOTI 6.3 has it is told.
import { describe, expect, it } from 'vitest'
import { NotificationReceiver } from '../../core/notify/receiver.ts'
import { DM_APPLICATION, NOTIFICATION, pduRemarks, readDatagram } from '../../core/notify/push.ts'
import { PushError } from '../../core/notify/wspvalues.ts'
import { concat, utf8Bytes } from '../../core/syncml/text.ts'
import { bytes, PACKAGE0, SECRET, SERVER_ID, SMS } from './support.ts'

const TYPE = '6170706C69636174696F6E2F766E642E73796E636D6C2E6E6F74696669636174696F6E'
const ID_FIELD = '582D5761702D4170706C69636174696F6E2D496400'
const DM_TEXT = '782D7761702D6170706C69636174696F6E3A73796E636D6C2E646D00'

/** A PDU of these headers, as hexadecimal digits, around the sample. */
const around = (headers: string, tid = '01'): Uint8Array => concat([bytes(tid + '06'), bytes(length(headers)), bytes(headers), PACKAGE0])
const length = (hex: string): string => (hex.length / 2).toString(16).padStart(2, '0')
const secret = { serverId: SERVER_ID, password: SECRET.password, nonce: SECRET.nonce }
const receiver = (strict = false): NotificationReceiver =>
  new NotificationReceiver({ account: (serverId) => (serverId === SERVER_ID ? secret : undefined), strict })

const forms: Record<string, [Uint8Array, string[]]> = {
  'the form of NOTI': [around('C4AF87'), []],
  'push id 7': [around('C4AF87', '07'), []],
  'push id 0': [around('C4AF87', '00'), []],
  'no application id': [around('C4'), ['no application id; NOTI asks for x-wap-application:syncml.dm']],
  'the application id as long integer': [around('C4AF0107'), []],
  'the application id as long integer of two octets': [around('C4AF020007'), []],
  'the application id as text': [around(`C4AF${DM_TEXT}`), []],
  'the application id under its own name': [around(`C4${ID_FIELD}${DM_TEXT}`), ['WDP and WSP headers of 60 octets over SMS; 48 is the most']],
  'every application': [around('C4AF80'), []],
  'the content type in general form': [around('01C4AF87'), ['content type of 2 octets; NOTI asks for its code 0x44 alone']],
  'the content type as long integer': [around('020144AF87'), ['content type of 3 octets; NOTI asks for its code 0x44 alone']],
  'the content type with a parameter': [around('03C481EAAF87'), ['content type of 4 octets; NOTI asks for its code 0x44 alone']],
  'the content type as text': [around(`${TYPE}00AF87`), ['content type as text; NOTI asks for its code 0x44']],
  'the content type as text with a parameter in it': [
    around(`${TYPE}3B20636861727365743D7574662D3800AF87`),
    ['content type as text; NOTI asks for its code 0x44', 'WDP and WSP headers of 63 octets over SMS; 48 is the most'],
  ],
  'the content type as text in general form, with a parameter': [
    around(`1F26${TYPE}0081EAAF87`),
    ['content type as text; NOTI asks for its code 0x44', 'WDP and WSP headers of 52 octets over SMS; 48 is the most'],
  ],
  'a header before the application id': [around('C4B481AF87'), ['the application id is not the first header after the content type']],
  'a header without a value': [around('C4AF87B400'), []],
  'an SMS whole': [SMS, ['the user data header of an SMS stands before the WSP header; over UDP the port says it']],
  'no WSP header at all': [PACKAGE0, ['a Package #0 without the WSP header that a push has (content type and application id)']],
}

describe('a notification over UDP', () => {
  it.each(Object.entries(forms))('with %s begins the session that its digest vouches for', (_name, [datagram, odd]) => {
    const push = readDatagram(datagram)
    expect(push).toMatchObject({ contentType: NOTIFICATION, body: PACKAGE0 })
    expect(pduRemarks(push)).toEqual(odd)
    const reception = receiver().receive(push)
    expect(reception).toMatchObject({ what: 'session', sessionId: '1A' })
    for (const remark of odd) expect(reception.text).toContain(remark)
    const strict = receiver(true).receive(push)
    expect(strict.what === 'session').toBe(odd.length === 0)
    const wrong = Uint8Array.from(datagram)
    wrong[wrong.length - PACKAGE0.length] = (PACKAGE0[0] as number) ^ 1
    expect(receiver().receive(readDatagram(wrong)).what).toBe('refused')
  })

  it('by itself is known whatever its digest begins with; another application stays another’s', () => {
    const chance = Uint8Array.from(PACKAGE0)
    for (const head of ['010603C4', '01061FFF', '0106FFFF', '060504', '010601FF']) {
      chance.set(bytes(head))
      expect(readDatagram(chance)).toMatchObject({ contentType: NOTIFICATION, body: chance, wsp: null })
    }
    expect(receiver().receive(readDatagram(around('C4AF85'))).what).toBe('foreign')
    expect(readDatagram(around(`C4${ID_FIELD}${DM_TEXT}`)).application).toBe(DM_APPLICATION)
  })

  it('is refused with the place where it is neither a push nor a Package #0', () => {
    for (const octets of ['', '01', '0106', '010600', '0107C4', '00'.repeat(40)]) expect(() => readDatagram(bytes(octets)), octets).toThrow(PushError)
    expect(() => readDatagram(concat([PACKAGE0.subarray(0, 24), utf8Bytes('short')]))).toThrow('byte 1: PDU type 0x2E is no push (0x06)')
  })
})
