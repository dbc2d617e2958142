// RPC of LabApi over any Channel: `serve` on the lab's side, `connect` on the screen's side; and the byte form for channels that carry only bytes.
import type { Channel, LabApi, LabEventName, LabEvents } from './api.ts'

type Area = Exclude<keyof LabApi, 'on'>

/** Every call there is; nothing else can be reached through a channel. */
export const METHODS: { readonly [A in Area]: readonly (keyof LabApi[A] & string)[] } = {
  lab: ['state'],
  trace: ['rows', 'frame', 'filter', 'sessions', 'session'],
  stepper: ['held', 'mode', 'decide'],
  devices: ['list', 'simulate', 'queue', 'questions', 'answer', 'notify', 'bootstrap', 'accounts', 'setAccount', 'wants', 'decide', 'reset'],
  evidence: ['open', 'why'],
  tree: [
    'overview',
    'children',
    'node',
    'search',
    'changes',
    'discover',
    'discovery',
    'cancelDiscovery',
    'check',
    'preview',
    'send',
    'orders',
    'order',
    'snapshots',
    'snapshot',
    'dropSnapshot',
    'diff',
    'script',
    'export',
    'import',
    'schemas',
    'addSchema',
    'dropSchema',
  ],
  jobs: ['create', 'list', 'get', 'cancel'],
  catalogue: ['list', 'add', 'withdraw'],
  provider: [
    'groups',
    'putGroup',
    'dropGroup',
    'sets',
    'putSet',
    'dropSet',
    'subscriptions',
    'putSubscription',
    'dropSubscription',
    'hooks',
    'addHook',
    'dropHook',
  ],
  software: ['board', 'request', 'restart'],
  scenarios: ['list', 'run', 'runs', 'cancel', 'report'],
  gateways: [
    'list',
    'pair',
    'relations',
    'fanouts',
    'fanout',
    'cancel',
    'retry',
    'images',
    'image',
    'expire',
    'inside',
    'inventory',
    'stories',
    'matrix',
    'cards',
  ],
  trust: ['state', 'authority', 'settings', 'issue', 'withdraw', 'replace'],
  addresses: ['list', 'choice', 'choose', 'add', 'remove', 'test', 'multicast'],
  modem: ['state', 'probe', 'listen', 'close', 'dialogue', 'build', 'send', 'messages', 'decode'],
  wifi: ['state', 'invite', 'withdraw', 'publish', 'browse'],
  proxies: ['list', 'add', 'remove'],
  dialect: ['get', 'check', 'put', 'view'],
  adb: [
    'state',
    'server',
    'startServer',
    'probe',
    'reconnect',
    'reverse',
    'unreverse',
    'connect',
    'disconnect',
    'pair',
    'push',
    'identify',
    'logcat',
    'log',
    'forget',
  ],
  connect: ['state', 'reach', 'port'],
  peers: ['clock', 'list', 'attach', 'detach', 'hold'],
}

export const EVENTS: readonly LabEventName[] = [
  'trace',
  'sessions',
  'held',
  'state',
  'devices',
  'questions',
  'tree',
  'jobs',
  'catalogue',
  'software',
  'scenario',
  'gateways',
  'trust',
  'addresses',
  'modem',
  'wifi',
  'wants',
  'proxies',
  'dialect',
  'adb',
  'adblog',
  'connect',
  'peers',
]

/** Events not acknowledged by the screen before further `trace` events come without rows. */
const EVENT_WINDOW = 64

type Call = { readonly call: number; readonly area: string; readonly method: string; readonly args: readonly unknown[] }
type Reply = { readonly reply: number; readonly value?: unknown; readonly error?: string }
type Event = { readonly event: LabEventName; readonly fact: unknown; readonly number: number }
type Ack = { readonly ack: number }

/** Checks the arguments of a call; throws an Error naming the argument that is wrong. */
export type Check = (area: string, method: string, args: readonly unknown[]) => readonly unknown[]

/** Told how many live rows a slow subscriber was not sent. */
export type Skipped = (rows: number) => void

