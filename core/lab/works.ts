// What the software of a simulated device has done for it: downloads, installations, questions to its user, timers; withdrawn when the device goes off.
import type { UiAnswer } from '../device/interaction.ts'
import type { SoftwareInput } from '../software/agent.ts'
import type { ComponentAsk, ConsentAsk, DownloadAsk, FlashAsk, InstallAsk, SoftwareHost } from '../software/ports.ts'
import type { Clock } from './ports.ts'
import type { ClientParts } from './runner.ts'

export interface WorksParts {
  readonly host: SoftwareHost
  readonly clock: Clock
  /** Who answers questions of the device itself; absent: nobody. */
  readonly ask?: ClientParts['ask'] | undefined
  /** What the device does now, in words. */
  readonly activity?: ((text: string) => void) | undefined
  readonly feed: (input: SoftwareInput) => void
}

const ACTIVITY: Readonly<Record<string, string>> = {
  download: 'downloads a package',
  install: 'installs a package',
  activate: 'activates a component',
  deactivate: 'deactivates a component',
  uninstall: 'removes a component',
  discard: 'removes a package',
  flash: 'updates its firmware',
  outcome: 'looks what became of its work',
}

export class Works {
  readonly #parts: WorksParts
  /** How often the device went off: what was begun before that is answered to nobody. */
  #generation = 0
  readonly #timers = new Map<string, () => void>()
  readonly #withdraw = new Map<string, () => void>()
  /** What the installer still does; a switched-off device waits for it, since its files are real. */
  readonly #working = new Set<Promise<unknown>>()

  constructor(parts: WorksParts) {
    this.#parts = parts
  }

  /** The device goes off. */
  stop(): void {
    this.#generation += 1
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    for (const withdraw of this.#withdraw.values()) withdraw()
    this.#withdraw.clear()
  }

  /** Resolves when nothing works on its files any more. */
  async done(): Promise<void> {
    await Promise.all([...this.#working])
  }

  /** Rings after `ms`; null: no more, and what was asked under this name is withdrawn. */
  timer(id: string, ms: number | null): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    if (ms === null) return this.#withdrawn(id)
    const mine = this.#generation
    const fire = (): void => {
      this.#timers.delete(id)
      this.#withdrawn(id)
      if (mine === this.#generation) this.#parts.feed({ type: 'timer', id })
    }
    this.#timers.set(id, this.#parts.clock.after(ms, fire))
  }

  #withdrawn(id: string): void {
    const withdraw = this.#withdraw.get(id)
    this.#withdraw.delete(id)
    withdraw?.()
  }

  /** Has something done: the answer is fed to the software. */
  ask(id: string, topic: string, question: unknown): void {
    if (topic === 'consent') return this.#consent(id, question as ConsentAsk)
    const mine = this.#generation
    this.#parts.activity?.(ACTIVITY[topic] ?? topic)
    const answer = this.#asked(topic, question).then((value) => {
      if (mine !== this.#generation) return
      this.#parts.feed({ type: 'answer', id, value })
    })
    if (topic !== 'download') {
      const working: Promise<unknown> = answer.finally(() => this.#working.delete(working))
      this.#working.add(working)
    }
  }

  #asked(topic: string, question: unknown): Promise<unknown> {
    const { host } = this.#parts
    const component = question as ComponentAsk
    switch (topic) {
      case 'download':
        return host.download(question as DownloadAsk, () => {})
      case 'install':
        return host.install(question as InstallAsk)
      case 'activate':
        return host.activate(component)
      case 'deactivate':
        return host.deactivate(component)
      case 'uninstall':
        return host.uninstall(component)
      case 'discard':
        return host.discard(component)
      case 'flash':
        return host.flash(question as FlashAsk)
      case 'outcome':
        return host.outcome(question as string)
      default:
        throw new Error(`the software asked ${topic}, which nobody here answers`)
    }
  }

  #consent(id: string, { key, text, waitMs }: ConsentAsk): void {
    const { ask, clock } = this.#parts
    const mine = this.#generation
    const answer = (value: UiAnswer | null): void => {
      if (mine === this.#generation) this.#parts.feed({ type: 'answer', id, value })
    }
    if (ask === undefined) return clock.soon(() => answer(null))
    const withdrawn = new Promise<void>((gone) => this.#withdraw.set(`consent ${key}`, gone))
    ask({ question: { kind: 'confirm', options: {}, text, choices: [], preset: [] }, waitMs, asker: 'device' }, answer, withdrawn)
  }
}
