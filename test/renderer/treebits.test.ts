// The bit ruler against the worked example of the notification sheet: fields, bits, a push in WSP, and the form back to options.
import { describe, expect, it } from 'vitest'
import { decodePackage0, encodeTrigger, trigger } from '../../core/syncml/package0.ts'
import { findPackage0, headerCells, pushBody, rulerOf, wakeFields, wakeOptions } from '../../renderer/model/bits.ts'
import { parseHex } from '../../renderer/model/hex.ts'

const WORKED = parseHex('63 2E 75 B2 53 47 4A AD 5A 14 C3 3B 96 57 2D B0 02 D8 00 00 00 00 1A 0E 63 6F 6D 2E 65 78 61 6D 70 6C 65 2E 64 6D')
/** TID, type push, headers: short content type 0x44, X-Wap-Application-Id syncml.dm. */
const HEAD = parseHex('01 06 03 C4 AF 87')

describe('bit ruler', () => {
  it('covers every bit of the worked example once, with digits, values and meanings', () => {
    const { package0, fields, start, remarks, error } = findPackage0(WORKED)
    expect([start, error, remarks]).toEqual([0, '', []])
    expect(fields.map((one) => [one.name, one.start, one.end, one.bits])).toEqual([
      ['digest', 0, 128, ''],
      ['version', 128, 138, '0000001011'],
      ['ui-mode', 138, 140, '01'],
      ['initiator', 140, 141, '1'],
      ['future-use', 141, 168, '0'.repeat(27)],
      ['sessionid', 168, 184, '0000000000011010'],
      ['length-identifier', 184, 192, '00001110'],
      ['server-identifier', 192, 304, ''],
    ])
    expect(fields.find((one) => one.name === 'server-identifier')?.value).toBe('com.example.dm')
    expect(fields.every((one) => one.meaning !== '')).toBe(true)
    expect(package0?.sessionId).toBe(0x1a)
  })
  it('draws the 64 bits of the header in two rows, each cell with its field', () => {
    const { fields } = findPackage0(WORKED)
    const rows = headerCells(WORKED, fields)
    expect(rows.map((row) => row.length)).toEqual([32, 32])
    expect(
      rows
        .flat()
        .map((cell) => cell.value)
        .join(''),
    ).toBe([...WORKED.subarray(16, 24)].map((octet) => octet.toString(2).padStart(8, '0')).join(''))
    expect(new Set(rows.flat().map((cell) => cell.field))).toEqual(
      new Set(['version', 'ui-mode', 'initiator', 'future-use', 'sessionid', 'length-identifier']),
    )
    expect(headerCells(WORKED.subarray(0, 20), fields)).toEqual([])
  })
  it('finds the package behind the headers of a WSP push, and nowhere else', () => {
    const pdu = Uint8Array.from([...HEAD, ...WORKED])
    expect(pushBody(pdu)).toBe(6)
    expect(findPackage0(pdu)).toMatchObject({ start: 6, error: '' })
    expect(pushBody(WORKED)).toBe(0)
    // Headers that claim to be longer than the datagram are no headers.
    expect(pushBody(parseHex('01 06 7F C4'))).toBe(0)
  })
  it('says why bytes are no package, and remarks on odd fields', () => {
    expect(findPackage0(WORKED.subarray(0, 30)).error).toMatch(/server identifier of 14 octets, but 6 are there/)
    const odd = Uint8Array.from([
      ...WORKED.subarray(0, 16),
      ...encodeTrigger(trigger('s', 0, { version: 99, future: 5, vendor: Uint8Array.of(1, 2) })),
    ])
    const { fields, remarks } = findPackage0(odd)
    expect(remarks.length).toBe(3)
    expect(fields.at(-1)).toMatchObject({ name: 'vendor-specific', value: '0102' })
    expect(rulerOf(decodePackage0(odd), odd).find((one) => one.name === 'sessionid')?.meaning).toContain('not permitted')
  })
})

describe('wake form', () => {
  it('begins with what everybody sends, or with a package seen', () => {
    expect(wakeOptions(wakeFields(), false)).toEqual({
      version: 11,
      uiMode: 'background',
      initiator: 'server',
      future: 0,
      nonce: 'stored',
      send: false,
    })
    const seen = wakeFields(decodePackage0(WORKED))
    expect(wakeOptions(seen, true)).toMatchObject({ sessionId: 26, version: 11, send: true })
  })
  it('turns its texts into options, and says which one cannot be read', () => {
    const form = {
      ...wakeFields(),
      sessionId: '0x1A',
      vendor: '01 02',
      to: ' udp://10.0.0.2:2948 ',
      endDevice: 'IMEI:1',
      flaw: 'digest' as const,
      resync: true,
    }
    expect(wakeOptions(form, true)).toEqual({
      version: 11,
      uiMode: 'background',
      initiator: 'server',
      future: 0,
      nonce: 'stored',
      send: true,
      to: 'udp://10.0.0.2:2948',
      sessionId: 26,
      vendor: 'AQI=',
      endDevice: 'IMEI:1',
      flaw: 'digest',
      resync: true,
    })
    expect(wakeOptions(form, false)).not.toHaveProperty('resync')
    expect(() => wakeOptions({ ...form, version: '1024' }, true)).toThrow(/version: “1024” is not a whole number from 0 to 1023/)
    expect(() => wakeOptions({ ...form, vendor: 'xy' }, true)).toThrow(/position 1/)
  })
})
