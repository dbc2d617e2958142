// Two trees side by side: what differs by URI, and the commands that turn one into the other. What one side never fetched is counted, not guessed.
import type { QueuedCommand, TreeChange, TreeDiff } from '../api.ts'
import { grants, parseAcl, ROOT_ACL } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import type { Flat, FlatNode } from './flat.ts'

/** Changes one answer holds. */
export const MOST_CHANGES = 5000
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
  const rights = rightsIn(a, server)
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
      if (!rights(left.uri, 'Delete')) remarks.push(`425 is to be expected: ${server} may not Delete ${left.uri}`)
    }
  }
  const properties: QueuedCommand[] = []
  for (const right of b.values()) {
    const left = removed.has(right.uri) ? undefined : a.get(right.uri)
    if (left === undefined) added(right)
    else changed(left, right)
  }
  return { commands: [...commands, ...properties.reverse()], remarks }

  function added(right: FlatNode): void {
    const { uri, format, type, value, acl, title } = right
    if (right.path.length === 0) return
    const parent = parentOf(uri)
    const there = a.get(parent) !== undefined && !removed.has(parent)
    if (there && !rights(parent, 'Add')) remarks.push(`425 is to be expected: ${server} may not Add below ${parent}`)
    if (format === 'node' || (format === '' && hasChildren(b, uri)))
      commands.push({ kind: 'Add', locUri: uri, format: 'node', ...((type ?? '') === '' ? {} : { type: type ?? '' }) })
    else if (value === null) {
      remarks.push(`${uri} was never fetched: it is left out`)
      return
    } else commands.push({ kind: 'Add', locUri: uri, ...wireOf(right, value) })
    // Who lacks Replace on the parent is given rights on its new interior node; the wanted tree may not have them.
    const given = format === 'node' && there && !rights(parent, 'Replace')
    if ((acl ?? '') !== '' || given) property(uri, 'ACL', acl ?? '')
    if ((title ?? '') !== '') property(uri, 'Title', title ?? '')
  }

  function changed(left: FlatNode, right: FlatNode): void {
    for (const { name } of differences(left, right)) {
      if (name === 'ACL') property(right.uri, 'ACL', right.acl ?? '')
      else if (name === 'Title') property(right.uri, 'Title', right.title ?? '')
      else if (right.value !== null && commands.at(-1)?.locUri !== right.uri) {
        commands.push({ kind: 'Replace', locUri: right.uri, ...wireOf(right, right.value) })
        if (!rights(right.uri, 'Replace')) remarks.push(`425 is to be expected: ${server} may not Replace ${right.uri}`)
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

function hasChildren(flat: Flat, uri: string): boolean {
  for (const other of flat.keys()) if (other.startsWith(`${uri}/`)) return true
  return false
}

function parentOf(uri: string): string {
  return uri === '.' ? '' : uri.slice(0, uri.lastIndexOf('/'))
}

/** Rights of a server by the ACLs of a tree; an ACL never fetched is presumed to inherit. */
function rightsIn(flat: Flat, server: string): (uri: string, command: 'Add' | 'Delete' | 'Replace') => boolean {
  const fallback = parseAcl(ROOT_ACL)
  return (uri, command) => {
    for (let at = uri; at !== ''; at = parentOf(at)) {
      const acl = aclOf(flat.get(at)?.acl ?? '')
      if (acl !== null) return grants(acl, command, server)
    }
    return fallback !== null && grants(fallback, command, server)
  }
}

function aclOf(text: string): ReturnType<typeof parseAcl> {
  try {
    return parseAcl(text)
  } catch (error) {
    if (error instanceof TreeError) return null
    throw error
  }
}
