// What gateway alerts carry, both ways: built exactly, read liberally. Payloads are INFERRED (gwmo sheet 2.4): only their purpose is published.
import type { Element } from '../syncml/element.ts'
import { CodecError, decodeTree } from '../syncml/codec.ts'
import type { Data } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import type { Mode } from '../mo/gwmo.ts'

/** A payload that does not read; `offset` counts octets of its UTF-8 text. */
export class PayloadError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

export interface TypedAddress {
  readonly type: string
  readonly address: string
}

/** Device Attach, which is also the Device Inventory Alert of S4 X.2. */
export interface Attach {
  readonly gatewayId: string
  readonly gateway: TypedAddress
  readonly deviceId: string
  readonly localId: string
  readonly device: TypedAddress
  readonly mode: Mode
  /** 0 end device, 1 child gateway; null in `deviceattached:1.0`. */
  readonly componentType: number | null
}

export interface Detach {
  readonly deviceId: string
  readonly reason: number
}

export interface Registration {
  readonly deviceId: string
  readonly device: TypedAddress
  readonly servers: readonly string[]
}

/** Bootstrapped DMS list: the whole list, and what changed. */
export interface ServerList {
  readonly event: 'added' | 'removed' | ''
  readonly server: string
  readonly servers: readonly string[]
}

/** One device's part of a result. */
export interface DeviceResult {
  readonly deviceId: string
  readonly code: number
  readonly statuses: readonly { readonly cmd: string; readonly name: string; readonly code: number }[]
  readonly late: readonly LateAlert[]
  /** Results elements as XML text, for return format 3. */
  readonly results: string
}

export interface LateAlert {
  readonly cmd: string
  readonly correlator: string
  readonly type: string
  readonly source: string
  readonly target: string
  /** Data of the device's alert, XML or text. */
  readonly data: string
}

export interface Aggregation {
  readonly final: boolean
  readonly summary: { readonly targets: number; readonly succeeded: number; readonly failed: number; readonly pending: number } | null
  readonly devices: readonly DeviceResult[]
  readonly groups: readonly { readonly code: number; readonly devices: readonly string[] }[]
}

export interface ImageReady {
  readonly imageId: string
  readonly imageUrl: string
  readonly size: number
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text for XML content or an attribute in double quotes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => ESCAPES[c] ?? c)
const el = (name: string, text: string | number): string => `<${name}>${escapeXml(String(text))}</${name}>`
const address = ({ type, address: at }: TypedAddress): string => `<Address type="${escapeXml(type)}">${escapeXml(at)}</Address>`

export function attachText(attach: Attach): string {
  const component = attach.componentType === null ? '' : el('ComponentType', attach.componentType)
  return (
    `<DeviceAttach><Gateway>${el('ID', attach.gatewayId)}${address(attach.gateway)}</Gateway>` +
    `<Device>${el('DeviceID', attach.deviceId)}${el('LocalID', attach.localId)}${address(attach.device)}${el('Mode', attach.mode)}${component}</Device></DeviceAttach>`
  )
}

export const detachText = ({ deviceId, reason }: Detach): string => `<DeviceDetach>${el('DeviceID', deviceId)}${el('Reason', reason)}</DeviceDetach>`

export function registrationText({ deviceId, device, servers }: Registration): string {
  const list = servers.map((server) => el('ServerID', server)).join('')
  return `<DeviceRegistration>${el('DeviceID', deviceId)}${address(device)}<DMServers>${list}</DMServers></DeviceRegistration>`
}

export function serverListText({ event, server, servers }: ServerList): string {
  return `<DMSList event="${event}" server="${escapeXml(server)}">${servers.map((each) => el('ServerID', each)).join('')}</DMSList>`
}

export function imageReadyText({ imageId, imageUrl, size }: ImageReady): string {
  return `<ImageReady>${el('ImageID', imageId)}${el('ImageURL', imageUrl)}${el('Size', size)}</ImageReady>`
}

