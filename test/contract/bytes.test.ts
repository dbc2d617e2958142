// The byte form of a channel: every value a LabApi call or fact holds comes back as it was, and no bytes whatever do more than throw an Error.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBytes, toBytes } from '../../core/rpc.ts'

const SOAK = process.env['DM_LAB_SOAK'] !== undefined
const runs = { numRuns: SOAK ? 20_000 : 300 }

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)),
  fc.float64Array({ maxLength: 9, noNaN: true }).map((numbers) => Float64Array.from(numbers)),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '$binary' && key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
}))

describe('the byte form', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(fromBytes(toBytes(given))).toEqual(given)
      }),
      runs,
    )
  })

  it('carries a Buffer, and a view into a larger array, as just the bytes it shows', () => {
    const large = Uint8Array.from({ length: 100 }, (_, i) => i)
    const got = fromBytes(toBytes({ a: Buffer.from('abc'), b: large.subarray(10, 13) })) as { a: Uint8Array; b: Uint8Array }
    expect(got).toEqual({ a: Uint8Array.from([97, 98, 99]), b: Uint8Array.from([10, 11, 12]) })
    expect(got.b.buffer.byteLength).toBe(3)
  })

  it('throws an Error on anything else, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          fromBytes(Uint8Array.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      runs,
    )
  })

  it('throws on damage to a good frame, or reads something; it never reads outside', () => {
    const good = toBytes({ call: 1, args: [new Uint8Array(5), new Float64Array(2)] })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const damaged = Uint8Array.from(good)
        damaged[at] = byte
        try {
          fromBytes(damaged.subarray(0, length))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      runs,
    )
  })

  const frame = (head: string, tail = 0): Uint8Array => {
    const text = new TextEncoder().encode(head)
    const out = new Uint8Array(4 + text.length + tail)
    new DataView(out.buffer).setUint32(0, text.length)
    out.set(text, 4)
    return out
  }
  it.each([
    ['a part beyond the frame', frame('{"$binary":"u8","bytes":10}', 9), 'binary part outside the frame'],
    ['a negative part', frame('{"$binary":"u8","bytes":-1}'), 'binary part outside the frame'],
    ['a part of no kind', frame('{"$binary":"i8","bytes":1}', 1), 'unknown binary part'],
    ['half a number', frame('{"$binary":"f64","bytes":7}', 7), 'unknown binary part'],
    ['a head longer than the frame', Uint8Array.from([0, 0, 1, 0, 123]), 'frame head longer than the frame'],
    ['three bytes', Uint8Array.from([0, 0, 0]), 'frame shorter than its head'],
  ])('refuses %s', (_name, bytes, text) => {
    expect(() => fromBytes(bytes)).toThrow(text)
  })
})
