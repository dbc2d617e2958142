// A body goes to its reader no faster than it is read, and nothing of what was sent stays in memory; one rule: a piece is let go before the next is read.
import { createReadStream } from 'node:fs'
import type { ServerResponse } from 'node:http'

/** Bytes `from` to `to` (both included; none where `to` is less) of something. */
export type Range = (from: number, to: number) => AsyncIterable<Uint8Array>

/** Bytes read from the disk at a time. */
const STRIDE = 64 * 1024

async function* nothing(): AsyncIterable<Uint8Array> {}

/** A file's bytes. */
export const fileRange =
  (path: string, size: number): Range =>
  (from, to) =>
    size === 0 || to < from ? nothing() : createReadStream(path, { start: from, end: to, highWaterMark: STRIDE })

/** `size` bytes of `middle` between `head` and `tail`. */
export const around = (head: Uint8Array, middle: Range, size: number, tail: Uint8Array): Range =>
  async function* (from, to) {
    const part = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(Math.max(0, from - at), Math.max(0, to + 1 - at))
    const before = part(head, 0)
    if (before.length > 0) yield before
    yield* middle(Math.max(0, from - head.length), Math.min(size - 1, to - head.length))
    const behind = part(tail, head.length + size)
    if (behind.length > 0) yield behind
  }

/** A reader that takes nothing for so long is hung up on, ms. */
const STALLED = 120_000

export interface PourOptions {
  /** Bytes of the beginning that are kept for the row. */
  readonly keep: number
  /** The connection is cut after so many bytes. */
  readonly cutAfter?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

export interface Poured {
  readonly sent: number
  readonly head: Uint8Array
  /** The answer was sent to its end. */
  readonly whole: boolean
}

/** What is waited for on a response: one listener and one timer for all pieces. */
class Drain {
  readonly #res: ServerResponse
  #settle: ((taken: boolean) => void) | null = null
  #gone = false

  constructor(res: ServerResponse) {
    this.#res = res
    res.once('close', () => {
      this.#gone = true
      this.#done(false)
    })
  }

  #done(taken: boolean): void {
    const settle = this.#settle
    this.#settle = null
    settle?.(taken)
  }

  /** `begin` starts something and calls back; false where the reader is gone before, or takes nothing for too long. */
  wait(begin: (done: (error?: Error | null) => void) => void): Promise<boolean> {
    if (this.#gone) return Promise.resolve(false)
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#done(false), STALLED)
      this.#settle = (taken) => {
        clearTimeout(timer)
        resolve(taken)
      }
      begin((error) => this.#done(error === null || error === undefined))
    })
  }

  /** Hands a piece to the socket. */
  write(piece: Uint8Array): Promise<boolean> {
    return this.wait((done) => void this.#res.write(piece, done))
  }
}

/** Writes a body; the response ends whole, or is cut off. Never rejects. */
export async function pour(res: ServerResponse, source: AsyncIterable<Uint8Array>, options: PourOptions): Promise<Poured> {
  const { keep, cutAfter: cut = Infinity, bytesPerSecond } = options
  const kept: Uint8Array[] = []
  const drain = new Drain(res)
  let sent = 0
  try {
    for await (const chunk of source) {
      const piece = sent + chunk.length > cut ? chunk.subarray(0, cut - sent) : chunk
      if (sent < keep) kept.push(piece.slice(0, keep - sent))
      if (res.destroyed || !(await drain.write(piece))) break
      sent += piece.length
      if (bytesPerSecond !== undefined) await new Promise((resolve) => setTimeout(resolve, (piece.length * 1000) / bytesPerSecond))
      if (sent >= cut) break
    }
  } catch {
    // The file cannot be read any more: the connection ends, and the row says how far it came.
    res.destroy()
  }
  const whole = sent < cut && !res.destroyed
  if (whole) await drain.wait((done) => void res.end(() => done()))
  else res.destroy()
  return { sent, head: new Uint8Array(Buffer.concat(kept)), whole }
}
