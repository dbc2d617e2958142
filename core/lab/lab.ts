// The lab: LabApi over recorder, host, ledger and store. It composes and swallows nothing.
import type { DevicesArea, Held, HoldMode, LabApi, LabEventName, LabEvents, LabState, Seq, SessionRow, SimulateOptions, Verdict } from '../api.ts'
import type { Imported } from '../evidence/import.ts'
import type { Redactor } from '../evidence/redact.ts'
import type { Order } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import type { TraceStore } from '../store/trace.ts'
import { wordsOf } from '../syncml/text.ts'
import { absent, refuse } from './areas.ts'
import type { Areas } from './areas.ts'
import { bringIn } from './captures.ts'
import { devicesArea, devicesFact } from './devicesarea.ts'
import type { DeviceRowsParts } from './devicesarea.ts'
import type { Speech } from './dialectmessage.ts'
import { Facts } from './facts.ts'
import type { Holder } from './holders.ts'
import type { Host } from './host.ts'
import { People } from './people.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'
import { Searching } from './searching.ts'
import { Trees } from './trees.ts'
import type { Shelf } from './treeshelf.ts'

/** Rows one `trace.rows` call gives at the most. */
const PAGE = 5000
/** Facts are told at most this often (ms): the screen draws 60 times a second. */
const TELL_EVERY = 16

/** What only the surroundings know: names, addresses, the way to start a device, a reader of captures. */
export interface LabParts {
  readonly store: TraceStore
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly facts: Pick<LabState, 'name' | 'workspace' | 'rules'> & { readonly recording: () => boolean; readonly recovery: () => string }
  readonly addresses: () => Pick<LabState, 'dm' | 'ui'>
  readonly simulate: (options: SimulateOptions) => Promise<{ readonly id: string }>
  readonly activity: (device: string) => string | undefined
  /** Folders of the workspace that trees are kept in. */
  readonly shelves: { readonly snapshots: Shelf; readonly ddf: Shelf }
  /** A redactor for one export. */
  readonly redactor: () => Redactor
  /** Sends notifications and bootstrap messages. */
  readonly pushes: Pick<DevicesArea, 'notify' | 'bootstrap'>
  readonly readCapture: (name: string, bytes: Uint8Array) => Iterable<Imported>
  /** Who else holds messages: a gateway of this process, attached labs. */
  readonly holders?: () => readonly Holder[]
  /** Areas made elsewhere; calls to those a lab has not are refused. */
  readonly areas?: Partial<Areas>
  /** Unknown devices and resets, and why credentials were refused; made elsewhere too. */
  readonly enrolment?: Pick<DevicesArea, 'wants' | 'decide' | 'reset'>
  readonly why?: LabApi['evidence']['why']
  /** What a device's dialect calls things; null where nothing differs. */
  readonly speech?: (device: string) => Speech | null
}

/** LabApi of one lab in this process. `attach` gives it the host, which needs the lab's watchers first. */
export class Lab implements LabApi {
  readonly facts = new Facts()
  readonly #parts: LabParts
  /** Whom simulated devices ask. */
  readonly people: People
  readonly #startedAt: number
  readonly #known: DeviceRowsParts
  /** The trees as the lab sees them. */
  readonly tree: Trees
  readonly #searching: Searching
  #host!: Host
  #recorder!: Recorder
  /** It has its host and recorder; one that came only half way never has. */
  #attached = false
  #telling: (() => void) | null = null
  readonly #sessionsMoved = new Map<number, SessionRow>()
  readonly #devicesMoved = new Set<string>()
  #heldMoved = false
  #notShownLive = 0

