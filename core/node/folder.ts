// A folder and whatever leads to it, made with one clear Error where it cannot be; each step by itself, as not every file system ends a recursive one.
import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOSPC: 'the disk is full',
  ENOENT: 'no folder can be made there',
  ENOTDIR: 'what leads to it is no folder',
}

/** What a file system says, in words. */
export function fileTrouble(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return REASONS[code ?? ''] ?? message
}

/** Makes the folder `path` (private to this user) where it is missing. Throws an Error that names it. */
export function makeFolder(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
    if (dirname(path) !== path && statSync(dirname(path), { throwIfNoEntry: false }) === undefined) makeFolder(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (error instanceof Error && error.cause !== undefined) throw error
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new Error(`${path}: ${taken ? 'is there already, and is no folder' : `cannot be made: ${fileTrouble(error)}`}`, { cause: error })
  }
}

/** An id as the name of a folder: one that leads nowhere else, whatever the id is, and that no file system finds too long. Different ids, different names. */
export function folderName(id: string): string {
  // Half a surrogate pair has no octets.
  const escaped = encodeURIComponent(id.replace(/[\ud800-\udfff]/gu, '\ufffd'))
    .replace(/~/g, '%7E')
    .replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length))
  const plain = escaped !== '' && escaped.length <= 200 && id.isWellFormed()
  return plain ? escaped : `${escaped.slice(0, 150)}~${createHash('sha256').update(id, 'utf16le').digest('hex').slice(0, 32)}`
}
