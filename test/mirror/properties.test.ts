// What must hold whatever happens: the tree after message k is the replay of the first k; a script from A to B gives B to the byte; fifty thousand nodes stay fast.
import { expect, it } from 'vitest'
import type { QueuedCommand } from '../../core/api.ts'
import { toCommand } from '../../core/lab/commands.ts'
import { DevicePerformer } from '../../core/device/performer.ts'
import { parseAcl } from '../../core/dmtree/acl.ts'
import type { Node } from '../../core/dmtree/node.ts'
import { encodeTnds, toTnds } from '../../core/dmtree/tnds.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import { encodeSegment } from '../../core/dmtree/uri.ts'
import { diff, script } from '../../core/mirror/compare.ts'
import type { Flat } from '../../core/mirror/flat.ts'
import { csvOf, flatten, plantedOfCsv, plantedOfTnds, planting, tndsOf } from '../../core/mirror/flat.ts'
import { Mirror, mirror } from '../../core/mirror/mirror.ts'
import { childrenOf, searchIn } from '../../core/mirror/view.ts'
import { parsePath } from '../../core/dmtree/uri.ts'
import type { Command, Request } from '../../core/syncml/message.ts'
import { command, came, drawn, group, item, numbered, results, status, Talk } from './talk.ts'
import type { Outcome, StatusPart } from '../../core/session/ports.ts'

/** A small seeded generator (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const ALL = 'Add=*&Delete=*&Exec=*&Get=*&Replace=*'
const NAMES = ['a', 'b', 'c d', 'e/f', 'ü', '%41']
const SOAK = process.env['DM_LAB_SOAK'] !== undefined

/** A device whose every node is open. */
function device(): Tree {
  const tree = new Tree()
  tree.setAcl(tree.root, parseAcl(ALL))
  return tree
}

/** Performs a request and answers it as Status and Results of message `msgRef`. */
function answers(request: Request, outcome: Outcome, msgRef: number): Command[] {
  const own = outcome.statuses.map((part: StatusPart) =>
    status(msgRef, Number(request.cmdId), part.code, ...(part.targetRef === undefined ? [] : [part.targetRef])),
  )
  const inner =
    'commands' in request ? request.commands.flatMap((child, i) => answers(child as Request, outcome.children?.[i] ?? { statuses: [] }, msgRef)) : []
  return [...own, ...(outcome.results === undefined ? [] : [results(msgRef, Number(request.cmdId), ...outcome.results)]), ...inner]
}

/** A session of `messages` messages between a random server and a real tree. */
function session(messages: number, seed: number): { readonly talk: Talk; readonly tree: Tree } {
  const pick = seeded(seed)
  const tree = device()
  const performer = new DevicePerformer({ tree })
  const talk = new Talk()
  const uri = (): string => `./${Array.from({ length: 1 + pick(3) }, () => encodeSegment(NAMES[pick(NAMES.length)] ?? 'a')).join('/')}`
  const one = (): Request => {
    const value = ['', 'text', 'two\nlines', 'x'.repeat(pick(50))][pick(4)] ?? ''
    switch (pick(13)) {
      case 0:
      case 1:
        return command('Add', item(uri(), value))
      case 2:
        return command('Add', item(uri(), undefined, { format: 'node' }))
      case 3:
      case 4:
        return command('Replace', item(uri(), value))
      case 5:
        return command('Delete', item(uri()))
      case 6:
        return command('Copy', { ...item(uri()), source: { locUri: uri() } })
      case 7:
        return command('Replace', item(`${uri()}?prop=${['Title', 'ACL', 'Name'][pick(3)]}`, ['', 'Get=*', 'new'][pick(3)] ?? ''))
      case 8:
        return command('Get', item(`${uri()}?list=${['Struct', 'StructData', 'TNDS'][pick(3)]}`))
      case 9:
        return command('Get', item(`${uri()}?prop=${['ACL', 'VerNo', 'Type', 'Format'][pick(4)]}`))
      case 10:
        return group(
          pick(3) === 0 ? 'Sequence' : 'Atomic',
          command('Add', item(uri(), value)),
          command('Delete', item(uri())),
          command('Replace', item(uri(), value)),
        )
      default:
        return command('Get', item(pick(4) === 0 ? '.' : uri()))
    }
  }
  for (let message = 1; talk.seq < messages; message++) {
    const requests = numbered(...Array.from({ length: 1 + pick(4) }, one))
    talk.down(...requests)
    talk.up(...requests.flatMap((request) => answers(request, performer.perform(request, { serverId: 'srv' }), message)))
  }
  return { talk, tree }
}

