// Answers about a mirror as area `tree` gives them: rows, details, search, counts. Values are cut here and say so; nothing is changed here.
import type { Seq, TreeAcl, TreeFound, TreeNode, TreeNodeDetail, TreeNodes, TreeOverview } from '../api.ts'
import { ACL_COMMANDS, formatAcl, parseAcl, ROOT_ACL } from '../dmtree/acl.ts'
import { decide, explain } from '../dmtree/rights.ts'
import { TreeError } from '../dmtree/error.ts'
import { newNode } from '../dmtree/node.ts'
import type { Node } from '../dmtree/node.ts'
import { encodeSegment } from '../dmtree/uri.ts'
import type { Mirror } from './mirror.ts'
import type { MirrorNode, Version } from './node.ts'
import { uriOf, versionAt } from './node.ts'

/** Characters of a value in lists, in histories, and in the detail. */
export const SHORT = 4096
const LONG = 1_048_576
/** Entries of a history one answer holds, and nodes of a list. */
const HISTORY = 200
const MOST_NODES = 1000

/** From where and when a mirror is looked at. */
export interface Look {
  readonly mirror: Mirror
  /** After this row; Infinity: now. */
  readonly at: Seq
  readonly now: number
  /** Values older than this (ms) are stale. */
  readonly staleAfter: number
}

/** One node as lists show it; null where nothing was known of it then. */
export function rowOf(look: Look, node: MirrorNode, uri: string, most = SHORT): TreeNode | null {
  const version = versionAt(node, look.at)
  if (version === undefined) return null
  const kind = version.format === 'node' ? 'interior' : version.format === '' ? 'unknown' : 'leaf'
  let known = 0
  for (const child of node.children.values()) if (versionAt(child, look.at)?.present === true) known += 1
  const status = statusOf(look, version)
  return {
    uri,
    name: node.name,
    kind,
    format: version.format,
    type: version.properties.get('Type')?.value ?? version.type,
    value: version.value === null ? null : version.value.slice(0, most),
    size: version.value?.length ?? 0,
    status,
    seq: version.source,
    at: version.at,
    children: kind === 'leaf' || (known === 0 && !version.listed) ? null : known,
    changed: version.changed === (look.at === Infinity ? look.mirror.seq : look.at) && version.changed > 0,
  }
}

function statusOf({ now, staleAfter, at }: Look, version: Version): TreeNode['status'] {
  if (!version.present) return 'gone'
  if (version.source === 0 || (version.format === 'node' && !version.listed)) return 'never fetched'
  // A moment of the past is shown as it was; age counts for the present only.
  return version.stale !== '' || (at === Infinity && now - version.at > staleAfter) ? 'stale' : 'fetched'
}

/** Children of a node from index `first`; null where the node is not known. */
export function childrenOf(look: Look, path: readonly string[], first: number, count: number): TreeNodes | null {
  const node = look.mirror.find(path)
  if (node === undefined) return null
  const base = uriOf(node)
  const nodes: TreeNode[] = []
  let seen = 0
  for (const child of node.children.values()) {
    if (versionAt(child, look.at) === undefined) continue
    seen += 1
    if (seen <= first || nodes.length >= Math.min(count, MOST_NODES)) continue
    const row = rowOf(look, child, `${base}/${child.segment}`)
    if (row !== null) nodes.push(row)
  }
  return { nodes, more: Math.max(0, seen - first - nodes.length) }
}

/** Visits every node known then, parents first, with its URI; stops where `visit` answers false. */
export function each(look: Look, visit: (node: MirrorNode, uri: string, version: Version) => void): void {
  const down = (node: MirrorNode, uri: string): void => {
    const version = versionAt(node, look.at)
    if (version !== undefined) visit(node, uri, version)
    for (const child of node.children.values()) down(child, `${uri}/${child.segment}`)
  }
  down(look.mirror.root, '.')
}

/** Nodes one page of a search examines at the most. */
const MOST_EXAMINED = 5000

/**
 * Nodes whose name, URI or value holds the text, whatever the case, in tree order: a page that goes on after the node `from` (the `next` of the page
 * before; [] and '' from the beginning). Nodes that came before it meanwhile are missed.
 */
export function searchIn(look: Look, text: string, count: number, from: readonly string[] | null = null): TreeFound {
  const wanted = text.toLowerCase()
  const most = Math.max(1, Math.min(count, MOST_NODES))
  const nodes: TreeNode[] = []
  let searched = 0
  let last = ''
  const full = (): boolean => nodes.length >= most || searched >= MOST_EXAMINED
  const examine = (node: MirrorNode, uri: string, lower: string): void => {
    const version = versionAt(node, look.at)
    searched += 1
    last = uri
    if (version === undefined) return
    if (!lower.includes(wanted) && !node.name.toLowerCase().includes(wanted) && version.value?.toLowerCase().includes(wanted) !== true) return
    const row = rowOf(look, node, uri)
    if (row !== null) nodes.push(row)
  }
  /** False where the page is full. `after`: the way down to the node examined last, null where all below is new. */
  const down = (node: MirrorNode, uri: string, lower: string, after: readonly string[] | null): boolean => {
    if (after === null) {
      if (full()) return false
      examine(node, uri, lower)
    }
    let passed = after === null || after.length === 0
    for (const [name, child] of node.children) {
      const known = !passed && name === after?.[0]
      if (!passed && !known) continue
      passed = true
      const below = known ? (after?.slice(1) ?? null) : null
      if (!down(child, `${uri}/${child.segment}`, `${lower}/${child.segment.toLowerCase()}`, below)) return false
    }
    return true
  }
  const done = down(look.mirror.root, '.', '.', from)
  return { nodes, searched, next: done ? '' : last }
}

