// What the calls about unknown devices, resets, proxies and the dialect file accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { ProxyWish } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { name } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'

/** What `devices.decide` takes. */
export const enrolDecision = z.enum(['adopt', 'adopt always', 'ignore'])

/** What `devices.reset` takes. */
export const resetWish = z.strictObject({
  snapshot: z.string().min(1).max(128).optional(),
  nonces: z.boolean().optional(),
  orders: z.boolean().optional(),
})

/** What `proxies.add` takes. */
export const proxyWish = z
  .strictObject({
    upstream: z
      .string()
      .max(LIMIT.uri)
      .regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i, { error: 'expected http://host:port or https://host:port, without query' }),
    port: z.int().min(0).max(65535).optional(),
    host: z.string().min(1).max(255).optional(),
    https: z.boolean().optional(),
    trust: z.enum(['system', 'ca', 'none']).optional(),
    ca: z.string().min(1).max(65536).optional(),
    rewrite: z.boolean().optional(),
    resign: z.boolean().optional(),
    timeoutMs: z.int().min(100).max(3_600_000).optional(),
  })
  .refine(({ trust, ca }) => (trust === 'ca') === (ca !== undefined), { error: 'expected a certificate in ca with trust "ca", and only then' })

/** Text of a dialect file. */
export const dialectText = z.string().max(1024 * 1024)

export const PROXIES_CALLS: Calls<'proxies'> = {
  list: [],
  add: [['wish', proxyWish satisfies z.ZodType<Loose<ProxyWish>>]],
  remove: [['id', name.min(1)]],
}

export const DIALECT_CALLS: Calls<'dialect'> = {
  get: [],
  check: [['text', dialectText]],
  put: [['text', dialectText]],
  view: [['device', name.min(1)]],
}
