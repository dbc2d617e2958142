// Two joined Channels in memory: values by structured clone, or bytes as they travel over a socket.
import type { Channel } from '../../core/api.ts'
import { fromBytes, toBytes } from '../../core/rpc.ts'

/** A pair of Channels; what one posts the other gets, later and in order. `bytes` sends everything through the byte form. */
export function channelPair(bytes = false): [Channel, Channel] {
  let open = true
  const closers = new Set<() => void>()
  const listeners: [(message: unknown) => void, (message: unknown) => void] = [() => {}, () => {}]
  const end = (mine: 0 | 1): Channel => ({
    post(message) {
      if (!open) return
      const travelling = bytes ? toBytes(message) : structuredClone(message)
      queueMicrotask(() => open && listeners[mine === 0 ? 1 : 0](travelling instanceof Uint8Array && bytes ? fromBytes(travelling) : travelling))
    },
    onMessage(listener) {
      listeners[mine] = listener
    },
    onClose(listener) {
      if (open) closers.add(listener)
      else listener()
    },
    close() {
      if (!open) return
      open = false
      closers.forEach((closer) => closer())
    },
  })
  return [end(0), end(1)]
}