export function aggregationText({ final, summary, devices, groups }: Aggregation): string {
  const counts =
    summary === null
      ? ''
      : `<Summary targets="${summary.targets}" succeeded="${summary.succeeded}" failed="${summary.failed}" pending="${summary.pending}"/>`
  const each = devices.map((device) => {
    const inner =
      device.statuses.map(({ cmd, name, code }) => `<Status cmd="${escapeXml(cmd)}" name="${escapeXml(name)}">${code}</Status>`).join('') +
      device.results +
      device.late.map(lateText).join('')
    const open = `<Device id="${escapeXml(device.deviceId)}" code="${device.code}"`
    return inner === '' ? `${open}/>` : `${open}>${inner}</Device>`
  })
  const grouped = groups.map(({ code, devices: ids }) => `<Group code="${code}">${ids.map((id) => el('DeviceID', id)).join('')}</Group>`)
  return `<FanoutResult final="${final}">${counts}${each.join('')}${grouped.join('')}</FanoutResult>`
}

function lateText({ cmd, correlator, type, source, target, data }: LateAlert): string {
  const attributes = Object.entries({ cmd, correlator, type, source, target }).map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
  return `<LateAlert${attributes.join('')}>${isFragment(data) ? data : escapeXml(data)}</LateAlert>`
}

/** True where the text can stand inside an element as it is: well-formed elements. */
function isFragment(text: string): boolean {
  if (!text.trimStart().startsWith('<')) return false
  try {
    readXml(`<x>${text}</x>`)
    return true
  } catch {
    return false
  }
}

/** The root element of a payload, wherever it came from: text, octets, nested elements. Throws PayloadError. */
function payloadRoot(data: Data | undefined): Element {
  if (data === undefined) throw new PayloadError('the alert has no Data', 0)
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    const [first] = data
    if (first === undefined) throw new PayloadError('the alert has empty Data', 0)
    return first
  }
  return readXml(dataText(data))
}

const utf8 = new TextEncoder()

function readXml(text: string): Element {
  try {
    return decodeTree(utf8.encode(text), 'xml').root
  } catch (error) {
    if (error instanceof CodecError) throw new PayloadError(`not readable: ${error.reason}`, error.offset)
    throw error
  }
}

const child = (element: Element, name: string): Element | undefined => element.children.find((each) => each.name === name)
const textAt = (element: Element | undefined): string => element?.text.trim() ?? ''
const attribute = (element: Element | undefined, name: string): string => element?.attributes?.find(([key]) => key === name)?.[1] ?? ''

function rooted(data: Data | undefined, name: string): Element {
  const root = payloadRoot(data)
  if (root.name !== name) throw new PayloadError(`the payload begins with ${root.name}, not ${name}`, root.start)
  return root
}

function need(root: Element, path: readonly string[]): string {
  let at: Element | undefined = root
  for (const name of path) at = at === undefined ? undefined : child(at, name)
  const text = textAt(at)
  if (text === '') throw new PayloadError(`${path.join('/')} is missing`, root.start)
  return text
}

function typed(element: Element | undefined): TypedAddress {
  return { type: attribute(element, 'type') || 'OTHER', address: textAt(element) }
}

function whole(text: string, what: string, root: Element): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new PayloadError(`${what} is not a number: ${text}`, root.start)
  return Number(text)
}

/** Element order does not matter, unknown elements are ignored. Throws PayloadError. */
export function readAttach(data: Data | undefined): Attach {
  const root = rooted(data, 'DeviceAttach')
  const gateway = child(root, 'Gateway')
  const device = child(root, 'Device')
  const mode = whole(need(root, ['Device', 'Mode']), 'Mode', root)
  if (mode !== 0 && mode !== 1 && mode !== 2) throw new PayloadError(`Mode ${mode} is none of 0, 1, 2`, root.start)
  const component = textAt(device && child(device, 'ComponentType'))
  return {
    gatewayId: textAt(gateway && child(gateway, 'ID')),
    gateway: { ...typed(gateway && child(gateway, 'Address')), address: need(root, ['Gateway', 'Address']) },
    deviceId: need(root, ['Device', 'DeviceID']),
    localId: textAt(device && child(device, 'LocalID')),
    device: typed(device && child(device, 'Address')),
    mode,
    componentType: component === '' ? null : whole(component, 'ComponentType', root),
  }
}

