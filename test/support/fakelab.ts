// A lab in memory for the window's tests and screenshots: it speaks LabApi and holds whatever it is told. No sockets, no store.
import { createHash } from 'node:crypto'
import type {
  AccountRow,
  DeviceQuestion,
  DeviceRow,
  FrameDetail,
  Held,
  HoldMode,
  LabApi,
  LabEventName,
  LabEvents,
  LabState,
  Seq,
  SessionRow,
  SimulateOptions,
  TraceRow,
} from '../../core/api.ts'
import type { Note } from '../../core/machine.ts'
import { rowFilter } from '../../core/filter/rows.ts'
import { passing } from '../../core/filter/search.ts'
import { packPage } from '../../core/page.ts'
import { BARE_ROW } from '../../core/store/barerow.ts'
import { decode } from '../../core/syncml/codec.ts'
import { graver, gravest } from '../../core/syncml/finding.ts'
import type { Finding } from '../../core/syncml/finding.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'
import { fakeSoftware, softwareWorld } from './fakesoftware.ts'
import type { SoftwareWorld } from './fakesoftware.ts'
import { adbWorld, fakeAdb } from './fakeadb.ts'
import type { AdbWorld } from './fakeadb.ts'
import { fakeProxies, proxyWorld } from './fakeproxies.ts'
import type { ProxyWorld } from './fakeproxies.ts'
import { fakeTree } from './faketree.ts'
import { fakeGateways, gatewayWorld } from './fakegateways.ts'
import type { GatewayWorld } from './fakegateways.ts'
import { fakePeers, peerWorld } from './fakepeers.ts'
import type { PeerWorld } from './fakepeers.ts'
import { fakeTrust, trustWorld } from './faketrust.ts'
import type { TrustWorld } from './faketrust.ts'
import { fakeModem, modemWorld } from './fakemodem.ts'
import type { ModemWorld } from './fakemodem.ts'
import { fakeAccount } from './memorylab.ts'

/** What a test says of a row; the rest is derived or filled in. */
export interface Entry extends Partial<TraceRow> {
  readonly bytes?: Uint8Array
  readonly original?: Uint8Array
  readonly remarks?: readonly Finding[]
  readonly notes?: readonly Note[]
  readonly startLine?: string
  readonly headers?: FrameDetail['headers']
  readonly cause?: Seq
  /** Ms after the row before. */
  readonly later?: number
}

export interface FakeLab {
  readonly api: LabApi
  /** Adds a row and tells the subscribers. */
  add(entry: Entry): Seq
  /** Adds a message of `bytes`, summarised as the lab would. */
  message(direction: 'up' | 'down', bytes: Uint8Array, encoding: Encoding, session: number, more?: Entry): Seq
  /** Opens a session and returns its key. */
  session(device: string, sessionId: string, state?: SessionRow['state'], reason?: string): number
  hold(seq: Seq, why: string, more?: Partial<Held>): number
  update(seq: Seq, change: Partial<TraceRow>): void
  /** Calls made, in order: `stepper.decide [..]`. */
  readonly calls: readonly string[]
  /** Sends a state to the subscribers. */
  state(change: Partial<LabState>): void
  /** What `devices.simulate` does beyond noting the call. */
  onSimulate: (options: SimulateOptions) => void
  /** A simulated device puts a question; null: every question is withdrawn. */
  ask(question: DeviceQuestion | null): void
  /** Jobs, packages, boards and scenarios there are; tests put theirs in. */
  readonly software: SoftwareWorld
  /** Gateways, relations, fan-outs and images there are. */
  readonly gateways: GatewayWorld
  /** Labs that are attached. */
  readonly peers: PeerWorld
  /** Certificates and addresses there are. */
  readonly trust: TrustWorld
  /** Tells the subscribers any fact. */
  tell<K extends LabEventName>(name: K, fact: LabEvents[K]): void
  /** Serial modems, SMS, invitations and mDNS there are. */
  readonly modem: ModemWorld
  /** Unknown devices, causes of refused credentials, proxies and dialect. */
  readonly proxies: ProxyWorld
  /** The adb server, its devices, their log lines, and the connect grid. */
  readonly adb: AdbWorld
}

