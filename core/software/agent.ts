// A device's software as a machine: SCOMO and FUMO over its tree. Inputs are answers, timers and the power switch; effects save before they ask.
import type { DevicePart, ExecCall, ExecResult, Pending } from '../device/features.ts'
import type { UiAnswer } from '../device/interaction.ts'
import type { Described } from '../dmtree/describe.ts'
import { pathOf } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import type { Effect, Env, Input, Machine } from '../machine.ts'
import type { Spool } from '../session/ports.ts'
import type { Alert, Bulk } from '../syncml/message.ts'
import { Desk } from './desk.ts'
import type { SoftwareRecord } from './desk.ts'
import { Fumo } from './fumo.ts'
import { Leaves } from './leaves.ts'
import type { ComponentAnswer, DownloadAnswer, FlashAnswer, InstallAnswer, PackageStore } from './ports.ts'
import { requestAlert } from './request.ts'
import type { SoftwareRequest } from '../api/software.ts'
import { fumoSchema, scomoSchema } from './schema.ts'
import { Scomo } from './scomo.ts'
import { SOFTWARE_SETTINGS } from './settings.ts'
import type { Installed, SoftwareSettings } from './settings.ts'
import { readSoftware } from './state.ts'
import type { Order, SoftwareState } from './state.ts'

export type SoftwareInput =
  | Exclude<Input, { type: 'frame' } | { type: 'gone' }>
  /** The device is switched on. What was under way goes on, or has failed. */
  | { readonly type: 'start'; readonly installed: Installed }
  /** Orders came: the host calls this soon after `wake`. */
  | { readonly type: 'go' }
  /** A session with that server is over. */
  | { readonly type: 'session'; readonly serverId: string; readonly completed: boolean }
  /** The server took this report. */
  | { readonly type: 'acknowledged'; readonly serverId: string; readonly alert: Alert }

export interface AgentOptions {
  readonly store: PackageStore
  readonly env: Pick<Env, 'now'>
  readonly settings?: Partial<SoftwareSettings>
  /** What `state()` gave last time. */
  readonly state?: unknown
}

/**
 * The software of one device. It is a part of the device (pass it to makeClient) and a machine of its own; `wake` is called when a command left it
 * something to do. Asks: topics of core/software/ports.ts, and `outcome` (question: the key) after a restart; ids are `<order> <topic>`.
 */
export class SoftwareAgent implements DevicePart, Machine<SoftwareInput, SoftwareRecord> {
  readonly objects: readonly Described[]
  readonly settings: SoftwareSettings
  readonly #options: AgentOptions
  readonly #state: SoftwareState
  #desk!: Desk
  #parts: (Scomo | Fumo)[] = []
  #scomo: Scomo | null = null
  #fumo: Fumo | null = null
  /** Told when there is something to do; the host then inputs `go`. */
  wake: () => void = () => {}

  constructor(options: AgentOptions) {
    this.#options = options
    this.settings = { ...SOFTWARE_SETTINGS, ...options.settings }
    this.#state = readSoftware(options.state)
    const { mo, version, strictNames } = this.settings
    this.objects = [...(mo.includes('scomo') ? [scomoSchema(version)] : []), ...(mo.includes('fumo') ? [fumoSchema(strictNames)] : [])]
  }

  enter(tree: Tree): void {
    const { store, env } = this.#options
    this.#desk = new Desk({ leaves: new Leaves(tree), settings: this.settings, store, env, state: this.#state })
    this.#scomo = this.settings.mo.includes('scomo') ? new Scomo(this.#desk) : null
    this.#fumo = this.settings.mo.includes('fumo') ? new Fumo(this.#desk) : null
    this.#parts = [this.#scomo, this.#fumo].filter((part) => part !== null)
    for (const part of this.#parts) part.enter()
  }

  state(): SoftwareState {
    return this.#state
  }

  /** Orders under way, for the device's activity in words. */
  get open(): readonly Order[] {
    return this.#desk.open()
  }

  // ---- a part of the device

  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, _serverId: string, perform: (as?: 'Replace') => void, bulk?: Bulk): void {
    const part = this.#parts.find((each) => each.covers(uri.path))
    if (part === undefined) perform()
    else part.command(kind, uri, perform, bulk)
  }

  spool(uri: NodeUri, octets: number, allowed: () => void): Spool | undefined {
    return this.#parts.find((each) => each.covers(uri.path))?.spool(uri, octets, allowed)
  }

  exec(call: ExecCall): ExecResult | Pending | undefined {
    const path = pathOf(call.node)
    const result = this.#parts.find((each) => each.covers(path))?.exec(call, path)
    if (result !== undefined) this.wake()
    return result
  }

  confirmed(serverId: string): void {
    this.#desk.confirmed(serverId)
  }

