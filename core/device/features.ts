// What a simulated device can do and what its nodes do when executed: the knobs of the performer, as types and one full set.
import type { AclCommand } from '../dmtree/acl.ts'
import type { Described } from '../dmtree/describe.ts'
import { CREATOR } from '../dmtree/edit.ts'
import type { Placing } from '../dmtree/graft.ts'
import type { Node } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import { PROPERTIES } from '../dmtree/uri.ts'
import type { NodeUri, Property, UriLimits } from '../dmtree/uri.ts'
import type { Spool } from '../session/ports.ts'
import type { Bulk } from '../syncml/message.ts'
import type { User } from './interaction.ts'

/** What a device supports; a lean device says false and answers 406 (415 for TNDS payloads). */
export interface Features {
  readonly copy: boolean
  readonly exec: boolean
  readonly atomic: boolean
  readonly lists: ReadonlySet<'Struct' | 'StructData' | 'TNDS'>
  readonly tnds: boolean
  /** UI alerts that can be shown; others give 406. */
  readonly alerts: ReadonlySet<number>
  readonly properties: ReadonlySet<Property>
  /** Missing interior nodes are made on an Add; otherwise 404. */
  readonly implicitAdd: boolean
  /** Rights of a server on an interior node it added where it may not change the parent. */
  readonly grants: readonly AclCommand[]
  /** A fault for tests of servers: the device cannot take back a failed Atomic and answers 516. */
  readonly rollbackFails: boolean
}

export const FULL: Features = {
  copy: true,
  exec: true,
  atomic: true,
  lists: new Set(['Struct', 'StructData', 'TNDS']),
  tnds: true,
  alerts: new Set([1100, 1101, 1102, 1103, 1104]),
  properties: new Set(PROPERTIES),
  implicitAdd: true,
  grants: CREATOR,
  rollbackFails: false,
}

/** One Exec as its node sees it. */
export interface ExecCall {
  readonly node: Node
  readonly uri: string
  readonly data: string
  readonly correlator: string
  readonly serverId: string
}

/** What an Exec gave: a status and, for a job that runs on (202), the generic alert that reports its end. */
export interface ExecResult {
  readonly code: number
  readonly later?: LaterAlert
}

/** A generic alert (1226) owed to the server; `source` is the URI it is about (PRO 2.3.7). */
export interface LaterAlert {
  readonly source: string
  readonly type: string
  readonly format: string
  readonly data: string
  readonly mark?: string
  /** How long the job runs, milliseconds; 0 where absent. */
  readonly afterMs?: number
}

/** What happens when a node is executed; may change the tree (inside the command's transaction). */
export type ExecHook = (call: ExecCall, tree: Tree) => ExecResult

/** An Exec whose end may be near: the Status waits for it, at most `waitMs`. */
export interface Pending {
  /** Name of what is waited for, on this device. */
  readonly pending: string
  readonly waitMs: number
  /** Generic alerts that come to be owed meanwhile leave with the Status. */
  readonly collects?: boolean
  /** The Status, once the code is known; null: it takes longer, or nobody can wait. Called once, unless `left` is. */
  readonly code: (code: number | null) => number
  /** The session is gone: nobody waits any more. */
  readonly left: () => void
}

export function isPending(what: unknown): what is Pending {
  return typeof what === 'object' && what !== null && 'pending' in what
}

/** A part of the device that owns sub-trees: sees each command on the tree inside its transaction, and may answer Execs of nodes made at run time. */
export interface TreePart {
  /**
   * One Item of a command, or a Copy's target. `perform` does it and throws TreeError where it may not be done (`as` Replace: an Add that is taken
   * as a first write). Whatever is thrown here takes the Item back. `bulk`: what a spool of its own closed with; the value itself is empty then.
   */
  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, serverId: string, perform: (as?: 'Replace') => void, bulk?: Bulk): void
  /** The first chunk of a large object for this node came; asked before `spool`. */
  begins?(uri: NodeUri): void
  /**
   * Where the content of a large object of `octets` goes while it comes; undefined where this leaf is none that the part keeps as a file. `allowed`
   * throws TreeError where the command would be refused; it is asked before anything is kept. Throws TreeError likewise (403, 420).
   */
  spool?(uri: NodeUri, octets: number, allowed: () => void): Spool | undefined
  /** Rights are checked already. Undefined: none of its nodes. A code from 300 to 999 takes back what the call changed. */
  exec(call: ExecCall): ExecResult | Pending | undefined
  /** A person said yes to a confirmation (Alert 1101) of that server. */
  confirmed(serverId: string): void
  /** The command is over, with all its children. */
  settled(): void
  /** True where something that must survive moved since this was asked last. */
  takeMoved(): boolean
  /** True where the session is to stay open although nothing is left to say: a message without Final. */
  keepsOpen?(): boolean
}

/** What a device has besides the standard objects. */
export interface DevicePart extends TreePart {
  /** What may be in the tree. */
  readonly objects: readonly Described[]
  /** Children of the root that it makes again from what it keeps itself; they are not in the device's state. */
  readonly apart?: readonly string[]
  /** The tree it lives in, new or restored; puts in what is missing there. */
  enter(tree: Tree): void
  /** What it keeps besides the tree; JSON. */
  state(): unknown
}

export interface PerformerOptions {
  readonly tree: Tree
  readonly features?: Partial<Features>
  /** Limits of ./DevDetail/URI, asked at each command. */
  readonly limits?: () => UriLimits
  /** By node URI (`./A/B`). A node with AccessType Exec and no hook answers 406. */
  readonly execs?: ReadonlyMap<string, ExecHook>
  /** Who answers UI alerts at once. */
  readonly user?: User
  /** A person is there who can be asked (`begin` yields the question). Without that and without a user UI alerts give 406. */
  readonly people?: boolean
  /** Where ./Inbox puts managed objects. */
  readonly placings?: readonly Placing[]
  readonly part?: TreePart
}
