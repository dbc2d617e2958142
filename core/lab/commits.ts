// Nothing leaves before the ledger has committed what it depends on; that is done once for all that came in together.
import type { Frame, Link } from '../machine.ts'
import type { ServerRecord } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import type { Message } from '../syncml/message.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Clock } from './ports.ts'

/** An answer that waits for the commit: a frame, or why there is none. */
export interface Leaving {
  readonly link: Link
  readonly frame: Frame | null
  readonly message: Message | undefined
  readonly reason: string
}

/** What waits for the next commit of a ledger. */
export class Commits {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #let: (leaving: readonly Leaving[], fault: string) => void
  #leaving: Leaving[] = []
  /** Who waits for the next commit, without a peer that does. */
  #keeping: { readonly kept: () => void; readonly lost: (error: Error) => void }[] = []
  /** A commit is to come. */
  #gathering = false

  /** `leave`: lets go what waited; where the ledger cannot be written `fault` says so, and nothing may leave. */
  constructor(ledger: Ledger, clock: Clock, leave: (leaving: readonly Leaving[], fault: string) => void) {
    this.#ledger = ledger
    this.#clock = clock
    this.#let = leave
  }

  /** Whoever calls this commits when everything that came in together has been handled. */
  gather(): void {
    this.#gathering = true
  }

  stage(record: ServerRecord): void {
    this.#ledger.stage(record)
    this.#soon()
  }

  leave(leaving: Leaving): void {
    this.#leaving.push(leaving)
    this.#soon()
  }

  /** Resolves with the next commit. Rejects with an Error in words where the ledger cannot be written. */
  kept(): Promise<void> {
    return new Promise((kept, lost) => {
      this.#keeping.push({ kept, lost })
      this.#soon()
    })
  }

  #soon(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#clock.soon(() => this.commit())
  }

  /** Commits what is staged and lets go what waited for it. */
  commit(): void {
    this.#gathering = false
    const leaving = this.#leaving
    const keeping = this.#keeping
    this.#leaving = []
    this.#keeping = []
    let fault = ''
    try {
      this.#ledger.commit()
    } catch (error) {
      fault = `the ledger cannot be written: ${wordsOf(error)}`
    }
    this.#let(leaving, fault)
    for (const { kept, lost } of keeping) {
      if (fault === '') kept()
      else lost(new Error(fault))
    }
  }
}
