// The stepper's memory: which messages are to be held, and which are. It knows nothing of the protocol.
import type { Held, HoldMode, Verdict } from '../api.ts'

/** What the host does when a held message is decided. */
export type Resume = (verdict: Verdict) => void

interface Card {
  held: Held
  session: number
  resume: Resume | null
}

/** Holds messages until somebody decides. Changing the mode never releases what is held. */
export class Stepper {
  #mode: HoldMode = { mode: 'off' }
  readonly #stepping = new Set<number>()
  readonly #cards = new Map<number, Card>()
  #next = 1

  get mode(): HoldMode {
    return this.#mode
  }

  setMode(mode: HoldMode): void {
    this.#mode = mode
    if (mode.mode === 'off') this.#stepping.clear()
  }

  /** Why a message of this session is to be held now; null lets it pass. A step is used up by asking. */
  why(session: number): string | null {
    if (this.#stepping.delete(session)) return 'step: the next message of this session'
    if (this.#mode.mode === 'all') return 'every message is held'
    if (this.#mode.mode === 'session' && this.#mode.session === session) return 'every message of this session is held'
    return null
  }

  /** Number for a new card, also right after a restart with `restored` cards. */
  nextId(): number {
    return this.#next++
  }

  hold(held: Held, session: number, resume: Resume | null): void {
    this.#cards.set(held.id, { held, session, resume })
    this.#next = Math.max(this.#next, held.id + 1)
  }

  /** Cards, oldest first. */
  held(): Held[] {
    return [...this.#cards.values()].map((card) => card.held)
  }

  get count(): number {
    return this.#cards.size
  }

  /** True while somebody at the other end still waits for a held message; session timers stand still then. */
  get waiting(): boolean {
    for (const card of this.#cards.values()) if (card.held.peerWaits) return true
    return false
  }

  /** The peer of these cards has left: they stay, as drafts. Returns the cards touched. */
  abandon(matches: (held: Held) => boolean): Held[] {
    const touched: Held[] = []
    for (const card of this.#cards.values()) {
      if (!card.held.peerWaits || !matches(card.held)) continue
      card.held = { ...card.held, peerWaits: false }
      card.resume = null
      touched.push(card.held)
    }
    return touched
  }

  /** Takes the card away and carries the verdict out. Throws an Error in words when it cannot. */
  decide(id: number, verdict: Verdict): Held {
    const card = this.#cards.get(id)
    if (card === undefined) throw new Error(`nothing is held under number ${id}`)
    if (card.resume === null && verdict.act !== 'drop') throw new Error('the peer of this message is gone; it can be read or dropped')
    this.#cards.delete(id)
    if (verdict.act === 'step') this.#stepping.add(card.session)
    card.resume?.(verdict)
    return card.held
  }
}
