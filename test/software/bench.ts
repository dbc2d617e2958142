// A device with software on a bench: commands go to its performer, its software is driven by hand, every save can be a power cut.
import { makeClient, partState } from '../../core/device/client.ts'
import type { Client } from '../../core/device/client.ts'
import type { UiAnswer } from '../../core/device/interaction.ts'
import type { Effect } from '../../core/machine.ts'
import { readComplete } from '../../core/mo/alerts.ts'
import { SoftwareAgent } from '../../core/software/agent.ts'
import type { SoftwareInput } from '../../core/software/agent.ts'
import type { SoftwareRecord } from '../../core/software/desk.ts'
import type { SoftwareSettings } from '../../core/software/settings.ts'
import type { Alert, Data, Meta, Request } from '../../core/syncml/message.ts'
import { dataText } from '../../core/syncml/text.ts'
import { code as codeOf, command, exec, read } from '../device/support.ts'
import { SETUP } from '../session/world.ts'
import { fixedEnv } from '../session/support.ts'
import { Double } from './double.ts'

export const ME = SETUP.serverId
export const DOWNLOAD = './SCOMO/Download'
export const DELIVERED = './SCOMO/Inventory/Delivered'
export const DEPLOYED = './SCOMO/Inventory/Deployed'
export const MAIN = './FwUpdate/Main'
export const URL = 'http://ads.example/antivir-2.1'

type Ask = Extract<Effect, { type: 'ask' }>

/** An alert in short: `corr code target identifier`. */
export function words(alert: Alert): string {
  const items = alert.items.map((item) => {
    const complete = readComplete(dataText(item.data))
    const code = complete === null ? dataText(item.data) : `${String(complete.code)} ${item.target?.locUri ?? ''} ${complete.identifier}`
    return code.trim()
  })
  return `${alert.correlator ?? '-'} ${items.join(' + ')}`
}

export class Bench {
  readonly double: Double
  readonly settings: Partial<SoftwareSettings>
  client!: Client
  agent!: SoftwareAgent
  now = 1_700_000_000_000
  /** Asks nobody has answered. */
  asks: Ask[] = []
  readonly timers = new Map<string, number>()
  readonly reports: Alert[] = []
  readonly reportedTo: string[] = []
  readonly outcomes: (readonly [key: string, code: number])[] = []
  readonly saves: string[] = []
  /** Answers to consents, in order; none: they stay open. */
  readonly person: UiAnswer[] = []
  /** Topics that are left unanswered. */
  readonly hold = new Set<string>()
  saved: string

  constructor(settings: Partial<SoftwareSettings> = {}, double = new Double()) {
    this.double = double
    this.settings = { owner: ME, reports: 'async', ...settings }
    this.saved = ''
    this.#make(undefined)
    this.save()
  }

