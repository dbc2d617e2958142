// A TNDS document put into a tree: Add and Replace of whole sub-trees, all or nothing (REP, dm-protocol 3.4, 9.6).
import type { Acl } from './acl.ts'
import { decide, explain, mayChangeAcl } from './rights.ts'
import type { Described } from './describe.ts'
import { addAt, checkRight, checkedType, inherited } from './edit.ts'
import { TreeError } from './error.ts'
import type { Node, NodeInit } from './node.ts'
import { pathOf, uriOf, walk } from './node.ts'
import type { TndsDocument, TndsNode } from './tnds.ts'
import type { Tree } from './tree.ts'
import { formatUri } from './uri.ts'
import { octetsOfBase64, valueText } from './value.ts'

/** Where ./Inbox puts an MO: identifiers that begin with `id` go below `path`. */
export interface Placing {
  readonly id: string
  readonly path: readonly string[]
}

type Later = { readonly node: Node; readonly acl: Acl }[]

/** Adds a document at a target (418 where a node exists). ACLs inside take effect when all is there. Nothing stays where anything fails. */
export function addDocument(
  tree: Tree,
  target: readonly string[],
  document: TndsDocument,
  by: string,
  implicit: boolean,
  placings: readonly Placing[] = [],
): void {
  whole(tree, by, () => {
    const later: Later = []
    for (const node of parentsFirst(document)) {
      const path = target[0] === 'Inbox' && placings.length > 0 ? placed(tree, node, placings) : resolve(target, node)
      plant(tree, path, node, by, implicit, later)
    }
    for (const { node, acl } of later) tree.setAcl(node, acl)
  })
}

/** Replaces an existing sub-tree: what the document does not have goes, the rest is as it says; permanent nodes keep their place, an ACL stays where the document names none. */
export function replaceDocument(tree: Tree, target: readonly string[], document: TndsDocument, by: string): void {
  const there = tree.find(target)
  if (there === null) throw new TreeError(404, `${formatUri(target)} does not exist`)
  whole(tree, by, () => {
    const later: Later = []
    const tops = parentsFirst(document).map((node) => ({ node, path: resolve(target, node) }))
    checkRight(there, 'Replace', 'Replace', by)
    if (!tops.some(({ path }) => path.length === target.length)) prune(tree, there, new Set(tops.map(({ path }) => path[target.length] ?? '')), by)
    for (const { node, path } of tops) {
      const at = tree.find(path)
      if (at === null) plant(tree, path, node, by, true, later)
      else overwrite(tree, at, node, by, later)
    }
    for (const { node, acl } of later) tree.setAcl(node, acl)
  })
}

/** Loads a document as the device itself, rights aside, stamps and versions included; for profiles, imports and snapshots. */
export function loadDocument(tree: Tree, target: readonly string[], document: TndsDocument): void {
  const load = (path: readonly string[], node: TndsNode): void => {
    const at = tree.find(path) ?? tree.add(tree.ensure(path.slice(0, -1)), path.at(-1) ?? '', node.init)
    for (const child of node.children) load([...path, child.name], child)
    if ((at.children === null) !== (node.init.format !== 'node'))
      throw new TreeError(405, `${uriOf(at)} is of another kind in the document`, node.offset)
    if (at.children === null) tree.setValue(at, node.init.value ?? '', node.init.format)
    tree.setAcl(at, node.init.acl ?? null)
    tree.setTitle(at, node.init.title ?? '')
    tree.setType(at, node.init.type ?? '')
    tree.setStamps(at, node.init.tstamp ?? at.tstamp, node.init.verNo ?? 0)
  }
  whole(tree, 'device', () => {
    // Loading a child moves its parent's stamps, so parents are stamped after their children; among top nodes the order is the document's.
    for (const node of parentsFirst(document)) load(resolve(target, node), node)
  })
}

function whole(tree: Tree, by: string, work: () => void): void {
  tree.begin(by)
  try {
    work()
  } catch (error) {
    tree.rollback()
    throw error
  }
  tree.commit()
}

// Top nodes with a Path may come in any order.
function parentsFirst(document: TndsDocument): TndsNode[] {
  return [...document.nodes].sort((a, b) => a.path.length - b.path.length)
}

