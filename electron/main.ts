// Main process of the desktop shell: windows only. The lab lives in a utility process; this file puts the pieces together.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BrowserWindow, Menu, app, dialog, nativeTheme, powerMonitor, session } from 'electron'
import type { MenuItemConstructorOptions } from 'electron'
import { registerScheme, serveOnly } from './assets.ts'
import { DOWN } from './calls.ts'
import type { LabFlags } from './desktop.ts'
import { labFlags } from './desktop.ts'
import { openCapture, saveAs } from './files.ts'
import type { LabProcess, LabStatus } from './labprocess.ts'
import { runLab, secretsSafe } from './labprocess.ts'
import type { Entry, Order } from './menu.ts'
import { menu } from './menu.ts'
import { route } from './router.ts'
import type { Windows } from './windows.ts'
import { guard, keepWindows, openExternal } from './windows.ts'

const dist = fileURLToPath(new URL('..', import.meta.url))

app.enableSandbox()
registerScheme()
app.on('web-contents-created', (_event, contents) => guard(contents))
if (app.requestSingleInstanceLock()) void app.whenReady().then(begin)
else app.quit()

function begin(): void {
  const flags = flagsOrQuit()
  if (flags === null) return
  serveOnly(session.defaultSession, join(dist, 'renderer'))
  const windows = keepWindows(join(dist, 'preload/preload.cjs'), join(app.getPath('userData'), 'windows.json'), app.name)
  const lab = runLab(join(dist, 'main/lab.js'), flags, (status) => {
    windows.tell(DOWN.lab, { state: status.state, reason: status.reason })
    if (status.state === 'failed') void cannotStart(status)
  })
  const cannotStart = async (status: LabStatus): Promise<void> => {
    const { response } = await dialog.showMessageBox({
      type: 'error',
      message: 'The lab cannot start',
      detail: status.reason,
      buttons: ['Try Again', 'Quit'],
      cancelId: 1,
      noLink: true,
    })
    if (response === 0) lab.retry()
    else app.quit()
  }
  answerPages(lab, windows)
  Menu.setApplicationMenu(Menu.buildFromTemplate(template(menu(process.platform, !app.isPackaged), (order) => obey(order, windows))))
  app.on('second-instance', () => windows.focus())
  app.on('activate', () => windows.focus())
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  quitInOrder(lab)
  windows.open('')
}

function flagsOrQuit(): LabFlags | null {
  try {
    return labFlags(process.argv.slice(1), join(app.getPath('userData'), 'workspace'))
  } catch (error) {
    dialog.showErrorBox('DM Lab cannot start', error instanceof Error ? error.message : String(error))
    app.exit(2)
    return null
  }
}

function answerPages(lab: LabProcess, windows: Windows): void {
  route({
    port: (window) => {
      const page = window.webContents
      lab.join(page, (port) => {
        if (page.isDestroyed()) port.close()
        else page.postMessage(DOWN.port, null, [port])
      })
      const { state, reason } = lab.status()
      window.webContents.send(DOWN.lab, { state, reason })
      return undefined
    },
    openCapture,
    saveAs,
    openExternal,
    setTitleBadge: (_window, held) => {
      for (const each of BrowserWindow.getAllWindows()) each.setTitle(held === 0 ? app.name : `(${String(held)} held) ${app.name}`)
      app.setBadgeCount(held)
      return undefined
    },
    openWindow: (_window, view) => {
      windows.open(view)
      return undefined
    },
    setTheme: (_window, theme) => {
      nativeTheme.themeSource = theme
      return undefined
    },
    secretsSafe: () => secretsSafe(),
  })
}

/** Quitting, logging off and shutting down wait for the lab to write what it holds, for a bounded time. */
function quitInOrder(lab: LabProcess): void {
  let flushed = false
  const flush = async (): Promise<void> => {
    const error = await lab.stop()
    flushed = true
    if (error !== '') process.stderr.write(`dm-lab: ${error}\n`)
    app.quit()
  }
  app.on('before-quit', (event) => {
    if (flushed) return
    event.preventDefault()
    void flush()
  })
  // The types know no argument here; the documentation gives the listener an event to prevent.
  powerMonitor.on('shutdown', ((event?: Electron.Event) => {
    if (flushed) return
    event?.preventDefault()
    void flush()
  }) as () => void)
}

function obey(order: Order, windows: Windows): void {
  if (order === 'new-window') windows.open('')
  else if (order === 'reload') BrowserWindow.getFocusedWindow()?.webContents.reload()
  else if (order === 'about') {
    const { electron, chrome, node } = process.versions
    void dialog.showMessageBox({
      type: 'info',
      message: `${app.name} ${app.getVersion()}`,
      detail: `Electron ${String(electron)}, Chromium ${String(chrome)}, Node ${node}\nRuns on this computer only. No account. No telemetry.`,
    })
  } else order satisfies never
}

function template(entries: readonly Entry[], obeyed: (order: Order) => void): MenuItemConstructorOptions[] {
  return entries.map((entry) => {
    const { label, key, role, command, order } = entry
    const click = (): void => {
      if (order !== undefined) obeyed(order)
      else if (command !== undefined) BrowserWindow.getFocusedWindow()?.webContents.send(DOWN.command, command)
    }
    return {
      ...(entry.separator === true ? { type: 'separator' as const } : {}),
      ...(label === undefined ? {} : { label }),
      ...(role === undefined ? {} : { role }),
      ...(key === undefined ? {} : { accelerator: key, registerAccelerator: entry.pageKey !== true }),
      ...(command === undefined && order === undefined ? {} : { click }),
      ...(entry.items === undefined ? {} : { submenu: template(entry.items, obeyed) }),
    }
  })
}
