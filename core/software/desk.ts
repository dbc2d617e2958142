// What SCOMO and FUMO share: the book of orders, asks and their turns, the device's own questions, reports. Effects are collected; the agent hands them on.
import type { ExecCall, ExecResult, Pending } from '../device/features.ts'
import type { UiAnswer } from '../device/interaction.ts'
import type { Effect, Env } from '../machine.ts'
import type { Alert } from '../syncml/message.ts'
import type { Leaves, Path } from './leaves.ts'
import { uriOf } from './leaves.ts'
import type { ConsentAsk, DownloadAsk, LogWhat, PackageStore } from './ports.ts'
import { REMEMBERED } from './settings.ts'
import type { SoftwareSettings } from './settings.ts'
import type { AfterRestart, Order, SoftwareState, Stage } from './state.ts'

/** What must survive, and what the host is told. Performed in order; `state` makes all before it durable in one piece. */
export type SoftwareRecord =
  | { readonly kind: 'state' }
  /** Owed to that server from now on. */
  | { readonly kind: 'report'; readonly serverId: string; readonly alert: Alert }
  /** The Exec that waits for it may be answered. */
  | { readonly kind: 'outcome'; readonly key: string; readonly code: number }
  | { readonly kind: 'log'; readonly what: LogWhat; readonly text: string }

/** What an order's end says. `done`: codes are of the object's own table. */
export interface Ending {
  readonly code: number
  readonly text: string
  readonly alert: Alert
}

export class Desk {
  readonly leaves: Leaves
  readonly settings: SoftwareSettings
  readonly store: PackageStore
  readonly env: Pick<Env, 'now'>
  readonly state: SoftwareState
  /** Orders whose Exec waits for its Status. */
  readonly #waiting = new Set<string>()
  readonly #confirmed = new Map<string, number>()
  #effects: Effect<SoftwareRecord>[] = []
  #moved = false

  constructor(parts: {
    readonly leaves: Leaves
    readonly settings: SoftwareSettings
    readonly store: PackageStore
    readonly env: Pick<Env, 'now'>
    readonly state: SoftwareState
  }) {
    this.leaves = parts.leaves
    this.settings = parts.settings
    this.store = parts.store
    this.env = parts.env
    this.state = parts.state
  }

  /** Effects since the last call; what moved is saved before anything is asked for. */
  take(): Effect<SoftwareRecord>[] {
    const effects = this.#effects
    this.#effects = []
    const save: Effect<SoftwareRecord>[] = this.takeMoved() ? [{ type: 'save', record: { kind: 'state' } }] : []
    const first = effects.filter((effect) => effect.type === 'save' && effect.record.kind === 'report')
    return [...first, ...save, ...effects.filter((effect) => !first.includes(effect))]
  }

  get pending(): boolean {
    return this.#effects.length > 0
  }

  moved(): void {
    this.#moved = true
  }

  takeMoved(): boolean {
    const moved = this.#moved
    this.#moved = false
    return moved
  }

  /** Lets go of the file that stands for the value of a node; `gone` says it in the log. */
  release(uri: string, gone: string): void {
    const file = this.state.files[uri]
    if (file === undefined) return
    delete this.state.files[uri]
    this.store.drop(file.file)
    this.moved()
    this.log('remove', gone)
  }

  log(what: LogWhat, text: string): void {
    this.#effects.push({ type: 'save', record: { kind: 'log', what, text } })
  }

  find(key: string): Order | undefined {
    return this.state.orders.find((order) => order.key === key)
  }

  open(): readonly Order[] {
    return this.state.orders.filter(({ stage }) => stage !== 'over')
  }

  /** The order under way for the object at that path. */
  busy(path: Path): Order | undefined {
    return this.open().find((order) => order.path.length === path.length && order.path.every((name, i) => name === path[i]))
  }

  /** The same order again (scomo sheet 14.3b): 202 while it runs, its result afterwards. Undefined: it is new. */
  again(call: ExecCall): ExecResult | undefined {
    if (call.correlator === '') return undefined
    const same = this.state.orders.find((order) => order.serverId === call.serverId && order.correlator === call.correlator && order.uri === call.uri)
    if (same === undefined) return undefined
    this.log('ask', `${call.uri} ordered again with correlator ${call.correlator}: not run twice`)
    if (same.end === null) return { code: 202 }
    if (same.end.alert === null) return { code: same.mo === 'scomo' ? this.shown(same.end.code) : same.end.code }
    if (same.end.acknowledged) {
      same.end.acknowledged = false
      this.#effects.push({ type: 'save', record: { kind: 'report', serverId: same.serverId, alert: same.end.alert } })
      this.moved()
    }
    return { code: 202 }
  }

  /** A result as the Status of an Exec says it (scomo sheet 7.1). */
  shown(code: number): number {
    if (this.settings.syncCode === 'native') return code
    return code >= 1200 && code < 1300 ? 200 : 500
  }

  /** Takes an order; it is durable before the Status leaves, since the performer's save comes first. */
  accept(call: ExecCall, about: Pick<Order, 'mo' | 'primitive' | 'path' | 'url'>): Order {
    const { uri, serverId, correlator } = call
    this.state.count += 1
    const at = this.env.now()
    const order: Order = {
      ...about,
      key: `o${String(this.state.count)}`,
      uri,
      serverId,
      correlator,
      at,
      stage: 'queued',
      file: null,
      installParam: '',
      digestChecked: false,
      postponed: 0,
      end: null,
    }
    const kept = this.state.orders.filter(({ end }) => end === null || (end.alert !== null && !end.acknowledged) || at - end.at < REMEMBERED)
    this.state.orders = [...kept, order]
    this.moved()
    this.log('ask', `${serverId} orders ${about.primitive} of ${uriOf(about.path)}${correlator === '' ? '' : ` (${correlator})`}`)
    return order
  }

