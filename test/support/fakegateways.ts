// Area `gateways` of a lab in memory: it holds what it is told; for the contract suite and the window's tests.
import type { FanoutRow, GatewayRow, ImageRow, LabApi, LabEvents, RelationRow } from '../../core/api.ts'

export interface GatewayWorld {
  readonly gateways: GatewayRow[]
  readonly relations: RelationRow[]
  readonly fanouts: FanoutRow[]
  readonly images: ImageRow[]
}

export const gatewayWorld = (): GatewayWorld => ({ gateways: [], relations: [], fanouts: [], images: [] })

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
    cancel: async (id) => put({ ...found(id), state: 'cancelled', result: 214 }),
    retry: async (id, devices) => gateways.fanout({ gateway: found(id).gateway, devices, commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }] }),
    images: async () => [...world.images],
    image: async ({ gateway, imageId }) => {
      called(`gateways.image ${imageId}`)
      const row: ImageRow = { gateway, imageId, state: 'queued', url: '', size: 0, expiresAt: 0, reason: '' }
      world.images.push(row)
      return row
    },
    expire: async (gateway, imageId, seconds) => {
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
