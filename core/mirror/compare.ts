// Two trees side by side: what differs by URI, and the commands that turn one into the other. What one side never fetched is counted, not guessed.
import type { QueuedCommand, TreeChange, TreeDiff } from '../api.ts'
import { parseAcl, ROOT_ACL } from '../dmtree/acl.ts'
import { decide, effectiveAcl, explain, mayChangeAcl } from '../dmtree/rights.ts'
import { TreeError } from '../dmtree/error.ts'
import { newNode } from '../dmtree/node.ts'
import type { Node } from '../dmtree/node.ts'
import type { Flat, FlatNode } from './flat.ts'

/** Changes one answer holds. */
const MOST_CHANGES = 5000
const SHOWN = 4096

type Difference = { readonly name: string; readonly a: string; readonly b: string }

/** What differs from `a` to `b`, in tree order. */
export function diff(a: Flat, b: Flat): TreeDiff {
  const changes: { readonly path: readonly string[]; readonly change: TreeChange }[] = []
  let unknown = 0
  for (const left of a.values()) {
    const right = b.get(left.uri)
    if (right === undefined) {
      changes.push({ path: left.path, change: { uri: left.uri, kind: 'removed', properties: [] } })
      continue
    }
    if (!comparable(left, right)) unknown += 1
    const properties = differences(left, right).map(({ name, a: from, b: to }) => ({ name, a: from.slice(0, SHOWN), b: to.slice(0, SHOWN) }))
    if (properties.length > 0) changes.push({ path: left.path, change: { uri: left.uri, kind: 'changed', properties } })
  }
  for (const right of b.values()) if (!a.has(right.uri)) changes.push({ path: right.path, change: { uri: right.uri, kind: 'added', properties: [] } })
  changes.sort((x, y) => order(x.path, y.path))
  return { changes: changes.slice(0, MOST_CHANGES).map(({ change }) => change), more: Math.max(0, changes.length - MOST_CHANGES), unknown }
}

function comparable(a: FlatNode, b: FlatNode): boolean {
  return a.format !== '' && b.format !== '' && (a.format === 'node' || a.value !== null) && (b.format === 'node' || b.value !== null)
}

function differences(a: FlatNode, b: FlatNode): Difference[] {
  const found: Difference[] = []
  const add = (name: string, from: string | null, to: string | null): void => {
    if (from !== null && to !== null && from !== to) found.push({ name, a: from, b: to })
  }
  if (a.format !== '' && b.format !== '') {
    add('format', a.format, b.format)
    add('type', a.type, b.type)
  }
  add('value', a.value, b.value)
  add('ACL', a.acl, b.acl)
  add('Title', a.title, b.title)
  return found
}

function order(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; ; i++) {
    const [x, y] = [a[i], b[i]]
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1
    if (x !== y) return x < y ? -1 : 1
  }
}

/** Commands in the order they are to be performed, and what they cannot do. */
export interface Script {
  readonly commands: readonly QueuedCommand[]
  readonly remarks: readonly string[]
}

/**
 * Commands that turn `a` into `b`: Delete what is too much, Add what is missing (parents first), Replace what differs, then Title and ACL
 * (children first, so that rights last until they are used). `server` is who will send them: its rights in `a` decide which ACLs a device
 * gives new interior nodes by itself (dm-protocol 9.4, A5), and which refusals are to be expected.
 */
