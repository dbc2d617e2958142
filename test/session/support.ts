// Shared by the session tests: a fixed Env, a ledger in memory, a small performer, and a driver that joins client and server back to back.
import { expect } from 'vitest'
import { DmClient } from '../../core/device/device.ts'
import type { Asked, UiAnswer } from '../../core/device/interaction.ts'
import type { ClientAccount, ClientInput, ClientNonces, ClientOptions, ClientRecord } from '../../core/device/device.ts'
import type { Effect, Env, Frame, Note } from '../../core/machine.ts'
import type { Account, Nonces, Order, ServerLedger, ServerRecord, DeviceRecord, KnownValue, AlertRecord } from '../../core/server/records.ts'
import { DmServer } from '../../core/server/server.ts'
import type { ServerInput, ServerOptions } from '../../core/server/serverterms.ts'
import type { Outcome, Performer } from '../../core/session/ports.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Command, Data, Item, Message, Request } from '../../core/syncml/message.ts'
import { dataText } from '../../core/syncml/text.ts'

/** A clock that stands still and a generator with a seed. */
export function fixedEnv(seed = 1): Env {
  let state = seed
  return {
    now: () => 1_700_000_000_000,
    random: (count) =>
      Uint8Array.from({ length: count }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state >>> 24
      }),
  }
}

export const DEVICE = 'IMEI:490154203237518'
export const SERVER_URI = 'https://dm.example.com/dm'
export const ACCOUNT: Account = {
  device: DEVICE,
  userName: 'client-0001',
  password: 'Cl13ntS3cret',
  serverId: 'com.example.dm',
  serverPassword: 'S3rv3rS3cret',
  authType: null,
  state: 'enrolled',
}
export const CLIENT_ACCOUNT: ClientAccount = {
  userName: ACCOUNT.userName,
  password: ACCOUNT.password,
  serverId: ACCOUNT.serverId,
  serverPassword: ACCOUNT.serverPassword,
  auth: 'syncml:auth-md5',
}

/** The ledger's reading half over plain maps; `save` is what the host does with `save` effects. */
export class MemoryLedger implements ServerLedger {
  readonly accounts: Account[] = []
  readonly nonceMap = new Map<string, Nonces>()
  readonly deviceMap = new Map<string, DeviceRecord>()
  readonly orderMap = new Map<string, Order>()
  readonly values = new Map<string, KnownValue>()
  readonly alerts: AlertRecord[] = []

  account(device: string, userName: string | undefined): Account | undefined {
    const own = this.accounts.filter((account) => account.device === device)
    const accounts = own.length > 0 ? own : this.accounts.filter((account) => account.device === null)
    return userName === undefined ? accounts[0] : accounts.find((account) => account.userName === userName)
  }

  nonces(device: string, serverId: string): Nonces | undefined {
    const known = this.nonceMap.get(device)
    return known === undefined ? undefined : { ...known, serverId }
  }

  device(device: string): DeviceRecord | undefined {
    return this.deviceMap.get(device)
  }

  orders(device: string): readonly Order[] {
    return [...this.orderMap.values()].filter((order) => order.device === device && order.state !== 'done' && order.state !== 'failed')
  }

  value(device: string, uri: string): KnownValue | undefined {
    return this.values.get(`${device} ${uri}`)
  }

  save(record: ServerRecord): void {
    switch (record.kind) {
      case 'account': {
        const at = this.accounts.findIndex((account) => account.device === record.account.device && account.userName === record.account.userName)
        if (at < 0) this.accounts.push(record.account)
        else this.accounts[at] = record.account
        break
      }
      case 'nonces':
        this.nonceMap.set(record.nonces.device, record.nonces)
        break
      case 'device':
        this.deviceMap.set(record.device.device, record.device)
        break
      case 'order':
        this.orderMap.set(record.order.id, record.order)
        break
      case 'values':
        for (const value of record.values) this.values.set(`${value.device} ${value.uri}`, value)
        break
      case 'alert':
        this.alerts.push(record.alert)
        break
      default:
        record satisfies never
    }
  }
}

/** A performer over a flat map of leaves; remembers every request it performed, in order. */
export class FlatDevice implements Performer {
  readonly leaves = new Map<string, Data>([
    ['./DevInfo/DevId', DEVICE],
    ['./DevInfo/Man', 'Acme'],
    ['./DevInfo/Mod', 'M1'],
    ['./DevInfo/DmV', '1.2'],
    ['./DevInfo/Lang', 'en-US'],
    ['./DevDetail/FwV', '1.0.7'],
  ])
  readonly performed: Request[] = []
  codes: Readonly<Record<string, number>> = {}

