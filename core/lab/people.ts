// The people in front of this lab's simulated devices: every question a device puts is open here until somebody answers or its time is over.
import type { DeviceAnswer, DeviceQuestion } from '../api.ts'
import { misfit } from '../device/answers.ts'
import type { Asked, UiAnswer } from '../device/interaction.ts'
import type { Clock } from './ports.ts'

interface Open {
  readonly row: DeviceQuestion
  readonly asked: Asked
  readonly answer: (answer: UiAnswer) => void
}

/** Open questions of all simulated devices. */
export class People {
  readonly #clock: Clock
  readonly #told: () => void
  readonly #open = new Map<string, Open>()
  #count = 0

  /** `told` is called whenever a question opens or closes. */
  constructor(clock: Clock, told: () => void) {
    this.#clock = clock
    this.#told = told
  }

  /** Puts a question; it is gone when it is answered or `withdrawn`. */
  ask(device: string, asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>): void {
    const id = String(++this.#count)
    const { kind, text, choices, preset, options } = asked.question
    const askedAt = this.#clock.now()
    const row: DeviceQuestion = {
      id,
      device,
      kind,
      text,
      choices,
      preset,
      maxLength: options.maxLen ?? null,
      form: options.it ?? 'A',
      secret: options.et === 'P',
      asker: asked.asker ?? 'server',
      askedAt,
      until: askedAt + asked.waitMs,
    }
    this.#open.set(id, { row, asked, answer })
    this.#told()
    void withdrawn.then(() => {
      if (this.#open.delete(id)) this.#told()
    })
  }

  /** Oldest first. */
  questions(): readonly DeviceQuestion[] {
    return [...this.#open.values()].map(({ row }) => row)
  }

  /** Throws an Error in words where the question is not open or the answer does not fit; it stays open then. */
  answer(id: string, answer: DeviceAnswer): void {
    const open = this.#open.get(id)
    if (open === undefined) throw new Error(`question ${id} is not open any more`)
    const why = answer.act === 'postpone' && open.asked.asker === 'device' ? null : misfit(open.asked.question, answer)
    if (why !== null) throw new Error(`the answer does not fit: ${why}`)
    this.#open.delete(id)
    this.#told()
    open.answer(answer)
  }
}
