// Generic alerts a device owes its server (PRO 2.3.7, dm-protocol 7.3): kept from the 202 until the server's Status came, over sessions and restarts.
import type { Owed, Reports } from '../session/ports.ts'
import type { Alert } from '../syncml/message.ts'

/** One owed alert as the state keeps it; JSON, so its Data is text. `due`: milliseconds since 1970. */
export interface StoredReport {
  readonly alert: Alert
  readonly due: number
  /** How often a server answered with an error that may pass; absent: never. */
  readonly tries?: number
  /** By it a session that goes on after a restart knows the alert. */
  readonly id?: number
}

/** Waits before an alert that a server could not take goes again, minutes; afterwards it goes with every session (scomo sheet 7.3 rule 4). */
export const RETRY_MINUTES = [1, 5, 15, 60, 240] as const
/** Answers that end it: taken, or refused for good (rule 5). */
const FINAL = (code: number): boolean => code < 400 || code === 412 || code === 415 || code === 406

interface Report extends StoredReport {
  readonly id: number
  left: boolean
}

/** The owed alerts of one device towards one server. */
export class ReportBox implements Reports {
  readonly #now: () => number
  #reports: Report[]
  #count = 0
  #moved = false
  #answered: { readonly alert: Alert; readonly code: number }[] = []

  constructor(now: () => number, stored: readonly StoredReport[] = []) {
    this.#now = now
    this.#count = Math.max(0, ...stored.map(({ id }) => id ?? 0))
    this.#reports = stored.map((report) => ({ ...report, id: report.id ?? ++this.#count, left: false }))
  }

  /** When the earliest falls due, milliseconds since 1970; null where nothing is owed. */
  get next(): number | null {
    return this.#reports.length === 0 ? null : Math.min(...this.#reports.map(({ due }) => due))
  }

  owe(owed: readonly Owed[]): void {
    for (const { alert, afterMs } of owed) this.#reports.push({ alert, due: this.#now() + afterMs, id: ++this.#count, left: false })
    this.#moved ||= owed.length > 0
  }

  due(): readonly { readonly id: number; readonly alert: Alert }[] {
    const now = this.#now()
    return this.#reports.filter((report) => !report.left && report.due <= now)
  }

  left(id: number): void {
    for (const report of this.#reports) if (report.id === id) report.left = true
  }

  answered(id: number, code: number): void {
    if (code === 401 || code === 407) return
    const report = this.#reports.find((each) => each.id === id)
    if (report === undefined) return
    this.#moved = true
    if (FINAL(code)) {
      this.#reports = this.#reports.filter((each) => each !== report)
      this.#answered.push({ alert: report.alert, code })
      return
    }
    const tries = (report.tries ?? 0) + 1
    const due = this.#now() + (RETRY_MINUTES[Math.min(tries, RETRY_MINUTES.length) - 1] ?? 0) * 60_000
    this.#reports = this.#reports.map((each) => (each === report ? { ...each, tries, due } : each))
  }

  /** Alerts the server took or refused for good since the last call. */
  takeAnswered(): readonly { readonly alert: Alert; readonly code: number }[] {
    const answered = this.#answered
    this.#answered = []
    return answered
  }

  /** The package, or the session, begins anew: what got no Status is to be said again. */
  again(): void {
    for (const report of this.#reports) report.left = false
  }

  /** What to keep, where it moved since the last call. */
  takeSave(): readonly StoredReport[] | null {
    if (!this.#moved) return null
    this.#moved = false
    return this.#reports.map(({ alert, due, tries, id }) => ({ alert, due, ...(tries === undefined ? {} : { tries }), id }))
  }
}
