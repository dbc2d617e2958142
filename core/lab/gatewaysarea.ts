// Area `gateways` of LabApi: what the server knows of gateways and asks of them.
import type { GatewayRow, GatewaysArea, RelationRow } from '../api.ts'
import { route } from '../gateway/relations.ts'
import type { Relation } from '../gateway/relations.ts'
import { modeName } from '../mo/gwmo.ts'
import type { ServerFanouts } from './fanouts.ts'
import { gatewayLook } from './gatewayview.ts'
import type { LookParts } from './gatewayview.ts'
import type { Gateways } from './gateways.ts'
import type { Pairing } from './pairing.ts'

/** A gateway that this process plays itself. */
export interface OwnGateway {
  readonly id: string
  readonly pushUrl: string
  readonly url: string
  readonly host: { readonly pairing: Pick<Pairing, 'expect'> }
}

function relationRow(relation: Relation): RelationRow {
  const way = route(relation)
  const { deviceId, gateway, gatewayAddress, localId, address, attached, at } = relation
  const flow = way.flow ?? ''
  const mode = modeName(relation.mode) || 'transparent'
  return { deviceId, gateway, gatewayAddress, localId, address, mode, attached, at, flow, to: 'to' in way ? way.to : '' }
}

/** What looking needs beside: the trace, what it showed, and attached labs. */
export type Looking = Omit<LookParts, 'fanouts' | 'relations'>

export function gatewaysArea(gateways: Gateways, fanouts: ServerFanouts, own: () => OwnGateway | null, looking: Looking): GatewaysArea {
  return {
    ...gatewayLook({ ...looking, fanouts, relations: () => gateways.relations.all().map(relationRow) }),
    list: async () => {
      const rows = new Map<string, GatewayRow>()
      const mine = own()
      if (mine !== null) rows.set(mine.id, { id: mine.id, address: mine.pushUrl, own: true, devices: 0, lastAt: 0 })
      for (const { gateway, gatewayAddress, attached, at } of gateways.relations.all()) {
        if (gateway === '') continue
        const known = rows.get(gateway)
        const base: GatewayRow = known ?? { id: gateway, address: gatewayAddress, own: false, devices: 0, lastAt: 0 }
        rows.set(gateway, { ...base, devices: base.devices + (attached ? 1 : 0), lastAt: Math.max(base.lastAt, at) })
      }
      return [...rows.values()]
    },
    pair: async (deviceId) => {
      const mine = own()
      if (mine === null) throw new Error('this lab plays no gateway (serve --role lab,gateway)')
      return { code: mine.host.pairing.expect(deviceId), url: `${mine.url}/bootstrap` }
    },
    relations: async () => gateways.relations.all().map(relationRow),
    fanouts: async () => fanouts.all(),
    fanout: async (wish) => fanouts.create(wish),
    cancel: async (id) => fanouts.cancel(id),
    retry: async (id, devices) => fanouts.retry(id, devices),
    images: async () => fanouts.images(),
    image: async (wish) => fanouts.image(wish),
    expire: async (gateway, imageId, seconds) => fanouts.expire(gateway, imageId, seconds),
  }
}
