// Packages that arrive as large objects: each chunk goes to the store at once, the whole waits until its command is over, and what no command took is dropped.
import { TreeError } from '../dmtree/error.ts'
import type { Spool } from '../session/ports.ts'
import type { Bulk } from '../syncml/message.ts'
import { wordsOf } from '../syncml/text.ts'
import type { PackageStore, StoredFile } from './ports.ts'

/** Content of leaves on its way into the package store. */
export class Arrivals {
  readonly #store: PackageStore
  readonly #whole = new Map<Bulk, StoredFile>()

  constructor(store: PackageStore) {
    this.#store = store
  }

  /** Begins one; undefined where the store takes whole content alone. Throws TreeError 420 where there is no room. */
  begin(name: string, octets: number): Spool | undefined {
    const { spool } = this.#store
    if (spool === undefined) return undefined
    const file = guarded(() => spool(name, octets))
    return {
      append: (piece) => file.append(piece),
      drop: () => file.drop(),
      close: () => {
        const stored = file.close()
        const bulk: Bulk = { name: stored.file, size: stored.size, sha256: stored.sha256, read: unread }
        this.#whole.set(bulk, stored)
        return bulk
      },
    }
  }

  /** The file a command brings in place of Data; it belongs to whoever takes it. */
  take(bulk: Bulk): StoredFile | undefined {
    const file = this.#whole.get(bulk)
    this.#whole.delete(bulk)
    return file
  }

  /** The file of content that came in one piece. Throws TreeError 420 where there is no room. */
  put(name: string, bytes: Uint8Array): StoredFile {
    return guarded(() => this.#store.put(name, bytes))
  }

  /** The command is over: what nobody took was refused. */
  settled(): void {
    for (const { file } of this.#whole.values()) this.#store.drop(file)
    this.#whole.clear()
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new TreeError(420, wordsOf(error))
  }
}

const unread = (): never => {
  throw new Error('the content of a package is read by the installer alone')
}
