// The one way from a page into main: sender checked, arguments checked, then the call. Nothing else listens on ipcMain.
import { BrowserWindow, ipcMain } from 'electron'
import type { IpcMainInvokeEvent } from 'electron'
import type { CallName, Calls } from './calls.ts'
import { CHECKS, channelOf } from './calls.ts'
import { isOwnPage } from './desktop.ts'

type Performs = {
  readonly [N in CallName]: (window: BrowserWindow, ...args: Parameters<Calls[N]>) => ReturnType<Calls[N]> | Promise<ReturnType<Calls[N]>>
}

/** Answers every call of `Calls` with `performs`. A call from anything but the top frame of one of our windows showing our page is refused. */
export function route(performs: Performs): void {
  for (const name of Object.keys(CHECKS) as CallName[]) {
    ipcMain.handle(channelOf(name), async (event, ...args: unknown[]) => {
      const window = senderOf(event, name)
      const clean = CHECKS[name](args)
      const perform = performs[name] as (window: BrowserWindow, ...args: unknown[]) => unknown
      return perform(window, ...clean)
    })
  }
}

/** The window whose own page sent the event; throws for every other sender. */
function senderOf(event: IpcMainInvokeEvent, name: string): BrowserWindow {
  const frame = event.senderFrame
  if (frame === null) throw new Error(`${name}: the sender is gone`)
  if (frame.parent !== null) throw new Error(`${name}: refused, not the top frame`)
  if (!isOwnPage(frame.url)) throw new Error(`${name}: refused, not a page of this application`)
  const window = BrowserWindow.fromWebContents(event.sender)
  if (window === null || window.isDestroyed()) throw new Error(`${name}: refused, not a window of this application`)
  return window
}
