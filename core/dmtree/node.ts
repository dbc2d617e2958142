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
