// Texts that are made once are the very texts of their octets, whatever was read before.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LONGEST, word } from '../../core/syncml/words.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

test('any ASCII text in any place, many of them over and over', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)), maxLength: LONGEST })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), fc.nat({ max: 9 }), (texts, before) => {
      for (const one of [...texts, ...texts]) {
        const bytes = bytesOf(`${'x'.repeat(before)}${one}behind`)
        expect(word(bytes, before, before + one.length)).toBe(one)
      }
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('10,000 texts that differ in their last characters stay apart', () => {
  for (let round = 0; round < 2; round += 1)
    for (let i = 0; i < 10_000; i += 1) {
      const text = `IMEI:49015420300${String(i).padStart(4, '0')}`
      if (word(bytesOf(text), 0, text.length) !== text) expect.fail(`${text} was read as another text`)
    }
})
