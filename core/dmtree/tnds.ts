// TNDS: sub-trees as MgmtTree elements and back. Reading checks the whole document before anything is touched (TNDS, dm-protocol 9.6).
import { encodeTree, decodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import { CodecError, EncodeError } from '../syncml/error.ts'
import type { Data, Encoding } from '../syncml/message.ts'
import { dataText, fromBase64, trim, utf8Bytes, utf8Text } from '../syncml/text.ts'
import type { Acl } from './acl.ts'
import { formatAcl, parseAcl } from './acl.ts'
import { TreeError } from './error.ts'
import type { Node, NodeInit } from './node.ts'
import { pathOf } from './node.ts'
import type { TndsPart } from './uri.ts'
import { TNDS_PARTS, decodeSegment, encodeSegment, nameProblem, parsePath } from './uri.ts'
import { FORMATS, octetsOfBase64, sizeOf, valueProblem, valueText } from './value.ts'
import type { Format } from './value.ts'

export const TNDS_XML = 'application/vnd.syncml.dmtnds+xml'
export const TNDS_WBXML = 'application/vnd.syncml.dmtnds+wbxml'

export interface TndsOptions {
  /** Selected parts; null gives all. */
  readonly parts?: ReadonlySet<TndsPart> | null
  /** Nodes for which this is false are left out; readable nodes below them appear on top with a Path. */
  readonly include?: (node: Node) => boolean
  readonly man?: string
  readonly mod?: string
}

/** One node of a TNDS document. */
export interface TndsNode {
  /** '' where the document leaves it to the target. */
  readonly name: string
  /** Path below the target, for top nodes. */
  readonly path: readonly string[]
  readonly init: NodeInit & { readonly format: Format }
  readonly children: readonly TndsNode[]
  /** Place of the element in its document. */
  readonly offset: number
}

export interface TndsDocument {
  readonly man: string
  readonly mod: string
  readonly nodes: readonly TndsNode[]
  /** What was tolerated, each with its byte: `Value of interior node 'x' is ignored`. */
  readonly remarks: readonly { readonly offset: number; readonly text: string }[]
}

/** The sub-tree of a node as a MgmtTree element. Octets are written as base64 text in both encodings. */
export function toTnds(node: Node, options: TndsOptions = {}): Element {
  const parts = options.parts ?? TNDS_PARTS
  const include = options.include ?? (() => true)
  const base = pathOf(node).length
  const detached: Element[] = []
  const write = (at: Node, path: Element[]): Element => {
    const children = at.children === null ? leafValue(at, parts) : [...at.children.values()].flatMap((child) => below(child))
    return element('Node', [
      text('NodeName', at.parent === null ? '.' : encodeSegment(at.name)),
      ...path,
      properties(at, parts, options.parts != null),
      ...children,
    ])
  }
  const below = (child: Node): Element[] => {
    if (include(child)) return [write(child, [])]
    for (const next of child.children?.values() ?? []) lift(next)
    return []
  }
  // A readable node below one that is left out: on top, with its place as Path.
  const lift = (at: Node): void => {
    if (!include(at)) for (const next of at.children?.values() ?? []) lift(next)
    else detached.push(write(at, [text('Path', pathOf(at).slice(base, -1).map(encodeSegment).join('/'))]))
  }
  const top = include(node) ? [write(node, [])] : (lift(node), [])
  const about = [['Man', options.man] as const, ['Mod', options.mod] as const].flatMap(([name, value]) =>
    value === undefined ? [] : [text(name, value)],
  )
  return element('MgmtTree', [text('VerDTD', '1.2'), ...about, ...top, ...detached])
}

/** The same as a document: XML text without prolog, or WBXML. */
export function encodeTnds(root: Element, encoding: Encoding): Uint8Array {
  return encodeTree(root, { encoding, prolog: false })
}

/** XML text of a MgmtTree, for Data. */
export function tndsText(root: Element): string {
  return utf8Text(encodeTnds(root, 'xml')) ?? ''
}

function leafValue(node: Node, parts: ReadonlySet<TndsPart>): Element[] {
  return parts.has('Value') ? [text('Value', valueText(node.value))] : []
}

// DTD order: ACL, Format, Name, Size, Title, TStamp, Type, VerNo. Empty ones are written only where asked for by name.
function properties(node: Node, parts: ReadonlySet<TndsPart>, named: boolean): Element {
  const out: Element[] = []
  const optional = (name: 'ACL' | 'Title' | 'TStamp', value: string): void => {
    if (parts.has(name) && (named || value !== '')) out.push(text(name, value))
  }
  optional('ACL', formatAcl(node.acl))
  if (parts.has('Format')) out.push(element('Format', [element(node.format, [])]))
  if (parts.has('Name')) out.push(text('Name', encodeSegment(node.name)))
  if (parts.has('Size') && node.children === null) out.push(text('Size', String(sizeOf(node.value))))
  optional('Title', node.title)
  optional('TStamp', node.tstamp)
  if (parts.has('Type')) out.push(element('Type', [text(node.children === null ? 'MIME' : 'DDFName', node.type)]))
  if (parts.has('VerNo')) out.push(text('VerNo', String(node.verNo)))
  return element('RTProperties', out)
}

function element(name: string, children: readonly Element[], content = ''): Element {
  return { vocabulary: 'dmddf', name, children, text: content, start: 0, end: 0 }
}

function text(name: string, content: string): Element {
  return element(name, [], content)
}

/** Reads the Data of a command that says it is TNDS, in any of its wire forms (wbxml 7.1). Throws TreeError 400 with the offset. */
export function tndsOfData(data: Data | undefined, format: string | undefined): TndsDocument {
  if (data === undefined) throw new TreeError(412, 'Item has no Data')
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    const root = data.find((each) => each.name === 'MgmtTree')
    if (root === undefined) throw new TreeError(400, 'TNDS: Data holds no MgmtTree')
    return parseTnds(root)
  }
  if (data instanceof Uint8Array) return decodeTnds(data)
  if (format === 'b64' && !data.trimStart().startsWith('<')) {
    const bytes = fromBase64(data)
    if (bytes === null) throw new TreeError(400, 'TNDS: Data is not base64')
    return decodeTnds(bytes)
  }
  return decodeTnds(utf8Bytes(data))
}

