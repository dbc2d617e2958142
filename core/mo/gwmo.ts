// The Gateway Management Object (GwMO 1.0/1.1): names, numbers, nodes and codes as tables, each with what it rests on. A correction is a change here and nowhere else.
import type { Mark } from './mark.ts'
import { confirmed, inferred } from './mark.ts'

/** How the gateway stands between a device and the DM Server (gwmo sheet 1.3). */
export type Mode = 0 | 1 | 2
export const TRANSPARENT = 0
export const PROXY = 1
export const ADAPTATION = 2

export const MODES: readonly { readonly mode: Mode; readonly name: 'transparent' | 'proxy' | 'adaptation'; readonly mark: Mark }[] = [
  { mode: 0, name: 'transparent', mark: inferred('the numbers follow the order in which every source lists the modes') },
  { mode: 1, name: 'proxy', mark: inferred('the numbers follow the order in which every source lists the modes') },
  { mode: 2, name: 'adaptation', mark: inferred('the numbers follow the order in which every source lists the modes') },
]

export function modeName(mode: number): 'transparent' | 'proxy' | 'adaptation' | '' {
  return MODES.find((row) => row.mode === mode)?.name ?? ''
}

/** The five management objects and where ours are mounted. */
export const OBJECTS = {
  config: { id: 'urn:oma:mo:oma-gwmo-config:1.1', root: './GwMO/Config', mark: confirmed('MO') },
  devices: { id: 'urn:oma:mo:oma-gwmo-deviceinventory:1.1', root: './GwMO/Devices', mark: confirmed('MO') },
  trigger: { id: 'urn:oma:mo:oma-gwmo-edtrigger:1.0', root: './GwMO/Trigger', mark: confirmed('MO') },
  fanout: { id: 'urn:oma:mo:oma-gwmo-fanout:1.0', root: './GwMO/Fanout', mark: confirmed('MO') },
  images: { id: 'urn:oma:mo:oma-gwmo-imageinventory:1.0', root: './GwMO/Images', mark: confirmed('MO') },
} as const
export type GatewayObject = keyof typeof OBJECTS

/** Identifiers of 1.0 peers that a server takes for the same objects. */
export const OLDER_OBJECTS: readonly { readonly id: string; readonly object: GatewayObject; readonly mark: Mark }[] = [
  { id: 'urn:oma:mo:oma-gwmo-config:1.0', object: 'config', mark: inferred('no longer listed; the release page names V1.0 of the DDF') },
  { id: 'urn:oma:mo:oma-gwmo-deviceinventory:1.0', object: 'devices', mark: inferred('no longer listed; the release page names V1.0 of the DDF') },
]

/** Types below it are alerts of gateways and their devices (gwmo sheet 2.2). */
export const ALERT_ROOT = 'urn:oma:at:oma-gwmo'
/** Alert types; compared letter by letter after trimming (gwmo sheet 2.2). */
export const ALERTS = {
  attached: { type: 'urn:oma:at:oma-gwmo:deviceattached:1.1', format: 'xml', from: 'gateway', mark: confirmed('AT') },
  attached10: { type: 'urn:oma:at:oma-gwmo:deviceattached:1.0', format: 'xml', from: 'gateway', mark: confirmed('AT') },
  detached: { type: 'urn:oma:at:oma-gwmo:devicedetached:1.0', format: 'xml', from: 'gateway', mark: confirmed('AT') },
  aggregation: { type: 'urn:oma:at:oma-gwmo:resultaggregation:1.0', format: 'xml', from: 'gateway', mark: confirmed('AT') },
  completion: { type: 'urn:oma:at:oma-gwmo:completionstatus:1.0', format: 'int', from: 'gateway', mark: confirmed('AT') },
  serverList: { type: 'urn:oma:at:oma-gwmo:BootstrappedDMSList:1.0', format: 'xml', from: 'device', mark: confirmed('AT') },
  gateway: { type: 'urn:oma:at:oma-gwmo:AssociatedGateway:1.0', format: 'chr', from: 'device', mark: confirmed('AT') },
  imageReady: { type: 'urn:oma:at:oma-gwmo:imageready:1.0', format: 'xml', from: 'gateway', mark: confirmed('AT') },
  registration: {
    type: 'urn:oma:at:oma-gwmo:deviceregistration:1.0',
    format: 'xml',
    from: 'device',
    mark: inferred('S4 X.1 demands the alert, no registered type exists; the name is ours'),
  },
} as const
export type GatewayAlert = keyof typeof ALERTS

