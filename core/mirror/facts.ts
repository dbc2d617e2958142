// From Items to facts: values, child lists, properties, lists and TNDS documents, whichever way they are written (TND 6, dm-protocol 9).
import { TreeError } from '../dmtree/error.ts'
import type { TndsNode } from '../dmtree/tnds.ts'
import { tndsOfData } from '../dmtree/tnds.ts'
import { formatAcl } from '../dmtree/acl.ts'
import { decodeSegment, parsePath } from '../dmtree/uri.ts'
import { valueText } from '../dmtree/value.ts'
import type { Bulk, Data, Exec, Item, ItemCommand, Meta, Request, Results } from '../syncml/message.ts'
import { base64, trim, utf8Bytes, utf8Text } from '../syncml/text.ts'
import type { Content, Fact, Planted } from './event.ts'

/** A node URI taken apart; null where it names no node. */
interface Address {
  readonly path: readonly string[]
  /** Property of `?prop=`, '' where none. */
  readonly property: string
  /** What follows `?list=`, '' where nothing. */
  readonly list: string
}

/** Reads a LocURI leniently: what no tree could hold gives null. */
export function addressOf(uri: string | undefined): Address | null {
  if (uri === undefined || uri === '') return null
  const [body = '', query = ''] = [uri.replace(/\?.*$/s, ''), /\?(.*)$/s.exec(uri)?.[1] ?? '']
  try {
    return { path: parsePath(body), property: /^prop=(.*)$/.exec(query)?.[1] ?? '', list: /^list=(.*)$/.exec(query)?.[1] ?? '' }
  } catch (error) {
    if (error instanceof TreeError) return null
    throw error
  }
}

/** What a command with success did to one of its Items' nodes. */
export function factsOfItem(command: ItemCommand | Exec, item: Item, code: number): Fact[] {
  const address = addressOf(item.target?.locUri)
  if (address === null) return []
  const { path, property } = address
  const { format, type } = { ...command.meta, ...item.meta }
  switch (command.kind) {
    case 'Get':
      return []
    case 'Delete':
      return [{ op: 'deleted', path }]
    case 'Exec':
      return [{ op: 'moved', path, why: `executed with Status ${code}`, kind: 'executed' }]
    case 'Copy': {
      const from = addressOf(item.source?.locUri)
      return from === null ? [] : [{ op: 'copied', path, from: from.path }]
    }
    case 'Add':
    case 'Replace': {
      const add = command.kind === 'Add'
      if (property === 'Name') return [{ op: 'renamed', path, name: nameOf(trim(textOf(item.data))) }]
      if (property !== '') return [{ op: 'property', path, name: property, value: textOf(item.data), written: true }]
      if (item.bulk !== undefined) return tooLong(path, item.bulk, { ...command.meta, ...item.meta }, 'written')
      if (isTnds(type)) return documentOf(path, item.data, format, add ? 'add' : 'replace')
      // An Item without Data makes an interior node (REP, Add).
      if (add && (format === 'node' || item.data === undefined)) return [{ op: 'written', path, add, format: 'node', type: type ?? '', value: null }]
      return [{ op: 'written', path, add, ...contentOf(item.data, { ...command.meta, ...item.meta }) }]
    }
    default:
      return command satisfies never
  }
}

/** What a refusal says: 404 that nothing is there, 418 that something is, 516 that nobody knows. */
export function refusedFact(item: Item, code: number, from: string | undefined): Fact[] {
  const address = addressOf(item.target?.locUri)
  if (address === null) return []
  const { path, property } = address
  // A Copy that finds nothing misses its source; of the target it says nothing.
  if (code === 404 && from === undefined && property === '')
    return [
      { op: 'refused', path, property },
      { op: 'missing', path },
    ]
  if (code === 418)
    return [
      { op: 'present', path, format: '', type: '' },
      { op: 'refused', path, property },
    ]
  if (code === 516) return [{ op: 'moved', path, why: 'the device could not roll back', kind: 'refused' }]
  return [{ op: 'refused', path, property }]
}

/** Source of a Copy; undefined for other commands. */
export function copiedFrom(command: ItemCommand | Exec, item: Item): string | undefined {
  return command.kind === 'Copy' ? item.source?.locUri : undefined
}

/** What Results prove. Items without a Source answer the Get's only Target. */
export function factsOfResults(results: Results, get: ItemCommand): Fact[] {
  const asked = get.items.length === 1 ? get.items[0]?.target?.locUri : undefined
  const wanted = addressOf(asked)
  return results.items.flatMap((item): Fact[] => {
    const address = addressOf(item.source?.locUri ?? results.sourceRef ?? item.target?.locUri ?? results.targetRef ?? asked)
    if (address === null) return []
    const { path } = address
    const property = address.property !== '' ? address.property : samePath(path, wanted?.path) ? (wanted?.property ?? '') : ''
    if (property !== '') return [{ op: 'property', path, name: property, value: textOf(item.data), written: false }]
    const meta = { ...results.meta, ...item.meta }
    if (item.bulk !== undefined) return tooLong(path, item.bulk, meta, 'told')
    if (isTnds(meta.type) || ((address.list || wanted?.list) ?? '').startsWith('TNDS'))
      return documentOf(path, item.data, meta.format, 'read', (address.list || wanted?.list) === 'TNDS')
    // Struct names nodes without Data; so does StructData for interior nodes.
    const list = (wanted?.list ?? '') !== ''
    if (list && (item.data === undefined || meta.format === 'node')) return [{ op: 'present', path, format: wire(meta.format), type: nodeType(meta) }]
    return [{ op: 'read', path, content: contentOf(item.data, meta) }]
  })
}

