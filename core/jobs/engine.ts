// Jobs of all devices: a second policy of the DM Server that works on them command by command. Every step is kept before its bytes leave; nothing else is state.
import type { JobDetail, JobItemWish, JobRow, JobWish, SoftwareRequest } from '../api.ts'
import { happening } from '../mo/events.ts'
import type { HappeningFacts, HappeningName } from '../mo/events.ts'
import type { Peer, SessionEnd } from '../session/desk.ts'
import type { CommandOutcome, Policy, SessionView, Work } from '../server/policy.ts'
import type { AlertRecord } from '../server/records.ts'
import type { Command } from '../syncml/message.ts'
import { readAlert } from './alerts.ts'
import type { Completed } from './alerts.ts'
import { freshItem } from './choose.ts'
import { undefinedError } from './codes.ts'
import { conclude, condition, drive, endAll, finding, hear, sceneOf } from './drive.ts'
import type { Stage } from './drive.ts'
import type { KnownDevice, JobsPorts } from './ports.ts'
import { answersOf, belongs, itemOf, ordered, sensible } from './reading.ts'
import { wishOf } from './requests.ts'
import { advance, again, alerted } from './steps.ts'
import type { Answers, DeviceMemory, JobRecord, PackageDoc } from './types.ts'
import { DOC, isOver, LIMIT_MS, rowOf } from './types.ts'
import { whom } from './whom.ts'

/** Whom the engine tells. */
export interface EngineEars {
  /** A job ended; called once, in the turn that keeps its end. */
  over(job: JobRecord): void
  /** Outcomes told so far, for `get`. */
  told(job: string): JobDetail['told']
  /** A session of a device that proved itself begins: what a provider laid down may want to look (default sets). */
  session(view: SessionView): void
  /** What such a look wants to ask; answers come back to `looked`. */
  looks(view: SessionView): readonly Command[]
  looked(view: SessionView, answers: Answers): void
}

interface Tag {
  readonly job: string
  readonly item: number
  readonly key: string
}

/** Waits before a device whose session was lost is woken again, ms; then it must come by itself. */
const ROUSE = [1000, 5000, 30_000, 300_000] as const
/** Where in these waits a device begins that was called and did not come. */
const NO_SHOW = 2
/** The longest single timer, ms. */
const LONGEST = 3_600_000
const LISTED = 1000
/** Repeating it does nothing it has not done before (scomo sheet 5.3, C5 and C6). */
const IDEMPOTENT = new Set(['Activate', 'Deactivate'])

/** The job machine of one lab. */
export class JobEngine implements Policy {
  readonly #ports: JobsPorts
  readonly #ears: EngineEars
  /** Ids of jobs that are not over, by device, oldest first. */
  readonly #active = new Map<string, string[]>()
  /** All ids, oldest first. */
  readonly #ids: string[] = []
  readonly #flying = new Map<string, Map<Command, Tag | 'look'>>()
  readonly #tokens = new Map<string, string>()
  readonly #roused = new Map<string, number>()
  readonly #waking = new Map<string, () => void>()
  #count = 0
  readonly #limits = new Map<string, number>()
  #sweep: (() => void) | null = null
  #armedFor = Infinity
  #stopped = false

  constructor(ports: JobsPorts, ears: EngineEars) {
    this.#ports = ports
    this.#ears = ears
    for (const { id, value } of ports.docs.all(DOC.job)) {
      this.#ids.push(id)
      const job = value as JobRecord
      if (!isOver(job.state)) this.#activate(job)
    }
  }