/** Which alert a Meta Type names; null for types of others. Blanks around it are ignored, case counts. */
export function alertOfType(type: string): GatewayAlert | null {
  const trimmed = type.trim().replace(/^Reversed-Domain-Name:\s*/, '')
  return (Object.keys(ALERTS) as GatewayAlert[]).find((name) => ALERTS[name].type === trimmed) ?? null
}

/** The push header that names the end device (registered code 0x50). */
export const PUSH_HEADER = { name: 'X-Oma-GwMO', code: 0x50, mark: confirmed('PH', 'S4') } as const

/** A number with its name. */
export interface Value {
  readonly value: number
  readonly words: string
}
const WORDS = inferred('numbers of our own; only the purpose is published')

/** Numbered states of the objects' State leaves and the like. */
export const STATES = {
  record: {
    mark: WORDS,
    values: [
      { value: 10, words: 'discovered' },
      { value: 20, words: 'authenticated' },
      { value: 30, words: 'registered' },
      { value: 40, words: 'detached' },
    ],
  },
  report: {
    mark: WORDS,
    values: [
      { value: 10, words: 'report queued' },
      { value: 20, words: 'report acknowledged' },
      { value: 30, words: 'report refused' },
    ],
  },
  job: {
    mark: WORDS,
    values: [
      { value: 10, words: 'idle' },
      { value: 20, words: 'running' },
      { value: 30, words: 'reporting' },
      { value: 40, words: 'completed' },
      { value: 50, words: 'cancelled' },
    ],
  },
  response: {
    mark: WORDS,
    values: [
      { value: 10, words: 'pending' },
      { value: 20, words: 'notified' },
      { value: 30, words: 'in session' },
      { value: 35, words: 'accepted, late alert awaited' },
      { value: 40, words: 'done' },
      { value: 50, words: 'failed' },
      { value: 60, words: 'timed out' },
    ],
  },
  image: {
    mark: WORDS,
    values: [
      { value: 10, words: 'empty' },
      { value: 20, words: 'transferring' },
      { value: 30, words: 'ready' },
      { value: 40, words: 'failed' },
      { value: 50, words: 'expired' },
    ],
  },
  detach: {
    mark: WORDS,
    values: [
      { value: 0, words: 'unspecified' },
      { value: 1, words: 'left by itself' },
      { value: 2, words: 'lost' },
      { value: 3, words: 'removed by an administrator' },
      { value: 4, words: 'failed authentication' },
    ],
  },
  returnFormat: {
    mark: inferred('a return format saved below Operations is claimed in evidence; the values are ours'),
    values: [
      { value: 0, words: 'none' },
      { value: 1, words: 'counts only' },
      { value: 2, words: 'code per device' },
      { value: 3, words: 'full Status and Results' },
      { value: 4, words: 'devices grouped by code' },
    ],
  },
} as const satisfies Readonly<Record<string, { readonly mark: Mark; readonly values: readonly Value[] }>>

export function stateWords(kind: keyof typeof STATES, value: number): string {
  return (STATES[kind].values as readonly Value[]).find((row) => row.value === value)?.words ?? ''
}

