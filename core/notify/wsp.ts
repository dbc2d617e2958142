// WSP connectionless push (WAP-230-WSP 8): one PDU to its parts and back, every octet accounted for; what cannot be read is refused with its place.
import { concat } from '../syncml/text.ts'
import { integer, PushError, Reader, textString, uintvar, valueLength } from './wspvalues.ts'

/** PDU type Push (WSP table 34). */
const PDU_PUSH = 0x06

/** Content types by code (OMNA; notification sheet 2.2). */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0x03, 'text/plain'],
  [0x2d, 'text/vnd.wap.si'],
  [0x2e, 'application/vnd.wap.sic'],
  [0x35, 'text/vnd.wap.connectivity-xml'],
  [0x36, 'application/vnd.wap.connectivity-wbxml'],
  [0x42, 'application/vnd.syncml.dm+wbxml'],
  [0x43, 'application/vnd.syncml.dm+xml'],
  [0x44, 'application/vnd.syncml.notification'],
  [0x4e, 'application/vnd.syncml.ds.notification'],
  [0x58, 'application/vnd.syncml.dm.notification'],
  [0x5a, 'application/octet-stream'],
  [0x020b, 'application/vnd.nokia.syncset+wbxml'],
])

/** Push application identifiers by code (OMNA; notification sheet 2.2). */
const APPLICATIONS: ReadonlyMap<number, string> = new Map([
  [0x00, 'x-wap-application:*'],
  [0x02, 'x-wap-application:wml.ua'],
  [0x05, 'x-wap-application:push.syncml'],
  [0x07, 'x-wap-application:syncml.dm'],
  [0x1a, 'x-wap-application:lwm2m.dm'],
  [0x9044, 'x-wap-microsoft:cfgmgr.ua'],
  [0x9058, 'x-oma-docomo:open.fu'],
  [0x9067, 'x-innopath:wamp.notification'],
  [0x9071, 'x-3gpp.gba.andsf.ua'],
])

/** Header fields by code; the rest is named `0xNN` (notification sheet 2.2). */
const FIELDS: ReadonlyMap<number, string> = new Map([
  [0x0d, 'Content-Length'],
  [0x11, 'Content-Type'],
  [0x2f, 'X-Wap-Application-Id'],
  [0x30, 'X-Wap-Content-URI'],
  [0x31, 'X-Wap-Initiator-URI'],
  [0x34, 'Push-Flag'],
  [0x43, 'Encoding-Version'],
  [0x46, 'X-WAP-Security'],
  [0x50, 'X-Oma-GwMO'],
])

/** Parameters of a content type by token (WSP table 38; ProvBoot). */
const PARAMETERS: ReadonlyMap<number, string> = new Map([
  [0x01, 'charset'],
  [0x11, 'SEC'],
  [0x12, 'MAC'],
])

const codeOf = (table: ReadonlyMap<number, string>, name: string): number | undefined =>
  [...table].find(([, text]) => text.toLowerCase() === name.toLowerCase())?.[0]

/** One parameter or header field, its value as text; `code` where it came as a number. Offsets count octets of the PDU. */
export interface WspField {
  readonly name: string
  readonly value: string
  readonly code: number | null
  readonly start: number
  readonly end: number
}

/** A push PDU. */
export interface WspPush {
  readonly tid: number
  /** Media type in lower case, `?0xNN` for a code nobody registered here; `typeCode` null where it came as text. */
  readonly contentType: string
  readonly typeCode: number | null
  /** Octets of the content type with its parameters. */
  readonly typeLength: number
  readonly parameters: readonly WspField[]
  readonly headers: readonly WspField[]
  /** Octets of the headers field (content type and headers). */
  readonly headersLength: number
  readonly bodyStart: number
  readonly body: Uint8Array
}

/** What a push is built from. Numbers are codes, texts are written out unless a code is registered for them. */
export interface WspParts {
  readonly tid?: number
  readonly contentType: string
  readonly parameters?: readonly (readonly [name: string, value: number | string])[]
  readonly headers?: readonly (readonly [name: string, value: number | string])[]
  readonly body: Uint8Array
}

/** The PDU's octets. Throws PushError for text that holds a NUL or numbers that do not fit. */
export function encodeWsp({ tid = 1, contentType, parameters = [], headers = [], body }: WspParts): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(tid) || tid < 0 || tid > 255) throw new PushError(`transaction id ${tid} is not within 0 and 255`, 0)
  const code = codeOf(TYPES, contentType)
  const media = code === undefined ? textString(contentType) : integer(code)
  const parms = parameters.flatMap(([name, value]) => parameter(name, value))
  const plain = parms.length === 0 && (code === undefined || code < 0x80)
  const type = plain ? media : valueLength(concat([media, ...parms]))
  const head = concat([type, ...headers.map(([name, value]) => header(name, value))])
  return concat([Uint8Array.of(tid, PDU_PUSH), uintvar(head.length), head, body])
}

