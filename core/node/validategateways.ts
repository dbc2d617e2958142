// What the calls about gateways accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { FanoutWish, ImageWish } from '../api.ts'
import { LINK_TYPES } from '../notify/si.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { name } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'

const id = name.min(1)
const seconds = z.int().min(0).max(31_536_000)

const command = z.strictObject({
  kind: z.enum(['Add', 'Replace', 'Delete', 'Get', 'Exec', 'Copy']),
  locUri: z.string().min(1).max(LIMIT.uri),
  source: z.string().max(LIMIT.uri).optional(),
  format: id.optional(),
  type: id.optional(),
  data: z.string().max(LIMIT.data).optional(),
})

/** What `gateways.fanout` takes. */
export const fanoutWish = z
  .strictObject({
    gateway: id,
    devices: z.array(id).max(10_000).optional(),
    groups: z.array(id).max(1000).optional(),
    all: z.boolean().optional(),
    mode: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
    filter: z.string().min(1).max(LIMIT.uri).optional(),
    /** None where the delivery is a push. */
    commands: z.array(command).max(LIMIT.commands),
    delivery: z.literal('push').optional(),
    pushUrl: z.enum(['image', 'descriptor']).optional(),
    pushType: z.enum(LINK_TYPES).optional(),
    image: id.optional(),
    style: z.enum(['Y', "Y'"]).optional(),
    timeout: seconds.optional(),
    interval: seconds.optional(),
    returnFormat: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).optional(),
  })
  .refine(({ commands, delivery }) => delivery === 'push' || commands.length > 0, {
    path: ['commands'],
    message: 'a fan-out needs commands, or delivery push',
  })

/** What `gateways.image` takes. */
export const imageWish = z.strictObject({
  gateway: id,
  imageId: id,
  expiry: seconds.optional(),
  pkg: id.optional(),
  url: z
    .string()
    .max(LIMIT.uri)
    .regex(/^[a-z]+:\/\//i, { error: 'expected a URL' })
    .optional(),
})

export const deviceIds = z.array(id).min(1).max(10_000)
export const expirySeconds = seconds

export const GATEWAYS_CALLS: Calls<'gateways'> = {
  list: [],
  pair: [['deviceId', name.min(1)]],
  relations: [],
  fanouts: [],
  fanout: [['wish', fanoutWish satisfies z.ZodType<Loose<Omit<FanoutWish, 'commands'>>>]],
  cancel: [['id', name.min(1)]],
  retry: [
    ['id', name.min(1)],
    ['devices', deviceIds],
  ],
  images: [],
  image: [['wish', imageWish satisfies z.ZodType<Loose<ImageWish>>]],
  expire: [
    ['gateway', name.min(1)],
    ['imageId', name.min(1)],
    ['seconds', expirySeconds],
  ],
  inside: [],
  inventory: [['gateway', name.min(1)]],
  stories: [['gateway', name.min(1)]],
  matrix: [['id', name.min(1)]],
  cards: [],
}
