// States of simulated devices with software, durable before anything that depends on them leaves: those that moved together are written together.
import type { SimulateOptions } from '../api.ts'
import type { Clock } from '../lab/ports.ts'
import type { Post } from '../lab/runner.ts'
import type { SoftwareHost } from '../software/ports.ts'
import type { Docs } from '../store/docs.ts'

/** A device with software, as Docs keep it (kind `device`). */
export interface Kept {
  readonly options: SimulateOptions
  readonly state: unknown
}

const KIND = 'device'

/** One keeper for all devices of a lab. */
export class DeviceKeeper {
  readonly #docs: Docs
  readonly #commit: () => void
  readonly #clock: Pick<Clock, 'soon'>
  /** What moved and is not put yet. */
  readonly #moved = new Map<string, () => Kept>()
  #waiting: (() => void)[] = []
  #soon = false

  constructor(docs: Docs, commit: () => void, clock: Pick<Clock, 'soon'>) {
    this.#docs = docs
    this.#commit = commit
    this.#clock = clock
  }

  /** The state is asked for when it is written: with the other devices of this turn. */
  keep(id: string, kept: () => Kept): void {
    this.#moved.set(id, kept)
    this.#later()
  }

  /** Resolves when all that was kept so far is durable; at once where nothing waits. */
  saved(id: string): Promise<void> {
    if (!this.#moved.has(id)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  get(id: string): Kept | undefined {
    this.flush()
    return this.#docs.get(KIND, id) as Kept | undefined
  }

  all(): readonly { readonly id: string; readonly kept: Kept }[] {
    this.flush()
    return this.#docs.all(KIND).map(({ id, value }) => ({ id, kept: value as Kept }))
  }

  drop(id: string): void {
    this.#moved.delete(id)
    this.#docs.drop(KIND, id)
    this.#commit()
  }

  /** Writes what moved, and lets go what waited for that. */
  flush(): void {
    if (this.#moved.size === 0) return
    const moved = [...this.#moved]
    const waiting = this.#waiting
    this.#moved.clear()
    this.#waiting = []
    for (const [id, kept] of moved) this.#docs.put(KIND, id, kept())
    this.#commit()
    for (const resolve of waiting) resolve()
  }

  #later(): void {
    if (this.#soon) return
    this.#soon = true
    this.#clock.soon(() => {
      this.#soon = false
      this.flush()
    })
  }

  /** A way out that waits until what led to the message is durable. */
  post(id: string, post: Post): Post {
    return async (frame) => {
      await this.saved(id)
      return post(frame)
    }
  }

  /** A disk that begins no work before the order for it is durable. */
  disk(id: string, disk: SoftwareHost): SoftwareHost {
    const after =
      <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await this.saved(id)
        return work(...args)
      }
    return {
      ...disk,
      download: after((ask, progress) => disk.download(ask, progress)),
      install: after((ask) => disk.install(ask)),
      activate: after((ask) => disk.activate(ask)),
      deactivate: after((ask) => disk.deactivate(ask)),
      uninstall: after((ask) => disk.uninstall(ask)),
      discard: after((ask) => disk.discard(ask)),
      flash: after((ask) => disk.flash(ask)),
      outcome: after((key) => disk.outcome(key)),
    }
  }
}
