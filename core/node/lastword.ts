// A peer that closes its half of a connection may have left, or wait for its answer: one that comes soon still reaches it.
import type { Socket } from 'node:net'
import type { Peer } from './peers.ts'

/** How long an answer may take behind a half that was closed before the peer counts as gone, ms (INFERRED). */
const LAST_WORD = 500

/** Ends the connection of a peer that closed its half: at once where no answer is `owed`, else when the time is over; what other code answers has all its time. */
export function lastWord<X>(peer: Peer<X>, owed: () => boolean): void {
  const socket: Socket = peer.socket
  socket.once('end', () => {
    if (!owed() && peer.busy === 0) return void socket.end()
    setTimeout(() => peer.busy === 0 && socket.writable && socket.end(), LAST_WORD).unref()
  })
}
