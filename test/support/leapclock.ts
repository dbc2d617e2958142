// The clock of a process, which a test may put forward: what waits for hours comes at once, and nothing that is over before has to be quick.
import type { Clock } from '../../core/lab/ports.ts'
import { processClock } from '../../core/node/clock.ts'

/** A clock that runs, and leaps when told. */
export interface LeapClock extends Clock {
  /** Puts it forward by `ms`; what is due then is called, in the order of its times, after this call. */
  leap(ms: number): void
}

interface Waiting {
  readonly due: number
  readonly call: () => void
  off: () => void
}

/** Makes one, at this moment. */
export function leapClock(): LeapClock {
  const real = processClock()
  let ahead = 0
  const waiting = new Set<Waiting>()
  const mono = (): number => real.mono() + ahead
  const arm = (one: Waiting): void => {
    one.off = real.after(Math.max(0, one.due - mono()), () => {
      waiting.delete(one)
      one.call()
    })
  }
  return {
    now: () => real.now() + ahead,
    mono,
    soon: real.soon,
    after: (ms, call) => {
      const one: Waiting = { due: mono() + ms, call, off: () => {} }
      waiting.add(one)
      arm(one)
      return () => {
        waiting.delete(one)
        one.off()
      }
    },
    leap: (ms) => {
      ahead += ms
      for (const one of [...waiting].sort((a, b) => a.due - b.due)) {
        one.off()
        arm(one)
      }
    },
  }
}
