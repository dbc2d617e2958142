// A folder of small files of the workspace (snapshots, DDFs): names are escaped so that every text is a safe file name; writes are whole or not at all.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Shelf } from '../lab/treeshelf.ts'

/** A shelf in this folder, which is made when something is first written. */
export function folderShelf(folder: string): Shelf {
  const path = (name: string): string => join(folder, fileOf(name))
  return {
    list: () =>
      !existsSync(folder)
        ? []
        : readdirSync(folder, { withFileTypes: true })
            .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
            .map((entry) => nameOf(entry.name))
            .sort(),
    read: (name) => (existsSync(path(name)) ? new Uint8Array(readFileSync(path(name))) : undefined),
    write: (name, bytes) => {
      mkdirSync(folder, { recursive: true })
      const draft = join(folder, `.${process.pid}.draft`)
      writeFileSync(draft, bytes, { mode: 0o600 })
      renameSync(draft, path(name))
    },
    remove: (name) => rmSync(path(name), { force: true }),
  }
}

/** Everything but letters, digits, `-`, `_`, space and inner dots as %XX of its UTF-8; names that systems reserve cannot arise. */
function fileOf(name: string): string {
  const escaped = encodeURIComponent(name)
    .replace(/%20/g, ' ')
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\.|\.$|^ | $/g, (c) => (c === '.' ? '%2E' : '%20'))
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(escaped) ? `%${escaped.charCodeAt(0).toString(16).toUpperCase()}${escaped.slice(1)}` : escaped
}

function nameOf(file: string): string {
  try {
    return decodeURIComponent(file)
  } catch {
    return file
  }
}
