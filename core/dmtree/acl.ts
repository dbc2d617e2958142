// Access control lists: their grammar, and what one grants (TND 7.7.1, dm-protocol 9.4).
import { isXmlText } from '../syncml/text.ts'
import { TreeError } from './error.ts'

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

/** The ACL without a server (A8): entries left without ids disappear; null where nothing is left. */
export function withoutServer(acl: Acl, serverId: string): Acl | null {
  const left = new Map<AclCommand, readonly string[]>()
  for (const [command, ids] of acl) {
    const others = ids.filter((id) => id !== serverId)
    if (others.length > 0) left.set(command, others)
  }
  return left.size === 0 ? null : left
}
