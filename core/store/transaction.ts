// One unit of work in the database: all of it is committed, or nothing of it happened. Staged work waits for one commit for many messages.
import type { Db } from './ports.ts'

/** Staged work of a database: `open` while it waits for its commit, `lost` where it was rolled back and nobody has been told yet. */
interface Staged {
  open: boolean
  lost: unknown
}

const stages = new WeakMap<Db, Staged>()

/** Runs `work` in one write transaction. An error rolls back and is thrown on. Not to be nested; staged work is committed before. */
export function transaction<T>(db: Db, work: () => T): T {
  if (stages.get(db)?.open === true) end(db)
  db.exec('BEGIN IMMEDIATE')
  let result: T
  try {
    result = work()
    db.exec('COMMIT')
  } catch (error) {
    rollback(db)
    throw error
  }
  return result
}

/** Runs `work` in a write transaction that stays open until `commitStaged`. An error rolls back all that is staged and is thrown on. */
export function stage(db: Db, work: () => void): void {
  const staged = stages.get(db) ?? { open: false, lost: null }
  stages.set(db, staged)
  try {
    if (!staged.open) db.exec('BEGIN IMMEDIATE')
    staged.open = true
    work()
  } catch (error) {
    if (staged.open) rollback(db)
    staged.open = false
    staged.lost = error
    throw error
  }
}

/** Commits what is staged. Throws where it could not be kept, also where that was found out earlier. */
export function commitStaged(db: Db): void {
  const staged = stages.get(db)
  if (staged === undefined) return
  if (staged.open) end(db)
  const { lost } = staged
  staged.lost = null
  if (lost !== null) throw lost
}

/** Ends the staged transaction; a failure is kept for `commitStaged`, whose caller waits for it. */
function end(db: Db): void {
  const staged = stages.get(db)
  if (staged === undefined) return
  staged.open = false
  try {
    db.exec('COMMIT')
  } catch (error) {
    rollback(db)
    staged.lost = error
  }
}

function rollback(db: Db): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself (disk full, I/O error); the first error tells why.
  }
}
