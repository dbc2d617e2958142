// Gateways as the window looks at them: evidence, comparison, storyboard, matrix, image cards. Types only; everything is derived from rows, relations and what a gateway of ours says.
import type { Seq } from './trace.ts'
import type { FanoutRow, ImageRow } from './fanouts.ts'

/** What the server knows of a device behind a gateway (S4 X.3). */
export interface RelationRow {
  readonly deviceId: string
  readonly gateway: string
  readonly gatewayAddress: string
  readonly localId: string
  readonly address: string
  readonly mode: 'transparent' | 'proxy' | 'adaptation'
  readonly attached: boolean
  readonly at: number
  /** How a notification reaches it: flow Y, Z or Z'; '' where it cannot. */
  readonly flow: '' | 'Y' | 'Z' | "Z'"
  readonly to: string
}

export type GatewayMode = RelationRow['mode']

/** A row of the trace that shows something. */
export interface Proof {
  readonly seq: Seq
  readonly at: number
  readonly text: string
}

/** Two of the three who know of a device do not say the same, or a rule of its mode was broken. */
export interface InventoryFinding {
  readonly severity: 'note' | 'warn' | 'error'
  readonly text: string
  /** Clause of S4; INFERRED where only our own rule says so. */
  readonly clause: string
  /** The row that shows it; 0 none. */
  readonly seq: Seq
}

/** A device's record in the gateway's Inventory MO. */
export interface GatewayRecordRow {
  readonly localId: string
  readonly deviceId: string
  readonly mode: GatewayMode
  readonly address: string
  readonly addressType: string
  /** gwmo table `record`: 10 discovered, 20 authenticated, 30 registered, 40 detached. */
  readonly state: number
  readonly lastSeen: number
  readonly protocol: string
  readonly devInfo: Readonly<Record<string, string>>
  /** Servers it reported to be bootstrapped to. */
  readonly servers: readonly string[]
  /** gwmo table `report`; 0 nothing was reported yet. */
  readonly reportState: number
}

/** A device as all three see it: the server's relation, the gateway's record, and the sessions that are there. */
export interface InventoryRow {
  readonly deviceId: string
  readonly gateway: string
  /** As the server has it, else as the gateway does. */
  readonly mode: GatewayMode | ''
  readonly server: RelationRow | null
  /** Null where the gateway has none, or cannot be asked here. */
  readonly record: GatewayRecordRow | null
  /** Begin of its last session with the gateway, and with the DM Server. */
  readonly withGateway: Proof | null
  readonly withServer: Proof | null
  /** What proves its mode, oldest first. */
  readonly proofs: readonly Proof[]
  readonly findings: readonly InventoryFinding[]
}

export interface Inventory {
  readonly gateway: string
  /** `own`: played here; `attached`: by an attached lab; `foreign`: its inventory cannot be seen, only what it told. */
  readonly reach: 'own' | 'attached' | 'foreign'
  readonly rows: readonly InventoryRow[]
  readonly store: { readonly used: number; readonly capacity: number } | null
}

/** A step of S4 7.2.1 for one device. */
export interface StoryStep {
  readonly label: 'M.1' | 'M.2' | 'M.3' | 'M.4'
  readonly title: string
  /** `left out`: optional, and it did not happen. */
  readonly state: 'done' | 'waiting' | 'left out' | 'failed'
  readonly proof: Proof | null
  readonly text: string
}

export interface BootstrapStory {
  readonly deviceId: string
  readonly gateway: string
  readonly steps: readonly StoryStep[]
}

/** A command of a fan-out on one device. */
export interface MatrixCell {
  readonly sent: boolean
  /** Null while no Status came. */
  readonly code: number | null
  /** Code of the late alert of an Exec answered 202; null while none came. */
  readonly late: number | null
}

export interface MatrixDevice {
  readonly deviceId: string
  readonly localId: string
  /** gwmo table `response`; 0 where the gateway cannot be asked. */
  readonly state: number
  readonly code: number
  readonly text: string
  readonly notifiedAt: number
  readonly endedAt: number
  /** One a command; null where nothing is known of it. */
  readonly cells: readonly (MatrixCell | null)[]
  readonly late: readonly { readonly type: string; readonly source: string; readonly code: number | null; readonly data: string }[]
  /** What its Gets brought; absent where nobody told. */
  readonly values?: readonly { readonly uri: string; readonly data: string }[]
}

/** A fan-out as device by command. */
export interface FanoutMatrix {
  readonly fanout: FanoutRow
  readonly commands: readonly { readonly label: string; readonly kind: string; readonly locUri: string }[]
  readonly devices: readonly MatrixDevice[]
  /** When the gateway began, and when it gives up what is still open; ms since epoch, 0 unknown. */
  readonly startedAt: number
  readonly endsAt: number
  readonly image: string
  /** `gateway`: from its own record; `alerts`: from what it told. */
  readonly source: 'gateway' | 'alerts'
}

/** An image at a gateway, with what the gateway itself says of it. */
export interface ImageCard extends ImageRow {
  /** `sha-256:…`; '' unknown. */
  readonly digest: string
  /** Whole life in seconds, for the ring; 0 unknown. */
  readonly life: number
  /** Who fetched it, oldest first. */
  readonly fetched: readonly { readonly device: string; readonly at: number }[]
  readonly source: 'gateway' | 'server'
}

/** What a gateway played here knows; what attached labs ask for. Rows are numbered as in its own trace. */
export interface GatewayInside {
  readonly id: string
  readonly records: readonly GatewayRecordRow[]
  /** Devices that are expected and have not come yet (M.1). */
  readonly expected: readonly string[]
  readonly store: { readonly used: number; readonly capacity: number }
  readonly jobs: readonly {
    readonly name: string
    readonly startedAt: number
    readonly endsAt: number
    readonly devices: readonly MatrixDevice[]
  }[]
  readonly images: readonly (Pick<ImageCard, 'imageId' | 'state' | 'url' | 'size' | 'expiresAt' | 'reason' | 'digest' | 'fetched'> & {
    readonly name: string
  })[]
}
