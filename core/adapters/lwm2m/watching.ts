// Resources of LwM2M clients that are followed: again after each registration, in a form the client writes; read now and then where it cannot be followed.
import { AdapterError } from '../port.ts'
import type { LwLine } from './line.ts'
import { FORMATS } from './model.ts'
import { NOT_SO, expect, textOf, valueAt } from './reply.ts'
import type { LwReply } from './reply.ts'

/** A resource that cannot be followed is read so often, ms. */
const READ_EVERY = 1000

export interface WatchingParts {
  readonly line: LwLine
  readonly after: (ms: number, call: () => void) => () => void
  /** Endpoints that write no TLV. */
  readonly noTlv: Set<string>
  /** Throws where the device is not registered. */
  readonly endpoint: (deviceId: string) => string
  readonly at: (deviceId: string, path: string) => Promise<readonly [number, number, number]>
  readonly read: (deviceId: string, path: string) => Promise<LwReply>
}

/** A device that does not answer restarts, perhaps: it is followed again when it has registered, and whoever waits has a limit. */
const absent = (error: unknown): boolean => error instanceof AdapterError && (error.status === 408 || error.status === 503)

export class Watching {
  readonly #parts: WatchingParts
  readonly #watches = new Set<Watch>()

  constructor(parts: WatchingParts) {
    this.#parts = parts
  }

  /** Returns what ends it. */
  watch(deviceId: string, path: string, told: (value: string) => void, failed: (error: unknown) => void): () => void {
    const watch = new Watch(this.#parts, deviceId, path, told, failed)
    this.#watches.add(watch)
    watch.begin()
    return () => {
      this.#watches.delete(watch)
      watch.end()
    }
  }

  /** What was followed is not followed any more by a device that registered anew. */
  again(deviceId: string): void {
    for (const watch of [...this.#watches]) if (watch.deviceId === deviceId) watch.begin()
  }
}

class Watch {
  readonly deviceId: string
  readonly #parts: WatchingParts
  readonly #path: string
  readonly #told: (value: string) => void
  readonly #failed: (error: unknown) => void
  #stop: (() => void) | null = null
  #turn = 0
  #over = false

  constructor(parts: WatchingParts, deviceId: string, path: string, told: (value: string) => void, failed: (error: unknown) => void) {
    this.#parts = parts
    this.deviceId = deviceId
    this.#path = path
    this.#told = told
    this.#failed = failed
  }

  begin(): void {
    this.#stop?.()
    this.#stop = null
    this.#turn += 1
    const mine = this.#turn
    void this.#follow(() => this.#over || mine !== this.#turn)
  }

  end(): void {
    this.#over = true
    this.#stop?.()
  }

  async #follow(gone: () => boolean): Promise<void> {
    const { line, noTlv } = this.#parts
    try {
      const at = await this.#parts.at(this.deviceId, this.#path)
      if (gone()) return
      const endpoint = this.#parts.endpoint(this.deviceId)
      const heard = (reply: LwReply): void => {
        if (gone()) return
        try {
          this.#told(valueAt(reply, at))
        } catch (error) {
          this.#failed(error)
        }
      }
      const accept = noTlv.has(endpoint) ? {} : { accept: FORMATS.tlv }
      const refused = ({ message }: Error): void => {
        if (gone()) return
        const [code = ''] = message.split(' ')
        if (NOT_SO.includes(code) && accept.accept !== undefined) {
          noTlv.add(endpoint)
          return this.begin()
        }
        if (code === '4.01' || code === '4.04') return this.#failed(new AdapterError(405, message))
        if (/^[45]\.\d\d to the wish| (cannot be|is not) followed/.test(message)) this.#stop = this.#readNowAndThen(textOf(at), heard)
      }
      this.#stop = line.observe(endpoint, { path: textOf(at), ...accept }, heard, refused)
    } catch (error) {
      if (!gone() && !absent(error)) this.#failed(error)
    }
  }

  #readNowAndThen(path: string, heard: (reply: LwReply) => void): () => void {
    let over = false
    let cancel = (): void => {}
    const look = async (): Promise<void> => {
      try {
        const reply = await this.#parts.read(this.deviceId, path)
        if (!over) heard(expect(reply, path))
      } catch (error) {
        if (over) return
        if (!absent(error)) return this.#failed(error)
      }
      if (!over) cancel = this.#parts.after(READ_EVERY, () => void look())
    }
    void look()
    return () => {
      over = true
      cancel()
    }
  }
}
