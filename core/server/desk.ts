// What one server session needs of the DM Server: accounts by enrolment mode, the policy's commands, and the records its facts become.
import type { AuthName } from '../auth/credentials.ts'
import type { Secret, Verdict } from '../auth/verifier.ts'
import type { Reading } from '../auth/prover.ts'
import type { Env, Note } from '../machine.ts'
import type { Entry, SentCommand } from '../session/entry.ts'
import type { Desk, Ident, Peer, SessionEnd, Shown } from '../session/desk.ts'
import type { Alert, Item, NonceText, Results, Status } from '../syncml/message.ts'
import { Orders } from './orders.ts'
import type { Policy, SessionView } from './policy.ts'
import type { Account, AlertRecord, DeviceRecord, KnownValue, Nonces, ServerLedger, ServerRecord } from './records.ts'
import type { ServerSettings } from './settings.ts'
import { textOfData, valuesOf, valuesWritten } from './values.ts'

const NOTHING = { saves: [], notes: [] } as const

/** Nobody: fits no credential at all, and is welcome without. */
const NOBODY: Secret = { userNames: [], password: '', type: null, open: true }

/** What a desk works with; `held` are the orders in the hands of any session of the device. */
export interface DeskParts {
  readonly ledger: ServerLedger
  readonly settings: ServerSettings
  readonly policy: Policy
  readonly env: Env
  readonly held: Set<string>
  /** Server id of the account the session begins with. */
  readonly serverId: string
}

/** What a policy sees of a desk. */
class View implements SessionView {
  readonly device: string
  readonly sessionId: string
  readonly authenticated: boolean
  readonly auth: AuthName | null
  readonly peer: Peer | null
  readonly round: number
  readonly #desk: DeviceDesk
  readonly #held: ReadonlySet<string>

  constructor(desk: DeviceDesk, now: Pick<SessionView, 'authenticated' | 'auth' | 'peer' | 'round'>, held: ReadonlySet<string>) {
    this.device = desk.device
    this.sessionId = desk.sessionId
    this.authenticated = now.authenticated
    this.auth = now.auth
    this.peer = now.peer
    this.round = now.round
    this.#desk = desk
    this.#held = held
  }

  get devInfo(): SessionView['devInfo'] {
    return this.#desk.said
  }

  taken(id: string): boolean {
    return this.#desk.orders.has(id) || this.#held.has(id)
  }
}

/** One desk serves one session. */
export class DeviceDesk implements Desk {
  readonly device: string
  readonly sessionId: string
  readonly orders: Orders
  readonly #parts: DeskParts
  #saves: ServerRecord[] = []
  #notes: Note[] = []
  #nonces: Nonces
  #record: DeviceRecord | null = null
  #authenticated = false
  #auth: AuthName | null = null
  #round = 0
  readonly #learnt = new Map<string, number>()
  end: SessionEnd | null = null

