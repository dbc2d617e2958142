// Jobs of all devices: a second policy of the DM Server that works on them command by command. Every step is kept before its bytes leave; nothing else is state.
import type { JobDetail, JobRow, JobWish } from '../api.ts'
import type { SessionEnd } from '../session/desk.ts'
import type { CommandOutcome, Policy, SessionView, Work } from '../server/policy.ts'
import type { AlertRecord } from '../server/records.ts'
import type { Command } from '../syncml/message.ts'
import { Abreast, behind } from './abreast.ts'
import { JobBook } from './book.ts'
import { JobDesk } from './desk.ts'
import { drive, hear } from './drive.ts'
import { correlatorsOf } from './making.ts'
import { JobAlerts } from './jobalerts.ts'
import type { JobsPorts } from './ports.ts'
import { answersOf, itemOf, sensible } from './reading.ts'
import { admit } from './security.ts'
import { sceneOf, stageOf } from './stage.ts'
import type { Stage } from './stage.ts'
import { again } from './steps.ts'
import type { Answers, DeviceMemory, JobRecord } from './types.ts'
import { DOC, isOver, rowOf } from './types.ts'
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

const LISTED = 1000

/** The job machine of one lab. */
export class JobEngine implements Policy {
  readonly #ports: JobsPorts
  readonly #ears: EngineEars
  readonly #book: JobBook
  readonly #desk: JobDesk
  readonly #alerts: JobAlerts
  readonly #flying = new Map<string, Map<Command, Tag | 'look'>>()
  /** Names of the sessions under way; never the same for two of them. */
  readonly #tokens = new Map<string, string>()
  #count = 0

  constructor(ports: JobsPorts, ears: EngineEars) {
    this.#ports = ports
    this.#ears = ears
    this.#book = new JobBook(ports)
    this.#desk = new JobDesk(ports, this.#book, (job) => ears.over(job))
    this.#alerts = new JobAlerts(ports, this.#book, this.#desk, (view) => this.#stage(view))
  }

  /** After a restart: devices with jobs that have not been ordered are woken; limits are kept. */
  start(): void {
    this.#desk.start()
  }

  stop(): void {
    this.#desk.stop()
  }

  // -- what the infrastructure asks

  /** One job a device. Throws an Error in words where nobody fits, or where the wish contradicts itself. */
  create(wish: JobWish, origin: JobRow['origin'] = 'emi'): { readonly batch: string; readonly jobs: readonly JobRow[] } {
    const items = wish.items ?? [itemOf(wish)]
    sensible(wish, items)
    const { docs, devices } = this.#ports
    const ids = whom(wish, devices, (name) => docs.get(DOC.group, name) as never)
    const own = wish.correlator === undefined ? [] : correlatorsOf(wish.correlator, items.length)
    if (own.length > 0) for (const device of ids) this.#desk.unused(device, own)
    const batch = this.#desk.batch()
    return this.#book.turn(() => ({ batch, jobs: ids.map((device) => rowOf(this.#desk.make(wish, items, device, batch, origin))) }))
  }

  /** Newest first, at most 1,000; the next ones with the last job of these as `before`. */
  list(device: string, before = ''): readonly JobRow[] {
    return this.#book.rows(device, LISTED, before)
  }

