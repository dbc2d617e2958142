// The gateway's own management tree at work: what a DM Server adds, replaces and executes below ./GwMO becomes inventory, images and running jobs, and shows there again.
import { parseAcl } from '../dmtree/acl.ts'
import { inherited } from '../dmtree/edit.ts'
import { TreeError } from '../dmtree/error.ts'
import type { Node, NodeInit } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import { decodeSegment, encodeSegment } from '../dmtree/uri.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import type { Format, Value } from '../dmtree/value.ts'
import type { DevicePart, ExecCall, ExecResult } from '../device/features.ts'
import { DEFAULTS } from '../mo/gwmo.ts'
import { CommandError, readFanoutCommand } from './command.ts'
import { counters } from './job.ts'
import type { Job, Response } from './job.ts'
import { secondsLeft } from './image.ts'
import type { Image } from './image.ts'
import { gatewayObjects } from './objects.ts'
import type { DeviceRecord } from './ports.ts'
import { FilterError, readFilter } from './targets.ts'
import type { TargetWish } from './targets.ts'
import { stamp } from '../dmtree/stamp.ts'
import type { Mode } from '../mo/gwmo.ts'

/** What the tree asks of the gateway behind it. Throws TreeError where something may not be. */
export interface Behind {
  now(): number
  jobAdded(name: string, server: string): void
  jobDeleted(name: string): void
  /** True while the job runs or reports: nothing in it may change. */
  jobBusy(name: string): boolean
  jobStart(name: string, correlator: string, server: string): void
  jobCancel(name: string): void
  imageAdded(name: string, server: string): void
  imageDeleted(name: string): void
  imageExpired(name: string): boolean
  imageExpiry(name: string, seconds: number): void
  imageArrived(name: string, bytes: Uint8Array): void
  imageChanged(name: string, leaf: 'ImageID' | 'Digest' | 'PkgURL', value: string): void
  imageDownload(name: string, correlator: string, url: string): void
  /** Status 200, 403, 404, 406, 412. */
  trigger(wish: {
    readonly deviceId: string
    readonly notification: Uint8Array | null
    readonly contentType: string
    readonly server: string
  }): number
  modeWish(localId: string, mode: Mode): void
  groupsMoved(): void
  configMoved(): void
}

/** Configuration leaves with their first values. */
export interface ConfigStart {
  readonly gatewayId: string
  readonly address: string
  readonly addressType: string
  readonly modes: readonly Mode[]
  readonly defaultMode: Mode
  readonly style: 0 | 1
  readonly holdTime: number
  readonly capacity: number
  readonly defaultExpiry: number
}

const ROOT = ['GwMO']
const RECORDS = ['GwMO', 'Devices', 'Inventory', 'Records']
const GROUPS = ['GwMO', 'Devices', 'Inventory', 'Groups']
const FANOUT = ['GwMO', 'Fanout', 'Fanout']
const IMAGES = ['GwMO', 'Images', 'Images']
const TRIGGERS = ['GwMO', 'Trigger', 'Triggers']

/** All of a server's rights on what it made; nobody else sees it (GS-13). */
const ownAcl = (server: string): NodeInit['acl'] => parseAcl(`Add=${server}&Delete=${server}&Exec=${server}&Get=${server}&Replace=${server}`)

const within = (path: readonly string[], root: readonly string[]): boolean => root.every((name, i) => path[i] === name)

/** `./GwMO` as a part of a simulated device. */
export class GatewayPart implements DevicePart {
  readonly objects = gatewayObjects
  readonly #behind: Behind
  readonly #config: ConfigStart
  #tree!: Tree
  #moved = false
  readonly #shown = new Map<string, Response>()

  constructor(behind: Behind, config: ConfigStart) {
    this.#behind = behind
    this.#config = config
  }

  /** Servers that may manage the gateway (M.3): all rights below ./GwMO. */
  admit(servers: readonly string[]): void {
    const list = servers.join('+')
    const node = this.#tree.find(ROOT)
    if (node !== null && servers.length > 0) this.#tree.setAcl(node, parseAcl(`Add=${list}&Delete=${list}&Exec=${list}&Get=${list}&Replace=${list}`))
  }

