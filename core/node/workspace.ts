// A workspace folder: one process owns it, others read beside it. Opening mends what a crash left and says so.
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as zlib from 'node:zlib'
import { Ledger } from '../store/ledger.ts'
import type { Db } from '../store/ports.ts'
import { migrate, VERSION, versionOf } from '../store/schema.ts'
import { TraceStore } from '../store/trace.ts'
import { wordsOf } from '../syncml/text.ts'
import { type Checkpoint, startCheckpoint } from './checkpoint.ts'
import { fileTrouble, makeFolder } from './folder.ts'
import { type Lock, ownerOf, takeLock } from './lock.ts'
import { openSegments, type SegmentFiles } from './segments.ts'
import { openReadOnly, openSqlite } from './sqlite.ts'

/** How a workspace is opened. */
export interface WorkspaceOptions {
  /** Beside the owner or without one; nothing is written. */
  readonly readOnly?: boolean
  /** True: ledger commits survive a power cut too (an fsync each); default: they survive the process. */
  readonly powerSafe?: boolean
  readonly segmentBytes?: number
}

/** Where the owner's API is reached; kept in the workspace for commands that write. */
export interface ApiAddress {
  readonly url: string
  readonly pid: number
}

/** An open workspace. */
export interface Workspace {
  readonly dir: string
  readonly db: Db
  readonly trace: TraceStore
  readonly ledger: Ledger
  /** Bearer token of the owner's API: 256 bit as hex, kept in the file `token` (mode 600). '' where read-only and there is none. */
  readonly token: string
  /** What opening had to mend or migrate, in words; '' where nothing. */
  readonly recovery: string
  /** Writes where the owner's API is reached (`api.json`); taken back at close. */
  announce(url: string): void
  /** Writes everything and gives the workspace back. The data are safe when the call returns, the lock is free when the promise resolves. */
  close(): Promise<void>
}

/** Folders of a workspace beside `lab.db`. */
const FOLDERS = ['frames', 'images', 'scenarios', 'rules', 'ddf'] as const

/** Opens a workspace; as owner it is made where missing. Throws one clear Error: in use (with pid), newer version, not a workspace, unreadable. */
export function openWorkspace(dir: string, options: WorkspaceOptions = {}): Workspace {
  const path = resolve(dir)
  return options.readOnly === true ? read(path) : own(path, options)
}

/** Address and token of the process that owns the workspace; null where none does or it has announced no API. */
export function readApi(dir: string): (ApiAddress & { readonly token: string }) | null {
  const owner = ownerOf(join(dir, 'lock'))
  if (owner === null || !existsSync(join(dir, 'api.json'))) return null
  const { url, pid } = JSON.parse(readFileSync(join(dir, 'api.json'), 'utf8')) as ApiAddress
  return pid === owner.pid ? { url, pid, token: readToken(dir) } : null
}

function own(dir: string, options: WorkspaceOptions): Workspace {
  makeFolder(dir)
  const lock = locked(dir)
  const undo: (() => void)[] = [lock.release]
  try {
    for (const folder of FOLDERS) mkdirSync(join(dir, folder), { recursive: true })
    const database = join(dir, 'lab.db')
    const db = openSqlite(database, { synchronous: options.powerSafe === true ? 'FULL' : 'NORMAL' })
    undo.push(() => db.close())
    chmodSync(database, 0o600)
    const said = [lock.said, update(dir, db)]
    const segments = openSegments(join(dir, 'frames'))
    undo.push(() => segments.close())
    const trace = TraceStore.open(db, segments, {
      sha256,
      crc32,
      alongside: () => ledger.settle(),
      ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    })
    const ledger = Ledger.open(db, { beforeHold: () => trace.flush(), remember: true })
    const checkpoint = startCheckpoint({
      database,
      segments: join(dir, 'frames'),
      failed: () => db.exec('PRAGMA wal_autocheckpoint = 1000'),
    })
    const recovery = [...said, trace.recovery].filter((text) => text !== '').join('; ')
    return owned({ dir, db, trace, ledger, token: makeToken(dir), recovery }, { lock, segments, checkpoint })
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw error
  }
}

function locked(dir: string): Lock {
  try {
    return takeLock(join(dir, 'lock'))
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined
      ? error
      : new Error(`${dir}: cannot be written: ${fileTrouble(error)}`, { cause: error })
  }
}

function owned(
  parts: Omit<Workspace, 'announce' | 'close'>,
  held: { readonly lock: Lock; readonly segments: SegmentFiles; readonly checkpoint: Checkpoint },
): Workspace {
  const api = join(parts.dir, 'api.json')
  let closed: Promise<void> | null = null
  rmSync(api, { force: true })
  return {
    ...parts,
    announce: (url) => write(api, `${JSON.stringify({ url, pid: process.pid } satisfies ApiAddress)}\n`),
    close: () => {
      if (closed !== null) return closed
      rmSync(api, { force: true })
      parts.trace.close()
      held.segments.close()
      closed = held.checkpoint.stop().then(() => {
        parts.db.close()
        held.lock.release()
      })
      return closed
    },
  }
}

function read(dir: string): Workspace {
  const database = join(dir, 'lab.db')
  if (!existsSync(database)) throw new Error(`${dir} is not a workspace: it has no lab.db`)
  const db = openReadOnly(database)
  try {
    const version = told(dir, () => versionOf(db))
    if (version < VERSION)
      throw new Error(`${dir}: the workspace has version ${version}; open it once with "dmlab serve" to bring it to version ${VERSION}`)
    const segments = openSegments(join(dir, 'frames'), { readOnly: true })
    const trace = TraceStore.open(db, segments, { sha256, crc32, readOnly: true })
    const token = readToken(dir)
    const refuse = (): never => {
      throw new Error(`${dir} is open for reading only`)
    }
    let closed = false
    const close = async (): Promise<void> => {
      if (closed) return
      closed = true
      segments.close()
      db.close()
    }
    return { dir, db, trace, ledger: Ledger.open(db), token, recovery: '', announce: refuse, close }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Migrates an older workspace after a backup beside it; returns what was done. */
function update(dir: string, db: Db): string {
  let backup = ''
  const found = told(dir, () =>
    migrate(db, (version) => {
      backup = freeName(join(dir, `lab.db.backup-v${version}`))
      db.prepare('VACUUM INTO ?').run(backup)
      chmodSync(backup, 0o600)
    }),
  )
  return backup === '' ? '' : `the workspace was brought from version ${found} to ${VERSION}; the old database is kept as ${backup}`
}

/** Runs `work`; an Error it throws is told with the folder's name. */
function told<T>(dir: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Error(`${dir}: ${wordsOf(error)}`, { cause: error })
  }
}

function freeName(path: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? path : `${path}-${n}`
    if (!existsSync(name)) return name
  }
}

function makeToken(dir: string): string {
  const known = readToken(dir)
  if (known !== '') {
    chmodSync(join(dir, 'token'), 0o600)
    return known
  }
  const token = randomBytes(32).toString('hex')
  write(join(dir, 'token'), `${token}\n`)
  return token
}

function readToken(dir: string): string {
  const path = join(dir, 'token')
  const token = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  return /^[0-9a-f]{64}$/.test(token) ? token : ''
}

/** Writes a file of mode 600 under a temporary name first, so that readers see all of it or nothing. */
function write(path: string, text: string): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  renameSync(draft, path)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** zlib's CRC-32 (Node 22.2 and newer, as node:sqlite needs anyway). */
const crc32 = (bytes: Uint8Array, before = 0): number => zlib.crc32(bytes, before)
