// The store's Db over node:sqlite. Owner's connections write in WAL mode and never checkpoint themselves; the checkpoint thread does.
import type * as Sqlite from 'node:sqlite'
import type { Db, SqlValue, Statement } from '../store/ports.ts'

/** How a database is opened. */
export interface OpenOptions {
  readonly readOnly?: boolean
  /** NORMAL: commits survive the process; FULL: also a power cut, at the price of an fsync a commit. */
  readonly synchronous?: 'NORMAL' | 'FULL'
}

/** True where this Node has node:sqlite (22.13 and newer). */
export function sqliteThere(): boolean {
  return builtin() !== undefined
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

/** Opens an existing database beside its owner; every attempt to write throws. */
export function openReadOnly(path: string): Db {
  return openSqlite(path, { readOnly: true })
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
    return new sqlite.DatabaseSync(path, { readOnly })
  } catch (error) {
    throw named(path, error)
  }
}

const named = (path: string, error: unknown): Error =>
  new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })

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
