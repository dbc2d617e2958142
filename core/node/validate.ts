// Checks the arguments of every LabApi call that comes from a screen or a script: unknown keys are refused, sizes bounded, messages name the argument.
import { z } from 'zod'
import type { HoldMode, LabApi, QueuedCommand, SimulateOptions, Verdict } from '../api.ts'
import type { Check } from '../rpc.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'

const name = z.string().max(LIMIT.name)
const key = z.int().min(0)

function octets(limit: number): z.ZodType<Uint8Array> {
  return z
    .instanceof(Uint8Array, { error: 'expected bytes (Uint8Array)' })
    .refine((bytes) => bytes.byteLength <= limit, { error: `longer than ${limit} bytes` })
}

/** Options of `devices.simulate`. */
export const simulateOptions = z.strictObject({
  id: name.min(1).optional(),
  encoding: z.enum(['xml', 'wbxml']).optional(),
  auth: z.enum(['basic', 'md5']).optional(),
  initiated: z.enum(['client', 'server']).optional(),
  wrongPassword: z.boolean().optional(),
})

/** One command of `devices.queue`. */
export const queuedCommand = z.strictObject({
  kind: z.enum(['Get', 'Add', 'Replace', 'Delete', 'Exec', 'Copy']),
  locUri: z.string().min(1).max(LIMIT.uri),
  source: z.string().max(LIMIT.uri).optional(),
  format: name.optional(),
  type: name.optional(),
  data: z.string().max(LIMIT.data).optional(),
})

export const commandList = z.array(queuedCommand).min(1).max(LIMIT.commands)

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

/** One argument: its name as the user knows it, and what it may be. */
type Argument = readonly [name: string, schema: z.ZodType]
type Area = Exclude<keyof LabApi, 'on'>

/** The arguments of every call, in order; the type makes a forgotten call an error. */
const ARGUMENTS: { readonly [A in Area]: { readonly [M in keyof LabApi[A]]: readonly Argument[] } } = {
  lab: { state: [] },
  trace: {
    rows: [
      ['first', key],
      ['count', key],
    ],
    frame: [['seq', key]],
    sessions: [],
    session: [['session', key]],
  },
  stepper: {
    held: [],
    mode: [['mode', holdMode satisfies z.ZodType<HoldMode>]],
    decide: [
      ['id', key],
      ['verdict', verdict satisfies z.ZodType<Verdict>],
    ],
  },
  devices: {
    list: [],
    simulate: [['options', simulateOptions satisfies z.ZodType<Loose<SimulateOptions>>]],
    queue: [
      ['device', name.min(1)],
      ['commands', commandList satisfies z.ZodType<readonly Loose<QueuedCommand>[]>],
    ],
  },
  evidence: {
    open: [
      ['name', name.min(1)],
      ['bytes', octets(LIMIT.capture)],
    ],
  },
}

/** A type whose optional keys may also be present and undefined, as structured clone delivers them. */
type Loose<T> = { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] }

/** The Check of core/rpc.ts. Throws an Error such as `trace.rows: first: expected int`. */
export const check: Check = (area, method, args) => {
  const areas: Record<string, Record<string, readonly Argument[]>> = ARGUMENTS
  const wanted = Object.hasOwn(areas, area) ? areas[area] : undefined
  const list = wanted !== undefined && Object.hasOwn(wanted, method) ? wanted[method] : undefined
  if (list === undefined) throw new Error(`no such call: ${area}.${method}`)
  if (args.length > list.length) throw new Error(`${area}.${method}: ${args.length} arguments where ${list.length} are wanted`)
  return list.map(([argument, schema], i) => checked(`${area}.${method}`, argument, schema, args[i]))
}

/** `value` as `schema` reads it; throws an Error that names call, argument and place. Keys that are present but undefined are left out. */
export function checked<T>(call: string, argument: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return defined(result.data)
  const first = result.error.issues[0]
  const place = first === undefined || first.path.length === 0 ? '' : `.${first.path.join('.')}`
  throw new Error(`${call}: ${argument}${place}: ${(first?.message ?? 'not accepted').replace(/^Invalid input: /, '')}`)
}

function defined<T>(value: T): T {
  if (Array.isArray(value)) return value.map(defined) as T
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T
}
