// What the calls of areas modem and wifi accept. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { InviteWish, MdnsWish, ModemOptions, SmsWish } from '../api.ts'
import { SERIAL_PORT } from '../notify/smstarget.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import type { Calls, Loose } from './validatebase.ts'

export const serialPort = z.string().regex(SERIAL_PORT, { error: 'expected a serial port (/dev/…, COM1 …)' })
export const modemOptions = z.strictObject({
  baud: z.int().min(300).max(4_000_000).optional(),
  pin: z
    .string()
    .regex(/^\d{4,8}$/, { error: 'expected 4 to 8 digits' })
    .optional(),
})
/** Octets of a push in 255 SMS at the most. */
const PUSH_OCTETS = 255 * 134
export const smsTo = z.string().max(LIMIT.uri).regex(/^sms:/, { error: 'expected sms:+NUMBER?port=PORT' })
/** What `modem.build` and `modem.send` take. */
const smsWish = z.strictObject({
  to: smsTo,
  pdu: z.instanceof(Uint8Array).refine((bytes) => bytes.length > 0 && bytes.length <= PUSH_OCTETS, { error: `expected 1 to ${PUSH_OCTETS} octets` }),
  reference: z.int().min(0).max(65_535).optional(),
})
export const pduText = z.string().max(1024)
export const pduDirection = z.enum(['to the network', 'from the network'])

/** What `wifi.invite` takes. */
export const inviteWish = z.strictObject({
  device: z.string().max(LIMIT.name).optional(),
  candidates: z.array(z.string().max(200)).min(1).max(64).optional(),
  lifeMs: z.int().min(10_000).max(86_400_000).optional(),
  choose: z.boolean().optional(),
})
export const inviteId = z.string().regex(/^[0-9a-f]{1,32}$/, { error: 'expected the id of an invitation' })
/** What `wifi.publish` and `wifi.browse` take. */
export const mdnsWish = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[^.\0]+$/, { error: 'expected a name without dots' })
    .optional(),
  interface: z.string().max(64).optional(),
})

export const MODEM_CALLS: Calls<'modem'> = {
  state: [],
  probe: [
    ['path', serialPort],
    ['options', modemOptions.optional() satisfies z.ZodType<Loose<ModemOptions> | undefined>],
  ],
  listen: [
    ['path', serialPort],
    ['options', modemOptions.optional() satisfies z.ZodType<Loose<ModemOptions> | undefined>],
  ],
  close: [['path', serialPort]],
  dialogue: [['path', serialPort]],
  build: [['wish', smsWish satisfies z.ZodType<Loose<SmsWish>>]],
  send: [['wish', smsWish satisfies z.ZodType<Loose<SmsWish>>]],
  messages: [],
  decode: [
    ['hex', pduText],
    ['direction', pduDirection],
  ],
}

export const WIFI_CALLS: Calls<'wifi'> = {
  state: [],
  invite: [['wish', inviteWish satisfies z.ZodType<Loose<InviteWish>>]],
  withdraw: [['id', inviteId]],
  publish: [['wish', mdnsWish.nullable() satisfies z.ZodType<Loose<MdnsWish> | null>]],
  browse: [['wish', mdnsWish.nullable() satisfies z.ZodType<Loose<MdnsWish> | null>]],
}
