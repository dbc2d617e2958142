// What the calls of areas trust and addresses accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { AddressWish, ClientCertificateWish, TlsSettings } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { name } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'

const version = z.enum(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'])
const base = (scheme: 'http' | 'https'): z.ZodType<string> =>
  z
    .string()
    .max(LIMIT.uri)
    .regex(new RegExp(`^${scheme}://[^\\s/?#@]+(/[^\\s?#]*)?$`, 'i'), { error: `expected ${scheme}://host:port, without query` })

/** What `trust.settings` takes. */
export const tlsChange = z.strictObject({
  profile: z.enum(['modern', 'compatible', 'legacy']).optional(),
  minVersion: version.optional(),
  maxVersion: version.optional(),
  clientCertificates: z.enum(['off', 'optional', 'required']).optional(),
})
/** What `trust.issue` takes. */
export const clientWish = z.strictObject({ device: z.string().min(1).max(LIMIT.name), days: z.int().min(1).max(3650).optional() })
export const trustFormat = z.enum(['pem', 'der', 'qr'])
export const authorityKey = z.enum(['ec', 'rsa'])
export const serialNumber = z.string().regex(/^[0-9A-Fa-f]{1,40}$/, { error: 'expected a serial number in hexadecimal' })

/** What `addresses.add` takes. */
export const addressWish = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9._ -]{1,64}$/, { error: 'expected letters, digits, space, dot, hyphen or underscore, 64 at most' }),
    http: base('http').optional(),
    https: base('https').optional(),
  })
  .refine(({ http, https }) => http !== undefined || https !== undefined, { error: 'expected http or https' })
/** Id of a candidate. */
export const candidateId = z.string().max(200)
export const scheme = z.enum(['http', 'https'])

export const TRUST_CALLS: Calls<'trust'> = {
  state: [],
  authority: [['format', trustFormat]],
  settings: [['change', tlsChange satisfies z.ZodType<Loose<Partial<TlsSettings>>>]],
  issue: [['wish', clientWish satisfies z.ZodType<Loose<ClientCertificateWish>>]],
  withdraw: [['serial', serialNumber]],
  replace: [['key', authorityKey]],
}

export const ADDRESSES_CALLS: Calls<'addresses'> = {
  list: [],
  choice: [['device', name]],
  choose: [
    ['device', name],
    ['candidate', candidateId],
    ['scheme', scheme.optional()],
  ],
  add: [['wish', addressWish satisfies z.ZodType<Loose<AddressWish>>]],
  remove: [['candidate', candidateId]],
  test: [['candidate', candidateId]],
  multicast: [['name', z.string().max(64)]],
}
