// Beginning and end of jobs: made, kept, called for, out of time. What happens in between is the engine's business.
import type { JobItemWish, JobRow, JobWish } from '../api.ts'
import { hexOf } from '../syncml/text.ts'
import { behind } from './abreast.ts'
import type { JobBook } from './book.ts'
import { Calling } from './calling.ts'
import { conclude, endAll, settled } from './ending.ts'
import { Limits } from './limits.ts'
import { announced, freshJob } from './making.ts'
import type { JobsPorts } from './ports.ts'
import { ordered } from './reading.ts'
import type { ExecStep, Item, JobRecord } from './types.ts'
import { isOver, LIMIT_MS, rowOf } from './types.ts'

/** Repeating it does nothing it has not done before (scomo sheet 5.3, C5 and C6). */
const IDEMPOTENT = new Set(['Activate', 'Deactivate'])

export class JobDesk {
  readonly calling: Calling
  readonly #ports: JobsPorts
  readonly #book: JobBook
  readonly #limits: Limits
  /** A job ended; called once, in the turn that keeps its end. */
  readonly #over: (job: JobRecord) => void

  constructor(ports: JobsPorts, book: JobBook, over: (job: JobRecord) => void) {
    this.#ports = ports
    this.#book = book
    this.#over = over
    this.calling = new Calling({
      after: ports.after,
      wake: async (device, missed) => {
        const why = this.#elsewhere(device)
        if (why !== '') throw new Error(why)
        return ports.wake(device, missed)
      },
      wanted: (device) => this.#waiting(device) !== undefined,
      say: (device, text) => this.#said(device, text),
    })
    this.#limits = new Limits(ports, (id) => this.#expired(id))
    for (const device of book.devices()) for (const { id, limitAt } of book.open(device)) this.#limits.set(id, limitAt, false)
  }

