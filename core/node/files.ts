// Serves the built window from one folder: known types only, nothing outside the folder, nothing hidden.
import { readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}

/** A file of the window; `path` as it stands in the URL, without query. Null where there is none (or none that may be seen). */
export async function windowFile(folder: string, path: string): Promise<{ readonly type: string; readonly bytes: Uint8Array } | null> {
  const name = safeName(path)
  const type = name === null ? undefined : TYPES[extname(name)]
  if (name === null || type === undefined) return null
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, name))
    return file.startsWith(root + sep) ? { type, bytes: await readFile(file) } : null
  } catch {
    return null
  }
}

/** `/assets/a.js` as a relative name; null for anything that climbs, hides, or is no plain name on some system. */
export function safeName(path: string): string | null {
  let text: string
  try {
    text = decodeURIComponent(path)
  } catch {
    return null
  }
  if (text === '/') return 'index.html'
  const parts = text.split('/').slice(1)
  const plain = text.startsWith('/') && parts.length > 0 && parts.every((part) => /^[A-Za-z0-9_@-][A-Za-z0-9_@.~-]*$/.test(part))
  return plain ? parts.join('/') : null
}
