// The sessions a DM Server has in hand, found by token, by Source and SessionID, by link or by timer. It keeps them in order, and acts on none.
import { Passing } from './passing.ts'
import type { ServerSession } from '../session/server.ts'
import type { DeviceDesk } from './desk.ts'

/** One session in the server's hands. */
export interface Live {
  readonly number: number
  /** Name of its timer. */
  readonly timer: string
  /** Source and SessionID. */
  readonly key: string
  readonly device: string
  /** '' where it has none. */
  readonly token: string
  readonly desk: DeviceDesk
  readonly session: ServerSession
  link: number
  /** Why the device is thought to have left; '' while it has not. */
  left: string
}

/** What the sessions of one device share. */
export interface Mates {
  /** How many of them there are. */
  count: number
  /** Those whose device is thought to have left. */
  readonly left: Set<Live>
  /** Those that are over and kept for their last answer, oldest first. */
  readonly ended: Live[]
  /** Orders in the hands of one of them. */
  readonly held: Set<string>
}

/** Ended sessions of one device that are kept, so that a lost last answer can be given again. */
const ENDED_KEPT = 4

/** Sessions that are open, or may still be asked for their last answer. */
export class LiveSessions {
  readonly #keys = new Map<string, Live>()
  readonly #tokens = new Map<string, Live>()
  readonly #links = new Passing<Live>()
  readonly #numbers = new Map<number, Live>()
  readonly #devices = new Map<string, Mates>()

  get size(): number {
    return this.#numbers.size
  }

  ofKey(key: string): Live | undefined {
    return this.#keys.get(key)
  }

  ofToken(token: string): Live | undefined {
    return this.#tokens.get(token)
  }

  ofLink(link: number): Live | undefined {
    return this.#links.get(link)
  }

  /** The session whose timer has that name. */
  ofTimer(id: string): Live | undefined {
    return this.#numbers.get(Number(/^session ([0-9]+)$/.exec(id)?.[1] ?? NaN))
  }

  /** What a device's sessions share; made anew where it has none. */
  mates(device: string): Mates {
    return this.#devices.get(device) ?? { count: 0, left: new Set(), ended: [], held: new Set() }
  }

  add(live: Live, mates: Mates): void {
    this.#numbers.set(live.number, live)
    this.#keys.set(live.key, live)
    if (live.token !== '') this.#tokens.set(live.token, live)
    mates.count += 1
    this.#devices.set(live.device, mates)
  }

  /** A message of the session came on this link: the device is there. */
  heard(live: Live, link: number): void {
    if (live.left !== '') {
      live.left = ''
      this.#devices.get(live.device)?.left.delete(live)
    }
    if (live.link !== link) this.#links.delete(live.link)
    live.link = link
    this.#links.set(link, live)
  }

  /** The peer of the session's link is gone. */
  gone(live: Live, reason: string): void {
    this.#links.delete(live.link)
    if (live.session.over) return
    live.left = reason
    this.#devices.get(live.device)?.left.add(live)
  }

  /** A session that is over is kept for its last answer; gives the oldest of its device where those are too many. */
  ended(live: Live): Live | undefined {
    const ended = this.#devices.get(live.device)?.ended
    if (ended === undefined || ended.includes(live)) return undefined
    ended.push(live)
    return ended.length > ENDED_KEPT ? ended[0] : undefined
  }

  /** Forgets a session. */
  drop(live: Live): void {
    if (!this.#numbers.delete(live.number)) return
    const mates = this.#devices.get(live.device)
    if (mates !== undefined) {
      mates.left.delete(live)
      if (mates.ended.includes(live)) mates.ended.splice(mates.ended.indexOf(live), 1)
      mates.count -= 1
      if (mates.count === 0) this.#devices.delete(live.device)
    }
    this.#links.delete(live.link)
    if (this.#tokens.get(live.token) === live) this.#tokens.delete(live.token)
    if (this.#keys.get(live.key) === live) this.#keys.delete(live.key)
  }
}
