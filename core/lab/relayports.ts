// What a relay between a device and a foreign server deals with: messages at either end, its surroundings, and findings about relaying.
import type { Headers } from '../machine.ts'
import type { Finding, Severity } from '../syncml/finding.ts'
import type { Encoding } from '../syncml/message.ts'
import type { Ledger } from '../store/ledger.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'
import type { Stepper } from './stepper.ts'

/** What came in at either end, whole. */
export interface RelayMessage {
  readonly startLine: string
  readonly headers: Headers
  readonly bytes: Uint8Array
  /** null: no SyncML; it is passed on and recorded all the same. */
  readonly encoding: Encoding | null
  readonly contentType: string
  readonly local: string
  readonly remote: string
  readonly at: number
  readonly mono: number
}

/** A request of a device. `path` is path and query as received. */
export interface RelayRequest extends RelayMessage {
  readonly method: string
  readonly path: string
}

/** An answer of the foreign server. */
export interface RelayAnswer extends RelayMessage {
  readonly status: number
  readonly statusText: string
}

/** What a device is answered in the end; null: nobody is there any more. */
export type RelayReply = Pick<RelayAnswer, 'status' | 'statusText' | 'headers' | 'bytes'> | null

/** Why the foreign server gave no answer, in words. */
export class UpstreamError extends Error {
  readonly status: 502 | 504

  constructor(status: 502 | 504, text: string, options?: ErrorOptions) {
    super(text, options)
    this.status = status
  }
}

/** One proxy as the relay sees it. */
export interface RelayRoute {
  readonly id: string
  /** What devices speak to, without a slash at the end. */
  readonly url: string
  /** Base of the foreign server, without a slash at the end. */
  readonly upstream: string
  readonly rewrite: boolean
  readonly resign: boolean
  /** True where anybody is believed to be the upstream. */
  readonly unproved: boolean
}

export interface RelayParts {
  readonly recorder: Recorder
  readonly stepper: Stepper
  readonly ledger: Pick<Ledger, 'hold' | 'account' | 'nonces'>
  readonly clock: Clock
  /** Lab that records. */
  readonly origin: string
  /** Cards moved; anything moved. */
  readonly heldMoved: () => void
  readonly changed: () => void
  /** Sends a request to the absolute URL and resolves with the whole answer. Rejects with an UpstreamError. */
  readonly passOn: (route: RelayRoute, url: string, request: RelayRequest, gone: Promise<string>) => Promise<RelayAnswer>
}

/** Findings about relaying, by id: severity and sentence. */
export const RELAY_RULES = {
  'proxy.respuri': { severity: 'warn', text: 'RespURI does not lead through this proxy: the next message of the device will not be seen' },
  'proxy.rewritten': { severity: 'note', text: 'RespURI was made to lead through this proxy' },
  'proxy.location': { severity: 'note', text: 'Location was made to lead through this proxy' },
  'proxy.mac': {
    severity: 'warn',
    text: 'The message was changed and its MAC could not be made anew: no known account and nonce give the one it had',
  },
  'proxy.signed': { severity: 'note', text: 'The message was changed and its MAC made anew with the secret of the account' },
  'proxy.unproved': { severity: 'warn', text: 'Nobody checked who the server behind this proxy is' },
} as const satisfies Readonly<Record<string, { readonly severity: Severity; readonly text: string }>>

/** A finding by one of these rules. */
export const told = (rule: keyof typeof RELAY_RULES, more = ''): Finding => {
  const { severity, text } = RELAY_RULES[rule]
  return { rule, severity, document: 'HTTP', clause: 'INFERRED', text: more === '' ? text : `${text}: ${more}`, offset: 0, length: 0 }
}
