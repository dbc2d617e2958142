// The byte map: every byte belongs to exactly one token, tokens name the element they belong to, and elements are found by byte.
import { describe, expect, test } from 'vitest'
import { decodeTree, encode } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { elementAt, type Token, tokens } from '../../core/syncml/offsets.ts'
import { E4, hex, utf8, W2, W6, W7, W8, W9 } from './samples.ts'

/** Checks the one law of the map. */
function covered(bytes: Uint8Array, encoding: Encoding): Token[] {
  const list = tokens(bytes, encoding)
  let at = 0
  for (const { start, end } of list) {
    expect(start).toBe(at)
    expect(end).toBeGreaterThan(start)
    at = end
  }
  expect(at).toBe(bytes.length)
  return list
}

function byPath(root: Element, path: readonly number[]): Element {
  return path.reduce((element, index) => element.children[index] as Element, root)
}

const E4_XML = encode(E4, { encoding: 'xml' })
const documents: [string, Uint8Array, Encoding][] = [
  ['E4', E4_XML, 'xml'],
  ['E4 pretty', utf8(`${Buffer.from(E4_XML).toString().replaceAll('><', '>\n <')}\n`), 'xml'],
  ['E4 in UTF-16', Uint8Array.from(Buffer.from(`\ufeff${Buffer.from(E4_XML).toString()}`, 'utf16le')), 'xml'],
  ['W2', W2, 'wbxml'],
  ...Object.entries(W6).map(([name, bytes]): [string, Uint8Array, Encoding] => [`W6 ${name}`, bytes, 'wbxml']),
  ['W7', W7, 'wbxml'],
  ['W8', W8, 'wbxml'],
  ['W9', W9, 'wbxml'],
]

describe('every byte has one token', () => {
  test.each(documents)('%s', (_, bytes, encoding) => {
    const { root } = decodeTree(bytes, encoding)
    for (const token of covered(bytes, encoding)) {
      expect(token.kind).not.toBe('error')
      if (token.path === undefined) continue
      const element = byPath(root, token.path)
      expect(token.start).toBeGreaterThanOrEqual(element.start)
      expect(token.end).toBeLessThanOrEqual(element.end)
      const inner = elementAt(root, token.start)
      // a page switch stands before the tag it is for, still inside the parent
      expect(inner === element).toBe(true)
    }
  })

  test('also where the document breaks off: the rest is one token with the reason', () => {
    for (let length = 0; length < W2.length; length++) {
      const list = covered(W2.subarray(0, length), 'wbxml')
      if (length > 0) expect(list.at(-1)?.kind === 'error' || list.at(-1)?.end === length).toBe(true)
    }
    expect(covered(hex('02 A4 01 6A 00 6D C3 7F 41'), 'wbxml').at(-1)).toMatchObject({
      kind: 'error',
      start: 6,
      end: 9,
      label: expect.stringContaining('OPAQUE of 127') as string,
    })
    expect(covered(utf8('<a><b></a>'), 'xml').at(-1)).toMatchObject({ kind: 'error', start: 6, path: [0] })
  })
})

describe('what tokens say', () => {
  test('the header and first elements of W2', () => {
    expect(
      tokens(W2, 'wbxml')
        .slice(0, 11)
        .map(({ kind, start, end, label, path }) => [kind, start, end, label, path?.join('.')]),
    ).toEqual([
      ['version', 0, 1, 'WBXML 1.2', undefined],
      ['publicId', 1, 3, '-//SYNCML//DTD SyncML 1.2//EN', undefined],
      ['charset', 3, 4, 'UTF-8', undefined],
      ['stringTable', 4, 5, 'string table, 0 octets', undefined],
      ['tag', 5, 6, '<SyncML>', ''],
      ['tag', 6, 7, '<SyncHdr>', '0'],
      ['tag', 7, 8, '<VerDTD>', '0.0'],
      ['string', 8, 13, '1.2', '0.0'],
      ['end', 13, 14, '</VerDTD>', '0.0'],
      ['tag', 14, 15, '<VerProto>', '0.1'],
      ['string', 15, 23, 'DM/1.2', '0.1'],
    ])
  })

  test('references to the string table say where the text lies', () => {
    const reference = tokens(W6['d'] as Uint8Array, 'wbxml').find(({ kind }) => kind === 'tableRef')
    expect(reference).toMatchObject({ label: 'IMEI:490154203237518', refersTo: { start: 5, end: 25 } })
  })

  test('page switches carry their page', () => {
    expect(
      tokens(W8, 'wbxml')
        .filter(({ kind }) => kind === 'switchPage')
        .map(({ page }) => page),
    ).toEqual([1, 0, 2, 0])
  })

  test('XML: declaration, tags, text and white space', () => {
    const text = '<?xml version="1.0"?><SyncML>\n<Data>a&amp;<![CDATA[b]]></Data></SyncML> '
    expect(tokens(utf8(text), 'xml').map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual([
      ['markup', '<?xml version="1.0"?>'],
      ['markup', '<SyncML>'],
      ['space', '\n'],
      ['markup', '<Data>'],
      ['text', 'a&amp;'],
      ['markup', '<![CDATA['],
      ['text', 'b'],
      ['markup', ']]>'],
      ['markup', '</Data>'],
      ['markup', '</SyncML>'],
      ['trailing', ' '],
    ])
  })
})

describe('elements by byte', () => {
  test('the innermost element of each byte of E4', () => {
    const { root } = decodeTree(E4_XML, 'xml')
    const text = Buffer.from(E4_XML).toString()
    expect(elementAt(root, text.indexOf('en-US'))).toMatchObject({ name: 'Data', text: 'en-US' })
    expect(elementAt(root, text.indexOf('<Final/>') + 2)).toMatchObject({ name: 'Final' })
    expect(elementAt(root, text.indexOf('</SyncBody>') + 1)).toMatchObject({ name: 'SyncBody' })
    expect([elementAt(root, 0), elementAt(root, text.length)]).toEqual([null, null])
  })
})
