// The tree itself: case rules, stamps, the change journal, order after roll-back, and 50,000 nodes.
import { describe, expect, it } from 'vitest'
import { toTnds, tndsText } from '../../core/dmtree/tnds.ts'
import type { Change } from '../../core/dmtree/journal.ts'
import { changeText } from '../../core/dmtree/journal.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import type { Node } from '../../core/dmtree/node.ts'
import { restoreTree, saveTree } from '../../core/dmtree/state.ts'
import { restoreDevice, saveDevice, accountsOf } from '../../core/device/profile.ts'
import { command, code, device, exec, read, run } from '../device/support.ts'

const names = (node: Node): string[] => [...(node.children?.keys() ?? [])]

describe('tree', () => {
  it('keeps leaves and interior nodes apart', () => {
    const tree = new Tree()
    const leaf = tree.add(tree.root, 'a', { value: 'x' })
    expect(() => tree.add(leaf, 'b')).toThrow(expect.objectContaining({ status: 405 }))
    expect(() => tree.add(tree.root, 'a')).toThrow(expect.objectContaining({ status: 418 }))
    expect(() => tree.add(tree.root, '..')).toThrow(expect.objectContaining({ status: 400 }))
    expect(() => tree.setValue(tree.root, 'x')).toThrow(expect.objectContaining({ status: 405 }))
    expect(() => tree.remove(tree.root)).toThrow(expect.objectContaining({ status: 405 }))
  })

  it('CaseSense: CIS below a node that says so, CS elsewhere; the written case stays', () => {
    const tree = new Tree()
    const loose = tree.add(tree.root, 'Loose', { format: 'node', caseSense: 'CIS' })
    tree.add(loose, 'Name', { value: 'x' })
    const strict = tree.add(loose, 'Strict', { format: 'node', caseSense: 'CS' })
    tree.add(strict, 'Name', { value: 'y' })
    expect(tree.find(['loose', 'NAME'])?.name).toBe('Name')
    expect(tree.find(['Loose', 'Strict', 'name'])).toBeNull()
    expect(() => tree.add(loose, 'nAME')).toThrow(expect.objectContaining({ status: 418 }))
    tree.add(tree.root, 'LOOSE2')
    expect(tree.find(['loose2'])).toBeNull()
    const tight = new Tree()
    tight.add(tight.root, 'a')
    tight.add(tight.root, 'A')
    expect(names(tight.root)).toEqual(['a', 'A'])
  })

  it('TStamp and VerNo move with each change, of the parent too when a child comes or goes; VerNo wraps', () => {
    let clock = 0
    const tree = new Tree({ now: () => (clock += 1000) })
    const room = tree.add(tree.root, 'room', { format: 'node' })
    const leaf = tree.add(room, 'leaf', { value: '1' })
    const stamps = (): unknown[] => [leaf.verNo, leaf.tstamp, room.verNo, room.tstamp]
    const first = stamps()
    tree.setValue(leaf, '2')
    expect(stamps()).toEqual([1, '19700101T000006Z', first[2], first[3]])
    tree.remove(leaf)
    expect(room.verNo).toBe(2)
    tree.setStamps(room, '20200101T000000Z', 0xffff)
    tree.setTitle(room, 'title')
    expect(room.verNo).toBe(0)
  })

  it('tells of changes when they are final, in order, with their author; a roll-back is never told', () => {
    const told: Change[] = []
    const tree = new Tree()
    tree.onChange((change) => told.push(change))
    tree.begin('A')
    const x = tree.add(tree.root, 'x', { format: 'node' })
    tree.begin('B')
    tree.add(x, 'y')
    expect(tree.commit().map(changeText)).toEqual(['Add ./x/y'])
    tree.begin('C')
    tree.remove(x)
    tree.rollback()
    expect(told).toEqual([])
    expect(tree.commit().map(changeText)).toEqual(['Add ./x', 'Add ./x/y'])
    tree.setTitle(x, 't')
    tree.rename(x, 'z')
    expect(told.map((change) => `${change.by}: ${changeText(change)}`)).toEqual(
      ['A: Add ./x', 'B: Add ./x/y', 'device: Property Title of ./z', 'device: Rename ./x'].map((line) => line.replace('./z', './x')),
    )
    expect(told.map((change) => change.serial)).toEqual([...told.map((change) => change.serial)].sort((a, b) => a - b))
    expect(() => tree.commit()).toThrow('no transaction')
  })

  it('roll-back brings nodes back to their place among the siblings, also after renames, and nested', () => {
    const tree = new Tree()
    for (const name of ['a', 'b', 'c', 'd']) tree.add(tree.root, name, { format: 'node' })
    const before = tndsText(toTnds(tree.root))
    const at = (name: string): Node => tree.find([name]) as Node
    tree.begin('x')
    tree.remove(at('b'))
    tree.rename(at('d'), 'b')
    tree.begin('x')
    tree.remove(at('a'))
    tree.add(at('b'), 'inside')
    tree.rollback()
    expect(names(tree.root)).toEqual(['a', 'c', 'b'])
    tree.add(tree.root, 'd')
    tree.remove(at('a'))
    tree.rollback()
    expect(tndsText(toTnds(tree.root))).toBe(before)
  })

  it('50,000 nodes: made, found, listed, exported, saved, restored and rolled back, each in linear steps', () => {
    const tree = new Tree()
    const wide = tree.add(tree.root, 'wide', { format: 'node' })
    tree.begin('x')
    for (let i = 0; i < 25_000; i++) tree.add(wide, `n${i}`, { value: String(i) })
    for (let i = 0; i < 250; i++) {
      const room = tree.add(tree.root, `r${i}`, { format: 'node' })
      for (let j = 0; j < 99; j++) tree.add(room, `n${j}`, { value: 'x' })
    }
    tree.commit()
    expect(tree.count).toBe(50_002)
    expect(tree.find(['wide', 'n24999'])?.value).toBe('24999')
    const text = tndsText(toTnds(tree.root))
    const saved = saveTree(tree)
    expect(tndsText(toTnds(restoreTree(JSON.parse(JSON.stringify(saved))).root))).toBe(text)
    tree.begin('x')
    for (const child of [...(wide.children?.values() ?? [])]) tree.remove(child)
    for (let i = 0; i < 250; i++) tree.remove(tree.find([`r${i}`]) as Node)
    expect(tree.count).toBe(2)
    tree.rollback()
    expect(tree.count).toBe(50_002)
    expect(tndsText(toTnds(tree.root))).toBe(text)
  }, 60_000)
})

