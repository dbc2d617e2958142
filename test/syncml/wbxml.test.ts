// The conformance checklist of the WBXML sheet, section 11, item by item; each title carries its number.
import { describe, expect, test } from 'vitest'
import { CodecError, decode, decodeTree, encode, encodeTree, type Wire } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Item, Message, Meta } from '../../core/syncml/message.ts'
import { base64, dataBytes, dataText, fromBase64 } from '../../core/syncml/text.ts'
import { Out } from '../../core/syncml/sink.ts'
import { DMDDF, METINF, SYNCML } from '../../core/syncml/tokens.ts'
import { B3, E4, E7, hex, plain, swap, utf8, W2, W5, W5_BODY, W6, W8 } from './samples.ts'

const E7_TREE = plain(decode(W5, 'wbxml').root)
const rules = (bytes: Uint8Array): string[] => decode(bytes, 'wbxml').findings.map(({ rule }) => rule)
const join = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.concat(parts))

/** W5 with other octets as content of the Status' Data. */
const withData = (content: string): Uint8Array => swap(W5, hex('4F 03 32 30 30 00 01'), hex(content))
/** E7 as a Replace that carries these data. */
function carrying(item: Item): Message {
  return { ...E7, commands: [{ kind: 'Replace', cmdId: '2', items: [item] }] }
}
function carried(bytes: Uint8Array): Item {
  const command = decode(bytes, 'wbxml').message.commands[0]
  if (command?.kind !== 'Replace') throw new Error('no Replace')
  return command.items[0] as Item
}

function refused(bytes: Uint8Array, limits = {}): CodecError {
  try {
    decode(bytes, 'wbxml', limits)
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError)
    return error as CodecError
  }
  throw new Error('accepted')
}

describe('header', () => {
  test.each([0, 1, 2, 3])('wbxml 1: version octet %i is accepted', (version) => {
    const decoded = decode(join(Uint8Array.of(version), W5.subarray(1)), 'wbxml')
    expect(plain(decoded.root)).toEqual(E7_TREE)
    expect(decoded.form?.version).toBe(version)
    expect(decoded.findings.map(({ rule }) => rule)).toEqual(version === 0 ? ['wbxml.version'] : [])
  })

  test('wbxml 1: the written version is 1.2 unless another is asked for', () => {
    expect(encode(E7, { encoding: 'wbxml' })[0]).toBe(2)
    for (const version of [1, 2, 3] as const) expect(encode(E7, { encoding: 'wbxml', version })[0]).toBe(version)
  })

  test.each([
    ['0x1201', '02 A4 01 6A 00', 'SyncML 1.2'],
    ['0x0FD3', '02 9F 53 6A 00', 'SyncML 1.1'],
    ['0x0FD1', '02 9F 51 6A 00', 'SyncML 1.0'],
    ['text without NUL', '02 00 00 6A 1D 2D2F2F53594E434D4C2F2F4454442053796E634D4C20312E322F2F454E', 'SyncML 1.2'],
    ['text with NUL', '02 00 00 6A 1E 2D2F2F53594E434D4C2F2F4454442053796E634D4C20312E322F2F454E00', 'SyncML 1.2'],
    ['the namespace as text', '02 00 00 6A 11 53594E434D4C3A53594E434D4C312E3200', 'SYNCML1.2'],
  ])('wbxml 2: public identifier %s', (_, header, name) => {
    const decoded = decode(join(hex(header), W5_BODY), 'wbxml')
    expect(plain(decoded.root)).toEqual(E7_TREE)
    expect(decoded.form?.publicText).toContain(name)
    expect(decoded.findings).toEqual([])
  })

  test('wbxml 2: no public identifier is tolerated and told; SyncML 1.1 is written with its own', () => {
    expect(rules(join(hex('02 01 6A 00'), W5_BODY))).toEqual(['wbxml.publicid.unknown'])
    expect(rules(join(hex('02 00 00 6A 00'), W5_BODY))).toEqual(['wbxml.publicid.unknown'])
    const old = encode({ ...E7, header: { ...E7.header, verDtd: '1.1' } }, { encoding: 'wbxml' })
    expect(Buffer.from(old.subarray(0, 5)).toString('hex')).toBe('029f536a00')
  })

  test.each([0, 127, 128, 16383, 16384, 2 ** 28, 2 ** 32 - 1])('wbxml 3: multi-byte integer %i', (value) => {
    const out = new Out()
    out.mb(value)
    const bytes = out.result()
    expect(bytes.length).toBe(value < 128 ? 1 : value < 16384 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5)
    // read back as a public identifier, which may have any value
    expect(
      decodeTree(join(hex('03'), value === 0 ? hex('00 00') : bytes, value === 0 ? hex('6A 01 00 05') : hex('6A 00 05')), 'wbxml').form?.publicId,
    ).toBe(value)
  })

  test('wbxml 3: leading 0x80 octets are accepted, more than five octets or 2^32 are not', () => {
    expect(decodeTree(hex('03 80 80 A4 01 6A 00 12'), 'wbxml').form?.publicId).toBe(0x1201)
    expect(refused(hex('03 80 80 80 80 80 01 6A 00 12')).reason).toMatch(/more than 5 octets/)
    expect(refused(hex('03 90 80 80 80 00 6A 00 12')).reason).toMatch(/2\^32-1/)
  })

  test('wbxml 4: charset 0x6A is written; 0, 3 and 0x6A are UTF-8, 4 is ISO-8859-1, others are refused', () => {
    expect(encode(E7, { encoding: 'wbxml' })[3]).toBe(0x6a)
    const named = (charset: string, octets: string): string => {
      const bytes = swap(join(hex(`02 A4 01 ${charset} 00`), W5_BODY), hex('56 03 63 6F 6D 2E'), hex(`56 03 ${octets}`))
      return decode(bytes, 'wbxml').message.header.source.locName ?? ''
    }
    for (const charset of ['00', '03', '6A']) expect(named(charset, 'C3 A4')).toMatch(/^ä/)
    expect(named('04', 'C3 A4')).toMatch(/^Ã¤/)
    expect(refused(join(hex('02 A4 01 11 00'), W5_BODY)).reason).toMatch(/charset 17/)
  })

  test('wbxml 5: a string table of 128 octets and more has a two-octet length', () => {
    const long = 'x'.repeat(200)
    const bytes = join(hex('03 A4 01 6A 81 49'), Buffer.from(`${long}\0`), swap(W5_BODY, hex('4F 03 32 30 30 00 01'), hex('4F 83 00 01')))
    const status = decode(bytes, 'wbxml').message.commands[0]
    expect(status?.kind === 'Status' && status.data).toBe(long)
    expect(decode(bytes, 'wbxml').form).toMatchObject({ tableRefs: 1, table: { start: 6, end: 207 } })
  })
})

