// What the lab's thread and the thread of sockets say besides parcels, and how much may be on the way. Types and numbers only.
import type { HttpLimits } from '../limits.ts'

/** Parcels on their way to the lab at the same time: one that it works on, one that it finds when it is through. What else comes meanwhile makes the next one larger. */
export const DUE = 2

/** Octets that wait to be shipped above which connections are not read further. */
export const HIGH = 4 * 1024 * 1024

/** Of a server's limits those that matter at its sockets. */
export type SocketLimits = Pick<HttpLimits, 'headerBytes' | 'bodyBytes' | 'probe'>

/** Orders to the thread; doors are numbered by the lab. */
export type Asked =
  | { readonly type: 'listen'; readonly door: number; readonly host: string; readonly port: number; readonly limits: SocketLimits }
  | { readonly type: 'close'; readonly door: number }
  | { readonly type: 'stop' }

/** What the thread says. `ready`: its own performance.now() and the computer's monotonic clock (ms) at one moment. */
export type Said =
  | { readonly type: 'ready'; readonly time: number; readonly hr: number }
  | { readonly type: 'listens'; readonly door: number; readonly port: number }
  | { readonly type: 'refused'; readonly door: number; readonly code: string; readonly message: string }
  | { readonly type: 'closed'; readonly door: number }
