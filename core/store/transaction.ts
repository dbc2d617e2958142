// One unit of work in the database: all of it is committed on return, or nothing of it happened.
import type { Db } from './ports.ts'

/** Runs `work` in one write transaction. An error rolls back and is thrown on. Not to be nested. */
export function transaction<T>(db: Db, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  let result: T
  try {
    result = work()
    db.exec('COMMIT')
  } catch (error) {
    try {
      db.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error); the first error tells why.
    }
    throw error
  }
  return result
}
