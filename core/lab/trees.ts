// Area `tree` of LabApi: mirrors, walks, carts, snapshots and DDFs put together. It answers; what it knows comes from the trace and the ledger.
import type {
  Cart,
  CartRemark,
  Discovery,
  DiscoverOptions,
  LabEvents,
  OrderRow,
  SchemaRow,
  Seq,
  SessionRow,
  SnapshotRow,
  TreeArea,
  TreeDescription,
  TreeFile,
  TreeFormat,
  TreeNodeDetail,
  TreeRef,
  TreeTick,
} from '../api.ts'
import type { Described } from '../dmtree/describe.ts'
import { encodeTnds, TNDS_WBXML, TNDS_XML } from '../dmtree/tnds.ts'
import { parsePath } from '../dmtree/uri.ts'
import { check } from '../mirror/check.ts'
import { diff, script } from '../mirror/compare.ts'
import { addressOf } from '../mirror/facts.ts'
import type { Flat } from '../mirror/flat.ts'
import { csvOf, flatten, plantedOfCsv, plantedOfTnds, planting, tndsOf } from '../mirror/flat.ts'
import { mirror } from '../mirror/mirror.ts'
import type { Look } from '../mirror/view.ts'
import { childrenOf, countsOf, detailOf, searchIn } from '../mirror/view.ts'
import type { Redactor } from '../evidence/redact.ts'
import { orderId } from '../server/orderid.ts'
import type { Order } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import type { TraceStore } from '../store/trace.ts'
import type { Encoding } from '../syncml/message.ts'
import { utf8Bytes, utf8Text } from '../syncml/text.ts'
import { commandsOf, previewOf, rowOfOrder } from './treecart.ts'
import { Mirrors } from './treemirrors.ts'
import type { Shelf } from './treeshelf.ts'
import type { Speech } from './dialectmessage.ts'
import { Schemas, Snapshots } from './treeshelf.ts'
import { Walks } from './treewalk.ts'

/** Values older than this are stale, ms. */
const STALE_AFTER = 300_000
/** Bounds of single answers. */
const TICKS = 5000
const ORDERS = 200
const TICK_NAMES = 50

/** What the trees need of the lab. */
export interface TreeParts {
  readonly store: TraceStore
  readonly ledger: Ledger
  readonly now: () => number
  readonly random: (count: number) => Uint8Array
  readonly snapshots: Shelf
  readonly ddf: Shelf
  /** A redactor for one export. */
  readonly redactor: () => Redactor
  /** URI of the DM Server, for previews. */
  readonly server: () => string
  readonly queue: (order: Order) => void
  /** Sends a notification, where the lab can; `note` says why it could not. */
  readonly wake: (device: string) => Promise<{ readonly woken: boolean; readonly note: string }>
  /** Sessions there are now. */
  readonly sessions: () => readonly SessionRow[]
  readonly tell: (fact: LabEvents['tree']) => void
  /** What a device's dialect calls things; null where nothing differs. */
  readonly speech?: (device: string) => Speech | null
}

export class Trees implements TreeArea {
  readonly walks: Walks
  readonly #parts: TreeParts
  readonly #mirrors: Mirrors
  readonly #snapshots: Snapshots
  readonly #schemas: Schemas
  /** Orders sent from here and not finished, with the state told last. */
  readonly #pending = new Map<string, string>()

  constructor(parts: TreeParts) {
    this.#parts = parts
    this.#mirrors = new Mirrors(parts.store, parts.sessions)
    this.#snapshots = new Snapshots(parts.snapshots)
    this.#schemas = new Schemas(parts.ddf)
    this.walks = new Walks({
      now: parts.now,
      mirror: (device) => this.#mirrors.get(device),
      setting: (name) => parts.ledger.setting(name),
      setSetting: (name, value) => parts.ledger.setSetting(name, value),
      open: (device) => parts.sessions().some((row) => row.device === device && row.state === 'open'),
      moved: (device, discovery) => parts.tell({ device, seq: 0, uris: [], total: 0, discovery, orders: [] }),
    })
  }

