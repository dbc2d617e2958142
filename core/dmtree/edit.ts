// Add, Replace, Delete and Copy on a tree, with every check in the order a device makes them (dm-protocol 3.4, 5, 9.4).
// Exist (404, 418), AccessType and permanence (405), ACL (425), format and type (415), size (413, 420), then the change.
import type { Data } from '../syncml/message.ts'
import { trim } from '../syncml/text.ts'
import { parseAcl } from './acl.ts'
import { decide, explain, mayChangeAcl } from './rights.ts'
import type { AclCommand } from './acl.ts'
import { childOf } from './describe.ts'
import type { Described } from './describe.ts'
import { TreeError } from './error.ts'
import type { Access, Node, NodeInit } from './node.ts'
import { pathOf, permits, uriOf, walk } from './node.ts'
import type { Tree } from './tree.ts'
import { childUri } from './tree.ts'
import type { NodeUri, Property } from './uri.ts'
import { decodeSegment } from './uri.ts'
import type { Format } from './value.ts'
import { formatNamed, readValue, sizeOf } from './value.ts'

/** What an Item carries for a node: Meta Format and Type as on the wire, and its Data. */
export interface Content {
  readonly format?: string | undefined
  readonly type?: string | undefined
  readonly data?: Data | undefined
  /** True where `format` is that of a node of this tree, not of the wire: b64 stays b64. */
  readonly native?: boolean
}

/** Title property: at most this many bytes (TND 7.7.6). */
const TITLE_BYTES = 255

/** The node a URI names. Throws TreeError 404. */
export function existing(tree: Tree, uri: NodeUri): Node {
  const node = tree.find(uri.path)
  if (node === null) throw new TreeError(404, `${uri.text} does not exist`)
  return node
}

/** Throws TreeError 405 unless the AccessType permits, 425 unless the ACL grants. */
export function checkRight(node: Node, access: Access, right: AclCommand, serverId: string): void {
  if (!permits(node, access)) throw new TreeError(405, `AccessType of ${uriOf(node)} has no ${access}`)
  checkAcl(node, right, serverId)
}

function checkAcl(node: Node, right: AclCommand, serverId: string): void {
  if (!decide(node, right, serverId).allowed) throw new TreeError(425, explain(node, right, serverId))
}

/** What a server gets on its new interior node where it has no Replace on the parent (TND, dm-protocol 9.4 A5). */
export const CREATOR: readonly AclCommand[] = ['Add', 'Delete', 'Replace']

/** Adds one node; missing interior nodes on the way are made where `implicit` (REP, Add). `grants`: see CREATOR. */
export function addNode(tree: Tree, uri: NodeUri, content: Content, by: string, implicit: boolean, grants = CREATOR): Node {
  return addAt(tree, uri.path, (description) => newNode(content, description), by, implicit, grants)
}

/** As addNode, with the new node's fields made from what the schema says of it. */
export function addAt(
  tree: Tree,
  path: readonly string[],
  make: (description: Described | undefined) => NodeInit,
  by: string,
  implicit: boolean,
  grants = CREATOR,
): Node {
  const { node: nearest, depth } = tree.nearest(path)
  const missing = path.slice(depth)
  if (missing.length === 0) throw new TreeError(418, `${uriOf(nearest)} exists`)
  if (nearest.children === null) throw new TreeError(405, `${uriOf(nearest)} is a leaf and cannot have children`)
  if (missing.length > 1 && !implicit) throw new TreeError(404, `${childUri(nearest, missing.slice(0, 1))} does not exist`)
  const descriptions = describeNew(tree, nearest, missing)
  checkAcl(nearest, 'Add', by)
  const init = make(descriptions.at(-1))
  let parent = nearest
  missing.forEach((name, i) => {
    parent = addOne(tree, parent, name, i === missing.length - 1 ? init : { ...inherited(descriptions[i]), format: 'node' }, by, grants)
  })
  return parent
}

