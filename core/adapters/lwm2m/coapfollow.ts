// A resource that is followed by CoAP (RFC 7641): told in order, whole where it comes in blocks, until either side ends it.
import { OPTION, blockOf, optionOf, uintOf } from './coap.ts'
import type { Datagram } from './coap.ts'
import { METHODS, WITHIN, answerOf, optionsOf } from './coapexchange.ts'
import type { CoapAnswer, CoapAsk } from './coaptalk.ts'
import type { CoapWire } from './coapwire.ts'

/** Notifications are newer by their number, or when so much time has passed, ms (RFC 7641 clause 3.4). */
const STALE = 128_000
const NONE = new Uint8Array(0)

/** What is followed. */
export type Wanted = Omit<CoapAsk, 'method' | 'payload'>

export interface FollowParts {
  readonly wire: CoapWire
  /** Reads the whole where a notification holds its first block alone. */
  readonly read: (ask: Wanted) => Promise<CoapAnswer>
  readonly told: (answer: CoapAnswer) => void
  /** Once; null: nobody wants it any more. */
  readonly ended: (why: Error | null) => void
}

/** A resource that is followed. */
export class Following {
  readonly #parts: FollowParts
  readonly #ask: Wanted
  readonly #token: Uint8Array
  #messageId = -1
  #last: { readonly number: number; readonly at: number } | null = null
  #over = false
  #cancel: () => void = () => {}

  constructor(parts: FollowParts, ask: Wanted, token: Uint8Array) {
    this.#parts = parts
    this.#ask = ask
    this.#token = token
  }

  send(): void {
    const { wire } = this.#parts
    const late = (): void => this.end(new Error(`no answer to the wish to follow ${this.#ask.path}`))
    this.#cancel = wire.parts.after(this.#ask.within ?? WITHIN, late)
    const options = optionsOf({ ...this.#ask, method: 'GET' }, [[OPTION.observe, NONE]])
    this.#messageId = wire.confirmable({ code: METHODS.GET, token: this.#token, options, payload: NONE }, this.#ask, (fate) => {
      if (fate === 'lost') late()
      if (fate === 'reset') this.end(new Error(`the wish to follow ${this.#ask.path} was reset`))
    })
  }

  fail(why: Error): void {
    this.end(why)
  }

  answered(datagram: Datagram): void {
    if (this.#over) return
    const { wire } = this.#parts
    const { path } = this.#ask
    const { code } = datagram
    this.#cancel()
    wire.forget(this.#ask, this.#messageId)
    const good = code.startsWith('2.')
    const first = this.#last === null
    if (!good) return this.end(new Error(first ? `${code} to the wish to follow ${path}` : `${code} for ${path}`))
    const observe = optionOf(datagram, OPTION.observe)
    if (observe === undefined) {
      this.#tell(datagram)
      return this.end(new Error(first ? `${path} cannot be followed` : `${path} is not followed any more`))
    }
    const number = uintOf(observe)
    const now = wire.parts.now()
    const ahead = this.#last === null ? 1 : (number - this.#last.number) & 0xffffff
    // Older than what is known: it was overtaken on the way.
    if (this.#last !== null && (ahead === 0 || ahead >= 0x800000) && now - this.#last.at < STALE) return
    this.#last = { number, at: now }
    this.#tell(datagram)
  }

  /** The rest of a value in blocks is asked for. */
  #tell(datagram: Datagram): void {
    if (blockOf(datagram, OPTION.block2)?.more !== true) return this.#parts.told(answerOf(datagram))
    void this.#parts.read(this.#ask).then(
      (whole) => {
        if (!this.#over && whole.code.startsWith('2.')) this.#parts.told(whole)
      },
      () => {},
    )
  }

  end(why: Error | null): void {
    if (this.#over) return
    this.#over = true
    this.#cancel()
    this.#parts.wire.forget(this.#ask, this.#messageId)
    this.#parts.ended(why)
  }
}
