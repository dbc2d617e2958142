// The ledger's story: what the server saves it reads back, all of one save or nothing, and the latest word counts.
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { Held } from '../../core/api.ts'
import type { Account, Order, ServerRecord } from '../../core/server/records.ts'
import { Ledger } from '../../core/store/ledger.ts'
import { LAB_ACCOUNT } from '../../core/store/schema.ts'
import { transaction } from '../../core/store/transaction.ts'
import { memoryDb, needsSqlite } from './memory.ts'

beforeEach((context) => needsSqlite(context))

const account = (device: string | null, userName: string, password = 'p'): Account => ({ ...LAB_ACCOUNT, device, userName, password })
const order = (id: string, more: Partial<Order> = {}): Order => ({
  id,
  device: 'IMEI:1',
  createdAt: 100,
  commands: [
    { kind: 'Replace', cmdId: '', items: [{ target: { locUri: './x' }, data: Uint8Array.of(0, 1, 255) }] },
    { kind: 'Alert', cmdId: '', code: NaN, data: 'odd', items: [] },
  ],
  state: 'queued',
  sessionId: '',
  outcomes: [],
  ...more,
})
const held = (id: number): Held => ({
  id,
  seq: 10 + id,
  at: 1.5,
  direction: 'up',
  hop: 'S-D',
  device: 'IMEI:1',
  sessionId: '1',
  commands: ['Alert 1201'],
  encoding: 'wbxml',
  why: 'every message is held',
  peerWaits: true,
})

