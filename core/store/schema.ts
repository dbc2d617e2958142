// Tables of lab.db and the way from each older version to the newest. A version that was ever released is never edited, only followed.
import type { Account } from '../server/records.ts'
import type { Db } from './ports.ts'
import { toJson } from './json.ts'
import { packRows } from './oldrows.ts'
import { transaction } from './transaction.ts'

/** Marks a SQLite file as a workspace of ours (`PRAGMA application_id`): the letters DMLB. */
export const APPLICATION = 0x444d4c42

/** The account every new workspace starts with. */
export const LAB_ACCOUNT: Account = {
  device: null,
  userName: 'lab',
  password: 'lab',
  serverId: 'dm-lab',
  serverPassword: 'lab',
  authType: null,
  state: 'enrolled',
}

/** One step: from the version before to this one. Runs inside a transaction. */
export type Step = (db: Db) => void

const LEDGER = `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  -- device: '=' and the id, or '*' for the account of every device that has none of its own
  CREATE TABLE account (id INTEGER PRIMARY KEY, device TEXT NOT NULL, userName TEXT NOT NULL, state TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (device, userName));
  CREATE TABLE nonces (device TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE device (device TEXT PRIMARY KEY, firstAt REAL NOT NULL, lastAt REAL NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE orders (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, device TEXT NOT NULL, state TEXT NOT NULL, createdAt REAL NOT NULL, json TEXT NOT NULL);
  CREATE TABLE known (device TEXT NOT NULL, uri TEXT NOT NULL, format TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (device, uri)) WITHOUT ROWID;
  CREATE TABLE alert (number INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, at REAL NOT NULL, json TEXT NOT NULL);
  CREATE TABLE held (id INTEGER PRIMARY KEY, json TEXT NOT NULL, bytes BLOB NOT NULL);
`

/** Rows as typed columns; names of few values are numbers (core/store/packed.ts), texts that repeat are ids into \`text\`. */
const TRACE = `
  CREATE TABLE text (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  CREATE TABLE frame (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at REAL NOT NULL, mono REAL NOT NULL, direction INTEGER NOT NULL, hop INTEGER NOT NULL,
    session INTEGER NOT NULL, sessionId INTEGER NOT NULL, device INTEGER NOT NULL, msgId INTEGER NOT NULL, package INTEGER NOT NULL,
    encoding INTEGER NOT NULL, size INTEGER NOT NULL, commands INTEGER NOT NULL, statuses INTEGER NOT NULL, target INTEGER NOT NULL,
    final INTEGER NOT NULL, httpStatus INTEGER NOT NULL, findings INTEGER NOT NULL, severity INTEGER NOT NULL, hold INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- where the bytes lie; segment 0: nowhere, they are lost
    segment INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL);
  CREATE TABLE amendment (seq INTEGER NOT NULL, segment INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (seq, segment, start)) WITHOUT ROWID;
  -- bytes: how far the segment is in this index; first, last: the rows that begin in it
  CREATE TABLE segment (segment INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
  CREATE TABLE session (
    session INTEGER PRIMARY KEY, device TEXT NOT NULL, server TEXT NOT NULL, sessionId TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    firstAt REAL NOT NULL, lastAt REAL NOT NULL, messages INTEGER NOT NULL, findings INTEGER NOT NULL, severity TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL);
`

/** Nonces belong to an account, which is a device and a server id; those kept before belong to the device's newest account. */
const NONCES = `
  CREATE TABLE accountNonces (device TEXT NOT NULL, serverId TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (device, serverId)) WITHOUT ROWID;
  INSERT INTO accountNonces SELECT device, serverId, json_set(json, '$.serverId', serverId) FROM (
    SELECT device, json, coalesce(
      (SELECT json_extract(account.json, '$.serverId') FROM account WHERE account.device = '=' || nonces.device ORDER BY id DESC LIMIT 1),
      (SELECT json_extract(account.json, '$.serverId') FROM account WHERE account.device = '*' ORDER BY id LIMIT 1),
      'dm-lab') AS serverId FROM nonces);
  DROP TABLE nonces;
  ALTER TABLE accountNonces RENAME TO nonces;
`

