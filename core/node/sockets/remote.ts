// A connection whose socket lives in the thread of sockets: to the HTTP server it is a Duplex that has what a socket has; plain requests and their answers pass beside its streams.
import { Duplex } from 'node:stream'
import type { Found } from '../plain.ts'
import { ORDER } from './parcel.ts'
import type { Packer } from './parcel.ts'

/** Told when octets were handed to the operating system; the two clocks said then. An error where they never will be. */
type Written = (error: Error | null, at: number, mono: number) => void

/** Octets of a stream that may wait here for the thread: what goes over together is written together. */
const WAITING = 128 * 1024

/** Where a connection runs. */
export interface Ends {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
}

/** Events besides those of a Duplex: `timeout` as of a socket. */
export class RemoteSocket extends Duplex {
  readonly id: number
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  /** Gets every plain request, with what the two clocks said; where nobody wants them any more their octets come as data. */
  plain: ((found: Found, at: number, mono: number) => void) | null = null
  readonly #out: Packer
  readonly #soon: () => void
  /** Who waits for what was written, in order. */
  readonly #written: Written[] = []
  #paused = false
  /** False once the thread has closed its end. */
  #there = true

  constructor(id: number, ends: Ends, out: Packer, soon: () => void) {
    super({ allowHalfOpen: true, writableHighWaterMark: WAITING })
    this.id = id
    this.localAddress = ends.localAddress
    this.localPort = ends.localPort
    this.remoteAddress = ends.remoteAddress
    this.remotePort = ends.remotePort
    this.#out = out
    this.#soon = soon
  }

  address(): { address: string; port: number; family: string } {
    return { address: this.localAddress, port: this.localPort, family: this.localAddress.includes(':') ? 'IPv6' : 'IPv4' }
  }

  /** As of a socket: `timeout` is emitted after so many ms of silence; 0: never. */
  setTimeout(ms: number, listener?: () => void): this {
    this.#order(ORDER.timeout, ms)
    if (listener !== undefined) this.once('timeout', listener)
    return this
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  /** As of a socket: closes when everything is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** Answers a plain request past the streams: head (Latin-1) and body leave together. */
  answer(head: string, body: Uint8Array, written: Written): void {
    this.#written.push(written)
    this.#order(ORDER.write, 1, head.length + body.length)
    this.#out.latin1(head)
    this.#out.bytes(body)
  }

  /** Octets came. */
  came(bytes: Buffer): void {
    if (this.destroyed || this.push(bytes) || this.#paused) return
    this.#paused = true
    this.#order(ORDER.pause)
  }

  /** The oldest write is through. */
  wrote(at: number, mono: number): void {
    this.#written.shift()?.(null, at, mono)
  }

  /** The thread has closed the socket. */
  gone(error: Error | undefined): void {
    this.#there = false
    this.destroy(error)
  }

  override _read(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#order(ORDER.resume)
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#written.push(done)
    this.#order(ORDER.write, 0, chunk.length)
    this.#out.bytes(chunk)
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#written.push(done)
    let size = 0
    for (const { chunk } of chunks) size += chunk.length
    this.#order(ORDER.write, 0, size)
    for (const { chunk } of chunks) this.#out.bytes(chunk)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#written.push(done)
    this.#order(ORDER.end)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#there) this.#order(ORDER.destroy)
    done(error)
    const lost = error ?? new Error('the connection is closed')
    // Who waits for a close hears of that first.
    process.nextTick(() => this.#written.splice(0).forEach((written) => written(lost, 0, 0)))
  }

  #order(what: number, a = 0, c = 0): void {
    this.#out.put(what, this.id, a, 0, c)
    this.#soon()
  }
}