/** The code of a push application id that is registered, the text itself otherwise. */
export function applicationValue(id: string): number | string {
  return codeOf(APPLICATIONS, id) ?? (/^\d{1,5}$/.test(id) ? Number(id) : id)
}

function parameter(name: string, value: number | string): Uint8Array[] {
  const token = codeOf(PARAMETERS, name)
  return [token === undefined ? textString(name) : integer(token), typeof value === 'number' ? integer(value) : textString(value)]
}

function header(name: string, value: number | string): Uint8Array {
  const code = codeOf(FIELDS, name)
  if (code === undefined) return concat([textString(name), textString(String(value))])
  return concat([integer(code), typeof value === 'number' ? integer(value) : textString(value)])
}

/** True where these octets begin as a push PDU does; its headers may still be unreadable. */
export function looksLikeWsp(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[1] === PDU_PUSH
}

/** Reads a push PDU. Throws PushError. */
export function decodeWsp(bytes: Uint8Array): WspPush {
  const reader = new Reader(bytes)
  const tid = reader.octet('transaction id')
  const type = reader.octet('PDU type')
  if (type !== PDU_PUSH) throw new PushError(`PDU type 0x${hex2(type)} is no push (0x06)`, 1)
  const headersLength = reader.uintvar('headers length')
  const start = reader.at
  if (headersLength > bytes.length - start) throw new PushError(`headers of ${headersLength} octets, but ${bytes.length - start} are there`, 2)
  if (headersLength === 0) throw new PushError('headers are empty: a push names its content type', start)
  const head = new Reader(bytes.subarray(0, start + headersLength), start)
  const { contentType, typeCode, parameters } = readType(head)
  const typeLength = head.at - start
  const headers: WspField[] = []
  while (head.more) {
    const field = readHeader(head)
    if (field !== null) headers.push(field)
  }
  return { tid, contentType, typeCode, typeLength, parameters, headers, headersLength, bodyStart: head.at, body: bytes.slice(head.at) }
}

function readType(head: Reader): Pick<WspPush, 'contentType' | 'typeCode' | 'parameters'> {
  const first = head.peek('content type')
  const length = first <= 31 ? head.valueLength('content type') : null
  const value = length === null ? head : head.within(length, 'content type')
  const media = value.integerOrText('content type')
  const parameters: WspField[] = []
  while (length !== null && value.more) parameters.push(readParameter(value))
  if (length !== null) head.at = value.at
  return {
    contentType: typeof media === 'string' ? media.toLowerCase() : (TYPES.get(media) ?? `?0x${hex2(media)}`),
    typeCode: typeof media === 'number' ? media : null,
    parameters,
  }
}

function readParameter(value: Reader): WspField {
  const start = value.at
  const name = value.integerOrText('parameter')
  const found = value.more ? value.integerOrText('parameter value') : ''
  return field(typeof name === 'number' ? (PARAMETERS.get(name) ?? `0x${hex2(name)}`) : name, found, start, value.at)
}

/** One header field; null for a shift of the code page, after which well-known names mean something else: refused. */
function readHeader(head: Reader): WspField | null {
  const start = head.at
  const first = head.peek('header')
  if (first < 0x20 || first === 0x7f) {
    const page = first === 0x7f ? (head.octet('shift'), head.octet('code page')) : head.octet('code page')
    if (page !== 1) throw new PushError(`header code page ${page} is not known`, start)
    return null
  }
  if (first < 0x80) {
    const name = head.text('header name')
    const value = head.text(`value of ${name}`)
    return field(name, value, start, head.at)
  }
  const code = head.octet('header') & 0x7f
  const name = FIELDS.get(code) ?? `0x${hex2(code)}`
  const next = head.peek(`value of ${name}`)
  if (name === 'X-Wap-Application-Id') {
    const id = head.integerOrText(name)
    return { ...field(name, id, start, head.at), value: applicationNamed(id) }
  }
  if (next >= 0x20) {
    const value = head.integerOrText(name)
    return field(name, value, start, head.at)
  }
  const length = head.valueLength(name)
  // A length of 0 is No-value (WSP 8.4.2.3).
  const octets = length === 0 ? new Uint8Array() : head.within(length, name).rest()
  head.at += length
  return field(name, [...octets].map(hex2).join(' '), start, head.at)
}

/** A push application id as HTTP carries it: its text in lower case, or that of a code written as a number. */
export function applicationOf(field: string): string {
  const text = field.trim().toLowerCase()
  return /^(?:0x[0-9a-f]{1,4}|\d{1,5})$/.test(text) ? applicationNamed(Number(text)) : text
}

/** The text of a push application id; the number in decimal where none is registered here. */
function applicationNamed(id: number | string): string {
  return typeof id === 'number' ? (APPLICATIONS.get(id) ?? String(id)) : id
}

function field(name: string, value: number | string, start: number, end: number): WspField {
  return { name, value: String(value), code: typeof value === 'number' ? value : null, start, end }
}

const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')
