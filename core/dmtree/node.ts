// One node of a management tree: interior (children) or leaf (value), never both. Only Tree changes nodes.
import type { Acl } from './acl.ts'
import { formatUri } from './uri.ts'
import type { Format, Value } from './value.ts'

/** Commands a node's AccessType can permit (DDF, dm-protocol 9.7). */
export const ACCESS = ['Add', 'Copy', 'Delete', 'Exec', 'Get', 'Replace'] as const
export type Access = (typeof ACCESS)[number]

/** Who changed a node last. */
export interface Writer {
  /** Server identifier, or 'device' for what the device did itself. */
  readonly by: string
  /** Serial number of the change in its tree. */
  readonly serial: number
}

export interface Node {
  name: string
  parent: Node | null
  /** Place among its siblings: creation order in the tree. */
  order: number
  format: Format
  /** Null for a leaf. Insertion order is tree order. */
  children: Map<string, Node> | null
  /** Octets where format is bin, text otherwise; '' for interior nodes. */
  value: Value
  /** MIME type of a leaf; MO identifier of an interior node, '' where none. */
  type: string
  /** Own ACL; null inherits. */
  acl: Acl | null
  title: string
  /** `YYYYMMDDTHHMMSSZ`, '' while the device has no clock. */
  tstamp: string
  verNo: number
  /** Built in: cannot be deleted or renamed. */
  permanent: boolean
  /** Commands permitted whatever the ACL says; null permits all. */
  access: ReadonlySet<Access> | null
  /** How names of this node and below are compared; undefined inherits, CS at the root. */
  caseSense: 'CS' | 'CIS' | undefined
  writer: Writer
}

/** What a new node starts with; absent fields take the defaults (leaf chr text/plain, empty, dynamic, no own ACL). */
export interface NodeInit {
  readonly format?: Format
  readonly value?: Value
  readonly type?: string
  readonly acl?: Acl | null
  readonly title?: string
  readonly tstamp?: string
  readonly verNo?: number
  readonly permanent?: boolean
  readonly access?: ReadonlySet<Access> | null
  readonly caseSense?: 'CS' | 'CIS' | undefined
}

/** Names whose values never leave the device (STD: AAuthSecret, AAuthData have no Get; checklist 60). */
const SECRETS: ReadonlySet<string> = new Set(['AAuthSecret', 'AAuthData'])
const UNREADABLE: ReadonlySet<Access> = new Set(['Add', 'Delete', 'Replace'])

/** A node with what its init leaves open at the defaults; not yet in any tree. */
export function newNode(name: string, parent: Node | null, init: NodeInit, writer: Writer): Node {
  const format = init.format ?? 'chr'
  return {
    name,
    parent,
    order: writer.serial,
    format,
    children: format === 'node' ? new Map() : null,
    value: init.value ?? '',
    type: init.type ?? (format === 'node' ? '' : 'text/plain'),
    acl: init.acl ?? null,
    title: init.title ?? '',
    tstamp: init.tstamp ?? '',
    verNo: init.verNo ?? 0,
    permanent: init.permanent ?? false,
    access: init.access ?? (SECRETS.has(name) && format !== 'node' ? UNREADABLE : null),
    caseSense: init.caseSense,
    writer,
  }
}

/** Names from below the root down to the node. */
export function pathOf(node: Node): string[] {
  const path: string[] = []
  for (let at = node; at.parent !== null; at = at.parent) path.push(at.name)
  return path.reverse()
}

/** `./A/B`, `.` for the root. */
export function uriOf(node: Node): string {
  return formatUri(pathOf(node))
}

/** True where the node's AccessType permits the command. */
export function permits(node: Node, command: Access): boolean {
  return node.access === null || node.access.has(command)
}

/** The node and everything below it, parents first, in tree order. */
export function* walk(node: Node): Generator<Node> {
  yield node
  if (node.children !== null) for (const child of node.children.values()) yield* walk(child)
}

/** How the node's name is compared: CaseSense of itself or its nearest ancestor that has one, CS where none has. */
export function caseOf(node: Node): 'CS' | 'CIS' {
  let at: Node | null = node
  while (at !== null && at.caseSense === undefined) at = at.parent
  return at?.caseSense ?? 'CS'
}
