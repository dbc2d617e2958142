// Messages in the stepper's hands, and what may be decided about them. Types only.
import type { Encoding } from '../syncml/message.ts'
import type { Direction, Hop, Seq } from './trace.ts'

/** A message in the stepper's hands. It stays until somebody decides, also over restarts. */
export interface Held {
  readonly id: number
  readonly seq: Seq
  readonly at: number
  readonly direction: Direction
  readonly hop: Hop
  readonly device: string
  readonly sessionId: string
  readonly commands: readonly string[]
  readonly encoding: Encoding
  /** Why it was held: step mode, or the breakpoint's text. */
  readonly why: string
  /** False once the peer has left: it can still be read, kept as a draft, or dropped. */
  readonly peerWaits: boolean
  /** Lab that holds it, where that is an attached one. */
  readonly origin?: string
}

/** What becomes of a held message. `bytes` replaces the body; the original is kept in the trace. */
export type Verdict =
  | { readonly act: 'continue' }
  /** Lets it go and holds the next message of the same session. */
  | { readonly act: 'step' }
  | { readonly act: 'edit'; readonly bytes: Uint8Array }
  /** Inbound: never shown to our machine. Outbound: never sent. Either way the peer gets an HTTP 503 with one line. */
  | { readonly act: 'drop' }

/** When messages are held. `all` holds every one; `session` only those of one session key; `off` lets all pass (what is held stays held). */
export type HoldMode = { readonly mode: 'off' } | { readonly mode: 'all' } | { readonly mode: 'session'; readonly session: number }

export interface StepperArea {
  held(): Promise<readonly Held[]>
  mode(mode: HoldMode): Promise<void>
  decide(id: number, verdict: Verdict): Promise<void>
}
