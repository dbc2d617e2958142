// LabApi: the one interface the screen knows. Types only; calls go up, facts come down. Cut by area, one promise a call.
import type { AdbArea, AdbLogFact, AdbState } from './api/adb.ts'
import type { AddressesArea, AddressesState } from './api/addresses.ts'
import type { ConnectArea, ConnectState } from './api/connect.ts'
import type { DeviceQuestion, DeviceRow, DevicesArea } from './api/devices.ts'
import type { DialectArea, DialectState } from './api/dialect.ts'
import type { FanoutRow } from './api/fanouts.ts'
import type { GatewaysArea } from './api/gateways.ts'
import type { CatalogueArea, JobRow, JobsArea, PackageRow, ProviderArea } from './api/jobs.ts'
import type { ModemArea, ModemState } from './api/modem.ts'
import type { PeerRow, PeersArea } from './api/peers.ts'
import type { ProxiesArea, ProxyRow } from './api/proxies.ts'
import type { ScenarioRun, ScenariosArea } from './api/scenarios.ts'
import type { SoftwareArea } from './api/software.ts'
import type { Held, HoldMode, StepperArea } from './api/stepper.ts'
import type { Seq, SessionRow, TraceArea, TracePage } from './api/trace.ts'
import type { TreeArea } from './api/tree.ts'
import type { Discovery } from './api/treeorders.ts'
import type { TrustArea, TrustState } from './api/trust.ts'
import type { WantsToTalk, WhyAnswer } from './api/why.ts'
import type { WifiArea, WifiState } from './api/wifi.ts'

export type * from './api/accounts.ts'
export type * from './api/adb.ts'
export type * from './api/addresses.ts'
export type * from './api/connect.ts'
export type * from './api/devices.ts'
export type * from './api/dialect.ts'
export type * from './api/fanouts.ts'
export type * from './api/gateways.ts'
export type * from './api/gatewayview.ts'
export type * from './api/jobs.ts'
export type * from './api/modem.ts'
export type * from './api/notify.ts'
export type * from './api/peers.ts'
export type * from './api/proxies.ts'
export type * from './api/scenarios.ts'
export type * from './api/software.ts'
export type * from './api/stepper.ts'
export type * from './api/trace.ts'
export type * from './api/tree.ts'
export type * from './api/treeorders.ts'
export type * from './api/treeshelf.ts'
export type * from './api/trust.ts'
export type * from './api/why.ts'
export type * from './api/wifi.ts'

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

export interface EvidenceArea {
  /** Reads a capture into this workspace: NDJSON of `dmlab export`, or one SyncML body as XML, WBXML or hex. Resolves with the new rows. */
  open(name: string, bytes: Uint8Array): Promise<{ readonly first: Seq; readonly last: Seq }>
  /** Why the credentials of a message were refused, from its bytes; `seq` may be the message or the answer that refused it. Rejects where it is neither. */
  why(seq: Seq): Promise<WhyAnswer>
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