  /** After a restart: devices with jobs that have not been ordered are woken; limits are kept. */
  start(): void {
    for (const device of this.#active.keys()) if (this.#jobs(device).some((job) => this.#wants(job))) this.#rouse(device)
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#sweep?.()
    for (const cancel of this.#waking.values()) cancel()
    this.#waking.clear()
  }

  // -- what the infrastructure asks

  /** One job a device. Throws an Error in words where nobody fits, or where the wish contradicts itself. */
  create(wish: JobWish, origin: JobRow['origin'] = 'emi'): { readonly batch: string; readonly jobs: readonly JobRow[] } {
    const items = wish.items ?? [itemOf(wish)]
    sensible(wish, items)
    const { docs, devices } = this.#ports
    const ids = whom(wish, devices, (name) => docs.get(DOC.group, name) as never)
    if (wish.correlator !== undefined) for (const device of ids) this.#fresh(device, wish.correlator)
    const batch = `batch-${this.#hex(4)}`
    const jobs = ids.map((device) => this.#make(wish, items, device, batch, origin))
    return { batch, jobs: jobs.map(rowOf) }
  }

  /** Newest first, at most 1,000. */
  list(device: string): readonly JobRow[] {
    const rows: JobRow[] = []
    for (let at = this.#ids.length - 1; at >= 0 && rows.length < LISTED; at--) {
      const job = this.#load(this.#ids[at] ?? '')
      if (job !== undefined && (device === '' || job.device === device)) rows.push(rowOf(job))
    }
    return rows
  }

  detail(id: string): JobDetail {
    const job = this.#must(id)
    return { job: rowOf(job), wish: job.wish, log: job.log, findings: job.findings, told: this.#ears.told(id) }
  }

  /** Ends what has not been ordered yet; what was ordered is awaited or read. */
  cancel(id: string, why = 'cancelled'): JobRow {
    const job = this.#must(id)
    if (isOver(job.state)) return rowOf(job)
    job.cancelled = true
    const open = job.items.filter((item) => !isOver(item.state))
    for (const item of open) if (!ordered(item)) Object.assign(item, { state: 'cancelled', text: why })
    const left = open.filter(({ state }) => !isOver(state))
    this.#log(
      job,
      left.length === 0 ? why : `${why}: ${left.map(({ pkg, component }) => pkg || component).join(', ')} was ordered already, its end is awaited`,
    )
    this.#keep(job)
    return rowOf(job)
  }

  /** A package was withdrawn: jobs that have not ordered it are cancelled (scomo sheet 16.6). */
  withdrawn(pkgId: string): void {
    for (const device of [...this.#active.keys()]) {
      for (const job of this.#jobs(device)) {
        const hit = job.items.filter((item) => !isOver(item.state) && !ordered(item) && (item.pkg === pkgId || item.wish.pkg === pkgId))
        for (const item of hit) Object.assign(item, { state: 'cancelled', text: `${pkgId} was withdrawn` })
        if (hit.length === 0) continue
        this.#log(job, `${pkgId} was withdrawn`)
        this.#keep(job)
      }
    }
  }

  /** True while a job of this origin works on the device. */
  busy(device: string, origin: JobRow['origin']): boolean {
    return this.#jobs(device).some((job) => job.origin === origin)
  }

  job(id: string): JobRecord | undefined {
    return this.#load(id)
  }

  /** What is remembered of a device; give it back to `remember` where it changed. */
  memory(device: string): DeviceMemory {
    return (this.#ports.docs.get(DOC.memory, device) as DeviceMemory | undefined) ?? { roots: {}, noList: false, deactive: false, used: {} }
  }

  remember(device: string, memory: DeviceMemory): void {
    this.#ports.docs.put(DOC.memory, device, memory)
  }

  // -- in a session

  next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[] {
    const { device } = view
    if (view.round === 0) this.#begin(view)
    const flying = this.#flying.get(device)
    this.#flying.delete(device)
    const sent = new Map<Command, Tag | 'look'>()
    if (flying !== undefined) this.#hear(view, flying, outcomes)
    const jobs = this.#jobs(device)
    if (jobs.length > 0) this.#work(view, jobs, sent)
    // The provider looks when no job has anything to say; a job that follows from what it saw begins at once.
    if (sent.size === 0 && view.authenticated) for (const command of this.#ears.looks(view)) sent.set(command, 'look')
    if (sent.size === 0) return []
    this.#flying.set(device, sent)
    return [{ order: null, commands: [...sent.keys()] }]
  }

  /** The first job with something to say says it. */
  #work(view: SessionView, jobs: readonly JobRecord[], sent: Map<Command, Tag | 'look'>): void {
    const memory = this.memory(view.device)
    const kept = JSON.stringify(memory)
    const stage = this.#stage(view, memory)
    for (const job of jobs) if (sent.size === 0) this.#drive(job, view, stage, sent)
    if (JSON.stringify(memory) !== kept) this.remember(view.device, memory)
  }

  /** Status for an alert about software; undefined for any other. */
  alert(view: SessionView, alert: AlertRecord): number | undefined {
    const heard = readAlert(alert)
    switch (heard.what) {
      case 'completed':
        this.#completed(view, heard.completed)
        return 200
      case 'request':
        return this.#asked(view, heard.request)
      case 'unknown':
        return 415
      case 'other':
        return undefined
      default:
        return heard satisfies never
    }
  }

  /** A session that was cut off: its jobs go on in another one, and the device is woken for that. */
  ended(view: SessionView, end: SessionEnd): void {
    const { device } = view
    if (this.#tokens.get(device)?.startsWith(`${view.sessionId} `) !== true) return
    this.#tokens.delete(device)
    this.#flying.delete(device)
    const cut = this.#jobs(device).filter((job) => job.state === 'running')
    if (cut.length === 0) return
    for (const job of cut) {
      const lost = job.items.some((item) => item.steps.some((step) => step.do === 'exec' && step.state === 'sent'))
      job.reason = lost
        ? 'the session was lost: what became of the order is read in the next one'
        : 'the session ended; the job goes on in the next one'
      this.#log(job, `${job.reason}${end.reason === '' ? '' : ` (${end.reason})`}`)
      job.state = 'waiting'
      this.#save(job)
    }
    if (end.state !== 'completed') this.#rouse(device)
  }

  #begin(view: SessionView): void {
    const { device } = view
    this.#count += 1
    this.#tokens.set(device, `${view.sessionId} ${String(this.#count)} ${String(this.#ports.now())}`)
    this.#flying.delete(device)
    this.#waking.get(device)?.()
    this.#waking.delete(device)
    if (!this.#active.has(device) && !view.authenticated) return
    const memory = this.memory(device)
    for (const job of this.#jobs(device)) {
      const scene = sceneOf(job, this.#stage(view, memory))
      for (const item of job.items) if (!isOver(item.state)) again(scene, item)
      this.#save(job)
    }
    if (view.authenticated) this.#ears.session(view)
  }

  #stage(view: SessionView, memory: DeviceMemory): Stage {
    const { ports, device } = { ports: this.#ports, device: view.device }
    const peer: Peer = view.peer ?? { maxObjSize: undefined, encoding: 'xml' }
    let packages: readonly PackageDoc[] | null = null
    return {
      device: this.#known(view),
      peer,
      session: this.#tokens.get(device) ?? '',
      now: ports.now(),
      memory,
      packages: () => (packages ??= ports.docs.all(DOC.package).map(({ value }) => value as PackageDoc)),
      value: (uri) => ports.value(device, uri),
      mechanism: ports.mechanism,
      url: (ask) => ports.url(ask),
      bytes: (sha256) => ports.bytes(sha256),
      log: (job, text) => this.#log(job, text),
      happened: (job, name, text, facts) => this.#happened(job, name, text, facts),
    }
  }

  /** The device with what it says of itself in this very message. */
  #known({ device, devInfo }: SessionView): KnownDevice {
    const known = this.#ports.device(device) ?? { id: device, man: '', mod: '', fwv: '', swv: '', hwv: '', simulated: false }
    return { ...known, man: devInfo['./DevInfo/Man'] ?? known.man, mod: devInfo['./DevInfo/Mod'] ?? known.mod }
  }

  #hear(view: SessionView, flying: ReadonlyMap<Command, Tag | 'look'>, outcomes: readonly CommandOutcome[]): void {
    const jobs = new Map(this.#jobs(view.device).map((job) => [job.id, job]))
    const stage = this.#stage(view, this.memory(view.device))
    const looked: Answers = {}
    let looks = false
    for (const { command, outcomes: parts } of outcomes) {
      const tag = flying.get(command)
      if (tag === undefined) continue
      const answers = answersOf(command, parts)
      if (tag === 'look') {
        looks = true
        Object.assign(looked, answers)
        continue
      }
      const job = jobs.get(tag.job)
      if (job !== undefined && !isOver(job.state)) hear(job, stage, tag, parts[0]?.code ?? 0, answers)
    }
    for (const job of jobs.values()) this.#keep(job)
    if (looks) this.#ears.looked(view, looked)
  }

  #drive(job: JobRecord, view: SessionView, stage: Stage, sent: Map<Command, Tag | 'look'>): void {
    if (isOver(job.state)) return
    if (!view.authenticated) return this.#unmanaged(job)
    if (!job.log.some(({ text }) => text.startsWith('the device proved itself'))) this.#admitted(job, view, stage)
    const wants = drive(job, stage)
    for (const { command, item, key } of wants) sent.set(command, { job: job.id, item, key })
    const open = job.items.filter(({ state }) => !isOver(state))
    if (wants.length > 0) {
      job.state = 'running'
      job.reason = ''
    } else if (open.length > 0) {
      const waiting = open.find(({ state }) => state === 'waiting')
      job.state = waiting === undefined ? (open.some(({ state }) => state === 'accepted') ? 'accepted' : 'waiting') : 'waiting'
      job.reason = waiting?.text ?? ''
    }
    this.#keep(job)
  }

  /** P1 and P2 of the scomo sheet 16.6: released once a session has proved itself; how well is a finding (R1). */
  #admitted(job: JobRecord, view: SessionView, stage: Stage): void {
    this.#log(job, `the device proved itself with ${view.auth ?? 'nothing'}`)
    condition(job, stage, 'P1', true, 'the device is managed here and has proved itself')
    if (view.auth !== 'syncml:auth-MAC') finding(job, 'weak-auth', `the session is authenticated with ${view.auth ?? 'nothing'} (R1)`)
    condition(job, stage, 'P2', true, job.findings.length === 0 ? 'nothing weak was seen' : job.findings.map(({ id }) => id).join(', '))
  }

  #unmanaged(job: JobRecord): void {
    if (job.state === 'waiting' && job.reason === 'no-management') return
    job.state = 'waiting'
    job.reason = 'no-management'
    this.#log(job, 'the device has not proved itself: no command of the job is sent')
    this.#keep(job)
  }

  // -- alerts

  #completed(view: SessionView, completed: Completed): void {
    const jobs = this.#jobs(view.device).filter(({ type }) => type === completed.type)
    for (const job of jobs) {
      for (const item of job.items) {
        const at = isOver(item.state) ? -1 : item.steps.findIndex((step) => step.do === 'exec' && belongs(job, item, step, completed))
        if (at < 0) continue
        const scene = sceneOf(job, this.#stage(view, this.memory(view.device)))
        const { code, objects } = completed
        this.#log(
          job,
          `alert: ${code === null ? 'a result that cannot be read' : `result ${String(code)}`}${objects.length === 0 ? '' : `, ${objects.join(', ')}`}`,
        )
        alerted(scene, item, at, code ?? undefinedError(job.type), objects)
        advance(scene, item)
        this.#keep(job)
        return
      }
    }
    this.#late(view.device, completed)
  }

  /** An alert that nobody waits for any more: a job that ended without knowing says so in its log. */
  #late(device: string, { correlator, code }: Completed): void {
    if (correlator === '') return
    for (const id of this.#ids.slice(-LISTED).reverse()) {
      const job = this.#load(id)
      if (job?.device !== device || !job.items.some((item) => item.steps.some((step) => step.do === 'exec' && step.correlator === correlator)))
        continue
      this.#log(job, `a late alert for ${correlator}: result ${String(code)}; the job had ended`)
      this.#save(job)
      return
    }
  }

  /** 200 where something happens in this session, 202 else (SC-42, FU-22). */
  #asked(view: SessionView, request: SoftwareRequest): number {
    if (!view.authenticated) return 202
    const packages = this.#ports.docs.all(DOC.package).map(({ value }) => (value as PackageDoc).row)
    const wish = wishOf(request, this.#known(view), packages)
    if (wish === null) return 202
    const same = this.#jobs(view.device).find((job) => job.origin === 'device' && JSON.stringify(job.wish) === JSON.stringify(wish))
    if (same === undefined) this.#make(wish, wish.items ?? [itemOf(wish)], view.device, `batch-${this.#hex(4)}`, 'device')
    return 200
  }

  // -- records

  #make(wish: JobWish, items: readonly JobItemWish[], device: string, batch: string, origin: JobRow['origin']): JobRecord {
    const now = this.#ports.now()
    const id = `job-${this.#hex(6)}`
    const base = wish.correlator ?? id
    const known = this.#ports.device(device) !== undefined
    const job: JobRecord = {
      id,
      batch,
      device,
      type: wish.type,
      op: wish.op,
      origin,
      wish,
      createdAt: now,
      updatedAt: now,
      limitAt: now + (wish.limitMs ?? LIMIT_MS),
      state: known || origin === 'device' ? 'queued' : 'waiting',
      reason: known || origin === 'device' ? '' : 'no-management',
      resultCode: 0,
      phase: 'survey',
      confirmed: false,
      cancelled: false,
      answers: {},
      facts: null,
      items: items.map((item, i) => freshItem(item, items.length === 1 ? base : `${base}.${String(i + 1)}`)),
      log: [],
      findings: [],
    }
    this.#ids.push(id)
    this.#activate(job)
    const named = Object.fromEntries(
      Object.entries({ pkg: items[0]?.pkg, component: items[0]?.component, target: items[0]?.target, reason: wish.reason }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as HappeningFacts
    const from: HappeningName = origin === 'emi' ? 'emi.request' : origin === 'device' ? 'device.request' : 'provider.command'
    this.#happened(job, from, `${wish.op} ${items.map((item) => item.pkg ?? item.component ?? item.target ?? 'what suits').join(', ')}`, {
      op: wish.op,
      origin,
      type: wish.type,
      ...named,
    })
    this.#log(
      job,
      `asked for by ${{ emi: 'the infrastructure', device: 'the device', set: 'a default set', subscription: 'a subscription' }[origin]}`,
    )
    this.#save(job)
    this.#arm(job.limitAt)
    if (origin !== 'device' && wish.wake !== false && !this.#tokens.has(device)) this.#wake(device, id)
    return job
  }

