// What the recorded messages say about a device's tree, one fact at a time. Facts are plain data; folding them in order gives the picture.
import type { Seq } from '../api.ts'

/** Who said so, and where it stands in the trace. */
export interface Source {
  /** Row that proves it: the Status, the Results, or the server's Status for what the device told. */
  readonly seq: Seq
  /** Wall time of that row, ms since epoch. */
  readonly at: number
  /** Session key of the trace; 0 where none. */
  readonly session: number
  readonly msgId: string
  /** Row that carried the command, its name and CmdID. For what the device told: its own message. */
  readonly commandSeq: Seq
  readonly command: string
  readonly cmdId: string
  /** Server that sent the command (LocName or LocURI of its SyncHdr), or 'device'. */
  readonly by: string
  /** Status code; 0 where none belongs to it. */
  readonly code: number
}

/** What a node is said to be; '' and undefined where nothing is said. */
export interface Content {
  readonly format: string
  readonly type: string
  /** Text; base64 where the format is bin or b64. */
  readonly value: string
}

/** One node of a TNDS document or a Struct list; `value` null where it was left out. */
export interface Planted {
  readonly path: readonly string[]
  readonly format: string
  readonly type: string
  readonly value: string | null
  readonly properties: readonly (readonly [name: string, value: string])[]
}

/** One fact. `path` holds decoded names below the root. */
export type Fact =
  /** Results of a Get: a leaf's value, or an interior node's child names (format node). `format` '' where Meta names none. */
  | { readonly op: 'read'; readonly path: readonly string[]; readonly content: Content }
  /** A node is there (Struct without data, 418 to an Add). */
  | { readonly op: 'present'; readonly path: readonly string[]; readonly format: string; readonly type: string }
  /** Add or Replace succeeded. `value` null: an interior node was added. */
  | {
      readonly op: 'written'
      readonly path: readonly string[]
      readonly add: boolean
      readonly format: string
      readonly type: string
      readonly value: string | null
    }
  /** A property was read or written. */
  | { readonly op: 'property'; readonly path: readonly string[]; readonly name: string; readonly value: string; readonly written: boolean }
  /** A sub-tree as a document says it. Read: what was read before and is missing now is gone. Written by Replace: what is missing is gone. By Add: nothing goes. */
  | { readonly op: 'document'; readonly path: readonly string[]; readonly how: 'read' | 'add' | 'replace'; readonly nodes: readonly Planted[] }
  | { readonly op: 'renamed'; readonly path: readonly string[]; readonly name: string }
  | { readonly op: 'copied'; readonly path: readonly string[]; readonly from: readonly string[] }
  | { readonly op: 'deleted'; readonly path: readonly string[] }
  /** 404: it is not there. */
  | { readonly op: 'missing'; readonly path: readonly string[] }
  /** Exec succeeded, an alert names the node, a roll-back failed, a value too long to be held was written: values here and below may have moved. */
  | { readonly op: 'moved'; readonly path: readonly string[]; readonly why: string; readonly kind: 'executed' | 'told' | 'refused' | 'written' }
  /** The device told a value by itself (./DevInfo in Package #1). */
  | { readonly op: 'told'; readonly path: readonly string[]; readonly content: Content }
  /** A command was refused; `property` '' where it was about the value. */
  | { readonly op: 'refused'; readonly path: readonly string[]; readonly property: string }

/** A fact and its source. */
export type TreeEvent = Fact & Source
