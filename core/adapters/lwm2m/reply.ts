// What a LwM2M client answered: done or not, as the status the gateway gives, and the values in it, whatever their form.
import { AdapterError } from '../port.ts'
import type { AdapterStatus } from '../port.ts'
import { PayloadError, readPayload } from './payload.ts'
import type { Value } from './payload.ts'

export interface LwReply {
  readonly code: string
  readonly format: number
  readonly payload: Uint8Array
  /** `/9/0`; '' without. */
  readonly location: string
}

const STATUS: Readonly<Record<string, AdapterStatus>> = {
  '4.00': 400,
  '4.01': 401,
  '4.03': 405,
  '4.04': 404,
  '4.05': 405,
  '4.06': 415,
  '4.13': 413,
  '4.15': 415,
  '5.03': 503,
}

/** A format is not written: 4.06 as the protocol says, 4.15 by Zephyr. */
export const NOT_SO = ['4.06', '4.15']

/** A path as text. */
export const textOf = (path: readonly number[]): string => `/${path.join('/')}`

/** The reply, where it says that it was done; else an AdapterError. */
export function expect(reply: LwReply, what: string): LwReply {
  if (reply.code.startsWith('2.')) return reply
  throw new AdapterError(STATUS[reply.code] ?? 500, `the device answered ${reply.code} to ${what}`)
}

/** Throws AdapterError where it cannot be read. */
export function valuesOf(reply: LwReply, path: readonly number[]): readonly Value[] {
  try {
    return readPayload(reply.format, reply.payload, path)
  } catch (error) {
    if (error instanceof PayloadError) throw new AdapterError(500, `${textOf(path)}: ${error.message}`)
    throw error
  }
}

/** The value of that resource. */
export function valueAt(reply: LwReply, at: readonly [number, number, number]): string {
  const value = valuesOf(reply, at).find(({ path }) => path[0] === at[0] && path[1] === at[1] && path[2] === at[2])
  if (value === undefined) throw new AdapterError(500, `the answer to ${textOf(at)} does not hold it`)
  return value.text
}
