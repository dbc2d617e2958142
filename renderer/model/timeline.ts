// Messages and log lines of a device on one time axis: what passes, and in which order. Pure.
import type { AdbLogLevel, AdbLogLine, TraceRow } from '../../core/api.ts'

export const LEVELS: readonly (readonly [AdbLogLevel, string])[] = [
  ['V', 'verbose'],
  ['D', 'debug'],
  ['I', 'info'],
  ['W', 'warning'],
  ['E', 'error'],
  ['F', 'fatal'],
]
const GRAVITY: Readonly<Record<AdbLogLevel, number>> = { V: 0, D: 1, I: 2, W: 3, E: 4, F: 5 }

/** One place on the axis: a row of the trace, or a line of the log. */
export type Entry = { readonly at: number; readonly row: TraceRow } | { readonly at: number; readonly line: AdbLogLine }

/** What a person typed: `tag:omadm -tag:chatty 401`. Words without a field are looked for in tag and text; all have to hold. */
export interface LineFilter {
  readonly tags: readonly string[]
  readonly without: readonly string[]
  readonly words: readonly string[]
}

export function readFilter(typed: string): LineFilter {
  const [tags, without, words]: [string[], string[], string[]] = [[], [], []]
  for (const word of typed.toLowerCase().split(/\s+/)) {
    if (word.startsWith('-tag:')) without.push(word.slice(5))
    else if (word.startsWith('tag:')) tags.push(word.slice(4))
    else if (word !== '') words.push(word)
  }
  const said = (list: string[]): string[] => list.filter((one) => one !== '')
  return { tags: said(tags), without: said(without), words }
}

/** Whether a line passes: at least as grave, one of the tags (any, where none is named), none of those left out, every word in tag or text. */
export function passes(line: AdbLogLine, filter: LineFilter, level: AdbLogLevel): boolean {
  if (GRAVITY[line.level] < GRAVITY[level]) return false
  const tag = line.tag.toLowerCase()
  if (filter.tags.length > 0 && !filter.tags.some((one) => tag.includes(one))) return false
  if (filter.without.some((one) => tag.includes(one))) return false
  const text = `${tag} ${line.text.toLowerCase()}`
  return filter.words.every((one) => text.includes(one))
}

/** Rows and lines by time. Each list keeps its own order, also where its clock stepped back; at the same time a row comes first. */
export function merge(rows: readonly TraceRow[], lines: readonly AdbLogLine[]): readonly Entry[] {
  const out: Entry[] = []
  let [i, j] = [0, 0]
  while (i < rows.length || j < lines.length) {
    const row = rows[i]
    const line = lines[j]
    if (line === undefined || (row !== undefined && row.at <= line.at)) {
      if (row !== undefined) out.push({ at: row.at, row })
      i += 1
    } else {
      out.push({ at: line.at, line })
      j += 1
    }
  }
  return out
}

/** Index of the entry that is a row of the trace; -1 where it is not there. */
export const indexOfRow = (entries: readonly Entry[], seq: number): number => entries.findIndex((one) => 'row' in one && one.row.seq === seq)