describe('state of a device', () => {
  it('survives being saved and restored: values, ACLs, secrets, permanence, access, and it still works', () => {
    const first = device({ account: { password: 'p', clientNonce: new Uint8Array([1, 2, 255]) }, now: () => 1_000_000 })
    run(first.performer, command('Add', './Vendor/DMLab/Scratch/X', 'x'))
    const saved = JSON.stringify(saveDevice(first))
    const second = restoreDevice(JSON.parse(saved), { now: () => 2_000_000 })
    expect(JSON.stringify(saveDevice(second))).toBe(saved)
    expect(second.tree.count).toBe(first.tree.count)
    expect(second.tree.bytes).toBe(first.tree.bytes)
    expect(read(second.performer, './Vendor/DMLab/Scratch/X')).toBe('x')
    expect(code(second.performer, command('Delete', './DevInfo/Man'))).toBe('405')
    expect(code(second.performer, command('Get', './DMAcc/lab/AppAuth/1/AAuthSecret'))).toBe('405')
    expect(code(second.performer, command('Add', './DMAcc/lab/AppAuth/3/AAuthSecret', 's'))).toBe('200')
    expect(code(second.performer, command('Get', './DMAcc/lab/AppAuth/3/AAuthSecret'))).toBe('405')
    expect(code(second.performer, exec('./Vendor/DMLab/Ops/Echo', 'x'))).toBe('200')
  })

  it('the device itself finds its account, secrets included', () => {
    const { tree } = device({ account: { name: 'a', serverId: 'S', userName: 'u', password: 'p', serverPassword: 'q', auth: 'BASIC' } })
    expect(accountsOf(tree)).toEqual([
      {
        name: 'a',
        serverId: 'S',
        serverUri: 'http://127.0.0.1:8080/dm',
        authPref: 'BASIC',
        client: { type: 'BASIC', name: 'u', secret: 'p', nonce: new Uint8Array(0) },
        server: { type: 'BASIC', name: 'S', secret: 'q', nonce: new Uint8Array(0) },
      },
    ])
  })

  it.each([
    [null, /kind/],
    [{ kind: 'other' }, /kind/],
    [{ kind: 'dmlab-device', version: 9 }, /version 9/],
    [{ kind: 'dmlab-device', version: 1 }, /no object/],
    [{ kind: 'dmlab-device', version: 1, tree: { name: '', format: 'chr' } }, /root/],
    [{ kind: 'dmlab-device', version: 1, tree: { name: '', format: 'node', children: [{ name: 'a', format: 'jpeg' }] } }, /'\.\/a': format 'jpeg'/],
    [{ kind: 'dmlab-device', version: 1, tree: { name: '', format: 'node', children: [{ name: 'a', format: 'chr', acl: 'x' }] } }, /ACL/],
    [
      { kind: 'dmlab-device', version: 1, tree: { name: '', format: 'node', children: [{ name: 'a', format: 'chr', value: 5 }] } },
      /value is no text/,
    ],
    [{ kind: 'dmlab-device', version: 1, tree: { name: '', format: 'node', children: 5 } }, /children is no list/],
  ])('state %j is refused with its reason', (state, reason) => {
    expect(() => restoreDevice(state)).toThrow(expect.objectContaining({ status: 400 }))
    expect(() => restoreDevice(state)).toThrow(reason)
  })
})
