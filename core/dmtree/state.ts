// A tree as JSON and back: everything the device would find after a restart, secrets included; the schema comes from the profile.
import { formatAcl, parseAcl } from './acl.ts'
import { TreeError } from './error.ts'
import { ACCESS } from './node.ts'
import type { Node, NodeInit } from './node.ts'
import { Tree } from './tree.ts'
import type { TreeOptions } from './tree.ts'
import { FORMATS, octetsOfBase64, valueText } from './value.ts'

/** One node. Absent fields are at their defaults; `value` is base64 where format is bin. */
export interface NodeState {
  readonly name: string
  readonly format: string
  readonly value?: string
  readonly type?: string
  readonly acl?: string
  readonly title?: string
  readonly tstamp?: string
  readonly verNo?: number
  readonly permanent?: true
  /** Commands permitted; absent permits all. */
  readonly access?: readonly string[]
  readonly caseSense?: 'CS' | 'CIS'
  readonly children?: readonly NodeState[]
}

/** The tree as plain data, nodes in tree order. `apart`: children of the root that somebody else keeps. */
export function saveTree(tree: Tree, apart: readonly string[] = []): NodeState {
  return saveNode(tree.root, apart)
}

function saveNode(node: Node, apart: readonly string[] = []): NodeState {
  const children = node.children === null ? [] : [...node.children.values()].filter(({ name }) => apart.length === 0 || !apart.includes(name))
  return {
    name: node.name,
    format: node.format,
    ...(node.children === null ? { value: valueText(node.value) } : {}),
    ...(node.type === '' ? {} : { type: node.type }),
    ...(node.acl === null ? {} : { acl: formatAcl(node.acl) }),
    ...(node.title === '' ? {} : { title: node.title }),
    ...(node.tstamp === '' ? {} : { tstamp: node.tstamp }),
    ...(node.verNo === 0 ? {} : { verNo: node.verNo }),
    ...(node.permanent ? { permanent: true as const } : {}),
    ...(node.access === null ? {} : { access: ACCESS.filter((each) => node.access?.has(each)) }),
    ...(node.caseSense === undefined ? {} : { caseSense: node.caseSense }),
    ...(node.children === null ? {} : { children: children.map((child) => saveNode(child)) }),
  }
}

/** The tree that was saved. Throws TreeError 400 naming the node that does not read; nothing is made then. */
export function restoreTree(state: unknown, options: TreeOptions = {}): Tree {
  const tree = new Tree(options)
  const root = checked(state, '.')
  if (root.format !== 'node') throw new TreeError(400, "state of '.': the root is no interior node")
  fill(tree, tree.root, root, '.')
  return tree
}

function fill(tree: Tree, node: Node, state: NodeState, uri: string): void {
  for (const raw of state.children ?? []) {
    const child = checked(raw, uri)
    const below = `${uri}/${child.name}`
    fill(tree, tree.add(node, child.name, initOf(child, below)), child, below)
  }
  // Adding children moved stamp and version: set last, as does the root, which exists already.
  const init = initOf(state, uri)
  Object.assign(node, {
    type: init.type,
    acl: init.acl,
    title: init.title,
    tstamp: init.tstamp,
    verNo: init.verNo,
    access: init.access ?? node.access,
  })
  if (node.parent === null && node.acl === null) tree.setAcl(node, null)
}

function initOf(state: NodeState, uri: string): NodeInit {
  const format = FORMATS.find((known) => known === state.format)
  if (format === undefined) throw new TreeError(400, `state of '${uri}': format '${state.format}' is not known`)
  const text = state.value ?? ''
  const access = state.access === undefined ? null : new Set(ACCESS.filter((each) => state.access?.includes(each) === true))
  return {
    format,
    ...(format === 'node' ? {} : { value: format === 'bin' ? octetsOfBase64(text) : text }),
    type: state.type ?? '',
    acl: parseAcl(state.acl ?? ''),
    title: state.title ?? '',
    tstamp: state.tstamp ?? '',
    verNo: state.verNo ?? 0,
    permanent: state.permanent === true,
    access,
    caseSense: state.caseSense,
  }
}

function checked(state: unknown, uri: string): NodeState {
  const fail = (what: string): never => {
    throw new TreeError(400, `state below '${uri}': ${what}`)
  }
  if (typeof state !== 'object' || state === null) return fail('a node is no object')
  const node = state as Record<string, unknown>
  if (typeof node['name'] !== 'string' || typeof node['format'] !== 'string') return fail('a node has no name or no format')
  for (const key of ['value', 'type', 'acl', 'title', 'tstamp'])
    if (node[key] !== undefined && typeof node[key] !== 'string') return fail(`${key} is no text`)
  if (node['verNo'] !== undefined && typeof node['verNo'] !== 'number') return fail('verNo is no number')
  for (const key of ['children', 'access']) if (node[key] !== undefined && !Array.isArray(node[key])) return fail(`${key} is no list`)
  return state as NodeState
}
