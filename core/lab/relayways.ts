// Where relayed requests really go, and how foreign addresses are made to lead through the proxy; every change is told as a finding.
import type { Headers, Note } from '../machine.ts'
import { readMessage } from '../syncml/codec.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Message } from '../syncml/message.ts'
import type { Placed } from './recorder.ts'
import { withRespUri } from './relaychange.ts'
import { told } from './relayports.ts'
import type { RelayRoute } from './relayports.ts'

/** Foreign RespURIs kept for the way back. */
const WAYS = 2000
const WAY = '/.respuri/'

/** A message on its way through. */
export interface Passing {
  readonly placed: Placed
  readonly message: Message | null
  readonly bytes: Uint8Array
  readonly headers: Headers
}

/** Addresses of foreign servers and of the proxies in front of them. */
export class RelayWays {
  readonly #ways = new Map<string, string>()
  #count = 0

  /** Where a request really goes. */
  target(route: RelayRoute, path: string): string {
    return this.#ways.get(`${route.id} ${path}`) ?? `${route.upstream}${path}`
  }

  /** A foreign URL as this proxy tells it. */
  #through(route: RelayRoute, url: string): string {
    if (url === route.upstream || url.startsWith(`${route.upstream}/`) || url.startsWith(`${route.upstream}?`))
      return `${route.url}${url.slice(route.upstream.length)}`
    const path = `${WAY}${String(++this.#count)}`
    this.#ways.set(`${route.id} ${path}`, url)
    const oldest = this.#ways.size > WAYS ? this.#ways.keys().next().value : undefined
    if (oldest !== undefined) this.#ways.delete(oldest)
    return `${route.url}${path}`
  }

  /** RespURI, where it would lead the device away. */
  rewritten(route: RelayRoute, bytes: Uint8Array, placed: Placed, notes: Note[]): Uint8Array {
    const { encoding } = placed.row
    const uri = readMessage(bytes, encoding)?.header.respUri
    if (uri === undefined || encoding === '' || !/^https?:\/\//i.test(uri) || uri.startsWith(route.url)) return bytes
    if (!route.rewrite) {
      notes.push(noteOf(placed, told('proxy.respuri', uri)))
      return bytes
    }
    const fresh = this.#through(route, uri)
    notes.push(noteOf(placed, told('proxy.rewritten', `${uri} to ${fresh}`)))
    return withRespUri(bytes, encoding, fresh) ?? bytes
  }

  /** An absolute Location, where the proxy is asked to. */
  located(route: RelayRoute, { headers, placed }: Passing, remark: (note: Note) => void): Headers {
    if (!route.rewrite) return headers
    return headers.map(([name, value]) => {
      if (name.toLowerCase() !== 'location' || !/^https?:\/\//i.test(value)) return [name, value] as const
      const fresh = this.#through(route, value)
      remark(noteOf(placed, told('proxy.location', `${value} to ${fresh}`)))
      return [name, fresh] as const
    })
  }
}

/** A finding about a recorded message. */
export function noteOf({ row }: Placed, finding: Finding): Note {
  return { topic: 'problem', text: finding.text, device: row.device, sessionId: row.sessionId, finding }
}