  enter(tree: Tree): void {
    this.#tree = tree
    for (const uri of ['Config/Modes', 'Config/Session', 'Config/Alerts', 'Config/ImageStore', 'Config/EDConfig', 'Devices/Inventory/Records'])
      this.#interior(['GwMO', ...uri.split('/')])
    for (const path of [GROUPS, FANOUT, IMAGES, TRIGGERS]) this.#interior(path)
    const c = this.#config
    const config = (name: string, value: string): void => this.#leaf(['GwMO', 'Config', ...name.split('/')], value, true)
    config('GatewayID', c.gatewayId)
    config('Address', c.address)
    config('AddressType', c.addressType)
    config('Modes/Transparent', String(c.modes.includes(0)))
    config('Modes/Proxy', String(c.modes.includes(1)))
    config('Modes/Adaptation', String(c.modes.includes(2)))
    config('DefaultMode', String(c.defaultMode))
    config('Session/Style', String(c.style))
    config('Session/HoldTime', String(c.holdTime))
    for (const name of ['Attach', 'Detach', 'ImageReady']) config(`Alerts/${name}`, 'true')
    config('ImageStore/Capacity', String(c.capacity))
    config('ImageStore/Used', '0')
    config('ImageStore/DefaultExpiry', String(c.defaultExpiry))
  }

