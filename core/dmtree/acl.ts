// Access control lists: grammar, inheritance and the node that decides. Only a completely empty ACL inherits (TND 7.7.1, dm-protocol 9.4).
import { isXmlText } from '../syncml/text.ts'
import { TreeError } from './error.ts'
import type { Node } from './node.ts'
import { uriOf } from './node.ts'

export const ACL_COMMANDS = ['Add', 'Delete', 'Exec', 'Get', 'Replace'] as const
export type AclCommand = (typeof ACL_COMMANDS)[number]

/** Rights by command, in the order written; the identifier `*` stands for every server. Never holds an entry without ids. */
export type Acl = ReadonlyMap<AclCommand, readonly string[]>

/** The value the root has when nobody set one (A2). */
export const ROOT_ACL = 'Add=*&Get=*'

/**
 * Reads an ACL; '' gives null (inherit). A repeated command name is a union (A6), an entry without ids is dropped (A6).
 * Throws TreeError 400 with the character offset.
 */
export function parseAcl(text: string): Acl | null {
  const acl = new Map<AclCommand, string[]>()
  if (text === '') return null
  let at = 0
  for (const entry of text.split('&')) {
    const equals = entry.indexOf('=')
    if (equals < 0) throw new TreeError(400, `ACL: '=' is missing in '${entry}' at character ${at}`, at)
    const command = ACL_COMMANDS.find((known) => known === entry.slice(0, equals))
    if (command === undefined) throw new TreeError(400, `ACL: command '${entry.slice(0, equals)}' at character ${at} is not known`, at)
    const ids = acl.get(command) ?? []
    readIds(entry.slice(equals + 1), at + equals + 1, ids)
    if (ids.length > 0) acl.set(command, ids)
    at += entry.length + 1
  }
  return acl.size === 0 ? null : acl
}

function readIds(text: string, start: number, into: string[]): void {
  if (text === '') return
  let at = start
  for (const id of text.split('+')) {
    if (id === '') throw new TreeError(400, `ACL: empty server identifier at character ${at}`, at)
    const bad = id === '*' ? null : /[=&*+\s\u0000-\u001f\u007f]/.exec(id)
    if (!isXmlText(id)) throw new TreeError(400, `ACL: a server identifier at character ${at} holds what XML cannot carry`, at)
    if (bad) throw new TreeError(400, `ACL: '${bad[0]}' in a server identifier at character ${at + bad.index}`, at + bad.index)
    if (!into.includes(id)) into.push(id)
    at += id.length + 1
  }
}

/** Writes an ACL; null gives ''. */
export function formatAcl(acl: Acl | null): string {
  return acl === null ? '' : [...acl].map(([command, ids]) => `${command}=${ids.join('+')}`).join('&')
}

/** True where the ACL names the server or everybody for the command. */
export function grants(acl: Acl, command: AclCommand, serverId: string): boolean {
  const ids = acl.get(command)
  return ids !== undefined && (ids.includes('*') || ids.includes(serverId))
}

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

/** The ACL without a server (A8): entries left without ids disappear; null where nothing is left. */
export function withoutServer(acl: Acl, serverId: string): Acl | null {
  const left = new Map<AclCommand, readonly string[]>()
  for (const [command, ids] of acl) {
    const others = ids.filter((id) => id !== serverId)
    if (others.length > 0) left.set(command, others)
  }
  return left.size === 0 ? null : left
}
