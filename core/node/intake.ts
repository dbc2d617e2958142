// The body of an answer goes into a file, or its first part into memory: every piece is written before the next is read, nothing is kept.
import { closeSync, existsSync, openSync, write } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { CombinedError, partReader } from '../download/combined.ts'
import type { Form, PartEvent, PartReader } from '../download/combined.ts'
import type { Within } from '../download/moves.ts'

/** Whom an intake tells; nothing is told once `alive` says no. */
export interface Told {
  alive(): boolean
  /** So many bytes are in the file. */
  chunk(count: number): void
  end(): void
  failed(failure: 'disk' | 'protocol', text: string): void
}

/** A body of parts that stands still behind its first part. */
export interface HeldBack {
  readonly reader: PartReader
  /** What was read already of what follows. */
  readonly rest: readonly PartEvent[]
}

/** Reads the first part, of `most` bytes at the most; `done` is given it with what is held back. */
export function takeFirst(
  res: IncomingMessage,
  form: Form,
  most: number,
  told: Pick<Told, 'alive' | 'failed'> & {
    tooLarge(): void
    done(first: { readonly bytes: Uint8Array; readonly contentTypes: readonly [string, string]; readonly at: number }, held: HeldBack): void
  },
): void {
  const reader = partReader(form)
  const bytes: Uint8Array[] = []
  let size = 0
  let type: string | null = null
  let over = false
  const stop = (): void => {
    over = true
    res.pause()
    res.off('data', read)
    res.off('end', early)
  }
  const read = (piece: Uint8Array): void => {
    if (!told.alive()) return
    try {
      const events = reader.read(piece)
      for (const [i, event] of events.entries()) {
        if (event.what === 'part' && type !== null) {
          stop()
          const first = { bytes: new Uint8Array(Buffer.concat(bytes)), contentTypes: [type, event.contentType] as const, at: event.at }
          return told.done(first, { reader, rest: events.slice(i + 1) })
        }
        if (event.what === 'part') type = event.contentType
        if (event.what !== 'data') continue
        bytes.push(event.bytes)
        size += event.bytes.length
        if (size > most) {
          stop()
          return told.tooLarge()
        }
      }
    } catch (error) {
      if (!(error instanceof CombinedError)) throw error
      stop()
      told.failed('protocol', error.message)
    }
  }
  const early = (): void => {
    if (!over && told.alive()) told.failed('protocol', 'the body ends before its second part')
  }
  res.on('data', read)
  res.on('end', early)
}

/** A file that is being written. */
export class FileIntake {
  readonly #fd: number
  readonly #told: Told
  #place: number
  #busy = false
  #closed = false
  #ended = false
  #parts: PartReader | null = null

  constructor(path: string, at: number, told: Told) {
    this.#fd = openSync(path, existsSync(path) ? 'r+' : 'w', 0o600)
    this.#place = at
    this.#told = told
  }

  get busy(): boolean {
    return this.#busy
  }

  /** Closes the file when what is being written is in it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#busy) closeSync(this.#fd)
  }

  /** Takes the body; `within`: a part of it, `held`: that stands still behind the part before. */
  take(res: IncomingMessage, within: Within | undefined, held: HeldBack | null): void {
    if (within !== undefined) this.#parts = held?.reader ?? partReader(within.form, { at: within.at ?? 0, left: within.left })
    res.on('data', (piece: Uint8Array) => {
      if (!this.#told.alive() || this.#ended) return
      const pieces = this.#pieces(piece)
      if (pieces !== null) this.#write(res, pieces)
    })
    res.on('end', () => {
      this.#ended = true
      this.#finish()
    })
    if (held === null) return
    const rest = this.#contents(held.rest)
    if (rest.length > 0) this.#write(res, rest)
    else if (this.#ended) this.#finish()
    else res.resume()
  }

  #pieces(piece: Uint8Array): Uint8Array | null {
    if (this.#parts === null) return piece
    try {
      const content = this.#contents(this.#parts.read(piece))
      if (content.length > 0) return content
      if (this.#ended) this.#finish()
    } catch (error) {
      if (!(error instanceof CombinedError)) throw error
      this.#told.failed('protocol', error.message)
    }
    return null
  }

  /** Bytes of the part that is taken; what comes behind it is not looked at. */
  #contents(events: readonly PartEvent[]): Uint8Array {
    const end = events.findIndex(({ what }) => what === 'end')
    if (end >= 0) this.#ended = true
    const data = (end < 0 ? events : events.slice(0, end)).flatMap((event) => (event.what === 'data' ? [event.bytes] : []))
    return data.length === 1 ? (data[0] as Uint8Array) : Buffer.concat(data)
  }

  #finish(): void {
    if (this.#ended && !this.#busy && this.#told.alive()) this.#told.end()
  }

  #write(res: IncomingMessage, bytes: Uint8Array): void {
    res.pause()
    this.#busy = true
    writeAll(this.#fd, bytes, this.#place, (error) => {
      this.#busy = false
      if (this.#closed) closeSync(this.#fd)
      if (!this.#told.alive()) return
      if (error !== null) return this.#told.failed('disk', `the file cannot be written: ${error.message}`)
      this.#place += bytes.length
      this.#told.chunk(bytes.length)
      res.resume()
      this.#finish()
    })
  }
}

function writeAll(fd: number, chunk: Uint8Array, at: number, done: (error: Error | null) => void): void {
  write(fd, chunk, 0, chunk.length, at, (error, written) => {
    if (error !== null) done(error)
    else if (written < chunk.length) writeAll(fd, chunk.subarray(written), at + written, done)
    else done(null)
  })
}
