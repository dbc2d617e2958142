// The worked examples, octet for octet, from typed messages and back: E4 to E7 in XML, W1 to W9 in WBXML.
import { describe, expect, test } from 'vitest'
import { decode, decodeTree, encode, encodeTree } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Data, Message } from '../../core/syncml/message.ts'
import { digest, E4, E5, E6, E7, plain, textOf, TNDS_XML, utf8, W2, W3, W4, W5, W6, W7, W8, W9 } from './samples.ts'

const XML: readonly [string, Message, number, string][] = [
  ['E4', E4, 1116, '1c0a15c2e4e53863a9c44f5efe99caae'],
  ['E5', E5, 1361, '34042be159fac41b86e134ffc255f901'],
  ['E6', E6, 1037, '90f1d9059f9088f910658aa707d58a7c'],
  ['E7', E7, 465, 'd63eb4725b24c2c4a11ef9e6fe4e1469'],
]
const WBXML: readonly [string, Message, Uint8Array, string][] = [
  ['W2 = E4', E4, W2, '3fb10b1b62e2b843404232dffe16f393'],
  ['W3 = E5', E5, W3, '02cf3b124d9e292b5f9f027bea479a57'],
  ['W4 = E6', E6, W4, 'c87a24b1fffe4f0fd8aa93df59f57c5a'],
  ['W5 = E7', E7, W5, digest('md5', W5)],
]

/** A message as decoding gives it: Alert and Status keep the text of their Data. */
function withData(message: Message): unknown {
  const commands = message.commands.map((c) => (c.kind === 'Alert' || c.kind === 'Status' ? { ...c, data: String(c.code) } : c))
  return plain({ ...message, commands })
}

/** The document in an Item's Data: nested elements, or octets of a document of its own. */
const inside = (data: Data | undefined): Element | undefined =>
  data instanceof Uint8Array ? decodeTree(data, 'wbxml').root : typeof data === 'string' ? undefined : data?.[0]

describe('XML examples', () => {
  test.each(XML)('%s is written octet for octet', (_, message, length, md5) => {
    const bytes = encode(message, { encoding: 'xml' })
    expect(bytes.length).toBe(length)
    expect(digest('md5', bytes)).toBe(md5)
  })

  test.each(XML)('%s is read back without a finding', (_, message) => {
    const decoded = decode(encode(message, { encoding: 'xml' }), 'xml')
    expect(decoded.findings).toEqual([])
    expect(plain(decoded.message)).toEqual(withData(message))
  })

  test('without the prolog only the prolog is missing', () => {
    expect(`<?xml version="1.0" encoding="UTF-8"?>${textOf(encode(E4, { encoding: 'xml', prolog: false }))}`).toBe(
      textOf(encode(E4, { encoding: 'xml' })),
    )
  })
})

describe('WBXML examples', () => {
  test.each(WBXML)('wbxml 24: %s is written octet for octet', (_, message, bytes, md5) => {
    const written = encode(message, { encoding: 'wbxml' })
    expect(Buffer.from(written).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
    expect(digest('md5', written)).toBe(md5)
  })

  test.each(WBXML)('wbxml 23: %s gives the same message and tree, and the same octets again', (_, message, bytes) => {
    const decoded = decode(bytes, 'wbxml')
    expect(decoded.findings).toEqual([])
    expect(plain(decoded.message)).toEqual(withData(message))
    expect(Buffer.compare(encode(decoded.message, { encoding: 'wbxml' }), bytes)).toBe(0)
    expect(Buffer.compare(encodeTree(decoded.root, { encoding: 'wbxml' }), bytes)).toBe(0)
  })

  test('the eager variant of W2 has 382 octets and the MD5 of the sheet', () => {
    const bytes = encode(E4, { encoding: 'wbxml', pages: 'eager' })
    expect([bytes.length, digest('md5', bytes)]).toEqual([382, '0d084d92f31ad5072108dfd36cd18185'])
  })

  test('E3: Package #1 without Cred has 961 octets in XML and 320 in WBXML, with the MD5s of the sheet', () => {
    const { verDtd, verProto, sessionId, msgId, target, source, meta } = E4.header
    const message: Message = { ...E4, header: { verDtd, verProto, sessionId, msgId, target, source, ...(meta && { meta }) } }
    const xml = encode(message, { encoding: 'xml' })
    const wbxml = encode(message, { encoding: 'wbxml' })
    expect([xml.length, digest('md5', xml)]).toEqual([961, '5a425f998c6eeb1ff5745c9d4a9723e7'])
    expect([wbxml.length, digest('md5', wbxml)]).toEqual([320, '4a7932a615223d5b6d458b0ad6962600'])
  })

  test('W6 a, b and d are also written: Symbian, AOSP and string table styles', () => {
    expect(Buffer.compare(encode(E7, { encoding: 'wbxml', strings: 'opaque', pages: 'eager' }), W6['a'] as Uint8Array)).toBe(0)
    expect(Buffer.compare(encode(E7, { encoding: 'wbxml', publicId: 'text' }), W6['b'] as Uint8Array)).toBe(0)
    const table = encode(E4, { encoding: 'wbxml', strings: 'table', version: 3 })
    expect(table.length).toBeLessThan(W2.length)
    expect(Buffer.from(table.subarray(0, 4)).toString('hex')).toBe('03a4016a')
    expect(plain(decode(table, 'wbxml').message)).toEqual(withData(E4))
  })

  test('wbxml 24: W7, a stand-alone TNDS document, both ways', () => {
    const tree = decodeTree(utf8(TNDS_XML), 'xml')
    expect(tree.findings).toEqual([])
    expect(Buffer.from(encodeTree(tree.root, { encoding: 'wbxml', version: 3 })).toString('hex')).toBe(Buffer.from(W7).toString('hex'))
    expect(textOf(encodeTree(decodeTree(W7, 'wbxml').root, { encoding: 'xml', prolog: false }))).toBe(TNDS_XML)
  })

  test('wbxml 24: W8 with inline TNDS is written octet for octet from a message', () => {
    const message = decode(W8, 'wbxml').message
    expect(digest('sha1', W8)).toBe('3a4d476acbc91bcbca4acaf63f5708c813a88f92')
    expect(Buffer.compare(encode(message, { encoding: 'wbxml' }), W8)).toBe(0)
  })

  test('wbxml 24: W9 with the opaque sub-document is written octet for octet from a message', () => {
    expect(digest('sha1', W9)).toBe('e44d5a4d32a7d09ea6b389391cc18ab16e19ac8d')
    expect(Buffer.compare(encode(decode(W9, 'wbxml').message, { encoding: 'wbxml' }), W9)).toBe(0)
  })

  test('wbxml 16: W7 stands alone; W8 and W9 are the same message with the same tree', () => {
    const alone = plain(decodeTree(W7, 'wbxml').root)
    const trees = [W8, W9].map((bytes) => {
      const { message } = decode(bytes, 'wbxml')
      const add = message.commands[0]
      if (add?.kind !== 'Add') throw new Error('no Add')
      return { tree: plain(inside(add.items[0]?.data)), header: plain(message.header), meta: plain(add.items[0]?.meta) }
    })
    expect(trees[0]?.tree).toEqual(alone)
    expect(trees[1]).toEqual(trees[0])
  })
})
