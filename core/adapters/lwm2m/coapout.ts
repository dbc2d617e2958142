// Requests that go out by CoAP: each answer finds the request it belongs to, by its token and its peer; one that nobody waits for is reset. It knows no socket and no clock.
import { OPTION } from './coap.ts'
import type { Datagram } from './coap.ts'
import { Exchange, METHODS, optionsOf } from './coapexchange.ts'
import { Following } from './coapfollow.ts'
import type { Wanted } from './coapfollow.ts'
import type { CoapAnswer, CoapAsk, Peer } from './coaptalk.ts'
import { tokenKey } from './coapwire.ts'
import type { CoapWire } from './coapwire.ts'

/** All requests of an endpoint that are open. */
export class CoapAsks {
  readonly wire: CoapWire
  readonly #open = new Map<string, { answered(datagram: Datagram): void; fail(why: Error): void }>()
  #closed = false

  constructor(wire: CoapWire) {
    this.wire = wire
  }

  /** Rejects with an Error in words where no answer came. */
  ask(ask: CoapAsk): Promise<CoapAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('the port is closed'))
      const token = this.wire.token()
      const key = tokenKey(ask, token)
      const exchange = new Exchange(this.wire, ask, token, (end) => {
        this.#open.delete(key)
        if (end instanceof Error) reject(end)
        else resolve(end)
      })
      this.#open.set(key, exchange)
      exchange.send()
    })
  }

  /** Follows a resource. Returns what ends it. */
  observe(ask: Wanted, told: (answer: CoapAnswer) => void, failed: (why: Error) => void): () => void {
    const token = this.wire.token()
    const key = tokenKey(ask, token)
    const ended = (why: Error | null): void => {
      this.#open.delete(key)
      if (why !== null) failed(why)
      else if (!this.#closed) this.#leave(ask, token)
    }
    const following = new Following({ wire: this.wire, read: (wanted) => this.ask({ ...wanted, method: 'GET' }), told, ended }, ask, token)
    this.#open.set(key, following)
    following.send()
    return () => following.end(null)
  }

  /** Takes the wish back; whatever comes of it. */
  #leave(ask: Wanted, token: Uint8Array): void {
    const options = optionsOf({ ...ask, method: 'GET' }, [[OPTION.observe, Uint8Array.of(1)]])
    this.wire.confirmable({ code: METHODS.GET, token, options, payload: new Uint8Array(0) }, ask, () => {})
  }

  /** An answer. One that nobody waits for is reset. */
  answered(datagram: Datagram, from: Peer): void {
    const { type, messageId, token } = datagram
    if (type === 'RST') return
    if (type === 'ACK') {
      if (this.wire.settled(from, messageId, 'acked')) this.#open.get(tokenKey(from, token))?.answered(datagram)
      return
    }
    if (this.wire.again(from, messageId)) return
    const waiting = this.#open.get(tokenKey(from, token))
    if (waiting !== undefined && type === 'NON') return waiting.answered(datagram)
    this.wire.answered(from, messageId, this.wire.empty(waiting === undefined ? 'RST' : 'ACK', messageId, from))
    waiting?.answered(datagram)
  }

  close(): void {
    this.#closed = true
    for (const each of [...this.#open.values()]) each.fail(new Error('the port was closed'))
  }
}
