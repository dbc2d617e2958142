// A recorded double of the main-process module 'electron': every call is written down; windows, ports and processes behave, the rest answers as told.
import { EventEmitter } from 'node:events'
import type { Page } from 'playwright-core'
import { Pages, deliver } from './page.ts'
import type { PortMain } from './ports.ts'
import { ChannelMain, Utility } from './ports.ts'

export interface Call {
  readonly name: string
  readonly args: readonly unknown[]
}

/** How the double answers where a person or the system would. Tests change it as they go. */
export interface Settings {
  userData: string
  isPackaged: boolean
  /** False: another instance runs already. */
  lock: boolean
  /** Replaces the entry of the utility process; null runs the one asked for. */
  lab: string | null
  messageBox(options: { message: string; detail?: string; buttons?: string[] }): number
  open(): { canceled: boolean; filePaths: string[] }
  save(options: { defaultPath?: string }): { canceled: boolean; filePath: string }
  keyStore: boolean
}

type Handler = (event: unknown, ...args: unknown[]) => unknown

/** An event that can be prevented. */
function preventable(fields: object): { defaultPrevented: boolean; preventDefault(): void } {
  return {
    ...fields,
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true
    },
  }
}

/** Makes one double with its own state. `module` is what `import … from 'electron'` gives. */
export function makeDouble(settings: Settings) {
  const calls: Call[] = []
  const record = (name: string, ...args: unknown[]): void => void calls.push({ name, args })
  const handlers = new Map<string, Handler>()
  const windows = new Set<BrowserWindow>()
  const utilities: Utility[] = []
  const loads: Promise<void>[] = []
  let focused: BrowserWindow | null = null
  let protocolHandler: ((request: Request) => Response | Promise<Response>) | null = null
  let beforeRequest: ((details: { url: string }, decide: (answer: { cancel?: boolean }) => void) => void) | null = null
  const permission: {
    request?: (contents: unknown, permission: string, decide: (granted: boolean) => void, details: object) => void
    check?: (contents: unknown, permission: string, origin: string, details: object) => boolean
    device?: (details: object) => boolean
  } = {}
  let menuTemplate: readonly object[] = []
  let quitted: (code: number) => void = () => {}
  const quit = new Promise<number>((resolve) => (quitted = resolve))

  const pages = new Pages({
    invoke: (page, channel, args, frame) => invoke(channel, args, frame, contentsOf(page) ?? null),
    request: async (url, method) => {
      let cancelled = true
      beforeRequest?.({ url }, (answer) => (cancelled = answer.cancel === true))
      record('request', method, url, cancelled ? 'cancelled' : 'allowed')
      if (cancelled || !url.startsWith('app:') || protocolHandler === null) return null
      return protocolHandler(new Request(url, { method }))
    },
    navigates: (page, url, top) => {
      const contents = contentsOf(page)
      const frameEvent = preventable({ url, isMainFrame: top })
      const event = preventable({ url, isMainFrame: top })
      contents?.emit('will-frame-navigate', frameEvent)
      if (top) contents?.emit('will-navigate', event)
      const prevented = frameEvent.defaultPrevented || event.defaultPrevented
      record('navigation', url, top, prevented ? 'prevented' : 'allowed')
      return !prevented
    },
    opens: (page, url) => {
      const answer = contentsOf(page)?.opener?.({ url })
      record('window.open', url, answer?.action ?? 'allow')
    },
    crashed: (page) => {
      const contents = contentsOf(page)
      if (contents === undefined) return
      contents.crashed = true
      record('render-process-gone')
      contents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 11 })
    },
  })
  const contentsOf = (page: Page): WebContents | undefined => [...windows].find((window) => window.page === page)?.webContents

  /** Calls an ipcMain handler as a frame of a page would. */
  const invoke = async (
    channel: string,
    args: readonly unknown[],
    frame: { url: string; top: boolean } | null,
    sender: WebContents | null,
  ): Promise<unknown> => {
    const handler = handlers.get(channel)
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
    const senderFrame = frame === null ? null : { url: frame.url, parent: frame.top ? null : { url: frame.url, parent: null } }
    return handler({ sender, senderFrame }, ...(structuredClone(args) as unknown[]))
  }

  const front = (window: BrowserWindow): void => {
    focused = window
  }

  class WebContents extends EventEmitter {
    readonly window: BrowserWindow
    opener: ((details: { url: string }) => { action: string }) | null = null
    crashed = false
    constructor(window: BrowserWindow) {
      super()
      this.window = window
    }
    setWindowOpenHandler(opener: (details: { url: string }) => { action: string }): void {
      record('webContents.setWindowOpenHandler')
      this.opener = opener
    }
    send(channel: string, value: unknown): void {
      record('webContents.send', channel, value)
      if (this.window.page !== null && !this.crashed) void deliver(this.window.page, channel, value, [])
    }
    postMessage(channel: string, value: unknown, ports: readonly PortMain[] = []): void {
      record('webContents.postMessage', channel, value, ports.length)
      if (this.window.page !== null && !this.crashed) void deliver(this.window.page, channel, value, ports)
    }
    isDestroyed(): boolean {
      return this.window.isDestroyed()
    }
    reload(): void {
      record('webContents.reload')
      void this.window.reload()
    }
    forcefullyCrashRenderer(): void {
      void this.window.page?.goto('chrome://crash').catch(() => {})
    }
  }

  class BrowserWindow extends EventEmitter {
    static getAllWindows(): BrowserWindow[] {
      return [...windows]
    }
    static getFocusedWindow(): BrowserWindow | null {
      return focused
    }
    static fromWebContents(contents: WebContents | null): BrowserWindow | null {
      return contents?.window ?? null
    }
    readonly options: { width: number; height: number; x: number; y: number; webPreferences: { preload: string }; [key: string]: unknown }
    readonly webContents: WebContents
    page: Page | null = null
    title = ''
    #url = ''
    #destroyed = false
    #maximized = false
    constructor(options: BrowserWindow['options']) {
      super()
      this.options = options
      record('new BrowserWindow', options)
      this.webContents = new WebContents(this)
      windows.add(this)
      app.emit('web-contents-created', {}, this.webContents)
    }
    loadURL(url: string): Promise<void> {
      record('win.loadURL', url)
      const loading = this.#load(url)
      loads.push(loading.catch(() => {}))
      return loading
    }
    async #load(url: string): Promise<void> {
      this.#url = url
      this.page = await pages.open(this.options.webPreferences.preload, { width: this.options.width, height: this.options.height })
      await pages.load(this.page, url)
      this.emit('ready-to-show')
    }
    /** A crashed page cannot be used again, so its renderer's successor is a new page, as its process is in Electron. */
    async reload(): Promise<void> {
      if (!this.webContents.crashed) return this.page === null ? undefined : pages.reload(this.page)
      const dead = this.page
      const page = await pages.open(this.options.webPreferences.preload, { width: this.options.width, height: this.options.height })
      this.page = page
      this.webContents.crashed = false
      await dead?.close().catch(() => {})
      await pages.load(page, this.#url)
    }
    show(): void {
      record('win.show')
      front(this)
    }
    focus(): void {
      record('win.focus')
      front(this)
    }
    isMinimized(): boolean {
      return false
    }
    restore(): void {
      record('win.restore')
    }
    maximize(): void {
      this.#maximized = true
    }
    isMaximized(): boolean {
      return this.#maximized
    }
    getNormalBounds() {
      const { x, y, width, height } = this.options
      return { x, y, width, height }
    }
    setTitle(title: string): void {
      record('win.setTitle', title)
      this.title = title
    }
    isDestroyed(): boolean {
      return this.#destroyed
    }
    close(): void {
      const event = preventable({})
      this.emit('close', event)
      if (!event.defaultPrevented) this.destroy()
    }
    destroy(): void {
      if (this.#destroyed) return
      this.#destroyed = true
      windows.delete(this)
      if (focused === this) focused = [...windows].at(-1) ?? null
      void this.page?.close().catch(() => {})
      this.emit('closed')
      if (windows.size === 0 && !app.quitting) app.emit('window-all-closed')
    }
  }

  class App extends EventEmitter {
    readonly name = 'DM Lab'
    readonly isPackaged = settings.isPackaged
    quitting = false
    enableSandbox(): void {
      record('app.enableSandbox')
    }
    requestSingleInstanceLock(): boolean {
      record('app.requestSingleInstanceLock')
      return settings.lock
    }
    async whenReady(): Promise<void> {
      record('app.whenReady')
    }
    getPath(name: string): string {
      record('app.getPath', name)
      return settings.userData
    }
    getVersion(): string {
      return '0.1.0'
    }
    setBadgeCount(count: number): boolean {
      record('app.setBadgeCount', count)
      return true
    }
    quit(): void {
      record('app.quit')
      const event = preventable({})
      this.emit('before-quit', event)
      if (event.defaultPrevented) return
      this.quitting = true
      for (const window of windows) window.close()
      this.emit('will-quit', preventable({}))
      this.emit('quit', {}, 0)
      quitted(0)
    }
    exit(code: number): void {
      record('app.exit', code)
      quitted(code)
    }
  }
  const app = new App()

  const defaultSession = {
    protocol: {
      handle: (scheme: string, handler: typeof protocolHandler) => {
        record('session.protocol.handle', scheme)
        protocolHandler = handler
      },
    },
    webRequest: {
      onBeforeRequest: (handler: typeof beforeRequest) => {
        record('session.webRequest.onBeforeRequest')
        beforeRequest = handler
      },
    },
    setPermissionRequestHandler: (handler: typeof permission.request & object) => {
      record('session.setPermissionRequestHandler')
      permission.request = handler
    },
    setPermissionCheckHandler: (handler: typeof permission.check & object) => {
      record('session.setPermissionCheckHandler')
      permission.check = handler
    },
    setDevicePermissionHandler: (handler: typeof permission.device & object) => {
      record('session.setDevicePermissionHandler')
      permission.device = handler
    },
  }

  const module = {
    app,
    BrowserWindow,
    MessageChannelMain: ChannelMain,
    Menu: {
      buildFromTemplate: (template: readonly object[]) => {
        record('Menu.buildFromTemplate')
        menuTemplate = template
        return { template }
      },
      setApplicationMenu: (menu: object) => record('Menu.setApplicationMenu', menu !== null),
    },
    dialog: {
      showMessageBox: async (...args: unknown[]) => {
        const options = args.at(-1) as { message: string; detail?: string; buttons?: string[] }
        record('dialog.showMessageBox', options)
        return { response: settings.messageBox(options), checkboxChecked: false }
      },
      showErrorBox: (title: string, content: string) => record('dialog.showErrorBox', title, content),
      showOpenDialog: async (_window: unknown, options: object) => {
        record('dialog.showOpenDialog', options)
        return settings.open()
      },
      showSaveDialog: async (_window: unknown, options: { defaultPath?: string }) => {
        record('dialog.showSaveDialog', options)
        return settings.save(options)
      },
    },
    ipcMain: {
      handle: (channel: string, handler: Handler) => {
        record('ipcMain.handle', channel)
        handlers.set(channel, handler)
      },
    },
    nativeTheme: { shouldUseDarkColors: false, themeSource: 'system' },
    powerMonitor: new EventEmitter(),
    protocol: { registerSchemesAsPrivileged: (schemes: unknown) => record('protocol.registerSchemesAsPrivileged', schemes) },
    safeStorage: {
      isAsyncEncryptionAvailable: async () => settings.keyStore,
      getSelectedStorageBackend: () => (settings.keyStore ? 'gnome_libsecret' : 'basic_text'),
      encryptStringAsync: async (text: string) => Buffer.from(`sealed:${Buffer.from(text).toString('hex')}`),
      decryptStringAsync: async (sealed: Buffer) => ({ shouldReEncrypt: false, result: Buffer.from(sealed.toString().slice(7), 'hex').toString() }),
    },
    screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1440, height: 900 } }] },
    session: { defaultSession },
    shell: {
      openExternal: async (url: string) => record('shell.openExternal', url),
    },
    utilityProcess: {
      fork: (entry: string, args: readonly string[], options: object) => {
        const utility = new Utility(settings.lab ?? entry, args, options, record)
        utilities.push(utility)
        return utility
      },
    },
  }
  return {
    module,
    settings,
    calls,
    handlers,
    utilities,
    permission,
    quit,
    invoke,
    /** Ends the browser once no window is half made. */
    closePages: async () => {
      await Promise.all(loads)
      await pages.close()
    },
    menu: () => menuTemplate,
    windows: () => [...windows],
    names: () => calls.map((call) => call.name),
    of: (name: string) => calls.filter((call) => call.name === name),
  }
}

export type Double = ReturnType<typeof makeDouble>
