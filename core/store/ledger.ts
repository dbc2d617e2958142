// The ledger: what the DM Server must not forget. Every write is committed when its call returns, save that a known device was seen once more.
import type { Held } from '../api.ts'
import type { Account, AlertRecord, DeviceRecord, KnownValue, Nonces, Order, ServerLedger, ServerRecord } from '../server/records.ts'
import { fromJson, orderOf, toJson } from './json.ts'
import { confirms, openAfter, sameDevice, sameWish } from './known.ts'
import { LEDGER_SQL as SQL } from './ledgersql.ts'
import type { Db, SqlValue, Statement } from './ports.ts'
import { Recall } from './recall.ts'
import { NO_VAULT, openAccount, storedAccount } from './vault.ts'
import type { Vault } from './vault.ts'
import { catchUp, commitStaged, stageLater, transaction } from './transaction.ts'

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

/** Writes by a statement. */
type Put = (name: keyof typeof SQL, ...values: SqlValue[]) => void

/** Reads and writes the ledger's tables (made by `migrate`). */
export class Ledger implements ServerLedger {
  readonly #db: Db
  readonly #options: LedgerOptions
  readonly #statements = new Map<keyof typeof SQL, Statement>()
  /** A write sets or forgets what it touches, a failed transaction all. */
  readonly #recall: Recall
  /** When devices that said nothing else that is new were last seen; `settle` writes it. */
  readonly #seen = new Map<string, number>()
  #vault: Vault = NO_VAULT
  #accountMoves = 0
  readonly #now: Put = (name, ...values) => void this.#sql(name).run(...values)
  readonly #later: Put = (name, ...values) => stageLater(this.#db, () => this.#now(name, ...values))

  private constructor(db: Db, options: LedgerOptions) {
    this.#db = db
    this.#options = options
    this.#recall = new Recall(options.remember === true)
  }

  /** `db` has the newest schema (see `migrate`). */
  static open(db: Db, options: LedgerOptions = {}): Ledger {
    return new Ledger(db, options)
  }

  /** Seals the secrets of accounts from now on, and opens sealed ones. */
  guard(vault: Vault): void {
    this.#vault = vault
    this.#recall.clear()
  }

  /** What secrets are sealed with. */
  get vault(): Vault {
    return this.#vault
  }

  /** Lets `write` replace what must not be found in the file any more. */
  scrub(write: () => void): void {
    this.#db.exec('PRAGMA secure_delete = ON')
    write()
    this.#db.exec('PRAGMA secure_delete = OFF')
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Saves all records in order in one transaction, committed on return; on an error (thrown) none of them is saved. */
  save(records: readonly ServerRecord[]): void {
    if (records.length === 0) return
    try {
      transaction(this.#db, () => {
        for (const record of records) this.#saveOne(record, this.#now)
      })
    } catch (error) {
      this.#recall.clear()
      throw error
    }
  }

  /** As `save`, but what is staged is written and committed with the next `commit`, for many messages at once, which tells errors. Reads see it at once. */
  stage(record: ServerRecord): void {
    if (this.#saysNothingNew(record)) return
    try {
      this.#saveOne(record, this.#later)
    } catch (error) {
      stageLater(this.#db, () => {
        throw error
      })
    }
  }

