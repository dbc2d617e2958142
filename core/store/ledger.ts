// The ledger: what the DM Server must not forget. Every write is committed when its call returns.
import type { Held } from '../api.ts'
import type { Account, AlertRecord, DeviceRecord, KnownValue, Nonces, Order, ServerLedger, ServerRecord } from '../server/records.ts'
import { fromJson, toJson } from './json.ts'
import type { Db, Statement } from './ports.ts'
import { commitStaged, stage, transaction } from './transaction.ts'

/** A held message as it survives the process: its card, its session's key and its body. */
export interface HeldRecord {
  readonly held: Held
  readonly session: number
  readonly bytes: Uint8Array
}

/** An alert with its number in the ledger, counting upwards. */
export interface KeptAlert {
  readonly number: number
  readonly alert: AlertRecord
}

/** What surrounds the ledger. */
export interface LedgerOptions {
  /** Called before a held message is written: writes the trace, so that the row the card names survives as long as the card. */
  readonly beforeHold?: () => void
  /** True for the one owner of the database: what was read is remembered until it is written. A reader beside the owner must not. */
  readonly remember?: boolean
}

/** Answers remembered at the most; beyond, all are forgotten and read again. */
const REMEMBERED = 20_000

const SQL = {
  account: `INSERT INTO account (device, userName, state, json) VALUES (?, ?, ?, ?)
    ON CONFLICT (device, userName) DO UPDATE SET state = excluded.state, json = excluded.json`,
  dropAccount: 'DELETE FROM account WHERE device = ? AND userName = ?',
  accountsOf: 'SELECT json FROM account WHERE device = ? ORDER BY id',
  accounts: 'SELECT json FROM account ORDER BY id',
  nonces: 'INSERT INTO nonces (device, json) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET json = excluded.json',
  noncesOf: 'SELECT json FROM nonces WHERE device = ?',
  device: `INSERT INTO device (device, firstAt, lastAt, json) VALUES (?, ?, ?, ?)
    ON CONFLICT (device) DO UPDATE SET firstAt = excluded.firstAt, lastAt = excluded.lastAt, json = excluded.json`,
  deviceOf: 'SELECT json FROM device WHERE device = ?',
  devices: 'SELECT json FROM device ORDER BY device',
  order: `INSERT INTO orders (id, device, state, createdAt, json) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET device = excluded.device, state = excluded.state, createdAt = excluded.createdAt, json = excluded.json`,
  orderOf: 'SELECT json FROM orders WHERE id = ?',
  openOrders: "SELECT json FROM orders WHERE device = ? AND state IN ('queued', 'sent', 'unknown') ORDER BY createdAt, number",
  allOrders: 'SELECT json FROM orders WHERE device = ? ORDER BY createdAt, number',
  value: `INSERT INTO known (device, uri, format, type, data, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (device, uri) DO UPDATE SET format = excluded.format, type = excluded.type, data = excluded.data, at = excluded.at`,
  valueOf: 'SELECT * FROM known WHERE device = ? AND uri = ?',
  values: 'SELECT * FROM known WHERE device = ? ORDER BY uri',
  alert: 'INSERT INTO alert (device, at, json) VALUES (?, ?, ?)',
  alerts: 'SELECT number, json FROM alert WHERE number > ? ORDER BY number LIMIT ?',
  hold: 'INSERT INTO held (id, json, bytes) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json, bytes = excluded.bytes',
  unhold: 'DELETE FROM held WHERE id = ?',
  held: 'SELECT json, bytes FROM held ORDER BY id',
  setting: 'SELECT value FROM setting WHERE name = ?',
  set: 'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
} as const

/** Reads that every message makes. */
const RECALLED: ReadonlySet<keyof typeof SQL> = new Set(['accountsOf', 'noncesOf', 'deviceOf', 'openOrders'])

/** Reads and writes the ledger's tables (made by `migrate`). */
export class Ledger implements ServerLedger {
  readonly #db: Db
  readonly #options: LedgerOptions
  readonly #statements = new Map<keyof typeof SQL, Statement>()
  /** Answers of reads by query and device; a write to a device forgets its own, a failed transaction all. */
  readonly #known = new Map<string, unknown[]>()

  private constructor(db: Db, options: LedgerOptions) {
    this.#db = db
    this.#options = options
  }

  /** `db` has the newest schema (see `migrate`). */
  static open(db: Db, options: LedgerOptions = {}): Ledger {
    return new Ledger(db, options)
  }

