// Devices that are to come are called by Package #0: a few at a time, once more where a call was lost, later where a session was cut. It decides nothing about jobs.
import { wordsOf } from '../syncml/text.ts'
import type { JobsPorts } from './ports.ts'

/** Devices called or in a session for that at the same time: a thousand that come at once only stand in each other's way. */
export const AWAKE = 64
/** A device that was called and has not come keeps its place no longer than this, ms; */
export const COMES_IN = 2000
/** nor one that came, in a session that takes longer. */
const STAYS = 10_000
/** Waits before a device whose session was lost is called again, ms; then it must come by itself. */
const ROUSE = [1000, 5000, 30_000, 300_000] as const
/** Where in these waits a device begins that was called and did not come. */
const NO_SHOW = 2

export interface CallingParts extends Pick<JobsPorts, 'after' | 'wake'> {
  /** True where the next session of the device has something to do. */
  wanted(device: string): boolean
  /** What came of a call, in words. */
  say(device: string, text: string): void
}

/** Who is called when. */
export class Calling {
  readonly #parts: CallingParts
  /** Devices that wait for their turn. */
  readonly #queue = new Set<string>()
  /** Devices that hold one of the places, and what takes it from them. */
  readonly #places = new Map<string, () => void>()
  readonly #there = new Set<string>()
  readonly #tries = new Map<string, number>()
  readonly #waits = new Map<string, () => void>()
  /** Called, and nobody came: the device may have refused the notification, its nonce being another one. */
  readonly #missed = new Set<string>()
  /** In a session, and wanted in another one. */
  readonly #once = new Set<string>()
  #stopped = false

  constructor(parts: CallingParts) {
    this.#parts = parts
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of [...this.#waits.values(), ...this.#places.values()]) cancel()
    this.#waits.clear()
    this.#places.clear()
    this.#queue.clear()
  }

  /** As `call`; where the device is in a session, when that is over. */
  callAfter(device: string): void {
    if (this.#there.has(device)) this.#once.add(device)
    else this.call(device)
  }

  /** Calls the device as soon as there is a place; not where it is in a session. */
  call(device: string): void {
    if (this.#stopped || this.#there.has(device) || this.#places.has(device)) return
    this.#queue.add(device)
    this.#next()
  }

  /** Calls it once more after a while; ever later, then never. */
  again(device: string, from = 0): void {
    const tries = Math.max(from, this.#tries.get(device) ?? 0)
    const wait = ROUSE[tries]
    if (wait === undefined || this.#waits.has(device) || this.#stopped) return
    this.#tries.set(device, tries + 1)
    const ring = (): void => {
      this.#waits.delete(device)
      if (from === NO_SHOW) this.#missed.add(device)
      if (this.#parts.wanted(device)) this.call(device)
    }
    this.#waits.set(device, this.#parts.after(wait, ring))
  }

  /** A session of the device began. */
  came(device: string): void {
    this.#there.add(device)
    this.#queue.delete(device)
    this.#missed.delete(device)
    this.#waits.get(device)?.()
    this.#waits.delete(device)
    if (this.#places.has(device)) this.#hold(device, STAYS)
  }

  /** True while it is in a session. */
  present(device: string): boolean {
    return this.#there.has(device)
  }

  /** Its session is over. */
  left(device: string): void {
    this.#there.delete(device)
    this.#free(device)
    if (this.#once.delete(device)) this.call(device)
  }

  /** Nothing is left to be done: what was lost before does not count any more. */
  forget(device: string): void {
    this.#tries.delete(device)
  }

  #next(): void {
    for (const device of this.#queue) {
      if (this.#places.size >= AWAKE) return
      this.#queue.delete(device)
      this.#hold(device, COMES_IN)
      this.#ring(device)
    }
  }

  #ring(device: string): void {
    this.#parts.wake(device, this.#missed.has(device)).then(
      (to) => {
        if (this.#stopped) return
        this.#parts.say(device, `the device is notified at ${to}`)
        // A push may be lost on its way: a device that does not come is called once more.
        if (!this.#there.has(device)) this.again(device, NO_SHOW)
      },
      (error: unknown) => {
        if (this.#stopped) return
        const why = wordsOf(error)
        this.#parts.say(device, `the device is not notified: ${why}; the job waits for its next session`)
        this.#free(device)
      },
    )
  }

  #hold(device: string, ms: number): void {
    this.#places.get(device)?.()
    this.#places.set(
      device,
      this.#parts.after(ms, () => this.#free(device)),
    )
  }

  #free(device: string): void {
    this.#places.get(device)?.()
    if (this.#places.delete(device)) this.#next()
  }
}
