// Reading and writing XML: namespaces, entities, encodings, what is tolerated with a finding, and what is refused.
import { describe, expect, test } from 'vitest'
import { CodecError, decodeTree, EncodeError, encode, encodeTree, sniff } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Limits } from '../../core/syncml/limits.ts'
import { E4, E7, hex, plain, textOf, utf8, W2, W8 } from './samples.ts'

const tree = (text: string, limits?: Partial<Limits>): Element => decodeTree(utf8(text), 'xml', limits).root
const rules = (bytes: Uint8Array): string[] => decodeTree(bytes, 'xml').findings.map(({ rule }) => rule)
const data = (inner: string): string => `<Data xmlns="SYNCML:SYNCML1.2">${inner}</Data>`
const xml = textOf(encode(E7, { encoding: 'xml' }))
const E7_TREE = plain(tree(xml))

function refused(text: string | Uint8Array, limits?: Partial<Limits>): CodecError {
  try {
    decodeTree(typeof text === 'string' ? utf8(text) : text, 'xml', limits)
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError)
    return error as CodecError
  }
  throw new Error('accepted')
}

describe('namespaces', () => {
  test('prefixes on every element, or declared anew on each, give the same tree', () => {
    const prefixed = xml.replace('xmlns=', 'xmlns:s=').replace(/<(\/?)(?=[A-Z])/g, '<$1s:')
    expect(plain(tree(prefixed))).toEqual(E7_TREE)
    expect(plain(tree(xml.replaceAll(/<(?=Status|Cmd|Data)([A-Za-z]+)>/g, '<$1 xmlns="syncml:syncml1.2">')))).toEqual(E7_TREE)
  })

  test('an inner prefix hides an outer one and ends with its element', () => {
    const root = tree('<a:SyncML xmlns:a="SYNCML:SYNCML1.2"><a:Meta><a:Type xmlns:a="syncml:metinf"/></a:Meta><a:Type/></a:SyncML>')
    expect(root.children[0]?.children[0]).toMatchObject({ vocabulary: 'metinf', name: 'Type' })
    expect(root.children[1]).toMatchObject({ vocabulary: 'other', name: 'Type' })
  })

  test('MetInf children in the namespace of SyncML are understood and told', () => {
    const bytes = utf8('<SyncML xmlns="SYNCML:SYNCML1.2"><Meta><Format>b64</Format></Meta></SyncML>')
    expect(tree(textOf(bytes)).children[0]?.children[0]).toMatchObject({ vocabulary: 'metinf', name: 'Format', text: 'b64' })
    expect(decodeTree(bytes, 'xml').findings).toMatchObject([{ rule: 'xml.namespace.wrong', offset: 39, length: 7 }])
  })

  test('a tree in Data without a namespace of its own is a management tree all the way down', () => {
    const root = tree(data('<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>x</NodeName></Node></MgmtTree>'))
    const inner = root.children[0] as Element
    expect([inner.vocabulary, inner.children[0]?.vocabulary, inner.children[1]?.children[0]?.vocabulary]).toEqual(['dmddf', 'dmddf', 'dmddf'])
  })

  test('no namespace at all: the root decides, and it is told once', () => {
    expect(plain(tree(xml.replace(/ xmlns="[^"]*"/, '')))).toEqual(E7_TREE)
    expect(rules(utf8('<MgmtTree><VerDTD>1.2</VerDTD></MgmtTree>'))).toEqual(['xml.namespace.missing'])
    expect(tree('<wap-provisioningdoc version="1.0"/>')).toMatchObject({ vocabulary: 'prov', attributes: [['version', '1.0']] })
  })

  test('foreign elements and attributes are kept and come back', () => {
    const text = '<MgmtTree xmlns="syncml:dmddf1.2"><Meta2 a="1 &lt;&quot;"/><x:Ver xmlns:x="urn:x"><x:Sub>t</x:Sub></x:Ver><Node/></MgmtTree>'
    const root = tree(text)
    expect(root.children[1]).toMatchObject({ vocabulary: 'other', name: 'Ver', namespace: 'urn:x', children: [{ name: 'Sub', namespace: 'urn:x' }] })
    expect(plain(decodeTree(encodeTree(root, { encoding: 'xml' }), 'xml').root)).toEqual(plain(root))
    const wbxml = decodeTree(encodeTree(root, { encoding: 'wbxml' }), 'wbxml').root
    expect(wbxml.children.map(({ name, vocabulary }) => [name, vocabulary])).toEqual([
      ['Meta2', 'other'],
      ['Ver', 'other'],
      ['Node', 'dmddf'],
    ])
  })

  test('an attribute with a prefix comes back declared', () => {
    const root = tree(
      '<Data xmlns="SYNCML:SYNCML1.2" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM" msft:originalerror="0x86000002">500</Data>',
    )
    expect(root.attributes).toEqual([['msft:originalerror', '0x86000002']])
    const again = encodeTree(root, { encoding: 'xml' })
    expect(textOf(again)).toContain('xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM"')
    expect(plain(decodeTree(again, 'xml').root)).toEqual(plain(root))
  })

  test('a prefix that nobody declared is told', () => {
    expect(rules(utf8('<q:SyncML/>'))).toEqual(['xml.prefix'])
  })
})

describe('character data', () => {
  test.each([
    ['the five entities', '&lt;&gt;&amp;&quot;&apos;', `<>&"'`],
    ['numeric references', '&#65;&#x42;&#x1F642;', 'AB🙂'],
    ['CDATA between text', 'a<![CDATA[<b>&amp;]]]]><![CDATA[>]]>c', 'a<b>&amp;]]>c'],
    ['comments and instructions between text', 'a<!-- - b --><?c d?>e', 'ae'],
    ['line ends', 'a\r\nb\rc\nd&#13;e', 'a\nb\nc\nd\re'],
    ['white space alone', ' \n ', ' \n '],
  ])('%s', (_, inner, expected) => {
    expect(tree(data(inner)).text).toBe(expected)
  })

  test('white space between elements means nothing, inside Data it does', () => {
    expect(plain(tree(xml.replaceAll('><', '>\r\n  <')))).toEqual(E7_TREE)
    expect(tree('<Item xmlns="SYNCML:SYNCML1.2">\n</Item>').text).toBe('')
    expect(tree('<Item xmlns="SYNCML:SYNCML1.2">a <Data/> b</Item>').text).toBe('a  b')
  })

  test('writing escapes what it must, and nothing else', () => {
    const text = 'a<b>&"c"\r\n\tÄ🙂'
    expect(textOf(encodeTree({ ...tree(data('')), text }, { encoding: 'xml', prolog: false }))).toBe(data('a&lt;b&gt;&amp;"c"&#13;\n\tÄ🙂'))
    expect(tree(data('a&lt;b&gt;&amp;"c"&#13;\n\tÄ🙂')).text).toBe(text)
  })

  const written = (text: string): Uint8Array =>
    encodeTree({ vocabulary: 'syncml', name: 'Data', children: [], text, start: 0, end: 0 }, { encoding: 'xml' })

  test('a long text is written as a short one is, whatever is in it', () => {
    for (const odd of ['&', '<', '>', '\r', '\t', '\n', 'ä', '語', '🎁', '&ä>']) {
      const text = `${'a'.repeat(60)}${odd}${'b'.repeat(60)}`
      expect(decodeTree(written(text), 'xml').root.text).toBe(text)
    }
  })

  test('what was written stays, whatever is written after it', () => {
    const texts = Array.from({ length: 60 }, (_, i) => `${String(i)} `.repeat(i * 40))
    expect(texts.map(written).map((bytes) => decodeTree(bytes, 'xml').root.text)).toEqual(texts)
  })

  test('a raw NUL is left out and told, also behind the root; other controls are kept and told', () => {
    const bytes = utf8(`${data('chr\0')}\0 \0`)
    const { root, findings } = decodeTree(bytes, 'xml')
    expect(root.text).toBe('chr')
    expect(findings).toMatchObject([
      { rule: 'xml.nul', offset: 34, length: 1 },
      { rule: 'xml.trailing', offset: 42 },
    ])
    expect(decodeTree(utf8(data('a\u0001b')), 'xml')).toMatchObject({ root: { text: 'a\u0001b' }, findings: [{ rule: 'xml.char' }] })
  })

  test('what XML cannot say is refused by name', () => {
    const bad =
      (data: string | Uint8Array): (() => void) =>
      () =>
        encode({ ...E7, commands: [{ kind: 'Add', cmdId: '1', items: [{ data }] }] }, { encoding: 'xml' })
    expect(bad('a\0')).toThrow(/^Item\/Data: the character U\+0000 is not allowed in XML 1.0/)
    expect(bad('\ud800x')).toThrow(/U\+D800/)
    expect(bad('\uffff')).toThrow(EncodeError)
    expect(bad(hex('00 FF'))).toThrow(/^Item\/Data: 2 octets that are no text.*b64/)
    expect(bad(utf8('plain'))).not.toThrow()
  })
})

describe('encodings', () => {
  const utf16 = (text: string, little: boolean, mark: boolean): Uint8Array => {
    const units = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
    return Uint8Array.from(little ? units : units.swap16())
  }
  const umlaut = xml.replace('com.example.dm', 'cöm.🙂')

  test.each([
    ['UTF-8 with a byte order mark', Uint8Array.from([0xef, 0xbb, 0xbf, ...utf8(umlaut)]), []],
    ['UTF-16, little end first', utf16(umlaut.replace('UTF-8', 'UTF-16'), true, true), []],
    ['UTF-16, big end first', utf16(umlaut.replace('UTF-8', 'utf-16'), false, true), []],
    ['UTF-16 without a mark', utf16(umlaut.replace('UTF-8', 'UTF-16'), true, false), []],
    ['UTF-16 that says UTF-8', utf16(umlaut, true, true), ['xml.encoding']],
    ['UTF-8 that says UTF-16', utf8(umlaut.replace('UTF-8', 'UTF-16')), ['xml.encoding']],
    ['an encoding nobody knows, read as UTF-8', utf8(umlaut.replace('UTF-8', 'GB2312')), ['xml.encoding']],
  ])('%s', (_, bytes, expected) => {
    expect(sniff(bytes)).toBe('xml')
    const { root, findings } = decodeTree(bytes, 'xml')
    expect(plain(root)).toEqual(plain(tree(umlaut)))
    expect(findings.map(({ rule }) => rule)).toEqual(expected)
  })

  test('ISO-8859-1, declared and undeclared', () => {
    const declared = Uint8Array.from(Buffer.from(xml.replace('UTF-8', 'ISO-8859-1').replace('com.example.dm', 'cöm\x85'), 'latin1'))
    expect(plain(decodeTree(declared, 'xml').root)).toEqual(plain(tree(xml.replace('com.example.dm', 'cöm\x85'))))
    const wrong = Uint8Array.from(Buffer.from(data('öl'), 'latin1'))
    expect(decodeTree(wrong, 'xml')).toMatchObject({ root: { text: 'öl' }, findings: [{ rule: 'xml.utf8', offset: 31, length: 2 }] })
  })

  test('ranges count the original octets, whatever the encoding', () => {
    const text = '<?xml version="1.0" encoding="UTF-16"?><SyncML xmlns="SYNCML:SYNCML1.2"><Data>ä🙂</Data><Cmd>x</Cmd></SyncML>'
    const narrow = utf8(text)
    const [data8, cmd8] = tree(text).children as [Element, Element]
    expect(textOf(narrow.subarray(data8.start, data8.end))).toBe('<Data>ä🙂</Data>')
    expect(textOf(narrow.subarray(cmd8.start, cmd8.end))).toBe('<Cmd>x</Cmd>')
    const wide = utf16(text, false, true)
    const [data16, cmd16] = decodeTree(wide, 'xml').root.children as [Element, Element]
    expect(Buffer.from(wide.subarray(data16.start, data16.end)).swap16().toString('utf16le')).toBe('<Data>ä🙂</Data>')
    expect(Buffer.from(wide.subarray(cmd16.start, cmd16.end)).swap16().toString('utf16le')).toBe('<Cmd>x</Cmd>')
  })

  test('UTF-16 of an odd length is refused, a lone surrogate is told', () => {
    expect(refused(Uint8Array.from([...utf16(data('x'), true, true), 0])).reason).toMatch(/odd number/)
    expect(rules(utf16(data('a\ud800b'), true, true))).toEqual(['xml.surrogate'])
  })

  test('first octets tell the encoding', () => {
    expect([sniff(utf8(xml)), sniff(utf8('\n <a/>')), sniff(W2), sniff(W8)]).toEqual(['xml', 'xml', 'wbxml', 'wbxml'])
    expect([sniff(utf8('{}')), sniff(utf8('')), sniff(hex('02'))]).toEqual([null, null, null])
  })
})

describe('DOCTYPE and what it may not do', () => {
  test('a DOCTYPE without internal subset is skipped and told', () => {
    const doctype = '<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "http://example.org/x>y.dtd">'
    const { root, findings } = decodeTree(utf8(doctype + xml.slice(38)), 'xml')
    expect(plain(root)).toEqual(E7_TREE)
    expect(findings).toMatchObject([{ rule: 'xml.doctype', severity: 'chat', offset: 0, length: doctype.length }])
  })

  test('an internal subset that holds only an instruction is tolerated, as published DDF files have it', () => {
    expect(rules(utf8('<!DOCTYPE MgmtTree [<?oma-dm-ddf-ver supported-versions="1.2"?> <!-- ] --> ]><MgmtTree xmlns="syncml:dmddf1.2"/>'))).toEqual([
      'xml.doctype',
    ])
  })

  test.each([
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><a/>',
    '<!DOCTYPE a [<!ELEMENT a ANY>]><a/>',
    '<!DOCTYPE a [ %p; ]><a/>',
    '<!DOCTYPE a <a/>',
    '<a/><!DOCTYPE a>',
    '<a>&x;</a>',
    '<a>&constructor;</a>',
  ])('refused: %s', (text) => {
    expect(refused(text).offset).toBeGreaterThan(0)
  })
})

describe('what is not well-formed', () => {
  test.each<[string, number]>([
    ['', 0],
    ['   ', 3],
    ['<', 0],
    ['<a', 2],
    ['<a>', 3],
    ['<a></b>', 3],
    ['<a></ab>', 3],
    ['</a>', 0],
    ['<a/><b/>', 4],
    ['<a/>text', 4],
    ['text<a/>', 0],
    ['<a b></a>', 4],
    ['<a b=c/>', 5],
    ['<a b="c/>', 3],
    ['<a b="<"/>', 6],
    ['<a b="1"c="2"/>', 8],
    ['<a/ >', 2],
    ['<1/>', 0],
    ['<a>&</a>', 3],
    ['<a>& b;</a>', 3],
    ['<a>&#0;</a>', 3],
    ['<a>&#xD800;</a>', 3],
    ['<a>&#x110000;</a>', 3],
    ['<a>&#99999999999;</a>', 3],
    ['<a><![CDATA[x</a>', 3],
    ['<a><!-- x</a>', 3],
    ['<a><?x </a>', 3],
    ['<a><!x></a>', 3],
    ['<![CDATA[x]]><a/>', 0],
    ['\0<a/>', 0],
    ['<a></a', 3],
  ])('%j is refused at byte %i', (text, offset) => {
    expect(refused(text).offset).toBe(offset)
  })

  test('every beginning of E4 is refused', () => {
    const bytes = encode(E4, { encoding: 'xml' })
    for (let length = 0; length < bytes.length; length++) expect(refused(bytes.subarray(0, length)).offset).toBeLessThanOrEqual(length)
  })

  test('limits are settings, and 0 means 0', () => {
    const nested = (depth: number): string => '<Item>'.repeat(depth) + '</Item>'.repeat(depth)
    expect(tree(nested(64)).name).toBe('Item')
    expect(refused(nested(65)).reason).toMatch(/deeper than 64/)
    expect(refused('<a/>', { elements: 0 }).reason).toMatch(/too many elements/)
    expect(refused('<a/>', { bytes: 3 }).reason).toMatch(/longer than 3/)
    expect(refused('<a b=""/>', { attributes: 0 }).reason).toMatch(/more than 0 attributes/)
    expect(refused(`<${'n'.repeat(257)}/>`).reason).toMatch(/longer than 256/)
    expect(refused('<a>&#65;</a>', { references: 0 }).reason).toMatch(/more than 0 numeric references/)
    expect(tree(`<${'n'.repeat(256)}/>`).name.length).toBe(256)
    expect(refused(`<a>${'<b/>'.repeat(20000)}</a>`).reason).toMatch(/too many elements/)
    expect(tree(`<MgmtTree>${'<Node/>'.repeat(30000)}</MgmtTree>`).children.length).toBe(30000)
  })
})
