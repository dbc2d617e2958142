// CoAP on one UDP socket, both ways: requests come in and go out by the same port, as LwM2M wants it. Nothing that arrives can throw here, take memory without limit, or be answered twice.
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { Agent, createServer } from 'coap'
import type { IncomingMessage, ObserveReadStream, ObserveWriteStream, OutgoingMessage } from 'coap'
import { lookAt } from '../adapters/lwm2m/coap.ts'
import { wordsOf } from '../syncml/text.ts'
import { answerOf, formatOf } from './coaptalk.ts'
import type { CoapAnswer, CoapAsk, CoapObserver, CoapReply, CoapRequest } from './coaptalk.ts'
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

/** An answer in blocks may have this many octets. */
const ANSWER_MOST = 4 * 1024 * 1024
/** A request without news may take this long, and one more second for each 4 kB of it. The protocol itself tries for 45 to 93 s. */
const WITHIN = 60_000
const IN_ONE = 1024
const BLOCK_1024 = Uint8Array.of(6)
const ACKS_KEPT = 512

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

type Takes = (bytes: Buffer, from: RemoteInfo) => void

class Port implements CoapPort {
  readonly port: number
  readonly url: string
  readonly #socket: Socket
  readonly #agent: Agent
  readonly #server: ReturnType<typeof createServer>
  readonly #options: CoapPortOptions
  readonly #acks = new Set<string>()
  readonly #open = new Set<(why: Error) => void>()
  readonly #observers = new Set<ObserveWriteStream>()
  #closed = false

  constructor(socket: Socket, type: 'udp4' | 'udp6', options: CoapPortOptions) {
    this.#socket = socket
    this.#options = options
    const { address, port } = socket.address()
    this.port = port
    this.url = `coap://${endpoint(address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address, port)}`
    this.#agent = new Agent({ type, socket })
    const answers = taken(socket)
    this.#server = createServer({ type })
    this.#server.listen(socket)
    const requests = taken(socket)
    socket.on('error', () => {})
    this.#agent.on('error', () => {})
    this.#server.on('error', () => {})
    socket.on('message', (bytes, from) => this.#arrived(bytes, from, answers, requests))
    this.#server.on('request', (request: IncomingMessage, response: OutgoingMessage | ObserveWriteStream) => this.#answer(request, response))
  }

  /** What is no CoAP, too much, or an answer that was there before goes no further. */
  #arrived(bytes: Buffer, from: RemoteInfo, answers: Takes, requests: Takes): void {
    const where = endpoint(plainAddress(from.address), from.port)
    const look = lookAt(bytes)
    if (typeof look === 'string') return this.#options.refused?.(`${where} sent ${bytes.length} octets that are no CoAP: ${look}`)
    const empty = look.code === '0.00'
    if (look.class === 0 && look.upTo > this.#options.most)
      return this.#options.refused?.(`${where} sends a request of ${look.upTo} octets and more; ${this.#options.most} are taken`)
    if (look.type === 'ACK' && this.#again(`${where} ${look.messageId}`)) return
    try {
      if (empty || look.class > 0) answers(bytes, from)
      if ((empty && (look.type === 'ACK' || look.type === 'RST')) || (!empty && look.class === 0)) requests(bytes, from)
    } catch (error) {
      this.#options.refused?.(`${where} sent what cannot be followed: ${wordsOf(error)}`)
    }
  }

  /** An acknowledgement that came twice would have its block counted twice. */
  #again(key: string): boolean {
    if (this.#acks.has(key)) return true
    this.#acks.add(key)
    const [oldest] = this.#acks
    if (this.#acks.size > ACKS_KEPT && oldest !== undefined) this.#acks.delete(oldest)
    return false
  }

  #answer(request: IncomingMessage, response: OutgoingMessage | ObserveWriteStream): void {
    const observes = '_counter' in response
    response.on('error', () => {})
    const [path = '', query = ''] = request.url.split(/\?(.*)/s)
    const block = request._packet.options?.find(({ name }) => name === 'Block1')
    const put = ({ code, format, payload, location }: CoapReply): void => {
      response.statusCode = code
      if (format !== undefined) response.setOption('Content-Format', format)
      if (location !== undefined)
        response.setOption(
          'Location-Path',
          location.map((part) => Buffer.from(part)),
        )
      if (block !== undefined && !observes) response.setOption('Block1', Buffer.from(block.value))
      const body = payload === undefined ? undefined : Buffer.from(payload)
      if (observes && body !== undefined && code.startsWith('2')) response.write(body)
      else response.end(body)
    }
    const reply = this.#options.answer({
      method: request.method,
      path: path.split('/').filter((part) => part !== ''),
      query: query === '' ? [] : query.split('&'),
      format: formatOf(request),
      payload: new Uint8Array(request.payload),
      from: { host: plainAddress(request.rsinfo.address), port: request.rsinfo.port },
      observer: observes ? this.#observer(response, put) : null,
    })
    if (reply !== null) put(reply)
  }

