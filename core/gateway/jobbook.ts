// Jobs of a gateway as they run: each move is kept, shown in its tree and told, and what is due goes upwards; what a job is comes from its nodes.
import { ALERTS, stateWords } from '../mo/gwmo.ts'
import type { Request } from '../syncml/message.ts'
import { readFanoutCommand, takenApart } from './command.ts'
import { generic } from './inventory.ts'
import { dueAt, elapsed, startJob, woken } from './job.ts'
import type { Job, JobStart, Response } from './job.ts'
import { closing, interim } from './jobreport.ts'
import { aggregationText } from './payloads.ts'
import type { Aggregation } from './payloads.ts'
import type { Kept } from './ports.ts'
import type { Yard } from './yard.ts'

/** What is kept of a job: its nodes, and how it runs; responses are kept one by one. */
interface KeptJob {
  readonly server: string
  readonly leaves: Readonly<Record<string, string>>
  readonly job: (Omit<Job, 'responses'> & { readonly names: readonly string[] }) | null
  readonly reportState: number
}

/** A job's node, and its run where it was started. */
interface Entry {
  /** Server that made it. */
  readonly server: string
  job: Job | null
  reportState: number
  /** Interim reports: when the next is due. */
  nextReportAt: number
  readonly commands: readonly Request[]
}

/** A job in state 20. */
export interface Running {
  readonly name: string
  readonly job: Job
  readonly commands: readonly Request[]
}

export class JobBook {
  readonly #yard: Yard
  readonly #jobs = new Map<string, Entry>()

  constructor(yard: Yard) {
    this.#yard = yard
  }

