// CBOR as LwM2M clients write it: the examples of RFC 8949, SenML of RFC 8428 and of known clients, LwM2M's own form; any octets give values or an error in words.
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { CborError, readCbor, writeCbor } from '../../core/adapters/lwm2m/cbor.ts'
import { bootstrapSteps } from '../../core/adapters/lwm2m/bootstrap.ts'
import { CREATES, PayloadError, newInstance, otherForms, readPayload } from '../../core/adapters/lwm2m/payload.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('CBOR', () => {
  it('items of RFC 8949 appendix A', () => {
    for (const [octets, value] of [
      ['00', 0],
      ['1818', 24],
      ['1903e8', 1000],
      ['1a000f4240', 1_000_000],
      ['1b000000e8d4a51000', 1_000_000_000_000],
      ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
      ['3903e7', -1000],
      ['f93c00', 1],
      ['f90001', 5.960464477539063e-8],
      ['f9c400', -4],
      ['fa47c35000', 100_000],
      ['fb3ff199999999999a', 1.1],
      ['f97c00', Infinity],
      ['f5', true],
      ['f6', null],
      ['c1 1a 514b67b0', 1_363_896_240],
      ['c4 82 21 19 6ab3', 273.15],
      ['62 c3bc', 'ü'],
      ['65 68656c6c6f', 'hello'],
      ['7f 62 6865 63 6c6c6f ff', 'hello'],
      ['9f 01 82 02 03 ff', [1, [2, 3]]],
    ] as const)
      if (octets === 'c4 82 21 19 6ab3') expect(readCbor(hex(octets))).toBeCloseTo(value as number)
      else expect(readCbor(hex(octets)), octets).toEqual(value)
    expect(readCbor(hex('bf 61 61 01 61 62 9f 02 ff ff'))).toEqual(
      new Map<unknown, unknown>([
        ['a', 1],
        ['b', [2]],
      ]),
    )
    expect(readCbor(hex('5f 42 0102 41 03 ff'))).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('what is none is an error with a place', () => {
    for (const octets of ['', '18', '1c', '62 c3 28', '9f 01', 'ff', '81 ff', '01 01', 'a1 01 ff', '5f 01 ff', 'f8 20', '1f', '81'.repeat(40)])
      expect(() => readCbor(hex(octets)), octets).toThrow(CborError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        try {
          readCbor(octets)
        } catch (error) {
          expect(error).toBeInstanceOf(CborError)
        }
      }),
    )
  })
})

describe('values in CBOR', () => {
  it('SenML: base name once or never, names relative or none, numbers, truths, octets', () => {
    // [{-2: "/3/0/", 0: "0", 3: "Man"}, {0: "9", 2: 85}, {0: "16", 4: true}]
    const device = hex('83 a3 21 65 2f332f302f 00 61 30 03 63 4d616e a2 00 61 39 02 18 55 a2 00 62 3136 04 f5')
    expect(readPayload(112, device, [3, 0])).toEqual([
      { path: [3, 0, 0], text: 'Man' },
      { path: [3, 0, 9], text: '85' },
      { path: [3, 0, 16], text: 'true' },
    ])
    // [{0: "/5/0/3", 2: 2}], as a client writes one resource.
    expect(readPayload(112, hex('81 a2 00 66 2f352f302f33 02 02'), [5, 0, 3])).toEqual([{ path: [5, 0, 3], text: '2' }])
    // [{-2: "/5/0/5", 2: 1.0}]: no name, a float.
    expect(readPayload(112, hex('81 a2 21 66 2f352f302f35 02 f93c00'), [5, 0, 5])).toEqual([{ path: [5, 0, 5], text: '1' }])
    // A package as octets, hexadecimal as in the other forms.
    expect(readPayload(112, hex('81 a2 00 66 2f352f302f30 08 42 00ff'), [5, 0, 0])).toEqual([{ path: [5, 0, 0], text: '00ff' }])
  })

  it('one value alone, and the maps of LwM2M 1.2 with keys one by one or together', () => {
    expect(readPayload(60, hex('02'), [5, 0, 3])).toEqual([{ path: [5, 0, 3], text: '2' }])
    expect(readPayload(60, hex('f4'), [9, 0, 12])).toEqual([{ path: [9, 0, 12], text: 'false' }])
    expect(readPayload(11544, hex('a1 03 a1 00 a2 00 63 4d616e 01 62 4d31'), [3])).toEqual([
      { path: [3, 0, 0], text: 'Man' },
      { path: [3, 0, 1], text: 'M1' },
    ])
    expect(readPayload(11544, hex('a1 83 05 00 03 02'), [5, 0, 3])).toEqual([{ path: [5, 0, 3], text: '2' }])
  })

  it('any octets in any form give values or a PayloadError', () => {
    fc.assert(
      fc.property(fc.constantFrom(60, 112, 11544), fc.uint8Array({ maxLength: 80 }), (format, octets) => {
        try {
          readPayload(format, octets, [3, 0])
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('what is written comes back; a bootstrap says the same in each form', () => {
    for (const value of [0, 23, 24, 255, 256, 65_536, -1, -25, 2 ** 40, true, false, null, 'text', Uint8Array.of(1, 2), [1, ['a']]])
      expect(readCbor(writeCbor(value))).toEqual(value)
    expect(Buffer.from(writeCbor(new Map([[0, 'a']]))).toString('hex')).toBe('a1006161')
    for (const { path, payload } of bootstrapSteps({ uri: 'coap://h:1', shortId: 7, lifetime: 86_400 }).filter(({ method }) => method === 'PUT')) {
      const at = path.slice(1).split('/').map(Number)
      const said = readPayload(11542, payload, at).filter(({ text }) => text !== '')
      for (const form of otherForms(at, payload)) expect(readPayload(form.format, form.payload, at), String(form.format)).toEqual(said)
    }
  })

  it('a new instance says the same in each form that names resources', () => {
    for (const format of CREATES.slice(1))
      expect(readPayload(format, newInstance(format, 9, 12, 8), [9]), String(format)).toEqual([{ path: [9, 12, 8], text: 'false' }])
    expect(newInstance(11542, 9, 12, 8)).toEqual(Uint8Array.of(0, 12))
  })
})
