// What holds for any tree, any command list and any octets: round trips, invariants, roll-back, and never an exception.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { saveDevice } from '../../core/device/profile.ts'
import { parseAcl } from '../../core/dmtree/acl.ts'
import { decodeDdf } from '../../core/dmtree/ddf.ts'
import { TreeError } from '../../core/dmtree/error.ts'
import { loadDocument } from '../../core/dmtree/graft.ts'
import type { Node } from '../../core/dmtree/node.ts'
import { uriOf, walk } from '../../core/dmtree/node.ts'
import { restoreTree, saveTree } from '../../core/dmtree/state.ts'
import { TNDS_XML, decodeTnds, encodeTnds, tndsText, toTnds } from '../../core/dmtree/tnds.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import { nameProblem } from '../../core/dmtree/uri.ts'
import { sizeOf, valueProblem } from '../../core/dmtree/value.ts'
import type { Format } from '../../core/dmtree/value.ts'
import type { Request } from '../../core/syncml/message.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import { answer, command, device, exec, group, results } from '../device/support.ts'

const RUNS = process.env['DM_LAB_SOAK'] === undefined ? 150 : 5_000
vi.setConfig({ testTimeout: process.env['DM_LAB_SOAK'] === undefined ? 60_000 : 600_000 })

interface Plan {
  readonly name: string
  readonly format: Format
  readonly value: string | Uint8Array
  readonly acl: string
  readonly title: string
  readonly verNo: number
  readonly children: readonly Plan[]
}

const name = fc.string({ minLength: 1, maxLength: 10, unit: 'grapheme' }).filter((text) => nameProblem(text) === null)
const text = fc.string({ maxLength: 30, unit: 'grapheme' }).filter((each) => valueProblem('chr', each) === null)
const value = fc.oneof(
  text.map((each) => ['chr', each] as const),
  text.map((each) => ['xml', each] as const),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((n) => ['int', String(n)] as const),
  fc.boolean().map((b) => ['bool', String(b)] as const),
  fc.uint8Array({ maxLength: 30 }).map((octets) => ['bin', octets] as const),
  fc.uint8Array({ maxLength: 9 }).map((octets) => ['b64', Buffer.from(octets).toString('base64')] as const),
  fc.constant(['null', ''] as const),
)
const acl = fc.constantFrom('', 'Get=*', 'Add=a&Get=a+b&Replace=*', 'Delete=urn:x', 'Exec=server-1')
const { tree: plans } = fc.letrec<{ tree: Plan[]; node: Plan }>((tie) => ({
  tree: fc.uniqueArray(tie('node'), { maxLength: 4, selector: (plan) => plan.name, depthIdentifier: 'tree' }),
  node: fc.oneof(
    { depthIdentifier: 'tree', maxDepth: 4 },
    fc
      .record({ name, value, acl, title: text, verNo: fc.nat(0xffff) })
      .map((leaf): Plan => ({ ...leaf, format: leaf.value[0], value: leaf.value[1], children: [] })),
    fc.record({ name, acl, title: text, verNo: fc.nat(0xffff), children: tie('tree') }).map((room): Plan => ({ ...room, format: 'node', value: '' })),
  ),
}))

function build(planned: readonly Plan[]): Tree {
  const tree = new Tree()
  const grow = (parent: Node, plan: Plan): void => {
    const node = tree.add(parent, plan.name, { format: plan.format, value: plan.value, type: plan.format === 'node' ? 'urn:x' : 'text/plain' })
    for (const child of plan.children) grow(node, child)
    tree.setAcl(node, parseAcl(plan.acl))
    tree.setTitle(node, plan.title)
    tree.setStamps(node, '20010711T163817Z', plan.verNo)
  }
  for (const plan of planned) grow(tree.root, plan)
  return tree
}