  #make(state: unknown): void {
    const env = { ...fixedEnv(7), now: () => this.now }
    this.agent = new SoftwareAgent({ store: this.double.store, env, settings: this.settings, state: partState(state) })
    this.client = makeClient({ ...SETUP, people: true }, env, state, this.agent)
    this.asks = []
    this.timers.clear()
    this.feed({ type: 'start', installed: [...this.double.components.values()] })
  }

  save(): void {
    this.saved = JSON.stringify(this.client.state())
    this.saves.push(this.saved)
  }

  /** The power goes; what was saved last (or then) comes back. */
  restart(saved = this.saved): void {
    this.#make(JSON.parse(saved))
    this.pump()
  }

  feed(input: SoftwareInput): void {
    for (const effect of this.agent.input(input)) this.perform(effect)
  }

  perform(effect: Effect<SoftwareRecord>): void {
    if (effect.type === 'ask') this.asks.push(effect)
    else if (effect.type === 'timer' && effect.ms === null) this.timers.delete(effect.id)
    else if (effect.type === 'timer') this.timers.set(effect.id, this.now + (effect.ms ?? 0))
    else if (effect.type === 'save') this.#record(effect.record)
  }

  #record(record: SoftwareRecord): void {
    if (record.kind === 'state') this.save()
    else if (record.kind === 'log') this.double.note(record.what, record.text)
    else if (record.kind === 'outcome') this.outcomes.push([record.key, record.code])
    else {
      this.client.owe(record.serverId, record.alert)
      this.reports.push(record.alert)
      this.reportedTo.push(record.serverId)
    }
  }

  /** Answers what is asked until nothing is. */
  pump(): this {
    this.feed({ type: 'go' })
    for (let at = this.#next(); at >= 0; at = this.#next()) {
      const [ask] = this.asks.splice(at, 1)
      if (ask === undefined) break
      if (ask.topic === 'restart') {
        this.restart()
        break
      }
      const value = ask.topic === 'consent' ? this.person.shift() : this.double.answer(ask.topic, ask.question)
      this.feed({ type: 'answer', id: ask.id, value })
    }
    return this
  }

  #next(): number {
    return this.asks.findIndex(({ topic }) => !this.hold.has(topic) && (topic !== 'consent' || this.person.length > 0))
  }

  /** Lets a named timer fire. */
  fire(id: string): void {
    this.now = this.timers.get(id) ?? this.now
    this.timers.delete(id)
    this.feed({ type: 'timer', id })
    this.pump()
  }

  /** Status code of a command by that server; what the performer keeps is saved as the client would. */
  do(request: Request, by = ME): string {
    const code = codeOf(this.client.device.performer, request, by)
    if (this.client.device.performer.takeMoved()) this.save()
    return code
  }

  add(uri: string, data?: Data, meta?: Meta, by = ME): string {
    return this.do(command('Add', uri, data, meta ?? (data === undefined ? { format: 'node' } : undefined)), by)
  }

  replace(uri: string, data: Data, meta?: Meta, by = ME): string {
    return this.do(command('Replace', uri, data, meta), by)
  }

  remove(uri: string, by = ME): string {
    return this.do(command('Delete', uri), by)
  }

  exec(uri: string, correlator?: string, by = ME): string {
    return this.do(exec(uri, undefined, correlator), by)
  }

  get(uri: string, by = ME): string {
    return read(this.client.device.performer, uri, by)
  }

  /** Sets a leaf as only the device itself can. */
  force(uri: string, value: string): void {
    const path = uri.slice(2).split('/')
    const tree = this.client.device.tree
    const parent = tree.find(path.slice(0, -1))
    const node = tree.find(path)
    if (node !== null) tree.setValue(node, value)
    else if (parent !== null) tree.add(parent, path.at(-1) ?? '', { format: 'int', value })
  }

  /** Numbers of an object: `State/Status`, `-` where the leaf is not there, `gone` where the object is not. */
  at(uri: string): string {
    if (this.client.device.tree.find(uri.slice(2).split('/')) === null) return 'gone'
    const leaf = (name: string): string => {
      const text = this.get(`${uri}/${name}`)
      return text.startsWith('status') ? '-' : text
    }
    return `${leaf('State')}/${leaf('Status')}`
  }

  /** A package to be fetched, ready for an Exec. */
  package(name = 'antivir21', url = URL, pkgId = 'antivir-2.1'): string {
    const uri = `${DOWNLOAD}/${name}`
    this.add(uri)
    this.add(`${uri}/PkgID`, pkgId)
    this.add(`${uri}/PkgURL`, url)
    return uri
  }

  /** A package delivered over DM. */
  direct(name = 'antivir21', content = 'antivir-2.1'): string {
    const uri = `${DELIVERED}/${name}`
    this.add(uri)
    this.add(`${uri}/PkgID`, content)
    this.replace(`${uri}/Data`, new TextEncoder().encode(content), { format: 'bin' })
    return uri
  }

  /** The component of the package, installed and active (or not). */
  deployed(primitive: 'Install' | 'InstallInactive' = 'Install'): string {
    const uri = this.direct()
    this.exec(`${uri}/Operations/${primitive}`)
    this.pump()
    this.reports.splice(0)
    return `${DEPLOYED}/com.msf.antivir`
  }

  get told(): string[] {
    return this.reports.map(words)
  }
}
