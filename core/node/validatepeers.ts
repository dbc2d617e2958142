// What the calls about attached labs accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { PeerWish } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { name } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'

/** What `peers.attach` takes. */
export const peerWish = z.strictObject({
  url: z
    .string()
    .max(LIMIT.uri)
    .regex(/^https?:\/\/[^\s/?#@]+(\/[^\s#]*)?(\?[^\s#]*)?$/i, { error: 'expected http://host:port/?token=…' }),
  token: z.string().min(1).max(LIMIT.name).optional(),
  name: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^\s]/, { error: 'expected a name' })
    .optional(),
  history: z.int().min(0).max(1_000_000).optional(),
})

export const PEERS_CALLS: Calls<'peers'> = {
  clock: [],
  list: [],
  attach: [['wish', peerWish satisfies z.ZodType<Loose<PeerWish>>]],
  detach: [['id', name.min(1)]],
  hold: [
    ['id', name.min(1)],
    ['on', z.boolean()],
  ],
}
