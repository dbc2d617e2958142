// Small words for files of a device: written whole or not at all, hashed without being read whole.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a file of mode 600 under a temporary name first: a reader, or the next process after a crash, sees all of it or the one before. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const draft = `${path}.draft`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, path)
}

/** A file in the making at `draft`, which becomes `path` when it is whole; `done` makes what `close` gives of its size and SHA-256. One that fails leaves nothing. */
export function spoolFile<T>(
  draft: string,
  path: string,
  done: (whole: { readonly size: number; readonly sha256: string }) => T,
): { append(octets: Uint8Array): void; close(): T; drop(): void } {
  const fd = openSync(draft, 'w', 0o600)
  const hash = createHash('sha256')
  let size = 0
  let lies = true
  const drop = (): void => {
    if (lies) closeSync(fd)
    lies = false
    rmSync(draft, { force: true })
  }
  const guarded = <R>(work: () => R): R => {
    try {
      return work()
    } catch (error) {
      drop()
      throw error
    }
  }
  return {
    append: (octets) =>
      guarded(() => {
        for (let at = 0; at < octets.length;) at += writeSync(fd, octets, at)
        hash.update(octets)
        size += octets.length
      }),
    close: () =>
      guarded(() => {
        closeSync(fd)
        lies = false
        renameSync(draft, path)
        return done({ size, sha256: hash.digest('hex') })
      }),
    drop,
  }
}

/** Octets of a file from an offset, exactly so many. Throws where the file is not there, or is shorter. */
export function readPiece(path: string, offset: number, length: number): Uint8Array {
  const piece = new Uint8Array(length)
  const fd = openSync(path, 'r')
  try {
    let at = 0
    while (at < length) {
      const read = readSync(fd, piece, at, length - at, offset + at)
      if (read === 0) throw new Error(`${path} ends after ${String(offset + at)} bytes`)
      at += read
    }
  } finally {
    closeSync(fd)
  }
  return piece
}

/** Size and SHA-256 (lower-case hexadecimal) of a file. Rejects where it cannot be read. */
export async function digestOf(path: string): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  const file = await open(path, 'r')
  let size = 0
  try {
    // One piece of memory for all: a large file leaves nothing to be collected.
    const piece = new Uint8Array(256 * 1024)
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, size)
      if (bytesRead === 0) return { size, sha256: hash.digest('hex') }
      hash.update(piece.subarray(0, bytesRead))
      size += bytesRead
    }
  } finally {
    await file.close()
  }
}

/** Bytes of all files below a folder; 0 where there is none. */
export function bytesBelow(folder: string): number {
  let sum = 0
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
      if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return sum
}
