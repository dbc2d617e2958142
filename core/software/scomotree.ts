// The tree below ./SCOMO under the commands of servers: what may be made, written, deleted, and which files hang on it (scomo sheet 3, 9).
import { TreeError } from '../dmtree/error.ts'
import { parseAcl } from '../dmtree/acl.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import { PRIMITIVES, SCOMO_IDS, scomoAllows } from '../mo/scomo.ts'
import type { Place } from '../mo/scomo.ts'
import type { Spool } from '../session/ports.ts'
import type { Bulk } from '../syncml/message.ts'
import { Arrivals } from './arrivals.ts'
import type { Desk } from './desk.ts'
import { uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { StoredFile } from './ports.ts'
import type { Order } from './state.ts'

/** Paths of the object and its three lists. */
export const ROOT: Path = ['SCOMO']
export const DOWNLOAD: Path = ['SCOMO', 'Download']
export const DELIVERED: Path = ['SCOMO', 'Inventory', 'Delivered']
export const DEPLOYED: Path = ['SCOMO', 'Inventory', 'Deployed']
export const PLACES: readonly (readonly [Place, Path])[] = [
  ['Download', DOWNLOAD],
  ['Delivered', DELIVERED],
  ['Deployed', DEPLOYED],
]

/** Where a path below ./SCOMO lies: the `<X>` and what is below it. */
export interface Where {
  readonly place: Place
  /** Path of `<X>`. */
  readonly path: Path
  readonly below: Path
}

/** Undefined for what lies in no `<X>`. */
export function whereIs(path: Path): Where | undefined {
  for (const [place, base] of PLACES)
    if (path.length > base.length && base.every((name, i) => name === path[i]))
      return { place, path: path.slice(0, base.length + 1), below: path.slice(base.length + 1) }
  return undefined
}

/** What a command put into a Data leaf; it counts once the whole command is done. */
export interface Written {
  readonly path: Path
  readonly value: Uint8Array
  readonly file: StoredFile
}

/** Commands of servers on the tree below ./SCOMO. */
export abstract class ScomoTree {
  protected readonly desk: Desk
  protected readonly arrivals: Arrivals
  protected written: Written[] = []
  protected renamed: (readonly [from: string, to: Path])[] = []

  constructor(desk: Desk) {
    this.desk = desk
    this.arrivals = new Arrivals(desk.store)
  }

  /** Puts in what is missing: the object with its Type, and the components there are. */
  enter(): void {
    const { leaves, settings } = this.desk
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

  /** Content of `Delivered/<X>/Data` goes to the store as it comes. */
  spool(uri: NodeUri, octets: number, allowed: () => void): Spool | undefined {
    const at = whereIs(uri.path)
    if (at?.place !== 'Delivered' || at.below.join('/') !== 'Data' || uri.prop !== undefined) return undefined
    allowed()
    if (this.held(at)) throw new TreeError(403, `${uri.text} is in use`)
    return this.arrivals.begin(this.fileName(at.path), octets)
  }

  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, perform: (as?: 'Replace') => void, bulk?: Bulk): void {
    const at = whereIs(uri.path)
    const { leaves } = this.desk
    const first = kind === 'Add' && at?.place === 'Delivered' && at.below.join('/') === 'Data' && this.untouched(at.path)
    const held = at === undefined ? false : this.held(at)
    perform(first ? 'Replace' : undefined)
    if (kind === 'Add' && leaves.tree.describe(uri.path) === undefined) throw new TreeError(405, `${uri.text} is no node of this object`)
    if (at === undefined || at.place === 'Deployed') return this.completeAll()
    const whole = at.below.length === 0
    if (held && whole && (kind === 'Delete' || uri.prop === 'Name')) throw new TreeError(403, `${uri.text} is in use`)
    if (uri.prop === 'Name' && whole) this.rename(at.path, uri)
    const data = at.place === 'Delivered' ? leaves.tree.find([...at.path, 'Data']) : null
    const value = data?.value
    const content = bulk ?? (value instanceof Uint8Array && value.length > 0 ? value : undefined)
    const written = content !== undefined
    if (written && held) throw new TreeError(403, `${uri.text} is in use`)
    this.completeAll()
    if (written) this.take(at.path, content)
  }

  /** Data the device made itself and nobody has written yet (scomo sheet 3.4 rule 3). */
  protected untouched(path: Path): boolean {
    const data = this.desk.leaves.tree.find([...path, 'Data'])
    return data !== null && data.value.length === 0 && !(uriOf(path) in this.desk.state.files)
  }

  /** Progress is made there: its numbers say so, or an order has begun with it. */
  protected held({ place, path }: Where): boolean {
    const status = this.status(path)
    const order = this.desk.busy(path)
    const waits = order?.stage === 'queued' || order?.stage === 'ask download' || order?.stage === 'ask install'
    if (place === 'Download') return (order !== undefined && !waits) || scomoAllows('Download', null, status, 'Download*') === 403
    return order !== undefined || scomoAllows(place, this.state(path), status, 'Remove') === 403
  }

  protected status(path: Path): number {
    return this.desk.leaves.number([...path, 'Status']) ?? 10
  }

  protected state(path: Path): number | null {
    return this.desk.leaves.number([...path, 'State'])
  }

  /** Nodes the device makes by itself (scomo sheet 3.4 rule 2). */
  protected completeAll(): void {
    const { leaves } = this.desk
    for (const [place, base] of PLACES.slice(0, 2)) for (const name of leaves.names(base)) this.complete(place, [...base, name])
  }

  protected complete(place: Place, path: Path): void {
    const { leaves, settings } = this.desk
    if (leaves.has([...path, 'Status']) || leaves.tree.find(path)?.children === null) return
    leaves.own(() => {
      leaves.put([...path, 'Status'], 10)
      if (!settings.autoAdd) return
      if (place === 'Delivered' && !leaves.has([...path, 'Data'])) leaves.put([...path, 'Data'], new Uint8Array(0))
      this.primitives(place, path)
    })
  }

  protected primitives(place: Place, path: Path): void {
    const { leaves } = this.desk
    for (const row of PRIMITIVES) if (row.place === place) leaves.put([...path, 'Operations', row.name], '')
  }

  protected fileName(path: Path): string {
    return `${path.at(-1) ?? ''}-${String(++this.desk.state.count)}`
  }

  /** Bytes came whole: they go to the package store, or lie there already; the leaf keeps none of them. */
  protected take(path: Path, content: Uint8Array | Bulk): void {
    const { leaves } = this.desk
    const bytes = content instanceof Uint8Array ? content : new Uint8Array(0)
    const file = content instanceof Uint8Array ? this.arrivals.put(this.fileName(path), content) : this.arrivals.take(content)
    if (file === undefined) throw new TreeError(500, `nobody spooled ${uriOf(path)}`)
    const value = new Uint8Array(0)
    leaves.own(() => {
      leaves.tree.setValue(leaves.put([...path, 'Data'], bytes), value)
      leaves.put([...path, 'State'], 10)
      leaves.put([...path, 'Status'], 10)
    })
    this.written.push({ path, value, file })
  }

  protected rename(path: Path, uri: NodeUri): void {
    const base = path.slice(0, -1)
    const known = new Set(Object.keys(this.desk.state.files))
    const fresh = this.desk.leaves.names(base).find((name) => !known.has(uriOf([...base, name])) && !this.desk.leaves.has(uri.path))
    if (fresh !== undefined) this.renamed.push([uriOf(path), [...base, fresh]])
  }

  /** The command is over: what it wrote counts, or was taken back; what it deleted lets go of its file; queued orders begin. */
  settled(): void {
    const { leaves, state, store } = this.desk
    this.arrivals.settled()
    for (const [from, to] of this.renamed.splice(0)) {
      const file = state.files[from]
      if (file === undefined || !leaves.has(to)) continue
      delete state.files[from]
      state.files[uriOf(to)] = file
      this.desk.moved()
    }
    for (const { path, value, file } of this.written.splice(0)) {
      const uri = uriOf(path)
      const stands = leaves.tree.find([...path, 'Data'])?.value === value
      const old = stands ? state.files[uri] : file
      if (old !== undefined) store.drop(old.file)
      if (!stands) continue
      state.files[uri] = file
      this.desk.moved()
      this.desk.log('deliver', `${uri} holds ${String(file.size)} bytes, SHA-256 ${file.sha256}`)
    }
    for (const uri of Object.keys(state.files)) if (uri.startsWith('./SCOMO/') && !leaves.tree.find(uri.slice(2).split('/'))) this.release(uri)
    for (const order of this.desk.open()) {
      if (order.mo === 'scomo' && !leaves.has(order.path)) this.abandon(order)
    }
  }

  protected release(uri: string): void {
    this.desk.release(uri, `bytes of ${uri} are gone`)
  }

  /** An order whose object was deleted before its work began. */
  protected abstract abandon(order: Order): void
}

/** Where an order works. */
export function placeOf(order: Order): Place {
  return whereIs(order.path)?.place ?? 'Download'
}
