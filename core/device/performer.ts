// The device side of a session: performs one command on the tree and reports every status it owes. Never throws (dm-protocol 3.4, 5, 7.2, 9).
import { addDocument, replaceDocument } from '../dmtree/graft.ts'
import { addNode, checkRight, copyNode, deleteNode, existing, replaceNode, replaceProperty } from '../dmtree/edit.ts'
import { decide, explain } from '../dmtree/rights.ts'
import { TreeError } from '../dmtree/error.ts'
import { itemOf, propertyNamed, propertyText, readable, structure } from '../dmtree/listing.ts'
import { uriOf, walk } from '../dmtree/node.ts'
import { TNDS_WBXML, TNDS_XML, tndsOfData, tndsText, toTnds } from '../dmtree/tnds.ts'
import { changeText } from '../dmtree/journal.ts'
import type { Tree } from '../dmtree/tree.ts'
import { NO_LIMITS, parseUri } from '../dmtree/uri.ts'
import type { NodeUri, UriLimits } from '../dmtree/uri.ts'
import type { Outcome, Owed, Performance, Performer, Requester, Spool, StatusPart } from '../session/ports.ts'
import type { Alert, Exec, Item, ItemCommand, Meta, Request } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { atomic, otherCode, sequence } from './groups.ts'
import { isUiAlert, questionOf, statusOf } from './interaction.ts'
import type { UiAnswer } from './interaction.ts'
import { FULL, isPending } from './features.ts'
import type { Features, LaterAlert, Pending, PerformerOptions } from './features.ts'

/** What one Item gave: its code (200 where absent) and its Results. */
interface Gave {
  readonly code?: number
  readonly results?: readonly Item[]
}
interface Done {
  readonly part: StatusPart
  readonly results: readonly Item[]
}

/** Largest object that is gathered in memory by a device which keeps others as files: what every device takes. */
const GATHERED = 1 << 20

export class DevicePerformer implements Performer {
  readonly tree: Tree
  readonly features: Features
  private readonly options: PerformerOptions
  private owed: Owed[] = []
  private moved = false

  constructor(options: PerformerOptions) {
    this.options = options
    this.tree = options.tree
    this.features = { ...FULL, ...options.features }
  }

  /** Performs one command. Changes of a command that fails half-way are taken back, Item by Item. */
  perform(request: Request, by: Requester): Outcome {
    const performance = this.begin(request, by)
    for (let step = performance.next(); ; step = performance.next(null)) if (step.done === true) return step.value
  }

  /** The same; yields a UiQuestion wherever a person must answer, and expects a UiAnswer or null; a Pending wherever an Exec may soon be over, and expects its code or null. */
  *begin(request: Request, by: Requester): Performance {
    this.tree.begin(by.serverId)
    let open = true
    try {
      const outcome = yield* this.one(request, by)
      open = false
      const changes = this.close()
      return changes.length > 0 ? { ...outcome, changes } : outcome
    } finally {
      // Given up while a person was asked: what was done before stays.
      if (open) this.close()
    }
  }

  private close(): string[] {
    const changes = this.tree.commit().map(changeText)
    this.moved ||= changes.length > 0
    this.options.part?.settled()
    return changes
  }

  /** True where the tree, or what a part of the device keeps, moved since this was asked last. */
  takeMoved(): boolean {
    const moved = this.options.part?.takeMoved() === true || this.moved
    this.moved = false
    return moved
  }

  keepsOpen(): boolean {
    return this.options.part?.keepsOpen?.() === true
  }

  /** Content of a leaf that a part of the device keeps as a file goes there at once; whoever may not write it learns so before it is sent. */
  spool(command: ItemCommand, item: Item, size: number, by: Requester): Spool | number | null {
    const { part } = this.options
    if (part === undefined || item.target === undefined || (command.kind !== 'Add' && command.kind !== 'Replace')) return null
    if (part.spool === undefined && part.begins === undefined) return null
    const { format } = metaOf(item, command.meta)
    try {
      const uri = parseUri(item.target.locUri, this.limits())
      part.begins?.(uri)
      if (part.spool === undefined) return null
      const octets = format === 'b64' ? Math.floor((size * 3) / 4) : size
      const spool = part.spool(uri, octets, () => this.rehearse(command, item, by))
      return spool ?? (size > GATHERED ? 413 : null)
    } catch (error) {
      if (error instanceof TreeError) return error.status
      throw error
    }
  }

