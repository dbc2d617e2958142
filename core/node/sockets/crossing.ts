// Both ways across the border to the thread of sockets, as the lab sees it: its parcels become what happens to connections, orders of connections become one parcel a turn.
import { Buffer } from 'node:buffer'
import type { Server } from 'node:http'
import { blockReader, rawOf } from '../plain.ts'
import type { Block, Found } from '../plain.ts'
import { Packer, TOLD, Unpacker } from './parcel.ts'
import type { Parcel } from './parcel.ts'
import { RemoteSocket } from './remote.ts'

/** What a header block says, and its text. */
interface Known {
  readonly text: string
  readonly block: Block
}

/** Octets of a parcel above which a small part of it is copied, so that who keeps a message keeps no megabytes of others. */
const SHARED = 65536

/** The connections of one thread. */
export class Crossing {
  readonly #clock: { now(): number; mono(): number }
  readonly #post: (parcel: Parcel) => void
  readonly #server: (door: number) => Server | undefined
  readonly #out = new Packer()
  readonly #sockets = new Map<number, RemoteSocket>()
  readonly #blocks = new Map<number, Known>()
  readonly #failures = new Map<number, Error>()
  readonly #read = blockReader()
  /** What has to be added to the thread's time for our two clocks. */
  #toNow = 0
  #toMono = 0
  #taken = 0
  #flushing = false

  /** `post` sends a parcel to the thread, `server` gets what comes at a door. */
  constructor(clock: { now(): number; mono(): number }, post: (parcel: Parcel) => void, server: (door: number) => Server | undefined) {
    this.#clock = clock
    this.#post = post
    this.#server = server
  }

  /** Sets the clocks: in the thread it is `time` just now. */
  set(time: number): void {
    this.#toNow = this.#clock.now() - time
    this.#toMono = this.#clock.mono() - time
  }

  /** Performs what the thread tells. */
  perform(parcel: Parcel): void {
    this.#taken += 1
    for (const all = new Unpacker(parcel); all.next();) this.#event(all, parcel.byteLength)
    // Behind the answers to what just came, so that it goes with them.
    setImmediate(this.#acknowledge)
  }

  /** The thread is gone: so are its connections. */
  end(reason: string): void {
    for (const socket of this.#sockets.values()) socket.gone(new Error(reason))
    this.#sockets.clear()
  }

  #event(all: Unpacker, size: number): void {
    const { what, id } = all
    if (what === TOLD.plain) return this.#plain(all, size)
    if (what === TOLD.opened) return this.#opened(all)
    if (what === TOLD.block) return this.#learn(all.a, all.text())
    if (what === TOLD.forget) return this.#blocks.clear()
    const socket = this.#sockets.get(id)
    if (what === TOLD.data) {
      const { buffer, byteOffset, length } = part(all, all.c, size)
      socket?.came(Buffer.from(buffer, byteOffset, length))
    } else if (what === TOLD.written) socket?.wrote(all.time + this.#toNow, all.time + this.#toMono)
    else if (what === TOLD.ended) socket?.push(null)
    else if (what === TOLD.idle) socket?.emit('timeout')
    else if (what === TOLD.failed) {
      const code = all.text()
      this.#failures.set(id, Object.assign(new Error(all.text()), { code }))
    } else if (what === TOLD.closed) {
      socket?.gone(this.#failures.get(id))
      this.#failures.delete(id)
      this.#sockets.delete(id)
    }
  }

  #plain(all: Unpacker, size: number): void {
    const uri = all.latin1(all.b)
    const body = part(all, all.c, size)
    const known = this.#blocks.get(all.a)
    const socket = this.#sockets.get(all.id)
    if (known === undefined || socket === undefined) return
    const found: Found = { uri, text: known.text, block: known.block, body }
    if (socket.plain === null) socket.came(rawOf(found))
    else socket.plain(found, all.time + this.#toNow, all.time + this.#toMono)
  }

  #opened(all: Unpacker): void {
    const { id, a, b, c } = all
    const ends = { localAddress: all.text(), localPort: b, remoteAddress: all.text(), remotePort: c }
    const socket = new RemoteSocket(id, ends, this.#out, this.#soon)
    this.#sockets.set(id, socket)
    const server = this.#server(a)
    if (server === undefined) socket.destroy()
    else server.emit('connection', socket)
  }

  #learn(number: number, text: string): void {
    const block = this.#read(text)
    if (block !== null) this.#blocks.set(number, { text, block })
  }

  readonly #soon = (): void => {
    if (this.#flushing) return
    this.#flushing = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushing = false
    const parcel = this.#out.take(this.#taken)
    this.#taken = 0
    this.#post(parcel)
  }

  /** What was taken in is told with what it gave rise to, or by itself where that is nothing. */
  readonly #acknowledge = (): void => {
    if (this.#taken > 0 && !this.#flushing) this.#flush()
  }
}

/** The next octets of a parcel; all of it has `size`. */
function part(all: Unpacker, length: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = all.bytes(length)
  return size > SHARED && length < size / 2 ? bytes.slice() : bytes
}
