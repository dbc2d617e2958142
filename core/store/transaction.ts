// One unit of work in the database: all of it is committed, or nothing of it happened. Staged work waits for one commit for many messages.
import type { Db, Statement } from './ports.ts'

/** Staged work of a database: `later` has still to be done, `open` while it waits for its commit, `lost` where it was rolled back and nobody has been told yet. */
interface Staged {
  readonly begin: Statement
  readonly commit: Statement
  later: (() => void)[]
  open: boolean
  lost: unknown
}

const stages = new WeakMap<Db, Staged>()

const fresh = (db: Db): Staged => ({ begin: db.prepare('BEGIN IMMEDIATE'), commit: db.prepare('COMMIT'), later: [], open: false, lost: null })

function stagedOf(db: Db): Staged {
  let staged = stages.get(db)
  if (staged === undefined) stages.set(db, (staged = fresh(db)))
  return staged
}

/** Runs `work` in one write transaction. An error rolls back and is thrown on. Not to be nested; staged work is committed before. */
export function transaction<T>(db: Db, work: () => T): T {
  catchUp(db)
  const staged = stagedOf(db)
  if (staged.open) end(db, staged)
  staged.begin.run()
  let result: T
  try {
    result = work()
    staged.commit.run()
  } catch (error) {
    rollback(db)
    throw error
  }
  return result
}

/** Runs `work` in a write transaction that stays open until `commitStaged`. An error rolls back all that is staged and is thrown on. */
export function stage(db: Db, work: () => void): void {
  catchUp(db)
  const staged = stagedOf(db)
  try {
    if (!staged.open) staged.begin.run()
    staged.open = true
    work()
  } catch (error) {
    if (staged.open) rollback(db)
    staged.open = false
    staged.lost = error
    throw error
  }
}

/**
 * Stages `work` to be done when somebody reads, stages more or commits: writes of many messages cost less one after the other than each in the middle
 * of its message. An error rolls back all that is staged, and is told by `commitStaged`.
 */
export function stageLater(db: Db, work: () => void): void {
  stagedOf(db).later.push(work)
}

/** Does what was staged for later. Who reads a table that is written so calls it first. */
export function catchUp(db: Db): void {
  const staged = stages.get(db)
  if (staged === undefined || staged.later.length === 0) return
  const { later } = staged
  staged.later = []
  try {
    stage(db, () => {
      for (const work of later) work()
    })
  } catch {
    // Kept for whoever commits.
  }
}

/** Commits what is staged. Throws where it could not be kept, also where that was found out earlier. */
export function commitStaged(db: Db): void {
  const staged = stages.get(db)
  if (staged === undefined) return
  catchUp(db)
  if (staged.open) end(db, staged)
  const { lost } = staged
  staged.lost = null
  if (lost !== null) throw lost
}

/** Ends the staged transaction; a failure is kept for `commitStaged`, whose caller waits for it. */
function end(db: Db, staged: Staged): void {
  staged.open = false
  try {
    staged.commit.run()
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
