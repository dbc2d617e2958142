// Remarks on planned commands before they are sent: what the DDFs, the ACLs and the tree say. Nothing is refused here: a lab must be able to send wrong things.
import type { CartRemark, QueuedCommand } from '../api.ts'
import { parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { parseUri } from '../dmtree/uri.ts'
import { valueProblem } from '../dmtree/value.ts'
import type { Described } from '../dmtree/describe.ts'
import { addressOf } from './facts.ts'
import type { Look } from './view.ts'
import { aclOf } from './view.ts'
import { versionAt } from './node.ts'

/** Where descriptions come from. */
export interface Describes {
  describe(path: readonly string[]): { readonly schema: string; readonly node: Described; readonly parent: Described | undefined } | null
  /** The DDF that describes the parent and knows no such child; '' where none does. */
  closed(path: readonly string[]): string
}

type Remark = Omit<CartRemark, 'command'>

/** Properties of nodes (TND 7.7). */
const PROPERTIES: ReadonlySet<string> = new Set(['ACL', 'Format', 'Name', 'Size', 'Title', 'TStamp', 'Type', 'VerNo'])

/** What an Atomic may hold (REP, Atomic). */
const IN_ATOMIC: ReadonlySet<string> = new Set(['Add', 'Copy', 'Delete', 'Replace'])

/** Remarks on commands in order; `server` is who sends them. */
export function check(
  commands: readonly QueuedCommand[],
  mode: 'single' | 'atomic' | 'sequence',
  look: Look,
  schemas: Describes,
  server: string,
): CartRemark[] {
  return commands.flatMap((command, i) => {
    const remarks: Remark[] =
      mode === 'atomic' && !IN_ATOMIC.has(command.kind)
        ? [{ rule: 'atomic', severity: 'warn', text: `an Atomic must not hold ${command.kind}; devices answer 500 (REP, Atomic)` }]
        : []
    const address = addressOf(command.locUri)
    const odd = troubleOf(() => parseUri(command.locUri))
    if (odd !== '') remarks.push({ rule: 'uri', severity: 'error', text: odd })
    if (address === null) return remarks.map((each) => ({ ...each, command: i }))
    remarks.push(
      ...byProperty(command, address),
      ...inTree(command, address, look),
      ...byAcl(command, address, look, server),
      ...byDdf(command, address, schemas),
    )
    return remarks.map((each) => ({ ...each, command: i }))
  })
}

/** What is thrown for a text that cannot be read, with its place; '' where it can. */
function troubleOf(read: () => unknown): string {
  try {
    read()
    return ''
  } catch (error) {
    if (error instanceof TreeError) return error.message
    throw error
  }
}

/** A property that no standard has, and an ACL that cannot be read (TND 7.7; dm-protocol 9.3, 9.4). */
function byProperty({ kind, locUri, data }: QueuedCommand, { property }: Address): Remark[] {
  if (property !== '' && !PROPERTIES.has(property))
    return [{ rule: 'uri', severity: 'warn', text: `${locUri}: there is no property ${property}; devices answer 406 (TND)` }]
  const odd = kind === 'Replace' && property === 'ACL' ? troubleOf(() => parseAcl(data ?? '')) : ''
  return odd === '' ? [] : [{ rule: 'acl', severity: 'error', text: `${locUri}: ${odd}` }]
}

type Address = NonNullable<ReturnType<typeof addressOf>>

function inTree({ kind, locUri }: QueuedCommand, { path, property, list }: Address, look: Look): Remark[] {
  const node = look.mirror.find(path)
  const there = node === undefined ? undefined : versionAt(node, look.at)
  const tree = (text: string): Remark[] => [{ rule: 'tree', severity: 'note', text }]
  if (kind === 'Add' && property === '' && there?.present === true) return tree(`${locUri} exists: 418 is to be expected`)
  if (kind !== 'Add' && kind !== 'Copy' && there?.present === false) return tree(`${locUri} is gone: 404 is to be expected`)
  if (kind === 'Replace' && property === '' && there?.format === 'node')
    return tree(`${locUri} is an interior node and has no value: 405 is to be expected, save for TNDS`)
  if (kind !== 'Get' && list !== '') return [{ rule: 'uri', severity: 'warn', text: `${kind} is not allowed on ?list=` }]
  if (kind !== 'Get' && kind !== 'Replace' && property !== '')
    return [{ rule: 'uri', severity: 'warn', text: `${kind} is not allowed on a property` }]
  return []
}

function byAcl({ kind, locUri }: QueuedCommand, { path, property }: Address, look: Look, server: string): Remark[] {
  const command = kind === 'Copy' ? 'Add' : kind
  // Add is asked of the parent; the ACL of a leaf is in the hands of whoever may Replace its parent (dm-protocol 9.4, A4, A10).
  const parent = command === 'Add' || (property === 'ACL' && look.mirror.find(path)?.children.size === 0)
  const { rights, certain } = aclOf(look, parent ? path.slice(0, -1) : path, server)
  const right = rights.find((each) => each.command === command)
  if (right === undefined || right.allowed) return []
  return [
    {
      rule: 'acl',
      severity: certain ? 'warn' : 'note',
      text: `425 is to be expected for ${locUri}: ${right.why}${certain ? '' : ' (not all ACLs on the way were fetched)'}`,
    },
  ]
}

function byDdf(command: QueuedCommand, { path, property }: Address, schemas: Describes): Remark[] {
  const found = schemas.describe(path)
  if (found === null) {
    const closed = schemas.closed(path)
    return closed === '' ? [] : [{ rule: 'ddf.unknown', severity: 'warn', text: `the DDF ${closed} has no node ${command.locUri}` }]
  }
  const { schema, node, parent } = found
  const remarks: Remark[] = []
  const say = (rule: CartRemark['rule'], text: string): void => {
    remarks.push({ rule, severity: 'warn', text: `the DDF ${schema}: ${text}` })
  }
  const wanted = command.kind === 'Copy' ? 'Add' : command.kind
  if (property === '' && node.access.size > 0 && !node.access.has(wanted))
    say('ddf.access', `AccessType of ${command.locUri} is ${[...node.access].join(', ')}, not ${wanted}`)
  if (node.permanent && property === '' && (command.kind === 'Delete' || command.kind === 'Add'))
    say('ddf.permanent', `${command.locUri} is permanent`)
  if (property === 'Name' && command.kind === 'Replace' && node.permanent)
    say('ddf.permanent', `${command.locUri} is permanent and cannot be renamed`)
  if (command.kind === 'Add' && node.occurrence.most !== Infinity && node.name === '' && node.occurrence.most > 1)
    say('ddf.occurrence', `at most ${node.occurrence.most} nodes may stand here`)
  if (command.kind === 'Delete' && node.occurrence.least === 1 && node.name !== '' && parent !== undefined)
    say('ddf.occurrence', `${command.locUri} must be there`)
  if ((command.kind === 'Add' || command.kind === 'Replace') && property === '' && !/dmtnds/.test(command.type ?? '')) byValue(command, node, say)
  return remarks
}

function byValue({ kind, locUri, format, type, data }: QueuedCommand, node: Described, say: (rule: CartRemark['rule'], text: string) => void): void {
  const bare = format === undefined && data === undefined && kind === 'Add'
  const plain = node.formats.includes('chr') || format !== undefined ? 'chr' : (node.formats[0] ?? 'chr')
  const wire = bare ? 'node' : (format ?? plain)
  const fits = node.formats.some((each) => each === wire || (each === 'bin' && wire === 'b64'))
  if (!fits) say('ddf.format', `${locUri} has format ${node.formats.join(' or ')}, not ${wire}`)
  if (type !== undefined && node.types.length > 0 && !node.types.includes(type))
    say('ddf.type', `${locUri} has type ${node.types.join(' or ')}, not ${type}`)
  const known = node.formats.find((each) => each === wire)
  const problem = known === undefined || known === 'node' || known === 'bin' || data === undefined ? null : valueProblem(known, data)
  if (problem !== null) say('ddf.value', `${locUri}: ${problem}`)
}
