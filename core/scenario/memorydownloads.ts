// The download client's effects performed in memory: requests over the net, files on the device's disk, one driver a transfer.
import { DownloadClient } from '../download/client.ts'
import { SETTINGS } from '../download/moves.ts'
import type { Effect, Input, Settings } from '../download/moves.ts'
import type { Stop, TransferRecord } from '../download/types.ts'
import type { Clock } from '../lab/ports.ts'
import type { DownloadAnswer, DownloadAsk, DownloadProgress } from '../software/ports.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Disk } from './memoryinstaller.ts'
import type { MemoryNet, NetResponse } from './memorynet.ts'

export interface MemoryDownloadsParts {
  readonly net: MemoryNet
  readonly clock: Clock
  readonly disk: Disk
  /** Name of the device on the net. */
  readonly client: string
  readonly sha256: (bytes: Uint8Array) => string
  /** What the client says while it works. */
  readonly note?: (text: string) => void
}

const partial = (file: string): string => `${file}.part`

/** Downloads of one device. Records live as long as it does; a transfer asked again with its key goes on. */
export class MemoryDownloads {
  readonly #parts: MemoryDownloadsParts
  readonly #records = new Map<string, TransferRecord>()
  readonly #running = new Map<string, (input: Input) => void>()

  constructor(parts: MemoryDownloadsParts) {
    this.#parts = parts
  }

  /** Never rejects: what goes wrong is an answer. */
  ask(ask: DownloadAsk, progress: (told: DownloadProgress) => void = () => {}): Promise<DownloadAnswer> {
    return new Promise((resolve) => {
      const { clock, disk } = this.#parts
      const name: Settings['name'] = (key, object) => `dl-${key.replace(/[^A-Za-z0-9.-]/g, '_')}-${String(object)}`
      const machine = new DownloadClient({ ...SETTINGS, name, now: () => clock.now() })
      const timers = new Map<string, () => void>()
      const feed = (input: Input): void => machine.input(input).forEach(perform)
      const perform = (effect: Effect): void => {
        if (effect.type === 'done') {
          this.#running.delete(ask.key)
          timers.forEach((cancel) => cancel())
          resolve(effect.answer)
        } else this.#perform(ask.key, effect, { feed, timers, progress })
      }
      this.#running.set(ask.key, feed)
      const record = this.#records.get(ask.key) ?? null
      const size = record === null ? 0 : (disk.read(partial(name(ask.key, record.object)))?.length ?? 0)
      feed({ type: 'start', ask, record, size })
    })
  }

  stop(key: string, by: Stop): boolean {
    const feed = this.#running.get(key)
    feed?.({ type: 'stop', by })
    return feed !== undefined
  }

  resume(key: string): boolean {
    const feed = this.#running.get(key)
    feed?.({ type: 'resume' })
    return feed !== undefined
  }

  readonly #bodies = new Map<string, Uint8Array>()

  #perform(
    key: string,
    effect: Exclude<Effect, { type: 'done' }>,
    { feed, timers, progress }: { feed: (input: Input) => void; timers: Map<string, () => void>; progress: (told: DownloadProgress) => void },
  ): void {
    const { clock, disk, net, client, sha256, note } = this.#parts
    switch (effect.type) {
      case 'http': {
        const { id, method, url, headers, body } = effect
        net.ask(client, { method, url, headers, ...(method === 'POST' ? { body: new TextEncoder().encode(body) } : {}) }).then(
          ({ status, headers: answered, body: bytes }: NetResponse) => {
            this.#bodies.set(`${key} ${String(id)}`, bytes)
            feed({ type: 'head', id, httpStatus: status, headers: answered })
          },
          (error: unknown) => feed({ type: 'failed', id, failure: 'refused', text: wordsOf(error) }),
        )
        break
      }
      case 'take': {
        const body = this.#take(key, effect.id)
        if (effect.into === 'memory') clock.soon(() => feed({ type: 'body', id: effect.id, bytes: body }))
        // The shop of a scenario sends descriptor and object one by one.
        else if (effect.into === 'parts') clock.soon(() => feed({ type: 'failed', id: effect.id, failure: 'protocol', text: 'a body of parts' }))
        else clock.soon(() => this.#store(effect, body, feed))
        break
      }
      case 'close':
        this.#take(key, effect.id)
        break
      case 'truncate': {
        const file = partial(effect.file)
        if (effect.size === 0) disk.drop(file)
        else disk.write(file, (disk.read(file) ?? new Uint8Array(0)).subarray(0, effect.size))
        break
      }
      case 'digest': {
        const bytes = disk.read(partial(effect.file)) ?? disk.read(effect.file) ?? new Uint8Array(0)
        clock.soon(() => feed({ type: 'digest', size: bytes.length, sha256: sha256(bytes) }))
        break
      }
      case 'keep': {
        const bytes = disk.read(partial(effect.file))
        if (bytes === undefined) break
        disk.drop(partial(effect.file))
        disk.write(effect.file, bytes)
        break
      }
      case 'drop':
        for (const file of effect.files) disk.drop(file)
        break
      case 'timer':
        timers.get(effect.id)?.()
        timers.delete(effect.id)
        if (effect.ms !== null)
          timers.set(
            effect.id,
            clock.after(effect.ms, () => feed({ type: 'timer', id: effect.id })),
          )
        break
      case 'save':
        this.#records.set(key, effect.record)
        break
      case 'progress':
        progress({ key, received: effect.received, total: effect.total })
        break
      case 'confirm':
        clock.soon(() => feed({ type: 'confirmed', yes: true }))
        break
      case 'note':
        note?.(effect.text)
        break
      default:
        effect satisfies never
    }
  }

  #take(key: string, id: number): Uint8Array {
    const name = `${key} ${String(id)}`
    const body = this.#bodies.get(name) ?? new Uint8Array(0)
    this.#bodies.delete(name)
    return body
  }

  #store(effect: Extract<Effect, { type: 'take'; into: 'file' }>, body: Uint8Array, feed: (input: Input) => void): void {
    const { disk } = this.#parts
    const file = partial(effect.file)
    const before = (disk.read(file) ?? new Uint8Array(0)).subarray(0, effect.at)
    const bytes = new Uint8Array(before.length + body.length)
    bytes.set(before)
    bytes.set(body, before.length)
    try {
      disk.write(file, bytes)
    } catch (error) {
      return feed({ type: 'failed', id: effect.id, failure: 'disk', text: wordsOf(error) })
    }
    feed({ type: 'chunk', id: effect.id, count: body.length })
    feed({ type: 'end', id: effect.id })
  }
}
