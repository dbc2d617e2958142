// SMS PDUs: written and read back, every octet on the ruler, every truncation refused with its octet, tshark as the second opinion.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeDeliver, encodeStatusReport, encodeSubmit, PduError, pduHex, pduOctets } from '../../core/notify/pdu.ts'
import { fateOf, validityMinutes, validityOctet } from '../../core/notify/pducodes.ts'
import { pduText, readPdu } from '../../core/notify/pduread.ts'
import { DM_APPLICATION, NOTIFICATION, toPdu } from '../../core/notify/push.ts'
import { smsUserData } from '../../core/notify/sms.ts'
import { smsTarget } from '../../core/notify/smstarget.ts'
import { needs } from '../support/needs.ts'
import { SMS } from './support.ts'

const AT = '2026-11-21T16:05:00-01:30'
const NUMBER = '+491701234567'
const submit = encodeSubmit({ number: NUMBER, userData: SMS, header: true, report: true, validity: 1440 })
const deliver = encodeDeliver({ from: NUMBER, at: AT, userData: SMS, header: true, smsc: '+491722270333' })
const status = encodeStatusReport({ reference: 17, number: '01701234567', at: AT, done: AT, status: 0x46 })
const EACH = [
  [submit, 'to the network'],
  [deliver, 'from the network'],
  [status, 'from the network'],
] as const

describe('SMS PDUs', () => {
  it('are written as modems take them', () => {
    expect(pduHex(submit)).toBe(`0071000C919471103254760004A733${pduHex(SMS)}`)
    expect(pduHex(status)).toBe('0006110B811007214365F7621112615000' + '68621112615000' + '6846')
  })

  it('come back as they went, with or without the service centre', () => {
    expect(readPdu(submit, 'to the network')).toMatchObject({ kind: 'submit', number: NUMBER, report: true, length: submit.length - 1 })
    expect(readPdu(deliver, 'from the network')).toMatchObject({
      smsc: '+491722270333',
      number: NUMBER,
      at: AT,
      header: { ports: { destination: 2948 } },
    })
    expect(readPdu(status, 'from the network')).toMatchObject({ reference: 17, fate: { state: 'failed', text: 'its validity ran out; for good' } })
    for (const [pdu, direction] of EACH) {
      const bare = pdu.slice(1 + (pdu[0] ?? 0))
      expect(readPdu(bare, direction)).toMatchObject({ number: readPdu(pdu, direction).number, length: bare.length, smsc: '' })
    }
  })

  it('cover every bit once', () => {
    for (const [pdu, direction] of EACH) {
      let at = 0
      for (const field of readPdu(pdu, direction).fields) {
        expect(field.start).toBe(at)
        at = field.end
      }
      expect(at).toBe(pdu.length * 8)
    }
  })

  it('cut anywhere are refused, and no octets make the reader fall', () => {
    for (const [pdu, direction] of EACH)
      for (let length = 0; length < pdu.length; length++) {
        const cut = pdu.slice(0, length)
        let error: unknown = null
        try {
          readPdu(cut, direction)
        } catch (caught) {
          error = caught
        }
        expect(error, pduHex(cut)).toBeInstanceOf(PduError)
        expect((error as PduError).offset).toBeLessThanOrEqual(length)
      }
    for (let seed = 1; seed < 3000; seed++) {
      const octets = Uint8Array.from({ length: seed % 60 }, (_, i) => (seed * 2654435761 * (i + 7)) >>> 24)
      for (const direction of ['to the network', 'from the network'] as const)
        try {
          pduText(readPdu(octets, direction))
        } catch (error) {
          expect(error).toBeInstanceOf(PduError)
        }
    }
  })

  it('say what is wrong and where', () => {
    expect(() => readPdu(status, 'to the network')).toThrow('octet 1: TP-MTI 2: SMS-COMMAND, no SMS-SUBMIT')
    expect(() => pduOctets('00 1G')).toThrow('octet 1: G is no hexadecimal digit')
    expect(() => encodeSubmit({ number: 'x', userData: SMS, header: true })).toThrow('TP-DA: x is no number')
    expect(() => encodeSubmit({ number: '1', userData: new Uint8Array(141), header: false })).toThrow('TP-UD: 141 octets; 140 is the most')
  })

  it('know validity both ways, and what a status means', () => {
    for (const minutes of [5, 60, 720, 750, 1440, 2880, 43200, 50400, 635040]) expect(validityMinutes(validityOctet(minutes))).toBe(minutes)
    expect([0x00, 0x21, 0x47, 0x62, 0x99].map((code) => fateOf(code).state)).toEqual(['delivered', 'pending', 'failed', 'failed', 'failed'])
  })

  it('go to an address that says how', () => {
    expect(smsTarget('sms:+49 170 1234567?port=/dev/ttyUSB0&validity=60&report=no&to=2949')).toMatchObject({
      number: NUMBER,
      port: '/dev/ttyUSB0',
      validity: 60,
      report: false,
      destination: 2949,
    })
    expect(() => smsTarget('sms:+49?port=/etc/passwd')).toThrow('/etc/passwd is no serial port')
    expect(() => smsTarget('sms:+49?port=/dev/../etc/passwd')).toThrow('is no serial port')
    expect(() => smsTarget('sms:+49?to=80')).toThrow('pushes go to ports 2948 and 2949')
  })

  it('tshark reads the same: numbers, coding, ports, parts, status', (context) => {
    needs(context, 'tshark')
    const parts = smsUserData(toPdu({ contentType: NOTIFICATION, application: DM_APPLICATION, body: new Uint8Array(200).fill(6) }), 0x77).map(
      (userData) => encodeSubmit({ number: NUMBER, userData, header: true }),
    )
    const folder = mkdtempSync(join(tmpdir(), 'dm-lab-pdu-'))
    const line = (pdu: Uint8Array, way: 'I' | 'O'): string => `${way} 000000 ${(pduHex(pdu.slice(1 + (pdu[0] ?? 0))).match(/../g) ?? []).join(' ')}\n`
    // A TPDU that comes in at the centre is a SUBMIT, one that leaves it is not.
    writeFileSync(join(folder, 'a.txt'), [...[submit, ...parts].map((pdu) => line(pdu, 'I')), line(deliver, 'O'), line(status, 'O')].join(''))
    execFileSync('text2pcap', ['-q', '-n', '-D', '-l', '147', join(folder, 'a.txt'), join(folder, 'a.pcapng')], { stdio: 'ignore' })
    const read = execFileSync('tshark', ['-r', join(folder, 'a.pcapng'), '-o', 'uat:user_dlts:"User 0 (DLT=147)","gsm_sms","0","","0",""', '-V'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [first = '', second = '', third = '', fourth = '', fifth = ''] = read.split(/^Frame \d+:/m).slice(1)
    expect(first).toMatch(/SMS-SUBMIT[^ ]/)
    for (const text of [first, second, third, fourth]) expect(text).toMatch(/: \+?491701234567/)
    for (const text of [first, fourth]) expect(text).toMatch(/2948/)
    expect(first).toMatch(/TP-Validity-Period: .*(24 hours|1 day)/i)
    expect(first).toMatch(/8[- ]bit data/i)
    expect(second).toMatch(/part 1 of 2|Number of message parts: 2|parts: 2/i)
    expect(third).toMatch(/Message (part|number): ?2|part number: 2/i)
    expect(fourth).toMatch(/SMS-DELIVER/)
    expect(fifth).toMatch(/SMS-STATUS.REPORT/)
    expect(fifth).toMatch(/[Vv]alidity [Pp]eriod [Ee]xpired/)
    expect(read).not.toMatch(/Malformed/)
  })
})
