// The management tree: structure and transactions. It keeps the tree whole; who may do what is decided above it.
import { isXmlText } from '../syncml/text.ts'
import type { Acl } from './acl.ts'
import { ROOT_ACL, parseAcl, withoutServer } from './acl.ts'
import type { Described } from './describe.ts'
import { describedAt } from './describe.ts'
import { TreeError } from './error.ts'
import type { Change } from './journal.ts'
import { Journal } from './journal.ts'
import type { Node, NodeInit } from './node.ts'
import { caseOf, newNode, pathOf, uriOf, walk } from './node.ts'
import { stamp } from './stamp.ts'
import { encodeSegment, formatUri, nameProblem } from './uri.ts'
import type { Format, Value } from './value.ts'
import { sizeOf } from './value.ts'

export interface TreeOptions {
  /** Clock for TStamp, ms since epoch; without it TStamp stays ''. */
  readonly now?: () => number
  /** What the device's DDFs say; undefined describes nothing. */
  readonly schema?: Described
  /** Room for nodes and for value bytes; 420 beyond. Infinity where absent. */
  readonly maxNodes?: number
  readonly maxBytes?: number
}

/** Deepest path the tree holds, whatever ./DevDetail/URI says; 414 beyond. */
const DEEPEST = 256

export class Tree {
  readonly root: Node
  readonly options: TreeOptions
  /** Nodes there are, the root counted. */
  count = 1
  /** Sum of the Size of all values. */
  bytes = 0
  private readonly journal = new Journal()
  private folding = false
  private readonly disordered = new Set<Node>()

  constructor(options: TreeOptions = {}) {
    this.options = options
    this.root = this.make('', { format: 'node', permanent: true, acl: parseAcl(ROOT_ACL) }, null)
  }

  /** In whose name changes are made now. */
  get writer(): string {
    return this.journal.by
  }

  /** One listener for changes that are final (committed, or made outside a transaction); calling again replaces it. */
  onChange(listener: (change: Change) => void): void {
    this.journal.onChange(listener)
  }

  /** The node at a path, or null. */
  find(path: readonly string[]): Node | null {
    const { node, depth } = this.nearest(path)
    return depth === path.length ? node : null
  }

  /** The deepest existing node on the way to a path, and how many segments lead to it. */
  nearest(path: readonly string[]): { readonly node: Node; readonly depth: number } {
    let node = this.root
    let depth = 0
    for (const name of path) {
      const next = this.child(node, name)
      if (next === undefined) break
      node = next
      depth += 1
    }
    return { node, depth }
  }

  /** The child of that name, by the case rule in force (CaseSense). */
  child(parent: Node, name: string): Node | undefined {
    const exact = parent.children?.get(name)
    if (exact !== undefined || !this.folding || parent.children === null) return exact
    const folded = name.toLowerCase()
    for (const child of parent.children.values()) if (child.name.toLowerCase() === folded && caseOf(child) === 'CIS') return child
    return undefined
  }

  /** What the schema says of the node at a path; undefined where nothing. */
  describe(path: readonly string[]): Described | undefined {
    return describedAt(this.options.schema, path)
  }

  /** Opens a transaction (they nest); changes until its end are made in the name of `by`. */
  begin(by: string): void {
    this.journal.begin(by)
  }

  /** Keeps what the innermost transaction did; returns its changes in order. They are final once the outermost is committed. */
  commit(): Change[] {
    return this.journal.commit()
  }

  /** Takes back everything the innermost transaction did: same nodes, same order, same stamps and version numbers. */
  rollback(): void {
    this.journal.rollback()
    for (const parent of this.disordered) {
      const sorted = [...(parent.children ?? new Map<string, Node>())].sort((a, b) => a[1].order - b[1].order)
      parent.children = new Map(sorted)
    }
    this.disordered.clear()
  }

  /** Adds a node. Throws TreeError 405 (below a leaf), 418 (exists), 400 (name), 414 (depth), 415 (text XML cannot carry), 420 (full). */
  add(parent: Node, name: string, init: NodeInit = {}): Node {
    if (parent.children === null) throw new TreeError(405, `${uriOf(parent)} is a leaf and cannot have children`)
    const problem = nameProblem(name)
    if (problem !== null) throw new TreeError(400, problem)
    if (this.child(parent, name) !== undefined) throw new TreeError(418, `${uriOf(parent)}/${encodeSegment(name)} exists`)
    if (pathOf(parent).length >= DEEPEST) throw new TreeError(414, `deeper than ${DEEPEST} nodes`)
    for (const text of [init.value, init.title, init.type, init.tstamp]) writable(text)
    const size = sizeOf(init.value ?? '')
    this.room(1, size)
    const node = this.make(name, init, parent)
    parent.children.set(name, node)
    this.count += 1
    this.bytes += size
    this.changed(parent, 'Add', uriOf(node), () => {
      parent.children?.delete(node.name)
      this.count -= 1
      this.bytes -= size
    })
    return node
  }

  /** Removes a node and all below. Throws TreeError 405 for the root. */
  remove(node: Node): void {
    const { parent } = node
    if (parent === null) throw new TreeError(405, 'the root cannot be deleted')
    let count = 0
    let bytes = 0
    for (const each of walk(node)) {
      count += 1
      bytes += sizeOf(each.value)
    }
    const uri = uriOf(node)
    parent.children?.delete(node.name)
    this.count -= count
    this.bytes -= bytes
    this.changed(parent, 'Delete', uri, () => {
      parent.children?.set(node.name, node)
      this.disordered.add(parent)
      this.count += count
      this.bytes += bytes
    })
  }

