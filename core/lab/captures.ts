// Captures of other times and places become rows of this trace: all of one, or nothing.
import type { Seq } from '../api.ts'
import type { Imported } from '../evidence/import.ts'
import type { Recorder } from './recorder.ts'

/** Takes in what a capture holds, with causes and edits as they were. Throws an Error in words where it holds nothing, and what reading it throws. */
export function bringIn(recorder: Recorder, name: string, capture: Iterable<Imported>): void {
  // Read whole before a row is written: a capture that breaks half-way leaves nothing behind.
  const rows = [...capture]
  if (rows.length === 0) throw new Error(`${name} holds no message`)
  const seqs = new Map<Seq, Seq>()
  for (const { seq: old, entry, original } of rows) {
    const cause = entry.cause === null ? null : (seqs.get(entry.cause) ?? null)
    const seq = recorder.import({ ...entry, cause }, original)
    if (old !== null) seqs.set(old, seq)
  }
}
