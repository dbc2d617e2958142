// The tree's list of lines: pages on demand, what moves when the device changes, keys, words. Pure parts of the window's tree.
import { describe, expect, it } from 'vitest'
import type { TreeNode, TreeNodes } from '../../core/api.ts'
import { age, ancestors, badge, createTree, foundWords, parentUri, steer, type Tree } from '../../renderer/model/tree.ts'
import { changeWords, diffWords, sides, snapshotName } from '../../renderer/model/treediff.ts'

const node = (uri: string, more: Partial<TreeNode> = {}): TreeNode => ({
  uri,
  name: uri === '.' ? '' : uri.slice(uri.lastIndexOf('/') + 1),
  kind: 'leaf',
  format: 'chr',
  type: '',
  value: 'x',
  size: 1,
  status: 'fetched',
  seq: 1,
  at: 1000,
  children: null,
  changed: false,
  ...more,
})
const inner = (uri: string, children: number | null): TreeNode => node(uri, { kind: 'interior', format: 'node', value: null, size: 0, children })

/** A lab of two levels: the root has `wide` children, each of which has two leaves. Answers what the tree wants, as often as it wants. */
function answer(tree: Tree, wide: number, from: number, to: number): number {
  let calls = 0
  for (;;) {
    const all = tree.wanted(from, to)
    if (all.length === 0) return calls
    for (const wanted of all) {
      calls += 1
      const uris = wanted.uri === '.' ? Array.from({ length: wide }, (_, i) => `./n${i}`) : [`${wanted.uri}/a`, `${wanted.uri}/b`]
      const page: TreeNodes = {
        nodes: uris.slice(wanted.first, wanted.first + wanted.count).map((uri) => (wanted.uri === '.' ? inner(uri, 2) : node(uri))),
        more: Math.max(0, uris.length - wanted.first - wanted.count),
      }
      tree.put(wanted, page)
    }
  }
}
const uris = (tree: Tree): (string | null)[] => tree.lines().map((line) => line.node?.uri ?? null)

describe('URIs', () => {
  it('know their ancestors, whatever is escaped in them', () => {
    expect(parentUri('.')).toBeNull()
    expect(parentUri('./A')).toBe('.')
    expect(parentUri('./A/B%2FC/D')).toBe('./A/B%2FC')
    expect(ancestors('./A/B/C')).toEqual(['.', './A', './A/B'])
  })
})

describe('lines', () => {
  it('are the root and its children, and below those only what was opened', () => {
    const tree = createTree()
    expect(tree.lines()).toEqual([])
    tree.root(inner('.', 3))
    expect(uris(tree)).toEqual(['.', null, null, null])
    answer(tree, 3, 0, 10)
    expect(uris(tree)).toEqual(['.', './n0', './n1', './n2'])
    tree.open('./n1', true)
    answer(tree, 3, 0, 10)
    expect(uris(tree)).toEqual(['.', './n0', './n1', './n1/a', './n1/b', './n2'])
    expect(tree.lines().map((line) => [line.level, line.index])).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
      [1, 2],
    ])
    tree.open('./n1', false)
    expect(uris(tree)).toEqual(['.', './n0', './n1', './n2'])
  })
  it('ask only for the pages in view, once, however many children there are', () => {
    const tree = createTree(500)
    tree.root(inner('.', 50_000))
    expect(tree.lines().length).toBe(50_001)
    expect(tree.wanted(0, 30).map((one) => [one.uri, one.first, one.count])).toEqual([['.', 0, 500]])
    expect(tree.wanted(0, 30)).toEqual([])
    expect(tree.wanted(24_990, 25_020).map((one) => one.first)).toEqual([24_500, 25_000])
  })
  it('of fifty thousand open nodes are found from the first to the last, open or shut', () => {
    const tree = createTree(500)
    tree.root(inner('.', 50_000))
    expect(answer(tree, 50_000, 0, 50_000)).toBe(100)
    tree.open('./n40000', true)
    expect(tree.lines().length).toBe(50_003)
    expect(tree.indexOf('./n49999')).toBe(50_002)
    tree.open('./n40000', false)
    expect(tree.indexOf('./n49999')).toBe(50_000)
  })
  it('stay while they are read again, and follow what the device has now', () => {
    const tree = createTree()
    tree.root(inner('.', 3))
    answer(tree, 3, 0, 10)
    tree.open('./n2', true)
    answer(tree, 3, 0, 10)
    tree.stale()
    expect(uris(tree)).toEqual(['.', './n0', './n1', './n2', './n2/a', './n2/b'])
    tree.root(inner('.', 5))
    expect(answer(tree, 5, 0, 20)).toBe(2)
    expect(uris(tree)).toEqual(['.', './n0', './n1', './n2', './n2/a', './n2/b', './n3', './n4'])
    tree.stale()
    answer(tree, 1, 0, 20)
    expect(uris(tree)).toEqual(['.', './n0'])
  })
  it('drop what hung below a node when another stands in its place', () => {
    const tree = createTree()
    tree.root(inner('.', 1))
    answer(tree, 1, 0, 5)
    tree.open('./n0', true)
    answer(tree, 1, 0, 5)
    tree.stale()
    const [wanted] = tree.wanted(0, 5)
    tree.put(wanted as NonNullable<typeof wanted>, { nodes: [inner('./other', 2)], more: 0 })
    expect(uris(tree)).toEqual(['.', './other'])
  })
  it('keep the pages of one parent that were never read for who looks for a child', () => {
    const tree = createTree(2)
    tree.root(inner('.', 5))
    answer(tree, 5, 0, 1)
    expect(tree.unread('.').map((one) => one.first)).toEqual([2, 4])
  })
  it('may be asked for again after a failure', () => {
    const tree = createTree()
    tree.root(inner('.', 1))
    const [wanted] = tree.wanted(0, 5)
    expect(tree.wanted(0, 5)).toEqual([])
    tree.failed(wanted as NonNullable<typeof wanted>)
    expect(tree.wanted(0, 5).length).toBe(1)
  })
})

