// Two trees compared, in words: which sides there are to choose from, and what a difference says. Pure.
import type { SnapshotRow, TreeChange, TreeDiff, TreeRef } from '../../core/api.ts'
import { clock, shortTime } from './words.ts'

/** A side of a comparison: its key for a select, what it is called, the reference. */
export interface Side {
  readonly key: string
  readonly label: string
  readonly ref: TreeRef
  /** Device the tree belongs to; '' where none (an imported snapshot). */
  readonly device: string
}

/** What can be compared: the device now, the moment looked at, the snapshots, the other devices. */
export function sides(
  device: string,
  moment: { readonly seq: number; readonly at: number } | null,
  snapshots: readonly SnapshotRow[],
  devices: readonly string[],
  now: number,
): readonly Side[] {
  const live = (id: string): Side => ({ key: `device ${id}`, label: `${id}, now`, ref: { device: id }, device: id })
  return [
    ...(device === '' ? [] : [live(device)]),
    ...(device === '' || moment === null
      ? []
      : [
          {
            key: `moment ${moment.seq}`,
            label: `${device}, after row ${moment.seq} (${clock(moment.at)})`,
            ref: { device, after: moment.seq },
            device,
          },
        ]),
    ...snapshots.map((one) => ({
      key: `snapshot ${one.name}`,
      label: `Snapshot ${one.name}${one.device === '' ? ', imported' : ` of ${one.device}`}, ${shortTime(one.takenAt, now)}`,
      ref: { snapshot: one.name },
      device: one.device,
    })),
    ...devices.filter((id) => id !== device).map(live),
  ]
}

export const MARKS: Readonly<Record<TreeChange['kind'], { readonly mark: string; readonly word: string; readonly tone: string }>> = {
  added: { mark: '+', word: 'added', tone: 'good' },
  removed: { mark: '−', word: 'removed', tone: 'bad' },
  changed: { mark: '≠', word: 'changed', tone: 'warn' },
}

/** `2 added, 1 removed, 4 changed; 3 nodes not compared …`. */
export function diffWords(diff: TreeDiff): string {
  const n = (value: number): string => value.toLocaleString('en')
  const of = (kind: TreeChange['kind']): number => diff.changes.filter((one) => one.kind === kind).length
  const parts = (['added', 'removed', 'changed'] as const).flatMap((kind) => (of(kind) === 0 ? [] : [`${n(of(kind))} ${kind}`]))
  const found = diff.changes.length === 0 ? 'No difference' : parts.join(', ')
  const more = diff.more > 0 ? `; ${n(diff.more)} further differences are not listed` : ''
  const unknown =
    diff.unknown > 0 ? `; ${n(diff.unknown)} ${diff.unknown === 1 ? 'node' : 'nodes'} not compared, because one side never fetched them` : ''
  return `${found}${more}${unknown}.`
}

/** One line for a change: the properties that differ. */
export function changeWords(change: TreeChange): string {
  return change.properties.map(({ name, a, b }) => (name === 'value' ? `${quote(a)} → ${quote(b)}` : `${name}: ${quote(a)} → ${quote(b)}`)).join('; ')
}

function quote(text: string): string {
  if (text === '') return 'empty'
  const one = text.replace(/\s+/g, ' ')
  return one.length > 80 ? `${one.slice(0, 79)}…` : one
}

/** A name for a snapshot that is not taken yet: `IMEI…0640000 after row 120`. */
export function snapshotName(device: string, seq: number, taken: ReadonlySet<string>): string {
  const base = `${device} at row ${seq}`
  if (!taken.has(base)) return base
  for (let n = 2; ; n++) if (!taken.has(`${base} (${n})`)) return `${base} (${n})`
}