/** Largest document read, octets: some 400,000 nodes. What comes in a message is bounded by the message. */
const LARGEST = 64 * 1024 * 1024

/** Reads a TNDS document, XML or WBXML (by its first byte). Throws TreeError 400 with the byte offset. */
export function decodeTnds(bytes: Uint8Array): TndsDocument {
  // A WBXML document begins with its version, 0 to 3; XML with '<', white space or a byte order mark.
  const encoding: Encoding = (bytes[0] ?? 0x3c) < 0x09 ? 'wbxml' : 'xml'
  let root: Element
  try {
    root = decodeTree(bytes, encoding, { bytes: LARGEST }).root
  } catch (error) {
    if (error instanceof CodecError) throw new TreeError(400, `TNDS: ${error.message}`, error.offset)
    throw error
  }
  return parseTnds(root)
}

/** Reads a MgmtTree element. Throws TreeError 400 (structure) or 415 (format, value) with the element's offset. */
function parseTnds(root: Element): TndsDocument {
  if (root.name !== 'MgmtTree') throw new TreeError(400, `TNDS: root is ${root.name}, not MgmtTree`, root.start)
  const remarks: Remarks = []
  const nodes = root.children.filter((child) => child.name === 'Node').map((child) => readNode(child, true, remarks))
  if (nodes.length === 0) throw new TreeError(400, 'TNDS: MgmtTree has no Node', root.start)
  unique(nodes)
  return { man: textOf(root, 'Man') ?? '', mod: textOf(root, 'Mod') ?? '', nodes, remarks }
}

type Remarks = { readonly offset: number; readonly text: string }[]

function unique(nodes: readonly TndsNode[]): void {
  const seen = new Set<string>()
  for (const node of nodes) {
    const key = [...node.path, node.name].join('\u0000')
    if (seen.has(key)) throw new TreeError(400, `TNDS: two nodes '${node.name}' in one place (byte ${node.offset})`, node.offset)
    seen.add(key)
  }
}

function readNode(at: Element, top: boolean, remarks: Remarks): TndsNode {
  const offset = at.start
  const name = readName(textOf(at, 'NodeName') ?? '', offset)
  if (name === '' && !top) throw new TreeError(400, `TNDS: a node inside another has no NodeName (byte ${offset})`, offset)
  const children = at.children.filter((child) => child.name === 'Node').map((child) => readNode(child, false, remarks))
  unique(children)
  const run = at.children.find((child) => child.name === 'RTProperties')
  const value = at.children.find((child) => child.name === 'Value')
  const format = readFormat(run, value !== undefined, children.length > 0, offset)
  // The AOSP client writes the child list as Value of an interior node.
  if (format === 'node' && value !== undefined) remarks.push({ offset: value.start, text: `Value of interior node '${name}' is ignored` })
  if (format !== 'node' && children.length > 0) throw new TreeError(400, `TNDS: leaf '${name}' has children (byte ${offset})`, offset)
  const init: NodeInit & { format: Format } = {
    format,
    ...readProperties(run),
    ...(format === 'node' ? {} : { value: readValue(value, format, name, offset) }),
  }
  return { name, path: readPath(at, top), init, children, offset }
}

