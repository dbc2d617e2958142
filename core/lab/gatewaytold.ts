// What a gateway says of itself: named happenings behind the row they came of, anything else as a sentence; nothing where nothing is recorded.
import type { Seq } from '../api.ts'
import type { Wish } from '../gateway/ports.ts'
import { happening, isHappening } from '../mo/events.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'
import { makeWitness } from './witness.ts'

export interface GatewayTold {
  /** Named happenings carry their facts. */
  tell(wish: Pick<Extract<Wish, { type: 'tell' }>, 'event' | 'text' | 'device' | 'facts'>): void
  event(text: string, cause: Seq | null): void
  /** Writes what waits; no happening is written afterwards. */
  stop(): void
}

export function gatewayTold(recorder: Recorder, clock: Clock, changed: () => void): GatewayTold {
  const witness = makeWitness(recorder, clock, changed)
  const event = (text: string, cause: Seq | null): void => {
    recorder.event(clock.now(), clock.mono(), text, 0, cause === 0 ? null : cause)
    changed()
  }
  return {
    event,
    tell: ({ event: name, text, device, facts }) => (isHappening(name) ? witness.happened(happening(name, device, text, facts)) : event(text, null)),
    stop: () => witness.stop(),
  }
}

/** For a gateway of which nothing is recorded. */
export const SILENT: GatewayTold = { tell: () => {}, event: () => {}, stop: () => {} }
