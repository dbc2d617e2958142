// Performs the effects of the download machine: HTTP with node:http(s), real files, streaming SHA-256; memory does not grow with the object.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { DownloadClient } from '../download/client.ts'
import { SETTINGS } from '../download/moves.ts'
import type { Effect, Failure, Input } from '../download/moves.ts'
import type { Answer, Stop, TransferRecord } from '../download/types.ts'
import type { DownloadAnswer, DownloadAsk, DownloadProgress } from '../software/ports.ts'
import { guarded } from './client.ts'
import type { Downloads, DownloadsOptions } from './delivery.ts'
import { digestOf, writeWhole } from './disk.ts'
import { failureOf } from './dlfailures.ts'
import { FileIntake, takeFirst } from './intake.ts'
import type { HeldBack } from './intake.ts'
import { Journal } from './journal.ts'
import { pairs, plainAddress } from './media.ts'

/** Silence after which a connection counts as lost (download sheet 7.7, cause 6). */
const SILENCE = 30_000

type Progress = (progress: DownloadProgress) => void

/** Downloads of one device; its folders are made. Transfers of an earlier process go on when they are asked for again. */
export function makeDownloads(options: DownloadsOptions): Downloads {
  const folder = join(options.folder, 'transfers')
  for (const each of [folder, join(options.folder, 'packages')]) mkdirSync(each, { recursive: true })
  const running = new Map<string, Transfer>()
  return {
    ask: (ask, progress) => {
      const known = running.get(ask.key)
      if (known !== undefined && !ask.anew) return known.answer
      known?.close()
      const transfer = new Transfer(options, ask, progress)
      running.set(ask.key, transfer)
      void transfer.answer.then(() => {
        if (running.get(ask.key) === transfer) running.delete(ask.key)
      })
      transfer.start()
      return transfer.answer
    },
    stop: (key, by) => running.get(key)?.stop(by) ?? false,
    resume: (key) => running.get(key)?.resume() ?? false,
    close: async () => {
      await Promise.all([...running.values()].map((transfer) => transfer.close()))
      running.clear()
    },
  }
}

/** Name of the n-th object's file for a key: the same after a restart. */
export function downloadName(key: string, object: number): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return object === 0 ? `dl-${hash}` : `dl-${hash}-${String(object + 1)}`
}

class Transfer {
  readonly answer: Promise<DownloadAnswer>
  readonly #options: DownloadsOptions
  readonly #ask: DownloadAsk
  readonly #progress: Progress
  readonly #machine: DownloadClient
  readonly #journal: Journal
  readonly #timers = new Map<string, () => void>()
  #resolve: (answer: Answer) => void = () => {}
  #request: { readonly id: number; readonly req: ClientRequest } | null = null
  #response: { readonly id: number; readonly res: IncomingMessage } | null = null
  /** Open partial file. */
  #file: FileIntake | null = null
  /** A body of parts that stands still behind its descriptor. */
  #held: HeldBack | null = null
  #closed = false