  /** Rows came or changed: tells what moved in the trees somebody looks at, and which orders moved. */
  moved(fact: LabEvents['trace']): void {
    for (const moved of this.#mirrors.moved(fact)) this.#parts.tell({ ...moved, discovery: this.walks.get(moved.device), orders: [] })
    for (const [id, told] of [...this.#pending]) {
      const order = this.#parts.ledger.order(id)
      if (order === undefined || order.state === told) continue
      if (order.state === 'queued' || order.state === 'sent') this.#pending.set(id, order.state)
      else this.#pending.delete(id)
      this.#parts.tell({ device: order.device, seq: 0, uris: [], total: 0, discovery: null, orders: [id] })
    }
  }

  overview = async (ref: TreeRef) => {
    const look = this.#look(ref)
    const device = 'device' in ref ? ref.device : ''
    return { device, staleAfter: STALE_AFTER, ...countsOf(look), discovery: 'device' in ref ? this.walks.get(device) : null }
  }

  children = async (ref: TreeRef, uri: string, first: number, count: number) => {
    const nodes = childrenOf(this.#look(ref), pathOf(uri), first, count)
    // The root of a tree nobody has read yet is there all the same.
    if (nodes === null) throw unknown(uri)
    return nodes
  }

  node = async (ref: TreeRef, uri: string, server: string): Promise<TreeNodeDetail> => {
    const path = pathOf(uri)
    const detail = detailOf(this.#look(ref), path, server === '' ? this.#serverId('device' in ref ? ref.device : '') : server)
    if (detail === null) throw unknown(uri)
    const speech = 'device' in ref ? (this.#parts.speech?.(ref.device) ?? null) : null
    // A DDF has the names of the documents; what it says of this very path comes first.
    const found = this.#schemas.describe(path) ?? (speech === null ? null : this.#schemas.describe(pathOf(speech.rooted.toDocument(uri))))
    return { ...detail, description: found === null ? null : described(found.schema, found.node) }
  }

  search = async (ref: TreeRef, text: string, count: number, from = '') => searchIn(this.#look(ref), text, count, from === '' ? null : pathOf(from))

  changes = async (device: string, session: number): Promise<readonly TreeTick[]> =>
    this.#mirrors
      .get(device)
      .ticks.filter((tick) => session === 0 || tick.session === session)
      .slice(-TICKS)
      .map((tick) => ({ ...tick, uris: tick.uris.slice(0, TICK_NAMES) }))

  discover = async (device: string, options: DiscoverOptions): Promise<Discovery> => this.walks.start(device, options)
  discovery = async (device: string): Promise<Discovery | null> => this.walks.get(device)
  cancelDiscovery = async (device: string): Promise<Discovery | null> => this.walks.cancel(device)

  check = async (device: string, cart: Cart): Promise<readonly CartRemark[]> =>
    check(cart.commands, cart.mode, this.#look({ device }), this.#schemas, this.#serverId(device))

  preview = async (device: string, cart: Cart, encoding: Encoding) =>
    previewOf(cart, encoding, device, this.#parts.server(), await this.check(device, cart))

  send = async (device: string, cart: Cart) => {
    const { now, random, queue, wake } = this.#parts
    const commands = commandsOf(cart)
    const at = now()
    const order: Order = { id: orderId(at, random), device, createdAt: at, commands, state: 'queued', sessionId: '', outcomes: [] }
    queue(order)
    this.#pending.set(order.id, order.state)
    this.#parts.tell({ device, seq: 0, uris: [], total: 0, discovery: null, orders: [order.id] })
    // Orders may come before their device: nobody shall take a mistyped id for one that sleeps.
    const strange = this.#parts.ledger.device(device) === undefined ? `this lab has never met ${device}: the order waits for its first session` : ''
    const { woken, note } = cart.when === 'wake now' ? await wake(device) : { woken: false, note: '' }
    return { order: order.id, woken, note: [strange, note].filter((text) => text !== '').join('; ') }
  }

  orders = async (device: string): Promise<readonly OrderRow[]> => {
    const look = this.#look({ device })
    const orders = this.#parts.ledger.allOrders(device).slice(-ORDERS).reverse()
    return orders.map((order) => rowOfOrder(order, look, this.#serverId(device)))
  }

  order = async (id: string): Promise<OrderRow> => {
    const order = this.#parts.ledger.order(id)
    if (order === undefined) throw new Error(`there is no order ${id}`)
    return rowOfOrder(order, this.#look({ device: order.device }), this.#serverId(order.device))
  }

  snapshots = async (): Promise<readonly SnapshotRow[]> => this.#snapshots.list()

  snapshot = async (ref: TreeRef, name: string): Promise<SnapshotRow> => {
    const { at } = this.#look(ref)
    const device = 'device' in ref ? ref.device : this.#snapshots.row(ref.snapshot).device
    const seq = 'device' in ref ? Math.min(at, this.#parts.store.last) : this.#snapshots.row(ref.snapshot).seq
    return this.#snapshots.put(name, this.#flat(ref), { device, takenAt: this.#parts.now(), seq })
  }

  dropSnapshot = async (name: string): Promise<void> => this.#snapshots.drop(name)

  diff = async (a: TreeRef, b: TreeRef) => diff(this.#flat(a), this.#flat(b))

  script = async (a: TreeRef, b: TreeRef, mode: 'atomic' | 'sequence') => {
    const { commands, remarks } = script(this.#flat(a), this.#flat(b), this.#serverId('device' in a ? a.device : ''))
    return { cart: { mode, commands, when: 'next session' as const }, remarks }
  }

  export = async (ref: TreeRef, uri: string, format: TreeFormat, unredacted = false): Promise<TreeFile> => {
    const flat = this.#flat(ref, pathOf(uri))
    if (flat.size === 0) throw unknown(uri)
    const { suffix, type } = FILES[format]
    // A device's id is an identifier itself.
    const base = 'snapshot' in ref ? ref.snapshot : unredacted ? ref.device : 'tree'
    const name = `${base.replace(/[^A-Za-z0-9._-]+/g, '-')}${unredacted ? '' : '.redacted'}.${suffix}`
    if (unredacted) return { name, type, bytes: fileOf(flat, format), redacted: null }
    const encoding = format === 'tnds-wbxml' ? 'wbxml' : 'xml'
    const device = 'device' in ref ? ref.device : this.#snapshots.row(ref.snapshot).device
    const { bytes, secrets, identifiers } = this.#parts.redactor().body(encodeTnds(tndsOf(flat), encoding), encoding, device)
    const redacted = { secrets, identifiers }
    if (format !== 'csv') return { name, type, bytes, redacted }
    const again = flatten(mirror([planting(plantedOfTnds(bytes), this.#parts.now())]))
    return { name, type, bytes: fileOf(again, 'csv'), redacted }
  }

  import = async (name: string, bytes: Uint8Array): Promise<SnapshotRow> => {
    const text = /^(\ufeff)?uri,format,type,value/.test(utf8Text(bytes.subarray(0, 64)) ?? '') ? utf8Text(bytes) : null
    const planted = text === null ? plantedOfTnds(bytes) : plantedOfCsv(text, parsePath)
    const now = this.#parts.now()
    return this.#snapshots.put(name, flatten(mirror([planting(planted, now)])), { device: '', takenAt: now, seq: 0 })
  }

  schemas = async (): Promise<readonly SchemaRow[]> => this.#schemas.list()
  addSchema = async (name: string, bytes: Uint8Array): Promise<SchemaRow> => this.#schemas.put(name, bytes)
  dropSchema = async (name: string): Promise<void> => this.#schemas.drop(name)

  #look(ref: TreeRef): Look {
    const about = { now: this.#parts.now(), staleAfter: STALE_AFTER }
    if ('snapshot' in ref) return { mirror: this.#snapshots.mirror(ref.snapshot), at: Infinity, now: 0, staleAfter: Infinity }
    const at: Seq = ref.after ?? Infinity
    return { mirror: this.#mirrors.get(ref.device), at, ...about }
  }

  #flat(ref: TreeRef, path: readonly string[] = []): Flat {
    const look = this.#look(ref)
    return flatten(look.mirror, look.at, path)
  }

  #serverId(device: string): string {
    return this.#parts.ledger.account(device, undefined)?.serverId ?? 'dm-lab'
  }
}

const FILES: Readonly<Record<TreeFormat, { readonly suffix: string; readonly type: string }>> = {
  csv: { suffix: 'csv', type: 'text/csv; charset=utf-8' },
  'tnds-xml': { suffix: 'tnds.xml', type: TNDS_XML },
  'tnds-wbxml': { suffix: 'tnds.wbxml', type: TNDS_WBXML },
}

function fileOf(flat: Flat, format: TreeFormat): Uint8Array {
  return format === 'csv' ? utf8Bytes(csvOf(flat)) : encodeTnds(tndsOf(flat), format === 'tnds-xml' ? 'xml' : 'wbxml')
}

function pathOf(uri: string): readonly string[] {
  const address = addressOf(uri)
  if (address === null || address.property !== '' || address.list !== '') throw new Error(`${uri} is no URI of a node`)
  return address.path
}

function unknown(uri: string): Error {
  return new Error(`nothing is known of ${uri}`)
}

function described(schema: string, node: Described): TreeDescription {
  const { title, text, formats, types, access, occurrence, permanent, defaultValue, children } = node
  const { least, most } = occurrence
  const bound = most === Infinity ? 'More' : most === 1 ? 'One' : 'N'
  return {
    schema,
    title,
    text,
    formats,
    types,
    access: [...access],
    occurrence: least === 1 && most === 1 ? 'One' : `${least === 1 ? 'One' : 'Zero'}Or${bound}`,
    most: most === Infinity ? null : most,
    permanent,
    defaultValue: defaultValue ?? null,
    children: children.map((child) => child.name || '<X>'),
  }
}
