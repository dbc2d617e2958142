// LabApi: the one interface the screen knows. Types only; calls go up, facts come down. Cut by area, one promise a call.
import type { Finding, Severity } from './syncml/finding.ts'
import type { Encoding } from './syncml/message.ts'
import type { Headers, Note } from './machine.ts'
import type { CatalogueArea, JobRow, JobsArea, PackageRow, ProviderArea } from './api/jobs.ts'
import type { AdbArea, AdbLogFact, AdbState } from './api/adb.ts'
import type { AddressesArea, AddressesState } from './api/addresses.ts'
import type { ConnectArea, ConnectState } from './api/connect.ts'
import type { TrustArea, TrustState } from './api/trust.ts'
import type { ModemArea, ModemState } from './api/modem.ts'
import type { WifiArea, WifiState } from './api/wifi.ts'
import type { DialectArea, DialectState } from './api/dialect.ts'
import type { ProxiesArea, ProxyRow } from './api/proxies.ts'
import type { EnrolDecision, ResetDone, ResetWish, WantsToTalk, WhyAnswer } from './api/why.ts'
import type { FanoutRow, GatewaysArea } from './api/gateways.ts'
import type { PeerRow, PeersArea } from './api/peers.ts'
import type { ScenarioRun, ScenariosArea } from './api/scenarios.ts'
import type { SoftwareArea } from './api/software.ts'

export type * from './api/adb.ts'
export type * from './api/addresses.ts'
export type * from './api/connect.ts'
export type * from './api/trust.ts'
export type * from './api/modem.ts'
export type * from './api/wifi.ts'
export type * from './api/dialect.ts'
export type * from './api/proxies.ts'
export type * from './api/why.ts'
export type * from './api/gateways.ts'
export type * from './api/gatewayview.ts'
export type * from './api/jobs.ts'
export type * from './api/peers.ts'
export type * from './api/scenarios.ts'
export type * from './api/software.ts'

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
  /** Lab that holds it, where that is an attached one. */
  readonly origin?: string
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
export type HoldMode = { readonly mode: 'off' } | { readonly mode: 'all' } | { readonly mode: 'session'; readonly session: number }

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
  readonly auth?: 'basic' | 'md5' | 'hmac'
  /** What kind of client it is, as `dmlab device --profile` names them; default `full`. */
  readonly profile?: string
  /** Alert 1201 or 1200. */
  readonly initiated?: 'client' | 'server'
  /** Wrong credentials on purpose, to watch the 401 dance. */
  readonly wrongPassword?: boolean
  /**
   * Who answers its questions (alerts 1100 to 1104, and its own before a download or an installation): a person in the window (default), or a rule;
   * `timeout` lets their time pass, `postpone` puts its own questions off once and then accepts.
   */
  readonly answers?: 'person' | 'accept' | 'reject' | 'cancel' | 'timeout' | 'postpone'
  /** Management objects for software it has besides the standard ones. */
  readonly mo?: readonly ('scomo' | 'fumo')[]
  /** Version of its SCOMO; default 1.0. With 1.1 it has `Reboot`. */
  readonly scomo?: '1.0' | '1.1'
  /** MaxObjSize it announces, octets; default what its kind of client names, 256 MiB with objects for software, else 1 MiB. */
  readonly maxObjSize?: number
}

/** A question a simulated device puts to the person in front of it (user interaction alerts 1100 to 1104). */
export interface DeviceQuestion {
  readonly id: string
  readonly device: string
  readonly kind: 'display' | 'confirm' | 'input' | 'choice' | 'choices'
  readonly text: string
  /** Numbered from 1 in answers. */
  readonly choices: readonly string[]
  /** Numbers of choices, '0' or '1' for a confirmation, or the initial text. */
  readonly preset: readonly string[]
  /** Most characters of an input; null: no limit. */
  readonly maxLength: number | null
  /** Form of an input: any text, number, date DDMMYYYY, time hhmmss, phone number, IPv4 address. */
  readonly form: 'A' | 'N' | 'D' | 'T' | 'P' | 'I'
  /** Typed like a password. */
  readonly secret: boolean
  /** Who asks: the server (an alert), or the device itself before a download or an installation; then it can be postponed. */
  readonly asker: 'server' | 'device'
  /** Milliseconds since 1970; at `until` the device reports that nobody answered. */
  readonly askedAt: number
  readonly until: number
}

