// Generic alerts (1226) about software: Types of reports and of requests, and the Data they carry, as read and as written. Types are read bare, prefixed or padded.
import type { FumoPrimitive } from './fumo.ts'
import type { Mark } from './mark.ts'
import { confirmed, inferred } from './mark.ts'

/** Alert types of SCOMO's final report, first the one we send. */
const SCOMO_ALERTS: readonly { readonly type: string; readonly mark: Mark }[] = [
  { type: 'urn:oma:at:scomo:1.0:OperationComplete', mark: confirmed('OMNA', 'impl MT', 'DM2') },
  { type: 'Reversed-Domain-Name: urn:oma:at:scomo:1.0:OperationComplete', mark: inferred('DM 1.2 demands a prefix; nobody sends it') },
  { type: 'org.openmobilealliance.dm.softwarecomponent.OperationComplete', mark: confirmed('impl NK') },
]
export const SCOMO_COMPLETE = 'urn:oma:at:scomo:1.0:OperationComplete'

/** Alert types by which a device asks for an operation of SCOMO. No registry has them: modelled on FUMO. */
export const SCOMO_REQUESTS = {
  user: 'urn:oma:at:scomo:1.0:UserRequest',
  device: 'urn:oma:at:scomo:1.0:DeviceRequest',
} as const
export const SCOMO_REQUEST_MARK: Mark = inferred(
  'unregistered names, modelled on the client-initiated update of FUMO; the registry lists none (OMNA)',
)

/** Alert types of FUMO's final report (FUMO, OMNA), by the node that was executed. */
export const FUMO_ALERTS: Readonly<Record<FumoPrimitive, string>> = {
  Download: 'org.openmobilealliance.dm.firmwareupdate.download',
  Update: 'org.openmobilealliance.dm.firmwareupdate.update',
  DownloadAndUpdate: 'org.openmobilealliance.dm.firmwareupdate.downloadandupdate',
}
/** Alert types by which a device asks for an update of its firmware. */
export const FUMO_REQUESTS = {
  user: 'org.openmobilealliance.dm.firmwareupdate.userrequest',
  device: 'org.openmobilealliance.dm.firmwareupdate.devicerequest',
} as const

export const OPERATIONS = ['CheckUpdate', 'Install', 'InstallInactive', 'Update', 'Remove', 'Activate', 'Deactivate', 'Download', 'Resume'] as const
export type Operation = (typeof OPERATIONS)[number]

/** What a device asks for (section 12; INFERRED). */
export interface ScomoRequest {
  readonly operation: Operation
  readonly pkgId?: string
  readonly id?: string
  readonly version?: string
  readonly envType?: string
}

const FIELDS = [
  ['pkgId', 'PkgID'],
  ['id', 'ID'],
  ['version', 'Version'],
  ['envType', 'EnvType'],
] as const

/** The XML of a request's Data. */
export function requestText(request: ScomoRequest): string {
  const fields = FIELDS.flatMap(([key, name]) => (request[key] === undefined ? [] : [element(name, request[key])]))
  return `<ScomoRequest>${element('Operation', request.operation)}${fields.join('')}</ScomoRequest>`
}

/** Reads it; empty Data asks to look for updates. Null where it is no request. */
export function readRequest(text: string): ScomoRequest | null {
  if (text.trim() === '') return { operation: 'CheckUpdate' }
  const operation = OPERATIONS.find((each) => each === inside(text, 'Operation'))
  if (operation === undefined) return null
  const fields = FIELDS.flatMap(([key, name]) => {
    const value = inside(text, name)
    return value === null || value === '' ? [] : [[key, value] as const]
  })
  return { operation, ...(Object.fromEntries(fields) as Omit<ScomoRequest, 'operation'>) }
}

/** The Data of a final alert: two sibling elements, no wrapper. */
export function completeText(code: number, identifier: string): string {
  return element('ResultCode', String(code)) + element('Identifier', identifier)
}

/** Reads it, in any order, with or without a wrapper; null where there is no ResultCode. */
export function readComplete(text: string): { readonly code: number; readonly identifier: string } | null {
  const code = inside(text, 'ResultCode')
  return code === null || !/^\d{1,5}$/.test(code) ? null : { code: Number(code), identifier: inside(text, 'Identifier') ?? '' }
}

/** True where an alert's Type says that an operation is complete: bare, prefixed, padded, or Nokia's pre-final name. */
export function isComplete(type: string): boolean {
  return SCOMO_ALERTS.some((row) => bare(row.type) === bare(type))
}

/** Who asks by an alert of that Type; undefined where it is no request. */
export function requestBy(type: string): 'user' | 'device' | undefined {
  return (['user', 'device'] as const).find((by) => bare(type) === SCOMO_REQUESTS[by])
}

/** An alert Type without the prefix DM 1.2 asks for, and without white space around it. */
export function bare(type: string): string {
  return type.replace(/^\s*(Reversed-Domain-Name|Content-Type):/i, '').trim()
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const element = (name: string, text: string): string => `<${name}>${text.replace(/[&<>]/g, (c) => ESCAPES[c] ?? c)}</${name}>`

function inside(text: string, name: string): string | null {
  const found = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)</(?:\\w+:)?${name}\\s*>`).exec(text)
  if (found !== null) return unescape(found[1]?.trim() ?? '')
  return new RegExp(`<(?:\\w+:)?${name}\\s*/>`).test(text) ? '' : null
}

const unescape = (text: string): string =>
  text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')

/** FUMO's Types as older clients write them, without `dm` (confirmed: impl Symbian, AOSP). */
const OLDER = /^org\.openmobilealliance\.(?=firmwareupdate\.)/i
const fumoType = (type: string): string => bare(type).replace(OLDER, 'org.openmobilealliance.dm.')

/** Who asks by an alert of that Type; undefined where it is no request. */
export function fumoRequestBy(type: string): 'user' | 'device' | undefined {
  return (['user', 'device'] as const).find((by) => fumoType(type) === FUMO_REQUESTS[by])
}

/** Which operation an alert's Type says is complete: bare, prefixed, padded or older; undefined where it is none. */
export function fumoComplete(type: string): FumoPrimitive | undefined {
  return (['Download', 'Update', 'DownloadAndUpdate'] as const).find((name) => FUMO_ALERTS[name] === fumoType(type))
}