  perform(request: Request): Outcome {
    this.performed.push(request)
    if ('commands' in request) {
      const children = request.commands.map((child) => this.perform(child as Request))
      return { statuses: [{ code: 200 }], children }
    }
    if (request.kind === 'Alert') return { statuses: [{ code: this.codes[String(request.code)] ?? 406 }] }
    if (request.kind === 'Other') return { statuses: [{ code: 406 }] }
    const parts = request.items.map((item) => this.#item(request.kind, item))
    const results = parts.flatMap((part) => (part.result === undefined ? [] : [part.result]))
    const codes = new Set(parts.map((part) => part.code))
    const statuses = codes.size === 1 ? [{ code: [...codes][0] as number }] : parts.map(({ code, uri }) => ({ code, targetRef: uri }))
    return { statuses, ...(results.length > 0 ? { results } : {}) }
  }

  devInfo(): readonly Item[] {
    return [...this.leaves].filter(([uri]) => uri.startsWith('./DevInfo/')).map(([locUri, data]) => ({ source: { locUri }, data }))
  }

  #item(kind: string, item: Item): { code: number; uri: string; result?: Item } {
    const uri = item.target?.locUri ?? ''
    const code = this.codes[`${kind} ${uri}`]
    if (code !== undefined) return { code, uri }
    if (kind === 'Get') {
      const data = this.leaves.get(uri)
      if (data === undefined) return { code: 404, uri }
      const meta = data instanceof Uint8Array ? { meta: { format: 'bin' } } : {}
      return { code: 200, uri, result: { source: { locUri: uri }, ...meta, data } }
    }
    if (kind === 'Delete') this.leaves.delete(uri)
    else if (kind !== 'Exec') this.leaves.set(uri, item.data ?? '')
    return { code: 200, uri }
  }
}

/** One message on the wire between the two. */
export interface Passed {
  readonly up: boolean
  readonly frame: Frame
  readonly message: Message
}

/** Client and server back to back; every frame is decoded from its bytes. */
export class Pair {
  readonly ledger = new MemoryLedger()
  readonly wire: Passed[] = []
  readonly notes: Note[] = []
  readonly kept: ClientRecord[] = []
  readonly device = new FlatDevice()
  readonly client: DmClient
  readonly server: DmServer
  closed = ''
  /** Who answers the client's questions; null: nobody can be asked, 'expire': the time passes. */
  person: (asked: Asked) => UiAnswer | null | 'expire' = () => null

  constructor(client: Partial<ClientOptions> = {}, server: Partial<ServerOptions> = {}, account: Account = ACCOUNT) {
    this.ledger.accounts.push(account)
    const env = fixedEnv()
    this.server = new DmServer({ serverUri: SERVER_URI, ledger: this.ledger, env, ...server, settings: { greet: false, ...server.settings } })
    const base = { serverUri: SERVER_URI, deviceId: DEVICE, account: CLIENT_ACCOUNT, wire: { encoding: 'xml' as const } }
    this.client = new DmClient({ ...base, performer: this.device, env: fixedEnv(7), ...client })
  }

  /** Queues one order of commands. */
  queue(id: string, commands: readonly Command[], device = DEVICE): void {
    const order: Order = { id, device, createdAt: this.ledger.orderMap.size, commands, state: 'queued', sessionId: '', outcomes: [] }
    for (const effect of this.server.input({ type: 'queue', order })) if (effect.type === 'save') this.ledger.save(effect.record)
  }

  order(id: string): Order {
    const order = this.ledger.orderMap.get(id)
    if (order === undefined) throw new Error(`no order ${id}`)
    return order
  }

