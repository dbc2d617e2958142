// Runs one DM client machine over a request-response transport until its session is over; the device side of the host.
import type { ClientInput, ClientRecord } from '../device/device.ts'
import type { Effect, Frame, Link, Machine, Note } from '../machine.ts'
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

/** What runs a client: the machine, its way out, its clock, and where its durable records go. */
export interface ClientParts {
  readonly machine: Machine<ClientInput, ClientRecord>
  readonly post: Post
  readonly clock: Clock
  readonly save?: (record: ClientRecord) => void
  readonly note?: (note: Note) => void
}

/** Starts a session with `start` and resolves when it is over. Never rejects: a failure is an outcome. */
export function runClient({ machine, post, clock, save, note }: ClientParts, start: ClientInput): Promise<SessionOutcome> {
  return new Promise((resolve) => {
    const timers = new Map<string, () => void>()
    let messages = 0
    let over = false
    const finish = (outcome: SessionOutcome): void => {
      if (over) return
      over = true
      for (const cancel of timers.values()) cancel()
      resolve(outcome)
    }
    const feed = (input: ClientInput): void => {
      if (!over) machine.input(input).forEach(perform)
    }
    const send = (link: Link, frame: Frame): void => {
      messages += 1
      post(frame).then(
        (answer) => {
          if (answer.frame === null) feed({ type: 'gone', link, reason: `the server answered HTTP ${answer.httpStatus}: ${answer.text}` })
          else feed({ type: 'frame', link, frame: answer.frame })
        },
        (error: unknown) => feed({ type: 'gone', link, reason: error instanceof Error ? error.message : String(error) }),
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
          if (effect.ms !== null)
            timers.set(
              effect.id,
              clock.after(effect.ms, () => feed({ type: 'timer', id: effect.id })),
            )
          break
        case 'ask':
          throw new Error(`the device asked ${effect.topic}, which nobody here answers`)
        case 'close':
          break
        default:
          effect satisfies never
      }
    }
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
