// The records of all jobs: those at work live in memory and are written once a turn, before its bytes leave; those that ended are read when asked for.
import type { JobRow, JobWish } from '../api.ts'
import { happening } from '../mo/events.ts'
import type { HappeningFacts, HappeningName } from '../mo/events.ts'
import type { JobsPorts } from './ports.ts'
import type { DeviceMemory, JobRecord } from './types.ts'
import { DOC, isOver, rowOf } from './types.ts'

/** What the book needs of the lab around it. */
export type BookPorts = Pick<JobsPorts, 'docs' | 'now' | 'seq' | 'happened' | 'jobsMoved'>

/** A job in memory, and how it was told last. */
interface Live {
  readonly job: JobRecord
  told: string
  state: JobRecord['state'] | ''
}

/** Ended jobs whose row is kept in memory, at the most: a window that follows a list asks for the same ones again and again. */
const ROWS = 2000
const WELL: ReadonlySet<JobRecord['state']> = new Set(['done', 'not_needed'])

/** One record a job is the whole state: what a record says when a turn ends is what a lab that restarts goes on from. */
export class JobBook {
  readonly #ports: BookPorts
  readonly #live = new Map<string, Live>()
  /** Ids of jobs that are not over, by device, oldest first. */
  readonly #active = new Map<string, string[]>()
  /** All ids, oldest first; and those of each device. */
  readonly #ids: string[] = []
  readonly #byDevice = new Map<string, string[]>()
  readonly #rows = new Map<string, JobRow>()
  readonly #memories = new Map<string, { memory: DeviceMemory; text: string }>()
  /** Written when the turn ends. */
  readonly #dirty = new Set<JobRecord>()
  #turns = 0

  constructor(ports: BookPorts) {
    this.#ports = ports
    for (const { id, value } of ports.docs.all(DOC.job)) {
      const job = value as JobRecord
      this.#index(id, job.device)
      if (!isOver(job.state)) this.#activate({ job, ...toldOf(job) })
    }
  }