it('after every message of a session of 500 the tree is the replay of the messages up to it', () => {
  const { talk } = session(500, 7)
  expect(talk.seq).toBeGreaterThanOrEqual(500)
  const replay = new Mirror()
  let next = 0
  for (let k = 1; k <= talk.seq; k++) {
    for (let event = talk.events[next]; event !== undefined && event.seq <= k; event = talk.events[++next]) replay.apply(event)
    expect(drawn(talk.mirror, k)).toEqual(drawn(replay))
  }
  expect(next).toBe(talk.events.length)
  expect(talk.mirror.ticks.length).toBeGreaterThan(100)
})

it.each(SOAK ? Array.from({ length: 200 }, (_, i) => i) : [1, 2, 3, 4, 5])(
  'what is known as fetched and not doubtful is what the device has (session %i)',
  (seed) => {
    const { talk, tree } = session(300, seed)
    let compared = 0
    for (const node of flatten(talk.mirror).values()) {
      const real = tree.find(node.path)
      const version = talk.mirror.find(node.path)?.versions.at(-1)
      if (version?.stale !== '' || version.source === 0) continue
      compared += 1
      expect(real === null ? null : real.children === null ? real.value : '(node)', node.uri).toEqual(node.format === 'node' ? '(node)' : node.value)
    }
    expect(compared).toBeGreaterThan(5)
  },
)

/** A random tree with values, formats, titles and ACLs. */
function forest(seed: number, size: number): Tree {
  const pick = seeded(seed)
  const tree = device()
  const nodes: Node[] = [tree.root]
  for (let i = 0; i < size; i++) {
    const parent = nodes[pick(nodes.length)] ?? tree.root
    const name = NAMES[pick(NAMES.length)] ?? 'a'
    if (parent.children?.has(name) !== false) continue
    const kind = pick(8)
    const title = pick(5) === 0 ? 'titled' : ''
    if (kind < 3)
      nodes.push(
        tree.add(parent, name, { format: 'node', title, type: pick(3) === 0 ? 'urn:oma:mo:x:1.0' : '', acl: pick(6) === 0 ? parseAcl(ALL) : null }),
      )
    else if (kind === 3) tree.add(parent, name, { format: 'bin', value: new Uint8Array([pick(256), 0, 255]), type: 'image/png', title })
    else if (kind === 4) tree.add(parent, name, { format: 'int', value: String(pick(9)), title })
    else if (kind === 5) tree.add(parent, name, { format: 'xml', value: `<a b="${pick(9)}">&amp;</a>`, type: 'text/xml' })
    else
      tree.add(parent, name, {
        value: ['', '=1+1', "'quoted", 'a,"b"\r\nc', ' spaced '][pick(5)] ?? '',
        acl: pick(6) === 0 ? parseAcl(`${ALL}`) : null,
      })
  }
  return tree
}

/** What a device would answer to ?list=TNDS, read as the lab reads it. */
function seen(tree: Tree): Flat {
  const talk = new Talk()
  talk.down(...numbered(command('Get', item('.?list=TNDS'))))
  const bytes = encodeTnds(toTnds(tree.root), 'xml')
  talk.up(
    status(1, 1, 200),
    results(1, 1, came('.?list=TNDS', new TextDecoder().decode(bytes), { format: 'xml', type: 'application/vnd.syncml.dmtnds+xml' })),
  )
  return flatten(talk.mirror)
}

