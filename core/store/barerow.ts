// Rows that begin empty: of what is no message, and of what is lost.
import type { TraceRow } from '../api.ts'

/** A row of which nothing is known yet; every row that is no message begins as it. */
export const BARE_ROW: Omit<TraceRow, 'seq'> = {
  kind: 'http',
  at: 0,
  mono: 0,
  direction: 'up',
  hop: 'S-D',
  session: 0,
  sessionId: '',
  device: '',
  msgId: '',
  package: '',
  encoding: '',
  size: 0,
  commands: [],
  statuses: [],
  target: '',
  final: false,
  httpStatus: 0,
  findings: 0,
  severity: '',
  hold: 'no',
  text: '',
}

/** The row that stands for bytes that are lost: it keeps the numbering without gaps. */
export function lostRow(seq: number, text: string): TraceRow {
  return { ...BARE_ROW, seq, kind: 'event', severity: 'error', text }
}
