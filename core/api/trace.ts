// The trace as LabApi shows it: rows, pages, frames and sessions, all derived from recorded bytes. Types only.
import type { Headers, Note } from '../machine.ts'
import type { Finding, Severity } from '../syncml/finding.ts'
import type { Encoding } from '../syncml/message.ts'

/** Sequence number of a trace row in its workspace: 1, 2, 3 … without gaps. */
export type Seq = number

/**
 * What a row is: a SyncML message; a transport exchange that was no SyncML message (refused type, oversize, parse error of HTTP);
 * a notification or bootstrap push; a connection event; a timer or session event; a note of a machine.
 */
export type RowKind = 'message' | 'http' | 'push' | 'connection' | 'event'

/** `up` is towards the DM Server, `down` is towards the device. */
export type Direction = 'up' | 'down'

/** Which leg: S-D server and device, S-G server and gateway, G-D gateway and end device. */
export type Hop = 'S-D' | 'S-G' | 'G-D'

/** What became of a row that met the stepper. */
export type HoldState = 'no' | 'held' | 'released' | 'edited' | 'dropped' | 'peer gone'

/** One row of the trace, as lists show it. Everything here is derived from the frame's bytes and its meeting with the socket. */
export interface TraceRow {
  readonly seq: Seq
  readonly kind: RowKind
  /** Wall clock at the socket, ms since epoch (fractions kept). */
  readonly at: number
  /** Monotonic clock at the socket, ms since the lab's start. */
  readonly mono: number
  readonly direction: Direction
  readonly hop: Hop
  /** Key of the session in this workspace (0 where it belongs to none); equal SessionIDs of two devices or two days differ here. */
  readonly session: number
  readonly sessionId: string
  readonly device: string
  readonly msgId: string
  /** `#1` … `#4`, `#0` for notifications, '' where unknown. */
  readonly package: string
  readonly encoding: Encoding | ''
  /** Body bytes. */
  readonly size: number
  /** Names of the commands in order, Status and Results apart (`Alert 1201`, `Replace`). */
  readonly commands: readonly string[]
  /** Status codes in order, SyncHdr first. */
  readonly statuses: readonly string[]
  /** First target URI, for the list's target column; '' where none. */
  readonly target: string
  readonly final: boolean
  /** HTTP status for a response row, 0 otherwise. */
  readonly httpStatus: number
  readonly findings: number
  readonly severity: Severity | ''
  readonly hold: HoldState
  /** For rows that are no message: one sentence. For a message that could not be read: the reason. */
  readonly text: string
  /** Lab that recorded it, where that was another one; absent on this lab's own rows. */
  readonly origin?: string
}

/** A page of rows as columns, transferable: numbers in typed arrays, strings interned in `strings` (index 0 is ''). See core/page.ts. */
export interface TracePage {
  readonly first: Seq
  readonly count: number
  readonly numbers: Float64Array
  readonly strings: readonly string[]
}

/** What one slice of a search found. */
export interface TraceFound {
  /** Numbers of the rows that pass, ascending. */
  readonly found: Float64Array
  /** All rows asked for up to this one have been examined; the search goes on behind it. */
  readonly through: Seq
}

/** Everything known of one row, bytes included. */
export interface FrameDetail {
  readonly row: TraceRow
  /** The body exactly as on the wire. */
  readonly bytes: Uint8Array
  /** Present where the stepper edited it: what had arrived (inbound) or what our machine had meant to send (outbound). */
  readonly original: Uint8Array | null
  /** Request line or status line as on the wire; '' where none. */
  readonly startLine: string
  readonly headers: Headers
  readonly local: string
  readonly remote: string
  /** Row that caused this one (the request of a response, the message a note is about). */
  readonly cause: Seq | null
  /** Lab that recorded it; traces of several labs merge by this. */
  readonly origin: string
  readonly findings: readonly Finding[]
  /** What the machines said while this frame was handled. */
  readonly notes: readonly Note[]
  readonly sha256: string
}

/** One DM session as the sessions tree shows it. */
export interface SessionRow {
  readonly session: number
  readonly device: string
  readonly server: string
  readonly sessionId: string
  readonly first: Seq
  readonly last: Seq
  readonly firstAt: number
  readonly lastAt: number
  readonly messages: number
  readonly findings: number
  readonly severity: Severity | ''
  readonly state: 'open' | 'completed' | 'failed' | 'aborted' | 'timed out'
  /** Why it ended, in words; '' while open or completed normally. */
  readonly reason: string
}

export interface TraceArea {
  /** At most `count` rows from `first` upwards (capped at 5,000 a call; the answer says how many it holds). */
  rows(first: Seq, count: number): Promise<TracePage>
  frame(seq: Seq): Promise<FrameDetail>
  /** Newest first. */
  sessions(): Promise<readonly SessionRow[]>
  /**
   * Rows of `first` to `first + count - 1` that pass a filter (core/filter). One call takes a slice of time: where `through` is less than the last row
   * asked for, ask again from `through + 1`; who stops asking has cancelled. Rejects with place and expectation where the expression cannot be read.
   */
  filter(expression: string, first: Seq, count: number): Promise<TraceFound>
  /** Sequence numbers of one session, in order. */
  session(session: number): Promise<Float64Array>
}
