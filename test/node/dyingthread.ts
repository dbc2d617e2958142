// The thread of sockets as it would be with a mistake in it: it dies when a connection says BANG.
import { Socket } from 'node:net'

const emit = Socket.prototype.emit
Socket.prototype.emit = function (this: Socket, event: string, ...rest: unknown[]): boolean {
  if (event === 'data' && String(rest[0]).includes('BANG')) throw new Error('a mistake')
  return Reflect.apply(emit, this, [event, ...rest]) as boolean
} as typeof emit
await import('../../core/node/sockets/thread.ts')