  constructor(device: string, sessionId: string, parts: DeskParts) {
    this.device = device
    this.sessionId = sessionId
    this.#parts = parts
    this.#nonces = this.#noncesOf(parts.serverId)
    this.orders = new Orders(sessionId, (order) => this.#saves.push({ kind: 'order', order }), parts.held)
  }

  /** Nonces as they stood when the session began. */
  get nonces(): Nonces {
    return this.#nonces
  }

  /** Records due since the last call, in order; to be saved before what the session sends. */
  flush(): { readonly saves: readonly ServerRecord[]; readonly notes: readonly Note[] } {
    if (this.#record === null && this.#saves.length === 0 && this.#notes.length === 0) return NOTHING
    const saves = this.#record === null ? this.#saves : [{ kind: 'device' as const, device: this.#record }, ...this.#saves]
    const notes = this.#notes
    this.#saves = []
    this.#notes = []
    this.#record = null
    return { saves, notes }
  }

  ident(shown: Shown): Ident {
    const { ledger, settings } = this.#parts
    const own = ledger.account(this.device, undefined)
    const account = ledger.account(this.device, shown.user) ?? (own?.device === this.device ? own : undefined)
    // The account for every device serves a device that names its user; one that names nobody is unknown, save where nobody may enrol.
    const named = account !== undefined && (account.device !== null || shown.user !== undefined || settings.enrol === 'never')
    if (named) return this.#known(account, shown)
    switch (settings.enrol) {
      case 'auto':
        return this.#enrol(shown)
      case 'ask':
        this.#wait(shown, own)
        return { secret: null, demand: null, because: 'the device waits for a decision about its enrolment' }
      case 'never':
        return { secret: null, demand: null, because: 'the device is not known here' }
      default:
        return settings.enrol satisfies never
    }
  }

  admitted(verdict: Verdict): void {
    const { ledger, env } = this.#parts
    this.#authenticated = verdict.code === 212 || verdict.shown !== null
    this.#auth = verdict.shown ?? this.#auth
    const known = ledger.device(this.device)
    const now = env.now()
    this.#record = { device: this.device, devInfo: known?.devInfo ?? {}, firstAt: known?.firstAt ?? now, lastAt: now }
    if (verdict.issued === undefined) return
    this.#nonces = { ...this.#nonces, client: verdict.issued }
    this.#saves.push({ kind: 'nonces', nonces: this.#nonces })
  }

  received({ text, octets }: NonceText, reading: Reading): void {
    this.#nonces = { ...this.#nonces, server: { text, octets: octets ?? null }, reading }
    this.#saves.push({ kind: 'nonces', nonces: this.#nonces })
  }

  devInfo(items: readonly Item[]): void {
    const { ledger, env } = this.#parts
    const now = env.now()
    const known = ledger.device(this.device)
    if (known !== undefined && saysTheSame(items, known.devInfo)) {
      // Nothing new: the record's lastAt says when it was confirmed.
      this.#record = { ...known, lastAt: now }
      return
    }
    const entries = items.map((item): [string, string] => [item.source?.locUri ?? item.target?.locUri ?? '', textOfData(item.data)])
    const leaves = entries.filter(([uri], i) => uri !== '' && items[i]?.meta?.format !== 'node')
    this.#record = { device: this.device, devInfo: Object.fromEntries(leaves), firstAt: known?.firstAt ?? now, lastAt: now }
    const values = valuesOf(
      this.device,
      items.filter((item) => item.meta?.format !== 'node'),
      undefined,
      now,
    )
    if (values.length > 0) this.#saves.push({ kind: 'values', values })
  }

  alert(alert: Alert, msgId: string): number | undefined {
    const items = alert.items.map((item): AlertRecord['items'][number] => ({
      source: item.source?.locUri ?? '',
      ...(item.target === undefined ? {} : { target: item.target.locUri }),
      type: item.meta?.type ?? '',
      format: item.meta?.format ?? '',
      mark: item.meta?.mark ?? '',
      data: textOfData(item.data, item.meta?.format),
    }))
    const { code, correlator } = alert
    const record: AlertRecord = {
      device: this.device,
      sessionId: this.sessionId,
      msgId,
      at: this.#parts.env.now(),
      code,
      correlator: correlator ?? '',
      items,
    }
    this.#saves.push({ kind: 'alert', alert: record })
    return this.#parts.policy.alert?.(this.#view(null), record)
  }

  status(sent: SentCommand, status: Status): void {
    const command = this.orders.status(sent, status)
    if (command === null || status.code !== 200) return
    this.#learn(sent, valuesWritten(this.device, command, this.#parts.env.now()))
  }

  results(sent: SentCommand, results: Results): void {
    this.orders.results(sent, results)
    this.#learn(sent, valuesOf(this.device, results.items, results.meta, this.#parts.env.now()))
  }

  /** Keeps values in the order the commands were performed, not in the order their answers came. */
  #learn({ tag, path }: SentCommand, found: readonly KnownValue[]): void {
    const rank = tag + ((path[0] ?? -1) + 1) / 100_000
    const values = found.filter(({ uri }) => (this.#learnt.get(uri) ?? -1) <= rank)
    for (const { uri } of values) this.#learnt.set(uri, rank)
    if (values.length > 0) this.#saves.push({ kind: 'values', values })
  }

  unanswered(sent: readonly SentCommand[]): void {
    for (const { tag } of sent) this.orders.unanswered(tag, 'the device sent no Status')
  }

  dropped(tag: number, reason: string): void {
    this.orders.unanswered(tag, `not sent: ${reason}`, false)
  }

  leaving(sent: readonly SentCommand[]): void {
    this.orders.leaving(sent)
  }

  /** ./DevInfo as it is known now, with what the message at hand brought. */
  get said(): SessionView['devInfo'] {
    return this.#record?.devInfo ?? this.#parts.ledger.device(this.device)?.devInfo ?? {}
  }

  #view(peer: Peer | null): SessionView {
    return new View(this, { authenticated: this.#authenticated, auth: this.#auth, peer, round: this.#round }, this.#parts.held)
  }

  next(peer: Peer): readonly Entry[] {
    const outcomes = this.orders.settle()
    const view = this.#view(peer)
    this.#round += 1
    return this.orders.take(this.#parts.policy.next(view, outcomes).filter(({ order }) => order === null || !view.taken(order.id)))
  }

  ended(end: SessionEnd): void {
    this.end = end
    const outcomes = this.orders.settle()
    this.orders.end()
    this.#parts.policy.ended?.(this.#view(null), end, outcomes)
  }

  #noncesOf(serverId: string): Nonces {
    return this.#parts.ledger.nonces(this.device, serverId) ?? { device: this.device, serverId, client: null, server: null, reading: null }
  }

  #known(account: Account, shown: Shown): Ident {
    // Another account of the same device than the session began with: its nonces are its own.
    if (account.serverId !== this.#nonces.serverId) this.#nonces = this.#noncesOf(account.serverId)
    if (account.locked !== undefined) return { secret: null, demand: null, because: account.locked }
    if (account.state === 'waiting') return { secret: null, demand: null, because: 'the device waits for a decision about its enrolment' }
    if (account.state === 'refused') return { secret: null, demand: null, because: 'the device was refused by decision' }
    if (account.learns === true) {
      if (shown.type === 'syncml:auth-basic') return this.#enrol(shown)
      return {
        secret: null,
        demand: 'syncml:auth-basic',
        because: 'the device is adopted and its password not known yet: it is asked for Basic once',
      }
    }
    const type = account.authType ?? this.#parts.settings.auth
    const demand: AuthName = type ?? 'syncml:auth-md5'
    return { secret: { userNames: [account.userName], password: account.password, type }, demand, because: '' }
  }

  /**
   * Mode auto: the credentials shown become the account; who shows none is served without one; who shows a digest is asked for Basic once, since a digest tells no password.
   */
  #enrol(shown: Shown): Ident {
    if (shown.type === 'syncml:auth-basic' && shown.user !== undefined && shown.password !== undefined && shown.user !== '') {
      const account = this.#create(shown.user, shown.password, 'enrolled')
      // What it enrolled with counts for this session, whatever is asked of it later.
      return { secret: { userNames: [account.userName], password: account.password, type: null }, demand: 'syncml:auth-basic', because: '' }
    }
    if (shown.type === null) return { secret: NOBODY, demand: 'syncml:auth-basic', because: '' }
    return { secret: null, demand: 'syncml:auth-basic', because: 'the device is not known yet, and a digest tells no password' }
  }

  #wait(shown: Shown, own: Account | undefined): void {
    if (own?.device === this.device) return
    this.#create(shown.user ?? '', shown.password ?? '', 'waiting')
  }

  #create(userName: string, password: string, state: Account['state']): Account {
    const { serverId, serverPassword } = this.#parts.settings
    const account: Account = { device: this.device, userName, password, serverId, serverPassword, authType: null, state }
    this.#saves.push({ kind: 'account', account })
    const text = state === 'enrolled' ? `device ${this.device} enrolled with the credentials it showed` : `device ${this.device} waits for a decision`
    this.#notes.push({ topic: 'auth', text, device: this.device, sessionId: this.sessionId })
    return account
  }
}

/** True where the leaves are the very ones the record holds, all of them plain text. */
function saysTheSame(items: readonly Item[], devInfo: Readonly<Record<string, string>>): boolean {
  let leaves = 0
  for (const item of items) {
    if (item.meta?.format === 'node') continue
    const uri = item.source?.locUri
    if (uri === undefined || item.meta?.format === 'bin' || devInfo[uri] !== (item.data ?? '')) return false
    leaves += 1
  }
  return leaves === Object.keys(devInfo).length
}
