// What the calls about the lab, its trace, its stepper and evidence accept.
import { z } from 'zod'
import type { HoldMode, Verdict } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { key, name, octets } from './validatebase.ts'
import type { Calls } from './validatebase.ts'

export const holdMode = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('off') }),
  z.strictObject({ mode: z.literal('all') }),
  z.strictObject({ mode: z.literal('session'), session: key }),
])

export const verdict = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('continue') }),
  z.strictObject({ act: z.literal('step') }),
  z.strictObject({ act: z.literal('edit'), bytes: octets(LIMIT.edit) }),
  z.strictObject({ act: z.literal('drop') }),
])

export const LAB_CALLS: Calls<'lab'> = { state: [] }

export const TRACE_CALLS: Calls<'trace'> = {
  rows: [
    ['first', key],
    ['count', key],
  ],
  frame: [['seq', key]],
  filter: [
    ['expression', z.string().min(1).max(10_000)],
    ['first', key],
    ['count', key],
  ],
  sessions: [],
  session: [['session', key]],
}

export const STEPPER_CALLS: Calls<'stepper'> = {
  held: [],
  mode: [['mode', holdMode satisfies z.ZodType<HoldMode>]],
  decide: [
    ['id', key],
    ['verdict', verdict satisfies z.ZodType<Verdict>],
  ],
}

export const EVIDENCE_CALLS: Calls<'evidence'> = {
  open: [
    ['name', name.min(1)],
    ['bytes', octets(LIMIT.capture)],
  ],
  why: [['seq', key]],
}
