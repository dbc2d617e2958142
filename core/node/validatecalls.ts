// The arguments of every LabApi call, as a table: a call that is forgotten here is an error of types.
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
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { fileName, key, name, octets, uri } from './validatebase.ts'
import type { Argument, Loose } from './validatebase.ts'
import {
  accountChange,
  bootstrapOptions,
  cart,
  deviceAnswer,
  discoverOptions,
  encoding,
  groupMode,
  holdMode,
  notifyOptions,
  queueList,
  simulateOptions,
  treeFormat,
  treeRef,
  verdict,
} from './validatedevices.ts'
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

type Area = Exclude<keyof LabApi, 'on'>

type LooseCart = Omit<Cart, 'commands'> & { readonly commands: readonly Loose<QueuedCommand>[] }
type LooseRef = { readonly device: string; readonly after?: number | undefined } | { readonly snapshot: string }

const ref = treeRef satisfies z.ZodType<LooseRef>
const wish = cart satisfies z.ZodType<LooseCart>

/** The arguments of every call, in order; the type makes a forgotten call an error. */
export const ARGUMENTS: { readonly [A in Area]: { readonly [M in keyof LabApi[A]]: readonly Argument[] } } = {
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