  constructor(options: DownloadsOptions, ask: DownloadAsk, progress: Progress = () => {}) {
    this.#options = options
    this.#ask = ask
    this.#progress = progress
    this.#journal = new Journal(join(options.folder, 'transfers', `${downloadName(ask.key, 0)}.json`))
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#machine = new DownloadClient({
      ...SETTINGS,
      ...options.settings,
      confirm: options.confirm !== undefined,
      ...(options.accepts === undefined ? {} : { accepts: options.accepts }),
      name: downloadName,
      now: options.clock.now,
    })
  }

  start(): void {
    const record = this.#recorded()
    const part = record === null ? '' : this.#part(downloadName(record.key, record.object))
    this.#feed({ type: 'start', ask: this.#ask, record, size: part !== '' && existsSync(part) ? statSync(part).size : 0 })
  }

  stop(by: Stop): boolean {
    const before = this.#machine.phase
    this.#feed({ type: 'stop', by })
    return this.#machine.phase !== before
  }

  resume(): boolean {
    const paused = this.#machine.phase === 'paused'
    this.#feed({ type: 'resume' })
    return paused
  }

  /** As a power cut: connections and timers end, nothing more is said. */
  async close(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers.values()) cancel()
    this.#hangUp()
    while (this.#file?.busy === true) await new Promise((resolve) => setImmediate(resolve))
    this.#closeFile()
  }

  /** What an earlier process saved; null where nothing, or where its complete files are gone. */
  #recorded(): TransferRecord | null {
    try {
      const record = this.#journal.last() as TransferRecord | null
      const gone = record?.files.some(({ file }) => !existsSync(this.#whole(file)) && !existsSync(this.#part(file)))
      return gone === true ? null : record
    } catch {
      return null
    }
  }

  #feed(input: Input): void {
    if (this.#closed) return
    const effects = this.#machine.input(input)
    // A record that is replaced before anything else is done need not be written.
    effects.forEach((effect, i) => {
      if (effect.type !== 'save' || effects[i + 1]?.type !== 'save') this.#perform(effect)
    })
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'http':
        return this.#http(effect)
      case 'take':
        return effect.into === 'file' ? this.#toFile(effect) : effect.into === 'parts' ? this.#toParts(effect) : this.#toMemory(effect)
      case 'close':
        return this.#hangUp()
      case 'truncate':
        return this.#truncate(effect.file, effect.size)
      case 'digest':
        return this.#digest(effect.file)
      case 'keep':
        this.#closeFile()
        if (existsSync(this.#part(effect.file))) renameSync(this.#part(effect.file), this.#whole(effect.file))
        return
      case 'drop':
        return effect.files.forEach((file) => rmSync(this.#whole(file), { force: true }))
      case 'timer':
        return this.#timer(effect.id, effect.ms)
      case 'save':
        return this.#save(effect.record)
      case 'progress':
        return this.#progress({ key: this.#ask.key, received: effect.received, total: effect.total })
      case 'confirm':
        return this.#options.confirm === undefined
          ? this.#feed({ type: 'confirmed', yes: true })
          : void this.#options.confirm(effect).then((yes) => this.#feed({ type: 'confirmed', yes }))
      case 'note':
        return this.#options.note?.(`${this.#ask.key}: ${effect.text}`)
      case 'done':
        return this.#resolve(effect.answer)
      default:
        return effect satisfies never
    }
  }

  // -- HTTP

  #http({ id, method, url, headers, body }: Extract<Effect, { type: 'http' }>): void {
    this.#hangUp()
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
      return this.#later(id, 'uri', `${url}: ${error instanceof Error ? error.message : String(error)}`)
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
    this.#hangUp()
    this.#feed({ type: 'failed', id, ...failureOf(error, at) })
  }

  #hangUp(): void {
    const { req } = this.#request ?? {}
    this.#request = this.#response = this.#held = null
    req?.on('error', () => {})
    req?.destroy()
  }

  #toMemory({ id, most }: Extract<Effect, { type: 'take'; into: 'memory' }>): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    const chunks: Uint8Array[] = []
    let size = 0
    res.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= most || this.#request?.id !== id) return
      this.#hangUp()
      this.#feed({ type: 'failed', id, failure: 'too large', text: `the descriptor is longer than ${String(most)} bytes` })
    })
    res.on('end', () => {
      if (this.#request?.id === id) this.#feed({ type: 'body', id, bytes: new Uint8Array(Buffer.concat(chunks)) })
    })
  }

  #toParts({ id, form, most }: Extract<Effect, { type: 'take'; into: 'parts' }>): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    const failed = (failure: Failure, text: string): void => {
      this.#hangUp()
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

  #toFile({ id, file, at, within }: Extract<Effect, { type: 'take'; into: 'file' }>): void {
    const { res } = this.#response ?? {}
    if (res === undefined) return
    this.#closeFile()
    this.#file = new FileIntake(this.#part(file), at, {
      alive: () => this.#request?.id === id && !this.#closed,
      chunk: (count) => this.#feed({ type: 'chunk', id, count }),
      end: () => this.#feed({ type: 'end', id }),
      failed: (failure, text) => {
        this.#hangUp()
        this.#feed({ type: 'failed', id, failure, text })
      },
    })
    const held = within?.at === null ? this.#held : null
    this.#held = null
    this.#file.take(res, within, held)
  }

  // -- files

  #closeFile(): void {
    this.#file?.close()
    this.#file = null
  }

  #truncate(file: string, size: number): void {
    this.#closeFile()
    const path = this.#part(file)
    if (!existsSync(path)) return
    if (size === 0) rmSync(path)
    else truncateSync(path, size)
  }

  #digest(file: string): void {
    this.#closeFile()
    if (!existsSync(this.#part(file))) writeWhole(this.#part(file), '')
    digestOf(this.#part(file)).then(
      (told) => this.#feed({ type: 'digest', ...told }),
      () => this.#feed({ type: 'digest', size: -1, sha256: '' }),
    )
  }

  #timer(id: 'again' | 'report', ms: number | null): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    if (ms === null) return
    const ring = (): void => {
      this.#timers.delete(id)
      this.#feed({ type: 'timer', id })
    }
    this.#timers.set(id, this.#options.clock.after(ms, ring))
  }

  /** A disk that is full cannot keep the record either: the transfer goes on and meets the same disk with its next byte. */
  #save(record: TransferRecord): void {
    try {
      this.#journal.put(record)
    } catch (error) {
      this.#options.note?.(`${this.#ask.key}: its record cannot be saved: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #part(file: string): string {
    return join(this.#options.folder, 'transfers', `${file}.part`)
  }

  #whole(file: string): string {
    return join(this.#options.folder, 'packages', file)
  }
}
