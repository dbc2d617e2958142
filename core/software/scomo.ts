// The SCOMO agent: what the tree below ./SCOMO lets happen and what becomes of it (scomo sheet 3 to 9, 14). Numbers come from core/mo/scomo.ts.
import { TreeError } from '../dmtree/error.ts'
import type { ExecCall, ExecResult, Pending } from '../device/features.ts'
import type { UiAnswer } from '../device/interaction.ts'
import { parseAcl } from '../dmtree/acl.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import { COLUMN, PRIMITIVES, SCOMO_COMPLETE, SCOMO_IDS, completeText, scomoAllows, scomoOfDownload } from '../mo/scomo.ts'
import type { Place, PrimitiveName } from '../mo/scomo.ts'
import type { Spool } from '../session/ports.ts'
import type { Alert, Bulk, Item } from '../syncml/message.ts'
import { Arrivals } from './arrivals.ts'
import type { Desk } from './desk.ts'
import { finalAlert } from './desk.ts'
import { nodeName, uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { ComponentAnswer, DownloadAnswer, InstallAnswer, InstallAsk, InstalledComponent, StoredFile } from './ports.ts'
import type { AfterRestart, Order } from './state.ts'

const ROOT: Path = ['SCOMO']
const DOWNLOAD: Path = ['SCOMO', 'Download']
const DELIVERED: Path = ['SCOMO', 'Inventory', 'Delivered']
const DEPLOYED: Path = ['SCOMO', 'Inventory', 'Deployed']
const PLACES: readonly (readonly [Place, Path])[] = [
  ['Download', DOWNLOAD],
  ['Delivered', DELIVERED],
  ['Deployed', DEPLOYED],
]
/** Leaves a package takes along from Download to Delivered. */
const COPIED = ['PkgID', 'Name', 'Description', 'InstallParams', 'Reboot', 'EnvType', 'PkgType'] as const
const FAILED: Readonly<Partial<Record<PrimitiveName, number>>> = { Remove: 1408, Activate: 1409, Deactivate: 1410 }

/** Where a path below ./SCOMO lies: the `<X>` and what is below it. */
interface Where {
  readonly place: Place
  /** Path of `<X>`. */
  readonly path: Path
  readonly below: Path
}

function whereIs(path: Path): Where | undefined {
  for (const [place, base] of PLACES)
    if (path.length > base.length && base.every((name, i) => name === path[i]))
      return { place, path: path.slice(0, base.length + 1), below: path.slice(base.length + 1) }
  return undefined
}

/** What a command put into a Data leaf; it counts once the whole command is done. */
interface Written {
  readonly path: Path
  readonly value: Uint8Array
  readonly file: StoredFile
}

export class Scomo {
  readonly #desk: Desk
  readonly #arrivals: Arrivals
  #written: Written[] = []
  #renamed: (readonly [from: string, to: Path])[] = []

  constructor(desk: Desk) {
    this.#desk = desk
    this.#arrivals = new Arrivals(desk.store)
  }

  /** Puts in what is missing: the object with its Type, and the components there are. */
  enter(): void {
    const { leaves, settings } = this.#desk
    leaves.own(() => {
      const fresh = !leaves.has(ROOT)
      const root = leaves.node(ROOT)
      leaves.tree.setType(root, SCOMO_IDS[settings.version])
      for (const path of [DOWNLOAD, DELIVERED, DEPLOYED]) leaves.node(path)
      leaves.put([...ROOT, 'Ext', 'EnvTypes'], settings.envTypes.join(','))
      const id = settings.owner
      if (fresh) leaves.tree.setAcl(root, parseAcl(`Add=${id}&Delete=${id}&Exec=${id}&Get=${id}&Replace=${id}`))
    })
  }

  covers(path: Path): boolean {
    return path[0] === 'SCOMO'
  }

  // ---- commands on the tree

  /** Content of `Delivered/<X>/Data` goes to the store as it comes. */
  spool(uri: NodeUri, octets: number, allowed: () => void): Spool | undefined {
    const at = whereIs(uri.path)
    if (at?.place !== 'Delivered' || at.below.join('/') !== 'Data' || uri.prop !== undefined) return undefined
    allowed()
    if (this.#held(at)) throw new TreeError(403, `${uri.text} is in use`)
    return this.#arrivals.begin(this.#fileName(at.path), octets)
  }

  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, perform: (as?: 'Replace') => void, bulk?: Bulk): void {
    const at = whereIs(uri.path)
    const { leaves } = this.#desk
    const first = kind === 'Add' && at?.place === 'Delivered' && at.below.join('/') === 'Data' && this.#untouched(at.path)
    const held = at === undefined ? false : this.#held(at)
    perform(first ? 'Replace' : undefined)
    if (kind === 'Add' && leaves.tree.describe(uri.path) === undefined) throw new TreeError(405, `${uri.text} is no node of this object`)
    if (at === undefined || at.place === 'Deployed') return this.#completeAll()
    const whole = at.below.length === 0
    if (held && whole && (kind === 'Delete' || uri.prop === 'Name')) throw new TreeError(403, `${uri.text} is in use`)
    if (uri.prop === 'Name' && whole) this.#rename(at.path, uri)
    const data = at.place === 'Delivered' ? leaves.tree.find([...at.path, 'Data']) : null
    const value = data?.value
    const content = bulk ?? (value instanceof Uint8Array && value.length > 0 ? value : undefined)
    const written = content !== undefined
    if (written && held) throw new TreeError(403, `${uri.text} is in use`)
    this.#completeAll()
    if (written) this.#take(at.path, content)
  }

  /** Data the device made itself and nobody has written yet (scomo sheet 3.4 rule 3). */
  #untouched(path: Path): boolean {
    const data = this.#desk.leaves.tree.find([...path, 'Data'])
    return data !== null && data.value.length === 0 && !(uriOf(path) in this.#desk.state.files)
  }

  /** Progress is made there: its numbers say so, or an order has begun with it. */
  #held({ place, path }: Where): boolean {
    const status = this.#status(path)
    const order = this.#desk.busy(path)
    const waits = order?.stage === 'queued' || order?.stage === 'ask download' || order?.stage === 'ask install'
    if (place === 'Download') return (order !== undefined && !waits) || scomoAllows('Download', null, status, 'Download*') === 403
    return order !== undefined || scomoAllows(place, this.#state(path), status, 'Remove') === 403
  }

  #status(path: Path): number {
    return this.#desk.leaves.number([...path, 'Status']) ?? 10
  }

  #state(path: Path): number | null {
    return this.#desk.leaves.number([...path, 'State'])
  }

  /** Nodes the device makes by itself (scomo sheet 3.4 rule 2). */
  #completeAll(): void {
    const { leaves } = this.#desk
    for (const [place, base] of PLACES.slice(0, 2)) for (const name of leaves.names(base)) this.#complete(place, [...base, name])
  }

  #complete(place: Place, path: Path): void {
    const { leaves, settings } = this.#desk
    if (leaves.has([...path, 'Status']) || leaves.tree.find(path)?.children === null) return
    leaves.own(() => {
      leaves.put([...path, 'Status'], 10)
      if (!settings.autoAdd) return
      if (place === 'Delivered' && !leaves.has([...path, 'Data'])) leaves.put([...path, 'Data'], new Uint8Array(0))
      this.#primitives(place, path)
    })
  }

  #primitives(place: Place, path: Path): void {
    const { leaves } = this.#desk
    for (const row of PRIMITIVES) if (row.place === place) leaves.put([...path, 'Operations', row.name], '')
  }

  #fileName(path: Path): string {
    return `${path.at(-1) ?? ''}-${String(++this.#desk.state.count)}`
  }

  /** Bytes came whole: they go to the package store, or lie there already; the leaf keeps none of them. */
  #take(path: Path, content: Uint8Array | Bulk): void {
    const { leaves } = this.#desk
    const bytes = content instanceof Uint8Array ? content : new Uint8Array(0)
    const file = content instanceof Uint8Array ? this.#arrivals.put(this.#fileName(path), content) : this.#arrivals.take(content)
    if (file === undefined) throw new TreeError(500, `nobody spooled ${uriOf(path)}`)
    const value = new Uint8Array(0)
    leaves.own(() => {
      leaves.tree.setValue(leaves.put([...path, 'Data'], bytes), value)
      leaves.put([...path, 'State'], 10)
      leaves.put([...path, 'Status'], 10)
    })
    this.#written.push({ path, value, file })
  }

  #rename(path: Path, uri: NodeUri): void {
    const base = path.slice(0, -1)
    const known = new Set(Object.keys(this.#desk.state.files))
    const fresh = this.#desk.leaves.names(base).find((name) => !known.has(uriOf([...base, name])) && !this.#desk.leaves.has(uri.path))
    if (fresh !== undefined) this.#renamed.push([uriOf(path), [...base, fresh]])
  }

  /** The command is over: what it wrote counts, or was taken back; what it deleted lets go of its file; queued orders begin. */
  settled(): void {
    const { leaves, state, store } = this.#desk
    this.#arrivals.settled()
    for (const [from, to] of this.#renamed.splice(0)) {
      const file = state.files[from]
      if (file === undefined || !leaves.has(to)) continue
      delete state.files[from]
      state.files[uriOf(to)] = file
      this.#desk.moved()
    }
    for (const { path, value, file } of this.#written.splice(0)) {
      const uri = uriOf(path)
      const stands = leaves.tree.find([...path, 'Data'])?.value === value
      const old = stands ? state.files[uri] : file
      if (old !== undefined) store.drop(old.file)
      if (!stands) continue
      state.files[uri] = file
      this.#desk.moved()
      this.#desk.log('deliver', `${uri} holds ${String(file.size)} bytes, SHA-256 ${file.sha256}`)
    }
    for (const uri of Object.keys(state.files)) if (uri.startsWith('./SCOMO/') && !leaves.tree.find(uri.slice(2).split('/'))) this.#release(uri)
    for (const order of this.#desk.open()) {
      if (order.mo === 'scomo' && !leaves.has(order.path)) this.#abandon(order)
    }
  }

  /** Deleted before its work began (D13). */
  #abandon(order: Order): void {
    if (order.file !== null) this.#desk.store.drop(order.file.file)
    order.file = null
    this.#desk.quiet(order)
    this.#end(order, 1400, `${uriOf(order.path)} was deleted`, [uriOf(order.path)])
  }

  /** Ended before its work began, with nothing changed. */
  refuse(order: Order, text: string): void {
    this.#end(order, 1400, text, [uriOf(order.path)])
  }

  #release(uri: string): void {
    const { state, store } = this.#desk
    const file = state.files[uri]
    if (file === undefined) return
    delete state.files[uri]
    store.drop(file.file)
    this.#desk.moved()
    this.#desk.log('remove', `bytes of ${uri} are gone`)
  }

  // ---- orders

  exec(call: ExecCall, path: Path): ExecResult | Pending | undefined {
    const at = whereIs(path)
    const name = at?.below[1] as PrimitiveName | undefined
    const row = PRIMITIVES.find((each) => each.place === at?.place && each.name === name)
    if (at === undefined || row === undefined || at.below.length !== 2 || at.below[0] !== 'Operations') return undefined
    const again = this.#desk.again(call)
    if (again !== undefined) return again
    const state = this.#state(at.path)
    if (this.#desk.busy(at.path) !== undefined) return { code: 403 }
    if (scomoAllows(at.place, at.place === 'Download' ? null : state, this.#status(at.path), COLUMN[row.name]) !== 'ok') return { code: 403 }
    const url = at.place === 'Download' ? this.#desk.leaves.text([...at.path, 'PkgURL']) : ''
    if (at.place === 'Download' && url.trim() === '') return { code: 403 }
    const order = this.#desk.accept(call, { mo: 'scomo', primitive: row.name, path: at.path, url: url.trim() })
    if (at.place === 'Download') this.#desk.leaves.own(() => this.#desk.leaves.put([...at.path, 'Status'], 10))
    const asks = this.#installs(order) && (this.#desk.asks(order) || this.#restarts(order, 'before') || this.#restarts(order, 'after'))
    const waits = this.#desk.settings.reports === 'auto' && at.place !== 'Download' && !asks
    if (!waits) return { code: 202 }
    return this.#desk.wait(order)
  }

  /** An order that was just taken, or that a restart found queued. */
  begin(order: Order): void {
    const { settings } = this.#desk
    const env = this.#leaf(order, 'EnvType')
    const unknown = env !== '' && settings.envTypes.length > 0 && !settings.envTypes.some((each) => each.toLowerCase() === env.toLowerCase())
    if (placeOf(order) === 'Download') {
      if (unknown) return this.#failDownload(order, 1413, `environment ${env} is not supported`)
      if (settings.security === 'strict' && !/^(https?|pkg):/i.test(order.url)) return this.#failDownload(order, 1402, `${order.url} is refused`)
      if (settings.security === 'lab' && /^http:/i.test(order.url)) this.#desk.log('ask', `finding plain-http: ${order.url}`)
      if (this.#desk.asks(order)) return this.#desk.consent(order, 'ask download', 'download', `Download ${this.#title(order)}?`)
      return this.#fetch(order, true)
    }
    if (!this.#installs(order)) return this.#ready(order)
    if (unknown)
      return this.#failInstall(order, { code: 1413, text: `environment ${env} is not supported`, components: [], dataGone: false, findings: [] })
    if (this.#desk.asks(order)) return this.#desk.consent(order, 'ask install', 'install', `Install ${this.#title(order)}?`)
    this.#ready(order)
  }

  #installs(order: Order): boolean {
    return order.primitive.includes('Install')
  }

  #leaf(order: Order, name: string): string {
    return this.#desk.leaves.text([...order.path, name])
  }

  #title(order: Order): string {
    return this.#leaf(order, 'Name') || this.#leaf(order, 'PkgID') || (order.path.at(-1) ?? '')
  }

  #set(order: Order, status: number): void {
    this.#desk.leaves.own(() => this.#desk.leaves.put([...order.path, 'Status'], status))
    this.#desk.moved()
  }

  #fetch(order: Order, anew: boolean): void {
    this.#set(order, 30)
    this.#desk.download(order, this.#leaf(order, 'PkgType'), anew)
  }

  consented(order: Order, answer: UiAnswer | null): void {
    const verdict = this.#desk.answered(order, answer)
    if (verdict === 'later') return
    const download = order.stage === 'ask download'
    if (verdict === 'yes') return download ? this.#fetch(order, true) : this.#ready(order)
    const [code, text] = verdict === 'no' ? [1401, 'the user did not accept'] : [1450, 'the user did not answer']
    if (download) {
      // Before anything was fetched there is nothing that failed: the device is as it was.
      this.#set(order, 10)
      return this.#end(order, code, text, [uriOf(order.path)])
    }
    if (placeOf(order) === 'Delivered') return this.#end(order, code, text, [uriOf(order.path)])
    const delivered = this.#deliver(order, { state: 10, status: 10 })
    this.#set(order, 60)
    this.#end(order, code, text, [uriOf(delivered)])
  }

  /** A postponed question comes again. */
  again(order: Order): void {
    if (order.stage === 'ask download') this.#desk.consent(order, order.stage, 'download', `Download ${this.#title(order)}?`)
    else if (order.stage === 'ask install') this.#desk.consent(order, order.stage, 'install', `Install ${this.#title(order)}?`)
  }

  downloaded(order: Order, answer: DownloadAnswer): void {
    const code = scomoOfDownload(answer.status, answer.cause)
    if (code !== 1200 || answer.file === undefined) return this.#failDownload(order, code === 1200 ? 1402 : code, answer.text)
    order.file = answer.file
    order.installParam = answer.installParam
    order.digestChecked = answer.digestChecked
    this.#desk.log('download', `${order.url} is whole: ${String(answer.file.size)} bytes, SHA-256 ${answer.file.sha256}`)
    this.#set(order, 40)
    if (!this.#installs(order)) {
      const delivered = this.#deliver(order, { state: 10, status: 10 })
      return this.#end(order, 1200, '', [uriOf(delivered)])
    }
    if (this.#desk.asks(order)) return this.#desk.consent(order, 'ask install', 'install', `Install ${this.#title(order)}?`)
    this.#ready(order)
  }

  #failDownload(order: Order, code: number, text: string): void {
    this.#set(order, 20)
    this.#end(order, code, text, [uriOf(order.path)])
  }

  /** Waits for its turn at the installer; the numbers say already that it is under way. A restart before it comes first (SCOMO 1.1). */
  #ready(order: Order): void {
    if (this.#installs(order) && order.restarted === undefined && this.#restarts(order, 'before')) {
      order.restarted = true
      return this.#desk.restart(order, `the device restarts before ${this.#title(order)} is installed`)
    }
    const working: Readonly<Record<string, number>> = { Activate: 50, Deactivate: 70, Remove: 30 }
    const already =
      placeOf(order) === 'Deployed' && this.#state(order.path) === (order.primitive === 'Activate' ? 20 : order.primitive === 'Deactivate' ? 10 : -1)
    if (already) return this.#end(order, 1200, 'it was so already', [uriOf(order.path)])
    this.#set(order, placeOf(order) === 'Download' ? 50 : (working[order.primitive] ?? 40))
    this.#desk.stage(order, 'ready')
  }

  /** Its turn has come. */
  work(order: Order): void {
    this.#desk.stage(order, 'work')
    const key = order.key
    if (this.#installs(order)) return this.#desk.ask(order, 'install', this.#installAsk(order))
    if (placeOf(order) === 'Deployed') {
      const topic = { Activate: 'activate', Deactivate: 'deactivate', Remove: 'uninstall' }[order.primitive] ?? 'uninstall'
      return this.#desk.ask(order, topic, { key, id: this.#leaf(order, 'ID') })
    }
    const file = this.#desk.state.files[uriOf(order.path)]
    if (file === undefined) return this.worked(order, { code: 1200, text: '', component: null })
    this.#desk.ask(order, 'discard', { key, id: file.file })
  }

  #installAsk(order: Order): InstallAsk {
    const { leaves, settings, state } = this.#desk
    const file = order.file ?? state.files[uriOf(order.path)]
    if (file === undefined) throw new Error(`${uriOf(order.path)} holds no file`)
    return {
      key: order.key,
      file,
      pkgId: this.#leaf(order, 'PkgID'),
      envType: this.#leaf(order, 'EnvType'),
      installParams: this.#leaf(order, 'InstallParams') || order.installParam,
      active: !order.primitive.endsWith('Inactive'),
      man: leaves.text(['DevInfo', 'Man']),
      mod: leaves.text(['DevInfo', 'Mod']),
      envTypes: settings.envTypes,
      security: settings.security,
      digestChecked: order.digestChecked,
    }
  }

  /** `rebooted`: the device went off and on since the installer was asked. */
  installed(order: Order, answer: InstallAnswer, rebooted = false): void {
    for (const finding of answer.findings) this.#desk.log('ask', `finding ${finding} (${order.key})`)
    const { code, text } = answer
    if (code < 1200 || code > 1299) return this.#failInstall(order, answer)
    const uris = answer.components.map((component) => this.deploy(component))
    const targets = uris.length > 0 ? uris : [uriOf(order.path)]
    if (!rebooted && this.#restarts(order, 'after'))
      return this.#desk.restart(order, `the device restarts after ${this.#title(order)} was installed`, {
        ...{ code, text, targets },
        ...{ fwv: '', dataGone: false },
      })
    this.#stands(order, { code, text, targets })
  }

  #stands(order: Order, { code, text, targets }: Pick<AfterRestart, 'code' | 'text' | 'targets'>): void {
    const { leaves } = this.#desk
    if (placeOf(order) === 'Download') {
      this.#deliver(order, { state: 20, status: 10 })
      this.#set(order, 10)
    } else
      leaves.own(() => {
        leaves.put([...order.path, 'State'], 20)
        leaves.put([...order.path, 'Status'], 10)
      })
    this.#end(order, code, text, targets)
  }

  /** SCOMO 1.1: whether the device restarts before or after an installation. Values INFERRED (scomo sheet 3.2); what is none of them is `none`. */
  #restarts(order: Order, when: 'before' | 'after'): boolean {
    const value = this.#desk.settings.version === '1.1' ? this.#leaf(order, 'Reboot').trim().toLowerCase() : ''
    return value === when || value === 'both'
  }

  /** The device is on again: the installation begins, or is told. */
  restarted(order: Order): void {
    if (order.after === undefined) this.#ready(order)
    else this.#stands(order, order.after)
  }

  #failInstall(order: Order, { code, text, dataGone }: InstallAnswer): void {
    const { leaves, state } = this.#desk
    if (placeOf(order) === 'Download') {
      if (dataGone) order.file = null
      const target = dataGone ? order.path : this.#deliver(order, { state: 10, status: 50 })
      this.#set(order, dataGone ? 70 : 60)
      return this.#end(order, code, text, [uriOf(target)])
    }
    if (dataGone) delete state.files[uriOf(order.path)]
    leaves.own(() => leaves.put([...order.path, 'Status'], dataGone ? 60 : 50))
    this.#end(order, code, text, [uriOf(order.path)])
  }

  worked(order: Order, answer: ComponentAnswer): void {
    const { leaves } = this.#desk
    const path = order.path
    const uri = uriOf(path)
    const own = FAILED[order.primitive as PrimitiveName] ?? 1412
    const ids = [uri]
    if (answer.code < 1200 || answer.code > 1299) {
      const failed: Readonly<Record<string, number>> = { Activate: 40, Deactivate: 60 }
      this.#set(order, failed[order.primitive] ?? 20)
      return this.#end(order, answer.code >= 1408 && answer.code <= 1410 ? own : answer.code, answer.text, ids)
    }
    if (order.primitive === 'Remove') {
      const identifier = this.#identifier(uri)
      leaves.own(() => leaves.drop(path))
      if (placeOf(order) === 'Delivered') delete this.#desk.state.files[uri]
      return this.#end(order, answer.code, answer.text, ids, identifier)
    }
    leaves.own(() => {
      leaves.put([...path, 'State'], order.primitive === 'Activate' ? 20 : 10)
      leaves.put([...path, 'Status'], 10)
      leaves.tell([...path, 'Ext', 'LastStart'], answer.component?.lastStart ?? '')
    })
    this.#end(order, answer.code, answer.text, ids)
  }

  /** The package an order fetched, as a node of its own (scomo sheet 3.4 rule 5). Its path. */
  #deliver(order: Order, now: { readonly state: number; readonly status: number }): Path {
    const { leaves, state } = this.#desk
    const name = order.path.at(-1) ?? ''
    let free = name
    for (let n = 1; leaves.has([...DELIVERED, free]); n++) free = `${name}_${String(n)}`
    const path = [...DELIVERED, free]
    leaves.own(() => {
      leaves.node(path)
      for (const leaf of COPIED) leaves.tell([...path, leaf], this.#leaf(order, leaf))
      if (!leaves.has([...path, 'InstallParams'])) leaves.tell([...path, 'InstallParams'], order.installParam)
      leaves.put([...path, 'PkgID'], this.#leaf(order, 'PkgID'))
      leaves.put([...path, 'Data'], new Uint8Array(0))
      leaves.put([...path, 'Status'], now.status)
      leaves.put([...path, 'State'], now.state)
      this.#primitives('Delivered', path)
    })
    if (order.file !== null) state.files[uriOf(path)] = order.file
    order.file = null
    this.#desk.moved()
    return path
  }

  /** A component as the installer has it; one node for each ID (C10). `settled`: it was just installed, nothing is left of what failed before. Its URI. */
  deploy(component: InstalledComponent, settled = true): string {
    const { leaves } = this.#desk
    const known = leaves.names(DEPLOYED).find((name) => leaves.text([...DEPLOYED, name, 'ID']) === component.id)
    let free = nodeName(component.id)
    for (let n = 1; known === undefined && leaves.has([...DEPLOYED, free]); n++) free = `${nodeName(component.id)}_${String(n)}`
    const path = [...DEPLOYED, known ?? free]
    leaves.own(() => {
      leaves.put([...path, 'ID'], component.id)
      leaves.tell([...path, 'PkgIDRef'], component.pkgId)
      leaves.tell([...path, 'Name'], component.name)
      leaves.tell([...path, 'Description'], component.description)
      leaves.tell([...path, 'Version'], component.version)
      leaves.tell([...path, 'EnvType'], component.envType)
      if (!leaves.has([...path, 'Status']) || (settled && this.#desk.busy(path) === undefined)) leaves.put([...path, 'Status'], 10)
      leaves.put([...path, 'State'], component.active ? 20 : 10)
      this.#primitives('Deployed', path)
      leaves.tell([...path, 'Ext', 'LastStart'], component.lastStart)
    })
    this.#desk.moved()
    return uriOf(path)
  }

  /** The tree says what is installed, whoever installed it (scomo sheet 14.6). */
  sync(components: readonly InstalledComponent[]): void {
    const { leaves } = this.#desk
    for (const component of components) this.deploy(component, false)
    const ids = new Set(components.map(({ id }) => id))
    for (const name of leaves.names(DEPLOYED))
      if (!ids.has(leaves.text([...DEPLOYED, name, 'ID'])) && this.#desk.busy([...DEPLOYED, name]) === undefined)
        leaves.own(() => leaves.drop([...DEPLOYED, name]))
  }

  // ---- restart

  /** The installer does not know the order's key: it never began there, or was taken back (D16, V11, V12, C9). */
  lost(order: Order): void {
    const text = 'interrupted by a restart'
    if (this.#installs(order)) return this.#failInstall(order, { code: 1405, text, components: [], dataGone: false, findings: [] })
    this.worked(order, { code: FAILED[order.primitive as PrimitiveName] ?? 1412, text, component: null })
  }

  /** A transfer goes on, or has failed (D15). */
  resume(order: Order): void {
    if (this.#desk.settings.resume) return this.#fetch(order, false)
    this.#failDownload(order, 1402, 'interrupted by a restart')
  }

  /** Numbers that say "under way" while nothing is fall back. */
  sweep(): void {
    const { leaves } = this.#desk
    const back: Readonly<Record<Place, Readonly<Record<number, number>>>> = {
      Download: { 30: 20, 35: 20, 50: 60 },
      Delivered: { 30: 20, 40: 50 },
      Deployed: { 30: 20, 50: 40, 70: 60 },
    }
    for (const [place, base] of PLACES)
      for (const name of leaves.names(base)) {
        const path = [...base, name]
        const to = back[place][this.#status(path)]
        if (to !== undefined && this.#desk.busy(path) === undefined) leaves.own(() => leaves.put([...path, 'Status'], to))
      }
  }

  // ---- reports

  #identifier(uri: string): string {
    const path = uri.slice(2).split('/')
    const at = whereIs(path)
    return this.#desk.leaves.text([...path, at?.place === 'Deployed' ? 'ID' : 'PkgID'])
  }

  #end(order: Order, code: number, text: string, targets: readonly string[], identifier?: string): void {
    this.#desk.end(order, { code, text, alert: this.#alert(order, code, targets, identifier) })
  }

  /** The final alert (scomo sheet 7.2): one Item for each component. */
  #alert(order: Order, code: number, targets: readonly string[], identifier?: string): Alert {
    const mark = code < 1300 ? 'informational' : code === 1401 ? 'warning' : 'critical'
    const items = targets.map((target): Item => ({
      target: { locUri: target },
      source: { locUri: order.uri },
      meta: { type: SCOMO_COMPLETE, format: 'xml', mark },
      data: completeText(code, identifier ?? this.#identifier(target)),
    }))
    return finalAlert(order.correlator, items)
  }
}

function placeOf(order: Order): Place {
  return whereIs(order.path)?.place ?? 'Download'
}
