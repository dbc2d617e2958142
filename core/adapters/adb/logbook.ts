// The log lines of one device: numbered, on the lab's clock, in a bounded ring; what it lets go is counted.
import type { AdbLogFilter, AdbLogLine, AdbLogPage, AdbLogRow, AdbLogWish } from '../../api.ts'
import { passes, readLogLine } from './logcat.ts'
import type { Calendar, ClockOffset } from './logcat.ts'

/** Lines kept of a device, and the most a page holds. */
const LINES_KEPT = 20_000
const PAGE_MOST = 5000
const PAGE_USUAL = 500

/** Log of one device. */
export class Logbook {
  readonly #kept: number
  /** Ring: line number n lies at n % kept. */
  readonly #ring: AdbLogLine[] = []
  #last = 0
  #unreadable = 0
  #clock: ClockOffset | null = null
  #calendar: Calendar
  state: AdbLogRow['state'] = 'off'
  filter: AdbLogFilter = {}
  text = ''

  constructor(year: number, kept = LINES_KEPT) {
    this.#kept = kept
    this.#calendar = { year, zone: 0 }
  }

  /** The device's clock was measured; lines from now on are mapped by it. `year`: the device's, for stamps that leave it out. */
  measured(clock: ClockOffset & { readonly zone: number }, year: number): void {
    this.#clock = { offset: clock.offset, uncertainty: clock.uncertainty }
    this.#calendar = { year, zone: clock.zone }
  }

  /** Takes a raw line that came at `now` (our clock); null where the filter keeps it out. Marks of logcat itself pass every filter. */
  take(raw: string, now: number): AdbLogLine | null {
    const read = readLogLine(raw, this.#calendar)
    if (read.at !== null && !passes(read, this.filter)) return null
    if (read.at === null) this.#unreadable += 1
    const offset = this.#clock?.offset ?? 0
    const deviceAt = read.at ?? now + offset
    const line: AdbLogLine = {
      n: this.#last + 1,
      at: deviceAt - offset,
      deviceAt,
      pid: read.pid,
      tid: read.tid,
      level: read.level,
      tag: read.tag,
      text: read.text,
    }
    this.#last = line.n
    this.#ring[line.n % this.#kept] = line
    return line
  }

  row(): AdbLogRow {
    return {
      state: this.state,
      filter: this.filter,
      first: this.#first(),
      last: this.#last,
      dropped: Math.max(0, this.#last - this.#kept),
      unreadable: this.#unreadable,
      offset: this.#clock?.offset ?? null,
      uncertainty: this.#clock?.uncertainty ?? 0,
      text: this.text,
    }
  }

  /** Lines in order of their numbers. */
  page(wish: AdbLogWish): AdbLogPage {
    const { after = 0, from = -Infinity, until = Infinity, filter = {}, count = PAGE_USUAL } = wish
    const lines: AdbLogLine[] = []
    const most = Math.min(count, PAGE_MOST)
    let n = Math.max(this.#first() - 1, after)
    while (n < this.#last && lines.length < most) {
      n += 1
      const line = this.#ring[n % this.#kept]
      if (line !== undefined && line.at >= from && line.at <= until && passes(line, filter)) lines.push(line)
    }
    return { lines, through: n, more: n < this.#last, log: this.row() }
  }

  #first(): number {
    return this.#last === 0 ? 0 : Math.max(1, this.#last - this.#kept + 1)
  }
}
