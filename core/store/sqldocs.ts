// Docs in lab.db. What is put is staged with the ledger's records of the same turn, and committed with them before anything leaves.
import type { Docs } from './docs.ts'
import type { Db, Statement } from './ports.ts'
import { stage } from './transaction.ts'

const SQL = {
  get: 'SELECT json FROM doc WHERE kind = ? AND id = ?',
  any: 'SELECT 1 FROM doc WHERE kind = ? LIMIT 1',
  all: 'SELECT id, json FROM doc WHERE kind = ? ORDER BY number',
  put: 'INSERT INTO doc (kind, id, json) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json',
  drop: 'DELETE FROM doc WHERE kind = ? AND id = ?',
} as const

/** Kinds that have no document: every session asks for some of them. One that lost a document is not among them, since that may be taken back. */
interface Absent {
  readonly none: Set<string>
  readonly lost: Set<string>
  /** Kinds of which a document was missed once, so that it was looked whether there is any. */
  readonly missed: Set<string>
}

const absents = new WeakMap<Db, Absent>()

/** What all who work with this database share. */
function absentOf(db: Db): Absent {
  let absent = absents.get(db)
  if (absent === undefined) absents.set(db, (absent = { none: new Set(), lost: new Set(), missed: new Set() }))
  return absent
}

/**
 * Documents over a database that has the newest schema. Reads see at once what was put. `dirty` is called after each change: whoever owns the ledger
 * commits soon (an error of the commit is told there, and nothing of that turn is kept).
 */
export function sqlDocs(db: Db, dirty: () => void = () => {}): Docs {
  const statements = new Map<keyof typeof SQL, Statement>()
  const sql = (name: keyof typeof SQL): Statement => {
    let statement = statements.get(name)
    if (statement === undefined) statements.set(name, (statement = db.prepare(SQL[name])))
    return statement
  }
  const { none, lost, missed } = absentOf(db)
  const change = (name: 'put' | 'drop', ...values: [string, ...string[]]): void => {
    none.delete(values[0])
    if (name === 'drop') lost.add(values[0])
    stage(db, () => void sql(name).run(...values))
    dirty()
  }
  return {
    get: (kind, id) => {
      if (none.has(kind)) return undefined
      const row = sql('get').get(kind, id)
      if (row === undefined && !missed.has(kind)) {
        missed.add(kind)
        if (!lost.has(kind) && sql('any').get(kind) === undefined) none.add(kind)
      }
      return row === undefined ? undefined : (JSON.parse(String(row['json'])) as unknown)
    },
    all: (kind) => {
      if (none.has(kind)) return []
      const rows = sql('all').all(kind)
      if (rows.length === 0 && !lost.has(kind)) none.add(kind)
      return rows.map((row) => ({ id: String(row['id']), value: JSON.parse(String(row['json'])) as unknown }))
    },
    put: (kind, id, value) => change('put', kind, id, JSON.stringify(value)),
    drop: (kind, id) => change('drop', kind, id),
  }
}
