// Channel of core/api.ts over a MessagePort: Electron's MessagePortMain (main and utility process) or the standard one (pages, worker threads).
import type { Channel } from '../core/api.ts'

/** MessagePortMain, as far as a channel needs it. */
export interface EmitterPort {
  postMessage(message: unknown): void
  start(): void
  close(): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
}

/** The standard MessagePort, as far as a channel needs it. */
export interface EventPort {
  postMessage(message: unknown): void
  start(): void
  close(): void
  addEventListener(event: 'message' | 'close', listener: (event: Event) => void): void
}

/**
 * A channel over `port`. Messages wait in the port until the first `onMessage`. Posting after the close is not an error: the message has
 * nobody to reach. Each close listener runs once, whichever end closed; one that comes too late runs at once.
 */
export function portChannel(port: EmitterPort | EventPort): Channel {
  let listener: ((message: unknown) => void) | null = null
  let closed = false
  const closers: (() => void)[] = []
  const received = (event: unknown): void => {
    if (!closed) listener?.((event as { readonly data: unknown }).data)
  }
  const ended = (): void => {
    if (closed) return
    closed = true
    for (const closer of closers.splice(0)) closer()
  }
  if ('on' in port) port.on('close', ended)
  else port.addEventListener('close', ended)
  return {
    post: (message) => {
      if (!closed) port.postMessage(message)
    },
    onMessage: (next) => {
      const first = listener === null
      listener = next
      if (!first) return
      if ('on' in port) port.on('message', received)
      else port.addEventListener('message', received)
      port.start()
    },
    onClose: (closer) => {
      if (closed) closer()
      else closers.push(closer)
    },
    close: () => {
      port.close()
      ended()
    },
  }
}
