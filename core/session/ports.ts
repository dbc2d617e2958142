// What a client session needs from the device it speaks for: something that performs commands on a management tree.
import type { Alert, Bulk, Item, ItemCommand, Request } from '../syncml/message.ts'

/** The server a command comes from: its ServerID decides ACLs. */
export interface Requester {
  readonly serverId: string
}

/** One Status to report for a command, or for one of its Items where their outcomes differ. */
export interface StatusPart {
  readonly code: number
  readonly targetRef?: string
  readonly sourceRef?: string
  readonly items?: readonly Item[]
}

/**
 * What a command gave. `statuses` has at least one entry; `results` are the Items of the Results command (none: no Results).
 * For Atomic and Sequence, `children` has one entry for each child in order.
 */
export interface Outcome {
  readonly statuses: readonly StatusPart[]
  readonly results?: readonly Item[]
  readonly children?: readonly Outcome[]
  /** What changed in the tree, for notes: `Replace ./DevDetail/Ext/x`. */
  readonly changes?: readonly string[]
}

/** A generic alert owed to the server, and how many milliseconds from now it falls due. */
export interface Owed {
  readonly alert: Alert
  readonly afterMs: number
}

/**
 * One command under way: it yields whatever question a person must answer (an `ask` effect of topic `interaction` carries it), or what an Exec
 * waits for, is resumed with the answer, null where nobody can be asked, and returns what came of it. Left where it stands it keeps what was done and takes back a half-done Atomic.
 */
export type Performance = Generator<unknown, Outcome, unknown>

/** Where the content of one large object goes while its chunks come, so that it is never held whole. */
export interface Spool {
  /** Octets of the content, base64 undone, in order. Throws an Error in words where there is no room for them (420). */
  append(octets: Uint8Array): void
  /** All came: what a command with it carries in place of Data. Throws as `append`. */
  close(): Bulk
  /** Nothing of it is wanted: nothing of it stays. Not called after `close`. */
  drop(): void
}

/** The device side of a session: performs one command at once and says what came of it. Never throws. */
export interface Performer {
  /** At once; where a person would have to be asked, nobody is there. */
  perform(request: Request, by: Requester): Outcome
  /** The same, standing still for people. Absent: this device asks nobody. */
  begin?(request: Request, by: Requester): Performance
  /**
   * Asked with the first chunk of a large object: where its content is to go; a Status code that refuses it at once; null where it is gathered in
   * memory. `size` as Meta Size says it. A command whose content was spooled carries it as `bulk` of its last Item, beside an empty `data`.
   */
  spool?(command: ItemCommand, item: Item, size: number, by: Requester): Spool | number | null
  /** Leaves of ./DevInfo as Package #1 sends them, in tree order. */
  devInfo(): readonly Item[]
  /** Generic alerts that came to be owed since the last call; taking them empties the list. */
  takeOwed?(): readonly Owed[]
  /** True where what must survive a restart moved since the last call. */
  takeMoved?(): boolean
  /** True where more is to be said in this package though nothing of it is known yet: the message leaves without Final, and the session stays open. */
  keepsOpen?(): boolean
}

/** Generic alerts a device owes its server. One stays owed until the server's Status for it came (dm-protocol 7.3). */
export interface Reports {
  /** Those that are due and have not left in this session. */
  due(): readonly { readonly id: number; readonly alert: Alert }[]
  left(id: number): void
  /** The package begins anew: nothing has left. */
  again(): void
  /** The server answered; with 401 or 407 the alert goes again, with credentials. */
  answered(id: number, code: number): void
}