  /** The command with an empty value, all of it taken back. Throws TreeError where it is refused. */
  private rehearse(command: ItemCommand, item: Item, by: Requester): void {
    this.tree.begin(by.serverId)
    try {
      this.item(command, { ...item, data: new Uint8Array(0) }, by)
    } finally {
      this.tree.rollback()
    }
  }

  /** Leaves of ./DevInfo for Package #1, in tree order. */
  devInfo(): readonly Item[] {
    const node = this.tree.find(['DevInfo'])
    if (node === null) return []
    return [...walk(node)].filter((each) => each.children === null && readable(each, '*')).map((each) => itemOf(each, uriOf(each)))
  }

  /** Generic alerts of jobs that run on after 202 (checklist 35); taking them empties the list. CmdIDs are ''. */
  takeOwed(): readonly Owed[] {
    const { owed } = this
    this.owed = []
    return owed
  }

  private *one(request: Request, by: Requester): Performance {
    switch (request.kind) {
      case 'Add':
      case 'Replace':
      case 'Delete':
      case 'Get':
      case 'Copy':
        return this.items(request, by)
      case 'Exec':
        return yield* this.exec(request, by)
      case 'Alert':
        return { statuses: [yield* this.alert(request, by)] }
      case 'Atomic':
        return yield* atomic(request, this.tree, this.features, (command) => this.one(command, by))
      case 'Sequence':
        return yield* sequence(request, (command) => this.one(command, by))
      case 'Other':
        return { statuses: [{ code: otherCode(request) }] }
      default:
        return request satisfies never
    }
  }

  private items(command: ItemCommand, by: Requester): Outcome {
    if (command.kind === 'Copy' && !this.features.copy) return { statuses: [{ code: 406 }] }
    if (command.items.length === 0) return { statuses: [{ code: 412 }] }
    const done = command.items.map((item) => this.guarded(item, () => this.item(command, item, by)))
    const results = done.flatMap((each) => each.results)
    return { statuses: merged(done.map((each) => each.part)), ...(results.length > 0 ? { results } : {}) }
  }

  // One Item: all of it or, with the error's status, nothing.
  private guarded(item: Item, work: () => Gave): Done {
    const refs = {
      ...(item.target === undefined ? {} : { targetRef: item.target.locUri }),
      ...(item.source === undefined ? {} : { sourceRef: item.source.locUri }),
    }
    this.tree.begin(this.tree.writer)
    try {
      const { code = 200, results = [] } = work()
      this.tree.commit()
      return { part: { code, ...refs }, results }
    } catch (error) {
      this.tree.rollback()
      // What is no refusal is a defect of a hook or of ours: the peer sees 500, the tree is as before.
      if (!(error instanceof TreeError)) return { part: { code: 500, ...refs }, results: [] }
      const items = error.ancestor === undefined ? {} : { items: [{ target: { locUri: error.ancestor } }] }
      return { part: { code: error.status, ...refs, ...items }, results: [] }
    }
  }

  private item(command: ItemCommand, item: Item, by: Requester): Gave {
    if (item.target === undefined) throw new TreeError(412, 'Item has no Target')
    const uri = parseUri(item.target.locUri, this.limits())
    if (command.kind === 'Get') return { results: this.get(uri, by.serverId) }
    const { kind } = command
    const perform = (as?: 'Replace'): void => this.change(as ?? kind, uri, item, command.meta, by)
    if (this.options.part === undefined) perform()
    else this.options.part.command(kind, uri, by.serverId, perform, item.bulk)
    return {}
  }

