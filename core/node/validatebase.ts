// What all checks of arguments share: names, keys, bytes, and how a value is read by its schema and refused in words.
import { z } from 'zod'
import type { LabApi } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'

/** A name or an id. */
export const name = z.string().max(LIMIT.name)
/** A number of a row or session. */
export const key = z.int().min(0)

/** Bytes, no more than `limit`. */
export function octets(limit: number): z.ZodType<Uint8Array> {
  return z
    .instanceof(Uint8Array, { error: 'expected bytes (Uint8Array)' })
    .refine((bytes) => bytes.byteLength <= limit, { error: `longer than ${limit} bytes` })
}
/** URI of a node. */
export const uri = z.string().min(1).max(LIMIT.uri)
export const encoding = z.enum(['xml', 'wbxml'])
/** Name of a snapshot or a DDF: becomes a file name, so what a file system does not like is escaped there, not refused here. */
export const fileName = z.string().min(1).max(100)

/** One argument: its name as the user knows it, and what it may be. */
export type Argument = readonly [name: string, schema: z.ZodType]

/** What every call of an area takes, in order: a call that is forgotten is an error of types. */
export type Calls<A extends Exclude<keyof LabApi, 'on'>> = { readonly [M in keyof LabApi[A]]: readonly Argument[] }

/** A type whose optional keys may also be present and undefined, as structured clone delivers them. */
export type Loose<T> = { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] }

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
