// CoAP on one UDP socket, both ways: requests come in and go out by the same port, as LwM2M wants it. Nothing that arrives can throw here, take memory without limit, or be done twice.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { readDatagram } from '../adapters/lwm2m/coap.ts'
import { CoapAnswers } from '../adapters/lwm2m/coapin.ts'
import { CoapAsks } from '../adapters/lwm2m/coapout.ts'
import type { CoapAnswer, CoapAsk, CoapReply, CoapRequest, Peer } from '../adapters/lwm2m/coaptalk.ts'
import { CoapWire } from '../adapters/lwm2m/coapwire.ts'
import { wordsOf } from '../syncml/text.ts'
import { endpoint, plainAddress } from './media.ts'

export interface CoapPortOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Octets a request may bring. */
  readonly most: number
  answer(request: CoapRequest): CoapReply | null
  /** Datagrams that were no CoAP, or too much. */
  refused?(text: string): void
}

export interface CoapPort {
  readonly port: number
  /** `coap://address:port` */
  readonly url: string
  /** Rejects with an Error in words where no answer came. */
  ask(ask: CoapAsk): Promise<CoapAnswer>
  /** Follows a resource. Returns what ends it. */
  observe(ask: Omit<CoapAsk, 'method' | 'payload'>, told: (answer: CoapAnswer) => void, failed: (why: Error) => void): () => void
  close(): Promise<void>
}

/** Opens the port; rejects with one clear Error. */
export async function listenCoap(options: CoapPortOptions): Promise<CoapPort> {
  const type = isIP(options.host) === 6 ? 'udp6' : 'udp4'
  const socket = createSocket({ type })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(error.code === 'EADDRINUSE' ? `UDP port ${options.port} is taken (CoAP)` : `CoAP on UDP ${options.host}: ${error.message}`)),
    )
    socket.bind(options.port, options.host, resolve)
  })
  socket.removeAllListeners('error')
  return new Port(socket, type, options)
}

class Port implements CoapPort {
  readonly port: number
  readonly url: string
  readonly #socket: Socket
  readonly #wire: CoapWire
  readonly #asks: CoapAsks
  readonly #answers: CoapAnswers
  readonly #options: CoapPortOptions
  #closed = false

  constructor(socket: Socket, type: 'udp4' | 'udp6', options: CoapPortOptions) {
    this.#socket = socket
    this.#options = options
    const { address, port } = socket.address()
    this.port = port
    this.url = `coap://${endpoint(address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address, port)}`
    this.#wire = new CoapWire({
      // A socket for both families takes an IPv4 address only in the form of the other.
      send: (bytes, to) => {
        if (!this.#closed) socket.send(bytes, to.port, type === 'udp6' && isIP(to.host) === 4 ? `::ffff:${to.host}` : to.host, () => {})
      },
      after: (ms, call) => {
        const timer = setTimeout(call, ms)
        return () => clearTimeout(timer)
      },
      now: () => performance.now(),
      random: (octets) => randomBytes(octets),
    })
    this.#asks = new CoapAsks(this.#wire)
    this.#answers = new CoapAnswers(this.#wire, {
      most: options.most,
      answer: (request) => options.answer(request),
      refused: (text, from) => options.refused?.(`${endpoint(from.host, from.port)} ${text}`),
    })
    socket.on('error', () => {})
    socket.on('message', (bytes, { address, port: from }) => this.#arrived(bytes, { host: plainAddress(address), port: from }))
  }

  #arrived(bytes: Uint8Array, from: Peer): void {
    const where = endpoint(from.host, from.port)
    const datagram = readDatagram(bytes)
    if (typeof datagram === 'string') return this.#options.refused?.(`${where} sent ${bytes.length} octets that are no CoAP: ${datagram}`)
    const { type, code, messageId } = datagram
    try {
      if (code !== '0.00' && code.startsWith('0')) {
        if (type === 'CON' || type === 'NON') this.#answers.asked(datagram, from)
      } else if (code !== '0.00') this.#asks.answered(datagram, from)
      else if (type === 'ACK' || type === 'RST') this.#wire.settled(from, messageId, type === 'ACK' ? 'acked' : 'reset')
      // A ping.
      else if (type === 'CON') this.#wire.empty('RST', messageId, from)
    } catch (error) {
      this.#options.refused?.(`${where} sent what cannot be followed: ${wordsOf(error)}`)
    }
  }

  ask(ask: CoapAsk): Promise<CoapAnswer> {
    return this.#asks.ask(ask)
  }

  observe(ask: Omit<CoapAsk, 'method' | 'payload'>, told: (answer: CoapAnswer) => void, failed: (why: Error) => void): () => void {
    return this.#asks.observe(ask, told, failed)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#asks.close()
    this.#answers.close()
    this.#wire.close()
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}
