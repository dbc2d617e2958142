// Versions: an older workspace is backed up and brought forward, a newer or foreign one is refused, a failed step changes nothing.
import { beforeEach, expect, test } from 'vitest'
import { openSqlite } from '../../core/node/sqlite.ts'
import { toJson } from '../../core/store/json.ts'
import { TraceIndex } from '../../core/store/index.ts'
import { Ledger } from '../../core/store/ledger.ts'
import type { Db } from '../../core/store/ports.ts'
import { LAB_ACCOUNT, migrate, pragma, STEPS, type Step, VERSION, versionOf } from '../../core/store/schema.ts'
import { needsSqlite } from './memory.ts'

beforeEach((context) => needsSqlite(context))

const plan = (db: Db): unknown[] => db.prepare("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all()

test('an empty file becomes the newest version without a backup', () => {
  const db = openSqlite(':memory:')
  const backups: number[] = []
  expect(migrate(db, (version) => backups.push(version))).toBe(0)
  expect([versionOf(db), backups]).toEqual([VERSION, []])
  expect(migrate(db, () => expect.unreachable())).toBe(VERSION)
})

test('each older version is backed up first, keeps its data and ends with the same tables as a new one', () => {
  const fresh = openSqlite(':memory:')
  migrate(fresh, () => {})
  for (let version = 1; version < VERSION; version++) {
    const db = openSqlite(':memory:')
    migrate(db, () => {}, STEPS.slice(0, version))
    Ledger.open(db).putAccount({ ...LAB_ACCOUNT, device: 'IMEI:1', password: `of version ${version}` })
    const seen: unknown[] = []
    expect(migrate(db, (found) => seen.push([found, pragma(db, 'user_version')]))).toBe(version)
    expect(seen).toEqual([[version, version]])
    expect(plan(db)).toEqual(plan(fresh))
    expect(Ledger.open(db).account('IMEI:1', 'lab')?.password).toBe(`of version ${version}`)
    expect(Ledger.open(db).accounts().length).toBe(2)
  }
})

test('nonces of a device become those of its newest account, octets and all', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {}, STEPS.slice(0, 2))
  const nonces = { client: Uint8Array.of(1, 0), server: { text: '', octets: Uint8Array.of(255) }, reading: 'raw' as const }
  const add = db.prepare('INSERT INTO nonces (device, json) VALUES (?, ?)')
  for (const device of ['with', 'without']) add.run(device, toJson({ device, ...nonces }))
  const account = db.prepare("INSERT INTO account (device, userName, state, json) VALUES ('=with', ?, 'enrolled', ?)")
  for (const [user, serverId] of [
    ['a', 'old'],
    ['b', 'ops'],
  ] as const)
    account.run(user, toJson({ ...LAB_ACCOUNT, device: 'with', userName: user, serverId }))
  migrate(db, () => {})
  const ledger = Ledger.open(db)
  expect(ledger.nonces('with', 'ops')).toEqual({ device: 'with', serverId: 'ops', ...nonces })
  expect(ledger.nonces('without', 'dm-lab')).toEqual({ device: 'without', serverId: 'dm-lab', ...nonces })
  expect(ledger.nonces('with', 'old')).toBeUndefined()
})

test('an order keeps what it asks and what became of it', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {}, STEPS.slice(0, 4))
  const outcomes = [{ command: 0, code: 200, uri: './x', data: '\u0000odd "\n' }]
  const commands = [{ kind: 'Replace' as const, cmdId: '', items: [{ target: { locUri: './x' }, data: Uint8Array.of(0, 255) }] }]
  const order = { id: 'a', device: 'IMEI:1', createdAt: 7, commands, state: 'sent' as const, sessionId: '5', outcomes }
  const add = db.prepare('INSERT INTO orders (id, device, state, createdAt, json) VALUES (?, ?, ?, ?, ?)')
  add.run('a', 'IMEI:1', 'sent', 7, toJson(order))
  add.run('b', 'IMEI:1', 'done', 8, toJson({ ...order, id: 'b', createdAt: 8, state: 'done', outcomes: [] }))
  migrate(db, () => {})
  const ledger = Ledger.open(db)
  expect(ledger.orders('IMEI:1')).toEqual([order])
  expect(ledger.allOrders('IMEI:1')).toEqual([order, { ...order, id: 'b', createdAt: 8, state: 'done', outcomes: [] }])
})