  /** Everything that must survive is kept record by record. */
  state(): unknown {
    return null
  }
  confirmed(): void {}
  settled(): void {}
  takeMoved(): boolean {
    const moved = this.#moved
    this.#moved = false
    return moved
  }

  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, serverId: string, perform: (as?: 'Replace') => void): void {
    const { path } = uri
    if (!within(path, ROOT) || uri.prop !== undefined) return perform()
    if (kind === 'Copy') throw new TreeError(405, `${uri.text} cannot be copied to`)
    this.#moved = true
    if (within(path, FANOUT) && path.length > FANOUT.length) return this.#fanout(kind, uri, path.slice(FANOUT.length), serverId, perform)
    if (within(path, IMAGES) && path.length > IMAGES.length) return this.#image(kind, uri, path.slice(IMAGES.length), serverId, perform)
    if (within(path, TRIGGERS) && path.length === TRIGGERS.length + 1 && kind === 'Add') {
      perform()
      return this.#own(path, serverId, () => this.#leaf([...path, 'Operations', 'Trigger'], ''))
    }
    if (within(path, RECORDS) && path.at(-1) === 'Mode' && kind === 'Replace') {
      perform()
      return this.#behind.modeWish(path[RECORDS.length] ?? '', this.#whole(path, [0, 1, 2]) as Mode)
    }
    perform()
    if (within(path, GROUPS)) this.#behind.groupsMoved()
    if (path[1] === 'Config') this.#behind.configMoved()
  }

  #fanout(
    kind: 'Add' | 'Replace' | 'Delete',
    uri: NodeUri,
    [job = '', leaf, ...deeper]: readonly string[],
    server: string,
    perform: () => void,
  ): void {
    if (this.#behind.jobBusy(job)) throw new TreeError(403, `job ${job} is running`)
    perform()
    if (leaf === undefined) {
      if (kind === 'Add') return this.#newJob(uri.path, job, server)
      if (kind === 'Delete') {
        for (const key of [...this.#shown.keys()]) if (key.startsWith(`${job}/`)) this.#shown.delete(key)
        return this.#behind.jobDeleted(job)
      }
      return
    }
    if (kind === 'Delete') return
    if (leaf === 'Command') this.#checkCommand(uri.path)
    if (leaf === 'TargetFilter') this.#checkFilter(uri.path)
    if (leaf === 'TargetMode') this.#whole(uri.path, [0, 1, 2])
    if (leaf === 'Operations' && deeper[0] === 'ReturnFormat') this.#whole(uri.path, [0, 1, 2, 3, 4])
    if (leaf === 'Aggregation' && deeper.length === 1) this.#whole(uri.path)
    this.#behind.jobAdded(job, server)
  }

  #newJob(path: readonly string[], job: string, server: string): void {
    this.#own(path, server, () => {
      const leaf = (name: string, value: string): void => this.#leaf([...path, ...name.split('/')], value)
      leaf('Aggregation/Timeout', String(DEFAULTS.timeout))
      leaf('Aggregation/Interval', String(DEFAULTS.interval))
      leaf('Operations/ReturnFormat', String(DEFAULTS.returnFormat))
      leaf('Operations/AutoStart', 'false')
      leaf('Operations/Start', '')
      leaf('Operations/Cancel', '')
      leaf('State', '10')
      for (const name of ['Targets', 'Succeeded', 'Failed', 'Pending']) leaf(`Counters/${name}`, '0')
      this.#interior([...path, 'Responses'])
    })
    this.#behind.jobAdded(job, server)
  }

  #checkCommand(path: readonly string[]): void {
    try {
      readFanoutCommand(this.#text(path))
    } catch (error) {
      if (error instanceof CommandError) throw new TreeError(error.status, error.message)
      throw error
    }
  }

  #checkFilter(path: readonly string[]): void {
    try {
      readFilter(this.#text(path))
    } catch (error) {
      if (error instanceof FilterError) throw new TreeError(415, error.message, error.offset)
      throw error
    }
  }

  #image(
    kind: 'Add' | 'Replace' | 'Delete',
    uri: NodeUri,
    [name = '', leaf]: readonly string[],
    server: string,
    perform: (as?: 'Replace') => void,
  ): void {
    const { path } = uri
    const void_ = leaf !== undefined && kind !== 'Delete' && this.#behind.imageExpired(name)
    if (void_ && (leaf === 'Expiry' || leaf === 'ImageData' || leaf === 'PkgURL')) throw new TreeError(403, `image ${name} has expired`)
    // ImageData stands empty from the start: adding the untouched node is its first write (gwmo sheet 3.5).
    const first = leaf === 'ImageData' && kind === 'Add' && this.#find(path)?.verNo === 0
    perform(first ? 'Replace' : undefined)
    if (leaf === undefined) {
      if (kind === 'Add') {
        this.#own(path, server, () => {
          this.#leaf([...path, 'ImageData'], new Uint8Array(0))
          this.#leaf([...path, 'Operations', 'Download'], '')
          this.#leaf([...path, 'State'], '10')
        })
        this.#behind.imageAdded(name, server)
      } else if (kind === 'Delete') this.#behind.imageDeleted(name)
      return
    }
    if (kind === 'Delete') return
    if (leaf === 'Expiry') this.#behind.imageExpiry(name, this.#whole(path))
    if (leaf === 'ImageID' || leaf === 'Digest' || leaf === 'PkgURL') this.#behind.imageChanged(name, leaf, this.#text(path))
    if (leaf === 'ImageData') this.#takeData(path, name)
  }

  /** The bytes go to the store; the leaf keeps none. */
  #takeData(path: readonly string[], name: string): void {
    const node = this.#find(path)
    if (node === null || !(node.value instanceof Uint8Array) || node.value.length === 0) return
    const bytes = node.value
    this.#tree.setValue(node, new Uint8Array(0))
    this.#behind.imageArrived(name, bytes)
  }

  exec({ node, serverId, correlator }: ExecCall): ExecResult | undefined {
    const path = names(node)
    if (!within(path, ROOT)) return undefined
    this.#moved = true
    const at = path.slice(3)
    const [name = ''] = at
    if (within(path, FANOUT) && at[2] === 'Start') {
      this.#behind.jobStart(name, correlator, serverId)
      return { code: 202 }
    }
    if (within(path, FANOUT) && at[2] === 'Cancel') {
      this.#behind.jobCancel(name)
      return { code: 200 }
    }
    if (within(path, IMAGES) && at[2] === 'Download') {
      const url = this.#find([...IMAGES, name, 'PkgURL'])
      if (url === null || url.value === '') throw new TreeError(412, `image ${name} has no PkgURL`)
      this.#behind.imageDownload(name, correlator, String(url.value))
      return { code: 202 }
    }
    if (within(path, TRIGGERS) && at[2] === 'Trigger') return { code: this.#trigger([...TRIGGERS, name], serverId) }
    return undefined
  }

  #trigger(path: readonly string[], server: string): number {
    const value = (leaf: string): Value | undefined => this.#find([...path, leaf])?.value
    const notification = value('Notification')
    const deviceId = value('DeviceID')
    const contentType = value('ContentType')
    const code =
      typeof deviceId !== 'string' || deviceId === ''
        ? 412
        : this.#behind.trigger({
            deviceId,
            notification: notification instanceof Uint8Array && notification.length > 0 ? notification : null,
            contentType: typeof contentType === 'string' && contentType !== '' ? contentType : 'application/vnd.syncml.notification',
            server,
          })
    if (code < 300) this.#leaf([...path, 'Result'], String(code))
    return code
  }

  // What the gateway shows.

  /** A device's record; null takes it out. */
  showRecord(localId: string, record: DeviceRecord | null): void {
    const path = [...RECORDS, localId]
    if (record === null) return this.#remove(path)
    this.#interior(path)
    const leaf = (name: string, value: string): void => this.#leaf([...path, ...name.split('/')], value)
    leaf('DeviceID', record.deviceId)
    leaf('LocalID', record.localId)
    if (record.componentType !== null) leaf('ComponentType', String(record.componentType))
    leaf('Mode', String(record.mode))
    leaf('Address', record.address.address)
    leaf('AddressType', record.address.type)
    if (record.publicAddress !== '') leaf('PublicAddress', record.publicAddress)
    leaf('State', String(record.state))
    if (record.lastSeen > 0) leaf('LastSeen', stamp(record.lastSeen))
    if (record.protocol !== '') leaf('Protocol', record.protocol)
    if (record.reportState !== 0) leaf('ReportState', String(record.reportState))
    for (const [name, value] of Object.entries(record.devInfo)) leaf(`DevInfo/${encodeSegment(name)}`, value)
    const list = [...path, 'DMSList']
    if (record.servers.length === 0) this.#remove(list)
    else {
      const known = this.#find(list)?.children?.size ?? 0
      for (let n = record.servers.length + 1; n <= known; n += 1) this.#remove([...list, String(n)])
      record.servers.forEach((server, i) => this.#leaf([...list, String(i + 1)], server))
    }
  }

  showJob(job: Job, reportState: number): void {
    const path = [...FANOUT, job.name]
    if (this.#find(path) === null) return
    const leaf = (name: string, value: string): void => this.#leaf([...path, ...name.split('/')], value)
    leaf('State', String(job.state))
    if (job.result !== null && job.state >= 40) leaf('Result', String(job.result))
    else this.#remove([...path, 'Result'])
    if (reportState !== 0) leaf('ReportState', String(reportState))
    const { targets, succeeded, failed, pending } = counters(job)
    leaf('Counters/Targets', String(targets))
    leaf('Counters/Succeeded', String(succeeded))
    leaf('Counters/Failed', String(failed))
    leaf('Counters/Pending', String(pending))
    for (const response of job.responses) this.#showResponse(path, job.name, response)
  }

  #showResponse(path: readonly string[], job: string, response: Response): void {
    const key = `${job}/${response.name}`
    if (this.#shown.get(key) === response) return
    this.#shown.set(key, response)
    const at = [...path, 'Responses', response.name]
    this.#interior(at)
    this.#leaf([...at, 'DeviceID'], response.deviceId)
    this.#leaf([...at, 'State'], String(response.state))
    if (response.code !== null) this.#leaf([...at, 'Code'], String(response.code))
    if (response.data !== '') this.#leaf([...at, 'Data'], response.data)
    const [late] = response.late.slice(-1)
    if (late !== undefined) this.#leaf([...at, 'LateAlert'], response.late.map(({ data }) => data).join(''))
    if (response.endedAt > 0) this.#leaf([...at, 'Time'], stamp(response.endedAt))
  }

  /** A job that starts anew: what the devices said before is gone. */
  clearResponses(job: string): void {
    for (const key of [...this.#shown.keys()]) if (key.startsWith(`${job}/`)) this.#shown.delete(key)
    const path = [...FANOUT, job, 'Responses']
    for (const child of [...(this.#find(path)?.children?.values() ?? [])]) this.#tree.remove(child)
  }

  showImage(image: Image, urls: { readonly url: string; readonly descriptor: string } | null, reportState: number): void {
    const path = [...IMAGES, image.name]
    if (this.#find(path) === null) return
    const leaf = (name: string, value: string): void => this.#leaf([...path, name], value)
    leaf('State', String(image.state))
    const left = secondsLeft(image, this.#behind.now())
    if (left !== null) leaf('Expiry', String(left))
    if (image.state === 30 || image.state === 50) {
      if (image.size > 0) leaf('Size', String(image.size))
      if (image.digest !== '') leaf('Digest', image.digest)
    }
    if (urls !== null && image.state === 30) {
      leaf('ImageURL', urls.url)
      leaf('DescriptorURL', urls.descriptor)
    }
    if (image.state < 30 || image.state === 40) for (const name of ['ImageURL', 'DescriptorURL', 'Size']) this.#remove([...path, name])
    if (reportState !== 0) leaf('ReportState', String(reportState))
  }

  /** Seconds left are those of now. */
  showExpiry(image: Image): void {
    const left = secondsLeft(image, this.#behind.now())
    const path = [...IMAGES, image.name, 'Expiry']
    if (left !== null && this.#find(path.slice(0, -1)) !== null) this.#leaf(path, String(left))
  }

  dropImage(name: string): void {
    this.#remove([...IMAGES, name])
  }

  showUsed(bytes: number): void {
    this.#leaf(['GwMO', 'Config', 'ImageStore', 'Used'], String(bytes))
  }

  // What the tree says.

  config(name: string): string {
    return this.#text(['GwMO', 'Config', ...name.split('/')])
  }

  setConfig(name: string, value: string): void {
    this.#leaf(['GwMO', 'Config', ...name.split('/')], value)
  }

  /** DeviceIDs of a group; undefined for one nobody made. */
  members(group: string): readonly string[] | undefined {
    const node = this.#find([...GROUPS, group])
    if (node === null) return undefined
    return [...(node.children?.get('Members')?.children?.values() ?? [])].map(({ value }) => String(value))
  }

  groups(): readonly { readonly name: string; readonly members: readonly string[] }[] {
    return [...(this.#find(GROUPS)?.children?.keys() ?? [])].map((name) => ({ name, members: this.members(name) ?? [] }))
  }

  putGroup(name: string, members: readonly string[]): void {
    this.#interior([...GROUPS, name, 'Members'])
    members.forEach((member, i) => this.#leaf([...GROUPS, name, 'Members', String(i + 1)], member))
  }

  /** What a job's nodes ask for. */
  job(name: string): {
    readonly wish: TargetWish
    readonly command: string
    readonly imageRef: string
    readonly timeoutMs: number
    readonly intervalMs: number
    readonly returnFormat: number
    readonly autoStart: boolean
  } | null {
    const path = [...FANOUT, name]
    if (this.#find(path) === null) return null
    const text = (leaf: string): string => this.#text([...path, ...leaf.split('/')])
    const list = (node: string): string[] => [...(this.#find([...path, node])?.children?.values() ?? [])].map(({ value }) => String(value))
    const mode = text('TargetMode')
    return {
      wish: {
        devices: list('TargetDevices'),
        groups: list('TargetGroups'),
        all: text('AllDevices') === 'true',
        mode: mode === '' ? null : (Number(mode) as Mode),
        filter: text('TargetFilter'),
      },
      command: text('Command'),
      imageRef: text('ImageRef'),
      timeoutMs: Number(text('Aggregation/Timeout') || DEFAULTS.timeout) * 1000,
      intervalMs: Number(text('Aggregation/Interval') || 0) * 1000,
      returnFormat: Number(text('Operations/ReturnFormat') || DEFAULTS.returnFormat),
      autoStart: text('Operations/AutoStart') === 'true',
    }
  }

  jobs(): readonly string[] {
    return [...(this.#find(FANOUT)?.children?.keys() ?? [])]
  }

  /** The node whose ACL decides whether a server may read a device's record. */
  recordNode(localId: string): Node | null {
    return this.#find([...RECORDS, localId])
  }

  /** Leaves a server wrote, by path below the node; for what is kept of jobs and images. */
  written(root: 'job' | 'image', name: string): Readonly<Record<string, string>> {
    const base = root === 'job' ? FANOUT : IMAGES
    const found: Record<string, string> = {}
    const skip = new Set([
      'State',
      'Result',
      'ReportState',
      'Counters',
      'Responses',
      'ImageData',
      'ImageURL',
      'DescriptorURL',
      'Size',
      'Start',
      'Cancel',
      'Download',
    ])
    const collect = (node: Node, path: string): void => {
      for (const child of node.children?.values() ?? []) {
        if (skip.has(child.name)) continue
        const at = path === '' ? encodeSegment(child.name) : `${path}/${encodeSegment(child.name)}`
        if (child.children === null) found[at] = String(child.value)
        else collect(child, at)
      }
    }
    const node = this.#find([...base, name])
    if (node !== null) collect(node, '')
    return found
  }

  /** Makes a job or image again as it was kept. */
  restore(root: 'job' | 'image', name: string, server: string, leaves: Readonly<Record<string, string>>): void {
    const path = [...(root === 'job' ? FANOUT : IMAGES), name]
    this.#interior(path)
    if (root === 'job') this.#newJobNodes(path, server)
    else
      this.#own(path, server, () => {
        this.#leaf([...path, 'ImageData'], new Uint8Array(0))
        this.#leaf([...path, 'Operations', 'Download'], '')
        this.#leaf([...path, 'State'], '10')
      })
    for (const [leaf, value] of Object.entries(leaves)) this.#leaf([...path, ...leaf.split('/').map((part) => decodeSegment(part))], value)
  }

  #newJobNodes(path: readonly string[], server: string): void {
    this.#own(path, server, () => {
      for (const name of ['Aggregation', 'Operations', 'Counters', 'Responses']) this.#interior([...path, name])
      for (const name of ['Start', 'Cancel']) this.#leaf([...path, 'Operations', name], '')
      this.#leaf([...path, 'State'], '10')
      for (const name of ['Targets', 'Succeeded', 'Failed', 'Pending']) this.#leaf([...path, 'Counters', name], '0')
    })
  }

  // Hands on the tree.

  #find(path: readonly string[]): Node | null {
    return this.#tree.find(path)
  }

  #text(path: readonly string[]): string {
    const value = this.#find(path)?.value
    return typeof value === 'string' ? value : ''
  }

  #whole(path: readonly string[], allowed?: readonly number[]): number {
    const text = this.#text(path)
    const value = Number(text)
    if (!/^-?\d{1,9}$/.test(text) || (allowed !== undefined && !allowed.includes(value)))
      throw new TreeError(415, `${path.at(-1) ?? ''} cannot be ${JSON.stringify(text.slice(0, 40))}`)
    return value
  }

  #own(path: readonly string[], server: string, fill: () => void): void {
    const node = this.#find(path)
    if (node !== null) this.#tree.setAcl(node, ownAcl(server) ?? null)
    fill()
  }

  #interior(path: readonly string[]): Node {
    let node = this.#tree.root
    path.forEach((name, i) => {
      node = this.#tree.child(node, name) ?? this.#tree.add(node, name, { ...inherited(this.#tree.describe(path.slice(0, i + 1))), format: 'node' })
    })
    return node
  }

  #leaf(path: readonly string[], value: Value, keep = false): void {
    const there = this.#find(path)
    if (there !== null) {
      if (!keep && there.value !== value) this.#tree.setValue(there, value)
      return
    }
    const description = this.#tree.describe(path)
    const format: Format = value instanceof Uint8Array ? 'bin' : (description?.formats[0] ?? 'chr')
    this.#tree.add(this.#interior(path.slice(0, -1)), path.at(-1) ?? '', { ...inherited(description), format, value })
  }

  #remove(path: readonly string[]): void {
    const node = this.#find(path)
    if (node !== null) this.#tree.remove(node)
  }
}

function names(node: Node): string[] {
  const path: string[] = []
  for (let at = node; at.parent !== null; at = at.parent) path.unshift(at.name)
  return path
}
