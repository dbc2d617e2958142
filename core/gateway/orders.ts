// What a DM Server sends a gateway: command lists that lay down an image, a fan-out job or a trigger. Every node is added before it is replaced (gwmo sheet 4.1, 7).
import type { Command, Item, ItemCommand } from '../syncml/message.ts'
import type { LinkType } from '../notify/si.ts'
import { escapeXml } from './payloads.ts'
import { OBJECTS, TOKENS } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'

/** Where the objects stand in a gateway's tree, as found by their Type. */
export type Roots = { readonly [K in keyof typeof OBJECTS]: string }

export const OUR_ROOTS: Roots = {
  config: OBJECTS.config.root,
  devices: OBJECTS.devices.root,
  trigger: OBJECTS.trigger.root,
  fanout: OBJECTS.fanout.root,
  images: OBJECTS.images.root,
}

function command(kind: 'Add' | 'Replace', uri: string, format: string, data?: string | Uint8Array, type?: string): ItemCommand {
  const meta = format === 'chr' && type === undefined ? undefined : { format, ...(type === undefined ? {} : { type }) }
  const item: Item = { target: { locUri: uri }, ...(meta === undefined ? {} : { meta }), ...(data === undefined ? {} : { data }) }
  return { kind, cmdId: '', items: [item] }
}
const add = (uri: string, format: string, data?: string | Uint8Array, type?: string): ItemCommand => command('Add', uri, format, data, type)
export const replace = (uri: string, format: string, data: string | Uint8Array, type?: string): ItemCommand =>
  command('Replace', uri, format, data, type)
export const exec = (uri: string, correlator: string): Command => ({
  kind: 'Exec',
  cmdId: '',
  ...(correlator === '' ? {} : { correlator }),
  items: [{ target: { locUri: uri } }],
})
const sequence = (commands: readonly Command[]): Command => ({ kind: 'Sequence', cmdId: '', commands })

/** A new image at the gateway: step 1 of S0. The bytes follow by `imageData` (direct) or `imageDownload` (indirect). */
export interface ImageOrder {
  readonly name: string
  readonly imageId: string
  /** Seconds; null sets none (the transparent example of S0). */
  readonly expiry: number | null
  /** Lower-case hexadecimal SHA-256; '' none. */
  readonly sha256: string
  /** Present: the gateway fetches it from here. */
  readonly pkgUrl?: string
}

export function imageNodes({ images }: Roots, order: ImageOrder): Command {
  const at = `${images}/Images/${order.name}`
  return sequence([
    add(at, 'node'),
    add(`${at}/ImageID`, 'chr', order.imageId, 'text/plain'),
    ...(order.expiry === null ? [] : [add(`${at}/Expiry`, 'int', String(order.expiry), 'text/plain')]),
    ...(order.sha256 === '' ? [] : [add(`${at}/Digest`, 'chr', `sha-256:${order.sha256}`)]),
    order.pkgUrl === undefined
      ? add(`${at}/ImageData`, 'bin', new Uint8Array(0), 'application/octet-stream')
      : add(`${at}/PkgURL`, 'chr', order.pkgUrl),
  ])
}

/** Direct delivery: the bytes, chunked by the session. */
export const imageData = ({ images }: Roots, name: string, bytes: Uint8Array, type = 'application/octet-stream'): Command =>
  replace(`${images}/Images/${name}/ImageData`, 'bin', bytes, type)
/** Indirect delivery. */
export const imageDownload = ({ images }: Roots, name: string, correlator: string): Command =>
  exec(`${images}/Images/${name}/Operations/Download`, correlator)
export const imageExpiry = ({ images }: Roots, name: string, seconds: number): Command =>
  replace(`${images}/Images/${name}/Expiry`, 'int', String(seconds))

/** A fan-out job. `command` is the FanoutCommand document. */
export interface FanoutOrder {
  readonly name: string
  readonly devices: readonly string[]
  readonly groups: readonly string[]
  readonly all: boolean
  readonly mode: Mode | null
  readonly filter: string
  readonly command: string
  /** HTTP with Push instead of commands: what the push carries, in which media type; absent: commands. */
  readonly push?: { readonly url: 'url' | 'descriptor'; readonly type?: LinkType } | undefined
  readonly imageRef: string
  /** Seconds; null leaves the gateway's default. */
  readonly timeout: number | null
  readonly interval: number | null
  readonly returnFormat: number | null
}

/** A command list of more characters than this goes by itself, so that it can be cut: a chunk must not stand inside a Sequence (gwmo sheet 4.4). */
const LARGE = 4000