  settled(): void {
    for (const part of this.#parts) part.settled()
    if (this.#desk.pending) this.wake()
  }

  takeMoved(): boolean {
    return this.#desk.takeMoved()
  }

  /**
   * The alert by which the device asks its server for something; it belongs into Package #1. Throws an Error in words where it asked too lately, or
   * has not the object.
   */
  request(request: SoftwareRequest): Alert {
    if (!this.settings.mo.includes(request.type)) throw new Error(`this device has no ${request.type.toUpperCase()}`)
    const key = [request.type, request.by, request.operation, request.source ?? '', request.pkg ?? request.component ?? ''].join(' ')
    const now = this.#options.env.now()
    const wait = (this.#state.asked[key] ?? -Infinity) + this.settings.requestEvery[request.by] - now
    if (wait > 0) throw new Error(`the device asked this already; it may ask again in ${String(Math.ceil(wait / 1000))} s`)
    this.#state.asked[key] = now
    this.#desk.moved()
    if (request.by === 'user') this.#desk.confirmed('')
    this.#desk.log(
      'ask',
      `${request.by === 'user' ? 'the user' : 'the device'} asks the server: ${request.operation} ${request.pkg ?? request.component ?? ''}`.trim(),
    )
    return requestAlert(request)
  }

  // ---- a machine

  input(input: SoftwareInput): Effect<SoftwareRecord>[] {
    switch (input.type) {
      case 'start':
        this.#start(input.installed)
        break
      case 'go':
        break
      case 'session':
        this.#sessionOver(input.serverId, input.completed)
        break
      case 'acknowledged': {
        const order = this.#desk.acknowledged(input.serverId, input.alert)
        if (order?.mo === 'fumo') this.#fumo?.acknowledged(order)
        break
      }
      case 'timer':
        this.#timer(input.id)
        break
      case 'answer':
        this.#answer(input.id, input.value)
        break
      default:
        input satisfies never
    }
    this.#go()
    return this.#desk.take()
  }

  /** Queued orders begin; the next one gets its turn at the installer. */
  #go(): void {
    if (this.settings.runAfterAbort) for (const order of this.#queued()) this.#begin(order)
    for (let order = this.#desk.next(); order !== undefined; order = this.#desk.next()) this.#of(order)?.work(order)
  }

  #queued(): Order[] {
    return this.#desk.open().filter(({ stage }) => stage === 'queued')
  }

  #begin(order: Order): void {
    this.#of(order)?.begin(order)
  }

  #of(order: Order): Scomo | Fumo | null {
    return order.mo === 'scomo' ? this.#scomo : this.#fumo
  }

  #sessionOver(serverId: string, completed: boolean): void {
    if (this.settings.runAfterAbort) return
    for (const order of this.#queued()) {
      if (order.serverId !== serverId) continue
      if (completed) this.#begin(order)
      else this.#of(order)?.refuse(order, 'the session that ordered it was lost')
    }
  }

  #start(installed: Installed): void {
    this.#desk.log('boot', 'the device is on')
    for (const order of this.#desk.open()) this.#resume(order)
    this.#scomo?.sync(installed)
    for (const part of this.#parts) part.sweep()
    this.#desk.moved()
  }

  #resume(order: Order): void {
    const part = this.#of(order)
    if (part === null) return
    switch (order.stage) {
      case 'queued':
        if (!this.settings.runAfterAbort) part.refuse(order, 'the session that ordered it was lost')
        return
      case 'ask download':
      case 'ask install':
        return part.again(order)
      case 'download':
        return part.resume(order)
      case 'work':
        return this.#desk.ask(order, 'outcome', order.key)
      case 'restart':
        return part.restarted(order)
      case 'ready':
      case 'over':
        return
      default:
        order.stage satisfies never
    }
  }

  #timer(id: string): void {
    const [what, key = ''] = id.split(' ')
    const order = this.#desk.find(key)
    if (order === undefined || !order.stage.startsWith('ask')) return
    if (what === 'again') this.#of(order)?.again(order)
    else if (what === 'consent') this.#of(order)?.consented(order, { act: 'timeout' })
  }

  #answer(id: string, value: unknown): void {
    const [key = '', topic = ''] = id.split(' ')
    const order = this.#desk.find(key)
    if (order === undefined) return
    const asked = topic === 'consent' ? order.stage.startsWith('ask') : order.stage === (topic === 'download' ? 'download' : 'work')
    // An answer to what is over, withdrawn or never asked changes nothing.
    if (!asked) return
    if (topic === 'consent') this.#of(order)?.consented(order, value as UiAnswer | null)
    else if (topic === 'download') this.#of(order)?.downloaded(order, value as DownloadAnswer)
    else if (topic === 'outcome' && value === null) this.#of(order)?.lost(order)
    else this.#worked(order, value, topic === 'outcome')
  }

  /** `restarted`: the device went off and on since the work was asked for. */
  #worked(order: Order, value: unknown, restarted: boolean): void {
    if (order.mo === 'fumo') this.#fumo?.flashed(order, value as FlashAnswer, restarted)
    else if (order.primitive.includes('Install')) this.#scomo?.installed(order, value as InstallAnswer, restarted)
    else this.#scomo?.worked(order, value as ComponentAnswer)
  }
}