  /** Gives a leaf a new value, and a format and type where named. Throws TreeError 405 (interior), 415 (text XML cannot carry), 420 (full). */
  setValue(node: Node, value: Value, format: Format = node.format, type: string = node.type): void {
    if (node.children !== null) throw new TreeError(405, `${uriOf(node)} is an interior node`)
    for (const text of [value, type]) writable(text)
    const before = { value: node.value, format: node.format, type: node.type }
    const growth = sizeOf(value) - sizeOf(before.value)
    this.room(0, growth)
    Object.assign(node, { value, format, type })
    this.bytes += growth
    this.changed(node, 'Replace', uriOf(node), () => {
      Object.assign(node, before)
      this.bytes -= growth
    })
  }

  /** Sets the own ACL; null inherits (at the root: the default). */
  setAcl(node: Node, acl: Acl | null): void {
    this.set(node, 'acl', acl === null && node.parent === null ? parseAcl(ROOT_ACL) : acl, 'ACL')
  }

  setTitle(node: Node, title: string): void {
    this.set(node, 'title', title, 'Title')
  }

  /** Type of a leaf or MO identifier of an interior node. */
  setType(node: Node, type: string): void {
    this.set(node, 'type', type, 'Type')
  }

  /** Stamps and version as a trusted source has them (import, restore). */
  setStamps(node: Node, tstamp: string, verNo: number): void {
    this.set(node, 'tstamp', tstamp, 'TStamp')
    node.tstamp = tstamp
    node.verNo = verNo & 0xffff
  }

  /** Renames; its place among the siblings stays. Throws TreeError 405 (root), 400 (name), 418 (sibling). */
  rename(node: Node, name: string): void {
    const { parent } = node
    if (parent === null) throw new TreeError(405, 'the root cannot be renamed')
    const problem = nameProblem(name)
    if (problem !== null) throw new TreeError(400, problem)
    const clash = this.child(parent, name)
    if (clash === node && name === node.name) return
    if (clash !== undefined && clash !== node) throw new TreeError(418, `${uriOf(clash)} exists`)
    const old = node.name
    const uri = uriOf(node)
    const relabel = (to: string): void => {
      node.name = to
      const children = parent.children ?? new Map<string, Node>()
      parent.children = new Map([...children.values()].map((child) => [child.name, child]))
    }
    relabel(name)
    this.changed(node, 'Rename', uri, () => relabel(old))
  }

  /** Erases a server from every ACL (A8); at the root a right left without holders falls back to the default ACL's. */
  eraseServer(serverId: string): void {
    for (const node of [...walk(this.root)]) {
      if (node.acl === null || ![...node.acl.values()].some((ids) => ids.includes(serverId))) continue
      const left = withoutServer(node.acl, serverId)
      this.setAcl(node, node.parent === null ? new Map([...(parseAcl(ROOT_ACL) ?? []), ...(left ?? [])]) : left)
    }
  }

  /** Makes the path exist as interior nodes with that init for the new ones; for building profiles. */
  ensure(path: readonly string[], init: NodeInit = {}): Node {
    let { node, depth } = this.nearest(path)
    for (; depth < path.length; depth++) node = this.add(node, path[depth] ?? '', { ...init, format: 'node' })
    return node
  }

  private set<K extends 'acl' | 'title' | 'type' | 'tstamp'>(node: Node, key: K, value: Node[K], property: string): void {
    if (typeof value === 'string') writable(value)
    const before = node[key]
    node[key] = value
    this.changed(node, 'Property', uriOf(node), () => (node[key] = before), property)
  }

  private make(name: string, init: NodeInit, parent: Node | null): Node {
    if (init.caseSense === 'CIS') this.folding = true
    const serial = this.journal.next()
    return newNode(name, parent, { tstamp: this.stamp(), ...init }, { by: this.journal.by, serial })
  }

  private room(nodes: number, bytes: number): void {
    const { maxNodes = Infinity, maxBytes = Infinity } = this.options
    if (nodes > 0 && this.count + nodes > maxNodes) throw new TreeError(420, `device is full: ${maxNodes} nodes`)
    if (bytes > 0 && this.bytes + bytes > maxBytes) throw new TreeError(420, `device is full: ${maxBytes} bytes`)
  }

  // TStamp, VerNo (wraps FFFF to 0000) and the last writer move with every change; adding or removing a child changes its parent.
  private changed(node: Node, kind: Change['kind'], uri: string, undo: () => void, property?: string): void {
    const { tstamp, verNo, writer } = node
    const back = (): void => {
      undo()
      Object.assign(node, { tstamp, verNo, writer })
    }
    this.journal.record(kind, uri, back, property)
    node.tstamp = this.stamp()
    node.verNo = (verNo + 1) & 0xffff
    node.writer = { by: this.journal.by, serial: this.journal.next() }
  }

  private stamp(): string {
    return this.options.now === undefined ? '' : stamp(this.options.now())
  }
}

// Text that XML cannot carry could never be sent again; octets (format bin) can be anything.
function writable(text: Value | undefined): void {
  if (typeof text === 'string' && !isXmlText(text)) throw new TreeError(415, 'text holds a character that XML cannot carry; format bin can')
}

/** URI of a child that does not exist yet. */
export function childUri(parent: Node, names: readonly string[]): string {
  return formatUri([...pathOf(parent), ...names])
}
