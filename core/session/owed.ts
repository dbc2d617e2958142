// Alerts the device owes its server: which of them left in this session, under which tag, and what came of them (dm-protocol 7.3).
import type { Status } from '../syncml/message.ts'
import type { Paired } from './awaiting.ts'
import type { Due } from './clientterms.ts'
import type { Reports } from './ports.ts'

/** Keeps account of owed alerts between the session's messages and the device that owes them. */
export class OwedAlerts {
  readonly #reports: Reports | undefined
  /** Ids by tag. */
  readonly #left = new Map<number, number>()

  /** `reports` absent: nothing is ever owed. */
  constructor(reports: Reports | undefined) {
    this.#reports = reports
  }

  /** True where one left in this session. */
  get any(): boolean {
    return this.#left.size > 0
  }

  due(): Due {
    return this.#reports?.due() ?? []
  }

  leaves(id: number, tag: number): void {
    this.#reports?.left(id)
    this.#left.set(tag, id)
  }

  /** Takes a Status for one of them. */
  answered(pairs: readonly { readonly status: Status; readonly paired: Paired }[]): void {
    for (const { paired, status } of pairs) {
      const id = paired.what === 'command' ? this.#left.get(paired.sent.tag) : undefined
      if (id !== undefined) this.#reports?.answered(id, status.code)
    }
  }

  /** The package begins anew: those that left go along again. */
  again(): void {
    this.#left.clear()
    this.#reports?.again()
  }

  /** Tag and id of each that left, as `leaves` had them. */
  kept(): (readonly [number, number])[] {
    return [...this.#left]
  }
}