/** `ok`: seen, or yes. `no`: only for a confirmation. `chosen`: numbers of the choices. */
export type DeviceAnswer =
  | { readonly act: 'ok' }
  | { readonly act: 'no' }
  | { readonly act: 'cancel' }
  /** Only for a question of the device itself: it asks again after a while. */
  | { readonly act: 'postpone' }
  | { readonly act: 'text'; readonly text: string }
  | { readonly act: 'chosen'; readonly numbers: readonly number[] }

/** A command the server shall send to a device, at its next session. Text form of the value. */
export interface QueuedCommand {
  readonly kind: 'Get' | 'Add' | 'Replace' | 'Delete' | 'Exec' | 'Copy'
  readonly locUri: string
  readonly source?: string
  readonly format?: string
  readonly type?: string
  readonly data?: string
}

/** A question the server shall put to the person in front of a device (alerts 1100 to 1104). `options` as written: `MAXDT=30&DR=2`. */
export interface QueuedQuestion {
  readonly kind: 'Ask'
  readonly code: 1100 | 1101 | 1102 | 1103 | 1104
  readonly text: string
  readonly choices?: readonly string[]
  readonly options?: string
}

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

/** A walk over a device's tree by queued Gets, breadth first. It survives sessions and restarts of the lab. */
export interface Discovery {
  readonly device: string
  readonly root: string
  /** Gets a second at the most. */
  readonly perSecond: number
  /** `waiting`: its next Gets are queued and the device has not come (or come back) yet. */
  readonly state: 'running' | 'waiting' | 'done' | 'cancelled'
  readonly startedAt: number
  /** Nodes asked, nodes that answered with a refusal, nodes known and not asked yet. */
  readonly asked: number
  readonly refused: number
  readonly left: number
  /** URI asked last. */
  readonly current: string
}

export interface DiscoverOptions {
  readonly root?: string
  /** Default 20. */
  readonly perSecond?: number
  /** Ask again what was fetched before; default false. */
  readonly again?: boolean
  /** Ask the ACL property of every node too; default false. */
  readonly acl?: boolean
}

/** Commands gathered by the screen. `single`: each one by itself. */
export interface Cart {
  readonly mode: 'single' | 'atomic' | 'sequence'
  readonly commands: readonly QueuedCommand[]
  readonly when: 'next session' | 'wake now'
}

/** A remark of the check before sending; nothing is ever refused for it. */
export interface CartRemark {
  /** Index into the cart's commands. */
  readonly command: number
  readonly rule:
    'ddf.unknown' | 'ddf.access' | 'ddf.format' | 'ddf.type' | 'ddf.value' | 'ddf.occurrence' | 'ddf.permanent' | 'acl' | 'atomic' | 'uri' | 'tree'
  readonly severity: Severity
  readonly text: string
}

/** The SyncML commands of a cart as they will be sent. CmdIDs are numbered from 1 here; in the session they continue its count. */
export interface CartPreview {
  readonly encoding: Encoding
  /** A whole message with these commands, as this encoding writes it. */
  readonly bytes: Uint8Array
  /** Where the commands begin and end in `bytes`. */
  readonly start: number
  readonly end: number
  /** The commands as XML text, whatever the encoding. */
  readonly xml: string
  readonly remarks: readonly CartRemark[]
}

