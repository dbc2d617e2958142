// The simulated device as it leaves the factory: a whole tree, an account, a vendor area to play in; and its state as a file.
import { parseAcl } from '../dmtree/acl.ts'
import { underRoot } from '../dmtree/describe.ts'
import { inherited } from '../dmtree/edit.ts'
import { TreeError } from '../dmtree/error.ts'
import type { Placing } from '../dmtree/graft.ts'
import type { Node, NodeInit } from '../dmtree/node.ts'
import { devDetail } from '../dmtree/objects/devdetail.ts'
import { devInfo } from '../dmtree/objects/devinfo.ts'
import { DM_ACC, dmAcc } from '../dmtree/objects/dmacc.ts'
import { inbox } from '../dmtree/objects/inbox.ts'
import { restoreTree, saveTree } from '../dmtree/state.ts'
import type { NodeState } from '../dmtree/state.ts'
import { Tree } from '../dmtree/tree.ts'
import { encodeSegment, parsePath } from '../dmtree/uri.ts'
import type { UriLimits } from '../dmtree/uri.ts'
import type { Format, Value } from '../dmtree/value.ts'
import type { DevicePart, ExecHook, Features } from './features.ts'
import type { User } from './interaction.ts'
import { DevicePerformer } from './performer.ts'

/** The account the device comes with; absent fields are those of the lab's own account. */
export interface DeviceAccount {
  /** Name of the node below ./DMAcc. */
  readonly name?: string
  readonly serverId?: string
  readonly userName?: string
  readonly password?: string
  readonly serverPassword?: string
  readonly auth?: 'BASIC' | 'DIGEST' | 'HMAC'
  /** Octets of AAuthData: the nonce for our next credential, and the one we gave the server. */
  readonly clientNonce?: Uint8Array
  readonly serverNonce?: Uint8Array
}

export interface DeviceOptions {
  readonly id: string
  readonly manufacturer?: string
  readonly model?: string
  readonly language?: string
  readonly firmware?: string
  readonly software?: string
  readonly hardware?: string
  readonly serverUri: string
  readonly account?: DeviceAccount
  readonly limits?: UriLimits
  readonly largeObjects?: boolean
  readonly features?: Partial<Features>
  readonly user?: User
  /** Somebody is there to be asked. */
  readonly people?: boolean
  /** Clock for TStamp, ms since epoch. */
  readonly now?: () => number
  readonly maxNodes?: number
  readonly maxBytes?: number
  /** Further nodes that do something when executed, by URI. */
  readonly execs?: ReadonlyMap<string, ExecHook>
  readonly part?: DevicePart
}

/** What a restored device still needs from its host. */
export type HostOptions = Pick<DeviceOptions, 'features' | 'user' | 'people' | 'now' | 'maxNodes' | 'maxBytes' | 'execs' | 'part'>

export interface Device {
  readonly tree: Tree
  readonly performer: DevicePerformer
}

/** The area where everything may be tried: `Scratch` is empty and open, `Settings` has one leaf of each format, `Ops` can be executed. */
export const PLAYGROUND = './Vendor/DMLab'

const OBJECTS = [devInfo, devDetail, dmAcc, inbox]
export const SCHEMA = underRoot(OBJECTS)
const PLACINGS: readonly Placing[] = [{ id: DM_ACC.slice(0, DM_ACC.lastIndexOf(':')), path: ['DMAcc'] }]
const EVERYTHING = 'Add=*&Delete=*&Exec=*&Get=*&Replace=*'

/** A device fresh from the factory. */
export function makeDevice(options: DeviceOptions): Device {
  const tree = new Tree(treeOptions(options))
  const account = fullAccount(options.account)
  put(tree, './DevInfo/DevId', options.id)
  put(tree, './DevInfo/Man', options.manufacturer ?? 'DM Lab')
  put(tree, './DevInfo/Mod', options.model ?? 'Simulated')
  put(tree, './DevInfo/DmV', '1.2')
  put(tree, './DevInfo/Lang', options.language ?? 'en-US')
  const limits = options.limits ?? { maxDepth: 0, maxTotLen: 0, maxSegLen: 0 }
  put(tree, './DevDetail/URI/MaxDepth', String(limits.maxDepth))
  put(tree, './DevDetail/URI/MaxTotLen', String(limits.maxTotLen))
  put(tree, './DevDetail/URI/MaxSegLen', String(limits.maxSegLen))
  put(tree, './DevDetail/DevTyp', 'simulator')
  put(tree, './DevDetail/OEM', options.manufacturer ?? 'DM Lab')
  put(tree, './DevDetail/FwV', options.firmware ?? '1.0.7')
  put(tree, './DevDetail/SwV', options.software ?? '1.0.0')
  put(tree, './DevDetail/HwV', options.hardware ?? '1.0')
  put(tree, './DevDetail/LrgObj', options.largeObjects === false ? 'false' : 'true')
  put(tree, './DevDetail/Ext')
  putAccount(tree, options.serverUri, account)
  put(tree, './Inbox')
  putPlayground(tree)
  return outfit(tree, options)
}

