// What a device asks its server for: the generic alert for Package #1 (scomo sheet 12, whose names no registry has; fumo sheet 8).
import type { SoftwareRequest } from '../api/software.ts'
import { FUMO_REQUESTS, SCOMO_REQUESTS, requestText } from '../mo/alerts.ts'
import type { Alert, Item } from '../syncml/message.ts'

/** The alert. SCOMO asks in XML; FUMO has vendor data, here none. */
export function requestAlert({ type, by, operation, pkg, component, version, source }: SoftwareRequest): Alert {
  const named = source === undefined || source === '' ? {} : { source: { locUri: source } }
  const wish = {
    operation,
    ...(pkg === undefined ? {} : { pkgId: pkg }),
    ...(component === undefined ? {} : { id: component }),
    ...(version === undefined ? {} : { version }),
  }
  const item: Item =
    type === 'scomo'
      ? { ...named, meta: { type: SCOMO_REQUESTS[by], format: 'xml' }, data: requestText(wish) }
      : { ...named, meta: { type: FUMO_REQUESTS[by], format: 'chr' }, data: '' }
  return { kind: 'Alert', cmdId: '', code: 1226, data: '1226', items: [item] }
}
