// TNDS in and out: worked bytes, both encodings and all wire forms, all-or-nothing, and every malformed document named with its place.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decode } from '../../core/syncml/codec.ts'
import { dataText } from '../../core/syncml/text.ts'
import { saveDevice } from '../../core/device/profile.ts'
import { loadDocument } from '../../core/dmtree/graft.ts'
import { TNDS_WBXML, TNDS_XML, decodeTnds, encodeTnds, tndsText, toTnds } from '../../core/dmtree/tnds.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import type { Data, ItemCommand } from '../../core/syncml/message.ts'
import { OTHER, code, command, device, group, read, run } from '../device/support.ts'
import { shared } from '../support/shared.ts'

const LAB = './Vendor/DMLab'
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const doc = (...nodes: string[]): string => `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>${nodes.join('')}</MgmtTree>`
const leaf = (name: string, value: string, format = 'chr'): string =>
  `<Node><NodeName>${name}</NodeName><RTProperties><Format><${format}/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>${value}</Value></Node>`
const room = (name: string, ...children: string[]): string =>
  `<Node><NodeName>${name}</NodeName><RTProperties><Format><node/></Format><Type><DDFName/></Type></RTProperties>${children.join('')}</Node>`
const put = (kind: 'Add' | 'Replace', uri: string, data: Data, type = TNDS_XML, format = 'xml'): ItemCommand =>
  command(kind, uri, data, { format, type })

describe('reading', () => {
  it('wbxml 7.1: the bootstrap message W8 (inline page 2) puts an account below ./DMAcc by its identifier', () => {
    const w8 = `02A4016A006D6C7103312E32000172 03444D2F312E320001650330 00015B03300001 6E5703494D45493A34393031353432303332333735313800010167
      5703636F6D2E6578616D706C652E646D000101016B454B03310001546E57032E2F496E626F780001015A000147036269 6E00015303 6170706C69636174696F6E2F766E
      642E73796E636D6C2E646D746E64732B7762786D6C000101 00004F00026077 03312E32000164 66034578 00016F5C2501755103 75726E3A6F6D613A6D6F3A6F6D
      612D646D2D646D6163633A312E30000101016466035365727665724944 00016F5C0B01756103746578742F706C61696E000101017603 636F6D2E6578616D706C652E646D
      0001010101010101 000012 0101`.replace(/\s/g, '')
    const { message } = decode(new Uint8Array(Buffer.from(w8, 'hex')), 'wbxml')
    const { performer } = device()
    expect(code(performer, message.commands[0] as ItemCommand, 'com.example.dm')).toBe('200')
    expect(performer.tree.find(['DMAcc', 'Ex', 'ServerID'])?.value).toBe('com.example.dm')
  })

  it('accepts XML text, XML octets, base64 of either encoding, WBXML octets and elements; all give the same tree', () => {
    const text = doc(room('A', leaf('B', 'b'), leaf('N', '5', 'int')))
    const tree = new Tree()
    loadDocument(tree, ['A'], decodeTnds(utf8(text)))
    const node = tree.find(['A'])
    if (node === null) throw new Error('not loaded')
    const wbxml = encodeTnds(toTnds(node), 'wbxml')
    const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')
    const forms: [data: Data, type: string, format: string][] = [
      [text, TNDS_XML, 'xml'],
      [`<?xml version="1.0"?>${text}`, TNDS_XML, 'chr'],
      [utf8(text), TNDS_XML, 'xml'],
      [wbxml, TNDS_WBXML, 'bin'],
      [base64(wbxml), TNDS_WBXML, 'b64'],
      [base64(utf8(text)), TNDS_XML, 'b64'],
      [text, TNDS_WBXML, 'xml'],
      [[toTnds(node)], TNDS_WBXML, 'bin'],
    ]
    for (const [data, type, format] of forms) {
      const { performer } = device()
      expect(code(performer, put('Add', `${LAB}/Scratch/A`, data, type, format))).toBe('200')
      expect([read(performer, `${LAB}/Scratch/A`), read(performer, `${LAB}/Scratch/A/B`), read(performer, `${LAB}/Scratch/A/N?prop=Format`)]).toEqual(
        ['B/N', 'b', 'int'],
      )
    }
  })

  it('a name left out comes from the target; another name stands below it; Path is relative to it; missing properties follow from the shape', () => {
    const at = (data: string, uri = `${LAB}/Scratch/T`): string[] => {
      const { performer, tree } = device()
      expect(code(performer, put('Add', uri, data))).toBe('200')
      return [read(performer, `${LAB}/Scratch/T?list=StructData`) && 'T', ...(tree.find(['Vendor', 'DMLab', 'Scratch', 'T'])?.children?.keys() ?? [])]
    }
    expect(at(doc('<Node><Node><NodeName>x</NodeName><Value>1</Value></Node></Node>'))).toEqual(['T', 'x'])
    expect(at(doc('<Node><NodeName>T</NodeName><Node><NodeName>x</NodeName></Node></Node>'))).toEqual(['T', 'x'])
    expect(at(doc(leaf('x', '1'), leaf('y', '2')))).toEqual(['T', 'x', 'y'])
    expect(at(doc(room('T'), '<Node><NodeName>z</NodeName><Path>a/b</Path><Value>1</Value></Node>'))).toEqual(['T', 'a'])
  })

  it.each([
    ['not XML', '<MgmtTree><Node>', 400],
    ['another root', '<SyncML/>', 400],
    ['no Node', doc(), 400],
    [
      'children in a leaf',
      doc('<Node><NodeName>a</NodeName><RTProperties><Format><chr/></Format></RTProperties><Node><NodeName>b</NodeName></Node></Node>'),
      400,
    ],
    ['an unknown format', doc(leaf('ok', '1') + leaf('a', '1', 'jpeg')), 415],
    ['a value that is none of its format', doc(leaf('ok', '1') + leaf('a', 'one', 'int')), 415],
    ['octets that are not base64', doc(leaf('ok', '1') + leaf('a', '!', 'bin')), 415],
    ['a node twice', doc(leaf('a', '1') + leaf('a', '2')), 400],
    ['a bad ACL', doc('<Node><NodeName>a</NodeName><RTProperties><ACL>Fetch=x</ACL></RTProperties><Value>1</Value></Node>'), 400],
    ['a bad VerNo', doc('<Node><NodeName>a</NodeName><RTProperties><VerNo>x</VerNo></RTProperties><Value>1</Value></Node>'), 400],
    ['a nameless node inside', doc(room('a', '<Node><Value>1</Value></Node>')), 400],
    ['a name that is none', doc(leaf('..', '1')), 400],
    ['a bad Path', doc('<Node><NodeName>a</NodeName><Path>x//y</Path><Value>1</Value></Node>'), 400],
  ])('%s is refused with its place, and nothing is done', (_, text, status) => {
    const lab = device()
    const before = JSON.stringify(saveDevice(lab))
    expect(code(lab.performer, put('Add', `${LAB}/Scratch/T`, text))).toBe(String(status))
    expect(JSON.stringify(saveDevice(lab))).toBe(before)
    expect(() => decodeTnds(utf8(text))).toThrow(expect.objectContaining({ status }))
    expect(() => decodeTnds(utf8(text))).toThrow(/TNDS|base64/)
  })

  it('names the byte: the offset of the element that is wrong', () => {
    const text = doc(leaf('ok', '1'), leaf('é', '1'), leaf('bad', 'x', 'jpeg'))
    const offset = Buffer.from(text).indexOf('<Node><NodeName>bad')
    expect(() => decodeTnds(utf8(text))).toThrow(expect.objectContaining({ offset }))
  })
})

