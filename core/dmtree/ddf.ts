// DDF documents: what may be in a tree. Reads every dialect in the field, keeps vendor extensions, guesses nothing (TND 8, dm-protocol 9.7).
import { decodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import { CodecError } from '../syncml/error.ts'
import type { Encoding } from '../syncml/message.ts'
import { trim } from '../syncml/text.ts'
import { ONE, described } from './describe.ts'
import type { Described, Occurrence } from './describe.ts'
import { TreeError } from './error.ts'
import { ACCESS } from './node.ts'
import type { Access } from './node.ts'
import { decodeSegment, nameProblem } from './uri.ts'
import { FORMATS } from './value.ts'
import type { Format } from './value.ts'

export interface DdfDocument {
  readonly verDtd: string
  readonly man: string
  readonly mod: string
  /** Top nodes; each says in `path` where it stands. */
  readonly nodes: readonly Described[]
  /** Elements at the top that no document type names (vendor extensions). */
  readonly other: readonly Element[]
  /** What was tolerated, with the place: `byte 120: …`. */
  readonly remarks: readonly DdfRemark[]
}

export interface DdfRemark {
  readonly offset: number
  readonly text: string
}

const NODE_PARTS = new Set(['NodeName', 'Path', 'RTProperties', 'DFProperties', 'Node', 'Value'])
/** DM 1.1 device trees put Type and Data straight under Node. */
const OLD_PARTS = new Set(['Type', 'Data'])
const DF_PARTS = new Set(['AccessType', 'DefaultValue', 'Description', 'DFFormat', 'Occurrence', 'Scope', 'DFTitle', 'DFType', 'CaseSense'])

/** Reads a DDF, XML or WBXML. Throws TreeError 400 with the byte offset. */
export function decodeDdf(bytes: Uint8Array): DdfDocument {
  const encoding: Encoding = (bytes[0] ?? 0x3c) < 0x09 ? 'wbxml' : 'xml'
  let root: Element
  try {
    root = decodeTree(bytes, encoding).root
  } catch (error) {
    if (error instanceof CodecError) throw new TreeError(400, `DDF: ${error.message}`, error.offset)
    throw error
  }
  return parseDdf(root)
}

/** Reads a MgmtTree element as a DDF. Throws TreeError 400 with the element's offset. */
function parseDdf(root: Element): DdfDocument {
  if (root.name !== 'MgmtTree') throw new TreeError(400, `DDF: root is ${root.name}, not MgmtTree`, root.start)
  const remarks: DdfRemark[] = []
  const nodes = root.children.filter(isNode).map((child) => readNode(child, remarks))
  if (nodes.length === 0) throw new TreeError(400, 'DDF: MgmtTree has no Node', root.start)
  return {
    verDtd: textOf(root, 'VerDTD'),
    man: textOf(root, 'Man'),
    mod: textOf(root, 'Mod'),
    nodes,
    other: root.children.filter((child) => !isNode(child) && !['VerDTD', 'Man', 'Mod'].includes(child.name)),
    remarks,
  }
}

function isNode(at: Element): boolean {
  return at.name === 'Node'
}

function readNode(at: Element, remarks: DdfRemark[]): Described {
  const properties = child(at, 'DFProperties')
  if (properties === undefined) remarks.push({ offset: at.start, text: `node '${textOf(at, 'NodeName')}' has no DFProperties` })
  const children = at.children.filter(isNode).map((each) => readNode(each, remarks))
  const run = child(at, 'RTProperties')
  const formats = formatsOf(properties, run, children.length > 0, at, remarks)
  const value = child(at, 'Value') ?? child(at, 'Data')
  const type = child(properties, 'DFType') ?? child(run, 'Type') ?? child(at, 'Type')
  return described({
    name: nameOf(at),
    path: textOf(at, 'Path'),
    formats,
    access: accessOf(properties),
    permanent: child(child(properties, 'Scope'), 'Permanent') !== undefined,
    occurrence: occurrenceOf(child(properties, 'Occurrence'), remarks),
    types: typesOf(type),
    ddfName: textOf(type, 'DDFName'),
    caseSense: caseSenseOf(child(properties, 'CaseSense')),
    defaultValue: child(properties, 'DefaultValue')?.text,
    value: value?.text,
    title: textOf(properties, 'DFTitle'),
    text: textOf(properties, 'Description'),
    children,
    other: [...unknown(at, NODE_PARTS, OLD_PARTS), ...(properties === undefined ? [] : unknown(properties, DF_PARTS))],
  })
}

function unknown(at: Element, ...known: readonly ReadonlySet<string>[]): Element[] {
  return at.children.filter((each) => !known.some((names) => names.has(each.name)))
}

// A NodeName is a URI segment; where its '%' begins no escape it stands for itself. '.' names the root.
function nameOf(at: Element): string {
  const written = textOf(at, 'NodeName')
  if (written === '' || written === '.') return ''
  try {
    return decodeSegment(written)
  } catch {
    const problem = nameProblem(written)
    if (problem !== null) throw new TreeError(400, `DDF: ${problem} in NodeName (byte ${at.start})`, at.start)
    return written
  }
}

function formatsOf(properties: Element | undefined, run: Element | undefined, interior: boolean, at: Element, remarks: DdfRemark[]): Format[] {
  const written = child(properties, 'DFFormat') ?? child(run, 'Format')
  const formats: Format[] = []
  for (const each of written?.children ?? []) {
    const format = FORMATS.find((known) => known === each.name)
    if (format === undefined) throw new TreeError(400, `DDF: format '${each.name}' is not known (byte ${each.start})`, each.start)
    formats.push(format)
  }
  if (formats.length > 0) return formats
  remarks.push({ offset: at.start, text: `node '${textOf(at, 'NodeName')}' has no DFFormat; ${interior ? 'node' : 'chr'} is taken` })
  return [interior ? 'node' : 'chr']
}

function accessOf(properties: Element | undefined): ReadonlySet<Access> {
  const access = new Set<Access>()
  for (const each of child(properties, 'AccessType')?.children ?? []) {
    const known = ACCESS.find((name) => name === each.name)
    if (known === undefined) throw new TreeError(400, `DDF: AccessType '${each.name}' is not known (byte ${each.start})`, each.start)
    access.add(known)
  }
  return access
}

function occurrenceOf(at: Element | undefined, remarks: DdfRemark[]): Occurrence {
  const kind = at?.children[0]
  if (at === undefined || kind === undefined) return ONE
  const bound = /^\d{1,9}$/.test(trim(kind.text)) ? Number(trim(kind.text)) : Infinity
  switch (kind.name) {
    case 'One':
      return ONE
    case 'ZeroOrOne':
      return { least: 0, most: 1 }
    case 'ZeroOrMore':
      return { least: 0, most: Infinity }
    case 'OneOrMore':
      return { least: 1, most: Infinity }
    case 'ZeroOrN':
    case 'OneOrN':
      if (bound === Infinity) remarks.push({ offset: kind.start, text: `${kind.name} names no number` })
      return { least: kind.name === 'OneOrN' ? 1 : 0, most: bound }
    default:
      throw new TreeError(400, `DDF: Occurrence '${kind.name}' is not known (byte ${kind.start})`, kind.start)
  }
}

function typesOf(type: Element | undefined): string[] {
  if (type === undefined) return []
  const mimes = type.children.filter((each) => each.name === 'MIME').map((each) => trim(each.text))
  // DM 1.1 writes the MIME type straight into Type.
  return (mimes.length > 0 || type.children.length > 0 ? mimes : [trim(type.text)]).filter((mime) => mime !== '')
}

function caseSenseOf(at: Element | undefined): 'CS' | 'CIS' | undefined {
  if (child(at, 'CIS') !== undefined) return 'CIS'
  return child(at, 'CS') === undefined ? undefined : 'CS'
}

function child(at: Element | undefined, name: string): Element | undefined {
  return at?.children.find((each) => each.name === name)
}

function textOf(at: Element | undefined, name: string): string {
  return trim(child(at, name)?.text ?? '')
}

/** All descriptions of a document, parents first, with the URI of each (`<X>` where the name is chosen at run time). */
export function* descriptions(document: DdfDocument): Generator<readonly [uri: string, node: Described]> {
  for (const node of document.nodes) yield* below(node.path.replace(/\/$/, '') || '.', node)
}

function* below(parent: string, node: Described): Generator<readonly [uri: string, node: Described]> {
  const root = node.name === '' && (node.path === '' || node.path === '.') && parent === '.'
  const uri = root ? '.' : `${parent}/${node.name === '' ? '<X>' : node.name}`
  yield [uri, node]
  for (const each of node.children) yield* below(uri, each)
}