/** What the device told by itself: ./DevInfo leaves in a Replace, nodes that alerts are about. */
export function factsTold(command: Request): Fact[] {
  if (command.kind === 'Replace')
    return command.items.flatMap((item): Fact[] => {
      const address = addressOf(item.source?.locUri ?? item.target?.locUri)
      if (address === null) return []
      const meta = { ...command.meta, ...item.meta }
      if (item.bulk !== undefined) return tooLong(address.path, item.bulk, meta, 'told')
      if (meta.format === 'node') return [{ op: 'present', path: address.path, format: 'node', type: '' }]
      return [{ op: 'told', path: address.path, content: contentOf(item.data, meta) }]
    })
  if (command.kind !== 'Alert') return []
  return command.items.flatMap((item): Fact[] => {
    const address = addressOf(item.source?.locUri)
    if (address === null || address.path.length === 0) return []
    return [{ op: 'moved', path: address.path, why: `Alert ${command.code} ${item.meta?.type ?? ''}`.trim(), kind: 'told' }]
  })
}

/** A value nobody holds: the node is there, and what was known of its value is old. */
function tooLong(path: readonly string[], { size }: Bulk, meta: Meta, kind: 'written' | 'told'): Fact[] {
  return [
    { op: 'present', path, format: wire(meta.format), type: nodeType(meta) },
    { op: 'moved', path, why: `an object of ${String(size)} octets, as it travels, was ${kind}: too long to be held here`, kind },
  ]
}

function documentOf(
  path: readonly string[],
  data: Data | undefined,
  format: string | undefined,
  how: 'read' | 'add' | 'replace',
  whole = false,
): Fact[] {
  try {
    const { nodes } = tndsOfData(data, format)
    const planted = nodes.flatMap((node) => plantedAt(placeOf(path, node), node, whole))
    return [{ op: 'document', path, how, nodes: planted }]
  } catch (error) {
    // A document nobody can read proves nothing.
    if (error instanceof TreeError) return []
    throw error
  }
}

/** As a device places it: a top node without a name, or named as the target's last segment, is the target itself. */
export function placeOf(target: readonly string[], node: TndsNode): string[] {
  const base = [...target, ...node.path]
  return node.name === '' || (node.path.length === 0 && node.name === target.at(-1)) ? base : [...base, node.name]
}

/** A TNDS node and all below as facts; `whole`: the document tells all properties, so that an ACL or Title that is not there is empty. */
export function plantedAt(path: readonly string[], { init, children }: TndsNode, whole: boolean): Planted[] {
  const { format, type = '', value, acl, title = '', tstamp = '', verNo } = init
  const properties: [string, string][] = [
    ...(acl == null && !whole ? [] : [['ACL', formatAcl(acl ?? null)] as [string, string]]),
    ...(format === 'node' && (type !== '' || whole) ? [['Type', type] as [string, string]] : []),
    ...(title === '' && !whole ? [] : [['Title', title] as [string, string]]),
    ...(tstamp === '' ? [] : [['TStamp', tstamp] as [string, string]]),
    ...(verNo === undefined ? [] : [['VerNo', String(verNo)] as [string, string]]),
  ]
  const text = value === undefined ? null : valueText(value)
  return [
    { path, format, type, value: format === 'node' ? null : text, properties },
    ...children.flatMap((child) => plantedAt([...path, child.name], child, whole)),
  ]
}

function contentOf(data: Data | undefined, meta: Meta): Content {
  const type = nodeType(meta)
  if (data instanceof Uint8Array) return { format: 'bin', type, value: base64(data) }
  // Octets that happen to be UTF-8 were decoded as text; Format bin tells.
  if (meta.format === 'bin') return { format: 'bin', type, value: base64(utf8Bytes(textOf(data))) }
  if (meta.format === 'b64') return { format: 'bin', type, value: textOf(data).replace(/\s+/g, '') }
  return { format: meta.format ?? '', type, value: textOf(data) }
}

// base64 on the wire is how octets travel (META; dm-protocol 3.2): the node's own format is bin.
function wire(format: string | undefined): string {
  return format === 'b64' ? 'bin' : (format ?? '')
}

function nodeType(meta: Meta): string {
  return meta.format === 'node' ? '' : (meta.type ?? '')
}

function textOf(data: Data | undefined): string {
  if (data === undefined) return ''
  if (typeof data === 'string') return data
  if (data instanceof Uint8Array) return utf8Text(data) ?? base64(data)
  return data.map((element) => element.text).join('')
}

function nameOf(segment: string): string {
  try {
    return decodeSegment(segment)
  } catch {
    return segment
  }
}

function samePath(a: readonly string[], b: readonly string[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((name, i) => name === b[i])
}

function isTnds(type: string | undefined): boolean {
  return /dmtnds/.test(type ?? '')
}