describe('writing', () => {
  const sample = (): Tree => {
    const tree = new Tree()
    loadDocument(tree, ['A'], decodeTnds(utf8(doc(room('A', leaf('B', 'b&amp;<![CDATA[<c>]]>'), leaf('O', 'AAH/', 'bin'))))))
    return tree
  }
  const node = (tree: Tree): Parameters<typeof toTnds>[0] => tree.find(['A']) ?? tree.root

  it('selects parts: only these, all but these', () => {
    const { performer } = device()
    run(performer, put('Add', `${LAB}/Scratch/A`, doc(room('A', leaf('B', 'b')))))
    run(performer, command('Replace', `${LAB}/Scratch/A/B?prop=ACL`, 'Get=*'))
    const list = (parts: string): string => read(performer, `${LAB}/Scratch/A/B?list=TNDS${parts}`)
    expect(list('+Value+ACL')).toBe(
      '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Man>DM Lab</Man><Mod>Simulated</Mod><Node><NodeName>B</NodeName><RTProperties><ACL>Get=*</ACL></RTProperties><Value>b</Value></Node></MgmtTree>',
    )
    expect(list('-Value-VerNo-ACL-Format')).toContain('<RTProperties><Title/><TStamp/><Type><MIME>text/plain</MIME></Type>')
    expect(list('-Value')).not.toContain('<Value>')
    expect(list('+Name+Size')).toContain('<RTProperties><Name>B</Name><Size>1</Size></RTProperties>')
    expect(run(performer, command('Get', `${LAB}/Scratch/A?list=TNDS`)).results?.[0]?.meta).toEqual({ format: 'xml', type: TNDS_XML })
  })

  it('leaves out what the server may not Get; readable nodes below appear on top with a Path and find their place again', () => {
    const { performer, tree } = device()
    const scratch = tree.ensure(['Vendor', 'DMLab', 'Scratch', 'A'])
    tree.add(scratch, 'open', { value: '1' })
    const hidden = tree.add(scratch, 'hidden', { format: 'node', acl: new Map([['Get', [OTHER]]]) })
    tree.add(hidden, 'secret', { value: '2' })
    tree.add(hidden, 'shown', { value: '3', acl: new Map([['Get', ['*']]]) })
    const text = read(performer, `${LAB}/Scratch/A?list=TNDS+Value`)
    expect(text).not.toContain('secret')
    const { nodes } = decodeTnds(utf8(text))
    expect(nodes.map((each) => [each.path.join('/'), each.name, each.children.map((child) => child.name).join()])).toEqual([
      ['', 'A', 'open'],
      ['hidden', 'shown', ''],
    ])
    const copy = new Tree()
    loadDocument(copy, ['A'], decodeTnds(utf8(text)))
    expect(copy.find(['A', 'hidden', 'shown'])?.value).toBe('3')
  })

  it('the same tree in XML and WBXML, octets and markup included', () => {
    for (const encoding of ['xml', 'wbxml'] as const) {
      const copy = new Tree()
      loadDocument(copy, ['A'], decodeTnds(encodeTnds(toTnds(node(sample())), encoding)))
      expect(tndsText(toTnds(node(copy)))).toBe(tndsText(toTnds(node(sample()))))
      expect(copy.find(['A', 'B'])?.value).toBe('b&<c>')
      expect(copy.find(['A', 'O'])?.value).toEqual(new Uint8Array([0, 1, 255]))
    }
  })
})

