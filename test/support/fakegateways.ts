// Area `gateways` of a lab in memory: it holds what it is told; for the contract suite and the window's tests.
import type {
  BootstrapStory,
  FanoutMatrix,
  FanoutRow,
  GatewayRow,
  ImageCard,
  ImageRow,
  InventoryRow,
  LabApi,
  LabEvents,
  RelationRow,
} from '../../core/api.ts'

export interface GatewayWorld {
  readonly gateways: GatewayRow[]
  readonly relations: RelationRow[]
  readonly fanouts: FanoutRow[]
  readonly images: ImageRow[]
  /** What looking finds; by gateway, by gateway, by fan-out. */
  readonly inventories: Map<string, readonly InventoryRow[]>
  readonly stories: Map<string, readonly BootstrapStory[]>
  readonly matrices: Map<string, Omit<FanoutMatrix, 'fanout'>>
  readonly cards: Map<string, Partial<ImageCard>>
}

export const gatewayWorld = (): GatewayWorld => ({
  gateways: [],
  relations: [],
  fanouts: [],
  images: [],
  inventories: new Map(),
  stories: new Map(),
  matrices: new Map(),
  cards: new Map(),
})

/** The area over `world`; `called` is told of every call that changes something. */
export function fakeGateways(parts: {
  readonly tell: (event: 'gateways', fact: LabEvents['gateways']) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: GatewayWorld
}): Pick<LabApi, 'gateways'> {
  const { tell, now, called = () => {}, world = gatewayWorld() } = parts
  const found = (id: string): FanoutRow => {
    const row = world.fanouts.find((each) => each.id === id)
    if (row === undefined) throw new Error(`there is no fan-out ${id}`)
    return row
  }
  const put = (row: FanoutRow): FanoutRow => {
    const at = world.fanouts.findIndex((each) => each.id === row.id)
    if (at < 0) world.fanouts.unshift(row)
    else world.fanouts[at] = row
    tell('gateways', { fanouts: [row] })
    return row
  }
  const gateways: LabApi['gateways'] = {
    list: async () => [...world.gateways],
    pair: async (deviceId) => ({ code: String(deviceId.length).padStart(6, '0'), url: 'http://127.0.0.1:8080/gw/bootstrap' }),
    relations: async () => [...world.relations],
    fanouts: async () => [...world.fanouts],
    fanout: async (wish) => {
      called(`gateways.fanout ${JSON.stringify(wish)}`)
      const devices = (wish.devices ?? []).map((deviceId) => ({ deviceId, code: 0, text: '' }))
      const id = `f${world.fanouts.length + 1}`
      const { gateway, style = "Y'" } = wish
      return put({ id, gateway, createdAt: now(), style, state: 'queued', result: 0, reason: '', devices, summary: null, seq: 0 })
    },
    inside: async () => null,
    inventory: async (gateway) => {
      const { relations } = world
      const told = (server: RelationRow): InventoryRow => {
        const { deviceId, mode } = server
        return { deviceId, gateway, mode, server, record: null, withGateway: null, withServer: null, proofs: [], findings: [] }
      }
      const rows = world.inventories.get(gateway) ?? relations.filter((each) => each.gateway === gateway).map(told)
      return { gateway, reach: world.inventories.has(gateway) ? 'own' : 'foreign', store: null, rows }
    },
    stories: async (gateway) => world.stories.get(gateway) ?? [],
    matrix: async (id) => {
      const fanout = found(id)
      const cells = fanout.devices.map(({ deviceId, code, text }) => {
        return { deviceId, localId: '', state: 0, code, text, notifiedAt: 0, endedAt: 0, cells: [], late: [] }
      })
      const bare = { commands: [], devices: cells, startedAt: 0, endsAt: 0, image: '', source: 'alerts' as const }
      return { fanout, ...(world.matrices.get(id) ?? bare) }
    },
    cards: async () =>
      world.images.map((row): ImageCard => ({ life: 0, digest: '', fetched: [], source: 'server', ...row, ...world.cards.get(row.imageId) })),
    cancel: async (id) => {
      called(`gateways.cancel ${id}`)
      return put({ ...found(id), state: 'cancelled', result: 214 })
    },
    retry: async (id, devices) => {
      called(`gateways.retry ${id} ${devices.join(' ')}`)
      return gateways.fanout({ gateway: found(id).gateway, devices, commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }] })
    },
    images: async () => [...world.images],
    image: async ({ gateway, imageId }) => {
      called(`gateways.image ${imageId}`)
      const row: ImageRow = { gateway, imageId, state: 'queued', url: '', size: 0, expiresAt: 0, reason: '' }
      world.images.push(row)
      return row
    },
    expire: async (gateway, imageId, seconds) => {
      called(`gateways.expire ${imageId} ${String(seconds)}`)
      const at = world.images.findIndex((each) => each.gateway === gateway && each.imageId === imageId)
      const old = world.images[at]
      if (old === undefined) throw new Error(`there is no image ${imageId} at ${gateway}`)
      const row = { ...old, expiresAt: now() + seconds * 1000 }
      world.images[at] = row
      return row
    },
  }
  return { gateways }
}
