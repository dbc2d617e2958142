// Bytes to message and back, both encodings: decoding throws CodecError only, encoding is deterministic and in the order of the DTD.
import { compose } from './compose.ts'
import type { Element } from './element.ts'
import type { Finding } from './finding.ts'
import { Growing } from './growing.ts'
import { LIMITS, type Limits } from './limits.ts'
import type { Encoding, Message, SyncHdr } from './message.ts'
import { reordered } from './order.ts'
import type { ElementOrder } from './order.ts'
import { parseMessage } from './parse.ts'
import { Findings, type Recorder } from './reading.ts'
import type { Roll, Sink } from './sink.ts'
import { StringCounter } from './stringcounter.ts'
import { LANGUAGES, PUBLIC_IDS, type PublicId } from './tokens.ts'
import { CodecError } from './error.ts'
import type { WbxmlForm } from './wbxmlcursor.ts'
import { WbxmlReader } from './wbxmlreader.ts'
import { type WbxmlStyle, WbxmlWriter } from './wbxmlwriter.ts'
import { XmlReader } from './xmlreader.ts'
import { XmlWriter } from './xmlwriter.ts'

export type { WbxmlForm } from './wbxmlcursor.ts'
export { CodecError, EncodeError } from './error.ts'

/** How a document is to be written. Only `encoding` is needed. */
export interface Wire {
  readonly encoding: Encoding
  /** WBXML 1.1, 1.2 (default) or 1.3. */
  readonly version?: 1 | 2 | 3
  /** WBXML: public identifier as number (default) or as text in the string table, without NUL as AOSP and Samsung clients do. */
  readonly publicId?: 'number' | 'text'
  /** WBXML: inline strings (default), repeated ones in the string table, or every string OPAQUE as Symbian clients do. */
  readonly strings?: 'inline' | 'table' | 'opaque'
  /** WBXML: switch the code page back before the next tag (default) or already before the END of the element. */
  readonly pages?: 'lazy' | 'eager'
  /** Children in another order than the DTD's, as some clients write them. */
  readonly order?: ElementOrder
  /** XML: begin with the XML declaration (default true). */
  readonly prolog?: boolean
}

/** A decoded tree of any root. */
export interface DecodedTree {
  readonly encoding: Encoding
  readonly root: Element
  readonly findings: readonly Finding[]
  /** How the WBXML was written; null for XML. */
  readonly form: WbxmlForm | null
}

/** A decoded SyncML message. */
export interface Decoded extends DecodedTree {
  readonly message: Message
}

/**
 * Decodes one SyncML message. Ranges and findings count octets of `bytes`.
 * Throws CodecError where the octets are no document of that encoding, the root is not SyncML, or SyncHdr or SyncBody is missing.
 */
export function decode(bytes: Uint8Array, encoding: Encoding, limits?: Partial<Limits>): Decoded {
  const findings = new Findings(limits?.findings ?? LIMITS.findings)
  const { root, form } = readTree(bytes, encoding, limits, findings, null)
  const message = parseMessage(root, findings)
  return { encoding, root, message, findings: findings.all(), form }
}

