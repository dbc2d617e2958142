// ACLs: grammar, inheritance, who may change them, and the specification's own test tree.
import { describe, expect, it } from 'vitest'
import { formatAcl, parseAcl } from '../../core/dmtree/acl.ts'
import { decide, explain } from '../../core/dmtree/rights.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import type { Node } from '../../core/dmtree/node.ts'
import { DevicePerformer } from '../../core/device/performer.ts'
import { code, command, device, read, run } from '../device/support.ts'

const LAB = './Vendor/DMLab'

describe('grammar (A6)', () => {
  it.each([
    ['', ''],
    ['Get=*', 'Get=*'],
    ['Add=a+b&Get=*', 'Add=a+b&Get=*'],
    ['Get=ServerA&Replace=ServerA&Get=ServerB', 'Get=ServerA+ServerB&Replace=ServerA'],
    ['Get=*+a', 'Get=*+a'],
    ['Get=&Add=a', 'Add=a'],
    ['Get=', ''],
    ['Delete=a+a', 'Delete=a'],
  ])('%s reads as %s', (text, expected) => {
    expect(formatAcl(parseAcl(text))).toBe(expected)
  })

  it.each([
    ['Get', 0, /'=' is missing/],
    ['Get=a&', 6, /'=' is missing/],
    ['Fetch=a', 0, /command 'Fetch'/],
    ['Get=a&Fetch=b', 6, /command 'Fetch'/],
    ['Get=a+', 6, /empty server identifier/],
    ['Get=a b', 5, /' '/],
    ['Get=a*', 5, /'\*'/],
    ['get=a', 0, /command 'get'/],
  ])('%s is refused at character %i', (text, offset, message) => {
    expect(() => parseAcl(text)).toThrow(expect.objectContaining({ status: 400, offset }))
    expect(() => parseAcl(text)).toThrow(message)
  })
})

// dm-protocol 9.4: the tree of the TND's figure.
function figure(): { readonly performer: DevicePerformer; readonly at: Record<string, Node> } {
  const tree = new Tree()
  const at: Record<string, Node> = {}
  const make = (parent: Node, name: string, acl: string, format?: 'node'): void => {
    at[name] = tree.add(parent, name, { acl: parseAcl(acl), ...(format === undefined ? { value: name } : { format }) })
  }
  make(tree.root, 'NodeA', 'Get=ServerC&Replace=ServerC', 'node')
  make(at['NodeA'] as Node, 'Node1', 'Get=*')
  make(tree.root, 'NodeB', 'Get=ServerA&Replace=ServerA', 'node')
  make(at['NodeB'] as Node, 'Node2', '')
  make(at['NodeB'] as Node, 'Node3', 'Get=ServerB&Replace=ServerB&Delete=ServerB', 'node')
  make(at['Node3'] as Node, 'Node4', '')
  make(at['Node3'] as Node, 'Node5', 'Get=ServerA&Replace=ServerA&Get=ServerB')
  return { performer: new DevicePerformer({ tree }), at }
}

describe('dm 40: the TND test tree gives all six stated results', () => {
  it('1: anyone may Get NodeA/Node1', () => {
    const { performer } = figure()
    for (const server of ['ServerA', 'ServerB', 'ServerC', 'Stranger']) expect(read(performer, './NodeA/Node1', server)).toBe('Node1')
  })

  it('2: only ServerC may change the ACL of Node1 in one step', () => {
    for (const server of ['ServerA', 'ServerB', 'ServerC', 'Stranger']) {
      const { performer } = figure()
      expect([server, code(performer, command('Replace', './NodeA/Node1?prop=ACL', 'Get=x'), server)]).toEqual([
        server,
        server === 'ServerC' ? '200' : '425',
      ])
    }
  })

  it('3: nobody may directly Delete or Replace Node1’s value', () => {
    const { performer } = figure()
    for (const server of ['ServerA', 'ServerB', 'ServerC', 'Stranger']) {
      expect(code(performer, command('Delete', './NodeA/Node1'), server)).toBe('425')
      expect(code(performer, command('Replace', './NodeA/Node1', 'x'), server)).toBe('425')
    }
  })

  it('4: Get of Node1’s ACL gives Get=*', () => {
    expect(read(figure().performer, './NodeA/Node1?prop=ACL', 'ServerC')).toBe('Get=*')
  })

  it('5: Get of Node4’s ACL gives nothing, though rights are inherited', () => {
    const { performer, at } = figure()
    expect(run(performer, command('Get', './NodeB/Node3/Node4?prop=ACL'), 'ServerB').results).toEqual([
      { source: { locUri: './NodeB/Node3/Node4?prop=ACL' }, data: '' },
    ])
    expect(decide(at['Node4'] as Node, 'Get', 'ServerB')).toMatchObject({ allowed: true, node: at['Node3'] })
  })

  it('6: ServerA’s Replace on Node5 succeeds, so does ServerB’s Get', () => {
    const { performer } = figure()
    expect(code(performer, command('Replace', './NodeB/Node3/Node5', 'new'), 'ServerA')).toBe('200')
    expect(read(performer, './NodeB/Node3/Node5', 'ServerB')).toBe('new')
    expect(code(performer, command('Replace', './NodeB/Node3/Node5', 'new'), 'ServerB')).toBe('425')
  })
})