/** Documents by kind and id (docs.ts): jobs, packages, sets, hooks, simulated devices. */
const DOCS = 'CREATE TABLE doc (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, id))'

/** What became of an order is kept apart from what it asks, which may be large and never changes. */
const COURSE = `
  DROP INDEX openOrders;
  CREATE TABLE course (number INTEGER PRIMARY KEY, device TEXT NOT NULL, state TEXT NOT NULL, sessionId TEXT NOT NULL, outcomes TEXT NOT NULL);
  INSERT INTO course SELECT number, device, state, json_extract(json, '$.sessionId'), json_extract(json, '$.outcomes') FROM orders;
  ALTER TABLE orders DROP COLUMN state;
  CREATE INDEX openOrders ON course (device, number) WHERE state IN ('queued', 'sent', 'unknown');
`

/** Rows in pages; those that changed, or came alone, one by one (core/store/index.ts). */
const PAGES = `
  CREATE TABLE page (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, rows BLOB NOT NULL);
  CREATE TABLE frame (seq INTEGER PRIMARY KEY, session INTEGER NOT NULL, segment INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, row BLOB NOT NULL);
  CREATE INDEX frameBySession ON frame (session, seq) WHERE session > 0;
`

/** Steps in order; step 0 makes version 1 out of an empty file. */
export const STEPS: readonly Step[] = [
  (db) => {
    db.exec(LEDGER)
    db.exec(TRACE)
    db.prepare('INSERT INTO account (device, userName, state, json) VALUES (?, ?, ?, ?)').run(
      '*',
      LAB_ACCOUNT.userName,
      LAB_ACCOUNT.state,
      toJson(LAB_ACCOUNT),
    )
  },
  (db) => {
    db.exec('CREATE INDEX frameBySession ON frame (session, seq) WHERE session > 0')
    db.exec("CREATE INDEX openOrders ON orders (device, number) WHERE state IN ('queued', 'sent', 'unknown')")
  },
  (db) => db.exec(NONCES),
  (db) => db.exec(DOCS),
  (db) => db.exec(COURSE),
  // The lab that recorded a row, where that was another one; 0: this one.
  (db) => db.exec('ALTER TABLE frame ADD COLUMN origin INTEGER NOT NULL DEFAULT 0'),
  (db) => {
    db.exec('ALTER TABLE frame RENAME TO columns')
    db.exec('DROP INDEX frameBySession')
    db.exec(PAGES)
    packRows(db)
    db.exec('DROP TABLE columns')
    db.exec('DROP TABLE text')
  },
]

/** Version of the tables this program writes. */
export const VERSION = STEPS.length

/** Number a pragma answers. */
export function pragma(db: Db, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0)
}

/** Version of the tables in this file: 0 for an empty one. Throws a clear Error where the file is not ours or newer than this program. */
export function versionOf(db: Db, newest = VERSION): number {
  const version = pragma(db, 'user_version')
  const application = pragma(db, 'application_id')
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.['n'] ?? 0)
  if (application !== APPLICATION && (tables > 0 || application !== 0))
    throw new Error('lab.db is a SQLite file of another program, not of a workspace')
  if (version > newest)
    throw new Error(`the workspace has version ${version} and this program knows versions up to ${newest}: open it with a newer DM Lab`)
  return version
}

/**
 * Brings the tables to the newest version. `backup` is called with the old version before anything changes in a file that holds data;
 * if it throws, or a step does, the file stays as it was. Returns the version found.
 */
export function migrate(db: Db, backup: (version: number) => void, steps: readonly Step[] = STEPS): number {
  const found = versionOf(db, steps.length)
  if (found === steps.length) return found
  if (found > 0) backup(found)
  transaction(db, () => {
    for (const step of steps.slice(found)) step(db)
    db.exec(`PRAGMA application_id = ${APPLICATION}`)
    db.exec(`PRAGMA user_version = ${steps.length}`)
  })
  return found
}
