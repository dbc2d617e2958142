// Opens, remembers and guards windows. A window's page may crash or close; the lab goes on without it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { BrowserWindow, app, dialog, nativeTheme, screen, shell } from 'electron'
import type { WebContents } from 'electron'
import type { WindowState } from './desktop.ts'
import { HOME, SECURE, externalUrl, isOwnPage, mayReload, place, readStates } from './desktop.ts'

/** More windows than this are refused in words. */
const MOST_WINDOWS = 16

export interface Windows {
  /** Opens a window at `#view` ('' the first screen). */
  open(view: string): BrowserWindow
  /** Brings some window to the front, or opens one. */
  focus(): void
  /** Sends to every page. */
  tell(channel: string, value: unknown): void
}

/** Windows whose state is kept in the JSON file `stateFile` and whose pages get `preload`. */
export function keepWindows(preload: string, stateFile: string, title: string): Windows {
  const states = readStates(readText(stateFile))
  const remember = (key: string, window: BrowserWindow): void => {
    states.set(key, { ...window.getNormalBounds(), maximized: window.isMaximized() })
    writeText(stateFile, JSON.stringify(Object.fromEntries(states)))
  }
  const open = (view: string): BrowserWindow => {
    if (BrowserWindow.getAllWindows().length >= MOST_WINDOWS) throw new Error(`at most ${String(MOST_WINDOWS)} windows`)
    const key = view === '' ? 'main' : (view.split(/[=&/]/)[0] ?? 'main')
    const saved: WindowState | null = states.get(key) ?? null
    const window = new BrowserWindow({
      ...place(
        saved,
        screen.getAllDisplays().map((display) => display.workArea),
      ),
      minWidth: 800,
      minHeight: 500,
      show: false,
      title,
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#16181d' : '#ffffff',
      webPreferences: { ...SECURE, preload },
    })
    window.once('ready-to-show', () => {
      if (saved?.maximized === true) window.maximize()
      window.show()
    })
    window.on('page-title-updated', (event) => event.preventDefault())
    window.on('close', () => remember(key, window))
    mendCrashes(window)
    void window.loadURL(view === '' ? HOME : `${HOME}#${view}`).catch((error: unknown) => {
      dialog.showErrorBox('The window cannot be shown', error instanceof Error ? error.message : String(error))
    })
    return window
  }
  return {
    open,
    focus: () => {
      const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0] ?? open('')
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
    },
    tell: (channel, value) => {
      for (const window of BrowserWindow.getAllWindows()) if (!window.isDestroyed()) window.webContents.send(channel, value)
    },
  }
}

/** Guards any contents the application ever makes: no other page, no further window, no webview. */
export function guard(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!event.isMainFrame || !isOwnPage(event.url)) event.preventDefault()
  })
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame || !isOwnPage(event.url)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    const window = BrowserWindow.fromWebContents(contents)
    if (window !== null && externalUrl(url) !== null) void openExternal(window, url)
    return { action: 'deny' }
  })
}

/** Opens listed documentation in the system browser after a yes; false where it was refused, by the list or by the user. */
export async function openExternal(window: BrowserWindow, url: string): Promise<boolean> {
  const target = externalUrl(url)
  if (target === null) return false
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: 'Open this page in your browser?',
    detail: target,
    buttons: ['Open', 'Cancel'],
    defaultId: 1,
    cancelId: 1,
    noLink: true,
  })
  if (response !== 0) return false
  await shell.openExternal(target)
  return true
}

function mendCrashes(window: BrowserWindow): void {
  const crashes: number[] = []
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit' || window.isDestroyed()) return
    const now = performance.now()
    crashes.push(now)
    if (mayReload(crashes, now)) window.webContents.reload()
    else
      void ask(window, 'This window has crashed several times', `Recording goes on without it. Reason: ${details.reason}.`, [
        'Reload',
        'Close Window',
      ])
  })
  window.on(
    'unresponsive',
    () => void ask(window, 'This window does not respond', 'Recording goes on without it.', ['Reload', 'Close Window', 'Wait']),
  )
}

async function ask(window: BrowserWindow, message: string, detail: string, buttons: string[]): Promise<void> {
  const { response } = await dialog.showMessageBox(window, { type: 'warning', message, detail, buttons, noLink: true })
  if (window.isDestroyed()) return
  if (response === 0) window.webContents.reload()
  else if (response === 1) window.destroy()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Writes beside and renames, so that a crash leaves the old or the new text. A folder that cannot be written only costs the memory of places. */
function writeText(path: string, text: string): void {
  try {
    writeFileSync(`${path}.part`, text)
    renameSync(`${path}.part`, path)
  } catch (error) {
    process.emitWarning(`window places not kept: ${error instanceof Error ? error.message : String(error)} (${app.name})`)
  }
}
