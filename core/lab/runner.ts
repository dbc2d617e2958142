// Runs one DM client machine over a request-response transport until its session is over; the device side of the host.
import type { Awaited, ClientInput, ClientRecord } from '../device/device.ts'
import type { Asked, UiAnswer } from '../device/interaction.ts'
import type { Effect, Frame, Link, Machine, Note } from '../machine.ts'
import { wordsOf } from '../syncml/text.ts'
import { Cookies } from './cookies.ts'
import type { Clock } from './ports.ts'

/** Posts a frame and brings the answer; rejects with an Error in words when there is none. `httpStatus` other than 200 has no frame. */
export type Post = (frame: Frame) => Promise<{ readonly httpStatus: number; readonly frame: Frame | null; readonly text: string }>

/** How a session of a device ended, as `dmlab device --json` prints it. */
export interface SessionOutcome {
  readonly sessionId: string
  readonly outcome: 'completed' | 'failed'
  readonly reason: string | null
  readonly messages: number
  readonly authentication: string
}

/** What ends sessions from outside; an AbortSignal is one. */
export interface Stopper {
  readonly aborted: boolean
  addEventListener(event: 'abort', call: () => void): void
  removeEventListener(event: 'abort', call: () => void): void
}

/** What runs a client: the machine, its way out, its clock, and where its durable records go. */
export interface ClientParts {
  readonly machine: Machine<ClientInput, ClientRecord>
  readonly post: Post
  readonly clock: Clock
  readonly save?: (record: ClientRecord) => void
  readonly note?: (note: Note) => void
  /** Puts a question to a person or a rule; `answer` is called once at most, `withdrawn` resolves when the question is no longer open. Absent: nobody can be asked. */
  readonly ask?: (asked: Asked, answer: (answer: UiAnswer) => void, withdrawn: Promise<void>) => void
  /** Says the code of an Exec that waits for a part of the device, once at most. Absent: nobody waits, the Exec is answered 202. */
  readonly work?: (awaited: Awaited, answer: (code: number) => void) => void
  /** Ends the session from outside: it counts as failed. */
  readonly signal?: Stopper
}

/** A machine that may owe generic alerts: when the earliest falls due, null where none is owed. */
export interface DeviceParts extends ClientParts {
  readonly machine: ClientParts['machine'] & { readonly owes: number | null }
}

/** Sessions a device begins by itself, one after the other, to report its jobs; what it owes after so many waits for the next session. */
const FOLLOW_UPS = 16

/**
 * Runs a session and, for as long as the device owes generic alerts, further ones of its own accord (PRO generic alert). `parts` is asked before
 * each of them. Resolves with all outcomes in order; ends with a session that failed, which leaves what is owed owed.
 */
export async function runDevice(
  parts: () => DeviceParts,
  start: ClientInput,
  told: (end: SessionOutcome) => void = () => {},
): Promise<SessionOutcome[]> {
  const ends: SessionOutcome[] = []
  let next: ClientInput = start
  for (;;) {
    const { machine, clock, signal } = parts()
    const end = await runClient(parts(), next)
    ends.push(end)
    told(end)
    const due = machine.owes
    if (due === null || end.outcome === 'failed' || ends.length > FOLLOW_UPS || stopped(signal)) return ends
    await pause(clock, due - clock.now(), signal)
    if (stopped(signal)) return ends
    next = { type: 'start', initiated: 'client' }
  }
}

const stopped = (signal: Stopper | undefined): boolean => signal?.aborted === true

function pause(clock: Clock, ms: number, signal: Stopper | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(Math.max(0, ms), end)
    signal?.addEventListener('abort', end)
  })
}

/** Starts a session with `start` and resolves when it is over. Never rejects: a failure is an outcome. */
export function runClient({ machine, post, clock, save, note, ask, work, signal }: ClientParts, start: ClientInput): Promise<SessionOutcome> {
  return new Promise((resolve) => {
    const timers = new Map<string, () => void>()
    let messages = 0
    let over = false
    const finish = (outcome: SessionOutcome): void => {
      if (over) return
      over = true
      for (const cancel of timers.values()) cancel()
      withdraw()
      signal?.removeEventListener('abort', stop)
      resolve(outcome)
    }
    let withdraw = (): void => {}
    const put = (id: string, asked: Asked): void => {
      if (ask === undefined) return clock.soon(() => feed({ type: 'answer', id, value: null }))
      const withdrawn = new Promise<void>((gone) => {
        withdraw = gone
      })
      ask(asked, (value) => feed({ type: 'answer', id, value }), withdrawn)
    }
    const stop = (): void => finish({ sessionId: '', outcome: 'failed', reason: 'stopped', messages, authentication: 'unknown' })
    signal?.addEventListener('abort', stop)
    const feed = (input: ClientInput): void => {
      if (!over) machine.input(input).forEach(perform)
    }
    const cookies = new Cookies()
    const send = (link: Link, frame: Frame): void => {
      messages += 1
      post(cookies.dress(frame)).then(
        (answer) => {
          if (answer.frame !== null) cookies.take(frame.uri, answer.frame.headers)
          if (answer.frame === null) feed({ type: 'gone', link, reason: `the server answered HTTP ${answer.httpStatus}: ${answer.text}` })
          else feed({ type: 'frame', link, frame: answer.frame })
        },
        (error: unknown) => feed({ type: 'gone', link, reason: wordsOf(error) }),
      )
    }
    const perform = (effect: Effect<ClientRecord>): void => {
      switch (effect.type) {
        case 'send':
          send(effect.link, effect.frame)
          break
        case 'save':
          save?.(effect.record)
          break
        case 'note': {
          note?.(effect.note)
          const ended = endOf(effect.note, messages)
          if (ended !== null) finish(ended)
          break
        }
        case 'timer':
          timers.get(effect.id)?.()
          timers.delete(effect.id)
          if (effect.id === 'question' && effect.ms === null) withdraw()
          if (effect.ms !== null)
            timers.set(
              effect.id,
              clock.after(effect.ms, () => feed({ type: 'timer', id: effect.id })),
            )
          break
        case 'ask':
          if (effect.topic === 'work') {
            if (work === undefined) clock.soon(() => feed({ type: 'answer', id: effect.id, value: null }))
            else work(effect.question as Awaited, (value) => feed({ type: 'answer', id: effect.id, value }))
            break
          }
          if (effect.topic !== 'interaction') throw new Error(`the device asked ${effect.topic}, which nobody here answers`)
          put(effect.id, effect.question as Asked)
          break
        case 'close':
          break
        default:
          effect satisfies never
      }
    }
    if (stopped(signal)) stop()
    feed(start)
  })
}

/** The outcome a closing session note tells; null where the session goes on. */
function endOf(note: Note, messages: number): SessionOutcome | null {
  const state = note.detail?.['state']
  if (note.topic !== 'session' || typeof state !== 'string' || state === 'open') return null
  const done = state === 'completed'
  return {
    sessionId: note.sessionId,
    outcome: done ? 'completed' : 'failed',
    reason: done ? null : String(note.detail?.['reason'] || note.text),
    messages: Number(note.detail?.['messages'] ?? messages),
    authentication: String(note.detail?.['authentication'] ?? 'unknown'),
  }
}