describe('tokens', () => {
  const pages = [
    ['SyncML', 0, SYNCML, 55],
    ['MetInf', 1, METINF, 18],
    ['DMDDF', 2, DMDDF, 56],
  ] as const

  test.each(pages)('wbxml 6: every token of the %s page is read and written', (_, page, table, count) => {
    let seen = 0
    for (let code = 5; code < 64; code++) {
      const name = table.names[code] as string
      const select = page === 0 ? '' : `00 0${String(page)}`
      const bytes = hex(`02 A4 01 6A 00 6D ${select} ${code.toString(16).padStart(2, '0')} 01`)
      const { root, findings } = decodeTree(bytes, 'wbxml')
      const child = root.children[0] as Element
      if (name === '') {
        expect(child).toMatchObject({ name: `?${String(page)}:0x${code.toString(16).toUpperCase()}`, token: { page, code } })
        expect(findings).toMatchObject([{ rule: 'wbxml.token.unknown', offset: bytes.length - 2, length: 1 }])
      } else {
        seen++
        expect([child.name, child.vocabulary, child.token]).toEqual([name, table.vocabulary, undefined])
      }
      expect(Buffer.compare(encodeTree(root, { encoding: 'wbxml' }), bytes)).toBe(0)
    }
    expect(seen).toBe(count)
  })

  test('wbxml 6: the tables agree with the sheet at places that are easy to shift', () => {
    expect([SYNCML.codes.get('TargetRef'), SYNCML.names[0x30], SYNCML.codes.get('VerDTD'), SYNCML.codes.get('Correlator')]).toEqual([
      0x2f,
      '',
      0x31,
      0x3c,
    ])
    expect([METINF.codes.get('MetInf'), METINF.codes.get('FieldLevel')]).toEqual([0x0e, 0x16])
    expect([DMDDF.codes.get('MgmtTree'), DMDDF.codes.get('Node'), DMDDF.codes.get('node'), DMDDF.codes.get('ZeroOrOne')]).toEqual([
      0x20, 0x24, 0x25, 0x3c,
    ])
  })

  test('wbxml 6: token 0x30 of page 0 is a typed node that comes back as it was', () => {
    const bytes = withData('70 03 41 00 01 4F 03 32 30 30 00 01')
    const { message, findings, root } = decode(bytes, 'wbxml')
    expect(findings.map(({ rule }) => rule)).toEqual(['wbxml.token.unknown', 'msg.child'])
    expect(message.commands[0]?.other?.[0]).toMatchObject({ name: '?0:0x30', text: 'A', token: { page: 0, code: 0x30 } })
    expect(Buffer.compare(encodeTree(root, { encoding: 'wbxml' }), bytes)).toBe(0)
    expect(() => encodeTree(root, { encoding: 'xml' })).toThrow(/\?0:0x30.*no XML name/)
  })

  test.each(['0F', '4F 01', '4F 03 00 01', '4F C3 00 01'])('wbxml 7: %s is empty Data', (content) => {
    const command = decode(withData(content), 'wbxml').message.commands[0]
    expect(command?.kind === 'Status' && command.data).toBe('')
  })

  test('wbxml 7: empty elements are written without the content bit', () => {
    const bytes = encode(carrying({ target: { locUri: './A' }, data: '', moreData: true }), { encoding: 'wbxml' })
    expect(Buffer.from(bytes).toString('hex')).toContain('0f3401')
  })

  test.each([
    ['before END', swap(W5, hex('12 01 01'), hex('12 00 01 00 00 01 01'))],
    ['to the same page', swap(W5, hex('6B 69'), hex('00 00 6B 00 00 00 00 69'))],
    ['at the start of the body', swap(W5, hex('6D 6C'), hex('00 01 00 00 6D 6C'))],
  ])('wbxml 8: SWITCH_PAGE %s', (_, bytes) => {
    expect(plain(decode(bytes, 'wbxml').root)).toEqual(E7_TREE)
  })

  test('wbxml 9: END does not change the page; a lazy Meta is followed by 00 00', () => {
    const text = Buffer.from(W2).toString('hex')
    expect(text).toContain('010100004f03')
    const missing = decodeTree(swap(W2, hex('01 01 00 00 4F 03'), hex('01 01 4F 03')), 'wbxml')
    const cred = missing.root.children[0]?.children.find(({ name }) => name === 'Cred')
    expect(cred?.children[1]).toMatchObject({ vocabulary: 'metinf', name: 'Next' }) // 0x0F: Data on page 0, Next on page 1
  })

  test('wbxml 10: a tag with attributes is read by skipping them', () => {
    const nokia = join(hex('02 A4 01 6A 06 78 6D 6C 6E 73 00 ED 04 00 03 53 59 4E 43 4D 4C 3A 53 59 4E 43 4D 4C 31 2E 32 00 01'), W5_BODY.subarray(1))
    const decoded = decode(nokia, 'wbxml')
    expect(plain(decoded.root)).toEqual(E7_TREE)
    expect(decoded.findings.map(({ rule }) => rule)).toEqual(['wbxml.attributes'])
  })
})

