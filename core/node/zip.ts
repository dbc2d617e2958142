// Reads ZIP files by their central directory, entry by entry: no path leaves the folder, no link, no bomb, no two names for one place. Every refusal names the entry.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { createInflateRaw } from 'node:zlib'
import { crc32 } from '../store/crc.ts'
import { utf8Text, wordsOf } from '../syncml/text.ts'
import type { PackageLimits } from './delivery.ts'

/** Bytes that can be read anywhere. */
export interface Source {
  readonly size: number
  /** `length` bytes from `at`; fewer at the end. `into`: memory of that length that may be used for them. */
  read(at: number, length: number, into?: Uint8Array): Uint8Array
  close(): void
}

/** An open file. Throws what the file system says. */
export function fileSource(path: string): Source {
  const fd = openSync(path, 'r')
  return {
    size: fstatSync(fd).size,
    read: (at, length, into) => {
      const bytes = into ?? new Uint8Array(length)
      let got = 0
      for (;;) {
        const count = readSync(fd, bytes, got, length - got, at + got)
        got += count
        if (count === 0 || got === length) return bytes.subarray(0, got)
      }
    },
    close: () => closeSync(fd),
  }
}

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array): Source {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length), close: () => {} }
}

/** A file of a ZIP. Folders are not listed. */
export interface ZipEntry {
  /** Relative, `/` between parts. */
  readonly path: string
  /** Unpacked and packed bytes. */
  readonly size: number
  readonly packed: number
  readonly method: 0 | 8
  readonly crc: number
  /** Where its local header begins. */
  readonly at: number
}

/** A ZIP that is not taken: for its form, for its size alone, or because its bytes are not what they were. */
export class ZipError extends Error {
  readonly kind: 'form' | 'too big' | 'damaged'
  constructor(reason: string, kind: ZipError['kind'] = 'form') {
    super(reason)
    this.name = 'ZipError'
    this.kind = kind
  }
}

/** Bounds of unpacking. Product decision, INFERRED. */
export const PACKAGE_LIMITS: PackageLimits = { entries: 2000, bytes: 1 << 30, ratio: 200, meta: 256 * 1024 }

const STRIDE = 64 * 1024
const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50

/** True where the bytes begin as a ZIP does. */
export function isZip(source: Source): boolean {
  const head = source.read(0, 4)
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6))
}

/** All files of a ZIP. Throws ZipError. */
export function readZip(source: Source, limits: PackageLimits = PACKAGE_LIMITS): ZipEntry[] {
  const { count, at, size } = directory(source)
  if (count > limits.entries) throw new ZipError(`it has ${String(count)} entries; at most ${String(limits.entries)} are taken`)
  const bytes = source.read(at, size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: ZipEntry[] = []
  let place = 0
  for (let n = 0; n < count; n++) {
    if (place + 46 > bytes.length || view.getUint32(place, true) !== CENTRAL)
      throw new ZipError(`entry ${String(n + 1)} of its directory cannot be read`)
    const [nameLength, extra, comment] = [view.getUint16(place + 28, true), view.getUint16(place + 30, true), view.getUint16(place + 32, true)]
    const name = utf8Text(bytes.subarray(place + 46, place + 46 + nameLength))
    const entry = entryOf(view, place, name ?? '')
    if (entry !== null) entries.push(entry)
    place += 46 + nameLength + extra + comment
  }
  check(entries, at, limits)
  return entries
}

/** The end record; what is behind it may only be its comment. */
function directory(source: Source): { readonly count: number; readonly at: number; readonly size: number } {
  const from = Math.max(0, source.size - 22 - 0xffff)
  const tail = source.read(from, source.size - from)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let i = tail.length - 22; i >= 0; i--) {
    if (view.getUint32(i, true) !== END || i + 22 + view.getUint16(i + 20, true) !== tail.length) continue
    const [count, size, at] = [view.getUint16(i + 10, true), view.getUint32(i + 12, true), view.getUint32(i + 16, true)]
    if (view.getUint16(i + 4, true) !== 0 || count === 0xffff || at === 0xffffffff) throw new ZipError('it is in several parts or of the 64 bit form')
    if (at + size > from + i) throw new ZipError('its directory lies behind its end')
    return { count, at, size }
  }
  throw new ZipError('it has no end record: it is cut off', 'damaged')
}