  /** Runs one session to its end. `between` may change or drop (null) a frame on its way. */
  run(start: Partial<Extract<ClientInput, { type: 'start' }>> = {}, between: (passed: Passed) => Frame | null = ({ frame }) => frame): Note {
    let todo: Effect<ClientRecord>[] = this.client.input({ type: 'start', initiated: 'client', ...start })
    for (let round = 0; round < 5000; round++) {
      const asked = todo.find((effect) => effect.type === 'ask')
      const sent = this.#client(todo)
      if (asked !== undefined) {
        const value = this.person(asked.question as Asked)
        todo = this.client.input(value === 'expire' ? { type: 'timer', id: 'question' } : { type: 'answer', id: asked.id, value })
        continue
      }
      if (sent === undefined) break
      const up = this.#pass(true, sent.frame, between)
      if (up === null) {
        todo = this.client.input({ type: 'gone', link: sent.link, reason: 'the line was cut' })
        continue
      }
      const answer = this.serve({ type: 'frame', link: { link: this.wire.length }, frame: { ...up, uri: up.uri.replace(/^https:\/\/[^/]+/, '') } })
      const down = answer === undefined ? null : this.#pass(false, answer, between)
      todo =
        down === null
          ? this.client.input({ type: 'gone', link: sent.link, reason: this.closed || 'the line was cut' })
          : this.client.input({ type: 'frame', link: sent.link, frame: down })
    }
    if (process.env['DBG'])
      console.log(
        this.story().join('\n'),
        this.wire.map((w) => w.frame.bytes.length),
        this.notes.filter((n) => n.topic !== 'tree').map((n) => n.text),
      )
    expect(this.client.busy).toBe(false)
    return this.notes.findLast((note) => note.topic === 'session' && note.detail?.['authentication'] !== undefined) as Note
  }

  /** One input to the server, with the host's part done: saves performed before the frame leaves. */
  serve(input: ServerInput): Frame | undefined {
    let frame: Frame | undefined
    for (const effect of this.server.input(input)) {
      if (effect.type === 'save') {
        expect(frame).toBeUndefined()
        this.ledger.save(effect.record)
      } else if (effect.type === 'note') this.notes.push(effect.note)
      else if (effect.type === 'send') frame = effect.frame
      else if (effect.type === 'close') this.closed = effect.reason
    }
    return frame
  }

  #client(effects: readonly Effect<ClientRecord>[]): Extract<Effect, { type: 'send' }> | undefined {
    let sent: Extract<Effect, { type: 'send' }> | undefined
    for (const effect of effects) {
      if (effect.type === 'note') this.notes.push(effect.note)
      else if (effect.type === 'save') this.kept.push(effect.record)
      else if (effect.type === 'send') sent = effect
    }
    return sent
  }

  #pass(up: boolean, frame: Frame, between: (passed: Passed) => Frame | null): Frame | null {
    const passed = { up, frame, message: decode(frame.bytes, frame.encoding).message }
    this.wire.push(passed)
    return between(passed)
  }

  /** The story of the wire: one line a message. */
  story(): string[] {
    return this.wire.map(({ up, message }) => `${up ? '>' : '<'} ${tell(message)}`)
  }

  problems(): string[] {
    return this.notes.flatMap((note) => (note.finding === undefined ? [] : [note.finding.rule]))
  }
}

/** The nonces the client kept last. */
export function lastNonces(pair: Pair): ClientNonces | undefined {
  const record = pair.kept.findLast((kept) => kept.kind === 'nonces')
  return record?.kind === 'nonces' ? record.nonces : undefined
}

/** A message in one line: `1: Status 0 212, Get ./A, Final`. */
export function tell(message: Message): string {
  return `${message.header.msgId}: ${[...message.commands.map(word), ...(message.final ? ['Final'] : [])].join(', ')}`
}

function word(command: Command): string {
  switch (command.kind) {
    case 'Status':
      return `Status ${command.cmdRef}=${String(command.code)}`
    case 'Alert':
      return `Alert ${String(command.code)}`
    case 'Results':
      return `Results ${command.cmdRef}${command.items.at(-1)?.moreData === true ? ' more' : ''}`
    case 'Other':
      return command.name
    default:
      return 'commands' in command
        ? `${command.kind}(${command.commands.map(word).join(' ')})`
        : `${command.kind} ${command.items[0]?.target?.locUri ?? '-'}${command.items.at(-1)?.moreData === true ? ' more' : ''}`
  }
}

export function get(locUri: string): Command {
  return { kind: 'Get', cmdId: '', items: [{ target: { locUri } }] }
}

export function replace(locUri: string, data: Data): Command {
  return { kind: 'Replace', cmdId: '', items: [{ target: { locUri }, data }] }
}

export function exec(locUri: string): Command {
  return { kind: 'Exec', cmdId: '', items: [{ target: { locUri } }] }
}

export const textOf = dataText
