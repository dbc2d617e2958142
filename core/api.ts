// LabApi: the one interface the screen knows. Types only; calls go up, facts come down. Cut by area, one promise a call.
import type { Finding, Severity } from './syncml/finding.ts'
import type { Encoding } from './syncml/message.ts'
import type { Headers, Note } from './machine.ts'

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
}

/** A page of rows as columns, transferable: numbers in typed arrays, strings interned in `strings` (index 0 is ''). See core/page.ts. */
export interface TracePage {
  readonly first: Seq
  readonly count: number
  readonly numbers: Float64Array
  readonly strings: readonly string[]
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

/** A message in the stepper's hands. It stays until somebody decides, also over restarts. */
export interface Held {
  readonly id: number
  readonly seq: Seq
  readonly at: number
  readonly direction: Direction
  readonly hop: Hop
  readonly device: string
  readonly sessionId: string
  readonly commands: readonly string[]
  readonly encoding: Encoding
  /** Why it was held: step mode, or the breakpoint's text. */
  readonly why: string
  /** False once the peer has left: it can still be read, kept as a draft, or dropped. */
  readonly peerWaits: boolean
}

/** What becomes of a held message. `bytes` replaces the body; the original is kept in the trace. */
export type Verdict =
  | { readonly act: 'continue' }
  /** Lets it go and holds the next message of the same session. */
  | { readonly act: 'step' }
  | { readonly act: 'edit'; readonly bytes: Uint8Array }
  /** Inbound: never shown to our machine. Outbound: never sent. Either way the peer gets an HTTP 503 with one line. */
  | { readonly act: 'drop' }

/** When messages are held. `all` holds every one; `session` only those of one session key; `off` lets all pass (what is held stays held). */
export type HoldMode =
  | { readonly mode: 'off' }
  | { readonly mode: 'all' }
  | { readonly mode: 'session'; readonly session: number }

export interface DeviceRow {
  readonly id: string
  readonly simulated: boolean
  readonly manufacturer: string
  readonly model: string
  /** Last proof of life: when its last message came; 0 = never. */
  readonly lastAt: number
  readonly sessions: number
  /** What its account permits: enrolled, waiting for a decision, refused. */
  readonly state: 'enrolled' | 'waiting' | 'refused'
  /** For a simulated device in this lab: what it does now. */
  readonly activity: string
}

/** A simulated device to start in this lab. It talks to the lab's own DM port over real HTTP. */
export interface SimulateOptions {
  readonly id?: string
  readonly encoding?: Encoding
  readonly auth?: 'basic' | 'md5'
  /** Alert 1201 or 1200. */
  readonly initiated?: 'client' | 'server'
  /** Wrong credentials on purpose, to watch the 401 dance. */
  readonly wrongPassword?: boolean
}

/** A command the server shall send to a device, at its next session. Text form of the value. */
export interface QueuedCommand {
  readonly kind: 'Get' | 'Add' | 'Replace' | 'Delete' | 'Exec' | 'Copy'
  readonly locUri: string
  readonly source?: string
  readonly format?: string
  readonly type?: string
  readonly data?: string
}

/** What the lab listens on and how it fares. */
export interface LabState {
  readonly name: string
  readonly workspace: string
  readonly dm: string
  readonly ui: string
  readonly startedAt: number
  readonly recording: boolean
  readonly hold: HoldMode
  readonly held: number
  readonly first: Seq
  readonly last: Seq
  readonly sessions: number
  readonly storeBytes: number
  /** Rows that subscribers were not sent live since the start; all of them are on disk. */
  readonly notShownLive: number
  /** What recovery did when the workspace was opened (torn tail cut, stale lock taken over); '' where nothing. */
  readonly recovery: string
  /** Number of lint rules in force. */
  readonly rules: number
}

/** Facts that come down. A subscriber that falls behind gets `trace` with `rows` null and reads pages itself. */
export interface LabEvents {
  /** Rows `first … last` exist now (or changed, for a hold state that moved). */
  trace: { readonly first: Seq; readonly last: Seq; readonly rows: TracePage | null }
  sessions: { readonly changed: readonly SessionRow[] }
  held: { readonly held: readonly Held[] }
  state: LabState
  devices: { readonly changed: readonly DeviceRow[] }
}

export type LabEventName = keyof LabEvents

export interface LabArea {
  state(): Promise<LabState>
}
export interface TraceArea {
  /** At most `count` rows from `first` upwards (capped at 5,000 a call; the answer says how many it holds). */
  rows(first: Seq, count: number): Promise<TracePage>
  frame(seq: Seq): Promise<FrameDetail>
  /** Newest first. */
  sessions(): Promise<readonly SessionRow[]>
  /** Sequence numbers of one session, in order. */
  session(session: number): Promise<Float64Array>
}
export interface StepperArea {
  held(): Promise<readonly Held[]>
  mode(mode: HoldMode): Promise<void>
  decide(id: number, verdict: Verdict): Promise<void>
}
export interface DevicesArea {
  list(): Promise<readonly DeviceRow[]>
  /** Starts a simulated device; resolves with its id when its session has begun. */
  simulate(options: SimulateOptions): Promise<{ readonly id: string }>
  /** Queues commands for the device's next session. */
  queue(device: string, commands: readonly QueuedCommand[]): Promise<void>
}
export interface EvidenceArea {
  /** Reads a capture into this workspace: NDJSON of `dmlab export`, or one SyncML body as XML, WBXML or hex. Resolves with the new rows. */
  open(name: string, bytes: Uint8Array): Promise<{ readonly first: Seq; readonly last: Seq }>
}

export interface LabApi {
  readonly lab: LabArea
  readonly trace: TraceArea
  readonly stepper: StepperArea
  readonly devices: DevicesArea
  readonly evidence: EvidenceArea
  /** Subscribes; returns what ends the subscription. */
  on<K extends LabEventName>(event: K, listener: (fact: LabEvents[K]) => void): () => void
}

/** Anything two ends can talk over: a MessagePort, a WebSocket, two arrays in a test. Messages are structured-clone values. */
export interface Channel {
  post(message: unknown): void
  /** One listener; calling again replaces it. */
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
  close(): void
}
