// Real messages: all of them are read, every byte of them has a token, and they come back as the same tree and message in both encodings.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CodecError, decode, decodeTree, encode, encodeTree } from '../../core/syncml/codec.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { tokens } from '../../core/syncml/offsets.ts'
import { shared } from '../support/shared.ts'
import { plain } from './samples.ts'

const corpus = shared('corpus')
const files = (folder: string, ending: RegExp): string[] =>
  corpus === null
    ? []
    : (readdirSync(join(corpus, folder), { recursive: true }) as string[])
        .filter((name) => ending.test(name))
        .map((name) => join(folder, name))
        .sort()
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(corpus ?? '', name)))
const encodingOf = (name: string): Encoding => (/\.(wbxml|fuzz)$/.test(name) ? 'wbxml' : 'xml')
const OTHER: readonly Encoding[] = ['xml', 'wbxml']

describe.skipIf(corpus === null)('captured sessions (needs the shared corpus)', () => {
  const captured = files('captured-sessions', /-(client|server)\.(xml|wbxml)$/)

  test('there are enough of them', () => {
    expect(captured.filter((name) => /-client/.test(name)).length).toBeGreaterThan(100)
  })

  test.each(captured)('%s', (name) => {
    const bytes = read(name)
    const { root, message } = decode(bytes, encodingOf(name))
    for (const encoding of OTHER) {
      if (encoding === 'xml' && holdsOctets(root)) continue
      expect(plain(decodeTree(encodeTree(root, { encoding }), encoding).root)).toEqual(plain(root))
      expect(plain(decode(encode(message, { encoding }), encoding).message)).toEqual(plain(message))
    }
    let at = 0
    for (const token of tokens(bytes, encodingOf(name))) {
      expect([token.start, token.kind === 'error']).toEqual([at, false])
      at = token.end
    }
    expect(at).toBe(bytes.length)
  })

  test.each(['s01-xml-basic/05', 's01-xml-basic/07', 's11-storage/03', 's20-dmdrv-scomo/03'])(
    'a raw NUL of a real client is told, not fatal: %s',
    (name) => {
      const bytes = read(`captured-sessions/libdmclient/${name}-client.xml`)
      const told = decode(bytes, 'xml').findings.filter(({ rule }) => rule === 'xml.nul')
      expect(told.length).toBeGreaterThan(0)
      for (const { offset } of told) expect(bytes[offset]).toBe(0)
      expect(told.length).toBe(bytes.filter((octet) => octet === 0).length)
    },
  )
})

function holdsOctets(element: ReturnType<typeof decodeTree>['root']): boolean {
  return (element.opaque !== undefined && element.text === '') || element.children.some(holdsOctets)
}

/** Documents of the corpus that are not well-formed XML, and why. */
const BROKEN: Readonly<Record<string, RegExp>> = {
  'aosp-omadm/clientprov-xml/engine__dmlib__tool-src__db_wizard_tool__samples__BROWSER.xml': /end tag does not match/,
  'aosp-omadm/clientprov-xml/engine__dmlib__tool-src__db_wizard_tool__samples__MMS.xml': /end tag does not match/,
  'aosp-omadm/dm11-messages/dm11__testalertconfirm.xml': /"&" does not begin/,
  'aosp-omadm/dm11-messages/dm11__testalertmultiplechoice.xml': /"&" does not begin/,
  'aosp-omadm/dm11-messages/dm11__testalerttextinput.xml': /"&" does not begin/,
  'aosp-omadm/dm12-messages/dm12__testalertconfirm.xml': /"&" does not begin/,
  'aosp-omadm/dm12-messages/dm12__testalertmultiplechoice.xml': /"&" does not begin/,
  'aosp-omadm/dm12-messages/dm12__testalerttextinput.xml': /"&" does not begin/,
  'devaspot-syncml/syncml-ds/sync_init.xml': /without quotes/,
}

describe.skipIf(corpus === null)('everything else (needs the shared corpus)', () => {
  const others = files('.', /\.(xml|ddf|wbxml)$/).filter((name) => !name.startsWith('captured-sessions'))

  test.each(others)('%s', (name) => {
    const bytes = read(name)
    const broken = BROKEN[name]
    if (broken !== undefined) {
      expect(() => decodeTree(bytes, 'xml')).toThrow(broken)
      expect(() => decodeTree(bytes, 'xml')).toThrow(CodecError)
      return
    }
    const { root } = decodeTree(bytes, encodingOf(name))
    const list = tokens(bytes, encodingOf(name))
    expect(list.every((token, i) => token.start === (list[i - 1]?.end ?? 0) && token.kind !== 'error')).toBe(true)
    if (encodingOf(name) === 'xml') expect(plain(decodeTree(encodeTree(root, { encoding: 'xml' }), 'xml').root)).toEqual(plain(root))
  })

  test('published DDF files with an instruction in their DOCTYPE are read whole', () => {
    const ddf = files('windows-ddf/csp-ddf-v2', /\.xml$/)
    expect(ddf.length).toBeGreaterThan(20)
    for (const name of ddf) {
      const { root, findings } = decodeTree(read(name), 'xml')
      expect([root.vocabulary, root.name, root.children.some((child) => child.name === 'Node' && child.vocabulary === 'dmddf')]).toEqual([
        'dmddf',
        'MgmtTree',
        true,
      ])
      expect(findings.map(({ rule }) => rule)).toContain('xml.doctype')
    }
  })

  test.each(files('libwbxml/malformed-wbxml-fuzz', /\.fuzz$/))('an input that once crashed a decoder is refused: %s', (name) => {
    expect(() => decodeTree(read(name), 'wbxml')).toThrow(CodecError)
  })
})