  /** Saves all records in order in one transaction, committed on return; on an error (thrown) none of them is saved. */
  save(records: readonly ServerRecord[]): void {
    if (records.length === 0) return
    try {
      transaction(this.#db, () => {
        for (const record of records) this.#saveOne(record)
      })
    } catch (error) {
      this.#known.clear()
      throw error
    }
  }

  /** As `save`, but what is staged is committed with the next `commit`, for many messages at once. Reads see it at once. */
  stage(record: ServerRecord): void {
    try {
      stage(this.#db, () => this.#saveOne(record))
    } catch (error) {
      this.#known.clear()
      throw error
    }
  }

  /** Commits what was staged. Throws where any of it could not be kept; none of it is kept then. */
  commit(): void {
    try {
      commitStaged(this.#db)
    } catch (error) {
      this.#known.clear()
      throw error
    }
  }

  /** Own accounts of the device come first; only a device without any is served by the account for every device. */
  account(device: string, userName: string | undefined): Account | undefined {
    const own = this.#rows<Account>('accountsOf', keyOf(device))
    const accounts = own.length > 0 ? own : this.#rows<Account>('accountsOf', keyOf(null))
    return userName === undefined ? accounts[0] : accounts.find((account) => account.userName === userName)
  }

  accounts(): Account[] {
    return this.#rows('accounts')
  }

  /** Adds an account, or replaces the one with the same device and user name. */
  putAccount(account: Account): void {
    this.save([{ kind: 'account', account }])
  }

  /** Removes an account; true where there was one. */
  dropAccount(device: string | null, userName: string): boolean {
    this.#known.delete(`accountsOf ${keyOf(device)}`)
    return this.#sql('dropAccount').run(keyOf(device), userName).changes > 0
  }

  nonces(device: string): Nonces | undefined {
    return this.#rows<Nonces>('noncesOf', device)[0]
  }

  device(device: string): DeviceRecord | undefined {
    return this.#rows<DeviceRecord>('deviceOf', device)[0]
  }

  devices(): DeviceRecord[] {
    return this.#rows('devices')
  }

  /** Orders not done and not failed (queued, sent, unknown), oldest first. */
  orders(device: string): readonly Order[] {
    return this.#rows('openOrders', device)
  }

  /** All orders of a device, oldest first, finished ones too. */
  allOrders(device: string): readonly Order[] {
    return this.#rows('allOrders', device)
  }

  order(id: string): Order | undefined {
    return this.#rows<Order>('orderOf', id)[0]
  }

  value(device: string, uri: string): KnownValue | undefined {
    const question = `valueOf ${device}\n${uri}`
    if (this.#options.remember !== true) return this.#sql('valueOf').get(device, uri) as KnownValue | undefined
    let known = this.#known.get(question)
    if (known === undefined) this.#remember(question, (known = this.#sql('valueOf').all(device, uri)))
    return known[0] as KnownValue | undefined
  }

  /** All values known of a device, by URI. */
  values(device: string): KnownValue[] {
    return this.#sql('values').all(device) as unknown as KnownValue[]
  }

  /** Alerts with a number above `after`, oldest first, at most `count`. */
  alerts(after: number, count: number): KeptAlert[] {
    return this.#sql('alerts')
      .all(after, count)
      .map((row) => ({ number: Number(row['number']), alert: fromJson(String(row['json'])) as AlertRecord }))
  }

  /** Keeps a held message, its bytes included. Holding an id again replaces it (an edited draft). */
  hold(record: HeldRecord): void {
    this.#options.beforeHold?.()
    this.#sql('hold').run(record.held.id, toJson({ held: record.held, session: record.session }), record.bytes)
  }

  unhold(id: number): void {
    this.#sql('unhold').run(id)
  }

  /** Held messages, oldest first, as they were when they were held: after a restart `peerWaits` is no longer true. */
  held(): HeldRecord[] {
    return this.#sql('held')
      .all()
      .map((row) => ({ ...(fromJson(String(row['json'])) as Omit<HeldRecord, 'bytes'>), bytes: row['bytes'] as Uint8Array }))
  }

  setting(name: string): string | undefined {
    return this.#sql('setting').get(name)?.['value'] as string | undefined
  }

  setSetting(name: string, value: string): void {
    this.#sql('set').run(name, value)
  }

  #saveOne(record: ServerRecord): void {
    switch (record.kind) {
      case 'account': {
        const { account } = record
        this.#known.delete(`accountsOf ${keyOf(account.device)}`)
        this.#sql('account').run(keyOf(account.device), account.userName, account.state, toJson(account))
        break
      }
      case 'nonces':
        this.#known.set(`noncesOf ${record.nonces.device}`, [record.nonces])
        this.#sql('nonces').run(record.nonces.device, toJson(record.nonces))
        break
      case 'device': {
        const { device } = record
        this.#known.set(`deviceOf ${device.device}`, [device])
        this.#sql('device').run(device.device, device.firstAt, device.lastAt, toJson(device))
        break
      }
      case 'order': {
        const { order } = record
        this.#known.delete(`openOrders ${order.device}`)
        this.#sql('order').run(order.id, order.device, order.state, order.createdAt, toJson(order))
        break
      }
      case 'values':
        for (const { device, uri, format, type, data, at } of record.values) {
          this.#known.delete(`valueOf ${device}\n${uri}`)
          this.#sql('value').run(device, uri, format, type, data, at)
        }
        break
      case 'alert':
        this.#sql('alert').run(record.alert.device, record.alert.at, toJson(record.alert))
        break
      default:
        record satisfies never
    }
  }

  #sql(name: keyof typeof SQL): Statement {
    let statement = this.#statements.get(name)
    if (statement === undefined) this.#statements.set(name, (statement = this.#db.prepare(SQL[name])))
    return statement
  }

  #rows<T>(name: keyof typeof SQL, ...values: string[]): T[] {
    const remembered = this.#options.remember === true && values.length === 1 && RECALLED.has(name)
    const question = `${name} ${values[0] ?? ''}`
    const known = remembered ? this.#known.get(question) : undefined
    if (known !== undefined) return known as T[]
    const rows = this.#sql(name)
      .all(...values)
      .map((row) => fromJson(String(row['json'])) as T)
    if (remembered) this.#remember(question, rows)
    return rows
  }

  #remember(question: string, rows: unknown[]): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    this.#known.set(question, rows)
  }
}

const keyOf = (device: string | null): string => (device === null ? '*' : `=${device}`)
