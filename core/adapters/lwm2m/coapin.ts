// Requests that come in by CoAP: each done once, put together from blocks whatever their tokens (RFC 7959 clause 2.5), answered in blocks where they are large; those who follow are told (RFC 7641).
import { OPTION, blockBytes, blockOf, optionOf, textsOf, uintBytes, uintOf, unknownCritical, writeDatagram } from './coap.ts'
import type { CoapOption, Datagram } from './coap.ts'
import type { CoapObserver, CoapReply, CoapRequest, Peer } from './coaptalk.ts'
import { peerKey, tokenKey } from './coapwire.ts'
import type { CoapWire } from './coapwire.ts'
import { concat, utf8Bytes } from '../../syncml/text.ts'

const METHODS: Readonly<Record<string, string>> = { '0.01': 'GET', '0.02': 'POST', '0.03': 'PUT', '0.04': 'DELETE' }
/** Octets of an answer that go in one message. */
const IN_ONE = 1024
/** Requests that are still coming, and large answers still read: the oldest of more are forgotten. */
const MOST = 64
const NONE = new Uint8Array(0)

export interface CoapInParts {
  /** Octets a request may bring. */
  readonly most: number
  readonly answer: (request: CoapRequest) => CoapReply | null
  readonly refused: (text: string, from: Peer) => void
}

interface Coming {
  readonly parts: Uint8Array[]
  length: number
}

/** All requests to an endpoint, and who follows it. */
export class CoapAnswers {
  readonly #wire: CoapWire
  readonly #parts: CoapInParts
  readonly #coming = new Map<string, Coming>()
  readonly #leaving = new Map<string, CoapReply>()
  readonly #observers = new Map<string, Observer>()

  constructor(wire: CoapWire, parts: CoapInParts) {
    this.#wire = wire
    this.#parts = parts
  }