/** TNDS of a tree with siblings by name: two trees are the same exactly when these bytes are. */
function canonical(tree: Tree): string {
  const sorted = (node: Node): Node => {
    const children = node.children === null ? null : [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(sorted)
    const copy: Node = { ...node, children: children === null ? null : new Map(children.map((child) => [child.name, child])) }
    return copy
  }
  return new TextDecoder().decode(encodeTnds(toTnds(sorted(tree.root), { parts: new Set(['ACL', 'Format', 'Title', 'Type', 'Value']) }), 'xml'))
}

const PAIRS = SOAK ? 500 : 40
it.each(['sequence', 'atomic'] as const)('a script from A to B, performed on A as one %s, gives B to the byte', (mode) => {
  let commands = 0
  for (let i = 0; i < PAIRS; i++) {
    const [a, b] = [forest(i * 2 + 1, 60), forest(i * 2 + 2, 60)]
    const { commands: list, remarks } = script(seen(a), seen(b), 'srv')
    expect(remarks).toEqual([])
    commands += list.length
    const outcome = perform(a, list, mode)
    expect(
      outcome.children?.flatMap((child, at) =>
        child.statuses[0]?.code === 200 ? [] : [`${list[at]?.kind} ${list[at]?.locUri}: ${child.statuses[0]?.code}`],
      ),
    ).toEqual([])
    expect(canonical(a)).toBe(canonical(b))
    expect(diff(seen(a), seen(b))).toEqual({ changes: [], more: 0, unknown: 0 })
  }
  expect(commands).toBeGreaterThan(PAIRS * 10)
})

function perform(tree: Tree, commands: readonly QueuedCommand[], mode: 'atomic' | 'sequence'): Outcome {
  const performer = new DevicePerformer({ tree })
  return performer.perform({ kind: mode === 'atomic' ? 'Atomic' : 'Sequence', cmdId: '1', commands: commands.map(toCommand) }, { serverId: 'srv' })
}

it('a server without Replace on the parent is given rights on what it adds; the script takes them back', () => {
  const [a, b] = [new Tree(), new Tree()]
  b.add(b.add(b.root, 'x', { format: 'node' }), 'leaf', { value: '1' })
  const { commands } = script(seen(a), seen(b), 'srv')
  const outcome = perform(a, commands, 'sequence')
  expect(outcome.children?.map((child) => child.statuses[0]?.code)).toEqual([200, 200, 200])
  expect(canonical(a)).toBe(canonical(b))
})

it('where rights are missing or values were never fetched, the script says so', () => {
  const [a, b] = [new Tree(), new Tree()]
  for (const tree of [a, b]) tree.add(tree.root, 'x', { value: tree === a ? '1' : '2' })
  expect(script(seen(a), seen(b), 'srv').remarks).toEqual([
    '425 is to be expected for Replace ./x: srv may not Replace ./x: the ACL of ., its nearest ancestor with a value, gives Replace to nobody',
  ])
  const talk = new Talk()
  talk.down(...numbered(command('Get', item('.'))))
  talk.up(status(1, 1, 200), results(1, 1, came('.', 'x/y', { format: 'node' })))
  const unread = flatten(talk.mirror)
  expect(script(seen(new Tree()), unread, 'srv')).toEqual({
    commands: [],
    remarks: ['./x was never fetched: it is left out', './y was never fetched: it is left out'],
  })
  expect(diff(seen(a), unread).unknown).toBe(1)
})

it('what is written as TNDS or CSV is read back the same', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const flat = seen(forest(seed, 80))
    for (const encoding of ['xml', 'wbxml'] as const) {
      const back = flatten(mirror([planting(plantedOfTnds(encodeTnds(tndsOf(flat), encoding)), 0)]))
      expect(diff(flat, back).changes).toEqual([])
    }
    const csv = csvOf(flat)
    for (const line of csv.split('\r\n')) expect(line).not.toMatch(/(^|,)"?[=+@-]/)
    const back = flatten(mirror([planting(plantedOfCsv(csv, parsePath), 0)]))
    expect(diff(flat, back).changes.filter((change) => change.kind !== 'removed')).toEqual([])
    expect([...back.values()].filter((node) => node.value !== null).length).toBe([...flat.values()].filter((node) => node.value !== null).length)
  }
})

/** A search page after page, as the window asks it. */
function searched(look: Parameters<typeof searchIn>[0], text: string, count: number) {
  const uris: string[] = []
  let [examined, longest, pages] = [0, 0, 0]
  for (let from: readonly string[] | null = null; ;) {
    const page = searchIn(look, text, count, from)
    uris.push(...page.nodes.map((node) => node.uri))
    examined += page.searched
    longest = Math.max(longest, page.searched)
    pages += 1
    if (page.next === '') return { uris, examined, longest, pages }
    from = parsePath(page.next)
  }
}

