// Writes down what happens in front of and inside simulated devices: questions and answers, lines of their own log, as event rows by fixed names.
import type { SoftwareLogLine } from '../api.ts'
import type { Asked, UiAnswer } from '../device/interaction.ts'
import type { Note } from '../machine.ts'
import { happening } from '../mo/events.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'

/** Puts a device's question to a person or a rule. */
export type Ask = (device: string, asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>) => void

export interface Witness {
  /** The same `ask`, with its question and what becomes of it written down. */
  asking(ask: Ask): Ask
  /** What a policy of the server tells while it handles a message: written behind that message's row, before the answer's. */
  happened(note: Note): void
  /** A line of the device's own log. */
  performed(device: string, line: SoftwareLogLine): void
  /** Writes what waits; nothing is written afterwards, since the trace closes. */
  stop(): void
}

const WORDS: Readonly<Record<UiAnswer['act'], string>> = {
  ok: 'agrees',
  no: 'says no',
  cancel: 'cancels',
  timeout: 'does not answer in time',
  postpone: 'puts it off',
  text: 'types an answer',
  chosen: 'chooses',
}

export function makeWitness(recorder: Recorder, clock: Clock, changed: () => void = () => {}): Witness {
  let stopped = false
  const settle = (): void => {
    if (stopped) return
    recorder.settle()
    changed()
  }
  const tell = (...about: Parameters<typeof happening>): void => {
    if (stopped) return
    recorder.happened(clock.now(), clock.mono(), happening(...about))
    changed()
  }
  return {
    asking: (ask) => (device, asked, answer, withdrawn) => {
      const { kind, text } = asked.question
      const asker = asked.asker ?? 'server'
      let open = true
      const answered = (act: UiAnswer['act']): void => {
        if (open) tell('user.answers', device, `the user ${WORDS[act]}`, { asker, act })
        open = false
      }
      tell('user.asked', device, text, { asker, kind })
      void withdrawn.then(() => answered('timeout'))
      ask(
        device,
        asked,
        (given) => {
          answered(given.act)
          answer(given)
        },
        withdrawn,
      )
    },
    happened: (note) => {
      if (stopped) return
      recorder.happens(clock.now(), clock.mono(), note)
      // Where no message caused it.
      clock.soon(settle)
    },
    stop: () => {
      settle()
      stopped = true
    },
    performed: (device, { what, text }) => tell('device.performs', device, `${what}: ${text}`, { what }),
  }
}