  /** Lets the Status of the Exec wait for the order's end. */
  wait(order: Order): Pending {
    this.#waiting.add(order.key)
    return {
      pending: order.key,
      waitMs: this.settings.syncMs,
      code: (code) => {
        this.#waiting.delete(order.key)
        return code ?? 202
      },
      left: () => this.#waiting.delete(order.key),
    }
  }

  stage(order: Order, stage: Stage): void {
    order.stage = stage
    this.moved()
  }

  /** True where the device's user is to be asked first. */
  asks(order: Order): boolean {
    const { consent, confirmedMs } = this.settings
    if (consent !== 'unconfirmed') return consent === 'always'
    const at = this.#confirmed.get(order.serverId) ?? this.#confirmed.get('') ?? -Infinity
    return this.env.now() - at > confirmedMs
  }

  /** The user agreed to what that server asks, or ('') wants it. */
  confirmed(serverId: string): void {
    this.#confirmed.set(serverId, this.env.now())
  }

  consent(order: Order, stage: 'ask download' | 'ask install', what: ConsentAsk['what'], text: string): void {
    const { consentMs: waitMs, againMs } = this.settings
    this.stage(order, stage)
    this.log('ask', text)
    this.ask(order, 'consent', { key: order.key, what, text, waitMs, againMs } satisfies ConsentAsk)
    this.timer(`consent ${order.key}`, waitMs)
  }

  /** Withdraws the question that is open or put off. */
  quiet(order: Order): void {
    if (!order.stage.startsWith('ask')) return
    this.timer(`consent ${order.key}`, null)
    this.timer(`again ${order.key}`, null)
  }

  answered(order: Order, answer: UiAnswer | null): 'yes' | 'no' | 'timeout' | 'later' {
    this.timer(`consent ${order.key}`, null)
    const act = answer?.act ?? 'timeout'
    if (act === 'ok') return 'yes'
    if (act === 'timeout') return 'timeout'
    if (act !== 'postpone') return 'no'
    order.postponed += 1
    this.moved()
    this.log('ask', `postponed for ${String(Math.round(this.settings.againMs / 1000))} s`)
    this.timer(`again ${order.key}`, this.settings.againMs)
    return 'later'
  }

  download(order: Order, pkgType: string, anew: boolean): void {
    this.stage(order, 'download')
    this.log('download', `${order.url} begins`)
    const ask: DownloadAsk = { key: order.key, url: order.url, pkgType, room: this.store.room(), anew }
    this.ask(order, 'download', ask)
  }

  /** The device restarts for this order; it goes on when the device is on again, with `after` as what is told then. */
  restart(order: Order, why: string, after?: AfterRestart): void {
    if (after !== undefined) order.after = after
    this.stage(order, 'restart')
    this.log('boot', why)
    this.ask(order, 'restart', why)
  }

  ask(order: Order, topic: string, question: unknown): void {
    this.#effects.push({ type: 'ask', id: `${order.key} ${topic}`, topic, question })
  }

  timer(id: string, ms: number | null): void {
    this.#effects.push({ type: 'timer', id, ms })
  }

  /** One turn at the installer at a time: the oldest order that is ready and nobody else's. */
  next(): Order | undefined {
    const open = this.open()
    return open.some(({ stage }) => stage === 'work') ? undefined : open.find(({ stage }) => stage === 'ready')
  }

  /** Ends an order: by the Status of its Exec where that waits, else by the alert. */
  end(order: Order, { code, text, alert }: Ending): void {
    const waits = this.#waiting.has(order.key)
    order.stage = 'over'
    order.end = { code, text, at: this.env.now(), alert: waits ? null : alert, acknowledged: false }
    this.moved()
    const good = (code >= 200 && code < 300) || (code >= 1200 && code < 1300)
    this.log(good ? 'deliver' : 'fail', `${order.primitive} of ${uriOf(order.path)} ended with ${String(code)}${text === '' ? '' : `: ${text}`}`)
    if (waits) this.#effects.push({ type: 'save', record: { kind: 'outcome', key: order.key, code: order.mo === 'scomo' ? this.shown(code) : code } })
    else this.#effects.push({ type: 'save', record: { kind: 'report', serverId: order.serverId, alert } })
  }

  /** The report of an order reached its server. */
  acknowledged(serverId: string, alert: Alert): Order | undefined {
    const text = JSON.stringify(alert)
    const order = this.state.orders.find(
      ({ end, serverId: to }) => to === serverId && end?.alert != null && !end.acknowledged && JSON.stringify(end.alert) === text,
    )
    if (order?.end == null) return undefined
    order.end.acknowledged = true
    this.moved()
    return order
  }
}

/** A final alert (1226); CmdID is given when it leaves. */
export function finalAlert(correlator: string, items: NonNullable<Alert['items']>): Alert {
  return { kind: 'Alert', cmdId: '', code: 1226, data: '1226', ...(correlator === '' ? {} : { correlator }), items }
}
