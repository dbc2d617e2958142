// Checks the arguments of every LabApi call that comes from a screen or a script: unknown keys are refused, sizes bounded, messages name the argument.
import { z } from 'zod'
import type {
  AccountChange,
  AdbFile,
  AdbLogFilter,
  AdbLogWish,
  AddressWish,
  BootstrapOptions,
  Cart,
  ClientCertificateWish,
  DefaultSet,
  DeviceAnswer,
  DeviceGroup,
  DiscoverOptions,
  FanoutWish,
  HoldMode,
  InviteWish,
  ImageWish,
  JobWish,
  LabApi,
  MdnsWish,
  ModemOptions,
  NotifyOptions,
  PackageFacts,
  PeerWish,
  QueuedCommand,
  QueuedQuestion,
  RunWish,
  SimulateOptions,
  SmsWish,
  SoftwareRequest,
  Subscription,
  TlsSettings,
  Verdict,
  ProxyWish,
  ResetWish,
} from '../api.ts'
import type { Check } from '../rpc.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { deviceIds, expirySeconds, fanoutWish, imageWish } from './validategateways.ts'
import {
  defaultSet,
  deviceGroup,
  hookUrl,
  jobWish,
  packageFacts,
  reportFormat,
  runNumbers,
  runWish,
  softwareRequest,
  subscription,
} from './validatejobs.ts'
import { adbFile, adbLabel, adbLogFilter, adbLogWish, adbSerial, hostAddress, pairingCode, tcpPort, tcpPorts } from './validateadb.ts'
import { dialectText, enrolDecision, proxyWish, resetWish } from './validateproxies.ts'
import { addressWish, authorityKey, candidateId, clientWish, scheme, serialNumber, tlsChange, trustFormat } from './validatetrust.ts'
import { peerWish } from './validatepeers.ts'
import { inviteId, inviteWish, mdnsWish, modemOptions, pduDirection, pduText, serialPort, smsWish } from './validatemodem.ts'

const name = z.string().max(LIMIT.name)
const key = z.int().min(0)

function octets(limit: number): z.ZodType<Uint8Array> {
  return z
    .instanceof(Uint8Array, { error: 'expected bytes (Uint8Array)' })
    .refine((bytes) => bytes.byteLength <= limit, { error: `longer than ${limit} bytes` })
}

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
export const queuedCommand = z.strictObject({
  kind: z.enum(['Get', 'Add', 'Replace', 'Delete', 'Exec', 'Copy']),
  locUri: z.string().min(1).max(LIMIT.uri),
  source: z.string().max(LIMIT.uri).optional(),
  format: name.optional(),
  type: name.optional(),
  data: z.string().max(LIMIT.data).optional(),
})

/** A question of `devices.queue`. */
export const queuedQuestion = z.strictObject({
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

export const holdMode = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('off') }),
  z.strictObject({ mode: z.literal('all') }),
  z.strictObject({ mode: z.literal('session'), session: key }),
])

export const verdict = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('continue') }),
  z.strictObject({ act: z.literal('step') }),
  z.strictObject({ act: z.literal('edit'), bytes: octets(LIMIT.edit) }),
  z.strictObject({ act: z.literal('drop') }),
])

const uri = z.string().min(1).max(LIMIT.uri)
/** Name of a snapshot or a DDF: becomes a file name, so what a file system does not like is escaped there, not refused here. */
const fileName = z.string().min(1).max(100)

export const treeRef = z.union([z.strictObject({ device: name.min(1), after: key.optional() }), z.strictObject({ snapshot: fileName })])

/** Commands gathered for one device. */
export const cart = z.strictObject({
  mode: z.enum(['single', 'atomic', 'sequence']),
  commands: commandList,
  when: z.enum(['next session', 'wake now']),
})

export const discoverOptions = z.strictObject({
  root: uri.optional(),
  perSecond: z.number().min(0.01).max(10_000).optional(),
  again: z.boolean().optional(),
  acl: z.boolean().optional(),
})

export const encoding = z.enum(['xml', 'wbxml'])
export const treeFormat = z.enum(['tnds-xml', 'tnds-wbxml', 'csv'])
export const groupMode = z.enum(['atomic', 'sequence'])

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

/** One argument: its name as the user knows it, and what it may be. */
type Argument = readonly [name: string, schema: z.ZodType]
type Area = Exclude<keyof LabApi, 'on'>

