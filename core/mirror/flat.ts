// A tree as it stood after a row, as a plain list: parents first, children by name. What is gone is left out, what was never fetched says so.
import type { Seq } from '../api.ts'
import { decodeTnds } from '../dmtree/tnds.ts'
import { encodeSegment } from '../dmtree/uri.ts'
import type { Element } from '../syncml/element.ts'
import { trim, wordsOf } from '../syncml/text.ts'
import type { Planted, TreeEvent } from './event.ts'
import { placeOf, plantedAt } from './facts.ts'
import type { Mirror } from './mirror.ts'
import type { MirrorNode } from './node.ts'
import { versionAt } from './node.ts'

/** One node. Null stands for: never fetched. */
export interface FlatNode {
  readonly uri: string
  readonly path: readonly string[]
  readonly name: string
  /** '' where not known; `node` for interior nodes. */
  readonly format: string
  /** Leaves: text/plain where none is known. Interior nodes: the MO identifier, '' where there is none, null where never fetched. */
  readonly type: string | null
  readonly value: string | null
  readonly acl: string | null
  readonly title: string | null
}

/** By URI, in canonical order: a node before what is below it, siblings by name. */
export type Flat = ReadonlyMap<string, FlatNode>

/** The tree after row `at` (Infinity: now), from the node at `path` down; empty where it is not there. */
export function flatten(mirror: Mirror, at: Seq = Infinity, path: readonly string[] = []): Flat {
  const flat = new Map<string, FlatNode>()
  const top = mirror.find(path)
  const visit = (node: MirrorNode, uri: string, here: readonly string[]): void => {
    const now = versionAt(node, at)
    if (now?.present !== true) return
    const { format, properties, value } = now
    const property = (name: string): string | null => properties.get(name)?.value ?? null
    const type = format === 'node' ? property('Type') : now.type || 'text/plain'
    flat.set(uri, { uri, path: here, name: node.name, format, type, value, acl: property('ACL'), title: property('Title') })
    const children = [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const child of children) visit(child, `${uri}/${child.segment}`, [...here, child.name])
  }
  if (top !== undefined) visit(top, path.length === 0 ? '.' : `./${path.map(encodeSegment).join('/')}`, path)
  return flat
}

/** A MgmtTree element of the list, whose first node is the top. Only what is known is written; stamps and versions are left out. */
export function tndsOf(flat: Flat): Element {
  const children = new Map<string, FlatNode[]>()
  const [top, ...rest] = flat.values()
  for (const node of rest) {
    const parent = node.uri.slice(0, node.uri.lastIndexOf('/'))
    const list = children.get(parent)
    if (list === undefined) children.set(parent, [node])
    else list.push(node)
  }
  const write = (node: FlatNode): Element => {
    const { format, type, value, acl, title } = node
    const inner = (children.get(node.uri) ?? []).map(write)
    const interior = format === 'node' || inner.length > 0
    const properties = [
      ...(acl === null || acl === '' ? [] : [text('ACL', acl)]),
      ...(format === '' && !interior ? [] : [element('Format', [element(interior ? 'node' : format, [])])]),
      ...(title === null || title === '' ? [] : [text('Title', title)]),
      element('Type', [text(interior ? 'DDFName' : 'MIME', (interior && format !== 'node' ? '' : type) ?? '')]),
    ]
    const name = text('NodeName', node.path.length === 0 ? '.' : encodeSegment(node.name))
    return element('Node', [name, element('RTProperties', properties), ...inner, ...(value === null || interior ? [] : [text('Value', value)])])
  }
  return element('MgmtTree', [text('VerDTD', '1.2'), ...(top === undefined ? [] : [write(top)])])
}

function element(name: string, children: readonly Element[], content = ''): Element {
  return { vocabulary: 'dmddf', name, children, text: content, start: 0, end: 0 }
}

function text(name: string, content: string): Element {
  return element(name, [], content)
}

/** The facts of a TNDS document, as if a device had answered with it. Throws TreeError with the byte offset. */
export function plantedOfTnds(bytes: Uint8Array): Planted[] {
  return decodeTnds(bytes).nodes.flatMap((node) => plantedAt(placeOf([], node), node, false))
}

/** The event that makes a mirror of a document: seq 1, read at `at`. */
export function planting(nodes: readonly Planted[], at: number): TreeEvent {
  const source = { seq: 1, at, session: 0, msgId: '', commandSeq: 0, command: '', cmdId: '', by: 'document', code: 0 }
  return { op: 'document', path: [], how: 'add', nodes, ...source }
}

const HEAD = 'uri,format,type,value'

/** Leaves as CSV (RFC 4180, CRLF): one row a leaf, values base64 where the format is bin. Cells that a spreadsheet would run are quoted with an apostrophe. */
export function csvOf(flat: Flat): string {
  const rows = [...flat.values()]
    .filter((node) => node.value !== null)
    .map(({ uri, format, type, value }) => [uri, format, type ?? '', value ?? ''].map(cell).join(','))
  return `${[HEAD, ...rows].join('\r\n')}\r\n`
}

// An apostrophe before what would begin a formula; one that was there already gets another, so that reading takes exactly one away.
function cell(value: string): string {
  const safe = /^['=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Reads what `csvOf` wrote. Throws an Error that names the line. */
export function plantedOfCsv(csv: string, pathOfUri: (uri: string) => readonly string[]): Planted[] {
  const rows = rowsOf(csv.replace(/^\ufeff/, ''))
  const head = rows.shift()
  if (head === undefined || head.cells.join(',') !== HEAD) throw new Error(`line 1: the columns are not ${HEAD}`)
  return rows.map(({ cells, line }) => {
    const [uri, format, type, value] = cells.map((each) => (/^'['=+\-@\t\r]/.test(each) ? each.slice(1) : each))
    if (cells.length !== 4 || uri === undefined || format === undefined || type === undefined || value === undefined)
      throw new Error(`line ${line}: ${cells.length} columns where 4 are wanted`)
    try {
      return { path: pathOfUri(trim(uri)), format, type, value, properties: [] }
    } catch (error) {
      throw new Error(`line ${line}: ${wordsOf(error)}`, { cause: error })
    }
  })
}

function rowsOf(csv: string): { readonly cells: string[]; readonly line: number }[] {
  const rows: { cells: string[]; line: number }[] = []
  let cells: string[] = []
  let line = 1
  let begun = 1
  let at = 0
  while (at < csv.length) {
    let value: string
    if (csv[at] === '"') {
      let end = csv.indexOf('"', at + 1)
      while (end >= 0 && csv[end + 1] === '"') end = csv.indexOf('"', end + 2)
      if (end < 0) throw new Error(`line ${begun}: a quoted cell has no end`)
      value = csv.slice(at + 1, end).replaceAll('""', '"')
      at = end + 1
    } else {
      const end = csv.slice(at).search(/[,\r\n]/)
      value = end < 0 ? csv.slice(at) : csv.slice(at, at + end)
      at = end < 0 ? csv.length : at + end
    }
    cells.push(value)
    line += value.split('\n').length - 1
    if (csv[at] === ',') {
      at += 1
      if (at < csv.length) continue
      cells.push('')
    }
    while (csv[at] === '\r' || csv[at] === '\n') line += csv[at++] === '\n' ? 1 : 0
    rows.push({ cells, line: begun })
    cells = []
    begun = line
  }
  return rows
}