it('a search in pages of any size finds the same nodes in the same order, each once', () => {
  const look = {
    mirror: mirror([planting(plantedOfTnds(encodeTnds(toTnds(forest(7, 300).root), 'xml')), 0)]),
    at: Infinity,
    now: 0,
    staleAfter: Infinity,
  }
  for (const text of ['', 'a', 'node', './']) {
    const whole = searched(look, text, 1000)
    expect(whole.pages).toBe(1)
    for (const count of [1, 2, 7, 50]) expect(searched(look, text, count)).toMatchObject({ uris: whole.uris, examined: whole.examined })
  }
})

it('a script expects 425 exactly where the device refuses', () => {
  let refusals = 0
  for (let i = 0; i < PAIRS * 2; i++) {
    const [a, b] = [forest(i * 2 + 1, 40), forest(i * 2 + 2, 40)]
    const texts = ['Add=*&Get=*', 'Add=srv&Delete=srv&Get=*&Replace=srv', 'Get=*&Replace=srv', 'Delete=*&Get=*', 'Add=other&Get=*', 'Add=srv&Get=*']
    let n = i
    const walk = (node: Node): void => {
      n += 1
      if (node === a.root || n % 3 === 0) a.setAcl(node, parseAcl(texts[(n * 7 + i) % texts.length] ?? ''))
      node.children?.forEach(walk)
    }
    walk(a.root)
    const { commands: list, remarks } = script(seen(a), seen(b), 'srv')
    const expected = new Set(remarks.map((remark) => /^425 is to be expected for (\S+ \S+): /.exec(remark)?.[1]))
    const codes = perform(a, list, 'sequence').children?.map((child) => child.statuses[0]?.code) ?? []
    for (const [at, { kind, locUri }] of list.entries()) {
      if (codes[at] === 425) refusals += 1
      expect([i, kind, locUri, codes[at] === 425]).toEqual([i, kind, locUri, expected.has(`${kind} ${locUri}`)])
    }
  }
  expect(refusals).toBeGreaterThan(50)
})

it('fifty thousand nodes: expand, search, a step in time and a comparison stay quick', () => {
  const talk = new Talk()
  const tree = device()
  for (let i = 0; i < 50; i++) {
    const folder = tree.add(tree.root, `folder${i}`, { format: 'node' })
    for (let j = 0; j < 1000; j++) tree.add(folder, `leaf${j}`, { value: `value ${i} ${j}` })
  }
  talk.down(...numbered(command('Get', item('.?list=TNDS'))))
  const document = new TextDecoder().decode(encodeTnds(toTnds(tree.root), 'xml'))
  talk.up(status(1, 1, 200), results(1, 1, came('.?list=TNDS', document, { format: 'xml', type: 'application/vnd.syncml.dmtnds+xml' })))
  const first = talk.seq
  talk.down(...numbered(command('Replace', item('./folder49/leaf999', 'moved'))))
  talk.up(status(2, 1, 200))
  const timed = <T>(work: () => T): [value: T, ms: number] => {
    const begun = performance.now()
    return [work(), performance.now() - begun]
  }
  const look = { mirror: talk.mirror, at: Infinity, now: 0, staleAfter: Infinity }
  const then = { ...look, at: first }
  const [children, expand] = timed(() => childrenOf(look, ['folder7'], 0, 1000))
  const [hits, search] = timed(() => searched(look, 'VALUE 49', 100))
  const [past, step] = timed(() => childrenOf(then, ['folder49'], 0, 1000))
  const [[a, b], flat] = timed(() => [flatten(talk.mirror, first), flatten(talk.mirror)] as const)
  const [changes, compare] = timed(() => diff(a, b))
  expect(children?.nodes.length).toBe(1000)
  expect([hits.uris.length, hits.examined > 50_050, hits.longest, new Set(hits.uris).size]).toEqual([999, true, 5000, 999])
  expect(past?.nodes.at(-1)?.value).toBe('value 49 999')
  expect(changes.changes).toEqual([{ uri: './folder49/leaf999', kind: 'changed', properties: [{ name: 'value', a: 'value 49 999', b: 'moved' }] }])
  console.info(
    `50,000 nodes: expand ${expand.toFixed(0)} ms, search ${search.toFixed(0)} ms, step ${step.toFixed(0)} ms, two copies ${flat.toFixed(0)} ms, compare ${compare.toFixed(0)} ms`,
  )
})
