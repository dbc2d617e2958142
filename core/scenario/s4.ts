// Document S4, the general management flow: every flow, alternatives after theirs.
import { S4_M } from './s4m.ts'
import { S4_X } from './s4x.ts'
import { S4_Y } from './s4y.ts'
import { S4_Z } from './s4z.ts'
import { S4_MXY } from './s4mxy.ts'
import type { Flow } from './gatewaysteps.ts'

export const S4: readonly Flow[] = [...S4_M, ...S4_X, ...S4_Y, ...S4_Z, S4_MXY]
