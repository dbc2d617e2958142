// The library: every flow there is, by id. Documents in their order, alternatives after their flow.
import { S1 } from './s1.ts'
import { S3 } from './s3.ts'
import type { Plant, Setup } from './setup.ts'
import type { Scenario } from './types.ts'

/** A flow with the set-up and faults of this program's sandbox. */
export type Flow = Scenario<Setup, Plant>

export const SCENARIOS: readonly Flow[] = [...S1, ...S3]

/** The flow of that id; undefined where there is none. */
export function scenario(id: string): Flow | undefined {
  return SCENARIOS.find((each) => each.id === id)
}
