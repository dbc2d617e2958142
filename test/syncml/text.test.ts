// Text helpers against the host's own: base64, UTF-8, trimming, names.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  badXmlChar,
  base64,
  dataBytes,
  dataText,
  fromBase64,
  isXmlName,
  latin1Text,
  needsNoEscape,
  trim,
  utf8Length,
  utf8Lossy,
  utf8Text,
} from '../../core/syncml/text.ts'
import { hex } from './samples.ts'

test('base64 is that of the host, both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (octets) => {
      const text = Buffer.from(octets).toString('base64')
      expect(base64(octets)).toBe(text)
      expect(Buffer.compare(fromBase64(text) ?? new Uint8Array(1), octets)).toBe(0)
      expect(Buffer.compare(fromBase64(text.replace(/=/g, '')) ?? new Uint8Array(1), octets)).toBe(0)
    }),
  )
})

test.each(['A', 'A===', 'AB=', 'AAAA=', 'A-B_', 'AA=A', 'Ä===', 'A A A A A'])('%j is no base64', (text) => {
  expect(fromBase64(text)).toBeNull()
})

test('base64 may be broken over lines', () => {
  expect(fromBase64(' Tm9u\r\nY2U= ')).toEqual(Uint8Array.from(Buffer.from('Nonce')))
})

test('UTF-8 and ISO-8859-1', () => {
  expect([utf8Text(hex('C3 A4')), utf8Text(hex('E4')), utf8Lossy(hex('41 E4')), latin1Text(hex('E4 85'))]).toEqual(['ä', null, 'A\ufffd', 'ä\x85'])
  expect(utf8Text(hex('EF BB BF 41'))).toBe('\ufeffA')
  expect(latin1Text(new Uint8Array(10000).fill(0xe4))).toBe('ä'.repeat(10000))
})

test('the length in UTF-8 is that of the octets, for texts of any length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 0, max: 17_000 }), (text, more) => {
      const all = text + 'a'.repeat(more) + text
      expect(utf8Length(all)).toBe(Buffer.byteLength(all))
    }),
  )
  expect(['', 'ä\ud800', '🙂'.repeat(9000)].map(utf8Length)).toEqual([0, 5, 36_000])
})

test('characters that XML text does not hold as they are', () => {
  const all = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
  const odd = all.filter((character) => !needsNoEscape(`${'x'.repeat(60)}${character}y`))
  expect(odd).toEqual(all.filter((character) => '&<>\r'.includes(character) || (character < ' ' && character !== '\t' && character !== '\n')))
})

test('characters XML 1.0 does not have', () => {
  expect(['a\t\r\n', '\0', 'ab\x0b', '\ud800', 'a\udc00', '🙂', '\ufffe', '\ufffd'].map(badXmlChar)).toEqual([-1, 0, 2, 0, 1, -1, 0, -1])
})

test('padding is trimmed at both ends only', () => {
  expect([trim(' a b\0\0'), trim('\n'), trim(''), trim('x')]).toEqual(['a b', '', '', 'x'])
})

test('names', () => {
  expect(['a', 'Rx-Pref', 'Ä1', '1a', '', 'a b', 'a:b', '?0:0x30'].map(isXmlName)).toEqual([true, true, true, false, false, false, false, false])
})

test('Data as text and as octets', () => {
  const element = { start: 0, end: 0, vocabulary: 'other' as const, name: 'x', children: [], text: 'in' }
  expect([dataText(undefined), dataText('a'), dataText(hex('41 42')), dataText([element, { ...element, text: '', opaque: hex('43') }])]).toEqual([
    '',
    'a',
    'AB',
    'inC',
  ])
  expect([dataBytes('ä'), dataBytes(hex('00 01'))]).toEqual([hex('C3 A4'), hex('00 01')])
})