describe('keys', () => {
  const tree = createTree()
  tree.root(inner('.', 12))
  answer(tree, 12, 0, 20)
  tree.open('./n1', true)
  answer(tree, 12, 0, 20)
  it('right opens, then goes in; left closes, then goes out', () => {
    const lines = tree.lines()
    expect(steer(lines, 1, 'ArrowRight')).toBe('open')
    expect(steer(lines, 2, 'ArrowRight')).toBe(3)
    expect(steer(lines, 3, 'ArrowRight')).toBeNull()
    expect(steer(lines, 3, 'ArrowLeft')).toBe(2)
    expect(steer(lines, 2, 'ArrowLeft')).toBe('close')
    expect(steer(lines, 1, 'ArrowLeft')).toBe(0)
  })
})

describe('words', () => {
  it('of a node are a shape and a word for each state, with its age where now is looked at', () => {
    expect(badge(node('./a'), 4000)).toEqual({ word: 'fetched 3 s', shape: 'check', tone: 'good' })
    expect(badge(node('./a'), 0).word).toBe('fetched')
    expect(badge(node('./a', { status: 'stale' }), 1000 + 4 * 60_000).word).toBe('stale 4 min')
    expect(badge(node('./a', { status: 'never fetched', at: 0 }), 4000).word).toBe('never fetched')
    expect(badge(node('./a', { changed: true }), 4000).word).toBe('changed now')
    expect(badge(node('./a', { status: 'gone', changed: true }), 4000).word).toBe('gone')
    const shapes = ['fetched', 'stale', 'never fetched', 'gone'].map(
      (status) => badge(node('./a', { status: status as TreeNode['status'] }), 0).shape,
    )
    expect(new Set(shapes).size).toBe(4)
    expect([age(0), age(90_000), age(7_200_000), age(200_000_000)]).toEqual(['0 s', '1 min', '2 h', '2 d'])
  })
  it('of a search never call a part the whole', () => {
    const nodes = Array.from({ length: 1200 }, () => node('./a'))
    expect(foundWords({ nodes, searched: 50_000, state: 'done' }, 50_000)).toBe('1,200 nodes match (all 50,000 searched)')
    expect(foundWords({ nodes, searched: 10_000, state: 'searching' }, 50_000)).toBe('1,200 nodes match so far, 10,000 of 50,000 searched …')
    expect(foundWords({ nodes: nodes.slice(0, 1), searched: 10_000, state: 'stopped' }, 50_000)).toBe(
      '1 node matches so far, 10,000 of 50,000 searched: stopped',
    )
  })
  it('of a comparison count each kind and say what was not compared', () => {
    const changes = [
      {
        uri: './a',
        kind: 'changed' as const,
        properties: [
          { name: 'value', a: '1', b: '' },
          { name: 'ACL', a: '', b: 'Get=*' },
        ],
      },
      { uri: './b', kind: 'added' as const, properties: [] },
    ]
    expect(diffWords({ changes, more: 0, unknown: 1 })).toBe('1 added, 1 changed; 1 node not compared, because one side never fetched them.')
    expect(diffWords({ changes: [], more: 0, unknown: 0 })).toBe('No difference.')
    expect(diffWords({ changes, more: 7, unknown: 0 })).toContain('7 further differences are not listed')
    expect(changeWords(changes[0] as (typeof changes)[0])).toBe('1 → empty; ACL: empty → Get=*')
  })
  it('name the sides that can be compared, each once', () => {
    const shot = { name: 'before', device: 'd1', takenAt: 0, seq: 4, nodes: 3, unread: 0 }
    const all = sides('d1', { seq: 7, at: 0 }, [shot], ['d1', 'd2'], 0)
    expect(all.map((one) => one.key)).toEqual(['device d1', 'moment 7', 'snapshot before', 'device d2'])
    expect(all.map((one) => one.ref)).toEqual([{ device: 'd1' }, { device: 'd1', after: 7 }, { snapshot: 'before' }, { device: 'd2' }])
    expect(sides('', null, [], [], 0)).toEqual([])
    expect(snapshotName('d', 3, new Set(['d at row 3', 'd at row 3 (2)']))).toBe('d at row 3 (3)')
  })
})
