// A fan-out as rungs of a ladder: its devices as one bundle that opens into devices and their rows, and the gap in which server and gateway hold no session. Pure.
import type { FanoutMatrix, MatrixDevice, Seq, TraceRow } from '../../core/api.ts'
import { eventName, parties, type Arrow, type Lane, type Role } from './ladder.ts'
import { deviceLook } from './gateway.ts'

/** One line of the ladder. `parted`: server and gateway hold no session here. `level` as in a tree. */
export type Rung =
  | { readonly kind: 'row'; readonly key: string; readonly level: 1 | 2 | 3; readonly seq: Seq; readonly at: number; readonly parted: boolean }
  | {
      readonly kind: 'bundle'
      readonly key: 'bundle'
      readonly level: 1
      readonly at: number
      readonly to: number
      readonly open: boolean
      readonly devices: number
      readonly rows: number
      readonly parted: boolean
    }
  | {
      readonly kind: 'device'
      readonly key: string
      readonly level: 2
      readonly device: MatrixDevice
      readonly at: number
      readonly to: number
      readonly open: boolean
      readonly rows: number
      readonly parted: boolean
    }
  | {
      readonly kind: 'gap'
      readonly key: string
      readonly level: 1
      readonly at: number
      readonly ms: number
      readonly open: boolean
      readonly parted: true
    }

/** Rows a little outside of what the gateway noted still belong to a device: the note is made while the message is handled, ms. */
const SLACK = 500
/** Clocks of attached labs are measured, not the same: a row may seem this much older than what caused it, ms. */
const EARLY = 20
/** Shorter breaks between two sessions are none, ms. */
const LEAST_GAP = 50

/** True for rows of the ladder of this fan-out: the northern leg, its devices, and what happened off the wire. */
export function belongs(row: TraceRow, matrix: FanoutMatrix, devices: ReadonlySet<string>): boolean {
  if (row.kind === 'connection') return false
  if (row.kind === 'event') {
    const name = eventName(row)
    if (!/^(gateway|server|emi)\./.test(name) || /^(server\.relation|gateway\.carries)$/.test(name)) return false
    const other = /^(server\.fanout|gateway\.job|emi\.)/.test(name) && !row.text.includes(matrix.fanout.id)
    return !other && (row.device === '' || row.device === matrix.fanout.gateway || devices.has(row.device))
  }
  return row.hop === 'S-G' || (row.hop === 'G-D' && (devices.has(row.device) || (row.device === '' && row.kind === 'http')))
}

/** Rungs of a fan-out in the order of time; `open` holds the keys of what stands open; `now` ends a gap that still lasts. */
export function rungs(all: Iterable<TraceRow>, matrix: FanoutMatrix, open: ReadonlySet<string>, now: number): readonly Rung[] {
  const devices = new Map(matrix.devices.map((device) => [device.deviceId, device]))
  const ids = new Set(devices.keys())
  const since = matrix.fanout.createdAt - EARLY
  const rows = [...all].filter((row) => row.at >= since && belongs(row, matrix, ids)).sort((a, b) => a.at - b.at || a.seq - b.seq)
  const inner = inside(rows, devices, matrix)
  const outer = rows.filter((row) => !inner.has(row.seq))
  const gaps = gapsOf(outer, matrix, now)
  const parted = (at: number): boolean => gaps.some((gap) => at > gap.from && at < gap.to)
  const plain = (row: TraceRow, level: 1 | 3): Rung => ({
    kind: 'row',
    key: `r${String(row.seq)}`,
    level,
    seq: row.seq,
    at: row.at,
    parted: parted(row.at),
  })
  const out: Rung[] = outer.map((row) => plain(row, 1))
  for (const { from, to, ends } of gaps)
    out.push({ kind: 'gap', key: `g${String(from)}`, level: 1, at: from + 0.001, ms: to - from, open: !ends, parted: true })
  const bundled = rows.filter((row) => inner.has(row.seq))
  const [first] = bundled
  if (first !== undefined) {
    const to = bundled.at(-1)?.at ?? first.at
    const stands = open.has('bundle')
    out.push({
      kind: 'bundle',
      key: 'bundle',
      level: 1,
      at: first.at - 0.001,
      to,
      open: stands,
      devices: matrix.devices.length,
      rows: bundled.length,
      parted: parted(first.at),
    })
  }
  out.sort((a, b) => a.at - b.at)
  if (!open.has('bundle')) return out
  const at = out.findIndex(({ kind }) => kind === 'bundle')
  if (at >= 0) out.splice(at + 1, 0, ...opened(bundled, inner, matrix, open, plain, parted))
  return out
}

function opened(
  bundled: readonly TraceRow[],
  inner: ReadonlyMap<Seq, string>,
  matrix: FanoutMatrix,
  open: ReadonlySet<string>,
  plain: (row: TraceRow, level: 3) => Rung,
  parted: (at: number) => boolean,
): Rung[] {
  const by = new Map<string, TraceRow[]>()
  for (const row of bundled) {
    const id = inner.get(row.seq) ?? ''
    const list = by.get(id)
    if (list === undefined) by.set(id, [row])
    else list.push(row)
  }
  return matrix.devices.flatMap((device): Rung[] => {
    const own = by.get(device.deviceId) ?? []
    const key = `d${device.deviceId}`
    const stands = open.has(key)
    const at = own[0]?.at ?? device.notifiedAt
    const head: Rung = { kind: 'device', key, level: 2, device, at, to: own.at(-1)?.at ?? at, open: stands, rows: own.length, parted: parted(at) }
    return stands ? [head, ...own.map((row) => plain(row, 3))] : [head]
  })
}

