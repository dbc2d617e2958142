// Columns of the trace list and which of them fit. The least needed give way first, and the screen says so.

export interface Column {
  readonly id: string
  readonly title: string
  /** Words for the column menu and screen readers. */
  readonly label: string
  /** Least width in px. */
  readonly width: number
  /** Width at which it can be read, px: for its sake columns of `spare` 5 and more give way. */
  readonly good?: number
  /** Share of what is left over; 0 for a fixed column. */
  readonly grow: number
  /** The higher, the sooner it gives way; 0 never. */
  readonly spare: number
  readonly end?: boolean
}

export const COLUMNS: readonly Column[] = [
  { id: 'seq', title: '#', label: 'Number', width: 44, grow: 0, spare: 0, end: true },
  { id: 'time', title: 'Time', label: 'Time of day', width: 96, grow: 0, spare: 3 },
  { id: 'delta', title: 'Δ', label: 'Time since the row above', width: 62, grow: 0, spare: 7, end: true },
  { id: 'dir', title: '', label: 'Direction', width: 24, grow: 0, spare: 0 },
  { id: 'hop', title: 'Hop', label: 'Hop', width: 38, grow: 0, spare: 8 },
  { id: 'device', title: 'Device', label: 'Device', width: 78, grow: 0.2, spare: 4 },
  { id: 'session', title: 'Session', label: 'Session id', width: 54, grow: 0, spare: 6 },
  { id: 'message', title: 'Msg', label: 'Message id and package', width: 50, grow: 0, spare: 5 },
  { id: 'commands', title: 'Commands', label: 'Commands', width: 116, good: 160, grow: 1.3, spare: 0 },
  { id: 'target', title: 'Target', label: 'First target', width: 92, good: 130, grow: 1.2, spare: 2 },
  { id: 'status', title: 'Status', label: 'Statuses', width: 88, grow: 0.4, spare: 0 },
  { id: 'codec', title: 'Codec', label: 'Encoding', width: 52, grow: 0, spare: 9 },
  { id: 'size', title: 'Size', label: 'Body size', width: 58, grow: 0, spare: 6, end: true },
  { id: 'findings', title: 'Lint', label: 'Findings', width: 42, grow: 0, spare: 1 },
]

/** Limits of a width that a person chooses, px. */
export const NARROW = 24
export const BROAD = 800

export interface Fit {
  readonly shown: readonly Column[]
  /** Columns wanted but without room. */
  readonly crowded: readonly Column[]
  /** Value for grid-template-columns. */
  readonly template: string
}

/** Picks the columns for `width` px; `hidden` are those the person switched off, `implied` those that say the same in every row, `own` the widths the person gave. */
export function fitColumns(
  width: number,
  hidden: readonly string[],
  implied: readonly string[] = [],
  own: Readonly<Record<string, number>> = {},
): Fit {
  const wanted = COLUMNS.filter((column) => !hidden.includes(column.id) && !implied.includes(column.id))
  let shown = wanted
  const drop = (enough: (column: Column) => number, least: number): void => {
    while (shown.reduce((sum, column) => sum + (own[column.id] ?? enough(column)), 0) > width) {
      const most = Math.max(...shown.map((column) => column.spare))
      if (most < least) return
      shown = shown.filter((column, i) => !(column.spare === most && i === shown.findLastIndex((one) => one.spare === most)))
    }
  }
  drop((column) => column.good ?? column.width, 5)
  drop((column) => column.width, 1)
  const template = shown.map((column) => track(column, own[column.id])).join(' ')
  return { shown, crowded: wanted.filter((column) => !shown.includes(column)), template }
}

const track = (column: Column, own: number | undefined): string =>
  own !== undefined
    ? `${String(own)}px`
    : column.grow === 0
      ? `${String(column.width)}px`
      : `minmax(${String(column.width)}px, ${String(column.grow)}fr)`
