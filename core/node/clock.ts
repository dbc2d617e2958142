// The clock of a Node process: wall time, monotonic time since it was made, and timers.
import { performance } from 'node:perf_hooks'
import type { Clock } from '../lab/ports.ts'

/** Wall and monotonic clock of this process, and its timers. */
export function processClock(): Clock {
  const start = performance.now()
  return {
    now: () => performance.timeOrigin + performance.now(),
    mono: () => performance.now() - start,
    soon: (call) => void setImmediate(call),
    after: (ms, call) => {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    },
  }
}
