// Segment files `00000001.seg` … in one folder. Appends are whole or undone; few files are kept open.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Segments } from '../store/ports.ts'
import { wordsOf } from '../syncml/text.ts'

/** Files kept open at the most. */
const OPEN_FILES = 8

/** Segments with a way to close their files. */
export interface SegmentFiles extends Segments {
  close(): void
}

/** Name of a segment's file. */
const segmentName = (segment: number): string => `${String(segment).padStart(8, '0')}.seg`

/** Opens the folder (makes it, unless `readOnly`). Errors name the file and what the system said. */
export function openSegments(folder: string, options: { readonly readOnly?: boolean } = {}): SegmentFiles {
  const readOnly = options.readOnly === true
  if (!readOnly) mkdirSync(folder, { recursive: true })
  const files = new Map<number, number>()
  const path = (segment: number): string => join(folder, segmentName(segment))

  /** Descriptor of a segment's file; the one used longest ago is closed where there are too many. */
  const file = (segment: number, make: boolean): number => {
    let fd = files.get(segment)
    files.delete(segment)
    fd ??= openSync(path(segment), readOnly ? 'r' : make && !existsSync(path(segment)) ? 'w+' : 'r+', 0o600)
    files.set(segment, fd)
    for (const [oldest, other] of files) {
      if (files.size <= OPEN_FILES) break
      closeSync(other)
      files.delete(oldest)
    }
    return fd
  }

  return {
    list: () =>
      (existsSync(folder) ? readdirSync(folder) : [])
        .filter((name) => /^\d{8,}\.seg$/.test(name))
        .map((name) => Number.parseInt(name, 10))
        .sort((a, b) => a - b),
    size: (segment) => statSync(path(segment)).size,
    append: (segment, bytes) => {
      const fd = file(segment, true)
      const start = fstatSync(fd).size
      try {
        for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, start + done)
      } catch (error) {
        ftruncateSync(fd, start)
        throw new Error(`${path(segment)} cannot take ${bytes.length} bytes: ${wordsOf(error)}`, {
          cause: error,
        })
      }
      return start
    },
    read: (segment, offset, length) => {
      const fd = file(segment, false)
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const count = readSync(fd, bytes, done, length - done, offset + done)
        if (count === 0) throw new Error(`${path(segment)} ends at ${offset + done}, bytes up to ${offset + length} were expected`)
        done += count
      }
      return bytes
    },
    sync: (segment) => fsyncSync(file(segment, false)),
    truncate: (segment, size) => ftruncateSync(file(segment, false), size),
    remove: (segment) => {
      const fd = files.get(segment)
      if (fd !== undefined) closeSync(fd)
      files.delete(segment)
      rmSync(path(segment), { force: true })
    },
    close: () => {
      for (const fd of files.values()) closeSync(fd)
      files.clear()
    },
  }
}