/** Job codes: `Result` of a job, Data of the completion alert; when several fit, the first in this order counts (gwmo sheet 4.7). */
export const JOB_CODES: readonly Value[] = [
  { value: 214, words: 'cancelled by the server' },
  { value: 503, words: 'the gateway cannot run the job' },
  { value: 404, words: 'no target could be resolved' },
  { value: 200, words: 'all targets succeeded' },
  { value: 206, words: 'at least one succeeded and at least one did not' },
  { value: 410, words: 'the image expired and no target succeeded' },
  { value: 408, words: 'no target answered in time' },
  { value: 500, words: 'no target succeeded' },
]
export const JOB_CODES_MARK = inferred('SyncML code space, as FUMO reuses HTTP-like codes')

/** Codes the gateway itself gives a device (gwmo sheet 4.6). */
export const DEVICE_CODES: readonly Value[] = [
  { value: 401, words: 'failed authentication to the gateway' },
  { value: 404, words: 'unknown device' },
  { value: 406, words: 'not served in this mode, or the adapter cannot translate' },
  { value: 408, words: 'no answer, or no late alert, in time' },
  { value: 410, words: 'the image is gone' },
  { value: 413, words: 'an Atomic is too large for the device' },
  { value: 214, words: 'cancelled' },
  { value: 215, words: 'not sent: what it needs failed' },
  { value: 425, words: 'the server has no right on the record' },
  { value: 500, words: 'adapter error' },
  { value: 503, words: 'refused or unreachable' },
]
export const DEVICE_CODES_MARK = inferred('product rule; meanings of 2xx to 5xx are those of DM 1.2')

/** One node of a management object. `path` is below the root, '*' stands for a name chosen at run time; '' is the root itself. */
export interface GatewayNode {
  readonly path: string
  readonly occurrence: '1' | '?' | '*'
  readonly format: 'node' | 'chr' | 'int' | 'bool' | 'bin' | 'xml' | 'null'
  readonly access: string
  readonly text: string
  readonly mark: Mark
}

const SHAPE = inferred('the DDF could not be read; the least that S4, S0 and the registry demand')
const row =
  (mark: Mark) =>
  (
    path: string,
    occurrence: GatewayNode['occurrence'],
    format: GatewayNode['format'],
    access: string,
    text: string,
    own: Mark = mark,
  ): GatewayNode => ({
    path,
    occurrence,
    format,
    access,
    text,
    mark: own,
  })
const n = row(SHAPE)
const S0 = confirmed('S0')
/** HTTP with Push, as a job asks for it. */
export const PUSH_MARK = inferred('S0 names HTTP with Push as a way to the devices; how a server asks for it is not published')