// A top node without a name, or named as the target's last segment, is the target itself; any other stands below it (INFERRED from deployed documents).
function resolve(target: readonly string[], node: TndsNode): string[] {
  const base = [...target, ...node.path]
  if (node.name === '') return base
  return node.path.length === 0 && node.name === target.at(-1) ? base : [...base, node.name]
}

function placed(tree: Tree, node: TndsNode, placings: readonly Placing[]): string[] {
  const id = node.init.type ?? ''
  const placing = placings.find((each) => id.startsWith(each.id))
  if (placing === undefined) throw new TreeError(415, `./Inbox: no place is known for a managed object '${id}'`, node.offset)
  if (node.name !== '') return [...placing.path, node.name]
  const parent = tree.find(placing.path)
  let number = 1
  while (parent !== null && tree.child(parent, String(number)) !== undefined) number += 1
  return [...placing.path, String(number)]
}

function plant(tree: Tree, path: readonly string[], node: TndsNode, by: string, implicit: boolean, later: Later): void {
  const added = addAt(tree, path, (description) => initOf(node, description), by, implicit)
  for (const child of node.children) plant(tree, [...path, child.name], child, by, false, later)
  if (node.init.acl) later.push({ node: added, acl: node.init.acl })
}

// The device keeps its own stamps and versions; ACLs come later.
function initOf(node: TndsNode, description: Described | undefined): NodeInit {
  const { format, value, type, title } = node.init
  const common: NodeInit = { ...inherited(description), title: title ?? '' }
  if (format === 'node') {
    if (description !== undefined && !description.formats.includes('node')) throw new TreeError(415, `'${node.name}' can only be a leaf`, node.offset)
    return { ...common, format, type: type ?? description?.ddfName ?? '' }
  }
  const leaf: NodeInit = { ...common, format, value: value ?? '', type: checkedType(type, description) ?? 'text/plain' }
  if (description === undefined || description.formats.includes(format)) return leaf
  if (format === 'b64' && description.formats.includes('bin')) {
    return { ...leaf, format: 'bin', value: typeof value === 'string' ? octetsOfBase64(value, node.offset) : (value ?? '') }
  }
  throw new TreeError(415, `'${node.name}' has format ${format}; ${description.formats.join(', ')} is permitted`, node.offset)
}

function overwrite(tree: Tree, at: Node, node: TndsNode, by: string, later: Later): void {
  const init = initOf(node, tree.describe(pathOf(at)))
  const path = pathOf(at)
  if ((at.children === null) !== (init.format !== 'node')) {
    if (at.permanent || at.parent === null) throw new TreeError(405, `${uriOf(at)} is permanent and of another kind`, node.offset)
    tree.remove(at)
    plant(tree, path, node, by, false, later)
    return
  }
  if (at.children === null) {
    if (!same(at, init)) checkRight(at, 'Replace', 'Replace', by)
    tree.setValue(at, init.value ?? '', init.format, init.type)
  } else {
    prune(tree, at, new Set(node.children.map((child) => child.name)), by)
    if (node.init.type !== undefined && node.init.type !== at.type) tree.setType(at, node.init.type)
    for (const child of node.children) {
      const existing = tree.child(at, child.name)
      if (existing === undefined) plant(tree, [...path, child.name], child, by, false, later)
      else overwrite(tree, existing, child, by, later)
    }
  }
  if ((init.title ?? '') !== at.title) tree.setTitle(at, init.title ?? '')
  if (!node.init.acl) return
  if (!mayChangeAcl(at, by)) throw new TreeError(425, explain(at.parent ?? at, 'Replace', by), node.offset)
  later.push({ node: at, acl: node.init.acl })
}

function same(at: Node, init: NodeInit): boolean {
  return at.format === init.format && at.type === init.type && valueText(at.value) === valueText(init.value ?? '')
}

// Children the document does not have go; AccessType Delete does not matter below a replaced node (REP, Delete), permanence and ACL do.
function prune(tree: Tree, at: Node, keep: ReadonlySet<string>, by: string): void {
  for (const child of [...(at.children?.values() ?? [])]) {
    if (keep.has(child.name)) continue
    for (const each of walk(child)) if (each.permanent) throw new TreeError(405, `${uriOf(each)} is permanent and missing in the document`)
    if (!decide(child, 'Delete', by).allowed) throw new TreeError(425, explain(child, 'Delete', by))
    tree.remove(child)
  }
}
