// DDFs: the whole corpus loads, vendor extensions are kept, and what is malformed is named with its place.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeDdf, descriptions } from '../../core/dmtree/ddf.ts'
import type { DdfDocument } from '../../core/dmtree/ddf.ts'
import { describedAt, underRoot } from '../../core/dmtree/describe.ts'
import { addNode } from '../../core/dmtree/edit.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import { parseUri } from '../../core/dmtree/uri.ts'
import { shared } from '../support/shared.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const load = (file: string): DdfDocument => decodeDdf(new Uint8Array(readFileSync(file)))
const nodes = (document: DdfDocument): number => [...descriptions(document)].length
/** Count of Node start tags, found without our parser. */
const tags = (file: string): number => (readFileSync(file, 'utf8').match(/<Node>/g) ?? []).length

const windows = shared('corpus/windows-ddf/csp-ddf-v2')
const aosp = shared('corpus/aosp-omadm')

describe.skipIf(windows === null)('Windows DDFs (byte order mark, DOCTYPE with internal subset, MSFT extensions)', () => {
  for (const file of windows === null ? [] : readdirSync(windows).filter((name) => name.endsWith('.xml'))) {
    it(`${file} loads with every node`, () => {
      const path = join(windows ?? '', file)
      const document = load(path)
      expect(nodes(document)).toBe(tags(path))
      expect(document.verDtd).toBe('1.2')
    })
  }

  it('DMAcc says what the document says, extensions included', () => {
    const document = load(join(windows ?? '', 'DMAcc.xml'))
    const root = underRoot(document.nodes)
    expect(document.other.map((each) => each.name)).toEqual(['Diagnostics'])
    const account = describedAt(root, ['SyncML', 'DMAcc', 'any'])
    expect(account).toMatchObject({ name: '', formats: ['node'], permanent: false, occurrence: { least: 0, most: Infinity }, title: 'AccountUID' })
    expect(account?.other.map((each) => each.name)).toEqual(['DynamicNodeNaming'])
    const appId = describedAt(root, ['SyncML', 'DMAcc', 'any', 'AppID'])
    expect(appId).toMatchObject({ formats: ['chr'], defaultValue: 'w7', occurrence: { least: 1, most: 1 } })
    expect([...(appId?.access ?? [])]).toEqual(['Add', 'Get', 'Replace'])
    expect(appId?.other[0]?.attributes).toEqual([['ValueType', 'ENUM']])
    expect(describedAt(root, ['SyncML', 'DMAcc', 'any', 'Nonsense'])).toBeUndefined()
  })

  it('a tree with that schema lets only described nodes be added', () => {
    const schema = underRoot(load(join(windows ?? '', 'DMAcc.xml')).nodes)
    const tree = new Tree({ schema })
    tree.ensure(['SyncML', 'DMAcc'])
    const add = (uri: string, format?: string, data?: string): number => {
      try {
        addNode(tree, parseUri(uri), { format, data }, 'S', true)
        return 200
      } catch (error) {
        return (error as { status: number }).status
      }
    }
    expect(add('./SyncML/DMAcc/X', 'node')).toBe(200)
    expect(add('./SyncML/DMAcc/X/AppID', 'int', '7')).toBe(415)
    expect(add('./SyncML/DMAcc/X/AppID', 'chr', 'w7')).toBe(200)
    expect(add('./SyncML/DMAcc/X/Name/Below', 'chr', 'x')).toBe(405)
  })
})

describe.skipIf(aosp === null)('AOSP: one DDF, and its device trees in the old dialect', () => {
  it('syncmldm.ddf loads with every node', () => {
    const path = join(aosp ?? '', 'device-tree-other/setting__dmt_data__syncmldm.ddf')
    const document = load(path)
    expect([document.man, document.mod, nodes(document)]).toEqual(['Motorola', 'Nexus', tags(path)])
    expect(document.nodes[0]).toMatchObject({ name: '', path: '', formats: ['node'], caseSense: 'CS' })
    expect([...descriptions(document)].slice(0, 3).map(([uri]) => uri)).toEqual(['.', './CDMA', './CDMA/BC10'])
  })

  for (const name of ['root', 'customization', 'devdetail_ext', 'managedobjects']) {
    const file = (ext: string): string => join(aosp ?? '', `device-tree-xml+wbxml/setting__dmt_data__${name}.${ext}`)

    it(`${name}.xml loads with every node, its formats and access types`, () => {
      const document = load(file('xml'))
      expect(nodes(document)).toBe(tags(file('xml')))
      expect(document.verDtd).toBe('1.1.2')
      for (const [uri, node] of descriptions(document)) expect([uri, node.access.size > 0, node.other]).toEqual([uri, true, []])
    })

    it(`${name}.wbxml is that client’s private storage, no DDF: refused with the reason`, () => {
      expect(() => load(file('wbxml'))).toThrow(/^DDF: root is NoResults, not MgmtTree/)
    })
  }

  it('root.xml holds values: ./DevDetail/LrgObj is a bool, true', () => {
    const found = [...descriptions(load(join(aosp ?? '', 'device-tree-xml+wbxml/setting__dmt_data__root.xml')))].find(
      ([uri]) => uri === './DevDetail/LrgObj',
    )
    expect(found?.[1]).toMatchObject({ formats: ['bool'], types: ['text/plain'], value: 'true' })
  })
})

describe('malformed and odd documents', () => {
  const tree = (inner: string): string => `<MgmtTree><VerDTD>1.2</VerDTD>${inner}</MgmtTree>`
  const node = (properties: string): string => tree(`<Node><NodeName>a</NodeName><DFProperties>${properties}</DFProperties></Node>`)
  it.each([
    ['not XML', '<MgmtTree>', '<MgmtTree>'.length],
    ['another root', '<Other/>', 0],
    ['no Node', tree(''), 0],
    ['an unknown format', node('<DFFormat><jpeg/></DFFormat>'), node('<DFFormat><jpeg/></DFFormat>').indexOf('<jpeg')],
    ['an unknown access', node('<AccessType><Fly/></AccessType>'), node('<AccessType><Fly/></AccessType>').indexOf('<Fly')],
    ['an unknown occurrence', node('<Occurrence><Many/></Occurrence>'), node('<Occurrence><Many/></Occurrence>').indexOf('<Many')],
    ['an entity declaration', `<!DOCTYPE MgmtTree [<!ENTITY x "y">]>${tree('<Node/>')}`, undefined],
  ])('%s', (_, text, offset) => {
    expect(() => decodeDdf(utf8(text))).toThrow(expect.objectContaining({ status: 400, ...(offset === undefined ? {} : { offset }) }))
    expect(() => decodeDdf(utf8(text))).toThrow(/^DDF: /)
  })

  it('remarks on what it had to assume', () => {
    const document = decodeDdf(utf8(tree('<Node><NodeName>a</NodeName><Node><NodeName>b</NodeName></Node></Node>')))
    expect(document.remarks.map((remark) => remark.text)).toEqual([
      "node 'a' has no DFProperties",
      "node 'b' has no DFProperties",
      "node 'b' has no DFFormat; chr is taken",
      "node 'a' has no DFFormat; node is taken",
    ])
    expect(decodeDdf(utf8(node('<DFFormat><chr/></DFFormat><Occurrence><ZeroOrN>4</ZeroOrN></Occurrence>'))).nodes[0]?.occurrence).toEqual({
      least: 0,
      most: 4,
    })
  })
})