  /** Runs one turn: whatever it saves is put when it is over, once a record. */
  turn<T>(work: () => T): T {
    this.#turns += 1
    try {
      return work()
    } finally {
      this.#turns -= 1
      if (this.#turns === 0) this.#write()
    }
  }

  get(id: string): JobRecord | undefined {
    return this.#live.get(id)?.job ?? (this.#ports.docs.get(DOC.job, id) as JobRecord | undefined)
  }

  /** Throws an Error in words where there is none. */
  must(id: string): JobRecord {
    const job = this.get(id)
    if (job === undefined) throw new Error(`there is no job ${id}`)
    return job
  }

  /** Jobs of a device that are not over, oldest first. */
  open(device: string): JobRecord[] {
    return (this.#active.get(device) ?? []).flatMap((id) => this.#live.get(id)?.job ?? [])
  }

  /** All jobs of a device, newest first, at most `count`. */
  *ofDevice(device: string, count: number): Generator<JobRecord> {
    for (const id of (this.#byDevice.get(device) ?? []).slice(-count).reverse()) {
      const job = this.get(id)
      if (job !== undefined) yield job
    }
  }

  /** True where one of the newest jobs of this origin is for the same operation and package, and is under way or did it. */
  has(device: string, origin: JobRow['origin'], { op, pkg }: JobWish, newest: number): boolean {
    const same = (job: JobRecord): boolean => job.origin === origin && job.wish.op === op && job.wish.pkg === pkg
    return [...this.ofDevice(device, newest)].some((job) => same(job) && (!isOver(job.state) || WELL.has(job.state)))
  }

  /** True the first time: remembered of the device. Within a turn. */
  offers(device: string, pkg: string): boolean {
    const memory = this.memory(device)
    const known = memory.offered ?? []
    if (known.includes(pkg)) return false
    memory.offered = [...known, pkg]
    return true
  }

  /** Devices with jobs that are not over. */
  devices(): readonly string[] {
    return [...this.#active.keys()]
  }

  works(device: string): boolean {
    return this.#active.has(device)
  }

  /** Newest first, at most `count`; '' for all devices. With `before` those older than this job; throws where there is none. */
  rows(device: string, count: number, before = ''): readonly JobRow[] {
    const ids = device === '' ? this.#ids : (this.#byDevice.get(device) ?? [])
    const end = before === '' ? ids.length : ids.lastIndexOf(before)
    if (end < 0) throw new Error(`there is no job ${before}`)
    return ids
      .slice(Math.max(0, end - count), end)
      .reverse()
      .flatMap((id) => this.#row(id) ?? [])
  }

  #row(id: string): JobRow | undefined {
    const live = this.#live.get(id)
    if (live !== undefined) return rowOf(live.job)
    const known = this.#rows.get(id)
    if (known !== undefined) return known
    const job = this.get(id)
    return job === undefined ? undefined : this.#remembered(rowOf(job))
  }

  #remembered(row: JobRow): JobRow {
    this.#rows.delete(row.id)
    this.#rows.set(row.id, row)
    const [oldest] = this.#rows.keys()
    if (this.#rows.size > ROWS && oldest !== undefined) this.#rows.delete(oldest)
    return row
  }

  add(job: JobRecord): void {
    this.#index(job.id, job.device)
    this.#activate({ job, told: '', state: '' })
  }

  #index(id: string, device: string): void {
    this.#ids.push(id)
    append(this.#byDevice, device, id)
  }

  #activate(live: Live): void {
    this.#live.set(live.job.id, live)
    append(this.#active, live.job.device, live.job.id)
  }

  /** The job is over: it waits for nothing any more. `save` it afterwards. */
  close({ device, id }: JobRecord): void {
    const left = (this.#active.get(device) ?? []).filter((each) => each !== id)
    if (left.length === 0) this.#active.delete(device)
    else this.#active.set(device, left)
  }

  save(job: JobRecord): void {
    const live = this.#live.get(job.id)
    const before = live ?? toldOf(this.#ports.docs.get(DOC.job, job.id) as JobRecord)
    job.updatedAt = this.#ports.now()
    const { told, state } = toldOf(job)
    this.#dirty.add(job)
    if (before.state !== state)
      this.happened(job, 'job.moved', `${job.id} is ${state}${job.reason === '' ? '' : `: ${job.reason}`}`, { state, resultCode: job.resultCode })
    if (before.told !== told) this.#ports.jobsMoved([rowOf(job)])
    if (live !== undefined) Object.assign(live, { told, state })
    if (this.#turns === 0) this.#write()
  }

  #write(): void {
    for (const job of this.#dirty) {
      this.#ports.docs.put(DOC.job, job.id, job)
      if (!isOver(job.state)) continue
      this.#live.delete(job.id)
      this.#remembered(rowOf(job))
    }
    this.#dirty.clear()
    for (const [device, kept] of this.#memories) {
      const text = JSON.stringify(kept.memory)
      if (text === kept.text) continue
      kept.text = text
      this.#ports.docs.put(DOC.memory, device, kept.memory)
    }
    this.#memories.clear()
  }

  /** What is remembered of a device; within a turn what is changed in it is kept when the turn is over. */
  memory(device: string): DeviceMemory {
    const known = this.#memories.get(device)
    if (known !== undefined) return known.memory
    const fresh: DeviceMemory = { roots: {}, noList: false, deactive: false, used: {} }
    const memory = (this.#ports.docs.get(DOC.memory, device) as DeviceMemory | undefined) ?? fresh
    if (this.#turns > 0) this.#memories.set(device, { memory, text: JSON.stringify(memory) })
    return memory
  }

  log(job: JobRecord, text: string): void {
    job.log.push({ at: this.#ports.now(), seq: this.#ports.seq(), text })
  }

  happened(job: JobRecord, name: HappeningName, text: string, facts: HappeningFacts): void {
    this.#ports.happened(happening(name, job.device, text, { job: job.id, ...facts }))
  }
}

function append(map: Map<string, string[]>, key: string, id: string): void {
  const ids = map.get(key)
  if (ids === undefined) map.set(key, [id])
  else ids.push(id)
}

/** The row without its time: what a screen would see move. */
function toldOf(job: JobRecord): { readonly told: string; readonly state: JobRecord['state'] } {
  return { told: JSON.stringify(rowOf({ ...job, updatedAt: 0 })), state: job.state }
}
