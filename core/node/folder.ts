// A folder and whatever leads to it, made with one clear Error where it cannot be; each step by itself, as not every file system ends a recursive one.
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
