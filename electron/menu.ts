// The menu as data. Keys that the page handles itself are shown but not registered, so that page and menu never act twice.

/** What a menu entry tells the page to do: the page's own names of its actions. */
export type Command =
  | 'trace'
  | 'devices'
  | 'tree'
  | 'gateway'
  | 'scenarios'
  | 'jobs'
  | 'palette'
  | 'filter'
  | 'openCapture'
  | 'simulate'
  | 'newJob'
  | 'newFanout'
  | 'runAll'
  | 'continue'
  | 'step'
  | 'drop'
  | 'holdAll'
  | 'shortcuts'

/** What a menu entry asks of the shell itself. */
export type Order = 'new-window' | 'reload' | 'about'

/** One entry. Exactly one of role, command, order, separator or items says what it does. */
export interface Entry {
  readonly label?: string
  readonly key?: string
  /** The page handles this key: show it, do not register it. */
  readonly pageKey?: true
  readonly role?:
    | 'undo'
    | 'redo'
    | 'cut'
    | 'copy'
    | 'paste'
    | 'selectAll'
    | 'resetZoom'
    | 'zoomIn'
    | 'zoomOut'
    | 'togglefullscreen'
    | 'toggleDevTools'
    | 'minimize'
    | 'close'
    | 'quit'
    | 'appMenu'
  readonly command?: Command
  readonly order?: Order
  readonly separator?: true
  readonly items?: readonly Entry[]
}

/** Keys of the page that no menu accelerator may take (they are the page's own, with or without the shell). */
export const PAGE_KEYS: readonly string[] = [
  ...Array.from({ length: 9 }, (_, n) => `CmdOrCtrl+${String(n + 1)}`),
  ...['K', 'F', 'T', 'E', '[', ']', 'F8', 'Shift+F', 'Shift+C', 'Shift+N'].map((key) => `CmdOrCtrl+${key}`),
  ...['F1', 'F6', 'Shift+F6', 'F8', 'F10', 'Shift+F8', 'Alt+1', 'Alt+2', 'Alt+3', 'Alt+P'],
]

const line: Entry = { separator: true }
const page = (label: string, command: Command, key?: string): Entry => ({
  label,
  command,
  ...(key === undefined ? {} : { key, pageKey: true as const }),
})

/** The menu bar. `developer` adds the developer tools (never in a packaged application). */
export function menu(platform: string, developer: boolean): readonly Entry[] {
  const mac = platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      items: [
        { label: 'New Window', order: 'new-window', key: 'CmdOrCtrl+N' },
        { label: 'Open Capture…', command: 'openCapture', key: 'CmdOrCtrl+O' },
        line,
        { label: 'Close Window', role: 'close' },
        ...(mac ? [] : [{ label: 'Quit', role: 'quit' as const }]),
      ],
    },
    {
      label: '&Edit',
      items: [
        { role: 'undo' },
        { role: 'redo' },
        line,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
        line,
        page('Filter', 'filter', 'CmdOrCtrl+F'),
      ],
    },
    {
      label: '&View',
      items: [
        page('Trace', 'trace', 'CmdOrCtrl+1'),
        page('Devices', 'devices', 'CmdOrCtrl+2'),
        page('Tree', 'tree', 'CmdOrCtrl+3'),
        page('Gateway', 'gateway', 'CmdOrCtrl+4'),
        page('Scenarios', 'scenarios', 'CmdOrCtrl+5'),
        page('Jobs', 'jobs', 'CmdOrCtrl+9'),
        line,
        page('Command Palette', 'palette', 'CmdOrCtrl+K'),
        line,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        line,
        { label: 'Reload Window', order: 'reload', key: 'CmdOrCtrl+Shift+R' },
        ...(developer ? [{ role: 'toggleDevTools' as const }] : []),
      ],
    },
    {
      label: '&Lab',
      items: [
        page('Start Simulated Device', 'simulate'),
        page('New Job…', 'newJob'),
        page('New Fan-out…', 'newFanout'),
        page('Run All Scenarios', 'runAll'),
        line,
        page('Continue Held Message', 'continue', 'F8'),
        page('Step', 'step', 'F10'),
        page('Drop Held Message…', 'drop', 'Shift+F8'),
        page('Breakpoints On or Off', 'holdAll', 'CmdOrCtrl+F8'),
      ],
    },
    { label: '&Window', items: [{ role: 'minimize' }, { role: 'close' }] },
    {
      label: '&Help',
      items: [page('Keyboard Shortcuts', 'shortcuts', 'F1'), ...(mac ? [] : [{ label: 'About DM Lab', order: 'about' as const }])],
    },
  ]
}
