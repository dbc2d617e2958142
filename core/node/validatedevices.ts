// What the calls of area devices accept.
import { z } from 'zod'
import type {
  AccountChange,
  BootstrapOptions,
  DeviceAnswer,
  NotifyOptions,
  QueuedCommand,
  QueuedQuestion,
  ResetWish,
  SimulateOptions,
} from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { encoding, name } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'
import { enrolDecision, resetWish } from './validateproxies.ts'

/** Options of `devices.simulate`. */
export const simulateOptions = z.strictObject({
  id: name.min(1).optional(),
  encoding: z.enum(['xml', 'wbxml']).optional(),
  auth: z.enum(['basic', 'md5', 'hmac']).optional(),
  profile: name.min(1).optional(),
  initiated: z.enum(['client', 'server']).optional(),
  wrongPassword: z.boolean().optional(),
  answers: z.enum(['person', 'accept', 'reject', 'cancel', 'timeout', 'postpone']).optional(),
  mo: z
    .array(z.enum(['scomo', 'fumo']))
    .max(2)
    .optional(),
  maxObjSize: z.int().min(1).max(4_294_967_295).optional(),
  scomo: z.enum(['1.0', '1.1']).optional(),
})

/** Answer of `devices.answer`. */
export const deviceAnswer = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('ok') }),
  z.strictObject({ act: z.literal('no') }),
  z.strictObject({ act: z.literal('cancel') }),
  z.strictObject({ act: z.literal('postpone') }),
  z.strictObject({ act: z.literal('text'), text: z.string().max(LIMIT.data) }),
  z.strictObject({ act: z.literal('chosen'), numbers: z.array(z.int().min(1).max(1000)).max(1000) }),
])

/** One command of `devices.queue`. */
const queuedCommand = z.strictObject({
  kind: z.enum(['Get', 'Add', 'Replace', 'Delete', 'Exec', 'Copy']),
  locUri: z.string().min(1).max(LIMIT.uri),
  source: z.string().max(LIMIT.uri).optional(),
  format: name.optional(),
  type: name.optional(),
  data: z.string().max(LIMIT.data).optional(),
})

/** A question of `devices.queue`. */
const queuedQuestion = z.strictObject({
  kind: z.literal('Ask'),
  code: z.union([1100, 1101, 1102, 1103, 1104].map((code) => z.literal(code as QueuedQuestion['code']))),
  text: z.string().max(LIMIT.data),
  choices: z.array(z.string().max(LIMIT.data)).max(LIMIT.commands).optional(),
  options: z.string().max(LIMIT.uri).optional(),
})

export const commandList = z.array(queuedCommand).min(1).max(LIMIT.commands)
/** What `devices.queue` takes. */
export const queueList = z
  .array(z.discriminatedUnion('kind', [queuedCommand, queuedQuestion]))
  .min(1)
  .max(LIMIT.commands)

const pushTo = z
  .string()
  .max(LIMIT.uri)
  .regex(/^((udp|https?):\/\/|sms:)/, { error: 'expected udp://host:port, http://…, https://… or sms:+NUMBER?port=PORT' })

/** Options of `devices.notify`. */
export const notifyOptions = z.strictObject({
  to: pushTo.optional(),
  version: z.int().min(0).max(1023).optional(),
  uiMode: z.enum(['not specified', 'background', 'informative', 'user interaction']).optional(),
  initiator: z.enum(['client', 'server']).optional(),
  sessionId: z.int().min(1).max(65535).optional(),
  future: z.int().min(0).max(0x7ffffff).optional(),
  vendor: z.base64().max(4096).optional(),
  endDevice: name.min(1).optional(),
  nonce: z.enum(['stored', 'zeros', 'text']).optional(),
  flaw: z.enum(['password', 'nonce', 'digest']).optional(),
  resync: z.boolean().optional(),
  waitMs: z.int().min(1).max(86_400_000).optional(),
  send: z.boolean().optional(),
})

/** Options of `devices.bootstrap`. */
export const bootstrapOptions = z.strictObject({
  device: name.min(1),
  profile: z.enum(['dm', 'dm-add', 'cp']),
  security: z.enum(['NETWPIN', 'USERPIN', 'USERNETWPIN']),
  pin: z.string().min(1).max(64).optional(),
  imsi: z.string().min(1).max(64).optional(),
  serverUri: z
    .string()
    .max(LIMIT.uri)
    .regex(/^https?:\/\//i, { error: 'expected an http or https URL' })
    .optional(),
  serverId: z.string().min(1).max(255).optional(),
  name: name.min(1).optional(),
  userName: name.min(1).optional(),
  auth: z.enum(['basic', 'md5', 'hmac']).optional(),
  encoding: encoding.optional(),
  to: pushTo.optional(),
})

/** Change of `devices.setAccount`. */
export const accountChange = z.strictObject({
  serverId: z.string().min(1).max(255).optional(),
  userName: name.min(1).optional(),
  auth: z.enum(['any', 'basic', 'md5', 'hmac']).optional(),
  password: name.optional(),
  serverPassword: name.optional(),
  clientNonce: z.base64().max(1024).optional(),
  serverNonce: z.base64().max(1024).optional(),
  state: z.enum(['enrolled', 'refused']).optional(),
})

export const DEVICES_CALLS: Calls<'devices'> = {
  list: [],
  simulate: [['options', simulateOptions satisfies z.ZodType<Loose<SimulateOptions>>]],
  queue: [
    ['device', name.min(1)],
    ['commands', queueList satisfies z.ZodType<readonly (Loose<QueuedCommand> | Loose<QueuedQuestion>)[]>],
  ],
  questions: [],
  answer: [
    ['id', name.min(1)],
    ['answer', deviceAnswer satisfies z.ZodType<DeviceAnswer>],
  ],
  notify: [
    ['device', name.min(1)],
    ['options', notifyOptions satisfies z.ZodType<Loose<NotifyOptions>>],
  ],
  bootstrap: [['options', bootstrapOptions satisfies z.ZodType<Loose<BootstrapOptions>>]],
  accounts: [['device', name.min(1)]],
  setAccount: [
    ['device', name.min(1)],
    ['change', accountChange satisfies z.ZodType<Loose<AccountChange>>],
  ],
  wants: [],
  decide: [
    ['device', name.min(1)],
    ['decision', enrolDecision],
  ],
  reset: [
    ['device', name.min(1)],
    ['wish', resetWish satisfies z.ZodType<Loose<ResetWish>>],
  ],
}
