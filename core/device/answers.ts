// Answers to a UI alert: what fits the question (PRO 2.5, dm-protocol 7.2), what a rule says instead of a person, and what MAXDT leaves.
import type { Asked, UiAnswer, UiOptions, UiQuestion } from './interaction.ts'

/** Says the answer instead of a person: yes to everything (`postpone` too: a server's question cannot be put off), no (cancel where there is no "no"), cancel, nothing until MAXDT, or this text. */
export type AnswerRule = 'accept' | 'postpone' | 'reject' | 'cancel' | 'timeout' | { readonly text: string }

const FORMS: Readonly<Record<NonNullable<UiOptions['it']>, readonly [fits: RegExp, name: string]>> = {
  A: [/^[^\p{Cc}]*$/u, 'text'],
  N: [/^[+-]?(\d+\.?\d*|\.\d+)$/, 'a number'],
  D: [/^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{4}$/, 'a date as DDMMYYYY'],
  T: [/^([01]\d|2[0-3])[0-5]\d[0-5]\d$/, 'a time as hhmmss'],
  P: [/^\+?[0-9pws]+$/, 'a phone number'],
  I: [/^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/, 'an IPv4 address'],
}

/** Why an answer does not fit its question, in words; null where it does. */
export function misfit({ kind, options, choices }: UiQuestion, answer: UiAnswer): string | null {
  switch (answer.act) {
    case 'ok':
      return kind === 'display' || kind === 'confirm' ? null : `a question for ${kind} needs an answer`
    case 'no':
      return kind === 'confirm' ? null : 'only a confirmation can be denied'
    case 'cancel':
    case 'timeout':
      return null
    case 'postpone':
      return 'a question of the server cannot be postponed'
    case 'text': {
      if (kind !== 'input') return `no text was asked for`
      const { maxLen, it = 'A' } = options
      const length = [...answer.text].length
      if (maxLen !== undefined && length > maxLen) return `${String(length)} characters; at most ${String(maxLen)} are allowed`
      const [fits, name] = FORMS[it]
      return fits.test(answer.text) ? null : `${JSON.stringify(answer.text)} is not ${name}`
    }
    case 'chosen': {
      const { numbers } = answer
      if (kind !== 'choice' && kind !== 'choices') return 'there is nothing to choose from'
      if (kind === 'choice' && numbers.length !== 1) return 'exactly one choice is asked for'
      if (new Set(numbers).size !== numbers.length) return 'a choice is named twice'
      const wrong = numbers.find((n) => !Number.isInteger(n) || n < 1 || n > choices.length)
      return wrong === undefined ? null : `choice ${String(wrong)} of ${String(choices.length)}`
    }
    default:
      answer satisfies never
      return 'no answer'
  }
}

/** The default response (DR) as an answer; null where there is none that fits. */
export function presetAnswer(question: UiQuestion): UiAnswer | null {
  const [first] = question.preset
  if (first === undefined) return null
  const answer = ((): UiAnswer | null => {
    switch (question.kind) {
      case 'display':
        return null
      case 'confirm':
        return first === '1' ? { act: 'ok' } : first === '0' ? { act: 'no' } : null
      case 'input':
        return { act: 'text', text: first }
      case 'choice':
      case 'choices':
        return { act: 'chosen', numbers: question.preset.map(Number) }
      default:
        return question.kind satisfies never
    }
  })()
  return answer === null || misfit(question, answer) !== null ? null : answer
}

/** What a rule answers; null: nothing, the question waits for its time to pass. A text that does not fit cancels, since it can never be sent. */
export function ruledAnswer(rule: AnswerRule, question: UiQuestion): UiAnswer | null {
  if (rule === 'timeout') return null
  if (rule === 'cancel') return { act: 'cancel' }
  if (rule === 'reject') return question.kind === 'confirm' ? { act: 'no' } : { act: 'cancel' }
  if (rule === 'accept' || rule === 'postpone') return accepted(question)
  const answer = spoken(rule.text, question)
  return misfit(question, answer) === null ? answer : { act: 'cancel' }
}

/** Answers by rule, for a whole device: with `postpone` a question of the device itself is put off once, then accepted. Null: its time is to pass. */
export function ruler(rule: AnswerRule): (asked: Asked) => UiAnswer | null {
  const postponed = new Set<string>()
  return ({ question, asker }) => {
    if (rule !== 'postpone' || asker !== 'device') return ruledAnswer(rule, question)
    if (postponed.delete(question.text)) return { act: 'ok' }
    postponed.add(question.text)
    return { act: 'postpone' }
  }
}

function accepted(question: UiQuestion): UiAnswer {
  const preset = question.kind === 'confirm' ? null : presetAnswer(question)
  if (preset !== null) return preset
  if (question.kind === 'display' || question.kind === 'confirm') return { act: 'ok' }
  return question.kind === 'input' ? { act: 'text', text: '' } : { act: 'chosen', numbers: [1] }
}

/** A text as the answer it means: choices by number or by their words, several joined with commas. */
function spoken(text: string, { kind, choices }: UiQuestion): UiAnswer {
  if (kind === 'display') return { act: 'ok' }
  if (kind === 'confirm') return /^(0|n|no|reject)$/i.test(text.trim()) ? { act: 'no' } : { act: 'ok' }
  if (kind === 'input') return { act: 'text', text }
  const words = choices.includes(text) ? [text] : text.split(',').map((word) => word.trim())
  return { act: 'chosen', numbers: words.map((word) => (/^\d+$/.test(word) ? Number(word) : choices.indexOf(word) + 1)) }
}
