// Named timers of a machine. They stand still while somebody waits for a held message: what ran out meanwhile rings when the last one is decided.
import type { Clock } from './ports.ts'

/** When a timer is due, and what ends it. */
interface Timer {
  /** On the monotonic clock, ms. */
  due: number
  cancel: () => void
}

/** The timers of one machine. */
export class Timers {
  readonly #clock: Clock
  readonly #held: () => boolean
  readonly #ring: (id: string) => void
  readonly #running = new Map<string, Timer>()
  /** Those that ran out while a message was held. */
  readonly #late = new Set<string>()
  #stopped = false

  /** `held`: somebody waits for a held message; `ring`: a timer ran out. */
  constructor(clock: Clock, held: () => boolean, ring: (id: string) => void) {
    this.#clock = clock
    this.#held = held
    this.#ring = ring
  }

  /** Sets, puts off or (null) ends a timer. One that is only put off goes on running, and runs again for the rest when it is through: every message puts its session's off. */
  set(id: string, ms: number | null): void {
    if (this.#late.size > 0) this.#late.delete(id)
    const running = this.#running.get(id)
    const due = ms === null || this.#stopped ? null : this.#clock.mono() + ms
    if (running !== undefined && due !== null && due >= running.due) {
      running.due = due
      return
    }
    running?.cancel()
    if (due === null) this.#running.delete(id)
    else this.#running.set(id, this.#started(id, due, ms ?? 0))
  }

  #started(id: string, due: number, ms: number): Timer {
    const timer: Timer = { due, cancel: this.#clock.after(ms, () => through()) }
    const through = (): void => {
      const rest = timer.due - this.#clock.mono()
      if (rest > 0) {
        timer.cancel = this.#clock.after(rest, through)
        return
      }
      this.#running.delete(id)
      if (this.#held()) this.#late.add(id)
      else this.#ring(id)
    }
    return timer
  }

  /** Nobody waits any more: those that ran out meanwhile ring. */
  ringLate(): void {
    for (const id of [...this.#late]) {
      this.#late.delete(id)
      this.#ring(id)
    }
  }

  /** Ends all; none is set any more. */
  stop(): void {
    this.#stopped = true
    for (const { cancel } of this.#running.values()) cancel()
    this.#running.clear()
  }
}