  asked(datagram: Datagram, from: Peer): void {
    if (this.#wire.again(from, datagram.messageId)) return
    if (unknownCritical(datagram) !== null) return this.#reply(datagram, from, { code: '4.02' })
    const place = [peerKey(from), datagram.code, ...textsOf(datagram, OPTION.uriPath), '?', ...textsOf(datagram, OPTION.uriQuery)].join('/')
    const block2 = blockOf(datagram, OPTION.block2)
    const kept = block2 !== null && block2.num > 0 ? this.#leaving.get(place) : undefined
    if (kept !== undefined) return this.#reply(datagram, from, kept, [], place)
    const block1 = blockOf(datagram, OPTION.block1)
    if (block1 === null) return this.#whole(datagram, from, datagram.payload, place)
    const { most } = this.#parts
    const size1: CoapOption = [OPTION.size1, uintBytes(most)]
    const echo: CoapOption = [OPTION.block1, blockBytes(block1)]
    const at = block1.num * block1.size
    if (at + datagram.payload.length > most) {
      this.#coming.delete(place)
      this.#parts.refused(`sends a request of ${at + block1.size} octets and more; ${most} are taken`, from)
      return this.#reply(datagram, from, { code: '4.13' }, [echo, size1])
    }
    const coming = block1.num === 0 ? this.#begin(place) : this.#coming.get(place)
    if (coming === undefined || at > coming.length || (block1.more && datagram.payload.length !== block1.size)) {
      this.#coming.delete(place)
      return this.#reply(datagram, from, { code: '4.08' }, [echo])
    }
    // What came before under another id is there already.
    if (at === coming.length) {
      coming.parts.push(datagram.payload)
      coming.length += datagram.payload.length
    }
    if (block1.more) return this.#reply(datagram, from, { code: '2.31' }, [echo])
    this.#coming.delete(place)
    this.#whole(datagram, from, concat(coming.parts), place, [echo])
  }

  #begin(place: string): Coming {
    const coming: Coming = { parts: [], length: 0 }
    this.#coming.delete(place)
    this.#coming.set(place, coming)
    const [oldest] = this.#coming.keys()
    if (this.#coming.size > MOST && oldest !== undefined) this.#coming.delete(oldest)
    return coming
  }

  #whole(datagram: Datagram, from: Peer, payload: Uint8Array, place: string, more: readonly CoapOption[] = []): void {
    const wish = datagram.code === '0.01' ? optionOf(datagram, OPTION.observe) : undefined
    const key = tokenKey(from, datagram.token)
    if (wish !== undefined) this.#observers.get(key)?.gone()
    const observer =
      wish !== undefined && uintOf(wish) === 0 ? new Observer(this.#wire, datagram.token, from, () => this.#observers.delete(key)) : null
    if (observer !== null) this.#observers.set(key, observer)
    const reply = this.#parts.answer({
      method: METHODS[datagram.code] ?? datagram.code,
      path: textsOf(datagram, OPTION.uriPath).filter((part) => part !== ''),
      query: textsOf(datagram, OPTION.uriQuery),
      format: uintOf(optionOf(datagram, OPTION.contentFormat) ?? NONE),
      payload,
      from,
      observer,
    })
    if (reply === null) return
    const followed = observer !== null && reply.code.startsWith('2.') && observer.open
    if (observer !== null && !followed) observer.gone()
    this.#reply(datagram, from, reply, followed ? [...more, [OPTION.observe, uintBytes(observer.next())]] : more, place)
  }

  #reply({ type, messageId, token, ...asked }: Datagram, from: Peer, reply: CoapReply, more: readonly CoapOption[] = [], place = ''): void {
    const options: CoapOption[] = [...optionsOf(reply), ...more]
    let { payload = NONE } = reply
    const wanted = blockOf({ type, messageId, token, ...asked }, OPTION.block2)
    const size = Math.min(wanted?.size ?? IN_ONE, IN_ONE)
    if (payload.length > size || (wanted !== null && wanted.num > 0)) {
      const num = wanted?.num ?? 0
      this.#keep(place, reply)
      options.push([OPTION.block2, blockBytes({ num, more: (num + 1) * size < payload.length, size })])
      payload = payload.subarray(num * size, (num + 1) * size)
    }
    const confirmable = type === 'CON'
    const id = confirmable ? messageId : this.#wire.id()
    const bytes = writeDatagram({ type: confirmable ? 'ACK' : 'NON', code: reply.code, messageId: id, token, options, payload })
    this.#wire.answered(from, messageId, bytes)
    this.#wire.parts.send(bytes, from)
  }

  #keep(place: string, reply: CoapReply): void {
    if (place === '' || this.#leaving.get(place) === reply) return
    this.#leaving.delete(place)
    this.#leaving.set(place, reply)
    const [oldest] = this.#leaving.keys()
    if (this.#leaving.size > MOST && oldest !== undefined) this.#leaving.delete(oldest)
  }

  close(): void {
    for (const observer of [...this.#observers.values()]) observer.end()
  }
}

function optionsOf({ format, location }: CoapReply): CoapOption[] {
  return [
    ...(location ?? []).map((part): CoapOption => [OPTION.locationPath, utf8Bytes(part)]),
    ...(format === undefined ? [] : [[OPTION.contentFormat, uintBytes(format)] as const]),
  ]
}

/** One who follows a resource. */
class Observer implements CoapObserver {
  readonly #wire: CoapWire
  readonly #token: Uint8Array
  readonly #to: Peer
  readonly #left: () => void
  readonly #calls: (() => void)[] = []
  #number = 1
  #messageId = -1
  open = true

  constructor(wire: CoapWire, token: Uint8Array, to: Peer, left: () => void) {
    this.#wire = wire
    this.#token = token
    this.#to = to
    this.#left = left
  }

  next(): number {
    this.#number = (this.#number + 1) & 0xffffff
    return this.#number
  }

  tell(reply: CoapReply): void {
    if (!this.open) return
    // What was not heard of before is old by now.
    this.#wire.forget(this.#to, this.#messageId)
    const good = reply.code.startsWith('2.')
    const options: CoapOption[] = [...optionsOf(reply), ...(good ? [[OPTION.observe, uintBytes(this.next())] as const] : [])]
    const { payload = NONE } = reply
    if (payload.length > IN_ONE) options.push([OPTION.block2, blockBytes({ num: 0, more: true, size: IN_ONE })])
    const message = { code: reply.code, token: this.#token, options, payload: payload.subarray(0, IN_ONE) }
    this.#messageId = this.#wire.confirmable(message, this.#to, (fate) => {
      if (fate !== 'acked') this.gone()
    })
    if (!good) this.gone()
  }

  ended(call: () => void): void {
    this.#calls.push(call)
  }

  /** The peer has left, or was told why there is no more. */
  gone(): void {
    if (!this.open) return
    this.open = false
    this.#left()
    for (const call of this.#calls.splice(0)) call()
  }

  end(): void {
    this.#calls.length = 0
    this.#wire.forget(this.#to, this.#messageId)
    this.gone()
  }
}
