// A clock that stands still while anybody works and jumps to the next thing to do: same calls, same order, whatever the machine's speed.
import type { Clock } from '../lab/ports.ts'

/** Wall time at which virtual clocks begin: 2026-01-01T00:00:00Z. */
export const EPOCH = 1_767_225_600_000

interface Task {
  readonly due: number
  readonly order: number
  readonly call: () => void
}

/** When `run` comes back: nothing is left to do, `until` said so, the time limit came, or so many calls were made that something never rests. */
export type RunEnd = 'idle' | 'until' | 'limit' | 'restless'

export interface RunOptions {
  /** Asked after every call. */
  readonly until?: () => boolean
  /** Virtual ms from now at the most; what is due later stays. */
  readonly limitMs?: number
  /** Calls at the most; default 1,000,000. */
  readonly calls?: number
}

/** Virtual time. `settle` resolves when all promise work at hand is done (a turn of the event loop); it is what keeps promises in order with calls. */
export class VirtualClock implements Clock {
  readonly #settle: () => Promise<void>
  readonly #epoch: number
  #time = 0
  #order = 0
  #soon: (() => void)[] = []
  /** Sorted by due time, then by the order in which they were asked for. */
  readonly #tasks: Task[] = []
  #working = 0
  #running = false

  constructor(settle: () => Promise<void>, epoch = EPOCH) {
    this.#settle = settle
    this.#epoch = epoch
  }

  now(): number {
    return this.#epoch + this.#time
  }

  mono(): number {
    return this.#time
  }

  soon(call: () => void): void {
    this.#soon.push(call)
  }

  after(ms: number, call: () => void): () => void {
    const task: Task = { due: this.#time + Math.max(0, ms), order: ++this.#order, call }
    let low = 0
    let high = this.#tasks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const there = this.#tasks[middle]
      if (there !== undefined && there.due <= task.due) low = middle + 1
      else high = middle
    }
    this.#tasks.splice(low, 0, task)
    return () => {
      const at = this.#tasks.indexOf(task)
      if (at >= 0) this.#tasks.splice(at, 1)
    }
  }

  /** Virtual time stands still until `work` (done outside, in real time) is over. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#working += 1
    try {
      return await work
    } finally {
      this.#working -= 1
    }
  }

  /** Things waiting for their time. */
  get waiting(): number {
    return this.#tasks.length + this.#soon.length
  }

  /** Does what is due, one call after the other, each with all its promise work, until `options` or idleness end it. One at a time. */
  async run(options: RunOptions = {}): Promise<RunEnd> {
    if (this.#running) throw new Error('this clock runs already')
    this.#running = true
    try {
      return await this.#run(options)
    } finally {
      this.#running = false
    }
  }

  async #run({ until, limitMs = Infinity, calls = 1_000_000 }: RunOptions): Promise<RunEnd> {
    const end = this.#time + limitMs
    for (let made = 0; ; made++) {
      do await this.#settle()
      while (this.#working > 0)
      if (until?.() === true) return 'until'
      if (made >= calls) return 'restless'
      const call = this.#soon.shift() ?? this.#next(end)
      if (call === undefined) return 'idle'
      if (call === 'later') {
        this.#time = end
        return 'limit'
      }
      call()
    }
  }

  #next(end: number): (() => void) | 'later' | undefined {
    const [task] = this.#tasks
    if (task === undefined) return undefined
    if (task.due > end) return 'later'
    this.#tasks.shift()
    this.#time = Math.max(this.#time, task.due)
    return task.call
  }
}