export function script(a: Flat, b: Flat, server: string): Script {
  const commands: QueuedCommand[] = []
  const remarks: string[] = []
  const removed = new Set<string>()
  const replaces = mayReplace(a, server)
  const parents = new Set([...b.keys()].map(parentOf))
  for (const left of a.values()) {
    const right = b.get(left.uri)
    const parent = parentOf(left.uri)
    if (removed.has(parent)) removed.add(left.uri)
    else if (right === undefined || rebuilt(left, right)) {
      if (left.path.length === 0) {
        remarks.push('the root is not in the wanted tree; it cannot be deleted')
        continue
      }
      removed.add(left.uri)
      commands.push({ kind: 'Delete', locUri: left.uri })
    }
  }
  const properties: QueuedCommand[] = []
  for (const right of b.values()) {
    const left = removed.has(right.uri) ? undefined : a.get(right.uri)
    if (left === undefined) added(right)
    else changed(left, right)
  }
  const all = [...commands, ...properties.reverse()]
  return { commands: all, remarks: [...remarks, ...refusals(a, all, server)] }

  function added(right: FlatNode): void {
    const { uri, format, type, value, acl, title } = right
    if (right.path.length === 0) return
    const parent = parentOf(uri)
    const there = a.get(parent) !== undefined && !removed.has(parent)
    if (format === 'node' || (format === '' && parents.has(uri)))
      commands.push({ kind: 'Add', locUri: uri, format: 'node', ...((type ?? '') === '' ? {} : { type: type ?? '' }) })
    else if (value === null) {
      remarks.push(`${uri} was never fetched: it is left out`)
      return
    } else commands.push({ kind: 'Add', locUri: uri, ...wireOf(right, value) })
    // Who lacks Replace on the parent is given rights on its new interior node; the wanted tree may not have them.
    const granted = format === 'node' && there && !replaces(parent)
    if ((acl ?? '') !== '' || granted) property(uri, 'ACL', acl ?? '')
    if ((title ?? '') !== '') property(uri, 'Title', title ?? '')
  }

  function changed(left: FlatNode, right: FlatNode): void {
    for (const { name } of differences(left, right)) {
      if (name === 'ACL') property(right.uri, 'ACL', right.acl ?? '')
      else if (name === 'Title') property(right.uri, 'Title', right.title ?? '')
      else if (right.value !== null && commands.at(-1)?.locUri !== right.uri) {
        commands.push({ kind: 'Replace', locUri: right.uri, ...wireOf(right, right.value) })
      }
    }
    if (right.value === null && right.format !== 'node' && left.value !== null)
      remarks.push(`the wanted value of ${right.uri} was never fetched: it stays as it is`)
  }

  function property(uri: string, name: string, data: string): void {
    properties.push({ kind: 'Replace', locUri: `${uri}?prop=${name}`, data })
  }
}

// Leaf and interior node cannot become each other, and the Type of an interior node is given when it is added.
function rebuilt(a: FlatNode, b: FlatNode): boolean {
  if (a.format === '' || b.format === '') return false
  return (
    (a.format === 'node') !== (b.format === 'node') ||
    (a.format === 'node' && a.type !== null && b.type !== null && a.type !== b.type && a.path.length > 0)
  )
}

/** How a value travels: octets as base64 (dm-protocol 3.2), Format and Type always named, so that the node gets them. */
function wireOf({ format, type }: FlatNode, data: string): { format: string; type: string; data: string } {
  return { format: format === 'bin' ? 'b64' : format === '' ? 'chr' : format, type: type ?? 'text/plain', data }
}

function parentOf(uri: string): string {
  return uri === '.' ? '' : uri.slice(0, uri.lastIndexOf('/'))
}

/** Whether a server may Replace a node of the tree as it is; an ACL never fetched is presumed to inherit. */
function mayReplace(flat: Flat, server: string): (uri: string) => boolean {
  const nodes = planted(flat, new WeakSet())
  return (uri) => {
    const node = nodes.get(uri)
    return node !== undefined && decide(node, 'Replace', server).allowed
  }
}

/** Whether what is needed to decide about a right on a node was ever fetched: its own ACL and those up to the deciding one. */
type Known = WeakSet<Node>

/**
 * What will be answered 425, as the commands go on in this order: rights by the ACLs of the tree, those the commands themselves set, and those a device
 * gives by itself (dm-protocol 9.4: A4 who may change an ACL, A5 who gets rights on a new interior node, A10 where they are looked up). Nothing is said
 * where an ACL that counts was never fetched.
 */