  private change(kind: Exclude<ItemCommand['kind'], 'Get'>, uri: NodeUri, item: Item, meta: Meta | undefined, by: Requester): void {
    switch (kind) {
      case 'Add':
        plain(uri, kind)
        return this.add(uri, item, meta, by.serverId)
      case 'Replace':
        return this.replace(uri, item, meta, by.serverId)
      case 'Delete':
        plain(uri, kind)
        return deleteNode(this.tree, uri, by.serverId)
      case 'Copy': {
        plain(uri, kind)
        if (item.source === undefined) throw new TreeError(412, 'Item has no Source')
        const source = parseUri(item.source.locUri, this.limits())
        plain(source, kind)
        copyNode(this.tree, source, uri, by.serverId, this.features.implicitAdd)
        return
      }
      default:
        return kind satisfies never
    }
  }

  private get(uri: NodeUri, serverId: string): readonly Item[] {
    const { tree, features } = this
    const node = existing(tree, uri)
    if (uri.prop !== undefined) {
      const property = propertyNamed(uri.prop, features.properties)
      if (!decide(node, 'Get', serverId).allowed) throw new TreeError(425, explain(node, 'Get', serverId))
      return [{ source: { locUri: uri.text }, data: propertyText(node, property) }]
    }
    if (uri.list !== undefined && !features.lists.has(uri.list.kind)) throw new TreeError(406, `list ${uri.list.kind} is not supported`)
    checkRight(node, 'Get', 'Get', serverId)
    if (uri.list === undefined) return [itemOf(node, uri.text)]
    if (uri.list.kind !== 'TNDS') return structure(node, serverId, uri.list.kind === 'StructData')
    const { parts } = uri.list
    for (const part of parts ?? []) if (part !== 'Value') propertyNamed(part, features.properties)
    const root = toTnds(node, { parts, include: (each) => readable(each, serverId), ...this.identity() })
    return [{ source: { locUri: uri.text }, meta: { format: 'xml', type: TNDS_XML }, data: tndsText(root) }]
  }

  private identity(): { readonly man?: string; readonly mod?: string } {
    const of = (name: string): string | undefined => {
      const value = this.tree.find(['DevInfo', name])?.value
      return typeof value === 'string' && value !== '' ? value : undefined
    }
    const [man, mod] = [of('Man'), of('Mod')]
    return { ...(man === undefined ? {} : { man }), ...(mod === undefined ? {} : { mod }) }
  }

  private add(uri: NodeUri, item: Item, meta: Meta | undefined, serverId: string): void {
    const { format, type } = metaOf(item, meta)
    const { tree, features } = this
    if (!isTnds(type)) {
      if (uri.path.length > 1 && uri.path[0] === 'Inbox') throw new TreeError(405, './Inbox takes managed objects as TNDS')
      addNode(tree, uri, { format, type, data: item.data }, serverId, features.implicitAdd, features.grants)
      return
    }
    if (!features.tnds) throw new TreeError(415, 'TNDS is not supported')
    addDocument(tree, uri.path, tndsOfData(item.data, format), serverId, features.implicitAdd, this.options.placings)
  }

  private replace(uri: NodeUri, item: Item, meta: Meta | undefined, serverId: string): void {
    const { format, type } = metaOf(item, meta)
    const { tree, features } = this
    if (uri.list !== undefined) throw new TreeError(405, 'Replace is not allowed on a list')
    if (uri.prop !== undefined) {
      existing(tree, uri)
      const property = propertyNamed(uri.prop, features.properties)
      if (item.data === undefined) throw new TreeError(412, 'Item has no Data')
      replaceProperty(tree, uri, property, dataText(item.data), serverId)
    } else if (!isTnds(type)) replaceNode(tree, uri, { format, type, data: item.data }, serverId)
    else if (!features.tnds) throw new TreeError(415, 'TNDS is not supported')
    else replaceDocument(tree, uri.path, tndsOfData(item.data, format), serverId)
  }

