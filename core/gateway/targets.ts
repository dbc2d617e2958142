// Whom a fan-out is for: lists, groups, all, narrowed by mode and filter; fixed when the job starts (gwmo sheet 4.3, INFERRED).
import type { Mode } from '../mo/gwmo.ts'

/** A record of the inventory as far as targets are concerned. */
export interface Candidate {
  readonly localId: string
  readonly deviceId: string
  readonly mode: Mode
  readonly registered: boolean
  /** May the starting server Get the record? */
  readonly allowed: boolean
  /** Leaves below the record by path (`Protocol`, `State`, `DevInfo/Mod`). */
  readonly leaves: ReadonlyMap<string, string>
}

export interface TargetWish {
  readonly devices: readonly string[]
  readonly groups: readonly string[]
  readonly all: boolean
  readonly mode: Mode | null
  readonly filter: string
}

/** One target, served or answered at once: `code` says why it gets no session. `name` becomes the node's name. */
export interface Target {
  readonly name: string
  readonly deviceId: string
  readonly code: 404 | 406 | 425 | null
}

export interface Term {
  readonly leaf: string
  readonly value: string
  readonly prefix: boolean
}

/** A TargetFilter that does not parse; the Add or Replace gets 415. */
export class FilterError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at character ${offset}`)
    this.offset = offset
  }
}

/** Terms `leaf=value` joined by `&`; `*` at the end of a value matches any rest; `& = * %` inside a value are written %26 %3D %2A %25. */
export function readFilter(text: string): readonly Term[] {
  let offset = 0
  return text.split('&').map((piece) => {
    const at = offset
    offset += piece.length + 1
    const equals = piece.indexOf('=')
    if (equals <= 0) throw new FilterError('a term is leaf=value', at)
    const raw = piece.slice(equals + 1)
    const prefix = raw.endsWith('*')
    const value = prefix ? raw.slice(0, -1) : raw
    const odd = value.search(/[=*]|%(?!(25|26|2A|3D))/)
    if (odd >= 0) throw new FilterError(`${value[odd] ?? ''} must be written as %XX`, at + equals + 1 + odd)
    return {
      leaf: piece.slice(0, equals),
      value: value.replace(/%(25|26|2A|3D)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
      prefix,
    }
  })
}

export function matches(terms: readonly Term[], leaves: ReadonlyMap<string, string>): boolean {
  return terms.every(({ leaf, value, prefix }) => {
    const found = leaves.get(leaf)
    return found !== undefined && (prefix ? found.startsWith(value) : found === value)
  })
}

/** True where the wish names nobody at all (412 at the start). */
export function emptyWish({ devices, groups, all, mode, filter }: TargetWish): boolean {
  return devices.length === 0 && groups.length === 0 && !all && mode === null && filter === ''
}

/** The targets, in the order they are named, nobody twice. `groups` gives the members of a group; undefined for an unknown one. Throws FilterError. */
export function selectTargets(
  wish: TargetWish,
  records: readonly Candidate[],
  groups: (id: string) => readonly string[] | undefined,
): readonly Target[] {
  const terms = wish.filter === '' ? [] : readFilter(wish.filter)
  const byId = new Map(records.map((record) => [record.deviceId, record]))
  const narrowed = (record: Candidate): boolean => (wish.mode === null || record.mode === wish.mode) && matches(terms, record.leaves)
  const named: string[] = [...wish.devices]
  const lost: string[] = []
  for (const group of wish.groups) {
    const members = groups(group)
    if (members === undefined) lost.push(group)
    else named.push(...members)
  }
  const everyone = wish.all || (wish.devices.length === 0 && wish.groups.length === 0)
  if (everyone) named.push(...records.filter(({ registered }) => registered).map(({ deviceId }) => deviceId))
  let unknown = 0
  const targets = [...new Set(named)].flatMap((deviceId): Target[] => {
    const record = byId.get(deviceId)
    if (record === undefined) return [{ name: `u${++unknown}`, deviceId, code: 404 }]
    if (!narrowed(record)) return []
    const code = !record.allowed ? 425 : record.mode === 0 ? 406 : null
    return [{ name: record.localId, deviceId, code }]
  })
  return [...targets, ...lost.map((group): Target => ({ name: group, deviceId: group, code: 404 }))]
}
