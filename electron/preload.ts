// What a page gets of the desktop: named functions on window.desktop, no raw IPC. Sandboxed: requires nothing but 'electron', uses no Buffer.
import { contextBridge, ipcRenderer } from 'electron'
import type { CallName, Calls, ChosenFile, Theme } from './calls.ts'
import { DOWN, channelOf } from './calls.ts'
import type { Command } from './menu.ts'

/** `window.desktop`. Absent in a browser, where the page works without it. */
export interface Desktop {
  /** 'linux', 'win32' or 'darwin'. */
  readonly platform: string
  readonly versions: { readonly electron: string; readonly chrome: string; readonly node: string }
  /** Asks for a fresh port to the lab. It comes as a window message `{type: 'dm-lab-port'}` with the port in `ports[0]`, at once or when the lab runs again. */
  requestPort(): Promise<void>
  /** Hears of the lab's process: 'down' while it is started again, 'running' when a new port can be asked for. Returns what ends it. */
  onLab(listener: (status: { readonly state: string; readonly reason: string }) => void): () => void
  /** Hears what the menu asks of the page. Returns what ends it. */
  onCommand(listener: (command: Command) => void): () => void
  openCapture(): Promise<readonly ChosenFile[] | null>
  saveAs(name: string, bytes: Uint8Array): Promise<string | null>
  openExternal(url: string): Promise<boolean>
  setTitleBadge(held: number): Promise<void>
  openWindow(view: string): Promise<void>
  setTheme(theme: Theme): Promise<void>
  secretsSafe(): Promise<boolean>
}

const call = <N extends CallName>(name: N, ...args: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>> =>
  ipcRenderer.invoke(channelOf(name), ...args) as Promise<ReturnType<Calls[N]>>

const hear = <T>(channel: string, listener: (value: T) => void): (() => void) => {
  const heard = (_event: unknown, value: T): void => listener(value)
  ipcRenderer.on(channel, heard)
  return () => void ipcRenderer.removeListener(channel, heard)
}

ipcRenderer.on(DOWN.port, (event) => {
  window.postMessage({ type: 'dm-lab-port' }, window.location.origin, [...event.ports])
})

const desktop: Desktop = {
  platform: process.platform,
  versions: { electron: process.versions.electron ?? '', chrome: process.versions['chrome'] ?? '', node: process.versions.node },
  requestPort: () => call('port'),
  onLab: (listener) => hear(DOWN.lab, listener),
  onCommand: (listener) => hear(DOWN.command, listener),
  openCapture: () => call('openCapture'),
  saveAs: (name, bytes) => call('saveAs', name, bytes),
  openExternal: (url) => call('openExternal', url),
  setTitleBadge: (held) => call('setTitleBadge', held),
  openWindow: (view) => call('openWindow', view),
  setTheme: (theme) => call('setTheme', theme),
  secretsSafe: () => call('secretsSafe'),
}

contextBridge.exposeInMainWorld('desktop', desktop)
