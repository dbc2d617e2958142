// Who else holds messages beside the DM Server's host: a gateway in the same process, and attached labs. Their cards stand in one tray; numbers tell them apart.
import type { Held, HoldMode, Verdict } from '../api.ts'
import type { Host } from './host.ts'

/** One who holds messages. */
export interface Holder {
  /** Its cards, numbered so that no other holder has the same. */
  held(): readonly Held[]
  owns(id: number): boolean
  mode(mode: HoldMode): void | Promise<void>
  /** Rejects in words where there is nothing to decide. */
  decide(id: number, verdict: Verdict): void | Promise<void>
}

/** Numbers of holders: the server's own cards begin at 1, those of a gateway in this process here, those of attached labs there. */
const GATEWAY_CARDS = 1_000_000_000
export const PEER_CARDS = 2_000_000_000

/** A second host of this process; its cards are numbered from `base` on. */
export function besides(host: Pick<Host, 'stepper' | 'mode' | 'decide'>, base = GATEWAY_CARDS): Holder {
  return {
    held: () => host.stepper.held().map((held) => ({ ...held, id: base + held.id })),
    owns: (id) => id > base && id < base + 1_000_000_000,
    mode: (mode) => host.mode(mode),
    decide: (id, verdict) => host.decide(id - base, verdict),
  }
}
