// The message layer of CoAP (RFC 7252 clause 4): message ids, confirmable messages until they are acknowledged, and what arrived twice. It knows no request.
import { hexOf } from '../../syncml/text.ts'
import { writeDatagram } from './coap.ts'
import type { Datagram } from './coap.ts'
import type { CoapParts, Peer } from './coaptalk.ts'

/** RFC 7252 clause 4.8. */
const ACK_TIMEOUT = 2000
const MAX_RETRANSMIT = 4
/** Ids of a peer mean something for so long, ms (EXCHANGE_LIFETIME). */
const REMEMBERED = 247_000
const MOST_REMEMBERED = 4096
const NONE = new Uint8Array(0)

/** Told once: `acked` by an empty message or an answer, `reset`, or `lost` after all repetitions. */
export type Fate = 'acked' | 'reset' | 'lost'

interface Sent {
  cancel: () => void
  readonly told: (fate: Fate) => void
}

export const peerKey = ({ host, port }: Peer): string => `${host} ${port}`
const idKey = (peer: Peer, id: number): string => `${peerKey(peer)} ${id}`

export class CoapWire {
  readonly parts: CoapParts
  readonly #sent = new Map<string, Sent>()
  /** What was answered to a message, by its id; null: nothing yet. */
  readonly #heard = new Map<string, { readonly at: number; reply: Uint8Array | null }>()
  #nextId: number

  constructor(parts: CoapParts) {
    this.parts = parts
    const [high = 0, low = 0] = parts.random(2)
    this.#nextId = high * 256 + low
  }

  /** Sends a confirmable message until it is acknowledged; its id. */
  confirmable(message: Omit<Datagram, 'type' | 'messageId'>, to: Peer, told: (fate: Fate) => void): number {
    const messageId = this.id()
    const bytes = writeDatagram({ ...message, type: 'CON', messageId })
    const key = idKey(to, messageId)
    const [octet = 0] = this.parts.random(1)
    let wait = ACK_TIMEOUT * (1 + octet / 512)
    let left = MAX_RETRANSMIT
    const sent: Sent = { cancel: () => {}, told }
    const again = (): void => {
      this.parts.send(bytes, to)
      sent.cancel = this.parts.after(wait, () => {
        if (left === 0) return this.#settle(key, 'lost')
        left -= 1
        wait *= 2
        again()
      })
    }
    this.#sent.set(key, sent)
    again()
    return messageId
  }

  /** Nobody waits for it any more. */
  forget(to: Peer, id: number): void {
    const key = idKey(to, id)
    this.#sent.get(key)?.cancel()
    this.#sent.delete(key)
  }

  /** An acknowledgement or reset arrived. False where nothing of that id was sent there. */
  settled(from: Peer, id: number, fate: 'acked' | 'reset'): boolean {
    return this.#settle(idKey(from, id), fate)
  }

  #settle(key: string, fate: Fate): boolean {
    const sent = this.#sent.get(key)
    if (sent === undefined) return false
    sent.cancel()
    this.#sent.delete(key)
    sent.told(fate)
    return true
  }

  empty(type: 'ACK' | 'RST', messageId: number, to: Peer): Uint8Array {
    const bytes = writeDatagram({ type, code: '0.00', messageId, token: NONE, options: [], payload: NONE })
    this.parts.send(bytes, to)
    return bytes
  }

  /** True where this message was here before: what was answered then goes once more. */
  again(from: Peer, id: number): boolean {
    const key = idKey(from, id)
    const before = this.#heard.get(key)
    if (before !== undefined && this.parts.now() - before.at < REMEMBERED) {
      if (before.reply !== null) this.parts.send(before.reply, from)
      return true
    }
    this.#heard.delete(key)
    this.#heard.set(key, { at: this.parts.now(), reply: null })
    const [oldest] = this.#heard.keys()
    if (this.#heard.size > MOST_REMEMBERED && oldest !== undefined) this.#heard.delete(oldest)
    return false
  }
  /** What goes out when that message comes again. */
  answered(from: Peer, id: number, reply: Uint8Array): void {
    const heard = this.#heard.get(idKey(from, id))
    if (heard !== undefined) heard.reply = reply
  }

  id(): number {
    this.#nextId = (this.#nextId + 1) & 0xffff
    return this.#nextId
  }
  token(): Uint8Array {
    return this.parts.random(8)
  }

  close(): void {
    for (const { cancel } of this.#sent.values()) cancel()
    this.#sent.clear()
  }
}

export const tokenKey = (peer: Peer, token: Uint8Array): string => `${peerKey(peer)} ${hexOf(token)}`
