// The gateway's own management tree at work: what a DM Server adds, replaces and executes below ./GwMO becomes inventory, images and running jobs, and shows there again.
import { parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import { tndsOfData } from '../dmtree/tnds.ts'
import type { Tree } from '../dmtree/tree.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import type { Value } from '../dmtree/value.ts'
import type { DevicePart, ExecCall, ExecResult, Pending } from '../device/features.ts'
import { DEFAULTS, TOKENS } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'
import { LINK_TYPES } from '../notify/si.ts'
import { Asked } from './asked.ts'
import type { Behind, ConfigStart } from './behind.ts'
import { Branch, FANOUT, GROUPS, IMAGES, RECORDS, ROOT, TRIGGERS, names, within } from './branch.ts'
import { CommandError, readFanoutCommand } from './command.ts'
import { gatewayObjects } from './objects.ts'
import { Shown } from './shown.ts'
import { configsFor, fillLaid, laidAt, restoreLaid, writtenLaid } from './laid.ts'
import type { KeptLaid, Laid } from './laid.ts'
import { FilterError, readFilter } from './targets.ts'

/** `./GwMO` as a part of a simulated device. */
export class GatewayPart implements DevicePart {
  readonly objects = gatewayObjects
  readonly apart = ROOT
  readonly #behind: Behind
  readonly #config: ConfigStart
  readonly #branch = new Branch()
  readonly asked: Asked
  readonly shown: Shown
  #moved = false
  /** Image whose bytes a server is sending in chunks; '' none. */
  #arriving = ''

  constructor(behind: Behind, config: ConfigStart) {
    this.#behind = behind
    this.#config = config
    this.asked = new Asked(this.#branch)
    this.shown = new Shown(this.#branch, () => behind.now())
  }

  /** Servers that may manage the gateway (M.3): all rights below ./GwMO. */
  admit(servers: readonly string[]): void {
    const list = servers.join('+')
    const node = this.#branch.find(ROOT)
    if (node !== null && servers.length > 0)
      this.#branch.setAcl(node, parseAcl(`Add=${list}&Delete=${list}&Exec=${list}&Get=${list}&Replace=${list}`))
  }

  enter(tree: Tree): void {
    this.#branch.enter(tree)
    for (const uri of ['Config/Modes', 'Config/Session', 'Config/Alerts', 'Config/ImageStore', 'Config/EDConfig', 'Devices/Inventory/Records'])
      this.#branch.interior(['GwMO', ...uri.split('/')])
    for (const path of [GROUPS, FANOUT, IMAGES, TRIGGERS]) this.#branch.interior(path)
    const c = this.#config
    const config = (name: string, value: string): void => this.#branch.leaf(['GwMO', 'Config', ...name.split('/')], value, true)
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

  /** Sets a leaf of the configuration from the gateway's own side: what may not be written by a server may be here. */
  setConfig(name: string, value: string): void {
    this.asked.setConfig(name, value)
    this.#behind.configMoved()
  }

  /** Makes again what a server had laid down. */
  putLaid(laid: Laid, kept: KeptLaid): void {
    restoreLaid(this.#branch, laid, kept)
  }
  /** Configuration (TNDS documents) that a device gets with its bootstrap (M.4). */
  configs(deviceId: string): readonly string[] {
    return configsFor(this.#branch, deviceId, (group) => this.asked.members(group))
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
    const laid = laidAt(path)
    if (laid !== null) {
      perform()
      if (kind === 'Add' && path.length === laid.path.length) fillLaid(this.#branch, laid, serverId)
      if (laid.kind === 'config' && path.at(-1) === 'Data' && kind !== 'Delete') tndsOfData(this.#branch.text(path), undefined)
      return this.#behind.laid(laid, writtenLaid(this.#branch, laid))
    }
    if (within(path, RECORDS) && path.at(-1) === 'Mode' && kind === 'Replace') {
      perform()
      return this.#behind.modeWish(path[RECORDS.length] ?? '', this.#branch.whole(path, [0, 1, 2]) as Mode)
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
        this.shown.forget(job)
        return this.#behind.jobDeleted(job)
      }
      return
    }
    if (kind === 'Delete') return
    if (leaf === 'Command') this.#checkCommand(uri.path)
    if (leaf === 'Push') this.#branch.oneOf(uri.path, [TOKENS.url, TOKENS.descriptor])
    if (leaf === 'PushType') this.#branch.oneOf(uri.path, LINK_TYPES)
    if (leaf === 'TargetFilter') this.#checkFilter(uri.path)
    if (leaf === 'TargetMode') this.#branch.whole(uri.path, [0, 1, 2])
    if (leaf === 'Operations' && deeper[0] === 'ReturnFormat') this.#branch.whole(uri.path, [0, 1, 2, 3, 4])
    if (leaf === 'Aggregation' && deeper.length === 1) this.#branch.whole(uri.path)
    this.#behind.jobAdded(job, server)
  }

  #newJob(path: readonly string[], job: string, server: string): void {
    this.#branch.own(path, server, () => {
      const leaf = (name: string, value: string): void => this.#branch.leaf([...path, ...name.split('/')], value)
      leaf('Aggregation/Timeout', String(DEFAULTS.timeout))
      leaf('Aggregation/Interval', String(DEFAULTS.interval))
      leaf('Operations/ReturnFormat', String(DEFAULTS.returnFormat))
      leaf('Operations/AutoStart', 'false')
      leaf('Operations/Start', '')
      leaf('Operations/Cancel', '')
      leaf('State', '10')
      for (const name of ['Targets', 'Succeeded', 'Failed', 'Pending']) leaf(`Counters/${name}`, '0')
      this.#branch.interior([...path, 'Responses'])
    })
    this.#behind.jobAdded(job, server)
  }

  #checkCommand(path: readonly string[]): void {
    try {
      readFanoutCommand(this.#branch.text(path))
    } catch (error) {
      if (error instanceof CommandError) throw new TreeError(error.status, error.message)
      throw error
    }
  }

  #checkFilter(path: readonly string[]): void {
    try {
      readFilter(this.#branch.text(path))
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
    const begun = leaf === 'ImageData' && this.#arriving === name
    if (begun) this.#arriving = ''
    const used = kind !== 'Delete' && (leaf === 'Expiry' || leaf === 'PkgURL' || (leaf === 'ImageData' && !begun))
    if (used && this.#behind.imageExpired(name)) this.#behind.imageLate(name, server, `${kind} of ${leaf}`)
    // ImageData stands empty from the start: adding the untouched node is its first write (gwmo sheet 3.5).
    const first = leaf === 'ImageData' && kind === 'Add' && this.#branch.find(path)?.verNo === 0
    perform(first ? 'Replace' : undefined)
    if (leaf === undefined) {
      if (kind === 'Add') {
        this.#branch.own(path, server, () => {
          this.#branch.leaf([...path, 'ImageData'], new Uint8Array(0))
          this.#branch.leaf([...path, 'Operations', 'Download'], '')
          this.#branch.leaf([...path, 'State'], '10')
        })
        this.#behind.imageAdded(name, server)
      } else if (kind === 'Delete') this.#behind.imageDeleted(name)
      return
    }
    if (kind === 'Delete') return
    if (leaf === 'Expiry') this.#behind.imageExpiry(name, this.#branch.whole(path))
    if (leaf === 'ImageID' || leaf === 'Digest' || leaf === 'PkgURL') this.#behind.imageChanged(name, leaf, this.#branch.text(path))
    if (leaf === 'ImageData') this.#takeData(path, name)
  }

  /** The first chunk of a large object. The bytes of an image that is not void yet run to their end, whatever its clock says then (gwmo sheet 3.5 rule 5). */
  begins({ path }: NodeUri): void {
    const [name = '', leaf] = within(path, IMAGES) ? path.slice(IMAGES.length) : []
    this.#arriving = leaf === 'ImageData' && !this.#behind.imageExpired(name) ? name : ''
  }

  /** The bytes go to the store; the leaf keeps none. */
  #takeData(path: readonly string[], name: string): void {
    const node = this.#branch.find(path)
    if (node === null || !(node.value instanceof Uint8Array) || node.value.length === 0) return
    const bytes = node.value
    this.#branch.setValue(node, new Uint8Array(0))
    this.#behind.imageArrived(name, bytes)
  }

  /** Flow Y, held: the Status of the Exec leaves with the answers of the devices, or once HoldTime is over. */
  #held(name: string): Pending {
    const over = (): number => {
      this.#behind.givesUp()
      return 202
    }
    return { pending: `job ${name}`, waitMs: this.#behind.holdMs(), collects: true, code: over, left: over }
  }

  keepsOpen(): boolean {
    return this.#behind.keepsOpen()
  }

  exec({ node, serverId, correlator }: ExecCall): ExecResult | Pending | undefined {
    const path = names(node)
    if (!within(path, ROOT)) return undefined
    this.#moved = true
    const at = path.slice(3)
    const [name = ''] = at
    if (within(path, FANOUT) && at[2] === 'Start') {
      if (!this.#behind.jobStart(name, correlator, serverId)) return { code: 202 }
      return this.#held(name)
    }
    if (within(path, FANOUT) && at[2] === 'Cancel') {
      this.#behind.jobCancel(name)
      return { code: 200 }
    }
    if (within(path, IMAGES) && at[2] === 'Download') {
      const url = this.#branch.find([...IMAGES, name, 'PkgURL'])
      if (url === null || url.value === '') throw new TreeError(412, `image ${name} has no PkgURL`)
      if (this.#behind.imageExpired(name)) this.#behind.imageLate(name, serverId, 'Download')
      this.#behind.imageDownload(name, correlator, String(url.value))
      return { code: 202 }
    }
    if (within(path, TRIGGERS) && at[2] === 'Trigger') return { code: this.#trigger([...TRIGGERS, name], serverId) }
    return undefined
  }

  #trigger(path: readonly string[], server: string): number {
    const value = (leaf: string): Value | undefined => this.#branch.find([...path, leaf])?.value
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
    if (code < 300) this.#branch.leaf([...path, 'Result'], String(code))
    return code
  }
}
