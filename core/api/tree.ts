// A device's tree as LabApi shows it: nodes, their rights, descriptions and history, as the recorded messages prove them. Types only.
import type { Encoding } from '../syncml/message.ts'
import type { Seq } from './trace.ts'
import type { Cart, CartPreview, CartRemark, DiscoverOptions, Discovery, OrderRow } from './treeorders.ts'
import type { SchemaRow, SnapshotRow, TreeDiff, TreeScript } from './treeshelf.ts'

/** Which tree: a device as it is known now, as it was known after row `after` of the trace, or a snapshot by its name. */
export type TreeRef = { readonly device: string; readonly after?: Seq } | { readonly snapshot: string }

/**
 * What the lab knows of a node. `never fetched`: it exists (a parent listed it, something below it was read) but its value or child list never came;
 * `stale`: read once, and since then older than the setting, or written, executed or alerted about so that the value may have moved; `gone`: deleted, 404, or no longer listed.
 */
export type NodeStatus = 'never fetched' | 'fetched' | 'stale' | 'gone'

/** One node as lists show it. */
export interface TreeNode {
  /** `./A/B`, segments escaped; '.' for the root. */
  readonly uri: string
  /** Decoded name; '' for the root. */
  readonly name: string
  readonly kind: 'interior' | 'leaf' | 'unknown'
  /** '' where not known. */
  readonly format: string
  readonly type: string
  /** Text (base64 where format is bin or b64), at most 4,096 characters in lists and 1,048,576 in `node`; null where never fetched or interior. `size` tells the whole. */
  readonly value: string | null
  /** Characters of the whole value text; 0 where there is none. */
  readonly size: number
  readonly status: NodeStatus
  /** Row the knowledge comes from, and its time; 0 where none. */
  readonly seq: Seq
  readonly at: number
  /** Children known; null where the child list was never fetched and none is known. */
  readonly children: number | null
  /** Changed by the row looked at (`after`, or the newest row that changed this tree). */
  readonly changed: boolean
}

/** A bounded answer: `more` further ones match. */
export interface TreeNodes {
  readonly nodes: readonly TreeNode[]
  readonly more: number
}

/** A page of a search: at most `count` (1,000) nodes found among at most 5,000 examined, so that a large tree never keeps anybody waiting. */
export interface TreeFound {
  readonly nodes: readonly TreeNode[]
  /** Nodes examined for this page. */
  readonly searched: number
  /** Where the next page goes on; '' where all was examined. */
  readonly next: string
}

/** A tree as a file. */
export interface TreeFile {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
  /** How many values were blanked or replaced; null: nothing was, the file holds secrets as they are. */
  readonly redacted: { readonly secrets: number; readonly identifiers: number } | null
}

/** Rights of one server on a node, and who decides. */
export interface TreeAcl {
  /** Own ACL as text; '' inherits; null never fetched. */
  readonly own: string | null
  /** ACL in force and the URI of the node it comes from. */
  readonly effective: string
  readonly from: string
  /** False where the own ACL of this node or of an ancestor below the deciding one was never fetched: then it is presumed to inherit. */
  readonly certain: boolean
  readonly server: string
  /** One a command: may the server, and the sentence that says why, naming the deciding node. Add is about adding children here. */
  readonly rights: readonly { readonly command: 'Add' | 'Delete' | 'Exec' | 'Get' | 'Replace'; readonly allowed: boolean; readonly why: string }[]
}

/** What a DDF says of a node. */
export interface TreeDescription {
  readonly schema: string
  readonly title: string
  readonly text: string
  readonly formats: readonly string[]
  readonly types: readonly string[]
  /** Commands its AccessType permits; empty: the DDF names none. */
  readonly access: readonly string[]
  /** `One`, `ZeroOrOne`, `ZeroOrMore`, `OneOrMore`, `ZeroOrN`, `OneOrN`; `most` null without bound. */
  readonly occurrence: string
  readonly most: number | null
  readonly permanent: boolean
  readonly defaultValue: string | null
  /** Names of children it describes; '<X>' where chosen at run time. */
  readonly children: readonly string[]
}

/** One thing that happened to a node: who wrote this, who read it, what was refused. */
export interface TreeHistory {
  readonly kind: 'read' | 'written' | 'deleted' | 'executed' | 'told' | 'refused'
  /** Row that proved it (Status, Results, the device's own message), and the row that carried the command with its CmdID. */
  readonly seq: Seq
  readonly at: number
  readonly commandSeq: Seq
  readonly command: string
  readonly cmdId: string
  /** Server that sent the command, or 'device'. */
  readonly by: string
  /** Status code; 0 where none belongs to it. */
  readonly code: number
  /** Property (`ACL`, `Title`, …) or 'value'. */
  readonly property: string
  /** What was read or written, at most 4,096 characters; null where nothing. */
  readonly value: string | null
}

