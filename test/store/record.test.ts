// Records on disk: whole or damage, never guessed; the CRC is the one everybody knows.
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from '../../core/store/crc.ts'
import { fromJson, toJson } from '../../core/store/json.ts'
import { AMENDMENT, ENTRY, FIXED, metaOf, readRecord, scan } from '../../core/store/record.ts'
import { encodeRecord } from './memory.ts'

const utf8 = new TextEncoder()
const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

test('CRC-32 gives the check value of its catalogue entry and can be continued', () => {
  const digits = utf8.encode('123456789')
  expect(crc32(digits)).toBe(0xcbf43926)
  expect(crc32(digits.subarray(4), crc32(digits.subarray(0, 4)))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array())).toBe(0)
})

test('CRC-32 agrees with zlib on any bytes', (context) => {
  if (typeof zlibCrc32 !== 'function') context.skip('needs zlib.crc32: Node 22.2 or newer')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)),
    { seed: 1 },
  )
})

test('a record comes back as it was written', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.maxSafeNat(), fc.jsonValue(), fc.option(fc.uint8Array()), (type, number, meta, bytes) => {
      const record = readRecord(encodeRecord(type, number, JSON.stringify(meta), bytes), 0, crc32)
      expect(record).toMatchObject({ type, number, hasBytes: bytes !== null })
      expect(JSON.stringify(metaOf(record as never))).toBe(JSON.stringify(meta))
      expect([...(record?.bytes ?? [])]).toEqual([...(bytes ?? [])])
    }),
    { seed: 2 },
  )
})

test('a record with any octet changed, or any octet missing, is no record', () => {
  const whole = encodeRecord(ENTRY, 7, '{"row":[]}', utf8.encode('<SyncML/>'))
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const spoilt = whole.slice()
      spoilt[at] = (spoilt[at] ?? 0) ^ flip
      expect(readRecord(spoilt, 0, crc32), `octet ${at} ^ ${flip}`).toBeNull()
    }
    expect(readRecord(whole.subarray(0, at), 0, crc32), `${at} octets`).toBeNull()
  }
})

test('a scan passes over damage and finds the next whole record', () => {
  const parts = [1, 2, 3, 4].map((n) => encodeRecord(n === 3 ? AMENDMENT : ENTRY, n, '{}', new Uint8Array(n * 10)))
  const all = join(parts)
  const second = parts[0]?.length ?? 0
  all[second + FIXED] = 0
  const third = second + (parts[1]?.length ?? 0)
  const found = [...scan(all.subarray(0, all.length - 1), 0, crc32)].map((part) => ('type' in part ? part.number : [part.start, part.end, part.tail]))
  const fourth = third + (parts[2]?.length ?? 0)
  expect(found).toEqual([1, [second, third, false], 3, [fourth, all.length - 1, true]])
})

test('JSON of the ledger keeps octets, NaN and texts that look like marks', () => {
  const value = {
    octets: Uint8Array.of(0, 255, 16),
    none: NaN,
    far: -Infinity,
    looks: '\u0000x00',
    plain: '\u0001',
    list: [Uint8Array.of(), null, true, 1.5],
    ['__proto__x']: { $binary: 'no' },
  }
  expect(fromJson(toJson(value))).toEqual(value)
  expect(fromJson(toJson(Buffer.from([1, 2])))).toEqual(Uint8Array.of(1, 2))
  fc.assert(
    fc.property(fc.jsonValue(), (plain) => {
      expect(fromJson(toJson(plain))).toEqual(JSON.parse(JSON.stringify(plain)))
    }),
    { seed: 3 },
  )
})
