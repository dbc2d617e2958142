// A small LabApi in memory that behaves as api.ts promises: for the contract suite, and for servers and channels under test.
import { createHash } from 'node:crypto'
import type {
  AccountChange,
  AccountRow,
  DeviceRow,
  FrameDetail,
  Held,
  HoldMode,
  LabApi,
  LabEventName,
  LabEvents,
  LabState,
  SessionRow,
  TraceRow,
  Verdict,
} from '../../core/api.ts'
import { rowFilter } from '../../core/filter/rows.ts'
import { passing } from '../../core/filter/search.ts'
import { packPage } from '../../core/page.ts'
import { fakeAdb } from './fakeadb.ts'
import { fakeSoftware } from './fakesoftware.ts'
import { fakeTrust } from './faketrust.ts'
import { fakeModem } from './fakemodem.ts'
import { fakeProxies } from './fakeproxies.ts'
import { fakeGateways } from './fakegateways.ts'
import { fakePeers } from './fakepeers.ts'
import { fakeTree } from './faketree.ts'

/** An account as rows tell it, after a change. */
export function fakeAccount(change: AccountChange, device = ''): AccountRow {
  const { serverId = 'dm-lab', userName = 'lab', auth = 'any', state = 'enrolled' } = change
  return { device, serverId, userName, auth, state, secrets: 'plain', why: '', has: ['password', 'serverPassword'] }
}

/** What a simulated device says, one text a message; odd ones go up. */
const TALK = ['#1', '#2', '#3', '#4']

const body = (device: string, session: number, i: number): string =>
  `<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${session}</SessionID><MsgID>${1 + Math.floor(i / 2)}</MsgID>` +
  `<Target><LocURI>x</LocURI></Target><Source><LocURI>${device}</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>`

/** The lab, and the means to make facts without a device. */
export interface MemoryLab {
  readonly api: LabApi
  /** Adds `count` rows at once and tells of them as one fact. */
  burst(count: number): void
  /** Commands queued, a device each. */
  readonly queued: { device: string; count: number }[]
  readonly skipped: { rows: number }
  /** How many listeners each event has. */
  listeners(): number
}

interface Waiting {
  held: Held
  carryOn: (verdict: Verdict) => void
}

