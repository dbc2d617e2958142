// Channels between a lab and its screens: over a WebSocket (byte form of core/rpc.ts) and over a MessagePort (structured clone). A channel never throws at its user.
import type { RawData, WebSocket } from 'ws'
import type { Channel } from '../api.ts'
import { fromBytes, toBytes } from '../rpc.ts'

/** What both ends of a socket channel may be told on closing (WebSocket close codes, RFC 6455 clause 7.4). */
const UNSUPPORTED = 1003
const UNREADABLE = 1007
const TRY_AGAIN = 1013

/**
 * A Channel over an open WebSocket of `ws`. Text messages and unreadable bytes close it (1003, 1007); so does a peer that lets more than
 * `bufferedBytes` pile up (1013). What is posted after the end is dropped: the peer has been told by the close.
 */
export function overSocket(socket: WebSocket, bufferedBytes = Infinity): Channel {
  let onMessage: (message: unknown) => void = () => {}
  socket.on('message', (data: RawData, binary: boolean) => {
    if (!binary) return socket.close(UNSUPPORTED, 'binary frames only')
    let message: unknown
    try {
      message = fromBytes(bytesOf(data))
    } catch (error) {
      return socket.close(UNREADABLE, error instanceof Error ? error.message.slice(0, 100) : 'unreadable frame')
    }
    onMessage(message)
  })
  // An error (frame too long, bad UTF-8 …) is followed by close, which is what counts.
  socket.on('error', () => {})
  return {
    post(message) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > bufferedBytes) {
        socket.close(TRY_AGAIN, 'the screen does not keep up')
        socket.terminate()
        return
      }
      socket.send(toBytes(message))
    },
    onMessage(listener) {
      onMessage = listener
    },
    onClose(listener) {
      if (socket.readyState === socket.CLOSED) listener()
      else socket.once('close', listener)
    },
    close: () => socket.close(1000),
  }
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data))
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** What a MessagePort of worker_threads has, and what others can easily be given. */
export interface PortLike {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  close(): void
  start?(): void
}

/** A Channel over a MessagePort: values are cloned as they are. */
export function overPort(port: PortLike): Channel {
  let onMessage: (message: unknown) => void = () => {}
  let onClose: () => void = () => {}
  let open = true
  port.on('message', (message) => onMessage(message))
  port.on('close', () => {
    if (!open) return
    open = false
    onClose()
  })
  port.start?.()
  return {
    post(message) {
      if (open) port.postMessage(message)
    },
    onMessage(listener) {
      onMessage = listener
    },
    onClose(listener) {
      if (open) onClose = listener
      else listener()
    },
    close: () => port.close(),
  }
}
