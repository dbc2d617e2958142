// The way to registered LwM2M clients as the adapter sees it: what it asks, and what it can follow. Types only.
import type { Registration, RegistryFact } from './registry.ts'
import type { LwReply } from './reply.ts'

export interface LwAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly format?: number
  readonly accept?: number
  readonly payload?: Uint8Array
  /** Longest wait, ms; absent: as long as the protocol tries. */
  readonly within?: number
}

/** The way to registered clients. Promises reject with an Error in words where no answer came. */
export interface LwLine {
  registrations(): readonly Registration[]
  of(endpoint: string): Registration | undefined
  follow(told: (fact: RegistryFact) => void): () => void
  ask(endpoint: string, ask: LwAsk): Promise<LwReply>
  observe(
    endpoint: string,
    ask: { readonly path: string; readonly accept?: number },
    told: (reply: LwReply) => void,
    failed: (why: Error) => void,
  ): () => void
}
