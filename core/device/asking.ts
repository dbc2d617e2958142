// The question a person is asked now, and its times: MINDT keeps a display up, MAXDT ends the waiting (PRO 2.5, dm-protocol 7.2).
import { misfit, presetAnswer } from './answers.ts'
import type { UiAnswer, UiQuestion } from './interaction.ts'

/** What becomes of an answer: it is reported now, or later when the display has stood long enough, or does not fit. */
export type Taking =
  | { readonly what: 'now'; readonly answer: UiAnswer }
  | { readonly what: 'later'; readonly ms: number }
  | { readonly what: 'misfit'; readonly why: string }

/** One open question. */
export class Asking {
  readonly id: string
  readonly question: UiQuestion
  readonly #at: number
  readonly #onTimeout: 'timeout' | 'preset'
  #shown: UiAnswer | null = null

  constructor(id: string, question: UiQuestion, options: { readonly at: number; readonly onTimeout: 'timeout' | 'preset' }) {
    this.id = id
    this.question = question
    this.#at = options.at
    this.#onTimeout = options.onTimeout
  }

  take(answer: UiAnswer, now: number): Taking {
    const why = misfit(this.question, answer)
    if (why !== null) return { what: 'misfit', why }
    const { kind, options } = this.question
    const rest = (options.minDt ?? 0) * 1000 - (now - this.#at)
    if (kind !== 'display' || answer.act !== 'ok' || rest <= 0) return { what: 'now', answer }
    this.#shown = answer
    return { what: 'later', ms: rest }
  }

  /** The time has passed: the display stood long enough, or nobody answered. */
  expired(): UiAnswer {
    const preset = this.#onTimeout === 'preset' ? presetAnswer(this.question) : null
    return this.#shown ?? preset ?? { act: 'timeout' }
  }
}
