// Windows of the double: pages of a real Chromium in which the real built preload runs. app://lab is carried as https://app-lab.test, because
// Chromium outside Electron lets nobody serve a scheme of its own; every URL the application sees is mapped back.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page, Route } from 'playwright-core'
import type { PortMain } from './ports.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const toCarried = (url: string): string => url.replace(/^app:\/\/lab/, 'https://app-lab.test')
export const toApp = (url: string): string => url.replace(/^https:\/\/app-lab\.test/, 'app://lab')

/** What a page tells the double. */
export interface PageHost {
  invoke(page: Page, channel: string, args: unknown[], frame: { readonly url: string; readonly top: boolean }): Promise<unknown>
  /** The application's answer for a request; null refuses it. */
  request(url: string, method: string): Promise<Response | null>
  /** False: the navigation must not happen. */
  navigates(page: Page, url: string, top: boolean): boolean
  opens(page: Page, url: string): void
  crashed(page: Page): void
}

/** One Chromium with one context: the default session. */
export class Pages {
  readonly #host: PageHost
  #context: Promise<BrowserContext> | null = null
  #browser: Browser | null = null
  readonly #ours = new Set<Page>()
  /** URLs that the application itself loads: no will-navigate for those. */
  readonly #loading = new Map<Page, string>()
  constructor(host: PageHost) {
    this.#host = host
  }

  async open(preload: string, viewport: { width: number; height: number }): Promise<Page> {
    const context = await (this.#context ??= this.#launch())
    const page = await this.#own(context)
    await page.setViewportSize(viewport)
    page.on('crash', () => this.#host.crashed(page))
    const ports = new Map<number, PortMain>()
    bridges.set(page, ports)
    await page.exposeBinding('__double_invoke', ({ frame }, channel: string, args: unknown[]) =>
      this.#host.invoke(page, channel, args, { url: toApp(frame.url()), top: frame.parentFrame() === null }),
    )
    await page.exposeBinding('__double_port', (_source, id: number, data: unknown) => ports.get(id)?.raw.postMessage(data))
    // A document that is gone takes its ports with it.
    const drop = (): void => {
      for (const port of ports.values()) port.raw.close()
      ports.clear()
    }
    page.on('crash', drop)
    page.on('close', drop)
    page.on('framenavigated', (frame) => {
      if (frame.parentFrame() === null) drop()
    })
    await page.addInitScript(`(${String(inPage)})(${JSON.stringify({ platform: process.platform, node: process.versions.node })}, function (require, module, exports, process, Buffer, global) {
${readFileSync(preload, 'utf8')}
})`)
    return page
  }

  async load(page: Page, url: string): Promise<void> {
    this.#loading.set(page, url)
    await page.goto(toCarried(url))
  }

  async reload(page: Page): Promise<void> {
    this.#loading.set(page, toApp(page.url()))
    await page.reload()
  }

  async close(): Promise<void> {
    await this.#browser?.close()
  }

  async #launch(): Promise<BrowserContext> {
    this.#browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
    const context = await this.#browser.newContext()
    await context.route('**/*', (route) => this.#answer(route))
    return context
  }

  #opening: Promise<unknown> = Promise.resolve()
  async #own(context: BrowserContext): Promise<Page> {
    const made = this.#opening.then(async () => {
      const page = await context.newPage()
      this.#ours.add(page)
      return page
    })
    this.#opening = made.catch(() => {})
    return made
  }

  /** A window the page opened: Chromium tells of it only once it has loaded, which it never may. It is put down to the oldest of our pages. */
  #popup(route: Route, url: string): Promise<void> {
    const opener = [...this.#ours].find((page) => !page.isClosed())
    if (opener !== undefined) this.#host.opens(opener, url)
    return route.abort('aborted')
  }

  async #answer(route: Route): Promise<void> {
    const request = route.request()
    const url = toApp(request.url())
    if (request.isNavigationRequest()) {
      let frame
      try {
        frame = request.frame()
      } catch {
        return this.#popup(route, url)
      }
      const page = frame.page()
      const top = frame.parentFrame() === null
      if (!this.#ours.has(page)) return this.#popup(route, url)
      if (top && this.#loading.get(page)?.split('#')[0] === url.split('#')[0]) this.#loading.delete(page)
      else if (!this.#host.navigates(page, url, top)) return route.abort('aborted')
    }
    const response = await this.#host.request(url, request.method())
    if (response === null) return route.abort('blockedbyclient')
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    })
  }
}

const bridges = new WeakMap<Page, Map<number, PortMain>>()
let nextPort = 1

