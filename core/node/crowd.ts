// Connections that found no room are told together: the first at once, the further ones once a second with their number.
import { EMPTY } from './wire.ts'
import type { Refused } from './facing.ts'
import type { Peer } from './peers.ts'

/** Where a connection runs, for what is told of it. */
export type Ends = Pick<Peer<unknown>, 'local' | 'remote'>

/** What is told besides where and when. */
export type Told = Omit<Refused, 'at' | 'mono' | 'local' | 'remote'>

/** Tells `report` of connections that were closed or turned away for want of room. */
export function crowdOf(report: (ends: Ends, what: Told) => void): (ends: Ends, reason: string) => void {
  let more = -1
  const crowded = (ends: Ends, reason: string): void => {
    if (more >= 0) return void (more += 1)
    more = 0
    report(ends, { httpStatus: 503, reason, startLine: '', headers: [], bytes: EMPTY, truncated: true })
    const timer = setTimeout(() => {
      const further = more
      more = -1
      if (further > 0) crowded(ends, `${reason} (so it went with ${further} connections in the last second)`)
    }, 1000)
    timer.unref()
  }
  return crowded
}
