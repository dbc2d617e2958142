// The running log of one device: starts logcat where it is wanted, measures the clock, starts it again when it ends; lines go to the logbook and, in batches, out.
import { LineCutter, logCommand, refusesFormat } from '../adapters/adb/logcat.ts'
import type { ClockOffset } from '../adapters/adb/logcat.ts'
import { Logbook } from '../adapters/adb/logbook.ts'
import type { AdbLogFilter, AdbLogLine, AdbLogRow } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import { adbClient, adbError } from './adblink.ts'
import type { AdbTarget } from './adbwork.ts'
import { deviceClock } from './adbwork.ts'

/** Waits before logcat is started again, ms; the clock is measured anew this often. */
const AGAIN = [500, 2000, 5000] as const
const MEASURE_EVERY = 60_000
/** Lines are told at most this often, and this many at once; who needs all reads pages. */
const TELL_EVERY = 100
const TELL_MOST = 500
/** A stream that ends sooner than this, having refused the format, is started with the older one. */
const SOON = 5_000

export interface AdbLogParts {
  readonly clock: Clock
  tell(lines: readonly AdbLogLine[]): void
  /** The device was heard. */
  heard(): void
  /** The log ended, which it does not by itself. */
  doubt(): void
}

/** Log of one device over its connections. */
export class AdbLog {
  readonly book: Logbook
  readonly #parts: AdbLogParts
  #wanted = false
  #target: AdbTarget | null = null
  #run: AbortController | null = null
  #ends = 0
  #epoch = true
  #lastRaw = ''
  /** Nothing came yet from the logcat that runs. */
  #fresh = true
  #batch: AdbLogLine[] = []
  #telling: (() => void) | null = null

  constructor(parts: AdbLogParts) {
    this.#parts = parts
    this.book = new Logbook(yearOf(parts.clock.now()))
  }

  /** On with a filter, or off. */
  want(filter: AdbLogFilter | null): AdbLogRow {
    this.#wanted = filter !== null
    if (filter !== null) this.book.filter = filter
    this.book.text = ''
    this.#ends = 0
    this.#restart()
    return this.book.row()
  }

  /** The device is there (again), or is gone. */
  at(target: AdbTarget | null): void {
    this.#target = target
    this.#ends = 0
    this.#restart()
  }

  /** The device's clock, measured by somebody else. */
  measured(clock: ClockOffset & { readonly zone: number }): void {
    this.book.measured(clock, yearOf(this.#parts.clock.now() + clock.offset))
  }

  stop(): void {
    this.#wanted = false
    this.#target = null
    this.#restart()
    this.#telling?.()
    this.#telling = null
  }

  #restart(): void {
    this.#run?.abort()
    this.#run = null
    this.book.state = !this.#wanted ? 'off' : this.#target === null ? 'waiting' : 'on'
    const target = this.#target
    if (!this.#wanted || target === null) return
    const run = (this.#run = new AbortController())
    void this.#stream(target, run).catch((error: unknown) => {
      if (!run.signal.aborted) this.#ended(run, adbError(error).message)
    })
  }

  #ended(run: AbortController, reason: string): void {
    const ms = AGAIN[Math.min(this.#ends, AGAIN.length - 1)] ?? 0
    this.#ends += 1
    this.book.text = `the log ended (${reason}); it is started again`
    this.#parts.doubt()
    this.#flush()
    const off = this.#parts.clock.after(ms, () => run.signal.aborted || this.#restart())
    run.signal.addEventListener('abort', off, { once: true })
  }

  async #stream(target: AdbTarget, run: AbortController): Promise<void> {
    const signal = AbortSignal.any([run.signal, target.gone])
    await this.#measure(target)
    if (signal.aborted) return
    const again = this.#everyMinute(target, signal)
    const begun = this.#parts.clock.mono()
    let refused = false
    this.#fresh = true
    try {
      const client = adbClient(target.address, signal)
      const command = logCommand(this.book.filter, this.#epoch)
      const socket = await client.createDeviceConnection({ transportId: BigInt(target.transportId) }, `shell:${command}`)
      const reader = socket.readable.getReader()
      const decoder = new TextDecoder()
      const cutter = new LineCutter()
      const take = (raw: string): void => {
        refused ||= this.#epoch && refusesFormat(raw)
        this.#take(raw)
      }
      for (let next = await reader.read(); !next.done && next.value !== undefined; next = await reader.read())
        cutter.feed(decoder.decode(next.value, { stream: true })).forEach(take)
      cutter.end().forEach(take)
    } finally {
      again()
    }
    if (signal.aborted) return
    if (refused && this.#parts.clock.mono() - begun < SOON) {
      this.#epoch = false
      this.#restart()
    } else this.#ended(run, 'logcat stopped')
  }

  async #measure(target: AdbTarget): Promise<void> {
    try {
      const clock = await deviceClock(target)
      if (clock !== null) this.measured(clock)
      this.book.text = clock === null ? 'the device tells no time: its stamps are taken as they are' : ''
    } catch (error) {
      this.book.text = `the clock of the device could not be read: ${adbError(error).message}`
    }
  }

  #everyMinute(target: AdbTarget, signal: AbortSignal): () => void {
    let off: (() => void) | null = null
    let over = false
    const next = (): void => {
      if (over || signal.aborted) return
      off = this.#parts.clock.after(MEASURE_EVERY, () => void this.#measure(target).then(next))
    }
    next()
    return () => {
      over = true
      off?.()
    }
  }

  #take(raw: string): void {
    // `-T 1` shows the last line once more where logcat was started again.
    const again = this.#fresh && raw === this.#lastRaw
    if (raw === '' || again) return
    this.#fresh = false
    this.#lastRaw = raw
    this.#parts.heard()
    const line = this.book.take(raw, this.#parts.clock.now())
    if (line === null) return
    this.#batch.push(line)
    this.#telling ??= this.#parts.clock.after(TELL_EVERY, () => {
      this.#telling = null
      this.#flush()
    })
  }

  #flush(): void {
    const lines = this.#batch.slice(-TELL_MOST)
    this.#batch = []
    this.#parts.tell(lines)
  }
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear()
