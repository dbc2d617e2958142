// What goes over a CoAP port, as values: requests and answers, ours and those of others, and what an endpoint needs to speak. Types only.

/** Where a datagram comes from or goes to. */
export interface Peer {
  readonly host: string
  readonly port: number
}

/** A request as it goes out. Larger payloads travel in blocks. */
export interface CoapAsk extends Peer {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: readonly string[]
  readonly format?: number
  readonly accept?: number
  readonly payload?: Uint8Array
  /** Longest wait for the whole, ms; absent: as long as there is news. */
  readonly within?: number
}

export interface CoapAnswer {
  /** `2.05` */
  readonly code: string
  /** 0 where it says none. */
  readonly format: number
  readonly payload: Uint8Array
  /** Location-Path, `/rd/ab12`; '' without. */
  readonly location: string
}

export interface CoapRequest {
  /** GET, POST, PUT, DELETE; else its code, `0.05`. */
  readonly method: string
  readonly path: readonly string[]
  readonly query: readonly string[]
  readonly format: number
  readonly payload: Uint8Array
  readonly from: Peer
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

/** What an endpoint stands on. */
export interface CoapParts {
  readonly send: (bytes: Uint8Array, to: Peer) => void
  /** Calls once after ms; gives what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void
  /** Ms of a clock that only goes forward. */
  readonly now: () => number
  readonly random: (octets: number) => Uint8Array
}
