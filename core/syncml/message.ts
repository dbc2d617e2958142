// The typed SyncML message: the standard's words as TypeScript shapes. Source: OMA-TS-SyncML_RepPro-V1_2_2, OMA-TS-DM_RepPro-V1_2_1.
import type { Element, Range } from './element.ts'

/** How a frame is written: text XML or WAP Binary XML. */
export type Encoding = 'xml' | 'wbxml'

/** What a Data element holds: text, octets (WBXML OPAQUE that is not text), or nested elements (inline TNDS, DevInf). */
export type Data = string | Uint8Array | readonly Element[]

/**
 * Data that lies with the host as a file: a handle to disk, never the bytes. On an Item to be sent it stands in place of Data and is cut chunk by chunk;
 * on one that came it names what was spooled while its chunks came. The codec neither reads nor writes it.
 */
export interface Bulk {
  /** For people: a file's name. */
  readonly name: string
  /** Octets. */
  readonly size: number
  /** Lower-case hexadecimal; '' where not known. */
  readonly sha256: string
  /** Octets from `offset`, exactly `length` of them. Synchronous; throws an Error in words where they are not there any more. */
  read(offset: number, length: number): Uint8Array
}

/** A NextNonce as it came: the token kind decides whether it is surely base64 text (wbxml sheet 7 rule 8). */
export interface NonceText {
  readonly text: string
  /** True where it came as OPAQUE, so that it may be raw octets instead of base64 text; `octets` keeps them. */
  readonly octets?: Uint8Array
}

/** MetInf children of one Meta (META 1.2); absent means absent on the wire. Numbers are decimal on the wire. */
export interface Meta extends Partial<Range> {
  readonly fieldLevel?: boolean
  readonly format?: string
  readonly type?: string
  readonly mark?: string
  readonly size?: number
  readonly anchor?: { readonly last?: string; readonly next?: string }
  readonly version?: string
  readonly nextNonce?: NonceText
  readonly maxMsgSize?: number
  readonly maxObjSize?: number
  readonly emi?: readonly string[]
  /** Children no field above names, or whose value did not parse; kept as they came. */
  readonly other?: readonly Element[]
}

/** Target or Source: `locUri` trimmed of surrounding white space and trailing NUL. */
export interface Address extends Partial<Range> {
  readonly locUri: string
  readonly locName?: string
  readonly other?: readonly Element[]
}

export interface Cred extends Partial<Range> {
  readonly meta?: Meta
  readonly data: Data
}

export interface Chal extends Partial<Range> {
  readonly meta: Meta
}

export interface Item extends Partial<Range> {
  readonly target?: Address
  readonly source?: Address
  readonly sourceParent?: Address
  readonly targetParent?: Address
  readonly meta?: Meta
  readonly data?: Data
  /** In place of Data; see Bulk. */
  readonly bulk?: Bulk
  readonly moreData?: boolean
  readonly other?: readonly Element[]
}

interface CommandFields extends Partial<Range> {
  /** '' where the wire had none (a finding says so). */
  readonly cmdId: string
  readonly noResp?: boolean
  readonly cred?: Cred
  readonly meta?: Meta
  /** Children that do not belong here (for example `Cmd` in Windows Results); kept as they came. */
  readonly other?: readonly Element[]
}

/** Add, Replace, Delete, Get, Copy. `archive`, `sftDel`, `lang` are not used in DM but kept. */
export interface ItemCommand extends CommandFields {
  readonly kind: 'Add' | 'Replace' | 'Delete' | 'Get' | 'Copy'
  readonly items: readonly Item[]
  readonly archive?: boolean
  readonly sftDel?: boolean
  readonly lang?: string
}

export interface Exec extends CommandFields {
  readonly kind: 'Exec'
  readonly correlator?: string
  readonly items: readonly Item[]
}

/** `code` is the Alert's Data as a decimal number, NaN where it is none; `data` keeps the text. */
export interface Alert extends CommandFields {
  readonly kind: 'Alert'
  readonly code: number
  readonly data?: Data
  readonly correlator?: string
  readonly items: readonly Item[]
}

export interface Group extends CommandFields {
  readonly kind: 'Atomic' | 'Sequence'
  readonly commands: readonly Command[]
}

/** `code` is the Status' Data as a number, NaN where it is none. `cmdRef` '0' means the SyncHdr. */
export interface Status extends CommandFields {
  readonly kind: 'Status'
  readonly msgRef: string
  readonly cmdRef: string
  readonly cmd: string
  readonly targetRefs: readonly string[]
  readonly sourceRefs: readonly string[]
  readonly chal?: Chal
  readonly code: number
  readonly data?: Data
  readonly items: readonly Item[]
}

/** `msgRef` is '1' where the wire has none (SML). */
export interface Results extends CommandFields {
  readonly kind: 'Results'
  readonly msgRef: string
  readonly cmdRef: string
  readonly targetRef?: string
  readonly sourceRef?: string
  readonly items: readonly Item[]
}

/** A command that DM does not use (Put, Search, Sync, Map, Move) or that nobody knows; answered 406 or 400, kept whole. */
export interface OtherCommand extends CommandFields {
  readonly kind: 'Other'
  readonly name: string
  readonly element: Element
}

export type Command = ItemCommand | Exec | Alert | Group | Status | Results | OtherCommand

/** Commands that ask the receiver for something, and so are owed a Status. */
export type Request = ItemCommand | Exec | Alert | Group | OtherCommand

export interface SyncHdr extends Partial<Range> {
  readonly verDtd: string
  readonly verProto: string
  readonly sessionId: string
  readonly msgId: string
  readonly target: Address
  readonly source: Address
  readonly respUri?: string
  readonly noResp?: boolean
  readonly cred?: Cred
  readonly meta?: Meta
  readonly other?: readonly Element[]
}

/** One SyncML document. `final` is true where the body carries Final. */
export interface Message {
  readonly header: SyncHdr
  readonly commands: readonly Command[]
  readonly final: boolean
}
