// Sockets that a server accepted, read into one buffer for all of them instead of fresh memory for every read: what they give as data is there until the listener returns.
import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'

/** Octets of one read at the most, as Node's own. */
const READ = Buffer.allocUnsafeSlow(65536)

/** What Node keeps of the operating system's socket; no part of its documented interface. */
interface Handled {
  _handle?: object | null
}

/**
 * A socket of a server that pauses on connect, as one that reads so. Node does that for sockets made here, not for those of its servers: their handle moves to a new one, as it does
 * where Node hands a socket to another process. Where there is no handle to be had it is the same socket, which reads as ever.
 */
export function lean(accepted: Socket): Socket {
  const { _handle: handle } = accepted as Handled
  if (handle === undefined || handle === null) return accepted.resume()
  ;(accepted as Handled)._handle = null
  const callback = (octets: number): boolean => {
    socket.emit('data', READ.subarray(0, octets))
    return true
  }
  const options: ConstructorParameters<typeof Socket>[0] = { allowHalfOpen: true, onread: { buffer: READ, callback } }
  const socket = new Socket(Object.assign(options, { handle }))
  return socket
}
