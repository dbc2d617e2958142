// Who may do what on a node: inheritance and the node that decides. Only a completely empty ACL inherits (TND 7.7.1, dm-protocol 9.4).
import { grants, parseAcl, ROOT_ACL } from './acl.ts'
import type { Acl, AclCommand } from './acl.ts'
import { uriOf } from './node.ts'
import type { Node } from './node.ts'

/** Who decides about a right on a node, and how. */
export interface Decision {
  readonly allowed: boolean
  /** The node whose ACL decided: the node itself or its nearest ancestor with a value. */
  readonly node: Node
  readonly acl: Acl
}

const DEFAULT_ACL = parseAcl(ROOT_ACL) ?? new Map()

/** The ACL in force for a node and where it comes from (A2). */
export function effectiveAcl(node: Node): { readonly node: Node; readonly acl: Acl } {
  let at = node
  while (at.acl === null && at.parent !== null) at = at.parent
  return { node: at, acl: at.acl ?? DEFAULT_ACL }
}

/** Decides a right on this very node; Add is asked of the parent-to-be (A10). */
export function decide(node: Node, command: AclCommand, serverId: string): Decision {
  const source = effectiveAcl(node)
  return { allowed: grants(source.acl, command, serverId), node: source.node, acl: source.acl }
}

/** A4: a leaf's ACL is in the hands of whoever may Replace its parent; an interior node's also of whoever may Replace the node. */
export function mayChangeAcl(node: Node, serverId: string): boolean {
  if (node.children !== null && decide(node, 'Replace', serverId).allowed) return true
  return node.parent !== null && decide(node.parent, 'Replace', serverId).allowed
}

/** Answers "why 425?" in one sentence, naming the deciding node. */
export function explain(node: Node, command: AclCommand, serverId: string): string {
  const decision = decide(node, command, serverId)
  const where = decision.node === node ? 'its own ACL' : `the ACL of ${uriOf(decision.node)}, its nearest ancestor with a value,`
  const ids = decision.acl.get(command)
  const holders = ids === undefined ? 'nobody' : ids.includes('*') ? 'everybody' : ids.join(', ')
  return `${serverId} ${decision.allowed ? 'may' : 'may not'} ${command} ${uriOf(node)}: ${where} gives ${command} to ${holders}`
}
