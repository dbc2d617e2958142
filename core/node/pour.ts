// A body goes to its reader no faster than it is read, and nothing of what was sent stays in memory; one rule: a piece is let go before the next is read.
import type { ServerResponse } from 'node:http'

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
