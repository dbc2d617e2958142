// A gateway's session with its DM Server beside the devices: when they are woken, and how long the session waits for what they answer.
import type { Gateway } from '../gateway/gateway.ts'
import type { Clock } from './ports.ts'

/** The client waits 120 s for an answer of its server; a session is kept shorter than that. */
const LONGEST_MS = 110_000

export interface NorthHoldParts {
  readonly clock: Clock
  readonly gateway: Gateway
  /** The session is kept, or no longer. */
  readonly told: (held: boolean) => void
}

/** One at a time: sessions with the DM Server follow each other. */
export class NorthHold {
  readonly #parts: NorthHoldParts
  #waking: (() => void)[] = []
  #deferring = false
  #resume: (() => void) | null = null

  constructor(parts: NorthHoldParts) {
    this.#parts = parts
  }

  begin(): void {
    this.#parts.gateway.sessionBegins()
  }

  /** Runs the client's machine: who is to be woken by what it does is woken once its answer has reached the server (Y'.2 before Y'.3). */
  within<T>(work: () => T): T {
    this.#deferring = true
    try {
      return work()
    } finally {
      this.#deferring = false
    }
  }

  /** Wakes a device: now, or when the message under way has left. */
  wake(call: () => void): void {
    if (this.#deferring && !this.#parts.gateway.holds) this.#waking.push(call)
    else call()
  }

  /** The message has reached the server, or was lost: devices are woken. */
  left(): void {
    for (const call of this.#waking.splice(0)) call()
  }

  /** An Exec waits for its job: `answer` once it is over. What is over already is answered soon. */
  work(answer: () => void): void {
    this.#parts.told(true)
    this.#resume = () => {
      this.#resume = null
      this.#parts.told(false)
      answer()
    }
    this.#parts.clock.soon(() => this.moved())
  }

  /** Resolves when the package can go on: at once, or when the jobs that keep it open are over or HoldTime is. */
  async kept(): Promise<void> {
    const { clock, gateway, told } = this.#parts
    if (!gateway.keepsOpen) return
    told(true)
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel()
        this.#resume = null
        resolve()
      }
      const cancel = clock.after(Math.min(gateway.holdMs, LONGEST_MS), () => {
        gateway.givesUp()
        end()
      })
      this.#resume = end
    })
    told(false)
  }

  /** A job is over, or what was waited for is given up. */
  moved(): void {
    if (!this.#parts.gateway.waits) this.#resume?.()
  }

  /** The session is over, whatever it waited for. */
  end(): void {
    this.#parts.gateway.givesUp()
    this.#resume?.()
    this.left()
  }
}