describe('text', () => {
  test.each(Object.entries(W6))('wbxml 11: W6 %s is the same tree as W5', (_, bytes) => {
    const decoded = decode(bytes, 'wbxml')
    expect(plain(decoded.root)).toEqual(E7_TREE)
    expect(decoded.findings).toEqual([])
  })

  test.each<Wire>([{ encoding: 'wbxml' }, { encoding: 'wbxml', strings: 'opaque' }, { encoding: 'wbxml', strings: 'table' }, { encoding: 'xml' }])(
    'wbxml 12: text beyond ASCII survives %o',
    (wire) => {
      const data = 'Grüße – 日本語 – 🙂 – Grüße'
      const bytes = encode(carrying({ target: { locUri: './Ä', locName: data }, data }), wire)
      const item = decode(bytes, wire.encoding).message.commands[0]
      expect(item?.kind === 'Replace' && item.items[0]).toMatchObject({ target: { locUri: './Ä', locName: data }, data })
    },
  )

  test('wbxml 13: NUL in octets survives, and no inline string ever holds one', () => {
    const octets = hex('00 01 02 00 FF')
    expect(plain(carried(encode(carrying({ data: octets }), { encoding: 'wbxml' })).data)).toEqual({ octets: '00010200ff' })
    const bytes = encode(carrying({ data: 'a\0b' }), { encoding: 'wbxml' })
    expect(Buffer.from(bytes).toString('hex')).toContain('4fc30361006201')
    expect(dataBytes(carried(bytes).data)).toEqual(hex('61 00 62'))
  })

  test('a long text is written as a short one is, whatever is in it', () => {
    for (const odd of ['\0', 'ä', '語', '🎁', '\u0001', '&ä>']) {
      const [before, after] = ['a'.repeat(60), 'b'.repeat(60)]
      const bytes = encode(carrying({ data: before + odd + after }), { encoding: 'wbxml' })
      expect(dataText(carried(bytes).data)).toBe(before + odd + after)
      const short = Buffer.from(encode(carrying({ data: odd }), { encoding: 'wbxml' })).toString('hex')
      const kind = odd === '\0' ? 'c3' : '03'
      expect(short).toContain(`4f${kind}`)
      expect(Buffer.from(bytes).toString('hex')).toContain(`4f${kind}${odd === '\0' ? '79' : ''}6161`)
    }
  })

  test('wbxml 14: line ends inside Data are not altered', () => {
    const data = 'a\nb\r\nc\rd'
    for (const strings of ['inline', 'opaque', 'table'] as const)
      expect(carried(encode(carrying({ data }), { encoding: 'wbxml', strings })).data).toBe(data)
    const xml = decode(encode(carrying({ data }), { encoding: 'xml' }), 'xml').message.commands[0]
    expect(xml?.kind === 'Replace' && xml.items[0]?.data).toBe(data)
  })

  test('wbxml 15: a NextNonce says whether it came as text or as octets that may be either', () => {
    const nonce = (content: string): Meta['nextNonce'] => carried(swap(META, hex('50 03 41 00 01'), hex(`50 ${content} 01`))).meta?.nextNonce
    const META = encode(carrying({ meta: { nextNonce: { text: 'A' } }, data: 'x' }), { encoding: 'wbxml' })
    const text = 'Tm9uY2VGb3JDbGllbnQwMQ=='
    const hexText = Buffer.from(text).toString('hex')
    expect(nonce(`03 ${hexText} 00`)).toEqual({ text })
    expect(plain(nonce(`C3 18 ${hexText}`))).toEqual({ text, octets: { octets: hexText } })
    // sixteen octets that are base64 text by accident: both readings are possible, so both are kept
    const accident = Buffer.from('NonceForClient01')
    expect(plain(nonce(`C3 10 ${accident.toString('hex')}`))).toEqual({ text: 'NonceForClient01', octets: { octets: accident.toString('hex') } })
    // octets that cannot be base64 text are raw, and their base64 is the text
    expect(plain(nonce('C3 04 2D 2E FF 00'))).toEqual({ text: base64(hex('2D 2E FF 00')), octets: { octets: '2d2eff00' } })
  })
})

