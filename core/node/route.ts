// What a route of the local HTTP API is, and the small words its tables are written in.
import type { z } from 'zod'
import type { LabApi } from '../api.ts'

/** What a route gets: named values of path and query, and the body (parsed JSON, or bytes). */
export interface ApiCall {
  readonly values: Readonly<Record<string, string>>
  readonly body: unknown
}

/** One parameter; a default makes it optional. */
export interface Parameter {
  readonly in: 'path' | 'query'
  readonly kind: 'integer' | 'string'
  readonly text: string
  readonly default?: string
  /** What its value must be besides; a number is checked as one. */
  readonly check?: z.ZodType
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /api/v1; `{name}` stands for one segment. */
  readonly path: string
  readonly text: string
  readonly parameters?: Readonly<Record<string, Parameter>>
  /** Schema of a JSON body, `bytes` for a body taken as it is, `stream` for one that is not kept in memory. */
  readonly body?: z.ZodType | 'bytes' | 'stream'
  respond(api: LabApi, call: ApiCall): Promise<unknown>
}

/** A parameter that is a whole number; `preset` makes it optional. */
export const int = (text: string, place: 'path' | 'query' = 'path', preset?: string): Parameter => ({
  in: place,
  kind: 'integer',
  text,
  ...(preset === undefined ? {} : { default: preset }),
})
/** A parameter that is text. */
export const string = (text: string, place: 'path' | 'query' = 'path', preset?: string): Parameter => ({
  in: place,
  kind: 'string',
  text,
  ...(preset === undefined ? {} : { default: preset }),
})
/** A parameter that must pass a schema, too. */
export const fits = (parameter: Parameter, check: z.ZodType): Parameter => ({ ...parameter, check })
/** Value of an integer parameter. */
export const number = (call: ApiCall, name: string): number => Number(call.values[name])
/** Value of a text parameter. */
export const word = (call: ApiCall, name: string): string => call.values[name] ?? ''