/** What came of a cart or of any order. */
export interface OrderRow {
  readonly id: string
  readonly device: string
  readonly createdAt: number
  readonly mode: Cart['mode']
  readonly state: 'queued' | 'sent' | 'done' | 'failed' | 'unknown'
  readonly sessionId: string
  readonly commands: readonly {
    readonly kind: string
    readonly locUri: string
    /** Status code; 0 while none came. For Atomic and Sequence each command inside has its own. */
    readonly code: number
    readonly data: string
    /** 425, 404 …: why, in a sentence; '' where it went well or nothing is known. */
    readonly why: string
  }[]
  /** Status of the Atomic or Sequence itself; 0 where none came or there is none. */
  readonly code: number
}

export interface SnapshotRow {
  readonly name: string
  /** Device it was taken of; '' for an imported one. */
  readonly device: string
  readonly takenAt: number
  /** Row of the trace it stands for; 0 for an imported one. */
  readonly seq: Seq
  readonly nodes: number
  /** Nodes known to exist whose values were never fetched. */
  readonly unread: number
}

/** One URI that differs. */
export interface TreeChange {
  readonly uri: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What differs, for `changed`: `value`, `format`, `type`, `ACL`, `Title`. Long texts are cut to 4,096 characters. */
  readonly properties: readonly { readonly name: string; readonly a: string; readonly b: string }[]
}

export interface TreeDiff {
  /** In tree order; at most 5,000. */
  readonly changes: readonly TreeChange[]
  readonly more: number
  /** Nodes not compared because one side never fetched them. */
  readonly unknown: number
}

/** Commands that turn tree a into tree b, and what they cannot reach. */
export interface TreeScript {
  readonly cart: Cart
  readonly remarks: readonly string[]
}

