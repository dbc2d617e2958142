// What a client session needs from the device it speaks for: something that performs commands on a management tree.
import type { Item, Request } from '../syncml/message.ts'

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

/** The device side of a session: performs one command at once and says what came of it. Never throws. */
export interface Performer {
  perform(request: Request, by: Requester): Outcome
  /** Leaves of ./DevInfo as Package #1 sends them, in tree order. */
  devInfo(): readonly Item[]
}