export function readDetach(data: Data | undefined): Detach {
  const root = rooted(data, 'DeviceDetach')
  const reason = textAt(child(root, 'Reason'))
  return { deviceId: need(root, ['DeviceID']), reason: reason === '' ? 0 : whole(reason, 'Reason', root) }
}

export function readRegistration(data: Data | undefined): Registration {
  const root = rooted(data, 'DeviceRegistration')
  return { deviceId: need(root, ['DeviceID']), device: typed(child(root, 'Address')), servers: serversOf(child(root, 'DMServers')) }
}

export function readServerList(data: Data | undefined): ServerList {
  const root = rooted(data, 'DMSList')
  const event = attribute(root, 'event')
  return { event: event === 'added' || event === 'removed' ? event : '', server: attribute(root, 'server'), servers: serversOf(root) }
}

export function readImageReady(data: Data | undefined): ImageReady {
  const root = rooted(data, 'ImageReady')
  const size = textAt(child(root, 'Size'))
  return { imageId: need(root, ['ImageID']), imageUrl: textAt(child(root, 'ImageURL')), size: size === '' ? 0 : whole(size, 'Size', root) }
}

export function readAggregation(data: Data | undefined): Aggregation {
  const root = rooted(data, 'FanoutResult')
  const summary = child(root, 'Summary')
  const count = (name: string): number => whole(attribute(summary, name) || '0', name, root)
  return {
    final: attribute(root, 'final') !== 'false',
    summary:
      summary === undefined ? null : { targets: count('targets'), succeeded: count('succeeded'), failed: count('failed'), pending: count('pending') },
    devices: root.children.filter(({ name }) => name === 'Device').map((device) => readDevice(device, root)),
    groups: root.children
      .filter(({ name }) => name === 'Group')
      .map((group) => ({
        code: whole(attribute(group, 'code'), 'code', root),
        devices: group.children.filter(({ name }) => name === 'DeviceID').map(textAt),
      })),
  }
}

function readDevice(device: Element, root: Element): DeviceResult {
  const statuses = device.children.filter(({ name }) => name === 'Status')
  return {
    deviceId: attribute(device, 'id'),
    code: whole(attribute(device, 'code'), 'code', root),
    statuses: statuses.map((status) => ({
      cmd: attribute(status, 'cmd'),
      name: attribute(status, 'name'),
      code: whole(textAt(status), 'Status', root),
    })),
    late: device.children
      .filter(({ name }) => name === 'LateAlert')
      .map((late) => ({
        cmd: attribute(late, 'cmd'),
        correlator: attribute(late, 'correlator'),
        type: attribute(late, 'type'),
        source: attribute(late, 'source'),
        target: attribute(late, 'target'),
        data: late.children.length === 0 ? late.text : late.children.map(fragment).join(''),
      })),
    results: device.children
      .filter(({ name }) => name === 'Results')
      .map(fragment)
      .join(''),
  }
}

/** An element as text again: names, attributes and text; for payloads, not for wires. */
function fragment(element: Element): string {
  const attributes = (element.attributes ?? []).map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('')
  const inner = escapeXml(element.text) + element.children.map(fragment).join('')
  return inner === '' ? `<${element.name}${attributes}/>` : `<${element.name}${attributes}>${inner}</${element.name}>`
}

function serversOf(element: Element | undefined): string[] {
  return (element?.children ?? []).filter(({ name }) => name === 'ServerID').map(textAt)
}
