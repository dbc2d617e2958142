// Performs the effects of the download machine: HTTP with node:http(s), real files, streaming SHA-256; memory does not grow with the object.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DownloadClient } from '../download/client.ts'
import { SETTINGS } from '../download/moves.ts'
import type { Effect, Input } from '../download/moves.ts'
import type { Answer, Stop, TransferRecord } from '../download/types.ts'
import type { DownloadAnswer, DownloadAsk, DownloadProgress } from '../software/ports.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Downloads, DownloadsOptions } from './delivery.ts'
import { digestOf, writeWhole } from './disk.ts'
import { Fetching } from './dlfetch.ts'
import { Journal } from './journal.ts'

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
function downloadName(key: string, object: number): string {
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
  readonly #fetching: Fetching
  readonly #timers = new Map<string, () => void>()
  #resolve: (answer: Answer) => void = () => {}
  #closed = false

  constructor(options: DownloadsOptions, ask: DownloadAsk, progress: Progress = () => {}) {
    this.#options = options
    this.#ask = ask
    this.#progress = progress
    this.#journal = new Journal(join(options.folder, 'transfers', `${downloadName(ask.key, 0)}.json`))
    this.#fetching = new Fetching(options, (input) => this.#feed(input))
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
    await this.#fetching.close()
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
        return this.#fetching.open(effect)
      case 'take':
        if (effect.into === 'file') return this.#fetching.toFile(effect, this.#part(effect.file))
        return effect.into === 'parts' ? this.#fetching.toParts(effect) : this.#fetching.toMemory(effect)
      case 'close':
        return this.#fetching.hangUp()
      case 'truncate':
        return this.#truncate(effect.file, effect.size)
      case 'digest':
        return this.#digest(effect.file)
      case 'keep':
        this.#fetching.closeFile()
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

  #truncate(file: string, size: number): void {
    this.#fetching.closeFile()
    const path = this.#part(file)
    if (!existsSync(path)) return
    if (size === 0) rmSync(path)
    else truncateSync(path, size)
  }

  #digest(file: string): void {
    this.#fetching.closeFile()
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
      this.#options.note?.(`${this.#ask.key}: its record cannot be saved: ${wordsOf(error)}`)
    }
  }

  #part(file: string): string {
    return join(this.#options.folder, 'transfers', `${file}.part`)
  }

  #whole(file: string): string {
    return join(this.#options.folder, 'packages', file)
  }
}
