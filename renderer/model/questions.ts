// Questions of simulated devices as their screens show them: titles, time left, and the answer a filled form means. Pure.
import type { DeviceAnswer, DeviceQuestion } from '../../core/api.ts'

const KIND_TITLE: Readonly<Record<DeviceQuestion['kind'], string>> = {
  display: 'Message from the server',
  confirm: 'The server asks',
  input: 'The server asks for input',
  choice: 'Choose one',
  choices: 'Choose any',
}

/** Alert by which a server asks each kind of question. */
const ALERT: Readonly<Record<DeviceQuestion['kind'], number>> = { display: 1100, confirm: 1101, input: 1102, choice: 1103, choices: 1104 }

/** Who asks, and by what: the server's alert, or the device itself before it acts. */
export function askerWords(question: Pick<DeviceQuestion, 'asker' | 'kind'>): string {
  return question.asker === 'device' ? 'The device asks by itself' : `${KIND_TITLE[question.kind]} (Alert ${String(ALERT[question.kind])})`
}

/** What an answer will lead to, in words; '' where that is plain. */
export function endings(question: Pick<DeviceQuestion, 'asker' | 'kind'>): Readonly<Record<'yes' | 'no' | 'later' | 'silence', string>> {
  if (question.asker === 'device')
    return { yes: 'It goes on.', no: 'It is not done: result 1401.', later: 'It asks again after a while.', silence: 'It is not done: result 1450.' }
  return { yes: 'Status 200 to the server.', no: 'Status 304 to the server.', later: '', silence: 'Status 408 to the server, or the preset answer.' }
}

export const FORM_HINT: Readonly<Record<DeviceQuestion['form'], string>> = {
  A: 'Text',
  N: 'Number',
  D: 'Date, DDMMYYYY',
  T: 'Time, hhmmss',
  P: 'Phone number',
  I: 'IPv4 address',
}

/** Time until the device reports that nobody answered: whole seconds, `0:23`, and percent of the whole. */
export function left(
  { askedAt, until }: DeviceQuestion,
  now: number,
): { readonly seconds: number; readonly words: string; readonly percent: number } {
  const ms = Math.min(Math.max(0, until - now), until - askedAt)
  const seconds = Math.ceil(ms / 1000)
  const words = `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')} left`
  return { seconds, words, percent: until === askedAt ? 0 : Math.round((100 * ms) / (until - askedAt)) }
}

/** What the main button of a question says. */
export function answerOf(
  kind: DeviceQuestion['kind'],
  form: { readonly text: string; readonly single: number; readonly many: readonly number[] },
): DeviceAnswer {
  switch (kind) {
    case 'display':
    case 'confirm':
      return { act: 'ok' }
    case 'input':
      return { act: 'text', text: form.text }
    case 'choice':
      return { act: 'chosen', numbers: [form.single] }
    case 'choices':
      return { act: 'chosen', numbers: [...form.many].sort((a, b) => a - b) }
    default:
      return kind satisfies never
  }
}