describe('any tree', () => {
  it('survives TNDS in XML and WBXML, byte for byte', () => {
    fc.assert(
      fc.property(plans, (planned) => {
        const tree = build(planned)
        const written = tndsText(toTnds(tree.root))
        for (const encoding of ['xml', 'wbxml'] as const) {
          const copy = new Tree()
          loadDocument(copy, [], decodeTnds(encodeTnds(toTnds(tree.root), encoding)))
          expect(tndsText(toTnds(copy.root))).toBe(written)
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('survives being saved as JSON', () => {
    fc.assert(
      fc.property(plans, (planned) => {
        const tree = build(planned)
        const saved = JSON.stringify(saveTree(tree))
        const copy = restoreTree(JSON.parse(saved))
        expect(JSON.stringify(saveTree(copy))).toBe(saved)
        expect([copy.count, copy.bytes]).toEqual([tree.count, tree.bytes])
      }),
      { numRuns: RUNS },
    )
  })

  it('goes over the air: Add of its TNDS to a device and Get of it give it back', () => {
    fc.assert(
      fc.property(plans, (planned) => {
        const { performer } = device()
        const source = build([
          { name: 'T', format: 'node', value: '', acl: '', title: '', verNo: 0, children: planned.map((plan) => ({ ...plan, acl: '' })) },
        ])
        const without = { parts: new Set(['Format', 'Title', 'Type', 'Value'] as const) }
        const node = source.find(['T']) as Node
        const document = tndsText(toTnds(node, without))
        const add = performer.perform(command('Add', './Vendor/DMLab/Scratch/T', document, { format: 'xml', type: TNDS_XML }), { serverId: 'dm-lab' })
        expect(add.statuses.map((part) => part.code)).toEqual([200])
        const there = performer.tree.find(['Vendor', 'DMLab', 'Scratch', 'T']) as Node
        expect(tndsText(toTnds(there, without))).toBe(document)
      }),
      { numRuns: RUNS },
    )
  })
})

const AREA = './Vendor/DMLab'
const place = fc
  .constantFrom('Scratch/a', 'Scratch/b', 'Scratch/a/x', 'Scratch/b/y/z', 'Settings/Text', 'Settings/Blob', 'Settings', 'Locked', 'Ops/Echo')
  .map((at) => `${AREA}/${at}`)
const anywhere = fc.oneof(
  { weight: 6, arbitrary: place },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '.',
      './DevInfo',
      './DevInfo/Man',
      './DMAcc/lab',
      './DMAcc/new',
      './DMAcc/lab/AppAuth/1/AAuthSecret',
      './Inbox',
      './Vendor',
      './Site/x',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
)
const suffix = fc.constantFrom(
  '',
  '',
  '',
  '',
  '?prop=ACL',
  '?prop=Name',
  '?prop=Title',
  '?prop=Size',
  '?list=Struct',
  '?list=StructData',
  '?list=TNDS',
  '?list=TNDS-Value',
)
const format = fc.constantFrom(undefined, undefined, 'chr', 'node', 'int', 'bin', 'b64', 'xml', 'null', 'nonsense')
const data = fc.oneof(
  fc.constantFrom(
    undefined,
    '',
    '5',
    'aGVsbG8=',
    'Get=*',
    'Get=dm-lab&Replace=dm-lab',
    'renamed',
    '<MgmtTree><Node><NodeName>q</NodeName><Value>1</Value></Node></MgmtTree>',
  ),
  fc.string({ maxLength: 10 }),
  fc.uint8Array({ maxLength: 5 }),
)
const item = fc
  .record({
    kind: fc.constantFrom('Add', 'Add', 'Replace', 'Delete', 'Get', 'Copy'),
    uri: anywhere,
    suffix,
    format,
    data,
    source: place,
    tnds: fc.nat(9),
  })
  .map(({ kind, uri, suffix: query, format: as, data: content, source, tnds }): Request =>
    command(
      kind,
      uri + query,
      content,
      { ...(as === undefined ? {} : { format: as }), ...(tnds === 0 ? { type: TNDS_XML } : {}) },
      kind === 'Copy' ? source : undefined,
    ),
  )
const simple: fc.Arbitrary<Request> = fc.oneof({ weight: 9, arbitrary: item }, { weight: 1, arbitrary: place.map((uri) => exec(uri, 'x')) })
const lists = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: simple },
    { weight: 1, arbitrary: fc.array(simple, { maxLength: 5 }).map((all) => group('Atomic', ...all)) },
    { weight: 1, arbitrary: fc.array(simple, { maxLength: 4 }).map((all) => group('Sequence', ...all)) },
  ),
  { maxLength: 25 },
)
const FIXED = [...walk(device().tree.root)].filter((node) => node.permanent).map(uriOf)

function sound({ tree }: ReturnType<typeof device>): void {
  let count = 0
  let bytes = 0
  for (const node of walk(tree.root)) {
    count += 1
    bytes += sizeOf(node.value)
    expect((node.children === null) === (node.format !== 'node')).toBe(true)
    expect(node.value instanceof Uint8Array).toBe(node.format === 'bin')
    for (const [key, child] of node.children ?? []) expect([child.name, child.parent]).toEqual([key, node])
    if (node.format !== 'bin' && node.format !== 'node') expect(valueProblem(node.format, node.value as string)).toBeNull()
  }
  expect([tree.count, tree.bytes]).toEqual([count, bytes])
  for (const uri of FIXED) expect([uri, tree.find(uri === '.' ? [] : uri.slice(2).split('/'))?.permanent]).toEqual([uri, true])
}

describe('any command list', () => {
  it('keeps the tree sound: parents interior, permanent nodes there, sums right; every outcome has its statuses; no secret leaves, and all can be written', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom('dm-lab', 'stranger'), (commands, serverId) => {
        const lab = device({ account: { password: 'HIDDEN-WORD', serverPassword: 'HIDDEN-WORD' } })
        const said = commands.map((each) => lab.performer.perform(each, { serverId }))
        for (const outcome of said) {
          expect(outcome.statuses.length).toBeGreaterThan(0)
          for (const part of outcome.statuses) expect(part.code).toBeGreaterThanOrEqual(200)
        }
        expect(said.map((outcome) => outcome.children?.length)).toEqual(
          commands.map((each) => (each.kind === 'Atomic' || each.kind === 'Sequence' ? each.commands.length : undefined)),
        )
        expect(JSON.stringify(said)).not.toContain('HIDDEN-WORD')
        const reply = answer(said.flatMap(results), [])
        for (const encoding of ['xml', 'wbxml'] as const)
          expect(decode(encode(reply, { encoding }), encoding).message.commands).toHaveLength(reply.commands.length)
        sound(lab)
      }),
      { numRuns: RUNS },
    )
  })

  it('inside an Atomic that fails leaves the device byte-equal, TNDS and state', () => {
    fc.assert(
      fc.property(lists, fc.array(simple, { maxLength: 8 }), (first, inside) => {
        const lab = device()
        for (const each of first) lab.performer.perform(each, { serverId: 'dm-lab' })
        const before = [tndsText(toTnds(lab.tree.root)), JSON.stringify(saveDevice(lab))]
        const outcome = lab.performer.perform(group('Atomic', ...inside, command('Delete', '.')), { serverId: 'dm-lab' })
        expect(outcome.statuses[0]?.code).toBe(507)
        expect(outcome.children?.some((child) => child.statuses.some((part) => part.code === 200))).toBe(false)
        expect([tndsText(toTnds(lab.tree.root)), JSON.stringify(saveDevice(lab))]).toEqual(before)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('any octets', () => {
  const documents = [
    '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>A</NodeName><RTProperties><ACL>Get=*</ACL><Format><node/></Format><Type><DDFName/></Type></RTProperties><Node><NodeName>B</NodeName><RTProperties><Format><bin/></Format></RTProperties><Value>AAEC</Value></Node></Node></MgmtTree>',
    '<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>A</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><chr/></DFFormat><Occurrence><OneOrN>3</OneOrN></Occurrence></DFProperties></Node></MgmtTree>',
  ].map((each) => new TextEncoder().encode(each))
  const wbxml = encodeTnds(toTnds(build([{ name: 'A', format: 'node', value: '', acl: '', title: 't', verNo: 1, children: [] }]).root), 'wbxml')
  const mutated = fc
    .record({
      base: fc.constantFrom(...documents, wbxml),
      cuts: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      end: fc.nat(400),
    })
    .map(({ base, cuts, end }) => {
      const out = base.slice(0, Math.max(1, base.length - (end > 100 ? 0 : end)))
      for (const [at, octet] of cuts) out[at % out.length] = octet
      return out
    })

  it('give a document or a TreeError with status, offset and words; on a device nothing but a status', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (octets) => {
        for (const reader of [decodeTnds, decodeDdf]) {
          try {
            reader(octets)
          } catch (error) {
            expect(error).toBeInstanceOf(TreeError)
            const { status, offset, message } = error as TreeError
            expect([400, 415]).toContain(status)
            expect(offset).toBeLessThanOrEqual(octets.length)
            expect(message.length).toBeGreaterThan(10)
          }
        }
        const lab = device()
        const before = JSON.stringify(saveDevice(lab))
        const outcome = lab.performer.perform(command('Add', `${AREA}/Scratch/A`, octets, { type: TNDS_XML }), { serverId: 'dm-lab' })
        expect(outcome.statuses).toHaveLength(1)
        if (outcome.statuses[0]?.code !== 200) expect(JSON.stringify(saveDevice(lab))).toBe(before)
      }),
      { numRuns: RUNS * 2 },
    )
  })
})