describe('dm 34: Add and Replace with TNDS are all-or-nothing with a single status', () => {
  it('Add: one bad node among many and none is there', () => {
    const { performer, tree } = device({ maxNodes: 100 })
    const before = tree.count
    const many = doc(room('T', ...Array.from({ length: 80 }, (_, i) => leaf(`n${i}`, 'x'))))
    expect(code(performer, put('Add', `${LAB}/Scratch/T`, many))).toBe('420')
    expect(tree.count).toBe(before)
    expect(
      code(performer, put('Add', './DMAcc/X', doc(room('X', leaf('AppID', 'w7'), room('AppAuth', room('1', leaf('AAuthLevel', 'x', 'int'))))))),
    ).toBe('415')
    expect(tree.find(['DMAcc', 'X'])).toBeNull()
  })

  it('Add where the target exists → 418; unsupported → 415; without Data → 412', () => {
    expect(code(device().performer, put('Add', `${LAB}/Settings`, doc(room('Settings'))))).toBe('418')
    expect(code(device({ features: { tnds: false } }).performer, put('Add', `${LAB}/Scratch/T`, doc(room('T'))))).toBe('415')
    expect(code(device({ features: { tnds: false } }).performer, put('Replace', `${LAB}/Scratch`, doc(room('Scratch'))))).toBe('415')
    expect(code(device().performer, command('Add', `${LAB}/Scratch/T`, undefined, { type: TNDS_XML }))).toBe('412')
  })

  it('Add honours the ACLs inside once all is there; a server without Add → 425', () => {
    const { performer, tree } = device()
    const mine = doc(`<Node><NodeName>T</NodeName><RTProperties><ACL>Get=*</ACL><Format><node/></Format></RTProperties>${leaf('x', '1')}</Node>`)
    expect(code(performer, put('Add', `${LAB}/Scratch/T`, mine))).toBe('200')
    expect(read(performer, `${LAB}/Scratch/T?prop=ACL`)).toBe('Get=*')
    expect(read(performer, `${LAB}/Scratch/T/x`)).toBe('1')
    tree.setAcl(tree.ensure(['Vendor', 'DMLab', 'Scratch']), new Map([['Get', ['*']]]))
    expect(code(performer, put('Add', `${LAB}/Scratch/U`, doc(room('U'))))).toBe('425')
  })

  it('Inbox: the device finds the place by the identifier and numbers what has no name; an unknown object → 415', () => {
    const { performer, tree } = device()
    const account = (name: string, id = 'urn:oma:mo:oma-dm-dmacc:1.0'): string =>
      doc(`<Node>${name}<RTProperties><Format><node/></Format><Type><DDFName>${id}</DDFName></Type></RTProperties>${leaf('AppID', 'w7')}</Node>`)
    expect(code(performer, put('Add', './Inbox', account('')))).toBe('200')
    expect(code(performer, put('Add', './Inbox', account('<NodeName/>')))).toBe('200')
    expect(code(performer, put('Add', './Inbox', account('<NodeName>Named</NodeName>')))).toBe('200')
    expect([...(tree.find(['DMAcc'])?.children?.keys() ?? [])]).toEqual(['lab', '1', '2', 'Named'])
    expect(code(performer, put('Add', './Inbox', account('', 'urn:example:other:1.0')))).toBe('415')
    expect(code(performer, command('Add', './Inbox/x', 'y'))).toBe('405')
  })

  it('Replace: what is missing goes, what is new comes, permanent nodes keep their place', () => {
    const { performer } = device()
    run(performer, put('Add', `${LAB}/Scratch/T`, doc(room('T', leaf('a', '1'), leaf('b', '2'), room('c', leaf('d', '3'))))))
    expect(
      code(performer, put('Replace', `${LAB}/Scratch/T`, doc(room('T', leaf('b', 'two'), leaf('c', 'now a leaf'), leaf('e', '5', 'int'))))),
    ).toBe('200')
    expect([read(performer, `${LAB}/Scratch/T`), read(performer, `${LAB}/Scratch/T/b`), read(performer, `${LAB}/Scratch/T/c`)]).toEqual([
      'b/c/e',
      'two',
      'now a leaf',
    ])
    expect(code(performer, put('Replace', `${LAB}/Scratch/None`, doc(room('None'))))).toBe('404')
    expect(code(performer, put('Replace', LAB, doc(room('DMLab', leaf('Locked', 'x')))))).toBe('405')
    expect(read(performer, LAB)).toBe('Scratch/Settings/Ops/Locked')
  })

  it('Replace that fails half-way leaves everything as it was', () => {
    const lab = device()
    run(lab.performer, put('Add', `${LAB}/Scratch/T`, doc(room('T', leaf('a', '1'), leaf('b', '2')))))
    run(lab.performer, command('Replace', `${LAB}/Scratch/T/b?prop=ACL`, 'Get=*'))
    const before = JSON.stringify(saveDevice(lab))
    expect(code(lab.performer, put('Replace', `${LAB}/Scratch/T`, doc(room('T', leaf('a', 'new'), leaf('b', 'new')))))).toBe('425')
    expect(code(lab.performer, put('Replace', `${LAB}/Scratch/T`, doc(room('T', leaf('a', 'new')))))).toBe('425')
    expect(JSON.stringify(saveDevice(lab))).toBe(before)
  })

  it('inside an Atomic a TNDS goes back with the rest', () => {
    const lab = device()
    const before = JSON.stringify(saveDevice(lab))
    expect(
      code(lab.performer, group('Atomic', put('Add', `${LAB}/Scratch/T`, doc(room('T', leaf('a', '1')))), command('Replace', './None', 'x'))),
    ).toBe('507 [216 404]')
    expect(JSON.stringify(saveDevice(lab))).toBe(before)
  })
})

