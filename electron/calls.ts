// The calls a page may make of the shell, and the check of their arguments: what is not in this table cannot be asked for.

/** Largest file that passes through the shell in one piece, in bytes; larger ones are refused in words, never cut. */
export const FILE_LIMIT = 256 * 1024 * 1024

/** One file the user chose: its name without folders, and its bytes. */
export interface ChosenFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export type Theme = 'system' | 'light' | 'dark'

/** What the page may ask for: name, arguments, answer. */
export interface Calls {
  /** A fresh port to the lab; it is posted to the page once the lab runs. */
  port(): undefined
  /** Open dialog; null where the user cancelled. */
  openCapture(): readonly ChosenFile[] | null
  /** Save dialog and write; the name it was saved under, null where the user cancelled. */
  saveAs(name: string, bytes: Uint8Array): string | null
  /** Opens listed documentation in the system browser after the user said yes; whether it did. */
  openExternal(url: string): boolean
  /** Held messages, shown in the title and on the dock. */
  setTitleBadge(held: number): undefined
  /** A further window at `#view`, following the same lab. */
  openWindow(view: string): undefined
  setTheme(theme: Theme): undefined
  /** Whether the system keeps our secrets encrypted. */
  secretsSafe(): boolean
}

export type CallName = keyof Calls

/** Checks of the arguments by call. Each returns the clean arguments or throws an Error naming the argument. */
export const CHECKS: { readonly [N in CallName]: (args: readonly unknown[]) => Parameters<Calls[N]> } = {
  port: none,
  openCapture: none,
  saveAs: (args) => {
    const [name, bytes] = exactly(args, 2)
    if (typeof name !== 'string' || name.length > 1024) throw new Error('saveAs: name is not a text of at most 1024 characters')
    if (!(bytes instanceof Uint8Array)) throw new Error('saveAs: bytes is not a Uint8Array')
    if (bytes.length > FILE_LIMIT) throw new Error(`saveAs: ${String(bytes.length)} bytes, at most ${String(FILE_LIMIT)} pass in one piece`)
    return [fileName(name), bytes]
  },
  openExternal: (args) => {
    const [url] = exactly(args, 1)
    if (typeof url !== 'string' || url.length > 2048) throw new Error('openExternal: url is not a text of at most 2048 characters')
    return [url]
  },
  setTitleBadge: (args) => {
    const [held] = exactly(args, 1)
    if (typeof held !== 'number' || !Number.isInteger(held) || held < 0 || held > 1_000_000) throw new Error('setTitleBadge: held is not a count')
    return [held]
  },
  openWindow: (args) => {
    const [view] = exactly(args, 1)
    if (typeof view !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9=&/_.-]{0,255}$/.test(view)) throw new Error('openWindow: view is not the name of a view')
    return [view]
  },
  setTheme: (args) => {
    const [theme] = exactly(args, 1)
    if (theme !== 'system' && theme !== 'light' && theme !== 'dark') throw new Error('setTheme: theme is not system, light or dark')
    return [theme]
  },
  secretsSafe: none,
}

/** IPC channel of a call. */
export const channelOf = (name: CallName): string => `desktop:${name}`

/** Channels on which main speaks to a page. */
export const DOWN = { port: 'desktop:port', command: 'desktop:command', lab: 'desktop:lab' } as const

/** A name fit for every file system: no folders, no control or reserved characters, no reserved or empty name, at most 120 characters. */
export function fileName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? ''
  const clean = last.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g, '_').replace(/^[. ]+|[. ]+$/g, '')
  const short = clean.length <= 120 ? clean : clean.slice(0, 100) + clean.slice(-20)
  return short === '' || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(short) ? `dm-lab-${short === '' ? 'export' : short}` : short
}

function none(args: readonly unknown[]): [] {
  exactly(args, 0)
  return []
}

function exactly(args: readonly unknown[], count: number): readonly unknown[] {
  if (args.length !== count) throw new Error(`takes ${String(count)} argument(s), got ${String(args.length)}`)
  return args
}
