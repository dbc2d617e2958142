// Generic alerts (1226) about software: the end of an order, or a device's own request. Format, prefix and order of elements do not matter (SC-35, SC-36, FU-23).
import type { JobType, SoftwareRequest } from '../api.ts'
import { bare, fumoComplete, fumoRequestBy, isComplete, readComplete, readRequest, requestBy } from '../mo/alerts.ts'
import type { AlertRecord } from '../server/records.ts'

/** An order that ended. `code` null: the alert tells none that can be read. */
export interface Completed {
  readonly type: JobType
  readonly correlator: string
  readonly source: string
  /** FUMO: which primitive; '' for SCOMO, whose Source tells. */
  readonly primitive: string
  readonly code: number | null
  readonly objects: readonly string[]
}

export type Heard =
  | { readonly what: 'completed'; readonly completed: Completed }
  | { readonly what: 'request'; readonly request: SoftwareRequest }
  /** Of our kind, but nobody knows it: 415. */
  | { readonly what: 'unknown'; readonly why: string }
  | { readonly what: 'other' }

const FAMILY = /^(urn:oma:at:scomo:|org\.openmobilealliance\.(dm\.)?(firmwareupdate|softwarecomponent)\.)/

type AlertItem = AlertRecord['items'][number]

/** What an alert says. Several Items (one a component) are one end: the first failure counts. */
export function readAlert(alert: AlertRecord): Heard {
  if (alert.code !== 1226) return { what: 'other' }
  const [first] = alert.items
  if (first === undefined) return { what: 'other' }
  const type = bare(first.type)
  if (isComplete(type)) return { what: 'completed', completed: scomoEnd(alert) }
  const primitive = fumoComplete(type)
  if (primitive !== undefined) return { what: 'completed', completed: fumoEnd(alert, first, primitive) }
  return asked(type, first)
}

function scomoEnd(alert: AlertRecord): Completed {
  const items = alert.items.filter((item) => isComplete(bare(item.type)))
  const codes = items.map(({ data }) => readComplete(data)?.code ?? null)
  const bad = codes.find((code) => code === null || code < 1200 || code >= 1300)
  return {
    type: 'scomo',
    correlator: alert.correlator,
    source: items[0]?.source ?? '',
    primitive: '',
    code: bad === undefined ? (codes[0] ?? null) : bad,
    objects: items.map(({ target = '' }) => target).filter((target) => target !== ''),
  }
}

function fumoEnd(alert: AlertRecord, item: AlertItem, primitive: string): Completed {
  const code = /^\s*(\d{3,4})\s*$/.exec(item.data)?.[1]
  return { type: 'fumo', correlator: alert.correlator, source: item.source, primitive, code: code === undefined ? null : Number(code), objects: [] }
}

function asked(type: string, item: AlertItem): Heard {
  const by = requestBy(type)
  const source = item.source === '' ? {} : { source: item.source }
  if (by !== undefined) {
    const read = readRequest(item.data)
    if (read === null) return { what: 'unknown', why: `its data are no request: ${item.data.slice(0, 200)}` }
    const { operation, pkgId, id, version } = read
    const named = {
      ...(pkgId === undefined ? {} : { pkg: pkgId }),
      ...(id === undefined ? {} : { component: id }),
      ...(version === undefined ? {} : { version }),
    }
    return { what: 'request', request: { type: 'scomo', by, operation, ...named, ...source } }
  }
  const fumo = fumoRequestBy(type)
  if (fumo !== undefined) return { what: 'request', request: { type: 'fumo', by: fumo, operation: 'Update', ...source } }
  return FAMILY.test(type) ? { what: 'unknown', why: `no alert of that type is known: ${type}` } : { what: 'other' }
}