/** Serves `api` to one screen. Unknown calls and bad arguments are answered with an error, never thrown. Returns what ends it. */
export function serve(api: LabApi, channel: Channel, check: Check, skipped: Skipped = () => {}): () => void {
  let sent = 0
  let acknowledged = 0
  const offs = EVENTS.map((name) =>
    api.on(name, (fact) => {
      let shown: unknown = fact
      if (name === 'trace' && sent - acknowledged > EVENT_WINDOW) {
        const trace = fact as LabEvents['trace']
        if (trace.rows !== null) skipped(trace.rows.count)
        shown = { ...trace, rows: null }
      }
      sent += 1
      channel.post({ event: name, fact: shown, number: sent } satisfies Event)
    }),
  )
  channel.onMessage((message) => {
    const m = message as Partial<Call & Ack>
    if (typeof m?.ack === 'number') acknowledged = Math.max(acknowledged, Math.min(m.ack, sent))
    else if (typeof m?.call === 'number') void answer(m as Call)
  })
  const answer = async (m: Call): Promise<void> => {
    let reply: Reply
    try {
      const methods: readonly string[] | undefined = Object.hasOwn(METHODS, m.area) ? METHODS[m.area as Area] : undefined
      if (methods === undefined || !methods.includes(m.method)) throw new Error(`no such call: ${String(m.area)}.${String(m.method)}`)
      if (!Array.isArray(m.args)) throw new Error(`${m.area}.${m.method}: arguments are not a list`)
      const args = check(m.area, m.method, m.args)
      const area = api[m.area as Area] as unknown as Record<string, (...a: unknown[]) => Promise<unknown>>
      reply = { reply: m.call, value: await area[m.method]?.(...args) }
    } catch (error) {
      reply = { reply: m.call, error: error instanceof Error ? error.message : String(error) }
    }
    channel.post(reply)
  }
  const end = (): void => offs.forEach((off) => off())
  channel.onClose(end)
  return end
}

/** A LabApi whose calls travel over `channel`. Calls open when the channel closes, and calls after that, are refused with `connection lost`. */
export function connect(channel: Channel): LabApi {
  let next = 1
  let lost = false
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  const listeners = new Map<LabEventName, Set<(fact: never) => void>>(EVENTS.map((name) => [name, new Set()]))
  channel.onMessage((message) => {
    const m = message as Partial<Reply & Event>
    if (typeof m?.reply === 'number') {
      const waiting = open.get(m.reply)
      open.delete(m.reply)
      if (m.error === undefined) waiting?.resolve(m.value as never)
      else waiting?.reject(new Error(m.error))
    } else if (m?.event !== undefined) {
      listeners.get(m.event)?.forEach((listener) => listener(m.fact as never))
      channel.post({ ack: m.number ?? 0 } satisfies Ack)
    }
  })
  channel.onClose(() => {
    lost = true
    for (const waiting of open.values()) waiting.reject(new Error('connection lost'))
    open.clear()
  })
  const call =
    (area: string, method: string) =>
    (...args: unknown[]) =>
      new Promise<never>((resolve, reject) => {
        if (lost) return reject(new Error('connection lost'))
        const id = next++
        open.set(id, { resolve, reject })
        channel.post({ call: id, area, method, args } satisfies Call)
      })
  const areas = Object.fromEntries(
    Object.entries(METHODS).map(([area, methods]) => [area, Object.fromEntries(methods.map((method) => [method, call(area, method)]))]),
  )
  return {
    ...(areas as unknown as Omit<LabApi, 'on'>),
    on(event, listener) {
      const set = listeners.get(event)
      set?.add(listener as (fact: never) => void)
      return () => set?.delete(listener as (fact: never) => void)
    },
  }
}

const TYPED = { u8: Uint8Array, f64: Float64Array } as const

/** A structured-clone value as bytes: u32 length of a JSON head, the head, then the typed arrays it refers to. */
export function toBytes(message: unknown): Uint8Array {
  const blobs: Uint8Array[] = []
  const head = new TextEncoder().encode(
    JSON.stringify(message, function (this: Record<string, unknown>, key, value: unknown) {
      // A host's own kind of Uint8Array may have turned itself into something else before it gets here; the holder still has it.
      const raw = this[key]
      for (const [kind, type] of Object.entries(TYPED))
        if (raw instanceof type) {
          blobs.push(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))
          return { $binary: kind, bytes: raw.byteLength }
        }
      return value
    }),
  )
  const out = new Uint8Array(4 + head.length + blobs.reduce((sum, blob) => sum + blob.length, 0))
  new DataView(out.buffer).setUint32(0, head.length)
  out.set(head, 4)
  let at = 4 + head.length
  for (const blob of blobs) {
    out.set(blob, at)
    at += blob.length
  }
  return out
}

/** Reads what `toBytes` wrote. Throws an Error on anything else. */
export function fromBytes(bytes: Uint8Array): unknown {
  if (bytes.length < 4) throw new Error('frame shorter than its head')
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (headLength > bytes.length - 4) throw new Error('frame head longer than the frame')
  let at = 4 + headLength
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(4, at)), (_key, value: unknown) => {
    const mark = value as { $binary?: string; bytes?: number } | null
    if (typeof mark !== 'object' || mark === null || !Object.hasOwn(mark, '$binary')) return value
    const size = Number(mark.bytes)
    if (!Number.isInteger(size) || size < 0 || size > bytes.length - at) throw new Error('binary part outside the frame')
    const part = bytes.slice(at, at + size)
    at += size
    if (mark.$binary === 'u8') return part
    if (mark.$binary === 'f64' && size % 8 === 0) return new Float64Array(part.buffer)
    throw new Error('unknown binary part')
  })
}