/** Which device of the fan-out a row is part of, by row. A session that began for it belongs to it whole. */
function inside(rows: readonly TraceRow[], devices: ReadonlyMap<string, MatrixDevice>, matrix: FanoutMatrix): Map<Seq, string> {
  const begin = Math.max(matrix.fanout.createdAt, matrix.startedAt - SLACK)
  const sessions = new Set<number>()
  const found = new Map<Seq, string>()
  for (const row of rows) {
    if (row.kind === 'event' ? !eventName(row).startsWith('gateway.') : row.hop === 'S-G') continue
    const device = devices.get(row.device)
    if (device === undefined) continue
    const end = device.endedAt === 0 ? Number.POSITIVE_INFINITY : device.endedAt + SLACK
    const began = sessions.has(row.session)
    if (row.at < begin || (row.at > end && !(began && row.session !== 0))) continue
    if (row.session !== 0) sessions.add(row.session)
    found.set(row.seq, row.device)
  }
  return found
}

interface Gap {
  readonly from: number
  readonly to: number
  /** False while it still lasts. */
  readonly ends: boolean
}

/** Between the end of one session of the gateway with the server and the begin of the next: nothing comes to the server (flow Y'). */
function gapsOf(outer: readonly TraceRow[], matrix: FanoutMatrix, now: number): Gap[] {
  const sessions: { session: number; from: number; to: number }[] = []
  for (const row of outer) {
    if (row.hop !== 'S-G' || row.kind !== 'message') continue
    const last = sessions.find(({ session }) => session === row.session)
    if (last === undefined) sessions.push({ session: row.session, from: row.at, to: row.at })
    else last.to = row.at
  }
  const gaps: Gap[] = []
  let to = sessions[0]?.to ?? 0
  for (const next of sessions.slice(1)) {
    if (next.from - to > LEAST_GAP) gaps.push({ from: to, to: next.from, ends: true })
    to = Math.max(to, next.to)
  }
  const running = matrix.fanout.state === 'running' && sessions.length > 0 && matrix.devices.some(({ code }) => code === 0 || code === 202)
  if (running && now - to > LEAST_GAP) gaps.push({ from: to, to: now, ends: false })
  return gaps
}

/** Lanes of a fan-out: who takes part, left to right; devices side by side as far as `room` lanes fit, else in one. */
export function fanLanes(rows: Iterable<TraceRow>, matrix: FanoutMatrix, room: number): readonly Lane[] {
  const roles = new Set<Role>()
  for (const row of rows) for (const role of parties(row) ?? []) roles.add(role)
  const plain: Omit<Lane, 'at'>[] = []
  if (roles.has('emi')) plain.push({ id: 'emi', kind: 'emi', title: 'Infrastructure' })
  plain.push({ id: 'server', kind: 'server', title: 'DM Server' })
  if (roles.has('download')) plain.push({ id: 'download', kind: 'download', title: 'Download Server' })
  plain.push({ id: 'gateway', kind: 'gateway', title: 'DM Gateway' })
  const left = Math.max(1, room - plain.length)
  if (matrix.devices.length <= left)
    plain.push(...matrix.devices.map(({ deviceId }) => ({ id: `device ${deviceId}`, kind: 'device' as const, title: deviceId })))
  else plain.push({ id: 'others', kind: 'others', title: `${String(matrix.devices.length)} end devices` })
  const step = 100 / plain.length
  return plain.map((lane, i) => ({ ...lane, at: step * (i + 0.5) }))
}

/** The arrow of a row between such lanes; equal ends: it happened within one. */
export function fanArrow(row: TraceRow, lanes: readonly Lane[]): Arrow | null {
  const ends = parties(row)
  if (ends === null) return null
  const at = (role: Role): number | undefined =>
    role === 'device'
      ? (lanes.find(({ id }) => id === `device ${row.device}`) ?? lanes.find(({ kind }) => kind === 'others') ?? lanes.at(-1))?.at
      : lanes.find(({ kind }) => kind === role)?.at
  const [from, to] = [at(ends[0]), at(ends[1])]
  return from === undefined || to === undefined ? null : { from, to }
}

/** What a bundle says of its devices: `2 ok, 1 failed, 1 waiting`; and the tone of the worst. */
export function bundleTone(devices: readonly MatrixDevice[]): 'good' | 'bad' | 'warn' | 'accent' {
  const tones = new Set(devices.map((device) => deviceLook(device).tone))
  return tones.has('bad') ? (tones.has('good') ? 'warn' : 'bad') : tones.has('warn') || tones.has('accent') || tones.has('soft') ? 'accent' : 'good'
}

/** Commands as a sentence: `Add×4, Exec`. */
export function commandWords(commands: readonly { readonly kind: string }[]): string {
  const runs: { kind: string; times: number }[] = []
  for (const { kind } of commands) {
    const last = runs.at(-1)
    if (last?.kind === kind) last.times += 1
    else runs.push({ kind, times: 1 })
  }
  return runs.map(({ kind, times }) => (times === 1 ? kind : `${kind}×${String(times)}`)).join(', ')
}
