// The clock of an attached lab against ours: measured by questions, and taken off its times.
import type { LabApi } from '../api.ts'
import type { Clock } from './ports.ts'

/** Questions a measurement takes. */
const QUESTIONS = 5

/** What was measured, ms: how far it is ahead of ours, and the shortest way there and back. */
export interface Measured {
  readonly offsetMs: number
  readonly roundTripMs: number
}

/** The question with the shortest way tells most: the other clock read in the middle of it. */
export async function measureClock(api: LabApi, clock: Clock): Promise<Measured> {
  let best = { offsetMs: 0, roundTripMs: Infinity }
  for (let n = 0; n < QUESTIONS; n += 1) {
    const sent = clock.mono()
    const middle = clock.now()
    const { now } = await api.peers.clock()
    const way = clock.mono() - sent
    if (way < best.roundTripMs) best = { offsetMs: now - (middle + way / 2), roundTripMs: way }
  }
  return best
}

/** A time of its as both clocks here had it. */
export function alignedTo(clock: Clock, offsetMs: number | null, at: number): { readonly at: number; readonly mono: number } {
  const ours = at - (offsetMs ?? 0)
  return { at: ours, mono: clock.mono() - (clock.now() - ours) }
}

/** An offset in words. */
export function ahead(offset: number | null): string {
  const ms = offset ?? 0
  return Math.abs(ms) < 1 ? 'ours within a millisecond' : `${Math.abs(ms).toFixed(1)} ms ${ms > 0 ? 'ahead of' : 'behind'} ours`
}