  private *exec(command: Exec, by: Requester): Performance {
    if (!this.features.exec) return { statuses: [{ code: 406 }] }
    const [item, second] = command.items
    if (item === undefined) return { statuses: [{ code: 412 }] }
    if (second !== undefined) return { statuses: [{ code: 400 }] }
    let waits: Pending | undefined
    const done = this.guarded(item, () => {
      if (item.target === undefined) throw new TreeError(412, 'Item has no Target')
      const uri = parseUri(item.target.locUri, this.limits())
      plain(uri, 'Exec')
      const node = existing(this.tree, uri)
      checkRight(node, 'Exec', 'Exec', by.serverId)
      const correlator = command.correlator ?? ''
      const call = { node, uri: uriOf(node), data: dataText(item.data), correlator, serverId: by.serverId }
      const result = this.options.part?.exec(call) ?? this.options.execs?.get(call.uri)?.(call, this.tree)
      if (result === undefined) throw new TreeError(406, `${uri.text} does nothing when executed`)
      if (isPending(result)) {
        waits = result
        return { code: 202 }
      }
      // Codes from 1000 on are results of the operation, not refusals of the command.
      if (result.code >= 300 && result.code < 1000) throw new TreeError(result.code, `Exec of ${uri.text} failed`)
      if (result.later !== undefined) this.owed.push({ alert: genericAlert(result.later, correlator), afterMs: result.later.afterMs ?? 0 })
      return { code: result.code }
    })
    if (waits === undefined) return { statuses: [done.part] }
    return { statuses: [{ ...done.part, code: yield* awaited(waits) }] }
  }

  private *alert(alert: Alert, by: Requester): Generator<unknown, StatusPart, unknown> {
    const { user, people } = this.options
    if (!isUiAlert(alert.code) || (user === undefined && people !== true) || !this.features.alerts.has(alert.code)) return { code: 406 }
    const question = questionOf(alert)
    if (question === null) return { code: 412 }
    try {
      const answer = user === undefined ? ((yield question) as UiAnswer | null) : user(question)
      if (question.kind === 'confirm' && answer?.act === 'ok') this.options.part?.confirmed(by.serverId)
      return statusOf(question, answer)
    } catch {
      return { code: 500 }
    }
  }

  private limits(): UriLimits {
    return this.options.limits?.() ?? NO_LIMITS
  }
}

/** Stands still until the end is known, or nobody waits any more. */
function* awaited(waits: Pending): Generator<unknown, number, unknown> {
  let gone = true
  try {
    const code = yield waits
    gone = false
    return waits.code(typeof code === 'number' ? code : null)
  } finally {
    if (gone) waits.left()
  }
}

/** Item-level Meta wins, field by field (SML). */
function metaOf(item: Item, meta: Meta | undefined): { readonly format: string | undefined; readonly type: string | undefined } {
  return { format: item.meta?.format ?? meta?.format, type: item.meta?.type ?? meta?.type }
}

function isTnds(type: string | undefined): boolean {
  return type === TNDS_XML || type === TNDS_WBXML
}

// Properties and lists take Get and, properties, Replace; nothing else (dm-protocol 9.3).
function plain(uri: NodeUri, command: string): void {
  if (uri.prop !== undefined || uri.list !== undefined) throw new TreeError(405, `${command} is not allowed on ${uri.text}`)
}

// One Status where all Items fared alike, else one for each with its references.
function merged(parts: readonly StatusPart[]): StatusPart[] {
  const [first] = parts
  if (first === undefined || parts.length === 1) return [...parts]
  const alike = parts.every((part) => part.code === first.code && part.items === undefined)
  return alike ? [{ code: first.code }] : [...parts]
}

function genericAlert(later: LaterAlert, correlator: string): Alert {
  const meta: Meta = { format: later.format, type: later.type, mark: later.mark ?? 'informational' }
  const item: Item = { source: { locUri: later.source }, meta, data: later.data }
  return { kind: 'Alert', cmdId: '', code: 1226, data: '1226', ...(correlator === '' ? {} : { correlator }), items: [item] }
}
