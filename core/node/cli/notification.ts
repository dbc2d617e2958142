// Package #0 on the command line: octets to fields with their places, and fields in JSON to octets with a given or a computed digest.
import { md5 } from '../../auth/md5.ts'
import { fromHex } from '../../evidence/hex.ts'
import { notificationIn, pduRemarks } from '../../notify/push.ts'
import type { Push } from '../../notify/push.ts'
import {
  bitFields,
  DIGEST_LENGTH,
  decodePackage0,
  encodePackage0,
  encodeTrigger,
  type Package0,
  Package0Error,
  package0Remarks,
  trigger,
  type Trigger,
  UI_MODES,
} from '../../syncml/package0.ts'
import { base64, concat, fromBase64, hexOf } from '../../syncml/text.ts'
import { nameOf, readInput, refuse, table, visible } from './output.ts'

/** Reads a Package #0 from a file, binary or hexadecimal, bare or inside its WSP push or SMS (`push` then). Rejects with Failure 2. */
export async function readNotification(
  file: string,
  hex: boolean,
): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly fields: Package0; readonly push: Push | null }> {
  const name = nameOf(file)
  const given = await readInput(file)
  const octets = fromHex(given)
  if (hex && !(octets instanceof Uint8Array)) refuse(`${name}: byte ${String(octets.offset)}: ${octets.reason}`)
  const whole = octets instanceof Uint8Array ? octets : given
  const push = notificationIn(whole)?.push ?? null
  const bytes = push?.body ?? whole
  try {
    return { name, bytes, fields: decodePackage0(bytes), push }
  } catch (error) {
    if (error instanceof Package0Error) refuse(`${name}: ${error.message}`)
    throw error
  }
}

/** The fields as scripts read them; what `toNotification` takes. */
export function notificationJson(fields: Package0): object {
  const { version, uiMode, initiator, future, sessionId, serverId, digest, vendor } = fields
  return { type: 'notification', digest: base64(digest), version, uiMode, initiator, future, sessionId, serverId, vendor: base64(vendor) }
}

/** What carried it, one line; '' for a bare Package #0. */
export function pushText(push: Push | null): string {
  if (push === null) return ''
  const end = push.endDevice === null ? '' : `, end device ${visible(push.endDevice)}`
  const odd = pduRemarks(push)
    .map((remark) => `odd: ${remark}\n`)
    .join('')
  return `WSP push: ${push.contentType}, ${push.application === '' ? 'no application' : push.application}${end}\n${odd}`
}

/** The fields for people, one a line, and what is odd about them; `offsets` puts the octets each field lies in before it. */
export function notificationText(bytes: Uint8Array, fields: Package0, offsets: boolean): string {
  const hex4 = (n: number): string => n.toString(16).toUpperCase().padStart(4, '0')
  const rows = bitFields(fields).map(({ start, end, name, value }) => {
    const first = Math.floor(start / 8)
    const last = Math.floor((end - 1) / 8)
    const place = offsets ? [`${hex4(first)}-${hex4(last)}`, hexOf(bytes.subarray(first, Math.min(last + 1, first + 16)))] : []
    return [...place, name, `${String(end - start)} bits`, visible(value)]
  })
  return (
    table(rows) +
    package0Remarks(fields)
      .map((remark) => `odd: ${remark}\n`)
      .join('')
  )
}

/**
 * Octets from fields in JSON: serverId and sessionId are needed; version, uiMode, initiator, future and vendor may be; and either `digest`
 * (base64), or `password` and `nonce` (base64) with `identity` where it is not the serverId. Rejects with Failure 2.
 */
export async function toNotification(file: string): Promise<Uint8Array> {
  const name = nameOf(file)
  const wrong = (reason: string): never => refuse(`${name}: ${reason}`)
  const given = parsed(new TextDecoder().decode(await readInput(file)), wrong)
  const octets = (field: string): Uint8Array => fromBase64(text(given, field, wrong)) ?? wrong(`${field} is no base64`)
  const fields = fieldsOf(given, given['vendor'] === undefined ? new Uint8Array() : octets('vendor'), wrong)
  try {
    if (given['digest'] === undefined) {
      if (given['password'] === undefined || given['nonce'] === undefined) wrong('needs either digest, or password and nonce')
      const identity = given['identity'] === undefined ? fields.serverId : text(given, 'identity', wrong)
      return encodePackage0(fields, { identity, password: text(given, 'password', wrong), nonce: octets('nonce') }, md5)
    }
    const digest = octets('digest')
    if (digest.length !== DIGEST_LENGTH) wrong(`digest has ${String(digest.length)} octets instead of ${String(DIGEST_LENGTH)}`)
    return concat([digest, encodeTrigger(fields)])
  } catch (error) {
    if (error instanceof Package0Error) wrong(error.message)
    throw error
  }
}

type Given = Readonly<Record<string, unknown>>
type Wrong = (reason: string) => never

function parsed(json: string, wrong: Wrong): Given {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Given) : wrong('is no JSON object')
  } catch (error) {
    if (error instanceof SyntaxError) return wrong(`is no JSON: ${error.message}`)
    throw error
  }
}

function text(given: Given, field: string, wrong: Wrong): string {
  const value = given[field]
  return typeof value === 'string' ? value : wrong(`${field} must be a text`)
}

function number(given: Given, field: string, otherwise: number | null, wrong: Wrong): number {
  const value = given[field] ?? otherwise
  return typeof value === 'number' ? value : wrong(`${field} must be a number`)
}

function fieldsOf(given: Given, vendor: Uint8Array, wrong: Wrong): Trigger {
  const uiMode = UI_MODES.find((mode) => mode === (given['uiMode'] ?? 'background')) ?? wrong(`uiMode must be one of ${UI_MODES.join(', ')}`)
  const initiator = given['initiator'] ?? 'server'
  if (initiator !== 'server' && initiator !== 'client') return wrong('initiator must be server or client')
  const version = number(given, 'version', 11, wrong)
  const future = number(given, 'future', 0, wrong)
  return trigger(text(given, 'serverId', wrong), number(given, 'sessionId', null, wrong), { version, future, uiMode, initiator, vendor })
}
