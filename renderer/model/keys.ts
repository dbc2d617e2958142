// Every key the window knows, as data: the handler and the shortcut sheet read the same table.

export interface Key {
  readonly id: string
  /** Chords such as `Ctrl+K`; all do the same. The first is shown in menus. */
  readonly chords: readonly string[]
  readonly label: string
  readonly group: 'Window' | 'Rows' | 'Message' | 'Held messages' | 'Tree' | 'Lists, trees and tabs'
  /** `grid`: only while a list, ladder or tree has the focus. `free`: anywhere but in a text field. */
  readonly where: 'anywhere' | 'free' | 'grid'
  /** The part that has the focus takes it itself; the sheet tells of it. */
  readonly own?: true
}

export const KEYS: readonly Key[] = [
  { id: 'palette', chords: ['Ctrl+K', 'Ctrl+Shift+P'], label: 'Command palette', group: 'Window', where: 'anywhere' },
  { id: 'trace', chords: ['Ctrl+1', 'Alt+Shift+1'], label: 'Trace', group: 'Window', where: 'anywhere' },
  { id: 'devices', chords: ['Ctrl+2', 'Alt+Shift+2'], label: 'Devices', group: 'Window', where: 'anywhere' },
  { id: 'tree', chords: ['Ctrl+3', 'Alt+Shift+3'], label: 'Tree', group: 'Window', where: 'anywhere' },
  { id: 'gateway', chords: ['Ctrl+4', 'Alt+Shift+4'], label: 'Gateway', group: 'Window', where: 'anywhere' },
  { id: 'scenarios', chords: ['Ctrl+5', 'Alt+Shift+5'], label: 'Scenarios', group: 'Window', where: 'anywhere' },
  { id: 'jobs', chords: ['Ctrl+9', 'Alt+Shift+9'], label: 'Jobs', group: 'Window', where: 'anywhere' },
  { id: 'paneLeft', chords: ['Ctrl+[', 'Shift+F6'], label: 'Focus the pane to the left', group: 'Window', where: 'anywhere' },
  { id: 'paneRight', chords: ['Ctrl+]', 'F6'], label: 'Focus the pane to the right', group: 'Window', where: 'anywhere' },
  { id: 'shortcuts', chords: ['?', 'F1'], label: 'All shortcuts', group: 'Window', where: 'free' },
  { id: 'filter', chords: ['Ctrl+F'], label: 'Filter', group: 'Rows', where: 'anywhere' },
  { id: 'filterHere', chords: ['/'], label: 'Filter, or the search field beside a list', group: 'Rows', where: 'grid' },
  { id: 'next', chords: ['j', 'ArrowDown'], label: 'Next row', group: 'Rows', where: 'grid' },
  { id: 'previous', chords: ['k', 'ArrowUp'], label: 'Previous row', group: 'Rows', where: 'grid' },
  { id: 'pageDown', chords: ['PageDown'], label: 'One page down', group: 'Rows', where: 'grid' },
  { id: 'pageUp', chords: ['PageUp'], label: 'One page up', group: 'Rows', where: 'grid' },
  { id: 'firstRow', chords: ['Home'], label: 'First row', group: 'Rows', where: 'grid' },
  { id: 'lastRow', chords: ['End'], label: 'Last row', group: 'Rows', where: 'grid' },
  { id: 'nextFinding', chords: ['n'], label: 'Next row with a finding', group: 'Rows', where: 'grid' },
  { id: 'previousFinding', chords: ['N'], label: 'Previous row with a finding', group: 'Rows', where: 'grid' },
  { id: 'inspect', chords: ['Enter'], label: 'Go to the inspector', group: 'Rows', where: 'grid' },
  { id: 'ladder', chords: ['l', 'L'], label: 'List or ladder', group: 'Rows', where: 'grid' },
  { id: 'back', chords: ['Escape'], label: 'Back to the rows', group: 'Message', where: 'anywhere' },
  { id: 'decoded', chords: ['Alt+1', 'Ctrl+Alt+1'], label: 'Decoded', group: 'Message', where: 'anywhere' },
  { id: 'raw', chords: ['Alt+2', 'Ctrl+Alt+2'], label: 'Raw', group: 'Message', where: 'anywhere' },
  { id: 'hex', chords: ['Alt+3', 'Ctrl+Alt+3'], label: 'Hex', group: 'Message', where: 'anywhere' },
  { id: 'continue', chords: ['F8'], label: 'Continue the oldest held message', group: 'Held messages', where: 'anywhere' },
  { id: 'step', chords: ['F10'], label: 'Step: let it go, hold the next of its session', group: 'Held messages', where: 'anywhere' },
  { id: 'drop', chords: ['Shift+F8'], label: 'Drop it (asks first)', group: 'Held messages', where: 'anywhere' },
  { id: 'holdAll', chords: ['Ctrl+F8'], label: 'Breakpoints on or off', group: 'Held messages', where: 'anywhere' },
  { id: 'rowMenu', chords: ['Shift+F10'], label: 'Menu of the row: only such rows, or none', group: 'Rows', where: 'grid', own: true },
  { id: 'openLine', chords: ['ArrowRight'], label: 'Open a line, or go in', group: 'Lists, trees and tabs', where: 'grid', own: true },
  { id: 'shutLine', chords: ['ArrowLeft'], label: 'Shut a line, or go out', group: 'Lists, trees and tabs', where: 'grid', own: true },
  { id: 'goIn', chords: ['Enter'], label: 'Go to what the line is about', group: 'Lists, trees and tabs', where: 'grid', own: true },
  { id: 'mark', chords: [' '], label: 'Mark or unmark; open or shut', group: 'Lists, trees and tabs', where: 'grid', own: true },
  { id: 'markAll', chords: ['Ctrl+A', '*'], label: 'Mark all', group: 'Lists, trees and tabs', where: 'grid', own: true },
  { id: 'jump', chords: ['A … Z'], label: 'Jump to a name (tree, scenarios)', group: 'Lists, trees and tabs', where: 'grid', own: true },
  {
    id: 'tabs',
    chords: ['ArrowLeft', 'ArrowRight'],
    label: 'Another tab, while tabs have the focus',
    group: 'Lists, trees and tabs',
    where: 'grid',
    own: true,
  },
  {
    id: 'size',
    chords: ['ArrowLeft', 'ArrowRight'],
    label: 'Size of a pane, while its edge has the focus',
    group: 'Lists, trees and tabs',
    where: 'grid',
    own: true,
  },
  { id: 'earlier', chords: ['['], label: 'Tree as it was one message before', group: 'Tree', where: 'grid' },
  { id: 'later', chords: [']'], label: 'Tree one message later', group: 'Tree', where: 'grid' },
]

/** A key press in the table's spelling: `Ctrl+Shift+P`, `j`, `?`. Cmd counts as Ctrl. */
export function chord(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'code'>): string {
  // With Alt, or with Shift on a digit, the character depends on the layout: take the key itself.
  const digit = /^Digit(\d)$/.exec(event.code)?.[1]
  const key = digit !== undefined && (event.altKey || event.ctrlKey) ? digit : event.key
  const held = [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '']
  const named = key.length > 1
  if (event.shiftKey && (named || event.ctrlKey || event.metaKey || event.altKey)) held.push('Shift')
  const plain = held.every((one) => one === '')
  return [...held, named || plain ? key : key.toUpperCase()].filter((one) => one !== '').join('+')
}

/** Where the focus is, for deciding which keys act. */
export interface Where {
  readonly grid: boolean
  readonly typing: boolean
  readonly letters: boolean
}

/** The action of a key press, or null. Letters act only where `where` allows it. */
export function action(pressed: string, where: Where): string | null {
  for (const key of KEYS) {
    if (key.own === true || !key.chords.includes(pressed)) continue
    if (key.where === 'grid' && !where.grid) continue
    if (pressed.length === 1 && (!where.letters || where.typing)) continue
    return key.id
  }
  return null
}