  #observer(stream: ObserveWriteStream, put: (reply: CoapReply) => void): CoapObserver {
    this.#observers.add(stream)
    stream.on('finish', () => this.#observers.delete(stream))
    return {
      tell: (reply) => {
        if (!stream.writableEnded) put(reply)
      },
      ended: (call) => void stream.on('finish', call),
      end: () => {
        this.#observers.delete(stream)
        stream.removeAllListeners('finish')
        stream.destroy()
      },
    }
  }

  ask(ask: CoapAsk): Promise<CoapAnswer> {
    return new Promise((resolve, reject) => {
      const { payload = new Uint8Array(0), within = WITHIN + payload.length / 4 } = ask
      const request = this.#request(ask, payload.length)
      const done = (end: () => void): void => {
        clearTimeout(timer)
        this.#open.delete(failed)
        end()
      }
      const failed = (why: Error): void =>
        done(() => {
          this.#agent.abort(request)
          reject(why)
        })
      const timer = setTimeout(() => failed(new Error(`no answer to ${ask.method} ${ask.path} within ${Math.round(within / 1000)} s`)), within)
      this.#open.add(failed)
      request.on('response', (answer) => {
        if (answer.code === '0.00') return failed(new Error(`${ask.method} ${ask.path} was reset`))
        done(() => resolve(answerOf(answer, ask.accept)))
      })
      request.on('error', failed)
      request.on('timeout', failed)
      request.sender.on('sending', () => {
        if (request._totalPayload.length > ANSWER_MOST) failed(new Error(`the answer to ${ask.path} has more than ${ANSWER_MOST} octets`))
      })
      if (this.#closed) return failed(new Error('the port is closed'))
      request.end(Buffer.from(payload))
    })
  }

  observe(ask: Omit<CoapAsk, 'method' | 'payload'>, told: (answer: CoapAnswer) => void, failed: (why: Error) => void): () => void {
    const request = this.#request({ ...ask, method: 'GET' }, 0, true)
    let stream: ObserveReadStream | null = null
    let over = false
    const end = (why: Error | null): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      this.#open.delete(end)
      if (stream === null) this.#agent.abort(request)
      else stream.close(why === null && !this.#closed)
      if (why !== null) failed(why)
    }
    const timer = setTimeout(() => end(new Error(`no answer to the wish to follow ${ask.path}`)), ask.within ?? WITHIN)
    this.#open.add(end)
    request.on('error', end)
    request.on('timeout', end)
    request.on('response', (answer: IncomingMessage | ObserveReadStream) => {
      clearTimeout(timer)
      if (over) return
      if (!('lastMessageId' in answer) || answer.headers.Observe === undefined) {
        if ('lastMessageId' in answer) answer.close()
        if (answer.code.startsWith('2')) told(answerOf(answer))
        return end(new Error(answer.code.startsWith('2') ? `${ask.path} cannot be followed` : `${answer.code} to the wish to follow ${ask.path}`))
      }
      stream = answer
      stream.on('data', () => {
        if (over) return
        if (answer.code.startsWith('2')) told(answerOf(answer))
        else end(new Error(`${answer.code} for ${ask.path}`))
      })
    })
    request.end()
    return () => end(null)
  }

  #request(ask: Omit<CoapAsk, 'payload'>, size: number, observe = false): OutgoingMessage {
    const { host, port, method, path, query, format, accept } = ask
    return this.#agent.request({
      hostname: host,
      port,
      method,
      pathname: path,
      ...(query === undefined ? {} : { query: query.join('&') }),
      ...(observe ? { observe: true } : {}),
      ...(accept === undefined ? {} : { accept }),
      ...(format === undefined ? {} : { contentFormat: format }),
      ...(size > IN_ONE ? { options: { Block1: Buffer.from(BLOCK_1024) } } : {}),
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const failed of [...this.#open]) failed(new Error('the port was closed'))
    for (const stream of this.#observers) stream.destroy()
    this.#agent.close()
    this.#server.close()
    // A repetition that rings later finds nobody to send it, and no error either.
    this.#socket.send = () => {}
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}

/** The one listener the library has just put on the socket, taken off it. */
function taken(socket: Socket): Takes {
  const [takes] = socket.listeners('message')
  socket.removeAllListeners('message')
  return takes as Takes
}