export function memoryLab(): MemoryLab {
  const frames: FrameDetail[] = []
  const sessions: SessionRow[] = []
  const devices = new Map<string, DeviceRow>()
  const waiting = new Map<number, Waiting>()
  const queued: { device: string; count: number }[] = []
  const skipped = { rows: 0 }
  const listeners = new Map<LabEventName, Set<(fact: never) => void>>()
  let mode: HoldMode = { mode: 'off' }
  let stepping = 0
  let nextHeld = 1
  const startedAt = Date.now()

  const tell = <K extends LabEventName>(event: K, fact: LabEvents[K]): void => listeners.get(event)?.forEach((listener) => listener(fact as never))

  const add = (text: string | Uint8Array, change: Partial<TraceRow>): FrameDetail => {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : new Uint8Array(text)
    const row: TraceRow = {
      seq: frames.length + 1,
      kind: 'message',
      at: Date.now(),
      mono: performance.now(),
      direction: 'up',
      hop: 'S-D',
      session: 0,
      sessionId: '',
      device: '',
      msgId: '1',
      package: '#1',
      encoding: 'xml',
      size: bytes.length,
      commands: ['Alert 1201', 'Replace'],
      statuses: [],
      target: './DevInfo',
      final: true,
      httpStatus: 0,
      findings: 0,
      severity: '',
      hold: 'no',
      text: '',
      ...change,
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const ends = { startLine: 'POST /dm HTTP/1.1', headers: [['Host', 'lab']] as const, local: '127.0.0.1:1', remote: '127.0.0.1:2' }
    const frame: FrameDetail = { row, bytes, original: null, ...ends, cause: null, origin: 'memory', findings: [], notes: [], sha256 }
    frames.push(frame)
    return frame
  }

  const show = (first: number, last: number): void =>
    tell('trace', { first, last, rows: packPage(frames.slice(first - 1, last).map((frame) => frame.row)) })

  const change = (seq: number, what: Partial<FrameDetail>, row: Partial<TraceRow>): void => {
    const frame = frames[seq - 1]
    if (frame === undefined) return
    frames[seq - 1] = { ...frame, ...what, row: { ...frame.row, ...row } }
    show(seq, seq)
  }

  const heldNow = (): Held[] => [...waiting.values()].map((w) => w.held)

  /** One message of a device's talk; the next follows at once, or when somebody let this one go. */
  const speak = (device: string, session: number, i: number): void => {
    if (i >= TALK.length) return close(session, 'completed', '')
    const hold = mode.mode === 'all' || (mode.mode === 'session' && mode.session === session) || stepping === session
    const direction = i % 2 === 0 ? 'up' : 'down'
    const place = { session, sessionId: String(session), device, direction, msgId: String(1 + Math.floor(i / 2)), package: TALK[i] ?? '' } as const
    const { row, bytes } = add(body(device, session, i), { ...place, hold: hold ? 'held' : 'no' })
    touch(session, row)
    show(row.seq, row.seq)
    if (!hold) return speak(device, session, i + 1)
    stepping = 0
    const id = nextHeld++
    const held: Held = {
      id,
      seq: row.seq,
      at: row.at,
      direction,
      hop: 'S-D',
      device,
      sessionId: row.sessionId,
      commands: row.commands,
      encoding: 'xml',
      why: 'step mode',
      peerWaits: true,
    }
    const carryOn = (verdict: Verdict): void => {
      waiting.delete(id)
      const state = { continue: 'released', step: 'released', edit: 'edited', drop: 'dropped' } as const
      change(row.seq, verdict.act === 'edit' ? { bytes: verdict.bytes, original: bytes } : {}, { hold: state[verdict.act] })
      if (verdict.act === 'step') stepping = session
      tell('held', { held: heldNow() })
      if (verdict.act === 'drop') close(session, 'failed', 'a message was dropped')
      else speak(device, session, i + 1)
    }
    waiting.set(id, { held, carryOn })
    tell('held', { held: heldNow() })
  }

  const touch = (session: number, row: TraceRow): void => {
    const old = sessions.find((s) => s.session === session)
    const now = { last: row.seq, lastAt: row.at, messages: (old?.messages ?? 0) + 1 }
    const base = {
      session,
      device: row.device,
      server: 'dm-lab',
      sessionId: row.sessionId,
      first: row.seq,
      firstAt: row.at,
      findings: 0,
      severity: '',
      state: 'open',
      reason: '',
    } as const
    const fresh: SessionRow = { ...(old ?? base), ...now }
    if (old === undefined) sessions.unshift(fresh)
    else sessions.splice(sessions.indexOf(old), 1, fresh)
    tell('sessions', { changed: [fresh] })
  }

  const close = (session: number, state: SessionRow['state'], reason: string): void => {
    const at = sessions.findIndex((s) => s.session === session)
    const old = sessions[at]
    if (old === undefined) return
    sessions[at] = { ...old, state, reason }
    tell('sessions', { changed: [sessions[at]] })
  }

  const state = (): LabState => ({
    name: 'memory',
    workspace: '',
    dm: 'http://127.0.0.1:8080/dm',
    ui: '',
    startedAt,
    recording: true,
    hold: mode,
    held: waiting.size,
    first: frames.length === 0 ? 0 : 1,
    last: frames.length,
    sessions: sessions.length,
    storeBytes: frames.reduce((sum, frame) => sum + frame.bytes.length, 0),
    notShownLive: skipped.rows,
    recovery: '',
    rules: 0,
  })

  const wider = fakeProxies({ tell, now: () => Date.now() })
  const api: LabApi = {
    lab: { state: async () => state() },
    trace: {
      rows: async (first, count) =>
        packPage(frames.slice(Math.max(0, first - 1), Math.max(0, first - 1) + Math.min(count, 5000)).map((frame) => frame.row)),
      frame: async (seq) => {
        const frame = frames[seq - 1]
        if (frame === undefined) throw new Error(`there is no row ${seq}`)
        return frame
      },
      filter: async (expression, first, count) => {
        const asked = frames.slice(Math.max(0, first - 1), Math.max(0, first - 1) + count).map((frame) => frame.row)
        const around = { frame: (seq: number) => frames[seq - 1], row: (seq: number) => frames[seq - 1]?.row }
        const found = [...passing(rowFilter(expression), asked, around)].map((row) => row.seq)
        return { found: Float64Array.from(found), through: first + count - 1 }
      },
      sessions: async () => [...sessions],
      session: async (session) => Float64Array.from(frames.filter((frame) => frame.row.session === session).map((frame) => frame.row.seq)),
    },
    stepper: {
      held: async () => heldNow(),
      mode: async (wish) => {
        mode = wish
        tell('state', state())
      },
      decide: async (id, verdict) => {
        const card = waiting.get(id)
        if (card === undefined) throw new Error(`nothing is held under number ${id}`)
        card.carryOn(verdict)
      },
    },
    devices: {
      list: async () => [...devices.values()],
      simulate: async (options) => {
        const id = options.id ?? `sim-${devices.size + 1}`
        const row: DeviceRow = {
          id,
          simulated: true,
          manufacturer: 'Lab',
          model: 'M',
          lastAt: Date.now(),
          sessions: 1,
          state: 'enrolled',
          activity: 'idle',
        }
        devices.set(id, row)
        speak(id, sessions.length + 1, 0)
        tell('devices', { changed: [row] })
        return { id }
      },
      queue: async (device, commands) => {
        queued.push({ device, count: commands.length })
      },
      questions: async () => [],
      answer: async (id) => {
        throw new Error(`question ${id} is not open any more`)
      },
      notify: async (device, options) => {
        const sessionId = (options.sessionId ?? 0x1a).toString(16).toUpperCase()
        const bytes = new TextEncoder().encode(`notification ${sessionId}`)
        const to = options.to ?? 'udp://127.0.0.1:2948'
        if (options.send === false) return { seq: 0, sessionId, to, package0: bytes, pdu: bytes, fields: [] }
        const { row } = add(bytes, { kind: 'push', direction: 'down', device, sessionId, package: '#0', commands: [], encoding: '', msgId: '' })
        show(row.seq, row.seq)
        return { seq: row.seq, sessionId, to, package0: bytes, pdu: bytes, fields: [] }
      },
      bootstrap: async (options) => {
        const { device, serverId = 'dm-lab', userName = device, pin = '', to = '' } = options
        const document = new TextEncoder().encode(`account of ${device}`)
        const secrets = { password: 'secret', serverPassword: 'secret', mac: 'A'.repeat(40) }
        return { seq: 0, to, serverId, userName, pin, ...secrets, contentType: 'text/plain', document, pdu: document }
      },
      accounts: async () => [fakeAccount({})],
      setAccount: async (device, change) => fakeAccount(change, device),
      ...wider.devices,
    },
    evidence: {
      open: async (name, bytes) => {
        if (bytes.length === 0) throw new Error(`${name} holds no message`)
        const { row } = add(bytes, {})
        show(row.seq, row.seq)
        return { first: row.seq, last: row.seq }
      },
      ...wider.evidence,
    },
    tree: fakeTree({ tell: (fact) => tell('tree', fact), called: () => {}, last: () => frames.length, now: () => Date.now() }),
    ...fakeGateways({ tell, now: () => Date.now() }),
    ...fakePeers({ tell, now: () => Date.now() }),
    ...fakeSoftware({ tell, now: () => Date.now() }),
    ...fakeTrust({ tell, now: () => Date.now() }),
    ...fakeModem({ tell, now: () => Date.now() }),
    ...wider.areas,
    ...fakeAdb({ tell, now: () => Date.now() }),
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener as (fact: never) => void)
      return () => set.delete(listener as (fact: never) => void)
    },
  }

  return {
    api,
    queued,
    skipped,
    listeners: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    burst(count) {
      const first = frames.length + 1
      for (let i = 0; i < count; i++) add(`<m>${i}</m>`, {})
      show(first, frames.length)
    },
  }
}
