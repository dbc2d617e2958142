// One call of the local HTTP API, read and answered: values and body checked against its route, the answer as JSON text.
import { z } from 'zod'
import { wordsOf } from '../syncml/text.ts'
import { ARGUMENT_LIMITS } from './limits.ts'
import type { Route } from './route.ts'
import { checked } from './validatebase.ts'

const NOTHING = z.strictObject({})

/** Values of path and query, checked against the route; throws an Error that names the parameter. */
export function readValues(route: Route, fromPath: Readonly<Record<string, string>>, query: URLSearchParams): Record<string, string> {
  const values: Record<string, string> = {}
  const known = route.parameters ?? {}
  for (const name of query.keys()) if (known[name]?.in !== 'query') throw new Error(`unknown parameter ${name}`)
  for (const [name, parameter] of Object.entries(known)) {
    const value = (parameter.in === 'path' ? fromPath[name] : query.get(name)) ?? parameter.default
    if (value === undefined || (value === '' && parameter.default !== '')) throw new Error(`parameter ${name} is missing`)
    if (parameter.kind === 'integer' && !(/^\d{1,15}$/.test(value) && Number.isSafeInteger(Number(value))))
      throw new Error(`parameter ${name}: expected a whole number from 0 on`)
    if (value.length > ARGUMENT_LIMITS.name) throw new Error(`parameter ${name} is longer than ${ARGUMENT_LIMITS.name} characters`)
    const result = parameter.check?.safeParse(parameter.kind === 'integer' ? Number(value) : value)
    if (result?.success === false) throw new Error(`parameter ${name}: ${result.error.issues[0]?.message ?? 'not accepted'}`)
    values[name] = value
  }
  return values
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Error(`the body is no JSON: ${wordsOf(error)}`, { cause: error })
  }
}

/** The body as the route wants it (one that takes none lets `{}` pass); throws an Error that names the place. */
export function readBody(route: Route, bytes: Uint8Array): unknown {
  if (route.body === 'bytes' || route.body === 'stream') return bytes
  if (route.body === undefined)
    return bytes.length === 0 ? bytes : checked(`${route.method} ${route.path} takes no body`, 'body', NOTHING, jsonOf(bytes))
  const value = jsonOf(bytes)
  return checked(`${route.method} ${route.path}`, 'body', route.body, value)
}

/** Names of what is a time of day: ms since 1970 inside, ISO 8601 outside. */
const TIME = /^(at|until|since|notBefore|notAfter|lastSeen)$|[a-z]At$/

/** A LabApi answer as JSON text: times as ISO 8601 UTC (null for none), bytes as base64, number columns as lists. Source: contract. */
export function toJson(value: unknown): string {
  return JSON.stringify(value ?? {}, (key, v: unknown) => {
    if (v instanceof Uint8Array) return Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('base64')
    if (v instanceof Float64Array) return [...v]
    // What is less than three years is no time of day: steps of a run count from its beginning.
    if (typeof v === 'number' && TIME.test(key) && (v === 0 || v > 1e11)) return v === 0 ? null : new Date(v).toISOString()
    return v
  })
}
