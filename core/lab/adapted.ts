// What a gateway makes in the name of a device that speaks no SyncML: Status and Results as XML, and the generic alert of an operation that has ended.
import type { Answer } from '../adapters/command.ts'
import { escapeXml } from '../gateway/payloads.ts'
import { FUMO_ALERTS, SCOMO_COMPLETE, completeText } from '../mo/alerts.ts'
import type { Request } from '../syncml/message.ts'

/** The alert a DM device would send at the end of this Exec (scomo sheet 8, fumo sheet 5). */
export function lateAlert(
  uri: string,
  code: number,
): { readonly type: string; readonly source: string; readonly target: string; readonly data: string } {
  const at = uri.lastIndexOf('/Operations/')
  const object = at > 0 ? uri.slice(0, at) : uri.split('/').slice(0, 3).join('/')
  const name = object.slice(object.lastIndexOf('/') + 1)
  const primitive = uri.slice(uri.lastIndexOf('/') + 1) as keyof typeof FUMO_ALERTS
  return at > 0
    ? { type: SCOMO_COMPLETE, source: uri, target: object, data: completeText(code, name) }
    : { type: FUMO_ALERTS[primitive], source: object, target: '', data: String(code) }
}

/** Status and Results as the record keeps them: XML of our own, labels in place of CmdIDs. */
export function dataOf(request: Request, label: string, { code, results }: Answer): string {
  const name = request.kind === 'Other' ? request.name : request.kind
  const found = results.map(({ uri, value }) => `<Results><Source>${escapeXml(uri)}</Source><Data>${escapeXml(value)}</Data></Results>`)
  return `<Status cmd="${escapeXml(label)}" name="${name}">${code}</Status>${found.join('')}`
}
