// One connection of a transfer at a time: the request, its loss, and where the body goes; what is told of an earlier one is passed over.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Effect, Failure, Input } from '../download/moves.ts'
import { wordsOf } from '../syncml/text.ts'
import { guarded } from './client.ts'
import type { DownloadsOptions } from './delivery.ts'
import { failureOf } from './dlfailures.ts'
import { FileIntake, takeFirst } from './intake.ts'
import type { HeldBack } from './intake.ts'
import { pairs, plainAddress } from './media.ts'

/** Silence after which a connection counts as lost (download sheet 7.7, cause 6). */
const SILENCE = 30_000

type Take<Into> = Extract<Effect, { type: 'take'; into: Into }>

export class Fetching {
  readonly #options: DownloadsOptions
  readonly #feed: (input: Input) => void
  #request: { readonly id: number; readonly req: ClientRequest } | null = null
  #response: { readonly id: number; readonly res: IncomingMessage } | null = null
  /** Open partial file. */
  #file: FileIntake | null = null
  /** A body of parts that stands still behind its descriptor. */
  #held: HeldBack | null = null
  #closed = false

  constructor(options: DownloadsOptions, feed: (input: Input) => void) {
    this.#options = options
    this.#feed = feed
  }

  /** Sends a request; the one before is over. */
  open({ id, method, url, headers, body }: Extract<Effect, { type: 'http' }>): void {
    this.hangUp()
    const at = new URL(url)
    const host = at.hostname.replace(/^\[|\]$/g, '')
    const port = Number(at.port) || (at.protocol === 'https:' ? 443 : 80)
    const { permit, ca } = this.#options
    const no = isIP(host) === 0 ? null : (permit?.(plainAddress(host), port) ?? null)
    if (no !== null) return this.#later(id, 'forbidden', `${url} is not fetched: ${no}`)
    const fields = ['Host', at.host, 'Connection', 'close', 'User-Agent', 'DM-Lab download', ...headers.flat()]
    if (method === 'POST') fields.push('Content-Length', String(Buffer.byteLength(body)))
    const settings = {
      method,
      host,
      port,
      path: `${at.pathname}${at.search}`,
      headers: fields,
      agent: false as const,
      ...(permit === undefined ? {} : { lookup: guarded(permit, port) }),
    }
    let req: ClientRequest
    try {
      req = at.protocol === 'https:' ? tlsRequest({ ...settings, ...(ca === undefined ? {} : { ca }) }) : plainRequest(settings)
    } catch (error) {
      return this.#later(id, 'uri', `${url}: ${wordsOf(error)}`)
    }
    this.#request = { id, req }
    req.setTimeout(this.#options.silenceMs ?? SILENCE, () => req.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })))
    req.on('error', (error: NodeJS.ErrnoException) => this.#lost(id, at, error))
    req.on('response', (res) => {
      if (this.#request?.id !== id) return void res.destroy()
      this.#response = { id, res }
      res.on('error', (error: NodeJS.ErrnoException) => this.#lost(id, at, error))
      this.#feed({ type: 'head', id, httpStatus: res.statusCode ?? 0, headers: pairs(res.rawHeaders) })
    })
    req.end(body)
  }

  #later(id: number, failure: Failure, text: string): void {
    setImmediate(() => this.#feed({ type: 'failed', id, failure, text }))
  }

  /** The connection failed; what the file still has to take comes first. */
  #lost(id: number, at: URL, error: NodeJS.ErrnoException): void {
    if (this.#request?.id !== id) return
    if (this.#file?.busy === true) return void setImmediate(() => this.#lost(id, at, error))
    this.hangUp()
    this.#feed({ type: 'failed', id, ...failureOf(error, at) })
  }

  hangUp(): void {
    const { req } = this.#request ?? {}
    this.#request = this.#response = this.#held = null
    req?.on('error', () => {})
    req?.destroy()
  }

  toMemory({ id, most }: Take<'memory'>): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    const chunks: Uint8Array[] = []
    let size = 0
    res.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= most || this.#request?.id !== id) return
      this.hangUp()
      this.#feed({ type: 'failed', id, failure: 'too large', text: `the descriptor is longer than ${String(most)} bytes` })
    })
    res.on('end', () => {
      if (this.#request?.id === id) this.#feed({ type: 'body', id, bytes: new Uint8Array(Buffer.concat(chunks)) })
    })
  }

  toParts({ id, form, most }: Take<'parts'>): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    const failed = (failure: Failure, text: string): void => {
      this.hangUp()
      this.#feed({ type: 'failed', id, failure, text })
    }
    takeFirst(res, form, most, {
      alive: () => this.#request?.id === id && !this.#closed,
      failed,
      tooLarge: () => failed('too large', `the descriptor is longer than ${String(most)} bytes`),
      done: (first, held) => {
        this.#held = held
        this.#feed({ type: 'parts', id, ...first })
      },
    })
  }

  /** Into the file at `path`. */
  toFile({ id, at, within }: Take<'file'>, path: string): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    this.closeFile()
    this.#file = new FileIntake(path, at, {
      alive: () => this.#request?.id === id && !this.#closed,
      chunk: (count) => this.#feed({ type: 'chunk', id, count }),
      end: () => this.#feed({ type: 'end', id }),
      failed: (failure, text) => {
        this.hangUp()
        this.#feed({ type: 'failed', id, failure, text })
      },
    })
    const held = within?.at === null ? this.#held : null
    this.#held = null
    this.#file.take(res, within, held)
  }

  closeFile(): void {
    this.#file?.close()
    this.#file = null
  }

  /** As a power cut: nothing more is said. */
  async close(): Promise<void> {
    this.#closed = true
    this.hangUp()
    while (this.#file?.busy === true) await new Promise((resolve) => setImmediate(resolve))
    this.closeFile()
  }
}
