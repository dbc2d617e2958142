// What a Get answers: values, child lists, properties, Struct and StructData. Nothing leaves that the server may not Get (TND 6, dm-protocol 9.3, 9.5).
import type { Item, Meta } from '../syncml/message.ts'
import { formatAcl } from './acl.ts'
import { decide } from './rights.ts'
import { TreeError } from './error.ts'
import type { Node } from './node.ts'
import { permits, uriOf, walk } from './node.ts'
import type { Property } from './uri.ts'
import { PROPERTIES, encodeSegment } from './uri.ts'
import { sizeOf, valueText } from './value.ts'

/** True where AccessType and ACL both let the server Get the node. */
export function readable(node: Node, serverId: string): boolean {
  return permits(node, 'Get') && decide(node, 'Get', serverId).allowed
}

/** The Item of a node as Results carry it: Source, Meta unless chr and text/plain, Data. Octets travel as base64, legal in both encodings. */
export function itemOf(node: Node, locUri: string, withData = true): Item {
  const meta = metaOf(node)
  const data = node.children === null ? valueText(node.value) : childNames(node)
  return { source: { locUri }, ...(meta === null ? {} : { meta }), ...(withData ? { data } : {}) }
}

/** Meta of a node's value; null where both are defaults (REP 3.2). */
export function metaOf(node: Node): Meta | null {
  if (node.children !== null) return { format: 'node', type: 'text/plain' }
  const format = node.format === 'bin' ? 'b64' : node.format
  if (format === 'chr' && (node.type === 'text/plain' || node.type === '')) return null
  return { format, type: node.type === '' ? 'text/plain' : node.type }
}

/** Child names joined with '/', each escaped as a segment; '' where there are none. */
function childNames(node: Node): string {
  return [...(node.children?.keys() ?? [])].map(encodeSegment).join('/')
}

/** The known property of that name. Throws TreeError 406 where it is unknown or not among `supported`. */
export function propertyNamed(name: string, supported: ReadonlySet<Property>): Property {
  const property = PROPERTIES.find((known) => known === name)
  if (property === undefined || !supported.has(property)) throw new TreeError(406, `property '${name}' is not supported`)
  return property
}

/** Text of a property (TND 7.7). Throws TreeError 406 for Size of an interior node, 405 for Size of an unreadable leaf. */
export function propertyText(node: Node, property: Property): string {
  switch (property) {
    case 'ACL':
      return formatAcl(node.acl)
    case 'Format':
      return node.format
    case 'Name':
      return node.parent === null ? '.' : encodeSegment(node.name)
    case 'Size':
      if (node.children !== null) throw new TreeError(406, 'an interior node has no Size')
      if (!permits(node, 'Get')) throw new TreeError(405, `${uriOf(node)} cannot be read`)
      return String(sizeOf(node.value))
    case 'Title':
      return node.title
    case 'TStamp':
      return node.tstamp
    case 'Type':
      return node.type
    case 'VerNo':
      return String(node.verNo)
    default:
      return property satisfies never
  }
}

/** Items of `?list=Struct` and `?list=StructData`, parents first. Unreadable nodes are left out, readable ones below them stay. */
export function structure(node: Node, serverId: string, withData: boolean): Item[] {
  const items: Item[] = []
  for (const each of walk(node)) if (readable(each, serverId)) items.push(itemOf(each, uriOf(each), withData && each.children === null))
  return items
}