/** A DDF the lab knows. */
export interface SchemaRow {
  readonly name: string
  readonly man: string
  readonly mod: string
  readonly nodes: number
  /** Top nodes with the path they stand at. */
  readonly tops: readonly string[]
  /** What was tolerated while reading. */
  readonly remarks: readonly string[]
  /** Why the file could not be read; '' where it could. */
  readonly error: string
  /** False for those that come with the lab (standard objects). */
  readonly own: boolean
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

/** What a Package #0 to a device shall say. Absent fields: version 11, background, by the server, an id nobody else has, the stored nonce. */
export interface NotifyOptions {
  /** `udp://host:port` or `http://host:port/path`. Absent: where the last push went, else port 2948 of the address the device spoke from last. */
  readonly to?: string
  /** Version times ten, ten bits. */
  readonly version?: number
  readonly uiMode?: 'not specified' | 'background' | 'informative' | 'user interaction'
  readonly initiator?: 'client' | 'server'
  /** 1 to 65535. */
  readonly sessionId?: number
  /** The 27 reserved bits; only to see what a device makes of them. */
  readonly future?: number
  /** Vendor-specific octets, base64. */
  readonly vendor?: string
  /** The end device behind the gateway this push goes to (X-Oma-GwMO). */
  readonly endDevice?: string
  /** Which nonce the digest rests on; `stored` is the default nonce (zeros) where the device gave none yet. */
  readonly nonce?: 'stored' | 'zeros' | 'text'
  /** A digest that is wrong on purpose. */
  readonly flaw?: 'password' | 'nonce' | 'digest'
  /** Where no session comes in time: sends it again with the default nonce in its two readings (NOTI 6.2). */
  readonly resync?: boolean
  /** How long to wait for the session, ms; then an event says that none came. Default 30,000. */
  readonly waitMs?: number
  /** False: only builds it; nothing leaves, nothing is recorded. */
  readonly send?: boolean
}

/** One field of a Package #0 on the bit ruler; `start` and `end` count bits from the first octet. */
export interface PushField {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly value: string
  /** Binary digits of fields up to 32 bits, '' for longer ones. */
  readonly bits: string
  readonly meaning: string
}

/** A notification that was built, and sent unless told otherwise. */
export interface NotifyResult {
  /** Its row; 0 where nothing was sent. */
  readonly seq: Seq
  /** SessionID in upper-case hexadecimal, as the device is to write it. */
  readonly sessionId: string
  readonly to: string
  /** Package #0, and the WSP push PDU around it. */
  readonly package0: Uint8Array
  readonly pdu: Uint8Array
  readonly fields: readonly PushField[]
}

/** A bootstrap for a device: an account with fresh secrets, as a profile, with its MAC. */
export interface BootstrapOptions {
  readonly device: string
  /** DM profile as TNDS to ./Inbox, DM profile as single Adds, or client provisioning. */
  readonly profile: 'dm' | 'dm-add' | 'cp'
  readonly security: 'NETWPIN' | 'USERPIN' | 'USERNETWPIN'
  /** Absent, where one is needed: a fresh one of six digits. */
  readonly pin?: string
  readonly imsi?: string
  /** Absent: this lab's DM port. */
  readonly serverUri?: string
  /** Absent: this lab's server id. */
  readonly serverId?: string
  /** Display name of the account. */
  readonly name?: string
  /** Absent: the device's id. */
  readonly userName?: string
  readonly auth?: 'basic' | 'md5' | 'hmac'
  /** Client provisioning only: its text form. */
  readonly encoding?: Encoding
  /** As for a notification; absent: nothing is sent. */
  readonly to?: string
}

/** A bootstrap that was built. Its secrets are told here and nowhere else; the lab keeps them in the device's account. */
export interface BootstrapResult {
  /** Its row; 0 where nothing was sent. */
  readonly seq: Seq
  readonly to: string
  readonly serverId: string
  readonly userName: string
  readonly password: string
  readonly serverPassword: string
  /** '' where the security needs none. */
  readonly pin: string
  readonly mac: string
  readonly contentType: string
  readonly document: Uint8Array
  /** The WSP push PDU around it: what `dmlab device --bootstrap` reads. */
  readonly pdu: Uint8Array
}

/** An account of a device; an account is a device and a server id. Its secrets and nonces are never told. */
export interface AccountRow {
  /** '' for the account that serves every device without one of its own. */
  readonly device: string
  readonly serverId: string
  readonly userName: string
  /** Authentication type the server asks for; `any`: what the device shows. */
  readonly auth: 'any' | 'basic' | 'md5' | 'hmac'
  readonly state: DeviceRow['state']
  /** How its secrets lie in the workspace. `locked`: sealed, and they cannot be opened here; the account admits nobody, `why` says why. */
  readonly secrets: 'plain' | 'sealed' | 'locked'
  readonly why: string
  /** What it holds. */
  readonly has: readonly ('password' | 'serverPassword' | 'clientNonce' | 'serverNonce')[]
}

/** What to change in an account; absent fields stay. It counts from the device's next session on. */
export interface AccountChange {
  /** Which account of the device; absent: its newest. One that is not there yet is made. */
  readonly serverId?: string
  readonly userName?: string
  readonly auth?: AccountRow['auth']
  readonly password?: string
  readonly serverPassword?: string
  /** The nonce for the device's next credential, and the one for the server's, base64; '' forgets it: the next session begins with a challenge. */
  readonly clientNonce?: string
  readonly serverNonce?: string
  readonly state?: 'enrolled' | 'refused'
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
  /** All questions open now, oldest first. */
  questions: { readonly open: readonly DeviceQuestion[] }
  /** What is known of a device's tree moved: at most 200 of the `total` URIs; `discovery` where it moved; ids of orders that moved. */
  tree: {
    readonly device: string
    readonly seq: Seq
    readonly uris: readonly string[]
    readonly total: number
    readonly discovery: Discovery | null
    readonly orders: readonly string[]
  }
  jobs: { readonly changed: readonly JobRow[] }
  catalogue: { readonly packages: readonly PackageRow[] }
  /** Fan-outs that moved; empty where relations or images did. */
  gateways: { readonly fanouts: readonly FanoutRow[] }
  /** What is known of a device's software moved. */
  software: { readonly device: string }
  /** A run moved: a step got its verdict, or it ended. */
  scenario: ScenarioRun
  /** Certificates or TLS settings moved. */
  trust: TrustState
  /** Addresses, or what a device is told, moved. */
  addresses: AddressesState
  /** Ports, modems or messages moved. */
  modem: ModemState
  /** Invitations, proofs of paths or mDNS moved. */
  wifi: WifiState
  /** Unknown devices that wait for a decision, the newest first. */
  wants: { readonly open: readonly WantsToTalk[] }
  proxies: { readonly proxies: readonly ProxyRow[] }
  /** The dialect file moved: another text is in force, or it has mistakes. */
  dialect: DialectState
  /** The adb server or a device behind it moved. */
  adb: AdbState
  /** New log lines of an Android device. */
  adblog: AdbLogFact
  /** A lab was attached, lost or detached, or rows of it came. */
  peers: { readonly peers: readonly PeerRow[] }
  /** A way to this lab opened, closed, or brought its first message. */
  connect: ConnectState
}

export type LabEventName = keyof LabEvents

export interface LabArea {
  /** When it answers, the rows that `last` counts stand in the workspace, for whoever reads it beside the lab. */
  state(): Promise<LabState>
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
  queue(device: string, commands: readonly (QueuedCommand | QueuedQuestion)[]): Promise<void>
  /** Questions of simulated devices that wait for a person, oldest first. */
  questions(): Promise<readonly DeviceQuestion[]>
  /** Rejects where the question is not open any more or the answer does not fit it. */
  answer(id: string, answer: DeviceAnswer): Promise<void>
  /** Builds a Package #0 with the device's account and nonce, sends it, records it, and waits for the session in the background. */
  notify(device: string, options: NotifyOptions): Promise<NotifyResult>
  /** Makes an account for a device, keeps it, and builds (and sends) the bootstrap message that carries it. */
  bootstrap(options: BootstrapOptions): Promise<BootstrapResult>
  /** The device's own accounts, oldest first, or the one for every device that serves it. */
  accounts(device: string): Promise<readonly AccountRow[]>
  /** Changes an account of the device, or makes it. Rejects in words; nothing is changed then. */
  setAccount(device: string, change: AccountChange): Promise<AccountRow>
  /** Unknown devices that nobody decided about, the newest first. */
  wants(): Promise<readonly WantsToTalk[]>
  /** Decides about such a device (also later, about one that was ignored). Rejects in words where there is nothing to decide. */
  decide(device: string, decision: EnrolDecision): Promise<void>
  /** Brings a device back to a known state after a failed run: nonces, orders, jobs, tree; a simulated one at once, a real one by an order at its next session. */
  reset(device: string, wish: ResetWish): Promise<ResetDone>
}
export interface EvidenceArea {
  /** Reads a capture into this workspace: NDJSON of `dmlab export`, or one SyncML body as XML, WBXML or hex. Resolves with the new rows. */
  open(name: string, bytes: Uint8Array): Promise<{ readonly first: Seq; readonly last: Seq }>
  /** Why the credentials of a message were refused, from its bytes; `seq` may be the message or the answer that refused it. Rejects where it is neither. */
  why(seq: Seq): Promise<WhyAnswer>
}

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

export interface LabApi {
  readonly lab: LabArea
  readonly trace: TraceArea
  readonly stepper: StepperArea
  readonly devices: DevicesArea
  readonly evidence: EvidenceArea
  readonly tree: TreeArea
  readonly jobs: JobsArea
  readonly catalogue: CatalogueArea
  readonly provider: ProviderArea
  readonly software: SoftwareArea
  readonly scenarios: ScenariosArea
  readonly gateways: GatewaysArea
  readonly trust: TrustArea
  readonly addresses: AddressesArea
  readonly modem: ModemArea
  readonly wifi: WifiArea
  readonly proxies: ProxiesArea
  readonly dialect: DialectArea
  readonly adb: AdbArea
  readonly connect: ConnectArea
  readonly peers: PeersArea
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