describe('rules', () => {
  it('dm 36 (A3): Get of an inherited ACL is empty', () => {
    const { performer } = device()
    expect(run(performer, command('Get', `${LAB}/Settings/Text?prop=ACL`)).results?.[0]?.data).toBe('')
    expect(read(performer, '.?prop=ACL')).toBe('Add=*&Get=*')
  })

  it('dm 37 (A4): a leaf’s ACL needs Replace on the parent; an interior node’s Replace on the node or the parent', () => {
    const { tree, performer } = device()
    const parent = tree.add(tree.ensure(['Vendor', 'DMLab', 'Scratch']), 'P', { format: 'node', acl: parseAcl('Replace=boss&Get=*') })
    tree.add(parent, 'leaf', { acl: parseAcl('Replace=worker') })
    tree.add(parent, 'room', { format: 'node', acl: parseAcl('Replace=worker') })
    const acl = (name: string): ReturnType<typeof command> => command('Replace', `${LAB}/Scratch/P/${name}?prop=ACL`, 'Replace=worker&Get=*')
    expect(code(performer, acl('leaf'), 'worker')).toBe('425')
    expect(code(performer, acl('leaf'), 'boss')).toBe('200')
    expect(code(performer, acl('room'), 'worker')).toBe('200')
    expect(code(performer, acl('room'), 'boss')).toBe('200')
    expect(code(performer, acl('room'), 'stranger')).toBe('425')
  })

  it('dm 38 (A5): a new interior node by a server without Replace on the parent gets Add, Delete, Replace for it; leaves and implied nodes too as stated', () => {
    const { performer } = device()
    expect(code(performer, command('Add', './Site', undefined, { format: 'node' }), 'guest')).toBe('200')
    expect(read(performer, './Site?prop=ACL', 'guest')).toBe('status 425')
    expect(code(performer, command('Replace', './Site?prop=ACL', 'Add=guest&Delete=guest&Get=*&Replace=guest'), 'guest')).toBe('200')
    expect(read(performer, './Site?prop=ACL', 'guest')).toBe('Add=guest&Delete=guest&Get=*&Replace=guest')
    expect(code(performer, command('Add', './Other/Deep/Leaf', 'x'), 'guest')).toBe('200')
    expect(code(performer, command('Add', './Leaf', 'x'), 'guest')).toBe('200')
    const { tree } = performer
    const own = (path: string[]): string => formatAcl(tree.find(path)?.acl ?? null)
    expect(own(['Other'])).toBe('Add=guest&Delete=guest&Replace=guest')
    expect([own(['Other', 'Deep']), own(['Other', 'Deep', 'Leaf']), own(['Leaf'])]).toEqual(['', '', ''])
    run(performer, command('Add', `${LAB}/Scratch/N`, undefined, { format: 'node' }))
    expect(own(['Vendor', 'DMLab', 'Scratch', 'N'])).toBe('')
  })

  it('A2: an own value replaces the inherited one completely', () => {
    const { performer } = device()
    run(performer, command('Replace', `${LAB}/Settings/Text?prop=ACL`, 'Replace=dm-lab'))
    expect(read(performer, `${LAB}/Settings/Text`)).toBe('status 425')
    expect(code(performer, command('Replace', `${LAB}/Settings/Text`, 'x'))).toBe('200')
  })

  it('A7: Copy needs Get on the source, and Add or Replace at the target', () => {
    const { performer } = device()
    const copy = command('Copy', './DMAcc/lab/Name', undefined, undefined, `${LAB}/Settings/Text`)
    expect(code(performer, copy, 'stranger')).toBe('425')
    expect(code(performer, copy)).toBe('200')
    expect(read(performer, './DMAcc/lab/Name')).toBe('hello')
    const hidden = device()
    run(hidden.performer, command('Replace', `${LAB}/Settings/Text?prop=ACL`, 'Get=me'))
    expect(code(hidden.performer, command('Copy', `${LAB}/Scratch/C`, undefined, undefined, `${LAB}/Settings/Text`))).toBe('425')
  })

  it('A8: an account that is deleted leaves every ACL', () => {
    const { performer, tree } = device()
    run(performer, command('Replace', `${LAB}/Settings?prop=ACL`, 'Get=dm-lab+other&Replace=dm-lab&Delete=*'))
    run(performer, command('Replace', '.?prop=ACL', 'Add=*&Get=dm-lab&Replace=dm-lab'), 'dm-lab')
    tree.setAcl(tree.root, parseAcl('Add=*&Get=dm-lab&Replace=dm-lab'))
    expect(code(performer, command('Delete', './DMAcc/lab'))).toBe('200')
    expect(formatAcl(tree.find(['Vendor', 'DMLab', 'Settings'])?.acl ?? null)).toBe('Get=other&Delete=*')
    expect(formatAcl(tree.root.acl)).toBe('Add=*&Get=*')
  })

  it('answers "why 425?" with the deciding ancestor', () => {
    const { at } = figure()
    expect(explain(at['Node4'] as Node, 'Replace', 'ServerA')).toBe(
      'ServerA may not Replace ./NodeB/Node3/Node4: the ACL of ./NodeB/Node3, its nearest ancestor with a value, gives Replace to ServerB',
    )
    expect(explain(at['Node1'] as Node, 'Delete', 'ServerC')).toBe('ServerC may not Delete ./NodeA/Node1: its own ACL gives Delete to nobody')
    expect(explain(at['Node1'] as Node, 'Get', 'X')).toBe('X may Get ./NodeA/Node1: its own ACL gives Get to everybody')
  })
})