// The schema's word on each missing node; AccessType of a described node is its own, of an undescribed one its parent's.
function describeNew(tree: Tree, nearest: Node, missing: readonly string[]): (Described | undefined)[] {
  const found: (Described | undefined)[] = []
  let above = tree.describe(pathOf(nearest))
  let open = permits(nearest, 'Add')
  missing.forEach((name, i) => {
    const description = above === undefined ? undefined : childOf(above, name)
    const uri = childUri(nearest, missing.slice(0, i + 1))
    const implied = i < missing.length - 1
    if (description === undefined ? !open : !description.access.has('Add')) {
      throw new TreeError(405, `AccessType does not permit to add ${uri}`, 0, implied ? uri : undefined)
    }
    if (implied && description !== undefined && !description.formats.includes('node')) {
      throw new TreeError(405, `${uri} can only be a leaf`, 0, uri)
    }
    found.push(description)
    above = description
    open = description === undefined || description.access.has('Add')
  })
  return found
}

// Adds one child and gives it the ACL that A5 asks for: a server without Replace on the parent of its new interior node gets rights there.
function addOne(tree: Tree, parent: Node, name: string, init: NodeInit, by: string, grants: readonly AclCommand[]): Node {
  const node = tree.add(parent, name, init)
  if (node.children !== null && node.acl === null && !decide(parent, 'Replace', by).allowed) {
    tree.setAcl(node, new Map(grants.map((command) => [command, [by]])))
  }
  return node
}

/** What a description gives a node that is added under it. */
export function inherited(description: Described | undefined): NodeInit {
  if (description === undefined) return {}
  const { access, permanent, caseSense, ddfName, formats } = description
  return { access, permanent, caseSense, ...(formats.includes('node') ? { type: ddfName } : {}) }
}

function newNode(content: Content, description: Described | undefined): NodeInit {
  const wire = content.format === undefined ? undefined : formatNamed(content.format)
  const isNode = wire === 'node' || (wire === undefined && content.data === undefined && description?.formats.includes('node') === true)
  if (isNode) {
    if (description !== undefined && !description.formats.includes('node')) throw new TreeError(415, `format node is not permitted here`)
    if (content.data !== undefined && content.data.length > 0) throw new TreeError(415, 'an interior node has no Data')
    return { ...inherited(description), format: 'node', type: content.type ?? description?.ddfName ?? '' }
  }
  const { format, value } = readValue(content.data, content.format, description?.formats ?? (content.native === true && wire ? [wire] : null))
  return { ...inherited(description), format, value, type: checkedType(content.type, description) ?? 'text/plain' }
}

/** The type of a leaf: the wire's where it is permitted, else the description's first. Throws TreeError 415. */
export function checkedType(type: string | undefined, description: Described | undefined): string | undefined {
  const types = description?.types ?? []
  if (type === undefined) return types[0]
  if (types.length > 0 && !types.includes(type)) throw new TreeError(415, `type '${type}' is not permitted here; ${types.join(', ')} is`)
  return type
}

/** Replaces the value of an existing leaf. */
export function replaceNode(tree: Tree, uri: NodeUri, content: Content, by: string): Node {
  const node = existing(tree, uri)
  if (node.children !== null) throw new TreeError(405, `${uri.text} is an interior node and has no value`)
  checkRight(node, 'Replace', 'Replace', by)
  const description = tree.describe(pathOf(node))
  if (content.format !== undefined && formatNamed(content.format) === 'node') throw new TreeError(415, `${uri.text} is a leaf`)
  const { format, value } = readValue(content.data, content.format, wanted(node, description, content))
  tree.setValue(node, value, format, (content.type === undefined ? undefined : checkedType(content.type, description)) ?? node.type)
  return node
}

// Without a Format on the wire a leaf keeps its own; with one, an undescribed leaf may change its format.
function wanted(node: Node, description: Described | undefined, content: Content): readonly Format[] | null {
  if (description !== undefined) return description.formats
  if (content.native === true && content.format !== undefined) return [formatNamed(content.format)]
  return content.format === undefined || (content.format === 'b64' && node.format === 'b64') ? [node.format] : null
}

