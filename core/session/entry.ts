// What a session sends: entries on their way out, the message at hand, and what left in it. Types only.
import type { Wire } from '../syncml/codec.ts'
import type { Alert, Command, Message, Request, Results, Status, SyncHdr } from '../syncml/message.ts'

/** Something to send; CmdIDs are given when it is packed. `tag` says whose command it is when its Status comes. */
export type Entry =
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'results'; readonly results: Results }
  /** An Alert that belongs to the course of the session itself (1223, 1225); goes wherever answers may go. */
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'command'; readonly command: Request; readonly tag: number }

/** A command (or one inside a group) that left: how to recognise its Status. */
export interface SentCommand {
  readonly tag: number
  readonly cmdId: string
  readonly command: Command
  /** Empty for the command itself, else the indices down to a child of a group. */
  readonly path: readonly number[]
  /** `chunk`: 213 is due and more follows. `last`: the Status of the whole object is due. */
  readonly part: 'whole' | 'chunk' | 'last'
}

/** One message, ready to leave. */
export interface Packed {
  readonly bytes: Uint8Array
  /** True where reading the bytes would tell nothing that the message does not. */
  readonly plain: boolean
  readonly message: Message
  readonly sent: readonly SentCommand[]
  /** An object is in transit: the next message goes on with it. */
  readonly open: boolean
  /** Entries that can never leave, with the reason in words. */
  readonly dropped: readonly { readonly entry: Entry; readonly reason: string }[]
}

/** What the message at hand is like. */
export interface Packing {
  readonly header: SyncHdr
  readonly wire: Wire
  /** Peer's MaxMsgSize; undefined where it named none. */
  readonly maxMsgSize: number | undefined
  readonly maxObjSize: number | undefined
  readonly largeObjects: boolean
  /** Whether our own commands may go along; answers always may. */
  readonly commands: boolean
  /** Whether Final may stand in it where nothing is left open. */
  readonly final: boolean
  /** True once the header is as short as it gets (no Meta, no credentials): what does not fit now never will. */
  readonly settled: boolean
  /** Ask for the next message where there is nothing else to send but Status. */
  readonly ask: boolean
}