function entryOf(view: DataView, place: number, name: string): ZipEntry | null {
  const short = (at: number): number => view.getUint16(place + at, true)
  const long = (at: number): number => view.getUint32(place + at, true)
  const shown = JSON.stringify(name.slice(0, 100))
  if (name === '') throw new ZipError('an entry has no name, or one that is not UTF-8')
  const trouble = pathTrouble(name.endsWith('/') ? name.slice(0, -1) : name)
  if (trouble !== '') throw new ZipError(`entry ${shown}: ${trouble}`)
  const mode = short(4) >> 8 === 3 ? (long(38) >>> 16) & 0xf000 : 0
  if (mode !== 0 && mode !== 0x8000 && mode !== 0x4000) throw new ZipError(`entry ${shown} is a link or a device, not a file`)
  if ((short(8) & 1) !== 0) throw new ZipError(`entry ${shown} is encrypted`)
  const [method, packed, size] = [short(10), long(20), long(24)]
  if (name.endsWith('/')) return null
  if (method !== 0 && method !== 8) throw new ZipError(`entry ${shown} is packed by method ${String(method)}; stored and deflated are taken`)
  if (method === 0 && packed !== size) throw new ZipError(`entry ${shown} is stored with two sizes`)
  return { path: name, size, packed, method, crc: long(16), at: long(42) }
}

/** Why a path is not taken; '' where it is. */
export function pathTrouble(path: string): string {
  if (/[\x00-\x1f\x7f\\:*?"<>|]/.test(path)) return 'its path holds characters that no file name may have'
  if (path.startsWith('/')) return 'its path is absolute'
  if (path.length > 400) return 'its path is longer than 400 characters'
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'its path leaves the folder'
  if (parts.some((part) => part.length > 120 || /[. ]$/.test(part) || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part)))
    return 'its path is none on some systems'
  return ''
}

function check(entries: readonly ZipEntry[], end: number, limits: PackageLimits): void {
  const seen = new Set<string>()
  for (const { path } of entries) {
    const folded = path.normalize('NFC').toLowerCase()
    if (seen.has(folded)) throw new ZipError(`entry ${JSON.stringify(path)} stands twice`)
    seen.add(folded)
  }
  for (const { path } of entries)
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      if (seen.has(path.slice(0, at).normalize('NFC').toLowerCase()))
        throw new ZipError(`${JSON.stringify(path.slice(0, at))} is a file and a folder`)
  const unpacked = entries.reduce((sum, { size }) => sum + size, 0)
  const packed = entries.reduce((sum, each) => sum + each.packed, 0)
  if (unpacked > limits.bytes) throw new ZipError(`it unpacks to ${String(unpacked)} bytes; at most ${String(limits.bytes)} are taken`, 'too big')
  if (unpacked > Math.max(1 << 20, packed * limits.ratio))
    throw new ZipError(`it unpacks to ${String(Math.round(unpacked / Math.max(1, packed)))} times its size`)
  let free = 0
  for (const { at, packed: size, path } of [...entries].sort((a, b) => a.at - b.at)) {
    if (at < free || at + 30 + size > end) throw new ZipError(`entry ${JSON.stringify(path)} shares bytes with another`)
    free = at + 30 + size
  }
}

/** The unpacked bytes of an entry, piece by piece; ends with a ZipError where they are not what the directory says. */
export async function* unpack(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const head = source.read(entry.at, 30)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (head.length < 30 || view.getUint32(0, true) !== LOCAL) throw new ZipError(`entry ${JSON.stringify(entry.path)} has no header`)
  const from = entry.at + 30 + view.getUint16(26, true) + view.getUint16(28, true)
  let size = 0
  let crc = 0
  for await (const piece of entry.method === 0 ? stored(source, from, entry.packed) : inflated(source, from, entry.packed)) {
    size += piece.length
    if (size > entry.size) break
    crc = crc32(piece, crc)
    yield piece
  }
  if (size !== entry.size || crc !== entry.crc) throw new ZipError(`entry ${JSON.stringify(entry.path)} is damaged`, 'damaged')
}

/** An entry as a whole; for small ones. Rejects with ZipError beyond `most` bytes. */
export async function unpackWhole(source: Source, entry: ZipEntry, most: number): Promise<Uint8Array> {
  if (entry.size > most) throw new ZipError(`entry ${JSON.stringify(entry.path)} has ${String(entry.size)} bytes; at most ${String(most)} are read`)
  const pieces: Uint8Array[] = []
  for await (const piece of unpack(source, entry)) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

function* stored(source: Source, from: number, length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += STRIDE) yield source.read(from + at, Math.min(STRIDE, length - at))
}

async function* inflated(source: Source, from: number, length: number): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: STRIDE })
  const feed = async (): Promise<void> => {
    for (const piece of stored(source, from, length)) {
      if (inflate.destroyed) return
      if (!inflate.write(piece)) await new Promise<void>((resolve) => void inflate.once('drain', resolve).once('close', resolve))
    }
    inflate.end()
  }
  const feeding = feed()
  try {
    for await (const piece of inflate as AsyncIterable<Uint8Array>) yield piece
    await feeding
  } catch (error) {
    throw new ZipError(`packed bytes are damaged: ${wordsOf(error)}`, 'damaged')
  } finally {
    inflate.destroy()
  }
}
