// Small words for files of a device: written whole or not at all, hashed without being read whole.
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a file of mode 600 under a temporary name first: a reader, or the next process after a crash, sees all of it or the one before. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const draft = `${path}.draft`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, path)
}

/** Size and SHA-256 (lower-case hexadecimal) of a file. Rejects where it cannot be read. */
export async function digestOf(path: string): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
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