/** Everything known of one node. */
export interface TreeNodeDetail {
  readonly node: TreeNode
  /** Properties ever fetched or written, by name (Title, TStamp, VerNo, Size, Name, Type, Format, ACL). */
  readonly properties: readonly { readonly name: string; readonly value: string; readonly seq: Seq; readonly at: number }[]
  readonly acl: TreeAcl
  readonly description: TreeDescription | null
  /** Newest first, at most 200. */
  readonly history: readonly TreeHistory[]
  readonly olderHistory: number
  /** The newest refusal and why: `425` names the deciding ancestor. */
  readonly refusal: { readonly code: number; readonly command: string; readonly seq: Seq; readonly why: string } | null
}

/** A message that changed what is known: one tick of the slider. */
export interface TreeTick {
  readonly seq: Seq
  readonly at: number
  readonly session: number
  readonly msgId: string
  /** At most 50 of the `total` URIs. */
  readonly uris: readonly string[]
  readonly total: number
}

export interface TreeOverview {
  readonly device: string
  readonly nodes: number
  readonly fetched: number
  readonly neverFetched: number
  readonly stale: number
  readonly gone: number
  /** Values known because the device sent them in ./DevInfo by itself. */
  readonly fromDevInfo: number
  /** Row of the newest change; 0 where nothing is known. */
  readonly seq: Seq
  readonly at: number
  /** After how many ms a value counts as stale. */
  readonly staleAfter: number
  readonly discovery: Discovery | null
}

/** Formats a tree is written in. CSV: one row a leaf. */
export type TreeFormat = 'tnds-xml' | 'tnds-wbxml' | 'csv'

/** The tree of a device as the lab sees it, event-sourced from the recorded messages. */
export interface TreeArea {
  overview(ref: TreeRef): Promise<TreeOverview>
  /** Children of a node in the order they became known, from index `first`, at most 1,000 a call. */
  children(ref: TreeRef, uri: string, first: number, count: number): Promise<TreeNodes>
  /** `server`: whose rights are told; '' the lab's own server id. */
  node(ref: TreeRef, uri: string, server: string): Promise<TreeNodeDetail>
  /** Nodes whose name, URI or value holds `text` (no case), in tree order, page by page; `from` is the `next` of the page before, '' or absent at first. */
  search(ref: TreeRef, text: string, count: number, from?: string): Promise<TreeFound>
  /** Messages of one session (0: of all sessions) that changed what is known, oldest first; at most the newest 5,000. */
  changes(device: string, session: number): Promise<readonly TreeTick[]>
  discover(device: string, options: DiscoverOptions): Promise<Discovery>
  /** The walk of this device, running or finished; null where there never was one. */
  discovery(device: string): Promise<Discovery | null>
  cancelDiscovery(device: string): Promise<Discovery | null>
  /** Remarks of the DDFs, the ACLs and the tree on planned commands. */
  check(device: string, cart: Cart): Promise<readonly CartRemark[]>
  preview(device: string, cart: Cart, encoding: Encoding): Promise<CartPreview>
  /** Queues the cart. `woken` tells whether a notification left; `note` says where to, or why not. */
  send(device: string, cart: Cart): Promise<{ readonly order: string; readonly woken: boolean; readonly note: string }>
  /** Newest first, at most 200. */
  orders(device: string): Promise<readonly OrderRow[]>
  order(id: string): Promise<OrderRow>
  snapshots(): Promise<readonly SnapshotRow[]>
  snapshot(ref: TreeRef, name: string): Promise<SnapshotRow>
  dropSnapshot(name: string): Promise<void>
  diff(a: TreeRef, b: TreeRef): Promise<TreeDiff>
  /** Commands that, applied to `a`, give `b`. */
  script(a: TreeRef, b: TreeRef, mode: 'atomic' | 'sequence'): Promise<TreeScript>
  /** Secrets and identifiers are replaced as in every export of evidence, unless `unredacted`. */
  export(ref: TreeRef, uri: string, format: TreeFormat, unredacted?: boolean): Promise<TreeFile>
  /** Reads a TNDS document (XML or WBXML) or a CSV of ours as a new snapshot. */
  import(name: string, bytes: Uint8Array): Promise<SnapshotRow>
  schemas(): Promise<readonly SchemaRow[]>
  addSchema(name: string, bytes: Uint8Array): Promise<SchemaRow>
  dropSchema(name: string): Promise<void>
}
