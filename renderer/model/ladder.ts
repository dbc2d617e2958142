// The ladder diagram as numbers: which lanes there are, and from where to where each row's arrow goes. No drawing here.
import type { Hop, SessionRow, TraceRow } from '../../core/api.ts'

export interface Lane {
  readonly id: string
  readonly kind: 'server' | 'gateway' | 'device' | 'others'
  readonly title: string
  /** Middle of the lane, per cent of the drawing's width. */
  readonly at: number
}

/** Arrow of one row: per cent of the width, or null where it is no exchange between two parties. */
export interface Arrow {
  readonly from: number
  readonly to: number
}

/** Most device lanes drawn side by side; further devices share one lane that says so. */
export const MOST_DEVICES = 6

/** Lanes for the devices of a view, newest first as the sessions come; `only` narrows to one device, `room` is the most lanes that fit. */
export function lanes(sessions: readonly SessionRow[], hops: ReadonlySet<Hop>, only: string, room = MOST_DEVICES + 2): readonly Lane[] {
  const devices = only === '' ? [...new Set(sessions.map((one) => one.device))] : [only]
  const gateway = hops.has('S-G') || hops.has('G-D')
  const most = Math.max(2, Math.min(MOST_DEVICES, room - (gateway ? 2 : 1)))
  const shown = devices.length > most ? devices.slice(0, most - 1) : devices
  const plain: Omit<Lane, 'at'>[] = [{ id: 'server', kind: 'server', title: 'DM Server' }]
  if (gateway) plain.push({ id: 'gateway', kind: 'gateway', title: 'DM Gateway' })
  plain.push(...shown.map((device) => ({ id: `device ${device}`, kind: 'device' as const, title: device === '' ? 'Unknown device' : device })))
  if (shown.length < devices.length) plain.push({ id: 'others', kind: 'others', title: `${devices.length - shown.length} others` })
  if (devices.length === 0) plain.push({ id: 'others', kind: 'others', title: 'Devices' })
  const step = 100 / plain.length
  return plain.map((lane, i) => ({ ...lane, at: step * (i + 0.5) }))
}

/** The arrow of a row; null for events, which belong to one place only. */
export function arrow(row: TraceRow, all: readonly Lane[]): Arrow | null {
  if (row.kind === 'event' || row.kind === 'connection') return null
  const find = (kind: Lane['kind']): Lane | undefined => all.find((lane) => lane.kind === kind)
  const server = find('server')?.at ?? 0
  const gateway = find('gateway')?.at ?? server
  const device = all.find((lane) => lane.id === `device ${row.device}`)?.at ?? find('others')?.at ?? all.at(-1)?.at ?? 100
  const [high, low] = row.hop === 'S-D' ? [server, device] : row.hop === 'S-G' ? [server, gateway] : [gateway, device]
  return row.direction === 'up' ? { from: low, to: high } : { from: high, to: low }
}