  constructor(parts: LabParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
    this.#known = { ledger: parts.ledger, activity: parts.activity, sessions: (device) => this.#recorder.sessions.of(device) }
    this.#searching = new Searching(parts.store, () => parts.clock.mono(), parts.speech)
    this.people = new People(parts.clock, () => this.facts.tell('questions', { open: this.people.questions() }))
    this.tree = this.#trees()
    this.facts.on('trace', (fact) => this.tree.moved(fact))
    const none = refuse('enrolment')
    this.devices = devicesArea({
      ...this.#known,
      now: () => parts.clock.now(),
      random: parts.random,
      simulate: parts.simulate,
      people: this.people,
      pushes: parts.pushes,
      enrolment: parts.enrolment ?? { wants: none, decide: none, reset: none },
      queue: async (order) => void (await this.#host.queue(order)),
      moved: (device) => this.deviceMoved(device),
    })
    const { areas = {} } = parts
    this.jobs = areas.jobs ?? absent('jobs')
    this.catalogue = areas.catalogue ?? absent('catalogue')
    this.provider = areas.provider ?? absent('provider')
    this.software = areas.software ?? absent('software')
    this.scenarios = areas.scenarios ?? absent('scenarios')
    this.gateways = areas.gateways ?? absent('gateways')
    this.trust = areas.trust ?? absent('trust')
    this.addresses = areas.addresses ?? absent('addresses')
    this.modem = areas.modem ?? absent('modem')
    this.wifi = areas.wifi ?? absent('wifi')
    this.proxies = areas.proxies ?? absent('proxies')
    this.dialect = areas.dialect ?? absent('dialect')
    this.adb = areas.adb ?? absent('adb')
    this.connect = areas.connect ?? absent('connect')
    this.peers = areas.peers ?? absent('peers')
  }

  attach(host: Host, recorder: Recorder): void {
    this.#host = host
    this.#recorder = recorder
    this.#attached = true
  }

  on<K extends LabEventName>(event: K, listener: (fact: LabEvents[K]) => void): () => void {
    return this.facts.on(event, listener)
  }

  /** Whoever asked may read the workspace next: what the answer counts stands there. */
  readonly lab = {
    state: async (): Promise<LabState> => {
      try {
        this.#parts.store.flush()
      } catch {
        // The lab's own flush tells of a disk that refuses.
      }
      return this.state()
    },
  }

  readonly trace = {
    rows: async (first: Seq, count: number) => this.#parts.store.rows(first, Math.min(count, PAGE)),
    frame: async (seq: Seq) => {
      const frame = this.#parts.store.frame(seq)
      if (frame === undefined) throw new Error(`there is no row ${seq}; the trace holds ${this.#parts.store.first} to ${this.#parts.store.last}`)
      return frame
    },
    filter: async (expression: string, first: Seq, count: number) => this.#searching.find(expression, first, count),
    sessions: async () => this.#recorder.sessions.all().sort((a, b) => b.session - a.session),
    session: async (session: number) => this.#parts.store.session(session),
  }

  readonly stepper = {
    held: async () => this.#held(),
    mode: async (mode: HoldMode) => {
      this.#host.mode(mode)
      for (const other of this.#holders()) await other.mode(mode)
    },
    decide: async (id: number, verdict: Verdict) => {
      const other = this.#holders().find((holder) => holder.owns(id))
      if (other === undefined) return this.#host.decide(id, verdict)
      await other.decide(id, verdict)
      this.heldMoved()
    },
  }

  readonly devices: DevicesArea

  readonly jobs: Areas['jobs']
  readonly catalogue: Areas['catalogue']
  readonly provider: Areas['provider']
  readonly software: Areas['software']
  readonly scenarios: Areas['scenarios']
  readonly gateways: Areas['gateways']
  readonly trust: Areas['trust']
  readonly addresses: Areas['addresses']
  readonly modem: Areas['modem']
  readonly wifi: Areas['wifi']
  readonly proxies: Areas['proxies']
  readonly dialect: Areas['dialect']
  readonly adb: Areas['adb']
  readonly connect: Areas['connect']
  readonly peers: Areas['peers']

  readonly evidence = {
    open: async (name: string, bytes: Uint8Array) => {
      const first = this.#parts.store.last + 1
      bringIn(this.#recorder, name, this.#parts.readCapture(name, bytes))
      this.changed()
      return { first, last: this.#parts.store.last }
    },
    why: async (seq: Seq) => (this.#parts.why ?? refuse('evidence of credentials'))(seq),
  }

  #holders(): readonly Holder[] {
    return this.#parts.holders?.() ?? []
  }

  /** All cards, oldest first. */
  #held(): readonly Held[] {
    const others = this.#holders().flatMap((holder) => holder.held())
    const own = this.#host.stepper.held()
    return others.length === 0 ? own : [...own, ...others].sort((a, b) => a.at - b.at)
  }

  state(): LabState {
    const { store, facts, addresses } = this.#parts
    return {
      name: facts.name,
      workspace: facts.workspace,
      ...addresses(),
      startedAt: this.#startedAt,
      recording: facts.recording(),
      hold: this.#host.stepper.mode,
      held: this.#host.stepper.count + this.#holders().reduce((sum, holder) => sum + holder.held().length, 0),
      first: store.first,
      last: store.last,
      sessions: this.#recorder.sessions.size,
      storeBytes: store.bytes(),
      notShownLive: this.#notShownLive,
      recovery: facts.recovery(),
      rules: facts.rules,
    }
  }

  /** A screen fell behind and was not sent these rows live. */
  skipped(rows: number): void {
    this.#notShownLive += rows
    this.changed()
  }

  /** Something the screen shows may have moved: tells it soon, once for all that moves meanwhile. */
  changed(): void {
    this.#telling ??= this.#parts.clock.after(TELL_EVERY, () => {
      this.#telling = null
      this.#tell()
    })
  }

  sessionMoved(row: SessionRow): void {
    this.#sessionsMoved.set(row.session, row)
  }

  deviceMoved(device: string): void {
    this.#devicesMoved.add(device)
    this.changed()
  }

  heldMoved(): void {
    this.#heldMoved = true
    this.changed()
  }

  stop(): void {
    this.#telling?.()
    this.#telling = null
    this.#tell()
  }

  #trees(): Trees {
    const { store, ledger, clock, random, shelves, redactor, addresses } = this.#parts
    const save = (order: Order): void => {
      ledger.save([{ kind: 'order', order }])
      this.#host.order({ type: 'queue', order })
    }
    // The order is queued already: a device that cannot be woken gets it at its next session.
    const wake = async (device: string) => {
      try {
        const { to } = await this.#parts.pushes.notify(device, {})
        return { woken: true, note: `notified at ${to}` }
      } catch (error) {
        return { woken: false, note: `${wordsOf(error)}; the commands wait for its next session` }
      }
    }
    return new Trees({
      store,
      ledger,
      now: () => clock.now(),
      random,
      ...shelves,
      redactor,
      server: () => addresses().dm,
      ...(this.#parts.speech === undefined ? {} : { speech: this.#parts.speech }),
      queue: save,
      wake,
      sessions: () => this.#recorder.sessions.all(),
      tell: (fact) => this.facts.tell('tree', fact),
    })
  }

  #tell(): void {
    if (!this.#attached) return
    this.#recorder.announce()
    const sessions = [...this.#sessionsMoved.values()]
    this.#sessionsMoved.clear()
    if (sessions.length > 0) this.facts.tell('sessions', { changed: sessions })
    if (this.#heldMoved) this.facts.tell('held', { held: this.#held() })
    this.#heldMoved = false
    if (this.#devicesMoved.size > 0) this.facts.tell('devices', devicesFact(this.#known, new Set(this.#devicesMoved)))
    this.#devicesMoved.clear()
    if (this.facts.heard('state')) this.facts.tell('state', this.state())
  }
}

/** Watches a recorder on the lab's behalf. */
export function watcherOf(lab: Lab): { trace(fact: LabEvents['trace']): void; session(row: SessionRow): void } {
  return {
    trace: (fact) => lab.facts.tell('trace', fact),
    session: (row) => lab.sessionMoved(row),
  }
}