/** The job's nodes; what the gateway made by itself is replaced afterwards. */
export function fanoutNodes({ fanout }: Roots, order: FanoutOrder): readonly Command[] {
  const at = `${fanout}/Fanout/${order.name}`
  const commands = add(`${at}/Command`, 'xml', order.command, 'application/vnd.syncml.dm+xml')
  const large = order.push === undefined && order.command.length > LARGE
  const list = (node: string, ids: readonly string[]): Command[] =>
    ids.length === 0 ? [] : [add(`${at}/${node}`, 'node'), ...ids.map((id, i) => add(`${at}/${node}/${i + 1}`, 'chr', id))]
  const made = sequence([
    add(at, 'node'),
    ...list('TargetDevices', order.devices),
    ...list('TargetGroups', order.groups),
    ...(order.all ? [add(`${at}/AllDevices`, 'bool', 'true')] : []),
    ...(order.mode === null ? [] : [add(`${at}/TargetMode`, 'int', String(order.mode))]),
    ...(order.filter === '' ? [] : [add(`${at}/TargetFilter`, 'chr', order.filter)]),
    ...(order.imageRef === '' ? [] : [add(`${at}/ImageRef`, 'chr', order.imageRef)]),
    ...(order.push === undefined ? (large ? [] : [commands]) : pushNodes(at, order.push)),
  ])
  const settings = [
    ...(large ? [commands] : []),
    ...(order.timeout === null ? [] : [replace(`${at}/Aggregation/Timeout`, 'int', String(order.timeout))]),
    ...(order.interval === null ? [] : [replace(`${at}/Aggregation/Interval`, 'int', String(order.interval))]),
    ...(order.returnFormat === null ? [] : [replace(`${at}/Operations/ReturnFormat`, 'int', String(order.returnFormat))]),
  ]
  return [made, ...settings]
}

const pushNodes = (at: string, { url, type }: NonNullable<FanoutOrder['push']>): readonly Command[] => [
  add(`${at}/Push`, 'chr', TOKENS[url]),
  ...(type === undefined ? [] : [add(`${at}/PushType`, 'chr', type)]),
]

export const fanoutStart = ({ fanout }: Roots, name: string, correlator: string): Command =>
  exec(`${fanout}/Fanout/${name}/Operations/Start`, correlator)
export const fanoutCancel = ({ fanout }: Roots, name: string): Command => exec(`${fanout}/Fanout/${name}/Operations/Cancel`, '')
/** Flow Y, preloaded: the job starts with the next notification. */
export const fanoutAuto = ({ fanout }: Roots, name: string): Command => replace(`${fanout}/Fanout/${name}/Operations/AutoStart`, 'bool', 'true')

/** Asks the gateway to wake one device with finished octets (gwmo sheet 6.7). */
export function trigger({ trigger: root }: Roots, name: string, deviceId: string, notification: Uint8Array | null): readonly Command[] {
  const at = `${root}/Triggers/${name}`
  return [
    sequence([
      add(at, 'node'),
      add(`${at}/DeviceID`, 'chr', deviceId),
      ...(notification === null ? [] : [add(`${at}/Notification`, 'bin', notification)]),
    ]),
    exec(`${at}/Operations/Trigger`, ''),
  ]
}

/** One command of a FanoutCommand document. */
export interface FanoutStep {
  readonly kind: 'Add' | 'Replace' | 'Delete' | 'Get' | 'Exec' | 'Copy'
  readonly locUri: string
  readonly source?: string
  readonly format?: string
  readonly type?: string
  readonly data?: string
}

/** The document of a command list; CmdIDs are 1, 2, 3 …; `wrap` puts all in one Atomic or Sequence. */
export function fanoutCommand(steps: readonly FanoutStep[], wrap: 'none' | 'atomic' | 'sequence' = 'none'): string {
  const first = wrap === 'none' ? 1 : 2
  const each = steps.map(({ kind, locUri, source, format, type, data }, i) => {
    const meta =
      format === undefined && type === undefined
        ? ''
        : `<Meta>${format === undefined ? '' : `<Format xmlns="syncml:metinf">${escapeXml(format)}</Format>`}${type === undefined ? '' : `<Type xmlns="syncml:metinf">${escapeXml(type)}</Type>`}</Meta>`
    const from = source === undefined ? '' : `<Source><LocURI>${escapeXml(source)}</LocURI></Source>`
    const item = `<Item><Target><LocURI>${escapeXml(locUri)}</LocURI></Target>${from}${meta}${data === undefined ? '' : `<Data>${escapeXml(data)}</Data>`}</Item>`
    return `<${kind}><CmdID>${i + first}</CmdID>${item}</${kind}>`
  })
  const name = wrap === 'atomic' ? 'Atomic' : 'Sequence'
  const body = wrap === 'none' ? each.join('') : `<${name}><CmdID>1</CmdID>${each.join('')}</${name}>`
  return `<FanoutCommand>${body}</FanoutCommand>`
}
