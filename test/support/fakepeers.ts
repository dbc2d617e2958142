// Area `peers` of a lab in memory: it holds what it is told.
import type { LabApi, LabEvents, PeerRow } from '../../core/api.ts'

export interface PeerWorld {
  peers: PeerRow[]
}

export const peerWorld = (): PeerWorld => ({ peers: [] })

/** An attached lab as a row tells it. */
export function peerRow(change: Partial<PeerRow>): PeerRow {
  const base = { id: 'p1', name: 'gw', url: 'http://127.0.0.1:9001/', state: 'attached', why: '', gateway: '', offsetMs: 0, roundTripMs: 1 } as const
  return { ...base, rows: 0, waiting: 0, older: 0, held: 0, holding: false, attachedAt: 0, lastAt: 0, ...change }
}

/** The area over `world`; `called` is told of every call that changes something. */
export function fakePeers(parts: {
  readonly tell: (event: 'peers', fact: LabEvents['peers']) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: PeerWorld
}): Pick<LabApi, 'peers'> {
  const { tell, now, called = () => {}, world = peerWorld() } = parts
  const put = (peers: PeerRow[]): void => {
    world.peers = peers
    tell('peers', { peers })
  }
  const found = (id: string): PeerRow => {
    const row = world.peers.find((each) => each.id === id)
    if (row === undefined) throw new Error(`there is no attached lab ${id}`)
    return row
  }
  return {
    peers: {
      clock: async () => ({ now: now() }),
      list: async () => world.peers,
      attach: async ({ url, name = 'lab' }) => {
        called(`peers.attach ${url}`)
        const row = peerRow({ id: `p${world.peers.length + 1}`, name, url: url.replace(/\?.*$/, ''), attachedAt: now() })
        put([...world.peers, row])
        return row
      },
      detach: async (id) => {
        called(`peers.detach ${id}`)
        found(id)
        put(world.peers.filter((each) => each.id !== id))
      },
      hold: async (id, on) => {
        called(`peers.hold ${id} ${String(on)}`)
        const row = { ...found(id), holding: on }
        put(world.peers.map((each) => (each.id === id ? row : each)))
        return row
      },
    },
  }
}
