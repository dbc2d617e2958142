// A push whatever carried it: WSP over UDP or SMS, or HTTP; content type, application, end device of the gateway case, security parameters, body.
import type { Headers } from '../machine.ts'
import { decodePackage0, encodePackage0, Package0Error } from '../syncml/package0.ts'
import type { Package0Secret, Trigger } from '../syncml/package0.ts'
import { md5 } from '../auth/md5.ts'
import { applicationOf, applicationValue, decodeWsp, encodeWsp, looksLikeWsp } from './wsp.ts'
import { PushError } from './wspvalues.ts'
import type { WspPush } from './wsp.ts'

export const NOTIFICATION = 'application/vnd.syncml.notification'
/** Notification of DM 1.3: recognised, never read (notification sheet 3). */
export const NOTIFICATION_13 = 'application/vnd.syncml.dm.notification'
export const DM_APPLICATION = 'x-wap-application:syncml.dm'
/** Whichever application takes the content type. */
export const EVERY_APPLICATION = 'x-wap-application:*'
export const CP_WBXML = 'application/vnd.wap.connectivity-wbxml'
export const CP_XML = 'text/vnd.wap.connectivity-xml'
export const DM_WBXML = 'application/vnd.syncml.dm+wbxml'
export const DM_XML = 'application/vnd.syncml.dm+xml'
/** Header field that names the end device behind a gateway (WSP 0x50; GwMO, notification sheet 2.4). */
export const GATEWAY_FIELD = 'X-Oma-GwMO'
const APPLICATION_FIELD = 'X-Wap-Application-Id'

/** How a bootstrap is secured, by the names of client provisioning; the DM profile's own names mean the same (notification sheet 4). */
export const SECURITIES = ['NETWPIN', 'USERPIN', 'USERNETWPIN', 'USERPINMAC'] as const
export type Security = (typeof SECURITIES)[number]

/** A push as its receiver sees it. */
export interface Push {
  /** Media type in lower case. */
  readonly contentType: string
  /** '' where the push names none. */
  readonly application: string
  /** End device behind the gateway this push goes to; null for a push to the device itself. */
  readonly endDevice: string | null
  readonly security: Security | null
  /** The SEC parameter as it came where no `security` is known by it; '' otherwise. */
  readonly securityText: string
  readonly mac: string | null
  readonly body: Uint8Array
  /** First octet of the body in what was read. */
  readonly bodyStart: number
  /** The PDU's parts; null where HTTP carried it, or nothing. */
  readonly wsp: WspPush | null
  /** What carried it is not what NOTI 6.3 asks for: nothing at all, or the user data header of an SMS inside a datagram. */
  readonly carriage?: string
}

/** What a push is built from. */
export interface PushParts {
  readonly contentType: string
  readonly application?: string
  readonly endDevice?: string | undefined
  readonly security?: Security
  readonly mac?: string
  readonly tid?: number
  readonly body: Uint8Array
}

/** The security a SEC parameter names: number, name of client provisioning, or name of the DM profile; any case (notification sheet 4.1, 4.2). */
export function securityNamed(text: string): Security | null {
  const name = text.trim().toUpperCase()
  if (/^[0-3]$/.test(name)) return SECURITIES[Number(name)] as Security
  if (name === 'NETWORKID') return 'NETWPIN'
  if (name === 'USERPIN_NETWORKID') return 'USERNETWPIN'
  return SECURITIES.find((known) => known === name) ?? null
}

/** SEC as the DM profile calls it in text (SEC 5.1.7). */
const DM_NAMES: Readonly<Record<Security, string>> = {
  NETWPIN: 'NETWORKID',
  USERPIN: 'USERPIN',
  USERNETWPIN: 'USERPIN_NETWORKID',
  USERPINMAC: 'USERPINMAC',
}

/** Package #0 as the parts of a push. */
export function notification(fields: Trigger, secret: Package0Secret, endDevice?: string): PushParts {
  return { contentType: NOTIFICATION, application: DM_APPLICATION, endDevice, body: encodePackage0(fields, secret, md5) }
}

/** The push as a WSP PDU: content type first, then the application id, then the rest (NOTI 6.3). Throws PushError. */
export function toPdu(parts: PushParts): Uint8Array<ArrayBuffer> {
  const { contentType, application, endDevice, security, mac, tid, body } = parts
  const parameters: [string, number | string][] = []
  if (security !== undefined) parameters.push(['SEC', SECURITIES.indexOf(security)])
  if (mac !== undefined) parameters.push(['MAC', mac])
  const headers: [string, number | string][] = []
  if (application !== undefined) headers.push([APPLICATION_FIELD, applicationValue(application)])
  if (endDevice !== undefined) headers.push([GATEWAY_FIELD, endDevice])
  return encodeWsp({ contentType, parameters, headers, body, ...(tid === undefined ? {} : { tid }) })
}

/** The push as an HTTP request: content type with its parameters, and header fields (OTA-HTTP, notification sheet 2.3). */
export function toHttp(parts: PushParts): { readonly contentType: string; readonly headers: Headers; readonly body: Uint8Array } {
  const { contentType, application, endDevice, security, mac, body } = parts
  const sec = security === undefined ? '' : `; SEC=${contentType === DM_WBXML ? DM_NAMES[security] : security}`
  const headers: [string, string][] = []
  if (application !== undefined) headers.push([APPLICATION_FIELD, application])
  if (endDevice !== undefined) headers.push([GATEWAY_FIELD, endDevice])
  return { contentType: `${contentType}${sec}${mac === undefined ? '' : `; MAC=${mac}`}`, headers, body }
}

