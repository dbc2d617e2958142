// When the time of a job is over: one timer for the earliest limit of all.
import type { JobsPorts } from './ports.ts'

/** The longest single timer, ms. */
const LONGEST = 3_600_000

/** Limits of the jobs that are not over. */
export class Limits {
  readonly #ports: Pick<JobsPorts, 'after' | 'now'>
  readonly #expired: (job: string) => void
  readonly #at = new Map<string, number>()
  #cancel: (() => void) | null = null
  #armedFor = Infinity
  #stopped = false

  /** `expired` is told once for each; it may `set` another limit. */
  constructor(ports: Pick<JobsPorts, 'after' | 'now'>, expired: (job: string) => void) {
    this.#ports = ports
    this.#expired = expired
  }

  start(): void {
    this.#arm(this.#earliest())
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancel = null
  }

  /** `at`: ms since 1970. With `arm` false nothing rings before `start`, or before another limit is set. */
  set(job: string, at: number, arm = true): void {
    this.#at.set(job, at)
    if (arm) this.#arm(at)
  }

  drop(job: string): void {
    this.#at.delete(job)
  }

  #earliest(): number {
    return [...this.#at.values()].reduce((least, at) => Math.min(least, at), Infinity)
  }

  #arm(limit: number): void {
    if (limit >= this.#armedFor || limit === Infinity || this.#stopped) return
    this.#cancel?.()
    this.#armedFor = limit
    this.#cancel = this.#ports.after(Math.max(0, Math.min(limit - this.#ports.now(), LONGEST)), () => {
      this.#cancel = null
      this.#armedFor = Infinity
      const now = this.#ports.now()
      for (const [job, at] of [...this.#at]) if (at <= now && this.#at.has(job)) this.#expired(job)
      this.#arm(this.#earliest())
    })
  }
}