test('a new ledger has the account lab, and nothing else', () => {
  const ledger = Ledger.open(memoryDb())
  expect(ledger.accounts()).toEqual([LAB_ACCOUNT])
  expect(ledger.account('IMEI:1', 'lab')).toEqual(LAB_ACCOUNT)
  expect([ledger.devices(), ledger.orders('IMEI:1'), ledger.held(), ledger.alerts(0, 10)]).toEqual([[], [], [], []])
  expect([ledger.nonces('x', 'dm-lab'), ledger.device('x'), ledger.value('x', './y'), ledger.order('z')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('an account of its own takes a device out of the account for every device', () => {
  const ledger = Ledger.open(memoryDb())
  ledger.putAccount(account('IMEI:1', 'own'))
  ledger.putAccount(account('*', 'star'))
  expect(ledger.account('IMEI:1', 'own')?.device).toBe('IMEI:1')
  expect(ledger.account('IMEI:1', undefined)?.userName).toBe('own')
  expect(ledger.account('IMEI:1', 'lab')).toBeUndefined()
  expect(ledger.account('IMEI:2', 'lab')).toEqual(LAB_ACCOUNT)
  expect(ledger.account('IMEI:2', undefined)).toEqual(LAB_ACCOUNT)
  expect(ledger.account('IMEI:2', 'nobody')).toBeUndefined()
  expect(ledger.account('*', 'star')?.userName).toBe('star')
  ledger.putAccount(account('IMEI:1', 'own', 'new'))
  expect(ledger.accounts().map((one) => one.password)).toEqual(['lab', 'new', 'p'])
  expect([ledger.dropAccount('IMEI:1', 'own'), ledger.dropAccount('IMEI:1', 'own')]).toEqual([true, false])
  expect(ledger.account('IMEI:1', 'lab')).toEqual(LAB_ACCOUNT)
})

test('records come back whole, octets and NaN included; the latest counts', () => {
  const ledger = Ledger.open(memoryDb())
  const server = { text: '', octets: Uint8Array.of(7) }
  const nonces = { device: 'IMEI:1', serverId: 'dm-lab', client: Uint8Array.of(0, 9, 255), server, reading: 'raw' } as const
  const others = { ...nonces, serverId: 'ops', client: null }
  const device = { device: 'IMEI:1', devInfo: { './DevInfo/Man': 'Acme', ['__proto__']: '\u0000x00' }, firstAt: 1, lastAt: 2.5 }
  const value = { device: 'IMEI:1', uri: './a', format: 'chr', type: 'text/plain', data: 'ä', at: 3.5 }
  const alert = { device: 'IMEI:1', sessionId: '1', msgId: '2', at: 4, code: 1226, correlator: 'c', items: [] }
  ledger.save([
    { kind: 'nonces', nonces: { ...nonces, client: null } },
    { kind: 'nonces', nonces },
    { kind: 'nonces', nonces: others },
    { kind: 'device', device },
    { kind: 'order', order: order('a') },
    { kind: 'values', values: [{ ...value, data: 'old' }, value, { ...value, uri: './b' }] },
    { kind: 'alert', alert },
    { kind: 'alert', alert: { ...alert, msgId: '3' } },
  ])
  // Two accounts of one device: two pairs.
  expect([ledger.nonces('IMEI:1', 'dm-lab'), ledger.nonces('IMEI:1', 'ops')]).toEqual([nonces, others])
  expect(ledger.device('IMEI:1')).toEqual(device)
  expect(ledger.devices()).toEqual([device])
  expect(ledger.order('a')).toEqual(order('a'))
  expect({ ...ledger.value('IMEI:1', './a') }).toEqual(value)
  expect(ledger.values('IMEI:1').map((one) => one.uri)).toEqual(['./a', './b'])
  expect(ledger.alerts(0, 10).map((kept) => [kept.number, kept.alert.msgId])).toEqual([
    [1, '2'],
    [2, '3'],
  ])
  expect(ledger.alerts(1, 10).length).toBe(1)
})

test('open orders come oldest first; done and failed ones are only in the history', () => {
  const ledger = Ledger.open(memoryDb())
  const save = (...orders: Order[]): void => ledger.save(orders.map((one): ServerRecord => ({ kind: 'order', order: one })))
  save(order('late', { createdAt: 300 }), order('first'), order('second'), order('other', { device: 'IMEI:2' }))
  save(order('first', { state: 'sent', sessionId: '5' }))
  expect(ledger.orders('IMEI:1').map((one) => [one.id, one.state])).toEqual([
    ['first', 'sent'],
    ['second', 'queued'],
    ['late', 'queued'],
  ])
  save(order('first', { state: 'done' }), order('second', { state: 'unknown' }), order('late', { createdAt: 300, state: 'failed' }))
  expect(ledger.orders('IMEI:1').map((one) => one.id)).toEqual(['second'])
  expect(ledger.allOrders('IMEI:1').map((one) => one.state)).toEqual(['done', 'unknown', 'failed'])
})

test('one save is all or nothing', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db)
  db.exec("CREATE TRIGGER refuse BEFORE INSERT ON alert BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
  const alert = { device: 'd', sessionId: '1', msgId: '2', at: 4, code: 1226, correlator: '', items: [] }
  expect(() =>
    ledger.save([
      { kind: 'order', order: order('a') },
      { kind: 'alert', alert },
    ]),
  ).toThrow('disk I/O error')
  expect(ledger.order('a')).toBeUndefined()
  ledger.save([{ kind: 'order', order: order('a') }])
  expect(ledger.order('a')?.id).toBe('a')
})

test('held messages keep card, session and bytes until they are let go; the trace is written before the card', () => {
  const calls: string[] = []
  const db = memoryDb()
  const ledger = Ledger.open(db, { beforeHold: () => calls.push(`before, ${Ledger.open(db).held().length} held`) })
  ledger.hold({ held: held(2), session: 7, bytes: Uint8Array.of(1, 0, 255) })
  ledger.hold({ held: held(1), session: 7, bytes: new Uint8Array() })
  ledger.hold({ held: held(2), session: 7, bytes: Uint8Array.of(9) })
  expect(calls).toEqual(['before, 0 held', 'before, 1 held', 'before, 2 held'])
  expect(Ledger.open(db).held()).toEqual([
    { held: held(1), session: 7, bytes: new Uint8Array() },
    { held: held(2), session: 7, bytes: Uint8Array.of(9) },
  ])
  ledger.unhold(1)
  ledger.unhold(77)
  expect(ledger.held().map((record) => record.held.id)).toEqual([2])
})

test('settings are texts under a name', () => {
  const ledger = Ledger.open(memoryDb())
  expect(ledger.setting('enrol')).toBeUndefined()
  ledger.setSetting('enrol', 'ask')
  ledger.setSetting('enrol', 'never')
  expect(ledger.setting('enrol')).toBe('never')
})

test('what a device only says again costs no write: its time follows with settle, a value follows after a minute', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db, { remember: true })
  const beside = Ledger.open(db)
  const say = (at: number, man: string): void => {
    const value = { device: 'd', uri: './DevInfo/Man', format: 'chr', type: 'text/plain', data: man, at }
    ledger.stage({ kind: 'device', device: { device: 'd', devInfo: { './DevInfo/Man': man }, firstAt: 1, lastAt: at } })
    ledger.stage({ kind: 'values', values: [value] })
    ledger.commit()
  }
  const told = (from: Ledger): unknown[] => [
    from.device('d')?.lastAt,
    from.devices()[0]?.lastAt,
    from.value('d', './DevInfo/Man')?.data,
    from.value('d', './DevInfo/Man')?.at,
  ]
  say(1, 'Acme')
  say(5, 'Acme')
  expect(told(ledger)).toEqual([5, 5, 'Acme', 1])
  expect(told(beside)).toEqual([1, 1, 'Acme', 1])
  ledger.settle()
  expect(told(beside)).toEqual([5, 5, 'Acme', 1])
  say(6, 'Ajax')
  expect([told(ledger), told(beside)]).toEqual([
    [6, 6, 'Ajax', 6],
    [6, 6, 'Ajax', 6],
  ])
  say(60_006, 'Ajax')
  expect(told(beside)).toEqual([6, 6, 'Ajax', 60_006])
  ledger.settle()
  expect(told(beside)).toEqual([60_006, 60_006, 'Ajax', 60_006])
  say(7, 'Ajax')
  expect(told(beside)[3]).toBe(7)
})

test('open orders as remembered are those of the database, whatever is saved in whatever order', () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    state: fc.constantFrom('queued', 'sent', 'done', 'failed', 'unknown'),
    staged: fc.boolean(),
    read: fc.boolean(),
  })
  const at = { a: 100, b: 100, c: 200, d: 50 }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const db = memoryDb()
      const ledger = Ledger.open(db, { remember: true })
      for (const { id, state, staged, read } of steps) {
        const record = { kind: 'order' as const, order: order(id, { state, createdAt: at[id] }) }
        if (staged) ledger.stage(record)
        else ledger.save([record])
        // Said again, it is no news.
        ledger.stage(record)
        if (read) ledger.orders('IMEI:1')
      }
      ledger.commit()
      expect(ledger.orders('IMEI:1')).toEqual(Ledger.open(db).orders('IMEI:1'))
    }),
    { seed: 5, numRuns: 60 },
  )
})