  detail(id: string): JobDetail {
    const job = this.#book.must(id)
    return { job: rowOf(job), wish: job.wish, log: [...job.log], findings: [...job.findings], told: this.#ears.told(id) }
  }

  /** Ends what has not been ordered yet; what was ordered is awaited or read. */
  cancel(id: string, why = 'cancelled'): JobRow {
    return this.#desk.cancel(id, why)
  }

  /** A package was withdrawn: jobs that have not ordered it are cancelled (scomo sheet 16.6). */
  withdrawn(pkgId: string): void {
    this.#desk.withdrawn(pkgId)
  }

  /** True while a job of this origin works on the device. */
  busy(device: string, origin: JobRow['origin']): boolean {
    return this.#book.open(device).some((job) => job.origin === origin)
  }

  /** True where a job is to begin in the device's next session. */
  waits(device: string): boolean {
    return this.#book.open(device).some(({ state }) => state === 'queued')
  }

  /** True where a job for the same operation and package is under way there, or did it. */
  has(device: string, origin: JobRow['origin'], wish: JobWish): boolean {
    return this.#book.has(device, origin, wish, LISTED)
  }

  /** True the first time a package is offered to a device by itself. */
  offers(device: string, pkg: string): boolean {
    return this.#book.turn(() => this.#book.offers(device, pkg))
  }

  job(id: string): JobRecord | undefined {
    return this.#book.get(id)
  }

  /** What is remembered of a device; what is changed in it in a session is kept. */
  memory(device: string): DeviceMemory {
    return this.#book.memory(device)
  }

  /** Calls a device that somebody else wants to come. */
  call(device: string): void {
    this.#desk.calling.callAfter(device)
  }

  // -- in a session

  next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[] {
    return this.#book.turn(() => this.#next(view, outcomes))
  }

  #next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[] {
    const { device } = view
    if (view.round === 0) this.#begin(view)
    const flying = this.#flying.get(device)
    this.#flying.delete(device)
    const sent = new Map<Command, Tag | 'look'>()
    if (flying !== undefined) this.#hear(view, flying, outcomes)
    // The first job with something to say says it.
    const jobs = this.#book.open(device)
    if (jobs.length > 0) {
      const stage = this.#stage(view)
      const abreast = new Abreast(stage.packages)
      for (const job of jobs) {
        if (sent.size > 0) break
        const first = abreast.before(job)
        if (first !== null) this.#desk.waits(job, behind(first.id))
        else this.#drive(job, view, stage, sent)
        abreast.passed(job)
      }
    }
    // The provider looks when no job has anything to say; a job that follows from what it saw begins at once.
    if (sent.size === 0 && view.authenticated) for (const command of this.#ears.looks(view)) sent.set(command, 'look')
    if (sent.size === 0) return []
    this.#flying.set(device, sent)
    return [{ order: null, commands: [...sent.keys()] }]
  }

  alert(view: SessionView, alert: AlertRecord): number | undefined {
    return this.#alerts.alert(view, alert)
  }

  /** A session that was cut off: its jobs go on in another one, and the device is woken for that. */
  ended(view: SessionView, end: SessionEnd): void {
    const { device } = view
    if (this.#tokens.get(device)?.startsWith(`${view.sessionId} `) !== true) return
    this.#tokens.delete(device)
    this.#flying.delete(device)
    this.#desk.calling.left(device)
    const cut = this.#book.open(device).filter((job) => job.state === 'running')
    if (cut.length === 0) return
    this.#book.turn(() => cut.forEach((job) => this.#cut(job, end)))
    if (end.state !== 'completed') this.#desk.calling.again(device)
  }

  #cut(job: JobRecord, end: SessionEnd): void {
    const lost = job.items.some((item) => item.steps.some((step) => step.do === 'exec' && step.state === 'sent'))
    job.reason = lost
      ? 'the session was lost: what became of the order is read in the next one'
      : 'the session ended; the job goes on in the next one'
    this.#book.log(job, `${job.reason}${end.reason === '' ? '' : ` (${end.reason})`}`)
    job.state = 'waiting'
    this.#book.save(job)
  }

  #begin(view: SessionView): void {
    const { device } = view
    this.#count += 1
    this.#tokens.set(device, `${view.sessionId} ${String(this.#count)} ${String(this.#ports.now())}`)
    this.#flying.delete(device)
    this.#desk.calling.came(device)
    const jobs = this.#book.open(device)
    if (jobs.length > 0) {
      const stage = this.#stage(view)
      for (const job of jobs) {
        const scene = sceneOf(job, stage)
        for (const item of job.items) if (!isOver(item.state)) again(scene, item)
        this.#book.save(job)
      }
    }
    if (view.authenticated) this.#ears.session(view)
  }

  #stage(view: SessionView): Stage {
    return stageOf(view, this.#tokens.get(view.device) ?? '', this.#ports, this.#book)
  }

  #hear(view: SessionView, flying: ReadonlyMap<Command, Tag | 'look'>, outcomes: readonly CommandOutcome[]): void {
    const jobs = new Map(this.#book.open(view.device).map((job) => [job.id, job]))
    const stage = this.#stage(view)
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
    for (const job of jobs.values()) this.#desk.keep(job)
    if (looks) this.#ears.looked(view, looked)
  }

  #drive(job: JobRecord, view: SessionView, stage: Stage, sent: Map<Command, Tag | 'look'>): void {
    if (isOver(job.state)) return
    if (!view.authenticated) return this.#unmanaged(job, 'no-management', 'the device has not proved itself')
    if (!admit(job, view, stage)) return this.#unmanaged(job, 'weak-auth', 'strict mode asks for auth-MAC or TLS')
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
    this.#desk.keep(job)
  }

  /** Nothing of the job is sent in this session. */
  #unmanaged(job: JobRecord, reason: string, why: string): void {
    this.#desk.waits(job, reason, `${why}: no command of the job is sent`)
  }
}
