// Hands on what the device-facing ports tell, in its order; the requests that one turn of the event loop brought go to their host together.
import type { Host } from '../lab/host.ts'
import type { Received } from '../lab/ports.ts'
import type { ListenOptions } from './facing.ts'

/** The hosts behind the ports: of the DM Server, and of the gateway where it owns what came. */
export interface Hosts {
  readonly of: (received: Received) => Host | null | undefined
  readonly all: () => readonly (Host | null | undefined)[]
}

/** Requests handled together at the most: while more are handled, the first answers are on their way and further requests come in by the thread of sockets. */
const MOST = 24

/** What ports tell these hosts. Many messages handled one after the other cost less than each for itself between two reads of sockets. */
export function arrivals(hosts: Hosts): Pick<ListenOptions, 'received' | 'refused' | 'gone'> {
  let waiting: Received[] = []
  const pass = (): void => {
    const all = waiting.slice(0, MOST)
    waiting = waiting.slice(MOST)
    if (waiting.length > 0) setImmediate(pass)
    for (let from = 0; from < all.length;) {
      const host = hosts.of(all[from] as Received)
      let to = from + 1
      while (to < all.length && hosts.of(all[to] as Received) === host) to += 1
      host?.receivedAll(all.slice(from, to))
      from = to
    }
  }
  return {
    received: (received) => {
      if (waiting.push(received) === 1) setImmediate(pass)
    },
    // What is told of a connection comes behind the requests it sent.
    refused: (refused) => {
      while (waiting.length > 0) pass()
      hosts.all()[0]?.refused(refused)
    },
    gone: (link, reason) => {
      while (waiting.length > 0) pass()
      for (const host of hosts.all()) host?.gone(link, reason)
    },
  }
}
