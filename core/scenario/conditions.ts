// Pre- and post-conditions of a run: each is decided once, before only up to its step, after only from it on.
import type { ConditionResult } from '../api.ts'
import { type Look, type Since, startJudging, type Judging, compileJudging } from './predicate.ts'
import type { Condition, Scenario } from './types.ts'
import { aboutRow, wordsOf } from './words.ts'

interface Watched extends Judging {
  readonly condition: Condition
  readonly when: 'before' | 'after'
  result: Pick<ConditionResult, 'verdict' | 'messages' | 'reason'> | null
}

export class Conditions {
  readonly #watched: readonly Watched[]

  /** Throws FilterError where a predicate cannot be read. */
  constructor({ pre, post }: Scenario, since: Since) {
    const watch = (condition: Condition, when: 'before' | 'after'): Watched => ({
      condition,
      when,
      ...startJudging(compileJudging(condition.decide, condition.fails ?? []), since),
      result: null,
    })
    this.#watched = [...pre.map((each) => watch(each, 'before')), ...post.map((each) => watch(each, 'after'))]
  }

  /** Looks at the row with the conditions of one kind. True where one was decided. */
  offer(when: 'before' | 'after', look: Look): boolean {
    let moved = false
    for (const watched of this.#watched) {
      if (watched.when !== when || watched.result !== null || !isOpen(watched, look)) continue
      const failed = watched.fails.map(({ waiting, reason }) => ({ seqs: waiting.offer(look), reason })).find(({ seqs }) => seqs !== null)
      const seqs = failed?.seqs ?? watched.decide.offer(look)
      if (seqs === null) continue
      const reason = failed?.reason ?? seqs.map((seq) => aboutRow(look.reading.around.row?.(seq))).join('; ')
      watched.result = { verdict: failed === undefined ? 'pass' : 'fail', messages: seqs, reason }
      moved = true
    }
    return moved
  }

  /** No further row comes. `early`: a step failed, or the run was stopped: what comes after was not reached. */
  finish(early: boolean): void {
    for (const watched of this.#watched) watched.result ??= missing(watched, early)
  }

  results(): ConditionResult[] {
    return this.#watched.map(({ condition, when, result }) => {
      const { verdict, messages, reason } = result ?? { verdict: 'not reached', messages: [], reason: '' }
      return { text: `${condition.key}: ${condition.text}`, when, verdict, messages, reason }
    })
  }
}

function isOpen({ condition, when }: Watched, look: Look): boolean {
  if (condition.step === undefined) return true
  const decided = look.decidedAt(condition.step) !== undefined
  return when === 'before' ? !decided : decided
}

function missing({ condition, when }: Watched, early: boolean): NonNullable<Watched['result']> {
  if (when === 'after' && early) return { verdict: 'not reached', messages: [], reason: '' }
  const verdict = condition.missing ?? (when === 'before' ? 'inconclusive' : 'fail')
  return { verdict, messages: [], reason: `nothing decided it: ${wordsOf(condition.decide)}` }
}
