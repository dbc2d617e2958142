// The legal moves of a session, one literal table for both roles (PRO packages, multiple messages; dm-protocol 4 and 6). What is not in it is an error.

/** Which end of a session. The table's shape does not know; only its rows do. */
export type Role = 'client' | 'server'

/**
 * idle: nothing said yet. mine: the peer's package is complete, I speak. asked: the peer's package is open, I may only ask for its next message.
 * theirs: my package is complete, the peer speaks. partly: my package is open, the peer says "next". after: only a closing Status is due.
 * ending: my last word left, whatever comes is ignored. over: the session is closed.
 */
export type State = 'idle' | 'mine' | 'asked' | 'theirs' | 'partly' | 'after' | 'ending' | 'over'

/**
 * get.*: a message came, with Final, without it, or with Alert 1223. put.*: a message is about to leave: with Final, without it,
 * closing the session with Status alone, with a challenge, with a last refusal, or with Alert 1223. rest: nothing is left to say.
 */
export type Event =
  | 'start'
  | 'get.final'
  | 'get.part'
  | 'get.abort'
  | 'put.final'
  | 'put.part'
  | 'put.close'
  | 'put.challenge'
  | 'put.refusal'
  | 'put.abort'
  | 'rest'
  | 'lost'

/** One legal move and the heading it rests on. */
export interface Move {
  readonly role: Role
  readonly state: State
  readonly event: Event
  readonly next: State
  readonly clause: string
}

const move = (role: Role, state: State, event: Event, next: State, clause: string): Move => ({ role, state, event, next, clause })

const PACKAGES = 'packages'
const MULTIPLE = 'multiple messages in a package'
const ABORT = 'session abort'
const CHALLENGE = 'challenges (SEC)'

/** Every legal move. */
export const MOVES: readonly Move[] = [
  move('client', 'idle', 'start', 'mine', PACKAGES),
  move('client', 'mine', 'put.final', 'theirs', PACKAGES),
  move('client', 'mine', 'put.part', 'partly', MULTIPLE),
  move('client', 'mine', 'put.challenge', 'theirs', CHALLENGE),
  move('client', 'mine', 'put.refusal', 'ending', CHALLENGE),
  move('client', 'mine', 'put.abort', 'ending', ABORT),
  move('client', 'mine', 'rest', 'over', PACKAGES),
  move('client', 'asked', 'put.part', 'theirs', MULTIPLE),
  move('client', 'asked', 'rest', 'over', CHALLENGE),
  move('client', 'asked', 'put.challenge', 'theirs', CHALLENGE),
  move('client', 'asked', 'put.refusal', 'ending', CHALLENGE),
  move('client', 'asked', 'put.abort', 'ending', ABORT),
  move('client', 'theirs', 'get.final', 'mine', PACKAGES),
  move('client', 'theirs', 'get.part', 'asked', MULTIPLE),
  move('client', 'theirs', 'get.abort', 'over', ABORT),
  move('client', 'theirs', 'lost', 'over', ABORT),
  move('client', 'partly', 'get.final', 'mine', MULTIPLE),
  move('client', 'partly', 'get.part', 'mine', MULTIPLE),
  move('client', 'partly', 'get.abort', 'over', ABORT),
  move('client', 'partly', 'lost', 'over', ABORT),
  move('client', 'ending', 'get.final', 'over', ABORT),
  move('client', 'ending', 'get.part', 'over', ABORT),
  move('client', 'ending', 'get.abort', 'over', ABORT),
  move('client', 'ending', 'lost', 'over', ABORT),

  move('server', 'idle', 'get.final', 'mine', PACKAGES),
  move('server', 'idle', 'get.part', 'asked', MULTIPLE),
  move('server', 'idle', 'get.abort', 'after', ABORT),
  move('server', 'mine', 'put.final', 'theirs', PACKAGES),
  move('server', 'mine', 'put.part', 'partly', MULTIPLE),
  move('server', 'mine', 'put.close', 'over', PACKAGES),
  move('server', 'mine', 'put.challenge', 'theirs', CHALLENGE),
  move('server', 'mine', 'put.refusal', 'over', CHALLENGE),
  move('server', 'mine', 'put.abort', 'over', ABORT),
  move('server', 'asked', 'put.part', 'theirs', MULTIPLE),
  move('server', 'asked', 'put.challenge', 'theirs', CHALLENGE),
  move('server', 'asked', 'put.refusal', 'over', CHALLENGE),
  move('server', 'asked', 'put.abort', 'over', ABORT),
  move('server', 'theirs', 'get.final', 'mine', PACKAGES),
  move('server', 'theirs', 'get.part', 'asked', MULTIPLE),
  move('server', 'theirs', 'get.abort', 'after', ABORT),
  move('server', 'theirs', 'lost', 'over', ABORT),
  move('server', 'partly', 'get.final', 'mine', MULTIPLE),
  move('server', 'partly', 'get.part', 'mine', MULTIPLE),
  move('server', 'partly', 'get.abort', 'after', ABORT),
  move('server', 'partly', 'lost', 'over', ABORT),
  move('server', 'after', 'put.close', 'over', ABORT),
  move('server', 'over', 'get.final', 'after', PACKAGES),
  move('server', 'over', 'get.part', 'after', PACKAGES),
  move('server', 'over', 'get.abort', 'after', PACKAGES),
]

/** Heading of the protocol that an illegal event offends. */
export const CLAUSES: Readonly<Record<Event, string>> = {
  start: PACKAGES,
  'get.final': PACKAGES,
  'get.part': MULTIPLE,
  'get.abort': ABORT,
  'put.final': MULTIPLE,
  'put.part': MULTIPLE,
  'put.close': PACKAGES,
  'put.challenge': CHALLENGE,
  'put.refusal': CHALLENGE,
  'put.abort': ABORT,
  rest: PACKAGES,
  lost: PACKAGES,
}

/** The table by role, state and event: a text put together for each question would cost more than the answer. */
const TABLE = new Map<Role, Map<State, Map<Event, State>>>()
for (const { role, state, event, next } of MOVES) {
  const states = TABLE.get(role) ?? new Map<State, Map<Event, State>>()
  TABLE.set(role, states.set(state, (states.get(state) ?? new Map<Event, State>()).set(event, next)))
}

/** The state after `event`, or null where the table has no such move. */
export function nextState(role: Role, state: State, event: Event): State | null {
  return TABLE.get(role)?.get(state)?.get(event) ?? null
}
