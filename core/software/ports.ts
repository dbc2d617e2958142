// What the software of a simulated device needs from outside: somebody who downloads, an installer with real files, a person. Questions of `ask` effects and their answers;
// `restart` (the question is why, in words) has none: the device goes off and on again between sessions, its next life goes on with the order.

import type { Ask } from '../download/types.ts'
import type { Cause } from '../mo/cause.ts'

/**
 * A file on the device's disk, by its name in the package store; the bytes never pass a machine.
 * `sha256` lower-case hexadecimal.
 */
export interface StoredFile {
  readonly file: string
  readonly size: number
  readonly sha256: string
  readonly contentType: string
}

/** `ask` topic `download`: `room` is the device's free space, `url` its PkgURL. */
export type DownloadAsk = Ask

/** Answer to `download`. `status` is an OMA Download status (900, 901 …) whatever the mechanism; `cause` tells plain HTTP failures apart. */
export interface DownloadAnswer {
  readonly status: number
  readonly cause: Cause
  readonly httpStatus: number
  /** For people and the device's log. */
  readonly text: string
  /** Present with 900. */
  readonly file?: StoredFile
  /** installParam of a descriptor; '' none. */
  readonly installParam: string
  /** True where the descriptor carried a digest or the server one that was checked. */
  readonly digestChecked: boolean
}

/** Told while a transfer runs, as input `progress`. */
export interface DownloadProgress {
  readonly key: string
  readonly received: number
  /** Null where not known. */
  readonly total: number | null
}

/** One installed component as the installer sees it. */
export interface InstalledComponent {
  readonly id: string
  readonly version: string
  readonly name: string
  readonly description: string
  readonly envType: string
  /** PkgID of the package it came from; '' for one of the factory. */
  readonly pkgId: string
  readonly active: boolean
  /** `2026-11-21T10:00:00.000Z 2.1 <sha256> install`; '' never started. */
  readonly lastStart: string
}

/** `ask` topic `install`. All or nothing; a failure leaves what was installed before running. */
export interface InstallAsk {
  readonly key: string
  readonly file: StoredFile
  readonly pkgId: string
  readonly envType: string
  readonly installParams: string
  readonly active: boolean
  /** Device facts the package is checked against. */
  readonly man: string
  readonly mod: string
  readonly envTypes: readonly string[]
  /** scomo sheet 13. */
  readonly security: 'lab' | 'strict'
  readonly digestChecked: boolean
}

export interface InstallAnswer {
  /** SCOMO result code: 1200, 1404 to 1407, 1413, 1455 … */
  readonly code: number
  readonly text: string
  /** All components of the package as they stand afterwards; empty where it failed. */
  readonly components: readonly InstalledComponent[]
  /** True where the package's bytes are gone after a failure. */
  readonly dataGone: boolean
  /** Ids of weak points let through in `lab`: `no-digest`, `unsigned-package`, `no-version-check`. */
  readonly findings: readonly string[]
}

/** `ask` topics `activate`, `deactivate`, `uninstall` (a component) and `discard` (a package's bytes). */
export interface ComponentAsk {
  readonly key: string
  /** Component ID, or the file's name for `discard`. */
  readonly id: string
}

export interface ComponentAnswer {
  /** 1200, or 1408, 1409, 1410. */
  readonly code: number
  readonly text: string
  /** As it stands afterwards; null where it is gone or never was. */
  readonly component: InstalledComponent | null
}

/** `ask` topic `flash`: a firmware package is written; the device restarts in between. */
export interface FlashAsk {
  readonly key: string
  readonly file: StoredFile
  readonly man: string
  readonly mod: string
  readonly fwv: string
  /** Version the order's address tells (PkgVersion); a manifest's wins. '' not known. */
  readonly version: string
  readonly security: 'lab' | 'strict'
  readonly digestChecked: boolean
}

export interface FlashAnswer {
  /** FUMO result code: 200, 402 to 405, 410, 502. */
  readonly code: number
  readonly text: string
  /** Firmware version afterwards. */
  readonly fwv: string
  readonly dataGone: boolean
  readonly findings: readonly string[]
}

/** `ask` topic `consent`: the device's own question before a download or an installation. The answer is a UiAnswer; `postpone` puts it off by `againMs`. */
export interface ConsentAsk {
  readonly key: string
  readonly what: 'download' | 'install' | 'update'
  readonly text: string
  readonly waitMs: number
  readonly againMs: number
}

/** A file of the package store in the making. */
export interface FileSpool {
  /** Throws an Error in words where the disk is full. */
  append(octets: Uint8Array): void
  /** It is whole: it lies in the store under its name. Throws as `append`; nothing of it is left then. */
  close(): StoredFile
  /** Throws it away. */
  drop(): void
}

/** Takes what stands in a Data or PkgData leaf into the package store. */
export interface PackageStore {
  /** Whole content at once: what a committed large object held. Synchronous, since the command's Status depends on it; throws an Error in words where there is no room. */
  put(name: string, bytes: Uint8Array): StoredFile
  /**
   * The same for content that comes piece by piece, `size` octets at the most. Throws an Error in words where there is no room for so many. What is
   * neither closed nor dropped is gone after a restart. Absent: this store takes whole content alone.
   */
  spool?(name: string, size: number): FileSpool
  drop(name: string): void
  /** Bytes free under the device's quota. */
  room(): number
}

/** Who installs. Nothing here rejects: what goes wrong is an answer, and the same key again gives the same answer. */
export interface Works {
  install(ask: InstallAsk): Promise<InstallAnswer>
  activate(ask: ComponentAsk): Promise<ComponentAnswer>
  deactivate(ask: ComponentAsk): Promise<ComponentAnswer>
  uninstall(ask: ComponentAsk): Promise<ComponentAnswer>
  discard(ask: ComponentAsk): Promise<ComponentAnswer>
  flash(ask: FlashAsk): Promise<FlashAnswer>
  /** What came of the ask of that key whose answer a restart swallowed; null: it never began, or was taken back whole. Nothing is done anew. */
  outcome(key: string): Promise<InstallAnswer | ComponentAnswer | FlashAnswer | null>
}

/**
 * What a device's software is given by its host: who fetches, who installs, where packages lie. Nothing here rejects: what goes wrong is an answer.
 * Keys are unique on the device. The answers of `install` … `flash` are kept by key until the next but one restart.
 */
export interface SoftwareHost extends Works {
  readonly store: PackageStore
  download(ask: DownloadAsk, progress: (told: DownloadProgress) => void): Promise<DownloadAnswer>
  /** The device was switched on: active components start anew. What is installed now. */
  boot(): readonly InstalledComponent[]
  /** The device is switched off: transfers stop as at a power cut; what is durable stays. */
  off?(): Promise<void>
  /** A line of the device's own log; durable. */
  note(what: LogWhat, text: string): void
}

/** What a line of the device's own log is about. */
export type LogWhat = 'download' | 'deliver' | 'install' | 'activate' | 'start' | 'deactivate' | 'remove' | 'fail' | 'ask' | 'boot' | 'update'
