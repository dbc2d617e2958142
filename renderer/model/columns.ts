// Columns of the trace list and which of them fit. The least needed give way first, and the screen says so.

export interface Column {
  readonly id: string
  readonly title: string
  /** Words for the column menu and screen readers. */
  readonly label: string
  /** Least width in px. */
  readonly width: number
  /** Share of what is left over; 0 for a fixed column. */
  readonly grow: number
  /** The higher, the sooner it gives way; 0 never. */
  readonly spare: number
  readonly end?: boolean
}

export const COLUMNS: readonly Column[] = [
  { id: 'seq', title: '#', label: 'Number', width: 46, grow: 0, spare: 0, end: true },
  { id: 'time', title: 'Time', label: 'Time of day', width: 100, grow: 0, spare: 3 },
  { id: 'delta', title: 'Δ', label: 'Time since the row above', width: 62, grow: 0, spare: 7, end: true },
  { id: 'dir', title: '', label: 'Direction', width: 26, grow: 0, spare: 0 },
  { id: 'hop', title: 'Hop', label: 'Hop', width: 38, grow: 0, spare: 8 },
  { id: 'device', title: 'Device', label: 'Device', width: 84, grow: 0.7, spare: 4 },
  { id: 'session', title: 'Session', label: 'Session id', width: 54, grow: 0, spare: 6 },
  { id: 'message', title: 'Msg', label: 'Message id and package', width: 50, grow: 0, spare: 2 },
  { id: 'commands', title: 'Commands', label: 'Commands', width: 116, grow: 1.4, spare: 0 },
  { id: 'target', title: 'Target', label: 'First target', width: 92, grow: 1.2, spare: 5 },
  { id: 'status', title: 'Status', label: 'Statuses', width: 90, grow: 0.5, spare: 0 },
  { id: 'codec', title: 'Codec', label: 'Encoding', width: 50, grow: 0, spare: 9 },
  { id: 'size', title: 'Size', label: 'Body size', width: 58, grow: 0, spare: 6, end: true },
  { id: 'findings', title: 'Lint', label: 'Findings', width: 42, grow: 0, spare: 1 },
]

export interface Fit {
  readonly shown: readonly Column[]
  /** Columns wanted but without room. */
  readonly crowded: readonly Column[]
  /** Value for grid-template-columns. */
  readonly template: string
}

/** Picks the columns for `width` px; `hidden` are those the person switched off, `implied` those that say the same in every row. */
export function fitColumns(width: number, hidden: readonly string[], implied: readonly string[] = []): Fit {
  const wanted = COLUMNS.filter((column) => !hidden.includes(column.id) && !implied.includes(column.id))
  let shown = wanted
  const need = (list: readonly Column[]): number => list.reduce((sum, column) => sum + column.width, 0)
  while (need(shown) > width) {
    const most = Math.max(...shown.map((column) => column.spare))
    if (most <= 0) break
    shown = shown.filter((column, i) => !(column.spare === most && i === shown.findLastIndex((one) => one.spare === most)))
  }
  const template = shown.map((c) => (c.grow === 0 ? `${c.width}px` : `minmax(${c.width}px, ${c.grow}fr)`)).join(' ')
  return { shown, crowded: wanted.filter((column) => !shown.includes(column)), template }
}
