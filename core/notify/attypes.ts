// What goes into the dialogue with a modem and what comes out of it; types only.

/** A message to send: PDUs in hexadecimal with the octets AT+CMGS counts. */
export interface AtJob {
  readonly id: number
  readonly parts: readonly { readonly hex: string; readonly length: number }[]
}

export type AtInput =
  /** The port is open: the dialogue begins. */
  | { readonly type: 'open'; readonly pin: string }
  /** Octets from the modem as ISO-8859-1. */
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'timer' }
  /** The port is gone: pulled out, closed, failed. */
  | { readonly type: 'gone'; readonly reason: string }
  | { readonly type: 'send'; readonly job: AtJob }
  /** Asks anew how the modem fares. */
  | { readonly type: 'look' }

export type AtEffect =
  | { readonly type: 'write'; readonly text: string }
  /** (Re)arms the one timer; null cancels it. */
  | { readonly type: 'timer'; readonly ms: number | null }
  | { readonly type: 'line'; readonly direction: 'out' | 'in' | 'lab'; readonly text: string; readonly meaning: string }
  /** `status` moved. */
  | { readonly type: 'moved' }
  | {
      readonly type: 'part'
      readonly job: number
      readonly part: number
      readonly state: 'sending' | 'sent' | 'failed'
      readonly reference: number | null
      readonly text: string
    }
  /** All parts were taken (`trouble` '') or the rest is given up. */
  | { readonly type: 'done'; readonly job: number; readonly trouble: string }
  /** A PDU came by itself, or was read out of the modem's storage. */
  | { readonly type: 'pdu'; readonly hex: string }

/** What is known of the modem. */
export interface AtStatus {
  readonly stage: 'closed' | 'asking' | 'ready' | 'sending' | 'failed'
  readonly maker: string
  readonly model: string
  readonly sim: string
  readonly dbm: number | null
  readonly operator: string
  readonly smsc: string
  readonly trouble: string
}
