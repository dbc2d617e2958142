// Joins the window to the lab: a MessagePort handed over by the desktop shell, or a WebSocket of the same origin. Reconnects by itself.
import type { Channel, LabApi } from '../core/api.ts'
import { connect, fromBytes, toBytes } from '../core/rpc.ts'

/** What the desktop shell adds. Every part is optional: in a browser there is none. */
export interface Desktop {
  /** Makes the preload post `{type:'dm-lab-port'}` to this window with the port in `ports[0]`. */
  requestPort?(): unknown
  /** Hears of the lab's process: `down` while it is started again, `running` when a new port can be asked for. */
  onLab?(listener: (status: { readonly state: string; readonly reason: string }) => void): () => void
  /** Hears which action the menu asks for (ids of model/keys.ts and commands.ts). */
  onCommand?(listener: (command: string) => void): () => void
  openCapture?(): Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[] | null>
  setTitleBadge?(held: number): unknown
  setTheme?(theme: 'system' | 'light' | 'dark'): unknown
}

declare global {
  interface Window {
    readonly desktop?: Desktop
  }
}

/** Told what becomes of the connection. `retryMs` is the wait before the next try. */
export interface LinkListener {
  opened(api: LabApi): void
  lost(reason: string, retryMs: number): void
}

/** Waits between tries, ms; the last one repeats. */
const WAITS: readonly number[] = [250, 500, 1000, 2000, 5000]

/** A Channel over a WebSocket that carries the byte form of core/rpc.ts. `ready` resolves once it is open, rejects with the reason. */
function socketChannel(url: string): { readonly channel: Channel; readonly ready: Promise<void> } {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const closed: (() => void)[] = []
  socket.addEventListener('close', () => closed.forEach((tell) => tell()))
  const ready = new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('close', (event) => reject(new Error(event.reason || 'the lab does not answer')))
  })
  const channel: Channel = {
    post(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(toBytes(message) as Uint8Array<ArrayBuffer>)
    },
    onMessage(listener) {
      socket.onmessage = (event: MessageEvent<ArrayBuffer>) => listener(fromBytes(new Uint8Array(event.data)))
    },
    onClose(listener) {
      closed.push(listener)
    },
    close() {
      socket.close()
    },
  }
  return { channel, ready }
}

/** A Channel over a MessagePort; `close` events of the port (Chromium) end it. */
export function portChannel(port: MessagePort): Channel {
  const closed: (() => void)[] = []
  port.addEventListener('close', () => closed.forEach((tell) => tell()))
  return {
    post: (message) => port.postMessage(message),
    onMessage(listener) {
      port.onmessage = (event) => listener(event.data)
    },
    onClose: (listener) => void closed.push(listener),
    close() {
      port.close()
      closed.forEach((tell) => tell())
    },
  }
}

/** The access token: taken out of the page's address once, then kept for this tab only. '' where there is none. */
function takeToken(page: Location, store: Storage, history: History): string {
  const url = new URL(page.href)
  const given = url.searchParams.get('token')
  if (given !== null) {
    store.setItem('dm-lab-token', given)
    url.searchParams.delete('token')
    history.replaceState(null, '', url)
  }
  return store.getItem('dm-lab-token') ?? ''
}

/** Keeps one connection to the lab for as long as the page lives. */
export function keepConnected(listener: LinkListener): { retry(): void } {
  return window.desktop?.requestPort === undefined ? overSocket(listener) : overPort(window.desktop, listener)
}

function overSocket(listener: LinkListener): { retry(): void } {
  const token = takeToken(window.location, window.sessionStorage, window.history)
  const url = new URL('ws', window.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  if (token !== '') url.searchParams.set('token', token)
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let busy = false
  const lost = (reason: string): void => {
    busy = false
    const wait = WAITS[Math.min(failures++, WAITS.length - 1)] ?? 5000
    listener.lost(reason, wait)
    timer = setTimeout(open, wait)
  }
  const open = (): void => {
    if (busy) return
    busy = true
    clearTimeout(timer)
    const { channel, ready } = socketChannel(url.href)
    ready.then(
      () => {
        failures = 0
        const api = connect(channel)
        channel.onClose(() => lost('The lab closed the connection.'))
        listener.opened(api)
      },
      (error: Error) => lost(error.message),
    )
  }
  open()
  return { retry: open }
}

function overPort(desktop: Desktop, listener: LinkListener): { retry(): void } {
  let failures = 0
  let current: Channel | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = (): void => {
    clearTimeout(timer)
    desktop.requestPort?.()
    timer = setTimeout(() => lost('The lab process does not answer.'), 5000)
  }
  const lost = (reason: string): void => {
    clearTimeout(timer)
    const wait = WAITS[Math.min(failures++, WAITS.length - 1)] ?? 5000
    listener.lost(reason, wait)
    timer = setTimeout(ask, wait)
  }
  window.addEventListener('message', (event: MessageEvent<{ type?: string } | null>) => {
    const port = event.ports[0]
    if (event.source !== window || event.data?.type !== 'dm-lab-port' || port === undefined) return
    clearTimeout(timer)
    failures = 0
    const channel = portChannel(port)
    current = channel
    const api = connect(channel)
    channel.onClose(() => {
      if (current !== channel) return
      current = null
      lost('The lab process ended.')
    })
    listener.opened(api)
  })
  desktop.onLab?.((status) => {
    if (status.state === 'running') {
      if (current === null) ask()
    } else {
      current?.close()
      current = null
      clearTimeout(timer)
      listener.lost(status.reason === '' ? 'The lab process is started again.' : status.reason, 0)
    }
  })
  ask()
  return { retry: ask }
}
