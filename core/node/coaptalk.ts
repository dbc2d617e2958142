// What goes over a CoAP port, as values: requests and answers, ours and those of others, and how the library's own are read.
import type { IncomingMessage } from 'coap'

/** A request as it goes out. Payloads above 1024 octets travel in blocks. */
export interface CoapAsk {
  readonly host: string
  readonly port: number
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: readonly string[]
  readonly format?: number
  readonly accept?: number
  readonly payload?: Uint8Array
  /** Longest wait, ms; default by the size of what is sent. */
  readonly within?: number
}

export interface CoapAnswer {
  /** `2.05` */
  readonly code: string
  readonly format: number
  readonly payload: Uint8Array
  /** Location-Path, `/rd/ab12`; '' without. */
  readonly location: string
}

export interface CoapRequest {
  readonly method: string
  readonly path: readonly string[]
  readonly query: readonly string[]
  readonly format: number
  readonly payload: Uint8Array
  readonly from: { readonly host: string; readonly port: number }
  /** It wants to be told of changes; null: it does not. Telling and the end of it are the answerer's. */
  readonly observer: CoapObserver | null
}

export interface CoapObserver {
  tell(reply: CoapReply): void
  /** The peer does not want it any more, or is gone. */
  ended(call: () => void): void
  end(): void
}

export interface CoapReply {
  readonly code: string
  readonly format?: number
  readonly payload?: Uint8Array
  /** Parts of Location-Path. */
  readonly location?: readonly string[]
}

const NAMED: Readonly<Record<string, number>> = {
  'text/plain': 0,
  'application/link-format': 40,
  'application/octet-stream': 42,
  'application/json': 50,
  'application/senml+json': 110,
  'application/vnd.oma.lwm2m+tlv': 11542,
  'application/vnd.oma.lwm2m+json': 11543,
}

/** `accept`: the format asked for, which the last of several blocks need not say again. */
export function answerOf(answer: IncomingMessage, accept?: number): CoapAnswer {
  const location = (answer._packet.options ?? []).flatMap(({ name, value }) => (name === 'Location-Path' ? [String(value)] : []))
  const blocks = (answer._packet.options ?? []).some(({ name }) => name === 'Block2')
  return {
    code: answer.code,
    format: answer.headers['Content-Format'] === undefined && blocks && accept !== undefined ? accept : formatOf(answer),
    payload: new Uint8Array(answer.payload),
    location: location.length === 0 ? '' : `/${location.join('/')}`,
  }
}

/** Content-Format as a number; none is text. */
export function formatOf({ headers }: IncomingMessage): number {
  const format = headers['Content-Format']
  if (typeof format === 'number') return format
  return typeof format === 'string' ? (NAMED[format] ?? 0xffff) : 0
}
