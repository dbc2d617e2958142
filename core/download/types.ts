// What a download is asked, how it ends, and the record that survives a restart. Types only; the bytes of an object never pass the machine.
import type { Cause } from '../mo/cause.ts'
import type { Form } from './combined.ts'
import type { Descriptor } from './dd.ts'

/** What is to be fetched: `ask` topic `download` of a device's software. */
export interface Ask {
  /** Key of the transfer: asked again with the same key it goes on where it stopped. */
  readonly key: string
  /** URL of a package or of its descriptor; told by the answer's content type. */
  readonly url: string
  /** Content type the object must have; '' any. */
  readonly pkgType: string
  /** Free space, bytes. */
  readonly room: number
  /** Drop what an earlier transfer of this key left. */
  readonly anew: boolean
}

/** An object that is complete: where the host keeps it, its size in bytes, its SHA-256 in lower-case hexadecimal. */
export interface Stored {
  readonly file: string
  readonly size: number
  readonly sha256: string
  readonly contentType: string
}

/** How a download ended. `status` is one of REPORTS (download sheet 3.3). */
export interface Answer {
  readonly status: number
  readonly cause: Cause
  /** Of the answer that decided; 0 where none came. */
  readonly httpStatus: number
  readonly text: string
  /** With 900: the first object. */
  readonly file?: Stored
  /** With 900: all objects of a descriptor 2.0, in order. */
  readonly files?: readonly Stored[]
  readonly installParam: string
  /** True where a digest was told (by descriptor or server) and fits. */
  readonly digestChecked: boolean
  /** False where a report was demanded and nobody took it (download sheet 3.2: kept, but flagged). */
  readonly reported: boolean
  /** nextURL of the descriptor: recorded, never opened. */
  readonly nextUrl: string
}

/** Status codes of the report with their texts (download sheet 3.3). 904 is not among them. */
export const REPORTS: Readonly<Record<number, string>> = {
  900: 'Success',
  901: 'Insufficient memory',
  902: 'User Cancelled',
  903: 'Loss of Service',
  905: 'Attribute mismatch',
  906: 'Invalid descriptor',
  951: 'Invalid DDVersion',
  952: 'Device Aborted',
  953: 'Non-Acceptable Content',
  954: 'Loader Error',
}

/** Who stopped a transfer: `user` waits for the user (H9), `cancel` ends it, the others wait for the end of their cause. */
export type Stop = 'user' | 'cancel' | 'memory' | 'battery' | 'call'

/** A body that holds descriptor and object. */
export interface Combined {
  readonly form: Form
  /** Media type of the whole. */
  readonly type: string
  /** Where the object begins in it. */
  readonly at: number
  /** Bytes of the whole; null where not told. */
  readonly length: number | null
}

/** Everything a transfer needs after a restart (H1). JSON. */
export interface TransferRecord {
  readonly key: string
  readonly url: string
  readonly pkgType: string
  /** open: nothing known yet; object: bytes are being fetched; report: only the report is left; over: ended, `answer` says how. */
  readonly step: 'open' | 'object' | 'report' | 'over'
  readonly descriptor: Descriptor | null
  /** Where the descriptor came from, after redirects; relative addresses in it count from there. '' none. */
  readonly base: string
  /** Index of the object in the descriptor, and of the server it comes from. */
  readonly object: number
  readonly server: number
  /** Strong validators of what lies on the disk; '' none. */
  readonly etag: string
  readonly lastModified: string
  /** Expected size of the object; null where not known. */
  readonly total: number | null
  readonly received: number
  readonly contentType: string
  /** Digest told for the object, lower-case hexadecimal; '' none. */
  readonly sha256: string
  /** How often it began again at 0. */
  readonly restarts: number
  readonly paused: Stop | null
  /** The object comes in one body with its descriptor; absent or null: in one of its own. */
  readonly combined?: Combined | null
  readonly files: readonly Stored[]
  readonly digestChecked: boolean
  readonly answer: Answer | null
  /** Reports that failed so far. */
  readonly reports: number
}