/** The nodes of each object, parents before children (gwmo sheet 3.2 to 3.6). */
export const NODES: Readonly<Record<GatewayObject, readonly GatewayNode[]>> = {
  config: [
    n('', '1', 'node', 'Get', 'Configuration of the gateway'),
    n('GatewayID', '1', 'chr', 'Get', 'Equals ./DevInfo/DevId'),
    n('Address', '1', 'chr', 'Get', 'Publicly routable address'),
    n('AddressType', '1', 'chr', 'Get', 'URI, IPv4, IPv6, MSISDN'),
    n('Modes', '1', 'node', 'Get', 'Which modes are allowed'),
    n('Modes/Transparent', '1', 'bool', 'Get Replace', 'Transparent mode is allowed'),
    n('Modes/Proxy', '1', 'bool', 'Get Replace', 'Proxy mode is allowed'),
    n('Modes/Adaptation', '1', 'bool', 'Get Replace', 'Adaptation mode is allowed'),
    n('DefaultMode', '1', 'int', 'Get Replace', '0 transparent, 1 proxy, 2 adaptation'),
    n('Session', '1', 'node', 'Get', 'How results reach the server'),
    n('Session/Style', '1', 'int', 'Get Replace', "0 synchronous (flow Y), 1 asynchronous (flow Y')"),
    n('Session/HoldTime', '1', 'int', 'Get Replace', 'Longest time in seconds a server session is kept open for devices'),
    n('Alerts', '1', 'node', 'Get', 'Which alerts are sent'),
    n('Alerts/Attach', '1', 'bool', 'Get Replace', 'Device attached'),
    n('Alerts/Detach', '1', 'bool', 'Get Replace', 'Device detached'),
    n('Alerts/ImageReady', '1', 'bool', 'Get Replace', 'Image ready'),
    n('ImageStore', '1', 'node', 'Get', 'Room for images'),
    n('ImageStore/Capacity', '1', 'int', 'Get', 'Bytes'),
    n('ImageStore/Used', '1', 'int', 'Get', 'Bytes'),
    n('ImageStore/DefaultExpiry', '1', 'int', 'Get Replace', 'Seconds, for an image without Expiry'),
    n('EDConfig', '1', 'node', 'Get Add', 'Configuration kept for end devices'),
    n('EDConfig/*', '*', 'node', 'Get Add Delete', 'One stored object'),
    n('EDConfig/*/Target', '1', 'chr', 'Get Add Replace', 'DeviceID, or group: and a GroupID'),
    n('EDConfig/*/Data', '1', 'xml', 'Get Add Replace', 'TNDS document'),
    n('Ext', '?', 'node', 'Get', 'Vendor part'),
  ],
  devices: [
    n('', '1', 'node', 'Get', 'Devices behind the gateway'),
    n('Inventory', '1', 'node', 'Get', 'The inventory'),
    n('Inventory/Records', '1', 'node', 'Get', 'One record a device; made by the gateway only'),
    n('Inventory/Records/*', '*', 'node', 'Get', 'Named by LocalID'),
    n('Inventory/Records/*/DeviceID', '1', 'chr', 'Get', 'Public identifier, unique in this gateway'),
    n('Inventory/Records/*/LocalID', '1', 'chr', 'Get', 'Given by the gateway in M.1'),
    n('Inventory/Records/*/ComponentType', '?', 'int', 'Get', '0 end device, 1 child gateway (1.1 only)'),
    n('Inventory/Records/*/Mode', '1', 'int', 'Get Replace', '0 transparent, 1 proxy, 2 adaptation'),
    n('Inventory/Records/*/Address', '1', 'chr', 'Get', 'Local address'),
    n('Inventory/Records/*/AddressType', '1', 'chr', 'Get', 'URI, IPv4, IPv6, MSISDN, MAC, OTHER'),
    n('Inventory/Records/*/PublicAddress', '?', 'chr', 'Get', 'Present: flow Z is possible'),
    n('Inventory/Records/*/State', '1', 'int', 'Get', '10 discovered, 20 authenticated, 30 registered, 40 detached'),
    n('Inventory/Records/*/LastSeen', '?', 'chr', 'Get', 'YYYYMMDDThhmmssZ'),
    n('Inventory/Records/*/Protocol', '?', 'chr', 'Get', 'Adaptation: name of the other protocol'),
    n('Inventory/Records/*/DevInfo', '?', 'node', 'Get', 'What the device said of itself'),
    n('Inventory/Records/*/DevInfo/*', '*', 'chr', 'Get', 'Man, Mod, DmV, Lang'),
    n('Inventory/Records/*/ReportState', '?', 'int', 'Get', 'State of the last attach or detach alert'),
    n('Inventory/Records/*/DMSList', '?', 'node', 'Get', 'Servers the device reported'),
    n('Inventory/Records/*/DMSList/*', '*', 'chr', 'Get', 'ServerID'),
    n('Inventory/Groups', '1', 'node', 'Get Add', 'Groups of devices'),
    n('Inventory/Groups/*', '*', 'node', 'Get Add Delete', 'Named by GroupID'),
    n('Inventory/Groups/*/Members', '1', 'node', 'Get Add', 'Members'),
    n('Inventory/Groups/*/Members/*', '*', 'chr', 'Get Add Delete Replace', 'A DeviceID'),
    n('Ext', '?', 'node', 'Get', 'Vendor part'),
  ],
  fanout: [
    n('', '1', 'node', 'Get', 'Commands for many devices at once'),
    n('Fanout', '1', 'node', 'Get Add', 'Jobs'),
    n('Fanout/*', '*', 'node', 'Get Add Delete', 'One job'),
    n('Fanout/*/TargetDevices', '?', 'node', 'Get Add', 'Devices by name'),
    n('Fanout/*/TargetDevices/*', '*', 'chr', 'Get Add Replace Delete', 'DeviceID'),
    n('Fanout/*/TargetGroups', '?', 'node', 'Get Add', 'Devices by group'),
    n('Fanout/*/TargetGroups/*', '*', 'chr', 'Get Add Replace Delete', 'GroupID'),
    n('Fanout/*/AllDevices', '?', 'bool', 'Get Add Replace', 'Every registered device'),
    n('Fanout/*/TargetMode', '?', 'int', 'Get Add Replace', 'Only devices in this mode'),
    n('Fanout/*/TargetFilter', '?', 'chr', 'Get Add Replace', 'Only devices whose record matches'),
    n('Fanout/*/Command', '?', 'xml', 'Get Add Replace', 'Command list; a job has this or Push'),
    n('Fanout/*/Push', '?', 'chr', 'Get Add Replace', 'URL each device is pushed instead of commands: {{ImageURL}} or {{DescriptorURL}}', PUSH_MARK),
    n('Fanout/*/PushType', '?', 'chr', 'Get Add Replace', 'Media type of that push; default application/vnd.wap.sic', PUSH_MARK),
    n('Fanout/*/ImageRef', '?', 'chr', 'Get Add Replace', 'An ImageID'),
    n('Fanout/*/Aggregation', '1', 'node', 'Get', 'When results are reported'),
    n('Fanout/*/Aggregation/Timeout', '1', 'int', 'Get Replace', 'Seconds from start to forced end; default 300'),
    n('Fanout/*/Aggregation/Interval', '1', 'int', 'Get Replace', 'Seconds between interim reports; 0 none'),
    n('Fanout/*/Operations', '1', 'node', 'Get', 'What can be done with the job'),
    n('Fanout/*/Operations/ReturnFormat', '1', 'int', 'Get Replace', '0 none, 1 counts, 2 code per device, 3 full, 4 grouped'),
    n('Fanout/*/Operations/AutoStart', '1', 'bool', 'Get Replace', 'Start on the next notification (flow Y)'),
    n('Fanout/*/Operations/Start', '1', 'null', 'Exec', 'Starts the job'),
    n('Fanout/*/Operations/Cancel', '1', 'null', 'Exec', 'Cancels the job'),
    n('Fanout/*/State', '1', 'int', 'Get', '10 idle, 20 running, 30 reporting, 40 completed, 50 cancelled'),
    n('Fanout/*/Result', '?', 'int', 'Get', 'Job code once completed'),
    n('Fanout/*/ReportState', '?', 'int', 'Get', 'State of the reports'),
    n('Fanout/*/Counters', '1', 'node', 'Get', 'How the targets fare'),
    n('Fanout/*/Counters/Targets', '1', 'int', 'Get', 'All'),
    n('Fanout/*/Counters/Succeeded', '1', 'int', 'Get', 'Done well'),
    n('Fanout/*/Counters/Failed', '1', 'int', 'Get', 'Failed'),
    n('Fanout/*/Counters/Pending', '1', 'int', 'Get', 'Not final'),
    n('Fanout/*/Responses', '1', 'node', 'Get', 'What each device answered'),
    n('Fanout/*/Responses/*', '*', 'node', 'Get', 'Named by LocalID; u1, u2 … for unknown devices'),
    n('Fanout/*/Responses/*/DeviceID', '1', 'chr', 'Get', 'DeviceID'),
    n('Fanout/*/Responses/*/State', '1', 'int', 'Get', '10 pending, 20 notified, 30 in session, 35 accepted, 40 done, 50 failed, 60 timed out'),
    n('Fanout/*/Responses/*/Code', '?', 'int', 'Get', 'Device code'),
    n('Fanout/*/Responses/*/Data', '?', 'xml', 'Get', 'Status and Results as received'),
    n('Fanout/*/Responses/*/LateAlert', '?', 'xml', 'Get', 'Alerts received later for this job'),
    n('Fanout/*/Responses/*/Time', '?', 'chr', 'Get', 'End time'),
    n('Ext', '?', 'node', 'Get', 'Vendor part'),
  ],
  images: [
    n('', '1', 'node', 'Get', 'Images kept for end devices'),
    n('Images', '1', 'node', 'Get Add', 'Images'),
    n('Images/*', '*', 'node', 'Get Add Delete', 'One image, made by the server'),
    n('Images/*/ImageID', '1', 'chr', 'Get Add', 'Identifier', S0),
    n('Images/*/Expiry', '?', 'int', 'Get Add Replace', 'Seconds left; at zero the image is void', S0),
    n('Images/*/ImageURL', '?', 'chr', 'Get', 'Where end devices fetch it from the gateway', S0),
    n('Images/*/DescriptorURL', '?', 'chr', 'Get', 'Download descriptor of the same image'),
    n('Images/*/ImageData', '?', 'bin', 'Add Replace', 'Direct delivery'),
    n('Images/*/PkgURL', '?', 'chr', 'Get Add Replace', 'Source for indirect delivery to the gateway'),
    n('Images/*/Operations', '1', 'node', 'Get', 'What can be done with the image'),
    n('Images/*/Operations/Download', '1', 'null', 'Exec', 'Fetches PkgURL'),
    n('Images/*/State', '1', 'int', 'Get', '10 empty, 20 transferring, 30 ready, 40 failed, 50 expired'),
    n('Images/*/ReportState', '?', 'int', 'Get', 'State of the image ready alert'),
    n('Images/*/Size', '?', 'int', 'Get', 'Bytes, when ready'),
    n('Images/*/Digest', '?', 'chr', 'Get Add Replace', 'sha-256: and hexadecimal digits'),
    n('Ext', '?', 'node', 'Get', 'Vendor part'),
  ],
  trigger: [
    n('', '1', 'node', 'Get', 'Wakes one end device'),
    n('Triggers', '1', 'node', 'Get Add', 'Triggers'),
    n('Triggers/*', '*', 'node', 'Get Add Delete', 'One trigger'),
    n('Triggers/*/DeviceID', '1', 'chr', 'Get Add Replace', 'DeviceID'),
    n('Triggers/*/Notification', '?', 'bin', 'Add Replace', 'Complete Package #0'),
    n('Triggers/*/ContentType', '?', 'chr', 'Get Add Replace', 'Default application/vnd.syncml.notification'),
    n('Triggers/*/Operations', '1', 'node', 'Get', 'What can be done with it'),
    n('Triggers/*/Operations/Trigger', '1', 'null', 'Exec', 'Sends it'),
    n('Triggers/*/Result', '?', 'int', 'Get', 'Status of the last try'),
  ],
}

/** Tokens a stored command may hold in place of what only the gateway knows (gwmo sheet 4.2). */
export const TOKENS = { url: '{{ImageURL}}', descriptor: '{{DescriptorURL}}', data: '{{ImageData}}' } as const
export const TOKENS_MARK = inferred('evidence has the gateway swap an identifier for its own URL; the spelling is ours')

/** Defaults and dialect switches. */
export const DEFAULTS = {
  timeout: 300,
  interval: 0,
  returnFormat: 2,
  holdTime: 60,
  imageExpiry: 3600,
  /** Several alerts for one Exec: the record closes so many ms after the last. */
  settle: 5000,
  mark: inferred('product values'),
} as const