describe('documents of real peers', () => {
  const hotspot = shared('corpus/captured-sessions/hs20-osu-client/h01-prov/04-server.xml')
  it.skipIf(hotspot === null)('the Hotspot 2.0 provisioning document loads', () => {
    const { message } = decode(new Uint8Array(readFileSync(hotspot ?? '')), 'xml')
    const add = message.commands.find((each) => each.kind === 'Add') as ItemCommand
    const { performer, tree } = device()
    expect(code(performer, add)).toBe('200')
    const at = ['Wi-Fi', 'wi-fi.org', 'PerProviderSubscription', 'Cred01']
    expect(tree.find([...at, 'HomeSP', 'FQDN'])?.value).toBe('example.com')
    expect(tree.find(at.slice(0, 3))?.type).toBe('urn:wfa:mo:hotspot2dot0-perprovidersubscription:1.0')
  })

  const aosp = shared('corpus/captured-sessions/aosp-omadm/a01-basic/05-client.xml')
  it.skipIf(aosp === null)('the AOSP client’s answer to ?list=TNDS loads and says what its single Gets say', () => {
    const { message } = decode(new Uint8Array(readFileSync(aosp ?? '')), 'xml')
    const items = message.commands.flatMap((each) => (each.kind === 'Results' ? each.items : []))
    const found = items.find((item) => item.meta?.type === TNDS_XML)
    const data = found?.data
    const root = Array.isArray(data) ? data[0] : undefined
    const tree = new Tree()
    loadDocument(tree, ['DevDetail'], decodeTnds(utf8(typeof data === 'string' ? data : root === undefined ? dataText(data) : tndsText(root))))
    expect(tree.find(['DevDetail', 'FwV'])?.value).toBe('1.0')
    expect(tree.find(['DevDetail', 'LrgObj'])?.format).toBe('bool')
    expect(tree.find(['DevDetail', 'Bearer', 'GSM'])?.children).toBeNull()
  })
})