/** Reads a WSP push. Throws PushError. */
export function readPdu(bytes: Uint8Array): Push {
  const wsp = decodeWsp(bytes)
  const { type, parameter } = wsp.typeCode === null ? mediaType(wsp.contentType) : { type: wsp.contentType, parameter: () => undefined }
  const found = (name: string): string | undefined => wsp.parameters.find((each) => each.name.toUpperCase() === name)?.value ?? parameter(name)
  const header = (name: string): string | undefined => wsp.headers.find((each) => each.name.toLowerCase() === name.toLowerCase())?.value
  return { ...facts(type, found('SEC'), found('MAC'), header), body: wsp.body, bodyStart: wsp.bodyStart, wsp }
}

/** A media type as text, in lower case, and its parameters; names in upper case. */
function mediaType(text: string): { readonly type: string; readonly parameter: (name: string) => string | undefined } {
  const [type = '', ...rest] = text.split(';')
  const parameters = rest.map((part) => /^\s*([^=\s]+)\s*=\s*"?([^"]*?)"?\s*$/.exec(part))
  return { type: type.trim().toLowerCase(), parameter: (name) => parameters.find((match) => match?.[1]?.toUpperCase() === name)?.[2] }
}

/**
 * Reads a push that came as a datagram: WSP as is due; also as the user data of one SMS, and a Package #0 by itself, which its digest will prove.
 * Throws PushError, that of WSP where it is none of them.
 */
export function readDatagram(bytes: Uint8Array): Push {
  const start = looksLikeSms(bytes) ? (bytes[0] as number) + 1 : 0
  try {
    const push = readPdu(bytes.subarray(start))
    if (push.contentType.startsWith('?') && isPackage0(bytes)) return bare(bytes)
    return start === 0 ? push : { ...push, carriage: 'the user data header of an SMS stands before the WSP header; over UDP the port says it' }
  } catch (error) {
    if (error instanceof PushError && isPackage0(bytes)) return bare(bytes)
    throw error
  }
}

const bare = (body: Uint8Array): Push => ({
  ...facts(NOTIFICATION, undefined, undefined, () => undefined),
  body,
  bodyStart: 0,
  wsp: null,
  carriage: 'a Package #0 without the WSP header that a push has (content type and application id)',
})

/** True where octets can hardly be anything but a Package #0: a version that was in use and a printable name. */
function isPackage0(bytes: Uint8Array): boolean {
  try {
    const { version, serverId } = decodePackage0(bytes)
    return version >= 10 && version <= 13 && /^[\x21-\x7e]+$/.test(serverId)
  } catch (error) {
    if (error instanceof Package0Error) return false
    throw error
  }
}

/** Reads a push that HTTP carried; header names in any case. */
export function readHttp(contentType: string, headers: Headers, body: Uint8Array): Push {
  const { type, parameter } = mediaType(contentType)
  const header = (name: string): string | undefined => headers.find(([field]) => field.toLowerCase() === name.toLowerCase())?.[1]
  return { ...facts(type, parameter('SEC'), parameter('MAC'), header), body, bodyStart: 0, wsp: null }
}

function facts(
  contentType: string,
  sec: string | undefined,
  mac: string | undefined,
  header: (name: string) => string | undefined,
): Omit<Push, 'body' | 'bodyStart' | 'wsp'> {
  const security = sec === undefined ? null : securityNamed(sec)
  return {
    contentType,
    application: applicationOf(header(APPLICATION_FIELD) ?? ''),
    endDevice: header(GATEWAY_FIELD) ?? null,
    security,
    securityText: security === null ? (sec ?? '') : '',
    mac: mac ?? null,
  }
}

/** The WSP push of a notification that these octets are, bare or as the user data of one SMS (whose octets come first); null for anything else. */
export function notificationIn(bytes: Uint8Array): { readonly push: Push; readonly start: number } | null {
  for (const start of looksLikeSms(bytes) ? [(bytes[0] as number) + 1, 0] : [0]) {
    const pdu = bytes.subarray(start)
    if (!looksLikeWsp(pdu)) continue
    try {
      const push = readPdu(pdu)
      // A bare Package #0 may begin with these octets by chance; headers that say so besides cannot be chance.
      if (push.contentType === NOTIFICATION) return { push, start }
    } catch (error) {
      if (!(error instanceof PushError)) throw error
    }
  }
  return null
}

const looksLikeSms = (bytes: Uint8Array): boolean => bytes[0] === 6 && bytes[1] === 5 && bytes[2] === 4

/** What is odd about the headers of a WSP push, in words (NOTI 6.3, notification sheet 2.1): order, numeric codes, 48 octets. */
export function pduRemarks({ wsp, contentType, application, carriage }: Push): string[] {
  const remarks: string[] = carriage === undefined ? [] : [carriage]
  if (wsp === null) return remarks
  const headerOctets = wsp.bodyStart + 7
  if (contentType === NOTIFICATION) {
    if (wsp.typeCode === null) remarks.push('content type as text; NOTI asks for its code 0x44')
    else if (wsp.typeLength > 1) remarks.push(`content type of ${wsp.typeLength} octets; NOTI asks for its code 0x44 alone`)
    if (application === '') remarks.push('no application id; NOTI asks for x-wap-application:syncml.dm')
    else if (wsp.headers[0]?.name !== APPLICATION_FIELD) remarks.push('the application id is not the first header after the content type')
    if (headerOctets > 48) remarks.push(`WDP and WSP headers of ${headerOctets} octets over SMS; 48 is the most`)
  }
  return remarks
}
