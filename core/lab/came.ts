// The way the last session of a device came, read from the trace: what the lab knows of it after a restart.
import type { SessionRow } from '../api.ts'
import type { Path } from './addresses.ts'
import type { Recorder } from './recorder.ts'

/** Undefined where the trace has no session of the device. */
export function cameBy(recorder: Recorder, device: string): Path | undefined {
  const last = recorder.sessions.all().reduce<SessionRow | undefined>((found, row) => (row.device === device ? row : found), undefined)
  const frame = last === undefined || last.first === 0 ? undefined : recorder.frame(last.first)
  if (frame === undefined || frame.local === '') return undefined
  const { local, remote, headers, notes, row } = frame
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''
  return { local, remote, host, tls: notes.some(({ detail }) => typeof detail?.['tls'] === 'string'), at: row.at }
}
