// The one shape of everything that speaks SyncML: one input in, a list of effects out; no I/O, no clock, no randomness of its own.
import type { Decoded } from './syncml/codec.ts'
import type { Encoding, Message } from './syncml/message.ts'
import type { Finding } from './syncml/finding.ts'

/** Where a frame came from or goes to. Opaque: machines keep it and echo it, only the host reads it. */
export type Link = { readonly link: number }

/** Header fields in wire order, names as received. */
export type Headers = readonly (readonly [name: string, value: string])[]

/** One SyncML body with what its transport says about it. Bytes are never changed in place. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly encoding: Encoding
  /** Full content type to send, or as received. */
  readonly contentType: string
  /** Further transport header fields (for example x-syncml-hmac). */
  readonly headers: Headers
  /** Request URI: the path and query as received, or the absolute URI to send to. '' in a response. */
  readonly uri: string
}

/** What a machine may ask of its surroundings; the host fills it in. Only the host has a clock. */
export interface Env {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. */
  now(): number
  /** `count` unpredictable octets (a seeded generator in scenarios). */
  random(count: number): Uint8Array
}

/** Inputs common to all machines; a machine adds its own orders to this union. */
export type Input =
  /** `decoded`: what the frame's bytes decode to, where the host has it already. */
  | { readonly type: 'frame'; readonly link: Link; readonly frame: Frame; readonly decoded?: Pick<Decoded, 'message'> }
  /** The peer vanished, the request failed, or the link was closed; `reason` in words. */
  | { readonly type: 'gone'; readonly link: Link; readonly reason: string }
  | { readonly type: 'timer'; readonly id: string }
  /** The answer to an `ask` effect; `value` has the shape the question's topic defines. */
  | { readonly type: 'answer'; readonly id: string; readonly value: unknown }

/** What bytes cannot show: state moved, credentials refused and why, node changed, an illegal move. */
export interface Note {
  readonly topic: 'state' | 'auth' | 'tree' | 'problem' | 'session'
  /** One sentence for people. */
  readonly text: string
  /** Device and session it concerns, as the SyncHdr names them; '' where not known. */
  readonly device: string
  readonly sessionId: string
  readonly finding?: Finding
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>
}

/** Effects in order. The host performs them in order; a `save` is durable before any later effect leaves. */
export type Effect<Save = never> =
  /** `message`: what the frame's bytes were encoded from, where the machine knows that reading them would tell nothing else. */
  | { readonly type: 'send'; readonly link: Link; readonly frame: Frame; readonly message?: Message }
  | { readonly type: 'close'; readonly link: Link; readonly reason: string }
  /** (Re)arms the named timer; `ms` null cancels it. */
  | { readonly type: 'timer'; readonly id: string; readonly ms: number | null }
  | { readonly type: 'save'; readonly record: Save }
  | { readonly type: 'note'; readonly note: Note }
  /** Something slow or outside (a person, an adapter, a download); answered later by an `answer` input with the same id. */
  | { readonly type: 'ask'; readonly id: string; readonly topic: string; readonly question: unknown }

/** A machine. `input` never throws on any input a peer can cause. */
export interface Machine<I = Input, Save = never> {
  input(input: I): Effect<Save>[]
}
