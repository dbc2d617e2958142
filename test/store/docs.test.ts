// Documents: the same in memory and in lab.db; staged with the ledger, in the order they were first put, and there in a workspace of the version before.
import { beforeEach, expect, test } from 'vitest'
import { openSqlite } from '../../core/node/sqlite.ts'
import { type Docs, memoryDocs } from '../../core/store/docs.ts'
import { Ledger } from '../../core/store/ledger.ts'
import { LAB_ACCOUNT, migrate, STEPS } from '../../core/store/schema.ts'
import { sqlDocs } from '../../core/store/sqldocs.ts'
import { needsSqlite } from './memory.ts'

beforeEach((context) => needsSqlite(context))

function database(): ReturnType<typeof openSqlite> {
  const db = openSqlite(':memory:')
  migrate(db, () => {})
  return db
}

const KINDS: readonly [string, () => Docs][] = [
  ['in memory', memoryDocs],
  ['in lab.db', () => sqlDocs(database())],
]

test.each(KINDS)('documents %s are kept by kind and id, in the order they were first put', (_name, make) => {
  const docs = make()
  docs.put('job', 'b', { n: 1 })
  docs.put('job', 'a', { n: 2 })
  docs.put('hook', 'a', { n: 3 })
  docs.put('job', 'b', { n: 4, list: ['ä'] })
  expect(docs.all('job')).toEqual([
    { id: 'b', value: { n: 4, list: ['ä'] } },
    { id: 'a', value: { n: 2 } },
  ])
  expect([docs.get('hook', 'a'), docs.get('hook', 'b'), docs.all('set')]).toEqual([{ n: 3 }, undefined, []])
  docs.drop('job', 'b')
  docs.put('job', 'b', 5)
  expect(docs.all('job').map(({ id }) => id)).toEqual(['a', 'b'])
})

test.each(KINDS)('documents %s that were missed are there once they are put, and not once they are dropped', (_name, make) => {
  const docs = make()
  const seen = (): unknown[] => [docs.get('job', 'a'), docs.get('job', 'b'), docs.all('job').length]
  expect([seen(), seen()]).toEqual([
    [undefined, undefined, 0],
    [undefined, undefined, 0],
  ])
  docs.put('job', 'a', 1)
  expect(seen()).toEqual([1, undefined, 1])
  docs.drop('job', 'a')
  expect(seen()).toEqual([undefined, undefined, 0])
  docs.put('job', 'b', 2)
  expect(seen()).toEqual([undefined, 2, 1])
})

test('a document is committed with the ledger: what was not committed is gone', () => {
  const db = database()
  let dirty = 0
  const docs = sqlDocs(db, () => (dirty += 1))
  const ledger = Ledger.open(db)
  docs.put('job', 'kept', 1)
  ledger.commit()
  docs.put('job', 'lost', 2)
  expect([dirty, docs.get('job', 'lost')]).toEqual([2, 2])
  db.exec('ROLLBACK')
  expect(docs.all('job')).toEqual([{ id: 'kept', value: 1 }])
})

test('a workspace of the version before gets the table and keeps what it has', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {}, STEPS.slice(0, 3))
  Ledger.open(db).putAccount({ ...LAB_ACCOUNT, device: 'IMEI:1' })
  migrate(db, () => {})
  const docs = sqlDocs(db)
  docs.put('package', 'antivir-2.1', { version: '2.1' })
  Ledger.open(db).commit()
  expect([docs.all('package').length, Ledger.open(db).accounts().length]).toEqual([1, 2])
})

test('a kind that has nothing is not asked again until it has, and what another hand put or took back is seen', () => {
  const db = database()
  const [one, other] = [sqlDocs(db), sqlDocs(db)]
  expect([one.all('job'), one.all('job')]).toEqual([[], []])
  other.put('job', 'a', 1)
  Ledger.open(db).commit()
  expect(one.all('job')).toEqual([{ id: 'a', value: 1 }])
  one.drop('job', 'a')
  expect(one.all('job')).toEqual([])
  db.exec('ROLLBACK')
  expect(one.all('job')).toEqual([{ id: 'a', value: 1 }])
})
