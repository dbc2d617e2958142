// A message between two labs that both recorded: the other one's row is told at ours, not shown twice.
import type { FrameDetail, TraceRow } from '../api.ts'
import type { Recorder } from './recorder.ts'

/** So far back it is looked for, rows; so far apart two records of one message may lie, ms. */
const BACK = 500
const APART = 10_000

/** Our own row of the very same message: same leg, direction, session and number, and the same octets. */
export function seenHere(recorder: Recorder, row: Omit<TraceRow, 'seq' | 'session'>, frame: FrameDetail): TraceRow | undefined {
  if (row.kind !== 'message' || row.hop === 'G-D') return undefined
  return twin(recorder, frame, (own) => own.origin === undefined && Math.abs(own.at - row.at) < APART, BACK)
}

/** The row that an earlier process took of that lab for this one. */
export function takenBefore(recorder: Recorder, name: string, frame: FrameDetail): TraceRow | undefined {
  return twin(recorder, frame, (own) => own.origin === name, 10 * BACK)
}

function twin(recorder: Recorder, { row, bytes }: FrameDetail, may: (own: TraceRow) => boolean, back: number): TraceRow | undefined {
  return recorder.recent(back).findLast((own) => {
    const same =
      own.kind === row.kind &&
      own.direction === row.direction &&
      own.sessionId === row.sessionId &&
      own.msgId === row.msgId &&
      own.device === row.device &&
      own.size === row.size
    return same && may(own) && equal(recorder.frame(own.seq)?.bytes, bytes)
  })
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((octet, i) => octet === b[i])
}