// A NodeName is a URI segment; one whose '%' begins no escape is taken as it stands.
function readName(written: string, offset: number): string {
  if (written === '' || written === '.') return ''
  let name = written
  try {
    name = decodeSegment(written)
  } catch {
    const problem = nameProblem(written)
    if (problem !== null) throw new TreeError(400, `TNDS: ${problem} in NodeName (byte ${offset})`, offset)
  }
  return name
}

function readPath(at: Element, top: boolean): string[] {
  const written = top ? (textOf(at, 'Path') ?? '') : ''
  if (written === '' || written === '.' || written === './') return []
  try {
    return parsePath(written)
  } catch (error) {
    throw new TreeError(400, `TNDS: Path: ${error instanceof Error ? error.message : ''} (byte ${at.start})`, at.start)
  }
}

function readFormat(run: Element | undefined, hasValue: boolean, hasChildren: boolean, offset: number): Format {
  const written = run?.children.find((child) => child.name === 'Format')
  const name = written?.children[0]?.name ?? (written?.text || undefined)
  if (name !== undefined) {
    const format = FORMATS.find((known) => known === name)
    if (format === undefined) throw new TreeError(415, `TNDS: format '${name}' is not known (byte ${offset})`, offset)
    return format
  }
  if (hasValue) return 'chr'
  if (hasChildren) return 'node'
  const type = run?.children.find((child) => child.name === 'Type')
  return type?.children[0]?.name === 'MIME' ? 'chr' : 'node'
}

function readProperties(run: Element | undefined): NodeInit {
  if (run === undefined) return {}
  const type = run.children.find((child) => child.name === 'Type')
  const verNo = textOf(run, 'VerNo') ?? ''
  if (!/^\d{0,5}$/.test(verNo)) throw new TreeError(400, `TNDS: VerNo '${verNo.slice(0, 20)}' is no number (byte ${run.start})`, run.start)
  const named = type?.children[0]?.text ?? type?.text
  const tstamp = textOf(run, 'TStamp')
  return {
    acl: readAcl(run),
    title: run.children.find((child) => child.name === 'Title')?.text ?? '',
    ...(named === undefined || named === '' ? {} : { type: trim(named) }),
    ...(verNo === '' ? {} : { verNo: Number(verNo) & 0xffff }),
    ...(tstamp === undefined ? {} : { tstamp }),
  }
}

function readAcl(run: Element): Acl | null {
  const at = run.children.find((child) => child.name === 'ACL')
  try {
    return at === undefined ? null : parseAcl(trim(at.text))
  } catch (error) {
    throw new TreeError(400, `TNDS: ${error instanceof Error ? error.message : ''} (byte ${at?.start ?? 0})`, at?.start ?? 0)
  }
}

function readValue(at: Element | undefined, format: Format, name: string, offset: number): string | Uint8Array {
  if (at === undefined) return format === 'bin' ? new Uint8Array(0) : ''
  if (format === 'bin') return at.opaque ?? octetsOfBase64(at.text, offset)
  const value = at.children.length > 0 ? at.children.map((child) => markup(child, name)).join('') : dataText([at])
  const problem = valueProblem(format, value)
  if (problem !== null) throw new TreeError(415, `TNDS: node '${name}': ${problem} (byte ${at.start})`, at.start)
  return value
}

/** An element inside a Value as XML text. Throws TreeError 415 where XML cannot carry it (a WBXML token no table names). */
function markup(child: Element, node: string): string {
  try {
    return utf8Text(encodeTree(child, { encoding: 'xml', prolog: false })) ?? ''
  } catch (error) {
    if (error instanceof EncodeError) throw new TreeError(415, `TNDS: node '${node}': ${error.message} (byte ${child.start})`, child.start)
    throw error
  }
}

function textOf(at: Element, name: string): string | undefined {
  const found = at.children.find((child) => child.name === name)
  return found === undefined ? undefined : trim(found.text)
}
