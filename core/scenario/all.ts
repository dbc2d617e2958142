// The library: every flow there is, by id. Software of one device first, then flows with a gateway; alternatives after their flow.
import { S1 } from './s1.ts'
import { S3 } from './s3.ts'
import { S0 } from './s0.ts'
import { S4 } from './s4.ts'
import type { GatewayPlant, GatewaySetup } from './gatewaysetup.ts'
import type { Plant, Setup } from './setup.ts'
import type { Scenario } from './types.ts'

/** A flow between a server and a device, with the set-up and faults of this program's sandbox. */
export type DeviceFlow = Scenario<Setup, Plant>
/** A flow with a DM Gateway between them. */
export type GatewayFlow = Scenario<GatewaySetup, GatewayPlant>
export type Flow = DeviceFlow | GatewayFlow

export const SCENARIOS: readonly Flow[] = [...S1, ...S3, ...S0, ...S4]

export const isGatewayFlow = (flow: Flow): flow is GatewayFlow => 'stage' in flow.setup

/** The flow of that id; undefined where there is none. */
export function scenario(id: string): Flow | undefined {
  return SCENARIOS.find((each) => each.id === id)
}
