// x
import type { Flow } from './gatewaysteps.ts'
export const S0: readonly Flow[] = []