/** Replaces a property: ACL, Name (renames) or Title; 405 for the others (dm-protocol 9.3). */
export function replaceProperty(tree: Tree, uri: NodeUri, property: Property, text: string, by: string): Node {
  const node = existing(tree, uri)
  switch (property) {
    case 'ACL':
      return replaceAcl(tree, node, text, by)
    case 'Name': {
      if (node.parent === null || node.permanent) throw new TreeError(405, `${uri.text} is permanent and cannot be renamed`)
      checkRight(node, 'Replace', 'Replace', by)
      tree.rename(node, decodeSegment(trim(text)))
      return node
    }
    case 'Title':
      checkRight(node, 'Replace', 'Replace', by)
      if (sizeOf(text) > TITLE_BYTES) throw new TreeError(413, `Title of ${sizeOf(text)} bytes; ${TITLE_BYTES} are permitted`)
      tree.setTitle(node, text)
      return node
    case 'Format':
    case 'Size':
    case 'TStamp':
    case 'Type':
    case 'VerNo':
      throw new TreeError(405, `property ${property} is read-only`)
    default:
      return property satisfies never
  }
}

// A4 and A2: the root keeps Add=* (an attempt to change that gives 405).
function replaceAcl(tree: Tree, node: Node, text: string, by: string): Node {
  const acl = parseAcl(trim(text))
  if (node.parent === null && acl?.get('Add')?.includes('*') !== true) throw new TreeError(405, 'the root keeps Add=*')
  if (!mayChangeAcl(node, by)) throw new TreeError(425, explain(node.children === null ? (node.parent ?? node) : node, 'Replace', by))
  tree.setAcl(node, acl)
  return node
}

/** Deletes a node and all below. An account that goes takes its rights along (A8). */
export function deleteNode(tree: Tree, uri: NodeUri, by: string): void {
  const node = existing(tree, uri)
  if (node.parent === null) throw new TreeError(405, 'the root cannot be deleted')
  if (node.permanent) throw new TreeError(405, `${uri.text} is permanent`)
  checkRight(node, 'Delete', 'Delete', by)
  const lost = accountIds(node)
  tree.remove(node)
  if (lost.length === 0) return
  const left = new Set(accountIds(tree.root))
  for (const id of lost) if (!left.has(id)) tree.eraseServer(id)
}

/** ServerIDs of the accounts at or below a node: leaves `ServerID` beside `AppID` (STD, DMAcc). */
function accountIds(node: Node): string[] {
  const ids: string[] = []
  for (const each of walk(node)) {
    const id = each.children?.get('ServerID')
    if (id !== undefined && each.children?.has('AppID') === true && typeof id.value === 'string' && id.value !== '') ids.push(id.value)
  }
  return ids
}

/** Copies a leaf to a leaf (REP, Copy; A7). Interior nodes and targets that cannot be overwritten give 403. */
export function copyNode(tree: Tree, source: NodeUri, target: NodeUri, by: string, implicit: boolean): Node {
  const from = existing(tree, source)
  if (from.children !== null) throw new TreeError(403, `${source.text} is an interior node; Copy takes leaves`)
  if (!permits(from, 'Copy')) throw new TreeError(405, `AccessType of ${source.text} has no Copy`)
  checkRight(from, 'Get', 'Get', by)
  const content: Content = { format: from.format, type: from.type, data: from.value, native: true }
  const to = tree.find(target.path)
  if (to === null) return addNode(tree, target, content, by, implicit)
  if (to.children !== null) throw new TreeError(403, `${target.text} is an interior node; Copy takes leaves`)
  if (!permits(to, 'Replace')) throw new TreeError(403, `${target.text} cannot be overwritten`)
  return replaceNode(tree, target, content, by)
}
