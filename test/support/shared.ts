// Where the shared material (corpus, tools) lies, if it is there: beside the project, or where DM_LAB_SHARED says.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = process.env['DM_LAB_SHARED'] ?? resolve(import.meta.dirname, '../../../shared')

/** Absolute path of `path` below the shared folder, or null where it is absent (the test then skips, by name). */
export function shared(path: string): string | null {
  const full = join(root, path)
  return existsSync(full) ? full : null
}
