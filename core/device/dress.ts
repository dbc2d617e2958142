// What a kind of client puts around its messages: header fields in its own order, the form of x-syncml-hmac, a query of its own. Bodies pass unchanged.
import { MAC_HEADER } from '../auth/credentials.ts'
import type { Frame } from '../machine.ts'
import type { Habits } from './habits.ts'

/** The frame as a client of these habits sends it; `serverUri` is where its first message goes. */
export function dressed(frame: Frame, habits: Habits, serverUri: string): Frame {
  const { headers, hmac, query } = habits
  const uri = query !== '' && frame.uri === serverUri && !serverUri.includes('?') ? `${serverUri}?${query}` : frame.uri
  if (uri === frame.uri && headers.length === 0 && hmac.length === 0) return frame
  const authority = /^https?:\/\/([^/?#]*)/i.exec(frame.uri)?.[1] ?? ''
  const usual = /^https:/i.test(frame.uri) ? '443' : '80'
  const known: Readonly<Record<string, string>> = {
    '{type}': frame.contentType,
    '{length}': String(frame.bytes.length),
    '{host}': authority,
    '{host:port}': /:\d+$/.test(authority) ? authority : `${authority}:${usual}`,
  }
  const own = headers.map(([name, value]): [string, string] => [name, known[value] ?? value])
  const proofs = frame.headers.map(([name, value]): readonly [string, string] => [name, name === MAC_HEADER ? arranged(value, hmac) : value])
  return { ...frame, uri, headers: [...own, ...proofs] }
}

/** The fields of a MAC header in another order. */
function arranged(value: string, order: Habits['hmac']): string {
  const fields = value.split(/,\s*(?=(?:algorithm|username|mac)=)/)
  const rank = (field: string): number => (order as readonly string[]).indexOf(field.slice(0, field.indexOf('=')))
  return order.length === 0 ? value : fields.sort((a, b) => rank(a) - rank(b)).join(', ')
}