test('rows of an index of columns are the same rows in pages, gaps and lost bytes and all', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {}, STEPS.slice(0, 6))
  db.exec("INSERT INTO text (id, text) VALUES (1, '5'), (2, 'IMEI:1'), (3, 'Status'), (4, 'Alert 1201\nReplace'), (5, './ä'), (6, 'lab-2')")
  const add = db.prepare(`INSERT INTO frame VALUES (${Array.from({ length: 26 }, () => '?').join(', ')})`)
  for (const seq of [...Array.from({ length: 300 }, (_, i) => i + 1), 400])
    // seq, kind, at, mono, direction, hop, session, sessionId, device, msgId, package, encoding, size, commands, statuses, target, final, httpStatus, findings, severity, hold, text
    add.run(
      seq,
      0,
      1000.25 + seq,
      seq / 2,
      seq % 2,
      2,
      seq % 3,
      1,
      2,
      1,
      3,
      2,
      77,
      4,
      1,
      5,
      1,
      200,
      2,
      3,
      5,
      `row ${seq}`,
      seq === 9 ? 0 : 1,
      seq * 10,
      9,
      6,
    )
  migrate(db, () => {})
  const index = new TraceIndex(db)
  expect([index.ends(), index.gaps()]).toEqual([{ first: 1, last: 400 }, [{ first: 301, last: 399 }]])
  expect(index.rows(9, 9)).toEqual([
    {
      ...{ seq: 9, kind: 'message', at: 1009.25, mono: 4.5, direction: 'down', hop: 'G-D', session: 0, sessionId: '5', device: 'IMEI:1', msgId: '5' },
      ...{ package: 'Status', encoding: 'wbxml', size: 77, commands: ['Alert 1201', 'Replace'], statuses: ['5'], target: './ä', final: true },
      ...{ httpStatus: 200, findings: 2, severity: 'warn', hold: 'peer gone', text: 'row 9', origin: 'lab-2' },
    },
  ])
  expect(index.rows(299, 400).map(({ seq, text }) => [seq, text])).toEqual([299, 300, 400].map((seq) => [seq, `row ${seq}`]))
  expect([index.place(9), index.place(400), index.place(350)]).toEqual([
    { segment: 0, start: 90, length: 9 },
    { segment: 1, start: 4000, length: 9 },
    undefined,
  ])
  expect(index.session(1).slice(-2)).toEqual(Float64Array.of(298, 400))
})

test('a step that fails, or a backup that cannot be made, leaves the old version as it was', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {})
  const before = plan(db)
  const bad: Step = (inside) => {
    inside.exec('CREATE TABLE half (done)')
    inside.exec('DROP TABLE account')
    throw new Error('no such column')
  }
  expect(() => migrate(db, () => {}, [...STEPS, bad])).toThrow('no such column')
  const refuse = (): never => {
    throw new Error('disk full')
  }
  expect(() => migrate(db, refuse, [...STEPS, (inside) => inside.exec('CREATE TABLE more (x)')])).toThrow('disk full')
  expect([plan(db), versionOf(db)]).toEqual([before, VERSION])
})

test('a newer version and a file of another program are refused in words', () => {
  const db = openSqlite(':memory:')
  migrate(db, () => {}, [...STEPS, () => {}])
  expect(() => migrate(db, () => expect.unreachable())).toThrow(
    `the workspace has version ${VERSION + 1} and this program knows versions up to ${VERSION}: open it with a newer DM Lab`,
  )
  const other = openSqlite(':memory:')
  other.exec('CREATE TABLE songs (title)')
  expect(() => migrate(other, () => expect.unreachable())).toThrow('lab.db is a SQLite file of another program')
})