describe('nested data', () => {
  test('wbxml 17: an inner document that nobody knows is delivered as octets', () => {
    for (const inner of ['03 A4 09 6A 00 45 01', '03 00 00 6A 1B 2D', 'FF D8 FF E0', '02 01 6A 00 6D 01']) {
      const octets = hex(inner)
      const item = carried(encode(carrying({ data: octets }), { encoding: 'wbxml' }))
      expect(plain(item.data)).toEqual(plain(octets))
    }
  })

  test('wbxml 16: white space around an opaque sub-document means nothing', () => {
    const bytes = withData('4F 03 0A 20 00 C3 0C 02 A4 03 6A 00 4A 49 03 41 00 01 01 C3 02 0A 0A 01')
    const status = decode(bytes, 'wbxml').root.children[1]?.children[0]?.children.at(-1)
    expect(status).toMatchObject({ name: 'Data', text: '', embedded: { name: 'DevInf', children: [{ name: 'DevID', text: 'A' }] } })
  })

  test('wbxml 18: b64 and bin carry the same octets; Size follows the Format', () => {
    const octets = Uint8Array.from({ length: 150000 }, (_, i) => (i * 7919) & 255)
    const text = base64(octets)
    expect(text.length).toBe(200000)
    const b64 = carried(encode(carrying({ meta: { format: 'b64', size: text.length }, data: text }), { encoding: 'wbxml' }))
    const bin = carried(encode(carrying({ meta: { format: 'bin', size: octets.length }, data: octets }), { encoding: 'wbxml' }))
    expect([b64.meta?.size, bin.meta?.size]).toEqual([200000, 150000])
    expect(Buffer.compare(fromBase64(b64.data as string) ?? new Uint8Array(), octets)).toBe(0)
    expect(Buffer.compare(dataBytes(bin.data), octets)).toBe(0)
  })

  test('wbxml 19: a tree as XML text is accepted in a WBXML message', () => {
    const data = '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD></MgmtTree>'
    for (const strings of ['inline', 'opaque'] as const) {
      const item = carried(encode(carrying({ meta: { type: 'application/vnd.syncml.dmtnds+xml' }, data }), { encoding: 'wbxml', strings }))
      expect(item.data).toBe(data)
    }
  })
})

