// Who is there: lists of the adb server folded into devices with a state, its beginning, and the last proof of life. A device listed is not a device alive.
import type { AdbDeviceWord } from '../../api.ts'
import type { ListedDevice } from './list.ts'
import { RANK } from './words.ts'

/** What is known of one device. Times in ms since 1970, 0 never. */
export interface Known extends ListedDevice {
  readonly since: number
  readonly listedAt: number
  readonly proofAt: number
  readonly proof: string
}

/** What moved: the device as it was (null: a newcomer) and as it is. */
export interface Move {
  readonly before: Known | null
  readonly now: Known
}

/** Vanished devices kept at the most; the longest gone makes room. */
export const VANISHED_KEPT = 32

/** The devices of one adb server. */
export class Roster {
  readonly #devices = new Map<string, Known>()

  /** Usable ones first, then by serial. */
  all(): readonly Known[] {
    return [...this.#devices.values()].sort((a, b) => RANK[a.state] - RANK[b.state] || (a.serial < b.serial ? -1 : 1))
  }

  get(serial: string): Known | undefined {
    return this.#devices.get(serial)
  }

  /** A whole list came: what it does not hold has vanished. Gives what moved, in the list's order. */
  listed(list: readonly ListedDevice[], now: number): readonly Move[] {
    const moves: Move[] = []
    for (const one of list) this.#to(one.serial, one, now, true, moves)
    const there = new Set(list.map(({ serial }) => serial))
    for (const known of [...this.#devices.values()])
      if (!there.has(known.serial)) this.#to(known.serial, { ...known, state: 'vanished', said: '', transportId: 0 }, now, false, moves)
    this.#trim()
    return moves
  }

  /** The server is gone: nothing is known of those that were there. */
  serverGone(now: number): readonly Move[] {
    const moves: Move[] = []
    for (const known of [...this.#devices.values()])
      if (known.state !== 'vanished')
        this.#to(known.serial, { ...known, state: 'unknown', said: wordBefore(known), transportId: 0 }, now, false, moves)
    return moves
  }

  /** The device itself was heard. Ignored for one that is not known. */
  proved(serial: string, proof: string, now: number): void {
    const known = this.#devices.get(serial)
    if (known !== undefined && now >= known.proofAt) this.#devices.set(serial, { ...known, proof, proofAt: now })
  }

  /** Forgets a device that is not there; false where it is. */
  forget(serial: string): boolean {
    const state: AdbDeviceWord | undefined = this.#devices.get(serial)?.state
    return (state === 'vanished' || state === 'unknown') && this.#devices.delete(serial)
  }

  #to(serial: string, one: ListedDevice, now: number, listed: boolean, moves: Move[]): void {
    const before = this.#devices.get(serial)
    const same = before !== undefined && before.state === one.state && before.said === one.said
    const known: Known = {
      ...one,
      // A list in its short form, or of a device that is not ready, has no model; what was told before still holds.
      product: one.product === '' ? (before?.product ?? '') : one.product,
      model: one.model === '' ? (before?.model ?? '') : one.model,
      since: same ? before.since : now,
      listedAt: listed ? now : (before?.listedAt ?? 0),
      proofAt: before?.proofAt ?? 0,
      proof: before?.proof ?? '',
    }
    this.#devices.set(serial, known)
    if (!same || before.transportId !== known.transportId) moves.push({ before: before ?? null, now: known })
  }

  #trim(): void {
    const gone = [...this.#devices.values()].filter(({ state }) => state === 'vanished').sort((a, b) => a.since - b.since)
    for (const { serial } of gone.slice(0, Math.max(0, gone.length - VANISHED_KEPT))) this.#devices.delete(serial)
  }
}

const wordBefore = (known: Known): string => (known.state === 'unknown' ? known.said : known.said === '' ? known.state : known.said)