  /** Commits what was staged. Throws where any of it could not be kept; none of it is kept then. */
  commit(): void {
    try {
      commitStaged(this.#db)
    } catch (error) {
      this.#recall.clear()
      throw error
    }
  }

  /** Writes when devices were last seen, where that is all that a session told. Called every now and then: no answer depends on it. */
  settle(): void {
    if (this.#seen.size === 0) return
    transaction(this.#db, () => this.#seen.forEach((at, device) => this.#sql('seen').run(at, device)))
    this.#seen.clear()
  }

  /** Grows with every account that is written or dropped: who looked at all of them need not look again while it stays. */
  get accountMoves(): number {
    return this.#accountMoves
  }

  /** Own accounts of the device come first; only a device without any is served by the account for every device. */
  account(device: string, userName: string | undefined): Account | undefined {
    const own = this.#accountsOf(device)
    const accounts = own.length > 0 ? own : this.#accountsOf(null)
    return userName === undefined ? accounts[0] : accounts.find((account) => account.userName === userName)
  }

  accounts(): Account[] {
    return this.#accountRows('accounts')
  }

  /** Adds an account, or replaces the one with the same device and user name. */
  putAccount(account: Account): void {
    this.save([{ kind: 'account', account }])
  }

  /** Removes an account; true where there was one. */
  dropAccount(device: string | null, userName: string): boolean {
    this.#forgetAccounts(device)
    return this.#sql('dropAccount').run(keyOf(device), userName).changes > 0
  }

  nonces(device: string, serverId: string): Nonces | undefined {
    const known = this.#recall.of(device).nonces
    let nonces = known.get(serverId)
    if (nonces === undefined) known.set(serverId, (nonces = this.#rows<Nonces>('noncesOf', device, serverId)[0] ?? null))
    return nonces ?? undefined
  }

  device(device: string): DeviceRecord | undefined {
    const known = this.#recall.of(device)
    if (known.device === undefined) known.device = this.#deviceRows('deviceOf', device)[0] ?? null
    return known.device ?? undefined
  }

  devices(): DeviceRecord[] {
    return this.#deviceRows('devices')
  }

  /** Orders not done and not failed (queued, sent, unknown), oldest first. */
  orders(device: string): readonly Order[] {
    const known = this.#recall.of(device)
    known.orders ??= this.#orderRows('openOrders', device)
    return known.orders
  }

  /** All orders of a device, oldest first, finished ones too. */
  allOrders(device: string): readonly Order[] {
    return this.#orderRows('allOrders', device)
  }

  order(id: string): Order | undefined {
    return this.#orderRows('orderOf', id)[0]
  }

  /** A value as last told; its time may be up to a minute older than its last confirmation. */
  value(device: string, uri: string): KnownValue | undefined {
    const known = this.#recall.of(device).values.get(uri)
    if (known !== undefined) return known ?? undefined
    const value = this.#sql('valueOf').get(device, uri) as KnownValue | undefined
    this.#recall.value(device, uri, value ?? null)
    return value
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

  #saveOne(record: ServerRecord, put: Put): void {
    switch (record.kind) {
      case 'account': {
        const { account } = record
        if (account.device !== null && account.learns !== true) this.#learnt(account, put)
        this.#forgetAccounts(account.device)
        put('account', keyOf(account.device), account.userName, account.state, toJson(storedAccount(account, this.#vault)))
        break
      }
      case 'nonces':
        this.#recall.of(record.nonces.device).nonces.set(record.nonces.serverId, record.nonces)
        put('nonces', record.nonces.device, record.nonces.serverId, toJson(record.nonces))
        break
      case 'device': {
        const { device } = record
        this.#seen.delete(device.device)
        put('device', device.device, device.firstAt, device.lastAt, toJson(device))
        this.#recall.of(device.device).device = device
        break
      }
      case 'order': {
        const { order } = record
        const known = this.#recall.of(order.device)
        const goesOn = known.orders?.some((before) => sameWish(before, order)) === true
        if (!goesOn) {
          const { id, device, createdAt, commands } = order
          put('order', id, device, createdAt, toJson({ id, device, createdAt, commands }))
        }
        put(goesOn ? 'moved' : 'course', order.state, order.sessionId, toJson(order.outcomes), order.id)
        known.orders = known.orders && openAfter(known.orders, order)
        break
      }
      case 'values':
        for (const value of record.values) this.#saveValue(value, put)
        break
      case 'alert':
        put('alert', record.alert.device, record.alert.at, toJson(record.alert))
        break
      default:
        record satisfies never
    }
  }

  /** A device adopted without secrets has shown them now: the account that stood for it until then is gone. */
  #learnt({ device, userName }: Account, put: Put): void {
    for (const before of this.#accountsOf(device))
      if (before.learns === true && before.userName !== userName) put('dropAccount', keyOf(device), before.userName)
  }

  #forgetAccounts(device: string | null): void {
    this.#recall.of(device).accounts = undefined
    this.#accountMoves += 1
  }

  /** Most sessions tell what their device told before: that costs no write. */
  #saysNothingNew(record: ServerRecord): boolean {
    if (record.kind === 'values') return record.values.every((value) => confirms(this.#valueKnown(value), value))
    if (record.kind === 'order') return this.#recall.of(record.order.device).orders?.includes(record.order) === true
    if (record.kind !== 'device') return false
    const known = this.#recall.of(record.device.device)
    if (known.device == null || !sameDevice(known.device, record.device)) return false
    known.device = record.device
    this.#seen.set(record.device.device, record.device.lastAt)
    return true
  }

  #valueKnown({ device, uri }: KnownValue): KnownValue | null | undefined {
    return this.#recall.of(device).values.get(uri)
  }

  #saveValue(value: KnownValue, put: Put): void {
    if (confirms(this.#valueKnown(value), value)) return
    const { device, uri, format, type, data, at } = value
    put('value', device, uri, format, type, data, at)
    this.#recall.value(device, uri, value)
  }

  /** A statement that sees all that was staged. */
  #sql(name: keyof typeof SQL): Statement {
    catchUp(this.#db)
    let statement = this.#statements.get(name)
    if (statement === undefined) this.#statements.set(name, (statement = this.#db.prepare(SQL[name])))
    return statement
  }

  #accountsOf(device: string | null): readonly Account[] {
    const known = this.#recall.of(device)
    known.accounts ??= this.#accountRows('accountsOf', keyOf(device))
    return known.accounts
  }

  #accountRows(name: 'accounts' | 'accountsOf', ...values: string[]): Account[] {
    return this.#rows<Account>(name, ...values).map((stored) => openAccount(stored, this.#vault))
  }

  #deviceRows(name: 'deviceOf' | 'devices', ...values: string[]): DeviceRecord[] {
    return this.#sql(name)
      .all(...values)
      .map((row) => {
        const device = fromJson(String(row['json'])) as DeviceRecord
        return { ...device, lastAt: this.#seen.get(device.device) ?? Number(row['lastAt']) }
      })
  }

  #orderRows(name: 'orderOf' | 'openOrders' | 'allOrders', value: string): Order[] {
    return this.#sql(name).all(value).map(orderOf)
  }

  #rows<T>(name: keyof typeof SQL, ...values: string[]): T[] {
    return this.#sql(name)
      .all(...values)
      .map((row) => fromJson(String(row['json'])) as T)
  }
}

const keyOf = (device: string | null): string => (device === null ? '*' : `=${device}`)