describe('client provisioning', () => {
  test('the w7 document B3 both ways, octet for octet', () => {
    const { root, findings } = decodeTree(B3, 'wbxml')
    expect(findings).toEqual([])
    expect(root.children[0]?.children[1]).toMatchObject({
      name: 'parm',
      attributes: [
        ['name', 'PROVIDER-ID'],
        ['value', 'com.example.dm'],
      ],
    })
    expect(root.children[0]?.children[4]?.children[1]?.attributes).toEqual([
      ['name', 'AAUTHTYPE'],
      ['value', 'DIGEST'],
    ])
    expect(Buffer.compare(encodeTree(root, { encoding: 'wbxml', version: 3 }), B3)).toBe(0)
    const xml = encodeTree(root, { encoding: 'xml' })
    expect(Buffer.compare(encodeTree(decodeTree(xml, 'xml').root, { encoding: 'wbxml', version: 3 }), B3)).toBe(0)
  })

  test('a name no table has goes through the string table and comes back', () => {
    const root = decodeTree(utf8('<wap-provisioningdoc><parm name="NOVELTY" value="" future="1"/></wap-provisioningdoc>'), 'xml').root
    expect(plain(decodeTree(encodeTree(root, { encoding: 'wbxml' }), 'wbxml').root)).toEqual(plain(root))
  })
})

