// Packages of one device as files: put whole or piece by piece, under names that lead nowhere else, within the device's quota.
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { FileSpool, PackageStore, StoredFile } from '../software/ports.ts'
import { PART } from './devicestate.ts'
import type { DeviceFiles } from './devicestate.ts'
import { bytesBelow, spoolFile, writeWhole } from './disk.ts'

/** Bytes a device has for packages and components where nothing else is said. */
const QUOTA = 256 << 20

/** Name of a package's file on the disk: letters, digits, `.`, `_`, `-` stay; no name leads out of the folder. */
export function packageFile(name: string): string {
  const escaped = encodeURIComponent(name)
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, '%2E')
  return escaped.length <= 120 && escaped !== '' ? escaped : `long-${createHash('sha256').update(name).digest('hex')}`
}

/** The store in a device's folder. */
export class FolderStore implements PackageStore {
  readonly #files: DeviceFiles
  readonly #quota: number

  constructor(files: DeviceFiles, quota = QUOTA) {
    this.#files = files
    this.#quota = quota
  }

  put(name: string, bytes: Uint8Array): StoredFile {
    const file = packageFile(name)
    const room = this.room()
    if (bytes.length > room) throw new Error(`${String(bytes.length)} bytes do not fit: ${String(room)} are free`)
    writeWhole(this.#files.path('packages', file), bytes)
    this.#files.note('deliver', `${file}: ${String(bytes.length)} bytes`)
    return { file, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), contentType: '' }
  }

  /** One that comes piece by piece: it lies beside the others under a name no package has, until it is whole. */
  spool(name: string, size: number): FileSpool {
    const file = packageFile(name)
    const room = this.room()
    if (size > room) throw new Error(`${String(size)} bytes do not fit: ${String(room)} are free`)
    return spoolFile(this.#files.path('packages', `${PART}${file}`), this.#files.path('packages', file), (stored) => {
      this.#files.note('deliver', `${file}: ${String(stored.size)} bytes`)
      return { file, ...stored, contentType: '' }
    })
  }

  drop(name: string): void {
    rmSync(this.path(name), { force: true })
  }

  /** Where a package lies. */
  path(file: string): string {
    // A file name of ours is its own escaped form, but for the % of an escape.
    return this.#files.path('packages', /^[A-Za-z0-9%_-][A-Za-z0-9%._-]*$/.test(file) ? file : packageFile(file))
  }

  room(): number {
    const used = ['packages', 'transfers', 'components', 'firmware'].reduce((sum, each) => sum + bytesBelow(this.#files.path(each)), 0)
    return Math.max(0, this.#quota - used)
  }
}
