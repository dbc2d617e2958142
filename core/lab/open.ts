// A request that waits for its answer, and the rows and cards that come of it: what is recorded of an answer, what a person sees who holds it.
import type { Held, HoldState } from '../api.ts'
import type { Effect, Frame, Note } from '../machine.ts'
import type { Message } from '../syncml/message.ts'
import type { Received, Sent } from './ports.ts'
import type { Passage, Placed } from './recorder.ts'

/** A request that waits for its answer: its row, and whose message it was. */
export interface Open {
  readonly received: Received
  placed: Placed
  /** Numbers of the cards that hold something of this exchange; null while there was none. */
  cards: Set<number> | null
  /** Set while the answer is on its way: records it as far as it got, should the peer leave now. */
  leaving: (() => void) | null
}

/** What a machine told, in its order. */
export function notesOf(effects: readonly Effect<unknown>[]): Note[] {
  const notes: Note[] = []
  for (const effect of effects) if (effect.type === 'note') notes.push(effect.note)
  return notes
}

/** The answer to a request, for its row; `sent` tells when it left. */
export function answerOf(open: Open, frame: Frame, message: Message | undefined, sent: Sent, hold: HoldState): Passage {
  const { received, placed } = open
  return {
    direction: 'down',
    hop: placed.row.hop,
    frame,
    message,
    at: sent.at,
    mono: sent.mono,
    startLine: sent.startLine,
    headers: sent.headers,
    local: received.local,
    remote: received.remote,
    cause: placed.seq,
    answers: placed.row.package,
    httpStatus: 200,
    hold,
  }
}

/** The card of a message that is held. */
export function cardOf(id: number, { row, seq }: Placed, { encoding }: Frame, why: string, at: number): Held {
  const { direction, hop, device, sessionId, commands } = row
  return { id, seq, at, direction, hop, device, sessionId, commands, encoding, why, peerWaits: true }
}
