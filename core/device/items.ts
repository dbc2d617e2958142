// Commands on the tree, Item by Item: Add, Replace, Delete, Get, Copy on nodes, properties, lists and documents (dm-protocol 5, 9). Each Item is all or nothing.
import { addDocument, replaceDocument } from '../dmtree/graft.ts'
import { addNode, checkRight, copyNode, deleteNode, existing, replaceNode, replaceProperty } from '../dmtree/edit.ts'
import { TreeError } from '../dmtree/error.ts'
import { itemOf, propertyNamed, propertyText, readable, structure } from '../dmtree/listing.ts'
import { decide, explain } from '../dmtree/rights.ts'
import { TNDS_WBXML, TNDS_XML, tndsOfData, tndsText, toTnds } from '../dmtree/tnds.ts'
import type { Tree } from '../dmtree/tree.ts'
import { NO_LIMITS, parseUri } from '../dmtree/uri.ts'
import type { NodeUri, UriLimits } from '../dmtree/uri.ts'
import type { Outcome, Requester, StatusPart } from '../session/ports.ts'
import type { Item, ItemCommand, Meta } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import type { Features, PerformerOptions, TreePart } from './features.ts'

/** What one Item gave: its code (200 where absent) and its Results. */
interface Gave {
  readonly code?: number
  readonly results?: readonly Item[]
}
interface Done {
  readonly part: StatusPart
  readonly results: readonly Item[]
}

/** Performs the Items of commands on one tree. */
export class TreeItems {
  readonly tree: Tree
  readonly features: Features
  readonly #part: TreePart | undefined
  readonly #placings: PerformerOptions['placings']
  readonly #limits: PerformerOptions['limits']

  constructor({ tree, part, placings, limits }: PerformerOptions, features: Features) {
    this.tree = tree
    this.features = features
    this.#part = part
    this.#placings = placings
    this.#limits = limits
  }

  /** What a node's address may measure now. */
  limits(): UriLimits {
    return this.#limits?.() ?? NO_LIMITS
  }

  /** A command on the tree, Item by Item: a Status for each, or one where all fared alike. */
  items(command: ItemCommand, by: Requester): Outcome {
    if (command.kind === 'Copy' && !this.features.copy) return { statuses: [{ code: 406 }] }
    if (command.items.length === 0) return { statuses: [{ code: 412 }] }
    const done = command.items.map((item) => this.guarded(item, () => this.item(command, item, by)))
    const results = done.flatMap((each) => each.results)
    return { statuses: merged(done.map((each) => each.part)), ...(results.length > 0 ? { results } : {}) }
  }

  /** One Item: all of it or, with the error's status, nothing. */
  guarded(item: Item, work: () => Gave): Done {
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

  /** One Item of it. Throws TreeError where it is refused. */
  item(command: ItemCommand, item: Item, by: Requester): Gave {
    if (item.target === undefined) throw new TreeError(412, 'Item has no Target')
    const uri = parseUri(item.target.locUri, this.limits())
    if (command.kind === 'Get') return { results: this.#get(uri, by.serverId) }
    const { kind } = command
    const perform = (as?: 'Replace'): void => this.#change(as ?? kind, uri, item, command.meta, by)
    if (this.#part === undefined) perform()
    else this.#part.command(kind, uri, by.serverId, perform, item.bulk)
    return {}
  }

  #change(kind: Exclude<ItemCommand['kind'], 'Get'>, uri: NodeUri, item: Item, meta: Meta | undefined, by: Requester): void {
    switch (kind) {
      case 'Add':
        plain(uri, kind)
        return this.#add(uri, item, meta, by.serverId)
      case 'Replace':
        return this.#replace(uri, item, meta, by.serverId)
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

  #get(uri: NodeUri, serverId: string): readonly Item[] {
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
    const root = toTnds(node, { parts, include: (each) => readable(each, serverId), ...this.#identity() })
    return [{ source: { locUri: uri.text }, meta: { format: 'xml', type: TNDS_XML }, data: tndsText(root) }]
  }

  #identity(): { readonly man?: string; readonly mod?: string } {
    const of = (name: string): string | undefined => {
      const value = this.tree.find(['DevInfo', name])?.value
      return typeof value === 'string' && value !== '' ? value : undefined
    }
    const [man, mod] = [of('Man'), of('Mod')]
    return { ...(man === undefined ? {} : { man }), ...(mod === undefined ? {} : { mod }) }
  }

  #add(uri: NodeUri, item: Item, meta: Meta | undefined, serverId: string): void {
    const { format, type } = metaOf(item, meta)
    const { tree, features } = this
    if (!isTnds(type)) {
      if (uri.path.length > 1 && uri.path[0] === 'Inbox') throw new TreeError(405, './Inbox takes managed objects as TNDS')
      addNode(tree, uri, { format, type, data: item.data }, serverId, features.implicitAdd, features.grants)
      return
    }
    if (!features.tnds) throw new TreeError(415, 'TNDS is not supported')
    addDocument(tree, uri.path, tndsOfData(item.data, format), serverId, features.implicitAdd, this.#placings)
  }

  #replace(uri: NodeUri, item: Item, meta: Meta | undefined, serverId: string): void {
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
}

/** Item-level Meta wins, field by field (SML). */
export function metaOf(item: Item, meta: Meta | undefined): { readonly format: string | undefined; readonly type: string | undefined } {
  return { format: item.meta?.format ?? meta?.format, type: item.meta?.type ?? meta?.type }
}

function isTnds(type: string | undefined): boolean {
  return type === TNDS_XML || type === TNDS_WBXML
}

/** Properties and lists take Get and, properties, Replace; nothing else (dm-protocol 9.3). */
export function plain(uri: NodeUri, command: string): void {
  if (uri.prop !== undefined || uri.list !== undefined) throw new TreeError(405, `${command} is not allowed on ${uri.text}`)
}

// One Status where all Items fared alike, else one for each with its references.
function merged(parts: readonly StatusPart[]): StatusPart[] {
  const [first] = parts
  if (first === undefined || parts.length === 1) return [...parts]
  const alike = parts.every((part) => part.code === first.code && part.items === undefined)
  return alike ? [{ code: first.code }] : [...parts]
}