  #fresh(device: string, correlator: string): void {
    for (const id of this.#ids) {
      const job = this.#load(id)
      if (job?.device === device && job.wish.correlator === correlator)
        throw new Error(`the Correlator ${correlator} was used for ${device} by ${id}: the device would take a new order for the old one`)
    }
  }

  /** Keeps the record; an end is concluded and told. */
  #keep(job: JobRecord): void {
    if (isOver(job.state) || !job.items.every(({ state }) => isOver(state))) return this.#save(job)
    job.phase = 'over'
    conclude(job)
    if (job.state === 'done' && (job.op === 'install' || job.op === 'update')) {
      const q = job.op === 'update' ? 'Q2' : 'Q1'
      condition(
        job,
        { happened: (each, name, text, facts) => this.#happened(each, name, text, facts) },
        q,
        true,
        'what was targeted is delivered and installed',
      )
    }
    if (job.items.some(({ text }) => /answered 404/.test(text))) this.#forgetRoot(job)
    this.#log(job, `ends ${job.state}${job.reason === '' ? '' : `: ${job.reason}`}`)
    this.#deactivate(job)
    this.#save(job)
    this.#ears.over(job)
  }

  /** The object may have moved (a factory reset): it is looked for again. */
  #forgetRoot(job: JobRecord): void {
    const memory = this.memory(job.device)
    delete memory.roots[job.type]
    this.remember(job.device, memory)
  }

  #save(job: JobRecord): void {
    const before = this.#load(job.id)
    job.updatedAt = this.#ports.now()
    this.#ports.docs.put(DOC.job, job.id, job)
    if (before === undefined || before.state !== job.state)
      this.#happened(job, 'job.moved', `${job.id} is ${job.state}${job.reason === '' ? '' : `: ${job.reason}`}`, {
        state: job.state,
        resultCode: job.resultCode,
      })
    if (before === undefined || JSON.stringify(rowOf({ ...before, updatedAt: 0 })) !== JSON.stringify(rowOf({ ...job, updatedAt: 0 })))
      this.#ports.jobsMoved([rowOf(job)])
  }

  #load(id: string): JobRecord | undefined {
    return this.#ports.docs.get(DOC.job, id) as JobRecord | undefined
  }

  #must(id: string): JobRecord {
    const job = this.#load(id)
    if (job === undefined) throw new Error(`there is no job ${id}`)
    return job
  }

  #jobs(device: string): JobRecord[] {
    return (this.#active.get(device) ?? []).flatMap((id) => this.#load(id) ?? [])
  }

  #activate({ device, id, limitAt }: JobRecord): void {
    this.#limits.set(id, limitAt)
    const ids = this.#active.get(device) ?? []
    ids.push(id)
    this.#active.set(device, ids)
  }

  #deactivate({ device, id }: JobRecord): void {
    this.#limits.delete(id)
    const left = (this.#active.get(device) ?? []).filter((each) => each !== id)
    if (left.length === 0) this.#active.delete(device)
    else this.#active.set(device, left)
    this.#roused.delete(device)
  }

  #log(job: JobRecord, text: string): void {
    job.log.push({ at: this.#ports.now(), seq: this.#ports.seq(), text })
  }

  #happened(job: JobRecord, name: HappeningName, text: string, facts: HappeningFacts): void {
    this.#ports.happened(happening(name, job.device, text, { job: job.id, ...facts }))
  }

  #hex(octets: number): string {
    return Array.from(this.#ports.random(octets), (octet) => octet.toString(16).padStart(2, '0')).join('')
  }

  // -- waking, limits

  /** True where the next session of the device has something to do for the job. */
  #wants(job: JobRecord): boolean {
    return job.wish.wake !== false && job.items.some((item) => !isOver(item.state) && item.state !== 'accepted')
  }

  #wake(device: string, id: string): void {
    const say = (text: string): void => {
      const job = this.#load(id)
      if (job === undefined || this.#stopped) return
      this.#log(job, text)
      this.#save(job)
    }
    this.#ports.wake(device).then(
      (to) => {
        say(`the device is notified at ${to}`)
        // A push may be lost on its way: a device that does not come is called once more.
        this.#rouse(device, NO_SHOW)
      },
      (error: unknown) =>
        say(`the device is not notified: ${error instanceof Error ? error.message : String(error)}; the job waits for its next session`),
    )
  }

  #rouse(device: string, from = 0): void {
    const tries = Math.max(from, this.#roused.get(device) ?? 0)
    const wait = ROUSE[tries]
    if (wait === undefined || this.#waking.has(device) || this.#stopped) return
    this.#roused.set(device, tries + 1)
    const call = (): void => {
      this.#waking.delete(device)
      const job = this.#jobs(device).find((each) => this.#wants(each))
      if (job !== undefined && !this.#tokens.has(device)) this.#wake(device, job.id)
    }
    this.#waking.set(device, this.#ports.after(wait, call))
  }

  /** One timer for the earliest limit. */
  #arm(limit = Math.min(...this.#limits.values())): void {
    if (limit >= this.#armedFor || limit === Infinity || this.#stopped) return
    this.#sweep?.()
    this.#armedFor = limit
    this.#sweep = this.#ports.after(Math.max(0, Math.min(limit - this.#ports.now(), LONGEST)), () => {
      this.#sweep = null
      this.#armedFor = Infinity
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    const now = this.#ports.now()
    for (const device of [...this.#active.keys()]) for (const job of this.#jobs(device)) if (job.limitAt <= now) this.#limit(job, now)
  }

  /** The time is over: an order whose outcome nobody knows may be given anew only where the wish says so, with a new Correlator (rule 3d). */
  #limit(job: JobRecord, now: number): void {
    for (const item of job.items) {
      const step = item.steps[item.at]
      const lost = step?.do === 'exec' && step.state === 'lost' && !isOver(item.state)
      if (!lost || job.wish.retryUnknown !== true || !(IDEMPOTENT.has(step.primitive) || step.mend < 2) || step.correlator.endsWith('-again'))
        continue
      Object.assign(step, { state: 'todo', correlator: `${step.correlator}-again`, session: '', answers: {}, code: 0 })
      Object.assign(item, { state: 'queued', correlator: step.correlator, text: '' })
      Object.assign(job, { limitAt: now + (job.wish.limitMs ?? LIMIT_MS), state: 'queued', reason: '' })
      this.#limits.set(job.id, job.limitAt)
      this.#log(job, `the outcome stayed unknown; ordered anew as ${step.correlator}`)
      this.#save(job)
      this.#rouse(job.device)
      return
    }
    const some = job.items.some((item) => !isOver(item.state) && ordered(item))
    endAll(
      job,
      'unknown',
      0,
      some
        ? `${job.type === 'fumo' ? 'lost: ' : ''}no alert came in time, and nothing the device showed told the outcome`
        : 'the device did not come in time; nothing was ordered',
    )
    this.#keep(job)
  }
}
