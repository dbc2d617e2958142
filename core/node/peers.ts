// Who is connected to a device-facing server: counts connections and decides which one gives way; a waiting answer is never cut off.
import type { Socket } from 'node:net'
import { endpoint, isLoopback, plainAddress } from './media.ts'
import type { HttpLimits } from './limits.ts'

/** One connection. `X` is what the server keeps of an open exchange. */
export interface Peer<X> {
  readonly socket: Socket
  readonly address: string
  readonly local: string
  readonly remote: string
  readonly exchanges: X[]
  /** Exchanges whose body is still arriving (they are among `exchanges`), and those that other code answers (they are not). */
  busy: number
  /** True once a whole header block came. */
  spoke: boolean
  /** Its header lines end with LF alone. */
  bare: boolean
  /** After a refusal nothing further is read from it as HTTP. */
  broken: boolean
  /** Why the connection ended, where the socket told. */
  cause: string
}

/** Bookkeeping over the connections of one server. */
export interface Peers<X> {
  /** The peer of a socket; a newcomer is registered. */
  of(socket: Socket): Peer<X>
  /** A newcomer: null if it may stay, else why not. Others may have been closed to make room. */
  admit(socket: Socket): string | null
  /** An exchange began or ended: keeps the order of idleness. */
  began(peer: Peer<X>): void
  ended(peer: Peer<X>): void
  readonly all: ReadonlyMap<Socket, Peer<X>>
}

/** Where a socket runs, as rows tell it. */
export function endsOf(socket: Socket): { readonly local: string; readonly remote: string } {
  return {
    local: endpoint(socket.localAddress ?? '', socket.localPort ?? 0),
    remote: endpoint(plainAddress(socket.remoteAddress ?? ''), socket.remotePort ?? 0),
  }
}

/** `left` is called once for each closed connection; `evicted` for one closed to make room in the middle of a request or before one. */
export function peersOf<X>(limits: HttpLimits, left: (peer: Peer<X>) => void, evicted: (peer: Peer<X>, reason: string) => void): Peers<X> {
  const all = new Map<Socket, Peer<X>>()
  /** Peers without an open exchange, the longest idle first. */
  const idle = new Set<Peer<X>>()

  const of = (socket: Socket): Peer<X> => all.get(socket) ?? register(socket)

  const register = (socket: Socket): Peer<X> => {
    const peer: Peer<X> = {
      socket,
      address: plainAddress(socket.remoteAddress ?? ''),
      ...endsOf(socket),
      exchanges: [],
      busy: 0,
      spoke: false,
      bare: false,
      broken: false,
      cause: '',
    }
    all.set(socket, peer)
    idle.add(peer)
    socket.once('close', () => {
      all.delete(socket)
      idle.delete(peer)
      left(peer)
    })
    return peer
  }

  /** The peer that can best be spared: longest idle, else the one whose upload began first; none where all wait for an answer. */
  const spare = (mine: (peer: Peer<X>) => boolean): Peer<X> | null => {
    for (const peer of idle) if (mine(peer)) return peer
    for (const peer of all.values()) if (peer.busy > 0 && peer.busy === peer.exchanges.length && mine(peer)) return peer
    return null
  }

  const makeRoom = (newcomer: Peer<X>, mine: (peer: Peer<X>) => boolean, limit: string): string | null => {
    const victim = spare((peer) => peer !== newcomer && mine(peer))
    if (victim === null) return `${limit} are open and all wait for an answer`
    evicted(victim, `closed to make room: ${limit} are open`)
    all.delete(victim.socket)
    idle.delete(victim)
    victim.socket.destroy()
    return null
  }

  return {
    all,
    of,
    admit(socket) {
      const newcomer = of(socket)
      if (all.size > limits.connections) {
        const refusal = makeRoom(newcomer, () => true, `${limits.connections} connections`)
        if (refusal !== null) return refusal
      }
      if (isLoopback(newcomer.address)) return null
      let count = 0
      for (const peer of all.values()) if (peer.address === newcomer.address) count += 1
      if (count <= limits.connectionsPerAddress) return null
      return makeRoom(newcomer, (peer) => peer.address === newcomer.address, `${limits.connectionsPerAddress} connections of ${newcomer.address}`)
    },
    began(peer) {
      idle.delete(peer)
      peer.spoke = true
    },
    ended(peer) {
      if (peer.exchanges.length === 0 && peer.busy === 0 && all.has(peer.socket)) idle.add(peer)
    },
  }
}
