// Document S0, image distribution using the Image Inventory MO: every flow, alternatives after theirs.
import { S0_PROXY } from './s0proxy.ts'
import { S0_TRANSPARENT } from './s0transparent.ts'
import type { Flow } from './gatewaysteps.ts'

export const S0: readonly Flow[] = [...S0_PROXY, ...S0_TRANSPARENT]
