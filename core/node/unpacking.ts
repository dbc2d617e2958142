// A component's files out of its package: written and hashed piece by piece; what is wrong with a package, as a result code.
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { contentList } from '../download/package.ts'
import type { PackageComponent } from './packages.ts'
import { unpack, ZipError } from './zip.ts'
import type { Source } from './zip.ts'

/** Writes a component's files; returns the digest of what was written. */
export async function unpackComponent(source: Source, component: PackageComponent, folder: string): Promise<string> {
  const list: { path: string; size: number; sha256: string }[] = []
  for (const { path, size, entry } of component.files) {
    const to = join(folder, path)
    mkdirSync(dirname(to), { recursive: true })
    const fd = openSync(to, 'wx', 0o600)
    const hash = createHash('sha256')
    try {
      for await (const piece of entry === null ? whole(source) : unpack(source, entry)) {
        hash.update(piece)
        for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at)
      }
    } finally {
      closeSync(fd)
    }
    list.push({ path, size, sha256: hash.digest('hex') })
  }
  const [only, more] = list
  return only !== undefined && more === undefined ? only.sha256 : createHash('sha256').update(contentList(list)).digest('hex')
}

function* whole(source: Source): Generator<Uint8Array> {
  // Each piece is used up before the next is read: they share their memory, and none waits to be collected.
  const piece = new Uint8Array(64 * 1024)
  for (let at = 0; at < source.size; at += piece.length) yield source.read(at, piece.length, piece)
}

/** SCOMO result code of what went wrong, and whether the package is of no use any more. */
export function failureOf(error: unknown): { readonly code: 1402 | 1405 | 1406; readonly gone: boolean } {
  if (error instanceof ZipError)
    return { code: error.kind === 'damaged' ? 1402 : error.kind === 'too big' ? 1406 : 1405, gone: error.kind === 'damaged' }
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException | null)?.code ?? '')
  return { code: full ? 1406 : 1405, gone: false }
}