/** One node of the profile with what the schema says of it; no value makes an interior node. */
function put(tree: Tree, uri: string, value?: Value, init: NodeInit = {}): Node {
  const path = parsePath(uri)
  const last = path.length - 1
  let node = tree.root
  path.forEach((name, i) => {
    const there = tree.child(node, name)
    const description = tree.describe(path.slice(0, i + 1))
    const isLeaf = i === last && value !== undefined
    const format: Format = isLeaf ? (init.format ?? description?.formats[0] ?? 'chr') : 'node'
    const own = i === last ? init : init.permanent === true ? { permanent: true } : {}
    node = there ?? tree.add(node, name, { ...inherited(description), ...own, format, ...(isLeaf ? { value } : {}) })
  })
  return node
}

function fullAccount(account: DeviceAccount = {}): Required<DeviceAccount> {
  return {
    name: 'lab',
    serverId: 'dm-lab',
    userName: 'lab',
    password: 'lab',
    serverPassword: 'lab',
    auth: 'DIGEST',
    clientNonce: new Uint8Array(0),
    serverNonce: new Uint8Array(0),
    ...account,
  }
}

function putAccount(tree: Tree, serverUri: string, account: Required<DeviceAccount>): void {
  const base = `./DMAcc/${encodeSegment(account.name)}`
  put(tree, `${base}/AppID`, 'w7')
  put(tree, `${base}/ServerID`, account.serverId)
  put(tree, `${base}/Name`, account.name)
  put(tree, `${base}/PrefConRef`, '')
  put(tree, `${base}/AppAddr/1/Addr`, serverUri)
  put(tree, `${base}/AppAddr/1/AddrType`, 'URI')
  const port = /^https?:\/\/[^/]*:(\d+)/.exec(serverUri)?.[1] ?? (serverUri.startsWith('https:') ? '443' : '80')
  put(tree, `${base}/AppAddr/1/Port/1/PortNbr`, port)
  put(tree, `${base}/AAuthPref`, account.auth)
  const sides = [
    ['1', 'CLCRED', account.userName, account.password, account.clientNonce],
    ['2', 'SRVCRED', account.serverId, account.serverPassword, account.serverNonce],
  ] as const
  for (const [number, level, name, password, nonce] of sides) {
    put(tree, `${base}/AppAuth/${number}/AAuthLevel`, level)
    put(tree, `${base}/AppAuth/${number}/AAuthType`, account.auth)
    put(tree, `${base}/AppAuth/${number}/AAuthName`, name)
    put(tree, `${base}/AppAuth/${number}/AAuthSecret`, password)
    put(tree, `${base}/AppAuth/${number}/AAuthData`, nonce)
  }
  put(tree, `${base}/Ext`)
  // BOOT: the server's own account is in its hands.
  const id = account.serverId
  tree.setAcl(put(tree, base), parseAcl(`Add=${id}&Delete=${id}&Get=${id}&Replace=${id}`))
}

function putPlayground(tree: Tree): void {
  const fixed: NodeInit = { permanent: true }
  tree.setAcl(put(tree, PLAYGROUND, undefined, fixed), parseAcl(EVERYTHING))
  put(tree, `${PLAYGROUND}/Scratch`, undefined, fixed)
  const settings: readonly [name: string, format: Format, value: Value][] = [
    ['Text', 'chr', 'hello'],
    ['Number', 'int', '42'],
    ['Switch', 'bool', 'true'],
    ['Ratio', 'float', '0.5'],
    ['Day', 'date', '2008-06-17'],
    ['Hour', 'time', '12:00:00'],
    ['Blob', 'bin', new Uint8Array([0, 1, 2, 253, 254, 255])],
    ['Base64', 'b64', 'aGVsbG8='],
    ['Markup', 'xml', '<note>hello</note>'],
    ['Nothing', 'null', ''],
  ]
  for (const [name, format, value] of settings)
    put(tree, `${PLAYGROUND}/Settings/${name}`, value, { ...fixed, format, ...(format === 'xml' ? { type: 'text/xml' } : {}) })
  const runnable: NodeInit = { permanent: true, access: new Set(['Exec', 'Get']) }
  for (const name of ['Echo', 'Later', 'Fail']) put(tree, `${PLAYGROUND}/Ops/${name}`, '', runnable)
  tree.setAcl(put(tree, `${PLAYGROUND}/Locked`, 'only Get is granted here', fixed), parseAcl('Get=*'))
}