/** Makes an empty lab whose clock begins at `start` (ms). */
export function createFakeLab(start = Date.now() - 4 * 60_000): FakeLab {
  const rows: TraceRow[] = []
  const details = new Map<Seq, Omit<FrameDetail, 'row'>>()
  const sessions = new Map<number, SessionRow>()
  const devices = new Map<string, DeviceRow>()
  const held: Held[] = []
  const questions = new Map<string, DeviceQuestion>()
  const accounts = new Map<string, AccountRow>()
  const calls: string[] = []
  const software = softwareWorld()
  const gateways = gatewayWorld()
  const peers = peerWorld()
  const trust = trustWorld()
  const modem = modemWorld()
  const proxies = proxyWorld()
  const adb = adbWorld(start)
  const listeners = new Map<LabEventName, Set<(fact: never) => void>>()
  let clock = start
  let nextHeld = 1
  let state: LabState = {
    name: 'lab',
    workspace: '/home/user/DM Lab/field-trial',
    dm: 'http://127.0.0.1:8080/dm',
    ui: 'http://127.0.0.1:7001/',
    startedAt: start,
    recording: true,
    hold: { mode: 'off' },
    held: 0,
    first: 0,
    last: 0,
    sessions: 0,
    storeBytes: 0,
    notShownLive: 0,
    recovery: '',
    rules: 46,
  }
  const tell = <K extends LabEventName>(name: K, fact: LabEvents[K]): void => listeners.get(name)?.forEach((listener) => listener(fact as never))
  const setState = (change: Partial<LabState>): void => {
    state = { ...state, ...change }
    tell('state', state)
  }
  const at = (seq: Seq): TraceRow => {
    const row = rows[seq - 1]
    if (row === undefined) throw new Error(`there is no row ${seq}`)
    return row
  }
  const tellRows = (first: Seq, last: Seq): void => tell('trace', { first, last, rows: packPage(rows.slice(first - 1, last)) })

  const wider = fakeProxies({ tell, called: (call) => calls.push(call), now: () => clock, world: proxies })

  const lab: FakeLab = {
    calls,
    tell,
    software,
    gateways,
    peers,
    trust,
    modem,
    proxies,
    adb,
    onSimulate: () => {},
    ask(question) {
      if (question === null) questions.clear()
      else questions.set(question.id, question)
      tell('questions', { open: [...questions.values()] })
    },
    state: setState,
    add(entry) {
      const {
        later = 40,
        bytes = new Uint8Array(),
        original,
        remarks: findings = [],
        notes = [],
        startLine = '',
        headers = [],
        cause,
        ...given
      } = entry
      clock += later
      const worst = gravest(findings)
      const row: TraceRow = {
        ...BARE_ROW,
        kind: 'message',
        final: true,
        ...given,
        seq: rows.length + 1,
        at: clock,
        mono: clock - start,
        size: bytes.length,
        findings: findings.length,
        severity: worst,
      }
      rows.push(row)
      details.set(row.seq, {
        bytes,
        original: original ?? null,
        startLine,
        headers,
        local: '127.0.0.1:8080',
        remote: row.kind === 'event' ? '' : '127.0.0.1:51422',
        cause: cause ?? null,
        origin: 'lab',
        findings,
        notes,
        sha256: bytes.length === 0 ? '' : createHash('sha256').update(bytes).digest('hex'),
      })
      touch(row)
      tellRows(row.seq, row.seq)
      setState({ first: 1, last: rows.length, sessions: sessions.size, storeBytes: state.storeBytes + bytes.length + 120 })
      return row.seq
    },
    message(direction, bytes, encoding, session, more = {}) {
      const { device, sessionId } = sessions.get(session) ?? { device: '', sessionId: '' }
      const head = direction === 'up' ? 'POST /dm HTTP/1.1' : 'HTTP/1.1 200 OK'
      const type = `application/vnd.syncml.dm+${encoding}`
      const base: Entry = {
        direction,
        bytes,
        encoding,
        session,
        device,
        sessionId,
        startLine: head,
        headers: headersOf(direction, type, bytes.length),
      }
      try {
        const { message, findings } = decode(bytes, encoding)
        const { commands, statuses, firstTarget, final, msgId, package: guess } = summarise(message)
        const pack = guess !== '' ? guess : direction === 'down' ? '#2' : '#3'
        return lab.add({ ...base, commands, statuses, target: firstTarget, final, msgId, package: pack, remarks: findings, ...more })
      } catch (error) {
        return lab.add({ ...base, text: (error as Error).message, ...more })
      }
    },
    session(device, sessionId, sessionState = 'completed', reason = '') {
      const session = sessions.size + 1
      const row: SessionRow = {
        session,
        device,
        server: 'https://dm.example.com/dm',
        sessionId,
        first: 0,
        last: 0,
        firstAt: clock,
        lastAt: clock,
        messages: 0,
        findings: 0,
        severity: '',
        state: sessionState,
        reason,
      }
      sessions.set(session, row)
      const known = devices.get(device)
      devices.set(device, {
        id: device,
        simulated: device.startsWith('SIM:'),
        manufacturer: known?.manufacturer ?? 'Acme',
        model: 'M1',
        lastAt: clock,
        sessions: (known?.sessions ?? 0) + 1,
        state: 'enrolled',
        activity: device.startsWith('SIM:') ? 'waits for its next session' : '',
      })
      tell('sessions', { changed: [row] })
      tell('devices', { changed: [devices.get(device) as DeviceRow] })
      return session
    },
    hold(seq, why, more = {}) {
      const row = at(seq)
      const one: Held = {
        id: nextHeld++,
        seq,
        at: Date.now() - 41_000,
        direction: row.direction,
        hop: row.hop,
        device: row.device,
        sessionId: row.sessionId,
        commands: row.commands,
        encoding: row.encoding || 'xml',
        why,
        peerWaits: true,
        ...more,
      }
      held.push(one)
      lab.update(seq, { hold: one.peerWaits ? 'held' : 'peer gone' })
      tellHeld()
      return one.id
    },
    update(seq, change) {
      rows[seq - 1] = { ...at(seq), ...change }
      tellRows(seq, seq)
    },
    api: {
      lab: { state: async () => state },
      trace: {
        async rows(first, count) {
          calls.push(`trace.rows ${first} ${count}`)
          return packPage(rows.slice(Math.max(0, first - 1), first - 1 + Math.min(count, 5000)))
        },
        async frame(seq) {
          return { row: at(seq), ...(details.get(seq) as Omit<FrameDetail, 'row'>) }
        },
        async filter(expression, first, count) {
          calls.push(`trace.filter ${expression} ${first} ${count}`)
          const around = {
            frame: (seq: Seq): FrameDetail => ({ row: at(seq), ...(details.get(seq) as Omit<FrameDetail, 'row'>) }),
            row: (seq: Seq): TraceRow | undefined => rows[seq - 1],
          }
          const asked = rows.slice(Math.max(0, first - 1), first - 1 + count)
          const found = [...passing(rowFilter(expression), asked, around)].map((row) => row.seq)
          return { found: Float64Array.from(found), through: first + count - 1 }
        },
        sessions: async () => [...sessions.values()].reverse(),
        session: async (session) => Float64Array.from(rows.filter((row) => row.session === session).map((row) => row.seq)),
      },
      stepper: {
        held: async () => [...held],
        async mode(mode: HoldMode) {
          calls.push(`stepper.mode ${JSON.stringify(mode)}`)
          setState({ hold: mode })
        },
        async decide(id, verdict) {
          const index = held.findIndex((one) => one.id === id)
          const one = held[index]
          if (one === undefined) throw new Error(`message ${id} is not held any more`)
          calls.push(`stepper.decide ${id} ${verdict.act}${verdict.act === 'edit' ? ` ${verdict.bytes.length}` : ''}`)
          held.splice(index, 1)
          if (verdict.act === 'edit') {
            const before = details.get(one.seq) as Omit<FrameDetail, 'row'>
            details.set(one.seq, { ...before, bytes: verdict.bytes, original: before.bytes })
          }
          lab.update(one.seq, { hold: verdict.act === 'edit' ? 'edited' : verdict.act === 'drop' ? 'dropped' : 'released' })
          tellHeld()
        },
      },
      devices: {
        list: async () => [...devices.values()],
        async simulate(options) {
          calls.push(`devices.simulate ${JSON.stringify(options)}`)
          const id = options.id ?? `SIM:${100001 + devices.size}`
          lab.onSimulate({ ...options, id })
          return { id }
        },
        async queue(device, commands) {
          calls.push(`devices.queue ${device} ${JSON.stringify(commands)}`)
        },
        questions: async () => [...questions.values()],
        async answer(id, answer) {
          calls.push(`devices.answer ${id} ${JSON.stringify(answer)}`)
          if (!questions.delete(id)) throw new Error(`question ${id} is not open any more`)
          tell('questions', { open: [...questions.values()] })
        },
        async notify(device, options) {
          calls.push(`devices.notify ${device} ${JSON.stringify(options)}`)
          const bytes = new Uint8Array(38)
          return { seq: 0, sessionId: '1A', to: options.to ?? 'udp://127.0.0.1:2948', package0: bytes, pdu: bytes, fields: [] }
        },
        async bootstrap(options) {
          calls.push(`devices.bootstrap ${JSON.stringify(options)}`)
          const { device, serverId = 'dm-lab', userName = device, pin = '123456', to = '' } = options
          const made = { password: 'made-up', serverPassword: 'made-up', mac: 'A'.repeat(40), contentType: 'application/vnd.wap.connectivity-wbxml' }
          return { seq: 0, to, serverId, userName, pin, ...made, document: new Uint8Array(8), pdu: new Uint8Array(58) }
        },
        accounts: async (device) => [accounts.get(device) ?? fakeAccount({})],
        async setAccount(device, change) {
          calls.push(`devices.setAccount ${device} ${JSON.stringify(change)}`)
          accounts.set(device, fakeAccount(change, device))
          return fakeAccount(change, device)
        },
        ...wider.devices,
      },
      evidence: {
        async open(name, bytes) {
          calls.push(`evidence.open ${name} ${bytes.length}`)
          const encoding: Encoding = bytes[0] === 0x3c ? 'xml' : 'wbxml'
          const seq = lab.message('up', bytes, encoding, 0)
          return { first: seq, last: seq }
        },
        ...wider.evidence,
      },
      tree: fakeTree({ tell: (fact) => tell('tree', fact), called: (call) => calls.push(call), last: () => rows.length, now: () => clock }),
      ...fakeGateways({ tell, called: (call) => calls.push(call), now: () => clock, world: gateways }),
      ...fakePeers({ tell, called: (call) => calls.push(call), now: () => clock, world: peers }),
      ...fakeSoftware({ tell, called: (call) => calls.push(call), now: () => clock, world: software }),
      ...fakeTrust({ tell, called: (call) => calls.push(call), now: () => clock, world: trust }),
      ...fakeModem({ tell, called: (call) => calls.push(call), now: () => clock, world: modem }),
      ...wider.areas,
      ...fakeAdb({ tell, called: (call) => calls.push(call), now: () => clock, world: adb }),
      on(event, listener) {
        const set = listeners.get(event) ?? new Set()
        listeners.set(event, set)
        set.add(listener as (fact: never) => void)
        return () => set.delete(listener as (fact: never) => void)
      },
    },
  }
  const tellHeld = (): void => {
    tell('held', { held: [...held] })
    setState({ held: held.length })
  }
  const touch = (row: TraceRow): void => {
    const session = sessions.get(row.session)
    if (session === undefined) return
    const severity = graver(session.severity, row.severity)
    const next = {
      ...session,
      first: session.first || row.seq,
      last: row.seq,
      firstAt: session.first ? session.firstAt : row.at,
      lastAt: row.at,
      messages: session.messages + (row.kind === 'message' ? 1 : 0),
      findings: session.findings + row.findings,
      severity,
    }
    sessions.set(row.session, next)
    const device = devices.get(row.device)
    if (device !== undefined) devices.set(row.device, { ...device, lastAt: row.at })
    tell('sessions', { changed: [next] })
    tell('devices', { changed: device === undefined ? [] : [devices.get(row.device) as DeviceRow] })
  }
  return lab
}

function headersOf(direction: 'up' | 'down', type: string, length: number): FrameDetail['headers'] {
  return direction === 'up'
    ? [
        ['Host', '127.0.0.1:8080'],
        ['User-Agent', 'sample-client/1.0'],
        ['Content-Type', type],
        ['Content-Length', String(length)],
      ]
    : [
        ['Server', 'dm-lab'],
        ['Content-Type', type],
        ['Content-Length', String(length)],
        ['Connection', 'keep-alive'],
      ]
}