test('what a failed commit took back is not remembered', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db, { remember: true })
  const value = { device: 'd', uri: './a', format: 'chr', type: 'text/plain', data: 'x', at: 1 }
  ledger.save([{ kind: 'values', values: [value] }])
  db.exec("CREATE TRIGGER refuse BEFORE INSERT ON alert BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
  const alert = { device: 'd', sessionId: '1', msgId: '2', at: 4, code: 1226, correlator: '', items: [] }
  ledger.stage({ kind: 'values', values: [{ ...value, data: 'y', at: 2 }] })
  expect(ledger.value('d', './a')?.data).toBe('y')
  ledger.stage({ kind: 'alert', alert })
  expect(() => ledger.commit()).toThrow('disk I/O error')
  expect(ledger.value('d', './a')?.data).toBe('x')
  ledger.stage({ kind: 'values', values: [{ ...value, data: 'y', at: 3 }] })
  ledger.commit()
  expect(Ledger.open(db).value('d', './a')?.data).toBe('y')
})

test('what is staged is written with whatever is written or committed next, in its order', () => {
  const db = memoryDb()
  const ledger = Ledger.open(db, { remember: true })
  const written = (): string => db.prepare("SELECT group_concat(device || ' ' || state) AS courses FROM course").get()?.['courses'] as string
  const wish = order('a')
  const course = (state: Order['state']) => ({ kind: 'order' as const, order: { ...wish, state } })
  ledger.stage(course('queued'))
  ledger.stage(course('sent'))
  expect([written(), ledger.orders('IMEI:1')[0]?.state]).toEqual([null, 'sent'])
  transaction(db, () => db.exec("INSERT INTO setting VALUES ('other', 'work')"))
  expect(written()).toBe('IMEI:1 sent')
  ledger.stage(course('done'))
  ledger.commit()
  expect(written()).toBe('IMEI:1 done')
})

test('a record that cannot even be staged is told by the commit', () => {
  const ledger = Ledger.open(memoryDb(), { remember: true })
  const sealing = (): never => {
    throw new Error('the key store is locked')
  }
  ledger.guard({ seal: sealing, open: () => null, why: '' })
  ledger.stage({ kind: 'account', account: { ...LAB_ACCOUNT, device: 'IMEI:1' } })
  expect(() => ledger.commit()).toThrow('the key store is locked')
  expect(ledger.account('IMEI:1', 'lab')?.device).toBeNull()
})