/** Delivers an ipc message with transferred ports to the preload of `page`. */
export async function deliver(page: Page, channel: string, value: unknown, ports: readonly PortMain[]): Promise<void> {
  const ids = ports.map((port) => {
    const id = nextPort++
    bridges.get(page)?.set(id, port)
    let order = Promise.resolve()
    const later = (work: () => Promise<unknown>): void => {
      order = order.then(async () => {
        await work().catch(() => {})
      })
    }
    port.raw.on('message', (data: unknown) =>
      later(() => page.evaluate(([i, d]) => (globalThis as unknown as InPage).__double.port(i as number, d), [id, data])),
    )
    port.raw.on('close', () => later(() => page.evaluate((i) => (globalThis as unknown as InPage).__double.closed(i), id)))
    return id
  })
  await page
    .evaluate(([c, v, i]) => (globalThis as unknown as InPage).__double.message(c as string, v, i as number[]), [channel, value, ids] as const)
    .catch(() => {})
}

interface InPage {
  __double: { message(channel: string, value: unknown, ports: number[]): void; port(id: number, data: unknown): void; closed(id: number): void }
}

/** Runs in the page before its own scripts: contextBridge and ipcRenderer as a sandboxed preload sees them. Top frame only, as in Electron. */
function inPage(
  facts: { platform: string; node: string },
  preload: (require: unknown, module: unknown, exports: unknown, process: unknown, Buffer: undefined, global: undefined) => void,
): void {
  const w = window as unknown as {
    [key: string]: unknown
    __double_invoke(channel: string, args: unknown[]): Promise<unknown>
    __double_port(id: number, data: unknown): Promise<void>
  }
  if (window.parent !== window || !location.href.startsWith('https://app-lab.test/')) return
  const listeners = new Map<string, Set<(event: unknown, value: unknown) => void>>()
  const ports = new Map<number, MessagePort>()
  // Electron gives page ports a `close` event, which Chromium has not: remember which port of the page belongs to which of ours.
  const given = new Map<number, MessagePort>()
  const posted: number[] = []
  window.addEventListener('message', (event) => {
    const id = event.source === window && event.ports[0] !== undefined ? posted.shift() : undefined
    if (id !== undefined && event.ports[0] !== undefined) given.set(id, event.ports[0])
  })
  const clone = (value: unknown): unknown => {
    if (typeof value === 'function') return (...args: unknown[]) => (value as (...a: unknown[]) => unknown)(...args)
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    if (Array.isArray(value)) return Object.freeze(value.map(clone))
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, clone(entry)])))
  }
  const electron = {
    contextBridge: {
      exposeInMainWorld: (key: string, api: object) => Object.defineProperty(window, key, { value: clone(api), enumerable: true }),
    },
    ipcRenderer: {
      invoke: async (channel: string, ...args: unknown[]) => {
        try {
          return await w.__double_invoke(channel, args)
        } catch (error) {
          throw new Error(`Error invoking remote method '${channel}': ${String(error)}`)
        }
      },
      on: (channel: string, listener: (event: unknown, value: unknown) => void) => {
        if (!listeners.has(channel)) listeners.set(channel, new Set())
        listeners.get(channel)?.add(listener)
      },
      removeListener: (channel: string, listener: (event: unknown, value: unknown) => void) => listeners.get(channel)?.delete(listener),
    },
  }
  const allowed: Record<string, unknown> = { electron }
  const require = (name: string): unknown => {
    if (!Object.hasOwn(allowed, name)) throw new Error(`module not found: ${name}`)
    return allowed[name]
  }
  Object.defineProperty(window, '__double', {
    value: {
      message: (channel: string, value: unknown, ids: number[]) => {
        const handed = ids.map((id) => {
          posted.push(id)
          const { port1, port2 } = new MessageChannel()
          ports.set(id, port1)
          port1.onmessage = (event) => void w.__double_port(id, event.data)
          return port2
        })
        for (const listener of listeners.get(channel) ?? []) listener({ ports: handed }, value)
      },
      port: (id: number, data: unknown) => ports.get(id)?.postMessage(data),
      closed: (id: number) => {
        ports.get(id)?.close()
        ports.delete(id)
        given.get(id)?.dispatchEvent(new Event('close'))
        given.delete(id)
      },
    },
  })
  const versions = { electron: '45.4.1', chrome: navigator.userAgent.replace(/.*Chrome\/([\d.]+).*/, '$1'), node: facts.node }
  const module = { exports: {} }
  preload(require, module, module.exports, { platform: facts.platform, versions }, undefined, undefined)
}