/** How much is known. */
export function countsOf(look: Look): Omit<TreeOverview, 'device' | 'staleAfter' | 'discovery'> {
  const counts = { nodes: 0, fetched: 0, neverFetched: 0, stale: 0, gone: 0, fromDevInfo: 0 }
  each(look, (_node, _uri, version) => {
    const status = statusOf(look, version)
    counts.nodes += 1
    if (version.present && version.told) counts.fromDevInfo += 1
    counts[status === 'never fetched' ? 'neverFetched' : status] += 1
  })
  const ticks = look.mirror.ticks.filter((tick) => tick.seq <= look.at)
  const tick = ticks.at(-1)
  return { ...counts, seq: tick?.seq ?? 0, at: tick?.at ?? 0 }
}

/** Rights of a server on a node, by the ACLs known; an ACL never fetched is presumed to inherit. */
export function aclOf(look: Look, path: readonly string[], server: string): TreeAcl {
  let at: MirrorNode | undefined = look.mirror.root
  const known = [aclText(look, at)]
  let node = aclNode('', null, known[0] ?? null)
  for (const name of path) {
    at = at?.children.get(name)
    known.push(at === undefined ? null : aclText(look, at))
    node = aclNode(name, node, known.at(-1) ?? null)
  }
  const rights = ACL_COMMANDS.map((command) => ({ command, allowed: decide(node, command, server).allowed, why: explain(node, command, server) }))
  const decision = decide(node, 'Get', server)
  const depth = depthOf(decision.node)
  return {
    own: known.at(-1) ?? null,
    effective: formatAcl(decision.acl),
    from: depth === 0 ? '.' : `./${path.slice(0, depth).map(encodeSegment).join('/')}`,
    certain: known.slice(depth).every((text) => text !== null),
    server,
    rights,
  }
}

function aclText(look: Look, node: MirrorNode): string | null {
  return versionAt(node, look.at)?.properties.get('ACL')?.value ?? null
}

function aclNode(name: string, parent: Node | null, text: string | null): Node {
  // What a device answered and no parser accepts cannot decide; the root always has a value (dm-protocol 9.4, A2).
  const own = parsed(text ?? '') ?? (parent === null ? parseAcl(ROOT_ACL) : null)
  return newNode(name, parent, { format: 'node', acl: own }, { by: '', serial: 0 })
}

function parsed(text: string): ReturnType<typeof parseAcl> {
  try {
    return parseAcl(text)
  } catch (error) {
    if (error instanceof TreeError) return null
    throw error
  }
}

function depthOf(node: Node): number {
  let depth = 0
  for (let at = node; at.parent !== null; at = at.parent) depth += 1
  return depth
}

/** Everything known of a node but its description; null where nothing is known of it. */
export function detailOf(look: Look, path: readonly string[], server: string): Omit<TreeNodeDetail, 'description'> | null {
  const node = look.mirror.find(path)
  const version = node === undefined ? undefined : versionAt(node, look.at)
  const row = node === undefined ? null : rowOf(look, node, uriOf(node), LONG)
  if (node === undefined || version === undefined || row === null) return null
  const past = node.history.filter((entry) => entry.seq <= look.at)
  const refusal = past.findLast((entry) => entry.kind === 'refused' && entry.code >= 300)
  return {
    node: row,
    properties: [...version.properties].map(([name, known]) => ({ name, ...known })),
    acl: aclOf(look, path, server),
    history: past
      .slice(-HISTORY)
      .reverse()
      .map((entry) => ({ ...entry, value: entry.value?.slice(0, SHORT) ?? null })),
    olderHistory: Math.max(0, past.length - HISTORY),
    refusal:
      refusal === undefined
        ? null
        : {
            code: refusal.code,
            command: refusal.command,
            seq: refusal.commandSeq,
            why: whyRefused(look, path, refusal.command, refusal.code, refusal.by),
          },
  }
}

const RIGHTS: Readonly<Record<string, (typeof ACL_COMMANDS)[number]>> = {
  Add: 'Add',
  Delete: 'Delete',
  Exec: 'Exec',
  Get: 'Get',
  Replace: 'Replace',
  Copy: 'Replace',
}

/** Why a command was refused, as far as the lab can know. */
export function whyRefused(look: Look, path: readonly string[], command: string, code: number, server: string): string {
  const uri = path.length === 0 ? '.' : `./${path.map(encodeSegment).join('/')}`
  switch (code) {
    case 425: {
      const right = RIGHTS[command] ?? 'Get'
      const existing = look.mirror.find(path)
      const there = existing !== undefined && versionAt(existing, look.at)?.present === true
      const { rights, certain, from } = aclOf(look, right === 'Add' && !there ? path.slice(0, -1) : path, server)
      const found = rights.find((each) => each.command === right)
      if (found === undefined) return `425: ${server} lacks the right ${right}`
      const doubt = certain ? '' : ` (ACLs between ${from} and the node were never fetched: get ?prop=ACL to be sure)`
      return found.allowed
        ? `425: by the ACLs known here ${server} may ${right} ${uri}${doubt || '; the device knows another ACL'}`
        : `425: ${found.why}${doubt}`
    }
    case 404:
      return `404: the device has no ${uri}`
    case 405:
      return `405: the device does not permit ${command} on ${uri} (AccessType of its DDF, or the node is permanent)`
    case 418:
      return `418: ${uri} exists already`
    case 0:
      return 'the device sent no Status'
    case 215:
      return '215: not performed, because a command before it in the group failed'
    case 216:
      return '216: performed and rolled back, because another command of the Atomic failed'
    case 507:
      return '507: the Atomic failed; nothing of it stays'
    default:
      return code >= 300 ? `Status ${code}` : ''
  }
}