describe('robustness', () => {
  test.each([
    ['another major version', '12 A4 01 6A 00 6D 01', 0],
    ['a truncated header', '02 A4', 1],
    ['a string table longer than the document', '02 A4 01 6A 7F 6D 01', 4],
    ['a public identifier outside the table', '02 00 05 6A 01 00 6D 01', 1],
    ['a table reference outside the table', '02 A4 01 6A 01 00 6D 83 01 01', 7],
    ['an inline string without NUL', '02 A4 01 6A 00 6D 03 41 41', 6],
    ['OPAQUE longer than the rest', '02 A4 01 6A 00 6D C3 05 41 01', 6],
    ['END without an open element', '02 A4 01 6A 00 01', 5],
    ['an element that is not closed', '02 A4 01 6A 00 6D 6C 01', 8],
    ['an unknown code page', '02 A4 01 6A 00 6D 00 07 05 01', 6],
    ['text before the root', '02 A4 01 6A 00 03 41 00 6D 01', 5],
    ['an entity that is no character', '02 A4 01 6A 00 6D 02 83 B0 00 01', 6],
    ['a literal outside the table', '02 A4 01 6A 00 6D 04 09 01', 6],
    ['an attribute list without END', '02 A4 01 6A 00 AD 05 05', 6],
    ['another root', '02 A4 01 6A 00 6B 01', 5],
    ['nothing at all', '', 0],
  ])('wbxml 20: %s is refused with its offset', (_, bytes, offset) => {
    const error = refused(hex(bytes))
    expect(error.offset).toBe(offset)
    expect(error.message).toBe(`byte ${String(offset)}: ${error.reason}`)
  })

  test('wbxml 20: references cannot blow a document up', () => {
    const table = 'x'.repeat(60000)
    const refs = Buffer.from('8300'.repeat(60000), 'hex')
    const bytes = join(hex('03 A4 01 6A 83 D4 61'), Buffer.from(`${table}\0`), hex('6D 4F'), refs, hex('01 01'))
    expect(refused(bytes).reason).toMatch(/16 times/)
    expect(refused(W2, { outputRatio: 0, outputFloor: 10 }).reason).toMatch(/0 times/)
  })

  test('wbxml 21: every beginning of W2 is refused, one octet more is told', () => {
    for (let length = 0; length < W2.length; length++) expect(refused(W2.subarray(0, length)).offset).toBeLessThanOrEqual(length)
    expect(decode(join(W2, hex('41')), 'wbxml').findings).toMatchObject([{ rule: 'wbxml.trailing', severity: 'warn', offset: 382, length: 1 }])
    expect(decode(join(W2, hex('00 00')), 'wbxml').findings).toMatchObject([{ rule: 'wbxml.trailing', severity: 'note', offset: 382, length: 2 }])
  })

  test('wbxml 22: nesting deeper than the cap is refused, the cap itself is not', () => {
    const nested = (depth: number): Uint8Array => join(hex('02 A4 01 6A 00'), Buffer.alloc(depth, 0x54), Buffer.alloc(depth, 0x01))
    expect(decodeTree(nested(64), 'wbxml').root.name).toBe('Item')
    expect(() => decodeTree(nested(65), 'wbxml')).toThrow(/deeper than 64/)
    expect(() => decodeTree(nested(3_000_000), 'wbxml')).toThrow(CodecError)
    expect(decodeTree(nested(500), 'wbxml', { depth: 500 }).root.name).toBe('Item')
  })

  test('limits are settings, and 0 means 0', () => {
    expect(refused(W2, { bytes: 381 }).reason).toMatch(/longer than 381/)
    expect(refused(W2, { bytes: 0 }).offset).toBe(0)
    expect(refused(W2, { elements: 0 }).reason).toMatch(/too many elements/)
    expect(refused(W2, { depth: 0 }).reason).toMatch(/deeper than 0/)
    expect(decode(W8, 'wbxml', { elements: 21 }).findings).toEqual([])
    expect(refused(W8, { elements: 21, treeElements: 0 }).reason).toMatch(/too many elements/)
  })

  test('findings are bounded, and the last one says how many are missing', () => {
    const bytes = join(hex('02 A4 01 6A 00 6D'), Buffer.alloc(50, 0x30), hex('01'))
    const { findings } = decodeTree(bytes, 'wbxml', { findings: 10 })
    expect(findings.length).toBe(11)
    expect(findings.at(-1)).toMatchObject({ rule: 'codec.findings.more', text: expect.stringContaining('40 further') as string })
  })

  test('extension tokens and instructions are skipped and told', () => {
    const bytes = withData('4F 40 41 00 80 05 C0 43 05 03 41 00 01 03 32 30 30 00 01')
    expect(plain(decode(bytes, 'wbxml').root)).toEqual(E7_TREE)
    expect(rules(bytes)).toEqual(['wbxml.extension', 'wbxml.extension', 'wbxml.extension', 'wbxml.instruction'])
  })

  test('a string that is not UTF-8 is read as ISO-8859-1 and told', () => {
    const bytes = withData('4F 03 E4 FC 00 01')
    const command = decode(bytes, 'wbxml').message.commands[0]
    expect(command?.kind === 'Status' && command.data).toBe('äü')
    expect(decode(bytes, 'wbxml').findings[0]).toMatchObject({ rule: 'wbxml.utf8', length: 2 })
  })

  test('a character cut over two OPAQUEs is one character again', () => {
    const command = decode(withData('4F C3 01 C3 C3 01 A4 01'), 'wbxml').message.commands[0]
    expect(command?.kind === 'Status' && command.data).toBe('ä')
  })

  test('E4 is the same message in every style', () => {
    for (const version of [1, 2, 3] as const)
      for (const publicId of ['number', 'text'] as const)
        for (const strings of ['inline', 'table', 'opaque'] as const)
          for (const pages of ['lazy', 'eager'] as const) {
            const bytes = encode(E4, { encoding: 'wbxml', version, publicId, strings, pages })
            const decoded = decode(bytes, 'wbxml')
            expect(decoded.findings).toEqual([])
            expect(plain(decoded.root)).toEqual(plain(decode(W2, 'wbxml').root))
          }
  })
})
