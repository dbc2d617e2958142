// The ladder diagram as numbers: which lanes there are, and from where to where each row's arrow goes. No drawing here.
import { HAPPENINGS, type HappeningName } from '../../core/mo/events.ts'
import type { Hop, Seq, SessionRow, StepVerdict, TraceRow } from '../../core/api.ts'

/** Who a lane stands for; beyond server, gateway and device they appear where a scenario is shown. */
export type Role = 'server' | 'gateway' | 'device' | 'emi' | 'download' | 'user' | 'provider'

export interface Lane {
  readonly id: string
  readonly kind: Role | 'others'
  readonly title: string
  /** Middle of the lane, per cent of the drawing's width. */
  readonly at: number
}

/** Arrow of one row: per cent of the width, or null where it is no exchange between two parties. */
export interface Arrow {
  readonly from: number
  readonly to: number
}

/** The rows of a scenario's run: which ones, between whom, which step each decided, and which are lit by the step looked at. */
export interface RunRows {
  /** 0 while there are none. */
  readonly first: Seq
  readonly last: Seq
  readonly actors: readonly string[]
  readonly steps: ReadonlyMap<Seq, StepMark>
  readonly lit: ReadonlySet<Seq>
}

/** What stands in the margin of a row that decided a step. */
export interface StepMark {
  readonly label: string
  readonly verdict: StepVerdict
}

/** Most device lanes drawn side by side; further devices share one lane that says so. */
export const MOST_DEVICES = 6

/**
 * Lanes for the devices of a view, newest first as the sessions come; `only` narrows to one device, `room` is the most lanes that fit, `roles` are those its rows
 * speak of: infrastructure and download server get a lane where they take part.
 */
export function lanes(
  sessions: readonly SessionRow[],
  hops: ReadonlySet<Hop>,
  only: string,
  room = MOST_DEVICES + 2,
  roles: ReadonlySet<Role> = new Set(),
): readonly Lane[] {
  const gateway = hops.has('S-G') || hops.has('G-D') || roles.has('gateway')
  const devices = only === '' ? [...new Set(sessions.map((one) => one.device))] : [only]
  const most = Math.max(2, Math.min(MOST_DEVICES, room - (gateway ? 2 : 1) - (roles.has('emi') ? 1 : 0) - (roles.has('download') ? 1 : 0)))
  const shown = devices.length > most ? devices.slice(0, most - 1) : devices
  const plain: Omit<Lane, 'at'>[] = [
    ...(roles.has('emi') ? [{ id: 'emi', kind: 'emi', title: 'Infrastructure' } as const] : []),
    { id: 'server', kind: 'server', title: 'DM Server' },
    ...(roles.has('download') ? [{ id: 'download', kind: 'download', title: 'Download Server' } as const] : []),
  ]
  if (gateway) plain.push({ id: 'gateway', kind: 'gateway', title: 'DM Gateway' })
  plain.push(...shown.map((device) => ({ id: `device ${device}`, kind: 'device' as const, title: device === '' ? 'Unknown device' : device })))
  if (shown.length < devices.length) plain.push({ id: 'others', kind: 'others', title: `${devices.length - shown.length} others` })
  if (devices.length === 0) plain.push({ id: 'others', kind: 'others', title: 'Devices' })
  const step = 100 / plain.length
  return plain.map((lane, i) => ({ ...lane, at: step * (i + 0.5) }))
}

/** Words that tell which role an actor of a scenario has; the first that fits. */
const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/external|infrastructure|\bemi\b/i, 'emi'],
  [/download/i, 'download'],
  [/gateway/i, 'gateway'],
  [/provider/i, 'provider'],
  [/user|person/i, 'user'],
  [/server|\bdms\b/i, 'server'],
  [/device|client/i, 'device'],
]

/** Role of an actor as a scenario names it; null for one that has no lane of its own. */
export function roleOf(actor: string): Role | null {
  return ROLES.find(([word]) => word.test(actor))?.[1] ?? null
}

/** Lanes for the actors of a scenario, left to right as it names them. */
export function actorLanes(actors: readonly string[]): readonly Lane[] {
  const step = 100 / Math.max(1, actors.length)
  return actors.map((title, i) => ({ id: `actor ${title}`, kind: roleOf(title) ?? 'others', title, at: step * (i + 0.5) }))
}

/** Name of an event row whose text begins `name:`, '' where it has none. */
export function eventName(row: Pick<TraceRow, 'text'>): string {
  const name = row.text.slice(0, Math.max(0, row.text.indexOf(':')))
  return Object.hasOwn(HAPPENINGS, name) ? name : ''
}

/** Between whom a row happened, told by what it is; null where that cannot be told. Equal ends: it happened within one. */
export function parties(row: TraceRow): readonly [Role, Role] | null {
  if (row.kind === 'connection') return null
  if (row.kind === 'event') {
    const name = eventName(row)
    if (name === '') return null
    const { from, to } = HAPPENINGS[name as HappeningName]
    const [high, low] = [roleOf(from), roleOf(to)]
    return high === null || low === null ? null : [high, low]
  }
  const fetched = row.kind === 'http' && /\/dl\//.test(`${row.target} ${row.text} ${row.commands.join(' ')}`)
  const [high, low]: [Role, Role] = fetched
    ? ['download', 'device']
    : row.hop === 'S-D'
      ? ['server', 'device']
      : row.hop === 'S-G'
        ? ['server', 'gateway']
        : ['gateway', 'device']
  return row.direction === 'up' ? [low, high] : [high, low]
}

/** The arrow of a row between the actors of a scenario; null where one of its ends has no lane. Equal ends: a note at one lane. */
export function actorArrow(row: TraceRow, all: readonly Lane[]): Arrow | null {
  const ends = parties(row)
  const [from, to] = (ends ?? []).map((role) => all.find((lane) => lane.kind === role)?.at)
  return from === undefined || to === undefined ? null : { from, to }
}

/** The arrow of a row; null for events without a name, and where an end has no lane. Equal ends: a note at one lane. */
export function arrow(row: TraceRow, all: readonly Lane[]): Arrow | null {
  if (row.kind === 'connection') return null
  const ends = parties(row)
  if (row.kind === 'event' || ends?.includes('download') === true) {
    const [from, to] = (ends ?? []).map((role) => placeOf(role, row.device, all))
    return from === undefined || to === undefined ? null : { from, to }
  }
  const find = (kind: Lane['kind']): Lane | undefined => all.find((lane) => lane.kind === kind)
  const server = find('server')?.at ?? 0
  const gateway = find('gateway')?.at ?? server
  const device = all.find((lane) => lane.id === `device ${row.device}`)?.at ?? find('others')?.at ?? all.at(-1)?.at ?? 100
  const [high, low] = row.hop === 'S-D' ? [server, device] : row.hop === 'S-G' ? [server, gateway] : [gateway, device]
  return row.direction === 'up' ? { from: low, to: high } : { from: high, to: low }
}

/** Where a role stands, for a row of this device; undefined where it has no lane. */
function placeOf(role: Role, device: string, all: readonly Lane[]): number | undefined {
  if (role !== 'device') return all.find((lane) => lane.kind === role)?.at
  return (all.find((lane) => lane.id === `device ${device}`) ?? all.find((lane) => lane.kind === 'others'))?.at
}