  start(): void {
    for (const device of this.#book.devices()) if (this.#waiting(device) !== undefined) this.calling.again(device)
    this.#limits.start()
  }

  stop(): void {
    this.#limits.stop()
    this.calling.stop()
  }

  batch(): string {
    return `batch-${this.#hex(4)}`
  }

  /** A new job, kept and told; its device is called where the wish has it so. */
  make(wish: JobWish, items: readonly JobItemWish[], device: string, batch: string, origin: JobRow['origin']): JobRecord {
    const known = origin === 'device' || this.#ports.device(device) !== undefined
    const missing = this.#elsewhere(device) || (known ? '' : 'no-management')
    const job = freshJob({ id: `job-${this.#hex(6)}`, batch, device, origin, wish, items, now: this.#ports.now(), missing })
    this.#book.add(job)
    announced(job, this.#book)
    this.#book.save(job)
    this.#limits.set(job.id, job.limitAt)
    if (origin !== 'device' && wish.wake !== false && !this.calling.present(device)) this.calling.call(device)
    return job
  }

  #elsewhere(device: string): string {
    return this.#ports.elsewhere?.(device) ?? ''
  }

  /** Throws an Error in words where the device has met one of the Correlators already. */
  unused(device: string, correlators: readonly string[]): void {
    for (const { id, items } of this.#book.ofDevice(device, Infinity)) {
      const met = new Set(
        items.flatMap(({ correlator, steps }) => [correlator, ...steps.flatMap((step) => (step.do === 'exec' ? step.correlator : []))]),
      )
      const correlator = correlators.find((each) => met.has(each))
      if (correlator !== undefined)
        throw new Error(`the Correlator ${correlator} was used for ${device} by ${id}: the device would take a new order for the old one`)
    }
  }

  /** Ends what has not been ordered yet; what was ordered is awaited or read. */
  cancel(id: string, why: string): JobRow {
    const job = this.#book.must(id)
    if (isOver(job.state)) return rowOf(job)
    job.cancelled = true
    const open = job.items.filter((item) => !isOver(item.state))
    for (const item of open) if (!ordered(item)) Object.assign(item, { state: 'cancelled', text: why })
    const left = open.filter(({ state }) => !isOver(state)).map(({ pkg, component }) => pkg || component)
    this.#book.log(job, left.length === 0 ? why : `${why}: ${left.join(', ')} was ordered already, its end is awaited`)
    this.#book.turn(() => this.keep(job))
    return rowOf(job)
  }

  /** A package was withdrawn: jobs that have not ordered it are cancelled (scomo sheet 16.6). */
  withdrawn(pkgId: string): void {
    const drop = (job: JobRecord): void => {
      const hit = job.items.filter((item) => !isOver(item.state) && !ordered(item) && (item.pkg === pkgId || item.wish.pkg === pkgId))
      for (const item of hit) Object.assign(item, { state: 'cancelled', text: `${pkgId} was withdrawn` })
      if (hit.length === 0) return
      this.#book.log(job, `${pkgId} was withdrawn`)
      this.keep(job)
    }
    this.#book.turn(() => this.#book.devices().forEach((device) => this.#book.open(device).forEach(drop)))
  }

  /** Nothing of the job is sent in this session. */
  waits(job: JobRecord, reason: string, why = reason): void {
    if (job.state === 'waiting' && job.reason === reason) return
    job.state = 'waiting'
    job.reason = reason
    this.#book.log(job, why)
    this.keep(job)
  }

  /** Keeps the record; an end is concluded and told. */
  keep(job: JobRecord): void {
    if (isOver(job.state) || !job.items.every(({ state }) => isOver(state))) return this.#book.save(job)
    conclude(job)
    settled(job, this.#book)
    this.#book.close(job)
    this.#limits.drop(job.id)
    this.calling.forget(job.device)
    this.#book.save(job)
    this.#over(job)
    // Outside a session nobody else calls for those that waited for this one.
    const held = this.#waiting(job.device)
    if (held?.reason === behind(job.id)) this.calling.call(job.device)
  }

  #hex(octets: number): string {
    return hexOf(this.#ports.random(octets))
  }

  /** A job that the next session of the device has something to do for; none while one is under way. */
  #waiting(device: string): JobRecord | undefined {
    if (this.calling.present(device)) return undefined
    const wants = (item: Item): boolean => !isOver(item.state) && item.state !== 'accepted'
    const open = this.#book.open(device)
    const held = ({ reason }: JobRecord): boolean => open.some(({ id }) => reason === behind(id))
    return open.find((job) => job.wish.wake !== false && job.items.some(wants) && !held(job))
  }

  #said(device: string, text: string): void {
    const job = this.#book.open(device).find(({ wish }) => wish.wake !== false)
    if (job === undefined) return
    this.#book.log(job, text)
    this.#book.save(job)
  }

  /** The time is over: an order whose outcome nobody knows may be given anew only where the wish says so, with a new Correlator (rule 3d). */
  #expired(id: string): void {
    const job = this.#book.get(id)
    if (job === undefined || isOver(job.state)) return this.#limits.drop(id)
    this.#book.turn(() => this.#limit(job, this.#ports.now()))
  }

  #limit(job: JobRecord, now: number): void {
    for (const item of job.items) {
      const step = item.steps[item.at]
      if (step?.do !== 'exec' || !mayRepeat(job, item, step)) continue
      Object.assign(step, { state: 'todo', correlator: `${step.correlator}-again`, session: '', answers: {}, code: 0 })
      Object.assign(item, { state: 'queued', correlator: step.correlator, text: '' })
      Object.assign(job, { limitAt: now + (job.wish.limitMs ?? LIMIT_MS), state: 'queued', reason: '' })
      this.#limits.set(job.id, job.limitAt)
      this.#book.log(job, `the outcome stayed unknown; ordered anew as ${step.correlator}`)
      this.#book.save(job)
      this.calling.again(job.device)
      return
    }
    const some = job.items.some((item) => !isOver(item.state) && ordered(item))
    const unheard = `${job.type === 'fumo' ? 'lost: ' : ''}no alert came in time, and nothing the device showed told the outcome`
    endAll(job, 'unknown', 0, some ? unheard : 'the device did not come in time; nothing was ordered')
    this.keep(job)
  }
}

function mayRepeat(job: JobRecord, item: Item, step: ExecStep): boolean {
  if (step.state !== 'lost' || isOver(item.state) || job.cancelled || job.wish.retryUnknown !== true || step.correlator.endsWith('-again'))
    return false
  return IDEMPOTENT.has(step.primitive) || step.mend < 2
}