function refusals(a: Flat, commands: readonly QueuedCommand[], server: string): string[] {
  const known: Known = new WeakSet()
  const tree = new Standing(planted(a, known))
  const remarks: string[] = []
  /** True where it will be refused, which is said; what is refused changes nothing. */
  const refused = (node: Node, command: 'Add' | 'Delete' | 'Replace', what: string): boolean => {
    if (decide(node, command, server).allowed || !certain(node, known)) return false
    remarks.push(`425 is to be expected for ${what}: ${explain(node, command, server)}`)
    return true
  }
  for (const { kind, locUri, format, data } of commands) {
    const [uri = '', property = ''] = locUri.split('?prop=')
    const node = tree.get(uri)
    if (kind === 'Add') {
      const parent = tree.above(uri)
      // The Delete before it is refused: 418, or 405 below what is still a leaf.
      if (node !== undefined || parent.children === null) continue
      if (refused(parent, 'Add', `Add ${locUri}`)) continue
      const added = newNode(uri.slice(uri.lastIndexOf('/') + 1), parent, { format: format === 'node' ? 'node' : 'chr' }, NOBODY)
      if (added.children !== null && !decide(parent, 'Replace', server).allowed) added.acl = given(server)
      known.add(added)
      tree.add(uri, added)
    } else if (node !== undefined && kind === 'Delete') {
      if (refused(node, 'Delete', `Delete ${locUri}`)) continue
      tree.delete(uri)
    } else if (node !== undefined && property === 'ACL') {
      if (!mayChangeAcl(node, server) && refused(node.children === null ? (node.parent ?? node) : node, 'Replace', `Replace ${locUri}`)) continue
      node.acl = aclOf(data ?? '')
      known.add(node)
    } else if (node !== undefined) refused(node, 'Replace', `Replace ${locUri}`)
  }
  return remarks
}

/** Nodes by URI while commands add and delete: a node stands where nothing above it was deleted since it came. */
class Standing {
  readonly #nodes: Map<string, { readonly node: Node; readonly since: number }>
  readonly #deleted = new Map<string, number>()
  readonly #root: Node
  #step = 0

  constructor(nodes: ReadonlyMap<string, Node>) {
    this.#nodes = new Map([...nodes].map(([uri, node]) => [uri, { node, since: 0 }]))
    this.#root = nodes.get('.') ?? newNode('', null, { format: 'node', acl: parseAcl(ROOT_ACL) }, NOBODY)
  }

  get(uri: string): Node | undefined {
    const found = this.#nodes.get(uri)
    if (found === undefined) return undefined
    for (let at = uri; at !== ''; at = parentOf(at)) if ((this.#deleted.get(at) ?? 0) > found.since) return undefined
    return found.node
  }

  /** The node's parent, or what stands of the way to it (A10). */
  above(uri: string): Node {
    for (let at = parentOf(uri); at !== ''; at = parentOf(at)) {
      const node = this.get(at)
      if (node !== undefined) return node
    }
    return this.#root
  }

  add(uri: string, node: Node): void {
    this.#nodes.set(uri, { node, since: ++this.#step })
  }

  delete(uri: string): void {
    this.#deleted.set(uri, ++this.#step)
  }
}

const NOBODY = { by: '', serial: 0 }

/** The ACL a device gives a server on a new interior node whose parent it may not Replace (A5). */
const given = (server: string): Node['acl'] => new Map((['Add', 'Delete', 'Replace'] as const).map((command) => [command, [server]]))

/** Nodes of a list with their ACLs, by URI; those whose ACL was fetched are `known`. */
function planted(flat: Flat, known: Known): Map<string, Node> {
  const nodes = new Map<string, Node>()
  const parents = new Set([...flat.keys()].map(parentOf))
  for (const { uri, name, format, acl } of flat.values()) {
    const parent = nodes.get(parentOf(uri)) ?? null
    const interior = format === 'node' || (format === '' && parents.has(uri))
    const node = newNode(name, parent, { format: interior ? 'node' : 'chr', acl: aclOf(acl ?? '') }, NOBODY)
    if (acl !== null) known.add(node)
    nodes.set(uri, node)
  }
  return nodes
}

/** True where every ACL from the node up to the one that decides was fetched, or set by the commands. */
function certain(node: Node, known: Known): boolean {
  const decider = effectiveAcl(node).node
  for (let at: Node | null = node; at !== null; at = at.parent) {
    if (!known.has(at)) return false
    if (at === decider) return true
  }
  return false
}

function aclOf(text: string): ReturnType<typeof parseAcl> {
  try {
    return parseAcl(text)
  } catch (error) {
    if (error instanceof TreeError) return null
    throw error
  }
}
