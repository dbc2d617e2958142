// What the DM Server must not forget: the ledger's records. Saved before the bytes that depend on them leave.
import type { Command } from '../syncml/message.ts'

/** Authentication types of SEC 8 that an account may ask for. */
export type AuthType = 'syncml:auth-basic' | 'syncml:auth-md5' | 'syncml:auth-MAC'

/** Credentials both ways. `device` null serves every device that has no account of its own (the account `lab`). */
export interface Account {
  readonly device: string | null
  /** Client to server (CLCRED). */
  readonly userName: string
  readonly password: string
  /** Server to client (SRVCRED); the server id is also the name in ACLs and notifications. */
  readonly serverId: string
  readonly serverPassword: string
  /** Type we challenge with; null accepts basic and md5 alike and challenges with md5. */
  readonly authType: AuthType | null
  readonly state: 'enrolled' | 'waiting' | 'refused'
  /** Adopted before its secrets were known: what it shows as Basic becomes its account, as with a device that enrols by itself. */
  readonly learns?: true
  /** How its secrets lie in the ledger; absent: as they are. */
  readonly kept?: 'sealed'
  /** Why its secrets cannot be read now: both are sealed texts then, and the account admits nobody. */
  readonly locked?: string
}

/** True where an account holds what its device would have to show. */
export function canEnrol({ userName, password }: Account): boolean {
  return userName !== '' && password !== ''
}

/** Nonces of one account, which is a device and a server id: `client` is the one we issued for its next credential, `server` the one it issued for ours. */
export interface Nonces {
  readonly device: string
  readonly serverId: string
  readonly client: Uint8Array | null
  readonly server: { readonly text: string; readonly octets: Uint8Array | null } | null
  /** Which reading of an ambiguous nonce worked for this peer (wbxml sheet 7 rule 8). */
  readonly reading: 'text' | 'raw' | null
}

/** Device as the server knows it; `devInfo` is the last ./DevInfo it sent, by URI. */
export interface DeviceRecord {
  readonly device: string
  readonly devInfo: Readonly<Record<string, string>>
  readonly firstAt: number
  readonly lastAt: number
}

/** One value read from or written to a device's tree, as last confirmed by it. */
export interface KnownValue {
  readonly device: string
  readonly uri: string
  readonly format: string
  readonly type: string
  /** Text of the value; base64 where format is bin or b64. */
  readonly data: string
  readonly at: number
}

/**
 * A batch of commands for one device, from queue to outcome. `sent` means it left and no status came yet;
 * after a lost session it becomes `unknown` and is never blindly sent again where it held an Exec.
 */
export interface Order {
  readonly id: string
  readonly device: string
  readonly createdAt: number
  readonly commands: readonly Command[]
  readonly state: 'queued' | 'sent' | 'done' | 'failed' | 'unknown'
  readonly sessionId: string
  readonly outcomes: readonly OrderOutcome[]
}

export interface OrderOutcome {
  /** Index into the order's commands. */
  readonly command: number
  readonly code: number
  readonly uri: string
  /** Text of the first Results Data, '' where none. */
  readonly data: string
  /** Format of that Data, where the device named one. */
  readonly format?: string
  /** Inside an Atomic or Sequence: the indices down to the child it is about; absent for the command itself. */
  readonly path?: readonly number[]
}

/** An alert a device raised, kept until whoever it concerns has seen it. */
export interface AlertRecord {
  readonly device: string
  readonly sessionId: string
  readonly msgId: string
  readonly at: number
  readonly code: number
  readonly correlator: string
  readonly items: readonly {
    readonly source: string
    /** Absent where the Item has none. */
    readonly target?: string
    readonly type: string
    readonly format: string
    readonly mark: string
    readonly data: string
  }[]
}

export type ServerRecord =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'nonces'; readonly nonces: Nonces }
  | { readonly kind: 'device'; readonly device: DeviceRecord }
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'values'; readonly values: readonly KnownValue[] }
  | { readonly kind: 'alert'; readonly alert: AlertRecord }

/** What the server reads back, synchronously, from whoever keeps the ledger. */
export interface ServerLedger {
  /** The account of this device and user: its own first, else the one for every device; undefined where none fits. */
  account(device: string, userName: string | undefined): Account | undefined
  nonces(device: string, serverId: string): Nonces | undefined
  device(device: string): DeviceRecord | undefined
  /** Orders of a device not yet done, oldest first. */
  orders(device: string): readonly Order[]
  value(device: string, uri: string): KnownValue | undefined
}
