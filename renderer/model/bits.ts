// The bit ruler: the fields of a Package #0 with their places in bits, and the form that makes another one. Pure; digests are the lab's business.
import type { NotifyOptions, PushField } from '../../core/api.ts'
import { bitFields, decodePackage0, package0Remarks, Package0Error, type Package0 } from '../../core/syncml/package0.ts'
import { base64 } from './cart.ts'
import { parseHex } from './hex.ts'

/** A Package #0 found in the bytes of a push row. */
export interface Found {
  /** Octets before it: headers of the WSP push; 0 where HTTP carried it or it stands alone. */
  readonly start: number
  readonly package0: Package0 | null
  readonly fields: readonly PushField[]
  readonly remarks: readonly string[]
  /** Why there is none; '' where there is one. */
  readonly error: string
}

const MODES: Readonly<Record<Package0['uiMode'], string>> = {
  'not specified': 'the client decides what the user sees',
  background: 'nothing is shown to the user',
  informative: 'the user is told',
  'user interaction': 'the user is asked first',
}

/** What a field of the ruler means (NOTI 6.2). */
function meaning(name: string, of: Package0): string {
  switch (name) {
    case 'digest':
      return 'MD5 over secret, nonce and all that follows; only the lab, which knows the secret, can check it'
    case 'version':
      return of.version === 10 || of.version === 11
        ? `notification ${of.version / 10 === 1 ? '1.0' : '1.1'}`
        : 'not seen in the field; read all the same'
    case 'ui-mode':
      return MODES[of.uiMode]
    case 'initiator':
      return of.initiator === 'server' ? 'the server wishes the session' : 'the client or its user wishes the session'
    case 'future-use':
      return of.future === 0 ? 'reserved, zero as it should be' : 'reserved: it should be zero'
    case 'sessionid':
      return of.sessionId === 0 ? 'not permitted: 1 to 65535' : 'the SessionID that Package #1 is to carry, in hexadecimal'
    case 'length-identifier':
      return 'octets of the server identifier'
    case 'server-identifier':
      return 'ServerID of the account in DMAcc'
    default:
      return 'the vendor’s own; the digest covers it'
  }
}

const bit = (bytes: Uint8Array, at: number): number => ((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1

/** The fields of a package in order; `bits` are the binary digits of fields up to 32 bits. */
export function rulerOf(of: Package0, octets: Uint8Array): PushField[] {
  return bitFields(of).map(({ name, start, end, value }) => ({
    name,
    start,
    end,
    value,
    bits: end - start > 32 ? '' : Array.from({ length: end - start }, (_, i) => bit(octets, start + i)).join(''),
    meaning: meaning(name, of),
  }))
}

/** Where the body of a connectionless WSP push begins: PDU type 6 and the length of its headers (WSP 8.2.4); 0 where the bytes are no such push. */
export function pushBody(bytes: Uint8Array): number {
  if (bytes[1] !== 0x06) return 0
  let length = 0
  for (let at = 2; at < Math.min(7, bytes.length); at++) {
    const octet = bytes[at] ?? 0
    length = length * 128 + (octet & 0x7f)
    if ((octet & 0x80) !== 0) continue
    const start = at + 1 + length
    // A notification says so first: code 0x44, or its media type as text (OMNA).
    const first = bytes[at + 1] ?? 0
    const named = String.fromCharCode(...bytes.subarray(at + 1, at + 36)).startsWith('application/vnd.syncml.notification')
    return start <= bytes.length && (first === 0xc4 || named || (first < 0x20 && bytes.subarray(at + 1, at + 3 + first).includes(0xc4))) ? start : 0
  }
  return 0
}

/** Finds the Package #0 in the bytes of a row. Never throws. */
export function findPackage0(bytes: Uint8Array): Found {
  const start = pushBody(bytes)
  try {
    const octets = bytes.subarray(start)
    const package0 = decodePackage0(octets)
    return { start, package0, fields: rulerOf(package0, octets), remarks: package0Remarks(package0), error: '' }
  } catch (error) {
    if (!(error instanceof Package0Error)) throw error
    return { start, package0: null, fields: [], remarks: [], error: error.message }
  }
}

/** One bit of the header drawn on the ruler. */
export interface Cell {
  readonly at: number
  readonly value: number
  readonly field: string
}

/** The 64 bits between digest and server identifier, in two rows of 32. */
export function headerCells(octets: Uint8Array, fields: readonly PushField[]): readonly (readonly Cell[])[] {
  const row = (from: number): Cell[] =>
    Array.from({ length: 32 }, (_, i) => {
      const at = from + i
      return { at, value: bit(octets, at), field: fields.find((one) => at >= one.start && at < one.end)?.name ?? '' }
    })
  return octets.length < 24 ? [] : [row(128), row(160)]
}

/** What the wake form holds, as typed. */
export interface WakeFields {
  to: string
  version: string
  uiMode: NonNullable<NotifyOptions['uiMode']>
  initiator: NonNullable<NotifyOptions['initiator']>
  sessionId: string
  future: string
  vendor: string
  endDevice: string
  nonce: NonNullable<NotifyOptions['nonce']>
  flaw: '' | NonNullable<NotifyOptions['flaw']>
  resync: boolean
}

/** A form with what everybody sends, or with the fields of a package seen before. */
export function wakeFields(seen: Package0 | null = null): WakeFields {
  const vendor = seen === null ? '' : [...seen.vendor].map((octet) => octet.toString(16).padStart(2, '0')).join(' ')
  return {
    to: '',
    version: String(seen?.version ?? 11),
    uiMode: seen?.uiMode ?? 'background',
    initiator: seen?.initiator ?? 'server',
    sessionId: seen === null ? '' : String(seen.sessionId),
    future: String(seen?.future ?? 0),
    vendor,
    endDevice: '',
    nonce: 'stored',
    flaw: '',
    resync: false,
  }
}

/** Reads a whole number as decimal or 0x…; throws an Error naming the field. */
function number(field: string, text: string, most: number): number {
  const value = /^\s*(0x[\da-f]+|\d+)\s*$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value) || value > most) throw new Error(`${field}: “${text}” is not a whole number from 0 to ${most}`)
  return value
}

/** The options a form stands for. Throws an Error in words where a field cannot be read. */
export function wakeOptions(form: WakeFields, send: boolean): NotifyOptions {
  const vendor = parseHex(form.vendor)
  return {
    version: number('version', form.version, 1023),
    uiMode: form.uiMode,
    initiator: form.initiator,
    future: number('future-use', form.future, 0x7ffffff),
    nonce: form.nonce,
    send,
    ...(form.to.trim() === '' ? {} : { to: form.to.trim() }),
    ...(form.sessionId.trim() === '' ? {} : { sessionId: number('session id', form.sessionId, 65_535) }),
    ...(vendor.length === 0 ? {} : { vendor: base64(vendor) }),
    ...(form.endDevice.trim() === '' ? {} : { endDevice: form.endDevice.trim() }),
    ...(form.flaw === '' ? {} : { flaw: form.flaw }),
    ...(form.resync && send ? { resync: true } : {}),
  }
}