/** The message of a body; null where it has none that can be read. */
export function readMessage(bytes: Uint8Array, encoding: Encoding | ''): Message | null {
  if (encoding === '') return null
  try {
    return decode(bytes, encoding).message
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

/** Decodes one document of any root: SyncML, MgmtTree (DDF, TNDS), DevInf, MetInf, provisioning. Throws CodecError. */
export function decodeTree(bytes: Uint8Array, encoding: Encoding, limits?: Partial<Limits>): DecodedTree {
  const findings = new Findings(limits?.findings ?? LIMITS.findings)
  const { root, form } = readTree(bytes, encoding, limits, findings, null)
  return { encoding, root, findings: findings.all(), form }
}

/** The reading itself; `recorder` takes every token. Throws CodecError. */
export function readTree(
  bytes: Uint8Array,
  encoding: Encoding,
  limits: Partial<Limits> | undefined,
  findings: Findings,
  recorder: Recorder | null,
): { root: Element; form: WbxmlForm | null } {
  const bounds = limits === undefined ? LIMITS : { ...LIMITS, ...limits }
  if (encoding === 'xml') return { root: new XmlReader(bytes, bounds, findings, recorder).read(), form: null }
  const reader = new WbxmlReader(bytes, bounds, findings, recorder)
  const root = reader.read()
  return { root, form: reader.form() }
}

/** Encodes a message in the order of the DTD, or in the one `wire` names. Throws EncodeError for what the encoding cannot carry. */
export function encode(message: Message, wire: Wire): Uint8Array<ArrayBuffer> {
  const bytes = written(wire, versionFor(message.header), 'SyncML', (sink) => {
    compose(sink, message, wire.encoding === 'wbxml')
  })
  return inOrder(bytes, wire)
}

function inOrder(bytes: Uint8Array<ArrayBuffer>, wire: Wire): Uint8Array<ArrayBuffer> {
  return wire.order === undefined ? bytes : encodeTree(reordered(decodeTree(bytes, wire.encoding).root, wire.order), wire)
}

/** Begins a message that grows command by command; null for a wire on which its octets are no sum of those of its commands. Throws EncodeError. */
export function growing(header: SyncHdr, wire: Wire): Growing | null {
  const octets = wire.encoding === 'wbxml'
  if (octets && (wire.order !== undefined || wire.strings === 'table')) return null
  return new Growing(header, writerOf(wire, versionFor(header), 'SyncML', NO_STRINGS), octets, (bytes) => inOrder(bytes, wire))
}

/** Encodes a tree as it is, in its own order. Throws EncodeError for what the encoding cannot carry. */
export function encodeTree(root: Element, wire: Wire): Uint8Array<ArrayBuffer> {
  return written(wire, versionOf(root), root.name, (sink) => {
    sink.tree(root)
  })
}

function written(wire: Wire, version: Version, root: string, fill: (sink: Sink) => void): Uint8Array<ArrayBuffer> {
  let strings = NO_STRINGS
  if (wire.encoding === 'wbxml' && wire.strings === 'table') {
    const counter = new StringCounter()
    fill(counter)
    strings = counter.worthwhile()
  }
  const writer = writerOf(wire, version, root, strings)
  fill(writer)
  return writer.result()
}

const NO_STRINGS: readonly string[] = []

/** A writer of one document with this root; `strings` go into its string table. */
function writerOf(wire: Wire, version: Version, root: string, strings: readonly string[]): Roll {
  if (wire.encoding === 'xml') return new XmlWriter(wire.prolog ?? true, NAMESPACE_OF[version])
  const style: WbxmlStyle = {
    version: wire.version ?? 2,
    publicId: wire.publicId ?? 'number',
    strings: wire.strings ?? 'inline',
    pages: wire.pages ?? 'lazy',
  }
  const inner: Wire = style.strings === 'table' ? { ...wire, strings: 'inline' } : wire
  return new WbxmlWriter(style, publicIdOf(root, version), strings, (element) => encodeTree(element, inner))
}

type Version = '1.0' | '1.1' | '1.2'

const NAMESPACE_OF: Readonly<Record<Version, string>> = { '1.0': 'SYNCML:SYNCML1.0', '1.1': 'SYNCML:SYNCML1.1', '1.2': 'SYNCML:SYNCML1.2' }

function versionFor({ verDtd }: SyncHdr): Version {
  return verDtd === '1.1' || verDtd === '1.0' ? verDtd : '1.2'
}

/** VerDTD of a SyncML or DevInf document, '1.2' where it names none we know. */
function versionOf(root: Element): Version {
  const holder = root.name === 'SyncML' ? root.children.find((child) => child.name === 'SyncHdr') : root
  const text = holder?.children.find((child) => child.name === 'VerDTD')?.text.trim()
  return text === '1.0' || text === '1.1' ? text : '1.2'
}

/** A root of no language: written without public identifier, and read with the SyncML code pages. */
const NO_PUBLIC_ID: PublicId = { number: 1, text: '', language: LANGUAGES.syncml }

function publicIdOf(root: string, version: Version): PublicId {
  const text =
    root === 'MgmtTree'
      ? '-//OMA//DTD-DM-DDF 1.2//EN'
      : root === 'MetInf'
        ? '-//SYNCML//DTD MetaInf 1.2//EN'
        : root === 'wap-provisioningdoc'
          ? '-//WAPFORUM//DTD PROV 1.0//EN'
          : `-//SYNCML//DTD ${root} ${version}//EN`
  return PUBLIC_IDS.find((id) => id.text === text) ?? NO_PUBLIC_ID
}

/** The encoding the first octets look like, null where they look like neither. */
export function sniff(bytes: Uint8Array): Encoding | null {
  let at = 0
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) at = 3
  else if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'xml'
  if (a === 0 && b === 0x3c && c === 0) return 'xml'
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++
  if (bytes[at] === 0x3c) return 'xml'
  return a !== undefined && a <= 3 && bytes.length > 4 ? 'wbxml' : null
}
