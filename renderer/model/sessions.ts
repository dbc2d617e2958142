// The sessions pane as a flat list of nodes: device, its sessions, their runs of one package. Pure, so that it can be virtual.
import type { SessionRow, TraceRow } from '../../core/api.ts'
import { graver } from '../../core/syncml/finding.ts'

/** Messages of one package in a row, within a session. */
export interface Run {
  readonly package: string
  readonly first: number
  readonly messages: number
  readonly direction: TraceRow['direction']
}

export type TreeNode =
  | { readonly kind: 'all'; readonly key: string; readonly depth: 0 }
  | {
      readonly kind: 'device'
      readonly key: string
      readonly depth: 0
      readonly device: string
      readonly sessions: number
      readonly open: boolean
      readonly severity: SessionRow['severity']
    }
  | { readonly kind: 'session'; readonly key: string; readonly depth: 1; readonly session: SessionRow; readonly open: boolean }
  | { readonly kind: 'run'; readonly key: string; readonly depth: 2; readonly session: SessionRow; readonly run: Run }
  | { readonly kind: 'more'; readonly key: string; readonly depth: 2; readonly session: SessionRow; readonly count: number }

/** Most runs listed under one session; the rest is one node that says how many. */
export const MOST_RUNS = 60

/** Consecutive rows of one package folded into runs. */
export function runsOf(rows: readonly TraceRow[]): readonly Run[] {
  const out: { package: string; first: number; messages: number; direction: TraceRow['direction'] }[] = []
  for (const row of rows) {
    if (row.kind !== 'message') continue
    const last = out.at(-1)
    if (last !== undefined && last.package === row.package && last.direction === row.direction) last.messages += 1
    else out.push({ package: row.package, first: row.seq, messages: 1, direction: row.direction })
  }
  return out
}

/** Flattens what is open. `sessions` newest first; `shut` are closed devices, `open` opened session keys with their runs. */
export function flatten(sessions: readonly SessionRow[], shut: ReadonlySet<string>, open: ReadonlyMap<number, readonly Run[]>): readonly TreeNode[] {
  const devices = new Map<string, SessionRow[]>()
  for (const session of sessions) devices.set(session.device, [...(devices.get(session.device) ?? []), session])
  const out: TreeNode[] = [{ kind: 'all', key: 'all', depth: 0 }]
  for (const [device, its] of devices) {
    const isOpen = !shut.has(device)
    const severity = its.reduce<SessionRow['severity']>((sum, one) => graver(sum, one.severity), '')
    out.push({ kind: 'device', key: `d${device}`, depth: 0, device, sessions: its.length, open: isOpen, severity })
    if (!isOpen) continue
    for (const session of its) {
      const runs = open.get(session.session)
      out.push({ kind: 'session', key: `s${session.session}`, depth: 1, session, open: runs !== undefined })
      for (const run of (runs ?? []).slice(0, MOST_RUNS)) out.push({ kind: 'run', key: `r${session.session}.${run.first}`, depth: 2, session, run })
      const rest = (runs?.length ?? 0) - MOST_RUNS
      if (rest > 0) out.push({ kind: 'more', key: `m${session.session}`, depth: 2, session, count: rest })
    }
  }
  return out
}
