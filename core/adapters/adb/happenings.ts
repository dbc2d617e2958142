// What moves at an adb server as happenings for the trace: devices that come, change and go, and a server that goes and comes back. Nothing is told twice.
import type { AdbReverseRow } from '../../api.ts'
import { happening } from '../../mo/events.ts'
import type { Note } from '../../machine.ts'
import type { Known, Move } from './roster.ts'
import type { ServerFacts } from './server.ts'
import { DEVICE_WORDS } from './words.ts'

/** A device moved. `device`: id of the DM device it is, '' where that is not known. */
export function deviceHappening({ before, now }: Move, device: string): Note {
  const { serial, state, said, way, model } = now
  const was = before?.state ?? ''
  const name = model === '' ? serial : `${serial} (${model})`
  const words = said === '' || said === state || state === 'unknown' ? '' : ` ("${said}")`
  return happening('adb.device', device, `${name} ${phrase(before, now)}${words}`, { serial, state, was, way })
}

function phrase(before: Known | null, { state, transportId }: Known): string {
  if (before?.state === state) return transportId === before.transportId ? `still is ${state}` : 'has a new connection'
  if (state === 'device') return before === null ? 'is there and ready' : `is ready (was ${before.state})`
  const was = before === null ? '' : ` (was ${before.state})`
  return state === 'vanished' ? `is gone${was}` : `is ${state}${was}: ${DEVICE_WORDS[state].text}`
}

/** A tunnel was made, or could not be. */
export function tunnelHappening(serial: string, { remote, role, state, text }: AdbReverseRow, device: string): Note {
  const what = `port ${String(remote)}${role === '' ? '' : ` (${role})`} on ${serial}`
  const said = state === 'open' ? `${what} leads to this lab` : `${what} does not lead to this lab: ${text}`
  return happening('adb.tunnel', device, said, { serial, port: remote, state })
}

/** The server moved; null where nobody missed it: one that never was there is no happening. */
export function serverHappening(was: ServerFacts['state'] | null, facts: ServerFacts): Note | null {
  const { state, text } = facts
  if (state === was || state === 'connecting' || state === 'idle') return null
  if (was === null && state !== 'ready') return null
  return happening('adb.server', '', text, { state, was: was ?? '' })
}
