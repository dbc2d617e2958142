// One node of a mirror: its versions, each in force from a row on, and what can be asked of them.
import type { Seq, TreeHistory } from '../api.ts'
import { encodeSegment } from '../dmtree/uri.ts'

/** A property as last read or written. */
export interface Known {
  readonly value: string
  readonly seq: Seq
  readonly at: number
}

/** What was known of a node from row `seq` on. */
export interface Version {
  readonly seq: Seq
  /** False: gone (deleted, 404, no longer listed). */
  readonly present: boolean
  /** '' where not known; `node` for interior nodes. */
  readonly format: string
  readonly type: string
  /** Null where never fetched, and for interior nodes. */
  readonly value: string | null
  /** The child list was fetched, or the node was made by an Add. */
  readonly listed: boolean
  /** Row and time the value or the child list comes from; 0 where none does. */
  readonly source: Seq
  readonly at: number
  /** Server (or 'device') whose message brought or wrote the value. */
  readonly by: string
  /** Why the value may have moved since; '' where nothing says so. */
  readonly stale: string
  /** The device told it by itself. */
  readonly told: boolean
  readonly properties: ReadonlyMap<string, Known>
  /** Row that last changed anything but the age. */
  readonly changed: Seq
}

/** One node; it stays when the device deletes it, with a version that says so. */
export interface MirrorNode {
  readonly name: string
  /** The name as a URI segment. */
  readonly segment: string
  readonly parent: MirrorNode | null
  readonly versions: Version[]
  /** In the order they became known. */
  readonly children: Map<string, MirrorNode>
  readonly history: TreeHistory[]
}

const NO_PROPERTIES: ReadonlyMap<string, Known> = new Map()
/** A version that knows nothing. */
export const NOTHING: Version = {
  seq: 0,
  present: false,
  format: '',
  type: '',
  value: null,
  listed: false,
  source: 0,
  at: 0,
  by: '',
  stale: '',
  told: false,
  properties: NO_PROPERTIES,
  changed: 0,
}

/** The newest version of a node; one that says "not there" where it has none. */
export function latest(at: MirrorNode): Version {
  return at.versions[at.versions.length - 1] ?? NOTHING
}

/** The version in force after row `seq` (Infinity: now); undefined where nothing was known yet. */
export function versionAt(at: MirrorNode, seq: Seq): Version | undefined {
  const { versions } = at
  let low = 0
  let high = versions.length
  if (high > 0 && (versions[high - 1]?.seq ?? 0) <= seq) return versions[high - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((versions[middle]?.seq ?? 0) <= seq) low = middle + 1
    else high = middle
  }
  return versions[low - 1]
}

/** Names from below the root down to the node. */
export function pathOf(at: MirrorNode): string[] {
  const path: string[] = []
  for (let up = at; up.parent !== null; up = up.parent) path.push(up.name)
  return path.reverse()
}

/** `./A/B`, '.' for the root. */
export function uriOf(at: MirrorNode): string {
  let uri = ''
  for (let up = at; up.parent !== null; up = up.parent) uri = `/${up.segment}${uri}`
  return `.${uri}`
}

/** A new node, of which nothing is known. */
export function newMirrorNode(name: string, parent: MirrorNode | null): MirrorNode {
  return { name, segment: encodeSegment(name), parent, versions: [], children: new Map(), history: [] }
}