  /** Jobs as they were kept; what had left for a device stays sent. */
  restore(kept: Kept): void {
    const responses = new Map(kept.all('gateway.response').map(({ id, value }) => [id, value as Response]))
    for (const { id, value } of kept.all('gateway.job')) {
      const { server, leaves, job, reportState } = value as KeptJob
      this.#yard.part.asked.restore('job', id, server, leaves)
      const entry: Entry = { server, job: null, reportState, nextReportAt: 0, commands: this.#commandsOf(id) }
      this.#jobs.set(id, entry)
      if (job === null) continue
      const { names, ...rest } = job
      entry.job = woken({ ...rest, responses: names.flatMap((name) => responses.get(`${id}/${name}`) ?? []) })
      // When the last interim report went is not kept: the next one is a whole interval away.
      if (rest.state === 20 && rest.intervalMs > 0) entry.nextReportAt = this.#yard.now() + rest.intervalMs
      this.#yard.part.shown.job(entry.job, reportState)
    }
  }

  jobs(): readonly Job[] {
    return [...this.#jobs.values()].flatMap(({ job }) => job ?? [])
  }
  job(name: string): Job | undefined {
    return this.#jobs.get(name)?.job ?? undefined
  }
  /** Labelled commands of a job, as its list was read. */
  commands(name: string): readonly Request[] {
    return this.#jobs.get(name)?.commands ?? []
  }
  serverOf(name: string): string | undefined {
    return this.#jobs.get(name)?.server
  }
  busy(name: string): boolean {
    const state = this.job(name)?.state
    return state === 20 || state === 30
  }

  /** Jobs that run now; one that moves meanwhile is given as it then is. */
  *running(): Generator<Running> {
    for (const [name, { job, commands }] of this.#jobs) if (job?.state === 20) yield { name, job, commands }
  }

  /** A server made the node of a job. */
  add(name: string, server: string): void {
    if (!this.#jobs.has(name)) this.#jobs.set(name, { server, job: null, reportState: 0, nextReportAt: 0, commands: [] })
    this.#save(name)
  }

  drop(name: string): void {
    this.#dropResponses(name)
    this.#jobs.delete(name)
    this.#yard.keep('gateway.job', name, null)
  }

  /** A job begins to run; what is left of an earlier run goes. */
  begin(start: JobStart): void {
    const { name, intervalMs, now, commands } = start
    this.#yard.part.shown.clear(name)
    this.#dropResponses(name)
    const server = this.serverOf(name) ?? start.server
    this.#jobs.set(name, { server, job: null, reportState: 0, nextReportAt: intervalMs === 0 ? 0 : now + intervalMs, commands })
    this.move(name, startJob(start))
  }

  /** The next record of a job. */
  move(name: string, next: Job): void {
    const entry = this.#jobs.get(name)
    if (entry === undefined || entry.job === next) return
    const before = entry.job
    entry.job = next
    const moved = next.responses.filter((response, i) => {
      const old = before?.responses[i]
      if (old === response) return false
      this.#yard.keep('gateway.response', `${name}/${response.name}`, response)
      if (response.state >= 35 && old?.state !== response.state) this.#tell(name, response)
      return true
    })
    if (next.state === 30 && before?.state !== 30) this.#finish(name, entry, next)
    // A job of thousands is not written anew for each of them.
    if (before === null || !sameJob(before, next)) this.#save(name)
    this.#yard.part.shown.job(next, entry.reportState, moved)
    this.#yard.rearm()
  }

  #tell(job: string, { name, deviceId, state, code }: Response): void {
    const text = `${deviceId} ${stateWords('response', state)}${code === null ? '' : ` (${code})`}`
    this.#yard.tell('gateway.response', text, deviceId, { job, localId: name, state, code })
  }

  /** The job reports: the collected answers, then that it is complete, in this order. */
  #finish(name: string, entry: Entry, job: Job): void {
    const report = closing(job)
    if (report !== null) this.aggregate(job, report, 'informational')
    entry.reportState = 10
    const mark = job.result === 200 ? 'informational' : 'warning'
    const alert = generic(ALERTS.completion.type, 'int', placeOf(name), String(job.result), mark, job.correlator)
    this.#yard.report([job.server], alert)
    this.#yard.tell('gateway.job', `job ${name} ended with ${job.result ?? 0}`, '', { job: name, result: job.result ?? 0 })
    this.#yard.wish({ type: 'session', server: job.server, sessionId: null })
  }

  /** Answers go to the server that started the job; `source` absent: the job itself. */
  aggregate(job: Job, report: Aggregation, mark: string, source = placeOf(job.name)): void {
    this.#yard.report([job.server], generic(ALERTS.aggregation.type, 'xml', source, aggregationText(report), mark, job.correlator))
  }

  /** The server's word on the completion alert. */
  reported(name: string, state: number): void {
    const entry = this.#jobs.get(name)
    if (entry?.job == null) return
    entry.reportState = state
    if (entry.job.state === 30) entry.job = { ...entry.job, state: entry.job.cancelled ? 50 : 40 }
    this.#save(name)
    this.#yard.part.shown.job(entry.job, state)
  }

  /** Time passed: records settle, jobs time out, interim reports are due. */
  tick(): void {
    const now = this.#yard.now()
    for (const [name, entry] of this.#jobs) {
      if (entry.job?.state !== 20) continue
      this.move(name, elapsed(entry.job, now))
      if (entry.job?.state !== 20 || entry.nextReportAt === 0 || now < entry.nextReportAt) continue
      entry.nextReportAt = now + entry.job.intervalMs
      const news = interim(entry.job)
      if (news === null) continue
      this.aggregate(news.job, news.report, 'informational')
      this.move(name, news.job)
    }
  }

  /** When something is due next, ms since epoch. */
  due(): readonly number[] {
    return [...this.#jobs.values()].flatMap(({ job, nextReportAt }) => {
      const at = job === null ? null : dueAt(job)
      return [...(at === null ? [] : [at]), ...(job?.state === 20 && nextReportAt > 0 ? [nextReportAt] : [])]
    })
  }

  #dropResponses(name: string): void {
    for (const response of this.job(name)?.responses ?? []) this.#yard.keep('gateway.response', `${name}/${response.name}`, null)
  }

  #save(name: string): void {
    const entry = this.#jobs.get(name)
    if (entry === undefined) return
    const { server, job, reportState } = entry
    const rest = job === null ? null : { ...job, responses: undefined, names: job.responses.map((each) => each.name) }
    this.#yard.keep('gateway.job', name, { server, leaves: this.#yard.part.asked.written('job', name), job: rest, reportState })
  }

  #commandsOf(name: string): readonly Request[] {
    const text = this.#yard.part.asked.job(name)?.command ?? ''
    return text === '' ? [] : takenApart(readFanoutCommand(text))
  }
}

const placeOf = (job: string): string => `./GwMO/Fanout/Fanout/${job}`

/** True where nothing but responses moved. */
function sameJob(a: Job, b: Job): boolean {
  return (Object.keys(b) as (keyof Job)[]).every((name) => name === 'responses' || a[name] === b[name])
}
