// OMA Download descriptors 1.0 and 2.0 (download sheet 3.1, 5): parsed liberally, with a place for every error; hostile XML is refused.
import { decodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'
import { CodecError } from '../syncml/error.ts'
import { latin1Text, trim } from '../syncml/text.ts'

export const DD1_TYPE = 'application/vnd.oma.dd+xml'
/** INFERRED: recollection of the IANA list (download sheet 5). */
export const DD2_TYPE = 'application/vnd.oma.dd2+xml'
/** One object to fetch. */
export interface DescriptorObject {
  /** The first is the object's own; at least one. */
  readonly types: readonly string[]
  readonly size: number
  /** Bytes after installation; null where not told (2.0). */
  readonly installSize: number | null
  /** Addresses to try in turn, as written; several only in 2.0. */
  readonly uris: readonly string[]
  readonly objectId: string
  readonly objectVersion: string
  readonly order: number
  /** Lower-case hexadecimal; '' none. */
  readonly sha256: string
}

/** What a descriptor says. Texts '' where absent. */
export interface Descriptor {
  readonly version: '1.0' | '2.0'
  readonly name: string
  readonly vendor: string
  readonly description: string
  readonly infoUrl: string
  readonly iconUri: string
  readonly nextUrl: string
  readonly installNotifyUri: string
  /** 2.0 only. */
  readonly downloadNotifyUri: string
  readonly installParam: string
  /** 2.0 only. */
  readonly suppressUserConfirmation: boolean
  /** 2.0 only. */
  readonly environment: string
  /** Sorted by `order`; at least one. */
  readonly objects: readonly DescriptorObject[]
  /** What was passed over: names of unknown elements, further products. */
  readonly ignored: readonly string[]
}

/** A descriptor that cannot be used. `status` 906, or 951 for its version; `offset` counts bytes. */
export class DescriptorError extends Error {
  readonly status: 906 | 951
  readonly offset: number
  /** Where the failure is to be reported, as far as that could be read; '' nowhere. */
  readonly installNotifyUri: string

  constructor(status: 906 | 951, offset: number, reason: string, installNotifyUri = '') {
    super(`descriptor, byte ${String(offset)}: ${reason}`)
    this.name = 'DescriptorError'
    this.status = status
    this.offset = offset
    this.installNotifyUri = installNotifyUri
  }
}

/** Bounds of a descriptor. Product decision, INFERRED. */
const DD_LIMITS = { bytes: 64 * 1024, depth: 16, elements: 1000, references: 1000 } as const

/** True for a content type (parameters ignored) that announces a descriptor. */
export function isDescriptor(contentType: string): boolean {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase()
  return type === DD1_TYPE || type === DD2_TYPE
}

/** Reads a descriptor. Throws DescriptorError only. */
export function parseDescriptor(bytes: Uint8Array): Descriptor {
  const root = rootOf(bytes)
  if (root.name !== 'media') throw new DescriptorError(906, root.start, `the root element is ${root.name}, not media`)
  const notify = wrapped(root, 'installNotifyURI')
  const said = textOf(root, 'DDVersion', notify) || attribute(root, 'DDVersion') || '1.0'
  const major = /^(\d+)(\.\d+)?$/.exec(said)?.[1]
  if (major !== '1' && major !== '2') throw new DescriptorError(951, root.start, `version ${said} is not known`, notify)
  return major === '2' ? second(root, notify) : first(root, notify)
}

/** The XML itself: no document type, no entities, little depth and size. */
function rootOf(bytes: Uint8Array): Element {
  try {
    const { root } = decodeTree(bytes, 'xml', DD_LIMITS)
    const doctype = doctypeAt(bytes)
    if (doctype >= 0) throw new DescriptorError(906, doctype, 'a document type declaration is not taken')
    return root
  } catch (error) {
    if (error instanceof CodecError) throw new DescriptorError(906, error.offset, error.reason)
    throw error
  }
}

/** Offset of `<!DOCTYPE` before the root element; -1 none. NUL octets of UTF-16 are passed over. */
function doctypeAt(bytes: Uint8Array): number {
  const places = [...bytes.keys()].filter((i) => bytes[i] !== 0)
  const text = latin1Text(bytes.filter((octet) => octet !== 0))
  const prolog = text.replace(/<!--[^]*?-->|<\?[^]*?\?>/g, (skipped) => ' '.repeat(skipped.length))
  const at = prolog.search(/<[!A-Za-z_:]/)
  return at >= 0 && prolog[at + 1] === '!' ? (places[at] ?? 0) : -1
}

const KNOWN1 = new Set(
  'DDVersion type size objectURI installNotifyURI nextURL name description vendor infoURL iconURI installParam sha256 media'.split(' '),
)

function first(root: Element, notify: string): Descriptor {
  const text = (name: string): string => textOf(root, name, notify)
  const object = objectOf(root, notify, [need(root, 'objectURI', notify)])
  return {
    version: '1.0',
    name: text('name'),
    vendor: text('vendor'),
    description: text('description'),
    infoUrl: text('infoURL'),
    iconUri: text('iconURI'),
    nextUrl: text('nextURL'),
    installNotifyUri: text('installNotifyURI'),
    downloadNotifyUri: '',
    installParam: text('installParam'),
    suppressUserConfirmation: false,
    environment: '',
    objects: [object],
    ignored: root.children.filter(({ name }) => !KNOWN1.has(name)).map(({ name }) => name),
  }
}

/** Product rule (download sheet 5): the first product, all its objects in order, servers in turn. */
function second(root: Element, notify: string): Descriptor {
  const products = root.children.filter(({ name }) => name === 'product')
  const product = products[0]
  if (product === undefined) throw new DescriptorError(906, root.start, 'it has no product', notify)
  const meta = child(product, 'meta', notify)
  const vendor = child(root, 'vendor', notify)
  const text = (name: string): string => (meta === undefined ? '' : textOf(meta, name, notify))
  const media = product.children.filter(({ name }) => name === 'mediaObject')
  if (media.length === 0) throw new DescriptorError(906, product.start, 'its product has no mediaObject', notify)
  const objects = media.map((each) => {
    const uri = child(each, 'objectURI', notify)
    const servers = uri?.children.filter(({ name }) => name === 'server').map((server) => trim(server.text)) ?? []
    const own = trim(uri?.text ?? '')
    const uris = [...(own === '' ? [] : [own]), ...servers].filter((at) => at !== '')
    if (uris.length === 0) throw new DescriptorError(906, each.start, 'a mediaObject names no server', notify)
    return objectOf(each, notify, uris)
  })
  const further = products.length > 1 ? [`${String(products.length - 1)} further products`] : []
  const unknown = root.children.filter(({ name }) => !['DDVersion', 'vendor', 'product', 'nextURL', 'updatedDDURI', 'reservation'].includes(name))
  return {
    version: '2.0',
    name: text('name'),
    vendor: vendor === undefined ? '' : textOf(vendor, 'name', notify) || trim(vendor.text),
    description: text('description'),
    infoUrl: text('infoURL'),
    iconUri: text('icon'),
    nextUrl: textOf(root, 'nextURL', notify),
    installNotifyUri: text('installNotifyURI'),
    downloadNotifyUri: text('downloadNotifyURI'),
    installParam: text('installParam'),
    suppressUserConfirmation: /^(true|1|yes)$/i.test(text('suppressUserConfirmation')),
    environment: text('environment'),
    objects: objects.sort((a, b) => a.order - b.order),
    ignored: [...further, ...unknown.map(({ name }) => name)],
  }
}

function objectOf(at: Element, notify: string, uris: readonly string[]): DescriptorObject {
  const types = at.children
    .filter(({ name }) => name === 'type')
    .map(({ text }) => trim(text))
    .filter((type) => type !== '')
  if (types.length === 0) throw new DescriptorError(906, at.start, `${at.name} has no type`, notify)
  const size = whole(need(at, 'size', notify), at, 'size', notify)
  const installSize = textOf(at, 'installSize', notify)
  const order = textOf(at, 'order', notify)
  const digest = textOf(at, 'sha256', notify).toLowerCase()
  if (digest !== '' && !/^[0-9a-f]{64}$/.test(digest)) throw new DescriptorError(906, at.start, 'sha256 is no SHA-256 in hexadecimal', notify)
  return {
    types,
    size,
    installSize: installSize === '' ? null : whole(installSize, at, 'installSize', notify),
    uris,
    objectId: textOf(at, 'objectID', notify),
    objectVersion: textOf(at, 'objectVersion', notify),
    order: order === '' ? 0 : whole(order, at, 'order', notify),
    sha256: digest,
  }
}

function whole(text: string, at: Element, name: string, notify: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new DescriptorError(906, at.start, `${name} is "${text.slice(0, 40)}", not a whole number`, notify)
  return Number(text)
}

function child(at: Element, name: string, notify: string): Element | undefined {
  const found = at.children.filter((each) => each.name === name)
  const again = found[1]
  if (again !== undefined) throw new DescriptorError(906, again.start, `a second ${name}`, notify)
  return found[0]
}

function textOf(at: Element, name: string, notify: string): string {
  const found = child(at, name, notify)
  if (found === undefined) return ''
  if (found.children.length > 0) throw new DescriptorError(906, found.start, `${name} holds elements`, notify)
  return trim(found.text)
}

function need(at: Element, name: string, notify: string): string {
  const text = textOf(at, name, notify)
  if (text === '') throw new DescriptorError(906, at.start, `${at.name} has no ${name}`, notify)
  return text
}

function attribute(at: Element, name: string): string {
  return trim(at.attributes?.find(([key]) => key === name)?.[1] ?? '')
}

/** Where to report, wherever it stands: needed for errors in the rest. */
function wrapped(at: Element, name: string): string {
  for (const each of at.children) {
    const found = each.name === name ? trim(each.text) : wrapped(each, name)
    if (found !== '') return found
  }
  return ''
}
