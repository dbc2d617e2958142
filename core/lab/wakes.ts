// Which devices of a gateway are notified when: a few at a time, each keeps its place until its session is over; one that does not come makes room for the next.
import { wordsOf } from '../syncml/text.ts'
import type { Clock } from './ports.ts'

/** Devices notified or connected at the same time, at most. */
export const AWAKE = 256
/** How long a device that was notified and has not come keeps its place, ms. */
const COMES_WITHIN = 30_000
/** How long one that is connected may be silent before its place is given away, ms. */
const SILENT = 60_000

export interface WakesParts {
  readonly clock: Pick<Clock, 'after'>
  /** Sends the notification; rejects in words. */
  readonly notify: (device: string) => Promise<unknown>
  /** True where the device's next session has something to do. */
  readonly wanted: (device: string) => boolean
  readonly failed: (device: string, why: string) => void
}

/** Held by a device that was called, or is `here`. */
interface Place {
  readonly here: boolean
  readonly cancel: () => void
}

export class Wakes {
  readonly #parts: WakesParts
  /** Devices that wait for a place, in order. */
  readonly #queue = new Set<string>()
  readonly #places = new Map<string, Place>()
  /** Called again while they were connected already. */
  readonly #again = new Set<string>()
  #stopped = false

  constructor(parts: WakesParts) {
    this.#parts = parts
  }

  /** Notified, or connected, now. */
  get size(): number {
    return this.#places.size
  }

  /** Notifies the device as soon as there is a place. One that is connected is there already: it is called after its session, should there be more to do. */
  call(device: string): void {
    if (this.#stopped) return
    const place = this.#places.get(device)
    if (place === undefined) this.#queue.add(device)
    else if (place.here) this.#again.add(device)
    this.#next()
  }

  /** Its session is under way; told with each of its messages. */
  came(device: string): void {
    this.#hold(device, true, SILENT)
    this.#queue.delete(device)
  }

  /** Its session is over, or it will not come. */
  left(device: string): void {
    this.#places.get(device)?.cancel()
    this.#places.delete(device)
    if (this.#again.delete(device) && this.#parts.wanted(device)) this.#queue.add(device)
    this.#next()
  }

  stop(): void {
    this.#stopped = true
    for (const place of this.#places.values()) place.cancel()
    this.#queue.clear()
  }

  #hold(device: string, here: boolean, ms: number): void {
    if (this.#stopped) return
    this.#places.get(device)?.cancel()
    this.#places.set(device, { here, cancel: this.#parts.clock.after(ms, () => this.left(device)) })
  }

  #next(): void {
    for (const device of this.#queue) {
      if (this.#places.size >= AWAKE || this.#stopped) return
      this.#queue.delete(device)
      this.#hold(device, false, COMES_WITHIN)
      this.#parts.notify(device).catch((error: unknown) => {
        this.#parts.failed(device, wordsOf(error))
        this.left(device)
      })
    }
  }
}
