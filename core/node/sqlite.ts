// The store's Db over node:sqlite. Owner's connections write in WAL mode and never checkpoint themselves; the checkpoint thread does.
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type * as Sqlite from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Db, SqlValue, Statement } from '../store/ports.ts'
import { wordsOf } from '../syncml/text.ts'

/** How a database is opened. */
export interface OpenOptions {
  readonly readOnly?: boolean
  /** NORMAL: commits survive the process; FULL: also a power cut, at the price of an fsync a commit. */
  readonly synchronous?: 'NORMAL' | 'FULL'
}

/** Opens (makes, where missing) a database for its one owner. `:memory:` is a database in memory. Throws an Error naming file and reason. */
export function openSqlite(path: string, options: OpenOptions = {}): Db {
  const db = open(path, options.readOnly === true)
  try {
    // On a disk that is busy elsewhere the checkpoint thread's fsync may take many seconds; a late commit is better than a refused one.
    db.exec('PRAGMA busy_timeout = 30000')
    if (options.readOnly !== true) {
      db.exec('PRAGMA journal_mode = WAL')
      db.exec(`PRAGMA synchronous = ${options.synchronous ?? 'NORMAL'}`)
      db.exec('PRAGMA wal_autocheckpoint = 0')
      db.exec('PRAGMA journal_size_limit = 67108864')
    }
    db.exec('PRAGMA cache_size = -8000')
    db.prepare('SELECT count(*) FROM sqlite_master').get()
  } catch (error) {
    db.close()
    throw named(path, error)
  }
  return wrap(db)
}

/** Opens an existing database beside its owner; every attempt to write throws. Also on a disk where nothing can be written, once its owner has closed it. */
export function openReadOnly(path: string): Db {
  try {
    return openSqlite(path, { readOnly: true })
  } catch (error) {
    if (writable(dirname(path))) throw error
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw new Error(`${path}: its last owner did not close it, and it cannot be mended where nothing can be written: copy the workspace first`, {
        cause: error,
      })
    return openSqlite(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true })
  }
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function builtin(): typeof Sqlite | undefined {
  try {
    return process.getBuiltinModule('node:sqlite')
  } catch {
    return undefined
  }
}

function open(path: string, readOnly: boolean): Sqlite.DatabaseSync {
  const sqlite = builtin()
  if (sqlite === undefined) throw new Error(`${path} cannot be opened: SQLite needs Node 22.13 or newer, this is ${process.version}`)
  try {
    return new sqlite.DatabaseSync(path.startsWith('file:') ? new URL(path) : path, { readOnly })
  } catch (error) {
    throw named(path, error)
  }
}

const named = (path: string, error: unknown): Error => new Error(`${path}: ${wordsOf(error)}`, { cause: error })

function wrap(db: Sqlite.DatabaseSync): Db {
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => statement(db.prepare(sql)),
    close: () => db.close(),
  }
}

function statement(prepared: Sqlite.StatementSync): Statement {
  return {
    run: (...values) => {
      const { changes, lastInsertRowid } = prepared.run(...values)
      return { changes: Number(changes), id: Number(lastInsertRowid) }
    },
    get: (...values) => prepared.get(...values) as Record<string, SqlValue> | undefined,
    all: (...values) => prepared.all(...values) as Record<string, SqlValue>[],
    iterate: (...values) => prepared.iterate(...values) as Iterable<Record<string, SqlValue>>,
  }
}
