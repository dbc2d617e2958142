// Facts of the lab, told to whoever listens.
import type { LabEventName, LabEvents } from '../api.ts'

export class Facts {
  readonly #listeners = new Map<LabEventName, Set<(fact: never) => void>>()

  on<K extends LabEventName>(event: K, listener: (fact: LabEvents[K]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set)
    set.add(listener as (fact: never) => void)
    return () => set.delete(listener as (fact: never) => void)
  }

  /** True where somebody listens: a fact that costs something is made for nobody else. */
  heard(event: LabEventName): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0
  }

  tell<K extends LabEventName>(event: K, fact: LabEvents[K]): void {
    this.#listeners.get(event)?.forEach((listener) => listener(fact as never))
  }
}