/** What the playground's nodes do: Echo keeps its argument as its value, Later answers 202 and reports with a generic alert, Fail fails. */
const PLAYGROUND_EXECS: readonly (readonly [uri: string, hook: ExecHook])[] = [
  [
    `${PLAYGROUND}/Ops/Echo`,
    (call, tree) => {
      tree.setValue(call.node, call.data)
      return { code: 200 }
    },
  ],
  [
    `${PLAYGROUND}/Ops/Later`,
    (call) => ({
      code: 202,
      later: { source: call.uri, type: 'org.example.dmlab.operation.complete', format: 'chr', data: call.data === '' ? 'done' : call.data },
    }),
  ],
  [`${PLAYGROUND}/Ops/Fail`, () => ({ code: 500 })],
]

function treeOptions(options: HostOptions): ConstructorParameters<typeof Tree>[0] {
  const { now, maxNodes, maxBytes } = options
  return {
    schema: options.part === undefined ? SCHEMA : underRoot([...OBJECTS, ...options.part.objects]),
    ...(now === undefined ? {} : { now }),
    ...(maxNodes === undefined ? {} : { maxNodes }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  }
}

function outfit(tree: Tree, options: HostOptions): Device {
  options.part?.enter(tree)
  const performer = new DevicePerformer({
    tree,
    limits: () => limitsOf(tree),
    placings: PLACINGS,
    execs: new Map([...PLAYGROUND_EXECS, ...(options.execs ?? [])]),
    ...(options.features === undefined ? {} : { features: options.features }),
    ...(options.user === undefined ? {} : { user: options.user }),
    people: options.people === true,
    ...(options.part === undefined ? {} : { part: options.part }),
  })
  return { tree, performer }
}

/** The limits ./DevDetail/URI states now. */
function limitsOf(tree: Tree): UriLimits {
  const read = (name: string): number => {
    const value = tree.find(['DevDetail', 'URI', name])?.value
    return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : 0
  }
  return { maxDepth: read('MaxDepth'), maxTotLen: read('MaxTotLen'), maxSegLen: read('MaxSegLen') }
}

/** An account as the tree holds it, secrets included: for the device itself, never for a message. */
export interface StoredAccount {
  readonly name: string
  readonly serverId: string
  readonly serverUri: string
  readonly authPref: string
  readonly client: StoredCredential | null
  readonly server: StoredCredential | null
}

export interface StoredCredential {
  readonly type: string
  readonly name: string
  readonly secret: string
  readonly nonce: Uint8Array
}

/** Every account below ./DMAcc, in tree order. */
export function accountsOf(tree: Tree): StoredAccount[] {
  const text = (node: Node | undefined, name: string): string => {
    const value = node?.children?.get(name)?.value
    return typeof value === 'string' ? value : ''
  }
  const credential = (account: Node, level: string): StoredCredential | null => {
    for (const each of account.children?.get('AppAuth')?.children?.values() ?? []) {
      if (text(each, 'AAuthLevel') !== level) continue
      const nonce = each.children?.get('AAuthData')?.value
      return {
        type: text(each, 'AAuthType'),
        name: text(each, 'AAuthName'),
        secret: text(each, 'AAuthSecret'),
        nonce: nonce instanceof Uint8Array ? nonce : new Uint8Array(0),
      }
    }
    return null
  }
  return [...(tree.find(['DMAcc'])?.children?.values() ?? [])].map((account) => ({
    name: account.name,
    serverId: text(account, 'ServerID'),
    serverUri: text([...(account.children?.get('AppAddr')?.children?.values() ?? [])][0], 'Addr'),
    authPref: text(account, 'AAuthPref'),
    client: credential(account, 'CLCRED'),
    server: credential(account, 'SRVCRED'),
  }))
}

/** The device's state as a file keeps it; JSON, secrets included. */
export interface DeviceState {
  readonly kind: 'dmlab-device'
  readonly version: 1
  readonly tree: NodeState
}

/** `apart`: children of the root that a part of the device keeps itself. */
export function saveDevice(device: Device, apart: readonly string[] = []): DeviceState {
  return { kind: 'dmlab-device', version: 1, tree: saveTree(device.tree, apart) }
}

/** A saved device. Throws TreeError 400 that says what does not read. */
export function restoreDevice(state: unknown, host: HostOptions = {}): Device {
  const given = typeof state === 'object' && state !== null ? (state as Partial<DeviceState>) : {}
  if (given.kind !== 'dmlab-device') throw new TreeError(400, 'this is no device state: kind is not dmlab-device')
  if (given.version !== 1) throw new TreeError(400, `device state of version ${String(given.version)}; this program reads 1`)
  return outfit(restoreTree(given.tree, treeOptions(host)), host)
}