/** A type whose optional keys may also be present and undefined, as structured clone delivers them. */
type Loose<T> = { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] }
type LooseCart = Omit<Cart, 'commands'> & { readonly commands: readonly Loose<QueuedCommand>[] }
type LooseRef = { readonly device: string; readonly after?: number | undefined } | { readonly snapshot: string }

const ref = treeRef satisfies z.ZodType<LooseRef>
const wish = cart satisfies z.ZodType<LooseCart>

/** The arguments of every call, in order; the type makes a forgotten call an error. */
const ARGUMENTS: { readonly [A in Area]: { readonly [M in keyof LabApi[A]]: readonly Argument[] } } = {
  lab: { state: [] },
  trace: {
    rows: [
      ['first', key],
      ['count', key],
    ],
    frame: [['seq', key]],
    filter: [
      ['expression', z.string().min(1).max(10_000)],
      ['first', key],
      ['count', key],
    ],
    sessions: [],
    session: [['session', key]],
  },
  stepper: {
    held: [],
    mode: [['mode', holdMode satisfies z.ZodType<HoldMode>]],
    decide: [
      ['id', key],
      ['verdict', verdict satisfies z.ZodType<Verdict>],
    ],
  },
  devices: {
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
  },
  evidence: {
    open: [
      ['name', name.min(1)],
      ['bytes', octets(LIMIT.capture)],
    ],
    why: [['seq', key]],
  },
  tree: {
    overview: [['ref', ref]],
    children: [
      ['ref', ref],
      ['uri', uri],
      ['first', key],
      ['count', key],
    ],
    node: [
      ['ref', ref],
      ['uri', uri],
      ['server', name],
    ],
    search: [
      ['ref', ref],
      ['text', name],
      ['count', key],
      ['from', z.string().max(LIMIT.uri).optional()],
    ],
    changes: [
      ['device', name.min(1)],
      ['session', key],
    ],
    discover: [
      ['device', name.min(1)],
      ['options', discoverOptions satisfies z.ZodType<Loose<DiscoverOptions>>],
    ],
    discovery: [['device', name.min(1)]],
    cancelDiscovery: [['device', name.min(1)]],
    check: [
      ['device', name.min(1)],
      ['cart', wish],
    ],
    preview: [
      ['device', name.min(1)],
      ['cart', wish],
      ['encoding', encoding],
    ],
    send: [
      ['device', name.min(1)],
      ['cart', wish],
    ],
    orders: [['device', name.min(1)]],
    order: [['id', name.min(1)]],
    snapshots: [],
    snapshot: [
      ['ref', ref],
      ['name', fileName],
    ],
    dropSnapshot: [['name', fileName]],
    diff: [
      ['a', ref],
      ['b', ref],
    ],
    script: [
      ['a', ref],
      ['b', ref],
      ['mode', groupMode],
    ],
    export: [
      ['ref', ref],
      ['uri', uri],
      ['format', treeFormat],
      ['unredacted', z.boolean().optional()],
    ],
    import: [
      ['name', fileName],
      ['bytes', octets(LIMIT.capture)],
    ],
    schemas: [],
    addSchema: [
      ['name', fileName],
      ['bytes', octets(LIMIT.capture)],
    ],
    dropSchema: [['name', fileName]],
  },
  jobs: {
    create: [['wish', jobWish satisfies z.ZodType<Loose<Omit<JobWish, 'items'>>>]],
    list: [['device', name]],
    get: [['id', name.min(1)]],
    cancel: [['id', name.min(1)]],
  },
  catalogue: {
    list: [],
    add: [
      ['name', name.min(1)],
      ['bytes', octets(LIMIT.capture)],
      ['facts', packageFacts satisfies z.ZodType<Loose<PackageFacts>>],
    ],
    withdraw: [['pkgId', name.min(1)]],
  },
  provider: {
    groups: [],
    putGroup: [['group', deviceGroup satisfies z.ZodType<DeviceGroup>]],
    dropGroup: [['name', name.min(1)]],
    sets: [],
    putSet: [['set', defaultSet satisfies z.ZodType<DefaultSet>]],
    dropSet: [['id', name.min(1)]],
    subscriptions: [],
    putSubscription: [['subscription', subscription satisfies z.ZodType<Subscription>]],
    dropSubscription: [['id', name.min(1)]],
    hooks: [],
    addHook: [['url', hookUrl]],
    dropHook: [['id', name.min(1)]],
  },
  software: {
    board: [['device', name.min(1)]],
    request: [
      ['device', name.min(1)],
      ['request', softwareRequest satisfies z.ZodType<Loose<SoftwareRequest>>],
    ],
    restart: [['device', name.min(1)]],
  },
  scenarios: {
    list: [],
    run: [['wish', runWish satisfies z.ZodType<Loose<RunWish>>]],
    runs: [],
    cancel: [['run', key]],
    report: [
      ['runs', runNumbers],
      ['format', reportFormat],
    ],
  },
  gateways: {
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
  },
  trust: {
    state: [],
    authority: [['format', trustFormat]],
    settings: [['change', tlsChange satisfies z.ZodType<Loose<Partial<TlsSettings>>>]],
    issue: [['wish', clientWish satisfies z.ZodType<Loose<ClientCertificateWish>>]],
    withdraw: [['serial', serialNumber]],
    replace: [['key', authorityKey]],
  },
  addresses: {
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
  },
  modem: {
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
  },
  wifi: {
    state: [],
    invite: [['wish', inviteWish satisfies z.ZodType<Loose<InviteWish>>]],
    withdraw: [['id', inviteId]],
    publish: [['wish', mdnsWish.nullable() satisfies z.ZodType<Loose<MdnsWish> | null>]],
    browse: [['wish', mdnsWish.nullable() satisfies z.ZodType<Loose<MdnsWish> | null>]],
  },
  proxies: {
    list: [],
    add: [['wish', proxyWish satisfies z.ZodType<Loose<ProxyWish>>]],
    remove: [['id', name.min(1)]],
  },
  dialect: {
    get: [],
    check: [['text', dialectText]],
    put: [['text', dialectText]],
    view: [['device', name.min(1)]],
  },
  adb: {
    state: [],
    server: [['port', tcpPort]],
    startServer: [],
    probe: [['serial', adbSerial]],
    reconnect: [['serial', adbSerial]],
    reverse: [
      ['serial', adbSerial],
      ['ports', tcpPorts.optional()],
    ],
    unreverse: [
      ['serial', adbSerial],
      ['ports', tcpPorts.optional()],
    ],
    connect: [['address', hostAddress]],
    disconnect: [['address', hostAddress]],
    pair: [
      ['address', hostAddress],
      ['code', pairingCode],
    ],
    push: [
      ['serial', adbSerial],
      ['file', adbFile satisfies z.ZodType<Loose<AdbFile>>],
    ],
    identify: [
      ['serial', adbSerial],
      ['label', adbLabel.optional()],
    ],
    logcat: [
      ['serial', adbSerial],
      ['filter', adbLogFilter.nullable() satisfies z.ZodType<Loose<AdbLogFilter> | null>],
    ],
    log: [
      ['serial', adbSerial],
      ['wish', adbLogWish satisfies z.ZodType<Loose<Omit<AdbLogWish, 'filter'>>>],
    ],
    forget: [['serial', adbSerial]],
  },
  connect: {
    state: [],
    reach: [['address', hostAddress]],
    port: [['port', tcpPort]],
  },
  peers: {
    clock: [],
    list: [],
    attach: [['wish', peerWish satisfies z.ZodType<Loose<PeerWish>>]],
    detach: [['id', name.min(1)]],
    hold: [
      ['id', name.min(1)],
      ['on', z.boolean()],
    ],
  },
}

/** The Check of core/rpc.ts. Throws an Error such as `trace.rows: first: expected int`. */
export const check: Check = (area, method, args) => {
  const areas: Record<string, Record<string, readonly Argument[]>> = ARGUMENTS
  const wanted = Object.hasOwn(areas, area) ? areas[area] : undefined
  const list = wanted !== undefined && Object.hasOwn(wanted, method) ? wanted[method] : undefined
  if (list === undefined) throw new Error(`no such call: ${area}.${method}`)
  if (args.length > list.length) throw new Error(`${area}.${method}: ${args.length} arguments where ${list.length} are wanted`)
  // What may be left out and was left out stays out.
  return list.map(([argument, schema], i) => checked(`${area}.${method}`, argument, schema, args[i])).slice(0, args.length)
}

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
