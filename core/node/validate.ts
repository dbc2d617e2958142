// Checks the arguments of every LabApi call that comes from a screen or a script: unknown keys are refused, sizes bounded, messages name the argument.
import type { Check } from '../rpc.ts'
import { checked } from './validatebase.ts'
import type { Argument } from './validatebase.ts'
import { ARGUMENTS } from './validatecalls.ts'

export { checked } from './validatebase.ts'
export * from './validatedevices.ts'

/** The Check of core/rpc.ts. Throws an Error such as `trace.rows: first: expected int`. */
export const check: Check = (area, method, args) => {
  const areas: Record<string, Record<string, readonly Argument[]>> = ARGUMENTS
  const wanted = Object.hasOwn(areas, area) ? areas[area] : undefined
  const list = wanted !== undefined && Object.hasOwn(wanted, method) ? wanted[method] : undefined
  if (list === undefined) throw new Error(`no such call: ${area}.${method}`)
  if (args.length > list.length) throw new Error(`${area}.${method}: ${args.length} arguments where ${list.length} are wanted`)
  // What may be left out and was left out stays out.
  return list.map(([argument, schema], i) => checked(`${area}.${method}`, argument, schema, args[i])).slice(0, args.length)
}
