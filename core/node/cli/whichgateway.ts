// Which gateway a command means where none is named: the only one there is, or the only one with devices.
import type { GatewayRow } from '../../api.ts'
import { refuse } from './output.ts'
import type { Ask } from './treesource.ts'

/** Device id of the gateway: `given`, else the one that is meant; throws Failure 2 with all ids where that is not plain. */
export async function whichGateway(ask: Ask, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const { gateways } = await ask<{ gateways: readonly GatewayRow[] }>('GET', 'gateways')
  const served = gateways.filter(({ devices }) => devices > 0)
  const [only, another] = served.length === 0 ? gateways : served
  if (only === undefined) return refuse('this lab knows no gateway; name one by --gateway ID')
  return another === undefined ? only.id : refuse(`tell the gateway: --gateway ${gateways.map(({ id }) => id).join(' | ')}`)
}
